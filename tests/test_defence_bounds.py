"""Answers known without simulation, and optima that no rule of a study may pass."""

from functools import cache
from itertools import product
from math import comb, inf

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, milp

from forewarn.sim.defence import Battery, Doctrine, Layer, Odds, Timing
from forewarn.sim.defence.engaging import DRY_S, LAYERS, Threats, engage
from forewarn.sim.defence.fleet import fleet_of, full, rule_of
from forewarn.sim.studies.known import MOST, Check, known_answers

IDS = ("A", "B", "C", "C2", "D", "D2", "E", "F", "G", "G2", "H", "I", "J", "K", "L", "O")


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    return list(known_answers())


@pytest.mark.parametrize("name", IDS)
def test_known_answer_is_met(checks: list[Check], name: str) -> None:
    own = [one for one in checks if one.id == name]
    assert own
    for one in own:
        assert one.holds, (
            f"{one.case}: {one.found}, known {one.expected}, {one.off:.1f} off"
        )


def test_every_check_is_among_those_known(checks: list[Check]) -> None:
    assert {one.id for one in checks} == set(IDS)


def test_check_that_is_off_does_not_hold() -> None:
    assert not Check("X", "", 1.0, 1.1, 0.01).holds
    assert not Check("X", "", 1.0, 1.0001, 0.0).holds
    assert Check("X", "", 1.0, 1.1, 0.01, bound=True).holds
    assert not Check("X", "", 1.0, 0.9, 0.01, bound=True).holds


def staged(n: int, rounds: int, p: float, stages: int) -> float:
    """Fewest expected leakers when rounds may be dealt anew after each stage.

    Within a stage, rounds on equal threats are best dealt as evenly as they can be.
    """

    @cache
    def least(alive: int, left: int, stage: int) -> float:
        if alive == 0:
            return 0.0
        if stage == 0:
            return float(alive)
        return min(
            after(alive, spent, left - spent, stage - 1) for spent in range(left + 1)
        )

    def after(alive: int, spent: int, left: int, stage: int) -> float:
        each, more = divmod(spent, alive)
        few, many = (1 - p) ** each, (1 - p) ** (each + 1)
        total = 0.0
        for a, b in product(range(alive - more + 1), range(more + 1)):
            chance = comb(alive - more, a) * few**a * (1 - few) ** (alive - more - a)
            chance *= comb(more, b) * many**b * (1 - many) ** (more - b)
            total += chance * least(a + b, left, stage)
        return total

    return least(n, rounds, stages)


@pytest.mark.parametrize(
    ("n", "rounds", "p", "answers"),
    [(10, 20, 0.7, (0.9, 0.162592, 0.04162)), (5, 8, 0.6, (1.28, 0.688333, 0.638566))],
)
def test_bounds_by_stages_are_optima(
    checks: list[Check], n: int, rounds: int, p: float, answers: tuple[float, ...]
) -> None:
    found = [staged(n, rounds, p, stage) for stage in (1, 2, 3)]
    assert found == pytest.approx(answers, abs=1e-6)
    used = {one.expected for one in checks if one.id == "O"}
    assert set(answers) <= used


def optimum(value: np.ndarray, p: np.ndarray, rounds: np.ndarray) -> float:
    """Least sum of value * prod (1 - p) ** rounds on it, by HiGHS and tangents.

    value (n,), p (m, n), rounds (m,) of each kind. Tangents of exp lie below it, so every
    answer is a bound from below; they are added where the answer is, until both agree.
    """
    m, n = p.shape
    weight = -np.log1p(-p)
    deal = np.zeros((m, m * n + n))
    for i in range(m):
        deal[i, i * n : (i + 1) * n] = 1.0
    cost = np.append(np.zeros(m * n), value)
    whole = np.append(np.ones(m * n), np.zeros(n))
    cuts = [(j, s) for j in range(n) for s in (0.0, 1.0, 2.0, 4.0)]
    while True:
        rows = np.zeros((len(cuts), m * n + n))
        least = np.empty(len(cuts))
        for row, (j, s) in enumerate(cuts):
            # left_j >= exp(-s) (1 + s - sum of weights on j)
            rows[row, j : m * n : n] = np.exp(-s) * weight[:, j]
            rows[row, m * n + j] = 1.0
            least[row] = np.exp(-s) * (1 + s)
        solved = milp(
            cost,
            integrality=whole,
            constraints=[
                LinearConstraint(deal, -np.inf, rounds),
                LinearConstraint(rows, least, np.inf),
            ],
            options={"mip_rel_gap": 1e-9},
        )
        dealt = np.round(solved.x[: m * n]).reshape(m, n)
        depth = (dealt * weight).sum(axis=0)
        reached = float(value @ np.exp(-depth))
        if reached - solved.fun <= 1e-6 * reached:
            return reached
        cuts += [(j, float(depth[j])) for j in range(n)]


@pytest.mark.parametrize(
    ("m", "n", "seed", "known"),
    [(5, 4, 1, 35.140386), (7, 5, 2, 22.314002), (8, 6, 3, 26.688236)],
)
def test_solver_finds_optima_known_by_trying_all(
    m: int, n: int, seed: int, known: float
) -> None:
    r = np.random.default_rng(seed)
    value = r.integers(25, 101, n).astype(float)
    p = np.round(r.uniform(0.6, 0.9, (m, n)), 4)
    assert optimum(value, p, np.ones(m)) == pytest.approx(known, abs=1e-6)


def bound_with_looks(value: np.ndarray, kills: np.ndarray) -> float:
    """Least value that leaks, whatever is looked at in between: every round stops at
    most its odds of a threat. kills (m, n): what each battery could stop of each."""
    m, n = kills.shape
    deal = np.zeros((m + n, m * n))
    for i in range(m):
        deal[i, i * n : (i + 1) * n] = 1.0
    for j in range(n):
        deal[m + j, j::n] = 1.0
    most = np.append(kills.max(axis=1), np.ones(n))
    reach = [(0.0, None if one else 0.0) for one in kills.ravel()]
    solved = linprog(-np.tile(value, m), A_ub=deal, b_ub=most, bounds=reach)
    return float(value.sum() + solved.fun)


RUNS = 1500
STEP_KM = 10.0  # between places, so that a footprint covers some of them


def arms_of(seed: int, layers: int) -> list[Layer]:
    """Two batteries in each layer, over places along a line."""
    r = np.random.default_rng(seed)
    return [
        Layer(
            f"L{i}",
            Odds(float(np.round(r.uniform(0.5, 0.9), 3)), "round"),
            Timing(0.0, 0.0),
            tuple(
                Battery(
                    f"B{k}",
                    float(r.integers(15, 45)),
                    1,
                    int(r.integers(2, 6)),
                    at_km=(float(r.integers(0, 70)), 0.0),
                )
                for k in range(2)
            ),
        )
        for i in range(layers)
    ]


def instance(seed: int, arms: list[Layer]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of eight places, odds of each battery at each, rounds of each battery."""
    value = np.random.default_rng(seed).integers(25, 101, 8).astype(float)
    at = np.arange(8) * STEP_KM
    pairs = [(layer.p_intercept.mean, one) for layer in arms for one in layer.battery]
    p = np.array(
        [
            np.where(abs(at - one.at_km[0]) <= one.footprint_km, odds, 0)
            for odds, one in pairs
        ]
    )
    return value, p, np.array([float(one.magazine) for _, one in pairs])


def played(value: np.ndarray, arms: list[Layer], rule: Doctrine) -> np.ndarray:
    """(RUNS,) value of what leaks, the dearest first."""
    n = len(value)
    fleet = fleet_of(arms, lambda battery: battery.at_km or (0.0, 0.0))
    odds = np.array([one.p_intercept.mean for one in arms])
    order = np.argsort(-value)
    threats = Threats(
        np.arange(n) * 60.0,
        np.full(n, -inf),
        np.stack([order * STEP_KM, np.zeros(n)], axis=1),
        np.ones(n, bool),
        np.ones(n, bool),
        np.arange(n),
    )
    leaked = np.empty(RUNS)
    for run in range(RUNS):
        threats.from_s[:] = -inf
        stopped, book = np.zeros(n, np.int64), np.zeros(LAYERS + len(arms))
        book[DRY_S] = inf
        left = full(fleet)
        engage(threats, n, fleet, rule_of(rule), odds, (5, run), left, stopped, book)
        leaked[run] = value[order][stopped < 0].sum()
    return leaked


@pytest.mark.parametrize("seed", [31, 32, 33, 34])
def test_no_salvo_passes_the_optimum_of_an_assignment(seed: int) -> None:
    """Own instances, one layer: rounds are dealt and nobody looks."""
    arms = arms_of(seed, 1)
    value, p, rounds = instance(seed, arms)
    best = optimum(value, p, rounds)
    assert best >= bound_with_looks(value, p * rounds[:, None]) - 1e-6
    for salvo in (1, 2, 3):
        leaked = played(value, arms, Doctrine("all", salvo=salvo))
        error = leaked.std(ddof=1) / np.sqrt(RUNS)
        assert leaked.mean() >= best - MOST * error, f"salvo {salvo}"


@pytest.mark.parametrize("seed", [41, 42, 43])
def test_no_rule_with_looks_and_layers_passes_its_bound(seed: int) -> None:
    arms = arms_of(seed, 2)
    value, p, rounds = instance(seed, arms)
    best = bound_with_looks(value, p * rounds[:, None])
    for salvo, looks in product((1, 2), (1, 2, 3)):
        leaked = played(value, arms, Doctrine("all", salvo=salvo, looks=looks))
        error = leaked.std(ddof=1) / np.sqrt(RUNS)
        assert leaked.mean() >= best - MOST * error, f"salvo {salvo}, looks {looks}"


def test_where_odds_are_alike_the_optimum_is_reached() -> None:
    """One round for each of the dearest is best; firing in order of value does that."""
    value = np.array([90.0, 70.0, 50.0, 30.0, 20.0])
    battery = Battery("B", 500.0, 1, 3, at_km=(0.0, 0.0))
    arms = [Layer("L", Odds(0.6, "round"), Timing(0.0, 0.0), (battery,))]
    best = optimum(value, np.full((1, 5), 0.6), np.array([3.0]))
    leaked = played(value, arms, Doctrine("all"))
    error = leaked.std(ddof=1) / np.sqrt(RUNS)
    assert abs(leaked.mean() - best) < MOST * error
