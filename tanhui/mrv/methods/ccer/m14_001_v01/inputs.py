"""What ``ccer/14-001-v01`` needs to know of a project, in plain units, and the refusal of what cannot be.

Everything is for one accounting period. Removals are positive here and everywhere; amounts that can only lower a claim
(fires, a deficit) are given as the positive quantities people measure. ``None`` means "nobody has answered yet".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period

__all__ = ["Additionality", "AfforestationInputs", "Conduct", "Fire", "Parcel", "refuse_impossible"]

Climate = Literal["tropical", "temperate", "boreal"]


@dataclass(frozen=True, slots=True)
class Fire:
    """A forest fire within the boundary.

    Attributes
    ----------
    day : date
        When it burnt.
    area_ha : float
        Area burnt. [ha]
    agb_last_verified_t_ha : float
        Aboveground biomass at the last verification; 0 before the first one. [t d.m./ha]
    age_yr : float
        Age of the stand. [yr]
    climate : str
        Which row of the combustion table holds.
    crown_untouched : bool
        A ground fire that left the crowns alone burns none of the trees.
    """

    day: date
    area_ha: float
    agb_last_verified_t_ha: float
    age_yr: float
    climate: Climate = "temperate"
    crown_untouched: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of land (小班): what the conditions ask of each one.

    Attributes
    ----------
    area_m2 : float
        Continuous area. [m2]
    purpose : str
        What the planting is for: ``protection``, ``special_use``, ``timber``, or one of the excluded kinds.
    cover : str
        ``tree``, ``bamboo`` or ``shrub``.
    no_forest_since : date, optional
        The day from which the land is shown not to have met the forest definition.
    shrub_removed_m2 : float, optional
        Area from which shrubs and bamboo thinner than the limit were removed. [m2]
    evidence : mapping of str to str
        Document key of ``method.toml`` -> the document that shows it; the project's evidence stands in where absent.
    """

    id: str
    area_m2: float
    purpose: str = "protection"
    cover: Literal["tree", "bamboo", "shrub"] = "tree"
    planned_for_afforestation: bool | None = None
    no_forest_since: date | None = None
    tenure_clear: bool | None = None
    wetland: bool | None = None
    scattered_trees_removed: bool | None = None
    shrub_removed_m2: float | None = None
    special_shrubland: bool | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the project does and does not do during crediting."""

    soil_disturbed_again: bool | None = None
    burning_other_than_diseased_wood: bool | None = None
    farming_or_grazing_displaced: bool | None = None
    lawful: bool | None = None
    registered_elsewhere: bool | None = None


@dataclass(frozen=True, slots=True)
class Additionality:
    """The grounds on which the project says that it is additional.

    ``exemption`` is one of ``arid``, ``key_function_zone``, ``public_welfare``; without one, ``analysis`` tells how
    additionality was shown. ``legal_duty`` says whether the planting had to be done anyway.
    """

    exemption: Literal["arid", "key_function_zone", "public_welfare"] | None = None
    annual_rain_mm: float | None = None
    analysis: Literal["investment", "barrier"] | None = None
    legal_duty: bool | None = None


@dataclass(frozen=True, slots=True)
class AfforestationInputs:
    """One accounting period of an afforestation project.

    Attributes
    ----------
    project_start : date
        First day of site preparation or planting.
    crediting : Period
        The crediting period of the project.
    application : date
        The day the registration of the reductions is applied for; parameters and rules of that day are used.
    period : Period
        From the first to the second monitoring (or from planting to the first).
    tree_change_co2e_t : float
        Change of carbon in the project's trees over ``period``. [t CO2e]
    tree_change_half_width90_rel : float
        Half the two-sided 90 % interval of that change, over its size (U). [1]
    pool_change_co2e_t : mapping of str to float
        Change of other chosen pools over ``period``: dead_wood, litter, soil, shrub. [t CO2e]
    baseline_removal_co2e_t : float
        What the land would have taken up anyway over ``period``. [t CO2e]
    carried_deficit_t : float
        Deficit of the claim before, as a positive number. [t CO2e]
    gwp_edition : str, optional
        The edition the rest of the run uses; another than the method's is refused.
    tenure_until : date, optional
        The end of the project's life (of the land contract), where there is one.
    equation_reasons : tuple of str
        Reasons of the tree models: equations out of range, without residual error, research only.
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    tree_change_co2e_t: float
    tree_change_half_width90_rel: float
    baseline_removal_co2e_t: float = 0.0
    pool_change_co2e_t: Mapping[str, float] = field(default_factory=dict)
    carried_deficit_t: float = 0.0
    gwp_edition: str | None = None
    tenure_until: date | None = None
    fires: tuple[Fire, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    conduct: Conduct = field(default_factory=Conduct)
    additionality: Additionality = field(default_factory=Additionality)
    evidence: Mapping[str, str] = field(default_factory=dict)
    equation_reasons: tuple[str, ...] = ()


def refuse_impossible(inputs: AfforestationInputs) -> None:
    """Refuse inputs that cannot be, with everything that is wrong.

    Raises
    ------
    RefusedInput
        Dates before planting or after the application, a period wholly outside crediting, numbers that are not
        numbers or have the wrong sign, parcels without area or with one name twice.
    """
    faults = [*_date_faults(inputs), *_number_faults(inputs), *_parcel_faults(inputs)]
    if faults:
        raise RefusedInput(faults)


def _date_faults(inputs: AfforestationInputs) -> Iterator[Fault]:
    start, period = inputs.project_start, inputs.period
    if period.start < start:
        yield Fault("methods.before_planting", column="period", value=str(period.start), facts={"start": str(start)})
    if inputs.application < period.end:
        yield Fault(
            "methods.period_not_over",
            column="application",
            value=str(inputs.application),
            facts={"last": str(period.last_day)},
        )
    if period.overlap(inputs.crediting) is None:
        first, last = inputs.crediting.to_list()
        yield Fault(
            "methods.outside_crediting", column="period", value=str(period.start), facts={"first": first, "last": last}
        )
    for i, fire in enumerate(inputs.fires):
        if not period.start <= fire.day < period.end:
            first, last = period.to_list()
            yield Fault(
                "methods.fire_outside_period",
                column=f"fires[{i}].day",
                value=str(fire.day),
                facts={"first": first, "last": last},
            )


def _number_faults(inputs: AfforestationInputs) -> Iterator[Fault]:
    signed = {
        "tree_change_co2e_t": inputs.tree_change_co2e_t,
        "baseline_removal_co2e_t": inputs.baseline_removal_co2e_t,
        **{f"pool_change_co2e_t.{pool}": value for pool, value in inputs.pool_change_co2e_t.items()},
    }
    unsigned = {
        "tree_change_half_width90_rel": inputs.tree_change_half_width90_rel,
        "carried_deficit_t": inputs.carried_deficit_t,
    }
    for i, fire in enumerate(inputs.fires):
        unsigned[f"fires[{i}].area_ha"] = fire.area_ha
        unsigned[f"fires[{i}].agb_last_verified_t_ha"] = fire.agb_last_verified_t_ha
        unsigned[f"fires[{i}].age_yr"] = fire.age_yr
    for column, value in {**signed, **unsigned}.items():
        if not math.isfinite(value):
            yield Fault("methods.not_a_number", column=column, value=str(value))
        elif value < 0 and column in unsigned:
            yield Fault("methods.negative", column=column, value=str(value))


def _parcel_faults(inputs: AfforestationInputs) -> Iterator[Fault]:
    seen: set[str] = set()
    for i, parcel in enumerate(inputs.parcels):
        if not (math.isfinite(parcel.area_m2) and parcel.area_m2 > 0):
            yield Fault("methods.no_area", column=f"parcels[{i}].area_m2", value=str(parcel.area_m2))
        if parcel.id in seen:
            yield Fault("methods.parcel_twice", column=f"parcels[{i}].id", value=parcel.id)
        seen.add(parcel.id)
