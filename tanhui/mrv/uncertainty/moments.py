"""Exact moments of one tree's errors, compiled: the mean of a power of a truncated normal size, and its square.

For a size x = truncated normal(mean, sd) and a power p the loops give, relative to the measured size m,

    first  = E[(x/m)^p]      second = E[(x/m)^2p]      log = E[(x/m)^p ln x] / first

by Gauss-Legendre quadrature over the allowed part of +-5 sd. The diameter's mixture is the mixture of two of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from tanhui.mrv.uncertainty.numerics import exp, inlined, ln

__all__ = ["plug_in", "power_moments"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_REACH = 5.0
_BLOCK = 256


@njit(cache=True, nogil=True, error_model="numpy")
def power_moments(
    mean: Any, sd: Any, power: Any, low: float, high: float, first: Any, second: Any, log: Any
) -> None:  # pragma: no cover - compiled
    """Fill ``first``, ``second`` and ``log`` for arrays of trees; sd 0 gives 1, 1 and ln of the mean."""
    total, x1, x2, xl = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    middle, half, cv = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for start in range(0, mean.size, _BLOCK):
        n = min(_BLOCK, mean.size - start)
        m, s, p = mean[start : start + n], sd[start : start + n], power[start : start + n]
        for i in range(n):
            spread = max(s[i], 1e-12)
            bottom = max((low - m[i]) / spread, -_REACH)
            top = max(min((high - m[i]) / spread, _REACH), bottom + 1e-9)
            middle[i], half[i], cv[i] = 0.5 * (bottom + top), 0.5 * (top - bottom), spread / m[i]
            total[i], x1[i], x2[i], xl[i] = 0.0, 0.0, 0.0, 0.0
        for node in range(_NODES.size):
            at, weight = _NODES[node], _WEIGHTS[node]
            for i in range(n):
                z = middle[i] + half[i] * at
                relative = ln(max(1.0 + cv[i] * z, 1e-9))
                mass = weight * exp(-0.5 * z * z)
                value = exp(p[i] * relative)
                total[i] += mass
                x1[i] += mass * value
                x2[i] += mass * value * value
                xl[i] += mass * value * relative
        for i in range(n):
            k = start + i
            known = s[i] > 0.0
            first[k] = x1[i] / total[i] if known else 1.0
            second[k] = x2[i] / total[i] if known else 1.0
            log[k] = (xl[i] / x1[i] if known else 0.0) + ln(m[i])


@inlined
def _term(p: Any, ln_d: Any, ln_h: Any, ln_r: Any) -> Any:
    return exp(p[0] + p[1] * ln_d + p[2] * ln_h + p[3] * ln_r)


@njit(cache=True, nogil=True, error_model="numpy")
def plug_in(
    dbh: Any, height: Any, density: Any, equation: Any, term_start: Any, sign: Any, terms: Any, value: Any, power: Any
) -> None:  # pragma: no cover - compiled
    """The equation at the measured sizes, and the local powers of D, H and rho (shape (3, n)). [kg]"""
    for i in range(dbh.size):
        ln_d, ln_h, ln_r = math.log(dbh[i]), math.log(height[i]), math.log(density[i])
        total, pd, ph, pr = 0.0, 0.0, 0.0, 0.0
        for t in range(term_start[equation[i]], term_start[equation[i] + 1]):
            w = sign[t] * _term(terms[t], ln_d, ln_h, ln_r)
            total += w
            pd += w * terms[t, 1]
            ph += w * terms[t, 2]
            pr += w * terms[t, 3]
        if total <= 0.0:  # below the root of a form with a subtracted term
            total, pd, ph, pr = 0.0, 0.0, 0.0, 0.0
        value[i] = total
        one = total if total > 0.0 else 1.0
        power[0, i], power[1, i], power[2, i] = pd / one, ph / one, pr / one
