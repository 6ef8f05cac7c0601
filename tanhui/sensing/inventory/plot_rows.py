"""Plots of a survey workbook: what can be wrong with a row, and the row as the product's plot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import Fault
from tanhui.sensing.inventory.limits import limit
from tanhui.sensing.inventory.plot_geometry import horizontal_area_m2

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.sensing.inventory.workbook import Workbook

__all__ = ["plot_faults", "plot_rows", "visit_id"]

#: Columns that are there even where a workbook leaves them out, so that later code need not ask.
TEXTS = ("stratum", "parcel_id", "plot_status", "replaces", "plot_shape", "laid")
SIZES = ("slope_deg", "length_m", "width_m", "radius_m", "area_stated_m2", "basal_area_factor_m2_ha")
NUMBERS = (*SIZES, "lon", "lat", "planted_count", "survived_count")
#: Columns of the product's plot table that a workbook fills, and whether distances were taken along the slope.
VISIT = ("plot_id", "location_id", "visited", "year", "stratum", "parcel_id", "plot_status", "replaces")
SIZE = ("plot_shape", "plot_area_m2", "basal_area_factor_m2_ha", "slope_deg", "on_slope")
COLUMNS = (*VISIT, *SIZE, "lat", "lon", "planted_count", "survived_count", "survival")


def visit_id(location_id: str, visited: date) -> str:
    """The name of a plot visit."""
    return f"{location_id}@{visited:%Y-%m-%d}"


def completed(plots: pd.DataFrame) -> pd.DataFrame:
    """The table with every optional column."""
    texts = {name: "" for name in TEXTS if name not in plots.columns}
    numbers = {name: np.nan for name in NUMBERS if name not in plots.columns}
    plots = plots.assign(**texts, **numbers)
    return plots.assign(plot_status=plots["plot_status"].mask(plots["plot_status"] == "", "measured"))


def plot_faults(book: Workbook, planted_on: date | Mapping[str, date] | None) -> list[Fault]:
    """Everything wrong with the plots of a workbook."""
    plots = completed(book.tables["plots"])
    faults: list[Fault] = []
    doubled = plots["location_id"].duplicated()
    for row, plot in plots.iterrows():
        number, name = int(str(row)), str(plot["location_id"])
        if doubled.at[row]:
            faults.append(book.fault("plots.doubled_plot", "plots", number, "location_id", name))
        if not plot["stratum"]:
            faults.append(book.fault("plots.no_stratum", "plots", number, "stratum", name))
        if plot["plot_status"] != "lost":
            faults += [
                book.fault(code, "plots", number, column, name, **facts) for code, column, facts in _size_faults(plot)
            ]
        faults += _life_faults(book, plot, number, _planted(plot, planted_on))
    return faults + _replacement_faults(book, plots)


def _size_faults(plot: pd.Series) -> list[tuple[str, str, dict[str, str]]]:
    """Dimensions that are missing or contradict the area, and a slope of which nobody says what it did."""
    found: list[tuple[str, str, dict[str, str]]] = []
    if plot["slope_deg"] > 0 and not plot["laid"]:
        found.append(("plots.no_laid", "laid", {}))
    if plot["laid"] == "slope" and not plot["slope_deg"] >= 0:
        found.append(("plots.no_slope", "slope_deg", {}))
    if plot["plot_shape"] == "angle_count":
        if not plot["basal_area_factor_m2_ha"] > 0:
            found.append(("plots.no_factor", "basal_area_factor_m2_ha", {}))
        return found
    area, stated = _area_from_sides(plot), plot["area_stated_m2"]
    if not (area > 0 or stated > 0):
        found.append(("plots.no_size", "length_m" if plot["plot_shape"] == "rectangle" else "radius_m", {}))
    elif area > 0 and stated > 0 and abs(area - stated) > limit("plot_area_tolerance_share") * area:
        found.append(("plots.size_conflict", "area_stated_m2", {"stated": f"{stated:g}", "found": f"{area:.1f}"}))
    return found


def _area_from_sides(plot: pd.Series) -> float:
    """Area from length and width, or radius, in the way they were taken; NaN where they are not given. [m2]"""
    if plot["plot_shape"] == "circle":
        return float(np.pi * plot["radius_m"] ** 2)
    width = plot["width_m"] if plot["width_m"] > 0 else plot["length_m"]
    return float(plot["length_m"] * width)


def _planted(plot: pd.Series, planted_on: date | Mapping[str, date] | None) -> date | None:
    if isinstance(planted_on, Mapping):
        return planted_on.get(str(plot["parcel_id"])) or planted_on.get(str(plot["stratum"]))
    return planted_on


def _life_faults(book: Workbook, plot: pd.Series, number: int, planted: date | None) -> list[Fault]:
    name = plot["location_id"]
    faults = []
    if planted is not None and plot["visited"].date() < planted:
        days = {"visited": f"{plot['visited']:%Y-%m-%d}", "planted": planted.isoformat()}
        faults.append(book.fault("plots.before_planting", "plots", number, "visited", name, **days))
    if plot["survived_count"] > plot["planted_count"]:
        counts = {"survived": int(plot["survived_count"]), "planted": int(plot["planted_count"])}
        faults.append(book.fault("plots.survival", "plots", number, "survived_count", name, **counts))
    return faults


def _replacement_faults(book: Workbook, plots: pd.DataFrame) -> list[Fault]:
    """A replacement names the plot it stands for, which must be a lost one, and only once."""
    lost = set(plots.loc[plots["plot_status"] == "lost", "location_id"])
    taken: set[str] = set()
    faults = []
    for row, plot in plots.iterrows():
        wanted = str(plot["replaces"])
        if plot["plot_status"] == "replacement" or wanted:
            if wanted not in lost or wanted in taken:
                faults.append(
                    book.fault(
                        "plots.replaces", "plots", int(str(row)), "replaces", plot["location_id"], lost=wanted or "-"
                    )
                )
            taken.add(wanted)
    return faults


def plot_rows(book: Workbook) -> pd.DataFrame:
    """The plots by the columns of ``data/inventory/plots.toml``, lost ones included; no faults left to find."""
    plots = completed(book.tables["plots"])
    taken = plots.apply(lambda plot: _area_from_sides(plot), axis=1).fillna(plots["area_stated_m2"])
    fixed = plots["plot_shape"] != "angle_count"
    on_slope = plots["laid"] == "slope"
    return plots.assign(
        plot_id=[visit_id(place, day) for place, day in zip(plots["location_id"], plots["visited"], strict=True)],
        year=plots["visited"].dt.year,
        plot_area_m2=np.where(fixed, horizontal_area_m2(taken, plots["slope_deg"], on_slope), np.nan),
        on_slope=on_slope,
        survival=plots["survived_count"] / plots["planted_count"].replace(0, np.nan),
    ).reset_index(drop=True)[list(COLUMNS)]
