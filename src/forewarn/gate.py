"""Which plot can be whose: sparse pairs of track and plot, with their likelihood."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.sensor import miss_distance2

GATE = 16.0  # squared distance of the worst single quantity: 4 sigma


@kernel
def gate_pairs(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    time_s: FloatArray,
    plot_time_s: FloatArray,
    measured: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    point: FloatArray,
    own_place: bool,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs within the gate of some mode of the track, predicted to about the scan's time.

    mean .. time_s : (n, 3, 7), (n, 3, 7, 7), (n, 3), (n,)
    plot_time_s, measured, sigma : (m,), (m, 4), (m, 4)
    origin, turn   : (m, 3), (m, 3, 3)
    point          : (m, 3) ECEF place of each plot, nan where it tells no place
    returns        : tracks (p,), plots (p,), log likelihood over all modes (p,)
    """
    room = 4096
    tracks = np.empty(room, np.int64)
    plots = np.empty(room, np.int64)
    score = np.empty(room)
    count = 0
    terms = np.empty(3)
    for i in range(len(mean)):
        widest = 0.0
        for mode in range(3):
            spread = cov[i, mode, 0, 0] + cov[i, mode, 1, 1] + cov[i, mode, 2, 2]
            widest = max(widest, np.sqrt(spread))
        for j in range(len(measured)):
            shift = plot_time_s[j] - time_s[i]
            if np.isfinite(point[j, 0]):
                away2 = 0.0
                for k in range(3):
                    d = point[j, k] - mean[i, 0, k] - shift * mean[i, 0, 3 + k]
                    away2 += d * d
                noise = 0.0
                if own_place:
                    noise = sigma[j, 0] + sigma[j, 2]
                else:
                    noise = sigma[j, 0] + measured[j, 0] * (sigma[j, 1] + sigma[j, 2])
                reach = 4.0 * (widest + noise) + 150.0
                if away2 > reach * reach:
                    continue
            inside = False
            best = -1e300
            for mode in range(3):
                distance2, log_l = miss_distance2(
                    mean[i, mode],
                    cov[i, mode],
                    measured[j],
                    sigma[j],
                    origin[j],
                    turn[j],
                    own_place,
                    shift,
                )
                terms[mode] = np.log(max(weight[i, mode], 1e-12)) + log_l
                best = max(best, terms[mode])
                if distance2 < GATE:
                    inside = True
            if not inside:
                continue
            if count == room:
                room *= 2
                tracks_2 = np.empty(room, np.int64)
                plots_2 = np.empty(room, np.int64)
                score_2 = np.empty(room)
                tracks_2[:count] = tracks
                plots_2[:count] = plots
                score_2[:count] = score
                tracks, plots, score = tracks_2, plots_2, score_2
            total = 0.0
            for mode in range(3):
                total += np.exp(terms[mode] - best)
            tracks[count] = i
            plots[count] = j
            score[count] = best + np.log(total)
            count += 1
    return tracks[:count], plots[:count], score[:count]


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
