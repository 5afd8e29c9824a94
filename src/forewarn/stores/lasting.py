"""A store that goes on when its storage does not: first opened anew, then from memory."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from forewarn.errors import ConfigError, StorageError
from forewarn.pipeline import Memory, Store
from forewarn.records import Alert, Event, Key, Outcome
from forewarn.stores.memory import DurableStore, MemoryStore

RESTART_EVERY_S = 60.0  # what fails again sooner is not opened a second time
RESTART_WAIT_S = 2.0  # for the store to be opened anew, then warning goes on without
BACK_WAIT_S = 0.1  # and at each later attempt
T = TypeVar("T")


class Opening(threading.Thread):
    """Opens a store beside the path of alerts: a long check, a network may take seconds."""

    def __init__(self, open_it: Callable[[bool], DurableStore]) -> None:
        super().__init__(daemon=True)
        self._open = open_it
        self.store: DurableStore | None = None
        self.error = ""
        self.start()

    def run(self) -> None:
        """Open it, or say why not."""
        try:
            self.store = self._open(True)
        except (ConfigError, StorageError) as error:
            self.error = str(error)


class LastingStore:
    """Stops a store that failed and starts it again, once; then keeps what it can itself.

    After an error nobody knows whether the call took place. So the store is closed, opened,
    read again by number, and asked for what is missing. If that fails too, warning goes on
    unrecorded; every snapshot is an attempt to go back, and what is missing is marked.

    open_it : opens the store; told whether it was open a moment ago
    read_it : opens it to read alone
    after   : number of the last event that this service is known to have acted on
    trouble : why nothing is put on record now, "" while it is
    faults  : what happened since they were last taken
    """

    def __init__(
        self,
        open_it: Callable[[bool], DurableStore],
        read_it: Callable[[], Store],
        after: int = 0,
    ) -> None:
        self._open = open_it
        self._read_it = read_it
        self._opening: Opening | None = None
        self._after = after
        self._recovering = True
        self._restarted_s = float("-inf")
        self.trouble = ""
        self.faults: list[str] = []
        try:
            self._store: Store = open_it(False)
        except (ConfigError, StorageError) as error:
            if not after:
                raise
            base = self._readable()
            last_s = base.last_s if base else float("-inf")
            self._store = self._in_memory(str(error), after, last_s, base)
        if self._store.last_seq < after:
            cause = f"events {self._store.last_seq + 1} to {after} are not on record"
            self._store = self._in_memory(cause, after, self._store.last_s, self._store)

    @property
    def last_seq(self) -> int:
        """Number of the newest event, on record or not."""
        return self._store.last_seq

    @property
    def last_s(self) -> float:
        """received_s of that event."""
        return self._store.last_s

    def append(self, events: Sequence[Event]) -> None:
        """Put events on record; those that a failed call did put there are found there."""
        known, self._recovering = self.last_seq, False

        def missing(store: Store) -> None:
            found = range(known + 1, store.last_seq + 1)
            store.append([event for event in events if event.seq not in found])

        self._write(missing)

    def record(
        self, outcomes: Sequence[Outcome], texts: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Put alerts on record with their outbox rows."""
        self._write(lambda store: store.record(outcomes, texts))

    def delivered(self, channel: str, keys: Sequence[Key], time_s: float) -> None:
        """A channel has carried these."""
        self._write(lambda store: store.delivered(channel, keys, time_s))

    def save(self, seq: int, memory: Memory) -> None:
        """Keep a snapshot; from memory, try to go back to the record."""
        if isinstance(self._store, MemoryStore):
            self._go_back(self._store, memory)
            return
        try:
            self._store.save(seq, memory)
        except StorageError as error:  # the one before stands, only a recovery takes longer
            self.faults.append(f"snapshot: {error}")

    def load_snapshot(self) -> tuple[int, Memory] | None:
        """Number of the last event in the snapshot, and the memory after it."""
        kept = self._read(lambda store: store.load_snapshot())
        if kept is not None and kept[0] > self.last_seq:
            # it died between a snapshot and the mark of the gap before it
            cause = f"events {self.last_seq + 1} to {kept[0]} are not on record"
            self._store = self._in_memory(cause, kept[0], self.last_s, self._store)
        return kept

    def events_after(self, seq: int) -> Iterator[Event]:
        """Journalled events after a number, in order."""
        return iter(self._read(lambda store: list(store.events_after(seq))))

    def live(self) -> list[tuple[Alert, dict[str, str]]]:
        """The latest step of every alert that has not ended."""
        return self._read(lambda store: store.live())

    def pending(self, channel: str) -> list[tuple[Alert, dict[str, str]]]:
        """Alerts that a channel has not confirmed, oldest first."""
        return self._read(lambda store: store.pending(channel))

    def issued_s(self, alert_id: str) -> tuple[float, ...]:
        """Times of all steps of an alert so far."""
        return self._read(lambda store: store.issued_s(alert_id))

    def prune(self, before_s: float) -> int:
        """Let go of some of what is older; returns how much."""
        try:
            return self._store.prune(before_s)
        except StorageError as error:
            self._store = self._next(str(error))
            return 0

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _read(self, act: Callable[[Store], T]) -> T:
        """What is on record; a service that was alive goes on without if it must."""
        try:
            return act(self._store)
        except (ConfigError, StorageError) as error:
            if not self._after:
                raise
            self._store.close()
            self._store = self._in_memory(str(error), self.last_seq, self.last_s)
            return act(self._store)

    def _write(self, act: Callable[[Store], None]) -> None:
        while True:
            try:
                act(self._store)
                return
            except StorageError as error:
                self._store = self._next(str(error))

    def _next(self, cause: str) -> Store:
        """What to write to after a failure: the store opened anew, or memory."""
        self.faults.append(f"store: {cause}")
        failed, now_s = self._store, time.monotonic()
        failed.close()
        self.trouble = cause
        if now_s - self._restarted_s >= RESTART_EVERY_S:
            self._restarted_s = now_s
            fresh = self._reopened(RESTART_WAIT_S)
            if fresh is not None and fresh.last_seq >= failed.last_seq:
                self.trouble = ""
                return fresh
            if fresh is not None:
                fresh.close()
                self.trouble = f"{cause}; what was on record is lost"
        base = self._readable() if self._recovering else None
        return self._in_memory(self.trouble, failed.last_seq, failed.last_s, base)

    def _reopened(self, wait_s: float) -> DurableStore | None:
        """The store, opened anew within so many seconds; else None, `trouble` says why."""
        if self._opening is None:
            self._opening = Opening(self._open)
        opening = self._opening
        opening.join(wait_s)
        if opening.is_alive():
            self.trouble = "the store takes long to open"
            return None
        self._opening = None
        if opening.store is None:
            self.trouble = opening.error
        return opening.store

    def _readable(self) -> Store | None:
        """The store for reading alone, which a recovery needs."""
        try:
            return self._read_it()
        except (ConfigError, StorageError):
            return None

    def _in_memory(
        self, cause: str, last_seq: int, last_s: float, base: Store | None = None
    ) -> MemoryStore:
        self.trouble = cause
        return MemoryStore(cause, max(last_seq, self._after), last_s, base)

    def _go_back(self, kept: MemoryStore, memory: Memory) -> None:
        """Put on record what memory holds, and mark what it does not; or stay in memory."""
        kept.close()
        fresh = self._reopened(BACK_WAIT_S)
        if fresh is None:
            return
        gap = kept.gap(fresh)
        try:
            if gap.first_seq > gap.last_seq:
                raise StorageError(kept.cause)  # no event since: at the next attempt
            fresh.resume(gap, list(kept.steps.values()), kept.carried, memory)
        except (ConfigError, StorageError) as error:
            fresh.close()
            self.trouble = str(error)
            return
        self.faults.append(f"store: written again; {gap.steps} steps went out unrecorded")
        self._store, self.trouble = fresh, ""
