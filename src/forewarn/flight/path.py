"""One body flown along its path: the plain form of `lanes`, and the one for analysts."""

from math import sqrt

import numpy as np

from forewarn.atmosphere import air_at
from forewarn.compiled import inner_kernel, kernel
from forewarn.dynamics import MACH_STEP, braking, gravity_over, height_over
from forewarn.flight.ground import Ground, Numbers, first_touch, ground_at, root_of
from forewarn.flight.lanes import LONGEST_S
from forewarn.flight.steps import step_of
from forewarn.geodesy import Earth, FloatArray

# Butcher's method of the fifth order (1964), stage by stage: how much of each rate before
# it carries the state to where it is asked; then of what rates the step is taken
STAGES = np.array(
    [
        [0, 0, 0, 0, 0],
        [1 / 4, 0, 0, 0, 0],
        [1 / 8, 1 / 8, 0, 0, 0],
        [0, -1 / 2, 1, 0, 0],
        [3 / 16, 0, 0, 9 / 16, 0],
        [-3 / 7, 2 / 7, 12 / 7, -12 / 7, 8 / 7],
    ]
)
WEIGHTS = np.array([7, 0, 32, 12, 32, 7]) / 90


@inner_kernel
def _slope(
    s: FloatArray,
    per_beta: float,
    gust: FloatArray,
    air: FloatArray,
    drag: FloatArray,
    earth: Earth,
    out: FloatArray,
) -> None:
    gx, gy, gz = gravity_over(earth, s[0], s[1], s[2], s[3], s[4], s[5])
    brake, rx, ry, rz = braking(
        earth, s[0], s[1], s[2], s[3], s[4], s[5], per_beta, gust[0], gust[1], air, drag
    )
    out[0], out[1], out[2] = s[3], s[4], s[5]
    out[3], out[4], out[5] = gx - brake * rx, gy - brake * ry, gz - brake * rz


@inner_kernel
def climbing(s: Numbers, earth: Earth) -> tuple[float, float]:
    """Height above the ellipsoid of a state of six, and how fast it grows."""
    height = height_over(earth, s[0], s[1], s[2])
    r2 = s[0] * s[0] + s[1] * s[1] + s[2] * s[2]
    per_r = sqrt(r2) * (1.0 / r2)
    away = (s[0] * s[3] + s[1] * s[4] + s[2] * s[5]) * per_r
    sine = s[2] * per_r
    climb = away * (1.0 - earth.oblate * sine * sine) + earth.oblate * sine * s[5]
    return height, climb


@inner_kernel
def rate_of(
    brake: float,
    rx: float,
    ry: float,
    rz: float,
    height_m: float,
    air: FloatArray,
    drag: FloatArray,
) -> float:
    """Drag over speed times how steeply it grows with speed, 1/s, for `step_of`.

    brake, rx, ry, rz : of `braking`
    """
    mach = sqrt(rx * rx + ry * ry + rz * rz) * air_at(air, height_m)[1]
    place, top = mach * (1.0 / MACH_STEP), drag.shape[0] - 1.0
    cell = int(place if place < top else top)  # the top also for what is no number
    return float(drag[cell, 4] * brake)


@kernel
def follow_path(
    state: FloatArray,
    per_beta: float,
    gust: FloatArray,
    times_s: FloatArray,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
    earth: Earth,
    longest_step_s: float,
) -> tuple[FloatArray, FloatArray]:
    """Fly one body until it is down, or until the last of the chosen times.

    state    : (6,) ECEF position m and velocity m/s
    per_beta : one over the ballistic coefficient, m2/kg; 0 = no drag
    gust     : (2,) wind beyond the table's, m/s
    times_s  : (k,) rising, seconds from now; empty = to the ground
    longest_step_s : bounds the steps; STEP_S for those of `fall`
    returns  : (k, 6) states at those times, nan once it is down; (7,) seconds and state on
               the ground, nan where it did not come down
    """
    out = np.full((len(times_s), 6), np.nan)
    end = np.full(7, np.nan)
    work = np.empty((7, 6))
    room = np.empty(4)
    s, before = state.copy(), state.copy()
    now_s, dt, k = 0.0, 0.0, 0
    height, climb = climbing(s, earth)
    if height <= ground_at(ground, earth.oblate, s[0], s[1], s[2]):
        end[0] = 0.0
        end[1:] = s
        return out, end
    while now_s < LONGEST_S:
        while k < len(times_s) and times_s[k] <= now_s:
            out[k] = s
            k += 1
        if len(times_s) and k == len(times_s):
            break
        brake, rx, ry, rz = braking(
            earth, s[0], s[1], s[2], s[3], s[4], s[5], per_beta, gust[0], gust[1], air, drag
        )
        rate = rate_of(brake, rx, ry, rz, height, air, drag)
        dt = min(step_of(rate, height, climb), longest_step_s)
        if k < len(times_s):
            dt = min(dt, times_s[k] - now_s)
        before[:] = s
        _advance(before, dt, per_beta, gust, air, drag, earth, work, s)
        old, old_climb = height, climb
        height, climb = climbing(s, earth)
        if not np.isfinite(height):
            break
        if height <= ground.highest_m:
            room[0], room[1], room[2], room[3] = old, height, dt * old_climb, dt * climb
            if ground.height_m.size == 1:
                level = ground.highest_m
                part = root_of(old - level, height - level, room[2], room[3])
            else:
                part = first_touch(ground, earth.oblate, room, before, s, dt)
            if part <= 1.0:
                _advance(before, dt * part, per_beta, gust, air, drag, earth, work, s)
                height, climb = climbing(s, earth)
                under = ground_at(ground, earth.oblate, s[0], s[1], s[2])
                rest = (under - height) / climb
                end[0] = now_s + dt * part + rest
                for i in range(3):
                    end[1 + i] = s[i] + rest * s[3 + i]
                    end[4 + i] = s[3 + i]
                break
        now_s += dt
        if k < len(times_s) and times_s[k] - now_s < 1e-9:
            now_s = times_s[k]
    return out, end


@inner_kernel
def _advance(
    s: FloatArray,
    dt: float,
    per_beta: float,
    gust: FloatArray,
    air: FloatArray,
    drag: FloatArray,
    earth: Earth,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """One Runge-Kutta step of the fifth order from `s` to `out`; work : (7, 6)."""
    place = work[6]
    for stage in range(6):
        for i in range(6):
            rise = 0.0
            for k in range(stage):
                rise += STAGES[stage, k] * work[k, i]
            place[i] = s[i] + dt * rise
        _slope(place, per_beta, gust, air, drag, earth, work[stage])
    for i in range(6):
        rise = 0.0
        for k in range(6):
            rise += WEIGHTS[k] * work[k, i]
        out[i] = s[i] + dt * rise
