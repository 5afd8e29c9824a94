"""The kernel: which threats a fleet engages, with what, and how that ends.

First come, first served: threats are taken in order of time, layer after layer. A threat
that a layer wants goes to the battery in reach that can begin first.
"""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.sim.defence.fleet import STEPS, Fleet, Left, Rule
from forewarn.sim.streams import ENGAGE, ODDS, Block, block, unit

# what is booked of a raid
ENGAGED, STOPPED, ROUNDS, NO_ROUNDS, NO_CHANNEL, RELOADED, COST, DRY_S, LAYERS = range(9)
UNTOUCHED, PASSED = -1, -2  # never fired at; fired at, and not stopped
LOOKS = 256  # of one layer, so that no two draw the same number


class Threats(NamedTuple):
    """Threats of a raid in order of time (n,), as they are said to be.

    time_s : of impact
    from_s : from when on they can be engaged; moved on by each engagement
    at_km  : (n, 2) where they are said to come down
    wanted : whether the rule engages them at all
    dear   : whether rounds of the reserve may be spent on them
    word   : whose luck is drawn
    """

    time_s: FloatArray
    from_s: FloatArray
    at_km: FloatArray
    wanted: BoolArray
    dear: BoolArray
    word: IntArray


@bare_kernel
def draw_odds(fleet: Fleet, seed: int, run: int, odds: FloatArray) -> None:
    """Fill odds (l,) with the run's probabilities of success; nan = the layer is down."""
    for layer in range(len(odds)):
        words = block(seed, run, layer, ODDS, 0)
        at = unit(words[0]) * STEPS
        k = int(at)
        low, high = fleet.quantile[layer, k], fleet.quantile[layer, k + 1]
        odds[layer] = low + (at - k) * (high - low)
        if unit(words[1]) < fleet.down[layer]:
            odds[layer] = np.nan


@bare_kernel
def refill(fleet: Fleet, left: Left, gap_s: float) -> int:
    """Time between two raids; rounds that were put into magazines in it."""
    loaded = 0
    for b in range(len(left.rounds)):
        for channel in range(left.free_s.shape[1]):
            left.free_s[b, channel] = -np.inf
        left.ready_s[b] -= gap_s
        if 0.0 < fleet.reload_s[b] <= gap_s:
            more = min(fleet.magazine[b] - left.rounds[b], left.stock[b])
            left.rounds[b] += more
            left.stock[b] -= more
            left.ready_s[b] = np.inf
            loaded += more
    return loaded


@bare_kernel
def _choose(
    fleet: Fleet,
    rule: Rule,
    left: Left,
    layer: int,
    enter_s: float,
    x: float,
    y: float,
    dear: bool,
) -> tuple[int, float, bool]:
    """Battery that can begin first (-1 = none has rounds), when; if any is in reach."""
    best, best_s, reached = -1, np.inf, False
    floor = 0 if dear else rule.reserve
    for b in range(fleet.first[layer], fleet.first[layer + 1]):
        dx, dy = x - fleet.at_km[b, 0], y - fleet.at_km[b, 1]
        if dx * dx + dy * dy > fleet.footprint_km[b] * fleet.footprint_km[b]:
            continue
        reached = True
        start_s = enter_s
        if left.rounds[b] == 0:
            start_s = max(start_s, left.ready_s[b])
        elif left.rounds[b] <= floor:
            continue
        free_s = left.free_s[b, 0]
        for channel in range(1, fleet.channels[b]):
            free_s = min(free_s, left.free_s[b, channel])
        start_s = max(start_s, free_s)
        if start_s < best_s or (
            start_s == best_s and best >= 0 and left.rounds[b] > left.rounds[best]
        ):
            best, best_s = b, start_s
    return best, best_s, reached


@bare_kernel
def _fire(fleet: Fleet, left: Left, b: int, count: int, now_s: float) -> None:
    left.rounds[b] -= count
    if left.rounds[b] == 0 and fleet.reload_s[b] > 0.0 and left.stock[b] > 0:
        left.ready_s[b] = now_s + fleet.reload_s[b]


@bare_kernel
def _load(fleet: Fleet, left: Left, b: int) -> int:
    more = int(min(fleet.magazine[b], left.stock[b]))
    left.rounds[b] = more
    left.stock[b] -= more
    left.ready_s[b] = np.inf
    return more


@bare_kernel
def _hit(p: float, per_round: bool, fired: int) -> float:
    if not per_round:
        return p
    miss = 1.0
    for _ in range(fired):
        miss *= 1.0 - p
    return 1.0 - miss


@bare_kernel
def _cycle(fleet: Fleet, layer: int, words: Block) -> float:
    if fleet.exponential[layer]:
        return float(-fleet.cycle_s[layer] * np.log(unit(words[2])))
    return float(fleet.cycle_s[layer])


@bare_kernel
def _shoot(
    fleet: Fleet,
    rule: Rule,
    left: Left,
    layer: int,
    b: int,
    start_s: float,
    last_s: float,
    dear: bool,
    p: float,
    luck: tuple[int, int, int],
    book: FloatArray,
) -> tuple[bool, float]:
    """Looks and rounds of one battery at one threat; whether it was stopped, and when."""
    channel = 0
    for other in range(1, fleet.channels[b]):
        if left.free_s[b, other] < left.free_s[b, channel]:
            channel = other
    floor = 0 if dear else rule.reserve
    now_s, stopped, look = start_s, False, 0
    while look < rule.looks and now_s <= last_s:
        fired = min(rule.salvo, left.rounds[b] - floor)
        if fired <= 0:
            break
        words = block(luck[0], luck[1], luck[2], ENGAGE, layer * LOOKS + look)
        _fire(fleet, left, b, fired, now_s)
        book[ROUNDS] += fired
        book[LAYERS + layer] += fired
        book[COST] += fired * fleet.unit_cost[b]
        if unit(words[0]) < _hit(p, fleet.per_round[layer], fired):
            stopped = True
        now_s += _cycle(fleet, layer, words)
        error = rule.dead_called_alive if stopped else rule.alive_called_dead
        if (unit(words[1]) < error) != stopped:
            break  # it is taken for dead
        look += 1
    left.free_s[b, channel] = now_s
    return stopped, now_s


@bare_kernel
def engage(
    threats: Threats,
    n: int,
    fleet: Fleet,
    rule: Rule,
    odds: FloatArray,
    luck: tuple[int, int],
    left: Left,
    stopped: IntArray,
    book: FloatArray,
) -> None:
    """One raid against a fleet.

    n       : rows of threats that count
    odds    : (l,) of `draw_odds`
    luck    : seed and run
    left    : changed
    stopped : (n,) to fill: layer that stopped each threat, or UNTOUCHED, or PASSED
    book    : (LAYERS + l,) to add to; DRY_S is lowered to the first time of want
    """
    for i in range(n):
        stopped[i] = UNTOUCHED
    for layer in range(len(odds)):
        if np.isnan(odds[layer]):
            continue
        for i in range(n):
            if stopped[i] >= 0 or not threats.wanted[i]:
                continue
            last_s = threats.time_s[i] - fleet.ends_s[layer] - fleet.cycle_s[layer]
            enter_s = max(last_s - fleet.window_s[layer], threats.from_s[i])
            if enter_s > last_s:
                continue  # seen, or passed on, too late for this layer
            dear = threats.dear[i]
            b, start_s, reached = _choose(
                fleet,
                rule,
                left,
                layer,
                enter_s,
                threats.at_km[i, 0],
                threats.at_km[i, 1],
                dear,
            )
            if not reached:
                continue
            if b < 0 or (left.rounds[b] == 0 and left.ready_s[b] > last_s):
                book[NO_ROUNDS] += 1
                book[DRY_S] = min(book[DRY_S], threats.time_s[i])
                continue
            if start_s > last_s:
                book[NO_CHANNEL] += 1
                continue
            if left.rounds[b] == 0:
                book[RELOADED] += _load(fleet, left, b)
            if stopped[i] == UNTOUCHED:
                stopped[i] = PASSED
                book[ENGAGED] += 1
            key = (luck[0], luck[1], threats.word[i])
            hit, end_s = _shoot(
                fleet, rule, left, layer, b, start_s, last_s, dear, odds[layer], key, book
            )
            threats.from_s[i] = end_s
            if hit:
                stopped[i] = layer
                book[STOPPED] += 1
