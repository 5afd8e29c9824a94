"""What was long known to be a drone is made no aircraft by noise, nor by a false plot."""

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import STRAIGHT
from forewarn.threats import AIRCRAFT, DRONE
from forewarn.track import table as tables
from forewarn.track.classify import classify

VAGUE_MPS = 3.0  # what a track says of its velocity
GAP_S = 0.4  # between looks, where many radars see it


def track() -> tables.Table:
    """One, of which nothing is known yet."""
    t = tables.empty(1)
    t["weight"][0, STRAIGHT] = 1.0
    return t


def above(east_mps: float, climb_mps: float) -> FloatArray:
    """900 m above the equator."""
    return np.array([6378137.0 + 900.0, 0.0, 0.0, climb_mps, east_mps, 0.0])


def flown(speeds: FloatArray, climb_mps: float = 0.0) -> tables.Table:
    t = track()
    for speed in speeds:
        classify(t, 0, above(float(speed), climb_mps), VAGUE_MPS, GAP_S, np.empty(6))
    return t


def test_speeds_that_sway_more_than_the_track_says() -> None:
    """By half as much again, over ten seconds; for a third of an hour, at every look."""
    t, rng = flown(np.full(100, 55.0)), np.random.default_rng(5)
    noise = rng.normal(0.0, 1.5 * VAGUE_MPS, 3000)
    for sway in np.convolve(noise, np.full(25, 0.2), "same"):
        classify(t, 0, above(55.0 + sway, 0.0), VAGUE_MPS, GAP_S, np.empty(6))
        assert t["prob"][0, DRONE] > 0.5


def test_a_moment_of_wild_flight_after_half_an_hour_of_level() -> None:
    t = flown(np.full(4000, 54.0))
    assert t["prob"][0, DRONE] > 0.99
    for speed, climb in ((67.0, 2.0), (64.0, 24.0), (69.0, 50.0), (62.0, 30.0)) * 3:
        classify(t, 0, above(speed, climb), 12.0, GAP_S, np.empty(6))
    assert t["prob"][0, DRONE] > 0.5


def test_what_is_faster_than_drones_is_an_aircraft_all_the_same() -> None:
    t = flown(np.full(300, 72.0))
    assert t["prob"][0, AIRCRAFT] > 0.99
    t = flown(np.concatenate([np.full(600, 80.0), np.linspace(80.0, 50.0, 100)]))
    assert t["prob"][0, AIRCRAFT] > 0.99  # and lands as one
