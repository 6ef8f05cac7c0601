"""The change of trees and shrubs of one scenario over a period, its discount on a line of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from tanhui.kernel.errors import Fault
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.cdm.ar_tool14 import rules
from tanhui.mrv.methods.cdm.ar_tool14.inputs import (
    PairedStratum,
    Survey,
    SurveyStratum,
    WoodyInputs,
)
from tanhui.mrv.methods.cdm.ar_tool14.rules import Moments
from tanhui.mrv.methods.cdm.tool import tool_claim
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.claims import recording

__all__ = ["ID", "account", "tree_change"]

ID = "cdm/ar-tool14"


def account(inputs: WoodyInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The change of trees before the discount, the discount, and the change of shrubs.

    Raises
    ------
    RefusedInput
        If a number cannot be, trees are given in two ways, a stratum has too few plots, or a zero has no evidence.
    """
    p = recording(parameters)
    day = inputs.day or inputs.period.last_day
    _refuse_impossible(inputs, day, p)
    change_t, half_width_t, clause = tree_change(inputs, day, p)
    discount_t = rules.discount_t(change_t, half_width_t, inputs.scenario, day=day, p=p)
    shrubs = [rules.shrub_stock_co2_t(x, day=day, p=p) for x in (inputs.shrubs_start, inputs.shrubs_end)]
    parts = [
        ("trees", change_t, clause),
        ("uncertainty_discount", discount_t, rules.discount_share.at(day).clause),
        ("shrubs", shrubs[1] - shrubs[0], rules.shrub_stock_co2_t.at(day).clause),
    ]
    return tool_claim(ID, inputs.period, parts, p)


def tree_change(inputs: WoodyInputs, day: date, p: Mapping[str, Dated]) -> tuple[float, float, str]:
    """Change of the trees, half its 90 % interval, and the clause that gave it. [t CO2]"""
    if inputs.zero:
        return rules.zero_change(inputs.zero, day=day, p=p), 0.0, rules.zero_change.at(day).clause
    if inputs.crown_cover:
        change_t = rules.crown_cover_change_co2_t(inputs.crown_cover, inputs.period, day=day, p=p)
        return change_t, 0.0, rules.crown_cover_change_co2_t.at(day).clause
    if inputs.paired:
        found = rules.paired_mean([_paired_moments(x, day, p) for x in inputs.paired], day=day, p=p)
        area_ha = sum(x.area_ha for x in inputs.paired)
        half_t_ha = float(found.half_width(p["confidence"].at(day).number()))
        both = [rules.stock_co2_t(x, area_ha, day=day, p=p) for x in (float(found.value), half_t_ha)]
        return both[0], both[1], rules.paired_mean.at(day).clause
    first, second = (_stock(x, day, p) for x in (inputs.start, inputs.end))
    half_t = rules.change_half_width_t(first[1], second[1], day=day, p=p)
    return second[0] - first[0], half_t, rules.stock_co2_t.at(day).clause


def _stock(survey: Survey | None, day: date, p: Mapping[str, Dated]) -> tuple[float, float]:
    """Stock of a survey and half its 90 % interval; nothing where there is none. [t CO2]"""
    if survey is None:
        return 0.0, 0.0
    if survey.strata:
        strata = [_survey_moments(x, survey.roots_included, day, p) for x in survey.strata]
        found = rules.stratified_mean(strata, day=day, p=p)
        area_ha = sum(x.area_ha for x in strata)
        mean_t_ha, half_t_ha = float(found.value), float(found.half_width(p["confidence"].at(day).number()))
    else:
        assert survey.area_ha is not None
        assert survey.mean_t_ha is not None
        assert survey.half_width90_t_ha is not None
        roots = 1.0 if survey.roots_included else 1 + rules.root_ratio(survey.mean_t_ha, day=day, p=p)
        area_ha, mean_t_ha, half_t_ha = survey.area_ha, survey.mean_t_ha * roots, survey.half_width90_t_ha * roots
    return (
        rules.stock_co2_t(mean_t_ha, area_ha, day=day, p=p),
        rules.stock_co2_t(half_t_ha, area_ha, day=day, p=p),
    )


def _survey_moments(x: SurveyStratum, roots_included: bool, day: date, p: Mapping[str, Dated]) -> Moments:
    if x.plots_t_ha:
        found = rules.plot_moments(x.area_ha, x.plots_t_ha, day=day, p=p)
    else:
        assert x.n is not None
        assert x.mean_t_ha is not None
        assert x.sd_t_ha is not None
        found = Moments(x.area_ha, x.n, x.mean_t_ha, x.sd_t_ha)
    if roots_included:
        return found
    # The ratio of the stratum serves all its plots, so that mean and deviation grow alike.
    roots = 1 + rules.root_ratio(found.mean_t_ha, day=day, p=p)
    return Moments(found.area_ha, found.n, found.mean_t_ha * roots, found.sd_t_ha * roots)


def _paired_moments(x: PairedStratum, day: date, p: Mapping[str, Dated]) -> Moments:
    if x.changes_t_ha:
        return rules.plot_moments(x.area_ha, x.changes_t_ha, day=day, p=p)
    assert x.n is not None
    assert x.mean_change_t_ha is not None
    assert x.sd_t_ha is not None
    return Moments(x.area_ha, x.n, x.mean_change_t_ha, x.sd_t_ha)


def _refuse_impossible(inputs: WoodyInputs, day: date, p: Mapping[str, Dated]) -> None:
    signed = {"changes_t_ha", "mean_change_t_ha"}
    faults = list(number_faults(inputs, positive={"area_ha", "forest_cover_fraction"}, signed=signed))
    faults += _way_faults(inputs)
    for column, survey in (("start", inputs.start), ("end", inputs.end)):
        if survey is not None:
            faults += _survey_faults(survey, column)
    for i, x in enumerate(inputs.paired):
        faults += _sample_faults(x.changes_t_ha, (x.n, x.mean_change_t_ha, x.sd_t_ha), f"paired[{i}]")
    faults += twice([x.name for x in inputs.paired], "paired")
    cover = inputs.crown_cover
    if cover is not None:
        most = p["crown_cover_max"].at(day).number() * cover.forest_cover_fraction
        if not cover.cover_fraction < most:
            faults.append(
                Fault(
                    "methods.cdm_cover_too_high",
                    column="crown_cover.cover_fraction",
                    value=str(cover.cover_fraction),
                    facts={"most": f"{most:.3g}"},
                )
            )
    refuse(faults)


def _way_faults(inputs: WoodyInputs) -> Iterator[Fault]:
    ways = {
        "end": inputs.start is not None or inputs.end is not None,
        "paired": bool(inputs.paired),
        "crown_cover": inputs.crown_cover is not None,
        "zero": inputs.zero is not None,
    }
    given = [name for name, there in ways.items() if there]
    if len(given) > 1:
        yield Fault("methods.cdm_one_of", column=given[1], value=", ".join(given))
    if inputs.start is not None and inputs.end is None:
        yield Fault("methods.missing_key", column="end")
    if inputs.crown_cover is not None and inputs.scenario == "project":
        yield Fault("methods.cdm_baseline_only", column="crown_cover", value="crown_cover")
    if inputs.zero is not None:
        if not inputs.zero.evidence:
            yield Fault("methods.cdm_no_evidence", column="zero.evidence", value=inputs.zero.ground)
        if (inputs.zero.ground == "no_decrease") != (inputs.scenario == "project"):
            yield Fault("methods.cdm_other_scenario", column="zero.ground", value=inputs.zero.ground)


def _survey_faults(survey: Survey, column: str) -> Iterator[Fault]:
    elsewhere = (survey.area_ha, survey.mean_t_ha, survey.half_width90_t_ha)
    if bool(survey.strata) == all(x is not None for x in elsewhere) or (
        survey.strata and any(x is not None for x in elsewhere)
    ):
        yield Fault("methods.cdm_one_of", column=column, value="strata, area_ha + mean_t_ha + half_width90_t_ha")
    for i, x in enumerate(survey.strata):
        yield from _sample_faults(x.plots_t_ha, (x.n, x.mean_t_ha, x.sd_t_ha), f"{column}.strata[{i}]")
    yield from twice([x.name for x in survey.strata], f"{column}.strata")


def _sample_faults(
    plots: tuple[float, ...], printed: tuple[int | None, float | None, float | None], column: str
) -> Iterator[Fault]:
    """Plots, or what a report prints of them; two plots at least."""
    given = [x is not None for x in printed]
    if bool(plots) == all(given) or (plots and any(given)):
        yield Fault("methods.cdm_one_of", column=column, value="plots, n + mean + sd")
    elif (len(plots) or printed[0] or 0) < 2:
        yield Fault("methods.cdm_few_plots", column=column, value=str(len(plots) or printed[0]))
