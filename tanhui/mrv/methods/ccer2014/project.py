"""What the five methodologies of the first CCER share: dates, answers to conditions, fires, and their end.

They ended. An application for a day after that is refused by name; one within their life is computed and shown, and
never issued. Burning, and the soil of planted bamboo, follow the rules of the CDM tools they refer to
(:mod:`tanhui.mrv.methods.cdm`), noted under the tools' own ids.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError, Fault
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.time import Period, years_later
from tanhui.mrv.methods.cdm.ar_tool08.account import fire_faults
from tanhui.mrv.methods.cdm.ar_tool08.inputs import Fire
from tanhui.mrv.methods.cdm.ar_tool08.rules import dead_matter_t, forest_fire_t
from tanhui.mrv.methods.cdm.tool import tool_parameters
from tanhui.mrv.methods.checks import number_faults, refuse
from tanhui.mrv.methods.claims import as_removal, never_issued_claim
from tanhui.mrv.methods.frame import method
from tanhui.mrv.methods.rule import Rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge, verdict_reasons

__all__ = [
    "ForestProject",
    "Project",
    "asked",
    "band_share",
    "disturbed",
    "fires_co2e_t",
    "history_claim",
    "long_enough",
    "refuse_impossible",
    "verdicts_of",
]

BURNING = "cdm/ar-tool08"
#: Fields that may be negative, whatever the methodology.
SIGNED = {
    "tree_change_co2e_t", "pool_change_co2e_t", "baseline_removal_co2e_t", "change_co2e_t", "soil_change_co2e_t",
    "woody_change_co2e_t", "biomass_change_co2e_t",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One accounting period of a project.

    Attributes
    ----------
    application : date
        The day the reductions are applied for; rules and numbers of that day are used.
    gwp_edition : str
        Warming potentials of the run; which the methodology prints is unread.
    baseline_removal_co2e_t : float
        What would have been taken up anyway over the period. [t CO2e]
    conditions : mapping of str to bool
        Answers by the names of the conditions; a missing one is one that nobody has answered.
    evidence : mapping of str to str
        Document key of ``method.toml`` -> the document that shows it.
    disturbed_fraction : float, optional
        Share of the surface whose soil was disturbed. [1]
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    gwp_edition: str
    baseline_removal_co2e_t: float = 0.0
    fires: tuple[Fire, ...] = ()
    conditions: Mapping[str, bool] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    disturbed_fraction: float | None = None
    equation_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestProject(Project):
    """A project whose trees were sampled.

    Attributes
    ----------
    tree_change_co2e_t : float
        Change of carbon in the trees over the period. [t CO2e]
    tree_change_half_width90_rel : float
        Half its two-sided 90 % interval over its size (U). [1]
    pool_change_co2e_t : mapping of str to float
        Change of other chosen pools. [t CO2e]
    """

    tree_change_co2e_t: float
    tree_change_half_width90_rel: float
    pool_change_co2e_t: Mapping[str, float] = field(default_factory=dict)


def refuse_impossible(
    x: Project,
    method_id: str,
    rules: Sequence[Rule[..., Finding]],
    p: Mapping[str, Dated],
    faults: Collection[Fault] = (),
) -> None:
    """Refuse what cannot be.

    Raises
    ------
    DomainError
        If the application falls on a day on which the methodology was not in force; it is named.
    RefusedInput
        With everything else that is wrong: dates, numbers, unknown conditions, and ``faults`` of the methodology.
    """
    m = method(method_id)
    ended = date.fromisoformat(str(p["ended_on"].at(x.application).value))
    facts = {"method": m.id, "title_zh": m.zh, "title_en": m.en, "day": x.application.isoformat()}
    if x.application >= ended:
        raise DomainError("methods.ccer2014_ended", ended=ended.isoformat(), **facts)
    if x.application < m.valid_from:
        raise DomainError("methods.ccer2014_not_begun", began=m.valid_from.isoformat(), **facts)
    refuse(
        [
            *_date_faults(x),
            *number_faults(x, signed=SIGNED, positive={"area_ha"}),
            *fire_faults(x.fires, x.period, "fires"),
            *_condition_faults(x, rules),
            *faults,
        ]
    )


def _date_faults(x: Project) -> Iterator[Fault]:
    if x.period.start < x.project_start:
        facts = {"start": str(x.project_start)}
        yield Fault("methods.before_planting", column="period", value=str(x.period.start), facts=facts)
    if x.application < x.period.end:
        facts = {"last": str(x.period.last_day)}
        yield Fault("methods.period_not_over", column="application", value=str(x.application), facts=facts)
    if x.period.start < x.crediting.start or x.crediting.end < x.period.end:
        first, last = x.crediting.to_list()
        facts = {"first": first, "last": last}
        yield Fault("methods.ccer2014_outside_crediting", column="period", value=str(x.period.start), facts=facts)


def _condition_faults(x: Project, rules: Sequence[Rule[..., Finding]]) -> Iterator[Fault]:
    known = [rule.name for rule in rules]
    for name in x.conditions:
        if name not in known:
            facts = {"known": ", ".join(known)}
            yield Fault("methods.ccer2014_unknown_condition", column="conditions", value=name, facts=facts)


def verdicts_of(
    x: Project, rules: Sequence[Rule[..., Finding]], parameters: Mapping[str, Dated]
) -> tuple[Verdict, ...]:
    """Every condition with its verdict on the day of the application."""
    day = x.application
    return tuple(judge(rule, rule(x, day=day, p=parameters), day=day, evidence=x.evidence) for rule in rules)


def asked(x: Project, condition: str, *wants: str) -> Finding:
    """A condition that only the project can answer."""
    return Finding(x.conditions.get(condition), "methods.ccer2014_asked", wants)


def disturbed(x: Project, condition: str, limit: float, *wants: str) -> Finding:
    """A condition with a limit on the surface disturbed: the answer and the number must both hold."""
    share = x.disturbed_fraction
    answers = (x.conditions.get(condition), None if share is None else share <= limit)
    facts = {"share": "?" if share is None else f"{share:.1%}", "limit": f"{limit:.0%}"}
    answer = False if False in answers else None if None in answers else True
    return Finding(answer, "methods.ccer2014_disturbed", wants, facts)


def long_enough(x: Project, least_yr: float, most_yr: float) -> Finding:
    """Whether the crediting period is as long as the methodology allows."""
    first, last = x.crediting.to_list()
    least, most = (years_later(x.crediting.start, int(years)) for years in (least_yr, most_yr))
    return Finding(least <= x.crediting.end <= most, "methods.crediting", facts={"first": first, "last": last})


def band_share(u_rel: float, bands: Sequence[Sequence[float]]) -> float:
    """The share of a table [U up to, share] that holds for U. [1]

    Raises
    ------
    DomainError
        If U is above the last band; the facts say how far it must fall and how many times the plots that takes.
    """
    for u_max, share in bands:
        if u_rel <= u_max:
            return float(share)
    last = bands[-1][0]
    # A sampling error falls with the square root of the number of plots.
    raise DomainError(
        "methods.too_uncertain", u=f"{u_rel:.1%}", u_max=f"{last:.0%}", plots=f"{(u_rel / last) ** 2:.2f}"
    )


def fires_co2e_t(x: Project, edition: str, p: Recorder) -> float:
    """CH4 and N2O of all fires by AR-TOOL08, as a number that is not positive; every fire counts. [t CO2e]"""
    tool, day = tool_parameters(BURNING, p), x.application
    trees = [forest_fire_t(fire, edition, day=day, p=tool) for fire in x.fires]
    dead = [dead_matter_t(fire, day=day, p=tool) for fire in x.fires]
    return as_removal(math.fsum([*trees, *dead]))


def history_claim(
    x: Project,
    method_id: str,
    parts: Sequence[tuple[str, float, str]],
    verdicts: tuple[Verdict, ...],
    edition: str,
    p: Recorder,
) -> Claim:
    """The claim as it would have been, never issued."""
    reasons: tuple[Any, ...] = (*verdict_reasons(verdicts), *x.equation_reasons)
    why = f"reason.methods.ccer2014_history:{method_id}"
    return never_issued_claim(method_id, why, x.period, parts, p, gwp=edition, reasons=reasons)
