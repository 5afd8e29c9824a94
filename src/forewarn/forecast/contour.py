"""Rings around where a field is high: marching squares on a grid of any spacing."""

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray

# of a square its corners, counter-clockwise from the lower left; edge i follows corner i
_RIGHT, _UP = (0, 1, 1, 0), (0, 0, 1, 1)


def rings(high: BoolArray, joined: BoolArray) -> list[list[tuple[int, int, int, int]]]:
    """Rings that part high corners of a grid from the others, each once around.

    high   : (rows, columns) of each corner; those at the rim must not be high
    joined : (rows - 1, columns - 1) of each square: whether two high corners that face
             each other are joined across it
    returns: per ring the grid edges it crosses: row, column of the high end, then of the
             other. What is high lies to the left: outer rings go counter-clockwise where
             rows go up and columns to the right, rings of holes clockwise.

    Source: Lorensen, Cline, "Marching cubes", Computer Graphics 21(4), 1987, in the plane.
    """
    corners = high[:-1, :-1] + 2 * high[:-1, 1:] + 4 * high[1:, 1:] + 8 * high[1:, :-1]
    follows: dict[tuple[int, int, int, int], tuple[int, int, int, int]] = {}
    for row, column in np.argwhere((corners > 0) & (corners < 15)).tolist():
        _join(int(corners[row, column]), row, column, bool(joined[row, column]), follows)
    out = []
    while follows:
        first, edge = follows.popitem()
        ring = [first]
        while edge != first:
            ring.append(edge)
            edge = follows.pop(edge)
        out.append(ring)
    return out


def _join(
    corners: int,
    row: int,
    column: int,
    joined: bool,
    follows: dict[tuple[int, int, int, int], tuple[int, int, int, int]],
) -> None:
    """Add the pieces of rings within one square, from the edge they enter by."""
    is_high = [bool(corners >> i & 1) for i in range(4)]
    # a ring enters where high gives way to low and leaves where it comes back: behind, past
    # the high corner, or, where high corners that face each other are joined, ahead
    falls = [i for i in range(4) if is_high[i] and not is_high[(i + 1) % 4]]
    rises = [i for i in range(4) if not is_high[i] and is_high[(i + 1) % 4]]
    for fall in falls:
        ahead = min(rises, key=lambda rise: (rise - fall) % 4)
        behind = max(rises, key=lambda rise: (rise - fall) % 4)
        leave = ahead if joined else behind
        ends = [_edge(row, column, i, is_high[i]) for i in (leave, fall)]
        follows[ends[1]] = ends[0]


def _edge(row: int, column: int, i: int, first_high: bool) -> tuple[int, int, int, int]:
    j = (i + 1) % 4
    a, b = (i, j) if first_high else (j, i)
    return row + _UP[a], column + _RIGHT[a], row + _UP[b], column + _RIGHT[b]


def ring_area(ring: FloatArray) -> float:
    """Area within a ring (n, 2), counter-clockwise positive; by the shoelace formula."""
    after = np.roll(ring, -1, axis=0)
    return 0.5 * float(np.sum(ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]))
