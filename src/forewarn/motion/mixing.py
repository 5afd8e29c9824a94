"""Modes that give way to one another: interacting multiple models, of which many sleep."""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.dynamics import height_of
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, FALLING, MODES, STRAIGHT, IntArray

COUNT = len(MODES)
# noise: psd of acceleration of each mode, m2/s3
NOISE = np.array([200.0, 0.05, 0.05, 0.05, 0.1, 1.0])
# per second: how often a mode gives way to another; rows from, columns to. What glides on
# is hardly ever boosted again, and what flies on hardly ever falls. A body keeps its shape:
# between drag curves there is only what is asked of those that wake
SWITCH = np.array(
    [
        [0.0, 0.23, 1e-6, 1e-6, 0.005, 0.015],
        [5e-5, 0.0, 1e-6, 1e-6, 1e-4, 1e-3],
        [5e-5, 1e-6, 0.0, 1e-6, 1e-4, 1e-3],
        [5e-5, 1e-6, 1e-6, 0.0, 1e-4, 1e-3],
        [0.0015, 5e-5, 1e-6, 1e-6, 0.0, 0.01],
        [0.0015, 5e-5, 1e-6, 1e-6, 0.1, 0.0],
    ]
)
# of the seventh number (thrust m/s2, ln beta, turn rate rad/s), of each mode: mean and
# variance beforehand, growth of that variance /s, least, most
SEVENTH = np.array(
    [
        [200.0, 150.0**2, 1000.0, 0.0, 2000.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [8.5, 0.36, 0.002, 3.0, 12.0],
        [0.0, 0.06**2, 2e-5, -0.4, 0.4],
    ]
)
KIND = np.array([0, 1, 1, 1, 1, 2])  # modes of one kind mean the same by it
# least weight of each mode that wakes: what flew level hardly ever falls; and of boosting
# where it wakes for its width alone, or of what fell above the air, where nothing breaks up
WOKEN, RARE = np.array([0.02, 0.002, 0.001, 0.001, 0.01, 0.01]), 0.002
HIGH_M = 30e3
WOKEN_MPS = np.array([60.0, 15.0, 15.0, 15.0, 15.0, 15.0])  # doubt of its velocity then
NEGLIGIBLE = 1e-9  # part of a blend that is left out
# who wakes: nobody; boosting, whose gate is wide; all but further drag curves; all
SLEEPS, WIDEST, BASE, ALL = 0, 1, 2, 3


class Room(NamedTuple):
    """Arrays to work in, made once for a whole batch.

    change (k, k) is that of `after_s` (1,): most tracks of a batch were seen together
    """

    after_s: FloatArray
    change: FloatArray
    part: FloatArray
    awake: IntArray
    old_weight: FloatArray
    old_mean: FloatArray
    old_cov: FloatArray
    away: FloatArray
    slope: FloatArray
    move: FloatArray
    place: FloatArray
    speed: FloatArray
    up: FloatArray


@kernel
def motion_room() -> Room:
    """Room that `predict` needs."""
    return Room(
        np.full(1, np.nan),
        np.empty((COUNT, COUNT)),
        np.empty(COUNT),
        np.empty(COUNT, np.int64),
        np.empty(COUNT),
        np.empty((COUNT, 7)),
        np.empty((COUNT, 7, 7)),
        np.empty((COUNT, 7)),
        np.empty((3, 5)),
        np.empty((3, 7)),
        np.empty((3, 7)),
        np.empty((3, 7)),
        np.empty(3),
    )


@bare_kernel
def switch_probability(dt_s: float, out: FloatArray) -> None:
    """(k, k) chance to be in another mode after dt_s: rates of SWITCH, 0.9 at most."""
    part = (1.0 - np.exp(-min(dt_s, 4.0))) / 0.632
    for i in range(COUNT):
        rest = 0.0
        for j in range(COUNT):
            if i != j:
                out[i, j] = SWITCH[i, j] * part
                rest += out[i, j]
        if rest > 0.9:
            for j in range(COUNT):
                if i != j:
                    out[i, j] *= 0.9 / rest
            rest = 0.9
        out[i, i] = 1.0 - rest


@bare_kernel
def falls_alone(weight: FloatArray) -> bool:
    """Whether no mode is awake but falling ones: they give way to none of each other."""
    for mode in range(COUNT):
        if weight[mode] > 0.0 and not FALLING <= mode < STRAIGHT:
            return False
    return True


@bare_kernel
def _high(s: FloatArray) -> bool:
    """Whether a state (7,) lies above the air that can break a body up."""
    return bool(height_of(s[0], s[1], s[2]) > HIGH_M)


@bare_kernel
def mix(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: float,
    wake: int,
    room: Room,
) -> None:
    """Interacting multiple models: each mode starts from the blend it may have come from.

    wake : who wakes if asleep: SLEEPS, WIDEST, BASE or ALL
    Where modes disagree on what the seventh number is, each takes that of the others for
    what is known beforehand.
    Sources: Blom, Bar-Shalom, "The interacting multiple model algorithm" (1988); Granstrom,
    Willett, Bar-Shalom, "Systematic approach to IMM mixing for unequal dimension states",
    IEEE Transactions on Aerospace and Electronic Systems 51(4), 2015.
    """
    if wake == SLEEPS and falls_alone(weight):
        return
    change, part, away, awake = room.change, room.part, room.away, room.awake
    old_weight, old_mean, old_cov = room.old_weight, room.old_mean, room.old_cov
    if room.after_s[0] != dt_s:
        switch_probability(dt_s, change)
        room.after_s[0] = dt_s
    n = 0
    for mode in range(COUNT):
        old_weight[mode] = weight[mode]
        if weight[mode] <= 0.0:
            continue
        awake[n] = mode
        n += 1
        for i in range(7):
            old_mean[mode, i] = mean[mode, i]
            for j in range(7):
                old_cov[mode, i, j] = cov[mode, i, j]
    whole = 0.0
    for to in range(COUNT):
        woken = old_weight[to] <= 0.0
        if woken and (
            wake == SLEEPS
            or (wake == WIDEST and to != BOOSTING)
            or (wake == BASE and FALLING < to < STRAIGHT)
        ):
            continue
        s, p = mean[to], cov[to]
        total = 0.0
        for a in range(n):
            part[a] = change[awake[a], to] * old_weight[awake[a]]
            total += part[a]
        for i in range(7):
            s[i] = 0.0
            for j in range(7):
                p[i, j] = 0.0
        for a in range(n):
            origin = awake[a]
            part[a] /= total
            alike = KIND[origin] == KIND[to]
            for i in range(6):
                away[a, i] = old_mean[origin, i]
                s[i] += part[a] * away[a, i]
            away[a, 6] = old_mean[origin, 6] if alike else SEVENTH[to, 0]
            s[6] += part[a] * away[a, 6]
        for a in range(n):
            if part[a] < NEGLIGIBLE:
                continue
            origin, share = awake[a], part[a]
            for i in range(7):
                away[a, i] -= s[i]
            # whole rows, though half of them would do: they go through wide registers
            if KIND[origin] == KIND[to]:
                for i in range(7):
                    along = away[a, i]
                    for j in range(7):
                        p[i, j] += share * (old_cov[origin, i, j] + along * away[a, j])
                continue
            for i in range(7):
                along = away[a, i]
                for j in range(7):
                    p[i, j] += share * (along * away[a, j])
            for i in range(6):
                for j in range(6):
                    p[i, j] += share * old_cov[origin, i, j]
            p[6, 6] += share * SEVENTH[to, 1]
        if woken:
            rare = to == BOOSTING and (wake == WIDEST or (wake == ALL and _high(s)))
            total = max(total, RARE if rare else WOKEN[to])
            for i in range(3, 6):
                p[i, i] += WOKEN_MPS[to] ** 2
        weight[to] = total
        whole += total
    for mode in range(COUNT):
        weight[mode] /= whole
