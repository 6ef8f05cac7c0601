"""What ``verra/vm0044`` needs to know of biochar that was made and used, and the refusal of what cannot be.

Masses are as weighed, with their moisture; emissions are positive. ``None`` means "nobody has answered yet".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period
from tanhui.mrv.methods.checks import number_faults

__all__ = ["BiocharInputs", "Conduct", "Facility", "Feedstock", "Leg", "Production", "Use", "refuse_impossible"]

Feedstock = Literal["manure", "wood", "herbaceous", "rice", "shells", "biosolids"]
#: Tonnes by which the used mass may exceed the made one: rounding of weights.
_WEIGHING_T = 1e-6


@dataclass(frozen=True, slots=True)
class Facility:
    """A plant or kiln. The first four answers decide whether its technology is high.

    Attributes
    ----------
    heat_used_fraction : float, optional
        Share of the heat of pyrolysis that is used. [1]
    kiln_ch4_t_t : float, optional
        Methane for each tonne of biochar, where a document (``kiln_proof``) shows another than the default. [t/t]
    """

    id: str
    process: Literal["pyrolysis", "gasification"] = "pyrolysis"
    gases_recovered: bool | None = None
    heat_used_fraction: float | None = None
    emissions_controlled: bool | None = None
    kiln_ch4_t_t: float | None = None
    kiln_proof: str = ""


@dataclass(frozen=True, slots=True)
class Production:
    """All biochar a facility made in one calendar year, sold or not.

    Attributes
    ----------
    made_wet_t, moisture_fraction : float
        Mass as weighed and the share of water in it. [t; 1]
    temperature_c : float, optional
        Yearly mean of the logged temperature; None where it is not measured. [degC]
    pretreatment_co2e_t, auxiliary_co2e_t : float
        Electricity (TOOL05) and fuel (TOOL03) before and for the process; nothing where renewable. [t CO2e]
    used_before_t : float
        Dry mass of it in earlier claims. [t]
    """

    facility: str
    year: int
    made_wet_t: float
    moisture_fraction: float
    temperature_c: float | None = None
    pretreatment_co2e_t: float = 0.0
    auxiliary_co2e_t: float = 0.0
    used_before_t: float = 0.0

    @property
    def made_dry_t(self) -> float:
        """Dry mass. [t]"""
        return self.made_wet_t * (1 - self.moisture_fraction)


@dataclass(frozen=True, slots=True)
class Use:
    """A batch of biochar where it stays.

    Attributes
    ----------
    feedstocks : tuple of str
        What it was made of; of several the one with the least carbon counts.
    c_org_fraction : float, optional
        Organic carbon of the dry biochar with its ash, from the laboratory. [1]
    h_c_org : float, optional
        Hydrogen to organic carbon, molar. [1]
    total_c_fraction : float, optional
        Carbon of the dry biochar, asked of uses other than soil. [1]
    on_surface, mixed : bool, optional
        Whether it is spread on the surface, and whether it is mixed with compost, manure or digestate.
    long_lived : bool, optional
        Whether the product lasts and is not burnt, as ``product_proof`` shows.
    permanence_fractions : tuple of float
        Permanence over 100 years in peer-reviewed evidence for a use other than soil; the lowest counts. [1]
    processing_co2e_t : float
        Energy of grinding, sieving and the like before use. [t CO2e]
    """

    id: str
    facility: str
    made_on: date
    used_on: date
    wet_mass_t: float
    moisture_fraction: float
    kind: Literal["soil", "non_soil"]
    feedstocks: tuple[Feedstock, ...] = ()
    c_org_fraction: float | None = None
    h_c_org: float | None = None
    wetland: bool | None = None
    on_surface: bool | None = None
    mixed: bool | None = None
    total_c_fraction: float | None = None
    long_lived: bool | None = None
    product_proof: str = ""
    permanence_fractions: tuple[float, ...] = ()
    permanence_proof: str = ""
    processing_co2e_t: float = 0.0

    @property
    def dry_t(self) -> float:
        """Dry mass. [t]"""
        return self.wet_mass_t * (1 - self.moisture_fraction)


@dataclass(frozen=True, slots=True)
class Leg:
    """Transport of feedstock or biochar between two places in a year, by TOOL12. [km there and back; t CO2e]"""

    id: str
    year: int
    goods: Literal["feedstock", "biochar"]
    round_trip_km: float
    co2e_t: float


@dataclass(frozen=True, slots=True)
class Conduct:
    """Answers that the conditions ask for."""

    new_facilities: bool | None = None
    biogenic_waste: bool | None = None
    would_decay_or_burn: bool | None = None
    imported: bool | None = None
    residue_removed_fraction: float | None = None
    soil_carbon_kept: bool | None = None
    meets_guideline: bool | None = None
    additive_fraction: float | None = None
    additives_tested: bool | None = None
    legal_duty: bool | None = None
    investment_analysis: bool | None = None
    places_recorded: bool | None = None


@dataclass(frozen=True, slots=True)
class BiocharInputs:
    """One monitoring period.

    Attributes
    ----------
    carried_deficit_t : float
        Deficit of the claim before, as a positive number. [t CO2e]
    gwp_edition : str, optional
        The edition the rest of the run uses; another than the method's is refused.
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    facilities: tuple[Facility, ...]
    production: tuple[Production, ...]
    uses: tuple[Use, ...]
    legs: tuple[Leg, ...] = ()
    carried_deficit_t: float = 0.0
    gwp_edition: str | None = None
    conduct: Conduct = field(default_factory=Conduct)
    evidence: Mapping[str, str] = field(default_factory=dict)


def refuse_impossible(inputs: BiocharInputs) -> None:
    """Refuse inputs that cannot be.

    Raises
    ------
    RefusedInput
        Impossible dates and numbers, more used than made, biochar without facility, record or carbon, evidence that is
        said to exist and is not named.
    """
    faults = [
        *number_faults(inputs, positive={"made_wet_t", "wet_mass_t"}),
        *_date_faults(inputs),
        *_record_faults(inputs),
        *_use_faults(inputs),
        *_mass_faults(inputs),
    ]
    if faults:
        raise RefusedInput(faults)


def _date_faults(inputs: BiocharInputs) -> Iterator[Fault]:
    period, crediting = inputs.period, inputs.crediting
    if period.start < inputs.project_start:
        start = {"start": str(inputs.project_start)}
        yield Fault("verra.before_start", column="period", value=str(period.start), facts=start)
    if inputs.application < period.end:
        facts = {"last": str(period.last_day)}
        yield Fault("methods.period_not_over", column="application", value=str(inputs.application), facts=facts)
    if period.start < crediting.start or period.end > crediting.end:
        first, last = crediting.to_list()
        yield Fault("verra.outside_crediting", column="period", facts={"first": first, "last": last})
    for i, leg in enumerate(inputs.legs):
        if leg.year not in [year for year, _ in period.by_year()]:
            yield Fault("vm0044.year_outside", column=f"legs[{i}].year", value=str(leg.year))


def _record_faults(inputs: BiocharInputs) -> Iterator[Fault]:
    """Names that appear twice, and kilns with a factor of their own that nothing shows."""
    names = {
        "facilities": [x.id for x in inputs.facilities],
        "production": [f"{x.facility} {x.year}" for x in inputs.production],
        "uses": [x.id for x in inputs.uses],
        "legs": [x.id for x in inputs.legs],
    }
    for column, given in names.items():
        for name, count in Counter(given).items():
            if count > 1:
                yield Fault("verra.name_twice", column=column, value=name)
    for i, facility in enumerate(inputs.facilities):
        if facility.kiln_ch4_t_t is not None and not facility.kiln_proof:
            yield Fault("vm0044.no_proof", column=f"facilities[{i}].kiln_proof", value=facility.id)


def _use_faults(inputs: BiocharInputs) -> Iterator[Fault]:
    made = {(x.facility, x.year) for x in inputs.production}
    for i, use in enumerate(inputs.uses):
        column = f"uses[{i}]"
        if use.facility not in {x.id for x in inputs.facilities} or (use.facility, use.made_on.year) not in made:
            year = {"year": use.made_on.year}
            yield Fault("vm0044.no_production", column=column, value=use.facility, facts=year)
        if use.made_on < inputs.project_start:
            start = {"start": str(inputs.project_start)}
            yield Fault("verra.before_start", column=f"{column}.made_on", value=str(use.made_on), facts=start)
        if not inputs.period.start <= use.used_on < inputs.period.end or use.used_on < use.made_on:
            yield Fault("vm0044.use_outside", column=f"{column}.used_on", value=str(use.used_on))
        if use.c_org_fraction is None and not use.feedstocks:
            yield Fault("vm0044.no_carbon", column=column, value=use.id)
        if use.permanence_fractions and not use.permanence_proof:
            yield Fault("vm0044.no_proof", column=f"{column}.permanence_proof", value=use.id)


def _mass_faults(inputs: BiocharInputs) -> Iterator[Fault]:
    for i, made in enumerate(inputs.production):
        mine = [x.dry_t for x in inputs.uses if (x.facility, x.made_on.year) == (made.facility, made.year)]
        used_t = math.fsum([*mine, made.used_before_t])
        if used_t > made.made_dry_t + _WEIGHING_T:
            facts = {"used": f"{used_t:.3f}", "made": f"{made.made_dry_t:.3f}"}
            yield Fault("vm0044.more_used_than_made", column=f"production[{i}]", value=made.facility, facts=facts)
