"""Which plot can be whose: coarse gates by place, and what a scan looked at."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray

SIGMAS = 4.0
SPARE_M = 150.0  # for bodies that change their speed between scans


@kernel
def near_pairs(
    mean: FloatArray,
    cov: FloatArray,
    time_s: FloatArray,
    plot_time_s: FloatArray,
    point: FloatArray,
    noise_m: FloatArray,
) -> tuple[IntArray, IntArray]:
    """Tracks and plots (p,), (p,) whose places are near enough for a closer look.

    mean, cov   : (n, 3, 7), (n, 3, 7, 7) predicted to time_s (n,)
    plot_time_s : (m,); point (m, 3) ECEF place of each plot, nan where it tells none: such
                  a plot may be anybody's
    noise_m     : (m,) standard deviation of that place
    """
    room = 4096
    tracks = np.empty(room, np.int64)
    plots = np.empty(room, np.int64)
    count = 0
    for i in range(len(mean)):
        widest = 0.0
        for mode in range(3):
            spread = cov[i, mode, 0, 0] + cov[i, mode, 1, 1] + cov[i, mode, 2, 2]
            widest = max(widest, np.sqrt(spread))
        for j in range(len(point)):
            if np.isfinite(point[j, 0]):
                shift = plot_time_s[j] - time_s[i]
                away2 = 0.0
                for k in range(3):
                    d = point[j, k] - mean[i, 0, k] - shift * mean[i, 0, 3 + k]
                    away2 += d * d
                reach = SIGMAS * (widest + noise_m[j]) + SPARE_M
                if away2 > reach * reach:
                    continue
            if count == room:
                room *= 2
                tracks_2 = np.empty(room, np.int64)
                plots_2 = np.empty(room, np.int64)
                tracks_2[:count] = tracks
                plots_2[:count] = plots
                tracks, plots = tracks_2, plots_2
            tracks[count] = i
            plots[count] = j
            count += 1
    return tracks[:count], plots[:count]


@kernel
def in_cover(
    pos_ecef_m: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    limits: FloatArray,
    sector_rad: FloatArray,
) -> BoolArray:
    """Which tracks a scan looked at.

    pos_ecef_m : (n, 3); origin (3,), turn (3, 3) of the sensor
    limits     : range_min_m, range_max_m, elevation_min_rad, elevation_max_rad
    sector_rad : from, to, clockwise
    """
    out = np.zeros(len(pos_ecef_m), np.bool_)
    width = sector_rad[1] - sector_rad[0]
    for i in range(len(pos_ecef_m)):
        east = turn[0] @ (pos_ecef_m[i] - origin)
        north = turn[1] @ (pos_ecef_m[i] - origin)
        up = turn[2] @ (pos_ecef_m[i] - origin)
        across = np.sqrt(east * east + north * north)
        reach = np.sqrt(across * across + up * up)
        elevation = np.arctan2(up, across)
        turned = (np.arctan2(east, north) - sector_rad[0]) % (2 * np.pi)
        out[i] = (
            limits[0] <= reach <= limits[1]
            and limits[2] <= elevation <= limits[3]
            and (width >= 2 * np.pi - 1e-9 or turned <= width % (2 * np.pi))
        )
    return out
