"""What a sensor sees of a state: measurement, its slope, and the update by it."""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.geodesy import FloatArray

# range, azimuth, elevation, range rate of a sensor that looks from its origin
QUANTITIES = 4
UNHEARD = -1e6  # log likelihood of what cannot be
FAR2 = 60.0  # squared distance beyond which a range rate makes no difference any more
LN_2PI = float(np.log(2.0 * np.pi))


class Room(NamedTuple):
    """Arrays to work in, made once for a whole batch."""

    total: FloatArray
    inverse: FloatArray
    away: FloatArray
    gain: FloatArray
    upper: FloatArray
    column: FloatArray


@kernel
def sensor_room() -> Room:
    """Room that `take_place` and `take_rate` need."""
    return Room(
        np.empty((3, 3)),
        np.empty((3, 3)),
        np.empty(3),
        np.empty((7, 3)),
        np.empty((3, 7)),
        np.empty(7),
    )


@kernel
def measure(
    s: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
    h: FloatArray,
    slope: FloatArray,
) -> bool:
    """Measurement h (4,) and its slope slope (4, 7) of a state; False = not to be heard.

    s         : (7,) ECEF state
    origin    : (3,) ECEF, of the sensor
    turn      : (3, 3) ECEF to east-north-up at origin
    sound_mps : speed at which what is measured travels, 0 = light: what is heard now was
                where it was then; what flies faster is not heard before it has passed
    h         : range m, azimuth rad clockwise from north, elevation rad, range rate m/s;
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
    late_s = 0.0
    if sound_mps > 0.0:
        # |rel - vel t| = sound t
        reach2 = rel[0] ** 2 + rel[1] ** 2 + rel[2] ** 2
        along2 = rel[0] * vel[0] + rel[1] * vel[1] + rel[2] * vel[2]
        slower2 = sound_mps**2 - vel[0] ** 2 - vel[1] ** 2 - vel[2] ** 2
        if slower2 < 0.1 * sound_mps**2:
            return False
        late_s = (np.sqrt(along2 * along2 + slower2 * reach2) - along2) / slower2
        for i in range(3):
            rel[i] -= late_s * vel[i]
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
    if sound_mps > 0.0:
        for i in range(3):
            # a change of place or speed changes the delay too
            moved = 0.0
            for j in range(3):
                moved += slope[i, j] * s[3 + j]
            for j in range(3):
                sight = turn[0, j] * rel[0] + turn[1, j] * rel[1] + turn[2, j] * rel[2]
                slope[i, j] -= moved * sight / reach / (sound_mps + rate)
                slope[i, 3 + j] = -late_s * slope[i, j]
    return True


@kernel
def residual(z: FloatArray, h: FloatArray, out: FloatArray) -> None:
    """Measured less expected, azimuth by the short way round; nan where not measured."""
    for i in range(QUANTITIES):
        out[i] = z[i] - h[i]
    out[1] = (out[1] + np.pi) % (2 * np.pi) - np.pi


@kernel
def update(
    s: FloatArray,
    cov: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
) -> float:
    """Take one plot into one mode's state, in place; returns its log likelihood.

    The measured quantities are independent, so they are taken one after another: no
    matrix to invert, and whatever is missing (nan) is left out.
    Source: Bierman, "Factorization Methods for Discrete Sequential Estimation" (1977).
    """
    h = np.empty(QUANTITIES)
    slope = np.empty((QUANTITIES, 7))
    away = np.empty(QUANTITIES)
    if not measure(s, origin, turn, sound_mps, h, slope):
        return UNHEARD
    residual(z, h, away)
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
def bearing_distance2(
    s: FloatArray,
    cov: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: float,
) -> tuple[float, float]:
    """Largest squared Mahalanobis distance of any one quantity, and the log likelihood.

    For plots that tell no place: what they measure is taken one after another, as `update`
    does, in a copy.
    """
    h = np.empty(QUANTITIES)
    slope = np.empty((QUANTITIES, 7))
    away = np.empty(QUANTITIES)
    if not measure(s, origin, turn, sound_mps, h, slope):
        return -UNHEARD, UNHEARD
    residual(z, h, away)
    worst = 0.0
    for i in range(QUANTITIES):
        if np.isfinite(away[i]) and np.isfinite(sigma[i]):
            spread = sigma[i] * sigma[i]
            for j in range(7):
                for k in range(7):
                    spread += slope[i, j] * cov[j, k] * slope[i, k]
            worst = max(worst, away[i] * away[i] / spread)
    return worst, update(s.copy(), cov.copy(), z, sigma, origin, turn, sound_mps)


@bare_kernel
def inverse3(a: FloatArray, out: FloatArray) -> float:
    """Inverse of a symmetric (3, 3) into out; returns the determinant."""
    c00 = a[1, 1] * a[2, 2] - a[1, 2] * a[1, 2]
    c01 = a[0, 2] * a[1, 2] - a[0, 1] * a[2, 2]
    c02 = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    det = a[0, 0] * c00 + a[0, 1] * c01 + a[0, 2] * c02
    out[0, 0], out[0, 1], out[0, 2] = c00 / det, c01 / det, c02 / det
    out[1, 1] = (a[0, 0] * a[2, 2] - a[0, 2] * a[0, 2]) / det
    out[1, 2] = (a[0, 1] * a[0, 2] - a[0, 0] * a[1, 2]) / det
    out[2, 2] = (a[0, 0] * a[1, 1] - a[0, 1] * a[0, 1]) / det
    out[1, 0], out[2, 0], out[2, 1] = out[0, 1], out[0, 2], out[1, 2]
    return float(det)


@bare_kernel
def rate_noise2(s: FloatArray, noise: FloatArray, sight: FloatArray, sigma: float) -> float:
    """Variance of a range rate held against a state, (m/s)2.

    sight : (4,) unit vector from sensor to plot, and 1 / distance; its own error turns some
            of the speed across into rate
    """
    along = 0.0
    for i in range(3):
        for j in range(3):
            along += sight[i] * noise[i, j] * sight[j]
    across2 = 0.5 * (noise[0, 0] + noise[1, 1] + noise[2, 2] - along) * sight[3] ** 2
    speed2 = s[3] * s[3] + s[4] * s[4] + s[5] * s[5]
    return float(sigma * sigma + across2 * speed2)


@bare_kernel
def place_distance2(
    s: FloatArray,
    cov: FloatArray,
    shift_s: float,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    rate: float,
    rate_sigma: float,
) -> tuple[float, float]:
    """Squared Mahalanobis distance of a plot that tells a place, and its spread.

    The second is the determinant of the covariance, as `log_density` asks for it.

    shift_s : the plot's own time less that of the state, which is shifted along its
              velocity by that much, ahead or back, for looking only
    point, noise : (3,), (3, 3) ECEF place and covariance; per m3
    rate    : range rate m/s along `sight`, or nan; then per m3 and m/s
    """
    x = point[0] - s[0] - shift_s * s[3]
    y = point[1] - s[1] - shift_s * s[4]
    z = point[2] - s[2] - shift_s * s[5]
    # scalars throughout: this is the innermost of all loops
    a00, a01, a02 = (
        cov[0, 0] + noise[0, 0],
        cov[0, 1] + noise[0, 1],
        cov[0, 2] + noise[0, 2],
    )
    a11, a12, a22 = (
        cov[1, 1] + noise[1, 1],
        cov[1, 2] + noise[1, 2],
        cov[2, 2] + noise[2, 2],
    )
    c00, c01, c02 = a11 * a22 - a12 * a12, a02 * a12 - a01 * a22, a01 * a12 - a02 * a11
    c11, c12, c22 = a00 * a22 - a02 * a02, a01 * a02 - a00 * a12, a00 * a11 - a01 * a01
    det = a00 * c00 + a01 * c01 + a02 * c02
    wx, wy = c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z
    wz = c02 * x + c12 * y + c22 * z
    d2 = (x * wx + y * wy + z * wz) / det
    if not np.isfinite(rate) or d2 > FAR2:
        return d2, det
    ux, uy, uz = sight[0], sight[1], sight[2]
    nu = rate - ux * s[3] - uy * s[4] - uz * s[5]
    # what the place already says about the rate
    px = cov[0, 3] * ux + cov[0, 4] * uy + cov[0, 5] * uz
    py = cov[1, 3] * ux + cov[1, 4] * uy + cov[1, 5] * uz
    pz = cov[2, 3] * ux + cov[2, 4] * uy + cov[2, 5] * uz
    nu -= (px * wx + py * wy + pz * wz) / det
    spread = rate_noise2(s, noise, sight, rate_sigma)
    for i in range(3):
        for j in range(3):
            spread += sight[i] * cov[3 + i, 3 + j] * sight[j]
    qx = c00 * px + c01 * py + c02 * pz
    qy = c01 * px + c11 * py + c12 * pz
    qz = c02 * px + c12 * py + c22 * pz
    spread -= (px * qx + py * qy + pz * qz) / det
    spread = max(spread, rate_sigma * rate_sigma)
    return d2 + nu * nu / spread, det * spread


@bare_kernel
def log_density(d2: float, det: float, rate: float) -> float:
    """Log density of a normal distribution of three quantities, of four with a range rate.

    rate : nan = none
    """
    count = 4.0 if np.isfinite(rate) else 3.0
    return float(-0.5 * (d2 + np.log(det) + count * LN_2PI))


@bare_kernel
def take_rate(
    s: FloatArray,
    cov: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    rate: float,
    rate_sigma: float,
    room: Room,
) -> float:
    """Kalman update by a range rate alone, in place; returns its squared distance."""
    nu, spread = rate, rate_noise2(s, noise, sight, rate_sigma)
    column = room.column
    for i in range(7):
        column[i] = 0.0
        for k in range(3):
            column[i] += cov[i, 3 + k] * sight[k]
    for k in range(3):
        nu -= sight[k] * s[3 + k]
        spread += sight[k] * column[3 + k]
    for i in range(7):
        s[i] += column[i] / spread * nu
        for j in range(7):
            cov[i, j] -= column[i] * column[j] / spread
    return float(nu * nu / spread)


@bare_kernel
def take_place(
    s: FloatArray,
    cov: FloatArray,
    shift_s: float,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    rate: float,
    rate_sigma: float,
    room: Room,
) -> float:
    """Kalman update by a plot that tells a place, in place; arguments as above.

    Returns how far off it was: squared Mahalanobis distance over its mean, of the place,
    or of place and range rate alike.
    """
    total, inverse, away = room.total, room.inverse, room.away
    gain, upper = room.gain, room.upper
    for i in range(3):
        away[i] = point[i] - s[i] - shift_s * s[3 + i]
        for j in range(3):
            total[i, j] = cov[i, j] + noise[i, j]
        for j in range(7):
            upper[i, j] = cov[i, j]
    inverse3(total, inverse)
    for i in range(7):
        for j in range(3):
            gain[i, j] = (
                upper[0, i] * inverse[0, j]
                + upper[1, i] * inverse[1, j]
                + upper[2, i] * inverse[2, j]
            )
        s[i] += gain[i, 0] * away[0] + gain[i, 1] * away[1] + gain[i, 2] * away[2]
    for i in range(7):
        for j in range(i + 1):
            cov[i, j] -= (
                gain[i, 0] * upper[0, j]
                + gain[i, 1] * upper[1, j]
                + gain[i, 2] * upper[2, j]
            )
            cov[j, i] = cov[i, j]
    far2 = 0.0
    for i in range(3):
        for j in range(3):
            far2 += away[i] * inverse[i, j] * away[j]
    far2 /= 3.0
    if np.isfinite(rate):
        far2 += take_rate(s, cov, noise, sight, rate, rate_sigma, room)
        far2 /= 2.0
    return far2
