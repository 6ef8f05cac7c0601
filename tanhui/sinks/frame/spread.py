"""From the errors of factors and inputs to the interval of every figure.

Each uncertain factor and input is moved up and down by one standard error while the others stay; half the difference
of the two answers is what its error does to a figure. The squares of these, and of the errors a sink states itself,
add to the variance, so that shares add to 1. The errors are taken as independent; a factor used in several places
moves in all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

from tanhui.kernel.errors import TanhuiError
from tanhui.sinks.frame.factors import Factors, standard_error
from tanhui.sinks.frame.inputs import Given
from tanhui.sinks.frame.model import Line, Outcome, Value

__all__ = ["Figure", "Spread", "spread"]

Account = Callable[[Given, Factors], Outcome]
#: Half the width of a 90 % interval in standard errors.
Z90 = NormalDist().inv_cdf(0.95)
MEASUREMENT = "measurement"


@dataclass(slots=True)
class Figure:
    """A number with the variance that each source gives it."""

    value: float
    variance: dict[str, float] = field(default_factory=dict)

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

    def add(self, source: str, effect: float) -> None:
        """Note what one error does to the figure."""
        self.variance[source] = self.variance.get(source, 0.0) + effect * effect


@dataclass(frozen=True, slots=True)
class Spread:
    """An answer with the interval of each of its values and lines; ``net`` is the sum of the lines."""

    outcome: Outcome
    factors: Factors
    values: list[Figure]
    lines: list[Figure]
    net: Figure


def spread(account: Account, given: Given, factors: Factors) -> Spread:
    """Run a sink and carry every error to its figures."""
    outcome = account(given, factors)
    values = [Figure(x.value + 0.0) for x in outcome.values]
    # Adding zero makes -0.0 plain.
    lines = [Figure(x.co2e_t + 0.0) for x in outcome.lines]
    net = Figure(math.fsum(x.co2e_t for x in outcome.lines))
    for source, up, down in _moves(account, given, factors, outcome):
        for figure, high, low in zip(values, up.values, down.values, strict=True):
            figure.add(source, (high.value - low.value) / 2)
        for figure, above, below in zip(lines, up.lines, down.lines, strict=True):
            figure.add(source, (above.co2e_t - below.co2e_t) / 2)
        net.add(source, math.fsum(a.co2e_t - b.co2e_t for a, b in zip(up.lines, down.lines, strict=True)) / 2)
    _add_own([*zip(values, outcome.values, strict=True), *zip(lines, outcome.lines, strict=True)])
    _add_own((net, line) for line in outcome.lines)
    return Spread(outcome, factors, values, lines, net)


def _add_own(pairs: Iterator[tuple[Figure, Line]] | list[tuple[Figure, Value | Line]]) -> None:
    for figure, part in pairs:
        own: Mapping[str, float] = part.own_se
        for source, se in own.items():
            figure.add(source, se)


def _moves(account: Account, given: Given, factors: Factors, middle: Outcome) -> Iterator[tuple[str, Outcome, Outcome]]:
    """The answers with each uncertain number a standard error higher and lower."""
    for name, se in sorted(given.se.items()):
        yield MEASUREMENT, *_both(lambda by, n=name: account(given.shifted(n, by), _fresh(factors)), se, middle)  # type: ignore[misc]
    for leaf_id, leaf in sorted(factors.used.items()):
        if se := standard_error(leaf):
            source = leaf_id.split("/")[1]
            yield source, *_both(lambda by, i=leaf_id: account(given, factors.shifted(i, by)), se, middle)  # type: ignore[misc]


def _fresh(factors: Factors) -> Factors:
    return factors.shifted("", 0.0)


def _both(answer: Callable[[float], Outcome], se: float, middle: Outcome) -> tuple[Outcome, Outcome]:
    """Both sides; where one lies outside what the sink can answer, the other counts twice."""
    sides: list[Outcome | None] = []
    for by in (se, -se):
        try:
            sides.append(answer(by))
        except TanhuiError:
            sides.append(None)
    up, down = sides
    if up is None and down is None:
        return middle, middle
    return up or _mirrored(down, middle), down or _mirrored(up, middle)


def _mirrored(side: Outcome | None, middle: Outcome) -> Outcome:
    assert side is not None
    values = [
        Value(m.quantity, 2 * m.value - s.value, m.year, m.domain)
        for m, s in zip(middle.values, side.values, strict=True)
    ]
    lines = [Line(m.line, 2 * m.co2e_t - s.co2e_t) for m, s in zip(middle.lines, side.lines, strict=True)]
    return Outcome(values, lines)
