"""Futures of what falls: an unscented transform through the flight to the ground."""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.dynamics import enu_axes, geographic_of
from forewarn.flight import Ground, fall
from forewarn.geodesy import FloatArray

DIMENSIONS = 9  # position, velocity, ln beta, wind east, wind north
POINTS = 2 * DIMENSIONS + 1
# weights of the unscented transform for n + kappa = 3, about its centre point
EDGE = 1.0 / 6.0
SMALLEST_SIGMA_M = 20.0
TUMBLES, TUMBLES_EDGE = 7.0, 0.2  # ln beta below which real wrecks slide and turn
DRIFTS_S = 60.0  # for so long at most the ballistic coefficient drifts


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


class FallNoise(NamedTuple):
    """What flights are unsure of beside their state; see `ForecastParams`."""

    wind_mps: float
    density: float
    drift: float
    steady: float
    lift_share: float
    lift_s: float


@inner_kernel
def _tumbles(ln_beta: float) -> float:
    """How surely a body is too light for its size to fly nose first, 0 .. 1."""
    return float(1.0 / (1.0 + np.exp((ln_beta - TUMBLES) / TUMBLES_EDGE)))


@inner_kernel
def _air_doubt(ln_beta: float, fall_s: float, noise: FallNoise) -> float:
    """Variance of ln beta that comes on the way: air thicker than told, a body turning."""
    loose = _tumbles(ln_beta)
    drift = loose * noise.drift**2 + (1.0 - loose) * noise.steady**2
    return float(noise.density**2 + drift * min(fall_s, DRIFTS_S))


@inner_kernel
def _slides(ln_beta: float, landed: FloatArray, noise: FallNoise) -> float:
    """Standard deviation of the wind, m/s per axis, that would carry it as its lift does.

    A share of drag across the way of a body pulls as a wind of this share of its speed. It
    keeps a direction for lift_s; of many directions in turn their mean is what counts.
    landed : (7,) as of `fall`
    """
    turns = max(landed[0] / noise.lift_s, 1e-3)
    mean = np.sqrt(2.0 / turns * (1.0 - (1.0 - np.exp(-turns)) / turns))
    speed = np.sqrt(landed[4] ** 2 + landed[5] ** 2 + landed[6] ** 2)
    return float(noise.lift_share * _tumbles(ln_beta) * mean * speed)


@kernel
def _spread(
    mean: FloatArray, cov: FloatArray, wind_mps: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The points of the transform but the centre: states, ln beta, own wind of each.

    wind_mps : (m,) standard deviation of the wind along each axis
    returns  : (m * 18, 6), (m * 18,), (m * 18, 2)
    """
    jobs, each = len(mean), POINTS - 1
    state = np.empty((jobs * each, 6))
    ln_beta = np.empty(jobs * each)
    gust = np.zeros((jobs * each, 2))
    root = np.empty((7, 7))
    reach = np.sqrt(3.0)
    for job in range(jobs):
        lower_root(cov[job], root)
        for point in range(each):
            row, axis = job * each + point, point // 2
            sign = reach if point % 2 else -reach
            state[row] = mean[job, :6]
            ln_beta[row] = mean[job, 6]
            if axis < 7:
                for i in range(6):
                    state[row, i] += sign * root[i, axis]
                ln_beta[row] += sign * root[6, axis]
            else:
                gust[row, axis - 7] = sign * wind_mps[job]
    return state, ln_beta, gust


@inner_kernel
def _median(late_s: FloatArray) -> float:
    """Median of a time, s after that of the centre, from the points in pairs (18,).

    Along each axis it goes as a x + b x2, so its mean is the sum of b later and its skew
    6 a2 b; the median lies a sixth of the skew over the variance before the mean.
    Source: Cornish, Fisher, Review of the International Statistical Institute 5, 1938.
    """
    mean, skew, variance = 0.0, 0.0, 1e-12
    for axis in range(len(late_s) // 2):
        low, high = late_s[2 * axis], late_s[2 * axis + 1]
        a2 = (high - low) ** 2 / 12.0
        b = (high + low) / 6.0
        mean += b
        skew += 6.0 * a2 * b
        variance += a2
    return float(mean - skew / (6.0 * variance))


@kernel
def _gather(
    centre: FloatArray, landed: FloatArray, time_s: FloatArray, out: FloatArray
) -> None:
    """One Gaussian on the ground from where the points of each job came down.

    centre : (m, 7), landed : (m * 18, 7) as of `fall`; time_s : (m,) of the states
    out    : (m, 9) as of `falling_futures`
    """
    each = POINTS - 1
    place, shift, spread = np.empty((each, 3)), np.empty(3), np.empty((3, 3))
    for job in range(len(centre)):
        if not np.isfinite(centre[job, 0]):
            continue
        lat, lon, _ = geographic_of(centre[job, 1], centre[job, 2], centre[job, 3])
        turn = enu_axes(lat, lon)
        for point in range(each):
            row = landed[job * each + point]
            # what does not come down says nothing of the others
            down = np.isfinite(row[0])
            for i in range(2):
                away = 0.0
                for k in range(3):
                    away += turn[i, k] * (row[1 + k] - centre[job, 1 + k])
                place[point, i] = away if down else 0.0
            place[point, 2] = row[0] - centre[job, 0] if down else 0.0
        shift[:] = 0.0
        spread[:] = 0.0
        for point in range(each):
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
        middle = centre[job, 1:4] + turn[0] * shift[0] + turn[1] * shift[1]
        out[job, 0], out[job, 1], _ = geographic_of(middle[0], middle[1], middle[2])
        out[job, 2], out[job, 3], out[job, 4] = ee, en, nn
        out[job, 5] = time_s[job] + centre[job, 0] + _median(place[:, 2])
        out[job, 6], out[job, 7] = slope_e, slope_n
        out[job, 8] = np.sqrt(max(rest, 0.0) + 0.01)


@kernel
def falling_futures(
    mean: FloatArray,
    cov: FloatArray,
    time_s: FloatArray,
    noise: FallNoise,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
) -> FloatArray:
    """One Gaussian future on the ground for each of m bodies of one drag curve.

    mean   : (m, 7)     ECEF position, velocity, ln beta
    cov    : (m, 7, 7)
    time_s : (m,)       time of the state
    noise  : of `ForecastParams.fall_noise`
    returns: (m, 9)     latitude, longitude rad; covariance ee, en, nn m2; median arrival UTC
                        s; its slope east, north s/m; what remains of its sigma s.
                        nan where it never comes down

    Source: Julier, Uhlmann, "Unscented filtering and nonlinear estimation" (2004).
    """
    jobs = len(mean)
    out = np.full((jobs, 9), np.nan)
    state, ln_beta = mean[:, :6].copy(), mean[:, 6].copy()
    centre = fall(state, ln_beta, np.zeros((jobs, 2)), ground, air, drag)
    wide, wind = cov.copy(), np.empty(jobs)
    for job in range(jobs):
        if np.isfinite(centre[job, 0]):
            wide[job, 6, 6] += _air_doubt(mean[job, 6], centre[job, 0], noise)
            wind[job] = np.hypot(noise.wind_mps, _slides(mean[job, 6], centre[job], noise))
    state, ln_beta, gust = _spread(mean, wide, wind)
    landed = fall(state, ln_beta, gust, ground, air, drag)
    _gather(centre, landed, time_s, out)
    return out
