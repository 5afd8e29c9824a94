"""How likely a plot is a track's: over all its modes, within the gate of at least one."""

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.gate import SIGMAS
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.sensor import bearing_distance2, log_density, place_distance2
from forewarn.track.table import COUNT

GATE = 22.0  # squared distance: a true plot of three or four quantities is 0.03 % beyond
BEARING_GATE = 7.0  # of the worst single quantity of a plot that tells only a direction: a
# wider one lets a track between two targets live on the reports of both


@bare_kernel
def _out_of_range(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    shift_s: float,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
) -> bool:
    """Whether a plot without a place but with a range surely is not of a track."""
    if np.isnan(z[0]):
        return False
    away2, widest2, speed2, likeliest = 0.0, 0.0, 0.0, 0
    for mode in range(COUNT):
        if weight[mode] <= 0.0:
            continue
        spread = cov[mode, 0, 0] + cov[mode, 1, 1] + cov[mode, 2, 2]
        widest2 = max(widest2, spread)
        if weight[mode] > weight[likeliest]:
            likeliest = mode
    for k in range(3):
        away2 += (mean[likeliest, k] - origin[k]) ** 2
        speed2 += mean[likeliest, 3 + k] ** 2
    reach = SIGMAS * (np.sqrt(widest2) + sigma[0]) + abs(shift_s) * np.sqrt(speed2)
    return bool(abs(np.sqrt(away2) - z[0]) > reach)


@kernel
def score_pairs(
    near_start: IntArray,
    near: IntArray,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    time_s: FloatArray,
    plot_time_s: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Plots within the gate of each track, and how likely each is, in CSR form.

    near_start, near          : pairs to look at (q,) in CSR form over the tracks
    mean, cov, weight, time_s : tracks (n) predicted to about the scan's time
    plot_time_s .. sound_mps  : columns of a Scan (m)
    returns : start (n + 1,); plot (p,), log likelihood over all modes (p,), of each (p, k)
    """
    n = len(mean)
    start = np.zeros(n + 1, np.int64)
    plot = np.empty(len(near), np.int64)
    log_l = np.empty(len(near))
    log_mode = np.empty((len(near), COUNT))
    d2s, there = np.empty(COUNT), np.empty(7)
    count = 0
    for i in range(n):
        for place in range(near_start[i], near_start[i + 1]):
            j = near[place]
            shift = plot_time_s[j] - time_s[i]
            placed = np.isfinite(point[j, 0])
            if not placed and _out_of_range(
                mean[i], cov[i], weight[i], shift, z[j], sigma[j], origin[j]
            ):
                continue
            nearest = np.inf
            for mode in range(COUNT):
                if weight[i, mode] <= 0.0:
                    continue
                s = mean[i, mode]
                if placed:
                    d2s[mode], told = place_distance2(
                        s,
                        cov[i, mode],
                        shift,
                        point[j],
                        noise[j],
                        sight[j],
                        z[j, 3],
                        sigma[j, 3],
                    )
                else:
                    for k in range(7):
                        there[k] = s[k]
                    for k in range(3):
                        there[k] += shift * s[3 + k]
                    d2s[mode], told = bearing_distance2(
                        there, cov[i, mode], z[j], sigma[j], origin[j], turn[j], sound_mps
                    )
                log_mode[count, mode] = told
                nearest = min(nearest, d2s[mode])
            ranged = placed or np.isfinite(z[j, 0])
            if nearest >= (GATE if ranged else BEARING_GATE):
                continue
            best = -1e300
            for mode in range(COUNT):
                if weight[i, mode] <= 0.0:
                    continue
                told = log_mode[count, mode]
                if placed:  # not before: of three pairs two are too far apart
                    told = log_density(d2s[mode], told, z[j, 3])
                    log_mode[count, mode] = told
                best = max(best, np.log(weight[i, mode]) + told)
            total = 0.0
            for mode in range(COUNT):
                if weight[i, mode] > 0.0:
                    total += weight[i, mode] * np.exp(log_mode[count, mode] - best)
            log_l[count] = best + np.log(total)
            plot[count] = j
            count += 1
        start[i + 1] = count
    return start, plot[:count], log_l[:count], log_mode[:count]
