"""Simulated defence: the engagement kernel against its plain twin, books, bad input."""

from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from defence_twin import Battle, Threat, uniform
from forewarn.errors import ConfigError
from forewarn.sim.defence import Battery, Doctrine, Layer, Odds, Timing
from forewarn.sim.defence.engaging import (
    DRY_S,
    ENGAGED,
    LAYERS,
    NO_CHANNEL,
    NO_ROUNDS,
    RELOADED,
    ROUNDS,
    STOPPED,
    Threats,
    engage,
)
from forewarn.sim.defence.fleet import Fleet, Left, fleet_of, full, rule_of
from forewarn.sim.streams import block, unit

words = st.integers(0, 2**63 - 1)


@given(words, words, words, st.integers(0, 2**16), st.integers(0, 2**40))
def test_numbers_are_those_of_numpys_philox(
    seed: int, run: int, threat: int, purpose: int, k: int
) -> None:
    ours = [unit(np.uint64(word)) for word in block(seed, run, threat, purpose, k)]
    assert ours == uniform(seed, run, threat, purpose, k)


batteries = st.builds(
    Battery,
    id=st.just("B"),
    footprint_km=st.sampled_from([3.0, 8.0, 50.0]),
    channels=st.integers(1, 3),
    magazine=st.integers(0, 6),
    at_km=st.tuples(st.floats(0, 10), st.floats(0, 10)),
    reload_s=st.sampled_from([0.0, 20.0]),
    stock=st.integers(0, 8),
)
layers = st.builds(
    Layer,
    name=st.just("L"),
    p_intercept=st.builds(
        Odds,
        mean=st.floats(0.05, 0.95),
        denominator=st.sampled_from(["round", "engagement"]),
    ),
    timing_s=st.builds(
        Timing,
        window_s=st.sampled_from([0.0, 5.0, 25.0]),
        cycle_s=st.sampled_from([0.0, 4.0, 8.0]),
        cycle=st.sampled_from(["constant", "exponential"]),
        ends_s=st.sampled_from([0.0, 15.0]),
    ),
    battery=st.lists(batteries, min_size=1, max_size=3).map(tuple),
)
doctrines = st.builds(
    Doctrine,
    engage=st.just("all"),
    salvo=st.integers(1, 3),
    looks=st.integers(1, 4),
    alive_called_dead=st.sampled_from([0.0, 0.3]),
    dead_called_alive=st.sampled_from([0.0, 0.3]),
    reserve=st.integers(0, 3),
)
threats = st.lists(
    st.builds(
        Threat,
        time_s=st.floats(0, 120),
        from_s=st.sampled_from([-1e3, 20.0, 60.0]),
        at_km=st.tuples(st.floats(0, 10), st.floats(0, 10)),
        wanted=st.booleans(),
        dear=st.booleans(),
        word=st.integers(0, 2**40),
    ),
    max_size=30,
).map(lambda raid: sorted(raid, key=lambda one: one.time_s))


def fight(
    raid: list[Threat], fleet: Fleet, rule: Doctrine, odds: list[float]
) -> tuple[np.ndarray, np.ndarray, Left]:
    """What the kernel makes of a raid: stopped, book, what is left."""
    rows = Threats(
        np.array([one.time_s for one in raid]),
        np.array([one.from_s for one in raid]),
        np.array([one.at_km for one in raid]).reshape(-1, 2),
        np.array([one.wanted for one in raid], bool),
        np.array([one.dear for one in raid], bool),
        np.array([one.word for one in raid], np.int64),
    )
    stopped, left = np.zeros(len(raid), np.int64), full(fleet)
    book = np.zeros(LAYERS + len(odds))
    book[DRY_S] = inf
    engage(
        rows, len(raid), fleet, rule_of(rule), np.array(odds), (7, 3), left, stopped, book
    )
    return stopped, book, left


@settings(max_examples=300)
@given(threats, st.lists(layers, min_size=1, max_size=3), doctrines, st.booleans())
def test_kernel_fights_as_its_plain_twin(
    raid: list[Threat], arms: list[Layer], rule: Doctrine, down: bool
) -> None:
    odds = [one.p_intercept.mean for one in arms]
    odds[0] = nan if down else odds[0]
    fleet = fleet_of(arms, lambda battery: battery.at_km or (0.0, 0.0))
    stopped, book, left = fight(raid, fleet, rule, odds)
    twin = Battle(tuple(arms), rule, odds, (7, 3))
    twin.fight(raid)
    assert [max(row, -1) for row in stopped] == [one.stopped for one in raid]
    assert [row != -1 for row in stopped] == [one.engaged for one in raid]
    assert book[ENGAGED] == sum(one.engaged for one in raid)
    assert book[STOPPED] == sum(one.stopped >= 0 for one in raid)
    assert book[ROUNDS] == sum(one.fired for one in twin.sites)
    assert book[NO_ROUNDS] == twin.no_rounds
    assert book[NO_CHANNEL] == twin.no_channel
    assert book[RELOADED] == twin.reloaded
    assert book[DRY_S] == twin.dry_s
    assert list(left.rounds) == [one.rounds for one in twin.sites]
    for k in range(len(arms)):
        assert book[LAYERS + k] == sum(one.fired for one in twin.sites if one.layer == k)
    for row, one in zip(left.free_s, twin.sites, strict=True):
        assert_allclose(sorted(row[: len(one.free_s)]), sorted(one.free_s), rtol=1e-12)


@given(threats, st.lists(layers, min_size=1, max_size=3), doctrines)
def test_no_round_comes_from_nowhere_and_none_is_lost(
    raid: list[Threat], arms: list[Layer], rule: Doctrine
) -> None:
    fleet = fleet_of(arms, lambda battery: battery.at_km or (0.0, 0.0))
    _, book, left = fight(raid, fleet, rule, [0.5] * len(arms))
    had = fleet.magazine.sum() + fleet.stock.sum()
    assert book[ROUNDS] + left.rounds.sum() + left.stock.sum() == had
    assert fleet.magazine.sum() + book[RELOADED] == book[ROUNDS] + left.rounds.sum()
    assert left.rounds.min() >= 0


def test_layers_engage_alike_one_threat_after_the_other() -> None:
    """A full chain hands over threats as they come, not whole raids."""
    rng = np.random.default_rng(4)
    times = np.sort(rng.uniform(0, 60, 25))
    raid = [
        Threat(float(t), -1e3, (float(x), 5.0), True, True, k)
        for k, (t, x) in enumerate(zip(times, rng.uniform(0, 10, 25), strict=True))
    ]
    battery = Battery("B", 6.0, 2, 5, at_km=(5.0, 5.0))
    arms = [
        Layer("outer", Odds(0.5, "round"), Timing(10.0, 4.0), (battery, battery)),
        Layer("inner", Odds(0.7, "round"), Timing(5.0, 3.0), (battery,)),
    ]
    fleet, rule = fleet_of(arms, lambda one: one.at_km or (0.0, 0.0)), Doctrine("all")
    at_once, book, _ = fight(raid, fleet, rule, [0.5, 0.7])
    left, each, total = full(fleet), [], np.zeros(LAYERS + 2)
    for one in raid:
        rows = Threats(
            np.array([one.time_s]),
            np.array([one.from_s]),
            np.array([one.at_km]),
            np.ones(1, bool),
            np.ones(1, bool),
            np.array([one.word]),
        )
        stopped = np.zeros(1, np.int64)
        engage(
            rows,
            1,
            fleet,
            rule_of(rule),
            np.array([0.5, 0.7]),
            (7, 3),
            left,
            stopped,
            total,
        )
        each.append(int(stopped[0]))
    assert each == list(at_once)
    assert_allclose(total[:DRY_S], book[:DRY_S])


BATTERY: dict[str, Any] = {
    "id": "B1",
    "footprint_km": 5.0,
    "channels": 1,
    "magazine": 1,
    "at_km": (0, 0),
}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Odds(1.2, "round"), "mean is 1.2, expected 0 to 1"),
        (lambda: Odds(0.9, "round", sd=0.5), "sd is 0.5"),
        (lambda: Odds(nan, "round"), "mean is nan"),
        (lambda: Odds(0.5, "round", disputed=(0.9, 0.3)), "lowest first"),
        (lambda: Timing(-1.0, 2.0), "window_s is -1"),
        (lambda: Battery(**{**BATTERY, "channels": 0}), "channels is 0, expected 1"),
        (lambda: Battery(**BATTERY, place="Town"), "either place or at_km"),
        (lambda: Layer("L", Odds(0.5, "round"), Timing(1.0, 1.0), ()), "no battery"),
        (lambda: Doctrine(salvo=0), "salvo is 0"),
        (lambda: Doctrine(alive_called_dead=2.0), "alive_called_dead is 2"),
    ],
)
def test_what_cannot_be_is_refused_by_name(make: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make()


def test_odds_are_drawn_as_their_distribution_says() -> None:
    battery = Battery(**BATTERY)
    layer = Layer("L", Odds(0.8, "round", sd=0.1), Timing(0.0, 0.0), (battery,))
    table = fleet_of([layer], lambda _: (0.0, 0.0)).quantile[0]
    middle = (table[1:] + table[:-1]) / 2
    assert middle.mean() == pytest.approx(0.8, abs=1e-4)
    assert middle.std() == pytest.approx(0.1, abs=1e-3)
    sure = fleet_of([replace(layer, p_intercept=Odds(0.8, "round"))], lambda _: (0.0, 0.0))
    assert set(sure.quantile[0]) == {0.8}
    assert not any(isnan(one) for one in table)
