"""The claim against itself: sums, deductions, days, and what the plots come to when they are added up here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tanhui.mrv.methods import methods
from tanhui.projects.audit.case import Case
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion

__all__ = ["check"]

#: Lines of a claim that are no parts of its sum.
NET = "net"
#: Tonnes that rounding of lines explains. [t CO2e]
ROUNDING_T = 1.0


def check(case: Case) -> Iterator[Suspicion]:
    """Every check of the claim."""
    yield from sums(case)
    yield from deductions(case)
    yield from change(case)
    yield from days(case)


def sums(case: Case) -> Iterator[Suspicion]:
    """Lines add up to the net, years to the net, whole credits to no more."""
    claim = case.claim
    parts = math.fsum(value for line, value in claim.lines.items() if line != NET)
    if abs(parts - claim.net_co2e_t) > ROUNDING_T:
        facts = {"sum": f"{parts:,.1f}", "net": f"{claim.net_co2e_t:,.1f}"}
        yield Suspicion("lines_sum", (), claim.net_co2e_t - parts, None, facts)
    credits = sum(year[2] for year in claim.years)
    tonnes = math.fsum(year[1] for year in claim.years)
    most = math.floor(max(claim.net_co2e_t, 0.0))
    over = max(credits, claim.credits_t, tonnes - ROUNDING_T) - most
    if over > 0:
        facts = {"credits": f"{max(credits, claim.credits_t):,}", "net": f"{claim.net_co2e_t:,.1f}"}
        yield Suspicion("years_sum", (), float(over), None, facts)


def deductions(case: Case) -> Iterator[Suspicion]:
    """The deductions of the methodology, taken anew from the claim's own lines."""
    claim = case.claim
    known = methods().get(claim.method)
    if known is None or claim.applied is None or "k_risk" not in known.parameters:
        return
    held = known.parameters["k_risk"].at(claim.applied).number()
    before = math.fsum(v for line, v in claim.lines.items() if line not in (NET, "permanence", "carried_deficit"))
    lacking = claim.lines.get("permanence", 0.0) + held * max(before, 0.0)
    if lacking > ROUNDING_T:
        facts = {"wanted": f"{held:.0%}", "taken": f"{-claim.lines.get('permanence', 0.0):,.0f}"}
        yield Suspicion("permanence", (), lacking, None, facts)
    if case.sampled_change is None or "uncertainty_bands" not in known.parameters:
        return
    half = float(case.sampled_change.relative_half_width())
    bands: Any = known.parameters["uncertainty_bands"].at(claim.applied).value
    share = next((cut for most, cut in bands if half <= most), bands[-1][1])
    taken = -claim.lines.get("uncertainty_deduction", 0.0)
    gross = abs(claim.lines.get("gross_removal", 0.0))
    if share * gross - taken > max(ROUNDING_T, 0.01 * gross):
        facts = {"u": f"{half:.1%}", "wanted": f"{share:.0%}", "taken": f"{taken:,.0f}"}
        yield Suspicion("deduction", (), (share * gross - taken) * (1 - held), None, facts)


def change(case: Case) -> Iterator[Suspicion]:
    """What the claim rests on, against the trees added up here and the days it may claim."""
    claim, ours = case.claim, case.computed_change_t
    tolerance = audit_limit("recomputed_tolerance")
    if abs(claim.change_co2e_t - ours) > tolerance * abs(ours):
        facts = {"claimed": f"{claim.change_co2e_t:,.0f}", "ours": f"{ours:,.0f}"}
        size = (claim.change_co2e_t - ours) * claim.share
        yield Suspicion(
            "change", (), size, None, facts | {"times": f"{claim.change_co2e_t / ours:.3f}" if ours else "–"}
        )
    share = claim.period.days / claim.change_period.days
    gross = claim.lines.get("gross_removal", 0.0)
    over = gross - claim.change_co2e_t * min(share, 1.0)
    if over > tolerance * abs(gross) + ROUNDING_T:
        facts = {"gross": f"{gross:,.0f}", "most": f"{claim.change_co2e_t * min(share, 1.0):,.0f}"}
        yield Suspicion("gross", (), over * claim.net_co2e_t / gross, None, facts)


def days(case: Case) -> Iterator[Suspicion]:
    """Days of the claim that are not the project's, were claimed before, or that nobody measured."""
    claim = case.claim
    per_day = claim.net_co2e_t / claim.period.days

    def outside(*, of: object) -> int:
        inside = claim.period.overlap(of)  # type: ignore[arg-type]
        return claim.period.days - (inside.days if inside else 0)

    if claim.crediting and (n := outside(of=claim.crediting)):
        yield Suspicion("outside_crediting", (), per_day * n, None, {"days": n})
    if n := outside(of=claim.change_period):
        yield Suspicion("not_measured", (), per_day * n, None, {"days": n})
    twice = [both.days for earlier in claim.before if (both := claim.period.overlap(earlier))]
    if twice:
        yield Suspicion("claimed_before", (), per_day * sum(twice), None, {"days": sum(twice)})
    years = {year for year, _ in claim.period.by_year()}
    strange = [(year, t) for year, t, _ in claim.years if year not in years]
    if strange:
        facts = {"years": ", ".join(str(year) for year, _ in strange)}
        yield Suspicion("strange_vintage", (), math.fsum(t for _, t in strange), None, facts)
