"""What a store would keep, in memory, while none can be written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from forewarn.pipeline import Memory, Store
from forewarn.records import LIVE_STATES, Alert, Event, Gap, Key, Outcome

STEPS_MAX = 50_000  # some hundred megabytes with texts in five languages
Texts = Mapping[str, Mapping[str, str]]
Told = tuple[Alert, dict[str, str]]
Steps = Sequence[tuple[Alert, Mapping[str, str]]]
Carried = Mapping[tuple[str, Key], float]  # when a channel confirmed a step


class DurableStore(Store, Protocol):
    """A store that can go on after a stretch in which it could not be written."""

    def resume(self, gap: Gap, steps: Steps, carried: Carried, memory: Memory) -> None: ...


class MemoryStore:
    """Keeps alert steps and what became of them; events are numbered, not kept.

    cause : why none can be written
    base  : a store that can still be read, if there is one
    """

    def __init__(
        self, cause: str, last_seq: int, last_s: float, base: Store | None = None
    ) -> None:
        self.cause = cause
        self.last_seq = last_seq
        self.last_s = last_s
        self.told = 0
        self.forgotten = 0
        self.steps: dict[Key, Told] = {}
        self.carried: dict[tuple[str, Key], float] = {}
        self._issued: dict[str, list[float]] = {}
        self._base = base

    def append(self, events: Sequence[Event]) -> None:
        """Count events."""
        if events:
            self.last_seq, self.last_s = events[-1].seq, events[-1].received_s

    def record(self, outcomes: Sequence[Outcome], texts: Texts) -> None:
        """Keep alerts that are not on record; the oldest go when there are too many."""
        for outcome in outcomes:
            for alert in outcome.alerts:
                times = self._times(alert.alert_id)
                if alert.step < len(times):
                    continue
                times.append(alert.issued_s)
                self.told += 1
                key = alert.alert_id, alert.step
                self.steps[key] = alert, dict(texts.get(alert.zone_id, {}))
        while len(self.steps) > STEPS_MAX:
            del self.steps[next(iter(self.steps))]
            self.forgotten += 1

    def delivered(self, channel: str, keys: Sequence[Key], time_s: float) -> None:
        """A channel has carried these."""
        self.carried.update({(channel, key): time_s for key in keys})

    def save(self, seq: int, memory: Memory) -> None:
        """Nothing: memory is lost with the process, with or without a snapshot in it."""

    def load_snapshot(self) -> tuple[int, Memory] | None:
        """As in the base."""
        return self._base.load_snapshot() if self._base else None

    def events_after(self, seq: int) -> Iterator[Event]:
        """As in the base."""
        return self._base.events_after(seq) if self._base else iter(())

    def live(self) -> list[Told]:
        """The latest step of every alert that has not ended."""
        old = self._base.live() if self._base else []
        latest = {told[0].alert_id: told for told in (*old, *self.steps.values())}
        return [told for told in latest.values() if told[0].state in LIVE_STATES]

    def issued_s(self, alert_id: str) -> tuple[float, ...]:
        """Times of all steps of an alert so far, of those before too if there is a base."""
        return tuple(self._times(alert_id))

    def _times(self, alert_id: str) -> list[float]:
        if alert_id not in self._issued:
            old = self._base.issued_s(alert_id) if self._base else ()
            self._issued[alert_id] = list(old)
        return self._issued[alert_id]

    def pending(self, channel: str) -> list[Told]:
        """Alerts that a channel has not confirmed, oldest first."""
        old = self._base.pending(channel) if self._base else []
        return [
            told
            for told in (*old, *self.steps.values())
            if (channel, (told[0].alert_id, told[0].step)) not in self.carried
        ]

    def prune(self, before_s: float) -> int:
        """Nothing: what is here is all new."""
        return 0

    def gap(self, store: Store) -> Gap:
        """What a store that can be written again does not hold."""
        return Gap(
            store.last_seq + 1,
            self.last_seq,
            store.last_s,
            self.last_s,
            self.told,
            self.forgotten,
            self.cause,
        )

    def close(self) -> None:
        """Let go of the base."""
        if self._base is not None:
            self._base.close()
            self._base = None
