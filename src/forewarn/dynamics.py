"""Forces on a moving body, in Earth-fixed axes that turn with the Earth.

Shared by motion (what a track does next) and flight (where it comes down).
"""

import numpy as np

from forewarn.atmosphere import air_at
from forewarn.compiled import inner_kernel, kernel
from forewarn.geodesy import (
    EARTH_A_M,
    EARTH_E2,
    EARTH_GM_M3PS2,
    EARTH_J2,
    EARTH_RATE_RADPS,
    FloatArray,
    enu_from_ecef,
    geographic_from_ecef,
)
from forewarn.threats import SHAPES, Shape

# frames for kernels: the formulas of `geodesy`, compiled
enu_axes = kernel(enu_from_ecef)
geographic_of = kernel(geographic_from_ecef)

MACH_STEP = 0.05
MACH_TOP = 12.0


def drag_table(shape: Shape = SHAPES[0]) -> FloatArray:
    """Drag coefficient of a shape over its mean at Mach 1.5-2.5.

    The scale is the body's own (its ballistic coefficient); only the course is taken.
    returns : (cells, 4) cubic coefficients on a grid of MACH_STEP, smooth to the second
              derivative
    """
    # takes a second to import, and whoever only reads settings never needs it
    from scipy.interpolate import CubicSpline, PchipInterpolator

    known_mach, known = np.array(shape.drag).T
    mach = np.arange(0.0, MACH_TOP + MACH_STEP, MACH_STEP)
    # beyond what is known drag stays what it was
    drag = PchipInterpolator(known_mach, known)(np.minimum(mach, known_mach[-1]))
    drag /= drag[(mach >= 1.5) & (mach <= 2.5)].mean()
    spline = CubicSpline(mach, drag, bc_type="natural")
    coefficients: FloatArray = spline.c[::-1].T * MACH_STEP ** np.arange(4)
    return np.ascontiguousarray(coefficients)


def drag_tables() -> FloatArray:
    """(shapes, cells, 4) the table of every shape of the library."""
    return np.stack([drag_table(shape) for shape in SHAPES])


@inner_kernel
def drag_at(table: FloatArray, mach: float) -> float:
    """Relative drag coefficient at a Mach number."""
    place = mach / MACH_STEP
    if place > table.shape[0] - 1e-9:
        place = table.shape[0] - 1e-9
    cell = int(place)
    u = place - cell
    row = table[cell]
    return float(row[0] + u * (row[1] + u * (row[2] + u * row[3])))


@inner_kernel
def height_of(px: float, py: float, pz: float) -> float:
    """Height above the ellipsoid, m; exact on it and 6 cm off at 10 km."""
    across2 = px * px + py * py
    r2 = across2 + pz * pz
    sin2 = pz * pz / r2
    # radius of the ellipsoid along this direction: b / sqrt(1 - e2 cos2)
    radius = EARTH_A_M * np.sqrt((1 - EARTH_E2) / (1 - EARTH_E2 * (1 - sin2)))
    return float(np.sqrt(r2) - radius)


@inner_kernel
def gravity_acceleration(
    px: float, py: float, pz: float, vx: float, vy: float, vz: float
) -> tuple[float, float, float]:
    """Gravity with J2, centrifugal and Coriolis acceleration, m/s2, Earth-fixed.

    Source: Vallado, "Fundamentals of Astrodynamics and Applications", section 8.6 (J2).
    """
    r2 = px * px + py * py + pz * pz
    r = np.sqrt(r2)
    pull = -EARTH_GM_M3PS2 / (r2 * r)
    bulge = 1.5 * EARTH_J2 * EARTH_A_M * EARTH_A_M / r2
    z2 = 5.0 * pz * pz / r2
    spin2 = EARTH_RATE_RADPS * EARTH_RATE_RADPS
    ax = pull * px * (1 + bulge * (1 - z2)) + spin2 * px + 2 * EARTH_RATE_RADPS * vy
    ay = pull * py * (1 + bulge * (1 - z2)) + spin2 * py - 2 * EARTH_RATE_RADPS * vx
    az = pull * pz * (1 + bulge * (3 - z2))
    return ax, ay, az


@inner_kernel
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
    """Drag in moving air, m/s2, Earth-fixed.

    px .. vz       : position m and velocity m/s, Earth-fixed
    ln_beta        : ln of the ballistic coefficient m / (Cd A) in kg/m2, at Mach 1.5-2.5
    gust_e, gust_n : wind beyond the table's, towards the east and north, m/s
    air            : table of `atmosphere`; drag : table of `drag_table`
    """
    density, sound, wind_e, wind_n = air_at(air, height_of(px, py, pz))
    wind_e += gust_e
    wind_n += gust_n
    across = np.sqrt(px * px + py * py)
    r = np.sqrt(across * across + pz * pz)
    # wind along local east and north; the pole has neither, and no weather of ours
    ex, ey = -py / across, px / across
    nx, ny, nz = -pz * px / (across * r), -pz * py / (across * r), across / r
    rx = vx - wind_e * ex - wind_n * nx
    ry = vy - wind_e * ey - wind_n * ny
    rz = vz - wind_n * nz
    speed = np.sqrt(rx * rx + ry * ry + rz * rz)
    brake = 0.5 * density * speed * drag_at(drag, speed / sound) * np.exp(-ln_beta)
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
