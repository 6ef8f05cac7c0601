"""Trees, classes, saplings and heights of a survey workbook: what can be wrong, and the rows as the product's trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault
from tanhui.kernel.species import resolve_all
from tanhui.kernel.tables.headers import note
from tanhui.sensing.inventory.limits import limit
from tanhui.sensing.inventory.plot_geometry import (
    CM_PER_M,
    angle_count_trees_per_ha,
    diameter_class_cm,
    fixed_area_trees_per_ha,
)
from tanhui.sensing.inventory.plot_rows import completed
from tanhui.sensing.inventory.workbook import TALLIES, Workbook, sheet_spec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["heights_of", "tree_faults", "tree_rows", "with_sample_heights"]

#: Two readings of one tree in two sheets of a workbook are the same reading if they differ by no more than this.
SAME_READING = {"dbh_cm": "same_reading_cm", "height_m": "same_reading_m"}


def tree_faults(book: Workbook, tally_from_cm: float | None) -> list[Fault]:
    """Everything wrong with the tallies of a workbook."""
    faults: list[Fault] = []
    plots = completed(book.tables["plots"])
    shape = dict(zip(plots["location_id"], plots["plot_shape"], strict=True))
    status = dict(zip(plots["location_id"], plots["plot_status"], strict=True))
    for key in ("trees", "classes", "saplings", "heights", "remeasured"):
        if key not in book.tables:
            continue
        table = book.tables[key]
        places = table["location_id"]
        faults += _listed(book, "plots.unknown_plot", key, places, ~places.isin(shape) & (places != ""))
        wrong = places.map(status).isin(["lost", "treeless"])
        faults += _listed(book, "plots.tree_on_lost", key, places, wrong)
        if "species" in table.columns:
            faults += _species_faults(book, key)
    smallest = limit("tally_from_cm") if tally_from_cm is None else tally_from_cm
    faults += _single_tree_faults(book, smallest)
    faults += _class_faults(book, shape)
    faults += _sapling_faults(book, shape)
    faults += _height_faults(book)
    faults += _untallied(book, status)
    return faults + _unit_faults(book)


def _listed(book: Workbook, code: str, key: str, cells: pd.Series, wrong: pd.Series, **facts: Any) -> list[Fault]:
    from tanhui.kernel.tables import listed_faults

    return listed_faults(code, cells, wrong, book.file, book.names[key], str(cells.name), **facts)


def _species_faults(book: Workbook, key: str) -> list[Fault]:
    names = book.tables[key]["species"]
    faults = []
    for name in dict.fromkeys(names[names != ""]):
        first = int(names.index[names == name][0])
        faults += resolve_all([name], file=book.file, sheet=book.names[key], column="species", first_row=first)[1]
    return faults


def _single_tree_faults(book: Workbook, tally_from_cm: float) -> list[Fault]:
    if "trees" not in book.tables:
        return []
    trees = book.tables["trees"]
    if "dbh_cm" not in trees.columns:
        wanted = sheet_spec("trees").columns["dbh_cm"]
        return [book.fault("table.missing_column", "trees", 1, "dbh_cm", "", zh=wanted.zh, en=wanted.en)]
    doubled = trees.duplicated(["location_id", "tree_id"])
    status = trees["status"] if "status" in trees.columns else trees["species"].map(lambda _: "")
    dbh = trees["dbh_cm"]
    standing = status.isin(["", "live", "dead"])
    faults = _listed(book, "plots.doubled_tree", "trees", trees["tree_id"], doubled)
    faults += _listed(book, "table.empty_cell", "trees", dbh, dbh.isna() & standing)
    small = (dbh < tally_from_cm) & standing
    return faults + _listed(book, "plots.below_tally", "trees", dbh, small, limit=tally_from_cm)


def _class_faults(book: Workbook, shape: dict[str, str]) -> list[Fault]:
    if "classes" not in book.tables:
        return []
    classes = book.tables["classes"]
    width = limit("class_width_cm")
    middle = classes["class_cm"]
    smallest = float(diameter_class_cm(limit("tally_from_cm"), width))
    off = (diameter_class_cm(middle, width) != middle) | (middle < smallest)
    faults = _listed(book, "plots.class", "classes", middle, off, width=width, smallest=smallest)
    count = classes["count"]
    gauge = classes["location_id"].map(shape) == "angle_count"
    broken = (count != count.round()) & ~(gauge & (2 * count == (2 * count).round()))
    faults += _listed(book, "plots.half_tree", "classes", count, broken)
    if "trees" in book.tables:  # both tallies on one plot would count its trees twice
        both = classes["location_id"].isin(set(book.tables["trees"]["location_id"]))
        first = both & ~classes["location_id"].duplicated()
        faults += _listed(book, "plots.two_tallies", "classes", classes["location_id"], first)
    return faults


def _sapling_faults(book: Workbook, shape: dict[str, str]) -> list[Fault]:
    if "saplings" not in book.tables:
        return []
    places = book.tables["saplings"]["location_id"]
    gauge = places.map(shape) == "angle_count"
    return _listed(book, "plots.saplings_on_angle_count", "saplings", places, gauge)


def _height_faults(book: Workbook) -> list[Fault]:
    """Sample trees that the tally does not have, or has with another diameter or height."""
    if "heights" not in book.tables or "trees" not in book.tables or "tree_id" not in book.tables["heights"].columns:
        return []
    heights, trees = book.tables["heights"], book.tables["trees"]
    tally = trees.drop_duplicates(["location_id", "tree_id"]).set_index(["location_id", "tree_id"])
    faults = []
    for row, sample in heights[heights["tree_id"] != ""].iterrows():
        number, key = int(str(row)), (sample["location_id"], sample["tree_id"])
        if key not in tally.index:
            if (trees["location_id"] == sample["location_id"]).any():
                faults.append(book.fault("plots.unknown_tree", "heights", number, "tree_id", sample["tree_id"]))
            continue
        tree = tally.loc[key]
        for column, largest in SAME_READING.items():
            there = tree.get(column, np.nan)
            if abs(there - sample[column]) > limit(largest):
                facts = {"here": f"{sample[column]:g}", "there": f"{there:g}"}
                faults.append(book.fault("plots.two_readings", "heights", number, column, sample["tree_id"], **facts))
    return faults


def _untallied(book: Workbook, status: dict[str, str]) -> list[Fault]:
    """Measured plots with no row in any tally: forgotten, or without trees and not said so."""
    tallied = {place for key in TALLIES if key in book.tables for place in book.tables[key]["location_id"]}
    plots = book.tables["plots"]["location_id"]
    empty = plots.map(status).isin(["measured", "replacement"]) & ~plots.isin(tallied)
    return _listed(book, "plots.no_trees", "plots", plots, empty)


def _unit_faults(book: Workbook) -> list[Fault]:
    """Diameters in millimetres and heights in feet, told from the middle of all values."""
    pairs = _pairs(book)
    dbh = [book.tables[k][c].dropna() for k, c in (("trees", "dbh_cm"), ("classes", "class_cm")) if _has(book, k, c)]
    values = np.concatenate(dbh) if dbh else np.array([])
    if values.size and np.median(values) > limit("dbh_median_max_cm"):
        key = "trees" if "trees" in book.tables else "classes"
        return [book.fault("plots.dbh_unit", key, None, "dbh_cm", f"{np.median(values):.1f}")]
    if not len(pairs):
        return []
    slenderness = float(np.median(pairs["height_m"] * CM_PER_M / pairs["dbh_cm"]))
    key = "heights" if "heights" in book.tables else "trees"
    if slenderness < limit("slenderness_min"):
        return [book.fault("plots.dbh_unit", "trees", None, "dbh_cm", f"{np.median(pairs['dbh_cm']):.1f}")]
    if slenderness > limit("slenderness_max"):
        return [book.fault("plots.height_unit", key, None, "height_m", f"{np.median(pairs['height_m']):.1f}")]
    return []


def _has(book: Workbook, key: str, column: str) -> bool:
    return key in book.tables and column in book.tables[key].columns


def _pairs(book: Workbook) -> pd.DataFrame:
    """Every diameter with a measured height of the workbook, one row per tree."""
    import pandas as pd

    columns = ["location_id", "tree_id", "species", "dbh_cm", "height_m"]
    frames = [
        book.tables[key].reindex(columns=columns)
        for key in ("heights", "trees")
        if _has(book, key, "height_m") and _has(book, key, "dbh_cm")
    ]
    if not frames:
        return pd.DataFrame(columns=columns)
    pairs = pd.concat(frames).dropna(subset=["dbh_cm", "height_m"])
    pairs["tree_id"] = pairs["tree_id"].fillna("")
    named = pairs["tree_id"] != ""
    return pd.concat([pairs[named].drop_duplicates(["location_id", "tree_id"]), pairs[~named]])


def heights_of(book: Workbook, plots: pd.DataFrame) -> pd.DataFrame:
    """Measured pairs by plot visit: ``plot_id``, ``species``, ``dbh_cm``, ``height_m``."""
    visit = plots.set_index("location_id")["plot_id"]
    pairs = _pairs(book)
    pairs = pairs.assign(plot_id=pairs["location_id"].map(visit))
    return pairs[["plot_id", "species", "dbh_cm", "height_m"]].reset_index(drop=True)


def tree_rows(book: Workbook, plots: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The trees by the columns of ``data/inventory/trees.toml``, and notes on plots with too few heights."""
    import pandas as pd

    parts = [_rows_of(book, key) for key in TALLIES if key in book.tables]
    columns = ["location_id", "tree_id", "species", "dbh_cm", "height_m", "ground_diameter_cm", "status", "count"]
    empty = pd.DataFrame(columns=columns)
    trees = pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True) if parts else empty
    trees = trees.merge(
        plots[["location_id", "plot_id", "plot_area_m2", "basal_area_factor_m2_ha", "slope_deg", "on_slope"]],
        on="location_id",
        how="left",
    )
    gauge = trees["plot_area_m2"].isna()
    per_tree = angle_count_trees_per_ha(
        trees["dbh_cm"].astype(float), trees["basal_area_factor_m2_ha"], trees["slope_deg"], trees["on_slope"]
    )
    fixed = fixed_area_trees_per_ha(trees["count"].astype(float), trees["plot_area_m2"])
    trees["trees_per_ha"] = np.where(gauge, trees["count"].astype(float) * per_tree, fixed)
    standing = trees["status"].isin(["live", "dead"])
    trees["trees_per_ha"] = trees["trees_per_ha"].where(standing, 0.0)
    notes = _too_few_heights(book, trees, plots)
    wanted = ["tree_id", "plot_id", "species", "dbh_cm", "height_m", "status", "count", "trees_per_ha"]
    return trees[[*wanted, "ground_diameter_cm"]], notes


def _rows_of(book: Workbook, key: str) -> pd.DataFrame:
    """One tally as rows of trees: numbers made up where the sheet has none, empty status means live."""
    table = book.tables[key].copy()
    if key == "trees":
        table["count"] = 1.0
        table = with_sample_heights(table, book)
    else:
        order = table.groupby("location_id").cumcount() + 1
        table["tree_id"] = [f"{'class' if key == 'classes' else 'sapling'}-{number}" for number in order]
        table = table.rename(columns={"class_cm": "dbh_cm"})
    status = table["status"] if "status" in table.columns else table["species"].map(lambda _: "")
    return table.assign(status=status.mask(status == "", "live"))


def with_sample_heights(trees: pd.DataFrame, book: Workbook) -> pd.DataFrame:
    """Heights of the sheet of sample trees put to the trees they belong to."""
    pairs = _pairs(book)
    if not len(pairs):
        return trees
    sampled = pairs[pairs["tree_id"] != ""].set_index(["location_id", "tree_id"])["height_m"]
    keys = list(zip(trees["location_id"], trees["tree_id"], strict=True))
    return trees.assign(height_m=[sampled.get(key, np.nan) for key in keys])


def _too_few_heights(book: Workbook, trees: pd.DataFrame, plots: pd.DataFrame) -> list[dict[str, Any]]:
    measured = heights_of(book, plots)["plot_id"].value_counts()
    alive = trees[(trees["status"] == "live") & trees["dbh_cm"].notna()].groupby("plot_id")["count"].sum()
    least = limit("heights_per_plot_min")
    few = [plot for plot, count in alive.items() if measured.get(plot, 0) < min(least, count)]
    if not few:
        return []
    return [
        note("plots.few_heights", book.file, column="height_m", value=str(few[0]), count=len(few), least=int(least))
    ]
