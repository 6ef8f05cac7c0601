"""Plots laid out against plots wanted. The tool gives numbers of plots, no tonnes: its claim has an empty sum.

The answer stands in the verdicts: one for the whole project, one for each stratum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tanhui.kernel.errors import Fault
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period
from tanhui.mrv.methods.cdm.ar_tool03 import rules
from tanhui.mrv.methods.cdm.tool import tool_claim
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.claims import recording
from tanhui.mrv.methods.rule import Rule
from tanhui.mrv.methods.verdict import Outcome, Verdict, verdict_reasons

__all__ = ["ID", "SampleInputs", "SampleStratum", "account", "eligibility"]

ID = "cdm/ar-tool03"


@dataclass(frozen=True, slots=True)
class SampleStratum:
    """A stratum before it is sampled.

    Attributes
    ----------
    area_ha : float
        Its area. [ha]
    sd_t_ha : float
        Expected standard deviation between its plots. [t d.m./ha]
    plots : int
        Plots laid out in it.
    """

    name: str
    area_ha: float
    sd_t_ha: float
    plots: int = 0


@dataclass(frozen=True, slots=True)
class SampleInputs:
    """A sampling plan.

    Attributes
    ----------
    period : Period
        The monitoring period that the plots serve.
    mean_t_ha : float
        Expected mean biomass over the project. [t d.m./ha]
    plot_area_ha : float
        Area of one plot. [ha]
    day : date, optional
        The day whose rules are used; the last day of the period otherwise.
    """

    period: Period
    mean_t_ha: float
    plot_area_ha: float
    strata: tuple[SampleStratum, ...]
    day: date | None = None


def account(inputs: SampleInputs, parameters: Mapping[str, Dated]) -> Claim:
    """A claim of no tonnes; what is not met of the plan stands among its reasons.

    Raises
    ------
    RefusedInput
        If there is no stratum, one appears twice, or a number cannot be.
    """
    _refuse_impossible(inputs)
    p = recording(parameters)
    verdicts = eligibility(inputs, p)
    return tool_claim(ID, inputs.period, (), p, reasons=verdict_reasons(verdicts))


def eligibility(inputs: SampleInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Whether the plots laid out are enough, over all and in each stratum."""
    day, p = inputs.day or inputs.period.last_day, parameters
    areas, sds = [x.area_ha for x in inputs.strata], [x.sd_t_ha for x in inputs.strata]
    half_width = rules.allowed_half_width(inputs.mean_t_ha, day=day, p=p)
    size = rules.plots_wanted(areas, sds, half_width, inputs.plot_area_ha, day=day, p=p)
    laid = sum(x.plots for x in inputs.strata)
    # Where eq. (3) applies on top of (1), the tool's own wording asks for the smaller number.
    wanted = size.n if size.n_finite is None else size.n_finite
    facts = {"laid": laid, "wanted": wanted, "before": size.n, "t": f"{size.t:.3f}", "e": f"{half_width:.3g}"}
    shares = rules.plots_by_stratum(wanted, areas, sds, day=day, p=p)
    return (
        _verdict(rules.plots_wanted, day, laid >= wanted, "methods.cdm_plots_wanted", facts),
        *(
            _verdict(
                rules.plots_by_stratum,
                day,
                x.plots >= n,
                "methods.cdm_plots_of_stratum",
                {"laid": x.plots, "wanted": n},
                x.name,
            )
            for x, n in zip(inputs.strata, shares, strict=True)
        ),
    )


def _verdict(
    rule: Rule[..., Any], day: date, enough: bool, why: str, facts: Mapping[str, Any], subject: str = ""
) -> Verdict:
    """A number of plots as a verdict: no document decides here, a count does."""
    version = rule.at(day)
    outcome: Outcome = "met" if enough else "not_met"
    return Verdict(rule.name, version.clause, version.zh, version.en, outcome, why, subject, facts=facts)


def _refuse_impossible(inputs: SampleInputs) -> None:
    refuse(
        [
            *number_faults(inputs, positive={"mean_t_ha", "plot_area_ha", "area_ha"}),
            *twice([x.name for x in inputs.strata], "strata"),
            *([] if inputs.strata else [Fault("methods.cdm_no_strata", column="strata")]),
        ]
    )
