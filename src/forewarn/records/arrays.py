"""Arrays inside records: checked once, then read-only; and whose row is whose."""

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


def rows_of(ids: IntArray, among: IntArray) -> tuple[IntArray, BoolArray]:
    """Row (n,) of each id in `among`, which rises, and whether (n,) it is there at all.

    np.isin sorts both anew: for the few ids of a step that takes ten times as long.
    """
    row = among.searchsorted(ids)
    return row, among.searchsorted(ids, "right") > row


def two_groups(mask: IntArray) -> BoolArray:
    """Whether bit masks of independent groups hold at least two."""
    return np.asarray((mask & (mask - 1)) != 0)
