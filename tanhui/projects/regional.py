"""The river of a regional account: a national inventory to stocks, change and the account of the region.

Each evaluation is estimated twice, with the agency's own tree carbon (``source`` "fia") and with ours ("tanhui"), so
that a reader can tell the estimator from the tree model. Ours carries the error of the tree model on top of sampling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.inventory import Design, Inventory
from tanhui.kernel.nouns import Estimate
from tanhui.kernel.parameters import Leaf, Recorder, Status, Value
from tanhui.kernel.progress import Progress
from tanhui.kernel.species import resolve_all
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.ipcc.stock_difference import PoolChange, StockDifferenceInputs
from tanhui.mrv.sampling import (
    RatioEstimate,
    SampleEstimate,
    agency_estimates,
    carbon_change,
    carbon_stock,
    remeasured_expansion,
    tree_expansion,
)
from tanhui.mrv.sampling.agency import change_period, stock_period
from tanhui.mrv.uncertainty.combine import Shape
from tanhui.mrv.uncertainty.totals import Totals
from tanhui.projects.general_errors import general_errors, unknown_error, with_general_error
from tanhui.projects.model import Regional
from tanhui.projects.result import head, parameter_rows, reason_texts, whole_result
from tanhui.projects.river import River
from tanhui.projects.tree_carbon import (
    POOLS,
    ClassValue,
    Pool,
    TreeCarbon,
    equation_reasons,
    equation_rows,
    on_top,
    on_top_of_change,
    pool_totals,
    together,
)
from tanhui.sensing.inventory.read_fia import read_fia
from tanhui.sinks.forest.carbon_fraction import carbon_fraction
from tanhui.sinks.forest.roots import coarse_root_ratio_jenkins2003, wood_class
from tanhui.sinks.forest.selection import match_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_regional", "regional_river"]

#: Pools of the account and what the method calls them.
METHOD_POOLS: dict[Pool, str] = {"agc": "agb", "bgc": "bgb"}


def read_regional(project: Regional, folder: Path) -> tuple[Inventory, list[Design]]:
    """The inventory a project names, with its designs."""
    return read_fia(folder / project.inventory.folder)


def regional_river(
    project: Regional, folder: Path, confirmed: Sequence[tuple[str, Value]], progress: Progress
) -> River:
    """Everything a regional account delivers."""
    inventory, designs = read_regional(project, folder)
    stocks = [d for d in designs if d.options["purpose"] == "stocks"]
    changes = [d for d in designs if d.options["purpose"] == "change"]
    total = 2 * len(designs)
    estimates: list[Estimate] = []
    for done, design in enumerate(designs):
        progress("agency", done, len(designs))
        estimates += agency_estimates(inventory, design)
    progress("agency", len(designs), len(designs))
    trees = us_tree_carbon(inventory, project)
    values = {pool: trees.carbon_kg(pool, len(inventory.trees)) for pool in POOLS}
    for done, design in enumerate([*stocks, *changes]):
        progress("tree_model", done, total // 2)
        for pool in POOLS:
            make = stock_estimates if design in stocks else change_estimates
            estimates += make(inventory, design, trees, pool, values[pool])
    progress("tree_model", total // 2, total // 2)
    claim, leaves = account(project, changes[-1], trees, estimates, confirmed)
    reasons = claim["indicative_reasons"]
    result = whole_result(
        **head(project),
        domain="forest",
        headline=["agc_t_ha", "agc_t", "tree_change_t_ha_yr"],
        shares=["agc_t_ha", "bgc_t_ha", "tree_t_ha", "agc_change_t_ha_yr", "tree_change_t_ha_yr"],
        charts={"stock": "agc_t_ha", "change": "agc_change_t_ha_yr", "change_domain": "forest_either"},
        estimates=[estimate.to_dict() for estimate in estimates],
        claims=[claim],
        indicative_reasons=reasons,
        reason_texts=reason_texts(reasons),
        map=plot_map(inventory, stocks[-1], values["agc"]),
        equations=equation_rows(trees.match),
        parameters=parameter_rows(leaves),
        notes=[split_note(note) for note in inventory.notes],
    )
    return River(
        result=result,
        inputs=inventory.observations,
        parameters=leaves,
        methods={project.method: method(project.method).version},
        tables=tables(inventory, trees, values),
    )


def us_tree_carbon(inventory: Inventory, project: Regional) -> TreeCarbon:
    """Carbon of every live tree with a diameter by the general equations of the country."""
    table = inventory.trees
    rows = np.flatnonzero((table["status"].eq("live") & table["dbh_cm"].notna()).to_numpy(bool))
    names = table["species"].to_numpy(object)[rows]
    dbh = table["dbh_cm"].to_numpy(float)[rows]
    distinct = sorted(set(names))
    taxa, _ = resolve_all(distinct)
    by_name = dict(zip(distinct, taxa, strict=True))
    match = with_general_error(
        match_trees(list(names), dbh, region=project.trees.region, overrides=project.trees.equations or None)
    )
    woods = np.array([wood_class(by_name[name]) for name in names])
    ratio = np.empty(len(rows))
    for wood in ("hardwood", "softwood"):
        ratio[woods == wood] = coarse_root_ratio_jenkins2003(dbh[woods == wood], wood)
    root_classes = tuple(root_class(wood) for wood in ("hardwood", "softwood"))
    leaf_types = np.array([by_name[name].leaf_type or "broadleaf" for name in names])
    carbon_classes = tuple(carbon_class(kind) for kind in ("broadleaf", "conifer"))
    blank = np.ones(len(rows))
    return TreeCarbon(
        rows=rows,
        match=match,
        dbh_cm=dbh,
        height_m=blank,
        height_sd_m=0 * blank,
        density_g_cm3=blank,
        density_sd_g_cm3=0 * blank,
        root_ratio=ratio,
        root_class=(woods == "softwood").astype(np.intp),
        root_classes=root_classes,
        carbon_class=(leaf_types == "conifer").astype(np.intp),
        carbon_classes=carbon_classes,
        # The group's equation is wrong for a species by what species of the group differ.
        error_class=names,
        error_leaves=tuple(unknown_error(name) for name in general_errors(match)),
    )


def root_class(wood: str) -> ClassValue:
    """The coarse-root curve of a wood class as a parameter of the run, with a general relative error."""
    error = unknown_error("root_ratio_sd")
    curve = Leaf(
        id=f"coarse_root_ratio/{wood}",
        value="exp(b0 + b1 / D)",
        unit="text",
        zh="粗根与地上生物量之比",
        en="Coarse roots over aboveground biomass",
        reference="jenkins2003",
        status=Status.SECONDARY,
        checked_on=error.checked_on,
        place="Table 6",
    )
    return ClassValue(wood, 1.0, error.number(), (curve, error))


def carbon_class(leaf_type: str) -> ClassValue:
    """The carbon fraction of a leaf type, with its printed range as error."""
    found = carbon_fraction("ipcc2006", f"temperate and boreal {leaf_type}")
    error = unknown_error("carbon_fraction_sd")
    leaf = Leaf(
        id=f"carbon_fraction/{found.edition}/{found.group}",
        value=found.value,
        unit="t C/t d.m.",
        zh="含碳率",
        en="Carbon per dry mass",
        reference=found.reference,
        status=found.status,
        checked_on=error.checked_on,
        place=found.place,
    )
    if found.se is not None:
        return ClassValue(leaf.id, found.value, found.se, (leaf,))
    return ClassValue(leaf.id, found.value, error.number(), (leaf, error))


def represented(trees: TreeCarbon, pool: Pool, expansion: NDArray[np.float64]) -> Totals:
    """Totals of a pool over trees by how many of the population each row of the inventory stands for. [t C]"""
    mine = expansion[trees.rows]
    position = np.flatnonzero(mine > 0)
    return pool_totals(trees, pool, position, mine[position])


def stock_estimates(
    inventory: Inventory, design: Design, trees: TreeCarbon, pool: Pool, values: NDArray[np.float64]
) -> list[Estimate]:
    """Stock of a pool per hectare of forest and in total, with sampling and model errors."""
    stock = carbon_stock(inventory, design, values)
    totals = represented(trees, pool, tree_expansion(inventory, design))
    common: dict[str, Any] = {"year": design.year, "valid": stock_period(design), "domain": "forest"}
    area = float(stock.denominator.value)
    return [
        estimate(f"{pool}_t_ha", "t C/ha", stock, on_top(totals, per=area), **common),
        estimate(f"{pool}_t", "t C", stock.numerator, on_top(totals), **common),
    ]


def change_estimates(
    inventory: Inventory, design: Design, trees: TreeCarbon, pool: Pool, values: NDArray[np.float64]
) -> list[Estimate]:
    """Yearly change of a pool on plots measured twice; what both dates share cancels in its error."""
    change = carbon_change(inventory, design, values)
    expansion = remeasured_expansion(inventory, design)
    later, earlier = represented(trees, pool, expansion), represented(trees, pool, -expansion)
    common: dict[str, Any] = {
        "year": design.year,
        "valid": change_period(inventory, design),
        "domain": "forest_either",
        "shape": "symmetric",
    }
    area = float(change.per_ha.denominator.value)
    per_ha, whole = (on_top_of_change(later, earlier, per) for per in (area, 1.0))
    return [
        estimate(f"{pool}_change_t_ha_yr", "t C/ha/yr", change.per_ha, per_ha, **common),
        estimate(f"{pool}_change_t_yr", "t C/yr", change.per_ha.numerator, whole, **common),
    ]


def estimate(
    quantity: str,
    unit: str,
    sample: SampleEstimate | RatioEstimate,
    model: dict[str, float],
    *,
    shape: Shape = "auto",
    **common: Any,
) -> Estimate:
    """One estimate of ours: sampling and model variance combined once."""
    both = together(sample, model, shape)
    return Estimate(
        quantity=quantity,
        unit=unit,
        value=both.value,
        se=both.se,
        ci90=both.ci90,
        variance_shares=both.variance_shares,
        n=sample.n,
        **common,
    )


def account(
    project: Regional,
    design: Design,
    trees: TreeCarbon,
    estimates: Sequence[Estimate],
    confirmed: Sequence[tuple[str, Value]],
) -> tuple[dict[str, Any], tuple[Leaf, ...]]:
    """The account of the region for the year of the last change evaluation, and every parameter behind it.

    Change on re-measured plots is a yearly mean between their two visits; the account of a year takes it as it is.
    """
    rules = method(project.method)
    recorder = Recorder(rules.parameters.confirmed(confirmed))
    period = Period(date(design.year, 1, 1), date(design.year + 1, 1, 1))
    yearly = {e.quantity: e.value for e in estimates if e.year == design.year and e.source == "tanhui"}
    pools = tuple(
        PoolChange(name, change_c_t=yearly[f"{pool}_change_t_yr"] * period.years) for pool, name in METHOD_POOLS.items()
    )
    inputs = StockDifferenceInputs(period, pools, equation_reasons=equation_reasons(trees.match, project.trees.region))
    claim = rules.account(inputs, recorder)
    return claim.to_dict(), (*recorder.used.values(), *trees.leaves())


def plot_map(inventory: Inventory, design: Design, carbon_kg: NDArray[np.float64]) -> dict[str, Any]:
    """Plots of the last evaluation by their public (moved) positions, sized by their carbon."""
    plots = inventory.plots.set_index("plot_id").loc[design.assignment["plot_id"]]
    trees = inventory.trees
    stock = trees.assign(t_ha=np.nan_to_num(carbon_kg) * trees["trees_per_ha"].fillna(0.0) / 1000)
    by_plot = stock.groupby("plot_id")["t_ha"].sum().reindex(plots.index).fillna(0.0)
    return {
        "parcels": [],
        "plots": [
            {"lon": lon, "lat": lat, "weight": weight}
            for lon, lat, weight in zip(plots["lon"], plots["lat"], by_plot, strict=True)
            if math.isfinite(lon) and math.isfinite(lat)
        ],
        "weight": {"zh": "t C/ha", "en": "t C/ha"},
        "caption": {
            "zh": "最近一次评价的样地；位置经调查机构移位处理，圆点大小为单位面积地上碳。",
            "en": "Plots of the last evaluation at the positions the agency publishes (moved on purpose); the larger "
            "the dot, the more aboveground carbon per hectare.",
        },
    }


def tables(inventory: Inventory, trees: TreeCarbon, values: dict[Pool, NDArray[np.float64]]) -> dict[str, Any]:
    """The rows behind the figures."""
    equations = np.array([item.id for item in trees.match.equations], object)
    named = np.full(len(inventory.trees), "", object)
    named[trees.rows] = equations[trees.match.equation]
    rows = inventory.trees.assign(equation=named, **{f"{pool}_kg": values[pool] for pool in POOLS})
    return {"trees": rows, "plots": inventory.plots}


def split_note(note: str) -> dict[str, str]:
    """A reader's note, Chinese before English."""
    zh, _, en = note.partition(" / ")
    return {"zh": zh, "en": en or zh}
