"""Re-measured plots: what each plot gained and lost a year between its two visits, tree by tree.

Only what was sampled at both visits is compared. With w the adjusted trees per hectare a row stands for, c its value,
1 and 2 the visits, and T the plot's interval, the parts are, per hectare of plot and year:

==================  ==========================================  =================================================
survivor_growth     (c2 - c1) w1 / T                            live on forest at both visits
ingrowth            c2 w2 / T, and c2 (w2 - w1) / T             new trees on land that was forest, and survivors
                                                                that grew from the small plot onto the large one
mortality           - c1 w1 / T                                 died between the visits
removal             - c1 w1 / T                                 cut
forest_gain         c2 w2 / T                                   trees on land that was not forest before [1]_
forest_loss         - c1 w1 / T                                 alive, but the land is no longer forest
lost                - c1 w1 / T                                 no later record, or lost from sight
==================  ==========================================  =================================================

.. [1] See :func:`_origins`: told from the subplots, as the tables do not map land change.

They add up to the net change exactly. Left out at both visits: trees on plot parts that were not sampled at one of
them, trees tallied by mistake the first time (FIA reconcile codes 7 and 8) and live trees overlooked the first time
(code 3): none of these is a change of the forest. The second part of ingrowth is negative for each such survivor;
trees of the same size that stood outside the small plot enter as new at the same time, and in expectation the two
make the growth across the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.model import grouped_sums
from tanhui.mrv.sampling.plots import (
    Missing,
    PlotTable,
    area_factor,
    counted,
    filled,
    plot_hectares,
    positions,
    share_of,
    tree_columns,
    tree_weights,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from tanhui.kernel.inventory import Design, Inventory

__all__ = ["COMPONENTS", "RemeasuredPlots", "remeasured_expansion", "remeasured_forest", "remeasured_values"]

COMPONENTS = ("survivor_growth", "ingrowth", "mortality", "removal", "forest_gain", "forest_loss", "lost")
#: FIA reconcile codes of trees that were never there, and of live trees that were overlooked.
MISTAKES, OVERLOOKED = ("7", "8"), ("3",)
#: FIA reconcile code of trees on plot parts that could not be entered again.
NOT_SAMPLED = ("9",)
#: Land shares are printed with six decimals; closer than this to 0 or 1 is none or all.
WHOLE = 1e-3


@dataclass(frozen=True, slots=True)
class RemeasuredPlots:
    """Change on each plot of a design; arrays of shape (n_plots,) or (n_plots, k), in the design's order.

    ``first`` and ``second`` are the values at the two visits on what was sampled at both [per ha of plot];
    ``net`` = (second - first) / interval and ``parts`` are per year and add up to it. ``left_out`` counts tree rows
    that were not comparable, by reason.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    net: NDArray[np.float64]
    parts: dict[str, NDArray[np.float64]]
    interval_yr: NDArray[np.float64]
    left_out: dict[str, int]


def remeasured_forest(
    inventory: Inventory, design: Design
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Adjusted share of each plot that was forest at the first visit, at the second, and at either.

    Of what was sampled at both visits. Land shares do not say which part of a plot could not be entered; where they
    leave room, the least change is assumed: none is claimed that was not seen. *Either* is the larger of the two
    shares, which is exact unless a plot lost forest in one part and gained it in another.
    """
    table, before = _visits(inventory, design)
    forest = share_of(inventory, table, "forest_share", default=1.0)
    hidden = share_of(inventory, table, "nonsampled_share", default=0.0)
    factor = area_factor(inventory, table)
    first, second = least_change(forest[before], hidden[before], forest[table.row], hidden[table.row])
    return first * factor, second * factor, np.maximum(first, second) * factor


def least_change(
    forest1: NDArray[np.float64],
    hidden1: NDArray[np.float64],
    forest2: NDArray[np.float64],
    hidden2: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forest shares of what was sampled at both visits, as alike as the shares of each visit allow.

    ``forest`` and ``hidden`` (not sampled) are shares of the whole plot; the smaller hidden part lies in the larger.
    """
    both = 1 - np.maximum(hidden1, hidden2)
    low1 = np.maximum(forest1 - np.maximum(hidden2 - hidden1, 0), 0)
    low2 = np.maximum(forest2 - np.maximum(hidden1 - hidden2, 0), 0)
    high1, high2 = np.minimum(forest1, both), np.minimum(forest2, both)
    common = np.minimum(high1, high2)
    return np.maximum(common, np.minimum(low1, high1)), np.maximum(common, np.minimum(low2, high2))


def remeasured_values(
    inventory: Inventory, design: Design, tree_value: ArrayLike, *, missing: Missing = "refuse"
) -> RemeasuredPlots:
    """Change of the sum over live forest trees, plot by plot, with its parts.

    Parameters
    ----------
    inventory : Inventory
        Both visits of every plot, linked by ``prev_plot_id`` and ``prev_tree_id``, with ``interval_yr``.
    design : Design
        Whose plots are wanted.
    tree_value : array_like of float, shape (n_trees,) or (n_trees, k)
        As in :func:`~tanhui.mrv.sampling.plots.plot_values`; rows of both visits.
    missing : {"refuse", "zero"}
        As there.

    Returns
    -------
    RemeasuredPlots

    Raises
    ------
    DomainError
        If a plot or its earlier visit is missing, or a tree that counts has no value.
    """
    trees = inventory.trees
    table, now, then, parts, left_out = _compared(inventory, design)
    interval = inventory.plots["interval_yr"].to_numpy(float)[table.row]
    rows1, rows2 = (np.concatenate([part[i] for part in parts.values()]) for i in (0, 1))
    values = tree_columns(tree_value, inventory)
    values = filled(values, np.concatenate([rows1, rows2]), missing)

    def expanded(rows: NDArray[np.intp], plot: NDArray[np.intp]) -> NDArray[np.float64]:
        weight = tree_weights(trees, table, rows, plot[rows])
        return grouped_sums(values, plot[rows], len(table.row), weight, rows)

    first, second = expanded(rows1, then), expanded(rows2, now)
    by_part = {name: expanded(new, now) - expanded(old, then) for name, (old, new) in parts.items()}
    stayed1, stayed2 = parts["survivor_growth"]
    same_weight = tree_weights(trees, table, stayed1, then[stayed1])
    grown = grouped_sums(values, now[stayed2], len(table.row), same_weight, stayed2) - expanded(stayed1, then)
    by_part["ingrowth"] = by_part["ingrowth"] + by_part["survivor_growth"] - grown
    by_part["survivor_growth"] = grown
    years = interval[:, None]

    def shaped(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return array[:, 0] if np.ndim(tree_value) == 1 else array

    return RemeasuredPlots(
        shaped(first),
        shaped(second),
        shaped((second - first) / years),
        {name: shaped(by_part[name] / years) for name in COMPONENTS},
        interval,
        left_out,
    )


def remeasured_expansion(inventory: Inventory, design: Design) -> NDArray[np.float64]:
    """What each tree row weighs in the yearly net change of the whole area, shape (n_trees,).

    Negative for trees of the first visit, positive for those of the second; ``remeasured_expansion @ tree_value`` is
    the total change a year. [1/yr]
    """
    table, now, then, parts, _ = _compared(inventory, design)
    share = plot_hectares(design) / inventory.plots["interval_yr"].to_numpy(float)[table.row]
    expansion = np.zeros(len(inventory.trees))
    for old, new in parts.values():
        expansion[old] -= tree_weights(inventory.trees, table, old, then[old]) * share[then[old]]
        expansion[new] += tree_weights(inventory.trees, table, new, now[new]) * share[now[new]]
    return expansion


def _compared(
    inventory: Inventory, design: Design
) -> tuple[
    PlotTable,
    NDArray[np.intp],
    NDArray[np.intp],
    dict[str, tuple[NDArray[np.intp], NDArray[np.intp]]],
    dict[str, int],
]:
    """The design's plots, the plot of each tree row at the second and at the first visit, and the rows by part."""
    table, before = _visits(inventory, design)
    visit = inventory.trees["plot_id"].astype(str).to_numpy(object)
    earlier = inventory.plots["plot_id"].astype(str).to_numpy(object)[before]
    now, then = positions(table.plot_id, visit), positions(earlier, visit)
    return table, now, then, *_classes(inventory, table, before, now, then)


def _visits(inventory: Inventory, design: Design) -> tuple[PlotTable, NDArray[np.intp]]:
    """The plots of a design and the position of their earlier visits in the inventory."""
    table = PlotTable.of(inventory, design)
    ids = inventory.plots["plot_id"].astype(str).to_numpy(object)
    before = positions(ids, inventory.plots["prev_plot_id"].astype(str).to_numpy(object)[table.row])
    known = (before >= 0) & (inventory.plots["interval_yr"].to_numpy(float)[table.row] > 0)
    if not known.all():
        raise DomainError("sampling.plots_missing", name=design.name, count=int((~known).sum()))
    return table, before


def _classes(
    inventory: Inventory,
    table: PlotTable,
    before: NDArray[np.intp],
    now: NDArray[np.intp],
    then: NDArray[np.intp],
) -> tuple[dict[str, tuple[NDArray[np.intp], NDArray[np.intp]]], dict[str, int]]:
    """Tree rows of the first and of the second visit, by the part of the change they belong to."""
    trees = inventory.trees
    status, land, reconcile = (_text(trees, name) for name in ("status", "land", "reconcile"))
    ids = trees["tree_id"].astype(str).to_numpy(object)
    previous = np.where(now >= 0, positions(ids, _text(trees, "prev_tree_id")), -1)
    following = np.full(len(trees), -1, np.intp)
    linked = np.flatnonzero(previous >= 0)
    following[previous[linked]] = linked
    counts = counted(trees)
    old, new = np.flatnonzero(counts & (then >= 0)), np.flatnonzero(counts & (now >= 0))

    after = following[old]
    exists = after >= 0
    status2 = np.where(exists, status[after], "")
    land2 = np.where(exists, land[after], "")
    code2 = np.where(exists, reconcile[after], "")
    mistake = exists & (status2 == "lost") & np.isin(code2, MISTAKES)
    unsampled = exists & ~mistake & ((land2 == "nonsampled") | np.isin(code2, NOT_SAMPLED))
    comparable = ~mistake & ~unsampled
    survived = comparable & counts[after] & exists
    fate = {
        "survivor_growth": survived,
        "mortality": comparable & (status2 == "dead"),
        "removal": comparable & (status2 == "cut"),
        "forest_loss": comparable & (status2 == "live") & ~survived,
        "lost": comparable & np.isin(status2, ("", "lost")),
    }
    came = _origins(inventory, table, before, now, then, new, previous[new], counts)
    nothing = np.array([], np.intp)
    parts = {name: (old[fate[name]] if name in fate else nothing, came.get(name, nothing)) for name in COMPONENTS}
    parts["survivor_growth"] = (old[survived], after[survived])
    left_out = {
        "not sampled again": int(unsampled.sum()),
        "tallied by mistake": int(mistake.sum()),
        "not sampled before": len(came["unsampled"]),
        "overlooked before": len(came["overlooked"]),
    }
    return parts, left_out


def _origins(
    inventory: Inventory,
    table: PlotTable,
    before: NDArray[np.intp],
    now: NDArray[np.intp],
    then: NDArray[np.intp],
    new: NDArray[np.intp],
    previous: NDArray[np.intp],
    counts: NDArray[np.bool_],
) -> dict[str, NDArray[np.intp]]:
    """Live forest trees of the second visit that were not live forest trees at the first, by where they came from.

    The tables do not say what each subplot was before. New trees on a subplot without any earlier tree record are
    taken to stand on the part that was not sampled before, where the plot had one; else on the part that was not
    forest before, where it had one; else to have grown in.
    """
    trees = inventory.trees
    land, reconcile = _text(trees, "land"), _text(trees, "reconcile")
    fresh = previous < 0
    plot = now[new]
    was_forest = share_of(inventory, table, "forest_share", default=1.0)[before][plot] > 1 - WHOLE
    was_hidden = share_of(inventory, table, "nonsampled_share", default=0.0)[before][plot] > WHOLE
    seen: set[tuple[int, object]] = set()
    part = trees["subplot"].to_numpy(object) if "subplot" in trees else np.zeros(len(trees), object)
    seen.update((int(then[i]), part[i]) for i in np.flatnonzero(then >= 0))
    unseen = np.array([(int(now[i]), part[i]) not in seen for i in new], bool)
    hidden = fresh & was_hidden & unseen
    overlooked = ~hidden & (
        (fresh & np.isin(reconcile[new], OVERLOOKED)) | (~fresh & (land[previous] == "forest") & ~counts[previous])
    )
    from_other_land = ~fresh & (land[previous] != "forest") & ~counts[previous]
    entered = fresh & ~hidden & ~overlooked
    on_new_land = entered & unseen & ~was_forest
    return {
        "ingrowth": new[entered & ~on_new_land],
        "forest_gain": new[on_new_land | from_other_land],
        "unsampled": new[hidden],
        "overlooked": new[overlooked],
    }


def _text(trees: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """A column of text as an array. Without the column: all live, all on forest, nothing to reconcile."""
    default = {"status": "live", "land": "forest"}.get(name, "")
    return trees[name].astype(str).to_numpy(object) if name in trees else np.full(len(trees), default, object)
