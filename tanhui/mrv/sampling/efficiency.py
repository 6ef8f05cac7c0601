"""What auxiliaries are worth: relative efficiency against plots alone, and what a wanted precision costs either way.

Relative efficiency is V(plain) / V(assisted) with the same plots: how many times more plots the plain estimator would
need. Prices are the user's own, in the user's currency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.model import SampleEstimate
from tanhui.mrv.sampling.student import t_two_sided

__all__ = ["CostOfPrecision", "Prices", "cost_of_precision", "relative_efficiency"]


@dataclass(frozen=True, slots=True)
class Prices:
    """What the user pays: one plot, and the auxiliaries of the whole area (flight, images, processing)."""

    plot: float
    auxiliaries: float = 0.0
    fixed: float = 0.0


@dataclass(frozen=True, slots=True)
class CostOfPrecision:
    """Plots and money for a wanted half-width, with plots alone and with auxiliaries.

    ``assisted_plots`` is None where the auxiliaries' own error alone is wider than the wanted half-width.
    """

    relative_efficiency: float
    plain_plots: int
    plain_cost: float
    assisted_plots: int | None
    assisted_cost: float | None

    @property
    def saved(self) -> float | None:
        """What the auxiliaries save; negative where they do not pay."""
        return None if self.assisted_cost is None else self.plain_cost - self.assisted_cost


def relative_efficiency(plain: SampleEstimate, other: SampleEstimate) -> float:
    """V(plain) / V(other), of estimates from the same plots; infinite where the other has no variance."""
    before, after = float(plain.variance), float(other.variance)
    return before / after if after > 0 else math.inf


def cost_of_precision(
    plain: SampleEstimate,
    assisted: SampleEstimate,
    half_width: float,
    prices: Prices,
    *,
    confidence: float = 0.90,
    auxiliary_variance: float = 0.0,
) -> CostOfPrecision:
    """What a half-width costs with and without auxiliaries, by scaling the variances of a survey already made.

    Parameters
    ----------
    plain, assisted : SampleEstimate
        Of the same plots, one variable.
    half_width : float
        Wanted half of the interval, in the unit of the estimates.
    prices : Prices
        The user's.
    confidence : float
        Of the two-sided interval.
    auxiliary_variance : float
        The part of the assisted variance that more plots do not reduce (``sources["auxiliaries"]``).

    Raises
    ------
    DomainError
        If the half-width is not positive, or a price is negative.
    """
    if not half_width > 0:
        raise DomainError("sampling.half_width_not_positive", half_width=half_width)
    if min(prices.plot, prices.auxiliaries, prices.fixed) < 0:
        raise DomainError("sampling.price_negative")
    before = _plots(plain, half_width, confidence, 0.0)
    after = _plots(assisted, half_width, confidence, auxiliary_variance)
    assert before is not None
    cost = None if after is None else prices.fixed + prices.auxiliaries + prices.plot * after
    return CostOfPrecision(
        relative_efficiency(plain, assisted), before, prices.fixed + prices.plot * before, after, cost
    )


def _plots(estimate: SampleEstimate, half_width: float, confidence: float, constant: float) -> int | None:
    """Smallest number of plots whose own Student interval is narrow enough; None if no number is."""
    lost = estimate.n - estimate.df
    one_plot = max(float(estimate.variance) - constant, 0.0) * estimate.n

    def needed(df: float) -> float:
        room = (half_width / t_two_sided(confidence, df)) ** 2 - constant
        return one_plot / room if room > 0 else math.inf

    if math.isinf(needed(math.inf)):
        return None
    n = max(math.ceil(needed(math.inf)), lost + 1)
    while needed(n - lost) > n:
        n += 1
    return n
