"""A day of the quiet month in which everybody's aircraft are known: it wakes nobody.

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


def test_a_quiet_day_wakes_nobody() -> None:
    spawn = multiprocessing.get_context("spawn")  # a fork would take our threads along
    with ProcessPoolExecutor(2, spawn) as crew:
        hours = list(crew.map(partial(quiet.hour, KNOWN), range(1, 25)))
    assert sum((each for each, _ in hours), Counter[str]()) == Counter()
    assert sum(minutes for _, minutes in hours) == 0.0
