"""Radars that see less, or more of nothing, than their file states, or err more."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.bench.following import follow
from forewarn.bench.scenes import own_scene
from forewarn.sim.sight import Flyer, observe, watch
from forewarn.sim.world import Path
from forewarn.track import Tracker, TrackParams
from test_registration import traffic
from tracking import AIR, RADAR, SOUTH, state

STATED = (0.9, 20.0)
NEAR_M = 1000.0  # by which an aircraft is followed


@pytest.mark.parametrize(("seen", "false"), [(0.7, 100.0), (0.95, 4.0), (0.6, 20.0)])
def test_what_a_radar_sees_is_learned(seen: float, false: float) -> None:
    true = tuple(
        replace(s, detection_probability=seen, clutter_per_scan=false, simulated=True)
        for s in (RADAR, SOUTH)
    )
    stated = tuple(
        replace(s, detection_probability=STATED[0], clutter_per_scan=STATED[1])
        for s in true
    )
    tracker = Tracker(stated, AIR, TrackParams())
    batches = watch(true, traffic(1), (0.0, 89.0), np.random.SeedSequence(4))
    for seq, batch in enumerate(batches, start=1):
        tracker.step(replace(batch, seq=seq))
    for sensor in true:
        found = tracker.sensors[sensor.sensor_id]
        assert found.detection_probability == pytest.approx(seen, rel=0.15)
        assert found.clutter_per_scan == pytest.approx(false, rel=0.25)


def test_a_wrong_statement_costs_little() -> None:
    scene = own_scene("demo", 1)
    wrong = tuple(
        replace(
            s, clutter_per_scan=s.clutter_per_scan / 5 + 0.1, detection_probability=0.98
        )
        for s in scene.sensors
    )
    told, mistaken = follow(scene).score, follow(replace(scene, sensors=wrong)).score
    assert mistaken.gospa_m < 1.1 * told.gospa_m


def followed(flyers: list[Flyer], seed: int, *ratios: float) -> tuple[Tracker, float]:
    """Two radars that err so many times what they say, and aircraft, for 90 s.

    returns : who followed them, and how far off the places told are, squared, over what is
              stated of them: the mean over aircraft and the last minute
    """
    radars = tuple(replace(s, simulated=True) for s in (RADAR, SOUTH))
    scans = []
    for k, (radar, ratio) in enumerate(zip(radars, ratios, strict=True)):
        stream = np.random.SeedSequence([seed, k])
        scans += observe((radar,), flyers, (0.5 * k, 89.0), stream, error_ratio=ratio)
    scans.sort(key=lambda scan: scan.plots.received_s)
    tracker, off = Tracker(radars, AIR, TrackParams()), []
    for seq, scan in enumerate(scans, start=1):
        tracks = tracker.step(replace(scan.plots, seq=seq))
        if scan.plots.received_s < 30.0:
            continue
        likely = tracks.mode_weight.argmax(axis=1)
        rows = np.arange(len(likely))
        place, cov = tracks.mean[rows, likely, :3], tracks.cov[rows, likely, :3, :3]
        for flyer in flyers:
            away = place - flyer.path.at(tracks.time_s)[:, :3]
            near = int(np.linalg.norm(away, axis=1).argmin())
            if np.linalg.norm(away[near]) < NEAR_M:
                off.append(away[near] @ np.linalg.solve(cov[near], away[near]) / 3.0)
    return tracker, float(np.mean(off))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_radar_that_errs_more_than_it_says_is_found_out(seed: int) -> None:
    tracker, off = followed(traffic(seed), seed, 2.0, 1.0)
    assert tracker.error_ratio(RADAR.sensor_id) == pytest.approx(2.0, rel=0.15)
    assert tracker.error_ratio(SOUTH.sensor_id) < 1.1
    assert off < 1.3


@pytest.mark.parametrize("seed", [1, 2])
def test_and_no_other(seed: int) -> None:
    tracker, off = followed(traffic(seed), seed, 1.0, 1.0)
    for radar in (RADAR, SOUTH):
        assert tracker.error_ratio(radar.sensor_id) == 1.0
    assert off < 1.3


def test_nor_one_whose_targets_turn() -> None:
    """What a drone does that nobody foretold is no fault of the radar."""
    drones = [weaving(k) for k in range(6)]
    tracker, _ = followed(drones, 3, 1.0, 1.0)
    for radar in (RADAR, SOUTH):
        assert tracker.error_ratio(radar.sensor_id) < 1.1


def weaving(number: int) -> Flyer:
    """A drone that changes course by a right angle every twelve seconds, at 4 g."""
    times = np.arange(0.0, 91.0, 0.5)
    turns = np.where((times + 2.0 * number) % 12.0 < 2.0, np.pi / 4.0, 0.0)
    course = number + np.cumsum(turns * np.where((times // 12.0) % 2.0, 1.0, -1.0) * 0.5)
    east, north = (5e3 * number - 12e3) + np.cumsum(
        25.0 * np.array([np.sin(course), np.cos(course)]), axis=1
    )
    rows = [
        state((x, y, 900.0 + 50.0 * number), (50.0 * np.sin(c), 50.0 * np.cos(c), 0.0))[:6]
        for x, y, c in zip(east, north, course, strict=True)
    ]
    return Flyer(f"d{number}", Path(times, np.array(rows)))
