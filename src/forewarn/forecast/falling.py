"""Futures of what falls: an unscented transform through the flight to the ground."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import enu_axes, geographic_of
from forewarn.flight import fall_one
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray

DIMENSIONS = 9  # position, velocity, ln beta, wind east, wind north
POINTS = 2 * DIMENSIONS + 1
# weights of the unscented transform for n + kappa = 3, about its centre point
EDGE = 1.0 / 6.0
SMALLEST_SIGMA_M = 20.0


@kernel
def lower_root(cov: FloatArray, root: FloatArray) -> None:
    """Cholesky factor of a covariance; a direction without variance gives a zero column."""
    n = cov.shape[0]
    root[:] = 0.0
    for j in range(n):
        rest = cov[j, j]
        for k in range(j):
            rest -= root[j, k] * root[j, k]
        if rest <= 1e-14 * abs(cov[j, j]) or rest <= 0.0:
            continue
        root[j, j] = np.sqrt(rest)
        for i in range(j + 1, n):
            part = cov[i, j]
            for k in range(j):
                part -= root[i, k] * root[j, k]
            root[i, j] = part / root[j, j]


@kernel
def falling_futures(
    mean: FloatArray,
    cov: FloatArray,
    gain: FloatArray,
    shape: IntArray,
    time_s: FloatArray,
    noise: FloatArray,
    ground_m: float,
    air: FloatArray,
    drag: FloatArray,
) -> FloatArray:
    """One Gaussian future on the ground for each of m jobs.

    mean   : (m, 7)     ECEF position, velocity, ln beta
    cov    : (m, 7, 7)
    gain   : (m,)       share of its speed that thrust may still add
    shape  : (m,)       row of its drag curve in `drag`, as of `drag_tables`
    time_s : (m,)       time of the state
    noise  : (2,)       wind error m/s, drift of ln beta per sqrt(s)
    returns: (m, 9)     latitude, longitude rad; covariance ee, en, nn m2; arrival UTC s;
                        its slope east, north s/m; what remains of its sigma s.
                        nan where it never comes down

    Source: Julier, Uhlmann, "Unscented filtering and nonlinear estimation" (2004).
    """
    jobs = len(mean)
    out = np.full((jobs, 9), np.nan)
    work = np.empty((6, 6))
    root = np.empty((7, 7))
    gust = np.zeros(2)
    state = np.empty(6)
    place = np.empty((POINTS, 3))
    for job in range(jobs):
        wide, curve = cov[job].copy(), drag[shape[job]]
        state[:] = mean[job, :6]
        for i in range(3):
            state[3 + i] *= 1.0 + gain[job]
        gust[:] = 0.0
        fall_s = fall_one(state, mean[job, 6], gust, ground_m, air, curve, work)
        if not np.isfinite(fall_s):
            continue
        wide[6, 6] += noise[1] ** 2 * min(fall_s, 60.0)
        centre = work[5, :3].copy()
        lat, lon, _ = geographic_of(centre[0], centre[1], centre[2])
        turn = enu_axes(lat, lon)
        lower_root(wide, root)
        reach = np.sqrt(3.0)
        for point in range(1, POINTS):
            axis = (point - 1) // 2
            sign = reach if point % 2 else -reach
            state[:] = mean[job, :6]
            ln_beta = mean[job, 6]
            gust[:] = 0.0
            if axis < 7:
                for i in range(6):
                    state[i] += sign * root[i, axis]
                ln_beta += sign * root[6, axis]
            else:
                gust[axis - 7] = sign * noise[0]
            for i in range(3):
                state[3 + i] *= 1.0 + gain[job]
            s = fall_one(state, ln_beta, gust, ground_m, air, curve, work)
            if np.isfinite(s):
                away = work[5, :3] - centre
                place[point, 0] = turn[0] @ away
                place[point, 1] = turn[1] @ away
                place[point, 2] = s - fall_s
            else:
                place[point] = 0.0
        shift = np.zeros(3)
        spread = np.zeros((3, 3))
        for point in range(1, POINTS):
            for i in range(3):
                shift[i] += EDGE * place[point, i]
                for j in range(3):
                    spread[i, j] += EDGE * place[point, i] * place[point, j]
        ee = spread[0, 0] + SMALLEST_SIGMA_M**2
        nn = spread[1, 1] + SMALLEST_SIGMA_M**2
        en = spread[0, 1]
        det = ee * nn - en * en
        slope_e = (spread[0, 2] * nn - spread[1, 2] * en) / det
        slope_n = (spread[1, 2] * ee - spread[0, 2] * en) / det
        rest = spread[2, 2] - slope_e * spread[0, 2] - slope_n * spread[1, 2]
        middle = centre + turn[0] * shift[0] + turn[1] * shift[1]
        out[job, 0], out[job, 1], _ = geographic_of(middle[0], middle[1], middle[2])
        out[job, 2], out[job, 3], out[job, 4] = ee, en, nn
        out[job, 5] = time_s[job] + fall_s + shift[2]
        out[job, 6], out[job, 7] = slope_e, slope_n
        out[job, 8] = np.sqrt(max(rest, 0.0) + 0.01)
    return out
