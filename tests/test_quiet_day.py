"""A day of the quiet month in which everybody's aircraft are known: whom it wakes.

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
MISTAKEN = {"airliners", "flocks of birds"}  # seldom, and for seconds, when first seen


@pytest.mark.parametrize("first", [1, 7, 13, 19])
def test_a_quarter_of_a_quiet_day_wakes_hardly_anybody(first: int) -> None:
    hours = [quiet.hour(KNOWN, seed) for seed in range(first, first + 6)]
    told = sum((each for each, _ in hours), Counter[str]())
    assert set(told) <= MISTAKEN
    assert sum(bool(each) for each, _ in hours) <= 3
    assert told.total() < 50  # of 12,000 zones
    assert sum(minutes for _, minutes in hours) < 1e-3  # per person
