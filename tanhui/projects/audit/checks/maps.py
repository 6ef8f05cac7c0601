"""Plots and parcels against a map of stock: plots only where it is rich, land without trees, plots unlike their place.

The map is no truth: only its order, and stands that are not there at all, are made use of.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tanhui.projects.audit.case import Case
from tanhui.projects.audit.chances import centred, standing_out
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion
from tanhui.projects.field.chance import normal_upper

__all__ = ["check"]

#: Variance of a uniform number between 0 and 1.
UNIFORM_VARIANCE = 1 / 12


def check(case: Case) -> Iterator[Suspicion]:
    """Every comparison with the map, where there is one."""
    if "map_rank" in case.plots:
        yield from rich_places(case)
        yield from unlike_the_map(case)
    if "map_t_ha" in case.parcels:
        yield from without_trees(case)


def rich_places(case: Case) -> Iterator[Suspicion]:
    """Plots of a random draw are as often in the poorer as in the richer half of their stratum."""
    rank = case.plots["map_rank"].to_numpy(float)[case.pairs["now"]]
    good = np.isfinite(rank)
    if good.sum() < 5:
        return
    z = (rank[good].mean() - 0.5) / np.sqrt(UNIFORM_VARIANCE / good.sum())
    at_plots = case.plots["map_t_ha"].groupby(case.plots["stratum"]).mean()
    parcels = case.parcels.assign(weighted=case.parcels["map_t_ha"] * case.parcels["area_credited_ha"])
    sums = parcels.groupby("stratum")[["weighted", "area_credited_ha"]].sum()
    richer = 1 - (sums["weighted"] / sums["area_credited_ha"]) / at_plots
    area = {str(name): float(x) * case.layers[str(name)].area_ha for name, x in richer.items() if np.isfinite(x)}
    facts = {"rank": f"{100 * rank[good].mean():.0f}", "n": int(good.sum())}
    yield Suspicion("rich_places", (), case.of_area(area), float(normal_upper(z)), facts)


def unlike_the_map(case: Case) -> Iterator[Suspicion]:
    """Plots that say more than the map does where they lie, by more than the others' scatter."""
    rows = case.pairs["now"].to_numpy(int)
    shown, said = case.plots["map_t_ha"].to_numpy(float)[rows], case.stock_t_ha[rows]
    good = np.isfinite(shown) & (shown > 0) & (said > 0)
    names = case.pairs.index[good]
    strata = case.pairs["stratum"].to_numpy(object)[good]
    ratio = centred(np.log(said[good] / shown[good]), strata)
    at, p = standing_out(ratio, strata=len(set(strata)))
    if len(at):
        facts = {"times": f"{float(np.exp(ratio[at].max())):.1f}"}
        yield Suspicion("unlike_the_map", tuple(names[at]), case.of_plots(names[at]), p, facts)


def without_trees(case: Case) -> Iterator[Suspicion]:
    """Credited land on which the map shows no trees: whole parcels by their mean, else the bare part of each."""
    shown = case.parcels["map_t_ha"].to_numpy(float)
    strata = case.parcels["stratum"].to_numpy(object)
    usual = np.array([np.nanmedian(shown[strata == name]) for name in strata])
    gone = shown < audit_limit("bare_level") * usual
    bare = np.nan_to_num(case.parcels["map_bare_share"].to_numpy(float))
    part = ~gone & (bare > audit_limit("bare_share_most"))
    names = case.parcels["parcel_id"].to_numpy(object)
    area = case.parcels["area_credited_ha"].to_numpy(float)
    for key, rows, share in (("felled", gone, np.ones(len(bare))), ("bare_land", part, bare)):
        if rows.any():
            hectares = {name: float((area * share)[rows & (strata == name)].sum()) for name in set(strata)}
            facts = {"ha": f"{sum(hectares.values()):,.1f}"}
            yield Suspicion(key, tuple(map(str, names[rows])), case.of_area(hectares), None, facts)
