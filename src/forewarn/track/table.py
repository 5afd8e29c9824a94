"""Tables of tracks, plots and beginnings: one row each, all columns of a row together.

A scan copies whole rows (a state that was kept is never written to again) and hands them
to kernels, so a table is an array of records: one copy and one argument for all columns.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import bare_kernel, kernel
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.records import MODES, BoolArray, IntArray
from forewarn.track.classify import PRIOR

# of the plot taken last, its bias not taken off: place (3), covariance (9), slope of the
# place by range, azimuth, elevation (9), time, whose it was, and the velocity with it (3)
LAST = 26
MISSED = 2  # what a scan without a plot adds to `misses`, of which one with a plot takes 1
COUNT = len(MODES)
LARGE, LAID_BACK = 1 << 18, 1 << 28  # bytes, of a table, and of pages kept for the next
SLOTS = 16  # groups whose denials of a track are counted apart
ROW = np.dtype(
    [
        ("track_id", np.int64),
        ("time_s", np.float64),
        ("mean", np.float64, (COUNT, 7)),
        ("cov", np.float64, (COUNT, 7, 7)),
        ("weight", np.float64, (COUNT,)),
        ("prob", np.float64, (6,)),
        ("log_odds", np.float64),
        ("recent", np.int64, (4,)),
        ("last", np.float64, (LAST,)),
        ("hits", np.int64),
        ("trusted_hits", np.int64),
        ("group_mask", np.int64),
        ("first_s", np.float64),
        ("looked_s", np.float64),
        ("scan_s", np.float64),
        ("fastest_mps", np.float64),
        ("highest_m", np.float64),
        ("level_s", np.float64),
        ("dives_s", np.float64),
        ("fast_from_s", np.float64),
        ("fast_mps", np.float64, (3,)),
        ("identified", np.float64),
        ("far", np.float64),
        ("strain", np.float64),
        ("pull", np.float64, (3,)),
        ("pulled", np.float64),
        ("misses", np.int64),
        ("alone", np.float64),
        ("spread", np.int64),
        ("looks", np.int64),
        ("denied", np.float64, (SLOTS,)),
        ("silence", np.float64),
        ("identity", np.dtype("U16")),
        ("vouched_name", np.dtype("U16")),
        ("vouched_by", np.int64),
        ("vouched_s", np.float64),
        ("seconded_by", np.int64),
        ("seconded_s", np.float64),
        ("confirmed", np.bool_),
        ("named", np.bool_),
    ],
    align=True,
)

Table = NDArray[np.void]


def empty(rows: int = 0) -> Table:
    """So many tracks of zeros; classes start at what is known beforehand."""
    table = np.zeros(rows, ROW)
    if rows:
        table["prob"] = PRIOR
        table["highest_m"] = -1e9
        table["fast_from_s"] = np.inf
        table["recent"] = -1
        table["strain"] = 1.0
        table["vouched_s"] = table["seconded_s"] = -np.inf
        table["last"][:, 22] = -2.0
    return table


class _Page:
    """Memory of a table, laid back for the next once nothing looks at it any more."""

    def __init__(self, size: int) -> None:
        whole = 1 << size.bit_length()  # tables grow: the next must fit into it too
        fit = next((k for k, old in enumerate(_laid_back) if len(old) == whole), -1)
        self._memory = _laid_back.pop(fit) if fit >= 0 else np.empty(whole, "u1")

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """By which NumPy makes an array of it, that keeps it alive."""
        return self._memory.__array_interface__

    def __del__(self) -> None:
        _laid_back.append(self._memory)
        while sum(len(memory) for memory in _laid_back) > LAID_BACK:
            del _laid_back[0]


_laid_back: list[NDArray[np.uint8]] = []


def _blank(rows: int, kind: np.dtype[np.void]) -> Table:
    """Rows to be written to; NumPy clears them first where a column holds text.

    Of large tables in memory that was used before: the system clears each fresh page of
    it, which takes longer than all that is done with a track.
    """
    size = rows * kind.itemsize
    room = np.empty(size, "u1") if size < LARGE else np.asarray(_Page(size))
    return room[:size].view(kind)


def select(table: Table, rows: BoolArray | IntArray, spare: int = 0) -> Table:
    """A copy of the rows chosen, by yes and no or by number; one may be chosen twice.

    spare : room behind them for rows that `append` may add
    """
    chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    out = _blank(len(chosen) + spare, table.dtype)
    _pick(table, np.asarray(chosen, np.int64), out)
    return out[: len(chosen)]


def append(table: Table, more: Table) -> Table:
    """A fresh `select` with more rows behind, in the room it was given."""
    if not len(more):
        return table
    n, size = len(table), table.itemsize * (len(table) + len(more))
    if table.base is None or table.base.nbytes < size:
        return join(table, more)
    whole = table.base[:size].view(table.dtype)
    _lay(more, n, whole)
    return whole


def restored(kept: Table, name: str) -> Table:
    """Rows of a snapshot, laid out as kernels know them: what was stored forgets how."""
    found, expected = _columns(kept.dtype), _columns(ROW)
    if found != expected:  # NumPy would fill what is too short with anything
        differ = ", ".join(sorted({column for column, _ in found ^ expected}))
        raise ConfigError(
            f"snapshot: {name} has other columns than expected ({differ}): made by another"
            " version; begin without it"
        )
    out = np.empty(len(kept), ROW)
    out[:] = kept
    return out


def _columns(kind: np.dtype[np.void]) -> set[tuple[str, np.dtype[Any]]]:
    return {(name, kind[name]) for name in kind.names or ()}


def join(*some: Table) -> Table:
    """All of them, one after another; not a copy where only one has any."""
    some = tuple(table for table in some if len(table)) or some[:1]
    if len(some) == 1:
        return some[0]
    out = _blank(sum(len(table) for table in some), some[0].dtype)
    first = 0
    for table in some:
        _lay(table, first, out)
        first += len(table)
    return out


# NumPy copies records column by column


@kernel
def _pick(table: Table, rows: IntArray, out: Table) -> None:
    for k in range(len(rows)):
        out[k] = table[rows[k]]


@kernel
def _lay(table: Table, first: int, out: Table) -> None:
    for k in range(len(table)):
        out[first + k] = table[k]


@bare_kernel
def load_row(
    t: Table, i: int, mean: FloatArray, cov: FloatArray, weight: FloatArray
) -> None:
    """Modes of one track out of the table; of those asleep the weight alone."""
    row = t[i]
    for mode in range(COUNT):
        weight[mode] = row["weight"][mode]
        if weight[mode] <= 0.0:
            continue
        for k in range(7):
            mean[mode, k] = row["mean"][mode, k]
            for q in range(7):
                cov[mode, k, q] = row["cov"][mode, k, q]


@bare_kernel
def store_row(
    mean: FloatArray, cov: FloatArray, weight: FloatArray, t: Table, i: int
) -> None:
    """The same into the table."""
    row = t[i]
    for mode in range(COUNT):
        row["weight"][mode] = weight[mode]
        if weight[mode] <= 0.0:
            continue
        for k in range(7):
            row["mean"][mode, k] = mean[mode, k]
            for q in range(7):
                row["cov"][mode, k, q] = cov[mode, k, q]


@bare_kernel
def state_of(t: Table, i: int, out: FloatArray) -> float:
    """Blended place and velocity of one track into out (6,); returns a sigma, m/s.

    The sigma is that of one axis of its velocity, over the likely modes.
    """
    row = t[i]
    vague = 0.0
    for k in range(6):
        out[k] = 0.0
    for mode in range(COUNT):
        part = row["weight"][mode]
        if part <= 0.0:
            continue
        spread = 0.0
        for k in range(6):
            out[k] += part * row["mean"][mode, k]
        for k in range(3, 6):
            spread += row["cov"][mode, k, k]
        vague += part * np.sqrt(max(spread, 0.0) / 3.0)
    return float(vague)


@kernel
def blend(t: Table) -> FloatArray:
    """(n, 6) place and velocity of each track: the mean over its modes."""
    out = np.empty((len(t), 6))
    for i in range(len(t)):
        state_of(t, i, out[i])
    return out
