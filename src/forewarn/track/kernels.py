"""The tracker's loops over targets: take plots in, and start tracks from pairs of plots."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import height_of
from forewarn.geodesy import FloatArray
from forewarn.motion import predict
from forewarn.records import IntArray
from forewarn.sensor import update
from forewarn.track.scan import place_covariance


@kernel
def take_plots(
    rows: IntArray,
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
    air: FloatArray,
    drag: FloatArray,
) -> None:
    """Carry each track to the time of its plot and take that in, all modes, in place.

    A plot older than its track is taken where the track is: its state is not moved back.
    """
    log_l = np.empty(3)
    for k in range(len(rows)):
        i, j = rows[k], plots[k]
        lag = plot_time_s[j] - time_s[i]
        predict(mean[i], cov[i], weight[i], lag, air, drag)
        for mode in range(3):
            state = mean[i, mode]
            shift = min(lag, 0.0)
            for axis in range(3):
                state[axis] += shift * state[3 + axis]
            log_l[mode] = update(
                state, cov[i, mode], z[j], sigma[j], origin[j], turn[j], own_place
            )
            for axis in range(3):
                state[axis] -= shift * state[3 + axis]
            state[6] = min(max(state[6], 3.0), 12.0)
        best = max(log_l[0], max(log_l[1], log_l[2]))
        total = 0.0
        for mode in range(3):
            weight[i, mode] *= np.exp(max(log_l[mode] - best, -50.0))
            total += weight[i, mode]
        rest = 0.0
        for mode in range(3):
            weight[i, mode] = max(weight[i, mode] / total, 1e-6)
            rest += weight[i, mode]
        for mode in range(3):
            weight[i, mode] /= rest
        time_s[i] = max(time_s[i], plot_time_s[j])


@kernel
def blend(mean: FloatArray, weight: FloatArray) -> FloatArray:
    """(n, 7) one state per track: the mean over its modes."""
    out = np.zeros((len(mean), 7))
    for i in range(len(mean)):
        for mode in range(3):
            for k in range(7):
                out[i, k] += weight[i, mode] * mean[i, mode, k]
    return out


@kernel
def speed_sigma(cov: FloatArray, weight: FloatArray) -> FloatArray:
    """(n,) standard deviation of the velocity, m/s, over the likely modes."""
    out = np.zeros(len(cov))
    for i in range(len(cov)):
        for mode in range(3):
            spread = cov[i, mode, 3, 3] + cov[i, mode, 4, 4] + cov[i, mode, 5, 5]
            out[i] += weight[i, mode] * np.sqrt(max(spread, 0.0) / 3.0)
    return out


@kernel
def start_pairs(
    old_time_s: FloatArray,
    old_point: FloatArray,
    old_cov: FloatArray,
    old_span_s: FloatArray,
    time_s: FloatArray,
    point: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    turn: FloatArray,
    own_place: bool,
    settings: FloatArray,
    most: int,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Two plots that one body could have made: state (7,) and covariance (7, 7) of each.

    settings : fastest m/s, longest span s, ln beta mean and sigma
    returns  : new plot of each pair (p,), mean (p, 7), cov (p, 7, 7); of each new plot the
               `most` slowest partners: what needs the least speed is the likeliest
    """
    fastest, longest, ln_beta, ln_beta_sigma = settings
    found = np.empty(len(point) * most, np.int64)
    mean = np.zeros((len(point) * most, 7))
    cov = np.zeros((len(point) * most, 7, 7))
    count = 0
    speeds = np.empty(most)
    partners = np.empty(most, np.int64)
    for j in range(len(point)):
        if not np.isfinite(point[j, 0]):
            continue
        here = place_covariance(z[j], sigma[j], turn[j], own_place)
        kept = 0
        for i in range(len(old_point)):
            dt = time_s[j] - old_time_s[i]
            if dt < 0.2 or dt > max(longest, old_span_s[i]):
                continue
            away2 = 0.0
            for k in range(3):
                away2 += (point[j, k] - old_point[i, k]) ** 2
            if away2 > (fastest * dt) ** 2:
                continue
            noise = 0.0
            for k in range(3):
                noise += here[k, k] + old_cov[i, k, k]
            if np.isfinite(z[j, 3]):
                along = 0.0
                reach = 0.0
                # direction of sight, from the plot itself
                cos_e = np.cos(z[j, 2])
                for k in range(3):
                    sight = (
                        turn[j, 0, k] * cos_e * np.sin(z[j, 1])
                        + turn[j, 1, k] * cos_e * np.cos(z[j, 1])
                        + turn[j, 2, k] * np.sin(z[j, 2])
                    )
                    along += sight * (point[j, k] - old_point[i, k]) / dt
                    reach += sight * (here[k, k] + old_cov[i, k, k]) * sight
                spread = np.sqrt(max(reach, 0.0)) / dt + sigma[j, 3]
                # over dt the speed itself may change, by thrust at most 40 g
                if abs(along - z[j, 3]) > 4.0 * spread + 200.0 * dt:
                    continue
            # speed beyond what noise alone would feign
            speed = np.sqrt(max(away2 - noise, 0.0)) / dt
            place = kept
            if kept == most:
                place = 0
                for k in range(most):
                    if speeds[k] > speeds[place]:
                        place = k
                if speeds[place] <= speed:
                    continue
            else:
                kept += 1
            speeds[place], partners[place] = speed, i
        for k in range(kept):
            i = partners[k]
            dt = time_s[j] - old_time_s[i]
            for a in range(3):
                mean[count, a] = point[j, a]
                mean[count, 3 + a] = (point[j, a] - old_point[i, a]) / dt
                for b in range(3):
                    cov[count, a, b] = here[a, b]
                    cov[count, a, 3 + b] = here[a, b] / dt
                    cov[count, 3 + a, b] = here[a, b] / dt
                    cov[count, 3 + a, 3 + b] = (here[a, b] + old_cov[i, a, b]) / dt**2
                # a body that starts may have gained speed in between
                cov[count, 3 + a, 3 + a] += (20.0 * dt) ** 2
            mean[count, 6] = ln_beta
            cov[count, 6, 6] = ln_beta_sigma**2
            if -500.0 < height_of(point[j, 0], point[j, 1], point[j, 2]) < 1e6:
                found[count] = j
                count += 1
    return found[:count], mean[:count], cov[:count]


@kernel
def plot_covariances(
    z: FloatArray, sigma: FloatArray, turn: FloatArray, own_place: bool
) -> FloatArray:
    """(m, 3, 3) ECEF covariance of the place of every plot."""
    out = np.empty((len(z), 3, 3))
    for j in range(len(z)):
        out[j] = place_covariance(z[j], sigma[j], turn[j], own_place)
    return out
