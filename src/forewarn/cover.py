"""When a threat was first in view of any sensor."""

from collections.abc import Sequence

import numpy as np

from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.records import BoolArray, IntArray, Sensor, SensorKind


def first_seen_s(
    time_s: FloatArray,
    threat: IntArray,
    pos_ecef_m: FloatArray,
    sensors: Sequence[Sensor],
    threats: int,
) -> FloatArray:
    """(threats,) first moment of each inside any sensor's cover; inf = never.

    time_s, threat, pos_ecef_m : (k,), (k,), (k, 3) the true states; threat is a row
    A `position` sensor is left out: it tells only of those who tell of themselves. So is
    a moving observer, whose place the sensors file does not know.
    """
    seen = np.full(threats, np.inf)
    for sensor in sensors:
        if sensor.kind is SensorKind.POSITION or not np.isfinite(sensor.lat_rad):
            continue
        inside = in_cover(sensor, pos_ecef_m)
        np.minimum.at(seen, threat[inside], time_s[inside])
    return seen


def in_cover(sensor: Sensor, pos_ecef_m: FloatArray) -> BoolArray:
    """(k,) whether each place lies within the sensor's ranges and elevations."""
    apart = pos_ecef_m - sensor.origin_ecef_m
    up = apart @ enu_from_ecef(sensor.lat_rad, sensor.lon_rad)[2]
    range_m = np.linalg.norm(apart, axis=1)
    elevation = np.arcsin(np.clip(up / np.maximum(range_m, 1e-3), -1, 1))
    return np.asarray(
        (range_m >= sensor.range_min_m)
        & (range_m <= sensor.range_max_m)
        & (elevation >= sensor.elevation_min_rad)
        & (elevation <= sensor.elevation_max_rad)
    )
