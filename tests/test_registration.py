"""Radars that say too much: what is learned of it while running, and no more."""

from dataclasses import replace
from math import radians

import numpy as np
import pytest

from forewarn.geodesy import FloatArray
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sim.sight import Flyer, watch
from forewarn.sim.world import Path
from forewarn.track import Tracker, TrackParams
from tracking import AIR, RADAR, state

WEST = replace(RADAR, sensor_id="w", lon_rad=RADAR.lon_rad - radians(0.3), simulated=True)
EAST = replace(RADAR, sensor_id="e", lat_rad=RADAR.lat_rad + radians(0.1), simulated=True)
REPORTS = Sensor(
    "adsb",
    SensorKind.POSITION,
    scan_s=1.0,
    sigma_position_m=20.0,
    sigma_height_m=20.0,
    simulated=True,
)
BIAS = np.array([50.0, 3e-3, -2e-3, 0.2])  # m, rad, rad, s


def traffic(seed: int, count: int = 8, seconds: float = 90.0) -> list[Flyer]:
    rng = np.random.default_rng(seed)
    times = np.arange(0.0, seconds + 1.0)
    flyers = []
    for k in range(count):
        east, north = rng.uniform(-40e3, 40e3, 2)
        course, speed = rng.uniform(0, 2 * np.pi), rng.uniform(150, 260)
        ve, vn, height = speed * np.sin(course), speed * np.cos(course), 3e3 + 900 * k
        rows = [
            state((east + ve * t, north + vn * t, height), (ve, vn, 0.0))[:6] for t in times
        ]
        flyers.append(Flyer(f"a{k}", Path(times, np.array(rows)), identity=f"a{k}"))
    return flyers


def biased(batch: PlotBatch, bias: FloatArray) -> PlotBatch:
    off = np.array([*bias[:3], 0.0])
    return replace(batch, measured=batch.measured + off, time_s=batch.time_s + bias[3])


def learned(
    sensors: tuple[Sensor, ...], bias: dict[str, FloatArray], seed: int
) -> FloatArray:
    """(2, 4) what the tracker thinks of west and east after a minute and a half."""
    tracker = Tracker(sensors, AIR, TrackParams())
    batches = watch(sensors, traffic(seed), (0.0, 89.0), np.random.SeedSequence(seed))
    for seq, batch in enumerate(batches, start=1):
        mine = bias.get(batch.sensor_id, np.zeros(4))
        tracker.step(replace(biased(batch, mine), seq=seq))
    return np.array([tracker.biases[name].mean for name in ("w", "e")])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_radar_is_set_right_by_traffic_of_known_position(seed: int) -> None:
    west, east = learned((WEST, EAST, REPORTS), {"e": BIAS}, seed)
    np.testing.assert_allclose(east, BIAS, atol=0, rtol=0.2)
    assert (np.abs(west) < 0.2 * np.abs(BIAS)).all()


def test_without_reports_what_two_radars_disagree_by_is_found() -> None:
    west, east = learned((WEST, EAST), {"e": BIAS / 2, "w": -BIAS / 2}, 1)
    np.testing.assert_allclose(east - west, BIAS, atol=0, rtol=0.2)


@pytest.mark.parametrize("seed", [1, 2])
def test_radars_that_are_right_are_left_alone(seed: int) -> None:
    found = learned((WEST, EAST, REPORTS), {}, seed)
    assert (np.abs(found) < 0.15 * np.abs(BIAS)).all()


def test_a_lone_radar_is_believed() -> None:
    tracker = Tracker((WEST,), AIR, TrackParams())
    batches = watch((WEST,), traffic(1), (0.0, 30.0), np.random.SeedSequence(1))
    for seq, batch in enumerate(batches, start=1):
        tracker.step(replace(biased(batch, BIAS), seq=seq))
    np.testing.assert_array_equal(tracker.biases["w"].mean, 0.0)
