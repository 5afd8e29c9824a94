"""Areas hold what they state; `forewarn bench coverage` asks 10,000 of each family."""

import numpy as np
import pytest

from forewarn.bench.coverage import FAMILIES, Family, draw, hold
from forewarn.forecast import ForecastParams

BODIES = 800


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.name))
def test_areas_hold_what_they_state(family: Family) -> None:
    held = hold(family, draw(family, BODIES, 3), ForecastParams())
    # two points, and three standard deviations of a sample of this size
    for stated in (0.95, 0.99):
        room = 0.02 + 3.0 * np.sqrt(stated * (1.0 - stated) / BODIES)
        assert abs((held.share <= stated).mean() - stated) < room
    assert held.area_m2 < 1.5 * held.bound_m2
