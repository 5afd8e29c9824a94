import numpy as np
import pytest
from numpy.testing import assert_allclose
from shapely import Polygon, contains_xy

from forewarn.forecast.areas import (
    SHARES,
    Spread,
    area_m2,
    arrival_s,
    futures_of,
    held_area_m2,
    inside,
    levels,
    outlines,
    shares_at,
    spread,
)
from forewarn.forecast.contour import ring_area
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import Forecasts

MIDDLE = np.radians([56.2, 9.4])
SCALE = np.array(metres_per_radian(float(MIDDLE[0])))
# per future: weight, east m, north m, sigma along, across m, direction of the long axis
MIXTURES = {
    "one": [(0.3, 0, 0, 400, 90, 0.6)],
    "two apart": [(0.4, -9e3, 0, 60, 40, 0.0), (0.2, 9e3, 2e3, 700, 200, 2.0)],
    "three that overlap": [
        (1.0, 0, 0, 500, 100, 0.3),
        (0.5, 300, 200, 200, 150, 1.2),
        (0.2, -100, 0, 1000, 300, 0.3),
    ],
    "one and its wide twin": [(0.9, 0, 0, 500, 100, 0.3), (0.1, 0, 0, 1000, 200, 0.3)],
    "ring": [
        (1.0, 1e3 * np.cos(a), 1e3 * np.sin(a), 180, 120, a)
        for a in np.arange(24) * np.pi / 12
    ],
}


def mixture(name: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    weight, east, north, along, across, turn = np.array(MIXTURES[name], float).T
    cos, sin = np.cos(turn), np.sin(turn)
    cov = np.column_stack(
        [
            (along * cos) ** 2 + (across * sin) ** 2,
            (along**2 - across**2) * sin * cos,
            (along * sin) ** 2 + (across * cos) ** 2,
        ]
    )
    return weight, np.column_stack([north, east]) / SCALE + MIDDLE, cov


def drawn(name: str, count: int) -> FloatArray:
    """(count, 2) places, drawn at random from a mixture."""
    weight, place, cov = mixture(name)
    rng = np.random.default_rng(7)
    owner = rng.choice(len(weight), count, p=weight / weight.sum())
    ee, en, nn = cov[owner].T
    x, y = rng.standard_normal((2, count))
    east = np.sqrt(ee) * x
    north = en / np.sqrt(ee) * x + np.sqrt(nn - en**2 / ee) * y
    return np.asarray(place[owner] + np.column_stack([north, east]) / SCALE)


def of(name: str) -> Spread:
    return spread(*mixture(name))


def covered(rings: list[FloatArray], place_rad: FloatArray) -> FloatArray:
    """Whether places lie within an odd number of rings."""
    out = np.zeros(len(place_rad), bool)
    for ring in rings:
        out ^= contains_xy(Polygon(ring), place_rad)
    return out


@pytest.mark.parametrize("name", MIXTURES)
def test_an_area_holds_its_share(name: str) -> None:
    places, futures = drawn(name, 200_000), of(name)
    held = [inside(futures, level, places).mean() for level in levels(futures)]
    assert_allclose(held, SHARES, atol=0.005)


@pytest.mark.parametrize("name", MIXTURES)
def test_places_lie_in_areas_of_every_share_alike(name: str) -> None:
    places, futures = drawn(name, 100_000), of(name)
    found = shares_at(futures, places)
    assert_allclose(np.quantile(found, SHARES), SHARES, atol=0.005)
    inner = inside(futures, levels(futures)[1], places)
    assert np.mean(inner != (found < SHARES[1])) < 1e-3


def test_one_ellipse_is_known_in_closed_form() -> None:
    futures = of("one")
    for share, level in zip(SHARES, levels(futures), strict=True):
        reach2 = -2 * np.log(1 - share)  # chi-square with two degrees of freedom
        assert_allclose(area_m2(futures, level), np.pi * reach2 * 400 * 90, rtol=1e-9)
        tip = 400 * np.sqrt(reach2) * np.array([np.sin(0.6), np.cos(0.6)])
        near, far = (MIDDLE + k * tip / SCALE for k in (0.9999, 1.0001))
        assert inside(futures, level, np.array([near, far])).tolist() == [True, False]
        (ring,) = outlines(futures, level)
        metres = ((ring - MIDDLE) * SCALE)[:, ::-1]
        # corners stand just outside, so that no place inside is left out
        assert_allclose(ring_area(metres) / area_m2(futures, level), 1.00036, atol=1e-5)


@pytest.mark.parametrize("name", MIXTURES)
def test_an_outline_encloses_what_is_inside(name: str) -> None:
    places, futures = drawn(name, 20_000), of(name)
    for level in levels(futures):
        ring = outlines(futures, level)
        # chords of a curved rim: of what is drawn there, 0.3 % on either side
        assert np.mean(covered(ring, places) != inside(futures, level, places)) < 3e-3
        metres = [((one - MIDDLE) * SCALE)[:, ::-1] for one in ring]
        total = sum(ring_area(one) for one in metres)
        assert_allclose(total, area_m2(futures, level), rtol=2e-3)


def test_the_size_of_an_area_is_that_of_its_places() -> None:
    futures = of("three that overlap")
    east, north = np.random.default_rng(3).uniform(-4e3, 4e3, (2, 2_000_000))
    places = np.column_stack([north, east]) / SCALE + MIDDLE
    for level in levels(futures, (0.5, 0.95)):
        counted = inside(futures, level, places).mean() * 8e3**2
        assert_allclose(area_m2(futures, level), counted, rtol=0.03)


@pytest.mark.parametrize("name", MIXTURES)
def test_a_quick_size_is_nearly_the_exact_one(name: str) -> None:
    futures = of(name)
    exact = area_m2(futures, float(levels(futures, (0.95,))[0]))
    assert_allclose(held_area_m2(futures, 0.95), exact, rtol=0.05)


def test_futures_apart_have_a_ring_each_and_a_hole_its_own() -> None:
    apart, around = of("two apart"), of("ring")
    assert len(outlines(apart, levels(apart)[2])) == 2
    outer, hole = sorted(
        (ring_area(ring[:, ::-1]) for ring in outlines(around, levels(around)[2])),
        reverse=True,
    )
    assert outer > 0 > hole


def test_above_the_peak_there_is_no_area() -> None:
    for name in MIXTURES:
        assert outlines(of(name), 1.0) == []
        assert area_m2(of(name), 1.0) == 0.0


def test_across_the_date_line_areas_stay_whole() -> None:
    futures = spread(
        np.ones(2),
        np.radians([[10.0, 179.999], [10.0, -179.999]]),
        np.full((2, 3), [1e4, 0.0, 1e4]),
    )
    assert np.abs(futures.spot_m).max() < 200.0
    place = np.radians([[10.0, 180.0], [10.0, -180.0], [10.0, 0.0]])
    assert inside(futures, levels(futures)[0], place).tolist() == [True, True, False]


def forecasts() -> Forecasts:
    """Two tracks; the second may come down in either of two ways."""
    weight, place, cov = (np.concatenate([x, x[:1]])[:3] for x in mixture("two apart"))
    return Forecasts(
        received_s=0.0,
        track_id=np.array([1, 2]),
        group_mask=np.ones(2, np.int64),
        trusted=np.ones(2, bool),
        harmful_m=np.full(2, 150.0),
        kind=np.zeros(2, np.int64),
        first_s=np.zeros(2),
        last_s=np.full(2, 2e9),
        made_s=np.zeros(2),
        stale=np.zeros(2, bool),
        start=np.array([0, 1, 3]),
        weight=weight,
        place_rad=place,
        cov_m2=cov,
        time_s=1.7e9 + np.array([30.0, 42.0, 60.0]),
        slope_spm=np.array([[0.01, 0.0], [1e-3, 2e-3], [0.02, -0.03]]),
        sigma_time_s=np.array([0.8, 1.5, 0.3]),
        group_names=("a",),
    )


def test_times_of_coming_down_are_those_of_a_sample() -> None:
    told = forecasts()
    (early, median, late) = arrival_s(told, 0)
    sigma = np.hypot(0.8, 0.01 * 60)
    assert_allclose(median, 1.7e9 + 30.0, atol=1e-3)
    assert_allclose([median - early, late - median], 1.6449 * sigma, atol=2e-3)
    rng, count = np.random.default_rng(5), 400_000
    owner = 1 + (rng.random(count) > told.weight[1] / told.weight[1:].sum())
    ee, en, nn = told.cov_m2[owner].T
    x, y, z = rng.standard_normal((3, count))
    east, north = np.sqrt(ee) * x, en / np.sqrt(ee) * x + np.sqrt(nn - en**2 / ee) * y
    time_s = told.time_s[owner] + told.sigma_time_s[owner] * z
    time_s += told.slope_spm[owner, 0] * east + told.slope_spm[owner, 1] * north
    asked = (0.05, 0.25, 0.95)
    # the densities at these quantiles are above 0.01 /s, so that is 0.1 points
    assert_allclose(arrival_s(told, 1, asked), np.quantile(time_s, asked), atol=0.1)


def test_the_futures_of_a_row_are_its_own() -> None:
    told = forecasts()
    assert [len(futures_of(told, row).spot_m) for row in (0, 1)] == [1, 2]
