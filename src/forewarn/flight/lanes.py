"""Many bodies flown to the ground side by side.

A block of LANES bodies is carried together: every formula is a short loop over the lanes,
without a branch, on one flat workspace whose rows lie at constant places, so that the
compiler turns it into instructions that work on several lanes at once. Only looking up
tables and touching the ground go lane by lane. A body that is down gives its lane to the
next one. Each lane is computed as if it were alone: the answer does not depend on company.
"""

from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import FLOOR_M, STEP_M
from forewarn.compiled import bare_kernel, kernel
from forewarn.dynamics import MACH_STEP, height_over
from forewarn.flight.ground import Ground, first_touch, ground_at, root_of
from forewarn.flight.lift import aside, lift_of
from forewarn.flight.stages import first_stage, next_stage
from forewarn.geodesy import WGS84, Earth, FloatArray
from forewarn.records.arrays import IntArray

# isort: off
# fmt: off
from forewarn.flight.workspace import (  # by name: constants to the compiler
    LANES, X, Y, Z, VX, SX, SY, SZ, SVX, SVY, SVZ, AX, AY, AZ, PX, H, CLIMB, PH, PCLIMB,
    IR, IR2, SIN2, IACROSS, UP, PLACE, MACH, RX, RY, RZ, BRAKE, DT, T, LAST, PER_BETA,
    EAST, NORTH, LX, LY, LZ, ROWS,
)
# fmt: on
# isort: on

LONGEST_S = 3000.0


class Jobs(NamedTuple):
    """Bodies to fly, as `fall` takes them: states, ln beta, what pushes each."""

    state: FloatArray
    ln_beta: FloatArray
    push: FloatArray


# what was looked up, apart from `w`: four numbers of the air a lane, then four of the
# curve of drag. They are stored as one, and what follows still works on several lanes
_CURVE = 4 * LANES


@bare_kernel
def _settle(w: FloatArray, first: int, last: int, earth: Earth, top: float) -> None:
    """Height and frame of the stage in hand, of lanes from first to before last."""
    a, q = earth.a_m, earth.oblate
    # radius of the ellipsoid along a direction: a / sqrt(1 + q sin2), to 0.02 mm
    c1, c2, c3, c4 = -0.5 * q, 0.375 * q**2, -0.3125 * q**3, 0.2734375 * q**4
    for i in range(first, last):
        x, y, z = w[SX + i], w[SY + i], w[SZ + i]
        across2 = x * x + y * y
        r2 = across2 + z * z
        across, r = np.sqrt(across2), np.sqrt(r2)
        per_r2 = 1.0 / r2
        per_r = r * per_r2
        sin2 = z * z * per_r2
        height = r - a * (1.0 + sin2 * (c1 + sin2 * (c2 + sin2 * (c3 + sin2 * c4))))
        w[H + i] = height
        away = (x * w[SVX + i] + y * w[SVY + i] + z * w[SVZ + i]) * per_r
        w[CLIMB + i] = away * (1.0 - q * sin2) + q * z * per_r * w[SVZ + i]
        w[IR + i], w[IR2 + i], w[SIN2 + i] = per_r, per_r2, sin2
        w[IACROSS + i] = 1.0 / across
        w[UP + i] = across * per_r
        place = (height - FLOOR_M) * (1.0 / STEP_M)
        place = place if place > 0.0 else 0.0
        w[PLACE + i] = place if place < top else top


@bare_kernel
def _look_up(air: FloatArray, cell: np.uint32, k: int, u: float) -> float:
    high = air[cell, 2, k] + u * air[cell, 3, k]
    return float(air[cell, 0, k] + u * (air[cell, 1, k] + u * high))


@bare_kernel
def _accelerate(
    w: FloatArray,
    look: FloatArray,
    live: int,
    earth: Earth,
    air: FloatArray,
    drag: FloatArray,
    lifted: bool,
) -> None:
    """Acceleration of the stage in hand, as `dynamics` has it; lifted : some have lift."""
    mach_top = drag.shape[0] - 1e-9
    for i in range(live):
        cell = np.uint32(w[PLACE + i])  # unsigned: nothing is counted from the end
        u = w[PLACE + i] - cell
        # all four before any is stored, for the compiler knows not that they lie apart
        thick, slow = _look_up(air, cell, 0, u), _look_up(air, cell, 1, u)
        east, north = _look_up(air, cell, 2, u), _look_up(air, cell, 3, u)
        look[4 * i], look[4 * i + 1] = thick, slow
        look[4 * i + 2], look[4 * i + 3] = east, north
    for i in range(live):
        east = look[4 * i + 2] + w[EAST + i]
        north = look[4 * i + 3] + w[NORTH + i]
        x, y = w[SX + i] * w[IACROSS + i], w[SY + i] * w[IACROSS + i]
        z = w[SZ + i] * w[IR + i]
        rx = w[SVX + i] + east * y + north * z * x
        ry = w[SVY + i] - east * x + north * z * y
        rz = w[SVZ + i] - north * w[UP + i]
        speed = np.sqrt(rx * rx + ry * ry + rz * rz)
        w[RX + i], w[RY + i], w[RZ + i] = rx, ry, rz
        w[BRAKE + i] = 0.5 * look[4 * i] * speed * w[PER_BETA + i]
        mach = speed * look[4 * i + 1] * (1.0 / MACH_STEP)
        w[MACH + i] = mach if mach < mach_top else mach_top
    for i in range(live):
        cell, k = np.uint32(w[MACH + i]), _CURVE + 4 * i
        c0, c1, c2, c3 = drag[cell, 0], drag[cell, 1], drag[cell, 2], drag[cell, 3]
        look[k], look[k + 1], look[k + 2], look[k + 3] = c0, c1, c2, c3
    for i in range(live):
        k, u = _CURVE + 4 * i, w[MACH + i] - np.floor(w[MACH + i])
        w[BRAKE + i] *= look[k] + u * (look[k + 1] + u * (look[k + 2] + u * look[k + 3]))
    bulge = 1.5 * earth.j2 * earth.a_m * earth.a_m
    spin, spin2 = 2.0 * earth.rate_radps, earth.rate_radps * earth.rate_radps
    for i in range(live):
        brake = w[BRAKE + i]
        pull = -earth.gm_m3ps2 * w[IR2 + i] * w[IR + i]
        flat = bulge * w[IR2 + i]
        z2 = 5.0 * w[SIN2 + i]
        flatter = pull * (1.0 + flat * (1.0 - z2)) + spin2
        w[AX + i] = flatter * w[SX + i] + spin * w[SVY + i] - brake * w[RX + i]
        w[AY + i] = flatter * w[SY + i] - spin * w[SVX + i] - brake * w[RY + i]
        w[AZ + i] = pull * w[SZ + i] * (1.0 + flat * (3.0 - z2)) - brake * w[RZ + i]
    if lifted:
        _lift(w, live)


@bare_kernel
def _lift(w: FloatArray, live: int) -> None:
    """Add what pulls each body aside: a share of its drag, across its way."""
    for i in range(live):
        rx, ry, rz = w[RX + i], w[RY + i], w[RZ + i]
        lx, ly, lz = w[LX + i], w[LY + i], w[LZ + i]
        ax, ay, az = aside(w[BRAKE + i], rx, ry, rz, lx, ly, lz)
        w[AX + i] += ax
        w[AY + i] += ay
        w[AZ + i] += az


@bare_kernel
def _ask(w: FloatArray, live: int, highest_m: float) -> bool:
    """Whether any lane may end here, by touching the ground, by age or as no number."""
    asked = 0
    for i in range(live):
        air = w[H + i] > highest_m and w[T + i] < LONGEST_S and w[LAST + i] <= 0.0
        asked += 0 if air else 1
    return asked > 0


@bare_kernel
def _touch(w: FloatArray, i: int, earth: Earth, ground: Ground, room: FloatArray) -> float:
    """Part of the last step after which lane i came down; 2 = in the air. room : (3, 6)"""
    dt = w[DT + i]
    if not w[H + i] <= ground.highest_m:
        return 2.0
    if ground.height_m.size == 1:
        below = w[H + i] - ground.highest_m
        above = w[PH + i] - ground.highest_m
        return root_of(above, below, dt * w[PCLIMB + i], dt * w[CLIMB + i])
    for k in range(6):
        room[0, k] = w[PX + k * LANES + i]
        room[1, k] = w[X + k * LANES + i]
    room[2, 0], room[2, 1] = w[PH + i], w[H + i]
    room[2, 2], room[2, 3] = dt * w[PCLIMB + i], dt * w[CLIMB + i]
    return first_touch(ground, earth.oblate, room[2], room[0], room[1], dt)


@kernel
def _enter(
    w: FloatArray,
    i: int,
    upcoming: int,
    jobs: Jobs,
    earth: Earth,
    ground: Ground,
    out: FloatArray,
) -> int:
    """Put the next body that is in the air into lane i; returns which, or their number.

    What is below the ground lands where it is; what is no number is passed over.
    """
    for j in range(upcoming, len(jobs.state)):
        s = jobs.state[j]
        height = height_over(earth, s[0], s[1], s[2])
        height -= ground_at(ground, earth.oblate, s[0], s[1], s[2])
        if height <= 0.0:
            out[j, 0] = 0.0
            for k in range(6):
                out[j, 1 + k] = s[k]
        if height > 0.0:
            for k in range(6):
                w[X + k * LANES + i] = s[k]
                w[SX + k * LANES + i] = s[k]
            w[PER_BETA + i] = np.exp(-jobs.ln_beta[j])
            w[EAST + i], w[NORTH + i] = jobs.push[j, 0], jobs.push[j, 1]
            if jobs.push.shape[1] > 2:
                w[LX + i], w[LY + i], w[LZ + i] = lift_of(
                    earth, s[0], s[1], s[2], jobs.push[j]
                )
            w[T + i], w[LAST + i], w[DT + i] = 0.0, 0.0, 0.0
            return j
    return len(jobs.state)


@bare_kernel
def _land(w: FloatArray, i: int, under_m: float, out: FloatArray) -> None:
    """Write where lane i came down; what height its last step missed is fallen straight."""
    rest = (under_m - w[H + i]) / w[CLIMB + i]
    out[0] = w[T + i] + rest
    for k in range(3):
        out[1 + k] = w[X + k * LANES + i] + rest * w[VX + k * LANES + i]
        out[4 + k] = w[VX + k * LANES + i]


@bare_kernel
def _shorten(w: FloatArray, i: int, part: float) -> None:
    """Lane i takes its last step again, only so far: to the ground."""
    w[T + i] -= w[DT + i]
    w[DT + i] *= part
    w[LAST + i] = 1.0
    for k in range(6):
        w[X + k * LANES + i] = w[PX + k * LANES + i]
        w[SX + k * LANES + i] = w[PX + k * LANES + i]


@kernel
def fall(
    state: FloatArray,
    ln_beta: FloatArray,
    push: FloatArray,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
    earth: Earth = WGS84,
) -> FloatArray:
    """Fly bodies to the ground.

    state    : (n, 6)  ECEF position m and velocity m/s
    ln_beta  : (n,)    ln of ballistic coefficient, kg/m2
    push     : (n, 2)  wind beyond the table's, east and north, m/s; or (n, 5), then lift
                       over drag towards the east, the north, up, of which what lies along
                       the way does nothing
    air      : table of `atmosphere`; drag : table of `drag_table`
    returns  : (n, 7)  seconds of flight, then ECEF position and velocity on the ground;
                       nan where it does not come down within LONGEST_S or holds no
                       number. A body already below the ground lands at once, where it is:
                       nothing is ever flown backwards

    Errors stay below 0.2 m and 1 ms of a flight in steps of 0.01 s, from light debris to
    missiles of 300 km: `forewarn bench forecast`.
    """
    out = np.full((len(state), 7), np.nan)
    w, look, room = np.zeros(ROWS * LANES), np.zeros(8 * LANES), np.empty((3, 6))
    job = np.zeros(LANES, np.int64)
    _carry(Jobs(state, ln_beta, push), ground, air, drag, earth, w, look, room, job, out)
    return out


@bare_kernel
def _carry(
    jobs: Jobs,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
    earth: Earth,
    w: FloatArray,
    look: FloatArray,
    room: FloatArray,
    job: IntArray,
    out: FloatArray,
) -> None:
    """`fall` on workspaces: w, look (flat), room (3, 6), job (LANES,)."""
    n, lifted = len(jobs.state), jobs.push.shape[1] > 2
    top = air.shape[0] - 1e-9
    live, upcoming = 0, 0
    while live < LANES and upcoming < n:
        job[live] = _enter(w, live, upcoming, jobs, earth, ground, out)
        upcoming, live = job[live] + 1, live + (1 if job[live] < n else 0)
    while live:
        _settle(w, 0, live, earth, top)
        # where nobody ends there is nothing to look at lane by lane
        i = 0 if _ask(w, live, ground.highest_m) else live
        while i < live:
            over = not (w[T + i] < LONGEST_S and np.isfinite(w[H + i]))
            if w[LAST + i] > 0.0:
                under = ground_at(ground, earth.oblate, w[X + i], w[Y + i], w[Z + i])
                _land(w, i, under, out[job[i]])
                over = True
            elif not over and w[DT + i] > 0.0:
                part = _touch(w, i, earth, ground, room)
                if part <= 1.0:
                    _shorten(w, i, part)
                    _settle(w, i, i + 1, earth, top)
            if not over:
                i += 1
                continue
            job[i] = _enter(w, i, upcoming, jobs, earth, ground, out)
            upcoming = job[i] + 1
            if job[i] < n:
                _settle(w, i, i + 1, earth, top)
                i += 1
                continue
            live -= 1
            for k in range(ROWS):
                w[k * LANES + i] = w[k * LANES + live]
            job[i] = job[live]
        _accelerate(w, look, live, earth, air, drag, lifted)
        first_stage(w, live, drag)
        for stage in range(2, 7):
            _settle(w, 0, live, earth, top)
            _accelerate(w, look, live, earth, air, drag, lifted)
            next_stage(w, live, stage)
