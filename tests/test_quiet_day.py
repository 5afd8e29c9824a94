"""A day of the quiet month in which everybody's aircraft are known: whom it wakes.

Twenty-four hours, each drawn anew: airliners, light aircraft that control names, flocks of
birds, clutter, radars jammed by turns. What nobody knows is left out, for it wakes people.
"""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from forewarn.bench import quiet
from forewarn.sim import raids

MONTH = raids.load("month")
KNOWN = replace(
    MONTH, traffic=tuple(one for one in MONTH.traffic if "nobody" not in one.name)
)
MISTAKEN = {"airliners", "flocks of birds"}  # seldom, and for seconds, when first seen


def test_a_quiet_day_wakes_hardly_anybody() -> None:
    spawn = multiprocessing.get_context("spawn")  # a fork would take our threads along
    with ProcessPoolExecutor(2, spawn) as crew:
        hours = list(crew.map(partial(quiet.hour, KNOWN), range(1, 25)))
    told = sum((each for each, _ in hours), Counter[str]())
    assert set(told) <= MISTAKEN
    assert sum(bool(each) for each, _ in hours) <= 4
    assert told.total() < 100  # of 25,000 zones, each for seconds
    assert sum(minutes for _, minutes in hours) < 2e-3  # per person
