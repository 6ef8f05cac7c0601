"""From trees to plot values: expanded, adjusted for what could not be sampled, in the order of the design's plots.

A design may give each stratum three adjustment factors (``adj_microplot``, ``adj_subplot``, ``adj_macroplot``) and
the trees a ``basis`` that says which applies; without them the factor is 1. Forest is what ``forest_share`` of a
plot says, and trees on ``land`` other than forest do not count; inventories without these columns are all forest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.model import Layout, grouped_sums

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from tanhui.kernel.inventory import Design, Inventory

__all__ = ["PlotTable", "counted", "forest_shares", "plot_values", "tree_expansion"]

Missing = Literal["refuse", "zero"]


@dataclass(frozen=True, slots=True)
class PlotTable:
    """The plots of a design found in an inventory.

    Attributes
    ----------
    row : ndarray of int, shape (n,)
        Position of each plot of the design in ``inventory.plots``.
    plot_id : ndarray of str, shape (n,)
        Its visit.
    factor : dict of ndarray of float, shape (n,)
        Adjustment factor by basis.
    """

    row: NDArray[np.intp]
    plot_id: NDArray[np.object_]
    factor: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, inventory: Inventory, design: Design) -> PlotTable:
        """Look up the plots of a design.

        Raises
        ------
        DomainError
            If a plot of the design is not in the inventory.
        """
        ids = design.assignment["plot_id"].astype(str).to_numpy(object)
        row = positions(inventory.plots["plot_id"].astype(str).to_numpy(object), ids)
        if (row < 0).any():
            raise DomainError("sampling.plots_missing", name=design.name, count=int((row < 0).sum()))
        keys = ["unit", "stratum"]
        wide = design.assignment[keys].merge(design.strata, on=keys, how="left", validate="many_to_one")
        factor = {}
        for basis in ("microplot", "subplot", "macroplot"):
            name = f"adj_{basis}"
            factor[basis] = wide[name].to_numpy(float) if name in wide else np.ones(len(ids))
        return cls(row, ids, factor)


def plot_values(
    inventory: Inventory, design: Design, tree_value: ArrayLike, *, missing: Missing = "refuse"
) -> NDArray[np.float64]:
    """Sum over the live forest trees of each plot, per hectare of plot, adjusted.

    Parameters
    ----------
    inventory : Inventory
        Trees with ``plot_id``, ``trees_per_ha``, ``status`` and, where the design adjusts, ``basis``.
    design : Design
        Whose plots are wanted, in its order.
    tree_value : array_like of float, shape (n_trees,) or (n_trees, k)
        A value for one tree of each row of ``inventory.trees``: 1 to count them, carbon in kg, or k draws of it.
        Rows that do not count may hold NaN.
    missing : {"refuse", "zero"}
        What a tree that counts but has no value does: refuse, or add nothing, as the agency's own sums do.

    Returns
    -------
    ndarray of float, shape (n_plots,) or (n_plots, k)
        In the order of ``design.assignment``. Plots without trees hold 0. [unit of ``tree_value`` per ha]

    Raises
    ------
    DomainError
        If a plot is missing, the length is wrong, or a tree that counts has no value.
    """
    table = PlotTable.of(inventory, design)
    values = tree_columns(tree_value, inventory)
    plot = positions(table.plot_id, inventory.trees["plot_id"].astype(str).to_numpy(object))
    rows = np.flatnonzero((plot >= 0) & counted(inventory.trees))
    weight = tree_weights(inventory.trees, table, rows, plot[rows])
    values = filled(values, rows, missing)
    sums = grouped_sums(values, plot[rows], len(table.row), weight, rows)
    return sums[:, 0] if np.ndim(tree_value) == 1 else sums


def tree_expansion(inventory: Inventory, design: Design) -> NDArray[np.float64]:
    """How many live forest trees of the whole area each tree row stands for, shape (n_trees,); 0 where it is none.

    ``tree_expansion @ tree_value`` is the total over the area: what :func:`plot_values` and the estimator give, as
    one number per tree, for those who ask how the error of a tree becomes that of the total.
    """
    table = PlotTable.of(inventory, design)
    plot = positions(table.plot_id, inventory.trees["plot_id"].astype(str).to_numpy(object))
    rows = np.flatnonzero((plot >= 0) & counted(inventory.trees))
    expansion = np.zeros(len(inventory.trees))
    expansion[rows] = tree_weights(inventory.trees, table, rows, plot[rows]) * plot_hectares(design)[plot[rows]]
    return expansion


def plot_hectares(design: Design) -> NDArray[np.float64]:
    """The area that each plot of a design stands for: its stratum's over the plots in it. [ha]"""
    layout = Layout.from_design(design)
    return (layout.area_ha / layout.counts)[layout.stratum]


def forest_shares(inventory: Inventory, design: Design) -> NDArray[np.float64]:
    """Adjusted share of each plot that is forest, shape (n_plots,): the denominator of values per hectare of forest."""
    table = PlotTable.of(inventory, design)
    return share_of(inventory, table, "forest_share", default=1.0)[table.row] * area_factor(inventory, table)


def counted(trees: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows that stand for live trees on forest land, shape (n_trees,)."""
    live = trees["status"].eq("live") if "status" in trees else trees["plot_id"].notna()
    forest = trees["land"].eq("forest") if "land" in trees else live
    return (live & forest & trees["trees_per_ha"].notna()).to_numpy(bool)


def tree_weights(
    trees: pd.DataFrame, table: PlotTable, rows: NDArray[np.intp], plot: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Adjusted trees per hectare that each of ``rows`` stands for, given the position of its plot in the design."""
    weight = trees["trees_per_ha"].to_numpy(float)[rows]
    if "basis" not in trees:
        return weight
    basis = trees["basis"].to_numpy(object)[rows]
    for name, factor in table.factor.items():
        weight = np.where(basis == name, weight * factor[plot], weight)
    return weight


def area_factor(inventory: Inventory, table: PlotTable) -> NDArray[np.float64]:
    """Adjustment of the plot kind that land shares were mapped on, shape (n_plots,)."""
    if "area_basis" not in inventory.plots:
        return np.ones(len(table.row)) if "subplot" not in table.factor else table.factor["subplot"]
    basis = inventory.plots["area_basis"].to_numpy(object)[table.row]
    return np.where(basis == "macroplot", table.factor["macroplot"], table.factor["subplot"])


def share_of(inventory: Inventory, table: PlotTable, name: str, *, default: float) -> NDArray[np.float64]:
    """A share of every plot of the inventory, or the default where there is no such column."""
    plots = inventory.plots
    return plots[name].to_numpy(float) if name in plots else np.full(len(plots), default)


def positions(known: NDArray[np.object_], wanted: NDArray[np.object_]) -> NDArray[np.intp]:
    """Where each wanted key stands among the known ones; -1 where it does not."""
    at = {key: i for i, key in enumerate(known)}
    return np.array([at.get(key, -1) for key in wanted], np.intp)


def tree_columns(tree_value: ArrayLike, inventory: Inventory) -> NDArray[np.float64]:
    """Tree values as (n_trees, k)."""
    values = np.asarray(tree_value, float)
    if values.ndim not in (1, 2) or len(values) != len(inventory.trees):
        found = len(values) if values.ndim else 0
        raise DomainError("sampling.wrong_length", found=found, wanted=len(inventory.trees))
    return values.reshape(len(values), -1)


def filled(values: NDArray[np.float64], rows: NDArray[np.intp], missing: Missing) -> NDArray[np.float64]:
    """Values with what is missing in ``rows`` refused or set to zero."""
    absent = np.isnan(values[rows]).any(axis=1)
    if not absent.any():
        return values
    if missing == "refuse":
        raise DomainError("sampling.tree_value_missing", count=int(absent.sum()))
    values = values.copy()
    values[rows] = np.nan_to_num(values[rows], nan=0.0)
    return values
