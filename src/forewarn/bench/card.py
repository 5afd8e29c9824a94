"""How many flights a second a graphics card carries to the ground, beside one core."""

import time
from collections.abc import Callable

import numpy as np

from forewarn.bench.flying import (
    AIR,
    CLOSE_M,
    FAMILIES,
    ROCKET,
    SEA,
    Bodies,
    apart_m,
    bodies,
    fly,
    fly_fine,
)
from forewarn.bench.result import Ask, Figure, Result
from forewarn.dynamics import drag_table
from forewarn.flight.card import cuda, fall_on_card
from forewarn.geodesy import FloatArray

DRAWN = 4096  # bodies that are no two alike
COPIES = 4096  # of them in one launch
ROUNDS = 7
CHECKED = 64  # flights held against fine steps
GUST_MPS = 3.0
SEED = 20261126


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """The benchmark case of `bench forecast`, then each family, on the card."""
    name = str(cuda().get_current_device().name)
    drag = drag_table()
    case = bodies(ROCKET, DRAWN, 0.0, SEED)
    figures = [*_speed(case, drag, name), _error(case, drag)]
    progress()
    rows = [("family", "flights /s")]
    for family in FAMILIES:
        rate = 1.0 / _seconds_each(bodies(family, DRAWN, GUST_MPS, SEED), drag)
        rows.append((family, f"{rate:,.0f}"))
        progress()
    title = f"Flights to the ground on a graphics card, {name}"
    return Result("card", title, tuple(figures), tuple(rows))


def _speed(case: Bodies, drag: FloatArray, name: str) -> list[Figure]:
    there_s = _seconds_each(case, drag)
    copied_s = _seconds_with_copies(case, drag)
    core_s = []
    for _ in range(ROUNDS):
        before = time.process_time()
        fly(case, drag)
        core_s.append((time.process_time() - before) / DRAWN)
    core = float(np.median(core_s))
    return [
        Figure(
            "flights of 60 s, all on the card",
            1.0 / there_s,
            "/s",
            ">= 3e8",
            note=f"median of {ROUNDS} launches of {DRAWN * COPIES:,}, float64; {name}",
        ),
        Figure("the same, carried there and back", 1.0 / copied_s, "/s"),
        Figure(
            "cores of this machine that do as many",
            core / there_s,
            "",
            note=f"{1.0 / core:,.0f} /s on one",
        ),
    ]


def _error(case: Bodies, drag: FloatArray) -> Figure:
    few = Bodies(*(rows[:CHECKED] for rows in case))
    there: FloatArray = fall_on_card(*few, SEA, AIR, drag).copy_to_host()
    off_m = apart_m(there, fly_fine(few, drag))
    return Figure(
        "their error on the ground, worst",
        float(off_m.max()),
        "m",
        f"<= {CLOSE_M}",
        note=f"against steps of 0.01 s, {CHECKED} flights",
    )


def _seconds_each(case: Bodies, drag: FloatArray) -> float:
    """Median seconds of a flight, bodies and landings staying on the card."""
    there = Bodies(*(cuda().to_device(rows) for rows in _many(case)))
    took = []
    for _ in range(1 + ROUNDS):  # the first warms up
        begun, ended = cuda().event(), cuda().event()
        begun.record()
        fall_on_card(*there, SEA, AIR, drag)
        ended.record()
        ended.synchronize()
        took.append(cuda().event_elapsed_time(begun, ended) / 1000.0)
    return float(np.median(took[1:])) / (DRAWN * COPIES)


def _seconds_with_copies(case: Bodies, drag: FloatArray) -> float:
    many = _many(case)
    took = []
    for _ in range(3):
        before = time.perf_counter()
        fall_on_card(*many, SEA, AIR, drag).copy_to_host()
        took.append(time.perf_counter() - before)
    return float(np.median(took)) / (DRAWN * COPIES)


def _many(case: Bodies) -> Bodies:
    return Bodies(*(np.concatenate([rows] * COPIES) for rows in case))
