"""What cannot be meant: everything wrong with the inputs together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.agroforestry.trees import beyond_the_study
from tanhui.sinks.frame import Factors, Given

__all__ = ["TIER1", "check"]

#: What Tier 1 of the soil is asked with, before and under the system.
TIER1 = (
    "soil_class",
    "soil_climate",
    "land_use",
    "management",
    "organic_input",
    "baseline_land_use",
    "baseline_management",
    "baseline_organic_input",
)
MEASURED = ("soc_t_ha", "baseline_soc_t_ha", "soc_depth_cm", "baseline_soc_depth_cm")


def check(given: Given, factors: Factors) -> None:
    """Refuse inputs that contradict each other.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    faults = [*_stocks(given), *_soil(given), *_balance(given)]
    if given.has("bushes"):
        faults += _bushes(given)
    if given.has("trees"):
        faults += _trees(given, factors)
    for table in ("bushes", "trees"):
        if given.has(table):
            faults += _areas(given, table)
    if faults:
        raise RefusedInput(faults)


def _stocks(given: Given) -> Iterator[Fault]:
    ways = [name for name in ("biomass_t_ha", "published_stand") if given.has(name)]
    tables = [name for name in ("bushes", "trees") if given.has(name)]
    if len(ways) + bool(tables) > 1:
        yield Fault("agroforestry.biomass_twice", column=", ".join(ways + tables))
    if not ways and not tables:
        yield Fault("agroforestry.nothing_there", column="bushes, trees, biomass_t_ha, published_stand")
    if given.has("compared_t_ha") != given.has("compared_pools"):
        yield Fault("agroforestry.compared", column="compared_pools")
    if given.has("rotation_kg") and not given.has("bushes"):
        yield Fault("agroforestry.rotation", column="rotation_kg")


def _soil(given: Given) -> Iterator[Fault]:
    tier1 = [name for name in TIER1 if given.has(name)]
    measured = [name for name in MEASURED if given.has(name)]
    if tier1 and measured:
        yield Fault("agroforestry.soil_twice", column=", ".join([*measured, *tier1]))
    if tier1 and len(tier1) < len(TIER1):
        yield Fault("agroforestry.tier1_part", column=", ".join(n for n in TIER1 if n not in tier1))
    for stock, depth in (MEASURED[0], MEASURED[2]), (MEASURED[1], MEASURED[3]):
        if given.has(stock) != given.has(depth):
            yield Fault("agroforestry.depth_wanted", column=depth)
    depths = [given[name] for name in MEASURED[2:] if given.has(name)]
    if len(set(depths)) > 1:
        yield Fault("agroforestry.depths_differ", column="soc_depth_cm", value=" / ".join(f"{d:g}" for d in depths))


def _balance(given: Given) -> Iterator[Fault]:
    """A balance needs the stock that was there before, the years, and the nitrogen."""
    if given.has("baseline_biomass_t_ha") != given.has("years"):
        yield Fault("agroforestry.baseline_and_years", column="baseline_biomass_t_ha, years")
    if given.has("baseline_biomass_t_ha") and not given.has("n_kg_ha"):
        yield Fault("agroforestry.nitrogen_wanted", column="n_kg_ha")
    if given.has("yield_t_ha") != given.has("baseline_yield_t_ha"):
        yield Fault("agroforestry.yields", column="yield_t_ha, baseline_yield_t_ha")


def _rows(given: Given, table: str, wrong: Any, code: str, column: str) -> Iterator[Fault]:
    """A fault for each row that is wrong."""
    for place in np.flatnonzero(np.asarray(wrong)):
        yield Fault(code, sheet=table, row=int(given[table].index[place]), column=column)


def _bushes(given: Given) -> Iterator[Fault]:
    rows = given.rows("bushes")
    open_ = np.isnan(rows["mass_kg"]) & (rows["count"] != 0)
    stumped = open_ & (rows["stumped"] == "yes")
    yield from _rows(given, "bushes", stumped, "agroforestry.stumped", "mass_kg")
    yield from _rows(given, "bushes", open_ & ~stumped & np.isnan(rows["d_cm"]), "agroforestry.diameter_wanted", "d_cm")
    tall = rows["crop"] == "enset"
    if given["coffee_equation"] != "libano":
        tall = tall | (rows["crop"] == "coffee")
    low = open_ & ~stumped & tall & np.isnan(rows["height_m"])
    yield from _rows(given, "bushes", low, "agroforestry.height_wanted", "height_m")
    many = (rows["bush"] != "") & ~np.isnan(rows["count"]) & (rows["count"] != 1)
    yield from _rows(given, "bushes", many, "agroforestry.one_bush", "count")


def _trees(given: Given, factors: Factors) -> Iterator[Fault]:
    rows = given.rows("trees")
    open_ = np.isnan(rows["mass_kg"]) & (rows["count"] != 0)
    cut = open_ & (rows["pollarded"] == "yes")
    yield from _rows(given, "trees", cut, "agroforestry.pollarded", "mass_kg")
    by_size = open_ & ~cut & np.isnan(rows["volume_m3"])
    yield from _rows(given, "trees", by_size & np.isnan(rows["dbh_cm"]), "agroforestry.diameter_wanted", "dbh_cm")
    large = by_size & beyond_the_study(rows, factors) & np.isnan(rows["height_m"])
    yield from _rows(given, "trees", large, "agroforestry.height_wanted", "height_m")
    light = open_ & (rows["heritage"] == "yes") & np.isnan(rows["wood_density_g_cm3"])
    yield from _rows(given, "trees", light, "agroforestry.density_wanted", "wood_density_g_cm3")


def _areas(given: Given, table: str) -> Iterator[Fault]:
    """A plot has one area."""
    frame = given[table]
    first = frame.groupby("plot")["plot_area_m2"].transform("first")
    yield from _rows(given, table, frame["plot_area_m2"] != first, "agroforestry.two_areas", "plot_area_m2")
