"""What a track does next: motion modes, mixed.

State of every mode: ECEF position m, velocity m/s, and a seventh number: ln of the
ballistic coefficient; of boosting its thrust m/s2; of turning its rate, rad/s clockwise
from above. Modes, in the order of `records.MODES`: boosting (gravity, and thrust along the
velocity), falling (gravity and drag, one mode for each drag curve of `threats.SHAPES`),
straight (velocity kept) and turning (speed kept).

A mode of weight 0 is asleep: its state is nothing, and costs nothing. Modes fall asleep
when what is seen speaks against them, and wake when the others are surprised.
Source: Li, Bar-Shalom, "Multiple-model estimation with variable structure", IEEE
Transactions on Automatic Control 41(4), 1996 (likely-model set).
"""

import numpy as np

from forewarn.compiled import bare_kernel
from forewarn.geodesy import FloatArray
from forewarn.motion.mixing import (
    ALL,
    BASE,
    COUNT,
    KIND,
    NOISE,
    SEVENTH,
    SLEEPS,
    WIDEST,
    Room,
    falls_alone,
    mix,
    motion_room,
    switch_probability,
)
from forewarn.motion.steps import (
    add_noise,
    boost_step,
    drift,
    fall_matrix,
    fall_step,
    grow,
    turn_step,
)
from forewarn.records import BOOSTING, FALLING, STRAIGHT, TURNING

__all__ = [
    "ALL",
    "BASE",
    "COUNT",
    "KIND",
    "SEVENTH",
    "SLEEPS",
    "WIDEST",
    "add_noise",
    "boost_step",
    "drift",
    "fall_matrix",
    "fall_step",
    "falls_alone",
    "grow",
    "mix",
    "motion_room",
    "predict",
    "switch_probability",
    "turn_step",
]

LONGEST_STEP_S = 1.0
FELT_MPS2 = 1.0  # drag from which on a ballistic coefficient wanders as it does below,
STILL = 0.02  # and above the air a fall has this share of its noise: nothing pushes it


@bare_kernel
def predict(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    dt_s: float,
    wake: int,
    air: FloatArray,
    drag: FloatArray,
    room: Room,
) -> None:
    """Carry one track forward, in place; a step back in time is refused (left undone).

    mean : (k, 7), cov : (k, 7, 7), weight : (k,) of its modes; wake : as of `mix`
    drag : tables of `drag_tables`
    """
    if not dt_s > 0.0:
        return
    mix(mean, cov, weight, dt_s, wake, room)
    steps = int(np.ceil(dt_s / LONGEST_STEP_S))
    dt = dt_s / steps
    slope, move, up = room.slope, room.move, room.up
    for mode in range(COUNT):
        if weight[mode] <= 0.0:
            continue
        s, p = mean[mode], cov[mode]
        felt = 1.0
        for _ in range(steps):
            if mode == STRAIGHT:
                for i in range(3):
                    s[i] += dt * s[3 + i]
                drift(p, dt)
            elif mode == BOOSTING:
                boost_step(s, dt, move)
                grow(p, move, dt, room)
            else:
                r = np.sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2])
                for i in range(3):
                    up[i] = s[i] / r
                if mode == TURNING:
                    turn_step(s, dt, up, move)
                else:
                    fall_step(s, dt, air, drag[mode - FALLING], slope)
                    fall_matrix(slope, up, dt, move)
                    # above the air nothing tells of a body's drag, or changes its way
                    felt = slope[0, 4] ** 2 + slope[1, 4] ** 2 + slope[2, 4] ** 2
                    felt = min(np.sqrt(felt) / FELT_MPS2, 1.0)
                grow(p, move, dt, room)
            pushed = NOISE[mode] * (STILL + (1.0 - STILL) * felt)
            add_noise(p, dt, pushed, felt * SEVENTH[mode, 2])
