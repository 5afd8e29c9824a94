"""The stages of a step of many bodies side by side: Butcher's Runge-Kutta method.

It is of the fifth order and asks six times; `path` has it as a table. Here it is written
out, row by row of `workspace`: a loop over rows would be worked on one lane at a time.
"""

import numpy as np

from forewarn.compiled import bare_kernel
from forewarn.flight.steps import step_of
from forewarn.geodesy import FloatArray

# isort: off
# fmt: off
from forewarn.flight.workspace import (  # by name: constants to the compiler
    LANES, X, Y, Z, VX, VY, VZ, SX, SY, SZ, SVX, SVY, SVZ, AX, AY, AZ, PX, PY, PZ, PVX,
    PVY, PVZ, H, CLIMB, PH, PCLIMB, MACH, BRAKE, DT, T, LAST, STEEP, FIRST, SECOND, THIRD,
    FOURTH, FIFTH,
)
# fmt: on
# isort: on


@bare_kernel
def _keep(w: FloatArray, live: int, stage: int) -> None:
    """What the state grows by at the stage in hand."""
    for i in range(live):
        w[stage + i] = w[SVX + i]
        w[stage + LANES + i] = w[SVY + i]
        w[stage + 2 * LANES + i] = w[SVZ + i]
        w[stage + 3 * LANES + i] = w[AX + i]
        w[stage + 4 * LANES + i] = w[AY + i]
        w[stage + 5 * LANES + i] = w[AZ + i]


@bare_kernel
def first_stage(w: FloatArray, live: int, drag: FloatArray) -> None:
    """Remember where each lane is, choose its step by its drag there, begin it."""
    for i in range(live):
        w[PX + i], w[PY + i], w[PZ + i] = w[X + i], w[Y + i], w[Z + i]
        w[PVX + i], w[PVY + i] = w[VX + i], w[VY + i]
        w[PVZ + i], w[PH + i] = w[VZ + i], w[H + i]
        w[PCLIMB + i] = w[CLIMB + i]
    for i in range(live):
        w[STEEP + i] = drag[np.uint32(w[MACH + i]), 4]
    for i in range(live):
        rate = w[STEEP + i] * w[BRAKE + i]
        dt = step_of(rate, w[H + i], w[CLIMB + i])
        dt = w[DT + i] if w[LAST + i] > 0.0 else dt
        w[DT + i] = dt
        w[T + i] += dt
    _keep(w, live, FIRST)
    for i in range(live):
        part = 0.25 * w[DT + i]
        w[SX + i] = w[X + i] + part * w[FIRST + i]
        w[SY + i] = w[Y + i] + part * w[FIRST + LANES + i]
        w[SZ + i] = w[Z + i] + part * w[FIRST + 2 * LANES + i]
        w[SVX + i] = w[VX + i] + part * w[FIRST + 3 * LANES + i]
        w[SVY + i] = w[VY + i] + part * w[FIRST + 4 * LANES + i]
        w[SVZ + i] = w[VZ + i] + part * w[FIRST + 5 * LANES + i]


@bare_kernel
def next_stage(w: FloatArray, live: int, stage: int) -> None:
    """Go on by what was found so far, at stages 2 to 5; at 6, take the step."""
    if stage == 2:
        _second_stage(w, live)
    elif stage == 3:
        _third_stage(w, live)
    elif stage == 4:
        _fourth_stage(w, live)
    elif stage == 5:
        _fifth_stage(w, live)
    else:
        _last_stage(w, live)


@bare_kernel
def _second_stage(w: FloatArray, live: int) -> None:
    _keep(w, live, SECOND)
    for i in range(live):
        part = 0.125 * w[DT + i]
        w[SX + i] = w[X + i] + part * _after_second(w, i)
        w[SY + i] = w[Y + i] + part * _after_second(w, LANES + i)
        w[SZ + i] = w[Z + i] + part * _after_second(w, 2 * LANES + i)
        w[SVX + i] = w[VX + i] + part * _after_second(w, 3 * LANES + i)
        w[SVY + i] = w[VY + i] + part * _after_second(w, 4 * LANES + i)
        w[SVZ + i] = w[VZ + i] + part * _after_second(w, 5 * LANES + i)


@bare_kernel
def _after_second(w: FloatArray, k: int) -> float:
    return float(w[FIRST + k] + w[SECOND + k])


@bare_kernel
def _third_stage(w: FloatArray, live: int) -> None:
    _keep(w, live, THIRD)
    for i in range(live):
        part = w[DT + i]
        w[SX + i] = w[X + i] + part * _after_third(w, i)
        w[SY + i] = w[Y + i] + part * _after_third(w, LANES + i)
        w[SZ + i] = w[Z + i] + part * _after_third(w, 2 * LANES + i)
        w[SVX + i] = w[VX + i] + part * _after_third(w, 3 * LANES + i)
        w[SVY + i] = w[VY + i] + part * _after_third(w, 4 * LANES + i)
        w[SVZ + i] = w[VZ + i] + part * _after_third(w, 5 * LANES + i)


@bare_kernel
def _after_third(w: FloatArray, k: int) -> float:
    return float(w[THIRD + k] - 0.5 * w[SECOND + k])


@bare_kernel
def _fourth_stage(w: FloatArray, live: int) -> None:
    _keep(w, live, FOURTH)
    for i in range(live):
        part = 0.1875 * w[DT + i]
        w[SX + i] = w[X + i] + part * _after_fourth(w, i)
        w[SY + i] = w[Y + i] + part * _after_fourth(w, LANES + i)
        w[SZ + i] = w[Z + i] + part * _after_fourth(w, 2 * LANES + i)
        w[SVX + i] = w[VX + i] + part * _after_fourth(w, 3 * LANES + i)
        w[SVY + i] = w[VY + i] + part * _after_fourth(w, 4 * LANES + i)
        w[SVZ + i] = w[VZ + i] + part * _after_fourth(w, 5 * LANES + i)


@bare_kernel
def _after_fourth(w: FloatArray, k: int) -> float:
    return float(w[FIRST + k] + 3.0 * w[FOURTH + k])


@bare_kernel
def _fifth_stage(w: FloatArray, live: int) -> None:
    _keep(w, live, FIFTH)
    for i in range(live):
        part = (8.0 / 7.0) * w[DT + i]
        w[SX + i] = w[X + i] + part * _after_fifth(w, i)
        w[SY + i] = w[Y + i] + part * _after_fifth(w, LANES + i)
        w[SZ + i] = w[Z + i] + part * _after_fifth(w, 2 * LANES + i)
        w[SVX + i] = w[VX + i] + part * _after_fifth(w, 3 * LANES + i)
        w[SVY + i] = w[VY + i] + part * _after_fifth(w, 4 * LANES + i)
        w[SVZ + i] = w[VZ + i] + part * _after_fifth(w, 5 * LANES + i)


@bare_kernel
def _after_fifth(w: FloatArray, k: int) -> float:
    rise = w[FIFTH + k] + 1.5 * (w[THIRD + k] - w[FOURTH + k])
    return float(rise + 0.25 * w[SECOND + k] - 0.375 * w[FIRST + k])


@bare_kernel
def _last_stage(w: FloatArray, live: int) -> None:
    """Take the step; where it ends is the stage in hand."""
    for i in range(live):
        part = (16.0 / 45.0) * w[DT + i]
        w[X + i] += part * _whole(w, i, w[SVX + i])
        w[Y + i] += part * _whole(w, LANES + i, w[SVY + i])
        w[Z + i] += part * _whole(w, 2 * LANES + i, w[SVZ + i])
        w[VX + i] += part * _whole(w, 3 * LANES + i, w[AX + i])
        w[VY + i] += part * _whole(w, 4 * LANES + i, w[AY + i])
        w[VZ + i] += part * _whole(w, 5 * LANES + i, w[AZ + i])
    for i in range(live):
        w[SX + i], w[SY + i], w[SZ + i] = w[X + i], w[Y + i], w[Z + i]
        w[SVX + i], w[SVY + i] = w[VX + i], w[VY + i]
        w[SVZ + i] = w[VZ + i]


@bare_kernel
def _whole(w: FloatArray, k: int, last: float) -> float:
    middle = w[THIRD + k] + w[FIFTH + k] + 0.375 * w[FOURTH + k]
    return float(middle + (7.0 / 32.0) * (w[FIRST + k] + last))
