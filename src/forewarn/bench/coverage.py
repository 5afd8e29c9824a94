"""Whether areas hold what they state: bodies of six families, flown in the world of `sim`.

What a tracker would know of each is drawn about its true state, and winds and, for bodies
that tumble, pulls to the side are drawn for the flight; nothing of it is shared with the
forecast but the drag curve. An area is as sharp as it may be when it is no larger than
that of the linear covariance of all these doubts at the ground, which nobody who knows no
more can beat (Cramer-Rao).
"""

from collections.abc import Callable
from math import log, pi
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.result import Ask, Figure, Result
from forewarn.dynamics import drag_curve
from forewarn.flight import fall, level_ground
from forewarn.forecast import ForecastParams
from forewarn.forecast.areas import (
    Spread,
    area_m2,
    levels,
    over_places,
    shares_at,
    spread,
)
from forewarn.forecast.falling import falling_futures
from forewarn.geodesy import (
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)
from forewarn.sim.world import FINNED, LIFT_S, tumble

LAT, LON = np.radians(47.0), np.radians(11.0)
BODIES = 10_000  # of each family
MEASURED = 100  # of them have their areas measured
AT_ONCE = 500  # bodies flown together: their paths fill the memory
WIND_MPS = 3.0
STATED = (0.5, 0.95, 0.99)
SEED = 20261125
# what pulls real wrecks aside, as a share of their drag, and how long it lasts
LIFT, LIFT_LASTS_S = 0.35, 10.0
WALK = 0.05  # of ln beta while a body tumbles, per sqrt(s)
NUDGE = np.array([*[10.0] * 3, *[1.0] * 3, 0.02, *[0.5] * 2, *[0.02] * 3])


class Family(NamedTuple):
    """Bodies alike: height m, speed m/s, angles (rad) up and clockwise from north, beta,
    whether they tumble, and what is known: sigmas of place m, velocity m/s, ln beta."""

    name: str
    height_m: float
    speed_mps: float
    up: float
    azimuth: float
    beta: float
    tumbles: bool
    sigma: tuple[float, float, float]

    def bodies(self, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, 7) Earth-fixed states and ln beta: alike, and no two the same."""
        up = self.up + 0.05 * rng.standard_normal(count)
        azimuth = self.azimuth + 0.05 * rng.standard_normal(count)
        speed = self.speed_mps * np.exp(0.05 * rng.standard_normal(count))
        flat, rise = np.cos(up), np.sin(up)
        way = np.stack([flat * np.sin(azimuth), flat * np.cos(azimuth), rise], axis=1)
        place = np.tile(ecef_from_geographic(LAT, LON, self.height_m), (count, 1))
        ln_beta = log(self.beta) + 0.1 * rng.standard_normal(count)
        velocity = speed[:, None] * way @ enu_from_ecef(LAT, LON)
        return np.column_stack([place, velocity, ln_beta])


FAMILIES = (
    Family("rocket, 60 s", 3e3, 530.0, 0.66, 1.6, 4000.0, False, (30.0, 10.0, 0.2)),
    Family("light rocket, beta 500", 3e3, 530.0, 0.66, 1.6, 500.0, True, (30.0, 10.0, 0.2)),
    Family("wreck, beta 600", 2e3, 100.0, -0.1, 0.5, 600.0, True, (20.0, 5.0, 0.2)),
    Family("debris, beta 40", 3e3, 60.0, 0.3, 2.5, 40.0, True, (20.0, 5.0, 0.2)),
    Family("300 km class", 30e3, 1700.0, 0.79, 1.0, 8000.0, False, (50.0, 10.0, 0.2)),
    Family("fireball", 18e3, 3100.0, -1.19, 1.44, 1500.0, False, (50.0, 10.0, 0.2)),
)


class Drawn(NamedTuple):
    """What is known of each body, (n, 7) and (7, 7), and where and when it came down."""

    known: FloatArray
    cov: FloatArray
    time_s: FloatArray
    place_rad: FloatArray


def draw(family: Family, count: int, seed: int) -> Drawn:
    """`count` bodies of a family: what is known of each, and what it truly was and did."""
    rng = np.random.default_rng([seed, FAMILIES.index(family)])
    sigma = np.repeat(family.sigma[:2], 3)
    cov = np.diag(np.append(sigma, family.sigma[2]) ** 2)
    known = family.bodies(count, rng)
    true = known + rng.standard_normal((count, 7)) * np.sqrt(np.diag(cov))
    time_s, place = np.empty(count), np.empty((count, 2))
    longest_s = 1.3 * np.nanmax(_fly(true, np.zeros((count, 2)))[:, 0]) + 10.0
    turns = int(longest_s / LIFT_S) + 1
    for first in range(0, count, AT_ONCE):
        rows = slice(first, min(first + AT_ONCE, count))
        n = rows.stop - first
        wind = WIND_MPS * rng.standard_normal((n, 2))
        lift, more_drag = np.zeros((n, turns, 3)), np.zeros((n, turns))
        if family.tumbles:
            lift = _pulls(n, turns, rng)
            step = WALK * np.sqrt(LIFT_S)
            more_drag = np.cumsum(step * rng.standard_normal((n, turns)), axis=1)
        time_s[rows], place[rows] = tumble(
            true[rows, :6].copy(), np.exp(true[rows, 6]), wind, lift, more_drag, longest_s
        )
    return Drawn(known, cov, time_s, place)


def _pulls(n: int, turns: int, rng: np.random.Generator) -> FloatArray:
    """(n, turns, 3) lift over drag that forgets itself over LIFT_LASTS_S."""
    keep = np.exp(-LIFT_S / LIFT_LASTS_S)
    out = np.empty((n, turns, 3))
    out[:, 0] = LIFT * rng.standard_normal((n, 3))
    for k in range(1, turns):
        fresh = LIFT * np.sqrt(1.0 - keep**2) * rng.standard_normal((n, 3))
        out[:, k] = keep * out[:, k - 1] + fresh
    return out


def _fly(whole: FloatArray, gust: FloatArray) -> FloatArray:
    return fall(
        np.ascontiguousarray(whole[:, :6]),
        np.ascontiguousarray(whole[:, 6]),
        gust,
        level_ground(0.0),
        standard_air(),
        drag_curve(*FINNED),
    )


class Held(NamedTuple):
    """Share of the smallest area that reached to each body (n,), and of the times before
    it; median area (m2) that holds 95 %, and that of the linear covariance."""

    share: FloatArray
    before: FloatArray
    area_m2: float
    bound_m2: float


def hold(family: Family, drawn: Drawn, params: ForecastParams) -> Held:
    """Forecasts of every body, held against where and when it came down."""
    n = len(drawn.known)
    futures = falling_futures(
        drawn.known,
        np.tile(drawn.cov, (n, 1, 1)),
        np.zeros(n),
        # their drag curve is known
        params.fall_noise._replace(unseen=0.0),
        level_ground(0.0),
        standard_air(),
        drag_curve(*FINNED),
    )
    share, before = judge(futures, drawn.time_s, drawn.place_rad, params)
    few = [_spread_of(parts, params) for parts in futures[:: max(n // MEASURED, 1)]]
    area = [area_m2(one, float(levels(one, (0.95,))[0])) for one in few]
    return Held(share, before, float(np.median(area)), _bound_m2(family, drawn))


def judge(
    futures: FloatArray, time_s: FloatArray, place_rad: FloatArray, params: ForecastParams
) -> tuple[FloatArray, FloatArray]:
    """Share of the smallest area that reaches to where each body came down (n,), and of
    the stated times that lie before it did.

    futures : (n, PARTS, 10) as of `falling_futures`, each with its wider twin
    """
    # takes a second to import, and only figures need it
    from scipy.special import ndtr

    share, before = _share_of_one(futures[:, 0], place_rad, params), np.zeros(len(futures))
    for k in np.flatnonzero(futures[:, 1, 0] > 0.0):
        share[k] = shares_at(_spread_of(futures[k], params), place_rad[k])[0]
    for part in range(futures.shape[1]):
        weight, _, _, *cov, mean_s, slope_e, slope_n, rest_s = futures[:, part].T
        slope = np.stack([slope_e, slope_n], axis=1)
        sigma = np.sqrt(over_places(np.stack(cov, axis=1), slope, rest_s))
        before += weight * ndtr((time_s - mean_s) / np.maximum(sigma, 1e-9))
    return share, before


def _share_of_one(
    future: FloatArray, place_rad: FloatArray, params: ForecastParams
) -> FloatArray:
    """(n,) of bodies that have one future (n, 10) each, and its twin: exact."""
    scale = np.array(metres_per_radian(float(future[0, 1])))
    north, east = ((place_rad - future[:, 1:3]) * scale).T
    ee, en, nn = future[:, 3:6].T
    far = (nn * east**2 - 2 * en * east * north + ee * north**2) / (ee * nn - en * en)
    t, wide = params.tail_share(future[:, 6]), params.tail_scale
    near, twin = np.exp(-far / 2), np.exp(-far / (2 * wide**2))
    return np.asarray(1.0 - (1 - t) * near - t * twin)


def _spread_of(parts: FloatArray, params: ForecastParams) -> Spread:
    """Futures (PARTS, 10) of one body, each with its wider twin."""
    parts = parts[parts[:, 0] > 0.0]
    t, wide = params.tail_share(parts[:, 6]), params.tail_scale
    return spread(
        np.concatenate([(1 - t) * parts[:, 0], t * parts[:, 0]]),
        np.tile(parts[:, 1:3], (2, 1)),
        np.concatenate([parts[:, 3:6], wide**2 * parts[:, 3:6]]),
    )


def _bound_m2(family: Family, drawn: Drawn) -> float:
    """Area of the 95 % ellipse of the linear covariance of all that was drawn."""
    middle = family.bodies(1000, np.random.default_rng(0)).mean(axis=0)
    whole = np.append(middle, np.zeros(5))
    spots = []
    for sign in (1.0, -1.0):
        moved = whole + sign * np.diag(NUDGE)
        landed = _fly(moved[:, :7], np.ascontiguousarray(moved[:, 7:]))
        lat, lon, _ = geographic_points(np.ascontiguousarray(landed[:, 1:4]))
        spots.append(np.stack([lat, lon], axis=1) * metres_per_radian(float(lat[0])))
    slope = (spots[0] - spots[1]) / (2 * NUDGE[:, None])
    doubt = np.concatenate([np.sqrt(np.diag(drawn.cov)), np.full(2, WIND_MPS), np.zeros(3)])
    if family.tumbles:
        seconds = float(np.nanmedian(drawn.time_s))
        turns = seconds / LIFT_LASTS_S
        doubt[9:] = LIFT * np.sqrt(2 / turns * (1 - (1 - np.exp(-turns)) / turns))
        doubt[6] = np.hypot(doubt[6], WALK * np.sqrt(seconds / 3.0))
    cov = slope.T @ np.diag(doubt**2) @ slope
    return float(-2.0 * pi * log(1.0 - 0.95) * np.sqrt(np.linalg.det(cov)))


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each family apart; 10,000 bodies of each."""
    table: list[tuple[str, ...]] = [
        ("family", "50 %", "95 %", "99 %", "before 5 %", "area km2", "over bound")
    ]
    figures: list[Figure] = []
    for family in FAMILIES:
        held = hold(family, draw(family, BODIES, SEED), ForecastParams())
        shares = [100 * float((held.share <= stated).mean()) for stated in STATED]
        sharp = held.area_m2 / held.bound_m2
        for stated, share, room in zip(STATED, shares, (1.5, 1.0, 1.5), strict=True):
            figures.append(
                Figure(
                    f"{family.name}: {100 * stated:.0f} % areas hold, points off",
                    abs(share - 100 * stated),
                    "",
                    f"<= {room}",
                    note=f"{share:.1f} % of 10,000",
                )
            )
        figures.append(
            Figure(f"{family.name}: 95 % area over the bound", sharp, "", "<= 1.5")
        )
        table.append(
            (
                family.name,
                *(f"{share:.1f}" for share in shares),
                f"{100 * float((held.before <= 0.05).mean()):.1f}",
                f"{held.area_m2 / 1e6:.2f}",
                f"{sharp:.2f}",
            )
        )
        progress()
    return Result(
        "coverage", "Areas against where bodies came down", tuple(figures), tuple(table)
    )
