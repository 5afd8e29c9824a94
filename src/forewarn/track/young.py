"""Young tracks: several readings of the same few plots, until one of them stands out.

A salvo leaves its launcher at the pace at which a radar looks, so a plot may be the rocket
of before or the next one. Each pair of plots that one body could have made is a young
track; each new plot may extend it in more than one way; those that share plots are rivals,
and only the best of them, the leader, is shown. What leads clearly becomes a track.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.sensor import take_rate

FASTEST_MPS = 1700.0  # no first plots of faster bodies are paired
LEAST_GAP_S = 0.15
PARTNERS = 4  # earlier plots that one plot is paired with at most
# births: expected number a scan, the part of them just above the mask, and how near that is
BIRTHS, LOW_PART, LOW_RAD = 1.0, 0.9, 0.02
BRANCH = 4.0  # a second plot this much less likely than the best still makes a branch
WEAK = 3.0  # a best plot worth less than this leaves the chance that it was missed
GAIN_MPS = 80.0  # per second between two plots: speed that a start may gain
SLOW_MPS, SLOW_COST = 250.0, 12.0  # slower than this is seldom a threat that begins
KIN_M, KIN_MPS, KIN_ODDS = 1500.0, 90.0, 30.0  # of a track that began near here lately


@kernel
def extend(
    start: IntArray,
    plot: IntArray,
    log_l: FloatArray,
    log_clutter: FloatArray,
    log_free: FloatArray,
    log_hit: float,
    log_miss: FloatArray,
    score: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Ways in which young tracks (n) go on with a scan.

    start, plot, log_l : pairs (p,) in CSR form
    log_free           : (p,) that no other track has the plot
    log_hit, log_miss  : of being seen; (n,) of not being seen
    returns            : (c,) parent row, pair or -1 for a miss, new score
    """
    n = len(start) - 1
    parent = np.empty(3 * n, np.int64)
    chosen = np.empty(3 * n, np.int64)
    scores = np.empty(3 * n)
    count = 0
    for i in range(n):
        best, second = -1, -1
        best_gain, second_gain = -1e300, -1e300
        for pair in range(start[i], start[i + 1]):
            gain = log_l[pair] - log_clutter[plot[pair]] + log_hit + log_free[pair]
            if gain > best_gain:
                second, second_gain = best, best_gain
                best, best_gain = pair, gain
            elif gain > second_gain:
                second, second_gain = pair, gain
        if best >= 0:
            parent[count], chosen[count], scores[count] = i, best, score[i] + best_gain
            count += 1
        if second >= 0 and second_gain > best_gain - BRANCH:
            parent[count], chosen[count] = i, second
            scores[count] = score[i] + second_gain
            count += 1
        if best_gain < WEAK:
            parent[count], chosen[count], scores[count] = i, -1, score[i] + log_miss[i]
            count += 1
    return parent[:count], chosen[:count], scores[:count]


@kernel
def slow_cost(mean: FloatArray, sigma_mps: FloatArray) -> FloatArray:
    """(n,) what being slow costs a young track (n, 7) against its rivals."""
    out = np.empty(len(mean))
    for i in range(len(mean)):
        speed = np.sqrt(mean[i, 3] ** 2 + mean[i, 4] ** 2 + mean[i, 5] ** 2)
        # where the speed is not known yet, it costs what it may yet turn out to be
        quick = (speed - SLOW_MPS) / max(sigma_mps[i], 15.0)
        out[i] = SLOW_COST / (1.0 + np.exp(min(max(1.7 * quick, -30.0), 30.0)))
    return out


@kernel
def dense(number: IntArray, order: IntArray) -> tuple[int, IntArray]:
    """How many different numbers there are, and which each is; -1 stays -1.

    number : (n, 4) of plots; order : of its values, flat, from the least up
    """
    flat = number.ravel()
    out = np.empty(len(flat), np.int64)
    count, last = 0, np.int64(-1)
    for i in order:
        if flat[i] != last:
            count += 1
            last = flat[i]
        out[i] = count - 1
    return count, out.reshape(number.shape)


@kernel
def lead(
    place: IntArray, plots: int, worth: FloatArray, order: IntArray, lag: float, most: int
) -> tuple[BoolArray, BoolArray, FloatArray]:
    """Leaders among young tracks (n): none of them shares a plot with a better one.

    place   : (n, 4) their last plots, numbered 0 .. plots - 1, -1 = none
    worth   : (n,) ; order : rows from the best down
    lag     : rivals worth this much less than their leader are dropped,
    most    : and all beyond so many
    returns : who leads, who is kept (n,), and by how much a leader leads its best rival
    """
    n = len(order)
    owner = np.full(plots, -1, np.int64)
    leads = np.zeros(n, np.bool_)
    kept = np.zeros(n, np.bool_)
    ahead = np.full(n, np.inf)
    rivals = np.zeros(n, np.int64)
    for i in order:
        first = -1
        for k in range(4):
            p = place[i, k]
            if p >= 0 and owner[p] >= 0:
                first = owner[p]
                ahead[first] = min(ahead[first], worth[first] - worth[i])
                if rivals[first] >= most or worth[i] < worth[first] - lag:
                    first = -2
                    break
        if first == -2:
            continue
        kept[i] = True
        if first >= 0:
            rivals[first] += 1
            continue
        leads[i] = True
        for k in range(4):
            if place[i, k] >= 0:
                owner[place[i, k]] = i
    return leads, kept, ahead


@kernel
def pair_up(
    old_number: IntArray,
    old_time_s: FloatArray,
    old_point: FloatArray,
    old_noise: FloatArray,
    old_span_s: FloatArray,
    old_score: FloatArray,
    time_s: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    rate: FloatArray,
    rate_sigma: FloatArray,
    log_clutter: FloatArray,
    log_free: FloatArray,
    log_hit: float,
    order: IntArray,
    key: FloatArray,
    anchor: FloatArray,
    done_before: IntArray,
    done_plot: IntArray,
    kin_point: FloatArray,
    kin_velocity: FloatArray,
    settings: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
    """Pairs of an earlier plot and a new one that one body could have made.

    old_*       : earlier plots that nobody took; old_score: log odds that something new
                  was seen there
    time_s ..   : columns of a Scan; log_free (m,) that no track has the plot
    order, key  : earlier plots by distance from `anchor`, and those distances
    done_before, done_plot : pairs (number, plot) that a young track has made already
    kin_*       : (k, 3) where and how fast tracks began lately
    settings    : longest span s, ln beta mean and sigma
    returns     : earlier plot, new plot, score (p,); mean (p, 7), cov (p, 7, 7)
    """
    m, n = len(point), len(old_point)
    longest, ln_beta, ln_beta_sigma = settings
    size = m * PARTNERS
    old, new = np.empty(size, np.int64), np.empty(size, np.int64)
    score = np.empty(size)
    log_f = -np.log(4.0 / 3.0 * np.pi * FASTEST_MPS**3)
    kin_norm = -1.5 * np.log(2.0 * np.pi)
    count = 0
    velocity = np.empty(3)
    widest_m = 0.0
    for i in range(n):
        far = FASTEST_MPS * max(longest, old_span_s[i])
        spread = old_noise[i, 0, 0] + old_noise[i, 1, 1] + old_noise[i, 2, 2]
        widest_m = max(widest_m, far + 2.0 * np.sqrt(spread))
    for j in range(m):
        if not np.isfinite(point[j, 0]) or log_free[j] < -1.5:
            continue
        first = count
        away2, spread = 0.0, 0.0
        for k in range(3):
            away2 += (point[j, k] - anchor[k]) ** 2
            spread += noise[j, k, k]
        away, reach = np.sqrt(away2), widest_m + 2.0 * np.sqrt(spread)
        low, high = np.searchsorted(key, away - reach), np.searchsorted(key, away + reach)
        for at in range(low, high):
            i = order[at]
            dt = time_s[j] - old_time_s[i]
            if dt < LEAST_GAP_S or dt > max(longest, old_span_s[i]):
                continue
            away2, spread = 0.0, 0.0
            for k in range(3):
                velocity[k] = (point[j, k] - old_point[i, k]) / dt
                away2 += velocity[k] ** 2
                spread += (noise[j, k, k] + old_noise[i, k, k]) / dt**2
            if away2 > (FASTEST_MPS + 2.0 * np.sqrt(spread)) ** 2:
                continue
            gain = log_f
            for q in range(len(kin_point)):
                off2, slip2 = 0.0, 0.0
                for k in range(3):
                    off2 += (old_point[i, k] - kin_point[q, k]) ** 2
                    slip2 += (velocity[k] - kin_velocity[q, k]) ** 2
                if off2 > 9.0 * KIN_M**2:
                    continue
                wide2 = spread / 3.0 + KIN_MPS**2
                like = kin_norm - 1.5 * np.log(wide2) - 0.5 * slip2 / wide2
                near = KIN_ODDS * np.exp(-0.5 * off2 / KIN_M**2)
                gain = max(gain, like + np.log(near + 1e-3))
            worth = old_score[i] + log_free[j] + log_hit - log_clutter[j]
            worth += gain - 3.0 * np.log(dt)
            if np.isfinite(rate[j]):
                nu, wide2 = rate[j], rate_sigma[j] ** 2 + (GAIN_MPS * dt) ** 2
                for k in range(3):
                    nu -= sight[j, k] * velocity[k]
                    for q in range(3):
                        both = noise[j, k, q] + old_noise[i, k, q]
                        wide2 += sight[j, k] * both * sight[j, q] / dt**2
                if nu * nu > 20.0 * wide2:
                    continue
                worth -= 0.5 * (nu * nu / wide2 + np.log(2.0 * np.pi * wide2))
            if worth < -9.0:
                continue
            done = False
            for q in range(len(done_plot)):
                if done_plot[q] == j and done_before[q] == old_number[i]:
                    done = True
            if done:
                continue
            place = count
            if count - first == PARTNERS:
                place = first
                for k in range(first, count):
                    if score[k] < score[place]:
                        place = k
                if score[place] >= worth:
                    continue
            else:
                count += 1
            old[place], new[place], score[place] = i, j, worth
    mean = np.zeros((count, 7))
    cov = np.zeros((count, 7, 7))
    room = np.empty(7)
    for c in range(count):
        i, j = old[c], new[c]
        dt = time_s[j] - old_time_s[i]
        for a in range(3):
            mean[c, a] = point[j, a]
            mean[c, 3 + a] = (point[j, a] - old_point[i, a]) / dt
            for b in range(3):
                cov[c, a, b] = noise[j, a, b]
                cov[c, a, 3 + b] = noise[j, a, b] / dt
                cov[c, 3 + a, b] = noise[j, a, b] / dt
                cov[c, 3 + a, 3 + b] = (noise[j, a, b] + old_noise[i, a, b]) / dt**2
            cov[c, 3 + a, 3 + a] += (GAIN_MPS * dt) ** 2
        mean[c, 6] = ln_beta
        cov[c, 6, 6] = ln_beta_sigma**2
        if np.isfinite(rate[j]):
            take_rate(mean[c], cov[c], noise[j], sight[j], rate[j], rate_sigma[j], room)
    return old[:count], new[:count], score[:count], mean, cov


def birth_odds(lift_rad: FloatArray, clutter_per_scan: float) -> FloatArray:
    """(m,) log odds that a plot nobody takes is something new, not clutter.

    What starts comes up through the mask; what only comes into cover may appear anywhere.
    """
    low = LOW_PART * np.exp(-np.maximum(lift_rad, 0.0) / LOW_RAD) * 0.6 / LOW_RAD
    return np.asarray(np.log(BIRTHS * (low + 1.0 - LOW_PART) / (clutter_per_scan + 0.1)))
