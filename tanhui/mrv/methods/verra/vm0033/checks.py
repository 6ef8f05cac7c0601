"""What cannot be, and what VM0033 forbids: every fault of a project's inputs, listed at once.

Conditions that a verifier judges are in :mod:`eligibility`; here is only what makes an account impossible or is barred
outright: units mixed up, dates that contradict each other, choices that the standard does not let go together.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.verra.vm0033 import rules
from tanhui.mrv.methods.verra.vm0033.inputs import Allochthonous, Gas, Stratum, TidalWetlandInputs, Woody

__all__ = ["claims_baseline_reduction", "refuse_impossible"]

IN_PLACE = ("rate", "cores", "oxidation", "accumulation", "subsidence", "exposure")
ERROR_SOURCES = ("trees", "shrubs", "herbs", "soil", "ch4", "n2o")
#: Fields that may be negative; every other number is a size.
SIGNED = {
    "change_co2e_t", "gain_c_t_ha_yr", "baseline_co2e_t", "project_co2e_t", "adjusted_co2e_t", "soil_co2e_t",
    "ner_at_100_co2e_t", "shell_carbon_co2e_t",
}  # fmt: skip
#: Fields that are shares of one.
SHARES = {"buffer_share", "vegetation_cover", "start_cover", "end_cover"}
#: Percentages that can hardly be below one: a fraction was meant.
NEVER_TINY = {"percent", "emitted_percent"}


def refuse_impossible(inputs: TidalWetlandInputs, p: Mapping[str, Dated]) -> None:
    """Refuse inputs that cannot be, with everything that is wrong.

    Raises
    ------
    RefusedInput
        See the room's ``fault.methods.vm0033_*`` sentences.
    """
    faults = [*_number_faults(inputs, ""), *_date_faults(inputs), *_project_faults(inputs)]
    for scenario in ("baseline", "project"):
        strata: tuple[Stratum, ...] = getattr(inputs, scenario)
        for i, stratum in enumerate(strata):
            place = f"{scenario}[{i}]"
            faults += _stratum_faults(stratum, place, inputs, p)
            faults += _baseline_faults(stratum, place) if scenario == "baseline" else _own_faults(stratum, place)
        if len({x.id for x in strata}) < len(strata):
            faults.append(Fault("methods.vm0033_stratum_twice", column=scenario))
    faults += _methane_faults(inputs, p)
    if faults:
        raise RefusedInput(faults)


def claims_baseline_reduction(stratum: Stratum) -> bool:
    """Whether a baseline stratum's soil loses carbon that the project claims to keep."""
    loses = stratum.rate is not None and stratum.rate.gain_c_t_ha_yr < 0
    return loses or any(
        x is not None
        for x in (stratum.oxidation, stratum.subsidence, stratum.exposure, stratum.eroded, stratum.excavated)
    )


def _number_faults(value: Any, path: str) -> Iterator[Fault]:
    """Every number of a nested dataclass that is none, has the wrong sign, or is a percentage for a share."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if not isinstance(getattr(value, field.name), (str, date)):
                yield from _number_faults(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _number_faults(item, f"{path}[{i}]")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _number_faults(item, f"{path}.{key}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _one_number(value, path)


def _one_number(value: float, path: str) -> Iterator[Fault]:
    name = path.rsplit(".", 1)[-1].split("[", 1)[0]
    if not math.isfinite(value):
        yield Fault("methods.not_a_number", column=path, value=str(value))
    elif value < 0 and name not in SIGNED:
        yield Fault("methods.negative", column=path, value=str(value))
    elif value > 1 and name in SHARES:
        yield Fault("methods.vm0033_share", column=path, value=str(value))
    elif "percent" in name and value > 100:
        yield Fault("methods.vm0033_percent", column=path, value=str(value))
    elif name in NEVER_TINY and 0 < value < 1:
        yield Fault("methods.vm0033_fraction", column=path, value=str(value))
    elif name == "area_ha" and value == 0:
        yield Fault("methods.no_area", column=path, value=str(value))


def _date_faults(inputs: TidalWetlandInputs) -> Iterator[Fault]:
    period, crediting = inputs.period, inputs.crediting
    if period.start < inputs.project_start:
        facts = {"start": str(inputs.project_start)}
        yield Fault("methods.before_planting", column="period", value=str(period.start), facts=facts)
    if inputs.application < period.end:
        facts = {"last": str(period.last_day)}
        yield Fault("methods.period_not_over", column="application", value=str(inputs.application), facts=facts)
    if period.start < crediting.start or period.end > crediting.end:
        first, last = crediting.to_list()
        facts = {"first": first, "last": last}
        yield Fault("methods.vm0033_outside_crediting", column="period", value=str(period.start), facts=facts)
    if inputs.baseline_assessed_on > inputs.application:
        yield Fault("methods.vm0033_future", column="baseline_assessed_on", value=str(inputs.baseline_assessed_on))
    for i, burn in enumerate(inputs.burns):
        if not period.start <= burn.day < period.end:
            first, last = period.to_list()
            facts = {"first": first, "last": last}
            yield Fault("methods.fire_outside_period", column=f"burns[{i}].day", value=str(burn.day), facts=facts)


def _project_faults(inputs: TidalWetlandInputs) -> Iterator[Fault]:
    if inputs.shell_carbon_co2e_t:
        yield Fault("methods.vm0033_shell_carbon", column="shell_carbon_co2e_t", value=str(inputs.shell_carbon_co2e_t))
    for scenario in ("baseline", "project"):
        if not getattr(inputs, scenario):
            yield Fault("methods.vm0033_no_strata", column=scenario)
    baseline_ha, project_ha = (math.fsum(x.area_ha for x in y) for y in (inputs.baseline, inputs.project))
    if not math.isclose(baseline_ha, project_ha, rel_tol=1e-6):
        facts = {"baseline": f"{baseline_ha:.4f}", "project": f"{project_ha:.4f}"}
        yield Fault("methods.vm0033_areas", column="project", value=f"{project_ha:.4f}", facts=facts)
    reduces = any(map(claims_baseline_reduction, inputs.baseline))
    if reduces and not inputs.hundred_years:
        yield Fault("methods.vm0033_hundred_years", column="hundred_years")
    if (reduces or inputs.sea_level_loss) and inputs.ner_at_100_co2e_t is None:
        yield Fault("methods.vm0033_ner_at_100", column="ner_at_100_co2e_t")
    if inputs.fire_premium_co2e_t and not (inputs.conduct.rewetting and inputs.conduct.fire_management):
        yield Fault("methods.vm0033_fire_premium", column="fire_premium_co2e_t", value=str(inputs.fire_premium_co2e_t))
    herbs = {scenario: [x.herbs for x in getattr(inputs, scenario) if x.herbs] for scenario in ("baseline", "project")}
    if bool(herbs["project"]) != bool(herbs["baseline"]):
        yield Fault("methods.vm0033_herbs_in_both", column="baseline" if herbs["project"] else "project")


def _methane_faults(inputs: TidalWetlandInputs, p: Mapping[str, Dated]) -> Iterator[Fault]:
    """The higher default in the baseline and the lower one in the project would be a reduction made of defaults."""
    day = inputs.application
    fluxes = [
        [
            rules.ch4_t_ha_yr(x.ch4, x.salinity, day=day, p=p)
            for x in strata
            if x.ch4.approach == "default" and x.salinity is not None
        ]
        for strata in (inputs.baseline, inputs.project)
    ]
    if all(fluxes) and max(fluxes[0]) > min(fluxes[1]):
        facts = {"baseline": f"{max(fluxes[0]):g}", "project": f"{min(fluxes[1]):g}"}
        yield Fault("methods.vm0033_ch4_difference", column="project", facts=facts)


def _stratum_faults(x: Stratum, place: str, inputs: TidalWetlandInputs, p: Mapping[str, Dated]) -> Iterator[Fault]:
    chosen = [name for name in IN_PLACE if getattr(x, name) is not None]
    if len(chosen) > 1:
        yield Fault("methods.vm0033_one_approach", column=place, value=", ".join(chosen))
    if x.accumulation is not None and x.system not in ("mangrove", "tidal_marsh"):
        yield Fault("methods.vm0033_default_system", column=f"{place}.accumulation", value=x.system)
    if x.subsidence is not None and x.soil != "organic":
        yield Fault("methods.vm0033_subsidence", column=f"{place}.subsidence", value=x.soil)
    for name in ("trees", "shrubs"):
        yield from _woody_faults(getattr(x, name), f"{place}.{name}")
    yield from _herb_faults(x, place, inputs)
    yield from _layer_faults(x, place, inputs.application, p)
    yield from _eroded_faults(x, place)
    yield from _alloch_faults(x, x.allochthonous, f"{place}.allochthonous", "cores" in chosen)
    for name in ("ch4", "n2o"):
        yield from _gas_faults(x, getattr(x, name), f"{place}.{name}", name, p, inputs.application)
    for source in x.half_width_rel:
        if source not in ERROR_SOURCES:
            facts = {"allowed": ", ".join(ERROR_SOURCES)}
            yield Fault("methods.vm0033_error_source", column=f"{place}.half_width_rel", value=source, facts=facts)


def _baseline_faults(x: Stratum, place: str) -> Iterator[Fault]:
    if claims_baseline_reduction(x) and x.eroded is None and x.depletion is None:
        yield Fault("methods.vm0033_depletion", column=f"{place}.depletion")
    if x.depletion is not None:
        peat = (x.depletion.peat_depth_m, x.depletion.peat_loss_m_yr)
        soil = (x.depletion.soil_c_t_ha, x.depletion.soil_loss_c_t_ha_yr)
        if not (all(peat) or all(soil)):
            yield Fault("methods.vm0033_depletion_rates", column=f"{place}.depletion")
    for name in ("ch4", "n2o"):
        exposed = any(y is not None for y in (x.eroded, x.excavated, x.exposure))
        if exposed and getattr(x, name).approach != "excluded":
            yield Fault("methods.vm0033_exposed_gas", column=f"{place}.{name}")


def _own_faults(x: Stratum, place: str) -> Iterator[Fault]:
    """What only a stratum of the project must show."""
    sinks = x.accumulation or x.cores or (x.rate and x.rate.gain_c_t_ha_yr > 0)
    if sinks and x.soil == "mineral" and x.allochthonous is None:
        yield Fault("methods.vm0033_alloch_missing", column=f"{place}.allochthonous")
    if x.ch4.approach == "excluded" and not x.ch4.shown_not_higher:
        yield Fault("methods.vm0033_gas_excluded", column=f"{place}.ch4")
    if x.n2o.approach == "excluded" and x.system != "seagrass":
        if x.water_lowered:
            yield Fault("methods.vm0033_n2o_water", column=f"{place}.n2o")
        elif not x.n2o.shown_not_higher:
            yield Fault("methods.vm0033_gas_excluded", column=f"{place}.n2o")


def _woody_faults(x: Woody | None, place: str) -> Iterator[Fault]:
    if x is None:
        return
    stocks = [y for y in (x.start_co2e_t, x.end_co2e_t) if y is not None]
    if (x.change_co2e_t is None and len(stocks) != 2) or (x.change_co2e_t is not None and stocks):
        yield Fault("methods.stocks_or_change", column=place, value=place.rsplit(".", 1)[-1])
    if x.change_co2e_t is not None and x.stock_by_year_co2e_t:
        yield Fault("methods.vm0033_average_of_change", column=place)


def _herb_faults(x: Stratum, place: str, inputs: TidalWetlandInputs) -> Iterator[Fault]:
    if x.herbs is None:
        return
    column = f"{place}.herbs"
    measured = [y for y in (x.herbs.start_c_t_ha, x.herbs.end_c_t_ha) if y is not None]
    covers = [y for y in (x.herbs.start_cover, x.herbs.end_cover) if y is not None]
    if (len(measured), len(covers)) not in ((2, 0), (0, 2)):
        yield Fault("methods.vm0033_herbs", column=column)
    if covers and (x.trees or x.shrubs):
        yield Fault("methods.vm0033_herbs_and_tool14", column=column)
    if covers and inputs.period.start != inputs.crediting.start:
        yield Fault("methods.vm0033_herbs_first_year", column=column, value=str(inputs.period.start))


def _layer_faults(x: Stratum, place: str, day: date, p: Mapping[str, Dated]) -> Iterator[Fault]:
    lists: list[tuple[str, Any]] = [("exposure", x.exposure and (x.exposure.layer,))]
    lists += [("oxidation", x.oxidation and x.oxidation.layers), ("eroded", x.eroded and x.eroded.layers)]
    lists += [("cores.start", x.cores and x.cores.start), ("cores.end", x.cores and x.cores.end)]
    if x.excavated is not None:
        exposure, oxidation = x.excavated.exposure, x.excavated.oxidation
        if (exposure is None) == (oxidation is None):
            yield Fault("methods.vm0033_excavated", column=f"{place}.excavated")
        lists += [("excavated", exposure and (exposure.layer,)), ("excavated", oxidation and oxidation.layers)]
    bounds: Any = p["bulk_density_range"].at(day).value
    for name, layers in lists:
        for i, layer in enumerate(layers or ()):
            density = layer.bulk_density_kg_m3
            if not bounds[0] <= density <= bounds[1]:
                facts = {"least": bounds[0], "most": bounds[1]}
                column = f"{place}.{name}[{i}].bulk_density_kg_m3"
                yield Fault("methods.vm0033_bulk_density", column=column, value=str(density), facts=facts)


def _eroded_faults(x: Stratum, place: str) -> Iterator[Fault]:
    if x.eroded is None:
        return
    column = f"{place}.eroded"
    if x.eroded.connected and x.eroded.environment is None and x.eroded.emitted_percent is None:
        yield Fault("methods.vm0033_environment", column=column)
    if x.eroded.emitted_percent is None and x.system not in ("mangrove", "tidal_marsh"):
        yield Fault("methods.vm0033_default_system", column=column, value=x.system)
    if x.eroded.by_sea_level_rise and place.startswith("baseline"):
        yield Fault("methods.vm0033_sea_level_baseline", column=column)


def _alloch_faults(x: Stratum, a: Allochthonous | None, place: str, cores: bool) -> Iterator[Fault]:
    if a is None:
        return
    shares = [y for y in (a.percent, a.soil_carbon_percent, a.soil_om_percent) if y is not None]
    deposited = [
        y for y in (a.deposited_om_percent, a.deposited_carbon_percent, a.sediment_surface_m2_g) if y is not None
    ]
    if len(shares) + (a.exempt is not None) != 1 or len(deposited) > 1 or (deposited and a.percent is not None):
        yield Fault("methods.vm0033_alloch", column=place)
    if a.exempt == "autochthonous" and x.accumulation is not None:
        yield Fault("methods.vm0033_alloch_default", column=place)
    if a.exempt == "baseline_layer" and not (x.system == "seagrass" and cores):
        yield Fault("methods.vm0033_alloch_seagrass", column=place, value=x.system)
    if a.percent is None and a.exempt is None and x.system in ("mudflat", "open_water"):
        yield Fault("methods.vm0033_alloch_system", column=place, value=x.system)


def _gas_faults(x: Stratum, gas: Gas, place: str, name: str, p: Mapping[str, Dated], day: date) -> Iterator[Fault]:
    given = [y for y in (gas.t_ha_yr, gas.daily_mg_m2) if y is not None]
    if len(given) != (1 if gas.approach == "measured" else 0):
        yield Fault("methods.vm0033_gas_measured", column=place)
    if gas.approach != "default":
        return
    if x.salinity is None:
        yield Fault("methods.vm0033_no_salinity", column=f"{place.rsplit('.', 1)[0]}.salinity")
    elif name == "ch4" and x.salinity.value <= (limit := p["salinity_high_ppt"].at(day).number()):
        facts = {"limit": f"{limit:g}"}
        yield Fault("methods.vm0033_ch4_fresh", column=place, value=f"{x.salinity.value:g}", facts=facts)
    if name == "n2o" and x.nitrogen_input is not False:
        yield Fault("methods.vm0033_n2o_nitrogen", column=place)
    if name == "n2o" and x.system == "seagrass":
        yield Fault("methods.vm0033_n2o_seagrass", column=place)
