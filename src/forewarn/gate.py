"""Which plot can be whose: coarse gates by place, and what a scan covered."""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray

SIGMAS = 4.5
LONGEST_BACK_S = 2.5  # a plot further behind its track says too little of where it is now
SPARE_M = 100.0  # the modes of a track differ by some metres
CELL_M = 4000.0  # a gate of a well known target spans a few of these
MIDDLE = 1 << 20  # of the numbers of cells along an axis


class Grid(NamedTuple):
    """Points (n) by the cube they lie in, cubes hashed into buckets (b, a power of 2).

    start  : (b + 1,) first of each bucket in `order`
    order  : (m,) points that have a place, bucket by bucket
    cell   : (n,) number of each one's cell
    """

    start: IntArray
    order: IntArray
    cell: IntArray


@bare_kernel
def cell_of(ix: int, iy: int, iz: int) -> int:
    """One number for a cell."""
    return ((ix + MIDDLE) << 42) | ((iy + MIDDLE) << 21) | (iz + MIDDLE)


@bare_kernel
def bucket_of(ix: int, iy: int, iz: int, buckets: int) -> int:
    """Where a cell's points are listed, among others.

    Source: Teschner et al., "Optimized spatial hashing for collision detection of
    deformable objects", Vision, Modeling and Visualization 2003.
    """
    return ((ix * 73856093) ^ (iy * 19349663) ^ (iz * 83492791)) & (buckets - 1)


@kernel
def lay_out(point: FloatArray) -> Grid:
    """A grid of points (n, 3); those that are nan are in none of its buckets."""
    n = len(point)
    buckets = 64
    while buckets < 2 * n:
        buckets *= 2
    start = np.zeros(buckets + 1, np.int64)
    cell, bucket = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    for j in range(n):
        if np.isnan(point[j, 0]):
            continue
        ix = int(np.floor(point[j, 0] / CELL_M))
        iy = int(np.floor(point[j, 1] / CELL_M))
        iz = int(np.floor(point[j, 2] / CELL_M))
        cell[j] = cell_of(ix, iy, iz)
        bucket[j] = bucket_of(ix, iy, iz, buckets)
        start[bucket[j] + 1] += 1
    for b in range(buckets):
        start[b + 1] += start[b]
    order = np.empty(start[buckets], np.int64)
    filled = start[:buckets].copy()
    for j in range(n):
        if bucket[j] >= 0:
            order[filled[bucket[j]]] = j
            filled[bucket[j]] += 1
    return Grid(start, order, cell)


@kernel
def around(grid: Grid, x: float, y: float, z: float, reach_m: float, out: IntArray) -> int:
    """Points in all cells within reach of a place, into `out` (n,); returns how many."""
    buckets, count = len(grid.start) - 1, 0
    x0, x1 = int(np.floor((x - reach_m) / CELL_M)), int(np.floor((x + reach_m) / CELL_M))
    y0, y1 = int(np.floor((y - reach_m) / CELL_M)), int(np.floor((y + reach_m) / CELL_M))
    z0, z1 = int(np.floor((z - reach_m) / CELL_M)), int(np.floor((z + reach_m) / CELL_M))
    if (x1 - x0 + 1.0) * (y1 - y0 + 1.0) * (z1 - z0 + 1.0) > len(grid.order):
        for j in grid.order:
            out[count] = j
            count += 1
        return count
    for ix in range(x0, x1 + 1):
        for iy in range(y0, y1 + 1):
            for iz in range(z0, z1 + 1):
                cell, b = cell_of(ix, iy, iz), bucket_of(ix, iy, iz, buckets)
                for place in range(grid.start[b], grid.start[b + 1]):
                    if grid.cell[grid.order[place]] == cell:
                        out[count] = grid.order[place]
                        count += 1
    return count


@kernel
def near_pairs(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    time_s: FloatArray,
    plot_time_s: FloatArray,
    point: FloatArray,
    noise_m: FloatArray,
    grid: Grid,
    origin: FloatArray,
    reach_m: float,
) -> tuple[IntArray, IntArray]:
    """Plots near enough to each track for a closer look, in CSR form.

    mean, cov, weight : tracks (n, k, 7), (n, k, 7, 7), (n, k) predicted to time_s (n,),
    time_s              about the scan's time
    plot_time_s       : (m,); point (m, 3) ECEF place of each plot, nan where it tells none:
                        such a plot may be anybody's within reach
    noise_m           : (m,) standard deviation of that place
    grid              : of the places
    origin, reach_m   : (m, 3) where each was seen from, and how far that sees
    returns           : start (n + 1,), plot (p,)
    """
    n, m = len(mean), len(point)
    size = 2 * n + 64
    start = np.zeros(n + 1, np.int64)
    plot, some = np.empty(size, np.int64), np.empty(m, np.int64)
    largest_m, first_s, last_s = 0.0, np.inf, -np.inf
    for j in grid.order:
        largest_m = max(largest_m, noise_m[j])
        first_s, last_s = min(first_s, plot_time_s[j]), max(last_s, plot_time_s[j])
    blind = np.empty(m, np.int64)
    blinds = 0
    for j in range(m):
        if np.isnan(point[j, 0]):
            blind[blinds] = j
            blinds += 1
    count = 0
    for i in range(n):
        widest2, speed2, likeliest = 0.0, 0.0, 0
        for mode in range(weight.shape[1]):
            if weight[i, mode] <= 0.0:
                continue
            spread = cov[i, mode, 0, 0] + cov[i, mode, 1, 1] + cov[i, mode, 2, 2]
            widest2 = max(widest2, spread)
            if weight[i, mode] > weight[i, likeliest]:
                likeliest = mode
        s = mean[i, likeliest]
        for k in range(3):
            speed2 += s[3 + k] ** 2
        widest = np.sqrt(widest2)
        found = 0
        if len(grid.order):
            longest_s = max(
                last_s - time_s[i], min(time_s[i] - first_s, LONGEST_BACK_S), 0.0
            )
            reach = SIGMAS * (widest + largest_m) + SPARE_M + longest_s * np.sqrt(speed2)
            x, y, z = s[0], s[1], s[2]
            found = around(grid, x, y, z, reach, some)
        for place in range(found + blinds):
            j = some[place] if place < found else blind[place - found]
            if place < found:
                shift = plot_time_s[j] - time_s[i]
                if shift < -LONGEST_BACK_S:
                    continue
                off2 = 0.0
                for k in range(3):
                    d = point[j, k] - s[k] - shift * s[3 + k]
                    off2 += d * d
                if off2 > (SIGMAS * (widest + noise_m[j]) + SPARE_M) ** 2:
                    continue
            elif np.isfinite(reach_m):
                off2 = 0.0
                for k in range(3):
                    off2 += (origin[j, k] - s[k]) ** 2
                if off2 > (reach_m + SIGMAS * widest) ** 2:
                    continue
            if count == size:
                size *= 2
                more = np.empty(size, np.int64)
                more[:count] = plot
                plot = more
            plot[count] = j
            count += 1
        start[i + 1] = count
    return start, plot[:count]


@kernel
def chance_seen(
    mean: FloatArray,
    weight: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    limits: FloatArray,
    sector_rad: FloatArray,
    inside: float,
    outside: float,
) -> FloatArray:
    """(n,) chance that a scan shows a track: one value in what it covers, one beyond.

    mean, weight : (n, k, 7), (n, k) modes of the tracks; their blended place counts
    origin, turn : (3,), (3, 3) of the sensor: ECEF place, ECEF to east-north-up
    limits       : range_min_m, range_max_m, elevation_min_rad, elevation_max_rad
    sector_rad   : from, to, clockwise
    """
    out = np.full(len(mean), outside)
    width = sector_rad[1] - sector_rad[0]
    rel, own = np.empty(3), np.empty(3)
    for i in range(len(mean)):
        for k in range(3):
            rel[k] = -origin[k]
            for mode in range(weight.shape[1]):
                if weight[i, mode] > 0.0:
                    rel[k] += weight[i, mode] * mean[i, mode, k]
        for k in range(3):
            own[k] = turn[k, 0] * rel[0] + turn[k, 1] * rel[1] + turn[k, 2] * rel[2]
        across = np.sqrt(own[0] * own[0] + own[1] * own[1])
        reach = np.sqrt(across * across + own[2] * own[2])
        elevation = np.arctan2(own[2], across)
        turned = (np.arctan2(own[0], own[1]) - sector_rad[0]) % (2 * np.pi)
        if (
            limits[0] <= reach <= limits[1]
            and limits[2] <= elevation <= limits[3]
            and (width >= 2 * np.pi - 1e-9 or turned <= width % (2 * np.pi))
        ):
            out[i] = inside
    return out
