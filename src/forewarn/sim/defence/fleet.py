"""Layers and rule as arrays, for the kernel; what a fleet has left."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.stats import beta

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.sim.defence.model import Battery, Doctrine, Layer, Odds

STEPS = 4096  # of the table out of which odds are drawn
NOTHING, POPULATED_ONLY, ALL = range(3)
_ENGAGE = {"nothing": NOTHING, "populated_only": POPULATED_ONLY, "all": ALL}


class Fleet(NamedTuple):
    """Batteries (b,) ordered by layer, layers (l,).

    first      : (l + 1,) first battery of each layer
    at_km      : (b, 2) east, north
    quantile   : (l, STEPS + 1) of the probability that an engagement succeeds
    per_round  : whether that is of a round, or of all rounds between two looks
    exponential: whether cycles are, or constant
    """

    first: IntArray
    at_km: FloatArray
    footprint_km: FloatArray
    channels: IntArray
    magazine: IntArray
    reload_s: FloatArray
    stock: IntArray
    unit_cost: FloatArray
    quantile: FloatArray
    per_round: BoolArray
    down: FloatArray
    window_s: FloatArray
    cycle_s: FloatArray
    ends_s: FloatArray
    exponential: BoolArray
    debris_share: FloatArray
    debris_km: FloatArray


class Rule(NamedTuple):
    """`Doctrine`, for the kernel."""

    engage: int
    margin_km: float
    salvo: int
    looks: int
    alive_called_dead: float
    dead_called_alive: float
    reserve: int
    reserve_people: float


class Left(NamedTuple):
    """What batteries (b,) have left, and when they, and each channel, are ready again.

    rounds, stock : in the magazine and behind it
    ready_s       : when a magazine that ran empty is full again; inf = never
    free_s        : (b, channels)
    """

    rounds: IntArray
    stock: IntArray
    ready_s: FloatArray
    free_s: FloatArray


def rule_of(doctrine: Doctrine) -> Rule:
    return Rule(
        _ENGAGE[doctrine.engage],
        doctrine.margin_km,
        doctrine.salvo,
        doctrine.looks,
        doctrine.alive_called_dead,
        doctrine.dead_called_alive,
        doctrine.reserve,
        doctrine.reserve_people,
    )


def fleet_of(
    layers: Sequence[Layer], site_km: Callable[[Battery], tuple[float, float]]
) -> Fleet:
    """site_km: where a battery stands, east and north."""
    batteries = [battery for layer in layers for battery in layer.battery]

    def whole(name: str) -> IntArray:
        return np.array([getattr(one, name) for one in batteries], np.int64)

    def real(name: str) -> FloatArray:
        return np.array([getattr(one, name) for one in batteries], np.float64)

    times = [layer.timing_s for layer in layers]
    return Fleet(
        first=np.cumsum([0, *(len(layer.battery) for layer in layers)], dtype=np.int64),
        at_km=np.array([site_km(one) for one in batteries], np.float64).reshape(-1, 2),
        footprint_km=real("footprint_km"),
        channels=whole("channels"),
        magazine=whole("magazine"),
        reload_s=real("reload_s"),
        stock=whole("stock"),
        unit_cost=real("unit_cost"),
        quantile=np.array([_quantiles(one.p_intercept) for one in layers]).reshape(
            -1, STEPS + 1
        ),
        per_round=np.array(
            [one.p_intercept.denominator == "round" for one in layers], bool
        ),
        down=np.array([one.common_mode_down for one in layers]),
        window_s=np.array([one.window_s for one in times]),
        cycle_s=np.array([one.cycle_s for one in times]),
        ends_s=np.array([one.ends_s for one in times]),
        exponential=np.array([one.cycle == "exponential" for one in times], bool),
        debris_share=np.array([one.debris.share for one in layers]),
        debris_km=np.array([one.debris.spread_km for one in layers]),
    )


@lru_cache(maxsize=1000)
def _quantiles(odds: Odds) -> FloatArray:
    if odds.sd == 0.0:
        return np.full(STEPS + 1, odds.mean)
    both = odds.mean * (1.0 - odds.mean) / odds.sd**2 - 1.0
    shares = np.linspace(0.0, 1.0, STEPS + 1)
    return np.asarray(beta.ppf(shares, odds.mean * both, (1.0 - odds.mean) * both))


def full(fleet: Fleet) -> Left:
    """Magazines full, channels free."""
    most = int(fleet.channels.max(initial=1))
    return Left(
        fleet.magazine.copy(),
        fleet.stock.copy(),
        np.full(len(fleet.magazine), np.inf),
        np.full((len(fleet.magazine), most), -np.inf),
    )
