"""Where something may begin: two plots that nobody took and one body could have made."""

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.gate import around, lay_out
from forewarn.geodesy import FloatArray
from forewarn.motion import SEVENTH
from forewarn.records import IntArray
from forewarn.sensor import sensor_room, take_rate
from forewarn.track.denial import SEEN, slot_of
from forewarn.track.table import COUNT, Table

# a plot that no track took, as the start of something new: log odds `score` that it is;
# flat = 1 where its elevation is not known
SEED = np.dtype(
    [
        ("number", np.int64),
        ("time_s", np.float64),
        ("point", np.float64, (3,)),
        ("noise", np.float64, (3, 3)),
        ("span_s", np.float64),
        ("score", np.float64),
        ("group", np.int64),
        ("flat", np.int64),
    ]
)
# where and how fast a track began lately
KIN = np.dtype(
    [("time_s", np.float64), ("point", np.float64, (3,)), ("velocity", np.float64, (3,))]
)
FASTEST_MPS = 1700.0  # no first plots of faster bodies are paired
LEAST_GAP_S = 0.15
PARTNERS = 4  # earlier plots that one plot is paired with at most
# births: expected number a scan, the part of them just above the mask, and how near that is
BIRTHS, LOW_PART, LOW_RAD = 1.0, 0.9, 0.02
TAKEN = 0.2  # chance of being nobody's below which a plot starts nothing
GAIN_MPS = 80.0  # per second between two plots: speed that a start may gain
KIN_M, KIN_MPS, KIN_ODDS = 1500.0, 90.0, 30.0  # of a track that began near here lately
HEIGHT_M, CLIMB_MPS = 2500.0, 10.0  # sigma of where a flat start flies, and how it climbs
HOPELESS = -9.0  # log odds
FAST_MPS = 150.0  # what is faster may be boosting
STEEP = 0.3  # sine of the path's angle: what is fast and climbs so steeply seldom steers
STEEP_MODES = np.array([0.5, 0.45, 0.0, 0.0, 0.01, 0.04])
FAST_MODES = np.array([0.4, 0.45, 0.0, 0.0, 0.05, 0.1])
SLOW_MODES = np.array([0.1, 0.1, 0.0, 0.0, 0.4, 0.4])


@bare_kernel
def _kin_gain(
    kin: Table, seed: Table, velocity: FloatArray, spread: float, plain: float
) -> float:
    """Log density of a start's velocity, by what began near it lately; else `plain`."""
    gain = plain
    for q in range(len(kin)):
        off2, slip2 = 0.0, 0.0
        for k in range(3):
            off2 += (seed["point"][k] - kin[q]["point"][k]) ** 2
            slip2 += (velocity[k] - kin[q]["velocity"][k]) ** 2
        if off2 > 9.0 * KIN_M**2:
            continue
        wide2 = spread / 3.0 + KIN_MPS**2
        like = -1.5 * np.log(2.0 * np.pi * wide2) - 0.5 * slip2 / wide2
        near = KIN_ODDS * np.exp(-0.5 * off2 / KIN_M**2)
        gain = max(gain, like + np.log(near + 1e-3))
    return float(gain)


@kernel
def pair_up(
    seeds: Table,
    young: Table,
    kin: Table,
    number: IntArray,
    time_s: FloatArray,
    guess: FloatArray,
    guess_noise: FloatArray,
    sight: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    log_clutter: FloatArray,
    free: FloatArray,
    log_hit: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs of an earlier plot and a new one that one body could have made.

    seeds       : earlier plots that nobody took
    young, kin  : tracks that have taken some of these plots already; that began lately
    number ..   : columns of a Scan; free (m,) chance that no track has the plot
    returns     : row of the earlier plot, of the new one, log odds; (p,) each
    """
    m = len(guess)
    old, new = np.empty(m * PARTNERS, np.int64), np.empty(m * PARTNERS, np.int64)
    score = np.empty(m * PARTNERS)
    done_before, done = np.empty(len(young), np.int64), np.empty(len(young), np.int64)
    dones = 0
    for i in range(len(young)):
        recent = young[i]["recent"]
        if recent[3] >> 16 == number[0] >> 16:
            done_before[dones], done[dones] = recent[2], recent[3]
            dones += 1
    old_point, widest_m = np.empty((len(seeds), 3)), 0.0
    for i in range(len(seeds)):
        spread = 0.0
        for k in range(3):
            old_point[i, k] = seeds[i]["point"][k]
            spread += seeds[i]["noise"][k, k]
        far_m = FASTEST_MPS * seeds[i]["span_s"] + 2.0 * np.sqrt(spread)
        widest_m = max(widest_m, far_m)
    grid, some = lay_out(old_point), np.empty(len(seeds), np.int64)
    plain = -np.log(4.0 / 3.0 * np.pi * FASTEST_MPS**3)
    count = 0
    velocity = np.empty(3)
    for j in range(m):
        if not np.isfinite(guess[j, 0]) or free[j] < TAKEN:
            continue
        first = count
        log_free = np.log(free[j])
        flat = int(np.isnan(z[j, 2]) and np.isfinite(z[j, 0]))
        wide2 = guess_noise[j, 0, 0] + guess_noise[j, 1, 1] + guess_noise[j, 2, 2]
        reach = widest_m + 2.0 * np.sqrt(wide2)
        found = around(grid, guess[j, 0], guess[j, 1], guess[j, 2], reach, some)
        for i in some[:found]:
            seed = seeds[i]
            dt = time_s[j] - seed["time_s"]
            if dt < LEAST_GAP_S or dt > seed["span_s"] or seed["flat"] != flat:
                continue
            speed2, spread = 0.0, 0.0
            for k in range(3):
                velocity[k] = (guess[j, k] - seed["point"][k]) / dt
                speed2 += velocity[k] ** 2
                spread += (guess_noise[j, k, k] + seed["noise"][k, k]) / dt**2
            if speed2 > (FASTEST_MPS + 2.0 * np.sqrt(spread)) ** 2:
                continue
            worth = seed["score"] + log_free + log_hit - log_clutter[j] - 2.0 * np.log(dt)
            if flat:  # densities per m2, as far as was measured
                worth += np.log(z[j, 0]) - np.log(np.pi * FASTEST_MPS**2)
            else:
                worth += _kin_gain(kin, seed, velocity, spread, plain) - np.log(dt)
            if np.isfinite(z[j, 3]):
                nu, wide2 = z[j, 3], sigma[j, 3] ** 2 + (GAIN_MPS * dt) ** 2
                for k in range(3):
                    nu -= sight[j, k] * velocity[k]
                    for q in range(3):
                        both = guess_noise[j, k, q] + seed["noise"][k, q]
                        wide2 += sight[j, k] * both * sight[j, q] / dt**2
                if nu * nu > 20.0 * wide2:
                    continue
                worth -= 0.5 * (nu * nu / wide2 + np.log(2.0 * np.pi * wide2))
            if worth < HOPELESS:
                continue
            again = False
            for q in range(dones):
                again |= done[q] == number[j] and done_before[q] == seed["number"]
            if again:
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
    return old[:count], new[:count], score[:count]


@kernel
def bear(
    old: IntArray,
    new: IntArray,
    score: FloatArray,
    seeds: Table,
    number: IntArray,
    time_s: FloatArray,
    guess: FloatArray,
    guess_noise: FloatArray,
    sight: FloatArray,
    turn: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    trusted: int,
    group_bit: int,
    scan_s: float,
    born: Table,
) -> None:
    """Young tracks, into `born` (p,), of pairs as of `pair_up`."""
    s, cov, room = np.zeros(7), np.empty((7, 7)), sensor_room()
    for c in range(len(old)):
        j, seed, row = new[c], seeds[old[c]], born[c]
        dt = time_s[j] - seed["time_s"]
        cov[:] = 0.0
        speed2 = 0.0
        for a in range(3):
            s[a] = guess[j, a]
            s[3 + a] = (guess[j, a] - seed["point"][a]) / dt
            speed2 += s[3 + a] ** 2
            for b in range(3):
                cov[a, b] = guess_noise[j, a, b]
                cov[a, 3 + b] = guess_noise[j, a, b] / dt
                cov[3 + a, b] = guess_noise[j, a, b] / dt
                cov[3 + a, 3 + b] = (guess_noise[j, a, b] + seed["noise"][a, b]) / dt**2
            cov[3 + a, 3 + a] += (GAIN_MPS * dt) ** 2
        climb = turn[j, 2, 0] * s[3] + turn[j, 2, 1] * s[4] + turn[j, 2, 2] * s[5]
        modes = SLOW_MODES
        if speed2 > FAST_MPS**2:
            modes = STEEP_MODES if climb > STEEP * np.sqrt(speed2) else FAST_MODES
        if np.isfinite(z[j, 3]):
            take_rate(s, cov, guess_noise[j], sight[j], z[j, 3], sigma[j, 3], room)
        if seed["flat"]:
            for a in range(3):
                for b in range(3):
                    upright = turn[j, 2, a] * turn[j, 2, b]
                    cov[a, b] += HEIGHT_M**2 * upright
                    cov[3 + a, 3 + b] += CLIMB_MPS**2 * upright
        for mode in range(COUNT):
            row["weight"][mode] = modes[mode]
            if modes[mode] <= 0.0:
                continue
            s[6], cov[6, 6] = SEVENTH[mode, 0], SEVENTH[mode, 1]
            for a in range(7):
                row["mean"][mode, a] = s[a]
                for b in range(7):
                    row["cov"][mode, a, b] = cov[a, b]
        row["track_id"] = 2 * seed["number"]  # of its first plot: same in every replay
        row["time_s"] = time_s[j]
        row["looked_s"] = time_s[j]
        row["first_s"] = seed["time_s"]
        row["log_odds"] = score[c]
        row["hits"] = 2
        row["trusted_hits"] = 2 * trusted
        row["group_mask"] = group_bit | seed["group"]
        row["denied"][slot_of(group_bit)] -= SEEN
        row["denied"][slot_of(seed["group"])] -= SEEN
        row["scan_s"] = scan_s
        row["recent"][2] = seed["number"]
        row["recent"][3] = number[j]


@kernel
def leave(
    seeds: Table,
    now_s: float,
    number: IntArray,
    time_s: FloatArray,
    guess: FloatArray,
    guess_noise: FloatArray,
    z: FloatArray,
    lift_rad: FloatArray,
    free: FloatArray,
    false_plots: float,
    span_s: float,
    group_bit: int,
    out: Table,
) -> int:
    """Seeds that later plots may still follow, and new ones, into `out`; returns how many.

    What starts comes up through the mask; what only comes into cover may appear anywhere.
    """
    count = 0
    for i in range(len(seeds)):
        if seeds[i]["time_s"] + seeds[i]["span_s"] > now_s:
            out[count] = seeds[i]
            count += 1
    for j in range(len(guess)):
        if free[j] <= TAKEN or not np.isfinite(guess[j, 0]):
            continue
        low = LOW_PART * np.exp(-max(lift_rad[j], 0.0) / LOW_RAD) * 0.6 / LOW_RAD
        odds = BIRTHS * (low + 1.0 - LOW_PART) / (false_plots + 0.1)
        seed = out[count]
        seed["number"] = number[j]
        seed["time_s"] = time_s[j]
        for a in range(3):
            seed["point"][a] = guess[j, a]
            for b in range(3):
                seed["noise"][a, b] = guess_noise[j, a, b]
        seed["span_s"] = span_s
        seed["score"] = np.log(odds * free[j])
        seed["group"] = group_bit
        seed["flat"] = int(np.isnan(z[j, 2]) and np.isfinite(z[j, 0]))
        count += 1
    return count
