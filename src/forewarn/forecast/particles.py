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
PER_RUN = 1.0 / RUN_S

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


@inner_kernel
def _chances(
    run_s: Float32Array,
    since_s: float,
    hold: int,
    step: float,
    dives: Float32Array,
    spots: Int32Array,
    eager: Float32Array,
    first: int,
    every: int,
    chance: FloatArray,
) -> None:
    """How probably one particle that still flies dives at each step.

    run_s   : (rows,) of its way: for how long it flew straight; below 0 = since since_s
    hold    : steps for which the turn of the moment goes on
    dives   : (cells,) per second that end there; spots : (rows,) where it would come down
    eager   : (RUNS,) share of that by `run_s`
    first, every : steps at which it has a chance
    chance  : (2, rows) the first to fill, the second is scratch
    """
    steps = chance.shape[1] - 1
    q, rate = chance[0], chance[1]
    for k in range(steps):
        rate[k] = run_s[max(k - hold, 0)]
    for k in range(steps):
        late = max(since_s + (k - hold) * step, 0.0)
        rate[k] = PER_RUN * (late if rate[k] < 0.0 else rate[k])
    for k in range(steps):
        rate[k] = dives[spots[k]] * eager[min(int(rate[k]), RUNS - 1)]
    for k in range(steps):  # 1 - exp(-h), as the power 16 of a series
        x = min(rate[k] * (step * every / 16.0), 1.0)
        left = 1.0 - x * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0))))
        left *= left
        left *= left
        left *= left
        q[k] = 1.0 - left * left
    if every > 1:
        for k in range(steps):
            q[k] = q[k] if k % every == first else 0.0


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
    per_step = 1.0 / step
    flat_label, flat_hazard = label.reshape(-1), hazard.reshape(-1)
    tall, wide = label.shape[0] - 1, label.shape[1] - 1
    labels = label[0, 0] + 1
    bins = steps + TAIL
    # of labels that one target touched, in the order it came to them, side by side
    total, when = np.zeros((labels, REACHED + 1)), np.zeros((labels, bins), np.float32)
    stamp = np.zeros(labels, np.int64)  # the particle that passed there last,
    passed = np.zeros(labels, np.int64)  # and at which step first
    touched = np.empty(labels, np.int64)
    place = np.zeros(labels, np.int32)  # of each label among those touched,
    listed = np.full(labels, -1, np.int32)  # by the target that touched it last
    keys, at = np.empty((2, rows), np.int32), np.empty((7, rows), np.float32)
    chance, alive = np.empty((2, rows)), np.empty(rows)
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
            cruising, first = 1.0 / count, i % every
            # so long ago it last turned, at the end of the turn of the moment
            since_0 = run[job] + hold * step
            if abs(bend) * hold * step > TURN_RAD:
                since_0 = 0.0
            _chances(
                own[5], since_0, hold, step, flat_hazard, keys[1], eager, first, every,
                chance,
            )  # fmt: skip
            alive[0] = cruising
            cruising *= 1.0 - diving
            for k in range(steps):
                chance[1, k] = cruising * chance[0, k]
                cruising -= chance[1, k]
                alive[k + 1] = cruising
            key = -1
            for k in range(steps + 1):
                if keys[0, k] == key:
                    continue
                key = keys[0, k]  # it passes over another cell
                for piece in range(1 if k > 0 else pieces, pieces + 1):
                    z = flat_label[key]
                    if piece < pieces:
                        u = piece / pieces
                        x = at[0, k - 1] + u * (at[0, k] - at[0, k - 1]) + 1.0
                        y = at[1, k - 1] + u * (at[1, k] - at[1, k - 1]) + 1.0
                        row = int(min(max(y, 0.0), tall))
                        z = label[row, int(min(max(x, 0.0), wide))]
                    z, found = listed_too(z, job, found, listed, place, touched)
                    if stamp[z] != serial:
                        stamp[z], passed[z] = serial, k
                        total[z, REACHED] += alive[k]
                        when[z, max(k - 1, 0)] += alive[k]
            if diving > 0.0:  # it comes down where it points
                p = alive[0] * diving
                far = far_m * max(1.0 + 0.5 * REACH_SPREAD * draw[i, 6], 0.1)
                pace = max(np.sqrt(move[0] * move[0] + move[1] * move[1]), 1.0)
                e = start[0] + far / cell_m * move[0] / pace
                n = start[1] + far / cell_m * move[1] / pace
                t = far / pace
                row = int(min(max(n + 1.0, 0.0), tall))
                z = label[row, int(min(max(e + 1.0, 0.0), wide))]
                z, found = listed_too(z, job, found, listed, place, touched)
                add_down(total, z, p, e, n, t)
                if stamp[z] != serial or passed[z] > 0:
                    total[z, REACHED] += p
                    when[z, min(int(t * per_step), bins - 1)] += p
            spot, z = -1, -1
            for k in range(first, steps, every):
                if keys[1, k] != spot:  # it would come down in another cell
                    spot = keys[1, k]
                    z, found = listed_too(
                        flat_label[spot], job, found, listed, place, touched
                    )
                p, e, n, t = chance[1, k], float(at[2, k]), float(at[3, k]), float(at[4, k])
                add_down(total, z, p, e, n, t)
                if stamp[z] != serial or passed[z] > k:
                    total[z, REACHED] += p
                    when[z, min(int(t * per_step), bins - 1)] += p
        if filled + found > room:
            room = 2 * (filled + found)
            more_target, more_label = np.empty(room, np.int64), np.empty(room, np.int64)
            more = np.empty((room, ROW))
            more_target[:filled] = out_target[:filled]
            more_label[:filled], more[:filled] = out_label[:filled], out[:filled]
            out_target, out_label, out = more_target, more_label, more
        for j in range(found):
            if total[j, REACHED] > FLOOR:
                out_target[filled], out_label[filled] = job, touched[j]
                finish_row(total[j], when[j], east_0, north_0, cell_m, step, out[filled])
                filled += 1
            total[j] = 0.0
            when[j] = 0.0
            stamp[j] = 0
    return out_target[:filled], out_label[:filled], out[:filled]
