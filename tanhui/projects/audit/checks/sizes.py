"""Sizes that cannot be what they say: feet for metres, girth for diameter, lost points, trees beyond their equation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tanhui.projects.audit.case import Case
from tanhui.projects.audit.chances import P_SHOWN, centred, standing_out, student
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion
from tanhui.sensing.inventory.limits import limit as inventory_limit

__all__ = ["check"]

CM_PER_M = 100
#: Fewest plots with heights of a visit that are compared.
PLOTS_LEAST = 8


def check(case: Case) -> Iterator[Suspicion]:
    """Every check of sizes."""
    yield from slender(case)
    yield from stray_trees(case)
    yield from outside_range(case)
    yield from recomputed(case)


def slender(case: Case) -> Iterator[Suspicion]:
    """Height over diameter, by visit: beyond what trees are, or unlike the other plots'."""
    visits, strata = case.plots["visit"].to_numpy(int), case.plots["stratum"].to_numpy(object)
    for visit in range(case.last + 1):
        at = np.flatnonzero((visits == visit) & np.isfinite(case.shape))
        if len(at) < PLOTS_LEAST:
            continue
        yield from impossible(case, visit, at)
        own = centred(case.shape[at], strata[at])
        yield from unlike(case, visit, at, own, len(set(strata[at])))
        yield from tall_crews(case, visit, at, own)


def impossible(case: Case, visit: int, at: np.ndarray) -> Iterator[Suspicion]:
    """Plots whose trees are no trees, for their unit is another."""
    ratio = case.trees["height_m"].to_numpy(float) * CM_PER_M / case.trees["dbh_cm"].to_numpy(float)
    good = np.isfinite(ratio) & (case.tree_plot >= 0)
    middle = medians(ratio[good], case.tree_plot[good], len(case.plots))[at]
    wrong = (middle < inventory_limit("slenderness_min")) | (middle > inventory_limit("slenderness_max"))
    if wrong.any():
        names = tuple(case.plots["location_id"].to_numpy(object)[at[wrong]])
        facts = {"ratio": f"{np.median(middle[wrong]):.0f}", "visit": visit + 1}
        yield Suspicion("slender", names, size_of(case, visit, names), None, facts)


def medians(values: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Median of the values of each group, NaN for one without."""
    import pandas as pd

    return pd.Series(values).groupby(groups).median().reindex(range(count)).to_numpy(float)


def unlike(case: Case, visit: int, at: np.ndarray, own: np.ndarray, strata: int) -> Iterator[Suspicion]:
    """Plots whose trees have another shape than those beside them, to either side."""
    p_both, worst = 1.0, np.array([], int)
    for side in (own, -own):
        found, p = standing_out(side, strata=strata)
        worst, p_both = np.concatenate([worst, found]), min(p_both, 2 * p)
    if len(worst):
        names = tuple(case.plots["location_id"].to_numpy(object)[at[worst]])
        facts = {"times": f"{float(np.exp(np.abs(own[worst]).max())):.2f}", "visit": visit + 1}
        yield Suspicion("odd_shape", names, size_of(case, visit, names), p_both, facts)


def tall_crews(case: Case, visit: int, at: np.ndarray, own: np.ndarray) -> Iterator[Suspicion]:
    """A crew whose trees are taller for their diameter than the others'."""
    crews = case.plots["crew"].to_numpy(object)[at]
    known = sorted(set(crews))
    for crew in known if len(known) > 1 else ():
        mine = crews == crew
        p = min(student(own[mine], own[~mine]) * len(known), 1.0)
        if p < P_SHOWN:
            more = float(np.expm1(own[mine].mean() - own[~mine].mean()))
            names = tuple(case.plots["location_id"].to_numpy(object)[at[mine]])
            facts = {"crew": crew or "–", "more": f"{100 * more:.0f}", "visit": visit + 1}
            size = case.of_stock(more / (1 + more) * float(mine.mean()), visit)
            yield Suspicion("odd_crew", names, size, p, facts)


def size_of(case: Case, visit: int, names: tuple[str, ...]) -> float:
    """Tonnes by plots of the last visit; of an earlier one the size is that of their stock then."""
    if visit == case.last:
        return case.of_plots(names)
    mine = case.pairs.index.isin(names) & (case.pairs["then"] >= 0)
    stock = case.stock_t_ha[case.pairs["then"][mine]] * case.pairs["weight_ha"][mine]
    return -float(stock.sum()) * case.claim.share


def stray_trees(case: Case) -> Iterator[Suspicion]:
    """Trees many times as thick as the others of their plot: a decimal point, or a tree of another plot."""
    dbh = case.trees["dbh_cm"].to_numpy(float)
    good = np.flatnonzero(np.isfinite(dbh) & (dbh > 0) & (case.tree_plot >= 0))
    order = good[np.lexsort((dbh[good], case.tree_plot[good]))]
    plot = case.tree_plot[order]
    last = np.append(np.flatnonzero(np.diff(plot)), len(plot) - 1)
    first = np.append(0, last[:-1] + 1)
    middle = np.log(dbh[order[(first + last) // 2]])
    centre = np.full(len(case.plots), np.nan)
    centre[plot[last]] = middle
    over = np.log(dbh[good]) - centre[case.tree_plot[good]]
    wrong = good[over > np.log(audit_limit("stray_tree_times"))]
    if len(wrong):
        places = case.plots["location_id"].to_numpy(object)[case.tree_plot[wrong]]
        names = tuple(f"{place}/{tree}" for place, tree in zip(places, case.trees["tree_id"].iloc[wrong], strict=True))
        facts = {"dbh": f"{dbh[wrong].max():.1f}"}
        yield Suspicion("stray_tree", names, float(case.tree_tonnes[wrong].sum()), None, facts)


def outside_range(case: Case) -> Iterator[Suspicion]:
    """Carbon of trees thicker or thinner than those their equation was made from."""
    if not case.ranges or "equation" not in case.trees:
        return
    names = case.trees["equation"].to_numpy(object)
    low, high = (np.array([case.ranges.get(name, (0.0, np.inf))[side] for name in names]) for side in (0, 1))
    dbh = case.trees["dbh_cm"].to_numpy(float)
    with np.errstate(invalid="ignore"):
        out = (dbh < low) | (dbh > high)
    total = float(case.tree_tonnes.sum())
    share = float(case.tree_tonnes[out].sum()) / total if total else 0.0
    if share > audit_limit("outside_range_share"):
        facts = {"share": f"{100 * share:.0f}", "equations": ", ".join(sorted(set(names[out])))}
        yield Suspicion("outside_range", (), share * case.claim.net_co2e_t, None, facts)


def recomputed(case: Case) -> Iterator[Suspicion]:
    """Carbon of each tree against the same equation worked out here: biomass for carbon, kilograms for grams."""
    if "recomputed_kg" not in case.trees:
        return
    said, ours = case.trees["tree_kg"].to_numpy(float), case.trees["recomputed_kg"].to_numpy(float)
    good = np.isfinite(said) & np.isfinite(ours) & (ours > 0)
    with np.errstate(invalid="ignore"):
        off = good & (np.abs(said - ours) > audit_limit("recomputed_tolerance") * ours)
    if off.any():
        factor = np.divide(ours, said, out=np.zeros_like(ours), where=off & (said > 0))
        size = float((case.tree_tonnes[off] * (1 - factor[off])).sum())
        facts = {"trees": int(off.sum()), "times": f"{float(np.median(said[off] / ours[off])):.3f}"}
        yield Suspicion("recomputed", (), size, None, facts)
