"""The stage: from plots to tracks, whatever order they come in.

Scans are kept for some seconds, each with the state before it. One that comes late goes
where it belongs, and those after it are taken again: the answer is the same as if all had
come in time. What makes no sense is refused plot by plot, and counted.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.atmosphere import with_profile
from forewarn.dynamics import drag_tables
from forewarn.errors import PlotError
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, Event, PlotBatch, Sensor, Tracks, Weather
from forewarn.track.engine import Engine, State, time_of
from forewarn.track.packing import pack, unpack
from forewarn.track.params import TrackParams
from forewarn.track.registration import Bias
from forewarn.track.sieve import sift
from forewarn.track.steps import Air


class Kept(NamedTuple):
    """A scan that was taken, and what was known before it."""

    key: tuple[float, str]
    batch: PlotBatch
    keep: BoolArray
    before: State


class Tracker:
    """Follows every target. Same plots, same tracks to the last bit.

    refused : count by (sensor, reason) of plots that were not used
    """

    def __init__(
        self, sensors: Sequence[Sensor], air: FloatArray, params: TrackParams
    ) -> None:
        self._sensors = {sensor.sensor_id: sensor for sensor in sensors}
        self._calm = air
        self._params = params
        self._engine = Engine(sensors, Air(air, drag_tables()), params)
        self._kept: list[Kept] = []
        self.refused: Counter[tuple[str, str]] = Counter()

    @property
    def biases(self) -> dict[str, Bias]:
        """What each radar is thought to say too much, by name, as known now."""
        return self._engine.biases

    @property
    def doubts(self) -> dict[str, float]:
        """Of each named witness, the chance that a report is of nothing, as known now."""
        return self._engine.doubts

    @property
    def sensors(self) -> dict[str, Sensor]:
        """Each sensor with the detection probability and clutter it is known to have."""
        known = self._sensors.items()
        return {name: self._engine.as_seen(sensor) for name, sensor in known}

    def error_ratio(self, sensor_id: str) -> float:
        """Errors of a radar's plots over those that they state, as known now; 1 or more."""
        return self._engine.error_ratio(self._sensors[sensor_id])

    def lately(self, sensor_id: str) -> tuple[float, float]:
        """Looks of a radar's last scans at tracks well known that saw them, and all."""
        return self._engine.lately(self._sensors[sensor_id])

    def step(self, event: Event) -> Tracks:
        """Tracks as known after this event."""
        if isinstance(event, Weather):
            # of another air than the plots before it: what comes late from there is refused
            self._kept.clear()
            air = with_profile(
                self._calm,
                event.height_m,
                event.wind_mps,
                event.density_kgpm3,
                event.temperature_k,
            )
            self._engine.world = self._engine.world._replace(air=air)
        if isinstance(event, PlotBatch):
            self._hear(event)
        return self._engine.record(event.received_s)

    def _hear(self, batch: PlotBatch) -> None:
        sensor = self._sensors.get(batch.sensor_id)
        if sensor is None:
            known = ", ".join(sorted(self._sensors))
            raise PlotError(
                f"sensor {batch.sensor_id!r} is unknown, expected one of {known}"
            )
        keep, reasons = sift(batch, sensor)
        for reason, count in reasons.items():
            self.refused[batch.sensor_id, reason] += count
        key = (time_of(batch), batch.sensor_id)
        kept = self._kept
        if kept and any(
            key == one.key and np.array_equal(batch.measured, one.batch.measured, True)
            for one in kept
        ):
            self.refused[batch.sensor_id, "scan sent twice"] += len(keep)
            return
        newest_s = kept[-1].key[0] if kept else -np.inf
        if key[0] < newest_s - self._params.late_s or (kept and key < kept[0].key):
            self.refused[batch.sensor_id, "too late"] += len(keep)
            return
        place = sum(one.key <= key for one in kept)
        later = [(one.key, one.batch, one.keep) for one in kept[place:]]
        if later:
            self._engine.state = kept[place].before
            del kept[place:]  # and what was known before each: all that is made anew
        silenced = self._take(key, batch, keep)
        if silenced:
            self.refused[batch.sensor_id, "spoke again within a minute"] += silenced
        for one in later:
            self._take(*one)
        oldest_s = kept[-1].key[0] - self._params.late_s
        while kept[0].key[0] < oldest_s:
            del kept[0]

    def _take(self, key: tuple[float, str], batch: PlotBatch, keep: BoolArray) -> int:
        self._kept.append(Kept(key, batch, keep, self._engine.state))
        return self._engine.take(batch, keep, self._sensors[batch.sensor_id])

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on: the oldest state kept, and the scans since."""
        now = self._engine.state
        if self._kept:
            self._engine.state = self._kept[0].before
        memory = self._engine.memory()
        self._engine.state = now
        return {**memory, **pack([one.batch for one in self._kept])}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`: the scans kept are taken again."""
        self._engine.restore(memory)
        self._kept.clear()
        for batch in unpack(memory):
            keep, _ = sift(batch, self._sensors[batch.sensor_id])
            self._take((time_of(batch), batch.sensor_id), batch, keep)
