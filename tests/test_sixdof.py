"""Flights of another simulator, and how our areas are held against them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.atmosphere import standard_air
from forewarn.bench import sixdof
from forewarn.bench.result import Ask
from forewarn.bench.rocketpy_world import (
    HEIGHTS_M,
    SITE_M,
    Flown,
    Rocket,
    Weather,
    draw_rocket,
    fly_rocket,
    importable,
)
from forewarn.dynamics import drag_acceleration, drag_table
from forewarn.errors import ConfigError
from forewarn.flight import fall, level_ground
from forewarn.forecast import ForecastParams
from forewarn.geodesy import (
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_from_ecef,
    geographic_points,
)

AIR = standard_air()
LAT, LON = np.radians(39.39), np.radians(-8.29)
ROCKET = Rocket(10.0, 0.05, 1.0, 250.0, 80.0, 90.0)


def rising() -> FloatArray:
    """(6,) a rocket after burn-out."""
    vel = np.array([60.0, 0.0, 190.0]) @ enu_from_ecef(LAT, LON)
    return np.array([*ecef_from_geographic(LAT, LON, 600.0), *vel])


def test_the_coefficient_that_is_known_brakes_as_the_rocket_does() -> None:
    state = rising()
    ln_beta = sixdof.ln_beta_now(ROCKET, state, AIR)
    ours = np.linalg.norm(drag_acceleration(*state, ln_beta, 0.0, 0.0, AIR, drag_table()))
    speed2 = float(state[3:] @ state[3:])
    density = 1.1560  # at 600 m in the standard atmosphere
    coefficient = np.interp(np.sqrt(speed2) / 338.0, *np.array(ROCKET.curve).T)
    theirs = 0.5 * density * speed2 * coefficient * ROCKET.area_m2 / ROCKET.mass_kg
    assert_allclose(ours, theirs, rtol=2e-3)


def test_a_flight_like_ours_ends_in_the_middle_of_what_is_stated() -> None:
    state = np.array([rising(), rising()])
    ln_beta = np.full(2, sixdof.ln_beta_now(ROCKET, rising(), AIR))
    down = fall(state, ln_beta, np.zeros((2, 2)), level_ground(SITE_M), AIR, drag_table())
    lat, lon, _ = geographic_points(np.ascontiguousarray(down[:, 1:4]))
    flown = Flown(np.zeros(2), state, float(down[0, 0]), np.array([lat[0], lon[0]]))
    known = sixdof.Known(AIR, np.column_stack([state, ln_beta]), flown)
    share, before = sixdof.judge_flight(known, ForecastParams())
    assert (share < 0.05).all()
    assert_allclose(before, 0.5, atol=0.1)
    far = known._replace(flown=flown._replace(end_rad=flown.end_rad + 0.001))
    assert (sixdof.judge_flight(far, ForecastParams())[0] > 0.99).all()


def test_without_the_other_simulator_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sixdof, "importable", lambda: False)
    with pytest.raises(ConfigError, match="RocketPy"):
        sixdof.measure(Ask(), lambda: None)


@pytest.mark.skipif(not importable(), reason="RocketPy is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_rocket_of_the_other_simulator_rises_and_comes_down() -> None:
    rocket = draw_rocket(np.random.default_rng(1))
    calm = Weather(np.zeros((len(HEIGHTS_M), 2)), 1.0)
    flown = fly_rocket(rocket, calm)
    _, _, top_m = geographic_from_ecef(*flown.state[1, :3])
    assert 1500.0 < top_m < 4000.0
    assert flown.time_s[0] < flown.time_s[1] < flown.end_s < 80.0
    speed = np.linalg.norm(flown.state[:, 3:], axis=1)
    assert speed[0] > 180.0 > speed[1]
