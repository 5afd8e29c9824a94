"""Full chain and policy level on the very same raids: do they say the same?

Half of the drawings give the policy level its errors, delays and reach; the other half are
played at both levels and held against each other, drawing by drawing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forewarn.bench.counting import COUNTED, alerted, unsheltered
from forewarn.bench.drawing import judged_for, region_zones
from forewarn.bench.foretold import Noted, Notes, Views, measured
from forewarn.errors import ConfigError
from forewarn.files import fill
from forewarn.geodesy import FloatArray
from forewarn.records import Zones
from forewarn.score import Judged
from forewarn.score.case import Rules
from forewarn.score.reading import make_case
from forewarn.sim import raids
from forewarn.sim.defence.flown import Flown
from forewarn.sim.defence.sky import Sky
from forewarn.sim.raid_keys import Raid
from forewarn.sim.raids import Drawn, draw
from forewarn.sim.studies.drawing import Met, meet
from forewarn.sim.studies.keys import (
    RaidKeys,
    Scenario,
    SensorKeys,
    WarningKeys,
)
from forewarn.sim.studies.measures import AVERAGED, moments
from forewarn.sim.studies.plan import Plan
from forewarn.sim.studies.telling import cell_of
from forewarn.sim.studies.world import World
from forewarn.warning import WarningParams

RUNS = 100  # of the policy level for each drawing
FITTED = [COUNTED.index("alerted"), COUNTED.index("person_minutes")]
ROUNDS = 8  # of the search for the warning rule that comes to these two
FIRST_KM, GROWS = 1.0, 1.5  # where it begins; people alerted go by about this power of it
CONFIDENCE = 0.95  # of all measures together
_ANY_RAID = {
    "count": {"mean": 1.0},
    "window_s": 1.0,
    "share_to_places": 0.0,
    "impact_sigma_km": 0.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class FullChain:
    """One drawing, flown through the full chain and a simulated defence.

    counts : (COUNTED,)
    """

    drawn: Drawn
    counts: FloatArray
    notes: Notes
    views: Views


class Compared(NamedTuple):
    """One measure at both levels: means over drawings, and of the differences.

    half : half of the interval of `apart`, which is policy level less full chain
    """

    name: str
    full: float
    policy: float
    apart: float
    half: float

    @property
    def agrees(self) -> bool:
        """Whether the interval holds zero."""
        return abs(self.apart) <= self.half


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What drawings of the full chain teach the policy level.

    seen_s : by kind, from first sight to impact
    """

    sensor: SensorKeys
    warning: WarningKeys
    seen_s: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What one set of drawings taught, and how the other bears it out."""

    calibrated: Calibrated
    compared: tuple[Compared, ...]


class Pair:
    """A scenario, and the raid that stands for it in the full chain."""

    def __init__(self, scenario: Scenario, raid: Raid) -> None:
        _same_ground(scenario, raid)
        people = replace(scenario.people, night=None, fatigue_per_false_alert=0.0)
        self.scenario, self.raid = replace(scenario, people=people), raid
        self.zones: Zones = region_zones(raid)

    @cached_property
    def world(self) -> World:
        """The ground both levels are counted on."""
        return Plan([self.scenario]).world

    def fly(self, seed: int) -> FullChain:
        """One drawing through the full chain."""
        drawn = draw(self.raid, seed)
        told_of = drawn.told()
        doctrine = self.scenario.policy.defence
        flown = Flown(Sky(drawn), self.raid.region, self.scenario.layer, doctrine, seed)
        noted = Noted(self.raid, drawn, flown)
        name = self.raid.raid.name
        zones = (self.zones,)
        judged = judged_for(name, told_of, zones, defence=noted, watch=False)[0]
        case = make_case(name, told_of.truth, self.zones, told_of.sensors, (), 0.0)
        return FullChain(
            drawn,
            self._counts(drawn, judged, flown),
            noted.notes(),
            Views(case.seen_s, case.impact_s),
        )

    def _counts(self, drawn: Drawn, judged: Judged, flown: Flown) -> FloatArray:
        books = flown.books()
        over = self._over_people(np.array([one.place_rad for one in drawn.fallen]))
        ended = {one.body for one in flown.log if one.stopped}
        down = np.array([one.name not in ended for one in drawn.fallen])
        return np.array(
            [
                books.engaged,
                books.stopped,
                (over & down).sum(),
                sum(books.rounds),
                judged.rows.people.sum(),
                unsheltered(judged, self.scenario.people),
                *alerted(judged),
                judged.costs.cover_min,
            ]
        )

    def _over_people(self, place_rad: FloatArray) -> FloatArray:
        """(n,) whether each place is populated ground."""
        raster = self.world.raster
        cells = [cell_of(raster, x, y) for x, y in self._flat(place_rad)]
        return np.array([cell >= 0 and raster.distance_km[cell] == 0.0 for cell in cells])

    def _flat(self, place_rad: FloatArray) -> FloatArray:
        assert self.world.flat is not None  # a region lies somewhere
        return self.world.flat.km(place_rad)

    def play(self, flown: Sequence[FullChain], by: Calibrated) -> FloatArray:
        """(drawings, COUNTED) means of the policy level on the same threats.

        Errors differ from run to run; the luck of engagements is the full chain's.
        """
        kinds = {own.kind for one in flown for own in one.drawn.fallen}
        if unseen := kinds - set(by.seen_s):
            raise ConfigError(
                f"no {min(unseen)} came into cover in the drawings to learn of: draw more"
            )
        plan = Plan([self._level(by)])
        columns = [AVERAGED.index(name) for name in COUNTED]
        found = []
        for one in flown:
            met = Met(
                one.views.impact_s - one.views.impact_s.min(),
                self._flat(np.array([fallen.place_rad for fallen in one.drawn.fallen])),
                np.array([list(by.seen_s).index(own.kind) for own in one.drawn.fallen]),
            )
            seed = one.drawn.seed
            rows = [
                plan.play(plan.policies[0], meet(met, seed, k), 0, seed)[0][0, columns]
                for k in range(RUNS)
            ]
            found.append(np.mean(rows, axis=0))
        return np.array(found)

    def _level(self, by: Calibrated) -> Scenario:
        """The scenario at policy level; of its raid only kinds and views are asked."""
        described = tuple(
            fill(RaidKeys, {**_ANY_RAID, "kind": kind, "seen_s": seen_s}, "calibrated")
            for kind, seen_s in by.seen_s.items()
        )
        policy = replace(self.scenario.policy, warning=by.warning)
        return replace(self.scenario, raid=described, sensor=by.sensor, policy=policy)

    def calibrated(self, flown: Sequence[FullChain]) -> Calibrated:
        """What is foretold, as measured; and the rule of warning that comes to the same.

        Seconds before the impact are those of the chain's own settings. How far around the
        foretold impact people are told, and for how long, is fitted: as many of them, for
        as many minutes, as these drawings had.
        """
        people, minutes = np.sum([one.counts[FITTED] for one in flown], axis=0)
        if not people:
            name = self.raid.raid.name
            raise ConfigError(f"raid {name!r}: the full chain told nobody, expected alerts")
        own, delay_s = WarningParams(), float(np.mean(Rules().delay_s))
        need_s = float(np.median(self.zones.shelter_s))
        lead_s = need_s + own.channel_delay_s + own.margin_s - delay_s
        found = Calibrated(
            measured([one.notes for one in flown], [one.views for one in flown]),
            WarningKeys(radius_km=FIRST_KM, lead_s=lead_s, hold_s=own.hold_s),
            _seen_s(flown),
        )
        for _ in range(ROUNDS):
            told, spent = self.play(flown, found)[:, FITTED].sum(axis=0)
            if not told:
                raise ConfigError("the policy level told nobody, expected alerts")
            rule = found.warning
            radius_km = rule.radius_km * (people / told) ** (1.0 / GROWS)
            hold_s = max(rule.hold_s + 60.0 * (minutes / people - spent / told), 0.0)
            rule = replace(
                rule, radius_km=round(float(radius_km), 3), hold_s=round(float(hold_s), 1)
            )
            found = replace(found, warning=rule)
        return found

    def levels(self, learn: Sequence[FullChain], check: Sequence[FullChain]) -> Levels:
        """Calibrate on some drawings, compare on others."""
        by = self.calibrated(learn)
        full, policy = np.array([one.counts for one in check]), self.play(check, by)
        each = 1.0 - (1.0 - CONFIDENCE) / len(COUNTED)  # Bonferroni
        half = moments(policy - full, 0).half_width(each)
        means = (full.mean(axis=0), policy.mean(axis=0), (policy - full).mean(axis=0))
        rows = zip(COUNTED, *(each.tolist() for each in (*means, half)), strict=True)
        return Levels(by, tuple(Compared(*row) for row in rows))


def _seen_s(flown: Sequence[FullChain]) -> dict[str, float]:
    """By kind, the median time from first sight to impact."""
    kinds = np.array([own.kind for one in flown for own in one.drawn.fallen])
    view_s = np.concatenate([one.views.impact_s - one.views.seen_s for one in flown])
    seen = view_s > 0.0  # never in cover: -inf
    return {
        kind: round(float(np.median(view_s[seen & (kinds == kind)])), 1)
        for kind in sorted(set(kinds[seen].tolist()))
    }


def _same_ground(scenario: Scenario, raid: Raid) -> None:
    at, own = scenario.area.region, raid.region
    if at is None or (at.lat_deg, at.lon_deg, at.radius_km) != (
        own.lat_deg,
        own.lon_deg,
        own.radius_km,
    ):
        raise ConfigError(
            f"[area] region is {at}, expected that of the raid {raid.raid.name!r}: lat_deg "
            f"{own.lat_deg:g}, lon_deg {own.lon_deg:g}, radius_km {own.radius_km:g}"
        )


def raid_of(path: Path, scenario: Scenario) -> Raid:
    """The raid that a study names for the full chain: shipped, or a file beside it."""
    name = scenario.study.flown
    if not name:
        raise ConfigError(f"{path}: [study] flown: name the raid of the full chain")
    beside = path.parent / name
    return raids.load(str(beside) if beside.is_file() else name)


def fly_all(
    pair: Pair, seeds: int, progress: Callable[[], None]
) -> tuple[list[FullChain], list[FullChain]]:
    """Odd drawings to learn of, even ones to check with."""
    flown = []
    for seed in range(1, 2 * (seeds // 2) + 1):
        flown.append(pair.fly(seed))
        progress()
    return flown[::2], flown[1::2]
