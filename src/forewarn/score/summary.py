"""The figures of one run or of many: sums over runs, intervals over runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray
from forewarn.score.calibration import Bin
from forewarn.score.judge import Fate, Judged
from forewarn.score.statistics import bootstrap_ratio, exact_interval, weighted_quantile

COULD = frozenset({Fate.IN_TIME, Fate.LATE, Fate.MISSED, Fate.CLEARED})


@dataclass(frozen=True, slots=True)
class Share:
    """A share and its interval; nan = nothing to share, or too few runs to tell."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class People:
    """People in harm's way, counted once per impact.

    in_harm      : all of them; persons: the same, counted once
    could        : of those who could be warned: in_time + late + missed + cleared_early
    in_time_share: of those who could be warned; interval over runs
    threats, threats_failed : that hit people who could be warned; and of those, the ones
                   that reached anybody late or unwarned
    failed_share : threats_failed / threats, Clopper-Pearson over threats
    out_of_sight, too_short : in harm's way of a threat that no sensor saw, or saw too late
    too_short_told : of the latter, under alert when it came down all the same
    """

    in_harm: float
    persons: float
    could: float
    in_time: float
    late: float
    missed: float
    cleared_early: float
    in_time_share: Share
    threats: int
    threats_failed: int
    failed_share: Share
    out_of_sight: float
    too_short: float
    too_short_told: float


@dataclass(frozen=True, slots=True)
class Seconds:
    """Seconds given, from hearing the alert to the impact, to those who could be warned.

    given_p5, given_p50 : quantiles over people under alert when it came down
    enough_share        : had at least the seconds they need, of all who could be warned
    stated              : alerts of hit zones that stated seconds left
    early_held, median_held : share whose first impact came after the stated 5 % quantile
                          (0.95 is right) and after the stated median (0.5)
    """

    given_p5: float
    given_p50: float
    enough_share: float
    stated: int
    early_held: Share
    median_held: Share


@dataclass(frozen=True, slots=True)
class Practice:
    """Minutes in vain of warning whole groups; ratio: of it to ours, interval over runs."""

    name: str
    groups: str
    in_vain_min: float
    ratio: Share


@dataclass(frozen=True, slots=True)
class Minutes:
    """Person-minutes under `take cover` and `stay`; in vain = of people no impact reached.

    oracle_ratio : of ours in vain to those of one who knew the true impacts
    """

    cover: float
    in_vain: float
    per_person: float
    prepare: float
    practices: tuple[Practice, ...]
    oracle_in_vain: float
    oracle_ratio: Share


@dataclass(frozen=True, slots=True)
class Alerts:
    """Counts of `take cover` alerts, one per zone and stretch.

    not_hit       : of zones in which nobody was reached meanwhile; people in them
    baseless      : raised while no threat was in the air; people in them
    flicker       : began within ten minutes after the zone's last one ended
    not_cleared   : had no all clear by the end of the run
    clear_p50_s, clear_p95_s : from the last impact in a hit zone to its all clear
    last_clear_s  : worst, from the end of the last threat to the last all clear
    """

    take_cover: int
    by_kind: tuple[tuple[str, int], ...]
    not_hit: int
    not_hit_people: float
    baseless: int
    baseless_people: float
    flicker: int
    not_cleared: int
    clear_p50_s: float
    clear_p95_s: float
    last_clear_s: float


@dataclass(frozen=True, slots=True)
class Score:
    """Every measure, of one run or of several together."""

    runs: tuple[str, ...]
    threats: int
    impacts: int
    population: float
    people: People
    seconds: Seconds
    minutes: Minutes
    alerts: Alerts
    calibration: tuple[Bin, ...]


def summarise(runs: Sequence[Judged], calibration: tuple[Bin, ...] = ()) -> Score:
    """Add runs up; intervals draw whole runs anew."""
    return Score(
        runs=tuple(one.case.name for one in runs),
        threats=sum(len(one.case.threat_id) for one in runs),
        impacts=sum(len(one.case.lands) for one in runs),
        population=float(np.mean([one.case.zones.population.sum() for one in runs])),
        people=_people(runs),
        seconds=_seconds(runs),
        minutes=_minutes(runs),
        alerts=_alerts(runs),
        calibration=calibration,
    )


def _of(one: Judged, fates: frozenset[Fate]) -> float:
    """People of one run with one of these fates."""
    return float(one.rows.people[_is(one, fates)].sum())


def _is(one: Judged, fates: frozenset[Fate]) -> BoolArray:
    return np.array([fate in fates for fate in one.rows.fate], bool)


def _people(runs: Sequence[Judged]) -> People:
    def total(fate: Fate) -> float:
        return sum(_of(one, frozenset({fate})) for one in runs)

    hit, failed = 0, 0
    for one in runs:
        could = _is(one, COULD)
        bad = could & ~_is(one, frozenset({Fate.IN_TIME}))
        hit += len(np.unique(one.rows.threat[could]))
        failed += len(np.unique(one.rows.threat[bad]))
    told = sum(
        float(
            one.rows.people[
                _is(one, frozenset({Fate.TOO_SHORT})) & np.isfinite(one.rows.given_s)
            ].sum()
        )
        for one in runs
    )
    return People(
        in_harm=sum(float(one.rows.people.sum()) for one in runs),
        persons=sum(float(one.harm.anyone.sum()) for one in runs),
        could=sum(_of(one, COULD) for one in runs),
        in_time=total(Fate.IN_TIME),
        late=total(Fate.LATE),
        missed=total(Fate.MISSED),
        cleared_early=total(Fate.CLEARED),
        in_time_share=_share(
            [_of(one, frozenset({Fate.IN_TIME})) for one in runs],
            [_of(one, COULD) for one in runs],
        ),
        threats=hit,
        threats_failed=failed,
        failed_share=_exact(failed, hit),
        out_of_sight=total(Fate.OUT_OF_SIGHT),
        too_short=total(Fate.TOO_SHORT),
        too_short_told=told,
    )


def _seconds(runs: Sequence[Judged]) -> Seconds:
    could = [_is(one, COULD) for one in runs]
    given = _join([one.rows.given_s[c] for one, c in zip(runs, could, strict=True)])
    people = _join([one.rows.people[c] for one, c in zip(runs, could, strict=True)])
    need = _join([one.rows.shelter_s[c] for one, c in zip(runs, could, strict=True)])
    heard = np.isfinite(given)
    early = _join([one.alarms.early_held for one in runs]).astype(bool)
    median = _join([one.alarms.median_held for one in runs]).astype(bool)
    return Seconds(
        given_p5=weighted_quantile(given[heard], people[heard], 0.05),
        given_p50=weighted_quantile(given[heard], people[heard], 0.5),
        enough_share=_ratio(
            float(people[heard & (given >= need)].sum()), float(people.sum())
        ),
        stated=len(early),
        early_held=_exact(int(early.sum()), len(early)),
        median_held=_exact(int(median.sum()), len(median)),
    )


def _minutes(runs: Sequence[Judged]) -> Minutes:
    costs = [one.costs for one in runs]
    ours = [one.in_vain_min for one in costs]
    people = sum(float(one.case.zones.population.sum()) for one in runs)
    cover = sum(one.cover_min for one in costs)
    oracle = [one.oracle_in_vain_min for one in costs]
    practices = []
    for row, (name, how, _) in enumerate(costs[0].practices if costs else ()):
        theirs = [one.practices[row][2] for one in costs]
        practices.append(Practice(name, how, sum(theirs), _share(theirs, ours)))
    return Minutes(
        cover=cover,
        in_vain=sum(ours),
        per_person=_ratio(cover, people),
        prepare=sum(one.prepare_min for one in costs),
        practices=tuple(practices),
        oracle_in_vain=sum(oracle),
        oracle_ratio=_share(ours, oracle),
    )


def _alerts(runs: Sequence[Judged]) -> Alerts:
    alarms = [one.alarms for one in runs]
    kinds = Counter(kind or "unknown" for one in alarms for kind in one.kind)
    clear = _join([one.clear_s for one in alarms])
    last = [one.last_clear_s for one in runs if np.isfinite(one.last_clear_s)]

    def inside(which: str, yes: bool) -> float:
        return sum(
            float(
                one.case.zones.population[
                    one.alarms.zone[getattr(one.alarms, which) == yes]
                ].sum()
            )
            for one in runs
        )

    return Alerts(
        take_cover=sum(len(one.zone) for one in alarms),
        by_kind=tuple(sorted(kinds.items())),
        not_hit=sum(int((~one.hit).sum()) for one in alarms),
        not_hit_people=inside("hit", False),
        baseless=sum(int(one.baseless.sum()) for one in alarms),
        baseless_people=inside("baseless", True),
        flicker=sum(int(one.flicker.sum()) for one in alarms),
        not_cleared=sum(int((~one.cleared).sum()) for one in alarms),
        clear_p50_s=weighted_quantile(clear, np.ones(len(clear)), 0.5),
        clear_p95_s=weighted_quantile(clear, np.ones(len(clear)), 0.95),
        last_clear_s=max(last, default=float("nan")),
    )


def _join(arrays: Sequence[FloatArray | BoolArray]) -> FloatArray:
    return np.concatenate([np.zeros(0), *arrays])


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else float("nan")


def _share(over: Sequence[float], under: Sequence[float]) -> Share:
    value = _ratio(sum(over), sum(under))
    return Share(value, *bootstrap_ratio(np.array(over), np.array(under)))


def _exact(hits: int, trials: int) -> Share:
    return Share(_ratio(hits, trials), *exact_interval(hits, trials))
