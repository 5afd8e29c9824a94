from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from conftest import square_zones
from forewarn.atmosphere import standard_air
from forewarn.dynamics import drag_table
from forewarn.exposure import Exposer
from forewarn.flight import fall, follow_path, level_ground
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.ways import LONG_S, RUN_S, RUNS, draw_ways
from forewarn.geodesy import (
    WGS84,
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)
from forewarn.records import (
    BOOSTING,
    FALLING,
    MODES,
    STRAIGHT,
    Forecasts,
    Tick,
    Tracks,
    Weather,
)
from forewarn.threats import AIRCRAFT, CRUISE_MISSILE, DRONE, ROCKET

LAT, LON = np.radians(56.2), np.radians(9.4)
TURN = enu_from_ecef(LAT, LON)
PER_LAT, PER_LON = metres_per_radian(LAT)
AIR = standard_air()
ZONES = square_zones()
# 30 m, 8 m/s, 20 % of the ballistic coefficient
SIGMA = np.array([30.0, 30.0, 30.0, 8.0, 8.0, 8.0, 0.2])


def state(height_m: float, vel_enu_mps: tuple[float, float, float]) -> FloatArray:
    pos = ecef_from_geographic(LAT, LON, height_m)
    return np.array([*pos, *(np.array(vel_enu_mps) @ TURN), np.log(4000.0)])


def track(
    mean: FloatArray,
    now_s: float = 10.0,
    modes: tuple[float, float, float] = (0.0, 1.0, 0.0),
    kind: int = ROCKET,
    confirmed: bool = True,
    number: int = 1 << 16,
) -> Tracks:
    weight = np.zeros(len(MODES))
    weight[[BOOSTING, FALLING, STRAIGHT]] = modes
    return Tracks(
        received_s=now_s,
        track_id=np.array([number]),
        time_s=np.array([now_s]),
        mean=np.tile(mean, (1, len(MODES), 1)),
        cov=np.tile(np.diag(SIGMA**2), (1, len(MODES), 1, 1)),
        mode_weight=weight[None],
        turn_radps=np.zeros((1, 2)),
        class_prob=np.eye(6)[[kind]],
        existence=np.ones(1),
        confirmed=np.array([confirmed]),
        named=np.ones(1, bool),
        trusted=np.ones(1, bool),
        group_mask=np.ones(1, np.int64),
        first_s=np.array([now_s - 5.0]),
        silence=np.zeros(1),
        hits=np.full(1, 9),
        withdrawn=np.zeros(0, np.int64),
        identity=("",),
        group_names=("a",),
    )


def nothing(now_s: float) -> Tracks:
    one = track(state(0.0, (0, 0, 0)), now_s)
    every = {name: getattr(one, name) for name in one.__dataclass_fields__}
    empty = {n: column[:0].copy() for n, column in every.items() if hasattr(column, "copy")}
    return Tracks(received_s=now_s, identity=(), group_names=("a",), **empty)


def moments(f: Forecasts) -> tuple[FloatArray, FloatArray, float]:
    """Mean place (m east, north of the start), covariance (m2), mean time."""
    w = f.weight / f.weight.sum()
    away = (f.place_rad - (LAT, LON)) * (PER_LAT, PER_LON)
    place = away[:, ::-1]
    mean = w @ place
    own = np.stack([f.cov_m2[:, :2], f.cov_m2[:, 1:]], axis=1)
    spread = (place - mean)[:, :, None] * (place - mean)[:, None, :]
    return mean, np.einsum("k,kij->ij", w, own + spread), float(w @ f.time_s)


def test_a_fall_is_where_a_monte_carlo_of_the_same_uncertainty_falls() -> None:
    params = ForecastParams(
        tail_per_s=0.0,
        ln_beta_drift=0.0,
        ln_beta_steady=0.0,
        density_sigma=0.0,
        ln_beta_unseen=0.0,
        curve_slows=1e9,
    )
    mean = state(3000.0, (420.0, 0.0, 326.0))
    got = Forecaster(AIR, ZONES, params).step(track(mean), Tick(1, 10.0))
    place, cov, time_s = moments(got)
    rng = np.random.default_rng(1)
    drawn = mean + rng.standard_normal((4000, 7)) * SIGMA
    gusts = rng.standard_normal((4000, 2)) * params.wind_sigma_mps
    landed = fall(
        drawn[:, :6].copy(), drawn[:, 6].copy(), gusts, level_ground(0.0), AIR, drag_table()
    )
    lat, lon, _ = geographic_points(np.ascontiguousarray(landed[:, 1:4]))
    spots = np.stack([(lon - LON) * PER_LON, (lat - LAT) * PER_LAT], axis=1)
    sigma = np.sqrt(np.linalg.eigvalsh(np.cov(spots.T)))
    assert_allclose(np.sqrt(np.linalg.eigvalsh(cov)), sigma, rtol=0.06)
    assert np.hypot(*(place - spots.mean(axis=0))) < 0.1 * sigma[1]
    assert_allclose(time_s, 10.0 + landed[:, 0].mean(), atol=0.2)
    # the slope of time over place must take up most of the spread of time
    assert got.sigma_time_s[0] < 0.7 * landed[:, 0].std()


def test_futures_of_a_sure_threat_sum_to_one_and_of_an_unsure_one_to_less() -> None:
    mean = state(3000.0, (420.0, 0.0, 326.0))
    sure = Forecaster(AIR, ZONES, ForecastParams()).step(track(mean), Tick(1, 10.0))
    assert_allclose(sure.weight.sum(), 1.0, atol=1e-9)
    unsure = track(mean)
    half = Tracks(
        **{
            name: getattr(unsure, name)
            for name in unsure.__dataclass_fields__
            if name != "existence"
        },
        existence=np.array([0.4]),
    )
    got = Forecaster(AIR, ZONES, ForecastParams()).step(half, Tick(1, 10.0))
    assert_allclose(got.weight.sum(), 0.4, atol=1e-9)


def test_while_thrust_may_burn_there_is_a_fan_and_not_one_ellipse() -> None:
    mean = state(800.0, (300.0, 0.0, 300.0))
    coast = Forecaster(AIR, ZONES, ForecastParams()).step(track(mean), Tick(1, 10.0))
    burn = Forecaster(AIR, ZONES, ForecastParams()).step(
        track(mean, modes=(0.8, 0.2, 0.0)), Tick(1, 10.0)
    )
    long_axis = [np.linalg.eigvalsh(moments(f)[1]).max() ** 0.5 for f in (burn, coast)]
    assert long_axis[0] > 1.5 * long_axis[1]
    assert moments(burn)[0][0] > moments(coast)[0][0]  # it may go further, not shorter


def test_what_falls_by_two_drag_curves_has_the_futures_of_both() -> None:
    mean = state(3000.0, (420.0, 0.0, 326.0))
    spots = []
    for share in (0.0, 0.5, 1.0):
        one = track(mean)
        weight = np.zeros((1, len(MODES)))
        weight[0, [FALLING, FALLING + 2]] = 1.0 - share, share
        mixed = Tracks(
            **{
                name: getattr(one, name)
                for name in one.__dataclass_fields__
                if name != "mode_weight"
            },
            mode_weight=weight,
        )
        params = ForecastParams(curve_slows=1e9)
        got = Forecaster(AIR, ZONES, params).step(mixed, Tick(1, 10.0))
        spots.append(moments(got)[0][0])
    # slower than sound a blunt body is slowed less, so it goes further; both are counted
    assert spots[2] - spots[0] > 300.0
    assert_allclose(spots[1], (spots[0] + spots[2]) / 2, rtol=1e-6)


def test_a_body_that_is_to_slow_down_may_have_any_drag_curve() -> None:
    """How its drag goes on below its speed of now is a guess; what it seems now is not."""
    fast, steady = state(3000.0, (700.0, 0.0, 326.0)), state(1000.0, (250.0, 0.0, -400.0))
    wide = []
    for mean in (fast, steady):
        for params in (
            ForecastParams(curve_slows=1e9, ln_beta_unseen=0.0),
            ForecastParams(ln_beta_unseen=0.0),
            ForecastParams(),
        ):
            got = Forecaster(AIR, ZONES, params).step(track(mean), Tick(1, 10.0))
            wide.append(np.sqrt(moments(got)[1][0, 0]))
    assert wide[1] > 1.05 * wide[0]
    assert wide[2] > 1.2 * wide[1]
    assert max(wide[3:]) < 1.05 * min(wide[3:])


def test_a_drag_curve_that_hardly_is_awake_starts_from_the_likeliest() -> None:
    """It was woken by a surprise, wide, and knows nothing that the likeliest does not."""
    one = track(state(3000.0, (700.0, 0.0, 326.0)))
    wide = []
    for woken in (0.0, 0.001):
        weight, cov = np.zeros((1, len(MODES))), one.cov.copy()
        weight[0, [FALLING, FALLING + 1]] = 1.0 - woken, woken
        cov[0, FALLING + 1, 3:6, 3:6] += np.eye(3) * 15.0**2
        two = replace(one, mode_weight=weight, cov=cov)
        got = Forecaster(AIR, ZONES, ForecastParams()).step(two, Tick(1, 10.0))
        wide.append(np.linalg.eigvalsh(moments(got)[1]))
    assert_allclose(wide[1], wide[0], rtol=0.01)


def test_what_may_fall_though_no_falling_mode_is_awake_has_all_its_futures() -> None:
    mean = state(3000.0, (420.0, 0.0, 326.0))
    got = Forecaster(AIR, ZONES, ForecastParams()).step(
        track(mean, modes=(0.0, 0.0, 1.0)), Tick(1, 10.0)
    )
    assert_allclose(got.weight.sum(), 1.0, atol=1e-9)


def test_aircraft_and_unconfirmed_tracks_threaten_nobody() -> None:
    mean = state(3000.0, (100.0, 0.0, 0.0))
    for harmless in (
        track(mean, kind=AIRCRAFT, modes=(0.0, 0.0, 1.0)),
        track(mean, confirmed=False),
    ):
        assert (
            len(
                Forecaster(AIR, ZONES, ForecastParams())
                .step(harmless, Tick(1, 10.0))
                .weight
            )
            == 0
        )


@pytest.mark.parametrize(("kind", "speed"), [(DRONE, 50.0), (CRUISE_MISSILE, 220.0)])
def test_a_steered_threat_may_dive_ahead_of_it_and_sooner_than_the_horizon(
    kind: int, speed: float
) -> None:
    mean = state(800.0, (speed, 0.0, 0.0))
    params = ForecastParams(intent=0.0)
    got = Forecaster(AIR, ZONES, params).step(
        track(mean, kind=kind, modes=(0.0, 0.0, 1.0)), Tick(1, 10.0)
    )
    per_min = params.dive_per_min if kind == DRONE else params.cruise_dive_per_min
    # nobody saw it turn: until it does, it may have flown straight for long
    ways = draw_ways(kind, params.ways, params.horizon_s, params.step_s)
    since_s = ways.way[:, 5, :-1].astype(float)
    run_s = np.where(since_s < 0.0, LONG_S, since_s)
    eager = ways.eager[np.minimum(run_s // RUN_S, RUNS - 1).astype(int)].mean(axis=1)
    chance = 1 - np.exp(-per_min * eager * params.horizon_s / 60).mean()
    assert_allclose(got.weight.sum(), chance, rtol=0.05)
    east = (got.place_rad[:, 1] - LON) * PER_LON
    assert got.weight[east > 0].sum() > 0.95 * got.weight.sum()
    assert (got.time_s > 10.0).all()
    assert (got.time_s < 10.0 + params.horizon_s + 60).all()


def test_a_cruise_missile_may_make_a_sharp_last_turn() -> None:
    """Who lives half a right angle off its course hears of it before it turns."""
    mean = state(400.0, (0.0, 220.0, 0.0))
    forecasts = Forecaster(AIR, ZONES, ForecastParams()).step(
        track(mean, kind=CRUISE_MISSILE, modes=(0.0, 0.0, 1.0)), Tick(1, 10.0)
    )
    exposures = Exposer(ZONES).step(forecasts)
    p = np.zeros(len(ZONES.zone_id))
    p[exposures.zone] = exposures.probability
    north, east = ((ZONES.centre_rad - (LAT, LON)) * (PER_LAT, PER_LON)).T
    off = np.abs(np.degrees(np.arctan2(east, north)))
    far = np.abs(np.hypot(east, north) - 14.5e3) < 1500.0  # a minute and more ahead
    ahead = np.median(p[far & (off < 10.0)])
    aside = np.median(p[far & (off > 40.0) & (off < 60.0)])
    assert 0.02 * ahead < aside < 0.1 * ahead


def test_a_diving_drone_is_expected_where_it_points() -> None:
    mean = state(800.0, (50.0, 0.0, -40.0))
    got = Forecaster(AIR, ZONES, ForecastParams()).step(
        track(mean, kind=DRONE, modes=(0.0, 0.0, 1.0)), Tick(1, 10.0)
    )
    east = (got.place_rad[:, 1] - LON) * PER_LON
    near = np.abs(east - 1000.0) < 400.0
    assert got.weight[near].sum() > 0.8 * got.weight.sum()


def test_a_lost_rocket_stays_in_the_forecast_until_it_must_be_down() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    first = forecaster.step(track(state(3000.0, (420.0, 0.0, 326.0))), Tick(1, 10.0))
    down_s = float(first.time_s[0])
    during = forecaster.step(nothing(down_s - 5.0), Tick(2, down_s - 5.0))
    assert_allclose(during.time_s, first.time_s)
    assert len(forecaster.step(nothing(down_s + 60.0), Tick(3, down_s + 60.0)).weight) == 0


def test_wind_carries_the_fall_along() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    light = state(5000.0, (0.0, 0.0, 0.0))
    light[6] = np.log(100.0)
    calm = moments(forecaster.step(track(light), Tick(1, 10.0)))[0]
    blow = Weather(2, 11.0, np.array([0.0, 2e4]), np.array([[15.0, 0.0], [15.0, 0.0]]))
    windy = moments(forecaster.step(track(light, now_s=11.0), blow))[0]
    assert windy[0] - calm[0] > 300.0
    assert abs(windy[1] - calm[1]) < 30.0


def test_a_restored_forecaster_gives_the_same_futures() -> None:
    one, other = (Forecaster(AIR, ZONES, ForecastParams()) for _ in range(2))
    one.step(track(state(3000.0, (420.0, 0.0, 326.0))), Tick(1, 10.0))
    other.restore(one.memory())
    a, b = (f.step(nothing(20.0), Tick(2, 20.0)) for f in (one, other))
    for name in ("track_id", "weight", "place_rad", "cov_m2", "time_s", "start"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def flown_on(mean: FloatArray, seconds: float) -> FloatArray:
    """The same falling state later, by our own flight."""
    drag, body = drag_table(), mean[:6].copy()
    times = np.array([seconds])
    ground = level_ground(0.0)
    states, _ = follow_path(
        body, np.exp(-mean[6]), np.zeros(2), times, ground, AIR, drag, WGS84, 0.05
    )
    return np.append(states[0], mean[6])


def test_a_forecast_is_kept_until_its_track_moved_by_what_matters() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams(matters=0.1))
    mean = state(3000.0, (420.0, 0.0, 326.0))
    first = forecaster.step(track(mean, now_s=10.0), Tick(1, 10.0))
    later = flown_on(mean, 0.4)
    same = forecaster.step(track(later, now_s=10.4), Tick(2, 10.4))
    np.testing.assert_array_equal(same.made_s, first.made_s)
    np.testing.assert_array_equal(same.time_s, first.time_s)
    later[3:6] += np.array([16.0, 0.0, 0.0]) @ TURN
    other = forecaster.step(track(later, now_s=10.4), Tick(3, 10.4))
    assert other.made_s[0] == 10.4


def test_what_was_given_up_for_a_better_reading_is_foretold_no_more() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    one = track(state(3000.0, (420.0, 0.0, 326.0)))
    forecaster.step(one, Tick(1, 10.0))
    silent = forecaster.step(nothing(11.0), Tick(2, 11.0))
    assert len(silent.track_id) == 1  # it only went out of sight
    wrong = with_column(nothing(12.0), withdrawn=one.track_id)
    told = forecaster.step(wrong, Tick(3, 12.0))
    assert told.weight.sum() < 1e-6  # it threatens nobody, and whoever waits for it may go
    assert told.last_s.tolist() == [12.0]
    later = with_column(nothing(15.0), withdrawn=one.track_id)
    assert len(forecaster.step(later, Tick(4, 15.0)).track_id) == 0


def with_column(tracks: Tracks, **columns: object) -> Tracks:
    """The same tracks but for some columns."""
    every = {name: getattr(tracks, name) for name in tracks.__dataclass_fields__}
    return Tracks(**(every | columns))  # type: ignore[arg-type]


def test_a_forecast_that_stands_tells_who_sees_the_track_by_now() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    mean = state(3000.0, (420.0, 0.0, 326.0))
    one = with_column(track(mean), trusted=np.zeros(1, bool))
    first = forecaster.step(one, Tick(1, 10.0))
    later = with_column(
        track(flown_on(mean, 0.4), now_s=10.4),
        group_mask=np.array([3]),
        group_names=("a", "b"),
    )
    got = forecaster.step(later, Tick(2, 10.4))
    np.testing.assert_array_equal(got.made_s, first.made_s)
    assert (got.group_mask.tolist(), got.trusted.tolist()) == ([3], [True])


def test_a_track_believed_less_gets_a_forecast_of_less_weight_at_once() -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    mean = state(3000.0, (420.0, 0.0, 326.0))
    forecaster.step(track(mean), Tick(1, 10.0))
    doubted = with_column(track(flown_on(mean, 0.4), now_s=10.4), existence=np.array([0.5]))
    got = forecaster.step(doubted, Tick(2, 10.4))
    assert_allclose(got.weight.sum(), 0.5, atol=1e-9)


@pytest.mark.parametrize("bad", ["beta", "nan", "deep"])
def test_a_track_that_cannot_be_flown_keeps_its_last_forecast(bad: str) -> None:
    forecaster = Forecaster(AIR, ZONES, ForecastParams())
    mean = state(3000.0, (420.0, 0.0, 326.0))
    first = forecaster.step(track(mean), Tick(1, 10.0))
    assert not first.stale.any()
    wrong = mean.copy()
    if bad == "beta":
        wrong[6] = 40.0
    elif bad == "nan":
        wrong[4] = np.nan
    else:
        wrong[:3] = ecef_from_geographic(LAT, LON, -400.0)
    got = forecaster.step(track(wrong, now_s=11.0), Tick(2, 11.0))
    assert got.stale.tolist() == [True]
    np.testing.assert_array_equal(got.time_s, first.time_s)
    assert len(forecaster.faults) == 1
    assert str(1 << 16) in forecaster.faults[0]
    good = forecaster.step(track(flown_on(mean, 2.0), now_s=12.0), Tick(3, 12.0))
    assert not good.stale.any()


def test_where_people_live_draws_a_dive_and_the_prior_can_be_switched_off() -> None:
    mean = state(800.0, (50.0, 0.0, 0.0))
    chance = []
    for intent in (0.0, 0.8):
        forecaster = Forecaster(AIR, ZONES, ForecastParams(intent=intent))
        one = track(mean, kind=DRONE, modes=(0.0, 0.0, 1.0))
        chance.append(forecaster.step(one, Tick(1, 10.0)).weight.sum())
    assert chance[1] > 2.0 * chance[0]  # it flies over towns
