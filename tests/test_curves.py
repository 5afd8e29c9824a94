"""Bodies that slow down draw the drag curve of those that fly with them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.atmosphere import air_at
from forewarn.bench.accuracy import CURVES
from forewarn.bench.impact import follow_down, own
from forewarn.bench.scenes import Scene
from forewarn.dynamics import drag_at, drag_curve, drag_tables
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.curves import Curves
from forewarn.forecast.shown import as_much, lags, shown_drag
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, FALLING, STRAIGHT, Tick, Tracks
from forewarn.threats import BALLISTIC_MISSILE, DRONE, ROCKET, SHAPES
from test_forecast import AIR, ZONES, moments, nothing, state, track

DRAG = drag_tables()
LATE = drag_curve(*CURVES["late"])
HEIGHT_M = 8000.0
SOUND_MPS = 1.0 / air_at(AIR, HEIGHT_M)[1]
FADES_S = 1000.0
DOWN = np.arange(4.5, 0.8, -0.15)  # Mach


def body(
    number: int, mach: float, scale: float, now_s: float, kind: int = ROCKET
) -> Tracks:
    """One with the drag of LATE, as a tracker sees it that takes it for a finned one."""
    mean = state(HEIGHT_M, (mach * SOUND_MPS, 0.0, 0.0))
    mean[6] = scale + np.log(drag_at(DRAG[0], mach) / drag_at(LATE, mach))
    one = track(mean, now_s, kind=kind, number=number)
    cov = one.cov.copy()
    cov[:, :, 6, 6] = 0.1**2
    return replace(one, cov=cov, first_s=np.array([now_s]))


def tell(learner: Curves, tracks: Tracks) -> None:
    learner.learn(tracks, np.arange(len(tracks.track_id)), AIR, DRAG)


def slowing(learner: Curves, number: int, course: FloatArray = DOWN, **kind: int) -> None:
    for k, mach in enumerate(course):
        tell(learner, body(number, mach, 8.0 + 0.1 * (number % 8), 10.0 + k, **kind))


def steps(
    table: FloatArray, course: tuple[float, ...] = (3.5, 2.5, 1.6, 1.2, 0.95)
) -> FloatArray:
    return np.diff(np.log([drag_at(table, mach) for mach in course]))


def sure(learner: Curves, kind: int = ROCKET) -> float:
    """How surely the curve is known to one that slows from 1,000 to 500 m/s on its way."""
    one = body(99, 3.0, 8.0, 10.0, kind)
    speeds = np.array([1000.0]), np.array([500.0])
    learned = learner.learned(one, np.array([0]), *speeds)
    assert learned.curve[0] == len(SHAPES) + (kind == BALLISTIC_MISSILE)
    return float(learned.sure[0])


def test_at_first_the_curve_is_that_of_the_library_and_nothing_is_sure() -> None:
    learner = Curves(FADES_S, DRAG)
    assert_allclose(steps(learner.tables[0]), steps(DRAG[0]), atol=0.02)
    assert sure(learner) == 0.0


def test_the_more_slow_down_the_nearer_comes_the_curve_to_theirs() -> None:
    learner, off = Curves(FADES_S, DRAG), []
    for number in range(1, 9):
        slowing(learner, number)
        off.append(np.abs(steps(learner.tables[0]) - steps(LATE)).max())
    assert off[0] < 0.7 * np.abs(steps(DRAG[0]) - steps(LATE)).max()
    assert (np.diff(off) < 0.0).all()
    assert off[-1] < 0.08
    assert sure(learner) > 0.9


def test_pieces_of_many_make_one_curve() -> None:
    """Fast ones tell of fast flight, slow ones of slow, each of its own weight."""
    learner = Curves(FADES_S, DRAG)
    for number in range(1, 9):
        slowing(learner, number, DOWN[DOWN > 2.0] if number % 2 else DOWN[DOWN < 2.4])
    assert np.abs(steps(learner.tables[0]) - steps(LATE)).max() < 0.15


def test_each_class_has_its_own() -> None:
    learner = Curves(FADES_S, DRAG)
    slowing(learner, 1, kind=BALLISTIC_MISSILE)
    assert sure(learner, BALLISTIC_MISSILE) > 0.5
    assert sure(learner, ROCKET) == 0.0
    assert_allclose(steps(learner.tables[0]), steps(DRAG[0]), atol=0.02)


def test_a_track_that_trembles_tells_of_each_speed_but_once() -> None:
    once, again = Curves(FADES_S, DRAG), Curves(FADES_S, DRAG)
    slowing(once, 1)
    slowing(again, 1, np.stack([DOWN, 1.05 * DOWN, DOWN], axis=1).ravel())
    assert_allclose(sure(again), sure(once), atol=0.01)


def test_a_fault_of_a_track_bends_the_curve_but_a_little() -> None:
    learner = Curves(FADES_S, DRAG)
    wild = [
        body(1, mach, 8.0 - 5.0 * (mach < 2.0), 10.0 + k) for k, mach in enumerate(DOWN)
    ]
    for one in wild:
        tell(learner, one)
    assert np.abs(steps(learner.tables[0]) - steps(LATE)).max() < 0.6


def blunt(one: Tracks) -> Tracks:
    return replace(one, mode_weight=np.eye(6)[[FALLING + 2]])


def boosted(one: Tracks) -> Tracks:
    return replace(one, mode_weight=np.eye(6)[[BOOSTING]])


def level(one: Tracks) -> Tracks:
    return replace(one, mode_weight=np.eye(6)[[STRAIGHT]])


def doubted(one: Tracks) -> Tracks:
    return replace(one, class_prob=0.5 * np.eye(6)[[ROCKET]] + 0.5 * np.eye(6)[[DRONE]])


def unconfirmed(one: Tracks) -> Tracks:
    return replace(one, confirmed=np.zeros(1, bool))


def vague(one: Tracks) -> Tracks:
    return replace(one, cov=one.cov + np.diag([0.0] * 6 + [0.2]))


@pytest.mark.parametrize("other", [blunt, boosted, level, doubted, unconfirmed, vague])
def test_others_tell_nothing(other: Callable[[Tracks], Tracks]) -> None:
    learner = Curves(FADES_S, DRAG)
    for k, mach in enumerate(DOWN):
        tell(learner, other(body(1, mach, 8.0, 10.0 + k)))
    assert sure(learner) == 0.0


def test_another_night_begins_anew() -> None:
    learner = Curves(FADES_S, DRAG)
    slowing(learner, 1)
    known = sure(learner)
    tell(learner, nothing(10.0 + 10.0 * FADES_S))
    assert known > 0.5
    assert sure(learner) < 0.01
    assert_allclose(steps(learner.tables[0]), steps(DRAG[0]), atol=0.02)


def test_what_was_learned_outlives_a_restart() -> None:
    def flown(one: Forecaster, course: FloatArray, since_s: float) -> None:
        for k, mach in enumerate(course):
            now_s = since_s + k
            one.step(body(1, mach, 8.0, now_s), Tick(1 + k, now_s))

    first = Forecaster(AIR, ZONES, ForecastParams())
    flown(first, DOWN[:12], 10.0)
    second = Forecaster(AIR, ZONES, ForecastParams())
    second.restore({name: column.copy() for name, column in first.memory().items()})
    for one in (first, second):
        flown(one, DOWN[12:], 22.0)
    follows = replace(body(2, 4.0, 8.0, 60.0), first_s=np.array([50.0]))
    told = [one.step(follows, Tick(99, 60.0)) for one in (first, second)]
    for name in ("weight", "place_rad", "cov_m2", "time_s"):
        assert_allclose(getattr(told[0], name), getattr(told[1], name))
    alone = Forecaster(AIR, ZONES, ForecastParams()).step(follows, Tick(99, 60.0))
    assert np.abs(moments(told[0])[0] - moments(alone)[0]).max() > 100.0


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_spoils_no_curve(number: float) -> None:
    whole, broken = (Forecaster(AIR, ZONES, ForecastParams()) for _ in range(2))
    for k, mach in enumerate(DOWN):
        now_s = 10.0 + k
        one = body(1, mach, 8.0, now_s)
        whole.step(one, Tick(1 + k, now_s))
        if k in (5, 6):
            mean = one.mean.copy()
            mean[:, :, 6] = number
            one = replace(one, mean=mean)
        broken.step(one, Tick(1 + k, now_s))
    assert len(broken.faults) == 2
    follows = body(2, 4.0, 8.0, 60.0)
    told = [one.step(follows, Tick(99, 60.0)) for one in (whole, broken)]
    assert np.abs(moments(told[0])[0] - moments(told[1])[0]).max() < 200.0


def test_what_gravity_slows_tells_nothing() -> None:
    """Far above the air a coefficient stays what it was: no step of it is drag's."""
    learner = Curves(FADES_S, DRAG)
    for k, mach in enumerate(DOWN):
        one = body(1, mach, 8.0, 10.0 + k)
        mean = one.mean.copy()
        mean[:, :, :3] = state(50e3, (0.0, 0.0, 0.0))[:3]
        tell(learner, replace(one, mean=mean))
    assert sure(learner) == 0.0
    slowing(learner, 1)  # it comes down again, as fast as it was
    assert sure(learner) > 0.5


def test_a_track_that_jumps_tells_nothing_of_what_it_left_out() -> None:
    learner = Curves(FADES_S, DRAG)
    for k, mach in enumerate((4.2, 4.0, 1.0, 3.9, 3.7)):
        tell(learner, body(1, mach, 8.0 - 3.0 * (mach < 2.0), 10.0 + k))
    assert sure(learner) == 0.0
    slowing(learner, 1, DOWN[DOWN < 3.6])
    assert np.abs(steps(learner.tables[0]) - steps(LATE)).max() < 0.35


def test_the_first_missile_tells_though_hundreds_of_rockets_did() -> None:
    learner = Curves(FADES_S, DRAG)
    for number in range(1, 41):
        slowing(learner, number)
    slowing(learner, 41, kind=BALLISTIC_MISSILE)
    assert sure(learner, BALLISTIC_MISSILE) > 0.5


def test_a_wreck_does_not_fly_as_rockets_do() -> None:
    """However many told how those fly."""

    def moved_m(one: Tracks) -> float:
        alone, told = (Forecaster(AIR, ZONES, ForecastParams()) for _ in range(2))
        for number in range(1, 5):
            for k, mach in enumerate(DOWN):
                now_s = 100.0 * number + k
                told.step(body(number, mach, 8.0, now_s), Tick(1 + k, now_s))
        ends = [moments(some.step(one, Tick(99, 2000.0)))[0] for some in (alone, told)]
        return float(np.abs(ends[0] - ends[1]).max())

    follows = body(99, 3.0, 8.0, 2000.0)
    assert moved_m(follows) > 100.0
    assert moved_m(blunt(follows)) < 1.0


def test_under_another_curve_a_body_keeps_the_drag_it_showed() -> None:
    one = replace(body(1, 3.0, 8.0, 10.0), first_s=np.array([2.0]))
    mean, lag_s = one.mean[:, FALLING], lags(one, np.array([0]))
    assert lag_s[0] == 4.0
    own_curve, other = np.array([0]), np.array([1])
    mach, drag, _ = shown_drag(mean, own_curve, lag_s, AIR, DRAG)[0]
    assert mach > 3.0  # that of four seconds ago
    moved = mean.copy()
    moved[:, 6] += as_much(mean, own_curve, other, lag_s, AIR, DRAG)
    assert_allclose(np.log(drag_at(DRAG[1], mach)) - moved[0, 6], drag)


def test_a_salvo_is_foretold_better_than_one_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whole: plots, tracks, forecasts; of bodies whose drag no shape of the library has."""

    def median(scene: Scene) -> float:
        return float(
            np.median([one.away_m for one in follow_down(scene) if not one.window])
        )

    scene = own("late", 5)
    told = median(scene)
    monkeypatch.setattr(Curves, "learn", lambda *_: None)
    assert told < 0.75 * median(scene)
    assert told < 750.0
