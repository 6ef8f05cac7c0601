"""The whole analysis: with and without carbon, against a benchmark, with sensitivity and break-even.

Every line is proportional to each driver it names, so the net present value is a straight line in any one driver:
break-even points are exact, and need no search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tanhui.kernel.errors import DomainError
from tanhui.projects.investment.cash import CashLine, Irr, irr, net_flows, npv, payback_years

__all__ = ["RATE", "BreakEven", "Case", "InvestmentAnalysis", "Sensitivity", "analyse", "break_even"]

#: The discount rate as a driver of the sensitivity.
RATE = "rate"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What happens when one driver is lower or higher by a share, all others as they are.

    Attributes
    ----------
    npv_low, npv_high : float
        Net present value with the driver low, and with it high.
    break_even : float or None
        The factor of the driver at which the net present value is zero; None where no positive one is.
    """

    driver: str
    npv_low: float
    npv_high: float
    irr_low: Irr
    irr_high: Irr
    break_even: float | None

    @property
    def swing(self) -> float:
        """How far the net present value moves."""
        return abs(self.npv_high - self.npv_low)


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The factor of a driver at which the net present value is zero.

    ``case``: ``found``; ``no_effect`` (no line names it); ``always`` (positive even without it); ``never`` (no amount
    of it is enough).
    """

    case: Literal["found", "no_effect", "always", "never"]
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """The project with carbon, or without.

    ``below_benchmark`` is None where there is no single return to compare; then the net present value decides.
    """

    lines: tuple[CashLine, ...]
    flows: tuple[float, ...]
    npv: float
    irr: Irr
    payback_years: float | None
    discounted_payback_years: float | None
    sensitivity: tuple[Sensitivity, ...]
    below_benchmark: bool | None

    @property
    def cumulative(self) -> tuple[float, ...]:
        """Running total of the flows."""
        totals, total = [], 0.0
        for amount in self.flows:
            total += amount
            totals.append(total)
        return tuple(totals)


@dataclass(frozen=True, slots=True)
class InvestmentAnalysis:
    """Both cases at one benchmark.

    Attributes
    ----------
    benchmark : float
        The return asked for, which is also the discount rate. [1/yr]
    change : float
        By what share each driver is moved.
    needs_carbon : bool
        Without carbon the project is not worth while, and with it it is.
    robust : bool
        Without carbon it stays below the benchmark with every driver moved either way.
    """

    benchmark: float
    change: float
    with_carbon: Case
    without_carbon: Case

    @property
    def needs_carbon(self) -> bool:
        """Whether carbon makes the difference."""
        return self.without_carbon.npv < 0 <= self.with_carbon.npv

    @property
    def robust(self) -> bool:
        """Whether the answer without carbon survives the sensitivity analysis."""
        moved = [value for one in self.without_carbon.sensitivity for value in (one.npv_low, one.npv_high)]
        return max([self.without_carbon.npv, *moved]) < 0

    def break_even(self, driver: str) -> BreakEven:
        """The factor of a driver at which the project with carbon breaks even at the benchmark."""
        return break_even(self.with_carbon.lines, driver, self.benchmark)


def analyse(
    lines: Iterable[CashLine], *, benchmark: float, drivers: Sequence[str] | None = None, change: float = 0.10
) -> InvestmentAnalysis:
    """Analyse cash lines with and without those that are there for carbon only.

    Parameters
    ----------
    lines : iterable of CashLine
    benchmark : float
        Return asked for and discount rate, real or nominal as the amounts are. [1/yr]
    drivers : sequence of str, optional
        Which drivers to move, and in which order; by default all, in the order they are first named, then the rate.
    change : float
        By what share.

    Raises
    ------
    DomainError
        If there are no lines, the benchmark is not above -100 %, or a driver is unknown.
    """
    every = tuple(lines)
    if not every:
        raise DomainError("investment.no_lines")
    if not benchmark > -1:
        raise DomainError("investment.rate", rate=benchmark)
    known = tuple(dict.fromkeys(driver for line in every for driver in line.drivers))
    asked = (*known, RATE) if drivers is None else tuple(drivers)
    for driver in asked:
        if driver not in (*known, RATE):
            raise DomainError("investment.unknown_driver", driver=driver, known=", ".join((*known, RATE)))
    bare = tuple(line for line in every if not line.carbon)
    return InvestmentAnalysis(
        benchmark=benchmark,
        change=change,
        with_carbon=_case(every, benchmark, asked, change),
        without_carbon=_case(bare, benchmark, asked, change),
    )


def break_even(lines: Iterable[CashLine], driver: str, rate: float) -> BreakEven:
    """The factor of one driver at which the net present value is zero, exactly."""
    every = tuple(lines)
    fixed = npv(rate, net_flows(line for line in every if driver not in line.drivers))
    moving = npv(rate, net_flows(line for line in every if driver in line.drivers))
    if not any(driver in line.drivers for line in every) or moving == 0:
        return BreakEven("no_effect")
    factor = -fixed / moving
    if factor >= 0:
        return BreakEven("found", factor)
    return BreakEven("always" if fixed > 0 else "never")


def _case(lines: tuple[CashLine, ...], benchmark: float, drivers: Sequence[str], change: float) -> Case:
    flows = net_flows(lines)
    value, rate = npv(benchmark, flows), irr(flows)
    return Case(
        lines=lines,
        flows=tuple(flows.tolist()),
        npv=value,
        irr=rate,
        payback_years=payback_years(flows),
        discounted_payback_years=payback_years(flows, benchmark),
        sensitivity=tuple(_moved(lines, driver, benchmark, change) for driver in drivers),
        below_benchmark=None if rate.value is None else rate.value < benchmark,
    )


def _moved(lines: tuple[CashLine, ...], driver: str, benchmark: float, change: float) -> Sensitivity:
    """One driver low and high; the rate moves the discounting and leaves the flows alone."""
    sides = []
    for factor in (1 - change, 1 + change):
        flows = net_flows(lines, {driver: factor})
        rate = benchmark * factor if driver == RATE else benchmark
        sides.append((npv(rate, flows), irr(flows)))
    (npv_low, irr_low), (npv_high, irr_high) = sides
    even = _even_rate(lines, benchmark) if driver == RATE else break_even(lines, driver, benchmark).factor
    return Sensitivity(driver, npv_low, npv_high, irr_low, irr_high, even)


def _even_rate(lines: tuple[CashLine, ...], benchmark: float) -> float | None:
    """The factor of the discount rate at which the value is zero: the single return over the benchmark."""
    value = irr(net_flows(lines)).value
    return value / benchmark if value is not None and benchmark else None
