"""From the errors of factors and inputs to the interval of every figure.

Each uncertain factor and input is moved up and down by one standard error while the others stay; the root of the mean
square of what the two do to a figure is what its error does. Where the answer is a line that is half their distance;
where both sides lead the same way it is not zero. The squares of these, and of the errors a sink states itself, add to
the variance, so that shares add to 1. The errors are taken as independent; a factor used in several places moves in
all of them at once. What bends the answer within its error is named, because the interval is then an approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from statistics import NormalDist

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError, TanhuiError
from tanhui.kernel.parameters import Parameters, load_parameters
from tanhui.sinks.frame.factors import Factors, standard_error
from tanhui.sinks.frame.inputs import Given
from tanhui.sinks.frame.model import Outcome

__all__ = ["Figure", "Spread", "spread"]

Account = Callable[[Given, Factors], Outcome]
#: Half the width of a 90 % interval in standard errors.
Z90 = NormalDist().inv_cdf(0.95)
MEASUREMENT = "measurement"
#: Parts of a standard error that are tried, where a whole one leads out of what a sink can answer on both sides.
STEPS = (1.0, 0.5, 0.25, 0.125)


@dataclass(slots=True)
class Figure:
    """A number with the variance that each source gives it, and the sources that bend it within their error."""

    value: float
    variance: dict[str, float] = field(default_factory=dict)
    bent: set[str] = field(default_factory=set)

    @property
    def se(self) -> float:
        """Standard error."""
        return math.sqrt(math.fsum(self.variance.values()))

    @property
    def ci90(self) -> tuple[float, float]:
        """The 90 % interval."""
        return self.value - Z90 * self.se, self.value + Z90 * self.se

    def shares(self) -> dict[str, float]:
        """Share of each source in the variance, largest first; empty where there is no error."""
        total = math.fsum(self.variance.values())
        known = sorted(self.variance.items(), key=lambda x: (-x[1], x[0]))
        return {name: part / total for name, part in known if part > 0} if total > 0 else {}

    def add(self, source: str, *effects: float) -> None:
        """Note what one error does to the figure, upwards and downwards."""
        mean_square = math.fsum(effect * effect for effect in effects) / len(effects)
        self.variance[source] = self.variance.get(source, 0.0) + mean_square
        straight = abs(effects[0] - effects[-1]) / 2
        if len(effects) > 1 and abs(math.fsum(effects)) / 2 > _bent("curvature") * straight:
            self.bent.add(source)


@dataclass(frozen=True, slots=True)
class Spread:
    """An answer with the interval of each of its values and lines; ``net`` is the sum of the lines."""

    outcome: Outcome
    factors: Factors
    values: list[Figure]
    lines: list[Figure]
    net: Figure

    @property
    def bent(self) -> list[str]:
        """Sources that bend a figure and are not small in it."""
        least = _bent("curved_share")
        figures = [*self.values, *self.lines, self.net]
        return sorted({x for figure in figures for x in figure.bent if figure.shares().get(x, 0.0) >= least})


@cache
def _parameters() -> Parameters:
    return load_parameters(data_path("sinks", "parameters.toml"), "sinks")


@cache
def _bent(name: str) -> float:
    return _parameters()[name].at(date.max).number()


def spread(account: Account, given: Given, factors: Factors) -> Spread:
    """Run a sink and carry every error to its figures.

    Raises
    ------
    DomainError
        If a figure, or its error, is no finite number.
    """
    outcome = account(given, factors)
    middle = _numbers(outcome)
    # Adding zero makes -0.0 plain.
    figures = [Figure(x + 0.0) for x in middle]
    for source, sides in _moves(account, given, factors, middle):
        for figure, *effects in zip(figures, *sides, strict=True):
            figure.add(source, *effects)
    stated = [*(x.own_se for x in outcome.values), *(x.own_se for x in outcome.lines)]
    for figure, own in [*zip(figures, stated, strict=False), *((figures[-1], line.own_se) for line in outcome.lines)]:
        for source, se in own.items():
            figure.add(source, se)
    if not all(math.isfinite(figure.se) for figure in figures):
        raise DomainError("sinks.not_finite")
    count = len(outcome.values)
    return Spread(outcome, factors, figures[:count], figures[count:-1], figures[-1])


def _numbers(outcome: Outcome) -> list[float]:
    """Values, lines and net of an answer, all of them finite."""
    lines = [x.co2e_t for x in outcome.lines]
    found = [*(x.value for x in outcome.values), *lines]
    if not all(not isinstance(x, complex) and math.isfinite(x) for x in found):
        raise DomainError("sinks.not_finite")
    return [*map(float, found), math.fsum(lines)]


def _moves(
    account: Account, given: Given, factors: Factors, middle: Sequence[float]
) -> Iterator[tuple[str, list[list[float]]]]:
    """What each uncertain number does to the figures a standard error higher, and lower."""
    for name, se in sorted(given.se.items()):
        yield MEASUREMENT, _sides(lambda by, n=name: account(given.shifted(n, by), _fresh(factors)), se, middle)  # type: ignore[misc]
    for leaf_id, leaf in sorted(factors.used.items()):
        if se := standard_error(leaf):
            source = leaf_id.split("/")[1]
            yield source, _sides(lambda by, i=leaf_id: account(given, factors.shifted(i, by)), se, middle)  # type: ignore[misc]


def _fresh(factors: Factors) -> Factors:
    return factors.shifted("", 0.0)


def _sides(answer: Callable[[float], Outcome], se: float, middle: Sequence[float]) -> list[list[float]]:
    """What a standard error up and down does to each figure; one side where the other cannot be answered.

    Raises
    ------
    DomainError
        If neither can, however small a part of the error is tried.
    """
    for step in STEPS:
        sides = []
        for by in (se * step, -se * step):
            try:
                moved = _numbers(answer(by))
            except (TanhuiError, ArithmeticError):
                continue
            sides.append([(x - m) / step for x, m in zip(moved, middle, strict=True)])
        if sides:
            return sides
    raise DomainError("sinks.no_spread", se=f"{se:g}")
