"""Tracks are as sure as they may be, on flights of a world that is not the tracker's."""

import numpy as np
import pytest

from forewarn.atmosphere import standard_air
from forewarn.bench.accuracy import CURVES, Tally, follow_flights
from forewarn.bench.crowd import crowd
from forewarn.track import Tracker, TrackParams


def test_errors_are_honest_and_near_the_bound() -> None:
    over = []
    for curve, with_rate in (("late", False), ("blunt", True)):
        tally = Tally()
        follow_flights(CURVES[curve], with_rate, 7, tally)
        assert len(tally.nees["coast"]) > 2000
        assert 0.7 < tally.mean("coast") < 1.5
        assert 0.7 < tally.mean("drones") < 1.5
        # few plots are of a motor that burns: a wider band
        assert 0.5 < tally.mean("boost") < 1.8
        over.append(tally.over_bound)
    assert min(over) > 1.0
    assert np.mean(over) < 1.3


def test_two_thousand_at_once_are_all_followed() -> None:
    sensor, batches = crowd(2000, 10)
    tracker = Tracker((sensor,), standard_air(), TrackParams())
    for batch in batches:
        tracks = tracker.step(batch)
    assert (tracks.existence > 0.9).sum() == pytest.approx(2000, rel=0.01)
    assert np.all(np.diff(tracks.track_id) > 0)
