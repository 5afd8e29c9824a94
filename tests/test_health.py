"""Radars that see less, or more of nothing, than their file states."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.bench.following import follow
from forewarn.bench.scenes import own_scene
from forewarn.sim.sight import watch
from forewarn.track import Tracker, TrackParams
from test_registration import traffic
from tracking import AIR, RADAR, SOUTH

STATED = (0.9, 20.0)


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
