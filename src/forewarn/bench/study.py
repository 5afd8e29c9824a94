"""Figure: studies on one core: raids a second, what a difference costs; beside SimPy."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.simpy_raid import Raid
from forewarn.geodesy import FloatArray
from forewarn.sim.studies.keys import Scenario
from forewarn.sim.studies.measures import AVERAGED
from forewarn.sim.studies.parts import BLOCK, Crew
from forewarn.sim.studies.plan import Plan
from forewarn.sim.studies.reading import Study, read_study
from forewarn.sim.studies.running import run_study

EXAMPLE = Path("two_layers")  # a hundred rockets a raid
OURS, THEIRS = 40_000, 800  # runs
TURNS = 5  # in which both do a part of theirs
FEW = 200  # raids of all policies; the figure is scaled to ASKED
ASKED = 10_000
SHARED = ("fired", "leakers", "rounds", "unsheltered", "needless")
SWEEP = {
    "policy.warning.zone_km": [1.8, 3.6, 9.2],
    "policy.warning.radius_km": [2.0, 3.0, 4.0],
    "policy.warning.lead_s": [30.0, 45.0, 60.0],
    "policy.defence.salvo": [1, 2],
    "policy.defence.looks": [1, 2],
    "policy.defence.engage": ["populated_only", "all"],
    "layer.inner.p_intercept.mean": [0.80, 0.85],
}


@dataclass(frozen=True, slots=True)
class Question:
    """By how much a measure differs between two policies."""

    name: str
    metric: str
    one: tuple[tuple[str, Any], ...]
    other: tuple[tuple[str, Any], ...]


LOOKS, SALVO = "policy.defence.looks", "policy.defence.salvo"
# fixed before anything was measured
QUESTIONS = (
    Question(
        "look and shoot again, or two at once: leakers",
        "leakers",
        ((LOOKS, 2), (SALVO, 1)),
        ((LOOKS, 1), (SALVO, 2)),
    ),
    Question(
        "odds of 0.85 or 0.80: leakers",
        "leakers",
        (("layer.inner.p_intercept.mean", 0.85),),
        (("layer.inner.p_intercept.mean", 0.80),),
    ),
    Question(
        "within 3 or 4 km: people alerted in vain",
        "needless",
        (("policy.warning.radius_km", 3.0),),
        (("policy.warning.radius_km", 4.0),),
    ),
    Question(
        "engage all, or what heads for places: leakers",
        "leakers",
        (("policy.defence.engage", "all"),),
        (("policy.defence.engage", "populated_only"),),
    ),
    Question(
        "told 30 or 60 s ahead: people in the open",
        "unsheltered",
        (("policy.warning.lead_s", 30.0),),
        (("policy.warning.lead_s", 60.0),),
    ),
)


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Speed and agreement; five questions; many policies."""
    study = read_study(EXAMPLE)
    _play(Plan([study.set_to(())]), 0, 10)  # compiling is no part of any figure
    figures = _speed(study)
    progress()
    rows: list[tuple[str, ...]] = [
        ("question", "difference", "times less, paired", "times less CPU")
    ]
    gains = []
    for question in QUESTIONS:
        gain, row = _ask(study, question)
        gains.append(gain)
        rows.append(row)
        progress()
    figures.append(
        Figure(
            "CPU for the same interval on a difference, times less",
            median(gains),
            "",
            ">= 1000",
            note="median of five questions, SimPy with independent seeds",
        )
    )
    figures.append(_sweep(study))
    return Result(
        "study",
        "Studies at policy level, one core: fifteen towns, eight batteries, 100 threats",
        tuple(figures),
        tuple(rows),
    )


def _speed(study: Study) -> list[Figure]:
    """One policy, beside SimPy on the same model in this very process.

    Both by turns, so that what else the machine does slows both; the middle turn counts.
    """
    base = study.set_to(())
    plan, ours, theirs, paces, times = Plan([base]), [], [], [], []
    for turn in range(TURNS):
        (own, *_), our_s = _play(plan, turn * OURS // TURNS, (turn + 1) * OURS // TURNS)
        other, their_s = _simpy(base, turn * THEIRS // TURNS, (turn + 1) * THEIRS // TURNS)
        ours.append(own)
        theirs.append(other)
        paces.append(len(own) / our_s)
        times.append(paces[-1] / (len(other) / their_s))
    one, two = np.concatenate(ours), np.concatenate(theirs)
    off = [_off(one[:, k], two[:, k]) for k in range(len(SHARED))]
    return [
        Figure(
            "raids a second, one policy",
            median(paces),
            "/s",
            ">= 25000",
            note=f"{one[:, 0].mean():.1f} threats a raid, drawing included",
        ),
        Figure(
            "times as fast as SimPy",
            median(times),
            "",
            ">= 100",
            note=f"SimPy: {median(paces) / median(times):.0f} raids/s; the same model and "
            f"process, {TURNS} turns each, {min(times):.0f} to {max(times):.0f}",
        ),
        Figure(
            "furthest apart of five means",
            max(abs(one) for one in off),
            "standard errors",
            "<= 4",
            note="against SimPy: " + ", ".join(SHARED),
        ),
    ]


def _play(plan: Plan, begin: int, end: int) -> tuple[list[FloatArray], float]:
    """Measures of every policy, and processor seconds; runs from begin up to end."""
    columns = [AVERAGED.index(name) for name in SHARED]
    found = [np.empty((end - begin, len(SHARED))) for _ in plan.policies]
    before = time.process_time()
    for first in range(begin, end, BLOCK):
        last = min(first + BLOCK, end)
        drawn = plan.draw(first, last)
        for own, policy in zip(found, plan.policies, strict=True):
            played = plan.play(policy, drawn, first)[0]
            own[first - begin : last - begin] = played[:, columns]
    return found, time.process_time() - before


def _simpy(scenario: Scenario, begin: int, end: int) -> tuple[FloatArray, float]:
    plan = Plan([scenario])
    before = time.process_time()
    found = [Raid(plan, scenario, seed).run() for seed in range(begin, end)]
    spent = time.process_time() - before
    return np.array([[one[name] for name in SHARED] for one in found]), spent


def _off(ours: FloatArray, theirs: FloatArray) -> float:
    """Standard errors between two means."""
    error = sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    return float((ours.mean() - theirs.mean()) / error)


def _ask(study: Study, question: Question) -> tuple[float, tuple[str, ...]]:
    """How much less CPU the same interval takes; the row of the table.

    Theirs: both policies with seeds of their own, so that variances add up. Ours: both on
    the same raids. Variances are those of our runs, which are many; CPU is each one's own.
    """
    both = [study.set_to(question.one), study.set_to(question.other)]
    (one, other), our_s = _play(Plan(both), 0, OURS)
    k = SHARED.index(question.metric)
    apart = one[:, k] - other[:, k]
    alone = one[:, k].var() + other[:, k].var()
    few = THEIRS // 8
    their_s = sum(_simpy(scenario, 0, few)[1] for scenario in both) / few
    paired = float(alone / apart.var())
    gain = paired * their_s / (our_s / OURS)
    half = 1.96 * apart.std() / sqrt(OURS)
    told = f"{apart.mean():,.4g} ± {half:.2g}"
    return gain, (question.name, told, f"{paired:.1f}", f"{gain:,.0f}")


def _sweep(study: Study) -> Figure:
    """Minutes that ASKED raids of every policy of SWEEP would take."""
    lines = [
        f'"{key}" = {str(values).replace(chr(39), chr(34))}'
        for key, values in SWEEP.items()
    ]
    text = study.path.read_text(encoding="utf-8").split("[sweep]")[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.toml"
        path.write_text(text + "[sweep]\n" + "\n".join(lines), encoding="utf-8")
        asked = read_study(path)
        keys = replace(asked.scenario.study, runs=FEW)
        few = replace(
            asked,
            scenario=replace(asked.scenario, study=keys),
            ends=(),
        )
        before = time.process_time()
        found = run_study(few, Path(folder) / "out", Crew(), lambda *_: None)
        spent = time.process_time() - before
    return Figure(
        f"{len(asked.variants)} policies x {ASKED:,} raids",
        spent / found.runs * ASKED / 60.0,
        "min",
        "<= 3",
        note=f"{FEW} raids of each measured, files included, and scaled",
    )
