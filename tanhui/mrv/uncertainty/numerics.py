"""Random bits and elementary functions that the processor can compute for many draws at once.

Compiled loops cannot call the C library on several numbers at a time, so the few functions the tree kernel needs are
written as plain arithmetic: the compiler turns a loop over draws into vector instructions. Nothing here is ever
contracted or reordered (no fast-math), so a result does not depend on where a loop was cut.

- Bits: Philox4x32-10, a counter-based generator: the words are a function of (key, counter) and of nothing else [1]_.
- Normal quantile: algorithm AS 241, PPND7, about seven digits [2]_. Draws come from the quantile, not from pairs,
  because a truncated normal is then exact: the uniform number is squeezed into the allowed part.
- ``ln``, ``exp``: range reduction by the exponent bits, then a series; relative error below 1e-11.

References
----------
.. [1] J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11, 2011. doi:10.1145/2063384.2063405
.. [2] M. J. Wichura, Algorithm AS 241, Applied Statistics 37, 477-484, 1988. doi:10.2307/2347330
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["exp", "ln", "normal_quantile", "philox", "uniform"]

_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
_EXPONENT = np.int64(52)
#: Adding it to a float leaves the nearest whole number in the low bits.
_MAGIC = 6755399441055744.0
_MAGIC_BITS = np.int64(0x4338000000000000)
#: ln 2 in two parts, the first exact in few bits, so that k ln 2 is subtracted without loss.
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function so that its body is put into the loop that calls it."""
    return njit(error_model="numpy", forceinline=True)(function)


@inlined
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Four 32-bit words (as uint64) for a counter of four and a key of two 32-bit words (as uint64)."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _MASK, (p0 >> _HALF) ^ c3 ^ k1, p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@inlined
def uniform(word: Any) -> Any:
    """A number in (0, 1) from the upper 28 bits of a 32-bit word: the midpoints of 2**28 equal cells."""
    bits = np.uint64(((word >> np.uint64(4)) << np.uint64(24)) | _ONE_BITS)
    return bits.view(np.float64) - (1.0 - 2.0**-29)


@inlined
def ln(x: Any) -> Any:
    """Natural logarithm of a positive, normal number."""
    bits = np.float64(x).view(np.int64)
    k = (bits - _SQRT_HALF_BITS) >> _EXPONENT
    m = np.int64(bits - (k << _EXPONENT)).view(np.float64)
    whole = np.int64(k + _MAGIC_BITS).view(np.float64) - _MAGIC
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = 1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z / 13)))))
    return whole * _LN2_HIGH + (whole * _LN2_LOW + 2.0 * s * series)


@inlined
def exp(x: Any) -> Any:
    """e to the x; x is held between -700 and 700."""
    x = min(max(x, -700.0), 700.0)
    shifted = x * 1.4426950408889634 + _MAGIC
    whole = shifted - _MAGIC
    r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    p = 1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r / 3628800))
    p = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * p))))))
    return np.int64(np.float64(p).view(np.int64) + (np.float64(shifted).view(np.int64) << _EXPONENT)).view(np.float64)


@inlined
def normal_quantile(p: Any) -> Any:
    """The standard normal quantile of p, for p between 2e-11 and 1 - 2e-11 (a p beyond is held there)."""
    q = min(max(p, 2e-11), 1.0 - 2e-11) - 0.5
    r = 0.180625 - q * q
    y = math.sqrt(-ln(0.5 - abs(q))) - 1.6
    central = r >= 0.0
    middle = (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) * q
    below = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0
    tail = ((0.17023821103 * y + 1.3067284816) * y + 2.7568153900) * y + 1.4234372777
    below_tail = (0.12021132975 * y + 0.73700164250) * y + 1.0
    return (middle if central else math.copysign(tail, q)) / (below if central else below_tail)
