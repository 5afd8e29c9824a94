"""Missiles of one raid tell of each other how heavy they are for their size."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.dynamics import drag_tables
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.precedents import Precedents
from forewarn.geodesy import FloatArray
from forewarn.records import FALLING, STRAIGHT, Tick, Tracks
from forewarn.threats import BALLISTIC_MISSILE, ROCKET, THREATS
from test_forecast import AIR, ZONES, moments, nothing, state, track

DRAG = drag_tables()
OWN, OWN_SIGMA = THREATS[BALLISTIC_MISSILE].ln_beta
HEAVY = 9.8


def missile(track_id: int, ln_beta: float, sigma: float, now_s: float = 10.0) -> Tracks:
    """One in the air, of which drag has told so much."""
    mean = state(15e3, (1500.0, 0.0, -1200.0))
    mean[6] = ln_beta
    one = track(mean, kind=BALLISTIC_MISSILE, now_s=now_s)
    cov = one.cov.copy()
    cov[:, :, 6, 6] = sigma**2
    return replace(one, track_id=np.array([track_id]), cov=cov)


def after(*heard: Tracks) -> Precedents:
    told = Precedents(precedents_s=100.0)
    for one in heard:
        told.learn(one, np.arange(len(one.track_id)), AIR, DRAG)
    return told


def believed(one: Precedents, track_id: int = 99) -> FloatArray:
    """(2,) of a finned one: mean, standard deviation."""
    return one.belief(np.array([track_id]))[0, 0]


def test_of_the_first_nothing_but_its_class_is_known() -> None:
    belief = Precedents(precedents_s=100.0).belief(np.array([1, 2]))
    assert belief.shape == (2, STRAIGHT - FALLING, 2)
    assert_allclose(belief[:, :2, 0], OWN)
    assert_allclose(belief[:, :2, 1], OWN_SIGMA)


def test_a_wreck_is_as_heavy_as_any_whatever_flew_whole() -> None:
    for told in (Precedents(precedents_s=100.0), after(missile(1, HEAVY, 0.1))):
        assert_allclose(told.belief(np.array([9]))[0, 2], (8.5, 0.6))


def test_the_more_came_down_the_surer_is_what_follows_them() -> None:
    seen = [missile(i, HEAVY, 0.1) for i in range(8)]
    one, many = believed(after(*seen[:1])), believed(after(*seen))
    assert OWN < one[0] < many[0] < HEAVY
    assert OWN_SIGMA > one[1] > many[1] > 0.15
    # of half a weight against eight, it may yet be like none of them
    assert_allclose(many[0], (8 * HEAVY + 0.5 * OWN) / 8.5, atol=1e-9)


def test_two_kinds_leave_open_which_of_them_it_is() -> None:
    two = [missile(i, HEAVY - 1.6 * (i % 2), 0.1) for i in range(8)]
    mean, sigma = believed(after(*two))
    assert sigma > 0.75
    assert mean - 1.5 * sigma < HEAVY - 1.6 < HEAVY < mean + 1.5 * sigma


def test_a_missile_tells_nothing_of_itself() -> None:
    told = after(missile(7, HEAVY, 0.1))
    assert_allclose(believed(told, 7), (OWN, OWN_SIGMA))
    assert believed(told, 8)[0] > OWN


def test_what_it_is_learned_of_is_counted_once_however_often_it_is_seen() -> None:
    again = [missile(1, HEAVY, 0.1, now_s) for now_s in (10.0, 11.0, 12.0)]
    assert_allclose(believed(after(*again)), believed(after(again[0])))


@pytest.mark.parametrize(
    "other",
    [
        missile(1, HEAVY, 0.5),  # drag has hardly told yet
        replace(missile(1, HEAVY, 0.1), class_prob=np.eye(6)[[ROCKET]]),
        replace(missile(1, HEAVY, 0.1), confirmed=np.zeros(1, bool)),
    ],
)
def test_nothing_is_learned_of_others(other: Tracks) -> None:
    assert_allclose(believed(after(other)), (OWN, OWN_SIGMA))


@pytest.mark.parametrize("other", [nothing(200.0), missile(2, 8.5, 0.6, now_s=200.0)])
def test_another_night_begins_anew(other: Tracks) -> None:
    """Also where nothing was learned since."""
    assert_allclose(believed(after(missile(1, HEAVY, 0.1), other)), (OWN, OWN_SIGMA))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_teaches_nobody(number: float) -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    broken = missile(1, HEAVY, 0.1)
    mean = broken.mean.copy()
    mean[:, :, 6] = number
    forecaster.step(replace(broken, mean=mean), Tick(1, 10.0))
    follows = missile(2, 8.5, 0.6, now_s=40.0)
    told = forecaster.step(follows, Tick(2, 40.0))
    alone = Forecaster(AIR, ZONES, ForecastParams()).step(follows, Tick(2, 40.0))
    assert forecaster.faults
    assert_allclose(told.weight, alone.weight)
    assert_allclose(told.cov_m2, alone.cov_m2)


def test_what_was_learned_outlives_a_restart() -> None:
    first = Forecaster(AIR, ZONES, ForecastParams())
    first.step(missile(1, HEAVY, 0.1), Tick(1, 10.0))
    second = Forecaster(AIR, ZONES, ForecastParams())
    second.restore(first.memory())
    follows = missile(2, 8.5, 0.6, now_s=40.0)
    told = [one.step(follows, Tick(2, 40.0)) for one in (first, second)]
    for name in ("weight", "place_rad", "cov_m2", "time_s"):
        assert_allclose(getattr(told[0], name), getattr(told[1], name))
    alone = Forecaster(AIR, ZONES, ForecastParams()).step(follows, Tick(2, 40.0))
    wide = [np.linalg.eigvalsh(moments(one)[1]).max() for one in (told[0], alone)]
    assert wide[0] < 0.8 * wide[1]
