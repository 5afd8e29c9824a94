"""The core as the shell sees it: a process that is fed, and replaced when it dies.

What the core is sent is kept here until it has been put on record and acted on, so whoever
dies in between takes nothing along. A second process stands by, all but its store loaded.
The first may begin to load before the shell knows what it is a core of.
"""

import asyncio
import contextlib
import gc
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

RESTART_S = 1.0  # before the next try after a start that failed
STAND_BY_S = 3.0  # after a start, before the next process is made ready beside it
WAITING_MAX = 20_000  # messages kept for a core that does not take them
Message = tuple[Any, ...]


class Child(NamedTuple):
    """One process and our end of its pipe."""

    process: Any
    pipe: Connection


def begin() -> None:
    """Start a process that loads what any core needs, for the next `CoreProcess`.

    From here on ours looks for no rubbish by itself: a tenth of its own loading would go
    into that. Later `tidy` does.
    """
    gc.disable()
    _begun.append(_bear())


_begun: list[Child] = []


def _bear() -> Child:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=live, args=(theirs,), name="forewarn-core", daemon=True
    )
    process.start()
    theirs.close()
    return Child(process, ours)


def live(pipe: Connection) -> None:
    """Life of a core process. What it is a core of is taken off the pipe while it loads,
    so that whoever sends it never waits."""
    with ThreadPoolExecutor(1) as reader:
        made_of = reader.submit(pipe.recv)
        from forewarn.app.core import core_main

        core_main(pipe, made_of.result)


class Outbound:
    """What was sent in order and is not yet done with. No thread of its own.

    done_seq : number of the last event that was acted on, None before the first core
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Message]] = deque()
        self._sent = 0
        self.done_seq: int | None = None

    def add(self, message: Message) -> None:
        """Queue a message; without room the oldest that no core has seen goes."""
        self._waiting.append((time.monotonic(), message))
        if len(self._waiting) > WAITING_MAX:
            del self._waiting[self._sent]

    @property
    def waiting(self) -> int:
        """Messages not yet done with."""
        return len(self._waiting)

    @property
    def due(self) -> bool:
        """Whether some message was not sent yet."""
        return self._sent < len(self._waiting)

    def next(self) -> Message:
        """The next message to send."""
        self._sent += 1
        return self._waiting[self._sent - 1][1]

    def done(self, count: int, last_seq: int) -> None:
        """The oldest of those sent were acted on, `last_seq` is the newest event."""
        for _ in range(count):
            self._waiting.popleft()
        self._sent -= count
        self.done_seq = last_seq

    def again(self, last_seq: int, on_record: int) -> None:
        """Another core goes on behind `last_seq`: what is not on record is due again.

        on_record : events of those that wait here that are
        """
        kept: deque[tuple[float, Message]] = deque()
        for arrived_s, message in self._waiting:
            if message[0] == "event" and on_record > 0:
                on_record -= 1
            else:
                kept.append((arrived_s, message))
        self._waiting, self._sent, self.done_seq = kept, 0, last_seq

    def oldest_s(self) -> float:
        """Seconds that the oldest message has waited."""
        return time.monotonic() - self._waiting[0][0] if self._waiting else 0.0


class CoreProcess:
    """Starts a core, feeds it, hears it, and starts another when it is lost.

    made_of : site, sensors, channels: as `core.core_main` takes them
    hear    : told on the loop what the core says, and ("lost",) when it died
    """

    def __init__(self, made_of: Message, hear: Callable[[Message], None]) -> None:
        self._made_of, self._hear = made_of, hear
        self._loop = asyncio.get_running_loop()
        self._out = Outbound()
        self._change = threading.Condition()
        self._active: Child | None = None
        self._fed: Child | None = None  # the active one, once it has recovered
        self._standby: Child | None = None
        self._warm: Child | None = None  # the one that was last ready to take over
        self._stopping = False

    def start(self) -> None:
        """Let the first core begin."""
        self._go(self._spawn())

    def send(self, message: Message) -> None:
        """Queue an event or a confirmation; never waits."""
        with self._change:
            self._out.add(message)
            self._change.notify_all()

    @property
    def covered(self) -> bool:
        """Whether another process stands by, loaded."""
        return self._standby is not None and self._standby is self._warm

    def behind_s(self) -> float:
        """Seconds that the oldest message has waited to be acted on."""
        with self._change:
            return self._out.oldest_s()

    @property
    def crowded(self) -> bool:
        """Whether so much waits that whoever can wait should."""
        return self._out.waiting > WAITING_MAX // 2

    def kill(self) -> None:
        """End a core that hangs: the one that stands by goes on."""
        if self._active is not None:
            self._active.process.kill()

    def stop(self, wait_s: float = 10.0) -> None:
        """Let the core act on all it was sent, then end."""
        with self._change:
            self._stopping = True
            self._out.add(("stop",))
            self._change.notify_all()
        for child in (self._standby, self._active):
            if child is None:
                continue
            if child is not self._active:
                child.process.kill()
            child.process.join(wait_s)
            if child.process.is_alive():
                child.process.kill()

    def _spawn(self) -> Child:
        child = _begun.pop() if _begun else _bear()
        with contextlib.suppress(OSError):
            child.pipe.send(self._made_of)
        threading.Thread(target=self._listen, args=(child,), daemon=True).start()
        return child

    def _go(self, child: Child) -> None:
        """Make a process the core."""
        self._active = child
        with contextlib.suppress(OSError):
            child.pipe.send(("go", self._out.done_seq))

    def _listen(self, child: Child) -> None:
        """What one process says, handed to the loop; when it falls silent, that too."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._take(child, child.pipe.recv())
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._lost, child)

    def _take(self, child: Child, message: Message) -> None:
        match message:
            case ("done", count, last_seq):
                with self._change:
                    self._out.done(count, last_seq)
                return
            case ("warm",):
                self._warm = child
                return
            case ("recovered", last_seq, _, on_record):
                with self._change:
                    self._out.again(last_seq, on_record)
                    self._fed = child
                threading.Thread(target=self._feed, args=(child,), daemon=True).start()
            case ("ready", *_):
                self._loop.call_soon_threadsafe(
                    self._loop.call_later, STAND_BY_S, self._stand_by
                )
        if child is self._active:
            self._loop.call_soon_threadsafe(self._hear, message)

    def _feed(self, child: Child) -> None:
        with contextlib.suppress(OSError):
            while (message := self._next_for(child)) is not None:
                child.pipe.send(message)

    def _next_for(self, child: Child) -> Message | None:
        """The next message, once there is one; None when another core is fed."""
        with self._change:
            self._change.wait_for(lambda: child is not self._fed or self._out.due)
            return self._out.next() if child is self._fed else None

    def _stand_by(self) -> None:
        if self._standby is None and not self._stopping:
            self._standby = self._spawn()

    def _lost(self, child: Child) -> None:
        if child is self._standby:
            self._standby = None
        if child is not self._active or self._stopping:
            return
        recovered = child is self._fed
        with self._change:
            self._fed = None
            self._change.notify_all()
        self._hear(("lost",))
        follower, self._standby = self._standby, None
        if recovered:
            self._go(follower or self._spawn())
        else:  # it died on its way: not again at once
            self._active = None
            self._loop.call_later(RESTART_S, lambda: self._go(follower or self._spawn()))
