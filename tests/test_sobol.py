"""Sobol points are those of SciPy."""

import numpy as np
import pytest
from scipy.stats import qmc

from forewarn.forecast.sobol import MOST, sobol


@pytest.mark.parametrize("dimensions", [1, 5, MOST])
def test_points_are_those_of_scipy(dimensions: int) -> None:
    expected = qmc.Sobol(dimensions, scramble=False).random(4096)
    np.testing.assert_array_equal(sobol(4096, dimensions), expected)
    np.testing.assert_array_equal(sobol(1025, dimensions), expected[:1025])
