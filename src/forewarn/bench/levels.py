"""Figure: full chain and policy level on the very same raids, and how fast one is flown."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from forewarn.bench.pair import Pair, fly_all, raid_of
from forewarn.bench.result import Ask, Figure, Result
from forewarn.sim import raids
from forewarn.sim.studies.keys import Scenario
from forewarn.sim.studies.reading import read_study

EXAMPLE = Path("two_levels")
BARRAGE, BARRAGES = "barrage", 5


def _speed(scenario: Scenario) -> Figure:
    """How fast the full chain is flown, defence, people and books included."""
    pair = Pair(scenario, raids.load(BARRAGE))
    assert pair.world.raster.columns  # made before the clock runs
    paces = []
    for seed in range(1, BARRAGES + 1):
        before = time.process_time()
        drawn = pair.fly(seed).drawn
        spent = time.process_time() - before
        scans = drawn.scans
        paces.append((scans[-1].begins_s - scans[0].begins_s) / spent)
    return Figure(
        "full chain, 200 rockets: times as fast as real time",
        median(paces),
        "",
        ">= 20",
        note=f"{BARRAGE}, median of {BARRAGES} drawings, drawing and judging included",
    )


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """The shipped scenario at both levels."""
    study = read_study(EXAMPLE)
    pair = Pair(study.scenario, raid_of(study.path, study.scenario))
    found = pair.levels(*fly_all(pair, ask.seeds, progress))
    figures = [
        Figure(
            f"{one.name}, policy level / full chain",
            one.policy / one.full,
            low=(one.full + one.apart - one.half) / one.full,
            high=(one.full + one.apart + one.half) / one.full,
            note=f"{one.full:,.1f} in the full chain",
        )
        for one in found.compared
    ]
    agreed = float(sum(one.agrees for one in found.compared))
    goal = f">= {len(found.compared)}"
    figures.append(Figure("measures that agree within their intervals", agreed, "", goal))
    figures.append(_speed(study.scenario))
    progress()
    return Result(
        "levels",
        f"Two levels, {ask.seeds // 2} drawings of {pair.raid.raid.name} to calibrate and "
        f"as many to compare",
        tuple(figures),
    )
