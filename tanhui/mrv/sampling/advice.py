"""Advice: how many more plots would earn a smaller deduction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.wording import Lang, say
from tanhui.mrv.sampling.student import t_two_sided

__all__ = ["Advice", "Band", "Step", "advice"]

#: More plots than this are not advice.
MOST_PLOTS = 100_000


@dataclass(frozen=True, slots=True)
class Band:
    """A row of a deduction table: up to this U (as a share, end included) this deduction applies.

    ``upper`` None is the last row, without end; ``deduction`` None means that no claim is allowed there.
    """

    upper: float | None
    deduction: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """What it takes to reach one better band; ``more_plots`` None where no number of plots reaches it."""

    more_plots: int | None
    deduction_from: float | None
    deduction_to: float | None
    u_from: float
    u_to: float

    def text(self, lang: Lang = "en") -> str:
        """One sentence."""
        facts: dict[str, Any] = {
            "plots": self.more_plots,
            "from": percent(self.deduction_from, lang),
            "to": percent(self.deduction_to, lang),
            "u": percent(self.u_to, lang),
        }
        if self.more_plots is None:
            return say("sampling.advice.unreachable", lang, **facts)
        if self.deduction_from is None:
            return say("sampling.advice.claimable", lang, **facts)
        return say("sampling.advice.more_plots" if self.more_plots != 1 else "sampling.advice.one_plot", lang, **facts)


@dataclass(frozen=True, slots=True)
class Advice:
    """Where the claim stands, and what each better band costs, nearest first."""

    u: float
    deduction: float | None
    steps: tuple[Step, ...]

    def text(self, lang: Lang = "en") -> str:
        """The sentences; one that says so where nothing can be gained."""
        if not self.steps:
            return say("sampling.advice.best", lang, u=percent(self.u, lang), now=percent(self.deduction, lang))
        return " ".join(step.text(lang) for step in self.steps)


def advice(
    value: float,
    sampling_variance: float,
    n: int,
    bands: Sequence[Band],
    *,
    strata: int = 1,
    other_variance: float = 0.0,
    confidence: float = 0.90,
) -> Advice:
    """How many more plots move the deduction to each better band.

    More plots, shared out as the present ones, shrink the sampling variance as n / n'; what comes from tree models
    or areas stays. U = t(n' - strata) sqrt(V n / n' + V_other) / |value|.

    Parameters
    ----------
    value : float
        The estimate, in any unit.
    sampling_variance, other_variance : float
        Its variance by source, in that unit squared.
    n : int
        Plots measured.
    bands : sequence of Band
        The deduction table, from the smallest U up, the end of each row included in it.
    strata : int
        Degrees of freedom lost.
    confidence : float
        Of the interval the table speaks of.

    Returns
    -------
    Advice

    Raises
    ------
    DomainError
        If the value is zero, variances are negative, the bands are out of order, or there are too few plots.
    """
    if value == 0 or sampling_variance < 0 or other_variance < 0:
        raise DomainError("sampling.no_relative_width")
    uppers = [math.inf if band.upper is None else band.upper for band in bands]
    if not uppers or uppers != sorted(set(uppers)):
        raise DomainError("sampling.bands_out_of_order")

    def u_with(plots: int) -> float:
        variance = sampling_variance * n / plots + other_variance
        return t_two_sided(confidence, plots - strata) * math.sqrt(variance) / abs(value)

    now = u_with(n)
    here = next((i for i, upper in enumerate(uppers) if now <= upper), len(uppers))
    deduction = bands[here].deduction if here < len(bands) else None
    steps = []
    for band, upper in zip(reversed(bands[:here]), reversed(uppers[:here]), strict=True):
        plots = _fewest(n, upper, u_with)
        u_then = u_with(plots) if plots else upper
        steps.append(Step(None if plots is None else plots - n, deduction, band.deduction, now, u_then))
    return Advice(now, deduction, tuple(steps))


def _fewest(n: int, upper: float, u_with: Callable[[int], float]) -> int | None:
    """The smallest n' > n with U <= upper, by bisection: U falls as n' grows."""
    low, high = n, n + MOST_PLOTS
    if u_with(high) > upper:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if u_with(middle) <= upper else (middle, high)
    return high


def percent(share: float | None, lang: Lang) -> str:
    """A share as people read it, with up to one decimal."""
    if share is None:
        return say("sampling.advice.no_claim", lang)
    return f"{round(share * 100, 1):g} %"
