"""What a track does next: motion modes, mixed.

State of every mode: ECEF position m, velocity m/s, and a seventh number: ln of the
ballistic coefficient; of boosting its thrust m/s2; of turning its rate, rad/s clockwise
from above. Modes, in the order of `records.MODES`: boosting (gravity, and thrust along the
velocity), falling (gravity and drag, one mode for each drag curve of `threats.SHAPES`),
straight (velocity kept) and turning (speed kept).

A mode of weight 0 is asleep: its state is nothing, and costs nothing. Modes fall asleep
when what is seen speaks against them, and wake when the others are surprised.
Source: Li, Bar-Shalom, "Multiple-model estimation with variable structure", IEEE
Transactions on Automatic Control 41(4), 1996 (likely-model set).
"""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.dynamics import drag_acceleration, gravity_acceleration
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, FALLING, MODES, STRAIGHT, TURNING, IntArray

COUNT = len(MODES)
LONGEST_STEP_S = 1.0
# noise: psd of acceleration of each mode, m2/s3; drift of ln beta /s, of turn rate rad2/s3
NOISE = np.array([1200.0, 0.05, 0.05, 0.05, 0.1, 1.0])
# per second: how often a mode gives way to another; rows from, columns to. What glides on
# is hardly ever boosted again, and what flies on hardly ever falls. A body keeps its shape:
# between drag curves there is only what is asked of those that wake
SWITCH = np.array(
    [
        [0.0, 0.23, 1e-6, 1e-6, 0.005, 0.015],
        [5e-5, 0.0, 1e-6, 1e-6, 1e-4, 1e-3],
        [5e-5, 1e-6, 0.0, 1e-6, 1e-4, 1e-3],
        [5e-5, 1e-6, 1e-6, 0.0, 1e-4, 1e-3],
        [0.0015, 5e-5, 1e-6, 1e-6, 0.0, 0.03],
        [0.0015, 5e-5, 1e-6, 1e-6, 0.1, 0.0],
    ]
)
DENSITY_FALLS_M = 8000.0  # height over which the air thins e-fold, for slopes only
# of the seventh number, of each mode: mean and variance beforehand, drift /s, least, most
SEVENTH = np.array(
    [
        [200.0, 150.0**2, 2000.0, 0.0, 2000.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [0.0, 0.06**2, 2e-5, -0.4, 0.4],
    ]
)
KIND = np.array([0, 1, 1, 1, 1, 2])  # modes of one kind mean the same by it
WOKEN, WIDE = 0.02, 0.002  # least weight of a mode that wakes; of one for its width alone
WOKEN_MPS = np.array([60.0, 15.0, 15.0, 15.0, 15.0, 15.0])  # doubt of its velocity then
NEGLIGIBLE = 1e-9  # part of a blend that is left out
# who wakes: nobody; boosting, whose gate is wide; all but further drag curves; all
SLEEPS, WIDEST, BASE, ALL = 0, 1, 2, 3


class Room(NamedTuple):
    """Arrays to work in, made once for a whole batch."""

    change: FloatArray
    part: FloatArray
    awake: IntArray
    old_weight: FloatArray
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
        np.empty((COUNT, COUNT)),
        np.empty(COUNT),
        np.empty(COUNT, np.int64),
        np.empty(COUNT),
        np.empty((COUNT, 7)),
        np.empty((COUNT, 7, 7)),
        np.empty((COUNT, 7)),
        np.empty((3, 5)),
        np.empty((6, 7)),
        np.empty((6, 7)),
        np.empty((7, 6)),
        np.empty(3),
    )


@inner_kernel
def switch_probability(dt_s: float, out: FloatArray) -> None:
    """(k, k) chance to be in another mode after dt_s: SWITCH to the power of dt_s."""
    part = (1.0 - np.exp(-min(dt_s, 4.0))) / 0.632
    for i in range(COUNT):
        rest = 0.0
        for j in range(COUNT):
            if i != j:
                out[i, j] = SWITCH[i, j] * part
                rest += out[i, j]
        if rest > 0.9:
            for j in range(COUNT):
                if i != j:
                    out[i, j] *= 0.9 / rest
            rest = 0.9
        out[i, i] = 1.0 - rest


@inner_kernel
def falls_alone(weight: FloatArray) -> bool:
    """Whether no mode is awake but falling ones: they give way to none of each other."""
    for mode in range(COUNT):
        if weight[mode] > 0.0 and not FALLING <= mode < STRAIGHT:
            return False
    return True


@inner_kernel
def mix(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: float,
    wake: int,
    room: Room,
) -> None:
    """Interacting multiple models: each mode starts from the blend it may have come from.

    wake : who wakes if asleep: SLEEPS, WIDEST, BASE or ALL
    Where modes disagree on what the seventh number is, each takes that of the others for
    what is known beforehand.
    Sources: Blom, Bar-Shalom, "The interacting multiple model algorithm" (1988); Granstrom,
    Willett, Bar-Shalom, "Systematic approach to IMM mixing for unequal dimension states",
    IEEE Transactions on Aerospace and Electronic Systems 51(4), 2015.
    """
    if wake == SLEEPS and falls_alone(weight):
        return
    change, part, away, awake = room.change, room.part, room.away, room.awake
    old_weight, old_mean, old_cov = room.old_weight, room.old_mean, room.old_cov
    switch_probability(dt_s, change)
    n = 0
    for mode in range(COUNT):
        old_weight[mode] = weight[mode]
        if weight[mode] <= 0.0:
            continue
        awake[n] = mode
        n += 1
        for i in range(7):
            old_mean[mode, i] = mean[mode, i]
            for j in range(i + 1):
                old_cov[mode, i, j] = cov[mode, i, j]
    whole = 0.0
    for to in range(COUNT):
        woken = old_weight[to] <= 0.0
        if woken and (
            wake == SLEEPS
            or (wake == WIDEST and to != BOOSTING)
            or (wake == BASE and FALLING < to < STRAIGHT)
        ):
            continue
        s, p = mean[to], cov[to]
        total = 0.0
        for a in range(n):
            part[a] = change[awake[a], to] * old_weight[awake[a]]
            total += part[a]
        for i in range(7):
            s[i] = 0.0
            for j in range(i + 1):
                p[i, j] = 0.0
        for a in range(n):
            origin = awake[a]
            part[a] /= total
            alike = KIND[origin] == KIND[to]
            for i in range(6):
                away[a, i] = old_mean[origin, i]
                s[i] += part[a] * away[a, i]
            away[a, 6] = old_mean[origin, 6] if alike else SEVENTH[to, 0]
            s[6] += part[a] * away[a, 6]
        for a in range(n):
            if part[a] < NEGLIGIBLE:
                continue
            origin, share = awake[a], part[a]
            for i in range(7):
                away[a, i] -= s[i]
            for i in range(6):
                along = away[a, i]
                for j in range(i + 1):
                    p[i, j] += share * (old_cov[origin, i, j] + along * away[a, j])
            along = away[a, 6]
            if KIND[origin] == KIND[to]:
                for j in range(7):
                    p[6, j] += share * (old_cov[origin, 6, j] + along * away[a, j])
            else:
                for j in range(7):
                    p[6, j] += share * along * away[a, j]
                p[6, 6] += share * SEVENTH[to, 1]
        if woken:
            total = max(total, WIDE if wake == WIDEST else WOKEN)
            for i in range(3, 6):
                p[i, i] += WOKEN_MPS[to] ** 2
        for i in range(7):
            for j in range(i):
                p[j, i] = p[i, j]
        weight[to] = total
        whole += total
    for mode in range(COUNT):
        weight[mode] /= whole


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


@inner_kernel
def predict(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: float,
    wake: int,
    air: FloatArray,
    drag: FloatArray,
    room: Room,
) -> None:
    """Carry one track forward, in place; a step back in time is refused (left undone).

    mean : (k, 7), cov : (k, 7, 7), weight : (k,) of its modes; wake : as of `mix`
    drag : tables of `drag_tables`
    """
    if not dt_s > 0.0:
        return
    mix(mean, cov, weight, dt_s, wake, room)
    steps = int(np.ceil(dt_s / LONGEST_STEP_S))
    dt = dt_s / steps
    slope, move, up = room.slope, room.move, room.up
    for mode in range(COUNT):
        if weight[mode] <= 0.0:
            continue
        s, p = mean[mode], cov[mode]
        for _ in range(steps):
            if mode == STRAIGHT:
                for i in range(3):
                    s[i] += dt * s[3 + i]
                drift(p, dt)
            elif mode == BOOSTING:
                boost_step(s, dt, move)
                grow(p, move, room)
            else:
                r = np.sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2])
                for i in range(3):
                    up[i] = s[i] / r
                if mode == TURNING:
                    turn_step(s, dt, up, move)
                else:
                    fall_step(s, dt, air, drag[mode - FALLING], slope)
                    fall_matrix(slope, up, dt, move)
                grow(p, move, room)
            add_noise(p, dt, NOISE[mode], SEVENTH[mode, 2])
