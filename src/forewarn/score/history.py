"""What warning as it is practised costs: burden, simultaneity, durations, of real sirens.

Nothing here knows where anything hit. All shares are of people, where places tell how many
live in them; else every place that alerts name counts as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.files.sirens import LEVELS, Place, Places, Sirens
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.score.spans import Spans
from forewarn.score.statistics import weighted_quantile

DAY_S = 86_400.0
NIGHT_S = (22 * 3600.0, 8 * 3600.0)  # begins at, lasts; local time
MOST = 0.9  # of all people at once: "the whole country"
MANY = 20 / 24  # of all regions at once: an episode
Local = Callable[[FloatArray], FloatArray]  # UTC seconds to seconds of local clocks


@dataclass(frozen=True, slots=True)
class Durations:
    """Minutes of alerts declared at one level, as declared."""

    level: str
    alerts: int
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float
    mean: float


@dataclass(frozen=True, slots=True)
class AtOnce:
    """How much of the country is under alert at the same moment.

    whole_days : days on which at one moment at least MOST of all people were; of `days`
    most       : largest share of people at one moment
    episodes   : stretches with at least MANY of the regions under alert as a whole
    mean_min   : they last; time_share, burden_share: of all time, of all person-minutes
    """

    days: int
    whole_days: int
    most: float
    regions: int
    many: int
    episodes: int
    mean_min: float
    time_share: float
    burden_share: float


@dataclass(frozen=True, slots=True)
class Saved:
    """Alerts of a smaller level, held against whole regions warned at the same times.

    share : of person-minutes that were not spent
    """

    level: str
    alerts: int
    person_min: float
    region_person_min: float
    share: float


@dataclass(frozen=True, slots=True)
class Burden:
    """Of one person, on average over the people of a place.

    minutes_a_day : under alert; nights: share with an alert; night_min: minutes a night
    """

    name: str
    people: float
    minutes_a_day: float
    nights: float
    night_min: float


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Arrays for drawing.

    day_share    : (d,) most people at once, share of all, of each day from the first
    first_day_s  : start of the first day, local seconds
    hour_share   : (24,) mean share of people under alert, by hour of the local day
    above        : (101,) share of time with at least 0, 1 ... 100 % of people under alert
    centre_rad, people, minutes_a_day : (k,) of places with a known centre, and their
    outline      : (k,) rings
    durations    : minutes of all alerts, by level
    """

    day_share: FloatArray
    first_day_s: float
    hour_share: FloatArray
    above: FloatArray
    centre_rad: FloatArray
    people: FloatArray
    minutes_a_day: FloatArray
    outline: tuple[tuple[object, ...], ...]
    durations: tuple[tuple[str, FloatArray], ...]


@dataclass(frozen=True, slots=True)
class History:
    """Every measure of a history of sirens.

    unknown : alerts of places that no table of places knows: they count for nobody
    people  : all that are counted; counted: what that is, people or places
    """

    alerts: int
    unknown: int
    places: int
    people: float
    counted: str
    days: float
    everyone: Burden
    burden_p50: float
    burden_p95: float
    regions: tuple[Burden, ...]
    at_once: AtOnce
    durations: tuple[Durations, ...]
    saved: tuple[Saved, ...]


def study(
    sirens: Sequence[Sirens], places: Places | None, local: Local
) -> tuple[History, Pictures]:
    """All measures of some histories together, and what to draw."""
    world = _World(sirens, places)
    spans = world.spans()
    first, last = float(world.start_s.min()), float(world.end_s.max())
    days = (last - first) / DAY_S
    clock = Spans(spans.zone, local(spans.start_s), local(spans.end_s))
    time_s, share = _sweep(spans, world.people)
    wall = local(time_s)
    day_share, day_0 = _by_day(wall, share)
    per_unit = np.bincount(
        spans.zone, spans.end_s - spans.start_s, minlength=len(world.people)
    )
    minutes = per_unit / 60.0 / days
    everyone, regions = _burdens(world, clock, minutes)
    history = History(
        alerts=len(world.place),
        unknown=world.unknown(),
        places=len(set(world.place)),
        people=float(world.people.sum()),
        counted=places.counted if places is not None else "places",
        days=days,
        everyone=everyone,
        burden_p50=weighted_quantile(minutes, world.people, 0.5),
        burden_p95=weighted_quantile(minutes, world.people, 0.95),
        regions=regions,
        at_once=_at_once(world, (time_s, share), day_share),
        durations=tuple(
            _durations(level, world.minutes(level)) for level in world.levels()
        ),
        saved=tuple(_saved(world, level) for level in world.levels() if level != LEVELS[0]),
    )
    return history, _pictures(world, places, (wall, share, day_share, day_0), minutes)


class _World:
    """Units: the largest groups of places that alerts never told apart; rows of alerts."""

    def __init__(self, sirens: Sequence[Sirens], places: Places | None) -> None:
        self.place = tuple(place for one in sirens for place in one.place)
        self.start_s = np.concatenate([one.start_s for one in sirens])
        self.end_s = np.concatenate([one.end_s for one in sirens])
        named = set(self.place)
        units: dict[Place, float] = {}
        self.unit_of: list[Place] = []
        for place, people in (
            ((place, 1.0) for place in sorted({(p[0], "", "") for p in named}))
            if places is None
            else zip(places.place, places.people, strict=True)
        ):
            unit = _unit(place, named)
            self.unit_of.append(unit)
            units[unit] = units.get(unit, 0.0) + float(people)
        self.units = tuple(sorted(units))
        self.people = np.array([units[unit] for unit in self.units])
        self.row = {unit: i for i, unit in enumerate(self.units)}
        self._below: dict[Place, list[int]] = {}
        for i, (region, district, community) in enumerate(self.units):
            for above in {
                (region, "", ""),
                (region, district, ""),
                (region, district, community),
            }:
                self._below.setdefault(above, []).append(i)
        regions = sorted({unit[0] for unit in self.units})
        number = {region: i for i, region in enumerate(regions)}
        self.regions = tuple(regions)
        self.region = np.array([number[unit[0]] for unit in self.units], np.int64)

    def levels(self) -> tuple[str, ...]:
        """Those at which alerts were declared, largest first."""
        found = {_level(place) for place in self.place}
        return tuple(level for level in LEVELS if level in found)

    def unknown(self) -> int:
        """Alerts that reach nobody we know of."""
        return sum(place not in self._below for place in self.place)

    def at(self, level: str) -> IntArray:
        """Rows of the alerts declared at a level."""
        return np.flatnonzero([_level(place) == level for place in self.place])

    def minutes(self, level: str) -> FloatArray:
        """How long those lasted."""
        rows = self.at(level)
        return np.asarray((self.end_s[rows] - self.start_s[rows]) / 60.0)

    def spans(self, rows: IntArray | None = None) -> Spans:
        """Stretches under alert of each unit, those of some rows or of all."""
        rows = np.arange(len(self.place)) if rows is None else rows
        below = [self._below.get(self.place[row], []) for row in rows]
        count = np.array([len(units) for units in below], np.int64)
        unit = np.array([i for units in below for i in units], np.int64)
        alert = np.repeat(rows, count)
        whole = Spans(unit, self.start_s[alert], self.end_s[alert])
        return whole.merged(np.arange(len(self.units)))


def _unit(place: Place, named: set[Place]) -> Place:
    region, district, community = place
    if place in named and community:
        return place
    return (region, district, "") if (region, district, "") in named else (region, "", "")


def _level(place: Place) -> str:
    return LEVELS[2 if place[2] else 1 if place[1] else 0]


def _sweep(spans: Spans, people: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Moments (m + 1,) between which a share (m,) of all people is under alert."""
    time = np.concatenate([spans.start_s, spans.end_s])
    step = np.concatenate([people[spans.zone], -people[spans.zone]])
    moment, row = np.unique(time, return_inverse=True)
    share = np.cumsum(np.bincount(row, step)) / people.sum()
    return moment, np.clip(share[:-1], 0.0, 1.0)


def _pieces(
    start_s: FloatArray, end_s: FloatArray, width_s: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Stretches cut at multiples of a width: their row, which multiple, seconds in it."""
    first = np.floor(start_s / width_s).astype(np.int64)
    count = np.maximum(np.ceil(end_s / width_s).astype(np.int64) - first, 1)
    row = np.repeat(np.arange(len(start_s)), count)
    number = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    inside = np.minimum(end_s[row], (number + 1) * width_s)
    return row, number, inside - np.maximum(start_s[row], number * width_s)


def _by_day(wall_s: FloatArray, share: FloatArray) -> tuple[FloatArray, int]:
    """Most people at once on each local day, and the number of the first day."""
    row, day, _ = _pieces(wall_s[:-1], wall_s[1:], DAY_S)
    most = np.zeros(int(day.max() - day.min()) + 1)
    np.maximum.at(most, day - day.min(), share[row])
    return most, int(day.min())


def _burdens(
    world: _World, clock: Spans, minutes: FloatArray
) -> tuple[Burden, tuple[Burden, ...]]:
    """Of everyone, and region by region, those that bear most first."""
    row, night, seconds = _pieces(
        clock.start_s - NIGHT_S[0], clock.end_s - NIGHT_S[0], DAY_S
    )
    begun = (clock.start_s[row] - NIGHT_S[0]) - night * DAY_S
    inside = np.minimum(NIGHT_S[1] - np.maximum(begun, 0.0), seconds)
    dark = inside > 0
    nights = int(night.max() - night.min()) + 1
    unit = clock.zone[row[dark]]
    slept_min = np.bincount(unit, inside[dark], minlength=len(minutes)) / 60.0 / nights
    kinds = np.unique(unit * 1_000_000 + night[dark])
    woken = np.bincount(kinds // 1_000_000, minlength=len(minutes)) / nights

    def burden(name: str, own: IntArray) -> Burden:
        people = world.people[own]
        mean = [
            float(np.average(v[own], weights=people)) for v in (minutes, woken, slept_min)
        ]
        return Burden(name, float(people.sum()), *mean)

    every = np.flatnonzero(world.people > 0)
    regions = [
        burden(name, own)
        for i, name in enumerate(world.regions)
        if len(own := np.flatnonzero((world.region == i) & (world.people > 0)))
    ]
    regions.sort(key=lambda one: -one.minutes_a_day)
    return burden("everyone", every), tuple(regions)


def _at_once(
    world: _World, curve: tuple[FloatArray, FloatArray], day_share: FloatArray
) -> AtOnce:
    time_s, share = curve
    whole = world.spans(world.at(LEVELS[0])).merged(world.region)
    regions = len(world.regions)
    moment, part = _sweep(whole, np.ones(regions))
    many = int(np.ceil(MANY * regions - 1e-9))
    crowd = part * regions > many - 0.5
    opens = crowd & ~np.append(False, crowd[:-1])
    start, end = moment[:-1][opens], moment[1:][crowd & ~np.append(crowd[1:], False)]
    middle = (time_s[:-1] + time_s[1:]) / 2
    at = np.searchsorted(start, middle, side="right") - 1
    within = (at >= 0) & (middle < end[np.maximum(at, 0)]) if len(start) else share < 0
    weight = share * np.diff(time_s)
    return AtOnce(
        days=len(day_share),
        whole_days=int((day_share >= MOST).sum()),
        most=float(day_share.max()),
        regions=regions,
        many=many,
        episodes=len(start),
        mean_min=float((end - start).mean()) / 60.0 if len(start) else float("nan"),
        time_share=float((end - start).sum() / (time_s[-1] - time_s[0])),
        burden_share=float(weight[within].sum() / weight.sum()),
    )


def _durations(level: str, minutes: FloatArray) -> Durations:
    p05, p25, p50, p75, p95 = np.quantile(minutes, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
    return Durations(level, len(minutes), p05, p25, p50, p75, p95, float(minutes.mean()))


def _saved(world: _World, level: str) -> Saved:
    rows = world.at(level)
    spans = world.spans(rows)
    ours = spans.person_minutes(world.people)
    inside = np.bincount(world.region, world.people).astype(np.float64)
    theirs = spans.merged(world.region).person_minutes(inside)
    share = 1 - ours / theirs if theirs > 0 else float("nan")
    return Saved(level, len(rows), ours, theirs, share)


def _pictures(
    world: _World,
    places: Places | None,
    curve: tuple[FloatArray, FloatArray, FloatArray, int],
    minutes: FloatArray,
) -> Pictures:
    wall, share, day_share, day_0 = curve
    row, hour, seconds = _pieces(wall[:-1], wall[1:], 3600.0)
    total = np.bincount(hour % 24, seconds, minlength=24)
    under = np.bincount(hour % 24, seconds * share[row], minlength=24)
    hours = under / np.maximum(total, 1e-9)
    order = np.argsort(-share)
    taken = np.cumsum(np.diff(wall)[order]) / (wall[-1] - wall[0])
    reached = np.searchsorted(-share[order], -np.arange(101) / 100.0, side="right")
    above = np.where(reached > 0, taken[np.maximum(reached - 1, 0)], 0.0)
    drawn = np.zeros(0, np.int64)
    if places is not None:
        drawn = np.flatnonzero(np.isfinite(places.centre_rad[:, 0]))
    unit = np.array([world.row[world.unit_of[i]] for i in drawn], np.int64)
    return Pictures(
        day_share=day_share,
        first_day_s=day_0 * DAY_S,
        hour_share=hours,
        above=above,
        centre_rad=places.centre_rad[drawn] if places else np.zeros((0, 2)),
        people=places.people[drawn] if places else np.zeros(0),
        minutes_a_day=minutes[unit],
        outline=tuple(places.outline[i] for i in drawn) if places else (),
        durations=tuple((level, world.minutes(level)) for level in world.levels()),
    )
