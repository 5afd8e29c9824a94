"""When a track counts: not for one plot of another body, nor for radars that disagree."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from forewarn.geodesy import FloatArray
from forewarn.records import STRAIGHT, PlotBatch
from forewarn.sim.sight import Flyer, watch
from forewarn.sim.world import Path
from forewarn.threats import DRONE
from forewarn.track import Tracker, TrackParams
from forewarn.track import table as tables
from forewarn.track.life import note
from tracking import AIR, RADAR, SOUTH, state

PARAMS = TrackParams()
PLACE_M = 60.0  # what a track says of its place, one axis
SCAN_S = 5.0


class Followed:
    """One track, looked at again and again."""

    def __init__(self, begun_s: float = -np.inf, place_m: float = PLACE_M) -> None:
        self._place_m = place_m
        self.table = tables.empty(1)
        row = self.table[0]
        row["weight"][STRAIGHT] = 1.0
        row["log_odds"] = PARAMS.most_log_odds
        self._begun_s = begun_s

    def look(self, time_s: float, velocity_mps: FloatArray, vague_mps: float) -> bool:
        """Whether it counts after a plot; velocity (3,): up, east, north on the equator."""
        row = self.table[0]
        row["mean"][STRAIGHT, :6] = [6378137.0 + 900.0, 0.0, 0.0, *velocity_mps]
        sigma = [*[self._place_m] * 3, *[vague_mps] * 3, 1.0]
        row["cov"][STRAIGHT] = np.diag(np.square(sigma))
        row["time_s"] = time_s
        p = PARAMS
        note(
            self.table,
            np.zeros(1, np.int64),
            np.ones(1, np.int64),
            1,
            1,
            SCAN_S,
            p.fast_mps,
            p.flies_on,
            p.looks_slow,
            p.settle_s,
            self._begun_s + p.settle_s,
            p.confirm_hits,
            p.confirm_log_odds,
            p.confirm_fast,
        )
        return bool(row["confirmed"])


def east(speed_mps: float) -> FloatArray:
    return np.array([0.0, speed_mps, 0.0])


def flock(looks: int) -> Followed:
    """Birds that do not count yet: nobody knows whether they are a drone in a gale."""
    birds = Followed()
    for k in range(looks):
        assert not birds.look(SCAN_S * k, east(22.0), 2.0)
    return birds


@pytest.mark.parametrize("looks", [3, 12])
def test_one_wrong_plot_makes_no_missile_of_a_flock(looks: int) -> None:
    birds = flock(looks)
    assert not birds.look(SCAN_S * looks, east(660.0), 60.0)
    assert not birds.look(SCAN_S * looks + 0.3, east(640.0), 45.0)
    assert not birds.look(SCAN_S * (looks + 1), east(22.0), 10.0)


def test_nor_do_plots_of_two_flocks_that_cross() -> None:
    """They make it fast, now this way, now that."""
    birds = flock(3)
    for k, velocity in enumerate(([0.0, 1200.0, 0.0], [900.0, -500.0, 0.0]) * 3):
        assert not birds.look(20.0 + 1.5 * k, np.array(velocity), 60.0)


def test_what_flies_on_as_fast_counts_at_once() -> None:
    rocket = Followed()
    for k in range(3):
        assert not rocket.look(0.5 * k, east(650.0), 200.0)  # nobody knows how fast it is
    assert not rocket.look(1.5, east(650.0), 40.0)
    assert rocket.look(2.5, east(660.0), 30.0)  # 660 m on, eleven times 60 m


def test_a_rocket_hardly_faster_than_sound_counts() -> None:
    """Now clearly faster, now not, and once its velocity is vague."""
    rocket = Followed()
    looks = ((365.0, 20.0), (352.0, 20.0), (366.0, 90.0), (355.0, 20.0), (370.0, 20.0))
    assert any(
        rocket.look(0.5 * k, east(speed), vague) for k, (speed, vague) in enumerate(looks)
    )


def test_a_fast_track_whose_place_is_vague_counts_after_a_while() -> None:
    """As of a radar without elevation: how fast is known, and not how high."""
    rocket = Followed(place_m=2500.0)
    counts = [rocket.look(4.0 * k, east(680.0), 10.0) for k in range(6)]
    assert 4.0 * counts.index(True) == 16.0


def test_what_gains_speed_counts_on_the_way() -> None:
    rocket, speed_mps, counts = Followed(), 200.0, False
    for k in range(8):
        counts = rocket.look(0.5 * k, east(speed_mps), 30.0)
        speed_mps += 60.0
    assert counts


def test_after_a_start_radars_are_held_against_one_another_first() -> None:
    """Where they disagree, an airliner seems to fall; a drone can wait as long."""
    at_once, started = Followed(), Followed(begun_s=0.0)
    counts = [
        [one.look(1.5 * k, east(50.0), 3.0) for k in range(22)]
        for one in (at_once, started)
    ]
    since_s = [1.5 * told.index(True) for told in counts]
    assert since_s == [PARAMS.settle_s, 2.0 * PARAMS.settle_s]
    assert started.table["prob"][0, DRONE] > 0.9


def drone_in_sight() -> Iterator[PlotBatch]:
    """What two radars see of one that flies past from the first scan on."""
    times = np.arange(0.0, 61.0)
    rows = [state((8e3 + 50.0 * t, 9e3, 900.0), (50.0, 0.0, 0.0))[:6] for t in times]
    radars = [replace(r, clutter_per_scan=1.0, simulated=True) for r in (RADAR, SOUTH)]
    flown = [Flyer("drone", Path(times, np.array(rows)))]
    seen = watch(radars, flown, (0.0, 59.0), np.random.SeedSequence(3))
    return (replace(batch, seq=seq) for seq, batch in enumerate(seen, start=1))


@pytest.mark.parametrize("restarts", [False, True])
def test_a_start_is_waited_for_once_and_a_restart_is_none(restarts: bool) -> None:
    tracker = Tracker((RADAR, SOUTH), AIR, TrackParams())
    counts_s = []
    for batch in drone_in_sight():
        if tracker.step(batch).confirmed.any():
            counts_s.append(batch.received_s)
        if restarts:
            memory = tracker.memory()
            tracker = Tracker((RADAR, SOUTH), AIR, TrackParams())
            tracker.restore(memory)
    assert 2.0 * PARAMS.settle_s <= counts_s[0] <= 2.0 * PARAMS.settle_s + 4.0


def test_a_flock_two_standard_deviations_too_fast_is_no_drone_yet() -> None:
    birds = Followed()
    for k in range(10):
        assert not birds.look(2.0 * k, east(40.0), 7.0)
    assert birds.look(20.0, east(40.0), 4.5)
