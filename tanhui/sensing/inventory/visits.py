"""Two monitorings of the same permanent plots joined: which visit followed which, and which tree is which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.inventory import Inventory
from tanhui.sensing.inventory.limits import limit

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.sensing.inventory.read_plots import PlotSurvey

__all__ = ["link_visits"]

DAYS_PER_YEAR = 365.2425


def link_visits(*surveys: PlotSurvey) -> Inventory:
    """Surveys in order of time as one inventory.

    Every later visit gets ``prev_plot_id`` and ``interval_yr``, every tree tallied by number ``prev_tree_id``.

    Raises
    ------
    RefusedInput
        If a plot is visited before its earlier visit, or changed its area; if a tree changed its species, rose from
        the dead, shrank beyond reading error or grew beyond belief.
    """
    import pandas as pd

    faults: list[Fault] = []
    plots, trees = [], []
    for place, survey in enumerate(surveys):
        mine, rows = survey.inventory.plots.copy(), survey.inventory.trees.copy()
        mine["prev_plot_id"], mine["interval_yr"], rows["prev_tree_id"] = "", float("nan"), ""
        if place:
            before = surveys[place - 1]
            pairs = _pairs(before.inventory.plots, mine)
            faults += _plot_faults(pairs, survey.file)
            same = _same_trees(before.inventory, survey.inventory, pairs)
            faults += _tree_faults(same, survey.file)
            pairs = pairs.set_index("plot_id")
            mine["prev_plot_id"] = mine["plot_id"].map(pairs["prev_plot_id"]).fillna("")
            mine["interval_yr"] = mine["plot_id"].map(pairs["interval_yr"])
            known = set(zip(same["plot_id"], same["tree_id"], strict=True))
            keys = zip(rows["plot_id"], rows["tree_id"], strict=True)
            rows["prev_tree_id"] = [key[1] if key in known else "" for key in keys]
        plots.append(mine)
        trees.append(rows)
    if faults:
        raise RefusedInput(faults)
    observations = tuple(entry for survey in surveys for entry in survey.inventory.observations)
    return Inventory(pd.concat(plots, ignore_index=True), pd.concat(trees, ignore_index=True), observations)


def _pairs(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Visits of one place in both surveys."""
    columns = ["location_id", "plot_id", "visited", "plot_area_m2"]
    pairs = after[columns].merge(before[columns], on="location_id", suffixes=("", "_before"))
    years = (pairs["visited"] - pairs["visited_before"]).dt.days / DAYS_PER_YEAR
    return pairs.assign(interval_yr=years).rename(columns={"plot_id_before": "prev_plot_id"})


def _plot_faults(pairs: pd.DataFrame, file: str) -> list[Fault]:
    faults = []
    for _, pair in pairs.iterrows():
        facts = {"before": f"{pair['plot_area_m2_before']:.1f}", "now": f"{pair['plot_area_m2']:.1f}"}
        change = abs(pair["plot_area_m2"] - pair["plot_area_m2_before"])
        if pair["interval_yr"] <= 0:
            faults.append(Fault("visits.order", file, column="visited", value=pair["location_id"]))
        if change > limit("plot_area_tolerance_share") * pair["plot_area_m2_before"]:
            faults.append(Fault("visits.area", file, column="plot_area_m2", value=pair["location_id"], facts=facts))
    return faults


def _same_trees(before: Inventory, after: Inventory, pairs: pd.DataFrame) -> pd.DataFrame:
    """Trees tallied one by one under the same number at both visits of a plot."""
    columns = ["plot_id", "tree_id", "species", "dbh_cm", "status"]
    single = ~before.trees["tree_id"].str.match(r"(class|sapling)-\d+$")
    now = after.trees.loc[~after.trees["tree_id"].str.match(r"(class|sapling)-\d+$"), columns]
    then = before.trees.loc[single, columns].rename(columns={"plot_id": "prev_plot_id"})
    now = now.merge(pairs[["plot_id", "prev_plot_id", "interval_yr", "location_id"]], on="plot_id")
    return now.merge(then, on=["prev_plot_id", "tree_id"], suffixes=("", "_before"))


def _tree_faults(same: pd.DataFrame, file: str) -> list[Fault]:
    from tanhui.kernel.species import resolve

    live = (same["status"] == "live") & (same["status_before"] == "live")
    growth = same["dbh_cm"] - same["dbh_cm_before"]
    other = [resolve(a) != resolve(b) for a, b in zip(same["species"], same["species_before"], strict=True)]
    checks = {
        "visits.species": (other, "species"),
        "visits.risen": ((same["status"] == "live") & same["status_before"].isin(["dead", "cut"]), "status"),
        "visits.shrunk": (live & (growth < -limit("dbh_shrink_max_cm")), "dbh_cm"),
        "visits.grown": (live & (growth > limit("dbh_growth_max_cm_yr") * same["interval_yr"]), "dbh_cm"),
    }
    return [
        Fault(
            code,
            file,
            column=column,
            value=f"{tree['location_id']}/{tree['tree_id']}",
            facts={"before": str(tree[f"{column}_before"]), "now": str(tree[column])},
        )
        for code, (wrong, column) in checks.items()
        for _, tree in same[wrong].iterrows()
    ]
