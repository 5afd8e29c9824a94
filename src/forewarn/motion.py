"""What a track does next: three motion modes, mixed.

State of every mode: ECEF position m, velocity m/s, ln of the ballistic coefficient (7).
Modes, in the order of `records.MODES`: boosting (velocity free to grow fast), ballistic
(gravity and drag), cruising (speed kept, gentle turns).
"""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.dynamics import drag_acceleration, gravity_acceleration
from forewarn.geodesy import FloatArray

LONGEST_STEP_S = 1.0
# noise: psd of acceleration of boosting, ballistic, cruising (m2/s3), drift of ln beta /s
NOISE = np.array([8000.0, 0.05, 2.5, 0.002])
# per second: how often a mode gives way to another; rows from, columns to. What glides on
# is hardly ever boosted again: were that more likely, its state would carry the doubt. What
# flies on hardly ever falls: an airliner that a few poor plots let fall is soon put right
SWITCH = np.array([[0.75, 0.23, 0.02], [5e-5, 0.98995, 1e-2], [0.0015, 5e-5, 0.99845]])
DENSITY_FALLS_M = 8000.0  # height over which the air thins e-fold, for slopes only


class Room(NamedTuple):
    """Arrays to work in, made once for a whole batch."""

    change: FloatArray
    share: FloatArray
    old_mean: FloatArray
    old_cov: FloatArray
    away: FloatArray
    slope: FloatArray
    move: FloatArray
    half: FloatArray
    turned: FloatArray
    up: FloatArray


@kernel
def motion_room() -> Room:
    """Room that `predict` needs."""
    return Room(
        np.empty((3, 3)),
        np.empty((3, 3)),
        np.empty((3, 7)),
        np.empty((3, 7, 7)),
        np.empty((3, 7)),
        np.empty((3, 5)),
        np.empty((6, 7)),
        np.empty((6, 7)),
        np.empty((7, 6)),
        np.empty(3),
    )


@inner_kernel
def switch_probability(dt_s: float, out: FloatArray) -> None:
    """(3, 3) chance to be in another mode after dt_s: SWITCH to the power of dt_s."""
    part = (1.0 - np.exp(-min(dt_s, 4.0))) / 0.632
    for i in range(3):
        rest = 0.0
        for j in range(3):
            if i != j:
                out[i, j] = SWITCH[i, j] * part
                rest += out[i, j]
        if rest > 0.9:
            for j in range(3):
                if i != j:
                    out[i, j] *= 0.9 / rest
            rest = 0.9
        out[i, i] = 1.0 - rest


@inner_kernel
def mix(
    mean: FloatArray, cov: FloatArray, weight: FloatArray, dt_s: float, room: Room
) -> None:
    """Interacting multiple models: each mode starts from the blend it may have come from.

    Source: Blom, Bar-Shalom, "The interacting multiple model algorithm" (1988).
    """
    change, share, away = room.change, room.share, room.away
    old_mean, old_cov = room.old_mean, room.old_cov
    switch_probability(dt_s, change)
    for mode in range(3):
        for i in range(7):
            old_mean[mode, i] = mean[mode, i]
            for j in range(7):
                old_cov[mode, i, j] = cov[mode, i, j]
    for to in range(3):
        for origin in range(3):
            share[origin, to] = change[origin, to] * weight[origin]
    for to in range(3):
        total = share[0, to] + share[1, to] + share[2, to]
        first, second, third = (
            share[0, to] / total,
            share[1, to] / total,
            share[2, to] / total,
        )
        weight[to] = total
        for i in range(7):
            mean[to, i] = (
                first * old_mean[0, i] + second * old_mean[1, i] + third * old_mean[2, i]
            )
            for origin in range(3):
                away[origin, i] = old_mean[origin, i] - mean[to, i]
        for i in range(7):
            one, two, three = first * away[0, i], second * away[1, i], third * away[2, i]
            for j in range(7):
                cov[to, i, j] = (
                    first * old_cov[0, i, j]
                    + second * old_cov[1, i, j]
                    + third * old_cov[2, i, j]
                    + one * away[0, j]
                    + two * away[1, j]
                    + three * away[2, j]
                )


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
def predict(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: float,
    air: FloatArray,
    drag: FloatArray,
    room: Room,
) -> None:
    """Carry one track forward, in place; a step back in time is refused (left undone).

    mean : (3, 7), cov : (3, 7, 7), weight : (3,)
    """
    if not dt_s > 0.0:
        return
    mix(mean, cov, weight, dt_s, room)
    steps = int(np.ceil(dt_s / LONGEST_STEP_S))
    dt = dt_s / steps
    slope, move, up = room.slope, room.move, room.up
    for _ in range(steps):
        for mode in range(3):
            if mode == 1:
                s = mean[mode]
                r = np.sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2])
                for i in range(3):
                    up[i] = s[i] / r
                fall_step(s, dt, air, drag, slope)
                fall_matrix(slope, up, dt, move)
                grow(cov[mode], move, room)
            else:
                for i in range(3):
                    mean[mode, i] += dt * mean[mode, 3 + i]
                drift(cov[mode], dt)
            add_noise(cov[mode], dt, NOISE[mode], NOISE[3])


@kernel
def predict_all(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: FloatArray,
    air: FloatArray,
    drag: FloatArray,
) -> None:
    """`predict` for every track of a batch, in place; dt_s : (n,)."""
    room = motion_room()
    for i in range(len(mean)):
        predict(mean[i], cov[i], weight[i], dt_s[i], air, drag, room)
