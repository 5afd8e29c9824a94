"""The ground over which sensors are held against the truth: radars, observers, drones."""

from dataclasses import replace
from math import radians

import numpy as np

from forewarn.geodesy import FloatArray, ecef_from_geographic, enu_from_ecef
from forewarn.records import Sensor, SensorKind
from forewarn.sim.world import Path as Way

LAT, LON = radians(56.0), radians(9.0)
TURN = enu_from_ecef(LAT, LON)
ORIGIN_M = np.array(ecef_from_geographic(LAT, LON, 0.0))
EARTH_M = 6.37e6
RADAR = Sensor(
    "r",
    SensorKind.RADAR,
    LAT,
    LON,
    50.0,
    scan_s=1.0,
    sigma_range_m=15.0,
    sigma_azimuth_rad=1.5e-3,
    sigma_elevation_rad=1.5e-3,
    sigma_range_rate_mps=5.0,
    range_min_m=1e3,
    range_max_m=120e3,
    elevation_min_rad=0.01,
    elevation_max_rad=1.2,
    clutter_per_scan=20.0,
    trusted=True,
)
SOUTH = replace(RADAR, sensor_id="s", lat_rad=LAT - 0.006)


def ecef_of(enu_m: FloatArray) -> FloatArray:
    """(n, 3) Earth-fixed places, m, of (n, 3) metres east, north, up of LAT, LON."""
    return np.asarray(ORIGIN_M + enu_m @ TURN)


def observers(count: int, apart_m: float, rng: np.random.Generator) -> FloatArray:
    """(count, 3) latitude, longitude, rad, and height, m, on a grid shaken a little."""
    side = int(np.ceil(np.sqrt(count)))
    grid = np.stack(np.meshgrid(*[np.arange(side) - side / 2] * 2), -1).reshape(-1, 2)
    plane = grid[:count] * apart_m + rng.normal(0.0, 300.0, (count, 2))
    lat = LAT + plane[:, 1] / EARTH_M
    return np.stack(
        [lat, LON + plane[:, 0] / EARTH_M / np.cos(LAT), np.full(count, 20.0)], 1
    )


def drone(
    rng: np.random.Generator, seconds: float, speed_mps: float = 50.0, side_m: float = 40e3
) -> Way:
    """A way with gentle turns at 200 to 1,000 m, its middle in a square of side side_m.

    rng, seconds, speed_mps : the drawing, and how long and fast it is
    side_m : the square lies around LAT, LON
    """
    times = np.arange(0.0, seconds + 1.0)
    heading = rng.uniform(0, 2 * np.pi)
    turn = np.where(rng.random(len(times)) < 0.3, rng.normal(0, 0.01, len(times)), 0.0)
    course = heading + np.cumsum(turn)
    step = speed_mps * np.stack([np.sin(course), np.cos(course)], 1)
    across = rng.uniform(-side_m / 2, side_m / 2, 2) + np.cumsum(step, 0) - step.sum(0) / 2
    height = rng.uniform(200.0, 1000.0) - (across**2).sum(axis=1) / 2 / EARTH_M
    place = ecef_of(np.column_stack([across, height]))
    velocity = np.column_stack([step, np.zeros(len(times))]) @ TURN
    return Way(times, np.concatenate([place, velocity], axis=1))
