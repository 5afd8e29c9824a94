"""A year of raids runs through, and its books are exact. `make endurance` plays many."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forewarn.sim.studies import measures
from forewarn.sim.studies.measures import AVERAGED
from forewarn.sim.studies.plan import Plan
from forewarn.sim.studies.reading import read_study
from study_twin import Twin

YEARS = int(os.environ.get("FOREWARN_YEARS", "2"))
ROCKETS, DRONES = 20_000, 10_000


def column(values: np.ndarray, name: str) -> np.ndarray:
    return values[:, AVERAGED.index(name)]


def test_a_year_of_raids_keeps_exact_books() -> None:
    study = read_study(Path("year"))
    plan = Plan([one.scenario for one in study.variants])
    sites = study.scenario.layer[0].battery
    magazines = sum(one.magazine for one in sites)
    for year in range(YEARS):
        drawn = plan.draw(year, year + 1)
        assert len(drawn.time_s) == ROCKETS + DRONES
        for policy in plan.policies:
            values, heat = plan.play(policy, drawn, year)
            assert column(values, "fired")[0] == ROCKETS + DRONES
            # every round was in a magazine or put there, and was fired or is left
            rounds, left = column(values, "rounds")[0], column(values, "rounds_left")[0]
            assert magazines + column(values, "reloaded")[0] == rounds + left
            assert rounds == values[0, measures.WIDTH]  # one layer
            assert column(values, "rounds_cost")[0] == 50_000 * rounds
            assert (
                rounds >= column(values, "engaged")[0] >= column(values, "intercepted")[0]
            )
            exposed = column(values, "exposed")[0]
            assert heat.sum() == pytest.approx(exposed, rel=1e-9)
            assert 0 < column(values, "unsheltered")[0] < exposed
            alerted, vain = column(values, "alerted")[0], column(values, "needless")[0]
            assert alerted - exposed <= vain <= alerted


def test_stock_of_a_year_runs_out_and_no_further(tmp_path: Path) -> None:
    study = read_study(Path("year"))
    layer = study.scenario.layer[0]
    few = tuple(replace(one, stock=300) for one in layer.battery)
    scenario = replace(study.scenario, layer=(replace(layer, battery=few),))
    plan = Plan([scenario])
    values, _ = plan.play(plan.policies[0], plan.draw(0, 1), 0)
    assert column(values, "rounds")[0] <= 2 * (20 + 300)
    assert column(values, "reloaded")[0] <= 600
    assert column(values, "ran_dry")[0] == 1.0


def test_weeks_of_raids_are_those_of_the_twin() -> None:
    """Fatigue, recovery, refilling, night: everything that one raid leaves to the next."""
    study = read_study(Path("year"))
    keys = study.scenario.campaign
    raids = tuple(
        replace(one, count=replace(one.count, mean=one.count.mean / 5))
        for one in study.scenario.raid
    )
    variants = [
        replace(one.scenario, campaign=replace(keys, raids=20), raid=raids)
        for one in study.variants
    ]
    plan = Plan(variants)
    drawn = plan.draw(0, 1)
    for row, scenario in enumerate(variants):
        ours = plan.play(plan.policies[row], drawn, 0)[0][0]
        told = Twin(plan, scenario, row).runs(drawn, 0)[0]
        for k, name in enumerate(AVERAGED):
            assert ours[k] == pytest.approx(told[name], rel=1e-9), name


def test_people_warned_for_all_tire_more(tmp_path: Path) -> None:
    """Everyone told each time: fewer of them still go, after a year."""
    study = read_study(Path("year"))
    tireless = [
        replace(
            one.scenario, people=replace(one.scenario.people, fatigue_per_false_alert=0.0)
        )
        for one in study.variants
    ]
    plan, fresh = Plan([one.scenario for one in study.variants]), Plan(tireless)
    drawn = plan.draw(0, 3)
    lost = []
    for own, other in zip(plan.policies, fresh.policies, strict=True):
        tired = column(plan.play(own, drawn, 0)[0], "unsheltered").sum()
        lost.append(tired / column(fresh.play(other, drawn, 0)[0], "unsheltered").sum())
    assert 1.0 < lost[0] < lost[1]
