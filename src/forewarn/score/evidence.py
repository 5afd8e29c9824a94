"""What a run said on its way to its alerts: which tracks, whom they threatened, and when.

The same record comes out of the tables of a run folder (`score.reading`) and of a `Watcher`
that looks on while a campaign, which writes no tables, steps through its raids.
"""

from dataclasses import dataclass, field

import numpy as np

from forewarn.files.run import LEAST, Pace, Widths
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray, Outcome, Zones, seal
from forewarn.score.case import Rules

TRACK_BITS = 44  # of a key that names zone and track; a track id is twice its first plot


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Rows of tracks (t), of pairs of zone and track (q), of alerts (k).

    track_id, track_s, track_ecef_m : (t,), (t,), (t, 3) where tracks were, and when
    zone, pair_track : (q,) row of the zone, id of the track that once threatened it
    first_s          : (q,) when it first did, with a probability worth a row
    due_s            : (q,) when the early quantile first fell to what its people need;
                       nan = never
    stated           : (q,) probability of the zone at that moment
    early_s, median_s : (q,) the quantiles stated at that moment
    area_m2          : (q,) 95 % area of the track at that moment; nan = not told
    latency_s        : (k,) from event to disk of the alerts that tell; empty in a replay
    """

    track_id: IntArray
    track_s: FloatArray
    track_ecef_m: FloatArray
    zone: IntArray
    pair_track: IntArray
    first_s: FloatArray
    due_s: FloatArray
    stated: FloatArray
    early_s: FloatArray
    median_s: FloatArray
    area_m2: FloatArray
    latency_s: FloatArray

    def __post_init__(self) -> None:
        t, q = len(self.track_id), len(self.zone)
        seal("evidence", "track_s", self.track_s, (t,))
        seal("evidence", "track_ecef_m", self.track_ecef_m, (t, 3))
        times = ("first_s", "due_s", "early_s", "median_s")
        for name in ("pair_track", "stated", "area_m2", *times):
            seal("evidence", name, getattr(self, name), (q,))


def need_s(zones: Zones, rules: Rules) -> FloatArray:
    """(z,) seconds people of each zone need, with the delay and margin of the product."""
    return zones.shelter_s + rules.oracle_delay_s + rules.margin_s


@dataclass(slots=True)
class Pairs:
    """The first time that each zone and track met, and the first time it was due.

    Rows come in order of time, many at once or a few at a time; only the first of each
    pair is kept, and which those are is settled at the end.
    """

    need_s: FloatArray
    _met: list[tuple[IntArray, FloatArray]] = field(default_factory=list)
    _due: list[tuple[IntArray, FloatArray]] = field(default_factory=list)
    _last: dict[str, IntArray] = field(default_factory=dict)

    def add(self, zone: IntArray, track_id: IntArray, rows: FloatArray) -> None:
        """Exposures of one moment or of several.

        rows : (p, 4) received_s, probability, early and median quantile of the time
        """
        key = (zone << TRACK_BITS) | track_id
        due = rows[:, 2] - rows[:, 0] <= self.need_s[zone]
        self._keep("met", self._met, key, rows)
        self._keep("due", self._due, key[due], rows[due])

    def _keep(
        self,
        name: str,
        parts: list[tuple[IntArray, FloatArray]],
        key: IntArray,
        rows: FloatArray,
    ) -> None:
        key, first = np.unique(key, return_index=True)
        new = ~np.isin(key, self._last.get(name, key[:0]), assume_unique=True)
        self._last[name] = key
        if new.any():
            parts.append((key[new], rows[first[new]]))

    def settle(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Keys, first times, and (q, 4) rows when due (nan = never)."""
        met, met_rows = _firsts(self._met)
        due, due_rows = _firsts(self._due)
        rows = np.full((len(met), 4), np.nan)
        rows[np.searchsorted(met, due)] = due_rows
        return met, met_rows[:, 0], rows


def _firsts(
    parts: list[tuple[IntArray, FloatArray]],
) -> tuple[IntArray, FloatArray]:
    key = np.concatenate([np.zeros(0, np.int64), *[part[0] for part in parts]])
    rows = np.concatenate([np.zeros((0, 4)), *[part[1] for part in parts]])
    key, first = np.unique(key, return_index=True)  # parts stand in order of time
    return key, rows[first]


@dataclass(slots=True)
class Areas:
    """How wide the area was in which each track was to come down, moment by moment."""

    _parts: list[tuple[IntArray, FloatArray, FloatArray]] = field(default_factory=list)

    def add(self, track_id: IntArray, received_s: FloatArray, area_m2: FloatArray) -> None:
        """Areas (n,) told of tracks (n,) at moments (n,)."""
        self._parts.append((track_id, received_s, area_m2))

    def at(self, track_id: IntArray, received_s: FloatArray) -> FloatArray:
        """Areas of tracks (q,) at moments (q,) at which they were told; nan = never."""
        found = np.full(len(track_id), np.nan)
        if not self._parts:
            return found
        owner, when, area = (
            np.concatenate(parts) for parts in zip(*self._parts, strict=True)
        )
        names, moments = np.unique(owner), np.unique(when)

        def key(track: IntArray, time_s: FloatArray) -> IntArray:
            row = np.searchsorted(names, track) * (len(moments) + 1)
            return np.asarray(row + np.searchsorted(moments, time_s), np.int64)

        known = key(owner, when)
        order = np.argsort(known, kind="stable")
        place = np.searchsorted(known[order], key(track_id, received_s))
        place = order[np.minimum(place, len(order) - 1)] if len(order) else place[:0]
        if len(place):
            same = (owner[place] == track_id) & (when[place] == received_s)
            found[same] = area[place[same]]
        return found


def assemble(
    tracks: tuple[IntArray, FloatArray, FloatArray],
    pairs: Pairs,
    areas: Areas,
    latency_s: FloatArray,
) -> Evidence:
    """The record out of its parts; tracks as (id, time, place)."""
    key, first_s, due = pairs.settle()
    track = key & ((1 << TRACK_BITS) - 1)
    return Evidence(
        *tracks,
        zone=key >> TRACK_BITS,
        pair_track=track,
        first_s=first_s,
        due_s=due[:, 0],
        stated=due[:, 1],
        early_s=due[:, 2],
        median_s=due[:, 3],
        area_m2=areas.at(track, due[:, 0]),
        latency_s=latency_s,
    )


class Watcher:
    """Looks on while a pipeline steps, and remembers what its tables would have said."""

    def __init__(self, zones: Zones, rules: Rules | None = None) -> None:
        self._pairs = Pairs(need_s(zones, rules or Rules()))
        self._pace = Pace()
        self._areas = Areas()
        self._widths = Widths()
        self._tracks: list[tuple[IntArray, FloatArray, FloatArray]] = []

    def step(self, outcome: Outcome) -> None:
        """Take up one outcome."""
        if not self._pace.keeps(outcome):
            return
        t, f, x = outcome.tracks, outcome.forecasts, outcome.exposures
        place = np.einsum("nm,nmk->nk", t.mode_weight, t.mean[:, :, :3])
        self._tracks.append((t.track_id, t.time_s, place))
        when = np.full(len(f.track_id), f.received_s)
        self._areas.add(f.track_id, when, self._widths.area_m2(f))
        told = x.probability > LEAST
        when = np.full(len(x.zone), x.received_s)
        rows = np.stack([when, x.probability, x.onset_p05_s, x.onset_p50_s], axis=1)
        self._pairs.add(x.zone[told], x.track_id[x.threat[told]], rows[told])

    def evidence(self) -> Evidence:
        """All of it, as far as the run has come."""
        none = (np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 3)))
        ids, times, places = zip(none, *self._tracks, strict=True)
        tracks = (np.concatenate(ids), np.concatenate(times), np.concatenate(places))
        return assemble(tracks, self._pairs, self._areas, np.zeros(0))
