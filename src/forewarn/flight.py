"""Flying a falling body to the ground."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import drag_acceleration, drag_at, gravity_acceleration, height_of
from forewarn.geodesy import FloatArray

STEP_S = 2.0
DRAG_TIMES = 0.3  # of a drag time: light bodies need shorter steps than heavy ones
LONGEST_S = 3000.0


@kernel
def _slope(
    s: FloatArray,
    ln_beta: float,
    gust: FloatArray,
    air: FloatArray,
    drag: FloatArray,
    out: FloatArray,
) -> None:
    gx, gy, gz = gravity_acceleration(s[0], s[1], s[2], s[3], s[4], s[5])
    dx, dy, dz = drag_acceleration(
        s[0], s[1], s[2], s[3], s[4], s[5], ln_beta, gust[0], gust[1], air, drag
    )
    out[0], out[1], out[2] = s[3], s[4], s[5]
    out[3], out[4], out[5] = gx + dx, gy + dy, gz + dz


@kernel
def _rk4(
    s: FloatArray,
    dt_s: float,
    ln_beta: float,
    gust: FloatArray,
    air: FloatArray,
    drag: FloatArray,
    work: FloatArray,
) -> None:
    """One Runge-Kutta step of `s` into work[5]; work[0..3] hold the slopes."""
    _slope(s, ln_beta, gust, air, drag, work[0])
    for i in range(6):
        work[4, i] = s[i] + 0.5 * dt_s * work[0, i]
    _slope(work[4], ln_beta, gust, air, drag, work[1])
    for i in range(6):
        work[4, i] = s[i] + 0.5 * dt_s * work[1, i]
    _slope(work[4], ln_beta, gust, air, drag, work[2])
    for i in range(6):
        work[4, i] = s[i] + dt_s * work[2, i]
    _slope(work[4], ln_beta, gust, air, drag, work[3])
    for i in range(6):
        work[5, i] = s[i] + dt_s / 6 * (
            work[0, i] + 2 * work[1, i] + 2 * work[2, i] + work[3, i]
        )


@kernel
def _step_length(s: FloatArray, ln_beta: float, air: FloatArray, drag: FloatArray) -> float:
    speed = np.sqrt(s[3] ** 2 + s[4] ** 2 + s[5] ** 2)
    # density at the start of the step, in the thickest air it may reach within it
    thickest = height_of(s[0], s[1], s[2]) - STEP_S * speed
    row = air[int(min(max(thickest / 250.0, 0.0), air.shape[0] - 1.0))]
    rate = np.exp(row[0, 0] - ln_beta) * speed * drag_at(drag, speed / 320.0)
    return float(min(STEP_S, DRAG_TIMES / max(rate, 1e-9)))


@kernel
def fall_one(
    state: FloatArray,
    ln_beta: float,
    gust: FloatArray,
    ground_m: float,
    air: FloatArray,
    drag: FloatArray,
    work: FloatArray,
) -> float:
    """Seconds until one body is down; work[5, :6] then holds where and how fast.

    nan when it does not come down within LONGEST_S or holds no number. A body already
    below the ground lands at once, where it is: nothing is ever flown backwards.
    """
    s = state[:6].copy()
    time_s = 0.0
    height = height_of(s[0], s[1], s[2]) - ground_m
    work[5, :6] = s
    if not height > 0.0:
        return 0.0 if height <= 0.0 else np.nan
    while time_s < LONGEST_S:
        dt = _step_length(s, ln_beta, air, drag)
        _rk4(s, dt, ln_beta, gust, air, drag, work)
        below = height_of(work[5, 0], work[5, 1], work[5, 2]) - ground_m
        if not np.isfinite(below):
            return np.nan
        if below <= 0.0:
            # the fraction of this step that ends on the ground: secant on height, thrice
            low, high, height_low, height_high = 0.0, 1.0, height, below
            part = height / (height - below)
            for _ in range(4):
                _rk4(s, dt * part, ln_beta, gust, air, drag, work)
                now = height_of(work[5, 0], work[5, 1], work[5, 2]) - ground_m
                if now > 0.0:
                    low, height_low = part, now
                else:
                    high, height_high = part, now
                if abs(now) < 0.02:
                    break
                part = low + (high - low) * height_low / (height_low - height_high)
            return float(time_s + dt * part)
        s[:] = work[5, :6]
        height = below
        time_s += dt
    return np.nan


@kernel
def fall(
    state: FloatArray,
    ln_beta: FloatArray,
    gust_mps: FloatArray,
    ground_m: float,
    air: FloatArray,
    drag: FloatArray,
) -> FloatArray:
    """Fly bodies to the ground.

    state    : (n, 6)  ECEF position m and velocity m/s
    ln_beta  : (n,)    ln of ballistic coefficient, kg/m2
    gust_mps : (n, 2)  wind beyond the table's, east and north
    ground_m : height of the ground above the ellipsoid
    returns  : (n, 7)  seconds of flight, then ECEF position and velocity on the ground;
                       nan where it never comes down
    """
    out = np.empty((len(state), 7))
    work = np.empty((6, 6))
    for i in range(len(state)):
        out[i, 0] = fall_one(state[i], ln_beta[i], gust_mps[i], ground_m, air, drag, work)
        for j in range(6):
            out[i, 1 + j] = work[5, j] if np.isfinite(out[i, 0]) else np.nan
    return out
