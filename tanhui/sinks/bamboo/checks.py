"""What cannot be meant: everything wrong with the inputs together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.bamboo.stands import ORGANS, Ways
from tanhui.sinks.frame import Given

__all__ = ["check", "ways_of"]

TABLES = ("culms", "stands", "culms_before", "stands_before")
PROJECTION = ("recruits_ha", "survival", "cut_shares")
#: Shares that add to 1 may miss it by rounding.
ROUNDING = 1e-9


def ways_of(given: Given) -> Ways:
    """How the culms are weighed; without a choice, moso by its equation and clumping bamboo by the user's own."""
    usual = "zhou" if given["kind"] == "moso" else "power"
    return Ways(given["kind"], given["culm_equation"] or usual, given["below_ground"])


def check(given: Given) -> None:
    """Refuse inputs that contradict each other.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    ways = ways_of(given)
    faults = [*_what_is_given(given, ways), *_change(given), *_projection(given), *_products(given)]
    for table in TABLES:
        if given.has(table):
            faults += _ages(given, table, ways)
            faults += _masses(given, table, ways)
            faults += _areas(given, table)
    if faults:
        raise RefusedInput(faults)


def _what_is_given(given: Given, ways: Ways) -> Iterator[Fault]:
    if given.has("culms") == given.has("stands"):
        yield Fault("bamboo.one_table", column="culms, stands")
    if given.has("culms") and not given.has("area_ha"):
        yield Fault("bamboo.area_wanted", column="area_ha")
    if given.has("stands") and given.has("area_ha"):
        yield Fault("bamboo.area_twice", column="area_ha", value=f"{given['area_ha']:g}")
    if ways.kind == "clumping" and ways.equation != "power":
        yield Fault("bamboo.moso_only", column="culm_equation", value=ways.equation)


def _change(given: Given) -> Iterator[Fault]:
    before = given.has("culms_before") or given.has("stands_before")
    if before and (given.has("culms_before") != given.has("culms")):
        yield Fault("bamboo.tables_differ", column="culms_before, stands_before")
    if before != given.has("years"):
        yield Fault("bamboo.years_and_before", column="years")
    if not before:
        return
    if given.has("years") and given["kind"] == "moso" and given["alternate_years"] and given["years"] % 2:
        yield Fault("bamboo.odd_years", column="years", value=str(given["years"]))
    if not given.has("planted_years") and not given.has("management_change"):
        yield Fault("bamboo.full_stand", column="planted_years, management_change")


def _projection(given: Given) -> Iterator[Fault]:
    asked = [name for name in PROJECTION if given.has(name)]
    if given.has("project_steps") and len(asked) < len(PROJECTION):
        yield Fault("bamboo.projection", column=", ".join(name for name in PROJECTION if name not in asked))
    if asked and not given.has("project_steps"):
        yield Fault("bamboo.projection", column="project_steps")


def _products(given: Given) -> Iterator[Fault]:
    if not given.has("products"):
        return
    total = float(given["products"]["share"].sum())
    if total > 1 + ROUNDING:
        yield Fault("bamboo.product_shares", column="products.share", value=f"{total:g}")
    if not given.has("cut_t_ha_yr") and not given.has("project_steps"):
        yield Fault("bamboo.nothing_cut", column="products")


def _rows(given: Given, table: str, wrong: Any, code: str, column: str, values: Any = None) -> Iterator[Fault]:
    """A fault for each row that is wrong."""
    index = given[table].index
    for place in np.flatnonzero(np.asarray(wrong)):
        value = "" if values is None else f"{values[place]:g}"
        yield Fault(code, sheet=table, row=int(index[place]), column=column, value=value)


def _ages(given: Given, table: str, ways: Ways) -> Iterator[Fault]:
    """One way of telling the age in a table, and an age wherever the equation needs one."""
    rows = given.rows(table)
    du, years = ~np.isnan(rows["du"]), ~np.isnan(rows["age_yr"])
    if du.any() and years.any():
        yield from _rows(given, table, years, "bamboo.ages_mixed", "age_yr", rows["age_yr"])
    needed = _weighed_by_equation(rows) if ways.equation == "zhou" else np.zeros(len(du), dtype=bool)
    if given.has("project_steps") and table in ("culms", "stands"):
        needed = needed | (rows["count" if "count" in rows else "culms_ha"] != 0)
    yield from _rows(given, table, needed & ~du & ~years, "bamboo.age_wanted", "du")


def _weighed_by_equation(rows: Any) -> Any:
    if "agb_kg" in rows:
        return np.isnan(rows["agb_kg"]) & (rows["count"] != 0)
    organs = np.stack([rows[f"{organ}_kg"] for organ in ORGANS])
    return np.isnan(organs).all(axis=0) & (rows["published"] == "")


def _masses(given: Given, table: str, ways: Ways) -> Iterator[Fault]:
    """Every row can be weighed, and in one way."""
    rows = given.rows(table)
    by_equation = _weighed_by_equation(rows)
    if ways.equation != "mean culm":
        yield from _rows(given, table, by_equation & np.isnan(rows["dbh_cm"]), "bamboo.diameter_wanted", "dbh_cm")
    if "agb_kg" in rows:
        return
    missing = np.isnan(np.stack([rows[f"{organ}_kg"] for organ in ORGANS]))
    yield from _rows(given, table, missing.any(axis=0) & ~missing.all(axis=0), "bamboo.organ_missing", "stem_kg")
    published = rows["published"] != ""
    twice = published & (~missing.all(axis=0) | ~np.isnan(rows["dbh_cm"]))
    yield from _rows(given, table, twice | (published & (rows["culms_ha"] == 0)), "bamboo.weighed_twice", "published")
    if ways.kind == "moso":
        yield from _rows(given, table, published, "bamboo.clumping_only", "published")


def _areas(given: Given, table: str) -> Iterator[Fault]:
    """A plot or stand has one area."""
    frame = given[table]
    name, area = ("plot", "plot_area_m2") if "plot" in frame else ("stand", "area_ha")
    first = frame.groupby(name)[area].transform("first")
    yield from _rows(given, table, frame[area] != first, "bamboo.two_areas", area, frame[area].to_numpy())
