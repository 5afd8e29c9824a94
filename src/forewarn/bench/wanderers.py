"""Drones that obey other turn models than the forecast: how else they may be flown.

Each is flown from well before the moment at which it is forecast, at 140-200 km/h, to a
dive at its aim or at the end of a flight of 1.5 to 4 hours of which the moment is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray, wrapped
from forewarn.records import BoolArray

STEP_S = 5.0
BEFORE_S = 600.0
Turner = Callable[[FloatArray, FloatArray, float], FloatArray]  # place, course, time


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """n drones from the moment of the forecast on, k places STEP_S apart.

    place_m    : (n, k, 2) east, north of where each is at that moment
    up         : (n, k) still flying, or just coming down
    vel_mps    : (n, 2), turn_radps : (n,) at that moment
    """

    place_m: FloatArray
    up: BoolArray
    vel_mps: FloatArray
    turn_radps: FloatArray


def course_to(aim: FloatArray, place: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Course rad and distance m from places to aims, (n, 2) each."""
    way = aim - place
    return np.arctan2(way[:, 0], way[:, 1]), np.hypot(way[:, 0], way[:, 1])


def _legs(
    rng: np.random.Generator,
    speed: FloatArray,
    base: FloatArray,
    leg_m: tuple[float, float],
    change: FloatArray,
    aim: FloatArray | None,
    adds_up: bool,
) -> Turner:
    """Legs of random length, turned between at a fixed radius, about a course or an aim."""
    n = len(speed)
    left, wanted, radius = np.zeros(n), base.copy(), rng.uniform(400, 1500, n)

    def turn(place: FloatArray, course: FloatArray, time_s: float) -> FloatArray:
        about, away = (base, None) if aim is None else course_to(aim, place)
        np.subtract(left, speed * STEP_S, out=left)
        new = np.flatnonzero(left <= 0)
        centre = wanted if adds_up else about
        wanted[new] = centre[new] + change[new] * rng.normal(size=len(new))
        left[new] = rng.uniform(*leg_m, len(new))
        if away is not None:
            left[new] = np.minimum(left[new], 0.6 * away[new])
            wanted[away < 4000] = about[away < 4000]
        most = speed / radius * STEP_S
        turned = course + np.clip(wrapped(wanted - course), -most, most)
        return turned if away is None else np.where(away < 3000, about, turned)

    return turn


def _weaving(
    rng: np.random.Generator, speed: FloatArray, base: FloatArray, aim: FloatArray
) -> Turner:
    n = len(speed)
    swing, period = np.radians(rng.uniform(10, 40, n)), rng.uniform(120, 480, n)
    phase = rng.uniform(0, 2 * np.pi, n)

    def turn(place: FloatArray, course: FloatArray, time_s: float) -> FloatArray:
        about, away = course_to(aim, place)
        return about + (away > 5000) * swing * np.sin(2 * np.pi * time_s / period + phase)

    return turn


def _drifting(
    rng: np.random.Generator, speed: FloatArray, base: FloatArray, pull: float
) -> Turner:
    """Ornstein-Uhlenbeck turn rate, and a slow pull (0 = none) back to a course."""
    n = len(speed)
    rate, sigma = rng.normal(size=n), rng.uniform(0.001, 0.003, n)
    keep = np.exp(-STEP_S / rng.uniform(60, 200, n))
    back = pull / rng.uniform(300, 1200, n)

    def turn(place: FloatArray, course: FloatArray, time_s: float) -> FloatArray:
        rate[:] = rate * keep + np.sqrt(1 - keep**2) * rng.normal(size=n)
        return course + STEP_S * (sigma * rate - wrapped(course - base) * back)

    return turn


def _rare(rng: np.random.Generator, speed: FloatArray, base: FloatArray) -> Turner:
    """Straight on, but for turns of 0.02 rad/s every four minutes that add up."""
    n = len(speed)
    rate, left_s = np.zeros(n), np.zeros(n)

    def turn(place: FloatArray, course: FloatArray, time_s: float) -> FloatArray:
        begins = rng.random(n) < STEP_S / 240
        left_s[:] = np.where(begins, rng.exponential(30, n), left_s) - STEP_S
        rate[:] = np.where(begins, rng.normal(0, 0.02, n), rate) * (left_s > 0)
        return course + rate * STEP_S

    return turn


MODELS = (
    "waypoint legs about a course",
    "waypoint legs that add up",
    "waypoint legs towards an aim",
    "drifting turn rate about a course",
    "rare hard turns",
    "short legs towards an aim",
    "weaving towards an aim",
    "drifting turn rate that adds up",
)


def wander(model: str, count: int, seed: int, after_s: float = 1800.0) -> Flight:
    """Drones of one of MODELS; the same seed, the same drones."""
    rng = np.random.default_rng([seed, MODELS.index(model)])
    speed = rng.uniform(140, 200, count) / 3.6
    base = rng.uniform(-np.pi, np.pi, count)
    rest_m = rng.uniform(0, 1, count) * rng.uniform(120e3, 600e3, count)
    aim = (rest_m + BEFORE_S * speed)[:, None] * np.stack([np.sin(base), np.cos(base)], 1)
    change = np.radians(rng.uniform(15, 50, count))
    long, short = (8e3, 40e3), (1500.0, 4000.0)
    turners = {
        MODELS[0]: lambda: _legs(rng, speed, base, long, change, None, False),
        MODELS[1]: lambda: _legs(rng, speed, base, long, change, None, True),
        MODELS[2]: lambda: _legs(rng, speed, base, long, change, aim, False),
        MODELS[3]: lambda: _drifting(rng, speed, base, 1.0),
        MODELS[4]: lambda: _rare(rng, speed, base),
        MODELS[5]: lambda: _legs(rng, speed, base, short, np.full(count, 0.21), aim, False),
        MODELS[6]: lambda: _weaving(rng, speed, base, aim),
        MODELS[7]: lambda: _drifting(rng, speed, base, 0.0),
    }
    aimed = aim if model.endswith("an aim") else None
    return _fly(turners[model](), speed, base, aimed, rng, after_s)


def _fly(
    turner: Turner,
    speed: FloatArray,
    base: FloatArray,
    aim: FloatArray | None,
    rng: np.random.Generator,
    after_s: float,
) -> Flight:
    n, before, after = len(speed), round(BEFORE_S / STEP_S), round(after_s / STEP_S)
    place = np.zeros((n, before + after + 1, 2))
    course = np.tile(base[:, None], (1, before + after + 1))
    rest_s = rng.uniform(0, 1, n) * rng.uniform(5400, 14400, n)
    down = before + np.ceil(rest_s / STEP_S)
    if aim is not None:
        down = np.full(n, np.inf)
    for k in range(1, before + after + 1):
        course[:, k] = turner(place[:, k - 1], course[:, k - 1], k * STEP_S)
        middle = course[:, k - 1] + 0.5 * wrapped(course[:, k] - course[:, k - 1])
        ahead = np.stack([np.sin(middle), np.cos(middle)], axis=1)
        place[:, k] = place[:, k - 1] + (speed * STEP_S)[:, None] * ahead
        if aim is not None:
            near = course_to(aim, place[:, k])[1] < speed * STEP_S
            down = np.minimum(down, np.where(near, k, np.inf))
    flying = down > before + 1
    there = place[flying]
    return Flight(
        place_m=there[:, before:] - there[:, before : before + 1],
        up=np.arange(before, before + after + 1) <= down[flying, None],
        vel_mps=(there[:, before + 1] - there[:, before - 1]) / (2 * STEP_S),
        turn_radps=wrapped(course[:, before + 1] - course[:, before - 1])[flying]
        / (2 * STEP_S),
    )
