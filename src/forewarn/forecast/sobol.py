"""Points spread evenly over a cube of many dimensions: the Sobol sequence.

Few numbers, and no second of importing statistics at every start of the service.
Source: Joe, Kuo, "Constructing Sobol sequences with better two-dimensional projections",
SIAM Journal on Scientific Computing 30(5), 2008, and their table new-joe-kuo-6.
"""

import numpy as np

from forewarn.geodesy import FloatArray

BITS = 30
# of each dimension after the first: coefficients of its polynomial, first directions
_TABLE: tuple[tuple[int, tuple[int, ...]], ...] = (
    (0, (1,)),
    (1, (1, 3)),
    (1, (1, 3, 1)),
    (2, (1, 1, 1)),
    (1, (1, 1, 3, 3)),
    (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)),
    (4, (1, 1, 5, 5, 5)),
    (7, (1, 1, 7, 11, 19)),
    (11, (1, 1, 5, 1, 1)),
    (13, (1, 1, 1, 3, 11)),
    (14, (1, 3, 5, 5, 31)),
)
MOST = 1 + len(_TABLE)  # dimensions


def sobol(count: int, dimensions: int) -> FloatArray:
    """(count, dimensions) the first points, 0 <= x < 1; that at 0 is the first of them."""
    number = np.arange(count)
    gray = number ^ (number >> 1)
    out = np.empty((count, dimensions))
    for axis in range(dimensions):
        whole = np.zeros(count, np.int64)
        for bit, direction in enumerate(_directions(axis)):
            whole ^= np.where(gray >> bit & 1, direction << (BITS - 1 - bit), 0)
        out[:, axis] = whole * 2.0**-BITS
    return out


def _directions(axis: int) -> list[int]:
    """The BITS direction numbers of a dimension, odd and below 2, 4, 8 ..."""
    if axis == 0:
        return [1] * BITS
    polynomial, first = _TABLE[axis - 1]
    degree, m = len(first), list(first)
    for k in range(degree, BITS):
        fresh = m[k - degree] ^ m[k - degree] << degree
        for j in range(1, degree):
            if polynomial >> (degree - 1 - j) & 1:
                fresh ^= m[k - j] << j
        m.append(fresh)
    return m
