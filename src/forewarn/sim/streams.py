"""Random numbers that depend on names alone: seed, run, threat, purpose and a count.

Whatever is decided otherwise in a study never shifts the luck of another threat, so two
policies meet the very same raids. Counter-based: no state, any number in any order.
Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011),
Philox4x64 with ten rounds; the same numbers as NumPy's `Philox`.
"""

from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from forewarn.compiled import bare_kernel

U64 = np.uint64
Block = tuple[Any, Any, Any, Any]  # four words of 64 bits

# purposes: what a number is drawn for
COUNT, RAID, ERROR, ENGAGE, DEBRIS, ODDS, SIGHT = range(7)

_M0, _M1 = U64(0xD2E7470EE14C6C93), U64(0xCA5A826395121157)
_W0, _W1 = U64(0x9E3779B97F4A7C15), U64(0xBB67AE8584CAA73B)
_ROUNDS = 10
_UNIT = 2.0**-53
_SHIFT = U64(11)


def _high_product(context: Any, a: Any, b: Any) -> Any:
    """Upper 64 bits of a product of two: one instruction, that no plain code reaches."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(arg, wide) for arg in args))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


high_product = cast(Any, intrinsic)(_high_product)


@bare_kernel
def block(seed: int, run: int, threat: int, purpose: int, k: int) -> Block:
    """Four words of 64 random bits."""
    c0, c1, c2, c3 = U64(k), U64(purpose), U64(threat), U64(run)
    k0, k1 = U64(seed), U64(0)
    for _ in range(_ROUNDS):
        h0, l0 = high_product(_M0, c0), _M0 * c0
        h1, l1 = high_product(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@bare_kernel
def unit(word: int) -> float:
    """A word of 64 bits as a number above 0 and below 1."""
    return (float(U64(word) >> _SHIFT) + 0.5) * _UNIT


@bare_kernel
def normals(first: int, second: int) -> tuple[float, float]:
    """Two independent normal numbers out of two words. Source: Box, Muller (1958).

    Sine and cosine of the whole angle out of the cosine of its half: a third less time.
    """
    far = np.sqrt(-2.0 * np.log(unit(first)))
    c = np.cos(np.pi * unit(second))
    return far * (2.0 * c * c - 1.0), far * 2.0 * c * np.sqrt(1.0 - c * c)
