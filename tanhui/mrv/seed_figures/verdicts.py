"""From a figure and the interval of an answer to a verdict: pure, and the only place that decides."""

from __future__ import annotations

from collections.abc import Iterable

from tanhui.kernel.units import convert, units
from tanhui.mrv.seed_figures.model import Answer, Figure, Reading, Verdict

__all__ = ["judge", "overall", "stated_in", "times_of"]


def stated_in(figure: Figure, reading: Reading, unit: str) -> float | None:
    """The figure in the unit of an answer, as the reading supposes it; None where no unit of it measures the same.

    A tonne a year is no tonne a year and square metre: where the dimensions differ, the text has left out per what.
    """
    value, own = reading.assumed or (figure.value, figure.unit)
    return convert(value, own, unit) if units()[own].dimension == units()[unit].dimension else None


def judge(figure: Figure, reading: Reading, answer: Answer) -> Verdict:
    """The verdict on one reading, by the 90 % interval of what it gives."""
    if reading.nearest or answer.ci90 is None:
        return Verdict.CONTEXT
    stated = stated_in(figure, reading, answer.unit)
    if stated is None:
        return Verdict.DENOMINATOR_MISSING
    if not reading.sourced:
        return Verdict.UNSUPPORTED
    low, high = answer.ci90
    if figure.relation == "below":
        return Verdict.REPRODUCED if high < stated else Verdict.OUT_OF_RANGE if low >= stated else Verdict.UNSUPPORTED
    return Verdict.REPRODUCED if low <= stated <= high else Verdict.OUT_OF_RANGE


def overall(figure: Figure, verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a figure: what it leaves open comes before what its readings give."""
    found = set(verdicts)
    if figure.unsaid or (Verdict.DENOMINATOR_MISSING in found and Verdict.REPRODUCED not in found):
        return Verdict.DENOMINATOR_MISSING
    return next((x for x in (Verdict.REPRODUCED, Verdict.OUT_OF_RANGE) if x in found), Verdict.UNSUPPORTED)


def times_of(stated: float | None, answer: Answer) -> tuple[float, float] | None:
    """How many times the middle of the answer, and its nearest end, the figure states; None where that says nothing."""
    if stated is None or answer.ci90 is None:
        return None
    end = min(answer.ci90, key=lambda x: abs(stated - x))
    if min(stated * answer.value, stated * end) <= 0:
        return None
    return stated / answer.value, stated / end
