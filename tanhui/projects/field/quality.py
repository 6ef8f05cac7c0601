"""All checks of a survey in one call. Pure, and fast enough for a thousand projects.

False alarms: within a check all p-values (of crews, pairs of plots, trees, plots) are adjusted together after Benjamini
and Hochberg and held against ``alpha``, so that an honest survey fails a check with a chance of at most alpha. Checks
without a test (a dead tree that lives) are rules: an honest survey never breaks them. ``docs/how-to/field.md`` shows
both rates as measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from tanhui.projects.field.copies import copy_findings
from tanhui.projects.field.digits import digit_findings
from tanhui.projects.field.model import Finding, Tested
from tanhui.projects.field.positions import Places, position_findings
from tanhui.projects.field.repeated import repeated_findings
from tanhui.projects.field.visits import day_findings, visit_findings

if TYPE_CHECKING:
    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["Context", "Report", "quality", "quality_findings"]

GRAVEST_FIRST = ("major", "minor", "note")


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What a survey is held against; whatever is not known is not checked.

    Attributes
    ----------
    before : FieldSurvey, optional
        The visit before.
    places : Places, optional
        Where plots should be, and the land of each stratum.
    """

    before: FieldSurvey | None = None
    places: Places = field(default_factory=Places)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, gravest first, and every check that was made."""

    findings: tuple[Finding, ...]
    tested: tuple[Tested, ...]

    @property
    def verdict(self) -> str:
        """``fail`` with a major finding, ``look`` with a minor one, else ``pass``."""
        found = {finding.severity for finding in self.findings}
        return "fail" if "major" in found else "look" if "minor" in found else "pass"

    def to_dict(self) -> dict[str, Any]:
        """As JSON carries it."""
        return {
            "verdict": self.verdict,
            "findings": [finding.to_dict() for finding in self.findings],
            "tested": [tested.to_dict() for tested in self.tested],
        }


def quality(survey: FieldSurvey, context: Context | None = None) -> Report:
    """Make every check that the survey and what is known beside it allow."""
    known = context or Context()
    made = chain(
        repeated_findings(survey),
        digit_findings(survey),
        copy_findings(survey, known.before),
        visit_findings(survey, known.before) if known.before is not None else (),
        position_findings(survey, known.places),
        day_findings(survey),
    )
    tested, findings = [], []
    for test, found in made:
        tested.append(test)
        findings += found
    findings.sort(key=lambda one: GRAVEST_FIRST.index(one.severity))
    return Report(tuple(findings), tuple(tested))


def quality_findings(survey: FieldSurvey, context: Context | None = None) -> tuple[Finding, ...]:
    """What is wrong with a survey, gravest first.

    Parameters
    ----------
    survey : FieldSurvey
        From :func:`tanhui.projects.field.survey.field_survey`, or made up.
    context : Context, optional
        The visit before, planned points, outlines of the strata.
    """
    return quality(survey, context).findings
