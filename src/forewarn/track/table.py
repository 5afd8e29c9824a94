"""The tracks as columns: one row per track."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.records import BoolArray, IntArray
from forewarn.track.classify import PRIOR

# of the plot taken last, its bias not taken off: place (3), covariance (9), slope of the
# place by range, azimuth, elevation (9), time, and whose it was
LAST = 23
# name: shape of one row, dtype
COLUMNS: dict[str, tuple[tuple[int, ...], Any]] = {
    "track_id": ((), np.int64),
    "time_s": ((), np.float64),
    "mean": ((3, 7), np.float64),
    "cov": ((3, 7, 7), np.float64),
    "weight": ((3,), np.float64),
    "prob": ((6,), np.float64),
    "log_odds": ((), np.float64),
    "recent": ((4,), np.int64),
    "last": ((LAST,), np.float64),
    "hits": ((), np.int64),
    "trusted_hits": ((), np.int64),
    "confirmed": ((), np.bool_),
    "group_mask": ((), np.int64),
    "first_s": ((), np.float64),
    "looked_s": ((), np.float64),
    "scan_s": ((), np.float64),
    "fastest_mps": ((), np.float64),
    "highest_m": ((), np.float64),
    "level_s": ((), np.float64),
    "identified": ((), np.float64),
    "looks": ((), np.int64),
    "identity": ((), np.dtype("U16")),
}

Table = dict[str, NDArray[Any]]


def empty(rows: int = 0) -> Table:
    """A table of so many rows of zeros; classes start at what is known beforehand."""
    table = {
        name: np.zeros((rows, *shape), kind) for name, (shape, kind) in COLUMNS.items()
    }
    table["prob"][:] = PRIOR
    table["highest_m"][:] = -1e9
    table["recent"][:] = -1
    table["last"][:, 22] = -2.0
    return table


def select(table: Table, rows: BoolArray | IntArray) -> Table:
    """The rows chosen, by yes and no or by number; a row may be chosen twice."""
    return {name: column[rows] for name, column in table.items()}


def join(first: Table, second: Table) -> Table:
    """Both, one after another."""
    if not len(second["track_id"]):
        return first
    return {name: np.concatenate([first[name], second[name]]) for name in COLUMNS}
