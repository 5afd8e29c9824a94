"""Plots taken into tracks: by the share each track has in them, all modes at once."""

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.motion import ALL, BASE, SEVENTH, SLEEPS, WIDEST, motion_room, predict
from forewarn.records import FALLING, STRAIGHT, TURNING, IntArray
from forewarn.sensor import (
    Room,
    log_density,
    place_distance2,
    sensor_room,
    take_place,
    take_rate,
    update,
)
from forewarn.track.table import COUNT, MISSED, Table, load_row, store_row

MOST = 6  # plots that one track blends at most
FAINT = 0.1  # a share below this part of the track's is left out
LEAST_WEIGHT = 1e-6
# modes below this weight fall asleep, and falling ones whose drag curve does not fit
ASLEEP, UNLIKE = 0.003, 0.04
# squared distance of plots, over its mean: followed at this pace, too much from here on, or
# of a single plot, or of their mean
PACE, STRAINED, SHOCK, PULLED = 0.25, 2.0, 5.0, 3.0
# drag curves are told apart from this weight of falling on, once it has flown so long;
# most of what falls is finned
SPREAD_FROM, SPREAD_S = 0.8, 7.0
SHAPE_SHARE = np.array([0.6, 0.25, 0.15])
HEARD_MPS, CLIMB_MPS = 120.0, 5.0  # drones: below this speed, and how they climb
# what a radar sees that tells no elevation: how fast it is, and how it climbs, if nobody
# knows better
FLAT_MPS, FLAT_CLIMB_MPS = 340.0, 15.0


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
    rest = 0.0
    for mode in range(COUNT):
        if weight[mode] > 0.0:
            weight[mode] = max(weight[mode] / total, LEAST_WEIGHT)
            rest += weight[mode]
    for mode in range(COUNT):
        weight[mode] /= rest
    return far2


@inner_kernel
def who_wakes(t: Table, i: int) -> int:
    """Which modes of a track wake as it is predicted: all, if it surprises those awake."""
    row = t[i]
    if row["strain"] < STRAINED and row["pulled"] < PULLED and row["misses"] <= MISSED:
        return SLEEPS if row["misses"] == 0 else WIDEST
    return ALL if row["spread"] else BASE


@inner_kernel
def _feel(t: Table, i: int, far: float, off: FloatArray) -> None:
    """How plots surprise a track, in place: by how far off they lie, and all on one side.

    far, off : as of `_take_one`
    What lags behind is missed by less than its noise at each scan, but always the same way.
    """
    row = t[i]
    row["strain"] += PACE * (min(far, 3.0 * STRAINED) - row["strain"])
    if far > SHOCK:
        row["strain"] = max(row["strain"], STRAINED)
    # by the root of its covariance: noise alone has variance 1 in each direction
    pulled = 0.0
    for k in range(3):
        for q in range(k + 1):
            for i in range(q):
                off[k, q] -= off[k, i] * off[q, i]
            if q < k:
                off[k, q] /= off[q, q]
            else:
                off[k, k] = np.sqrt(max(off[k, k], 1e-6))
        for i in range(k):
            off[3, k] -= off[k, i] * off[3, i]
        off[3, k] /= off[k, k]
        row["pull"][k] += PACE * (off[3, k] - row["pull"][k])
        pulled += row["pull"][k] ** 2
    row["pulled"] = pulled * (2.0 - PACE) / PACE / 3.0


@inner_kernel
def _settle(
    t: Table,
    i: int,
    far: float,
    off: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
) -> None:
    """After a plot: modes that are hardly true any more fall asleep; shapes are set apart.

    far, off : as of `_take_one`
    """
    row = t[i]
    row["misses"] = max(row["misses"] - 1, 0)
    if np.isfinite(far):
        _feel(t, i, far, off)
    flown_s = row["time_s"] - row["first_s"]
    if who_wakes(t, i) == SLEEPS:
        steers = weight[STRAIGHT] + weight[TURNING]
        likeliest, rest = 0, 0.0
        for mode in range(COUNT):
            if weight[mode] > weight[likeliest]:
                likeliest = mode
        for mode in range(COUNT):
            least, own = ASLEEP, weight[mode]
            if mode < STRAIGHT and flown_s < SPREAD_S:
                least = 0.0  # it may be boosted yet
            elif mode >= STRAIGHT:
                own = steers  # both of them, or none
            elif mode >= FALLING and row["spread"]:
                least = UNLIKE
            if own < least and mode != likeliest:
                weight[mode] = 0.0
            rest += weight[mode]
        for mode in range(COUNT):
            weight[mode] /= rest
    if row["spread"] or weight[FALLING] < SPREAD_FROM or flown_s < SPREAD_S:
        return
    # by now it is not boosted, and its speed changes enough for shapes to tell
    row["spread"] = 1
    whole = weight[FALLING]
    for shape in range(STRAIGHT - FALLING):
        mode = FALLING + shape
        weight[mode] = whole * SHAPE_SHARE[shape]
        if shape > 0:
            for k in range(7):
                mean[mode, k] = mean[FALLING, k]
                for q in range(7):
                    cov[mode, k, q] = cov[FALLING, k, q]


@kernel
def predict_rows(
    t: Table,
    when_s: float,
    air: FloatArray,
    drag: FloatArray,
    first: int,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    time_s: FloatArray,
) -> None:
    """Tracks of a table as they will be at when_s, into rows of the last four.

    first : the row of the first of them
    """
    moving = motion_room()
    for i in range(len(t)):
        to = first + i
        load_row(t, i, mean[to], cov[to], weight[to])
        dt_s = when_s - t[i]["time_s"]
        time_s[to] = max(t[i]["time_s"], when_s)
        predict(mean[to], cov[to], weight[to], dt_s, who_wakes(t, i), air, drag, moving)


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
    unknown, off = np.full(COUNT, np.nan), np.zeros((4, 3))
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
        count = 0
        for pair in range(start[i], start[i + 1]):
            if share[pair] >= FAINT * (1.0 - missed[i]) and count < MOST:
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
            _settle(t, i, far, off, ahead_mean[i], ahead_cov[i], ahead_weight[i])
            store_row(ahead_mean[i], ahead_cov[i], ahead_weight[i], t, i)
            continue
        far = 0.0
        for c in range(count):
            _copy(ahead_mean[i], ahead_cov[i], ahead_weight[i], means, covs, weights, c)
            j = plot[among[c]]
            far += part[c] * _take_one(
                means[c],
                covs[c],
                weights[c],
                plot_time_s[j] - when_s,
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
                off,
            )
        far /= part[:count].sum()
        if missed[i] > FAINT:
            _copy(ahead_mean[i], ahead_cov[i], ahead_weight[i], means, covs, weights, count)
            part[count] = missed[i]
            count += 1
        _blend(
            part[:count], means, covs, weights, ahead_mean[i], ahead_cov[i], ahead_weight[i]
        )
        t[i]["time_s"] = max(t[i]["time_s"], when_s)
        _settle(t, i, far, off, ahead_mean[i], ahead_cov[i], ahead_weight[i])
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
            _settle(t, i, np.nan, off, ahead_mean[i], ahead_cov[i], ahead_weight[i])
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
    for mode in range(COUNT):
        if weight[mode] > 0.0:
            weight[mode] = max(weight[mode] / total, LEAST_WEIGHT)


@inner_kernel
def _copy(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    means: FloatArray,
    covs: FloatArray,
    weights: FloatArray,
    c: int,
) -> None:
    """Modes that are awake into row c of the last three."""
    for mode in range(COUNT):
        weights[c, mode] = weight[mode]
        if weight[mode] > 0.0:
            means[c, mode] = mean[mode]
            covs[c, mode] = cov[mode]


@inner_kernel
def _blend(
    part: FloatArray,
    means: FloatArray,
    covs: FloatArray,
    weights: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
) -> None:
    """One Gaussian per mode with the moments of the mixture."""
    total = part.sum()
    for mode in range(COUNT):
        weight[mode] = 0.0
        if weights[0, mode] <= 0.0:  # asleep in one future, asleep in all
            continue
        mean[mode] = 0.0
        cov[mode] = 0.0
        for c in range(len(part)):
            weight[mode] += part[c] / total * weights[c, mode]
        for c in range(len(part)):
            a = part[c] / total * weights[c, mode] / weight[mode]
            for k in range(7):
                mean[mode, k] += a * means[c, mode, k]
        for c in range(len(part)):
            a = part[c] / total * weights[c, mode] / weight[mode]
            for k in range(7):
                dk = means[c, mode, k] - mean[mode, k]
                for q in range(7):
                    cov[mode, k, q] += a * (
                        covs[c, mode, k, q] + dk * (means[c, mode, q] - mean[mode, q])
                    )
