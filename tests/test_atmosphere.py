import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.atmosphere import air_at, standard_air, us1976, with_profile
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray


def test_table_one_of_the_standard_is_met(shared_data: Path) -> None:
    with (shared_data / "trajectories" / "us1976" / "table1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        potential = float(row["geopotential_altitude_m"])
        height = 6356766.0 * potential / (6356766.0 - potential)
        temperature, pressure, density = us1976(np.array([height]))
        assert_allclose(temperature[0], float(row["temperature_K"]), atol=0.01)
        assert_allclose(pressure[0], float(row["pressure_Pa"]), rtol=1e-4)
        assert_allclose(density[0], float(row["density_kg_m3"]), rtol=1e-4)


def test_kernel_table_follows_the_formulas_between_its_levels() -> None:
    table = standard_air()
    # 11, 20, 32, 47 km are kinks of the standard itself, which a smooth table rounds
    for height in (10.0, 1333.0, 9871.0, 15123.0, 25777.0, 60111.0):
        density, slowness, east, north = air_at(table, height)
        temperature, _, expected = us1976(np.array([height]))
        assert_allclose(density, expected[0], rtol=1e-5)
        assert_allclose(
            1.0 / slowness, np.sqrt(1.4 * 287.05287 * temperature[0]), rtol=1e-5
        )
        assert (east, north) == (0.0, 0.0)


def test_wind_is_that_of_the_profile_and_stays_beyond_its_ends() -> None:
    table = with_profile(
        standard_air(), np.array([1000.0, 9000.0]), np.array([[4.0, -2.0], [20.0, 6.0]])
    )
    assert_allclose(air_at(table, 5000.0)[2:], (12.0, 2.0), atol=0.01)
    assert_allclose(air_at(table, 0.0)[2:], (4.0, -2.0), atol=0.01)
    assert_allclose(air_at(table, 30e3)[2:], (20.0, 6.0), atol=0.01)


def test_air_far_above_and_below_the_table_is_a_number() -> None:
    table = standard_air()
    assert np.isfinite(air_at(table, -500.0)).all()
    assert np.isfinite(air_at(table, 900e3)).all()


def test_a_wind_profile_that_does_not_rise_is_refused() -> None:
    with pytest.raises(ConfigError, match="must rise"):
        with_profile(standard_air(), np.array([100.0, 100.0]), np.zeros((2, 2)))


def test_air_measured_as_the_standard_has_it_is_the_standard() -> None:
    table = standard_air()
    height = np.arange(0.0, 30e3, 500.0)
    temperature, _, density = us1976(height)
    calm = np.zeros((len(height), 2))
    same = with_profile(table, height, calm, density, temperature)
    assert_allclose(same, table, atol=1e-9)
    thin = with_profile(table, height, calm, 0.9 * density, 1.1 * temperature)
    for h in (5e3, 60e3):  # above a profile the proportion stays
        assert_allclose(air_at(thin, h)[0], 0.9 * air_at(table, h)[0], rtol=1e-6)
        assert_allclose(air_at(thin, h)[1], air_at(table, h)[1] / np.sqrt(1.1), rtol=1e-6)


@pytest.mark.parametrize("density", [np.ones(3), np.array([1.0, -1.0])])
def test_a_profile_of_density_that_cannot_be_is_refused(density: FloatArray) -> None:
    with pytest.raises(ConfigError, match="density_kgpm3"):
        with_profile(standard_air(), np.array([0.0, 9e3]), np.zeros((2, 2)), density)
