"""Birds are no drones: a sky full of flocks wakes hardly anybody, and hides nobody."""

from dataclasses import replace

import pytest

from forewarn.bench.drawing import numbered
from forewarn.records import Tracks
from forewarn.sim import raids
from forewarn.sim.raid_keys import Raid
from forewarn.threats import DRONE
from forewarn.track import Tracker, TrackParams
from test_forecast import AIR

SECONDS = 90.0


def flocks(slowest_mps: float, fastest_mps: float) -> Raid:
    """The quiet month, in which nothing flies but thirty that are slow and low."""
    raid = raids.load("month")
    slow = replace(raid.traffic[-1], speed_mps=(slowest_mps, fastest_mps), wander_deg=0.0)
    return replace(raid, traffic=(slow,))


def ever(slowest_mps: float, fastest_mps: float, seed: int) -> tuple[set[int], set[int]]:
    """Tracks that counted, and those of them that may have been drones when they did."""
    drawn = raids.generate(flocks(slowest_mps, fastest_mps), seed)
    tracker = Tracker(drawn.sensors, AIR, TrackParams())
    counted: set[int] = set()
    drones: set[int] = set()
    for event in numbered(drawn):
        if event.received_s > drawn.batches[0].received_s + SECONDS:
            break
        tracks: Tracks = tracker.step(event)
        ids = tracks.track_id[tracks.confirmed]
        counted |= set(ids.tolist())
        drone = tracks.class_prob[tracks.confirmed, DRONE] > 0.01
        drones |= set(ids[drone].tolist())
    return counted, drones


@pytest.mark.parametrize("seed", [1, 2])
def test_birds_that_count_are_known_to_be_birds(seed: int) -> None:
    counted, drones = ever(10.0, 20.0, seed)
    assert len(counted) >= 15
    assert len(drones) <= 2


def test_drones_are_no_birds() -> None:
    counted, drones = ever(40.0, 55.0, 1)
    assert len(counted) >= 20
    assert len(drones) >= 0.9 * len(counted)
