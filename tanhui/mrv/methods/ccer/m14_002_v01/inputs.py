"""What ``ccer/14-002-v01`` needs to know of a mangrove planting, and the refusal of what cannot be.

No coefficient of the methodology was readable, so every tonne is measured and given. Removals are positive; emissions
are given as the positive quantities people measure. ``None`` means "nobody has answered yet".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period

__all__ = ["MangroveInputs", "Plot", "refuse_impossible"]


@dataclass(frozen=True, slots=True)
class Plot:
    """A planted plot (地块): what the conditions ask of each one.

    Attributes
    ----------
    area_ha : float
        Planted area. [ha]
    site : str, optional
        What it was before: ``bare_tidal_flat``, ``decommissioned_pond`` or something else.
    suitable : bool, optional
        Habitat suitable for mangrove, or so after restoration.
    evidence : mapping of str to str
        Document key of ``method.toml`` -> the document that shows it.
    """

    id: str
    area_ha: float
    site: str | None = None
    suitable: bool | None = None
    planted: bool | None = None
    tenure_clear: bool | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MangroveInputs:
    """One accounting period of a mangrove planting.

    Attributes
    ----------
    biomass_change_co2e_t : float
        Measured change of carbon in above- and belowground biomass. [t CO2e]
    soil_change_co2e_t : float
        Measured change of soil organic carbon, without what came from outside. [t CO2e]
    emissions_co2e_t : float
        Measured CH4 and N2O of the soil, and others within the boundary. [t CO2e]
    baseline_removal_co2e_t : float
        What the ground would have taken up anyway. [t CO2e]
    shell_carbon_co2e_t : float
        There only to be refused: shells are no sink.
    carried_deficit_t : float
        Deficit of the claim before, as a positive number. [t CO2e]
    gwp_edition : str, optional
        The edition the emissions were made with; another than the method's is refused.
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    biomass_change_co2e_t: float
    soil_change_co2e_t: float = 0.0
    emissions_co2e_t: float = 0.0
    baseline_removal_co2e_t: float = 0.0
    shell_carbon_co2e_t: float = 0.0
    carried_deficit_t: float = 0.0
    gwp_edition: str | None = None
    plots: tuple[Plot, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    equation_reasons: tuple[str, ...] = ()


def refuse_impossible(inputs: MangroveInputs) -> None:
    """Refuse inputs that cannot be, with everything that is wrong.

    Raises
    ------
    RefusedInput
        Dates that contradict each other, numbers that are none or have the wrong sign, plots without area or with one
        name twice, shells as a sink.
    """
    faults = [*_date_faults(inputs), *_number_faults(inputs), *_plot_faults(inputs)]
    if faults:
        raise RefusedInput(faults)


def _date_faults(inputs: MangroveInputs) -> Iterator[Fault]:
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
        yield Fault("methods.ccer_14_002_outside_crediting", column="period", value=str(period.start), facts=facts)


def _number_faults(inputs: MangroveInputs) -> Iterator[Fault]:
    signed = ("biomass_change_co2e_t", "soil_change_co2e_t", "baseline_removal_co2e_t", "shell_carbon_co2e_t")
    for column in (*signed, "emissions_co2e_t", "carried_deficit_t"):
        value: float = getattr(inputs, column)
        if not math.isfinite(value):
            yield Fault("methods.not_a_number", column=column, value=str(value))
        elif value < 0 and column not in signed:
            yield Fault("methods.negative", column=column, value=str(value))
    if inputs.shell_carbon_co2e_t:
        value = inputs.shell_carbon_co2e_t
        yield Fault("methods.ccer_14_002_shell_carbon", column="shell_carbon_co2e_t", value=str(value))


def _plot_faults(inputs: MangroveInputs) -> Iterator[Fault]:
    seen: set[str] = set()
    for i, plot in enumerate(inputs.plots):
        if not (math.isfinite(plot.area_ha) and plot.area_ha > 0):
            yield Fault("methods.no_area", column=f"plots[{i}].area_ha", value=str(plot.area_ha))
        if plot.id in seen:
            yield Fault("methods.parcel_twice", column=f"plots[{i}].id", value=plot.id)
        seen.add(plot.id)
