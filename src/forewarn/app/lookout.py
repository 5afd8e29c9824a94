"""Which sensors can be believed just now, and which zones nobody watches.

A sensor that falls silent, floods, has another clock than before, or no longer sees what
others see, is found out within three of its scans and counts again after three good ones.
One that errs more than it states is told of, and still believed: its plots count for less.
It alters no decision: tracks know by themselves what they were not shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

import numpy as np

from forewarn.cover import in_cover
from forewarn.geodesy import ecef_points
from forewarn.records import (
    BoolArray,
    Event,
    IntArray,
    PlotBatch,
    Sensor,
    SensorKind,
    Zones,
)

SCANS = 3  # missed before a sensor is silent; good before it is believed again
SLACK_S = 1.0
WATCHED_M = 1000.0  # above a zone: what is there comes down within seconds
SKEW_S = 1.0  # by which plots arrive later or earlier than they used to
MEMORY_SCANS = 40
# times the usual plots of a scan, so many besides, and so many for each track
FLOOD, FLOOD_PLOTS, FLOOD_TRACKED = 10.0, 200, 3
LEAST_LOOKS = 4.0  # at tracks well known, within the last scans
LEAST_SEEN = 0.25
ERRS, ERRS_NO_MORE = 1.25, 1.15  # times the errors stated, from which on it is told


class Trouble(StrEnum):
    """Why a sensor is not believed."""

    NONE = ""
    UNHEARD = "not heard yet"
    SILENT = "silent"
    FLOODING = "floods"
    SKEWED = "its clock has jumped"
    CONTRADICTED = "sees nothing where others see"


@dataclass(slots=True)
class _Heard:
    """What is known of one sensor."""

    last_s: float = float("nan")
    plots: float = 0.0
    lag_s: float = float("nan")  # how late its plots usually are
    off_s: float = 0.0  # how much later than that the newest were
    good: int = SCANS
    trouble: Trouble = Trouble.UNHEARD


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """How far the sky is watched.

    troubles : by sensor id
    blind    : ids of zones that no sensor to be believed watches, though one should
    coarse   : of zones that fewer independent groups watch than should
    regions  : of those that are blind: their oblast, "" where zones name none
    erring   : by id of sensors that err more than they state, how many times as much
    """

    troubles: dict[str, str] = field(default_factory=dict)
    blind: tuple[str, ...] = ()
    coarse: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    erring: dict[str, float] = field(default_factory=dict)


class Lookout:
    """Judges every sensor as events come in.

    lately : of a sensor id, looks of its last scans at tracks well known that saw them, all
    errs   : of a sensor id, its errors over those that it states
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        zones: Zones,
        lately: Callable[[str], tuple[float, float]],
        errs: Callable[[str], float],
    ) -> None:
        watching = (SensorKind.RADAR, SensorKind.RADAR2D, SensorKind.BEARING)
        self._sensors = {s.sensor_id: s for s in sensors if s.kind in watching}
        self._sensors = {k: s for k, s in self._sensors.items() if isfinite(s.lat_rad)}
        self._lately, self._errs = lately, errs
        self._erring: dict[str, float] = {}
        self._heard = {sensor_id: _Heard() for sensor_id in self._sensors}
        self._zones = zones
        lat, lon = zones.centre_rad.T
        above = ecef_points(lat, lon, np.full(len(lat), WATCHED_M))
        self._covers = [in_cover(sensor, above) for sensor in self._sensors.values()]
        self._groups = [sensor.group for sensor in self._sensors.values()]
        self._now_s = 0.0

    def step(self, event: Event, tracked: int) -> None:
        """Take in what arrived, after the tracks have; so many there are now."""
        self._now_s = event.received_s
        if isinstance(event, PlotBatch) and event.sensor_id in self._heard:
            self._hear(event, self._heard[event.sensor_id], tracked)

    def _hear(self, scan: PlotBatch, known: _Heard, tracked: int) -> None:
        trouble = self._judge(scan, known, tracked)
        if known.trouble is Trouble.UNHEARD or trouble is not Trouble.NONE:
            known.trouble = trouble
        known.good = 0 if trouble else known.good + 1
        if known.good >= SCANS:
            known.trouble = Trouble.NONE
        known.last_s = scan.received_s
        ratio = self._errs(scan.sensor_id)
        if ratio > (ERRS_NO_MORE if scan.sensor_id in self._erring else ERRS):
            self._erring[scan.sensor_id] = round(ratio, 1)
        else:
            self._erring.pop(scan.sensor_id, None)
        fade = 1.0 / MEMORY_SCANS
        if trouble is not Trouble.FLOODING:
            known.plots += fade * (len(scan.time_s) - known.plots)
        if len(scan.time_s):
            lag_s = _lag_s(scan)
            new = not isfinite(known.lag_s)
            # a clock that stays where it jumped to is the usual one after a while
            known.lag_s = lag_s if new else known.lag_s + fade * (lag_s - known.lag_s)

    def _judge(self, scan: PlotBatch, known: _Heard, tracked: int) -> Trouble:
        usual = max(known.plots, self._sensors[scan.sensor_id].clutter_per_scan)
        if len(scan.time_s) > FLOOD * usual + FLOOD_PLOTS + FLOOD_TRACKED * tracked:
            return Trouble.FLOODING
        if len(scan.time_s):
            before_s, known.off_s = known.off_s, _lag_s(scan) - known.lag_s
            most_s = self._ours_s(known)
            own = [
                off_s - min(max(off_s, 0.0), most_s) for off_s in (before_s, known.off_s)
            ]
            jumped = min(abs(off_s) for off_s in own) > SKEW_S
            if jumped or scan.time_s.max() - scan.received_s > SKEW_S:
                return Trouble.SKEWED
        seen, looks = self._lately(scan.sensor_id)
        if looks >= LEAST_LOOKS and seen < LEAST_SEEN * looks:
            return Trouble.CONTRADICTED
        return Trouble.NONE

    def _ours_s(self, but: _Heard) -> float:
        """How late we are ourselves: what is late of all others is no sensor's fault."""
        late = [
            known.off_s
            for known in self._heard.values()
            if known is not but and isfinite(known.off_s) and not known.trouble
        ]
        return max(min(late, default=0.0), 0.0)

    def cover(self) -> Cover:
        """As of the newest event."""
        troubles = {name: self._trouble(name) for name in self._sensors}
        well = [trouble is Trouble.NONE for trouble in troubles.values()]
        should = self._watched([True] * len(well))
        does = self._watched(well)
        blind, coarse = (should > 0) & (does == 0), (does > 0) & (does < should)
        rows = np.flatnonzero(blind)
        return Cover(
            {name: str(trouble) for name, trouble in troubles.items() if trouble},
            self._ids(blind),
            self._ids(coarse),
            tuple(sorted({self._zones.parents[row][2] for row in rows.tolist()})),
            dict(self._erring),
        )

    def _trouble(self, sensor_id: str) -> Trouble:
        known, sensor = self._heard[sensor_id], self._sensors[sensor_id]
        late_s = self._now_s - known.last_s
        if isfinite(sensor.scan_s) and late_s > SCANS * sensor.scan_s + SLACK_S:
            return Trouble.SILENT
        return known.trouble

    def _watched(self, well: Sequence[bool]) -> IntArray:
        """(z,) independent groups that watch each zone."""
        zones = len(self._zones.zone_id)
        by_group: dict[str, BoolArray] = {}
        for group, covers, good in zip(self._groups, self._covers, well, strict=True):
            if good:
                by_group[group] = by_group.get(group, np.zeros(zones, bool)) | covers
        count = np.zeros(zones, np.int64)
        for covers in by_group.values():
            count += covers
        return count

    def _ids(self, which: BoolArray) -> tuple[str, ...]:
        return tuple(self._zones.zone_id[row] for row in np.flatnonzero(which).tolist())


def _lag_s(scan: PlotBatch) -> float:
    return scan.received_s - float(np.median(scan.time_s))
