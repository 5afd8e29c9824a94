import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from forewarn.atmosphere import standard_air, with_profile
from forewarn.bench.flying import FAMILIES
from forewarn.dynamics import (
    drag_acceleration,
    drag_table,
    falling_acceleration,
    gravity_acceleration,
    height_of,
)
from forewarn.flight import Ground, fall, follow_path, level_ground
from forewarn.flight.ground import ground_at, ground_grid, hermite, root_of
from forewarn.flight.steps import KINKS_M, STEP_S, step_of
from forewarn.geodesy import (
    WGS84,
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_from_ecef,
    metres_per_radian,
)
from forewarn.threats import SHAPES, Shape

AIR = with_profile(
    standard_air(), np.array([0.0, 10e3]), np.array([[5.0, 2.0], [20.0, 10.0]])
)
DRAG = drag_table()
SEA = level_ground(0.0)
SPREAD = np.array([30.0, 30.0, 30.0, 5.0, 5.0, 5.0])


def start(height_m: float, vel_enu_mps: tuple[float, float, float]) -> FloatArray:
    pos = ecef_from_geographic(np.radians(56.0), np.radians(9.0), height_m)
    vel = np.array(vel_enu_mps) @ enu_from_ecef(np.radians(56.0), np.radians(9.0))
    return np.array([*pos, *vel])


def test_a_fall_through_the_ground_is_found_to_the_last_digit() -> None:
    """Found once it is kept, and not given up for the middle of what is left."""
    rng = np.random.default_rng(5)
    for _ in range(20_000):
        height_m, climb_mps, dt = (
            rng.uniform(1, 1000),
            -rng.uniform(50, 350),
            rng.uniform(3, 4),
        )
        faster_mps = climb_mps - rng.uniform(0, 30)
        lower_m = height_m + dt * (climb_mps + faster_mps) / 2
        if lower_m <= 0.0:
            cubic = height_m, lower_m, dt * climb_mps, dt * faster_mps
            assert abs(hermite(*cubic, root_of(*cubic))) < 1e-9


def truth(state: FloatArray, ln_beta: float) -> tuple[float, FloatArray]:
    """The same forces through an independent integrator at a tight tolerance."""

    def slope(_: float, s: FloatArray) -> list[float]:
        return [*s[3:], *falling_acceleration(*s, ln_beta, AIR, DRAG)]

    def ground(_: float, s: FloatArray) -> float:
        return float(height_of(*s[:3]))

    ground.terminal = True  # type: ignore[attr-defined]
    ground.direction = -1  # type: ignore[attr-defined]
    answer = solve_ivp(
        slope, (0, 3000), state, method="DOP853", rtol=1e-10, atol=1e-6, events=ground
    )
    return answer.t_events[0][0], answer.y_events[0][0][:3]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: str(shape.name))
def test_one_rule_of_steps_serves_all_families(family: str, shape: Shape) -> None:
    height_m, vel_mps, beta = FAMILIES[family]
    drag = drag_table(shape.drag)
    rng = np.random.default_rng(7)
    state = start(height_m, vel_mps) + rng.standard_normal((24, 6)) * SPREAD
    ln_beta = np.log(beta) + 0.1 * rng.standard_normal(24)
    gust = 3.0 * rng.standard_normal((24, 2))
    landed = fall(state, ln_beta, gust, SEA, AIR, drag)
    for k in range(24):
        body = (state[k], np.exp(-ln_beta[k]), gust[k], np.zeros(0), SEA, AIR, drag, WGS84)
        _, fine = follow_path(*body, 0.01)
        assert np.linalg.norm(landed[k, 1:4] - fine[1:4]) < 0.5
        assert abs(landed[k, 0] - fine[0]) < 0.002
        # and side by side it is what it is alone
        _, alone = follow_path(*body, STEP_S)
        assert_allclose(landed[k], alone, atol=0.01)


def test_a_step_ends_where_the_air_begins_to_warm_or_cool_otherwise() -> None:
    for kink_m in KINKS_M:
        assert_allclose(step_of(0.0, kink_m + 900.0, -1500.0), 0.6)
        assert_allclose(step_of(0.0, kink_m - 900.0, 1500.0), 0.6)
        # one that is all but there is not worth a step of its own
        assert step_of(0.0, kink_m + 9.0, -1500.0) == STEP_S
        assert step_of(0.0, kink_m - 9.0, -1500.0) == STEP_S


def test_the_fastest_come_down_to_the_millisecond() -> None:
    # a single step over the tropopause made it two
    height_m, vel_mps, beta = FAMILIES["300 km class"]
    state = start(height_m, vel_mps)
    for shape in SHAPES:
        drag = drag_table(shape.drag)
        landed = fall(
            state[None], np.array([np.log(beta)]), np.zeros((1, 2)), SEA, AIR, drag
        )
        body = (state, 1 / beta, np.zeros(2), np.zeros(0), SEA, AIR, drag, WGS84, 0.01)
        assert abs(landed[0, 0] - follow_path(*body)[1][0]) < 0.001


@pytest.mark.parametrize("family", FAMILIES)
def test_bodies_land_where_an_independent_integrator_says(family: str) -> None:
    height_m, vel_mps, beta = FAMILIES[family]
    state = start(height_m, vel_mps)
    landed = fall(state[None], np.array([np.log(beta)]), np.zeros((1, 2)), SEA, AIR, DRAG)
    seconds, place = truth(state, float(np.log(beta)))
    assert abs(landed[0, 0] - seconds) < 0.002
    assert np.linalg.norm(landed[0, 1:4] - place) < 0.5


def test_a_flight_does_not_depend_on_who_flies_beside_it() -> None:
    rng = np.random.default_rng(8)
    state = np.concatenate(
        [
            start(h, v) + rng.standard_normal((40, 6)) * SPREAD
            for h, v, _ in FAMILIES.values()
        ]
    )
    ln_beta = rng.uniform(4.0, 9.0, len(state))
    gust = rng.standard_normal((len(state), 2))
    order = rng.permutation(len(state))
    one = fall(state, ln_beta, gust, SEA, AIR, DRAG)
    other = fall(state[order], ln_beta[order], gust[order], SEA, AIR, DRAG)
    np.testing.assert_array_equal(one[order], other)


def test_plain_python_flies_as_the_compiled_kernel_does() -> None:
    state = start(800.0, (90.0, 0.0, -9.0))
    body = (state, 1 / 500.0, np.ones(2), np.array([1.0, 2.5]), SEA, AIR, DRAG, WGS84, 2.0)
    for one, other in zip(
        follow_path(*body),
        follow_path.py_func(*body),
        strict=True,  # type: ignore[attr-defined]
    ):
        assert_allclose(one, other, atol=1e-6)


def hill() -> Ground:
    """A ridge of 600 m along a meridian, 3 km wide at its foot, 10 km to the east."""
    east = np.linspace(0.0, 20e3, 201)
    height = np.interp(east, [8.5e3, 10e3, 11.5e3], [0.0, 600.0, 0.0])
    _, per_lon = metres_per_radian(np.radians(56.0))
    return ground_grid(
        np.tile(height, (3, 1)),
        (np.radians(55.9), np.radians(56.1)),
        (np.radians(9.0), np.radians(9.0) + 20e3 / per_lon),
    )


def test_a_body_ends_on_the_hill_in_its_way() -> None:
    state = np.stack([start(950.0, (speed, 0.0, 0.0)) for speed in (500.0, 950.0)])
    flat = fall(state, np.full(2, 9.0), np.zeros((2, 2)), SEA, AIR, DRAG)
    ridge = hill()
    landed = fall(state, np.full(2, 9.0), np.zeros((2, 2)), ridge, AIR, DRAG)
    spots = [geographic_from_ecef(*place) for place in landed[:, 1:4]]
    for place, (_, _, height) in zip(landed[:, 1:4], spots, strict=True):
        assert abs(height - ground_at(ridge, WGS84.oblate, *place)) < 0.5
    assert landed[1, 0] < flat[1, 0] - 1.0  # in its way: hit sooner
    assert spots[1][2] > 200.0
    body = (state[1], np.exp(-9.0), np.zeros(2), np.zeros(0), ridge, AIR, DRAG, WGS84, 0.01)
    assert_allclose(landed[1], follow_path(*body)[1], atol=0.5)


def test_gravity_on_the_ground_is_that_of_wgs_84() -> None:
    for lat_deg, normal in (
        (0.0, 9.7803253359),
        (45.0, 9.8061977694),
        (90.0, 9.8321849379),
    ):
        pos = ecef_from_geographic(np.radians(lat_deg), 0.3, 0.0)
        pull = np.linalg.norm(gravity_acceleration(*pos, 0.0, 0.0, 0.0))
        assert_allclose(pull, normal, atol=1.5e-4)  # J4, left out, is worth 1.2e-4


def test_a_body_moving_with_the_wind_feels_no_drag() -> None:
    s = start(5000.0, (12.5, 6.0, 0.0))
    assert np.linalg.norm(drag_acceleration(*s, 5.0, 0.0, 0.0, AIR, DRAG)) < 1e-4
    assert np.linalg.norm(drag_acceleration(*s, 5.0, 10.0, 0.0, AIR, DRAG)) > 1e-2


@settings(max_examples=30, deadline=None)
@given(
    st.floats(50.0, 20e3), st.floats(0.0, 900.0), st.floats(-300.0, 600.0), st.floats(4, 10)
)
def test_every_body_comes_down_on_the_ground(
    height_m: float, east: float, up: float, ln_beta: float
) -> None:
    state = start(height_m, (east, 0.0, up))
    landed = fall(
        state[None], np.array([ln_beta]), np.zeros((1, 2)), level_ground(100.0), AIR, DRAG
    )[0]
    if height_of(*state[:3]) > 100.0:  # a millimetre off what it was started at
        assert landed[0] > 0.0
        assert abs(height_of(*landed[1:4]) - 100.0) < 0.5
    else:
        assert landed[0] == 0.0  # already down: where it is, never backwards


def test_what_never_comes_down_has_no_answer() -> None:
    escape = start(300e3, (12e3, 0.0, 0.0))
    landed = fall(escape[None], np.array([9.0]), np.zeros((1, 2)), SEA, AIR, DRAG)
    assert np.isnan(landed).all()
