"""Threats that nobody sees any more, and what a class tells before drag does."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.forecaster import DIVE_S
from forewarn.geodesy import metres_per_radian
from forewarn.records import MODES, STRAIGHT, TURNING, Forecasts, Tick, Tracks
from forewarn.threats import BALLISTIC_MISSILE, DRONE, ROCKET
from test_forecast import AIR, LAT, LON, SIGMA, ZONES, nothing, state, track


def drone(height_m: float, sink_mps: float = 0.0, now_s: float = 10.0) -> Tracks:
    mean = state(height_m, (50.0, 0.0, -sink_mps))
    return track(mean, kind=DRONE, modes=(0.0, 0.0, 1.0), now_s=now_s)


def east_m(forecasts: Forecasts) -> float:
    """Mean place of where it may come down, east of where it began."""
    mean = np.average(forecasts.place_rad[:, 1], weights=forecasts.weight)
    return float((mean - LON) * metres_per_radian(LAT)[1])


def test_a_drone_in_a_turn_is_foretold_round_the_bend() -> None:
    def north_m(turn_radps: float) -> float:
        one = drone(800.0)
        weight = np.eye(len(MODES))[[TURNING if turn_radps else STRAIGHT]]
        turn = np.array([[turn_radps, 0.005]])
        one = replace(one, mode_weight=weight, turn_radps=turn)
        made = Forecaster(AIR, ZONES, ForecastParams(intent=0.0)).step(one, Tick(1, 10.0))
        mean = np.average(made.place_rad[:, 0], weights=made.weight)
        return float((mean - LAT) * metres_per_radian(LAT)[0])

    # eastwards at 50 m/s: a turn to the right bends its way to the south
    assert north_m(0.03) < -500.0
    assert north_m(-0.03) > 500.0
    assert abs(north_m(0.0)) < 300.0


def test_a_drone_that_flies_out_of_sight_is_carried_on_until_nobody_can_say_where() -> None:
    params = ForecastParams(intent=0.0)
    forecaster = Forecaster(AIR, ZONES, params)
    seen = forecaster.step(drone(800.0), Tick(1, 10.0))
    later = [
        forecaster.step(nothing(now_s), Tick(int(now_s), now_s)) for now_s in (40.0, 100.0)
    ]
    assert 1000.0 < east_m(later[0]) - east_m(seen) < 2000.0  # 30 s at 50 m/s
    assert 3500.0 < east_m(later[1]) - east_m(seen) < 5500.0  # 90 s
    assert later[1].time_s.min() > 100.0
    wide = [np.sqrt(one.cov_m2[:, 2].mean()) for one in (seen, later[1])]
    assert wide[1] > wide[0]
    over_s = 10.0 + params.missing_s + 1.0
    assert not len(forecaster.step(nothing(over_s), Tick(999, over_s)).track_id)


def test_a_memory_of_another_version_is_refused_before_anything_is_done_with_it() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    forecaster.step(drone(800.0), Tick(1, 10.0))
    older = forecaster.memory()
    del older["missing.turn_radps"]
    with pytest.raises(KeyError, match=r"missing\.turn_radps"):
        Forecaster(AIR, ZONES, ForecastParams()).restore(older)


def test_a_drone_that_dived_out_of_sight_is_not_carried_on() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    seen = forecaster.step(drone(300.0, sink_mps=25.0), Tick(1, 10.0))
    later = forecaster.step(nothing(15.0), Tick(2, 15.0))
    np.testing.assert_array_equal(later.place_rad, seen.place_rad)


def test_a_drone_that_radars_would_have_shown_flying_on_has_come_down() -> None:
    """Its last futures stand, but for those that would have had it fly on."""
    forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    seen = forecaster.step(drone(800.0), Tick(1, 10.0))
    silent = replace(drone(800.0), silence=np.full(1, 9.0))
    forecaster.step(silent, Tick(2, 25.0))
    later = forecaster.step(nothing(30.0), Tick(3, 30.0))
    np.testing.assert_array_equal(later.place_rad, seen.place_rad)
    on = seen.time_s > 10.0 + DIVE_S
    assert 0.1 < on.mean() < 0.95
    np.testing.assert_allclose(later.weight[~on], seen.weight[~on])
    np.testing.assert_allclose(later.weight[on], 0.02 * seen.weight[on])
    assert later.made_s[0] != seen.made_s[0]  # whoever kept what came of it counts anew
    again = forecaster.step(nothing(31.0), Tick(4, 31.0))
    np.testing.assert_array_equal(again.weight, later.weight)


def test_a_track_that_begins_where_a_lost_one_may_be_is_the_lost_one() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    forecaster.step(drone(800.0), Tick(1, 10.0))
    forecaster.step(nothing(30.0), Tick(2, 30.0))
    mean = state(800.0, (50.0, 0.0, 0.0))
    mean[:3] += 25.0 * mean[3:6]
    again = track(mean, now_s=35.0, kind=DRONE, modes=(0.0, 0.0, 1.0), number=7 << 16)
    got = forecaster.step(again, Tick(3, 35.0))
    assert got.track_id.tolist() == [7 << 16]


def test_a_track_that_flies_wildly_and_ends_is_still_what_it_was() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    forecaster.step(drone(800.0), Tick(1, 10.0))
    wild = track(state(800.0, (480.0, 0.0, -90.0)), now_s=12.0, kind=DRONE, modes=(1, 0, 0))
    forecaster.step(wild, Tick(2, 12.0))
    got = forecaster.step(nothing(30.0), Tick(3, 30.0))
    assert got.track_id.tolist() == [1 << 16]
    assert 0.0 < east_m(got) < 8000.0  # at 480 m/s it would be far beyond


def test_missing_threats_are_part_of_the_memory() -> None:
    first = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    first.step(drone(800.0), Tick(1, 10.0))
    second = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    second.restore(first.memory())
    a, b = (one.step(nothing(30.0), Tick(2, 30.0)) for one in (first, second))
    np.testing.assert_array_equal(a.place_rad, b.place_rad)
    np.testing.assert_array_equal(a.weight, b.weight)


def test_a_missile_above_the_air_is_taken_for_as_heavy_as_its_class() -> None:
    high = state(60e3, (1500.0, 0.0, -900.0))
    high[6] = 8.5  # where the tracker's common belief lies
    ends = []
    for kind in (ROCKET, BALLISTIC_MISSILE):
        one = track(high, kind=kind, modes=(0.0, 1.0, 0.0))
        cov = np.tile(np.diag([*SIGMA[:6] ** 2, 0.36]), (1, len(MODES), 1, 1))
        got = Forecaster(AIR, None, ForecastParams()).step(
            replace(one, cov=cov), Tick(1, 10.0)
        )
        ends.append((east_m(got), np.average(got.time_s, weights=got.weight)))
    assert ends[1][0] > ends[0][0] + 500.0  # the heavier flies further, and is there sooner
    assert ends[1][1] < ends[0][1] - 1.0
