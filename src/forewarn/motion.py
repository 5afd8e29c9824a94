"""What a track does next: three motion modes, mixed.

State of every mode: ECEF position m, velocity m/s, ln of the ballistic coefficient (7).
Modes, in the order of `records.MODES`: boosting (velocity free to grow fast), ballistic
(gravity and drag), cruising (speed kept, gentle turns).
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import falling_acceleration
from forewarn.geodesy import FloatArray

LONGEST_STEP_S = 1.0
# noise: psd of acceleration of boosting, ballistic, cruising (m2/s3), drift of ln beta /s
NOISE = np.array([8000.0, 4.0, 8.0, 0.0025])
# per second: how often a mode gives way to another; rows from, columns to
SWITCH = np.array([[0.75, 0.23, 0.02], [0.01, 0.98, 0.01], [0.02, 0.01, 0.97]])


@kernel
def switch_probability(dt_s: float) -> FloatArray:
    """(3, 3) chance to be in another mode after dt_s: SWITCH to the power of dt_s."""
    part = min(dt_s, 4.0)
    out = np.empty((3, 3))
    for i in range(3):
        rest = 0.0
        for j in range(3):
            if i != j:
                out[i, j] = SWITCH[i, j] * (1.0 - np.exp(-part)) / 0.632
                rest += out[i, j]
        if rest > 0.9:
            for j in range(3):
                if i != j:
                    out[i, j] *= 0.9 / rest
            rest = 0.9
        out[i, i] = 1.0 - rest
    return out


@kernel
def mix(mean: FloatArray, cov: FloatArray, weight: FloatArray, dt_s: float) -> None:
    """Interacting multiple models: each mode starts from the blend it may have come from.

    Source: Blom, Bar-Shalom, "The interacting multiple model algorithm" (1988).
    """
    change = switch_probability(dt_s)
    new_weight = np.zeros(3)
    new_mean = np.zeros((3, 7))
    new_cov = np.zeros((3, 7, 7))
    for to in range(3):
        for origin in range(3):
            new_weight[to] += change[origin, to] * weight[origin]
        for origin in range(3):
            share = change[origin, to] * weight[origin] / new_weight[to]
            for i in range(7):
                new_mean[to, i] += share * mean[origin, i]
        for origin in range(3):
            share = change[origin, to] * weight[origin] / new_weight[to]
            for i in range(7):
                di = mean[origin, i] - new_mean[to, i]
                for j in range(7):
                    dj = mean[origin, j] - new_mean[to, j]
                    new_cov[to, i, j] += share * (cov[origin, i, j] + di * dj)
    mean[:] = new_mean
    cov[:] = new_cov
    weight[:] = new_weight


@kernel
def fall_step(s: FloatArray, dt_s: float, air: FloatArray, drag: FloatArray) -> None:
    """One Runge-Kutta step of a falling state, in place."""
    k = np.empty((4, 6))
    at = s.copy()
    for stage in range(4):
        if stage:
            part = dt_s if stage == 3 else 0.5 * dt_s
            for i in range(6):
                at[i] = s[i] + part * k[stage - 1, i]
        k[stage, 0], k[stage, 1], k[stage, 2] = at[3], at[4], at[5]
        k[stage, 3], k[stage, 4], k[stage, 5] = falling_acceleration(
            at[0], at[1], at[2], at[3], at[4], at[5], s[6], air, drag
        )
    for i in range(6):
        s[i] += dt_s / 6 * (k[0, i] + 2 * k[1, i] + 2 * k[2, i] + k[3, i])


@kernel
def fall_matrix(
    s: FloatArray, dt_s: float, air: FloatArray, drag: FloatArray
) -> FloatArray:
    """(7, 7) how a small change of a falling state grows over dt_s."""
    slope = np.zeros(
        (3, 7)
    )  # acceleration by velocity and ln beta; by position it is small
    a0 = np.array(falling_acceleration(s[0], s[1], s[2], s[3], s[4], s[5], s[6], air, drag))
    for j in range(3, 7):
        moved = s.copy()
        h = 1e-3 if j == 6 else 0.1
        moved[j] += h
        a1 = np.array(
            falling_acceleration(
                moved[0],
                moved[1],
                moved[2],
                moved[3],
                moved[4],
                moved[5],
                moved[6],
                air,
                drag,
            )
        )
        for i in range(3):
            slope[i, j] = (a1[i] - a0[i]) / h
    out = np.eye(7)
    for i in range(3):
        out[i, 3 + i] += dt_s
        for j in range(3, 7):
            out[3 + i, j] += dt_s * slope[i, j]
            out[i, j] += 0.5 * dt_s * dt_s * slope[i, j]
    return out


@kernel
def add_noise(cov: FloatArray, dt_s: float, psd: float, drift: float) -> None:
    """White acceleration over dt_s, in place.

    Source: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and
    Navigation" (2001), chapter 6.
    """
    for i in range(3):
        cov[i, i] += psd * dt_s**3 / 3
        cov[i, 3 + i] += psd * dt_s**2 / 2
        cov[3 + i, i] += psd * dt_s**2 / 2
        cov[3 + i, 3 + i] += psd * dt_s
    cov[6, 6] += drift * dt_s


@kernel
def predict(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: float,
    air: FloatArray,
    drag: FloatArray,
) -> None:
    """Carry one track forward, in place; a step back in time is refused (left undone).

    mean : (3, 7), cov : (3, 7, 7), weight : (3,)
    """
    if not dt_s > 0.0:
        return
    mix(mean, cov, weight, dt_s)
    steps = int(np.ceil(dt_s / LONGEST_STEP_S))
    dt = dt_s / steps
    for _ in range(steps):
        for mode in range(3):
            if mode == 1:
                move = fall_matrix(mean[mode], dt, air, drag)
                fall_step(mean[mode], dt, air, drag)
            else:
                move = np.eye(7)
                for i in range(3):
                    move[i, 3 + i] = dt
                    mean[mode, i] += dt * mean[mode, 3 + i]
            cov[mode] = move @ np.ascontiguousarray(cov[mode]) @ move.T
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
    for i in range(len(mean)):
        predict(mean[i], cov[i], weight[i], dt_s[i], air, drag)
