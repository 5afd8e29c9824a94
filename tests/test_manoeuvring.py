"""Particles of what steers itself: probabilities, symmetry, an independent twin."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forewarn.bench.manoeuvring import calibration, open_country, worst
from forewarn.bench.wanderers import MODELS
from forewarn.errors import ModelError
from forewarn.forecast.manoeuvring import Arrivals, Steered, carry, chances
from forewarn.forecast.particles import (
    AHEAD_PER_HEIGHT,
    HASTE,
    REACH_SPREAD,
    carry_particles,
)
from forewarn.forecast.plane import arrival_futures, scale_at, steered_tracks
from forewarn.forecast.raster import Grid, Ground, draw_raster, hazards_at, make_ground
from forewarn.forecast.ways import HABITS, LONG_S, RUN_S, RUNS, Ways, draw_ways
from forewarn.geodesy import (
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    metres_per_radian,
)
from forewarn.threats import CRUISE_MISSILE, DRONE, ROCKET

WAYS = draw_ways(DRONE, 500, 600.0)
RATE = 1 / 600.0


def steered(
    course: float = 0.3,
    speed: float = 50.0,
    sink: float = 0.0,
    sigma_m: float = 100.0,
    run_s: float = LONG_S,
) -> Steered:
    return Steered(
        pos_m=np.array([[500.0, -900.0]]),
        vel_mps=speed * np.array([[np.sin(course), np.cos(course)]]),
        cov=np.diag([sigma_m**2, sigma_m**2, 9.0, 9.0])[None],
        above_m=np.array([800.0]),
        sink=np.array([sink]),
        turn_radps=np.array([[0.002, 0.003]]),
        turning=np.ones(1),
        run_s=np.full(1, run_s),
    )


def even(cell_m: float = 2000.0, side: int = 60, rate: float = RATE) -> Ground:
    label = np.arange(side * side, dtype=np.int32).reshape(side, side)
    corner = -side * cell_m / 2
    return make_ground(
        label, np.full((side, side), rate, np.float32), (corner, corner), cell_m, rate
    )


def total_down(arrivals: Arrivals) -> float:
    return float(arrivals.down.sum())


@settings(max_examples=30, deadline=None)
@given(
    course=st.floats(-3.1, 3.1),
    speed=st.floats(5.0, 300.0),
    sink=st.floats(-0.5, 0.9),
    rate=st.floats(0.0, 0.1),
)
def test_chances_are_chances_and_times_are_in_order(
    course: float, speed: float, sink: float, rate: float
) -> None:
    got = carry(steered(course, speed, sink), WAYS, even(rate=rate))
    assert (got.down >= 0).all()
    assert (got.down <= got.reached + 1e-9).all()
    assert (got.reached <= 1).all()
    assert total_down(got) <= 1 + 1e-6
    assert (np.diff(got.first_s, axis=1) >= 0).all()
    assert (got.first_s >= 0).all()


@settings(max_examples=20, deadline=None)
@given(rate=st.floats(1e-5, 0.02), steps=st.sampled_from([20, 60, 90, 91]))
def test_even_hazard_brings_down_what_it_must(rate: float, steps: int) -> None:
    ways = draw_ways(DRONE, 64, 10.0 * steps)
    # dives are as likely at any time, however long ago it turned
    got = carry(steered(), ways.diving(np.ones(RUNS), 0.5), even(rate=rate))
    # atol: a hundred rows too improbable to be written
    want = 1 - np.exp(-rate * 10.0 * steps)
    assert_allclose(total_down(got), want, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_course_turns_the_answer(quarters: int) -> None:
    base = replace(steered(0.3), pos_m=np.zeros((1, 2)), cov=np.zeros((1, 4, 4)))
    turned = replace(
        base, vel_mps=steered(0.3 + quarters * np.pi / 2).vel_mps, cov=np.zeros((1, 4, 4))
    )
    ground = even(side=41)  # begins in the middle of a cell
    first, second = (
        chances(carry(one, WAYS, ground), 1, ground.labels)[1].reshape(41, 41)
        for one in (base, turned)
    )
    # clockwise from above: rows are northwards, so the array turns the other way
    assert np.abs(np.rot90(first, quarters) - second).max() < 0.02  # ten particles


def test_more_particles_come_closer_to_many() -> None:
    ground = even()
    many = chances(carry(steered(), draw_ways(DRONE, 8000, 600.0), ground), 1, 3600)[1]
    off = [
        np.abs(
            chances(carry(steered(), draw_ways(DRONE, n, 600.0), ground), 1, 3600)[1] - many
        ).mean()
        for n in (60, 500, 4000)
    ]
    assert off[0] > 1.5 * off[1] > 2 * off[2]


def test_same_arguments_give_the_same_bytes() -> None:
    again = draw_ways(DRONE, 500, 600.0)
    assert again.way.tobytes() == WAYS.way.tobytes()
    assert again.draw.tobytes() == WAYS.draw.tobytes()
    first, second = (carry(steered(), ways, even()) for ways in (WAYS, again))
    assert first.reached.tobytes() == second.reached.tobytes()
    assert first.cov_m2.tobytes() == second.cov_m2.tobytes()


def test_a_target_among_others_fares_as_alone() -> None:
    one, two = steered(0.3), steered(-2.0, 70.0, 0.3)
    names = [field.name for field in fields(Steered)]
    both = Steered(*(np.concatenate([getattr(one, n), getattr(two, n)]) for n in names))
    got, alone = carry(both, WAYS, even()), carry(two, WAYS, even())
    mine = got.target == 1
    assert got.label[mine].tolist() == alone.label.tolist()
    assert got.reached[mine].tobytes() == alone.reached.tobytes()


def test_over_all_runs_a_drone_dives_as_often_as_stated() -> None:
    """The hazard goes with the run; that of drones which turn as believed is its mean."""
    ways, rate, shares = draw_ways(DRONE, 2000, 180.0), 1 / 3000.0, 30
    ages_s = -np.log1p(-(np.arange(shares) + 0.5) / shares) / HABITS[DRONE].turns_per_s[0]
    down = [total_down(carry(steered(run_s=age), ways, even(rate=rate))) for age in ages_s]
    assert_allclose(np.mean(down), 1 - np.exp(-rate * 180.0), rtol=0.03)
    assert down[0] < 0.8 * down[-1]


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_compiled_answer_is_that_of_plain_python(share: float) -> None:
    ways, ground, one = draw_ways(DRONE, 12, 120.0), even(side=12), steered(sink=0.16)
    turns = np.linspace(-0.02, 0.02, 5, dtype=np.float32)
    ways = ways.seen(ways.way[:5], turns, share)
    inputs = (
        one.pos_m,
        one.vel_mps,
        one.cov,
        one.above_m,
        one.sink,
        np.column_stack([one.turning, one.turn_radps]),
        ways.way,
        ways.draw,
        ground.label,
        ground.hazard,
        np.array([*ground.corner_m, ground.cell_m, ways.step_s]),
        one.run_s,
        ways.eager,
        ways.flown,
        ways.flown_radps,
        ways.flown_share,
    )
    target, label, rows = carry_particles(*inputs)
    target_2, label_2, rows_2 = carry_particles.py_func(*inputs)  # type: ignore[attr-defined]
    assert target.tolist() == target_2.tolist()
    assert label.tolist() == label_2.tolist()
    assert_allclose(rows, rows_2, rtol=1e-3, atol=1e-3)  # m, s: of float32 cells


def independent(one: Steered, ways: Ways, ground: Ground) -> tuple[FloatArray, FloatArray]:
    """Chances by label of one level target, worked out particle by particle with NumPy."""
    draw, step = ways.draw.astype(float), ways.step_s
    steps = ways.way.shape[2] - 1
    start = np.concatenate([one.pos_m[0], one.vel_mps[0]]) + draw[:, :4] @ np.sqrt(
        one.cov[0]
    )  # its square root by elements: it is diagonal
    down, reached = np.zeros((2, ground.labels + 1))
    for i in range(len(draw)):
        speed, course = np.hypot(*start[i, 2:]), np.arctan2(start[i, 2], start[i, 3])
        hold = min(int(draw[i, 5] / step + 0.5), steps)
        bend = (one.turn_radps[0, 0] + one.turn_radps[0, 1] * draw[i, 4]) * step
        courses = course + bend * np.arange(hold + 1)
        middle = courses[:-1] + bend / 2
        chord = np.stack([np.sin(middle), np.cos(middle)], 1) * speed * step
        held = np.concatenate([[start[i, :2]], start[i, :2] + np.cumsum(chord, axis=0)])
        ahead = np.array([np.sin(courses[-1]), np.cos(courses[-1])])
        right = np.array([ahead[1], -ahead[0]])
        along, across, to_a, to_b, rise = ways.way[i, :5, 1 : steps - hold + 1].astype(
            float
        )
        later = held[-1] + speed * (np.outer(along, ahead) + np.outer(across, right))
        place = np.concatenate([held, later])
        facing = np.concatenate(
            [
                np.stack([np.sin(courses), np.cos(courses)], 1),
                np.outer(to_a, ahead) + np.outer(to_b, right),
            ]
        )
        height = one.above_m[0] + np.concatenate([np.zeros(hold + 1), rise])
        eager = _eager(one, ways, i, hold, bend)
        reach = np.clip(AHEAD_PER_HEIGHT * height, 300.0, 2000.0)
        reach *= max(1 + REACH_SPREAD * draw[i, 6], 0.1)
        aside_c, aside_s = np.cos(draw[i, 8]), np.sin(draw[i, 8])
        rightward = np.stack([facing[:, 1], -facing[:, 0]], axis=1)
        dive = aside_c * facing + aside_s * rightward
        spot = place + draw[i, 7] * step * speed * facing + reach[:, None] * dive
        cell = [_label(ground, points) for points in (place, spot)]
        hazard = _label(ground, spot, ground.hazard)
        seen, flying = set(), 1.0 / len(draw)
        for k in range(steps + 1):
            if cell[0][k] not in seen:
                seen.add(cell[0][k])
                reached[int(cell[0][k])] += flying
            if k < steps:
                p = flying * (1 - np.exp(-hazard[k] * eager[k] * step))
                flying -= p
                down[int(cell[1][k])] += p
                reached[int(cell[1][k])] += p * (cell[1][k] not in seen)
    return down[:-1], reached[:-1]


def _eager(one: Steered, ways: Ways, i: int, hold: int, bend: float) -> FloatArray:
    """Hazard over its mean at each step of way i, by how long ago it turned."""
    clock = ways.step_s * np.arange(ways.way.shape[2])
    since = one.run_s[0] + clock
    if abs(bend) * hold > 0.15:
        since = np.maximum(clock - ways.step_s * hold, 0.0)
    own = ways.way[i, 5, : len(clock) - hold].astype(float)
    since[hold:] = np.where(own >= 0.0, own, since[hold:])
    return ways.eager.astype(float)[np.minimum(since // RUN_S, RUNS - 1).astype(int)]


def _label(
    ground: Ground, place: FloatArray, raster: FloatArray | None = None
) -> FloatArray:
    raster = ground.label if raster is None else raster
    row_limit, column_limit = np.array(raster.shape) - 1
    cell = np.floor((place - ground.corner_m) / ground.cell_m).astype(int) + 1
    return raster[np.clip(cell[:, 1], 0, row_limit), np.clip(cell[:, 0], 0, column_limit)]


@pytest.mark.parametrize(("course", "run_s"), [(0.3, LONG_S), (2.0, 0.0), (-1.2, 70.0)])
def test_kernel_agrees_with_an_independent_reckoning(course: float, run_s: float) -> None:
    rng = np.random.default_rng(4)
    hazard = rng.uniform(0, 0.01, (20, 20)).astype(np.float32)
    label = rng.integers(-1, 50, (20, 20)).astype(np.int32)
    ground = make_ground(label, hazard, (-30e3, -30e3), 3000.0, 1e-3)
    one, ways = steered(course, 47.0, run_s=run_s), draw_ways(DRONE, 200, 600.0)
    got = chances(carry(one, ways, ground), 1, ground.labels)
    want = independent(one, ways, ground)
    # one particle may fall on the other side of an edge, in float32
    assert_allclose(got[0][0], want[0], atol=2e-3)
    assert_allclose(got[1][0], want[1], atol=6e-3)


def test_a_dive_takes_as_long_as_its_path_is() -> None:
    """Each by itself: the seconds to a place hang little on how steeply it is dived at."""
    one = replace(steered(), turning=np.zeros(1), cov=np.zeros((1, 4, 4)))
    # all dive at once
    got = carry(one, WAYS, even(200_000.0, side=1, rate=100.0))
    draw = WAYS.draw.astype(float)
    far = AHEAD_PER_HEIGHT * 800.0 * np.maximum(1 + REACH_SPREAD * draw[:, 6], 0.1)
    seconds = draw[:, 7] * WAYS.step_s + np.hypot(far, 800.0) / (HASTE * 50.0)
    assert_allclose(got.time_s[0], seconds.mean(), rtol=0.01)
    off = 0.3 + draw[:, 8]  # steered to 0.3 rad, and aside into the dive
    begun = 50.0 * draw[:, 7] * WAYS.step_s
    east, north = begun * np.sin(0.3) + far * np.sin(off), begun * np.cos(0.3)
    plane = np.column_stack([np.ones(len(far)), east, north + far * np.cos(off)])
    left_s = seconds - plane @ np.linalg.lstsq(plane, seconds)[0]
    assert_allclose(got.sigma_time_s[0], np.sqrt(left_s.var() + 1.0), rtol=0.02)


def test_what_dives_comes_down_where_it_points() -> None:
    one = replace(steered(0.5, 60.0, 0.5, 20.0), turn_radps=np.zeros((1, 2)))
    got = carry(one, WAYS, even(1000.0))
    assert total_down(got) > 0.999
    mean = (got.down[:, None] * got.place_m).sum(axis=0) / got.down.sum()
    aim = one.pos_m[0] + 800.0 * np.sqrt(3) * np.array([np.sin(0.5), np.cos(0.5)])
    assert np.hypot(*(mean - aim)) < 60.0  # m, of a dive 1,386 m long
    when = (got.down * got.time_s).sum() / got.down.sum()
    assert abs(when - 800.0 * np.sqrt(3) / 60.0) < 2.0  # s


def test_time_of_coming_down_grows_along_the_way() -> None:
    got = carry(steered(0.0), draw_ways(DRONE, 2000, 180.0), even(5000.0, 20))
    i = int(np.argmax(got.down))
    # northwards at 50 m/s: 0.02 s for every metre
    assert 0.012 < got.slope_spm[i, 1] < 0.022
    assert (got.sigma_time_s[got.down > 0] > 0).all()


def test_fast_target_leaves_no_gap_between_cells_it_crosses() -> None:
    one = replace(
        steered(0.0, 250.0, 0.0, 1.0),
        cov=np.diag([1.0, 1.0, 1e-4, 1e-4])[None],
        turn_radps=np.zeros((1, 2)),
    )
    side = 40
    ground = even(1000.0, side, 0.0)
    reached = chances(carry(one, draw_ways(DRONE, 50, 60.0), ground), 1, ground.labels)[1]
    column = reached.reshape(side, side)[:, side // 2]
    assert (column[side // 2 : side // 2 + 10] > 0.5).all()


def test_intent_draws_to_people_and_keeps_the_mean() -> None:
    grid = Grid(np.radians(50.0), np.radians(30.0), 5000.0, 20, 30)
    town = np.radians([[50.05, 30.1]])
    hazard = draw_raster(grid, town, np.array([1e5]), RATE)
    cell, inside = grid.cells(town)
    assert inside.all()
    assert hazard.reshape(-1).argmax() == cell[0]
    ground = make_ground(np.zeros_like(hazard, np.int32), hazard, grid.corner_m, 5e3, 1.0)
    far = np.radians([[60.0, 30.0]])
    found = hazards_at(grid, ground, np.concatenate([town, far]))
    assert_allclose(found, [hazard.max(), 1.0], rtol=1e-6)
    assert_allclose(hazard.mean(), RATE, rtol=1e-5)
    assert_allclose(draw_raster(grid, town, np.array([1e5]), RATE, 0.0), RATE, rtol=1e-6)
    assert_allclose(draw_raster(grid, np.zeros((0, 2)), np.zeros(0), RATE), RATE, rtol=1e-6)


def test_grid_finds_back_to_where_it_was() -> None:
    grid = Grid(np.radians(50.0), np.radians(30.0), 5000.0, 20, 30)
    places = np.radians([[50.2, 29.5], [49.9, 30.4]])
    assert_allclose(grid.geographic(grid.flat(places)), places, atol=1e-12)  # 6 um
    outside = grid.cells(np.radians([[60.0, 30.0], [50.0, -20.0]]))[1]
    assert not outside.any()


def test_tracks_go_to_the_plane_and_their_futures_come_back() -> None:
    grid = Grid(np.radians(50.0), np.radians(30.0), 5000.0, 80, 80)
    lat, lon = np.radians(51.2), np.radians(31.0)
    turn = enu_from_ecef(lat, lon)
    vel = np.array([30.0, 40.0, -5.0])
    mean = np.array([[*ecef_from_geographic(lat, lon, 900.0), *(vel @ turn), 8.0]])
    cov = np.diag([1e4] * 3 + [9.0] * 3 + [0.1])[None]
    got = steered_tracks(mean, cov, np.zeros((1, 3)), np.zeros(1), 100.0, grid)
    scale = scale_at(grid, np.array([lat]))
    assert_allclose(got.vel_mps, vel[:2] * scale, rtol=1e-9)
    assert_allclose(got.above_m, 800.0, atol=1e-3)  # m
    assert_allclose(got.sink, 5.0 / np.linalg.norm(vel), rtol=1e-9)
    want = np.diag([*1e4 * scale[0] ** 2, *9 * scale[0] ** 2])
    assert_allclose(got.cov[0], want, atol=1e-9)
    label = np.arange(6400, dtype=np.int32).reshape(80, 80)
    hazard = np.full((80, 80), RATE, np.float32)
    ground = make_ground(label, hazard, grid.corner_m, 5000.0, RATE)
    ways = WAYS.diving(np.ones(RUNS), 0.5)
    owner, rows = arrival_futures(carry(got, ways, ground), grid, np.array([1000.0]))
    assert (owner == 0).all()
    first = rows[rows[:, 6].argmin()]
    assert 1000.0 < first[6] < 1120.0
    per_lat, per_lon = metres_per_radian(lat)
    away = np.hypot((first[1] - lat) * per_lat, (first[2] - lon) * per_lon)
    assert away < 6000.0  # the first cell
    assert np.isfinite(rows).all()
    assert 1 - np.exp(-600 * RATE) - 0.01 < rows[:, 0].sum() < 1.0


@pytest.mark.slow
def test_drones_of_another_turn_model_arrive_as_often_as_forecast() -> None:
    ways = draw_ways(DRONE)
    for model in (MODELS[0], MODELS[1], MODELS[7]):
        expected, observed = calibration(model, 1000, 20e3, ways, 77)
        assert (expected >= 30).sum() >= 4
        assert worst(expected, observed) < 1.5


def test_both_classes_have_their_ways() -> None:
    for kind in HABITS:
        ways = draw_ways(kind, 100, 120.0)
        length = np.hypot(ways.way[:, 0, -1], ways.way[:, 1, -1])
        assert (length < 1.4 * ways.horizon_s).all()
        assert_allclose(np.hypot(ways.way[:, 2], ways.way[:, 3]), 1.0, atol=1e-5)
    assert CRUISE_MISSILE in HABITS


def test_nonsense_is_refused() -> None:
    label, hazard = np.zeros((2, 3), np.int32), np.zeros((2, 3), np.float32)
    with pytest.raises(ModelError, match="no habits"):
        draw_ways(ROCKET)
    with pytest.raises(ModelError, match="none drawn"):
        draw_ways(DRONE, 0)
    with pytest.raises(ModelError, match="no number"):
        replace(steered(), sink=np.array([np.nan]))
    with pytest.raises(ModelError, match="labels"):
        make_ground(label, hazard[:1], (0.0, 0.0), 100.0, 0.0)
    with pytest.raises(ModelError, match="negative"):
        make_ground(label, hazard - 1, (0.0, 0.0), 100.0, 0.0)
    with pytest.raises(ModelError, match="label -2"):
        make_ground(label - 2, hazard, (0.0, 0.0), 100.0, 0.0)
    with pytest.raises(ModelError, match="strength"):
        draw_raster(Grid(0.9, 0.5, 5e3, 2, 2), np.zeros((0, 2)), np.zeros(0), RATE, 2.0)
    with pytest.raises(ModelError, match="cells of 0"):
        Grid(0.9, 0.5, 0.0, 2, 2)


def test_country_of_the_figures_has_400_districts() -> None:
    assert open_country(20e3).labels == 400
