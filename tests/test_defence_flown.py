"""A simulated defence that flies with the full chain: who is engaged, and what falls."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forewarn.bench.defended import Defended, defended, undefended
from forewarn.bench.drawing import region_zones
from forewarn.records import AlertState, Zones
from forewarn.score import Judged
from forewarn.sim import raids
from forewarn.sim.defence import Battery, Debris, Doctrine, Layer, Odds, Timing
from forewarn.sim.defence.sky import Sky
from forewarn.sim.raid_keys import Raid, RegionKeys, SalvoKeys

SEED, ROCKETS, STRAY = 5, 6, 3
HEATH = (56.33, 9.05)  # no town within 4 km


def raid() -> Raid:
    """An invented raid: one salvo at Viborg, one that comes down in open country."""
    demo = raids.load("demo")
    town = SalvoKeys(
        aim_lat_deg=56.4532, aim_lon_deg=9.402, range_km=45, from_deg=100, count=ROCKETS
    )
    heath = replace(
        town, aim_lat_deg=HEATH[0], aim_lon_deg=HEATH[1], count=STRAY, start_s=10.0
    )
    heath = replace(heath, spread_m=100.0)
    region = RegionKeys("Exercise heath", 56.40, 9.25, 30.0)
    return replace(demo, region=region, salvos=(town, heath), drones=())


def layer(odds: float, magazine: int = 20) -> Layer:
    """An invented one."""
    return Layer(
        "inner",
        Odds(odds, "round"),
        Timing(window_s=40.0, cycle_s=5.0, ends_s=3.0),
        (Battery("B1", 25.0, 6, magazine, place="Viborg", unit_cost=50_000.0),),
        debris=Debris(share=1.0),
    )


@cache
def zones() -> Zones:
    return region_zones(raid())


@cache
def alone() -> Judged:
    return undefended(raid(), SEED, zones())


@cache
def run(odds: float, magazine: int = 20) -> Defended:
    return defended(raid(), SEED, zones(), (layer(odds, magazine),), Doctrine())
