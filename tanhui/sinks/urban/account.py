"""Stock of a town's trees, and what growth, death, decay, pruning, care and replanting make of it in some years.

Removals are positive. Ancient trees are counted on their own: a heritage stock and its growth, outside the balance.
The error of an equation is shared by all its trees, the scatter of single trees about it is not; where a source prints
neither, the frame's share is carried for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.forest.model import Equation
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value
from tanhui.sinks.frame.factors import unpublished_error
from tanhui.sinks.urban.choice import density_of, is_urban, taxon_of
from tanhui.sinks.urban.inventory import inventory
from tanhui.sinks.urban.population import Population, grow, half_life_yr, mean_life_yr, released
from tanhui.sinks.urban.trees import Inventory, Mass, Rates, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["account"]

KG_PER_T = 1000.0
M2_PER_HA = 10_000.0
#: The day on which the library of tree equations was read.
LIBRARY_READ = date(2026, 11, 22)
SICK = ("poor", "critical", "dying")


@dataclass(frozen=True, slots=True)
class _Account:
    """Everything of one call: groups with what multiplies them, and what became of them. Carbon in tonnes."""

    trees: Inventory
    sums: Sums
    carbon: Array
    scatter: Array
    counted: NDArray[np.bool_]
    population: Population
    fresh_decay_c: Array
    old_decay_c: Array
    pruned_c: float
    pruning_c: float

    def own(self, squares: Array, share: float | Array = 1.0) -> float:
        """Standard error of a sum of independent trees, from the sums of their squares. [t C]"""
        return math.sqrt(float((squares * (self.carbon * self.counted * share) ** 2).sum()))

    def stock_se(self) -> dict[str, float]:
        """Errors of the stock that are no factor's. [t C]"""
        return {"residual": self.own(self.sums.squares, self.scatter), "measurement": self.own(self.sums.reading)}


def account(given: Given, factors: Factors) -> Outcome:
    """Stock and balance of an inventory of trees."""
    made = _account(given, factors)
    lines = _lines(given, made)
    values = [*_stocks(given, made), *_flows(given, made, lines), *_heritage(made), *_lives(factors)]
    return Outcome(values, lines, float(given["years"]), [*_notes(given, made)], _rows(made))


def _account(given: Given, factors: Factors) -> _Account:
    trees, years = inventory(given), given["years"]
    sums = trees.sums(_rates(given, trees, factors))
    carbon, young, scatter = (of[trees.masses[1]] for of in _carbon(given, trees.masses[0], factors))
    counted = ~(trees.dead | trees.heritage)
    mortality, young_mortality = _mortality(trees, counted, years, factors)
    population = grow(
        sums.live * carbon * counted,
        sums.young * young * counted,
        mortality,
        young_mortality,
        given["replacement_share"],
    )
    pruned = (given["pruned_t_dm"] or 0.0) * factors("carbon_fraction")
    stock = float(population.stock[-1].sum())
    if pruned and pruned * years > stock:
        raise DomainError("urban.pruned_more", pruned=pruned * years, stock=stock)
    return _Account(
        trees=trees,
        sums=sums,
        carbon=carbon,
        scatter=scatter,
        counted=counted,
        population=population,
        fresh_decay_c=_decay(given, trees, population.died, factors),
        old_decay_c=_old_decay(given, sums.live[0] * carbon * trees.dead, factors),
        pruned_c=pruned * years,
        pruning_c=float(_chips(np.full(years, pruned), given, factors).sum()) if pruned else 0.0,
    )


def _rates(given: Given, trees: Inventory, factors: Factors) -> Rates:
    """The factors that growth rests on; those that no tree needs are not asked for."""

    def listed(name: str, column: str) -> tuple[float, ...]:
        met, words = trees.by_base[column], trees.columns.words[column]
        return tuple(factors(name, word) if number in met else 0.0 for number, word in enumerate(words))

    season = 1.0
    if given.has("frost_free_days") and trees.by_base["setting"]:
        season = given["frost_free_days"] / factors("frost_free_reference")
    return Rates(
        base=listed("base_growth", "growth_class"),
        light=listed("light", "setting"),
        condition=listed("condition", "condition"),
        years=given["years"],
        season=season,
        planted_cm=given["replacement_dbh_cm"] or 0.0 if given["replacement_share"] else 0.0,
        reading_se_cm=given["dbh_se_cm"] or 0.0,
    )


def _carbon(given: Given, masses: tuple[Mass, ...], factors: Factors) -> tuple[Array, Array, Array]:
    """Of each way to weigh trees: carbon for each kilogram of the sums, of them and of those planted; their scatter.

    [t C/kg, t C/kg, 1]
    """
    fraction = factors("carbon_fraction") / KG_PER_T
    carbon, young, scatter = [], [], []
    for mass in masses:
        item = mass.equation
        whole = fraction if item.quantity == "total" and not mass.measured else _with_roots(given, factors) * fraction
        density = factors.take(_density(mass.density_of, given["region"])) if mass.density_of else 1.0
        shared = 1.0
        if not mass.measured or given["replacement_share"]:
            shared = factors.take(_shared(item))
            if mass.open_grown and not is_urban(item):
                shared *= factors("open_grown")
        carbon.append(whole * density**mass.density_power * (1.0 if mass.measured else shared))
        young.append(whole * density**mass.young_power * shared)
        sigma = None if mass.measured else item.sigma
        scatter.append(unpublished_error().number() if sigma is None else sigma)
    return np.array(carbon), np.array(young), np.array(scatter)


def _with_roots(given: Given, factors: Factors) -> float:
    return 1 + factors("root_ratio", given["roots"])


def _shared(item: Equation) -> Leaf:
    """The error that all trees of an equation share, as a factor of one."""
    return Leaf(
        id=f"urban/equation/{item.id}",
        value=1.0,
        unit="1",
        reference=item.reference,
        status=item.status,
        checked_on=LIBRARY_READ,
        place=item.place,
        se=item.site_sigma,
    )


def _density(taxon: str, region: str) -> Leaf:
    found = density_of(taxon, region)
    assert found is not None
    return Leaf(
        id=f"urban/wood_density/{taxon}",
        value=found.value,
        unit="g/cm3",
        reference=found.references[0],
        status=found.status,
        checked_on=LIBRARY_READ,
        place=found.level,
        se=found.sd,
    )


def _mortality(trees: Inventory, counted: NDArray[np.bool_], years: int, factors: Factors) -> tuple[Array, Array]:
    """Share that dies in each year of the account, and in each year after planting. shape (years, groups)"""
    first, established = factors("mortality", "establishment"), factors("mortality", "established")
    upto, year = factors("establishment_years"), np.arange(years)[:, None]
    words, condition = trees.conditions
    least = np.array([factors("condition_mortality", word) if word in SICK else 0.0 for word in words])[condition]
    mortality = np.maximum(np.where(trees.ages + year < upto, first, established), least) * counted
    young = np.broadcast_to(np.where(year < upto, first, established), mortality.shape)
    if not 0 < established < 1 or not ((mortality >= 0) & (mortality <= 1)).all():
        raise DomainError("urban.mortality")
    return mortality, young


def _decay(given: Given, trees: Inventory, died: Array, factors: Factors) -> Array:
    """What trees that die in the account give off in each year. [t C] shape (years,)"""
    roots = 1 - 1 / _with_roots(given, factors)
    words, setting = trees.settings
    left = np.array([factors("left_share", word) for word in words])[setting]
    above = died * (1 - roots)
    return (
        _chips((above * (1 - left)).sum(axis=1), given, factors)
        + released((above * left).sum(axis=1), factors("decay_years", "wood"))
        + released(died.sum(axis=1) * roots, factors("decay_years", "roots"))
    )


def _old_decay(given: Given, standing: Array, factors: Factors) -> Array:
    """What trees give off that stood dead before: wood and roots, from the first year on. [t C] shape (years,)"""
    roots, before = 1 - 1 / _with_roots(given, factors), np.zeros(given["years"])
    before[0] = standing.sum()
    wood, below = factors("decay_years", "wood"), factors("decay_years", "roots")
    return released(before * (1 - roots), wood) + released(before * roots, below)


def _chips(chipped: Array, given: Given, factors: Factors) -> Array:
    """What chips and prunings give off in each year; what is burnt is gone at once. [t C] shape (years,)"""
    burnt = given["burnt_share"]
    return np.asarray(burnt * chipped + released((1 - burnt) * chipped, factors("decay_years", "chips")))


def _lines(given: Given, made: _Account) -> list[Line]:
    """The balance over the years. [t CO2e]"""
    flows = made.population
    died = float(flows.died.sum())
    # The part of what died that is in the air by the end.
    gone = float(made.fresh_decay_c.sum()) / died if died else 0.0
    lost = 1 - flows.survival
    growth_se = {
        "residual": made.own(made.sums.growth_squares, made.scatter) * CO2_PER_C,
        "measurement": made.own(made.sums.growth_reading) * CO2_PER_C,
    }
    decay_se = {
        "residual": gone * made.own(made.sums.squares, made.scatter * lost) * CO2_PER_C,
        "deaths": gone * made.own(made.sums.squares, np.sqrt(lost * (1 - lost))) * CO2_PER_C,
    }
    lines = [
        Line("growth", float(flows.growth.sum()) * CO2_PER_C, growth_se),
        Line("decay", -float(made.fresh_decay_c.sum() + made.old_decay_c.sum()) * CO2_PER_C, decay_se),
    ]
    first = made.trees.trees * made.counted
    if given["replacement_share"]:
        lines.insert(1, Line("replacement", float(flows.young_growth.sum()) * CO2_PER_C))
    if given.has("pruned_t_dm"):
        lines.append(Line("pruning", -made.pruning_c * CO2_PER_C))
    if given.has("maintenance_kg_tree_yr"):
        cared = float((flows.alive[:-1] * first).sum())
        lines.append(Line("maintenance", -given["maintenance_kg_tree_yr"] * cared / KG_PER_T))
    if given.has("planting_kg_tree") and given["replacement_share"]:
        lines.append(
            Line("planting", -given["planting_kg_tree"] * float((flows.planted_share * first).sum()) / KG_PER_T)
        )
    return lines


def _stocks(given: Given, made: _Account) -> Iterator[Value]:
    years, first = given["years"], made.trees.trees * made.counted
    start, end = float(made.population.stock[0].sum()), float(made.population.stock[-1].sum()) - made.pruned_c
    se = made.stock_se()
    yield Value("urban_trees", float(first.sum()))
    yield Value("urban_trees", float((made.population.alive[-1] * first).sum()), years)
    yield Value("urban_stock_t", start, own_se=se)
    yield Value("urban_stock_t", end, years, own_se=se)
    yield Value("urban_stock_co2_t", start * CO2_PER_C, own_se={name: x * CO2_PER_C for name, x in se.items()})
    for domain, area_m2 in _areas(given, made):
        yield Value("urban_stock_kg_m2", start * KG_PER_T / area_m2, 0, domain, _scaled(se, KG_PER_T / area_m2))


def _flows(given: Given, made: _Account, lines: list[Line]) -> Iterator[Value]:
    years = given["years"]
    gross = [line for line in lines if line.line in ("growth", "replacement")]
    gross_t, gross_se = _sum(gross)
    net_t, net_se = _sum(lines)
    yield Value("urban_gross_t_yr", gross_t / years, own_se=_scaled(gross_se, 1 / years))
    yield Value("urban_net_t_yr", net_t / years, own_se=_scaled(net_se, 1 / years))
    count = float((made.trees.trees * made.counted).sum())
    if count:
        yield Value(
            "urban_net_kg_tree_yr", net_t / years * KG_PER_T / count, own_se=_scaled(net_se, KG_PER_T / years / count)
        )
    for domain, area_m2 in _areas(given, made):
        to_c, to_co2 = KG_PER_T / years / area_m2 / CO2_PER_C, KG_PER_T / years / area_m2
        yield Value("urban_gross_kg_m2_yr", gross_t * to_c, 0, domain, _scaled(gross_se, to_c))
        yield Value("urban_net_kg_m2_yr", net_t * to_co2, 0, domain, _scaled(net_se, to_co2))


def _sum(lines: list[Line]) -> tuple[float, dict[str, float]]:
    squares: dict[str, float] = {}
    for line in lines:
        for name, se in line.own_se.items():
            squares[name] = squares.get(name, 0.0) + se * se
    return math.fsum(line.co2e_t for line in lines), {name: math.sqrt(x) for name, x in squares.items()}


def _scaled(errors: dict[str, float], factor: float) -> dict[str, float]:
    return {name: x * factor for name, x in errors.items()}


def _areas(given: Given, made: _Account) -> Iterator[tuple[str, float]]:
    """The areas that carbon is stated on, each by its name. [m2]"""
    if given.has("canopy_ha"):
        yield "canopy", given["canopy_ha"] * M2_PER_HA
    elif not made.trees.facts["no_crown"] and made.counted.any():
        crowns = made.trees.by_group(np.nan_to_num(made.trees.crown_m2) * made.trees.count)
        yield "sum of crowns", float((crowns * made.counted).sum())
    for name, domain in (("green_ha", "green area"), ("city_ha", "city area")):
        if given.has(name):
            yield domain, given[name] * M2_PER_HA


def _heritage(made: _Account) -> Iterator[Value]:
    """Ancient trees and dead ones, outside the balance of the living."""
    live, years = made.sums.live * made.carbon, len(made.sums.live) - 1
    for quantity, chosen in (("urban_heritage_t", made.trees.heritage), ("urban_dead_t", made.trees.dead)):
        if not chosen.any():
            continue
        errors = (made.carbon * chosen * made.scatter) ** 2
        se = math.sqrt(float((made.sums.squares * errors).sum()))
        yield Value(quantity, float((live[0] * chosen).sum()), own_se={"residual": se})
        if quantity == "urban_heritage_t":
            gain = math.sqrt(float((made.sums.growth_squares * errors).sum())) / years
            increment = float(((live[-1] - live[0]) * chosen).sum()) / years
            yield Value("urban_heritage_increment_t_yr", increment, own_se={"residual": gain})


def _lives(factors: Factors) -> Iterator[Value]:
    dying = factors("mortality", "established")
    yield Value("urban_half_life_yr", half_life_yr(dying))
    yield Value("urban_mean_life_yr", mean_life_yr(dying))


def _notes(given: Given, made: _Account) -> Iterator[str]:
    yield "note.urban.not_ccer"
    yield f"note.urban.table:{made.trees.digest}"
    facts = made.trees.facts
    outside = int(made.trees.outside.sum())
    if outside:
        shown = "note.urban.beyond_linear" if given["beyond_range"] == "linear" else "note.urban.beyond_extrapolated"
        yield f"{shown}:{outside}"
    for name in ("topped", "not_sounded"):
        if facts[name]:
            yield f"note.urban.{name}:{facts[name]}"
    if facts["by_base"]:
        season = "" if given.has("frost_free_days") else "_unadjusted"
        yield f"note.urban.by_base{season}:{facts['by_base']}"
    doubted = [item.id for item in made.trees.library if item.quarantine or item.restriction]
    if doubted:
        yield f"note.urban.doubted:{', '.join(doubted)}"
    if not given.has("dbh_se_cm"):
        yield "note.urban.no_reading_error"
    missing = [name for name in ("pruned_t_dm", "maintenance_kg_tree_yr") if not given.has(name)]
    if missing:
        yield f"note.urban.not_counted:{', '.join(missing)}"
    if not given.has("canopy_ha") and not facts["no_crown"]:
        yield "note.urban.crowns_overlap"
    if made.trees.heritage.any():
        yield "note.urban.heritage"
    if given["replacement_share"]:
        yield "note.urban.nursery"


def _rows(made: _Account) -> dict[str, list[Any]]:
    """Each species with its equation: where it comes from, how far it reaches, and what its living trees hold.

    Ancient trees of a species stand in a row of their own; their growth is no part of the balance and so none here.
    """
    kinds, kind = made.trees.kinds

    def of_kind(values: Array) -> Array:
        return np.bincount(kind, weights=values, minlength=len(kinds)).astype(float)

    stock = of_kind(made.sums.live[0] * made.carbon)
    count, outside = of_kind(made.trees.trees), of_kind(made.trees.by_group(made.trees.outside * made.trees.count))
    growth = of_kind(made.population.growth.sum(axis=0)) * CO2_PER_C / len(made.population.growth)
    order = sorted((n for n, (*_, dead) in enumerate(kinds) if not dead), key=lambda n: (-stock[n], kinds[n]))
    used = {item.id: item for item in made.trees.library}
    items = [used[kinds[n][1]] for n in order]
    return {
        "species": [kinds[n][0] for n in order],
        "latin": [_latin(kinds[n][0]) for n in order],
        "equation": [item.id for item in items],
        "origin": [_origin(item, kinds[n][2]) for item, n in zip(items, order, strict=True)],
        "status": [item.status.word for item in items],
        "range_cm": [_range(item) for item in items],
        "ancient": [kinds[n][3] for n in order],
        "trees": [round(float(count[n])) for n in order],
        "outside": [round(float(outside[n])) for n in order],
        "stock_t_c": [float(stock[n]) for n in order],
        "growth_t_co2_yr": [float(growth[n]) for n in order],
    }


def _latin(name: str) -> str:
    taxon = taxon_of(name)
    return taxon.latin if taxon else ""


def _origin(item: Equation, measured: bool) -> str:
    if measured:
        return "measured"
    return "urban" if is_urban(item) else "forest"


def _range(item: Equation) -> str:
    if item.d_min_cm is None and item.d_max_cm is None:
        return ""
    return f"{item.d_min_cm or 0:g}-{item.d_max_cm:g}" if item.d_max_cm else f"{item.d_min_cm:g}-"
