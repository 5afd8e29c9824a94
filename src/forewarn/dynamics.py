"""Forces on a moving body, in Earth-fixed axes that turn with the Earth.

Shared by motion (what a track does next) and flight (where it comes down).
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from forewarn.atmosphere import air_at
from forewarn.compiled import bare_kernel, kernel
from forewarn.geodesy import (
    WGS84,
    Earth,
    FloatArray,
    enu_from_ecef,
    geographic_from_ecef,
)
from forewarn.threats import SHAPES

# frames for kernels: the formulas of `geodesy`, compiled
enu_axes = kernel(enu_from_ecef)
geographic_of = kernel(geographic_from_ecef)

MACH_STEP = 0.05
MACH_TOP = 12.0
ROUNDED = 0.03  # Mach over which what is known of a curve is blurred: no body flies so true
REACH = 0.2  # Mach within which a step may meet the steepest part of a curve


def drag_table(
    known: Sequence[tuple[float, float]] | FloatArray = SHAPES[0].drag,
) -> FloatArray:
    """Drag coefficient over its mean at Mach 1.5-2.5.

    The scale is the body's own (its ballistic coefficient); only the course is taken.
    known   : (k, 2) Mach number and drag coefficient, as of `Shape`
    returns : (cells, 5) cubic coefficients on a grid of MACH_STEP, smooth to the second
              derivative; and how steeply drag grows with speed, as a power of it, at the
              steepest place within REACH (2 where the coefficient is constant): steps
              must be short where it is steep
    """
    table = drag_curve(*np.array(known).T)
    inside = slice(round(1.5 / MACH_STEP), round(2.5 / MACH_STEP) + 1)
    table[:, :4] /= table[inside, 0].mean()
    return table


def drag_curve(known_mach: FloatArray, known: FloatArray) -> FloatArray:
    """As `drag_table`, of a drag coefficient (k,) known at some Mach numbers, unscaled."""
    # takes a second to import, and whoever only reads settings never needs it
    from scipy.interpolate import CubicSpline, PchipInterpolator
    from scipy.ndimage import gaussian_filter1d

    parts = 10
    fine = np.arange(parts * round(MACH_TOP / MACH_STEP) + 1) * (MACH_STEP / parts)
    # beyond what is known drag stays what it was
    within = np.clip(fine, known_mach[0], known_mach[-1])
    drag = (
        PchipInterpolator(known_mach, known)(within) if len(known) > 1 else known + 0 * fine
    )
    drag = gaussian_filter1d(drag, ROUNDED / MACH_STEP * parts, mode="nearest")
    spline = CubicSpline(fine[::parts], drag[::parts])
    table = np.empty((len(spline.x) - 1, 5))
    table[:, :4] = spline.c[::-1].T * MACH_STEP ** np.arange(4)
    power = np.abs(fine * spline(fine, 1) / np.maximum(spline(fine), 1e-9))
    for cell, mach in enumerate(spline.x[:-1]):
        table[cell, 4] = 2.0 + power[np.abs(fine - mach) <= REACH + MACH_STEP].max()
    return table


def drag_tables() -> FloatArray:
    """(shapes, cells, 5) the table of every shape of the library."""
    return np.stack([drag_table(shape.drag) for shape in SHAPES])


@bare_kernel
def drag_at(table: FloatArray, mach: float) -> float:
    """Relative drag coefficient at a Mach number."""
    place, top = mach * (1.0 / MACH_STEP), table.shape[0] - 1e-9
    if not place < top:  # also what is no number: it reads no row that is not there
        place = top
    cell = int(place)
    u = place - cell
    row = table[cell]
    return float(row[0] + u * (row[1] + u * (row[2] + u * row[3])))


@bare_kernel
def height_over(earth: Earth, px: float, py: float, pz: float) -> float:
    """Height above the ellipsoid, m; exact on it and 6 cm off at 10 km."""
    r2 = px * px + py * py + pz * pz
    flat = earth.oblate * (pz * pz * (1.0 / r2))
    # radius of the ellipsoid along this direction, a / sqrt(1 + flat), to 0.02 mm
    root = 1.0 + flat * (-0.5 + flat * (0.375 + flat * (-0.3125 + flat * 0.2734375)))
    return float(sqrt(r2) - earth.a_m * root)


@bare_kernel
def height_of(px: float, py: float, pz: float) -> float:
    """`height_over` our own Earth."""
    return height_over(WGS84, px, py, pz)


@bare_kernel
def gravity_over(
    earth: Earth, px: float, py: float, pz: float, vx: float, vy: float, vz: float
) -> tuple[float, float, float]:
    """Gravity with J2, centrifugal and Coriolis acceleration, m/s2, Earth-fixed.

    Source: Vallado, "Fundamentals of Astrodynamics and Applications", section 8.6 (J2).
    """
    r2 = px * px + py * py + pz * pz
    per_r2 = 1.0 / r2
    pull = -earth.gm_m3ps2 * per_r2 * (sqrt(r2) * per_r2)
    bulge = 1.5 * earth.j2 * earth.a_m * earth.a_m * per_r2
    z2 = 5.0 * (pz * pz * per_r2)
    spin, spin2 = earth.rate_radps, earth.rate_radps * earth.rate_radps
    ax = pull * px * (1 + bulge * (1 - z2)) + spin2 * px + 2 * spin * vy
    ay = pull * py * (1 + bulge * (1 - z2)) + spin2 * py - 2 * spin * vx
    az = pull * pz * (1 + bulge * (3 - z2))
    return ax, ay, az


@bare_kernel
def gravity_acceleration(
    px: float, py: float, pz: float, vx: float, vy: float, vz: float
) -> tuple[float, float, float]:
    """`gravity_over` our own Earth."""
    return gravity_over(WGS84, px, py, pz, vx, vy, vz)


@bare_kernel
def braking(
    earth: Earth,
    px: float,
    py: float,
    pz: float,
    vx: float,
    vy: float,
    vz: float,
    per_beta: float,
    gust_e: float,
    gust_n: float,
    air: FloatArray,
    drag: FloatArray,
) -> tuple[float, float, float, float]:
    """Drag over speed, 1/s, and the motion through the air, m/s, Earth-fixed.

    Drag is minus the one times the other.

    px .. vz       : position m and velocity m/s, Earth-fixed
    per_beta       : Cd A / m in m2/kg: one over the ballistic coefficient at Mach 1.5-2.5
    gust_e, gust_n : wind beyond the table's, towards the east and north, m/s
    air            : table of `atmosphere`; drag : table of `drag_table`
    """
    density, slowness, wind_e, wind_n = air_at(air, height_over(earth, px, py, pz))
    wind_e += gust_e
    wind_n += gust_n
    r2 = px * px + py * py + pz * pz
    across = sqrt(px * px + py * py)
    per_across, per_r = 1.0 / across, sqrt(r2) * (1.0 / r2)
    # wind along local east and north; the pole has neither, and no weather of ours
    x, y, z = px * per_across, py * per_across, pz * per_r
    rx = vx + wind_e * y + wind_n * z * x
    ry = vy - wind_e * x + wind_n * z * y
    rz = vz - wind_n * (across * per_r)
    speed = sqrt(rx * rx + ry * ry + rz * rz)
    brake = 0.5 * density * speed * drag_at(drag, speed * slowness) * per_beta
    return brake, rx, ry, rz


@bare_kernel
def drag_acceleration(
    px: float,
    py: float,
    pz: float,
    vx: float,
    vy: float,
    vz: float,
    ln_beta: float,
    gust_e: float,
    gust_n: float,
    air: FloatArray,
    drag: FloatArray,
) -> tuple[float, float, float]:
    """Drag over our own Earth, m/s2, of a body of this ln(ballistic coefficient)."""
    brake, rx, ry, rz = braking(
        WGS84, px, py, pz, vx, vy, vz, np.exp(-ln_beta), gust_e, gust_n, air, drag
    )
    return -brake * rx, -brake * ry, -brake * rz


@kernel
def falling_acceleration(
    px: float,
    py: float,
    pz: float,
    vx: float,
    vy: float,
    vz: float,
    ln_beta: float,
    air: FloatArray,
    drag: FloatArray,
) -> tuple[float, float, float]:
    """Acceleration of a body that only falls, by gravity and drag, m/s2."""
    gx, gy, gz = gravity_acceleration(px, py, pz, vx, vy, vz)
    dx, dy, dz = drag_acceleration(px, py, pz, vx, vy, vz, ln_beta, 0.0, 0.0, air, drag)
    return gx + dx, gy + dy, gz + dz
