"""From decay rates to shares of a step.

The exponential formulation of the Carbon Budget Model multiplies a base rate by a temperature modifier and applies it
as the share that a year takes [1]_; it is not turned into 1 - exp(-k) on the way. A rate of continuous decay is, with
:func:`share_of_rate`. The two differ by k/2 of the share, 8 % for 0.15 a year, so a sink says which one it means.

References
----------
.. [1] W. A. Kurz et al., Ecol. Model. 220, 480-504, 2009. doi:10.1016/j.ecolmodel.2008.10.018
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["decay_share", "share_of_rate", "temperature_modifier"]


def temperature_modifier(
    temperature_c: ArrayLike, q10: ArrayLike, reference_c: ArrayLike
) -> NDArray[np.float64] | np.float64:
    """How much faster decay is than at the reference temperature: exp((T - T_ref) ln(Q10) / 10). [1]

    Parameters
    ----------
    temperature_c, reference_c : array_like of float
        Mean annual temperature, and the one that the base rate holds for. [°C]
    q10 : array_like of float
        Factor by which ten degrees more speed up decay. [1]

    Raises
    ------
    DomainError
        If a Q10 is not positive or a temperature is no number (``engine.q10``).
    """
    t, q, t_ref = (np.asarray(value, np.float64) for value in (temperature_c, q10, reference_c))
    if not ((q > 0).all() and np.isfinite(q).all() and np.isfinite(t).all() and np.isfinite(t_ref).all()):
        raise DomainError("engine.q10")
    modifier: NDArray[np.float64] | np.float64 = np.exp((t - t_ref) * np.log(q) / 10)
    return modifier


def decay_share(
    base_rate: ArrayLike,
    temperature_c: ArrayLike,
    q10: ArrayLike,
    reference_c: ArrayLike,
    most: ArrayLike = 1.0,
) -> NDArray[np.float64] | np.float64:
    """Share of a pool that decays in a year: the base rate times the temperature modifier, at most ``most``. [1]

    Raises
    ------
    DomainError
        If a rate is negative (``engine.rate``).
    """
    share: NDArray[np.float64] | np.float64 = np.minimum(
        _rate(base_rate) * temperature_modifier(temperature_c, q10, reference_c), most
    )
    return share


def share_of_rate(rate: ArrayLike) -> NDArray[np.float64] | np.float64:
    """Share that continuous decay at a rate takes in one step: 1 - exp(-k). [1]

    Raises
    ------
    DomainError
        If a rate is negative (``engine.rate``).
    """
    share: NDArray[np.float64] | np.float64 = -np.expm1(-_rate(rate))
    return share


def _rate(rate: ArrayLike) -> NDArray[np.float64]:
    """A rate that is no negative number."""
    k = np.asarray(rate, np.float64)
    if not (k >= 0).all():
        raise DomainError("engine.rate")
    return k
