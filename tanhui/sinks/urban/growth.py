"""How a trunk thickens: by what was measured, by a curve over age, or by a base adjusted for light and condition.

The curves are the forms of the Urban Tree Database [1]_. Their coefficients belong to the climates of US cities and are
a user's to bring. The mean squared error that the logarithmic forms carry stands outside the inner logarithm: so the
worked numbers of the database come out. One public calculator puts it inside for the first form; ``inside`` gives that
reading, to compare.

References
----------
.. [1] E. G. McPherson, N. S. van Doorn, P. J. Peper, PSW-GTR-253, 2016. doi:10.2737/RDS-2016-0005
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["FORMS", "Curve", "curve_of", "loglog"]

Curve = Callable[["ArrayLike"], "Array"]
_WRITTEN = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*")
#: Ages at and below planting, where the double logarithm has no value.
YOUNGEST = 1e-6


def loglog(x: ArrayLike, a: float, b: float, mse: float, power: float = 0.0, *, inside: bool = False) -> Array:
    """exp(a + b ln(ln(x + 1)) + w mse / 2) with w = x^power.

    Parameters
    ----------
    x : array_like of float
        Age [yr] or diameter [cm].
    power : float
        0, 0.5, 1 or 2: the forms ``loglogw1`` to ``loglogw4``.
    inside : bool
        Read the correction of the first form into the inner logarithm, as one calculator does.
    """
    sized = np.maximum(np.asarray(x, float), YOUNGEST)
    inner, extra = np.log(sized + 1), sized**power * mse / 2
    if inside:
        return np.asarray(np.exp(a + b * np.log(inner + extra)))
    return np.asarray(np.exp(a + b * np.log(inner) + extra))


def _polynomial(x: ArrayLike, *coefficients: float) -> Array:
    return np.asarray(np.polynomial.polynomial.polyval(np.asarray(x, float), coefficients), dtype=float)


def _exponential(x: ArrayLike, a: float, b: float, mse: float) -> Array:
    return np.asarray(np.exp(a + b * np.asarray(x, float) + mse / 2))


#: Name of a form -> how many coefficients it takes, and its function.
FORMS: dict[str, tuple[int, Callable[..., Array]]] = {
    "lin": (2, _polynomial),
    "quad": (3, _polynomial),
    "cub": (4, _polynomial),
    "loglogw1": (3, loglog),
    "loglogw2": (3, lambda x, a, b, mse: loglog(x, a, b, mse, 0.5)),
    "loglogw3": (3, lambda x, a, b, mse: loglog(x, a, b, mse, 1.0)),
    "loglogw4": (3, lambda x, a, b, mse: loglog(x, a, b, mse, 2.0)),
    "expow1": (3, _exponential),
}


def curve_of(written: str) -> Curve | None:
    """The curve that ``quad(2.40322, 1.29420, -0.00705)`` means; nothing where it cannot be read."""
    match = _WRITTEN.fullmatch(written)
    if match is None or match[1] not in FORMS:
        return None
    wanted, form = FORMS[match[1]]
    try:
        coefficients = [float(part) for part in match[2].split(",")]
    except ValueError:
        return None
    if len(coefficients) != wanted or not np.isfinite(coefficients).all():
        return None
    return lambda x: form(x, *coefficients)
