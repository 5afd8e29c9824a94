"""Arrays inside records: checked once, then read-only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.errors import PlotError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def seal(owner: str, name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape, and let nobody write to it from here on."""
    if array.shape != shape:
        raise PlotError(f"{owner}: {name} is {array.shape}, must be {shape}: refused")
    # The record owns the array from here on. A later write by whoever else
    # holds it would rewrite history under a replay, so it has to fail.
    array.flags.writeable = False
