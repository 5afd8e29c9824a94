"""A day of the quiet month in which everybody's aircraft are known: it wakes nobody.

Twenty-four hours, each drawn anew: airliners, light aircraft that control names, flocks of
birds, clutter, radars jammed by turns. What nobody knows is left out, for it wakes people.
"""

from collections import Counter
from dataclasses import replace

import pytest

from forewarn.bench import quiet
from forewarn.sim import raids

MONTH = raids.load("month")
KNOWN = replace(
    MONTH, traffic=tuple(one for one in MONTH.traffic if "nobody" not in one.name)
)


@pytest.mark.parametrize("hour", range(1, 25))
def test_a_quiet_day_wakes_nobody(hour: int) -> None:
    assert quiet.hour(KNOWN, hour) == (Counter(), 0.0)
