"""WGS 84 frames: geographic, Earth-fixed (ECEF), local east-north-up (ENU).

Plain formulas, which kernels use in the compiled form that `dynamics` makes of them.
Source: NGA.STND.0036, "World Geodetic System 1984" (2014), tables 3.1 and 3.5.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EARTH_A_M = 6378137.0
EARTH_F = 1 / 298.257223563
EARTH_B_M = EARTH_A_M * (1 - EARTH_F)
EARTH_E2 = EARTH_F * (2 - EARTH_F)
EARTH_RATE_RADPS = 7.292115e-5
EARTH_GM_M3PS2 = 3.986004418e14
EARTH_J2 = 1.082629821313e-3


class Earth(NamedTuple):
    """What a body flies over: for kernels, and for check cases on another Earth than ours.

    a_m       : equatorial radius
    oblate    : second eccentricity squared; 0 = a sphere
    gm_m3ps2  : gravitational constant times mass
    j2        : of its gravity; 0 = that of a sphere
    rate_radps: at which it turns
    """

    a_m: float
    oblate: float
    gm_m3ps2: float
    j2: float
    rate_radps: float


WGS84 = Earth(
    EARTH_A_M, EARTH_E2 / (1 - EARTH_E2), EARTH_GM_M3PS2, EARTH_J2, EARTH_RATE_RADPS
)


def ecef_from_geographic(
    lat_rad: float, lon_rad: float, height_m: float
) -> tuple[float, float, float]:
    """Earth-fixed x, y, z (m) of one point given by latitude, longitude, height."""
    sin_lat = np.sin(lat_rad)
    cos_lat = np.cos(lat_rad)
    prime = EARTH_A_M / np.sqrt(1 - EARTH_E2 * sin_lat * sin_lat)
    return (
        (prime + height_m) * cos_lat * np.cos(lon_rad),
        (prime + height_m) * cos_lat * np.sin(lon_rad),
        (prime * (1 - EARTH_E2) + height_m) * sin_lat,
    )


def geographic_from_ecef(x_m: float, y_m: float, z_m: float) -> tuple[float, float, float]:
    """Latitude (rad), longitude (rad), height (m) of one Earth-fixed point.

    Two rounds of Bowring's method: below 1e-9 m from the centre of cities to orbit.
    Source: Bowring, "The accuracy of geodetic latitude and height equations" (1985).
    """
    across = np.sqrt(x_m * x_m + y_m * y_m)
    second = EARTH_E2 / (1 - EARTH_E2)
    reduced = np.arctan2(z_m * EARTH_A_M, across * EARTH_B_M)
    lat = 0.0
    for _ in range(2):
        lat = np.arctan2(
            z_m + second * EARTH_B_M * np.sin(reduced) ** 3,
            across - EARTH_E2 * EARTH_A_M * np.cos(reduced) ** 3,
        )
        reduced = np.arctan2((1 - EARTH_F) * np.sin(lat), np.cos(lat))
    sin_lat = np.sin(lat)
    height = (
        across * np.cos(lat)
        + z_m * sin_lat
        - EARTH_A_M * np.sqrt(1 - EARTH_E2 * sin_lat * sin_lat)
    )
    return lat, np.arctan2(y_m, x_m), height


def enu_from_ecef(lat_rad: float, lon_rad: float) -> FloatArray:
    """(3, 3) rotation from Earth-fixed to local east, north, up axes at a place."""
    sin_lat, cos_lat = np.sin(lat_rad), np.cos(lat_rad)
    sin_lon, cos_lon = np.sin(lon_rad), np.cos(lon_rad)
    turn = np.empty((3, 3))
    turn[0, 0], turn[0, 1], turn[0, 2] = -sin_lon, cos_lon, 0.0
    turn[1, 0], turn[1, 1], turn[1, 2] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
    turn[2, 0], turn[2, 1], turn[2, 2] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    return turn


def enu_turns(lat_rad: FloatArray, lon_rad: FloatArray) -> FloatArray:
    """(n, 3, 3) `enu_from_ecef` of many places (n,)."""
    sin_lat, cos_lat = np.sin(lat_rad), np.cos(lat_rad)
    sin_lon, cos_lon = np.sin(lon_rad), np.cos(lon_rad)
    east = np.stack([-sin_lon, cos_lon, np.zeros_like(lon_rad)], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return np.stack([east, north, up], axis=-2)


def ecef_points(
    lat_rad: FloatArray, lon_rad: FloatArray, height_m: FloatArray
) -> FloatArray:
    """(n, 3) Earth-fixed points (m) of latitudes, longitudes, heights (n,)."""
    sin_lat, cos_lat = np.sin(lat_rad), np.cos(lat_rad)
    prime = EARTH_A_M / np.sqrt(1 - EARTH_E2 * sin_lat**2)
    return np.stack(
        [
            (prime + height_m) * cos_lat * np.cos(lon_rad),
            (prime + height_m) * cos_lat * np.sin(lon_rad),
            (prime * (1 - EARTH_E2) + height_m) * sin_lat,
        ],
        axis=-1,
    )


def geographic_points(pos_ecef_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Latitude rad, longitude rad, height m, each (n,), of (n, 3) Earth-fixed points.

    As `geographic_from_ecef`, for arrays.
    """
    x, y, z = np.atleast_2d(pos_ecef_m).T
    across = np.hypot(x, y)
    second = EARTH_E2 / (1 - EARTH_E2)
    reduced = np.arctan2(z * EARTH_A_M, across * EARTH_B_M)
    lat = reduced
    for _ in range(2):
        lat = np.arctan2(
            z + second * EARTH_B_M * np.sin(reduced) ** 3,
            across - EARTH_E2 * EARTH_A_M * np.cos(reduced) ** 3,
        )
        reduced = np.arctan2((1 - EARTH_F) * np.sin(lat), np.cos(lat))
    height = (
        across * np.cos(lat)
        + z * np.sin(lat)
        - EARTH_A_M * np.sqrt(1 - EARTH_E2 * np.sin(lat) ** 2)
    )
    return lat, np.arctan2(y, x), height


def metres_per_radian(lat_rad: float) -> tuple[float, float]:
    """Metres on the ground per radian of (latitude, longitude) at a latitude."""
    squeeze = 1 - EARTH_E2 * np.sin(lat_rad) ** 2
    return (
        EARTH_A_M * (1 - EARTH_E2) / squeeze / sqrt(squeeze),
        EARTH_A_M / sqrt(squeeze) * float(np.cos(lat_rad)),
    )


def ground_scales(lat_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """`metres_per_radian` of many latitudes (n,)."""
    squeeze = 1 - EARTH_E2 * np.sin(lat_rad) ** 2
    per_lat = EARTH_A_M * (1 - EARTH_E2) / squeeze**1.5
    return per_lat, EARTH_A_M / np.sqrt(squeeze) * np.cos(lat_rad)


def wrapped(angle_rad: FloatArray) -> FloatArray:
    """Angles as -pi .. pi."""
    return np.asarray((angle_rad + np.pi) % (2 * np.pi) - np.pi)
