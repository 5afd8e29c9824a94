"""Figure: what a raid's warning costs as its errors are taken away, one after another.

The settings of the decision are those shipped, at every level. What is taken away: first,
and alone, the bodies that begin to tumble on their way. Then, tumbling again, all error of
place and velocity, the time until tracks are told, and until it is known that something
came down; then the doubt how heavy a body is for its size before drag shows it; then that
of the wind, or of the way ahead of what steers itself. What is left then is owed to bodies
that tumble, to dives that nobody foresees, and to what our costs say is worth an alert.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air, with_profile
from forewarn.bench.drawing import Foresees, default_chain, judged_for, region_zones
from forewarn.bench.known import (
    STEERED,
    KnownChain,
    KnownForecaster,
    KnownTracks,
    bodies,
)
from forewarn.bench.raid import (
    NEEDS_S,
    RATIOS,
    minutes_figures,
    needing,
    people_figures,
    told_figures,
)
from forewarn.bench.result import Ask, Figure, Result
from forewarn.dynamics import drag_table
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.records import Zones
from forewarn.score import Judged, summarise
from forewarn.score.reading import make_case
from forewarn.sim import raids
from forewarn.sim.faults import told_wind
from forewarn.sim.raid_keys import FaultKeys, Generated, Raid

CALM = ForecastParams(wind_sigma_mps=0.05, density_sigma=0.001)


SHIPPED = "as shipped"


class Level(NamedTuple):
    """A chain, and what reaches it."""

    name: str
    drawn: Generated
    chain: Foresees


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each drawing, led through the chain of each level."""
    raid = raids.load(ask.raid)
    zones = region_zones(raid)
    each = [needing(zones, need_s) for need_s in NEEDS_S]
    runs: dict[str, list[list[Judged]]] = {}
    for seed in range(1, ask.seeds + 1):
        for level in levels(raid, seed, zones):
            name = f"{ask.raid}-{seed}"
            found = judged_for(name, level.drawn, each, chain=level.chain)
            runs.setdefault(level.name, []).append(found)
            progress()
    figures = []
    for k, need_s in enumerate(NEEDS_S):
        for name, some in runs.items():
            figures += _figures(ask.raid, f"{need_s:.0f} s, {name}: ", k, some)
        figures += _most(ask.raid, f"{need_s:.0f} s, impacts known: ", k, runs[SHIPPED])
    return Result(
        f"limits_{ask.raid}",
        f"What limits raid {ask.raid}, {ask.seeds} seeds: its errors taken away",
        tuple(figures),
    )


def levels(raid: Raid, seed: int, zones: Zones) -> Iterator[Level]:
    """As shipped, and with ever less that is not known."""
    whole = raids.draw(raid, seed)
    drawn, air = whole.told(), standard_air()
    faults = replace(raid.faults or FaultKeys(), wind_error_mps=0.0)
    true = told_wind(raid.raid.wind_mps, whole.start_s, faults, np.random.default_rng(0))
    blown = with_profile(air, true.height_m, true.wind_mps)
    case = make_case(raid.raid.name, drawn.truth, zones, drawn.sensors, (), np.inf)
    threats = bodies(whole.flyers, case, blown, drag_table())

    def known(forecaster: Forecaster, beforehand: bool = True) -> KnownChain:
        return KnownChain(KnownTracks(threats, beforehand), forecaster, zones)

    def shipped() -> Forecaster:
        return Forecaster(air, zones, ForecastParams())

    yield Level(SHIPPED, drawn, default_chain(drawn.sensors, zones))
    if raid.faults and raid.faults.tumble_share > 0.0:
        sound = replace(raid, faults=replace(raid.faults, tumble_share=0.0))
        told = raids.generate(sound, seed)
        yield Level("nothing tumbles", told, default_chain(told.sensors, zones))
    yield Level("tracks known, drag not before it is felt", drawn, known(shipped(), False))
    yield Level("tracks known", drawn, known(shipped()))
    if any(body.kind in STEERED for body in threats):
        ways = KnownForecaster(air, zones, ForecastParams(), threats)
        yield Level("tracks and ways ahead known", drawn, known(ways))
    else:
        calm = replace(drawn, told=(true,))
        yield Level("tracks and wind known", calm, known(Forecaster(air, zones, CALM)))


def _figures(raid: str, head: str, k: int, runs: list[list[Judged]]) -> list[Figure]:
    """The figures for people who need NEEDS_S[k]: those of `raid` that have a goal."""
    score = summarise([run[k] for run in runs])
    told = [*minutes_figures(raid, head, k, score), *told_figures(head, score)]
    return people_figures(head, score) + [one for one in told if one.goal]


def _most(raid: str, head: str, k: int, runs: list[list[Judged]]) -> list[Figure]:
    """What nobody can surpass: practice over one who knew every impact beforehand."""
    minutes = summarise([run[k] for run in runs]).minutes
    return [
        Figure(
            f"{head}in vain: warning the {one.name} / theirs",
            one.ratio.value * minutes.oracle_ratio.value,
            goal=f">= {RATIOS[raid][one.name][k]:g}",
            note="our delay, margin and hold",
        )
        for one in minutes.practices
        if one.name in RATIOS.get(raid, {})
    ]
