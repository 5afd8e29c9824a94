"""Plots taken into tracks: by the share each track has in them, all modes at once."""

import numpy as np

from forewarn.compiled import bare_kernel, inner_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.motion import SEVENTH, motion_room, predict
from forewarn.records import IntArray
from forewarn.sensor import (
    Room,
    log_density,
    place_distance2,
    sensor_room,
    take_place,
    take_rate,
    update,
)
from forewarn.track.blending import blend_modes, copy_modes
from forewarn.track.table import COUNT, Table, load_row, store_row
from forewarn.track.waking import settle, who_wakes

MOST = 6  # plots that one track blends at most
FAINT = 0.1  # a share below this part of the track's is left out
LEAST_WEIGHT = 1e-6
HEARD_MPS, CLIMB_MPS = 120.0, 5.0  # drones: below this speed, and how they climb
# what a radar sees that tells no elevation: how fast it is, and how it climbs, if nobody
# knows better
FLAT_MPS, FLAT_CLIMB_MPS = 340.0, 15.0


@bare_kernel
def _sum_to_one(weight: FloatArray, total: float) -> None:
    """Weights, whose sum is total, sum to 1, in place; who is awake stays so."""
    rest = 0.0
    for mode in range(COUNT):
        if weight[mode] > 0.0:
            weight[mode] = max(weight[mode] / total, LEAST_WEIGHT)
            rest += weight[mode]
    for mode in range(COUNT):
        weight[mode] /= rest


@inner_kernel
def _take_one(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    shift_s: float,
    j: int,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
    room: Room,
    log_mode: FloatArray,
    told: FloatArray,
    off: FloatArray,
) -> float:
    """One plot into all modes of one track, weights too, in place.

    shift_s  : the plot's time less the state's, which stays where it is
    log_mode : (k,) log likelihood by mode where it is known, or nan; told (k,) gets it
    off      : (4, 3) gets the covariance of how far off the plot's place was, and in its
               last row that itself, m, both blended over modes
    returns  : squared distance of the plot over its mean, about 1 where the track knows
               what it says; nan where the plot tells no place
    """
    best, far2 = -1e300, 0.0
    off[:] = 0.0
    for mode in range(COUNT):
        if weight[mode] <= 0.0:
            continue
        s, p = mean[mode], cov[mode]
        if np.isfinite(point[j, 0]):
            told[mode] = log_mode[mode]
            if not np.isfinite(told[mode]):
                d2, det = place_distance2(
                    s, p, shift_s, point[j], noise[j], sight[j], z[j, 3], sigma[j, 3]
                )
                told[mode] = log_density(d2, det, z[j, 3])
            far2 += weight[mode] * take_place(
                s, p, shift_s, point[j], noise[j], sight[j], z[j, 3], sigma[j, 3], room
            )
            for k in range(3):
                off[3, k] += weight[mode] * room.away[k]
                for q in range(3):
                    off[k, q] += weight[mode] * room.total[k, q]
        else:
            far2 = np.nan
            for k in range(3):
                s[k] += shift_s * s[3 + k]
            told[mode] = update(s, p, z[j], sigma[j], origin[j], turn[j], sound_mps)
            for k in range(3):
                s[k] -= shift_s * s[3 + k]
        s[6] = min(max(s[6], SEVENTH[mode, 3]), SEVENTH[mode, 4])
        best = max(best, told[mode])
    total = 0.0
    for mode in range(COUNT):
        if weight[mode] > 0.0:
            weight[mode] *= np.exp(max(told[mode] - best, -50.0))
            total += weight[mode]
    _sum_to_one(weight, total)
    return far2


@kernel
def take_plots(
    start: IntArray,
    plot: IntArray,
    log_mode: FloatArray,
    share: FloatArray,
    missed: FloatArray,
    t: Table,
    ahead_mean: FloatArray,
    ahead_cov: FloatArray,
    ahead_weight: FloatArray,
    when_s: float,
    plot_time_s: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
    air: FloatArray,
    drag: FloatArray,
) -> IntArray:
    """Take plots into tracks (n), in place; returns the plot each mostly took, -1 = none.

    start, plot, log_mode      : as of `score_pairs`
    share, missed              : as of `share_out`
    t                          : tracks at their own times; who took no plot stays there
    ahead_*                    : the same predicted to when_s; used up
    A track that took one plot is carried to that plot's own time; one that several plots
    share goes to when_s, as the blend of its futures.
    """
    n = len(start) - 1
    taken = np.full(n, -1, np.int64)
    moving, room, told = motion_room(), sensor_room(), np.empty(COUNT)
    up, nothing = np.zeros(4), np.zeros((3, 3))
    unknown, off, spare = np.full(COUNT, np.nan), np.zeros((4, 3)), np.zeros((4, 3))
    among = np.empty(MOST, np.int64)
    part = np.empty(MOST + 1)
    means = np.empty((MOST + 1, COUNT, 7))
    covs = np.empty((MOST + 1, COUNT, 7, 7))
    weights = np.empty((MOST + 1, COUNT))
    for i in range(n):
        if missed[i] > 0.5:
            continue
        largest, best = 0.0, -1
        for pair in range(start[i], start[i + 1]):
            if share[pair] > largest:
                largest, best = share[pair], pair
        taken[i] = plot[best]
        among[0], part[0], count = best, largest, 1
        for pair in range(start[i], start[i + 1]):
            enough = share[pair] >= FAINT * (1.0 - missed[i])
            if enough and pair != best and count < MOST:
                among[count] = pair
                part[count] = share[pair]
                count += 1
        if count == 1:
            j = taken[i]
            lag = plot_time_s[j] - t[i]["time_s"]
            known = unknown
            if plot_time_s[j] == when_s and lag > 0.0:
                known = log_mode[best]
            else:
                load_row(t, i, ahead_mean[i], ahead_cov[i], ahead_weight[i])
                predict(
                    ahead_mean[i],
                    ahead_cov[i],
                    ahead_weight[i],
                    lag,
                    who_wakes(t, i),
                    air,
                    drag,
                    moving,
                )
            far = _take_one(
                ahead_mean[i],
                ahead_cov[i],
                ahead_weight[i],
                min(lag, 0.0),
                j,
                point,
                noise,
                sight,
                z,
                sigma,
                origin,
                turn,
                sound_mps,
                room,
                known,
                told,
                off,
            )
            if np.isnan(z[j, 2]) and np.isfinite(z[j, 0]):
                _stay_level(
                    ahead_mean[i],
                    ahead_cov[i],
                    ahead_weight[i],
                    FLAT_MPS,
                    FLAT_CLIMB_MPS,
                    FLAT_CLIMB_MPS,
                    up,
                    nothing,
                    room,
                )
            t[i]["time_s"] = max(t[i]["time_s"], plot_time_s[j])
            settle(t, i, far, off, ahead_mean[i], ahead_cov[i], ahead_weight[i])
            store_row(ahead_mean[i], ahead_cov[i], ahead_weight[i], t, i)
            continue
        far, now_s = 0.0, max(t[i]["time_s"], when_s)
        for c in range(count):
            copy_modes(
                ahead_mean[i], ahead_cov[i], ahead_weight[i], means, covs, weights, c
            )
            j = plot[among[c]]
            far += part[c] * _take_one(
                means[c],
                covs[c],
                weights[c],
                plot_time_s[j] - now_s,
                j,
                point,
                noise,
                sight,
                z,
                sigma,
                origin,
                turn,
                sound_mps,
                room,
                log_mode[among[c]],
                told,
                off if c == 0 else spare,
            )
        far /= part[:count].sum()
        if missed[i] > FAINT:
            copy_modes(
                ahead_mean[i], ahead_cov[i], ahead_weight[i], means, covs, weights, count
            )
            part[count] = missed[i]
            count += 1
        blend_modes(
            part[:count], means, covs, weights, ahead_mean[i], ahead_cov[i], ahead_weight[i]
        )
        t[i]["time_s"] = now_s
        settle(t, i, far, off, ahead_mean[i], ahead_cov[i], ahead_weight[i])
        store_row(ahead_mean[i], ahead_cov[i], ahead_weight[i], t, i)
    return taken


@kernel
def take_bearings(
    start: IntArray,
    plot: IntArray,
    share: FloatArray,
    t: Table,
    ahead_mean: FloatArray,
    ahead_cov: FloatArray,
    ahead_weight: FloatArray,
    when_s: float,
    plot_time_s: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
) -> IntArray:
    """Take all that observers say of each track (n), one after another, in place.

    share   : (p,) of each pair; what is less than half a track's is left out
    returns : (n,) the plot taken last, -1 = none; arguments else as of `take_plots`
    """
    n = len(start) - 1
    taken = np.full(n, -1, np.int64)
    room, told = sensor_room(), np.empty(COUNT)
    up, nothing = np.zeros(4), np.zeros((3, 3))
    unknown, off = np.full(COUNT, np.nan), np.zeros((4, 3))
    for i in range(n):
        for pair in range(start[i], start[i + 1]):
            if share[pair] <= 0.5:
                continue
            if taken[i] < 0:
                t[i]["time_s"] = max(t[i]["time_s"], when_s)
            taken[i] = plot[pair]
            _take_one(
                ahead_mean[i],
                ahead_cov[i],
                ahead_weight[i],
                plot_time_s[plot[pair]] - t[i]["time_s"],
                plot[pair],
                point,
                noise,
                sight,
                z,
                sigma,
                origin,
                turn,
                sound_mps,
                room,
                unknown,
                told,
                off,
            )
        if taken[i] >= 0:
            _stay_level(
                ahead_mean[i],
                ahead_cov[i],
                ahead_weight[i],
                HEARD_MPS,
                CLIMB_MPS,
                0.0,
                up,
                nothing,
                room,
            )
            settle(t, i, np.nan, off, ahead_mean[i], ahead_cov[i], ahead_weight[i])
            store_row(ahead_mean[i], ahead_cov[i], ahead_weight[i], t, i)
    return taken


@kernel
def _stay_level(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    fastest_mps: float,
    climb_mps: float,
    vague_mps: float,
    up: FloatArray,
    nothing: FloatArray,
    room: Room,
) -> None:
    """What is slow flies level: without elevations it might climb or fall as it liked.

    fastest_mps : speed above which nothing is assumed; climb_mps : sigma of climb
    vague_mps   : nor where the climb is known better than this
    up, nothing : (4,), (3, 3) to work in; the second zeros
    """
    flies = 0
    for mode in range(COUNT):
        if weight[mode] > weight[flies]:
            flies = mode
    s, p = mean[flies], cov[flies]
    reach = np.sqrt(s[0] ** 2 + s[1] ** 2 + s[2] ** 2)
    speed2, total = 0.0, 0.0
    for k in range(3):
        up[k] = s[k] / reach
        speed2 += s[3 + k] ** 2
    known2 = 0.0
    for k in range(3):
        for q in range(3):
            known2 += up[k] * p[3 + k, 3 + q] * up[q]
    if speed2 > fastest_mps**2 or known2 < vague_mps**2:
        return
    for mode in range(COUNT):
        if weight[mode] <= 0.0:
            continue
        climb, spread2 = 0.0, climb_mps**2
        for k in range(3):
            climb += up[k] * mean[mode, 3 + k]
            for q in range(3):
                spread2 += up[k] * cov[mode, 3 + k, 3 + q] * up[q]
        weight[mode] *= np.exp(-0.5 * climb * climb / spread2) / np.sqrt(spread2)
        total += weight[mode]
        take_rate(mean[mode], cov[mode], nothing, up, 0.0, climb_mps, room)
    _sum_to_one(weight, total)
