"""The figures of one run or of many: sums over runs, intervals over runs."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray
from forewarn.score.alarms import Alarms
from forewarn.score.calibration import bins
from forewarn.score.decided import Decided
from forewarn.score.judge import FAILED, Costs, Fate, Judged
from forewarn.score.measures import (
    Alerts,
    Area,
    Clear,
    Latency,
    Minutes,
    People,
    Practice,
    Score,
    Seconds,
    Share,
)
from forewarn.score.statistics import bootstrap_ratio, exact_interval, weighted_quantile

COULD = FAILED | {Fate.IN_TIME}


def summarise(runs: Sequence[Judged]) -> Score:
    """Add runs up; intervals draw whole runs anew."""
    told = [one.decided for one in runs if one.decided is not None]
    return Score(
        runs=tuple(one.case.name for one in runs),
        threats=sum(len(one.case.threat_id) for one in runs),
        impacts=sum(len(one.case.lands) for one in runs),
        population=float(np.mean([one.case.zones.population.sum() for one in runs])),
        people=_people(runs),
        seconds=_seconds(runs),
        minutes=_minutes(runs),
        alerts=_alerts(runs),
        calibration=bins([one.samples for one in told]),
        sharpness=_sharpness(told),
        latency=_latency(told),
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
        causes=_causes(runs),
    )


def _causes(runs: Sequence[Judged]) -> tuple[tuple[str, float], ...]:
    people: dict[str, float] = {}
    for one in runs:
        for cause, count in zip(one.rows.cause, one.rows.people, strict=True):
            if cause is not None:
                people[str(cause)] = people.get(str(cause), 0.0) + float(count)
    return tuple(sorted(people.items(), key=lambda item: -item[1]))


def _seconds(runs: Sequence[Judged]) -> Seconds:
    could = [_is(one, COULD) for one in runs]
    given = _join([one.rows.given_s[c] for one, c in zip(runs, could, strict=True)])
    people = _join([one.rows.people[c] for one, c in zip(runs, could, strict=True)])
    need = _join([one.rows.shelter_s[c] for one, c in zip(runs, could, strict=True)])
    heard = np.isfinite(given)
    early = _join([one.alarms.early_held for one in runs]).astype(bool)
    median = _join([one.alarms.median_held for one in runs]).astype(bool)
    told = [one.decided for one in runs if one.decided is not None]
    pairs = [float(len(one.early_held)) for one in told]
    return Seconds(
        given_p5=weighted_quantile(given[heard], people[heard], 0.05),
        given_p50=weighted_quantile(given[heard], people[heard], 0.5),
        enough_share=_ratio(
            float(people[heard & (given >= need)].sum()), float(people.sum())
        ),
        stated=len(early),
        early_held=_exact(int(early.sum()), len(early)),
        median_held=_exact(int(median.sum()), len(median)),
        pairs=sum(len(one.early_held) for one in told),
        pairs_early=_share([float(one.early_held.sum()) for one in told], pairs),
        pairs_median=_share([float(one.median_held.sum()) for one in told], pairs),
    )


def _minutes(runs: Sequence[Judged]) -> Minutes:
    costs = [one.costs for one in runs]
    ours = [one.in_vain_min for one in costs]
    people = sum(float(one.case.zones.population.sum()) for one in runs)
    cover = sum(one.cover_min for one in costs)
    prepared = [one.prepare_min for one in costs]
    oracle = [one.oracle_in_vain_min for one in costs]
    path = [one.path_in_vain_min for one in costs]
    practices = tuple(
        _practice(costs, row, ours)
        for row in range(len(costs[0].practices if costs else ()))
    )
    raions = [
        sum(practice.under_min for practice in one.practices if practice.name == "raion")
        for one in costs
    ]
    return Minutes(
        cover=cover,
        in_vain=sum(ours),
        per_person=_ratio(cover, people),
        prepare=sum(prepared),
        prepare_ratio=_share(prepared, raions),
        practices=practices,
        oracle_in_vain=sum(oracle),
        oracle_ratio=_share(ours, oracle),
        path_in_vain=sum(path),
        path_ratio=_share(ours, path),
    )


def _practice(costs: Sequence[Costs], row: int, ours: Sequence[float]) -> Practice:
    same = [one.practices[row] for one in costs]
    theirs = [one.in_vain_min for one in same]
    held = [one.held_in_vain_min for one in same]
    return Practice(
        name=same[0].name,
        groups=same[0].how,
        in_vain_min=sum(theirs),
        ratio=_share(theirs, ours),
        held_min=same[0].held_min,
        held_in_vain_min=sum(held),
        held_ratio=_share(held, ours),
    )


def _alerts(runs: Sequence[Judged]) -> Alerts:
    alarms = [one.alarms for one in runs]
    kinds = Counter(kind or "unknown" for one in alarms for kind in one.kind)
    total = [float(len(one.zone)) for one in alarms]
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
        flicker_share=_share([float(one.flicker.sum()) for one in alarms], total),
        flicker_same=sum(int(one.flicker_same.sum()) for one in alarms),
        same_share=_share([float(one.flicker_same.sum()) for one in alarms], total),
        not_cleared=sum(int((~one.cleared).sum()) for one in alarms),
        clear_p50_s=weighted_quantile(clear, np.ones(len(clear)), 0.5),
        clear_p95_s=weighted_quantile(clear, np.ones(len(clear)), 0.95),
        clear_by_kind=_clears(alarms),
        last_clear_s=max(last, default=float("nan")),
    )


def _clears(alarms: Sequence[Alarms]) -> tuple[Clear, ...]:
    seconds = _join([one.clear_s for one in alarms])
    kinds = np.array([kind for one in alarms for kind in one.clear_kind], dtype=object)
    found = []
    for kind in sorted(set(kinds)):
        own = seconds[kinds == kind]
        p50, p95 = _quantiles(own, (0.5, 0.95))
        found.append(Clear(str(kind), len(own), p50, p95))
    return tuple(found)


def _sharpness(told: Sequence[Decided]) -> tuple[Area, ...]:
    area = _join([one.area_m2 for one in told])
    ratio = area / _join([one.bound_m2 for one in told])
    kinds = np.array([kind for one in told for kind in one.area_kind], dtype=object)
    found = []
    for kind in sorted(set(kinds)):
        own = ratio[(kinds == kind) & np.isfinite(ratio)]
        over = float(np.median(own)) if len(own) else float("nan")
        median = float(np.median(area[kinds == kind])) / 1e6
        found.append(Area(kind, int((kinds == kind).sum()), median, len(own), over))
    return tuple(found)


def _latency(told: Sequence[Decided]) -> Latency:
    seconds = _join([one.latency_s for one in told])
    return Latency(len(seconds), *_quantiles(seconds, (0.5, 0.95, 0.99)))


def _quantiles(values: FloatArray, shares: tuple[float, ...]) -> list[float]:
    return [weighted_quantile(values, np.ones(len(values)), share) for share in shares]


def _join(arrays: Sequence[FloatArray | BoolArray]) -> FloatArray:
    return np.concatenate([np.zeros(0), *arrays])


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else float("nan")


def _share(over: Sequence[float], under: Sequence[float]) -> Share:
    value = _ratio(sum(over), sum(under))
    return Share(value, *bootstrap_ratio(np.array(over), np.array(under)))


def _exact(hits: int, trials: int) -> Share:
    return Share(_ratio(hits, trials), *exact_interval(hits, trials))
