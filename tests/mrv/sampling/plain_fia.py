"""The post-stratified ratio estimator of Bechtold & Patterson (2005, chapter 4) in plain Python, straight from CSV.

Written apart from the package, without arrays or frames, in the agency's units, as an oracle for it.
"""

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

Row = dict[str, str]


class Tables:
    """The tables of a folder as lists of rows."""

    def __init__(self, folder: Path) -> None:
        for name in ("PLOT", "COND", "TREE", "POP_EVAL", "POP_ESTN_UNIT", "POP_STRATUM", "POP_PLOT_STRATUM_ASSGN"):
            with gzip.open(folder / f"{name}.csv.gz", "rt", newline="") as stream:
                setattr(self, name.lower(), list(csv.DictReader(stream)))
        self.land: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.status = {}
        for row in self.cond:
            self.land[row["PLT_CN"]][row["COND_STATUS_CD"]] += float(row["CONDPROP_UNADJ"])
            self.status[row["PLT_CN"], row["CONDID"]] = row["COND_STATUS_CD"]
        self.visit = {row["CN"]: row for row in self.plot}

    def tree_sums(self, value: Callable[[Row], float]) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Per plot: trees per acre times value over live forest trees, on subplots and on microplots."""
        large: dict[str, float] = defaultdict(float)
        small: dict[str, float] = defaultdict(float)
        for tree in self.tree:
            forest = self.status[tree["PLT_CN"], tree["CONDID"]] == "1"
            if tree["STATUSCD"] == "1" and forest and tree["TPA_UNADJ"]:
                side = small if float(tree["DIA"]) < 5 else large
                side[tree["PLT_CN"]] += float(tree["TPA_UNADJ"]) * value(tree)
        return large, small


def estimate(
    tables: Tables, evalid: str, y: Callable[[str, Row], float], x: Callable[[str, Row], float]
) -> dict[str, float]:
    """Totals of y and x [per acre times acres], their ratio, and standard errors in per cent.

    ``y`` and ``x`` take a plot and its stratum row and give the adjusted plot value.
    """
    (evaluation,) = (row["CN"] for row in tables.pop_eval if row["EVALID"] == evalid)
    total_y = total_x = var_y = var_x = cov = 0.0
    plots_y = plots_x = plots = 0
    for unit in (row for row in tables.pop_estn_unit if row["EVAL_CN"] == evaluation):
        strata = [row for row in tables.pop_stratum if row["ESTN_UNIT_CN"] == unit["CN"]]
        area, n = float(unit["AREA_USED"]), sum(int(row["P2POINTCNT"]) for row in strata)
        for stratum in strata:
            weight = float(stratum["P1POINTCNT"]) / float(unit["P1PNTCNT_EU"])
            ids = [row["PLT_CN"] for row in tables.pop_plot_stratum_assgn if row["STRATUM_CN"] == stratum["CN"]]
            n_h = len(ids)
            ys, xs = [y(p, stratum) for p in ids], [x(p, stratum) for p in ids]
            mean_y, mean_x = sum(ys) / n_h, sum(xs) / n_h
            factor = area**2 / n * (weight * n_h + (1 - weight) * n_h / n) / n_h / (n_h - 1)
            total_y += area * weight * mean_y
            total_x += area * weight * mean_x
            var_y += factor * sum((a - mean_y) ** 2 for a in ys)
            var_x += factor * sum((b - mean_x) ** 2 for b in xs)
            cov += factor * sum((a - mean_y) * (b - mean_x) for a, b in zip(ys, xs, strict=True))
            plots += n_h
            plots_y += sum(a > 0 for a in ys)
            plots_x += sum(b > 0 for b in xs)
    ratio = total_y / total_x
    var_ratio = (var_y + ratio**2 * var_x - 2 * ratio * cov) / total_x**2
    return {
        "total": total_y,
        "area": total_x,
        "ratio": ratio,
        "var_ratio": var_ratio,
        "ratio_se": 100 * math.sqrt(var_ratio) / abs(ratio),
        "total_se": 100 * math.sqrt(var_y) / abs(total_y),
        "area_se": 100 * math.sqrt(var_x) / total_x,
        "n": plots,
        "n_y": plots_y,
        "n_x": plots_x,
    }


def stock(tables: Tables, evalid: str, value: Callable[[Row], float]) -> dict[str, float]:
    """A sum over live trees per acre of forest."""
    large, small = tables.tree_sums(value)
    return estimate(
        tables,
        evalid,
        lambda p, h: large.get(p, 0) * float(h["ADJ_FACTOR_SUBP"]) + small.get(p, 0) * float(h["ADJ_FACTOR_MICR"]),
        lambda p, h: tables.land[p]["1"] * float(h["ADJ_FACTOR_SUBP"]),
    )


def forest_change(tables: Tables, evalid: str) -> dict[str, float]:
    """Yearly change of forest area over the forest area of the visit before, both as the land tables print them."""

    def before(plot: str) -> float:
        return tables.land[tables.visit[plot]["PREV_PLT_CN"]]["1"]

    def change(plot: str) -> float:
        return (tables.land[plot]["1"] - before(plot)) / float(tables.visit[plot]["REMPER"])

    return estimate(
        tables,
        evalid,
        lambda p, h: change(p) * float(h["ADJ_FACTOR_SUBP"]),
        lambda p, h: before(p) * float(h["ADJ_FACTOR_SUBP"]),
    )


def carbon_change(tables: Tables, evalid: str) -> dict[str, float]:
    """Yearly change of aboveground live tree carbon [lb] over the land area of the state [acres].

    Leaves out what was not sampled at both visits, mistaken and overlooked trees, as the package says it does.
    """
    by_plot: dict[str, list[Row]] = defaultdict(list)
    for tree in tables.tree:
        by_plot[tree["PLT_CN"]].append(tree)

    def counts(tree: Row) -> bool:
        return (
            tree["STATUSCD"] == "1" and tables.status[tree["PLT_CN"], tree["CONDID"]] == "1" and bool(tree["TPA_UNADJ"])
        )

    def carbon(tree: Row, stratum: Row) -> float:
        factor = "ADJ_FACTOR_MICR" if float(tree["DIA"]) < 5 else "ADJ_FACTOR_SUBP"
        return float(tree["CARBON_AG"]) * float(tree["TPA_UNADJ"]) * float(stratum[factor])

    def change(plot: str, stratum: Row) -> float:
        earlier = tables.visit[plot]["PREV_PLT_CN"]
        later_of = {tree["PREV_TRE_CN"]: tree for tree in by_plot[plot]}
        subplots = {tree["SUBP"] for tree in by_plot[earlier]}
        known = {tree["CN"] for tree in by_plot[earlier]}
        hidden_before = tables.land[earlier]["5"] > 0
        gain = 0.0
        for tree in filter(counts, by_plot[earlier]):
            if later_of[tree["CN"]]["RECONCILECD"] not in ("7", "8", "9"):
                gain -= carbon(tree, stratum)
        for tree in filter(counts, by_plot[plot]):
            new = tree["PREV_TRE_CN"] not in known
            hidden = new and hidden_before and tree["SUBP"] not in subplots
            if not hidden and not (new and tree["RECONCILECD"] == "3"):
                gain += carbon(tree, stratum)
        return gain / float(tables.visit[plot]["REMPER"])

    return estimate(tables, evalid, change, lambda p, h: 1.0)
