"""Figures that documents print, against the run and the geometry they are said to come from."""

from __future__ import annotations

from collections.abc import Iterator

from tanhui.projects.audit.case import Case, Stated
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion

__all__ = ["check"]

#: What share of the claim goes with a figure, by how its key begins.
WHOLE = ("claim.net", "claim.credits_t", "claim.line.gross_removal", "estimate.change_co2e_t", "land.area_ha")


def check(case: Case) -> Iterator[Suspicion]:
    """Every stated figure that the run does not bear out."""
    for one in case.stated:
        if differs(one):
            facts = {"file": one.file, "stated": shown(one.stated), "run": shown(one.run)}
            yield Suspicion("document", (one.key,), tonnes(case, one), None, facts)


def differs(one: Stated) -> bool:
    """Whether two figures are not the same, rounding apart."""
    if isinstance(one.stated, (int, float)) and isinstance(one.run, (int, float)):
        return abs(one.stated - one.run) > audit_limit("stated_tolerance") * abs(one.run) + 1e-9
    return str(one.stated).strip() != str(one.run).strip()


def tonnes(case: Case, one: Stated) -> float | None:
    """How much the claim is too high by it. [t CO2e]"""
    if not (isinstance(one.stated, (int, float)) and isinstance(one.run, (int, float)) and one.run):
        return None
    if one.key.startswith("claim.year.") or one.key.startswith("claim."):
        return float(one.stated - one.run)
    return case.claim.net_co2e_t * (one.stated / one.run - 1) if one.key in WHOLE else 0.0


def shown(value: float | str) -> str:
    """A figure as a sentence has it."""
    return f"{value:,.6g}" if isinstance(value, (int, float)) else str(value)
