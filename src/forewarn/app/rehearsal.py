"""A raid of one rocket and two drones, through the whole chain: compiles its kernels.

Whatever they touch is compiled with the very types it will meet, and kept on disk for the
next start.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import radians

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.geodesy import (
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_points,
)
from forewarn.pipeline import Pipeline
from forewarn.records import PlotBatch, Sensor, SensorKind, Tick, Zones
from forewarn.track import Tracker, TrackParams
from forewarn.warning import Warner, WarningParams

SCANS = 20  # until a drone counts too
LAT, LON = radians(56.0), radians(9.0)
RADAR = Sensor(
    "rehearsal",
    SensorKind.RADAR,
    LAT,
    LON,
    50.0,
    scan_s=1.0,
    sigma_range_m=15.0,
    sigma_azimuth_rad=0.001,
    sigma_elevation_rad=0.001,
    sigma_range_rate_mps=5.0,
    range_min_m=500.0,
    range_max_m=100e3,
    clutter_per_scan=1.0,
    trusted=True,
    simulated=True,
)
# sees the drone 250 m further north: two radars that disagree make two tracks of one target
ASKEW, ASKEW_M = replace(RADAR, sensor_id="rehearsal-askew"), np.array([0.0, 250.0, 0.0])
TRAFFIC = Sensor(
    "rehearsal-traffic",
    SensorKind.POSITION,
    sigma_position_m=30.0,
    sigma_height_m=30.0,
    simulated=True,
)
EARS = Sensor(
    "rehearsal-ears",
    SensorKind.BEARING,
    scan_s=1.0,
    sigma_azimuth_rad=radians(5.0),
    range_max_m=4000.0,
    clutter_per_scan=0.1,
    propagation="sound",
    simulated=True,
)


def rehearse() -> Iterator[tuple[int, int]]:
    """Yields (done, all) after each scan."""
    air = standard_air()
    zones = _one_zone()
    pipeline = Pipeline(
        Tracker((RADAR, ASKEW, TRAFFIC, EARS), air, TrackParams()),
        Forecaster(air, zones, ForecastParams()),
        Warner("rehearsal", zones, WarningParams()),
        zones,
    )
    for scan in range(SCANS):
        rocket, drone = _targets(float(scan))
        askew = _targets(scan + 0.75)[1]
        askew[0] += ASKEW_M
        first = 4 * scan + 1
        pipeline.step(_plots(first, RADAR, float(scan), [rocket, drone]))
        pipeline.step(_sounds(first + 1, scan + 0.25))
        pipeline.step(_reports(first + 2, scan + 0.5))
        pipeline.step(_plots(first + 3, ASKEW, scan + 0.75, [askew]))
        yield scan + 1, SCANS + 1
    pipeline.step(Tick(4 * SCANS + 1, float(SCANS)))
    pipeline.restore(pipeline.memory())
    geographic_points(np.array([ecef_from_geographic(LAT, LON, 3000.0)]))
    yield SCANS + 1, SCANS + 1


def _targets(time_s: float) -> list[FloatArray]:
    """(2, 3) place, velocity east, north, up of the two targets, 20 km east of the radars:
    one falls westwards, one cruises."""
    height_m = 6e3 + 100.0 * time_s - 4.9 * time_s**2
    rocket = [[20e3 - 700.0 * time_s, 3e3, height_m], [-700.0, 0.0, 100.0 - 9.8 * time_s]]
    drone = [[15e3 - 50.0 * time_s, -5e3, 800.0], [-50.0, 0.0, 0.0]]
    return [np.array(rocket), np.array(drone)]


def _plots(seq: int, radar: Sensor, time_s: float, seen: list[FloatArray]) -> PlotBatch:
    """What a radar sees of some targets, as of `_targets`."""
    rows = np.array([_polar(place, velocity) for place, velocity in seen])
    n = len(rows)
    return PlotBatch(
        seq=seq,
        received_s=time_s,
        sensor_id=radar.sensor_id,
        time_s=np.full(n, time_s),
        measured=rows,
        sigma=np.tile(radar.sigma, (n, 1)),
        origin_ecef_m=np.tile(radar.origin_ecef_m, (n, 1)),
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * n,
    )


def _polar(pos_enu_m: FloatArray, vel_enu_mps: FloatArray) -> list[float]:
    reach = float(np.linalg.norm(pos_enu_m))
    azimuth = float(np.arctan2(pos_enu_m[0], pos_enu_m[1]) % (2 * np.pi))
    return [
        reach,
        azimuth,
        float(np.arcsin(pos_enu_m[2] / reach)),
        float(pos_enu_m @ vel_enu_mps) / reach,
    ]


def _sounds(seq: int, time_s: float) -> PlotBatch:
    """A drone out of the radar's sight; five hear it, one of them new, one errs."""
    drone = np.array([15e3 - 50.0 * time_s, 150e3, 300.0])
    ears = np.array([[e, n, 0.0] for e in (12e3, 14e3, 16e3) for n in (148.5e3, 151.5e3)])
    n, off = len(ears), drone - ears
    unknown = np.full(n, np.nan)
    azimuth = np.arctan2(off[:, 0], off[:, 1]) % (2 * np.pi)
    azimuth[0] = (azimuth[0] + np.pi) % (2 * np.pi)
    here = np.array(ecef_from_geographic(LAT, LON, 0.0))
    return PlotBatch(
        seq=seq,
        received_s=time_s,
        sensor_id=EARS.sensor_id,
        time_s=np.full(n, time_s),
        measured=np.stack([unknown, azimuth, unknown, unknown], axis=1),
        sigma=np.tile(EARS.sigma, (n, 1)),
        origin_ecef_m=here + ears @ enu_from_ecef(LAT, LON),
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * (n - 1) + (f"person {seq}",),
    )


def _reports(seq: int, time_s: float) -> PlotBatch:
    """One airliner that says where it is."""
    here = np.array(ecef_from_geographic(LAT, LON, 0.0))
    place = here + np.array([-30e3 + 220.0 * time_s, 20e3, 9e3]) @ enu_from_ecef(LAT, LON)
    return PlotBatch(
        seq=seq,
        received_s=time_s,
        sensor_id=TRAFFIC.sensor_id,
        time_s=np.array([time_s]),
        measured=np.full((1, 4), np.nan),
        sigma=np.full((1, 4), np.nan),
        origin_ecef_m=place[None],
        sigma_pos_m=np.array([[30.0, 30.0]]),
        identity=("abc123",),
    )


def _one_zone() -> Zones:
    place = np.array([[LAT, LON]])
    return Zones(
        zone_id=("z",),
        name=("z",),
        names=((),),
        population=np.ones(1),
        shelter_s=np.full(1, 60.0),
        area_m2=np.full(1, 1e8),
        centre_rad=place,
        parents=(("", "", "", ""),),
        polygons=("{}",),
        point_rad=place.copy(),
        point_zone=np.zeros(1, np.int64),
        point_share=np.ones(1),
        point_sigma_m=np.full(1, 3e3),
        version="rehearsal",
    )
