"""Cash flows by year and what they are worth. Income is positive, cost negative; year 0 is the year of the start.

The internal rate of return is a root of the net present value in the rate. There may be none, one or several, and the
answer says which: nobody is given one root of several as if it were the return.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tanhui.kernel.errors import DomainError

__all__ = ["CashLine", "Irr", "irr", "net_flows", "npv", "payback_years"]

Flows = Sequence[float] | NDArray[np.float64]
#: Where roots are looked for: a loss of 99.9 % a year up to a gain of 10,000 % a year, on a logarithmic scale.
LOWEST, HIGHEST, STEPS = 1e-3, 1e2, 4001
#: A turning point this near to zero, relative to the sum of all present values without sign, is a root.
TOUCHING = 1e-12


@dataclass(frozen=True, slots=True)
class CashLine:
    """One line of the cash flow.

    Attributes
    ----------
    id : str
        Its name in tables and in the language of the caller's wording.
    amounts : tuple of float
        One amount per year, from year 0; income positive, cost negative.
    drivers : tuple of str
        What the line is proportional to: ``("price", "tonnes", "area")``. A driver that grows by 10 % makes every line
        that names it grow by 10 %.
    carbon : bool
        Whether the line is there only because carbon is sold: the income, and the cost of claiming it.
    """

    id: str
    amounts: tuple[float, ...]
    drivers: tuple[str, ...] = ()
    carbon: bool = False

    def __post_init__(self) -> None:
        if not self.amounts or not all(math.isfinite(amount) for amount in self.amounts):
            raise DomainError("investment.no_amounts", line=self.id)

    def flows(self, factors: Mapping[str, float] | None = None) -> NDArray[np.float64]:
        """The amounts with some drivers multiplied."""
        scale = math.prod((factors or {}).get(driver, 1.0) for driver in self.drivers)
        return scale * np.asarray(self.amounts, float)


@dataclass(frozen=True, slots=True)
class Irr:
    """The internal rate of return, or why there is none.

    Attributes
    ----------
    case : str
        ``one``; ``several`` (``roots`` lists them, none of them is *the* return); ``never_repaid`` (only costs, or
        income that never makes up for them at any rate above -100 %); ``never_invested`` (only income); ``none``.
    value : float or None
        The rate where there is exactly one. [1/yr]
    """

    case: Literal["one", "several", "never_repaid", "never_invested", "none"]
    value: float | None = None
    roots: tuple[float, ...] = ()


def net_flows(lines: Iterable[CashLine], factors: Mapping[str, float] | None = None) -> NDArray[np.float64]:
    """The sum of lines year by year; shorter lines end early."""
    flows = [line.flows(factors) for line in lines]
    total = np.zeros(max(map(len, flows), default=1))
    for one in flows:
        total[: len(one)] += one
    return total


def npv(rate: float, flows: Flows) -> float:
    """Present value at the start of year 0's flow: sum of ``flows[t] / (1 + rate)**t``.

    Raises
    ------
    DomainError
        If the rate is not above -100 %.
    """
    if not rate > -1:
        raise DomainError("investment.rate", rate=rate)
    return math.fsum(amount * (1 + rate) ** -year for year, amount in enumerate(flows))


def irr(flows: Flows) -> Irr:
    """The internal rate of return with its case.

    With one change of sign among the flows there is one root by Descartes' rule; with several, every change of sign
    of the net present value on a fine grid is a root, and so is a turning point that only touches zero.
    """
    amounts = np.asarray(flows, float)
    signs = np.sign(amounts[amounts != 0])
    if not len(signs) or (signs < 0).all():
        return Irr("never_repaid")
    if (signs > 0).all():
        return Irr("never_invested")
    roots = tuple(_roots(amounts))
    if len(roots) == 1:
        return Irr("one", roots[0], roots)
    if roots:
        return Irr("several", None, roots)
    # A single change of sign from minus to plus whose root lies below the lowest rate: all but nothing comes back.
    return Irr("never_repaid" if (np.diff(signs) != 0).sum() == 1 and signs[0] < 0 else "none")


def _roots(amounts: NDArray[np.float64]) -> list[float]:
    """Rates at which the present value is zero, lowest first; looked for in x = ln(1 + rate)."""
    from scipy.optimize import brentq

    years = np.arange(len(amounts))

    def present(x: Any, factors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of the discounted factors, scaled by the discounted flows without sign: neither end overflows."""
        exponents = -np.multiply.outer(np.atleast_1d(x), years)
        weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        scaled: NDArray[np.float64] = (weights @ factors) / (weights @ np.abs(amounts))
        return scaled

    def crossings(factors: NDArray[np.float64]) -> list[float]:
        """Zeros of the sum on the grid and between its points."""
        values = present(grid, factors)
        found = [float(x) for x in grid[values == 0]]
        changes = np.flatnonzero(values[:-1] * values[1:] < 0)
        between = (brentq(lambda x: present(x, factors)[0], grid[i], grid[i + 1], xtol=1e-14) for i in changes)
        return found + [float(x) for x in between]

    grid = np.linspace(np.log(LOWEST), np.log(1 + HIGHEST), STEPS)
    found = crossings(amounts)
    for turning in crossings(-years * amounts):
        near = any(abs(turning - x) < 1e-6 for x in found)
        if not near and abs(present(turning, amounts)[0]) < TOUCHING:
            found.append(turning)
    return sorted(float(np.expm1(x)) for x in found)


def payback_years(flows: Flows, rate: float = 0.0) -> float | None:
    """Years until the running total is no longer negative, within a year in proportion; None where it stays so.

    With a rate, the total of present values. A project that never owes anything is paid back at once.
    """
    total = 0.0
    for year, amount in enumerate(flows):
        before, step = total, amount * (1 + rate) ** -year
        total += step
        if total >= 0:
            return float(year) if before >= 0 or step <= 0 else year - 1 + -before / step
        # Of a year's flow nothing is known but its sum, so it is taken as even through the year.
    return None
