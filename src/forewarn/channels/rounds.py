"""Work that is done again and again beside everything else."""

import threading
from collections.abc import Callable

STOP_S = 5.0  # for the work in hand, once it is to end


class Rounds:
    """Does some work every so often, or at once when woken, in a thread of its own."""

    def __init__(self, name: str, every_s: float, work: Callable[[], None]) -> None:
        self._every_s = every_s
        self._work = work
        self._awake = threading.Event()
        self._ended = False
        self.error = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Work now: never waits."""
        self._awake.set()

    def close(self) -> None:
        """End after the work in hand."""
        self._ended = True
        self._awake.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._ended:
            try:
                self._work()
                self.error = ""
            except Exception as error:  # a fault must not end what is done again
                self.error = f"{type(error).__name__}: {error}"
            self._awake.wait(self._every_s)
            self._awake.clear()
