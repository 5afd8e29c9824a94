"""What drag a body showed, and how fast it was when it did."""

import numpy as np

from forewarn.atmosphere import air_at
from forewarn.compiled import inner_kernel, kernel
from forewarn.dynamics import drag_at, falling_acceleration, height_of
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray, Tracks

LAGS_S = 8.0  # by so much a track's ballistic coefficient lags behind what drag does
FREE = 99.0  # ln beta of what no air brakes
LAG_SHARE = 0.5  # of the life of a young one, for it is a mean over that


def lags(tracks: Tracks, rows: IntArray) -> FloatArray:
    """(rows,) s by which the ballistic coefficients of some tracks lag."""
    age_s = tracks.time_s[rows] - tracks.first_s[rows]
    return np.asarray(np.clip(LAG_SHARE * age_s, 0.0, LAGS_S))


@inner_kernel
def seen_mps(mean: FloatArray, lag_s: float, air: FloatArray, drag: FloatArray) -> float:
    """Speed at which a body (7,) showed the drag that is known of it: a while ago."""
    x, y, z, vx, vy, vz, ln_beta = mean
    ax, ay, az = falling_acceleration(x, y, z, vx, vy, vz, ln_beta, air, drag)
    speed = np.sqrt(vx * vx + vy * vy + vz * vz) + 1e-9
    gains = (ax * vx + ay * vy + az * vz) / speed
    return float(speed - lag_s * min(gains, 0.0))


@inner_kernel
def _seen_mach(mean: FloatArray, lag_s: float, air: FloatArray, drag: FloatArray) -> float:
    slowness = air_at(air, height_of(mean[0], mean[1], mean[2]))[1]
    return float(seen_mps(mean, lag_s, air, drag) * slowness)


@kernel
def shown_drag(
    mean: FloatArray, curve: IntArray, lag_s: FloatArray, air: FloatArray, drag: FloatArray
) -> FloatArray:
    """(m, 3) Mach number, ln of drag coefficient over mass and area that bodies showed,
    and by how much drag brakes them, m/s2.

    mean  : (m, 7) Earth-fixed position, velocity, ln beta by the `curve` (m,) of `drag`
    lag_s : (m,) how long ago; the last is that of now
    """
    out = np.empty((len(mean), 3))
    for i in range(len(mean)):
        table = drag[curve[i]]
        mach = _seen_mach(mean[i], lag_s[i], air, table)
        out[i, 0], out[i, 1] = mach, np.log(drag_at(table, mach)) - mean[i, 6]
        x, y, z, vx, vy, vz, ln_beta = mean[i]
        ax, ay, az = falling_acceleration(x, y, z, vx, vy, vz, ln_beta, air, table)
        bx, by, bz = falling_acceleration(x, y, z, vx, vy, vz, FREE, air, table)
        out[i, 2] = np.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2)
    return out


@kernel
def as_much(
    mean: FloatArray,
    known: IntArray,
    curve: IntArray,
    lag_s: FloatArray,
    air: FloatArray,
    drag: FloatArray,
) -> FloatArray:
    """(m,) change of ln beta that keeps the drag bodies showed, under another curve.

    mean : (m, 7), lag_s : (m,), as of `shown_drag`; known, curve : (m,) of `drag`
    """
    out = np.empty(len(mean))
    for i in range(len(mean)):
        table = drag[known[i]]
        mach = _seen_mach(mean[i], lag_s[i], air, table)
        out[i] = np.log(drag_at(drag[curve[i]], mach) / drag_at(table, mach))
    return out
