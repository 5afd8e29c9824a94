"""Ways as drones were seen to fly them, and what the next is forecast from them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.bench.manoeuvring import calibration, taught, worst
from forewarn.bench.wanderers import MODELS
from forewarn.errors import ModelError
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.manoeuvring import carry, chances
from forewarn.forecast.seen import (
    APART,
    AS_MUCH,
    BEFORE,
    FRESH,
    KEPT,
    SeenWays,
    both_ways,
    ways_of,
)
from forewarn.forecast.ways import draw_ways
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import IntArray
from forewarn.threats import DRONE
from test_forecast import AIR, ZONES
from test_manoeuvring import even, steered

STEPS, STEP_S = 18, 10.0
SPEED = 50.0
ONE: IntArray = np.array([7])


def follow(
    flown: SeenWays,
    course: FloatArray,
    every_s: float,
    start_s: float = 0.0,
    lat: float = 0.0,
) -> None:
    """One drone at 50 m/s whose course is that of each look."""
    ahead = np.stack([np.cos(course), np.sin(course)], axis=1) * SPEED * every_s
    place = np.array([lat, 0.0]) + np.cumsum(ahead, axis=0) / metres_per_radian(lat)
    place -= ahead[0] / metres_per_radian(lat)
    for k, at in enumerate(place):
        here = np.array([[*at, course[min(k + 1, len(course) - 1)], SPEED]])
        time_s = start_s + k * every_s
        flown.follow(time_s, ONE, np.array([time_s]), here)


def looks(every_s: float, stretches: int) -> int:
    """Enough of them for so many stretches of one drone, and no more."""
    samples = STEPS + 1 + BEFORE + round(APART * STEPS) * (stretches - 1)
    return int(np.ceil((samples - 1) * STEP_S / every_s)) + 1


def new() -> SeenWays:
    return SeenWays(STEPS, STEP_S, 28_800.0)


def test_a_circle_is_told_as_a_circle_wherever_it_begins() -> None:
    rate = np.array([0.01, -0.02])
    time_s = STEP_S * np.arange(-BEFORE, STEPS + 1)
    course = 1.0 + rate[:, None] * time_s
    radius = SPEED / rate[:, None]
    place = radius[..., None] * np.stack([-np.cos(course), np.sin(course)], axis=2)
    way, turn = ways_of(place + 5e4, course, np.full(course.shape, SPEED), STEP_S)
    after = time_s[BEFORE:]
    assert_allclose(turn, rate, rtol=1e-5)
    assert_allclose(way[:, 0], np.sin(rate[:, None] * after) / rate[:, None], atol=0.01)
    assert_allclose(
        way[:, 1], (1 - np.cos(rate[:, None] * after)) / rate[:, None], atol=0.01
    )
    assert_allclose(way[:, 3], np.sin(rate[:, None] * after), atol=1e-5)
    assert (way[:, 4] == 0.0).all()
    assert (way[:, 5, 0] == -1.0).all()
    assert (way[:, 5].max(axis=1) < 60.0).all()  # it turns, time and again


def test_one_that_flies_straight_has_not_turned() -> None:
    place = np.zeros((1, STEPS + 1 + BEFORE, 2))
    place[0, :, 0] = SPEED * STEP_S * np.arange(STEPS + 1 + BEFORE)
    course = np.full((1, STEPS + 1 + BEFORE), np.pi / 2)
    (way,), turn = ways_of(place, course, np.full(course.shape, SPEED), STEP_S)
    assert turn[0] == 0.0
    assert_allclose(way[0], STEP_S * np.arange(STEPS + 1), atol=1e-3)
    assert_allclose(way[1], 0.0, atol=1e-3)
    assert (way[5] == -1.0).all()


def test_each_way_has_its_mirror_image_and_turns_rise() -> None:
    rng = np.random.default_rng(1)
    way = rng.normal(size=(9, 6, STEPS + 1)).astype(np.float32)
    turn = rng.normal(size=9).astype(np.float32)
    both, turns = both_ways(way, turn)
    assert (np.diff(turns) >= 0.0).all()
    assert_allclose(turns, -turns[::-1])
    for own, other in zip(both, both[::-1], strict=True):
        assert np.array_equal(own[[0, 2, 4, 5]], other[[0, 2, 4, 5]])
        assert np.array_equal(own[[1, 3]], -other[[1, 3]])


@pytest.mark.parametrize("every_s", [1.0, 4.0, 10.0, 12.0])
def test_what_was_flown_is_told_however_often_it_was_looked_at(every_s: float) -> None:
    flown = new()
    follow(flown, np.full(looks(every_s, FRESH), 0.7), every_s, 1.7e9, lat=0.85)
    way, turn = flown.table()
    assert len(turn) == 2 * FRESH
    assert_allclose(
        way[:, 0], np.tile(STEP_S * np.arange(STEPS + 1), (len(turn), 1)), atol=0.5
    )
    assert_allclose(way[:, 1], 0.0, atol=0.5)
    apart = APART * FRESH
    assert flown.share() == pytest.approx(apart / (apart + AS_MUCH))


def test_few_stretches_are_not_told_yet() -> None:
    flown = new()
    follow(flown, np.zeros(looks(5.0, FRESH) - 2), 5.0)
    assert flown.share() == 0.0
    assert len(flown.table()[1]) == 0


def test_no_stretch_leads_over_what_nobody_saw() -> None:
    flown = new()
    course = np.zeros(looks(5.0, 1) - 2)
    for flight in range(3 * FRESH):  # each a look too short
        follow(flown, course, 5.0, 1000.0 * flight)
    assert len(flown.memory()["seen.waits.end_s"]) == 0
    assert len(flown.memory()["seen.told.end_s"]) == 0


@pytest.mark.parametrize("wrong", [np.nan, 0.05])
def test_a_track_that_jumps_or_is_no_number_teaches_nothing(wrong: float) -> None:
    flown = new()
    for flight in range(FRESH):
        for look in range(looks(5.0, 1)):
            place = np.array([50.0 * 5.0 * look / metres_per_radian(0.0)[0], 0.0])
            place[0] += wrong if look == 20 else 0.0
            time_s = 1000.0 * flight + 5.0 * look
            here = np.array([[*place, 0.0, SPEED]])
            flown.follow(time_s, ONE, np.array([time_s]), here)
    assert len(flown.memory()["seen.waits.end_s"]) == 0
    assert flown.share() == 0.0


def test_the_last_are_kept_and_the_old_forgotten() -> None:
    flown = SeenWays(2, 1.0, 3600.0)
    follow(flown, np.zeros(KEPT + KEPT // 2), 1.0)
    held = flown.memory()["seen.told.end_s"]
    assert len(held) == KEPT
    assert (np.diff(held) >= 0.0).all()
    assert held[0] > 100.0
    follow(flown, np.zeros(2), 1.0, 3600.0 + 1.5 * KEPT)
    assert flown.share() == 0.0


def test_it_goes_on_from_its_memory() -> None:
    rng = np.random.default_rng(5)
    whole, parts = new(), new()
    for flight in range(40):
        course = np.cumsum(0.1 * rng.normal(size=90))
        follow(whole, course, 5.0, 600.0 * flight)
        follow(parts, course, 5.0, 600.0 * flight)
        again = new()
        again.restore(parts.memory())
        parts = again
    for name, column in whole.memory().items():
        assert parts.memory()[name].tobytes() == column.tobytes(), name
    assert parts.table()[0].tobytes() == whole.table()[0].tobytes()


def test_the_next_flies_on_as_those_that_turned_like_it() -> None:
    """Drones that hold a turn to the right for ever, or none: what turns goes round."""
    time_s = STEP_S * np.arange(-BEFORE, 61)
    rate = np.array([0.0, 0.02])
    course = rate[:, None] * time_s
    ahead = SPEED * STEP_S * np.stack([np.sin(course), np.cos(course)], axis=2)
    way, turn = ways_of(
        np.cumsum(ahead, axis=1), course, np.full(course.shape, SPEED), STEP_S
    )
    ways = draw_ways(DRONE, 500, 600.0).seen(*both_ways(way, turn), 1.0)
    ground = even(side=41, rate=1e-5)

    def far(turns: float) -> float:
        """Mean distance at which it passes, cells."""
        one = replace(steered(), turn_radps=np.array([[turns, 0.003]]))
        reached = chances(carry(one, ways, ground), 1, 41 * 41)[1]
        rows, columns = np.divmod(np.arange(41 * 41), 41)
        away = np.hypot(rows - 20, columns - 20)
        return float((away * reached[0]).sum() / reached[0].sum())

    assert far(0.02) < 0.5 * far(0.0)


def test_shares_that_cannot_be_are_refused() -> None:
    ways = draw_ways(DRONE, 16, 180.0)
    way = np.zeros((4, 6, STEPS + 1), np.float32)
    with pytest.raises(ModelError, match="flown"):
        ways.seen(way, np.zeros(4, np.float32), 1.5)
    assert ways.seen(way[:0], np.zeros(0, np.float32), 0.5).flown_share == 0.0


@pytest.mark.parametrize("believed", [-0.1, 1.5, np.nan])
def test_a_share_that_is_none_is_told_before_anything_flies(believed: float) -> None:
    with pytest.raises(ModelError, match="expected a share, 0 to 1"):
        Forecaster(AIR, ZONES, ForecastParams(believed=believed))


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODELS[4], MODELS[5]])
def test_drones_whose_like_were_seen_arrive_as_often_as_forecast(model: str) -> None:
    """Turns that no belief of ours foresees: hard and rare, or of short legs."""
    believed = draw_ways(DRONE)
    seen = taught(model, 200, 78, believed)
    expected, observed = calibration(
        model, 800, 20e3, believed.seen(*seen.table(), 1.0), 77
    )
    assert (expected >= 30).sum() >= 4
    assert worst(expected, observed) < 1.5
