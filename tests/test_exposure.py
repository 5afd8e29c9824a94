from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import multivariate_normal

from conftest import square_zones
from forewarn.exposure import Exposer
from forewarn.exposure.votes import (
    FLOOR,
    LOGISTIC,
    NEAR_S,
    REACH_SIGMAS,
    _early,
    _shaped,
)
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import Exposures, Forecasts, Zones

CENTRE = np.radians([56.2, 9.4])
PER_LAT, PER_LON = metres_per_radian(CENTRE[0])
PER_THREAT = (
    "group_mask", "trusted", "harmful_m", "kind", "first_s", "last_s", "made_s", "stale"
)  # fmt: skip
PER_FUTURE = ("weight", "place_rad", "cov_m2", "time_s", "slope_spm", "sigma_time_s")


def forecast(
    places_m: list[tuple[float, float]],
    sigma_m: float = 500.0,
    weight: float = 1.0,
    slope_spm: tuple[float, float] = (0.0, 0.0),
    harmful_m: float = 150.0,
) -> Forecasts:
    """One threat with equal futures at places east, north of the centre, down at 100 s."""
    k = len(places_m)
    east, north = np.array(places_m).T
    return Forecasts(
        received_s=0.0,
        track_id=np.array([1 << 16]),
        group_mask=np.array([3]),
        trusted=np.array([True]),
        harmful_m=np.array([harmful_m]),
        kind=np.array([0]),
        first_s=np.zeros(1),
        last_s=np.array([120.0]),
        made_s=np.zeros(1),
        stale=np.zeros(1, bool),
        start=np.array([0, k]),
        weight=np.full(k, weight / k),
        place_rad=np.stack(
            [CENTRE[0] + north / PER_LAT, CENTRE[1] + east / PER_LON], axis=1
        ),
        cov_m2=np.tile([sigma_m**2, 0.0, sigma_m**2], (k, 1)),
        time_s=np.full(k, 100.0),
        slope_spm=np.tile(slope_spm, (k, 1)),
        sigma_time_s=np.full(k, 2.0),
        group_names=("a", "b"),
    )


def people_harmed(exposures: Exposures, zones: Zones) -> float:
    return float((exposures.probability * zones.population[exposures.zone]).sum())


def test_people_harmed_are_those_of_a_monte_carlo() -> None:
    zones = square_zones()
    got = people_harmed(Exposer(zones).step(forecast([(0, 0)])), zones)
    # uniform density: whatever the place, the disc holds this many
    density = zones.population[0] / zones.area_m2[0]
    assert_allclose(got, density * np.pi * 150.0**2, rtol=0.03)


def test_wide_futures_vote_for_whole_zones_as_they_would_for_their_people() -> None:
    zones = square_zones(side_m=400.0, rows=80)
    wide = forecast([(0, 0)], sigma_m=3000.0)
    by_zone = Exposer(zones).step(wide)
    exposer = Exposer(zones)
    exposer.index.widest_m = np.inf  # forces people points
    by_point = exposer.step(wide)
    together = dict(zip(by_point.zone.tolist(), by_point.probability.tolist(), strict=True))
    for zone, p in zip(by_zone.zone.tolist(), by_zone.probability.tolist(), strict=True):
        assert_allclose(p, together[zone], rtol=0.02)


@settings(max_examples=25)
@given(st.floats(-4000, 4000), st.floats(-4000, 4000), st.floats(60, 3000))
def test_splitting_a_zone_silences_nobody(
    east: float, north: float, sigma_m: float
) -> None:
    """Where a zone is warned, some quarter of it has at least its probability."""
    whole = square_zones(side_m=1600.0, rows=20)
    n = len(whole.point_share)  # every people point becomes a zone of its own
    quarters = replace(
        whole,
        zone_id=tuple(map(str, range(n))),
        population=np.repeat(whole.population / 4, 4),
        shelter_s=np.repeat(whole.shelter_s, 4),
        area_m2=np.repeat(whole.area_m2 / 4, 4),
        centre_rad=whole.point_rad.copy(),
        point_zone=np.arange(n),
        point_share=np.ones(n),
    )
    threat = forecast([(east, north)], sigma_m=sigma_m)
    p_whole, p_quarters = np.zeros(n // 4), np.zeros(n)
    for zones, p in ((whole, p_whole), (quarters, p_quarters)):
        exposer = Exposer(zones)
        exposer.index.widest_m = np.inf
        exposures = exposer.step(threat)
        p[exposures.zone] = exposures.probability
    best = p_quarters.reshape(-1, 4).max(axis=1)
    warned = p_whole > 1e-4
    assert (best[warned] >= p_whole[warned] * (1 - 1e-9)).all()


def test_a_zone_ahead_is_reached_later_where_time_grows_with_place() -> None:
    zones = square_zones()
    exposures = Exposer(zones).step(forecast([(0, 0)], slope_spm=(0.01, 0.0)))
    east_m = (zones.centre_rad[exposures.zone, 1] - CENTRE[1]) * PER_LON
    late = exposures.onset_p50_s[(east_m > 300) & (east_m < 500)].mean()
    early = exposures.onset_p50_s[(east_m < -300) & (east_m > -500)].mean()
    assert 6.0 < late - early < 8.0  # 800 m apart at 0.01 s/m, less what the disc blurs
    assert (exposures.onset_p05_s < exposures.onset_p50_s).all()


@pytest.mark.parametrize(
    ("side_m", "slope", "sigma_m", "harmful_m", "sigma_s", "near_s"),
    [
        (400.0, (0.006, 0.003), 300.0, 150.0, 0.2, 0.15),
        (800.0, (0.02, 0.0), 1500.0, 250.0, 3.0, 0.3),
    ],
)
def test_the_early_second_of_a_zone_is_that_of_a_monte_carlo(
    side_m: float,
    slope: tuple[float, float],
    sigma_m: float,
    harmful_m: float,
    sigma_s: float,
    near_s: float,
) -> None:
    """What stays open of the place stays open of a time that hangs on it.

    The median is that of its people; the early quantile that of whoever is hit first.
    """
    zones = square_zones(side_m=side_m, rows=8)
    made = forecast([(0, 0)], sigma_m, slope_spm=slope, harmful_m=harmful_m)
    exposer = Exposer(zones)
    exposer.index.widest_m = np.inf
    told = exposer.step(replace(made, sigma_time_s=np.full(1, sigma_s)))
    rng = np.random.default_rng(1)
    place = sigma_m * rng.standard_normal((200_000, 2))
    when = 100.0 + place @ slope + sigma_s * rng.standard_normal(len(place))
    order = np.argsort(when)
    people = (zones.point_rad - CENTRE) @ np.diag([PER_LAT, PER_LON])
    middle = (zones.centre_rad - CENTRE) @ np.diag([PER_LAT, PER_LON])
    for row in np.argsort(told.probability)[-6:]:
        mine = zones.point_zone == told.zone[row]
        spread = zones.point_sigma_m[mine, None] * rng.standard_normal(
            (len(place), int(mine.sum()), 2)
        )
        away = np.hypot(*(place[:, None] - people[mine][:, ::-1] - spread).T).T
        heard = np.cumsum((away < harmful_m).mean(axis=1)[order])
        early, median = when[order][np.searchsorted(heard / heard[-1], [0.05, 0.5])]
        assert_allclose(told.onset_p50_s[row], median, atol=near_s)
        assert told.onset_p05_s[row] < early + near_s
        beyond = np.abs(place - middle[told.zone[row], ::-1]) - 0.5 * side_m
        hit = np.hypot(*np.maximum(beyond, 0.0).T) < harmful_m
        first = np.quantile(when[hit], 0.05)
        assert_allclose(told.onset_p05_s[row], first, atol=3 * near_s)


def test_nobody_is_exposed_where_there_is_no_threat_and_no_zone() -> None:
    zones = square_zones(rows=4)
    assert len(Exposer(zones).step(forecast([(200e3, 0.0)])).zone) == 0
    nothing = forecast([(0, 0)], weight=0.0)
    assert len(Exposer(zones).step(nothing).zone) == 0


def test_a_certain_impact_harms_those_within_its_radius() -> None:
    zones = square_zones(side_m=200.0, rows=20)
    exposures = Exposer(zones).step(forecast([(0, 0)], sigma_m=20.0))
    # people live all over each quarter of a zone, not in its middle
    density = zones.population[0] / zones.area_m2[0]
    assert_allclose(people_harmed(exposures, zones), density * np.pi * 150.0**2, rtol=0.06)


def narrow_futures(
    harmful_m: float, long_m: float, short_m: float
) -> tuple[FloatArray, FloatArray]:
    """(z,) votes of one future, and its integral over the disc around each person."""
    zones = square_zones(side_m=200.0, rows=24)
    along = np.array([np.sin(0.5), np.cos(0.5)])  # north, east
    cov = short_m**2 * np.eye(2) + (long_m**2 - short_m**2) * np.outer(along, along)
    made = forecast([(0, 0)], harmful_m=harmful_m)
    made = replace(made, cov_m2=np.array([[cov[1, 1], cov[0, 1], cov[0, 0]]]))
    told = Exposer(zones).step(made)
    p = np.zeros(len(zones.zone_id))
    p[told.zone] = told.probability
    line_m = np.linspace(-harmful_m, harmful_m, 201)
    disc = np.stack(np.meshgrid(line_m, line_m), axis=-1).reshape(-1, 2)
    disc = disc[np.hypot(*disc.T) < harmful_m]
    cell_m2 = (line_m[1] - line_m[0]) ** 2
    people_m = (zones.point_rad - CENTRE) * (PER_LAT, PER_LON)
    exact = np.zeros(len(p))
    for place, sigma_m, zone, share in zip(
        people_m, zones.point_sigma_m, zones.point_zone, zones.point_share, strict=True
    ):
        wide = multivariate_normal([0.0, 0.0], cov + sigma_m**2 * np.eye(2))
        exact[zone] += share * wide.pdf(place + disc).sum() * cell_m2
    return p, exact


NARROW = pytest.mark.parametrize(
    ("harmful_m", "long_m", "short_m"),
    [
        (500.0, 40.0, 40.0),
        (500.0, 300.0, 40.0),
        (250.0, 150.0, 150.0),
        (150.0, 400.0, 90.0),
    ],
)


@NARROW
def test_narrow_futures_reach_no_further_than_their_discs(
    harmful_m: float, long_m: float, short_m: float
) -> None:
    """Beside the integral of each future over each disc: people far out are told of, if
    barely too often, but not as if harm had no edge."""
    p, exact = narrow_futures(harmful_m, long_m, short_m)
    far = (exact < 0.05) & (exact > 1e-5)
    assert (p[far] > 0.8 * exact[far]).all()
    for threshold in (1e-2, 1e-3, 1e-4):
        assert (p > threshold).sum() < 1.2 * (exact > threshold).sum()


@NARROW
def test_whom_a_narrow_future_will_harm_hears_so(
    harmful_m: float, long_m: float, short_m: float
) -> None:
    """Beside the same integral: where it is likely, and of all people together."""
    p, exact = narrow_futures(harmful_m, long_m, short_m)
    assert_allclose(p.sum(), exact.sum(), rtol=0.06)
    assert_allclose(p, exact, atol=0.16)


@pytest.mark.parametrize("spread_m", [60.0, 900.0])
@pytest.mark.parametrize(
    ("long_m", "short_m", "turn_rad"),
    [(4000.0, 400.0, 0.6), (4000.0, 400.0, -1.2), (1500.0, 1500.0, 0.0)],
)
def test_nobody_within_reach_is_passed_over(
    long_m: float, short_m: float, turn_rad: float, spread_m: float
) -> None:
    """However a future leans and however widely people are spread: beside all of them."""
    zones = square_zones(side_m=400.0, rows=80)
    zones = replace(zones, point_sigma_m=np.full(len(zones.point_zone), spread_m))
    along = np.array([np.cos(turn_rad), np.sin(turn_rad)])  # east, north
    cov = short_m**2 * np.eye(2) + (long_m**2 - short_m**2) * np.outer(along, along)
    made = forecast([(3100.0, -2300.0)])
    made = replace(made, cov_m2=np.array([[cov[0, 0], cov[0, 1], cov[1, 1]]]))
    exposer = Exposer(zones)
    exposer.index.widest_m = np.inf  # forces people points
    told = exposer.step(made)
    p = np.zeros(len(zones.zone_id))
    p[told.zone] = told.probability
    place = made.place_rad[0]
    away = (zones.point_rad - place)[:, ::-1] * metres_per_radian(place[0])[::-1]
    wide = cov + (150.0**2 / 4.0 + spread_m**2) * np.eye(2)
    area = np.pi * 150.0**2
    dense = multivariate_normal([0.0, 0.0], wide)
    height, steep, inner = _shaped(area * dense.pdf([0.0, 0.0]))
    sigmas2 = np.einsum("ni,ij,nj->n", away, np.linalg.inv(wide), away)
    shape = height * np.exp(-0.5 * steep * sigmas2)
    q = np.where(sigmas2 < inner, shape, area * dense.pdf(away))
    everyone = zones.point_share * -np.expm1(-q)
    everyone = np.bincount(zones.point_zone, everyone, len(p))
    least = area * dense.pdf([0.0, 0.0]) * np.exp(-0.5 * REACH_SIGMAS**2)
    assert (everyone > 10.0 * least).sum() > 300
    assert_allclose(p, everyone, rtol=1e-3, atol=least + FLOOR)


def test_votes_kept_from_the_last_step_are_those_counted_again() -> None:
    zones = square_zones()
    exposer = Exposer(zones)
    first = forecast([(0, 0)])
    exposer.step(first)
    moved = replace(forecast([(900.0, 0)]), made_s=np.array([1.0]))
    for threat in (first, moved, moved):
        kept, fresh = exposer.step(threat), Exposer(zones).step(threat)
        np.testing.assert_array_equal(kept.zone, fresh.zone)
        np.testing.assert_array_equal(kept.probability, fresh.probability)


def test_an_unlikely_late_future_makes_nobody_hurry() -> None:
    """The early quantile is that of the mixture, not of one bell laid over all of it."""
    zones = square_zones()
    two = forecast([(0, 0), (0, 0)])
    two = replace(two, weight=np.array([0.97, 0.03]), time_s=np.array([100.0, 400.0]))
    exposures = Exposer(zones).step(two)
    assert (exposures.onset_p05_s > 95.0).all()  # 1.7 sigmas of 2 s before 100
    assert (exposures.onset_p05_s < 98.0).all()
    assert_allclose(exposures.onset_p50_s, 100.0, atol=0.5)  # s


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_so_much_of_a_mixture_has_come_by_its_quantile(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    part = st.tuples(st.floats(1e-6, 1.0), st.floats(0.0, 400.0), st.floats(0.02, 60.0))
    parts = np.array([data.draw(part) for _ in range(count)])
    share = data.draw(st.sampled_from([0.05, 0.5]))
    links = np.append(np.arange(1, count), -1)
    total = float(parts[:, 0].sum())

    def reached(when: float) -> float:
        odds = np.clip(LOGISTIC * (parts[:, 1] - when) / parts[:, 2], -700.0, 700.0)
        return float((parts[:, 0] / (1.0 + np.exp(odds))).sum() / total)

    when = _early(parts, 0, links, total, share)
    # between two far apart any time may be right
    assert reached(when - NEAR_S) <= share + 1e-6
    assert reached(when + NEAR_S) >= share - 1e-6


def test_of_however_many_futures_the_seconds_left_are_told() -> None:
    """A cloud of samples of which none counts for much is as good as one wide future."""
    many = forecast([(0.0, 0.0)] * 2000)
    exposures = Exposer(square_zones()).step(many)
    assert len(exposures.zone)
    assert (exposures.onset_p05_s > 95.0).all()
    assert_allclose(exposures.onset_p50_s, 100.0, atol=0.5)  # s


def test_people_are_counted_alike_whoever_lives_beside_them() -> None:
    """However differently neighbours are spread over their zones."""
    zones, future = square_zones(), forecast([(0, 0)], slope_spm=(0.01, 0.0))
    spread_m = np.array([20.0, 400.0])
    kind = zones.point_zone % 2
    mixed = Exposer(replace(zones, point_sigma_m=spread_m[kind])).step(future)
    for which in (0, 1):
        like = np.full(len(kind), spread_m[which])
        alone = Exposer(replace(zones, point_sigma_m=like)).step(future)
        ours, theirs = mixed.zone % 2 == which, alone.zone % 2 == which
        assert_array_equal(mixed.zone[ours], alone.zone[theirs])
        for name in ("probability", "onset_p05_s", "onset_p50_s"):
            found, asked = getattr(mixed, name)[ours], getattr(alone, name)[theirs]
            assert_allclose(found, asked, rtol=1e-12)


def test_many_threats_are_counted_as_each_alone() -> None:
    """However many cores share them out."""
    zones = square_zones()
    rng = np.random.default_rng(5)
    count = 21  # of one to many futures each
    futures = rng.integers(1, 9, count)
    start = np.concatenate([[0], np.cumsum(futures)])
    place = [(float(e), float(n)) for e, n in 1500.0 * rng.standard_normal((start[-1], 2))]
    one = forecast(place, sigma_m=300.0)
    threats = np.arange(count)
    many = replace(
        one,
        track_id=threats + 1,
        **{name: np.repeat(getattr(one, name), count) for name in PER_THREAT},
        start=start,
    )
    together = Exposer(zones).step(many)
    for k in threats:
        own = slice(int(start[k]), int(start[k + 1]))
        alone = replace(
            many,
            track_id=many.track_id[[k]],
            **{name: getattr(many, name)[[k]] for name in PER_THREAT},
            start=np.array([0, futures[k]]),
            **{name: getattr(many, name)[own] for name in PER_FUTURE},
        )
        exposures, mine = Exposer(zones).step(alone), together.threat == k
        for name in ("zone", "probability", "onset_p05_s", "onset_p50_s"):
            np.testing.assert_array_equal(
                getattr(together, name)[mine], getattr(exposures, name)
            )
