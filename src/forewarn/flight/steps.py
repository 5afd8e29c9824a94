"""How long a step of a flight may be: one rule for everything that falls."""

from forewarn.compiled import bare_kernel

STEP_S = 4.0
DRAG_TIMES = 0.45  # of a drag time: light bodies need shorter steps than heavy ones
THINS_M = 7000.0  # height over which the air thins e-fold
# where the standard atmosphere, and any profile told as a share of it, begins to warm or
# cool otherwise (11, 20, 32 km geopotential): a step across such a kink is a hundred times
# less true than two that meet at it, and above there is no air that matters
KINKS_M = (11019.1, 20063.1, 32161.9)
NEAR = 0.1  # of a step: a kink so near is not worth one of its own


@bare_kernel
def step_of(rate: float, height_m: float, climb_mps: float) -> float:
    """Seconds of the next step.

    rate : drag over speed times how steeply drag grows with speed, 1/s
    """
    # the air it may sink into within half the longest step is thicker
    sinks = -climb_mps * (0.5 * STEP_S / THINS_M)
    sinks = sinks if sinks > 0.0 else 0.0
    faster = rate * (1.0 + sinks + 0.5 * sinks * sinks)
    dt = DRAG_TIMES / faster if faster * STEP_S > DRAG_TIMES else STEP_S
    per_climb = 1.0 / climb_mps
    low, middle, high = KINKS_M
    dt = _until((low - height_m) * per_climb, dt)
    dt = _until((middle - height_m) * per_climb, dt)
    return _until((high - height_m) * per_climb, dt)


@bare_kernel
def _until(kink_s: float, dt: float) -> float:
    return kink_s if NEAR * dt < kink_s < dt else dt
