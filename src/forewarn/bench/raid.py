"""Figure: a shipped raid, many drawings of it, for people who need 15, 60 and 90 seconds.

Every drawing goes through sensors, tracks and forecasts once; what is decided of them is
judged for each need. The chain has the settings it is shipped with, whatever the raid.
"""

from collections.abc import Callable
from dataclasses import replace
from math import isfinite

import numpy as np

from forewarn.bench.drawing import judged_for, region_zones
from forewarn.bench.result import Ask, Figure, Result
from forewarn.records import Zones
from forewarn.score import Judged, Score, Share, summarise
from forewarn.score.calibration import FACTOR
from forewarn.sim import raids
from forewarn.sim.raid_keys import FaultKeys, Raid

NEEDS_S = (15.0, 60.0, 90.0)
# minutes in vain of each practice over ours, at least, for each of NEEDS_S
RATIOS = {
    "barrage": {"oblast": (14.0, 4.0, 2.5), "hromada": (7.0, 2.7, 1.7)},
    "volley": {"oblast": (120.0, 30.0, 15.0), "hromada": (13.0, 4.0, 2.7)},
    "ten_missiles": {"oblast": (350.0, 280.0, 220.0), "hromada": (22.0, 17.0, 14.0)},
    "night": {"oblast": (40.0, 20.0, 12.0), "raion": (30.0, 15.0, 10.0)},
}
RATIOS["evening"] = RATIOS["night"]
# minutes in vain of ours over those of one who knows, at most
STEERING = ("night", "evening")  # raids whose paths tell more than their ends
ORACLE = {
    "barrage": (2.5, 7.0, 11.0),
    "volley": (2.5, 7.0, 11.0),
    "ten_missiles": (2.7, 3.2, 3.7),
}
CLEAR_S = {"drone": 300.0, "cruise_missile": 300.0}  # others: 180


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Draw, run and judge the raid with each seed."""
    raid = raids.load(ask.raid)
    if ask.errors != 1.0:
        raid = _erring(raid, ask.errors)
    zones = region_zones(raid)
    each = [needing(zones, need_s) for need_s in NEEDS_S]
    runs: list[list[Judged]] = []
    waits_s: list[float] = []
    for seed in range(1, ask.seeds + 1):
        drawn = raids.generate(raid, seed)
        runs.append(judged_for(f"{ask.raid}-{seed}", drawn, each, waits_s))
        progress()
    if ask.errors != 1.0:
        return _with_errors(ask, raid, runs)
    found = [figure for k in range(len(NEEDS_S)) for figure in _needed(ask.raid, runs, k)]
    p99_ms = 1e3 * float(np.percentile(waits_s, 99))
    found.append(Figure("99 % of events decided within", p99_ms, "ms", note="three times"))
    return Result(
        f"raid_{ask.raid}",
        f"Shipped raid {ask.raid}, {ask.seeds} seeds: {raid.raid.description}",
        tuple(found),
        _table(runs),
    )


def _erring(raid: Raid, errors: float) -> Raid:
    """The raid, its sensors' true errors so many times those stated."""
    return replace(raid, faults=replace(raid.faults or FaultKeys(), error_ratio=errors))


def _with_errors(ask: Ask, raid: Raid, runs: list[list[Judged]]) -> Result:
    """Who is missed where sensors are worse than they say; what it costs is only told."""
    found = []
    for k, need_s in enumerate(NEEDS_S):
        need, score = f"{need_s:.0f} s: ", summarise([run[k] for run in runs])
        found += people_figures(need, score)
        found += [
            replace(one, goal="") for one in minutes_figures(ask.raid, need, k, score)
        ]
    return Result(
        f"raid_{ask.raid}_errors",
        f"Shipped raid {ask.raid}, {ask.seeds} seeds, sensors' errors {ask.errors:g} times"
        f" those stated: {raid.raid.description}",
        tuple(found),
        _table(runs),
    )


def needing(zones: Zones, need_s: float) -> Zones:
    """The zones, if all their people needed so many seconds."""
    return replace(zones, shelter_s=np.full(len(zones.zone_id), need_s))


def _needed(name: str, runs: list[list[Judged]], k: int) -> list[Figure]:
    """The figures for people who need NEEDS_S[k]."""
    score = summarise([run[k] for run in runs])
    need = f"{NEEDS_S[k]:.0f} s: "
    found = [*people_figures(need, score), *minutes_figures(name, need, k, score)]
    for clear in score.alerts.clear_by_kind:
        goal = f"<= {CLEAR_S.get(clear.kind, 180.0):.0f}"
        label = f"{need}all clear after the truth ended, 95 %, {clear.kind}"
        found.append(Figure(label, clear.p95_s, "s", goal))
    return found + told_figures(need, score)


def held(need: str, score: Score) -> list[Figure]:
    """How often the early quantile held; it should 94 to 96 times of 100."""
    share, pairs = score.seconds.pairs_early, score.seconds.pairs
    label = f"{need}impacts after the stated 5 % quantile"
    told = share_figure(label, share, ">= 0.94", f"{pairs} pairs")
    if not pairs:
        return [told]
    low, high = (end if isfinite(end) else share.value for end in (share.low, share.high))
    outside = 100.0 * max(low - 0.96, 0.94 - high, 0.0)
    label = f"{need}points from its interval to 94-96 %"
    return [told, Figure(label, outside, "", "<= 0")]


def told_figures(need: str, score: Score) -> list[Figure]:
    """How honest and how sharp is what was stated of zones and seconds."""
    told = held(need, score)
    judged = [one for one in score.calibration if one.judged]
    if judged:
        worst = max(judged, key=lambda one: one.off)
        label = f"{need}probabilities stated, worst of {len(judged)} bins: factor off"
        note = (
            f"{worst.low:g} to {worst.high:g}: {worst.observed:.1f} of "
            f"{worst.expected:.1f} came, {worst.low_ratio:.2f}-{worst.high_ratio:.2f}"
        )
        told.append(Figure(label, worst.off, "", f"<= {FACTOR:g}", note=note))
    for area in score.sharpness:
        if area.bounded:
            label = f"{need}median 95 % area over the least, {area.kind}"
            note = f"{area.median_km2:.2f} km2, {area.bounded} threats"
            told.append(Figure(label, area.over_bound, "", "<= 1.5", note=note))
    return told


def people_figures(need: str, score: Score) -> list[Figure]:
    """Who was warned late or not at all."""
    people = score.people
    share = people.in_time_share
    low, high = 1e3 * (1.0 - share.high), 1e3 * (1.0 - share.low)
    return [
        Figure(
            f"{need}missed or late, per 1,000 who could be warned",
            1e3 * (1.0 - share.value),
            "",
            "<= 1",
            low,
            high,
            f"{people.could:,.0f} people, once per impact",
        ),
        Figure(
            f"{need}threats that reached anybody late or unwarned",
            people.failed_share.value,
            low=people.failed_share.low,
            high=people.failed_share.high,
            note=f"{people.threats_failed} of {people.threats}; Clopper-Pearson",
        ),
    ]


def minutes_figures(name: str, need: str, k: int, score: Score) -> list[Figure]:
    """What the warning of raid `name` cost people who need NEEDS_S[k]."""
    minutes = score.minutes
    found = []
    for practice in minutes.practices:
        goals = RATIOS.get(name, {}).get(practice.name)
        goal = f">= {goals[k]:g}" if goals else ""
        label = f"{need}in vain: warning the {practice.name} / ours"
        found.append(share_figure(label, practice.ratio, goal, "same timing and hold"))
    goal = f"<= {ORACLE[name][k]:g}" if name in ORACLE else ""
    label = f"{need}in vain: ours / knowing the impacts"
    found.append(share_figure(label, minutes.oracle_ratio, goal, ""))
    if name in STEERING:
        label = f"{need}in vain: ours / knowing the paths, not the dives"
        found.append(share_figure(label, minutes.path_ratio, "<= 1.5", ""))
    label = f"{need}minutes under take cover or stay per person"
    goal = "<= 20" if name == "night" else ""
    found.append(Figure(label, minutes.per_person, "min", goal))
    label = f"{need}minutes under prepare / under alert by raion"
    found.append(share_figure(label, minutes.prepare_ratio, "<= 0.2", ""))
    label = f"{need}alerts off and on again for the same threat"
    found.append(
        share_figure(label, score.alerts.same_share, "<= 0.001", "within ten minutes")
    )
    return found


def share_figure(label: str, share: Share, goal: str, note: str) -> Figure:
    """A share or ratio, with its interval."""
    return Figure(label, share.value, "", goal, share.low, share.high, note)


def _table(runs: list[list[Judged]]) -> tuple[tuple[str, ...], ...]:
    """Rows of seeds: who could be warned, who was, and what it cost the others."""
    rows: list[tuple[str, ...]] = [
        ("seed", "need s", "could be warned", "in time", "in vain, oblast / ours")
    ]
    for seed, run in enumerate(runs, start=1):
        for need_s, one in zip(NEEDS_S, run, strict=True):
            alone = summarise([one])
            rows.append(
                (
                    str(seed),
                    f"{need_s:.0f}",
                    f"{alone.people.could:,.0f}",
                    f"{alone.people.in_time_share.value:.4f}",
                    f"{alone.minutes.practices[0].ratio.value:.1f}",
                )
            )
    return tuple(rows)
