"""The chain in one readable function, and the ports at its two ends."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.exposure import Exposer
from forewarn.forecast import Forecaster
from forewarn.records import (
    Alert,
    Counts,
    Event,
    Exposures,
    Forecasts,
    Key,
    Outcome,
    Parcel,
    Tracks,
    Zones,
)
from forewarn.track import Tracker
from forewarn.warning import Warner

Memory = dict[str, NDArray[Any]]


class Source(Protocol):
    """Where events come from: yields them unstamped by number, in order of arrival."""

    def events(self) -> AsyncIterator[Event]: ...


class Channel(Protocol):
    """Carries alerts away. `offer` only queues: it never waits and never raises."""

    def offer(self, parcels: Sequence[Parcel]) -> None: ...

    def counts(self) -> Counts: ...

    def close(self) -> None: ...


@runtime_checkable
class Beacon(Protocol):
    """A channel that also tells that the service lives, so that silence is not safety.

    heartbeat : JSON, signed; `beat` only queues: it never waits and never raises
    """

    def beat(self, heartbeat: bytes) -> None: ...


@runtime_checkable
class Keeper(Protocol):
    """A channel that tells again what holds, and so has to know it after a start.

    parcels : all alerts that are out; `keep` never waits and never raises
    """

    def keep(self, parcels: Sequence[Parcel]) -> None: ...


class Store(Protocol):
    """Durable record. What writes returns only when what it was given is safe.

    A failure of the storage is a StorageError, and the end of this store: whether the call
    took place only shows when it is opened anew.
    """

    @property
    def last_seq(self) -> int: ...

    @property
    def last_s(self) -> float: ...

    def append(self, events: Sequence[Event]) -> None: ...

    def record(
        self, outcomes: Sequence[Outcome], texts: Mapping[str, Mapping[str, str]]
    ) -> None: ...

    def delivered(self, channel: str, keys: Sequence[Key], time_s: float) -> None: ...

    def save(self, seq: int, memory: Memory) -> None: ...

    def load_snapshot(self) -> tuple[int, Memory] | None: ...

    def events_after(self, seq: int) -> Iterator[Event]: ...

    def live(self) -> list[tuple[Alert, dict[str, str]]]: ...

    def pending(self, channel: str) -> list[tuple[Alert, dict[str, str]]]: ...

    def issued_s(self, alert_id: str) -> tuple[float, ...]: ...

    def prune(self, before_s: float) -> int: ...

    def close(self) -> None: ...


class Stage(Protocol):
    """A stage that remembers."""

    def memory(self) -> Memory: ...

    def restore(self, memory: Memory) -> None: ...


class Pipeline:
    """The whole warning chain. Same events in, same outcomes out: no clock, no I/O."""

    def __init__(
        self, tracker: Tracker, forecaster: Forecaster, warner: Warner, zones: Zones
    ) -> None:
        self._tracker = tracker
        self._forecaster = forecaster
        self._warner = warner
        self._exposer = Exposer(zones)

    def step(self, event: Event) -> Outcome:
        tracks, forecasts, exposures = self.foresee(event)
        alerts = self._warner.step(exposures, event)
        return Outcome(event.seq, event.received_s, tracks, forecasts, exposures, alerts)

    def foresee(self, event: Event) -> tuple[Tracks, Forecasts, Exposures]:
        """All but the decision, for whoever tries several of them on one raid."""
        tracks = self._tracker.step(event)
        forecasts = self._forecaster.step(tracks, event)
        return tracks, forecasts, self._exposer.step(forecasts)

    @property
    def refused(self) -> Mapping[tuple[str, str], int]:
        """Plots that were not used, by sensor and reason, since the start."""
        return self._tracker.refused

    def error_ratio(self, sensor_id: str) -> float:
        """Errors of a radar's plots over those that they state, as known now; 1 or more."""
        return self._tracker.error_ratio(sensor_id)

    def lately(self, sensor_id: str) -> tuple[float, float]:
        """Looks of a radar's last scans at tracks well known that saw them, and all."""
        return self._tracker.lately(sensor_id)

    def faults(self) -> list[str]:
        """Tracks that could not be flown since they were last asked for."""
        told = self._forecaster.faults
        self._forecaster.faults = []
        return told

    def memory(self) -> Memory:
        """All that the chain remembers, as named arrays: a snapshot."""
        return {
            f"{stage}.{name}": array
            for stage, owner in self._stages().items()
            for name, array in owner.memory().items()
        }

    def restore(self, memory: Memory) -> None:
        """Go on from a snapshot, as if the events before it had been seen.

        raises : ConfigError where it lacks what this version remembers
        """
        for stage, owner in self._stages().items():
            head = f"{stage}."
            own = {
                name.removeprefix(head): array
                for name, array in memory.items()
                if name.startswith(head)
            }
            try:
                owner.restore(own)
            except KeyError as error:
                raise ConfigError(
                    f"snapshot: {stage} has no {error.args[0]!r}: made by another version;"
                    " begin without it"
                ) from None

    def _stages(self) -> dict[str, Stage]:
        return {
            "track": self._tracker,
            "forecast": self._forecaster,
            "warning": self._warner,
        }
