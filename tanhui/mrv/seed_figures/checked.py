"""Each figure with its readings, what they give, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tanhui.mrv.seed_figures.answers import answer
from tanhui.mrv.seed_figures.model import Answer, Figure, Reading, Verdict
from tanhui.mrv.seed_figures.table import figures
from tanhui.mrv.seed_figures.verdicts import judge, overall, stated_in, times_of

__all__ = ["Checked", "CheckedReading", "check", "check_all"]


@dataclass(frozen=True, slots=True)
class CheckedReading:
    """A reading with what it gives; ``stated`` is the figure in its unit.

    ``inconclusive`` says that the interval also holds the value of no effect.
    """

    reading: Reading
    answer: Answer
    verdict: Verdict
    stated: float | None
    inconclusive: bool

    @property
    def inside(self) -> bool:
        """Whether the figure lies in the interval."""
        ends = self.answer.ci90
        return self.stated is not None and ends is not None and ends[0] <= self.stated <= ends[1]

    @property
    def times(self) -> tuple[float, float] | None:
        """How many times the middle and the nearest end the figure states."""
        return times_of(self.stated, self.answer)


@dataclass(frozen=True, slots=True)
class Checked:
    """A figure with its verdict and its readings."""

    figure: Figure
    verdict: Verdict
    readings: tuple[CheckedReading, ...]


def check(figure: Figure, day: date) -> Checked:
    """Compute every reading of a figure and judge it."""
    found = []
    for reading in figure.readings:
        given = answer(reading, day)
        stated = stated_in(figure, reading, given.unit)
        ends = given.ci90
        wide = figure.no_effect is not None and ends is not None and ends[0] <= figure.no_effect <= ends[1]
        found.append(CheckedReading(reading, given, judge(figure, reading, given), stated, wide and stated is not None))
    return Checked(figure, overall(figure, (x.verdict for x in found)), tuple(found))


def check_all(day: date) -> tuple[Checked, ...]:
    """Every figure, by the line it stands in."""
    return tuple(check(figure, day) for figure in figures())
