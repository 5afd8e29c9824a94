"""What a sensor sees of a state: measurement, its slope, and the update by it."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray

# rows of a plot in kernels: four measured quantities of a sensor that looks from its
# origin, or, of a report of its own place, east, north, up of that place (0, 0, 0)
QUANTITIES = 4


@kernel
def measure(
    s: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    own_place: bool,
    h: FloatArray,
    slope: FloatArray,
) -> None:
    """Measurement h (4,) and its slope slope (4, 7) of a state.

    s         : (7,) ECEF state
    origin    : (3,) ECEF, of the sensor, or of the place reported
    turn      : (3, 3) ECEF to east-north-up at origin
    own_place : the plot reports a place, not a direction
    returns   : range m, azimuth rad clockwise from north, elevation rad, range rate m/s;
                for a place: east, north, up m
    """
    slope[:] = 0.0
    rel = np.empty(3)
    vel = np.empty(3)
    for i in range(3):
        rel[i] = 0.0
        vel[i] = 0.0
        for j in range(3):
            rel[i] += turn[i, j] * (s[j] - origin[j])
            vel[i] += turn[i, j] * s[3 + j]
    if own_place:
        for i in range(3):
            h[i] = rel[i]
            for j in range(3):
                slope[i, j] = turn[i, j]
        h[3] = 0.0
        return
    across2 = rel[0] ** 2 + rel[1] ** 2 + 1e-6
    across = np.sqrt(across2)
    reach = np.sqrt(across2 + rel[2] ** 2)
    rate = (rel[0] * vel[0] + rel[1] * vel[1] + rel[2] * vel[2]) / reach
    h[0] = reach
    h[1] = np.arctan2(rel[0], rel[1])
    h[2] = np.arctan2(rel[2], across)
    h[3] = rate
    for j in range(3):
        e, n, u = turn[0, j], turn[1, j], turn[2, j]
        along = (rel[0] * e + rel[1] * n + rel[2] * u) / reach
        slope[0, j] = along
        slope[1, j] = (rel[1] * e - rel[0] * n) / across2
        slope[2, j] = (u - along * rel[2] / reach) / across
        slope[3, j] = (vel[0] * e + vel[1] * n + vel[2] * u - along * rate) / reach
        slope[3, 3 + j] = along


@kernel
def residual(z: FloatArray, h: FloatArray, own_place: bool, out: FloatArray) -> None:
    """Measured less expected, azimuth by the short way round; nan where not measured."""
    for i in range(QUANTITIES):
        out[i] = z[i] - h[i]
    if not own_place:
        out[1] = (out[1] + np.pi) % (2 * np.pi) - np.pi


@kernel
def update(
    s: FloatArray,
    cov: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    own_place: bool,
) -> float:
    """Take one plot into one mode's state, in place; returns its log likelihood.

    The measured quantities are independent, so they are taken one after another: no
    matrix to invert, and whatever is missing (nan) is left out.
    Source: Bierman, "Factorization Methods for Discrete Sequential Estimation" (1977).
    """
    h = np.empty(QUANTITIES)
    slope = np.empty((QUANTITIES, 7))
    away = np.empty(QUANTITIES)
    measure(s, origin, turn, own_place, h, slope)
    residual(z, h, own_place, away)
    start = s.copy()
    gain = np.empty(7)
    log_likelihood = 0.0
    for i in range(QUANTITIES):
        if not np.isfinite(away[i]) or not np.isfinite(sigma[i]):
            continue
        # the slope stays that of the prediction: what earlier rows moved is taken along
        nu = away[i]
        for j in range(7):
            nu -= slope[i, j] * (s[j] - start[j])
        spread = sigma[i] * sigma[i]
        for j in range(7):
            gain[j] = 0.0
            for k in range(7):
                gain[j] += cov[j, k] * slope[i, k]
        for j in range(7):
            spread += slope[i, j] * gain[j]
        log_likelihood -= 0.5 * (nu * nu / spread + np.log(2 * np.pi * spread))
        for j in range(7):
            s[j] += gain[j] / spread * nu
        for j in range(7):
            for k in range(7):
                cov[j, k] -= gain[j] * gain[k] / spread
    for j in range(7):
        cov[j, j] = max(cov[j, j], 1e-9)
        for k in range(j):
            both = 0.5 * (cov[j, k] + cov[k, j])
            cov[j, k] = both
            cov[k, j] = both
    return log_likelihood


@kernel
def miss_distance2(
    s: FloatArray,
    cov: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    own_place: bool,
    shift_s: float,
) -> tuple[float, float]:
    """Squared Mahalanobis distance of a plot and its log likelihood, taken one by one.

    shift_s : the plot's own time less that of the state; the state is shifted along its
              velocity by that much, ahead or back, for looking only
    """
    there = s.copy()
    for i in range(3):
        there[i] += shift_s * s[3 + i]
    spare = cov.copy()
    seen = there.copy()
    log_likelihood = update(seen, spare, z, sigma, origin, turn, own_place)
    # -2 log L less its constant part: the distance over all rows
    h = np.empty(QUANTITIES)
    slope = np.empty((QUANTITIES, 7))
    away = np.empty(QUANTITIES)
    measure(there, origin, turn, own_place, h, slope)
    residual(z, h, own_place, away)
    worst = 0.0
    for i in range(QUANTITIES):
        if np.isfinite(away[i]) and np.isfinite(sigma[i]):
            spread = sigma[i] * sigma[i]
            for j in range(7):
                for k in range(7):
                    spread += slope[i, j] * cov[j, k] * slope[i, k]
            worst = max(worst, away[i] * away[i] / spread)
    return worst, log_likelihood
