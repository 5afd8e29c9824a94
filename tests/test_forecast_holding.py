"""When the forecasts of what flies on are made anew."""

from dataclasses import fields, replace

import numpy as np

from forewarn.forecast import ForecastParams
from forewarn.forecast.holding import AIM, holds
from forewarn.records import BoolArray, Tracks
from forewarn.threats import DRONE
from test_forecast import state, track

COUNT, SPEED_MPS = 400, 50.0
PARAMS = ForecastParams()


def swarm(seconds: float) -> Tracks:
    """Drones that flew level, as expected, for so long since they were forecast."""
    level = state(500.0, (SPEED_MPS, 0.0, 0.0))
    level[:3] += seconds * level[3:6]
    one = track(level, now_s=seconds, modes=(0.0, 0.0, 1.0), kind=DRONE)
    each = {
        field.name: np.repeat(getattr(one, field.name), COUNT, axis=0)
        for field in fields(one)
        if field.name not in ("received_s", "withdrawn")
    }
    return replace(one, **{**each, "track_id": np.arange(1, COUNT + 1) << 16})


def held(seconds: float, swerving: slice = slice(0)) -> BoolArray:
    """Whose forecasts still stand; `swerving` ones fly half as fast again by now."""
    made = np.full((COUNT, AIM), np.nan)
    made[:, :6], made[:, 10] = state(500.0, (SPEED_MPS, 0.0, 0.0))[:6], 1.0
    tracks = swarm(seconds)
    now = made[:, :11].copy()
    now[:, :6] = tracks.mean[:, 0, :6]
    now[swerving, 3:6] *= 1.5
    return holds(tracks, np.arange(COUNT), now, made, np.zeros(COUNT), PARAMS)


def test_drones_of_one_scan_are_not_all_made_anew_with_a_later_one() -> None:
    ages_s = PARAMS.steer_s * np.arange(0.7, 1.35, 0.1)
    standing = np.array([held(age_s).mean() for age_s in ages_s])
    assert standing[0] == 1.0
    assert standing[-1] == 0.0
    anew = -np.diff(standing)
    assert (anew >= 0.0).all()
    assert anew.max() < 0.3, "of those made with one scan, at most so many go with another"


def test_a_drone_keeps_the_time_of_its_own() -> None:
    """Whoever is made anew sooner is so each time: what is carried on stays even."""
    early = ~held(0.9 * PARAMS.steer_s)
    later = ~held(1.1 * PARAMS.steer_s)
    assert early.any()
    assert not early.all()
    assert later[early].all()


def test_a_drone_that_swerves_is_made_anew_at_once() -> None:
    stand = held(0.5, swerving=slice(0, None, 2))
    assert not stand[::2].any()
    assert stand[1::2].all()
