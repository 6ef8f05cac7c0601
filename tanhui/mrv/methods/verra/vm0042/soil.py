"""From points of project strata and control sites to the net change of soil carbon and its variance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.verra.vm0042 import rules
from tanhui.mrv.methods.verra.vm0042.inputs import Campaign, ControlSite, ImprovedLandInputs, Resampled, Stratum
from tanhui.mrv.methods.verra.vm0042.model import SoilChange, mean

__all__ = ["soil_change", "soil_uncertainty"]

Points = tuple[list[float], list[float]]


def soil_change(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> SoilChange:
    """Both sides of all strata over the whole period, biochar taken off."""
    parts = [_stratum(inputs, stratum, day, p) for stratum in inputs.strata]
    components = [component for part in parts for component in part.components]
    if inputs.spectroscopy_errors_c_t_ha:
        area = math.fsum(x.area_ha for x in inputs.strata if x.measured is not None)
        one = rules.spectroscopy_component(inputs.spectroscopy_errors_c_t_ha, area, day=day, p=p)
        components += [one for _side in ("project", "baseline") for _date in ("start", "end")]
    project_t = math.fsum(part.project_t for part in parts)
    if inputs.biochar_c_t:
        project_t = rules.without_biochar_t(project_t, inputs.biochar_c_t, day=day, p=p)
    return SoilChange(project_t, math.fsum(part.baseline_t for part in parts), tuple(components))


def soil_uncertainty(inputs: ImprovedLandInputs, soil: SoilChange, *, day: date, p: Mapping[str, Dated]) -> float:
    """The one share that is deducted from soil carbon over the whole project. [1]"""
    area = math.fsum(stratum.area_ha for stratum in inputs.strata)
    variance, df = rules.mean_variance(soil.components, area, day=day, p=p)
    return rules.uncertainty_share(variance, df, (soil.project_t - soil.baseline_t) / area, day=day, p=p)


def _stratum(inputs: ImprovedLandInputs, stratum: Stratum, day: date, p: Mapping[str, Dated]) -> SoilChange:
    model, area = stratum.modelled, stratum.area_ha
    if model is not None:
        project_t, baseline_t = (
            mean(model.project_change_co2e_t_ha) * area,
            mean(model.baseline_change_co2e_t_ha) * area,
        )
        return SoilChange(project_t, baseline_t, rules.modelled_components(model, area, day=day, p=p))
    place, controls = stratum.measured, [x for x in inputs.controls if stratum.id in x.strata]
    assert place is not None
    mass = _reference_mass(inputs, stratum, controls, day, p)
    start, end = _points(inputs, place, mass, day, p)
    read = [_points(inputs, x.measured, mass, day, p) for x in controls]
    before, after = [x for points, _ in read for x in points], [x for _, points in read for x in points]
    paired, shared = all(x.measured.paired for x in controls), _shared_controls(inputs, stratum)
    period = inputs.period
    return SoilChange(
        rules.soil_change_t_yr(start, end, area, period, day=day, p=p) * period.years,
        rules.soil_change_t_yr(before, after, area, period, day=day, p=p) * period.years,
        (
            *rules.change_components(start, end, area, place.paired, day=day, p=p),
            *rules.change_components(before, after, area, paired, shared, day=day, p=p),
        ),
    )


def _reference_mass(
    inputs: ImprovedLandInputs,
    stratum: Stratum,
    controls: Sequence[ControlSite],
    day: date,
    p: Mapping[str, Dated],
) -> float | None:
    """Of a stratum; None where nothing has to be read at it. [t/ha]"""
    if stratum.reference_mass_t_ha is not None:
        return stratum.reference_mass_t_ha
    cores = [core for control in controls for core in control.measured.start.samples]
    profiles = [rules.profile(core, day=day, p=p) for core in cores]
    mineral = inputs.mass_basis == "mineral"
    return rules.reference_mass_t_ha(profiles, mineral, day=day, p=p) if profiles else None


def _points(
    inputs: ImprovedLandInputs, place: Resampled, mass_t_ha: float | None, day: date, p: Mapping[str, Dated]
) -> Points:
    """Stocks of every point at the start and the end, at equal soil mass. [t C/ha]"""
    masses: list[float | None] = [mass_t_ha] * max(place.start.n, place.end.n)
    if place.paired and place.start.samples:
        mineral = inputs.mass_basis == "mineral"
        own = [rules.profile(core, day=day, p=p) for core in place.start.samples]
        masses = [rules.reference_mass_t_ha([x], mineral, day=day, p=p) for x in own]
    return _stocks(inputs, place.start, masses, day, p), _stocks(inputs, place.end, masses, day, p)


def _stocks(
    inputs: ImprovedLandInputs,
    campaign: Campaign,
    masses_t_ha: Sequence[float | None],
    day: date,
    p: Mapping[str, Dated],
) -> list[float]:
    stocks = list(campaign.stocks_c_t_ha)
    way, mineral = inputs.interpolation, inputs.mass_basis == "mineral"
    for core, mass in zip(campaign.samples, masses_t_ha, strict=False):
        assert mass is not None
        stocks.append(rules.stock_c_t_ha(rules.profile(core, day=day, p=p), mass, way, mineral, day=day, p=p))
    return stocks


def _shared_controls(inputs: ImprovedLandInputs, stratum: Stratum) -> str:
    """Names of the control sites that tie a stratum to others; empty where it has its own."""
    strata, controls = {stratum.id}, set[str]()
    while True:
        linked = [x for x in inputs.controls if strata & set(x.strata)]
        more = {name for x in linked for name in x.strata}
        controls = {x.id for x in linked}
        if more <= strata:
            break
        strata |= more
    return " ".join(sorted(controls)) if len(strata) > 1 else ""
