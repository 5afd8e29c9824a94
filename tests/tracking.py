"""Two radars, states in their axes, and a small salvo: what tests of tracks share."""

from dataclasses import replace
from math import radians

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.dynamics import drag_table
from forewarn.geodesy import FloatArray, ecef_from_geographic, enu_from_ecef
from forewarn.records import Sensor, SensorKind, Tracks
from forewarn.sim.raids import Generated, Raid, RaidKeys, RegionKeys, SalvoKeys, generate
from forewarn.track import Tracker

AIR, DRAG = standard_air(), drag_table()
LAT, LON = radians(56.0), radians(9.0)
TURN = enu_from_ecef(LAT, LON)
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


def state(enu_m: tuple[float, ...], enu_mps: tuple[float, ...]) -> FloatArray:
    here = np.array(ecef_from_geographic(LAT, LON, 0.0))
    return np.array([*(here + np.array(enu_m) @ TURN), *(np.array(enu_mps) @ TURN), 8.5])


def salvo(count: int = 3, clutter: float = 20.0, ripple_s: float = 2.0) -> Generated:
    sensors = tuple(
        replace(s, clutter_per_scan=clutter, simulated=True) for s in (RADAR, SOUTH)
    )
    aim = SalvoKeys(56.1, 9.3, range_km=40.0, from_deg=80.0, count=count, ripple_s=ripple_s)
    raid = Raid(RaidKeys("test"), RegionKeys("x", 56.0, 9.0, 50.0), sensors, (aim,))
    return generate(raid, 5)


def follow(drawn: Generated, tracker: Tracker, until: int | None = None) -> list[Tracks]:
    return [
        tracker.step(replace(batch, seq=seq))
        for seq, batch in enumerate(drawn.batches[:until], start=1)
    ]
