"""Whether areas hold what they state over rockets that another simulator flew.

RocketPy's rockets turn, weathercock and lift; our flight knows none of it. What a tracker
would know of each is drawn about its true state, and the weather told is not that flown
through. The drag of a rocket is its own, and only at the state in hand is it known: from
there on it is taken to go as our finned body's.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import air_at, standard_air, with_profile
from forewarn.bench.coverage import judge
from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.rocketpy_world import (
    HEIGHTS_M,
    SITE_M,
    Flown,
    Rocket,
    Weather,
    draw_rocket,
    fly_rocket,
    importable,
)
from forewarn.dynamics import drag_at, drag_table
from forewarn.errors import ConfigError
from forewarn.flight import level_ground
from forewarn.forecast import ForecastParams
from forewarn.forecast.falling import falling_futures
from forewarn.geodesy import FloatArray, enu_from_ecef, geographic_from_ecef
from forewarn.records import BoolArray
from forewarn.score.statistics import exact_interval

FLIGHTS = 200
MOMENTS = ("2 s after burn-out", "2 s after the top")
STATED = (0.5, 0.95, 0.99)
SIGMA = np.array([*[15.0] * 3, *[3.0] * 3, 0.1])  # of a track of ten seconds or so
WIND_MPS, DENSITY = 3.0, 0.02  # errors of the weather that is told, one sigma
BREEZE_MPS = 4.0  # of the wind near the ground, each way; three times that above 10 km
SEED = 20261125


class Known(NamedTuple):
    """One flight: the air that is told of it, what is known at each moment, what it did."""

    air: FloatArray
    mean: FloatArray
    flown: Flown


def draw_flight(number: int) -> Known:
    """The same number, the same flight."""
    rng = np.random.default_rng([SEED, number])
    rocket = draw_rocket(rng)
    stronger = np.interp(HEIGHTS_M, [0.0, 10e3], [1.0, 3.0])
    told = np.outer(stronger, BREEZE_MPS * rng.standard_normal(2))
    wind = told + WIND_MPS * rng.standard_normal(2)
    flown = fly_rocket(rocket, Weather(wind, 1.0 + DENSITY * rng.standard_normal()))
    air = with_profile(standard_air(), HEIGHTS_M, told)
    true = np.array([[*state, ln_beta_now(rocket, state, air)] for state in flown.state])
    return Known(air, true + SIGMA * rng.standard_normal(true.shape), flown)


def ln_beta_now(rocket: Rocket, state: FloatArray, air: FloatArray) -> float:
    """Of our finned curve, so that it brakes as the rocket itself does now."""
    lat, lon, height_m = geographic_from_ecef(*state[:3])
    _, slowness, east, north = air_at(air, height_m)
    moves = enu_from_ecef(lat, lon) @ state[3:] - np.array([east, north, 0.0])
    mach = float(np.linalg.norm(moves)) * slowness
    own = float(np.interp(mach, *np.array(rocket.curve).T)) * rocket.area_m2
    return float(np.log(drag_at(drag_table(), mach) * rocket.mass_kg / own))


def judge_flight(known: Known, params: ForecastParams) -> tuple[FloatArray, FloatArray]:
    """(moments,) each, as `coverage.judge`."""
    flown, moments = known.flown, len(MOMENTS)
    futures = falling_futures(
        known.mean,
        np.tile(np.diag(SIGMA**2), (moments, 1, 1)),
        flown.time_s,
        params.fall_noise,
        level_ground(SITE_M),
        known.air,
        drag_table(),
    )
    ends = np.full(moments, flown.end_s), np.tile(flown.end_rad, (moments, 1))
    return judge(futures, *ends, params)


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """FLIGHTS flights, each forecast twice."""
    if not importable():
        raise ConfigError("bench sixdof: needs RocketPy: pip install forewarn[peers]")
    share, before = np.empty((2, FLIGHTS, len(MOMENTS)))
    for number in range(FLIGHTS):
        share[number], before[number] = judge_flight(draw_flight(number), ForecastParams())
        progress()
    figures = []
    for k, moment in enumerate(MOMENTS):
        for stated in STATED:
            inside = share[:, k] <= stated
            figures += _figures(f"{moment}: {100 * stated:.0f} % areas", inside, stated)
        timely = np.abs(before[:, k] - 0.5) <= 0.45
        figures += _figures(f"{moment}: middle 90 % of times", timely, 0.9)
    return Result(
        "sixdof", "Areas against rockets flown by RocketPy in 6 degrees", tuple(figures)
    )


def _figures(label: str, inside: BoolArray, stated: float) -> list[Figure]:
    held, of = int(inside.sum()), len(inside)
    low, high = (100 * end for end in exact_interval(held, of))
    told = Figure(f"{label} hold", 100 * held / of, "%", low=low, high=high)
    if stated != 0.95:
        return [told]
    outside = max(low - 96.0, 94.0 - high, 0.0)
    return [
        told,
        Figure(
            f"{label}: points from their interval to 94-96 %",
            outside,
            "",
            "<= 0",
            note=f"{of} flights",
        ),
    ]
