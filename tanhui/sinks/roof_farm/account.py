"""A year of a roof, container or vertical farm: emissions only. What it displaces is avoided and never a removal."""

from __future__ import annotations

from tanhui.kernel.errors import DomainError
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value

__all__ = ["account"]

KG_PER_T = 1000.0


def account(given: Given, factors: Factors) -> Outcome:
    """Emissions of a farm in a year."""
    if given["electricity_kwh_yr"] > 0 and not given.has("grid_kg_kwh"):
        raise DomainError("roof_farm.electricity_needs_grid")
    if given.has("embodied_kg_m2") != given.has("life_years"):
        raise DomainError("roof_farm.embodied_needs_life")
    area, produce = given["area_m2"], given["yield_kg_yr"]
    emitted = {"electricity": given["electricity_kwh_yr"] * (given["grid_kg_kwh"] or 0.0)}
    if given.has("materials_kg_m2_yr"):
        emitted["materials"] = given["materials_kg_m2_yr"] * area
    if given.has("embodied_kg_m2"):
        emitted["embodied"] = given["embodied_kg_m2"] * area / given["life_years"]
    total = sum(emitted.values())
    values = [
        Value("roof_farm_kg_kg", total / produce),
        Value("roof_farm_kg_m2_yr", total / area),
        Value("roof_farm_t_yr", total / KG_PER_T),
    ]
    notes = ["note.roof_farm.no_stock"]
    if given["displaced"] != "none":
        field = factors("field_supply", given["displaced"])
        values += [
            Value("roof_farm_avoided_t_yr", field * produce / KG_PER_T),
            Value("roof_farm_over_field", total / produce / field),
        ]
        notes.append("note.roof_farm.avoided")
    return Outcome(values, [Line(name, -kg / KG_PER_T) for name, kg in emitted.items()], notes=notes)
