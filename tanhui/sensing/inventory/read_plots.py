"""The survey of permanent plots (样地调查表): a workbook in, the product's plots and trees out, or every fault.

Trees are tallied one by one or by 2 cm classes; saplings by ground diameter and count; heights on sample trees.
Areas become horizontal, angle-count trees get the number per hectare they stand for. Lost plots are kept apart: a
plot nobody found is not a plot without trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.inventory import Inventory
from tanhui.kernel.nouns import Observation
from tanhui.kernel.time import Period
from tanhui.sensing.inventory.plot_rows import plot_faults, plot_rows
from tanhui.sensing.inventory.remeasurement import Quality, judge, remeasurement_faults
from tanhui.sensing.inventory.tree_rows import heights_of, tree_faults, tree_rows
from tanhui.sensing.inventory.workbook import read_workbook

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlotSurvey", "read_plots"]


@dataclass(frozen=True, slots=True)
class PlotSurvey:
    """One monitoring of the plots.

    Attributes
    ----------
    inventory : Inventory
        Plots that were measured and their trees.
    heights : DataFrame
        Every measured pair: ``plot_id``, ``species``, ``dbh_cm``, ``height_m``.
    lost : DataFrame
        Plots that were not found: ``location_id``, ``stratum``, ``visited``.
    quality : Quality or None
        The 10 % re-measurement; None where the workbook has none.
    notes : tuple of dict
        What the reader did or saw that is no fault.
    """

    inventory: Inventory
    heights: pd.DataFrame
    lost: pd.DataFrame
    quality: Quality | None
    notes: tuple[dict[str, Any], ...] = ()

    @property
    def file(self) -> str:
        """Name of the workbook."""
        return self.inventory.observations[0].name


def read_plots(
    path: Path, *, planted_on: date | Mapping[str, date] | None = None, tally_from_cm: float | None = None
) -> PlotSurvey:
    """Read, check and expand a survey workbook.

    Parameters
    ----------
    path : Path
        ``.xlsx``, or a folder with one CSV per sheet (UTF-8 or GBK).
    planted_on : date or mapping, optional
        Day of planting, or that day by parcel number or stratum; a visit before it is a fault.
    tally_from_cm : float, optional
        Smallest tallied diameter where it is not the 5 cm of ``data/inventory/limits.toml``. [cm]

    Returns
    -------
    PlotSurvey

    Raises
    ------
    RefusedInput
        With every fault of every sheet: cells, words, species, doubled plots and trees, plots without stratum, trees
        on unknown plots, sizes missing or contradicting each other, units that cannot be, dates before planting.
    """
    book, faults = read_workbook(path)
    if "plots" in book.tables:
        faults += plot_faults(book, planted_on)
        faults += tree_faults(book, tally_from_cm)
        faults += remeasurement_faults(book)
    if faults:
        raise RefusedInput(faults)
    every = plot_rows(book)
    found = every[every["plot_status"] != "lost"].reset_index(drop=True)
    trees, notes = tree_rows(book, found)
    inventory = Inventory(
        plots=found.drop(columns="on_slope"),
        trees=trees,
        observations=_observations(path, every),
    )
    return PlotSurvey(
        inventory=inventory,
        heights=heights_of(book, found),
        lost=every.loc[every["plot_status"] == "lost", ["location_id", "stratum", "visited"]].reset_index(drop=True),
        quality=judge(book) if "remeasured" in book.tables else None,
        notes=(*book.notes, *notes),
    )


def _observations(path: Path, plots: pd.DataFrame) -> tuple[Observation, ...]:
    first, last = plots["visited"].min().date(), plots["visited"].max().date()
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    observed = Period.inclusive(first, last)
    return tuple(
        Observation(file.name, file_digest(file), file.stat().st_size, "plot survey", observed) for file in files
    )
