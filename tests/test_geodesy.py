import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forewarn.geodesy import (
    EARTH_A_M,
    EARTH_B_M,
    ecef_from_geographic,
    ecef_points,
    enu_from_ecef,
    enu_turns,
    geographic_from_ecef,
    geographic_points,
    metres_per_radian,
)

latitudes = st.floats(-1.5, 1.5)
longitudes = st.floats(-3.1, 3.1)
heights = st.floats(-400.0, 300e3)


@given(lat=latitudes, lon=longitudes, height=heights)
def test_there_and_back_is_the_same_place(lat: float, lon: float, height: float) -> None:
    back = geographic_from_ecef(*ecef_from_geographic(lat, lon, height))
    assert_allclose(back[:2], (lat, lon), atol=1e-12)  # rad: 6 um on the ground
    assert_allclose(back[2], height, atol=1e-4)


def test_axes_of_the_ellipsoid() -> None:
    assert_allclose(ecef_from_geographic(0.0, 0.0, 0.0), (EARTH_A_M, 0, 0), atol=1e-9)
    assert_allclose(ecef_from_geographic(np.pi / 2, 0.0, 0.0)[2], EARTH_B_M, atol=1e-6)


@given(lat=latitudes, lon=longitudes)
def test_local_axes_are_orthonormal_and_up_points_away(lat: float, lon: float) -> None:
    turn = enu_from_ecef(lat, lon)
    assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    ground, above = (np.array(ecef_from_geographic(lat, lon, h)) for h in (0.0, 100.0))
    assert_allclose(turn @ (above - ground), (0, 0, 100.0), atol=1e-6)


def test_arrays_agree_with_single_points() -> None:
    rng = np.random.default_rng(1)
    lat, lon, height = (
        rng.uniform(-1.5, 1.5, 9),
        rng.uniform(-3, 3, 9),
        rng.uniform(0, 1e4, 9),
    )
    points = ecef_points(lat, lon, height)
    one_by_one = [ecef_from_geographic(*row) for row in zip(lat, lon, height, strict=True)]
    assert_allclose(points, one_by_one, atol=1e-6)
    assert_allclose(np.stack(geographic_points(points)), [lat, lon, height], atol=1e-4)


def test_a_degree_of_latitude_is_about_111_km() -> None:
    north, east = metres_per_radian(np.radians(45.0))
    assert_allclose(np.radians(1.0) * north, 111_132.0, atol=2.0)
    assert_allclose(np.radians(1.0) * east, 78_847.0, atol=2.0)


def test_turns_of_many_places_are_those_of_each() -> None:
    lat, lon = np.radians([-33.0, 0.0, 55.7]), np.radians([151.0, -179.0, 12.6])
    each = [enu_from_ecef(*place) for place in zip(lat, lon, strict=True)]
    np.testing.assert_array_equal(enu_turns(lat, lon), each)
