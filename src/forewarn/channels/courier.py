"""The common part of every channel: a queue, a thread, another try, a confirmation."""

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from forewarn.records import Counts, Key, Parcel

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 30.0
TOGETHER_MAX = 64  # parcels carried at once, unless a channel says otherwise
WAITING_MAX = 100_000  # beyond it a parcel stays in the outbox only, for the next start
CLOSE_S = 10.0
DELAYS_KEPT = 1000

Waiting = tuple[float, int, int, Parcel]  # due, order of arrival, tries so far, what


class Courier:
    """Carries parcels in a thread of its own and says which have arrived.

    carry     : tries some parcels; returns for each "" or what went wrong
    delivered : told the keys that arrived
    together  : parcels carried at once, at most
    A parcel that fails is tried again ever more slowly, and holds up no other.
    """

    def __init__(
        self,
        name: str,
        carry: Callable[[Sequence[Parcel]], Sequence[str]],
        delivered: Callable[[list[Key]], None],
        together: int = TOGETHER_MAX,
    ) -> None:
        self._carry = carry
        self._delivered = delivered
        self._together = together
        self._queue: list[Waiting] = []
        self._waiting: dict[Key, float] = {}  # since when
        self._delays_s: deque[float] = deque(maxlen=DELAYS_KEPT)
        self._order = 0
        self._arrived = self._failures = self._dropped = 0
        self._last_error = ""
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue parcels; one that waits already is not queued twice."""
        with self._change:
            for parcel in parcels:
                if parcel.key in self._waiting:
                    continue
                if self._closing or len(self._waiting) >= WAITING_MAX:
                    self._dropped += 1
                    continue
                self._waiting[parcel.key] = time.monotonic()
                self._push(0.0, 0, parcel)
            self._change.notify()

    def counts(self) -> Counts:
        """How it fares at this moment."""
        with self._change:
            return Counts(
                self._arrived,
                self._failures,
                len(self._waiting),
                self._dropped,
                self._last_error,
                quantile_95(self._delays_s),
            )

    def close(self) -> None:
        """Try once more all that waits, then end."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(timeout=CLOSE_S)

    def _push(self, due_s: float, tries: int, parcel: Parcel) -> None:
        self._order += 1
        heapq.heappush(self._queue, (due_s, self._order, tries, parcel))

    def _run(self) -> None:
        while True:
            batch, last_try = self._take()
            if not batch:
                return
            errors = self._try([parcel for *_, parcel in batch])
            with self._change:
                for (_, _, tries, parcel), error in zip(batch, errors, strict=True):
                    if error and not last_try:
                        wait_s = min(FIRST_WAIT_S * 2 ** min(tries, 20), LONGEST_WAIT_S)
                        self._push(time.monotonic() + wait_s, tries + 1, parcel)
                    else:
                        del self._waiting[parcel.key]

    def _take(self) -> tuple[list[Waiting], bool]:
        """Parcels that are due, once there are some, and whether they get no other try."""
        with self._change:
            while True:
                now_s = time.monotonic()
                batch: list[Waiting] = []
                while self._queue and len(batch) < self._together:
                    if self._queue[0][0] > now_s and not self._closing:
                        break
                    batch.append(heapq.heappop(self._queue))
                if batch or self._closing:
                    return batch, self._closing
                self._change.wait(self._queue[0][0] - now_s if self._queue else None)

    def _try(self, parcels: Sequence[Parcel]) -> Sequence[str]:
        """One try, which nothing can end the thread with."""
        try:
            errors = self._carry(parcels)
        except Exception as error:  # a fault of one channel must not silence it
            errors = [f"{type(error).__name__}: {error}"] * len(parcels)
        arrived = [p.key for p, error in zip(parcels, errors, strict=True) if not error]
        with self._change:
            self._arrived += len(arrived)
            now_s = time.monotonic()
            self._delays_s.extend(now_s - self._waiting[key] for key in arrived)
            self._failures += len(parcels) - len(arrived)
            self._last_error = next((error for error in errors if error), "")
        if arrived:
            self._tell(arrived)
        return errors

    def _tell(self, keys: list[Key]) -> None:
        try:
            self._delivered(keys)
        except Exception as error:  # they are offered again at the next start
            with self._change:
                self._last_error = f"not confirmed: {error}"


def quantile_95(values: Sequence[float]) -> float:
    """The 95 % quantile, or 0 of none."""
    return sorted(values)[int(0.95 * (len(values) - 1))] if values else 0.0
