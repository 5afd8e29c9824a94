"""Straight runs of drones: when they end, and what dives after them tell of the next."""

from dataclasses import replace
from math import radians

import numpy as np
import pytest

from forewarn.atmosphere import standard_air
from forewarn.bench.drawing import numbered
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.runs import ENDS, LEAST, Runs
from forewarn.forecast.seen import SeenWays
from forewarn.forecast.ways import HABITS, LONG_S, RUNS, run_ins
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import Tick, Tracks
from forewarn.sim import raids
from forewarn.sim.raids import DroneKeys, Raid, RaidKeys
from forewarn.threats import AIRCRAFT, CRUISE_MISSILE, DRONE
from forewarn.track import Tracker, TrackParams
from test_forecast import AIR, LAT, LON, SIGMA, ZONES, nothing, state, track

OWN = HABITS[DRONE]
BELIEVED = run_ins(OWN)
START_S = 1.7e9  # UTC, as live


def runs(per_min: float = 0.02) -> Runs:
    rate = per_min / 60.0
    return Runs(OWN, lambda place: np.full(len(place), rate), 180.0, 28_800.0, unflown())


def unflown() -> SeenWays:
    return SeenWays(18, 10.0, 28_800.0)


def drone(
    now_s: float,
    course_deg: float,
    sink_deg: float = 0.0,
    number: int = 1,
    kind: int = DRONE,
) -> Tracks:
    """A drone at 50 m/s, its velocity known to 2 m/s."""
    course, down = radians(course_deg), radians(sink_deg)
    level = 50.0 * np.cos(down)
    vel = (level * np.sin(course), level * np.cos(course), -50.0 * np.sin(down))
    one = track(state(800.0, vel), now_s, (0.0, 0.0, 1.0), kind, number=number)
    sigma = np.where(np.arange(7) // 3 == 1, 2.0, SIGMA)
    cov = np.tile(np.diag(sigma**2), (1, 6, 1, 1))
    return replace(one, cov=cov, group_mask=np.array([3]), group_names=("a", "b"))


def flown(
    table: Runs, run_s: float, aside_deg: float = 0.0, number: int = 1, dives: bool = True
) -> None:
    """One drone: a minute on, a turn, `run_s` straight, and down or out of sight."""
    for second in np.arange(0.0, 60.0, 5.0):
        table.follow(drone(START_S + second, 0.0, number=number))
    for second in np.arange(60.0, 60.0 + run_s, 5.0):
        table.follow(drone(START_S + second, 40.0, number=number))
    if dives:
        for second in (0.0, 5.0, 10.0, 15.0):
            now_s = START_S + 60.0 + run_s + min(second, 10.0)
            last = drone(now_s, 40.0 + aside_deg, 30.0, number)
            # then radars look for it in vain
            table.follow(replace(last, silence=np.array([second / 2.0])))
    table.follow(nothing(START_S + 80.0 + run_s))


def straight_s(table: Runs, now_s: float, number: int = 1) -> float:
    return float(table.straight_s(np.array([number]), np.array([now_s]))[0])


def test_a_turn_ends_a_run_and_what_nobody_saw_turn_may_have_flown_straight_for_long() -> (
    None
):
    table = runs()
    table.follow(drone(START_S, 90.0))
    assert straight_s(table, START_S) == LONG_S
    assert straight_s(table, START_S, number=2) == LONG_S  # never heard of
    for second in range(5, 60, 5):
        # the course of a track trembles
        table.follow(drone(START_S + second, 90.0 + (-1) ** second * 6.0))
    assert straight_s(table, START_S + 55.0) == LONG_S
    table.follow(drone(START_S + 60.0, 115.0))
    table.follow(drone(START_S + 65.0, 120.0))
    assert straight_s(table, START_S + 65.0) == 5.0
    assert straight_s(table, START_S + 90.0) == 30.0


def test_a_slow_curve_is_no_turn() -> None:
    table = runs()
    for second in range(0, 300, 5):
        table.follow(drone(START_S + second, 0.1 * second))
    assert straight_s(table, START_S + 295.0) == LONG_S


def test_dives_after_long_runs_make_one_soon_after_a_turn_improbable() -> None:
    table = runs(60.0 / 210.0)  # each flies for so long
    assert np.allclose(table.eager(), BELIEVED)
    for number in range(1, 41):
        flown(table, 150.0, number=number)
    eager = table.eager()
    assert (eager[:3] < 0.5 * BELIEVED[:3]).all()
    assert eager[8] > 1.0  # more than it would be, did runs not count
    assert (eager >= LEAST * BELIEVED).all()
    assert (np.diff(eager) >= 0.0).all()


@pytest.mark.parametrize("times", [0.25, 4.0])
def test_how_often_drones_dive_is_learned_from_those_that_did(times: float) -> None:
    table = runs(60.0 / 210.0 / times)  # each flies for 210 s
    for number in range(1, 41):
        flown(table, 150.0, number=number)
    as_believed = runs(60.0 / 210.0)
    for number in range(1, 41):
        flown(as_believed, 150.0, number=number)
    more = table.eager()[7:] / as_believed.eager()[7:]
    assert np.allclose(more, (ENDS + 40.0) / (ENDS + 40.0 / times), rtol=0.15)


def test_of_a_wave_on_its_way_none_dived_yet_and_nothing_is_learned() -> None:
    table = runs()
    for number in range(1, 11):
        flown(table, 1200.0, number=number, dives=False)
    assert np.allclose(table.eager(), BELIEVED)


def test_dives_soon_after_a_turn_are_learned_as_well() -> None:
    table = runs()
    for number in range(1, 41):
        flown(table, 30.0 if number % 2 else 150.0, number=number)
    eager = table.eager()
    # a dive in 3,600 s of runs of 20 to 40 s, and none of those of 40 to 140 s
    assert eager[1] > 2.0 * BELIEVED[1]
    assert eager[0] < BELIEVED[0]


def test_how_many_turn_aside_into_the_dive_is_learned() -> None:
    straight, aside = runs(), runs()
    for number in range(1, 21):
        flown(straight, 100.0, number=number)
        flown(aside, 100.0, 45.0, number=number)
    assert straight.aside() < 0.3 * OWN.aside
    assert aside.aside() > 0.8


@pytest.mark.parametrize("kind", [CRUISE_MISSILE, AIRCRAFT])
def test_only_drones_are_learned_of(kind: int) -> None:
    table = runs()
    for second in range(0, 100, 5):
        table.follow(drone(START_S + second, second, second / 4.0, kind=kind))
    table.follow(nothing(START_S + 110.0))
    assert np.array_equal(table.eager(), runs().eager())


def test_what_flies_out_of_sight_or_is_taken_back_has_not_dived() -> None:
    table = runs()
    for number in range(1, 21):
        flown(table, 30.0, number=number, dives=False)
    assert np.allclose(table.eager(), BELIEVED)
    now_s = START_S + 100.0
    for number in range(1, 21):
        flown(table, 30.0, number=number, dives=False)
        table.follow(replace(drone(now_s, 40.0, 30.0, number), silence=np.full(1, 9.0)))
        table.follow(replace(nothing(now_s + 1.0), withdrawn=np.array([number])))
    for number in range(21, 41):
        flown(table, 30.0, number=number, dives=False)
        # sinking when it went behind a hill: no radar missed it
        table.follow(drone(now_s, 40.0, 30.0, number))
        table.follow(nothing(now_s + 1.0))
    assert np.allclose(table.eager(), BELIEVED)


def test_what_turns_out_to_be_an_aircraft_teaches_nothing_more() -> None:
    table = runs()
    table.follow(drone(START_S, 0.0))
    for second in range(5, 600, 5):
        course = 60.0 * (second // 60 % 2)
        table.follow(drone(START_S + second, course, kind=AIRCRAFT))
    assert len(table.memory()["seen.id"]) == 1
    assert table.memory()["seen.next_s"][0] < START_S + 20.0


def test_a_turn_that_nobody_saw_may_have_been_at_once() -> None:
    table = runs()
    table.follow(drone(START_S, 0.0))
    table.follow(drone(START_S + 60.0, 90.0))
    assert straight_s(table, START_S + 60.0) == 60.0


def test_one_group_alone_teaches_nothing() -> None:
    table, told = runs(), runs()

    class OfOne(Runs):
        def follow(self, tracks: Tracks) -> None:
            alone = np.minimum(tracks.group_mask, 1)
            super().follow(replace(tracks, group_mask=alone))

    alone = OfOne(OWN, lambda place: np.full(len(place), 1e-3), 180.0, 28_800.0, unflown())
    for number in range(1, 21):
        flown(alone, 150.0, 45.0, number)
        flown(told, 150.0, 45.0, number)
    assert np.array_equal(alone.eager(), table.eager())
    assert alone.aside() == table.aside()
    assert len(alone.memory()["seen.id"]) == 0
    # yet its own run is known
    alone.follow(drone(START_S, 0.0))
    alone.follow(drone(START_S + 5.0, 60.0))
    assert straight_s(alone, START_S + 15.0) == 10.0
    assert not np.array_equal(told.eager(), table.eager())


def test_one_that_levels_off_flies_on() -> None:
    table = runs()
    for second in range(0, 60, 5):
        sinks = 20.0 if 20 <= second < 35 else 0.0
        table.follow(drone(START_S + second, 0.0 if second < 10 else 60.0, sinks))
    assert straight_s(table, START_S + 60.0) == 50.0
    assert np.allclose(table.eager(), BELIEVED)


def test_what_was_counted_fades_with_time_and_not_with_the_first_that_is_lost() -> None:
    table = runs()
    for number in range(1, 41):
        flown(table, 150.0, number=number)
    fresh = table.eager()[0]
    table.follow(nothing(START_S + 400.0))
    assert table.eager()[0] == pytest.approx(fresh, rel=0.05)
    # a quiet night and a day later, before any of the next wave is lost
    table.follow(drone(START_S + 5 * 28_800.0, 0.0, number=99))
    assert table.eager()[0] > 0.8 * BELIEVED[0]


def test_it_goes_on_from_its_memory() -> None:
    whole, table = runs(), runs()
    for number in range(1, 6):
        flown(whole, 40.0 * number, 20.0 * number, number)
        flown(table, 40.0 * number, 20.0 * number, number)
        again = runs()
        again.restore(table.memory())
        table = again
    for name, column in whole.memory().items():
        assert table.memory()[name].tobytes() == column.tobytes(), name


def test_a_drone_that_just_turned_hardly_dives_at_once_and_one_long_on_its_way_may() -> (
    None
):
    def soon(turned_s: float) -> float:
        forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
        forecaster.step(drone(START_S - 5.0, 60.0), Tick(1, START_S - 5.0))
        forecaster.step(drone(START_S, 0.0), Tick(2, START_S))
        now_s = START_S + turned_s
        made = forecaster.step(drone(now_s, 0.0), Tick(3, now_s))
        return float(made.weight[made.time_s < now_s + 60.0].sum())

    just, later = soon(4.0), soon(150.0)
    assert 0.0 < just < 0.7 * later


def test_a_forecast_goes_on_after_a_restart_with_what_it_was_taught() -> None:
    whole = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    for second in range(0, 1000, 5):
        whole.step(drone(START_S + second, 60.0 * (second // 60 % 2)), Tick(1, START_S))
    again = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
    again.restore(whole.memory())
    last = drone(START_S + 1000.0, 120.0)
    told, retold = (f.step(last, Tick(2, START_S + 1000.0)) for f in (whole, again))
    fresh = Forecaster(AIR, ZONES, ForecastParams(intent=0.0)).step(last, Tick(2, START_S))
    assert retold.weight.tobytes() == told.weight.tobytes()
    assert fresh.weight.tobytes() != told.weight.tobytes()


def test_where_drones_turn_often_the_next_may_come_down_further_aside() -> None:
    def share_aside(legs_s: int) -> float:
        """Of what may come down, more than 40 degrees off the course of the moment."""
        forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=0.0))
        for second in range(0, 3000, 5):
            course = 60.0 * (second // legs_s % 2)
            one = drone(START_S + second, course)
            made = forecaster.step(one, Tick(second, START_S + second))
        north, east = ((made.place_rad - (LAT, LON)) * metres_per_radian(LAT)).T
        off = np.abs(np.arctan2(east, north) - radians(course)) > radians(40.0)
        return float(made.weight[off].sum() / made.weight.sum())

    assert share_aside(60) > 2.0 * share_aside(3000)


@pytest.fixture(scope="module")
def seen() -> Runs:
    """What the tracks of eight drones teach, which turn for the last time 1.5 km off."""
    shipped = raids.load("evening")
    drones = tuple(
        DroneKeys(59.6, 16.5, from_deg=45.0 * i, distance_km=9.0, start_s=8.0 * i)
        for i in range(8)
    )
    raid = Raid(RaidKeys("runs"), shipped.region, shipped.sensors, drones=drones)
    drawn = raids.generate(raid, 5)
    tracker, table = Tracker(drawn.sensors, standard_air(), TrackParams()), runs()
    for event in numbered(drawn):
        table.follow(tracker.step(event))
    return table


def test_dives_of_tracked_drones_are_counted(seen: Runs) -> None:
    dives: FloatArray = seen.memory()["runs.dives"]
    assert dives.shape == (RUNS,)
    assert 4.0 < dives.sum() <= 8.0
    # 1.5 km at 50 m/s are 30 s: of most the last turn was seen
    assert dives[:3].sum() > 0.5 * dives.sum()
    assert seen.aside() < OWN.aside
