"""What the field room finds in the surveys, with the tonnes it would be: digits, copies, impossible trees, positions.

The tests themselves are in ``projects/field``; they are not written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.wording import LANGS
from tanhui.projects.audit.case import Case
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion, check_records
from tanhui.projects.field.chance import binomial_upper
from tanhui.projects.field.positions import Places
from tanhui.projects.field.quality import Context, quality_findings

if TYPE_CHECKING:
    from tanhui.projects.field.model import Finding
    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["check"]

#: A reader who heaps at 0 and 5 moves a reading by up to a quarter of a centimetre on the mean if always upward. [cm]
HEAP_CM = 0.25


@cache
def group_of() -> dict[str, str]:
    """Our check of each check of the field room."""
    return {theirs: ours for ours, record in check_records().items() for theirs in record.get("field", ())}


def check(case: Case) -> Iterator[Suspicion]:
    """The findings of every visit, those of one kind as one suspicion."""
    for visit, (before, survey) in enumerate(pairwise([None, *case.surveys])):
        assert survey is not None
        yield from unseen(case, visit, survey)
        by_kind: dict[str, list[Finding]] = {}
        for finding in quality_findings(survey, Context(before=before, places=Places(outlines=case.land))):
            if finding.check in group_of():
                by_kind.setdefault(finding.check, []).append(finding)
        for kind, findings in by_kind.items():
            yield suspicion_of(case, visit, kind, findings)


def unseen(case: Case, visit: int, survey: FieldSurvey) -> Iterator[Suspicion]:
    """Live trees on plots that a second team measured, of which it says nothing: more than tags get missed."""
    again = survey.remeasured
    mine = survey.trees[
        (survey.trees["status"] == "live") & survey.trees["location_id"].isin(set(again["location_id"]))
    ]
    both = mine.merge(again[["location_id", "tree_id"]], on=["location_id", "tree_id"], how="left", indicator=True)
    alone = both[both["_merge"] == "left_only"]
    if len(alone):
        p = float(binomial_upper(len(alone), len(both), audit_limit("missed_tags_usual")))
        share = len(alone) / len(both)
        facts = {"trees": len(alone), "of": len(both), "visit": visit + 1}
        yield Suspicion("unseen", tuple(sorted(set(alone["location_id"]))), case.of_stock(share, visit), p, facts)


def suspicion_of(case: Case, visit: int, kind: str, findings: Sequence[Finding]) -> Suspicion:
    """Findings of one kind, the surest first."""
    surest = min(findings, key=lambda one: 0.0 if one.q is None else one.q)
    subjects = dict.fromkeys(
        "/".join(filter(None, (one.plot, one.tree))) + (f" = {one.other}" if one.other else "") for one in findings
    )
    facts = {f"finding_{lang}": surest.text(lang) for lang in LANGS}
    more = {"visit": visit + 1, "found": len(findings), **facts}
    size = tonnes(case, visit, kind, findings)
    return Suspicion(group_of()[kind], tuple(name for name in subjects if name), size, surest.q, more)


def tonnes(case: Case, visit: int, kind: str, findings: Sequence[Finding]) -> float | None:
    """How much the claim would be too high. [t CO2e]"""
    survey, first = case.surveys[visit], findings[0]
    if kind in ("bias_dbh", "digits_dbh", "heaping_dbh"):
        mean = float(survey.trees["dbh_cm"].mean())
        moved = (first.value or 0.0) if kind == "bias_dbh" else heaped_cm(survey, findings)
        return case.of_stock(case.elasticity * moved / mean, visit)
    if kind == "bias_height":
        return case.of_stock((first.value or 0.0) / float(survey.trees["height_m"].mean()), visit)
    if kind in ("copied_sizes", "copied_order"):
        sides = {one.plot for one in findings}, {one.other for one in findings} - {one.plot for one in findings}
        return max((case.of_plots(side) for side in sides if side), key=abs)
    if kind in ("risen", "grown", "species"):
        return of_trees(case, visit, {(one.plot, one.tree) for one in findings}, renamed=kind == "species")
    plots = {one.plot for one in findings if one.plot}
    return case.of_plots(plots) if plots and kind not in ("shrunk", "height_shrunk", "missing") else 0.0


def heaped_cm(survey: FieldSurvey, findings: Sequence[Finding]) -> float:
    """By how much the mean diameter is too high if what is heaped was rounded up. [cm]"""
    crews = survey.plots.set_index("location_id")["crew"]
    of_tree = survey.trees["location_id"].map(crews)
    return sum(
        HEAP_CM * ((one.value or 0.0) - (one.limit or 0.0)) * float((of_tree == one.facts["crew"]).mean())
        for one in findings
    )


def of_trees(case: Case, visit: int, trees: set[tuple[str, str]], *, renamed: bool) -> float:
    """Tonnes of the claim that trees give; of renamed ones, what they hold above the others of their size. [t CO2e]"""
    if visit != case.last:
        return 0.0
    place = case.plots["location_id"].to_numpy(object)[np.maximum(case.tree_plot, 0)]
    names = case.trees["tree_id"].to_numpy(object)
    mine = np.array([pair in trees for pair in zip(place, names, strict=True)], bool)
    given = float(case.tree_tonnes[mine].sum())
    if not renamed:
        return given
    with np.errstate(invalid="ignore", divide="ignore"):
        level = case.trees["tree_kg"].to_numpy(float) / case.trees["dbh_cm"].to_numpy(float) ** case.elasticity
    counted = case.tree_tonnes > 0
    theirs, others = (np.nanmedian(level[rows & counted]) if (rows & counted).any() else 1.0 for rows in (mine, ~mine))
    return given * (1 - float(others / theirs))
