"""What is done with every track in a scan, young or grown."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from forewarn.gate import chance_seen, near_pairs
from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.records import IntArray, PlotBatch, Sensor, SensorKind
from forewarn.track.life import LEAST_HIT, note
from forewarn.track.pairs import score_pairs
from forewarn.track.params import TrackParams
from forewarn.track.scan import Scan
from forewarn.track.table import COUNT, Table
from forewarn.track.taking import take_bearings, take_plots
from forewarn.track.vouching import vouch
from forewarn.track.waking import predict_rows


class Air(NamedTuple):
    """What falls through what: the tables of `atmosphere` and `drag_tables`."""

    air: FloatArray
    drag: FloatArray


MOST_SEEN = 0.98  # chance to be seen in cover: nothing is sure


class Ahead(NamedTuple):
    """Tracks (n) predicted to when a scan looks: mean, cov, weight of modes, and time."""

    mean: FloatArray
    cov: FloatArray
    weight: FloatArray
    time_s: FloatArray

    def of(self, rows: IntArray) -> "Ahead":
        """The same of some rows; a row may be chosen twice."""
        return Ahead(*(column[rows] for column in self))

    @staticmethod
    def room(n: int) -> "Ahead":
        """Room for so many tracks."""
        return Ahead(
            np.empty((n, COUNT, 7)),
            np.empty((n, COUNT, 7, 7)),
            np.empty((n, COUNT)),
            np.empty(n),
        )


class Pairs(NamedTuple):
    """Plots within the gate of each track: as of `score_pairs`."""

    start: IntArray
    plot: IntArray
    log_l: FloatArray
    log_mode: FloatArray

    def between(self, first: int, last: int) -> "Pairs":
        """The same of some tracks, first to before last; pairs keep their numbers."""
        return self._replace(start=self.start[first : last + 1])


def look_ahead(some: Sequence[Table], when_s: float, world: Air, room: Ahead) -> Ahead:
    """Tracks of all tables, one after another, as they will be at when_s.

    room : at least as long; the answer lies in it
    """
    ahead = Ahead(*(column[: sum(len(t) for t in some)] for column in room))
    first = 0
    for t in some:
        predict_rows(t, when_s, *world, first, *ahead)
        first += len(t)
    return ahead


def pair(ahead: Ahead, scan: Scan) -> Pairs:
    """Which plots may be whose, and how likely."""
    near = near_pairs(
        *ahead,
        scan.time_s,
        scan.point,
        scan.noise_m,
        scan.grid,
        scan.origin,
        scan.reach_m,
    )
    return Pairs(
        *score_pairs(
            *near,
            *ahead,
            *scan.seen,
            scan.sound_mps,
        )
    )


@lru_cache(maxsize=4096)
def stand(sensor: Sensor) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Place and axes of a sensor, and the limits of what it covers."""
    limits = np.array(
        [
            sensor.range_min_m,
            sensor.range_max_m,
            sensor.elevation_min_rad,
            sensor.elevation_max_rad,
        ]
    )
    return sensor.origin_ecef_m, enu_from_ecef(sensor.lat_rad, sensor.lon_rad), limits


def look_for(ahead: Ahead, batch: PlotBatch, sensor: Sensor, scan: Scan) -> FloatArray:
    """(n,) chance that this scan shows a track; silence of a reporter says little."""
    if sensor.kind in (SensorKind.POSITION, SensorKind.BEARING):
        return np.full(len(ahead.mean), LEAST_HIT)
    return chance_seen(
        ahead.mean,
        ahead.weight,
        *stand(sensor),
        np.array(batch.sector_rad),
        min(scan.detection, MOST_SEEN),
        LEAST_HIT,
    )


def absorb(
    t: Table,
    ahead: Ahead,
    pairs: Pairs,
    share: FloatArray,
    missed: FloatArray,
    when_s: float,
    scan: Scan,
    world: Air,
) -> IntArray:
    """Take plots into the table, in place; returns the plot of each track, -1 = none."""
    return take_plots(
        pairs.start,
        pairs.plot,
        pairs.log_mode,
        share,
        missed,
        t,
        *ahead[:3],
        when_s,
        *scan.seen,
        scan.sound_mps,
        *world,
    )


def absorb_bearings(
    t: Table, ahead: Ahead, pairs: Pairs, share: FloatArray, when_s: float, scan: Scan
) -> IntArray:
    """Take all that observers say into the table; returns each one's last plot."""
    return take_bearings(
        pairs.start,
        pairs.plot,
        share,
        t,
        *ahead[:3],
        when_s,
        *scan.seen,
        scan.sound_mps,
    )


def note_plots(
    t: Table,
    taken: IntArray,
    scan: Scan,
    when_s: float,
    sensor: Sensor,
    group_bit: int,
    begun_s: float,
    p: TrackParams,
) -> None:
    """What plots say beyond where, into the table; begun_s: since when radars are heard."""
    asks = sensor.kind in (SensorKind.RADAR, SensorKind.RADAR2D)  # transponders, perhaps
    if sensor.names_aircraft or (asks and (scan.identity != "").any()):
        rows = np.flatnonzero(taken >= 0)
        names = scan.identity[taken[rows]]
        vouch(t, rows, names, when_s, group_bit, sensor.vouches)
        if sensor.names_aircraft:
            t["identity"][rows], t["identified"][rows] = names, names != ""
    note(
        t,
        taken,
        scan.number,
        int(sensor.raises_alone),
        group_bit,
        sensor.scan_s,
        p.fast_mps,
        p.flies_on,
        p.looks_slow,
        p.settle_s,
        begun_s + p.settle_s,
        p.confirm_hits,
        p.confirm_log_odds,
        p.confirm_fast,
    )
