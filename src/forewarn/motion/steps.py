"""Steps of single modes, and how small errors grow over them."""

import numpy as np

from forewarn.compiled import inner_kernel
from forewarn.dynamics import drag_acceleration, gravity_acceleration
from forewarn.geodesy import FloatArray
from forewarn.motion.mixing import Room

DENSITY_FALLS_M = 8000.0  # height over which the air thins e-fold, for slopes only


@inner_kernel
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
    ax, ay, az = gx + dx, gy + dy, gz + dz
    # drag is -c |v| v: its slope by velocity is -c (|v| 1 + v v / |v|)
    speed2 = max(s[3] * s[3] + s[4] * s[4] + s[5] * s[5], 1.0)
    brake = np.sqrt((dx * dx + dy * dy + dz * dz) / speed2)
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
    part = dt_s * dt_s / 6.0
    s[0] += dt_s * s[3] + part * (ax + 2 * (gx + dx))
    s[1] += dt_s * s[4] + part * (ay + 2 * (gy + dy))
    s[2] += dt_s * s[5] + part * (az + 2 * (gz + dz))
    s[3] += dt_s * (gx + dx)
    s[4] += dt_s * (gy + dy)
    s[5] += dt_s * (gz + dz)


@inner_kernel
def fall_matrix(slope: FloatArray, up: FloatArray, dt_s: float, out: FloatArray) -> None:
    """(6, 7) how a small change of a falling state grows over dt_s: its upper rows.

    slope : of `fall_step`; up : (3,) away from the Earth's centre
    """
    out[:] = 0.0
    h = 0.5 * dt_s * dt_s
    for i in range(3):
        for j in range(3):
            out[i, j] = h * slope[i, 3] * up[j]
            out[3 + i, j] = dt_s * slope[i, 3] * up[j]
            out[i, 3 + j] = h * slope[i, j]
            out[3 + i, 3 + j] = dt_s * slope[i, j]
        out[i, i] += 1.0
        out[i, 3 + i] += dt_s
        out[3 + i, 3 + i] += 1.0
        out[i, 6] = h * slope[i, 4]
        out[3 + i, 6] = dt_s * slope[i, 4]


@inner_kernel
def grow(cov: FloatArray, move: FloatArray, room: Room) -> None:
    """cov (7, 7) becomes F cov F', in place; move (6, 7): F without its last row."""
    half, turned = room.half, room.turned
    for i in range(6):
        for j in range(7):
            half[i, j] = 0.0
            turned[j, i] = move[i, j]
        for k in range(7):
            part = move[i, k]
            for j in range(7):
                half[i, j] += part * cov[k, j]
    for i in range(6):
        for j in range(6):
            cov[i, j] = 0.0
        for k in range(7):
            part = half[i, k]
            for j in range(6):
                cov[i, j] += part * turned[k, j]
        cov[i, 6] = half[i, 6]
        cov[6, i] = half[i, 6]
    for i in range(6):  # rounding must not make it lopsided
        for j in range(i):
            cov[j, i] = cov[i, j]


@inner_kernel
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


@inner_kernel
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


@inner_kernel
def boost_step(s: FloatArray, dt_s: float, move: FloatArray) -> None:
    """A boosting state carried on, in place: gravity, and thrust along its velocity.

    move : (6, 7) gets how a small change of the state grows: its upper rows
    """
    gx, gy, gz = gravity_acceleration(s[0], s[1], s[2], s[3], s[4], s[5])
    speed = np.sqrt(s[3] * s[3] + s[4] * s[4] + s[5] * s[5])
    speed = max(speed, 1.0)
    ex, ey, ez = s[3] / speed, s[4] / speed, s[5] / speed
    half = 0.5 * dt_s * dt_s
    bend = min(s[6] / speed, 1.0 / dt_s)
    move[:] = 0.0
    for i in range(3):
        along = s[3 + i] / speed
        for j in range(3):
            turned = -bend * along * s[3 + j] / speed
            move[i, 3 + j] = half * turned
            move[3 + i, 3 + j] = dt_s * turned
        move[i, 3 + i] += dt_s + half * bend
        move[3 + i, 3 + i] += 1.0 + dt_s * bend
        move[i, 6] = half * along
        move[3 + i, 6] = dt_s * along
        move[i, i] = 1.0
    ax, ay, az = gx + s[6] * ex, gy + s[6] * ey, gz + s[6] * ez
    s[0] += dt_s * s[3] + half * ax
    s[1] += dt_s * s[4] + half * ay
    s[2] += dt_s * s[5] + half * az
    s[3] += dt_s * ax
    s[4] += dt_s * ay
    s[5] += dt_s * az


@inner_kernel
def turn_step(s: FloatArray, dt_s: float, up: FloatArray, move: FloatArray) -> None:
    """A turning state carried on, in place: its velocity turns about the vertical.

    up   : (3,) away from the Earth's centre
    move : (6, 7) gets how a small change of the state grows: its upper rows

    Source: Bar-Shalom, Li, Kirubarajan (2001), section 11.7, coordinated turn.
    """
    angle = s[6] * dt_s
    cosine, sine = np.cos(angle), np.sin(angle)
    ux, uy, uz = up[0], up[1], up[2]
    move[:] = 0.0
    for i in range(3):
        for j in range(3):
            move[3 + i, 3 + j] = (1.0 - cosine) * up[i] * up[j]
        move[3 + i, 3 + i] += cosine
    move[3, 4] += sine * uz
    move[3, 5] -= sine * uy
    move[4, 3] -= sine * uz
    move[4, 5] += sine * ux
    move[5, 3] += sine * uy
    move[5, 4] -= sine * ux
    vx = move[3, 3] * s[3] + move[3, 4] * s[4] + move[3, 5] * s[5]
    vy = move[4, 3] * s[3] + move[4, 4] * s[4] + move[4, 5] * s[5]
    vz = move[5, 3] * s[3] + move[5, 4] * s[4] + move[5, 5] * s[5]
    move[3, 6] = -dt_s * (uy * vz - uz * vy)
    move[4, 6] = -dt_s * (uz * vx - ux * vz)
    move[5, 6] = -dt_s * (ux * vy - uy * vx)
    half = 0.5 * dt_s
    for i in range(3):
        for j in range(3, 7):
            move[i, j] = half * move[3 + i, j]
        move[i, 3 + i] += half
        move[i, i] = 1.0
    s[0] += half * (s[3] + vx)
    s[1] += half * (s[4] + vy)
    s[2] += half * (s[5] + vz)
    s[3], s[4], s[5] = vx, vy, vz
