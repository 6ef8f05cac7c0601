"""Stock of bamboo, its change between two dates, what selective cutting leads to, and products in use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.bamboo.checks import check, ways_of
from tanhui.sinks.bamboo.culms import DU_YEARS, du_of_years
from tanhui.sinks.bamboo.cutting import grow, products_in_use, steady_culms
from tanhui.sinks.bamboo.stands import (
    AGB,
    AGC,
    BGB,
    BGC,
    BIOMASS,
    CARBON,
    CULMS,
    KG_PER_T,
    Classes,
    Stock,
    Ways,
    classes_of_culms,
    classes_of_stands,
    sampling_se,
    stock,
)
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["account"]

SAMPLING = "sampling"
#: Quantities per hectare and their column of a stock.
QUANTITIES = {
    "bamboo_culms_per_ha": CULMS,
    "agb_t_ha": AGB,
    "bamboo_bgb_t_ha": BGB,
    "bamboo_biomass_t_ha": BIOMASS,
    "bamboo_carbon_t_ha": CARBON,
}
#: What a change is told in.
POOLS = [AGC, BGC, CARBON]
#: Stands that are shown each on its own; of more, only the mean.
SHOWN_STANDS = 30


def account(given: Given, factors: Factors) -> Outcome:
    """Stocks, and where a second date or a plan of cutting is given, their change and what becomes of the culms."""
    check(given)
    ways = ways_of(given)
    classes = _classes(given, "", ways, factors)
    now = stock(classes)
    area = given["area_ha"] if given.has("area_ha") else float(now.area.sum())
    sampled = given.has("culms")
    year = given["years"] or 0
    values = [*_by_stand(now, year, sampled), *_totals(now, area, year, sampled)]
    lines: list[Line] = []
    notes = [*_notes(given, ways, classes, factors)]
    if given.has("years"):
        old = stock(_classes(given, "_before", ways, factors))
        change, lines = _change(given, old, now, area, factors)
        values = [*_totals(old, area, 0, sampled), *values, *change]
        notes += _change_notes(given, factors)
    if given.has("products") and given.has("cut_t_ha_yr"):
        in_use = _products(given, np.full(given["years"] or 1, given["cut_t_ha_yr"]), ways, factors, 1.0)
        values.append(Value("bamboo_product_carbon_t_ha", float(in_use[-1]), year))
        if lines:
            lines.append(Line("products", in_use[-1] * area * CO2_PER_C))
    rows: dict[str, list[Any]] = {}
    if given.has("project_steps"):
        planned, rows = _projection(given, classes, year, ways, factors)
        values += planned
    return Outcome(values, lines, float(given["years"] or 1), notes, rows)


def _classes(given: Given, when: str, ways: Ways, factors: Factors) -> Classes:
    if given.has(f"culms{when}"):
        return classes_of_culms(given.rows(f"culms{when}"), ways, factors)
    return classes_of_stands(given.rows(f"stands{when}"), ways, factors)


def _totals(found: Stock, area: float, year: int, sampled: bool) -> list[Value]:
    """Means per hectare and the carbon of the whole area; plots are a sample, described stands are everything."""
    se = sampling_se(found.area, found.by_stand) if sampled else np.zeros(len(found.mean))
    values = [Value(name, float(found.mean[k]), year, own_se=_own(se[k])) for name, k in QUANTITIES.items()]
    total = float(found.mean[CARBON]) * area
    return [*values, Value("bamboo_carbon_t", total, year, own_se=_own(se[CARBON] * area))]


def _by_stand(found: Stock, year: int, sampled: bool) -> list[Value]:
    if sampled or not 1 < len(found.stands) <= SHOWN_STANDS:
        return []
    return [
        Value(name, float(x[QUANTITIES[name]]), year, stand)
        for stand, x in zip(found.stands, found.by_stand, strict=True)
        for name in ("bamboo_biomass_t_ha", "bamboo_carbon_t_ha")
    ]


def _own(se: float) -> Mapping[str, float]:
    return {SAMPLING: float(se)} if se > 0 else {}


def _change(given: Given, old: Stock, now: Stock, area: float, factors: Factors) -> tuple[list[Value], list[Line]]:
    """The measured change, and its lines: growth counts only until the stand is full, loss always."""
    above, below, both = (float(x) for x in (now.mean - old.mean)[POOLS])
    se = _change_se(old, now, given.has("culms"))
    years = given["years"]
    yearly = Value("bamboo_change_t_ha_yr", both / years, years, own_se=_own(se[2] / years))
    share = counted_share(given, factors) if both > 0 else 1.0
    t = share * area * CO2_PER_C
    lines = [Line("culms", above * t, _own(se[0] * t))]
    if any(x.by_stand[:, BGC].any() for x in (old, now)):
        lines.append(Line("rhizomes", below * t, _own(se[1] * t)))
    return [yearly], lines


def _change_se(old: Stock, now: Stock, sampled: bool) -> Array:
    """Sampling errors of the change above, below and in all: by differences where the same plots were seen again."""
    if not sampled:
        return np.zeros(len(POOLS))
    first, second = old.by_stand[:, POOLS], now.by_stand[:, POOLS]
    if old.stands == now.stands and np.allclose(old.area, now.area):
        return sampling_se(now.area, second - first)
    return np.hypot(sampling_se(old.area, first), sampling_se(now.area, second))


def counted_share(given: Given, factors: Factors) -> float:
    """Share of the years between the dates in which a planted stand was still filling up. [1]"""
    if given.has("management_change"):
        return 1.0
    left = factors("maturity_yr", given["kind"]) - given["planted_years"]
    return float(min(max(left / given["years"], 0.0), 1.0))


def _products(given: Given, cut_t_ha: Array, ways: Ways, factors: Factors, step_yr: float) -> Array:
    """Carbon of all products at the end of each step, from the biomass cut in each. [t C/ha]"""
    carbon = cut_t_ha * factors("carbon_fraction", ways.kind)
    table = given.rows("products")
    kept = table["share"] * table["efficiency"]
    parts = [products_in_use(carbon * k, h, step_yr) for k, h in zip(kept, table["half_life_yr"], strict=True)]
    return np.asarray(np.sum(parts, axis=0), dtype=float)


def _projection(
    given: Given, classes: Classes, year: int, ways: Ways, factors: Factors
) -> tuple[list[Value], dict[str, list[Any]]]:
    """Carbon per hectare every two years under the plan of cutting, and where it comes to rest."""
    shares = given["cut_shares"]
    start, agb, carbon = _age_structure(classes, len(shares))
    plan = grow(start, given["recruits_ha"], given["survival"], shares, given["project_steps"])
    values = []
    for step, (culms, cut) in enumerate(zip(plan.standing[1:], plan.cut, strict=True), start=1):
        when = year + DU_YEARS * step
        values.append(Value("bamboo_carbon_t_ha", float(culms @ carbon) / KG_PER_T, when, "plan"))
        values.append(Value("bamboo_cut_t_ha", float(cut @ agb) / KG_PER_T, when, "plan"))
    rest = steady_culms(given["recruits_ha"], given["survival"], shares)
    if np.isfinite(rest).all():
        values.append(Value("bamboo_saturation_t_ha", float(rest @ carbon) / KG_PER_T, year, "plan"))
    if given.has("products"):
        in_use = _products(given, plan.cut @ agb / KG_PER_T, ways, factors, float(DU_YEARS))
        values += [
            Value("bamboo_product_carbon_t_ha", float(x), year + DU_YEARS * step, "plan")
            for step, x in enumerate(in_use, start=1)
        ]
    rows = {"year": [year + DU_YEARS * k for k in range(len(plan.standing))]}
    return values, rows | {f"culms_ha_du_{k + 1}": plan.standing[:, k].tolist() for k in range(len(shares))}


def _age_structure(classes: Classes, count: int) -> tuple[Array, Array, Array]:
    """Culms, and aboveground mass and carbon of a culm, by age class; the last class holds all that are older.

    A class that nobody stands in weighs as much as its neighbour: after the first du age adds little.
    """
    areas = dict(zip(classes.stand.tolist(), classes.area.tolist(), strict=True))
    culms = classes.culms_ha * classes.area / math.fsum(areas.values())
    place = np.clip(np.nan_to_num(classes.du, nan=1.0), 1, count).astype(int) - 1
    number, *sums = (
        np.bincount(place, weights=culms * x, minlength=count)
        for x in (1.0, classes.agb_kg, classes.agc_kg + classes.bgc_kg)
    )
    known = np.flatnonzero(number)
    if not known.size:
        raise DomainError("bamboo.no_culms")
    nearest = known[np.abs(known[:, None] - np.arange(count)).argmin(axis=0)]
    agb, carbon = ((x[known] / number[known])[np.searchsorted(known, nearest)] for x in sums)
    return number.astype(float), agb, carbon


def _notes(given: Given, ways: Ways, classes: Classes, factors: Factors) -> list[str]:
    notes = []
    if classes.thin:
        notes.append(f"note.bamboo.thin:{classes.thin}")
    if ways.equation == "mean culm":
        notes.append("note.bamboo.mean_culm")
    elif not classes.bgb_kg.any():
        notes.append("note.bamboo.no_rhizomes")
    elif ways.below_ground == "lower bound":
        notes.append("note.bamboo.lower_bound")
    tables = [given.rows(t) for t in ("culms", "stands") if given.has(t)]
    years = np.concatenate([t["age_yr"][~np.isnan(t["age_yr"])] for t in tables])
    if years.size and ways.equation == "zhou":
        spread = sorted({f"{y:g} → {d:g}" for y, d in zip(years, du_of_years(years), strict=True)})
        notes.append(f"note.bamboo.years_to_du:{', '.join(spread)}")
    return notes


def _change_notes(given: Given, factors: Factors) -> list[str]:
    notes = ["note.bamboo.stock_difference"]
    if given["kind"] == "moso" and not given["alternate_years"]:
        notes.append("note.bamboo.no_rhythm")
    if counted_share(given, factors) < 1:
        notes.append(f"note.bamboo.full:{counted_share(given, factors):.0%}")
    return notes
