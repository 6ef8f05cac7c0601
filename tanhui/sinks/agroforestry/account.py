"""Stock of the whole system by pool, what it is compared with, and the balance of a change to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tanhui.kernel.units import CO2_PER_C, N2O_PER_N
from tanhui.sinks.agroforestry.bushes import weigh_bushes
from tanhui.sinks.agroforestry.checks import check
from tanhui.sinks.agroforestry.plots import KG_PER_T, PerHectare
from tanhui.sinks.agroforestry.trees import weigh_trees
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value
from tanhui.sinks.soil.checks import limit
from tanhui.sinks.soil.tier1 import Condition
from tanhui.sinks.soil.tier1_leaves import stock_t_ha

__all__ = ["account"]

PERCENT = 100.0
EDITION = "ipcc2019"


@dataclass(slots=True)
class System:
    """Carbon by pool; a pool that nobody looked at is None. [t C/ha]

    ``heritage`` stands apart: it was there before and is nobody's gain. ``transient`` is herbaceous and gone in years.
    ``over_rotation`` is the biomass with bushes at the mean of their replanting cycle.
    """

    trees: PerHectare | None = None
    bushes: PerHectare | None = None
    roots: PerHectare | None = None
    litter: PerHectare | None = None
    soil: PerHectare | None = None
    heritage: PerHectare | None = None
    growth: PerHectare | None = None
    transient: PerHectare | None = None
    over_rotation: PerHectare | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def biomass(self) -> PerHectare:
        """Trees, bushes and roots, as they stand now."""
        return _sum(self.trees, self.bushes, self.roots)

    @property
    def whole(self) -> PerHectare:
        """Everything that lasts, without heritage trees."""
        return _sum(self.biomass, self.litter, self.soil)


def _sum(*parts: PerHectare | None) -> PerHectare:
    total = PerHectare()
    for part in parts:
        total = total.plus(part) if part else total
    return total


def account(given: Given, factors: Factors) -> Outcome:
    """Stock by pool, the comparison that was asked for, and the balance where a state before is given."""
    check(given, factors)
    system = _system(given, factors)
    years = given["years"] or 0
    values = [*_stock_values(given, system), *_compared(given, system)]
    lines: list[Line] = []
    notes = list(system.notes)
    if given.has("baseline_biomass_t_ha"):
        lines = _lines(given, system, factors)
        notes += ["note.agroforestry.no_yield"] if not given.has("yield_t_ha") else []
    else:
        notes.append("note.agroforestry.stock_only")
    return Outcome(values, lines, float(years or 1), notes)


def _system(given: Given, factors: Factors) -> System:
    system = System()
    if given.has("litter_t_ha"):
        system.litter = PerHectare(given["litter_t_ha"])
    if given.has("soc_t_ha"):
        system.soil = PerHectare(given["soc_t_ha"])
    if given.has("biomass_t_ha"):
        system.bushes = PerHectare(given["biomass_t_ha"])
    if given.has("published_stand"):
        _published(given, system, factors)
    if given.has("trees"):
        _add_trees(given, system, factors)
    if given.has("bushes"):
        _add_bushes(given, system, factors)
    return system


def _published(given: Given, system: System, factors: Factors) -> None:
    """A published stand where nothing was measured; litter and soil only where it prints them."""
    name = given["published_stand"]
    system.bushes = PerHectare(factors("stand_biomass", name))
    if not given.has("litter_t_ha") and factors.has("stand_litter", name):
        system.litter = PerHectare(factors("stand_litter", name))
    if not given.has("soc_t_ha") and factors.has("stand_soil", name):
        system.soil = PerHectare(factors("stand_soil", name))
    system.notes.append("note.agroforestry.published_stand")


def _add_trees(given: Given, system: System, factors: Factors) -> None:
    found, carbon = weigh_trees(given.rows("trees"), factors), factors("carbon_fraction", "wood")
    ratio = given["tree_root_ratio"] or 0.0
    system.trees = found.shade_t_ha.times(carbon)
    system.roots = _sum(system.roots, system.trees.times(ratio))
    system.notes += found.notes
    if not given.has("tree_root_ratio"):
        system.notes.append("note.agroforestry.no_tree_roots")
    if (given.rows("trees")["heritage"] == "yes").any():
        system.heritage = found.heritage_t_ha.times(carbon * (1 + ratio))
        system.growth = found.heritage_growth_t_ha_yr.times(carbon * (1 + ratio))
        system.notes.append("note.agroforestry.heritage")


def _add_bushes(given: Given, system: System, factors: Factors) -> None:
    found, carbon = (
        weigh_bushes(given.rows("bushes"), given["coffee_equation"], factors),
        factors("carbon_fraction", "wood"),
    )
    ratio = given["bush_root_ratio"] or 0.0
    system.bushes = found.woody_t_ha.times(carbon)
    tree_roots = system.roots
    system.roots = _sum(tree_roots, system.bushes.times(ratio))
    system.notes += found.notes
    if (given.rows("bushes")["crop"] == "enset").any():
        # The whole enset plant is weighed, so nothing is added for its roots.
        system.transient = found.enset_t_ha.times(carbon)
        system.notes.append("note.agroforestry.transient")
    if not given.has("bush_root_ratio"):
        system.notes.append("note.agroforestry.no_bush_roots")
    if given.has("rotation_kg"):
        mean_kg = float(given["rotation_kg"].mean())
        mean = found.number_ha.times(mean_kg / KG_PER_T * carbon * (1 + ratio))
        system.over_rotation = _sum(mean, system.trees, tree_roots)
        system.notes.append("note.agroforestry.rotation")


def _stock_values(given: Given, system: System) -> list[Value]:
    year = given["years"] or 0
    pools = {
        "trees": system.trees,
        "bushes": system.bushes,
        "roots": system.roots,
        "litter": system.litter,
        "soil": system.soil,
        "biomass": system.biomass,
        "biomass over the rotation": system.over_rotation,
        "system": system.whole,
        "heritage": system.heritage,
        "transient": system.transient,
    }
    values = [_value("agroforestry_carbon_t_ha", x, year, name) for name, x in pools.items() if x is not None]
    if system.growth is not None:
        values.append(_value("agroforestry_growth_t_ha_yr", system.growth, year, "heritage"))
    return [*values, _value("agroforestry_carbon_t", system.whole.times(given["area_ha"]), year, "system")]


def _value(quantity: str, x: PerHectare, year: int, domain: str) -> Value:
    return Value(quantity, x.value, year, domain, x.own_se)


def _compared(given: Given, system: System) -> list[Value]:
    """The stock, heritage trees and all, over that of something else, in the pools that both were counted in."""
    if not given.has("compared_t_ha"):
        return []
    mine = _sum(system.whole if given["compared_pools"] == "system" else system.biomass, system.heritage)
    ratio = mine.times(1 / given["compared_t_ha"])
    year, domain = given["years"] or 0, given["compared_pools"]
    gain = PerHectare((ratio.value - 1) * PERCENT, ratio.times(PERCENT).own_se)
    return [_value("agroforestry_ratio", ratio, year, domain), _value("agroforestry_gain", gain, year, domain)]


def _lines(given: Given, system: System, factors: Factors) -> list[Line]:
    """Change of each pool against the state before, nitrous oxide, and what others grow instead."""
    area, years = given["area_ha"], given["years"]
    standing = system.over_rotation or system.biomass
    before = PerHectare(-given["baseline_biomass_t_ha"])
    lines = [_line("biomass", standing.plus(before).times(area * CO2_PER_C))]
    if system.litter is not None and given.has("baseline_litter_t_ha"):
        lines.append(Line("litter", (system.litter.value - given["baseline_litter_t_ha"]) * area * CO2_PER_C))
    if (soil := _soil_change(given, factors)) is not None:
        lines.append(Line("soil", soil * area * CO2_PER_C))
    nitrogen = given["n_kg_ha"] - (given["baseline_n_kg_ha"] or 0.0)
    if given["n_kg_ha"] or given["baseline_n_kg_ha"]:
        gas = nitrogen * area * years * factors("n2o_soil") * N2O_PER_N * factors.gwp("N2O")
        lines.append(Line("n2o", -gas / KG_PER_T))
    if given.has("yield_t_ha"):
        drop = max(given["baseline_yield_t_ha"] - given["yield_t_ha"], 0.0)
        leaked = drop * area * years * factors("yield_leakage") if drop else 0.0
        lines.append(Line("yield_leakage", -leaked))
    return lines


def _line(name: str, x: PerHectare) -> Line:
    return Line(name, x.value, x.own_se)


def _soil_change(given: Given, factors: Factors) -> float | None:
    """Change of soil carbon, measured or by Tier 1, never by both; nothing where neither is given. [t C/ha]"""
    if given.has("soc_t_ha") and given.has("baseline_soc_t_ha"):
        return float(given["soc_t_ha"] - given["baseline_soc_t_ha"])
    if not given.has("soil_class"):
        return None
    after, before = (_tier1_t_ha(given, prefix, factors) for prefix in ("", "baseline_"))
    return (after - before) * min(float(given["years"]) / limit("transition_yr"), 1.0)


def _tier1_t_ha(given: Given, prefix: str, factors: Factors) -> float:
    """The stock that Tier 1 gives the soil under the system, or under what was there before. [t C/ha]"""
    use, management, organic = (given[f"{prefix}{x}"] for x in ("land_use", "management", "organic_input"))
    condition = Condition(given["soil_class"], given["soil_climate"], use, management, organic)
    return stock_t_ha(condition, EDITION, factors.take)
