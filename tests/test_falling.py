"""Falls that drag bends: told in parts, with the skew that they have."""

import numpy as np
from numpy.testing import assert_allclose

from forewarn.bench.flying import AIR, FAMILIES, ROCKET, SEA, start
from forewarn.dynamics import drag_table
from forewarn.flight import fall
from forewarn.forecast import ForecastParams
from forewarn.forecast.falling import FallNoise, falling_futures
from forewarn.geodesy import FloatArray, geographic_points, metres_per_radian

SIGMA = np.array([*[30.0] * 3, *[10.0] * 3, 0.2])
# nothing but what is drawn
NOISE = ForecastParams(
    ln_beta_drift=0.0,
    ln_beta_steady=0.0,
    ln_beta_unseen=0.0,
    density_sigma=0.0,
    lift_share=0.0,
).fall_noise
DRAG = drag_table()
DRAWN = 20_000


def body(family: str) -> FloatArray:
    height_m, vel_mps, beta = FAMILIES[family]
    # half as heavy as that of `bench forecast`: stopped before the ground
    return np.append(
        start(height_m, vel_mps), np.log(1500.0 if family == "fireball" else beta)
    )


def parts_of(family: str, noise: FallNoise = NOISE) -> FloatArray:
    """(k, 10) futures of one body of a family."""
    told = falling_futures(
        body(family)[None], np.diag(SIGMA**2)[None], np.zeros(1), noise, SEA, AIR, DRAG
    )[0]
    return told[told[:, 0] > 0.0]


def drawn(family: str) -> tuple[FloatArray, FloatArray]:
    """Places (n, 2) rad and times (n,) of bodies drawn from the same doubts."""
    rng = np.random.default_rng(4)
    mean = body(family) + SIGMA * rng.standard_normal((DRAWN, 7))
    gust = 3.0 * rng.standard_normal((DRAWN, 2))
    landed = fall(mean[:, :6].copy(), mean[:, 6].copy(), gust, SEA, AIR, DRAG)
    lat, lon, _ = geographic_points(np.ascontiguousarray(landed[:, 1:4]))
    return np.stack([lat, lon], axis=1), landed[:, 0]


def skew(values: FloatArray) -> float:
    away = values - values.mean()
    return float((away**3).mean() / away.std() ** 3)


def test_a_fall_that_drag_bends_is_told_with_its_skew() -> None:
    parts = parts_of("fireball")
    assert_allclose(parts[:, 0], [1 / 6, 2 / 3, 1 / 6])
    places, times_s = drawn("fireball")
    scale = np.array(metres_per_radian(float(parts[0, 1])))
    way = (parts[2, 1:3] - parts[0, 1:3]) * scale
    way /= np.hypot(*way)
    rng = np.random.default_rng(5)
    part = rng.choice(3, DRAWN, p=parts[:, 0])
    centre = ((parts[:, 1:3] - parts[1, 1:3]) * scale) @ way
    north, east = way
    ee, en, nn = parts[:, 3:6].T
    sigma = np.sqrt(ee * east**2 + 2 * en * east * north + nn * north**2)
    told = centre[part] + sigma[part] * rng.standard_normal(DRAWN)
    true = ((places - parts[1, 1:3]) * scale) @ way
    # the rare ends: a Gaussian of the same mean and spread misses them by half a sigma
    ends = (0.01, 0.05, 0.95, 0.99)
    wide, asked = true.std(), np.quantile(true, ends)
    gaussian = np.quantile(true.mean() + wide * rng.standard_normal(DRAWN), ends)
    assert np.abs(gaussian - asked).max() > 0.5 * wide
    assert np.abs(np.quantile(told, ends) - asked).max() < 0.3 * wide
    assert skew(told) < 0.5 * skew(true)
    assert_allclose(parts[:, 0] @ parts[:, 6], times_s.mean(), atol=0.1 * times_s.std())


def test_a_straight_fall_is_told_in_one() -> None:
    (only,) = parts_of(ROCKET)
    assert only[0] == 1.0


def test_a_fall_is_told_alike_alone_and_in_company() -> None:
    noise = ForecastParams().fall_noise  # one of them slides
    families = ("fireball", ROCKET, "wreck", "fireball")
    together = falling_futures(
        np.stack([body(family) for family in families]),
        np.tile(np.diag(SIGMA**2), (4, 1, 1)),
        np.zeros(4),
        noise,
        SEA,
        AIR,
        DRAG,
    )
    for told, family in zip(together, families, strict=True):
        np.testing.assert_array_equal(told[told[:, 0] > 0.0], parts_of(family, noise))
