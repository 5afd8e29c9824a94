"""The height of the ground: one number, or a grid."""

from math import atan2, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray

# numbers at constant places: an array's row on a processor, loose ones on a card
Numbers: TypeAlias = FloatArray | tuple[float, ...]

ROUNDS = 30  # of halving a step: to a thousandth of a millimetre


class Ground(NamedTuple):
    """Heights above the ellipsoid on a grid of latitude and longitude; beyond it, as there.

    height_m   : (rows, columns) of grid points, from south to north, from west to east
    south_rad, west_rad : the first point
    step_lat_rad, step_lon_rad : from point to point
    highest_m  : of all
    """

    height_m: FloatArray
    south_rad: float
    west_rad: float
    step_lat_rad: float
    step_lon_rad: float
    highest_m: float


def level_ground(height_m: float) -> Ground:
    """The same height everywhere."""
    return Ground(np.full((1, 1), height_m), 0.0, 0.0, 1.0, 1.0, height_m)


def ground_grid(
    height_m: FloatArray, lat_rad: tuple[float, float], lon_rad: tuple[float, float]
) -> Ground:
    """A grid between two latitudes and two longitudes.

    height_m : (rows, columns), from south to north and west to east; at least 2 x 2
    lat_rad, lon_rad : of its first and last points
    raises   : ConfigError where it is no such grid or holds what is not a number
    """
    rows, columns = height_m.shape
    if min(rows, columns) < 2 or not np.isfinite(height_m).all():
        raise ConfigError(f"ground: {rows} x {columns} heights, must be 2 x 2 or more")
    if not (lat_rad[1] > lat_rad[0] and lon_rad[1] > lon_rad[0]):
        raise ConfigError("ground: latitudes and longitudes must rise")
    return Ground(
        np.ascontiguousarray(height_m, float),
        lat_rad[0],
        lon_rad[0],
        (lat_rad[1] - lat_rad[0]) / (rows - 1),
        (lon_rad[1] - lon_rad[0]) / (columns - 1),
        float(height_m.max()),
    )


@inner_kernel
def _between(place: float, count: int) -> tuple[int, float]:
    """Grid point before a place, and how far on it is; at the rim beyond it."""
    place = min(max(place, 0.0), count - 1.0)
    first = min(int(place), max(count - 2, 0))
    return first, place - first


@kernel
def ground_at(ground: Ground, oblate: float, px: float, py: float, pz: float) -> float:
    """Height of the ground under an Earth-fixed place, bilinear between grid points."""
    rows, columns = ground.height_m.shape
    if rows * columns == 1:
        return float(ground.height_m[0, 0])
    across = sqrt(px * px + py * py)
    # on the ellipsoid exact, and a few metres off sideways at 10 km
    lat = atan2(pz * (1.0 + oblate), across)
    lon = atan2(py, px)
    row, u = _between((lat - ground.south_rad) / ground.step_lat_rad, rows)
    column, v = _between((lon - ground.west_rad) / ground.step_lon_rad, columns)
    h = ground.height_m
    low = h[row, column] + v * (h[row, column + 1] - h[row, column])
    high = h[row + 1, column] + v * (h[row + 1, column + 1] - h[row + 1, column])
    return float(low + u * (high - low))


@inner_kernel
def hermite(a: float, b: float, slope_a: float, slope_b: float, u: float) -> float:
    """Cubic between two values with two slopes, u from 0 to 1."""
    rise = b - a
    bend = 3.0 * rise - 2.0 * slope_a - slope_b
    return a + u * (slope_a + u * (bend + u * (slope_a + slope_b - 2.0 * rise)))


@kernel
def root_of(a: float, b: float, slope_a: float, slope_b: float) -> float:
    """Part of a step after which a cubic falls through zero; a > 0 >= b.

    Newton's method, kept between the signs, where it may also stay: six rounds leave
    nothing.
    """
    low, high = 0.0, 1.0
    u = a / (a - b)
    rise = b - a
    bend, twist = 3.0 * rise - 2.0 * slope_a - slope_b, slope_a + slope_b - 2.0 * rise
    for _ in range(6):
        value = a + u * (slope_a + u * (bend + u * twist))
        if value > 0.0:
            low = u
        else:
            high = u
        newer = u - value / (slope_a + u * (2.0 * bend + 3.0 * u * twist))
        u = newer if low <= newer <= high else 0.5 * (low + high)
    return u


@kernel
def first_touch(
    ground: Ground,
    oblate: float,
    height: Numbers,
    first: Numbers,
    last: Numbers,
    dt_s: float,
) -> float:
    """Part of a step after which it touches ground that is not level; 2 = it does not.

    height : (4,) above the ellipsoid at both ends of the step, and its slopes there over
             the step
    first, last : (6,) states at both ends
    """
    before = 0.0
    for quarter in range(1, 5):
        after = 0.25 * quarter
        if _clearance(ground, oblate, height, first, last, dt_s, after) <= 0.0:
            for _ in range(ROUNDS):
                middle = 0.5 * (before + after)
                if _clearance(ground, oblate, height, first, last, dt_s, middle) > 0.0:
                    before = middle
                else:
                    after = middle
            return after
        before = after
    return 2.0


@kernel
def _clearance(
    ground: Ground,
    oblate: float,
    height: Numbers,
    first: Numbers,
    last: Numbers,
    dt_s: float,
    u: float,
) -> float:
    px = hermite(first[0], last[0], dt_s * first[3], dt_s * last[3], u)
    py = hermite(first[1], last[1], dt_s * first[4], dt_s * last[4], u)
    pz = hermite(first[2], last[2], dt_s * first[5], dt_s * last[5], u)
    above = hermite(height[0], height[1], height[2], height[3], u)
    return above - ground_at(ground, oblate, px, py, pz)
