"""Which plot can be whose: coarse gates by place, and what a scan covered."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray

SIGMAS = 4.5
LONGEST_BACK_S = 2.5  # a plot further behind its track says too little of where it is now
SPARE_M = 100.0  # the modes of a track differ by some metres


@kernel
def near_pairs(
    mean: FloatArray,
    cov: FloatArray,
    time_s: FloatArray,
    plot_time_s: FloatArray,
    point: FloatArray,
    noise_m: FloatArray,
    order: IntArray,
    key: FloatArray,
    anchor: FloatArray,
    origin: FloatArray,
    reach_m: float,
) -> tuple[IntArray, IntArray]:
    """Plots near enough to each track for a closer look, in CSR form.

    mean, cov, time_s : tracks (n, 3, 7), (n, 3, 7, 7) predicted to about the scan's time
    plot_time_s       : (m,); point (m, 3) ECEF place of each plot, nan where it tells none:
                        such a plot may be anybody's within reach
    noise_m           : (m,) standard deviation of that place
    order, key        : plots that tell a place, by distance from `anchor`, and those
                        distances: only a thin shell of them is looked at
    origin, reach_m   : (m, 3) where each was seen from, and how far that sees
    returns           : start (n + 1,), plot (p,)
    """
    n, m = len(mean), len(point)
    size = 2 * n + 64
    start = np.zeros(n + 1, np.int64)
    plot = np.empty(size, np.int64)
    largest_m = 0.0
    for j in order:
        largest_m = max(largest_m, noise_m[j])
    blind = np.empty(m, np.int64)
    blinds = 0
    for j in range(m):
        if not np.isfinite(point[j, 0]):
            blind[blinds] = j
            blinds += 1
    count = 0
    for i in range(n):
        widest2, away2 = 0.0, 0.0
        for mode in range(3):
            spread = cov[i, mode, 0, 0] + cov[i, mode, 1, 1] + cov[i, mode, 2, 2]
            widest2 = max(widest2, spread)
        for k in range(3):
            away2 += (mean[i, 1, k] - anchor[k]) ** 2
        widest, away = np.sqrt(widest2), np.sqrt(away2)
        reach = SIGMAS * (widest + largest_m) + SPARE_M
        low = np.searchsorted(key, away - reach)
        high = np.searchsorted(key, away + reach)
        for place in range(low, high + blinds):
            j = order[place] if place < high else blind[place - high]
            if place < high:
                shift = plot_time_s[j] - time_s[i]
                if shift < -LONGEST_BACK_S:
                    continue
                off2 = 0.0
                for k in range(3):
                    d = point[j, k] - mean[i, 1, k] - shift * mean[i, 1, 3 + k]
                    off2 += d * d
                if off2 > (SIGMAS * (widest + noise_m[j]) + SPARE_M) ** 2:
                    continue
            elif np.isfinite(reach_m):
                off2 = 0.0
                for k in range(3):
                    off2 += (origin[j, k] - mean[i, 1, k]) ** 2
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

    mean, weight : (n, 3, 7), (n, 3) modes of the tracks; their blended place counts
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
            for mode in range(3):
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
