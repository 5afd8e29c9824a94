"""The parts of a track: motion, what a sensor sees, whose plot is whose."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from forewarn.association import share_out
from forewarn.geodesy import FloatArray, ecef_from_geographic
from forewarn.motion import (
    ALL,
    BASE,
    COUNT,
    KIND,
    SEVENTH,
    SLEEPS,
    WIDEST,
    add_noise,
    boost_step,
    drift,
    fall_matrix,
    fall_step,
    grow,
    mix,
    motion_room,
    predict,
    switch_probability,
    turn_step,
)
from forewarn.records import BOOSTING, FALLING, MODES, STRAIGHT, TURNING
from forewarn.sensor import (
    log_density,
    measure,
    place_distance2,
    rate_noise2,
    sensor_room,
    take_place,
    update,
)
from forewarn.threats import SHAPES
from forewarn.track.births import FAST_MODES, SLOW_MODES, STEEP_MODES
from forewarn.track.listening import MODES_HEARD
from forewarn.track.waking import SHAPE_SHARE
from tracking import AIR, DRAG, LAT, LON, TURN, state

UP = TURN[2]


def whole(move: FloatArray, dt_s: float) -> FloatArray:
    """(7, 7) of a step of which the rows of velocity are known."""
    out = np.eye(7)
    out[3:6] = move
    out[:3, 3:6] += 0.5 * dt_s * np.eye(3)
    out[:3] += 0.5 * dt_s * move
    return out


def test_two_short_noises_and_moves_are_one_long() -> None:
    move = np.eye(7)
    for i in range(3):
        move[i, 3 + i] = 1.0
    one, two = np.zeros((7, 7)), np.zeros((7, 7))
    add_noise(one, 2.0, 5.0, 0.01)
    add_noise(two, 1.0, 5.0, 0.01)
    two = move @ two @ move.T
    add_noise(two, 1.0, 5.0, 0.01)
    np.testing.assert_allclose(one, two, atol=1e-9)


@pytest.mark.parametrize("speed", [60.0, 500.0, 1500.0])
def test_the_matrix_of_a_fall_is_its_slope(speed: float) -> None:
    s = state((10e3, 5e3, 4e3), (speed, 0.0, 100.0))
    slope, move, spare = np.empty((3, 5)), np.empty((3, 7)), np.empty((3, 5))
    fall_step(s.copy(), 0.5, AIR, DRAG[0], slope)
    fall_matrix(slope, s[:3] / np.linalg.norm(s[:3]), 0.5, move)
    matrix = whole(move, 0.5)
    numeric = np.empty((7, 7))
    for j in range(7):
        h = 1.0 if j < 6 else 1e-3
        up, down = s.copy(), s.copy()
        up[j] += h
        down[j] -= h
        fall_step(up, 0.5, AIR, DRAG[0], spare)
        fall_step(down, 0.5, AIR, DRAG[0], spare)
        numeric[:, j] = (up - down) / (2 * h)
    np.testing.assert_allclose(matrix, numeric, atol=0.02 * max(speed, 100.0))
    # the drag curve's own slope over Mach is left out
    np.testing.assert_allclose(matrix[:6, :6], numeric[:6, :6], atol=0.03)


@pytest.mark.parametrize("ln_beta", [3.0, 4.0, 6.0])
@pytest.mark.parametrize("dt_s", [0.2, 1.0])
def test_what_the_air_stops_is_stopped_not_thrown_back(ln_beta: float, dt_s: float) -> None:
    s = state((10e3, 5e3, 1e3), (1500.0, 0.0, 0.0))
    s[6] = ln_beta
    before, move, slope = s.copy(), np.empty((3, 7)), np.empty((3, 5))
    fall_step(s, dt_s, AIR, DRAG[0], slope)
    fall_matrix(slope, UP, dt_s, move)
    kept = s[3:6] @ before[3:6] / (before[3:6] @ before[3:6])
    assert 0.0 < kept < 1.0
    # nor does doubt of its velocity grow of it
    assert np.abs(np.linalg.eigvals(move[:, 3:6])).max() <= 1.0


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.1, 2.0))
def test_covariances_grow_as_matrices_say(seed: int, dt_s: float) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(7, 7))
    cov = half @ half.T
    move = np.eye(7)
    for i in range(3):
        move[i, 3 + i] = dt_s
    drifted = cov.copy()
    drift(drifted, dt_s)
    np.testing.assert_allclose(drifted, move @ cov @ move.T, atol=1e-9)
    rows = move[3:6] + 0.1 * rng.normal(size=(3, 7))
    move = whole(rows, dt_s)
    grown = cov.copy()
    grow(grown, rows, dt_s, motion_room())
    np.testing.assert_allclose(grown, move @ cov @ move.T, atol=1e-9)


def _turned(s: FloatArray, matrix: FloatArray) -> None:
    turn_step(s, 0.8, UP, matrix)


def _boosted(s: FloatArray, matrix: FloatArray) -> None:
    boost_step(s, 0.8, matrix)


@pytest.mark.parametrize(("step", "seventh"), [(_turned, 0.2), (_boosted, 150.0)])
def test_the_matrix_of_a_turn_and_of_a_boost_is_its_slope(
    step: Callable[[FloatArray, FloatArray], None], seventh: float
) -> None:
    s = state((10e3, 5e3, 4e3), (200.0, 80.0, 30.0))
    s[6] = seventh
    move, spare, numeric = np.empty((3, 7)), np.empty((3, 7)), np.empty((7, 7))
    step(s.copy(), move)
    matrix = whole(move, 0.8)[:6]
    for j in range(7):
        h = 1.0 if j < 6 else 1e-3 * seventh
        up, down = s.copy(), s.copy()
        up[j] += h
        down[j] -= h
        step(up, spare)
        step(down, spare)
        numeric[:, j] = (up - down) / (2 * h)
    # the slope of gravity over place is left out; by turn rate it is m per rad/s
    np.testing.assert_allclose(matrix[:, :6], numeric[:6, :6], atol=2e-3)
    np.testing.assert_allclose(matrix[:, 6], numeric[:6, 6], rtol=0.02, atol=0.5)


def test_a_turn_goes_round_clockwise_and_keeps_its_speed() -> None:
    s, matrix = state((0.0, 0.0, 2e3), (0.0, 60.0, 0.0)), np.empty((3, 7))
    s[6] = np.pi / 20.0
    first = s.copy()
    for quarter in range(1, 5):
        for _ in range(10):
            turn_step(s, 1.0, UP, matrix)
        assert np.linalg.norm(s[3:6]) == pytest.approx(60.0, rel=1e-9)
        if quarter == 1:  # from north to east
            np.testing.assert_allclose(TURN @ s[3:6], (60.0, 0.0, 0.0), atol=0.1)
    np.testing.assert_allclose(s[:6], first[:6], atol=0.5)


def test_the_library_and_all_tables_of_modes_agree() -> None:
    assert len(MODES) == COUNT == len(SEVENTH) == len(KIND)
    assert MODES[FALLING:STRAIGHT] == tuple(f"falling, {shape.name}" for shape in SHAPES)
    assert len(DRAG) == len(SHAPES) == len(SHAPE_SHARE)
    assert SHAPE_SHARE.sum() == pytest.approx(1.0)
    for start in (FAST_MODES, SLOW_MODES, STEEP_MODES, MODES_HEARD):
        assert len(start) == COUNT
        assert start.sum() == pytest.approx(1.0)


def three_awake() -> tuple[FloatArray, FloatArray, FloatArray]:
    mean = np.tile(state((1e4, 0, 3e3), (100, 0, 0)), (COUNT, 1))
    mean[:, 6] = SEVENTH[:, 0]
    weight = np.zeros(COUNT)
    weight[[FALLING, STRAIGHT, TURNING]] = 0.5, 0.3, 0.2
    return mean, np.tile(np.eye(7), (COUNT, 1, 1)), weight


def test_a_step_back_in_time_is_refused() -> None:
    mean, cov, weight = three_awake()
    before = mean.copy(), cov.copy()
    predict(mean, cov, weight, -1.0, ALL, AIR, DRAG, motion_room())
    np.testing.assert_array_equal(mean, before[0])
    np.testing.assert_array_equal(cov, before[1])


@pytest.mark.parametrize(
    ("wake", "woken"),
    [
        (SLEEPS, []),
        (WIDEST, [BOOSTING]),
        (BASE, [BOOSTING]),
        (ALL, [BOOSTING, FALLING + 1, FALLING + 2]),
    ],
)
def test_modes_sleep_until_they_are_woken(wake: int, woken: list[int]) -> None:
    mean, cov, weight = three_awake()
    awake = [FALLING, STRAIGHT, TURNING, *woken]
    asleep = [mode for mode in range(COUNT) if mode not in awake]
    mean[asleep] = np.nan  # whatever they held is never looked at
    mean[woken] = np.nan
    predict(mean, cov, weight, 0.5, wake, AIR, DRAG, motion_room())
    assert (weight[awake] > 0.0).all()
    assert (weight[asleep] == 0.0).all()
    assert weight.sum() == pytest.approx(1.0)
    assert np.isfinite(mean[awake]).all()
    for mode in woken:
        assert mean[mode, 6] == pytest.approx(SEVENTH[mode, 0], abs=SEVENTH[mode, 2])
        assert cov[mode, 3, 3] > cov[STRAIGHT, 3, 3]


def high_and_low(height_m: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    mean, cov, weight = three_awake()
    mean[:, :6] = state((1e4, 0, height_m), (1500, 0, 300))[:6]
    weight[[STRAIGHT, TURNING]] = 0.0
    weight[FALLING] = 1.0
    return mean, cov, weight


def test_above_the_air_nothing_pushes_what_falls() -> None:
    grown = []
    for height_m in (10e3, 90e3):
        mean, cov, weight = high_and_low(height_m)
        for _ in range(60):
            predict(mean, cov, weight, 1.0, SLEEPS, AIR, DRAG, motion_room())
        grown.append(np.trace(cov[FALLING, 3:6, 3:6]) - 3.0)
    assert grown[1] < 0.1 * grown[0]


def test_above_the_air_what_surprises_is_hardly_a_motor() -> None:
    """Lower, it may be a body that breaks up, which so wide a mode follows best."""
    share = []
    for height_m in (10e3, 90e3):
        mean, cov, weight = high_and_low(height_m)
        predict(mean, cov, weight, 1.0, ALL, AIR, DRAG, motion_room())
        share.append(weight[BOOSTING])
    assert share[1] < 0.2 * share[0]


@given(st.floats(0.0, 60.0))
def test_mode_switches_are_probabilities(dt_s: float) -> None:
    change = np.empty((COUNT, COUNT))
    switch_probability(dt_s, change)
    assert (change >= 0).all()
    np.testing.assert_allclose(change.sum(axis=1), 1.0)


@settings(max_examples=40)
@given(st.floats(-3, 3), st.floats(0.05, 1.2), st.floats(3e3, 9e4), st.floats(-500, 500))
def test_slopes_of_a_measurement_are_its_differences(
    azimuth: float, elevation: float, reach: float, rate: float
) -> None:
    flat = reach * np.cos(elevation)
    s = state(
        (flat * np.sin(azimuth), flat * np.cos(azimuth), reach * np.sin(elevation)),
        (rate, 200.0, -100.0),
    )
    origin = np.array(ecef_from_geographic(LAT, LON, 0.0))
    h, slope = np.empty(4), np.empty((4, 7))
    assert measure(s, origin, TURN, 0.0, h, slope)
    np.testing.assert_allclose(h[:3], (reach, azimuth, elevation), rtol=1e-6, atol=1e-9)
    for j in range(6):
        ahead, behind, spare = np.empty(4), np.empty(4), np.empty((4, 7))
        up, down = s.copy(), s.copy()
        up[j] += 0.5
        down[j] -= 0.5
        measure(up, origin, TURN, 0.0, ahead, spare)
        measure(down, origin, TURN, 0.0, behind, spare)
        np.testing.assert_allclose(slope[:, j], ahead - behind, rtol=1e-4, atol=1e-6)


def test_what_is_heard_comes_from_where_it_was() -> None:
    sound_mps, origin = 340.0, np.array(ecef_from_geographic(LAT, LON, 0.0))
    s = state((2e3, 1.5e3, 400.0), (-45.0, 20.0, 2.0))
    h, slope = np.empty(4), np.empty((4, 7))
    assert measure(s, origin, TURN, sound_mps, h, slope)
    late_s = 0.0
    for _ in range(50):  # the delay, by going round until it fits
        then = s[:3] - late_s * s[3:6]
        late_s = float(np.linalg.norm(then - origin)) / sound_mps
    east, north, up = TURN @ (then - origin)
    np.testing.assert_allclose(
        h[:2], (late_s * sound_mps, np.arctan2(east, north)), rtol=1e-9
    )
    assert h[2] == pytest.approx(np.arctan2(up, np.hypot(east, north)))
    for j in range(6):
        ahead, behind, spare = np.empty(4), np.empty(4), np.empty((4, 7))
        up_s, down_s = s.copy(), s.copy()
        up_s[j] += 0.1
        down_s[j] -= 0.1
        measure(up_s, origin, TURN, sound_mps, ahead, spare)
        measure(down_s, origin, TURN, sound_mps, behind, spare)
        np.testing.assert_allclose(
            slope[:3, j], (ahead - behind)[:3] / 0.2, rtol=1e-3, atol=1e-7
        )
    faster = state((2e3, 1.5e3, 400.0), (500.0, 0.0, 0.0))
    assert not measure(faster, origin, TURN, sound_mps, h, slope)


def test_an_update_one_by_one_is_the_joint_one_and_skips_what_is_missing() -> None:
    s = state((20e3, 10e3, 5e3), (300.0, 0.0, 50.0))
    cov = np.diag([200.0, 150, 100, 30, 20, 10, 0.5]) ** 2
    origin = np.array(ecef_from_geographic(LAT, LON, 0.0))
    sigma = np.array([15.0, 1e-3, 1e-3, 5.0])
    h, slope = np.empty(4), np.empty((4, 7))
    measure(s, origin, TURN, 0.0, h, slope)
    z = h + np.array([30.0, 2e-3, -1e-3, 8.0])
    spread = slope @ cov @ slope.T + np.diag(sigma**2)
    gain = cov @ slope.T @ np.linalg.inv(spread)
    got, got_cov = s.copy(), cov.copy()
    log_l = update(got, got_cov, z, sigma, origin, TURN, 0.0)
    np.testing.assert_allclose(got, s + gain @ (z - h), rtol=1e-9)
    np.testing.assert_allclose(got_cov, cov - gain @ slope @ cov, atol=1e-4)
    sign, log_det = np.linalg.slogdet(2 * np.pi * spread)
    expected = -0.5 * ((z - h) @ np.linalg.solve(spread, z - h) + log_det)
    assert sign > 0
    assert log_l == pytest.approx(expected)
    z[3] = np.nan
    less = s.copy()
    assert update(less, cov.copy(), z, sigma, origin, TURN, 0.0) != log_l
    assert np.isfinite(less).all()


@pytest.mark.parametrize("with_rate", [False, True])
def test_an_update_by_a_place_is_the_joint_one(with_rate: bool) -> None:
    rng = np.random.default_rng(4)
    s = state((8e3, 20e3, 4e3), (200.0, -400.0, 100.0))
    half = rng.normal(size=(7, 7)) * np.array([40.0] * 3 + [30.0] * 3 + [0.3])[:, None]
    cov = half @ half.T
    noise = np.diag([30.0, 50.0, 20.0]) ** 2
    line = TURN.T @ np.array([0.3, 0.9, np.sqrt(1 - 0.9)])
    sight = np.array([*line, 1.0 / 22e3])
    rate = float(line @ s[3:6]) + 9.0 if with_rate else np.nan
    point = s[:3] + np.array([30.0, -40.0, 25.0])
    room = sensor_room()
    slope = np.zeros((4, 7))
    slope[:3, :3] = np.eye(3)
    slope[3, 3:6] = line
    spread = np.zeros((4, 4))
    spread[:3, :3] = noise
    spread[3, 3] = rate_noise2(s, noise, sight, 5.0)
    rows = 4 if with_rate else 3
    slope, spread = slope[:rows], spread[:rows, :rows]
    away = np.array([*(point - s[:3]), rate - line @ s[3:6]])[:rows]
    total = slope @ cov @ slope.T + spread
    gain = cov @ slope.T @ np.linalg.inv(total)
    d2, det = place_distance2(s, cov, 0.0, point, noise, sight, rate, 5.0)
    log_l = log_density(d2, det, rate)
    assert d2 == pytest.approx(away @ np.linalg.solve(total, away), rel=1e-6)
    expected = -0.5 * (d2 + np.linalg.slogdet(2 * np.pi * total)[1])
    assert log_l == pytest.approx(expected, rel=1e-6)
    got, got_cov = s.copy(), cov.copy()
    take_place(got, got_cov, 0.0, point, noise, sight, rate, 5.0, room)
    # the range rate is held against the speed after the place is taken: a hair's difference
    np.testing.assert_allclose(got, s + gain @ away, rtol=1e-9, atol=0.05)
    np.testing.assert_allclose(got_cov, cov - gain @ slope @ cov, rtol=1e-2, atol=0.5)


def exact_shares(weight: FloatArray) -> FloatArray:
    """(n, m) marginals by going through every joint assignment."""
    n, m = weight.shape
    total, share = 0.0, np.zeros((n, m))
    for choice in product(range(-1, m), repeat=n):
        taken = [j for j in choice if j >= 0]
        if len(set(taken)) < len(taken):
            continue
        value = np.prod([weight[i, j] for i, j in enumerate(choice) if j >= 0])
        total += value
        for i, j in enumerate(choice):
            if j >= 0:
                share[i, j] += value
    return share / total


def shares(weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    n, m = weight.shape
    start = np.arange(0, n * m + 1, m)
    share, missed, free, _ = share_out(start, np.tile(np.arange(m), n), weight.ravel(), m)
    return share.reshape(n, m), missed, free


def test_plots_are_shared_out_nearly_as_every_joint_assignment_says() -> None:
    off = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        weight = np.exp(rng.normal(1.0, 3.0, rng.integers(1, 5, 2)))
        share, missed, free = shares(weight)
        np.testing.assert_allclose(missed, 1 - share.sum(axis=1), atol=1e-6)
        assert (share.sum(axis=0) <= 1 + 0.02).all()
        np.testing.assert_allclose(free, 1 - share.sum(axis=0), atol=0.02)
        exact = exact_shares(weight)
        if min(weight.shape) == 1:
            np.testing.assert_allclose(share, exact, atol=1e-4)
        off.append(np.abs(share - exact).max())
    # where two ways to share are nearly as good, the better one is believed too much
    assert max(off) < 0.25
    assert np.quantile(off, 0.95) < 0.08
    assert np.mean(off) < 0.015


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 10**6))
def test_where_no_doubt_is_left_shares_are_the_best_assignment(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_w = rng.normal(-8.0, 3.0, (n, n))
    log_w[np.arange(n), rng.permutation(n)] += 40.0
    share, _, _ = shares(np.exp(log_w))
    rows, columns = linear_sum_assignment(-log_w)
    np.testing.assert_array_equal(share.argmax(axis=1), columns[np.argsort(rows)])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 3.0))
def test_modes_are_mixed_as_the_textbook_does(seed: int, dt_s: float) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.normal(0.0, 100.0, (COUNT, 7))
    half = rng.normal(size=(COUNT, 7, 7))
    cov = half @ half.transpose(0, 2, 1)
    weight = rng.dirichlet(np.ones(COUNT))
    change = np.empty((COUNT, COUNT))
    switch_probability(dt_s, change)
    share = change * weight[:, None]
    expected = share.sum(axis=0)
    share /= expected
    got, got_cov, got_weight = mean.copy(), cov.copy(), weight.copy()
    mix(got, got_cov, got_weight, dt_s, SLEEPS, motion_room())
    np.testing.assert_allclose(got_weight, expected, rtol=1e-12)
    for to in range(COUNT):
        # what another mode means by its seventh number says nothing of this one's
        other = KIND[to] != KIND
        own, own_cov = mean.copy(), cov.copy()
        own[other, 6] = SEVENTH[to, 0]
        own_cov[other, 6], own_cov[other, :, 6] = 0.0, 0.0
        own_cov[other, 6, 6] = SEVENTH[to, 1]
        mixed = share[:, to] @ own
        away = own - mixed
        spread = own_cov + away[:, :, None] * away[:, None]
        np.testing.assert_allclose(got[to], mixed, rtol=1e-7, atol=1e-6)
        np.testing.assert_allclose(
            got_cov[to], np.einsum("o,oij->ij", share[:, to], spread), rtol=1e-7, atol=1e-4
        )
