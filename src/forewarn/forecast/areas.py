"""Where a track may come down, as areas that hold a given share of it, and when.

The area that holds a share is the smallest that does: all places where the density of the
futures is above one level. No random numbers: the same futures give the same rings.
"""

from math import erfc, pi, sqrt
from typing import NamedTuple

import numpy as np

from forewarn.compiled import kernel
from forewarn.forecast.contour import ring_area, rings
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import BoolArray, Forecasts

SHARES = (0.5, 0.9, 0.95, 0.99)
QUANTILES = (0.05, 0.5, 0.95)
POINTS = 4096  # at which the density is asked for to find a level
FEW_POINTS = 512  # where an area need not be exact
FEWEST = 8  # of them, of each future
LEFT_OUT = 1e-4  # share of the least likely futures that no area would show
GOLDEN_RAD = pi * (3.0 - sqrt(5.0))
EVEN_LINES, DENSE_LINES = 72, 40  # of the grid an outline is found on, each way
CORNERS = 96  # of an ellipse
FAR = 50.0  # squared distance, in sigmas, from where on a future counts no more


class Spread(NamedTuple):
    """Futures of one track on the plane that touches the ground in their middle.

    middle_rad : (2,)    latitude, longitude of the plane's origin
    scale      : (2,)    metres per radian of latitude, longitude
    spot_m     : (k, 2)  centre of each, towards the east, the north
    shape      : (k, 5)  weight over 2 pi sqrt(det cov); of the inverse of its covariance
                         ee, en, nn (1/m2); weight. Weights sum to 1
    cov_m2     : (k, 3)  east-east, east-north, north-north
    """

    middle_rad: FloatArray
    scale: FloatArray
    spot_m: FloatArray
    shape: FloatArray
    cov_m2: FloatArray


def futures_of(forecasts: Forecasts, row: int) -> Spread:
    """The futures of the track in one row of Forecasts."""
    own = slice(forecasts.start[row], forecasts.start[row + 1])
    return spread(forecasts.weight[own], forecasts.place_rad[own], forecasts.cov_m2[own])


def spread(weight: FloatArray, place_rad: FloatArray, cov_m2: FloatArray) -> Spread:
    """Weighted Gaussians on the ground, (k,), (k, 2), (k, 3), as of Forecasts.

    Weights need not sum to 1; the least of them are left out, LEFT_OUT in all.
    """
    order = np.argsort(weight, kind="stable")
    spare = np.cumsum(weight[order]) <= LEFT_OUT * weight.sum()
    kept = np.sort(order[~spare])
    part = weight[kept] / weight[kept].sum()
    away = place_rad[kept] - place_rad[kept[0]]
    away[:, 1] = (away[:, 1] + pi) % (2 * pi) - pi
    middle = place_rad[kept[0]] + part @ away
    scale = np.array(metres_per_radian(float(middle[0])))
    spot = ((away - part @ away) * scale)[:, ::-1]
    ee, en, nn = cov_m2[kept].T
    det = ee * nn - en * en
    shape = np.column_stack(
        [part / (2 * pi * np.sqrt(det)), nn / det, -en / det, ee / det, part]
    )
    return Spread(middle, scale, np.ascontiguousarray(spot), shape, cov_m2[kept].copy())


@kernel
def _density(place_m: FloatArray, spot_m: FloatArray, shape: FloatArray) -> FloatArray:
    """(n,) density of futures, 1/m2, at places (n, 2) of the plane."""
    out = np.zeros(len(place_m))
    for i in range(len(place_m)):
        for k in range(len(spot_m)):
            east, north = place_m[i, 0] - spot_m[k, 0], place_m[i, 1] - spot_m[k, 1]
            far = shape[k, 1] * east * east + shape[k, 3] * north * north
            far += 2.0 * shape[k, 2] * east * north
            if far < FAR:
                out[i] += shape[k, 0] * np.exp(-0.5 * far)
    return out


def _plane(spread: Spread, place_rad: FloatArray) -> FloatArray:
    """(n, 2) metres east, north of places (n, 2)."""
    away = np.atleast_2d(place_rad) - spread.middle_rad
    away[:, 1] = (away[:, 1] + pi) % (2 * pi) - pi
    return np.ascontiguousarray((away * spread.scale)[:, ::-1])


def levels(spread: Spread, shares: tuple[float, ...] = SHARES) -> FloatArray:
    """Densities (1/m2) above which the futures hold each share, 0 < share < 1.

    Exact for one Gaussian. Of several each is stood for by points that are spread evenly
    over it, as seeds over a sunflower; wrong by less than 0.2 points of probability.
    Source: Hyndman, "Computing and graphing highest density regions", The American
    Statistician 50(2), 1996; Vogel, Mathematical Biosciences 44, 1979 (the spiral).
    """
    asked = np.array(shares)
    if len(spread.spot_m) == 1:
        return np.asarray(spread.shape[0, 0] * (1.0 - asked))
    within, log_density = _held(spread)
    return np.asarray(np.exp(np.interp(asked, within, log_density)))


def shares_at(spread: Spread, place_rad: FloatArray) -> FloatArray:
    """Share (n,) that the smallest area holds which reaches to each place (n, 2).

    Of where things do come down, these are even over 0 .. 1 if the futures are honest.
    """
    density = _density(_plane(spread, place_rad), spread.spot_m, spread.shape)
    if len(spread.spot_m) == 1:
        return np.asarray(1.0 - density / spread.shape[0, 0])
    within, log_density = _held(spread)
    asked = np.log(np.maximum(density, 1e-300))
    return np.asarray(
        np.interp(asked, log_density[::-1], within[::-1], right=0.0, left=1.0)
    )


def _held(spread: Spread) -> tuple[FloatArray, FloatArray]:
    """Shares, rising, and the log density above which the futures hold each."""
    place, mass = _seeds(spread)
    density = _density(place, spread.spot_m, spread.shape)
    order = np.argsort(-density, kind="stable")
    within = np.cumsum(mass[order]) - 0.5 * mass[order]
    return within, np.log(density[order])


def _seeds(spread: Spread, points: int = POINTS) -> tuple[FloatArray, FloatArray]:
    """Places (n, 2) that stand for the futures, and the probability (n,) of each."""
    part = spread.shape[:, 4]
    fewest = FEWEST if points == POINTS else 1
    counts = np.maximum(fewest, np.ceil(points * part)).astype(np.int64)
    owner = np.repeat(np.arange(len(part)), counts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    many = counts[owner]
    reach = np.sqrt(-2.0 * np.log1p(-(number + 0.5) / many))
    # each future's spiral starts elsewhere, so that those of like futures do not coincide
    angle = GOLDEN_RAD * number + owner
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    ee, en, nn = spread.cov_m2[owner].T
    east = np.sqrt(ee) * x
    north = en / np.sqrt(ee) * x + np.sqrt(nn - en * en / ee) * y
    place = spread.spot_m[owner] + np.column_stack([east, north])
    return np.ascontiguousarray(place), part[owner] / many


def inside(spread: Spread, level: float, place_rad: FloatArray) -> BoolArray:
    """Whether each place, (n, 2) latitude, longitude, lies in the area above a level."""
    density = _density(_plane(spread, place_rad), spread.spot_m, spread.shape)
    return np.asarray(density > level)


def held_area_m2(spread: Spread, share: float) -> float:
    """About the size of the smallest area that holds a share: quick, for records.

    Every point stands for the area over which its probability would be spread at the
    density it has.
    """
    if len(spread.spot_m) == 1:
        return float(-np.log1p(-share) * spread.shape[0, 4] / spread.shape[0, 0])
    place, mass = _seeds(spread, FEW_POINTS)
    density = _density(place, spread.spot_m, spread.shape)
    order = np.argsort(-density, kind="stable")
    within = np.cumsum(mass[order])
    inside = np.clip((share - (within - mass[order])) / mass[order], 0.0, 1.0)
    return float((inside * mass[order] / density[order]).sum())


def outlines(spread: Spread, level: float) -> list[FloatArray]:
    """Rings (n, 2), latitude, longitude in rad, around the area above a level.

    Not closed: the first corner follows the last. Seen on a map, outer rings go
    counter-clockwise and those of holes clockwise.
    """
    back = [ring[:, ::-1] / spread.scale for ring in _rings_m(spread, level)]
    return [ring + spread.middle_rad for ring in back]


def area_m2(spread: Spread, level: float) -> float:
    """Size of the area above a level."""
    if len(spread.spot_m) == 1:
        peak, weight = spread.shape[0, 0], spread.shape[0, 4]
        return float(weight / peak * max(np.log(peak / level), 0.0))
    return sum(ring_area(ring) for ring in _rings_m(spread, level))


def _rings_m(spread: Spread, level: float) -> list[FloatArray]:
    """As `outlines`, in metres on the plane."""
    reach2 = 2.0 * np.log(np.maximum(spread.shape[:, 0] / spread.shape[:, 4] / level, 1.0))
    if not reach2.any():
        return []
    if len(reach2) == 1:
        return [_ellipse(spread.cov_m2[0], float(np.sqrt(reach2[0])))]
    east, north = _lines(spread, reach2)
    grid = np.stack(np.meshgrid(east, north), axis=-1)
    above = _density(grid.reshape(-1, 2), spread.spot_m, spread.shape) > level
    above = above.reshape(grid.shape[:2])
    # where high corners of a square face each other, its middle tells if they are joined
    facing = (above[:-1, :-1] == above[1:, 1:]) & (above[1:, :-1] == above[:-1, 1:])
    facing &= above[:-1, :-1] != above[1:, :-1]
    middle = 0.5 * (grid[:-1, :-1] + grid[1:, 1:])[facing]
    joined = np.zeros_like(facing)
    joined[facing] = _density(middle, spread.spot_m, spread.shape) > level
    found = rings(above, joined)
    return [_crossings(spread, level, grid, np.array(ring)) for ring in found]


def _ellipse(cov_m2: FloatArray, reach: float) -> FloatArray:
    """Corners just outside the ellipse `reach` sigmas wide: chords must not cut it."""
    ee, en, nn = cov_m2
    turn = np.arange(CORNERS) * 2 * pi / CORNERS
    x, y = reach / np.cos(pi / CORNERS) * np.array([np.cos(turn), np.sin(turn)])
    rest = np.sqrt(nn - en * en / ee)
    return np.column_stack([np.sqrt(ee) * x, en / np.sqrt(ee) * x + rest * y])


def _lines(spread: Spread, reach2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lines of a grid over the whole area: even ones, and more where futures are dense.

    reach2 : (k,) squared sigmas at which each future alone falls to the level. Where none
             is above it, their weighted sum is not, so the area lies within these ellipses
    """
    out = []
    for axis, own in ((0, spread.cov_m2[:, 0]), (1, spread.cov_m2[:, 2])):
        at, wide = spread.spot_m[:, axis], np.sqrt(reach2 * own)
        seen = wide > 0.0
        low, high = (at - wide)[seen].min(), (at + wide)[seen].max()
        even = np.linspace(low, high, EVEN_LINES)
        marks = np.linspace(-1.0, 1.0, 17)[:, None] * wide[seen] + at[seen]
        dense = np.quantile(marks, (np.arange(DENSE_LINES) + 0.5) / DENSE_LINES)
        rim = 0.01 * (high - low)
        out.append(np.unique(np.concatenate([[low - rim], even, dense, [high + rim]])))
    return out[0], out[1]


def _crossings(
    spread: Spread, level: float, grid: FloatArray, ring: FloatArray
) -> FloatArray:
    """Where the density passes the level on each grid edge (n, 4) of a ring."""
    high, low = grid[ring[:, 0], ring[:, 1]], grid[ring[:, 2], ring[:, 3]]
    for _ in range(8):
        half = 0.5 * (high + low)
        above = _density(half, spread.spot_m, spread.shape) > level
        high = np.where(above[:, None], half, high)
        low = np.where(above[:, None], low, half)
    return np.asarray(low)


def arrival_s(
    forecasts: Forecasts, row: int, quantiles: tuple[float, ...] = QUANTILES
) -> FloatArray:
    """UTC seconds by which the track in a row has come down with each probability.

    Given that it comes down at all; over all places where it may.
    """
    own = slice(forecasts.start[row], forecasts.start[row + 1])
    columns = (forecasts.time_s[own], forecasts.slope_spm[own], forecasts.sigma_time_s[own])
    return times(forecasts.weight[own], forecasts.cov_m2[own], *columns, quantiles)


def times(
    weight: FloatArray,
    cov_m2: FloatArray,
    time_s: FloatArray,
    slope_spm: FloatArray,
    sigma_s: FloatArray,
    quantiles: tuple[float, ...] = QUANTILES,
) -> FloatArray:
    """Seconds by which one of k futures has come true; columns as of Forecasts."""
    sigma = np.sqrt(over_places(cov_m2, slope_spm, sigma_s))
    return _quantiles(weight / weight.sum(), time_s, sigma, np.array(quantiles))


def over_places(
    cov_m2: FloatArray, slope_spm: FloatArray, sigma_s: FloatArray
) -> FloatArray:
    """(k,) variance of the time of coming down over all places of a future, s2."""
    ee, en, nn = cov_m2.T
    east, north = slope_spm.T
    over = east**2 * ee + 2.0 * east * north * en + north**2 * nn
    return np.asarray(over + sigma_s**2)


@kernel
def _quantiles(
    weight: FloatArray, mean: FloatArray, sigma: FloatArray, asked: FloatArray
) -> FloatArray:
    """Quantiles of a mixture of Gaussians on a line, by halving what holds them."""
    out = np.empty(len(asked))
    first = mean[0]  # small numbers are finer than seconds since 1970
    for q in range(len(asked)):
        low = np.min(mean - first - 9.0 * sigma)
        high = np.max(mean - first + 9.0 * sigma)
        while high - low > 1e-4:
            middle = 0.5 * (low + high)
            below = 0.0
            for k in range(len(weight)):
                away = (mean[k] - first - middle) / sigma[k]
                below += weight[k] * 0.5 * erfc(away * 0.7071067811865476)
            if below < asked[q]:
                low = middle
            else:
                high = middle
        out[q] = first + 0.5 * (low + high)
    return out
