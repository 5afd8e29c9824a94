"""Steps of single modes, and how small errors grow over them."""

import numpy as np

from forewarn.compiled import bare_kernel
from forewarn.dynamics import drag_acceleration, gravity_acceleration
from forewarn.geodesy import FloatArray
from forewarn.motion.mixing import Room

MOST_BRAKED = 1.0  # of its speed over a step: what is braked harder would be thrown back
DENSITY_FALLS_M = 8000.0  # height over which the air thins e-fold, for slopes only


@bare_kernel
def fall_step(
    s: FloatArray, dt_s: float, air: FloatArray, drag: FloatArray, slope: FloatArray
) -> None:
    """One midpoint step of a falling state, in place; error below 0.1 m over a second.

    slope : (3, 5) gets the acceleration's slope at the start: by velocity (3), by height,
            by ln beta
    """
    gx, gy, gz = gravity_acceleration(s[0], s[1], s[2], s[3], s[4], s[5])
    dx, dy, dz = drag_acceleration(
        s[0], s[1], s[2], s[3], s[4], s[5], s[6], 0.0, 0.0, air, drag
    )
    # drag is -c |v| v: its slope by velocity is -c (|v| 1 + v v / |v|)
    speed2 = max(s[3] * s[3] + s[4] * s[4] + s[5] * s[5], 1.0)
    brake = np.sqrt((dx * dx + dy * dy + dz * dz) / speed2)
    ease = 1.0 / max(brake * dt_s / MOST_BRAKED, 1.0)
    brake, dx, dy, dz = ease * brake, ease * dx, ease * dy, ease * dz
    ax, ay, az = gx + dx, gy + dy, gz + dz
    for i in range(3):
        for j in range(3):
            slope[i, j] = -brake * s[3 + i] * s[3 + j] / speed2
        slope[i, i] -= brake
    slope[0, 3], slope[1, 3], slope[2, 3] = (
        -dx / DENSITY_FALLS_M,
        -dy / DENSITY_FALLS_M,
        -dz / DENSITY_FALLS_M,
    )
    slope[0, 4], slope[1, 4], slope[2, 4] = -dx, -dy, -dz
    h = 0.5 * dt_s
    mx, my, mz = s[3] + h * ax, s[4] + h * ay, s[5] + h * az
    px = s[0] + h * s[3] + 0.5 * h * h * ax
    py = s[1] + h * s[4] + 0.5 * h * h * ay
    pz = s[2] + h * s[5] + 0.5 * h * h * az
    gx, gy, gz = gravity_acceleration(px, py, pz, mx, my, mz)
    dx, dy, dz = drag_acceleration(px, py, pz, mx, my, mz, s[6], 0.0, 0.0, air, drag)
    dx, dy, dz = ease * dx, ease * dy, ease * dz
    part = dt_s * dt_s / 6.0
    s[0] += dt_s * s[3] + part * (ax + 2 * (gx + dx))
    s[1] += dt_s * s[4] + part * (ay + 2 * (gy + dy))
    s[2] += dt_s * s[5] + part * (az + 2 * (gz + dz))
    s[3] += dt_s * (gx + dx)
    s[4] += dt_s * (gy + dy)
    s[5] += dt_s * (gz + dz)


@bare_kernel
def fall_matrix(slope: FloatArray, up: FloatArray, dt_s: float, out: FloatArray) -> None:
    """(3, 7) how the velocity after dt_s follows a small change of a falling state.

    slope : of `fall_step`; up : (3,) away from the Earth's centre
    """
    for i in range(3):
        for j in range(3):
            out[i, j] = dt_s * slope[i, 3] * up[j]
            out[i, 3 + j] = dt_s * slope[i, j]
        out[i, 3 + i] += 1.0
        out[i, 6] = dt_s * slope[i, 4]


@bare_kernel
def grow(cov: FloatArray, move: FloatArray, dt_s: float, room: Room) -> None:
    """cov (7, 7) becomes F cov F', in place; the seventh number stays as it is.

    move : (3, 7) of F the rows of velocity. Over dt_s a place moves by the mean of the
           velocities before and after, so its rows are [1, h, 0] + h move, h = dt_s / 2
    """
    h, place, speed = 0.5 * dt_s, room.place, room.speed
    for i in range(3):
        for j in range(7):
            part = 0.0
            for k in range(7):
                part += move[i, k] * cov[k, j]
            speed[i, j] = part
            place[i, j] = cov[i, j] + h * (cov[3 + i, j] + part)
    for i in range(3):
        for j in range(3):
            part = 0.0
            for k in range(7):
                part += place[i, k] * move[j, k]
            cov[i, 3 + j] = part
            cov[3 + j, i] = part
        for j in range(i + 1):
            part = 0.0
            for k in range(7):
                part += speed[i, k] * move[j, k]
            cov[3 + i, 3 + j] = part
            cov[3 + j, 3 + i] = part
        cov[i, 6] = place[i, 6]
        cov[6, i] = place[i, 6]
        cov[3 + i, 6] = speed[i, 6]
        cov[6, 3 + i] = speed[i, 6]
    for i in range(3):
        for j in range(i + 1):
            cov[i, j] = place[i, j] + h * (place[i, 3 + j] + cov[i, 3 + j])
            cov[j, i] = cov[i, j]


@bare_kernel
def drift(cov: FloatArray, dt_s: float) -> None:
    """cov (7, 7) of a state that goes on as it does, after dt_s, in place."""
    for i in range(3):
        for j in range(i + 1):
            moved = cov[i, 3 + j] + cov[3 + i, j] + dt_s * cov[3 + i, 3 + j]
            cov[i, j] += dt_s * moved
            cov[j, i] = cov[i, j]
    for i in range(3):
        for j in range(3):
            cov[i, 3 + j] += dt_s * cov[3 + i, 3 + j]
            cov[3 + j, i] = cov[i, 3 + j]
        cov[i, 6] += dt_s * cov[3 + i, 6]
        cov[6, i] = cov[i, 6]


@bare_kernel
def add_noise(cov: FloatArray, dt_s: float, psd: float, drift_psd: float) -> None:
    """White acceleration over dt_s, in place.

    Source: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and
    Navigation" (2001), chapter 6.
    """
    for i in range(3):
        cov[i, i] += psd * dt_s**3 / 3
        cov[i, 3 + i] += psd * dt_s**2 / 2
        cov[3 + i, i] += psd * dt_s**2 / 2
        cov[3 + i, 3 + i] += psd * dt_s
    cov[6, 6] += drift_psd * dt_s


@bare_kernel
def boost_step(s: FloatArray, dt_s: float, move: FloatArray) -> None:
    """A boosting state carried on, in place: gravity, and thrust along its velocity.

    move : (3, 7) gets how its velocity follows a small change of the state
    """
    gx, gy, gz = gravity_acceleration(s[0], s[1], s[2], s[3], s[4], s[5])
    speed = np.sqrt(s[3] * s[3] + s[4] * s[4] + s[5] * s[5])
    speed = max(speed, 1.0)
    ex, ey, ez = s[3] / speed, s[4] / speed, s[5] / speed
    half = 0.5 * dt_s * dt_s
    bend = min(s[6] / speed, 1.0 / dt_s)
    for i in range(3):
        along = s[3 + i] / speed
        for j in range(3):
            move[i, j] = 0.0
            move[i, 3 + j] = -dt_s * bend * along * s[3 + j] / speed
        move[i, 3 + i] += 1.0 + dt_s * bend
        move[i, 6] = dt_s * along
    ax, ay, az = gx + s[6] * ex, gy + s[6] * ey, gz + s[6] * ez
    s[0] += dt_s * s[3] + half * ax
    s[1] += dt_s * s[4] + half * ay
    s[2] += dt_s * s[5] + half * az
    s[3] += dt_s * ax
    s[4] += dt_s * ay
    s[5] += dt_s * az


@bare_kernel
def turn_step(s: FloatArray, dt_s: float, up: FloatArray, move: FloatArray) -> None:
    """A turning state carried on, in place: its velocity turns about the vertical.

    up   : (3,) away from the Earth's centre
    move : (3, 7) gets how its velocity follows a small change of the state

    Source: Bar-Shalom, Li, Kirubarajan (2001), section 11.7, coordinated turn.
    """
    angle = s[6] * dt_s
    cosine, sine = np.cos(angle), np.sin(angle)
    ux, uy, uz = up[0], up[1], up[2]
    for i in range(3):
        for j in range(3):
            move[i, j] = 0.0
            move[i, 3 + j] = (1.0 - cosine) * up[i] * up[j]
        move[i, 3 + i] += cosine
    move[0, 4] += sine * uz
    move[0, 5] -= sine * uy
    move[1, 3] -= sine * uz
    move[1, 5] += sine * ux
    move[2, 3] += sine * uy
    move[2, 4] -= sine * ux
    vx = move[0, 3] * s[3] + move[0, 4] * s[4] + move[0, 5] * s[5]
    vy = move[1, 3] * s[3] + move[1, 4] * s[4] + move[1, 5] * s[5]
    vz = move[2, 3] * s[3] + move[2, 4] * s[4] + move[2, 5] * s[5]
    move[0, 6] = -dt_s * (uy * vz - uz * vy)
    move[1, 6] = -dt_s * (uz * vx - ux * vz)
    move[2, 6] = -dt_s * (ux * vy - uy * vx)
    half = 0.5 * dt_s
    s[0] += half * (s[3] + vx)
    s[1] += half * (s[4] + vy)
    s[2] += half * (s[5] + vz)
    s[3], s[4], s[5] = vx, vy, vz
