"""The kernel under `manoeuvring`: particles that fly ways on over a raster of labels.

The geometry of a way is worked out in loops of one array each, without a branch, which
the compiler turns into vector code; only the look-ups and the sums go step by step.
"""

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.forecast.falling import lower_root
from forewarn.forecast.raster import Int32Array
from forewarn.forecast.tallies import REACHED, ROW, add_down, finish_row, listed_too
from forewarn.forecast.ways import RUN_S, RUNS, TURN_RAD, Float32Array
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray

STEEP = 0.15  # sine of the path angle beyond which a steered threat counts as diving
# metres ahead per metre of height in a dive: public footage of attack drones
AHEAD_PER_HEIGHT = 1.5
REACH_M = (300.0, 2000.0)  # shortest and longest way covered in a dive out of level flight
HASTE = 1.2  # speed in a dive, along its path, over that of cruise
REACH_SPREAD = 0.3  # standard deviation of the way covered, as a share of it
STRAIGHT_RADPS = 0.003  # turn rate that a course held straight leaves open
GOLDEN = 0.6180339887498949
BRONZE = 0.3027756377319946
FLOOR = 1e-6  # rows less probable than this are not worth writing
TAIL = 16  # steps beyond the horizon in which a dive may still end
LONG = 90  # steps
PIECES = 8  # at most, into which a step of a fast target is cut on a fine raster

f4 = np.float32
i4 = np.int32


@inner_kernel
def _alike(turns: Float32Array, turn: float) -> int:
    """Which of some turns, rising, is nearest to one."""
    after = np.searchsorted(turns, f4(turn))
    if after == len(turns) or (after > 0 and turn - turns[after - 1] < turns[after] - turn):
        return int(after) - 1
    return int(after)


@inner_kernel
def _locate(
    way: Float32Array,
    rise: Float32Array,
    draw: Float32Array,
    start: FloatArray,
    move: FloatArray,
    turn: float,
    hold: int,
    cell_m: float,
    step: float,
    above_m: float,
    tall: int,
    wide: int,
    keys: Int32Array,
    at: Float32Array,
) -> float:
    """Where one particle is at each step, and would come down if it dived then.

    way, draw : of `Ways`, one row each; rise : (rows,) height gained, m
    start     : (2,) cells; move : (2,) m/s
    hold      : steps for which the turn of the moment, rad/s, goes on
    tall, wide: last row and column of the padded raster
    keys      : (2, rows) to fill: flat cell under it, flat cell where it would come down
    at        : (7, rows) to fill: 0, 1 its place, cells; 2, 3, 4 where (cells) and when
                (s) it would come down; 5, 6 scratch
    returns   : speed, m/s
    """
    rows = way.shape[1]
    speed = np.sqrt(move[0] * move[0] + move[1] * move[1])
    ue, un = f4(0.0), f4(1.0)
    if speed > 1e-3:
        ue, un = f4(move[0] / speed), f4(move[1] / speed)
    speed = max(speed, 5.0)
    bend = turn * step
    x0, y0 = f4(start[0]), f4(start[1])
    pace = f4(speed / cell_m)
    late_s = f4(draw[7] * step)
    ahead = late_s * pace
    stretch = f4(max(1.0 + REACH_SPREAD * draw[6], 0.1) / cell_m)
    dive_spm = f4(1.0 / (HASTE * speed))
    step_s, one, zero, cell = f4(step), f4(1.0), f4(0.0), f4(cell_m)
    least, most = f4(REACH_M[0]), f4(REACH_M[1])
    slope, above = f4(AHEAD_PER_HEIGHT), f4(above_m)
    far_now = min(max(slope * above, least), most) * stretch
    run, height = far_now * cell, max(above, zero)
    dive_s = dive_spm * np.sqrt(run * run + height * height)
    half_c, half_s = f4(np.cos(0.5 * bend)), f4(np.sin(0.5 * bend))
    # from the course of the moment to that of the dive, clockwise
    aside_c, aside_s = f4(np.cos(draw[8])), f4(np.sin(draw[8]))
    for k in range(hold):  # the turn of the moment goes on
        at[0, k], at[1, k] = x0, y0
        at[2, k] = x0 + ahead * ue + far_now * (ue * aside_c + un * aside_s)
        at[3, k] = y0 + ahead * un + far_now * (un * aside_c - ue * aside_s)
        at[4, k] = f4(i4(k)) * step_s + late_s + dive_s
        me, mn = ue * half_c + un * half_s, un * half_c - ue * half_s
        x0 += pace * step_s * me
        y0 += pace * step_s * mn
        ue, un = me * half_c + mn * half_s, mn * half_c - me * half_s
    left = rows - hold
    along, across, to_a, to_b = way[0], way[1], way[2], way[3]
    x, y, fall, far = at[0, hold:], at[1, hold:], at[5], at[6]
    spot_x, spot_y, spot_s = at[2, hold:], at[3, hold:], at[4, hold:]
    pe, pn = pace * ue, pace * un
    for r in range(left):
        x[r] = x0 + along[r] * pe + across[r] * pn
    for r in range(left):
        y[r] = y0 + along[r] * pn - across[r] * pe
    for r in range(left):
        fall[r] = max(above + rise[r], zero)
    for r in range(left):
        far[r] = min(max(slope * fall[r], least), most) * stretch
    first = f4(i4(hold)) * step_s + late_s
    for r in range(left):
        slant = np.sqrt(far[r] * cell * (far[r] * cell) + fall[r] * fall[r])
        spot_s[r] = first + f4(i4(r)) * step_s + dive_spm * slant
    dive_e, dive_n = ue * aside_c + un * aside_s, un * aside_c - ue * aside_s
    for r in range(left):
        spot_x[r] = x[r] + to_a[r] * (far[r] * dive_e + ahead * ue)
    for r in range(left):
        spot_x[r] += to_b[r] * (far[r] * dive_n + ahead * un)
    for r in range(left):
        spot_y[r] = y[r] + to_a[r] * (far[r] * dive_n + ahead * un)
    for r in range(left):
        spot_y[r] -= to_b[r] * (far[r] * dive_e + ahead * ue)
    for which in range(2):
        px, py, key = at[2 * which], at[2 * which + 1], keys[which]
        tall_f, wide_f, width = f4(i4(tall)), f4(i4(wide)), i4(wide) + i4(1)
        for r in range(rows):
            column = i4(min(max(px[r] + one, zero), wide_f))
            key[r] = i4(min(max(py[r] + one, zero), tall_f)) * width + column
    return float(speed)


@kernel
def carry_particles(
    pos: FloatArray,
    vel: FloatArray,
    cov: FloatArray,
    above: FloatArray,
    sink: FloatArray,
    turn: FloatArray,
    way: Float32Array,
    draw: Float32Array,
    label: Int32Array,
    hazard: Float32Array,
    frame: FloatArray,
    run: FloatArray,
    eager: Float32Array,
    flown: Float32Array,
    flown_turn: Float32Array,
    flown_share: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """All particles of a table, for each of m targets, over one raster.

    pos, vel : (m, 2) m, m/s; cov : (m, 4, 4); above, sink : (m,), as `Steered`
    turn     : (m, 3) probability that it turns, then its rate and standard deviation
    way, draw: as `Ways`
    label    : (r + 2, c + 2) label of each cell, and a border; the highest = nowhere
    hazard   : (r + 2, c + 2) dives per second that end there
    frame    : east, north of the corner m, cell m, step s
    run      : (m,) seconds for which each flew straight
    eager, flown, flown_turn, flown_share : as `Ways`
    returns  : per pair: target, label, and (14,) down, reached, mean east, north m,
               ee, en, nn m2, mean time s, its slope east, north s/m, what remains of its
               sigma s, and the 5, 50, 95 % quantile of first arrival s; seconds are
               those after the state. nan where nothing comes down
    """
    count, rows = way.shape[0], way.shape[2]
    steps = rows - 1
    # on a long way, each particle is given its chances in every third step, by turns
    every = 3 if steps >= LONG and steps % 3 == 0 else 1
    east_0, north_0, cell_m, step = frame[0], frame[1], frame[2], frame[3]
    flat_label, flat_hazard = label.reshape(-1), hazard.reshape(-1)
    tall, wide = label.shape[0] - 1, label.shape[1] - 1
    labels = label[0, 0] + 1
    total = np.zeros((labels, REACHED + 1))
    bins = steps + TAIL
    when = np.zeros((labels, bins), np.float32)
    stamp = np.full(labels, -1, np.int64)  # the particle that passed there last
    listed = np.full(labels, -1, np.int64)  # the target that touched it last
    touched = np.empty(labels, np.int64)
    keys, at = np.empty((2, rows), np.int32), np.empty((7, rows), np.float32)
    root = np.empty((4, 4))
    start, move = np.empty(2), np.empty(2)
    room, filled, serial = 1024, 0, 0
    out_target, out_label = np.empty(room, np.int64), np.empty(room, np.int64)
    out = np.empty((room, ROW))
    for job in range(len(pos)):
        lower_root(cov[job], root)
        found = 0
        diving, far_m = 0.0, 0.0
        if sink[job] > 0.5 * STEEP:
            diving = 1.0 / (1.0 + np.exp(-(sink[job] - STEEP) / 0.02))
            level = np.sqrt(max(1.0 - sink[job] * sink[job], 0.0))
            far_m = above[job] * level / sink[job]
        for i in range(count):
            serial += 1
            a, b, c, d = draw[i, 0], draw[i, 1], draw[i, 2], draw[i, 3]
            start[0] = (pos[job, 0] + root[0, 0] * a - east_0) / cell_m
            start[1] = (pos[job, 1] + root[1, 0] * a + root[1, 1] * b - north_0) / cell_m
            move[0] = vel[job, 0] + root[2, 0] * a + root[2, 1] * b + root[2, 2] * c
            move[1] = vel[job, 1] + root[3, 0] * a + root[3, 1] * b + root[3, 2] * c
            move[1] += root[3, 3] * d
            # as many particles turn as are likely to, spread evenly over the table: a
            # track that wavers moves few of them from side to side
            bend = STRAIGHT_RADPS * draw[i, 4]
            if i * GOLDEN % 1.0 < turn[job, 0]:
                bend = turn[job, 1] + turn[job, 2] * draw[i, 4]
            hold = 0 if bend == 0.0 else min(int(draw[i, 5] / step + 0.5), steps)
            own = way[i]
            if i * BRONZE % 1.0 < flown_share:  # flown on from such a turn already
                own, hold = flown[_alike(flown_turn, bend)], 0
            speed = _locate(
                own, way[i, 4], draw[i], start, move, bend, hold, cell_m, step, above[job],
                tall, wide, keys, at,
            )  # fmt: skip
            pieces = min(int(speed * step / cell_m) + 1, PIECES)
            cruising, chance_at = 1.0 / count, i % every
            # so long ago it last turned, at the end of the turn of the moment
            since_0 = run[job] + hold * step
            if abs(bend) * hold * step > TURN_RAD:
                since_0 = 0.0
            s = se = sn = st = see = sen = snn = ste = stn = stt = 0.0
            key, spot, old, base, fresh = -1, -1, -1, 0.0, False
            for k in range(steps + 1):
                if keys[0, k] != key:  # it passes over another cell
                    key = keys[0, k]
                    for piece in range(1 if k > 0 else pieces, pieces + 1):
                        z = flat_label[key]
                        if piece < pieces:
                            u = piece / pieces
                            x = at[0, k - 1] + u * (at[0, k] - at[0, k - 1]) + 1.0
                            y = at[1, k - 1] + u * (at[1, k] - at[1, k - 1]) + 1.0
                            row = int(min(max(y, 0.0), tall))
                            z = label[row, int(min(max(x, 0.0), wide))]
                        if stamp[z] != serial:
                            stamp[z] = serial
                            found = listed_too(z, job, found, listed, touched)
                            total[z, REACHED] += cruising
                            when[z, max(k - 1, 0)] += cruising
                            fresh = fresh and z != old
                if k == steps:
                    break
                if k == 0 and diving > 0.0:  # it comes down where it points
                    p = cruising * diving
                    cruising -= p
                    far = far_m * max(1.0 + 0.5 * REACH_SPREAD * draw[i, 6], 0.1)
                    pace = max(np.sqrt(move[0] * move[0] + move[1] * move[1]), 1.0)
                    e = start[0] + far / cell_m * move[0] / pace
                    n = start[1] + far / cell_m * move[1] / pace
                    t = far / pace
                    row = int(min(max(n + 1.0, 0.0), tall))
                    z = label[row, int(min(max(e + 1.0, 0.0), wide))]
                    found = listed_too(z, job, found, listed, touched)
                    pe, pn, pt = p * e, p * n, p * t
                    add_down(
                        total,
                        z,
                        p,
                        pe,
                        pn,
                        pt,
                        pe * e,
                        pe * n,
                        pn * n,
                        pe * t,
                        pn * t,
                        pt * t,
                    )
                    if stamp[z] != serial:
                        total[z, REACHED] += p
                        when[z, min(int(t / step), bins - 1)] += p
                if k != chance_at:
                    continue
                chance_at += every
                if keys[1, k] != spot:  # it would come down in another cell
                    spot = keys[1, k]
                    base = flat_hazard[spot] * step * every
                    z = flat_label[spot]
                    if z != old:
                        if old >= 0:
                            add_down(
                                total, old, s, se, sn, st, see, sen, snn, ste, stn, stt
                            )
                            s = se = sn = st = see = sen = snn = ste = stn = stt = 0.0
                        old = z
                        found = listed_too(z, job, found, listed, touched)
                        fresh = stamp[z] != serial
                since = float(own[5, max(k - hold, 0)])
                if since < 0.0:
                    since = max(since_0 + (k - hold) * step, 0.0)
                h = base * eager[min(int(since / RUN_S), RUNS - 1)]
                q = h * (1.0 - h * (0.5 - h * (1.0 / 6.0 - h / 24.0)))
                if h > 0.02:
                    q = 1.0 - np.exp(-h)
                p = cruising * q
                cruising -= p
                e, n, t = float(at[2, k]), float(at[3, k]), float(at[4, k])
                pe, pn, pt = p * e, p * n, p * t
                s += p
                se += pe
                sn += pn
                st += pt
                see += pe * e
                sen += pe * n
                snn += pn * n
                ste += pe * t
                stn += pn * t
                stt += pt * t
                if fresh:
                    total[old, REACHED] += p
                    when[old, min(int(t / step), bins - 1)] += p
            add_down(total, old, s, se, sn, st, see, sen, snn, ste, stn, stt)
        if filled + found > room:
            room = 2 * (filled + found)
            more_target, more_label = np.empty(room, np.int64), np.empty(room, np.int64)
            more = np.empty((room, ROW))
            more_target[:filled] = out_target[:filled]
            more_label[:filled], more[:filled] = out_label[:filled], out[:filled]
            out_target, out_label, out = more_target, more_label, more
        for j in range(found):
            z = touched[j]
            if total[z, REACHED] > FLOOR:
                out_target[filled], out_label[filled] = job, z
                finish_row(total[z], when[z], east_0, north_0, cell_m, step, out[filled])
                filled += 1
            total[z] = 0.0
            when[z] = 0.0
    return out_target[:filled], out_label[:filled], out[:filled]
