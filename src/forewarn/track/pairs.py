"""How likely a plot is a track's: over all its modes, within the gate of at least one."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.sensor import miss_distance2

GATE = 16.0  # squared distance of the worst single quantity: 4 sigma


@kernel
def score_pairs(
    tracks: IntArray,
    plots: IntArray,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    time_s: FloatArray,
    plot_time_s: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    own_place: bool,
) -> tuple[BoolArray, FloatArray]:
    """Of each pair (p,): whether it lies within the gate, and its log likelihood.

    mean, cov, weight, time_s : tracks predicted to about the scan's time
    plot_time_s .. turn       : columns of a Scan
    """
    inside = np.zeros(len(tracks), np.bool_)
    score = np.empty(len(tracks))
    terms = np.empty(3)
    for pair in range(len(tracks)):
        i, j = tracks[pair], plots[pair]
        shift = plot_time_s[j] - time_s[i]
        best = -1e300
        for mode in range(3):
            distance2, log_l = miss_distance2(
                mean[i, mode],
                cov[i, mode],
                z[j],
                sigma[j],
                origin[j],
                turn[j],
                own_place,
                shift,
            )
            terms[mode] = np.log(max(weight[i, mode], 1e-12)) + log_l
            best = max(best, terms[mode])
            if distance2 < GATE:
                inside[pair] = True
        total = 0.0
        for mode in range(3):
            total += np.exp(terms[mode] - best)
        score[pair] = best + np.log(total)
    return inside, score
