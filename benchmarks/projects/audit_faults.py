"""Thirty kinds of fault, each done to a made-up project before it is written down.

``data/projects_audit/seeded_faults.toml`` says how large each is and by which check it should be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import shapely

from benchmarks.projects.audit_cases import PARCEL_SD, PLOT_SD, TREE_ARRAYS, World, made_up
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.time import Period
from tanhui.projects.audit.case import Case, Claimed

__all__ = ["FAULTS", "honest_twin", "kinds", "overstated", "project"]

Size = dict[str, Any]
#: Mercator's scale at the made-up latitude, squared: how much larger it draws an area.
MERCATOR = 1 / np.cos(np.radians(27.0)) ** 2


@cache
def kinds() -> dict[str, Size]:
    """Every kind of fault with its size."""
    return read_toml(data_path("projects_audit", "seeded_faults.toml"))


def project(seed: int, kind: str = "", *, salt: str = "audit-proof-2") -> Case:
    """One project; with a kind of fault, the very same project with that fault in it."""
    fault = partial(FAULTS[kind], size=kinds()[kind]) if kind else None
    return made_up(seed, salt, fault, few_plots=kind == "deduction_dropped")


def honest_twin(seed: int, kind: str, *, salt: str = "audit-proof-2") -> Case:
    """The project that a fault of a kind was seeded into, before it was."""
    return made_up(seed, salt, few_plots=kind == "deduction_dropped")


def overstated(honest: Case, faulty: Case, kind: str) -> float:
    """How much too high the claim is by the fault, as a share of the honest one; by what the claim should have seen."""
    net, size = honest.claim.net_co2e_t, kinds()[kind]
    parcels = faulty.parcels
    if kind == "beyond_certificate":
        over = (parcels["area_credited_ha"] - parcels["certified_ha"]).clip(lower=0.0)
        return faulty.of_area(by_stratum(over, parcels)) / net
    if kind == "felled":
        return faulty.of_parcels((parcels["felled"] < 1).to_numpy()) / net
    if kind == "bare_land":
        bare = (parcels["bare"] - honest.parcels["bare"]) * parcels["area_credited_ha"]
        return faulty.of_area(by_stratum(bare, parcels)) / net
    if kind == "right_ended":
        ended = [day.year < 2030 for day in parcels["right_ends"]]
        return faulty.of_parcels(np.array(ended)) / net
    if kind == "claimed_before":
        return float(size["factor"]) / faulty.claim.period.days
    if kind == "document_net":
        return float(size["factor"]) - 1
    return faulty.claim.net_co2e_t / net - 1


def by_stratum(hectares: pd.Series, parcels: pd.DataFrame) -> dict[str, float]:
    """Areas added up."""
    return {str(name): float(ha) for name, ha in hectares.groupby(parcels["stratum"]).sum().items()}


def ordered(world: World) -> np.ndarray:
    """Plots from the poorest to the richest for their stratum."""
    effect = world.plots["effect"].to_numpy(float) + world.parcels["effect"].to_numpy(float)[world.plots["parcel"]]
    return np.asarray(np.argsort(effect))


def some(world: World, count: int, share: float, least: int = 2) -> np.ndarray:
    """So many of ``count`` things, at random."""
    return np.asarray(world.random.choice(count, max(least, round(share * count)), replace=False))


def crew(world: World) -> np.ndarray:
    """Stems on the plots of one crew."""
    return np.asarray((world.plots["crew"] == "甲").to_numpy()[world.plot])


def watched(world: World) -> np.ndarray:
    """Stems on plots that a second team measures."""
    return np.asarray(world.plots["again"].to_numpy(bool)[world.plot])


# Plots and trees


def copied_plots(world: World, size: Size) -> None:
    """The poorest plots take the sheets of the richest of their stratum."""
    order, layer = ordered(world), world.plots["stratum"].to_numpy(object)
    count = max(2, round(size["share"] * len(order)))
    for poor in order[:count]:
        rich = next(k for k in order[::-1] if layer[k] == layer[poor] and k != poor)
        a, b = np.flatnonzero(world.plot == rich), np.flatnonzero(world.plot == poor)
        n = min(len(a), len(b))
        for name in ("listed", "live", "measured", "read_cm", "read_m"):
            getattr(world, name)[b[:n]] = getattr(world, name)[a[:n]]
        step = size.get("factor", 0.0)
        if step:
            world.read_cm[b[:n]] += step * world.random.choice([-1.0, -0.5, 0.5, 1.0], (n, 2))
        world.plots.loc[poor, "again"] = False


def invented_growth(world: World, size: Size) -> None:
    """On some plots the second diameters are the first and one number, a generous one."""
    grown = world.read_cm[:, 1] - world.read_cm[:, 0]
    for k in some(world, len(world.plots), size["share"]):
        mine = np.flatnonzero(world.plot == k)
        step = np.round(np.mean(grown[mine][world.live[mine, 1]]) * size["factor"], 1)
        world.read_cm[mine, 1] = np.round(world.read_cm[mine, 0], 1) + step
        world.plots.loc[k, "again"] = False


def rounded_up(world: World, size: Size) -> None:
    """A crew rounds up."""
    mine, step = crew(world), size["factor"]
    world.read_cm[mine, 1] = np.ceil(np.round(world.read_cm[mine, 1], 1) / step - 1e-9) * step


def taller(world: World, size: Size) -> None:
    """A crew's heights are too tall, or in feet."""
    world.read_m[crew(world), 1] *= size["factor"]


def dbh_inflated(world: World, size: Size) -> None:
    """Everybody's second diameters are too thick; the second team's are right."""
    world.read_cm[:, 1] *= size["factor"]


def first_visit_low(world: World, size: Size) -> None:
    """Everybody's first diameters are too thin."""
    world.read_cm[:, 0] *= size["factor"]


def crew_inflates(world: World, size: Size) -> None:
    """A crew's second diameters are too thick where nobody comes after it."""
    world.read_cm[crew(world) & ~watched(world), 1] *= size["factor"]


def phantom_trees(world: World, size: Size) -> None:
    """Stems that are not there, drawn from those that are, on the second sheet."""
    there = np.flatnonzero(world.live[:, 1] & world.listed[:, 1])
    extra = world.random.choice(there, round(size["share"] * len(there)), replace=False)
    more = {name: getattr(world, name)[extra].copy() for name in TREE_ARRAYS}
    more["read_cm"] = more["read_cm"] * (1 + 0.05 * world.random.standard_normal(more["read_cm"].shape))
    more["listed"][:, 0] = False
    more["seen"][:] = False
    for name in TREE_ARRAYS:
        setattr(world, name, np.concatenate([getattr(world, name), more[name]]))


def plot_area_small(world: World, size: Size) -> None:
    """Plots are said to be smaller than they are."""
    world.plots["area_m2"] *= size["factor"]


def dead_counted(world: World, size: Size) -> None:
    """The dead of the first visit are alive at the second."""
    dead = ~world.live[:, 0] & world.listed[:, 0]
    world.listed[dead, 1] = True
    world.live[dead, 1] = True


def species_swapped(world: World, size: Size) -> None:
    """Some trees are written down as a species that holds more."""
    now = world.species.copy()
    now[some(world, len(now), size["share"])] = "木荷"
    world.species_now = now


def poor_plots_dropped(world: World, size: Size) -> None:
    """The poorest plots are not found again."""
    order, layer = ordered(world), world.plots["stratum"].to_numpy(object)
    left = {name: int((layer == name).sum()) for name in set(layer)}
    lost: list[int] = []
    for k in order:
        if len(lost) < size["share"] * len(order) and left[layer[k]] > 3:
            lost.append(k)
            left[layer[k]] -= 1
    world.plots["lost"] = np.isin(np.arange(len(order)), lost)


def rich_places(world: World, size: Size) -> None:
    """All plots lie in the best part of their stratum."""
    from scipy import special

    parcel = world.parcels["effect"].to_numpy()[world.plots["parcel"]]
    place = special.ndtri(1 - size["share"] * world.random.random(len(world.plots))) * np.hypot(PLOT_SD, PARCEL_SD)
    lift = place - parcel - world.plots["effect"].to_numpy()
    world.plots["effect"] = place - parcel
    grow(world, np.ones(len(world.plot), bool), np.exp(lift)[world.plot])


def grow(world: World, mine: np.ndarray, factor: np.ndarray) -> None:
    """Stems that really are thicker, with what both teams read of them."""
    for name in ("dbh", "read_cm", "second_cm"):
        getattr(world, name)[mine] *= factor[mine, None]
    for name in ("height", "read_m", "second_m"):
        getattr(world, name)[mine] *= factor[mine, None] ** 0.7
    world.listed |= (world.dbh >= 5.0) & world.live


def plots_outside(world: World, size: Size) -> None:
    """Some plots lie in a better stand next door."""
    chosen = some(world, len(world.plots), size["share"], least=3)
    edge = max(shape.bounds[2] for shape in world.shapes)
    world.plots.loc[chosen, "x"] = edge + world.random.uniform(60, 300, len(chosen))
    grow(world, np.isin(world.plot, chosen), np.full(len(world.plot), size["factor"] ** (1 / 2.5)))


def old_forest(world: World, size: Size) -> None:
    """Some plots hold a stand that is much older than the planting."""
    chosen = some(world, len(world.plots), size["share"])
    mine = np.isin(world.plot, chosen) & (world.random.random(len(world.plot)) < 0.25)
    thick = size["factor"] * np.exp(0.15 * world.random.standard_normal(mine.sum()))
    for name in ("dbh", "read_cm", "second_cm"):
        getattr(world, name)[mine] = thick[:, None] + [0.0, 3.0]
    world.listed[mine] = True
    world.live[mine] = True


def decimal_slip(world: World, size: Size) -> None:
    """A few diameters without their point."""
    there = np.flatnonzero(world.live[:, 1] & world.listed[:, 1] & ~watched(world))
    chosen = world.random.choice(there, max(1, round(size["share"] * len(there))), replace=False)
    world.read_cm[chosen, 1] *= size["factor"]


# Land and papers


def area_projected(world: World, size: Size) -> None:
    """Areas off a Mercator map, declared and credited."""
    world.parcels["area_declared_ha"] = world.parcels["area_ha"] * MERCATOR
    world.credited = lambda table: table["area_declared_ha"].to_numpy()


def beyond_certificate(world: World, size: Size) -> None:
    """Certificates give less than is drawn."""
    chosen = some(world, len(world.parcels), size["share"])
    world.parcels.loc[chosen, "certified_ha"] = world.parcels.loc[chosen, "area_ha"] / size["factor"]


def overlap(world: World, size: Size) -> None:
    """Parcels drawn into those beside them."""
    for k in some(world, len(world.shapes), size["share"]):
        shape = world.shapes[k]
        wide = float(np.sqrt(1 + size["factor"]))
        world.shapes[k] = shapely.affinity.scale(shape, wide, wide)
        area = world.shapes[k].area / 10_000
        world.parcels.loc[k, ["area_ha", "area_declared_ha", "certified_ha"]] = [area, area, area * 1.01]


def felled(world: World, size: Size) -> None:
    """Parcels without a tree, and without a plot."""
    used = set(world.plots["parcel"])
    free = [k for k in range(len(world.parcels)) if k not in used] or list(range(len(world.parcels)))
    count = max(2, round(size["share"] * len(world.parcels)))
    world.parcels.loc[world.random.permutation(free)[:count], "felled"] = size["factor"]


def bare_land(world: World, size: Size) -> None:
    """Parcels with water, fields and roads in them."""
    chosen = some(world, len(world.parcels), size["share"])
    world.parcels.loc[chosen, "bare"] = size["factor"] + 0.05 * world.random.standard_normal(len(chosen))


def wrong_stratum(world: World, size: Size) -> None:
    """Parcels of the poorest stratum booked in the richest."""
    levels = sorted(world.stock_t_ha, key=world.stock_t_ha.__getitem__)
    mine = world.parcels.index[world.parcels["stratum"] == levels[0]].to_numpy()
    used = set(world.plots["parcel"])
    chosen = sorted(mine, key=lambda k: k in used)[: max(2, round(size["share"] * len(world.parcels)))]
    world.parcels.loc[chosen[: len(mine) - 1], "stratum"] = levels[-1]


def right_ended(world: World, size: Size) -> None:
    """Rights that end in the middle of the period."""
    chosen = some(world, len(world.parcels), size["share"])
    world.parcels.loc[chosen, "right_ends"] = pd.Timestamp("2023-12-31").date()


def biomass_as_carbon(world: World, size: Size) -> None:
    """One species' biomass stands where its carbon should."""
    world.carbon_factor = {str(world.strata[0]["species"]): size["factor"]}


def lines_sum(world: World, size: Size) -> None:
    """The deduction for reversal is printed and not taken."""
    world.claim_fault = lambda claim: with_net(claim, claim.lines["net"] - claim.lines["permanence"])


def deduction_dropped(world: World, size: Size) -> None:
    """Too few plots, and no deduction for it."""

    def fault(claim: Claimed) -> Claimed:
        lines = {**claim.lines, "uncertainty_deduction": 0.0, "permanence": -0.1 * claim.lines["gross_removal"]}
        return with_net(replace(claim, lines=lines), 0.9 * claim.lines["gross_removal"])

    world.claim_fault = fault


def with_net(claim: Claimed, net: float) -> Claimed:
    """The claim with another net, its years with it."""
    factor = net / claim.lines["net"]
    years = tuple((year, t * factor, int(n * factor)) for year, t, n in claim.years)
    return replace(claim, lines={**claim.lines, "net": net}, years=years, credits_t=sum(year[2] for year in years))


def claimed_before(world: World, size: Size) -> None:
    """The last claim ended after this one begins."""
    days = int(size["factor"])
    world.claim_fault = lambda claim: replace(
        claim, before=(Period(claim.period.start - timedelta(days=400), claim.period.start + timedelta(days=days)),)
    )


def document_net(world: World, size: Size) -> None:
    """A report prints more than the run gives."""
    world.stated_factor = size["factor"]


FAULTS: dict[str, Callable[..., None]] = {
    "copied_plots": copied_plots,
    "copied_jittered": copied_plots,
    "invented_growth": invented_growth,
    "rounded_up": rounded_up,
    "feet": taller,
    "heights_tall": taller,
    "dbh_inflated": dbh_inflated,
    "crew_inflates": crew_inflates,
    "first_visit_low": first_visit_low,
    "phantom_trees": phantom_trees,
    "plot_area_small": plot_area_small,
    "dead_counted": dead_counted,
    "species_swapped": species_swapped,
    "poor_plots_dropped": poor_plots_dropped,
    "rich_places": rich_places,
    "plots_outside": plots_outside,
    "old_forest": old_forest,
    "decimal_slip": decimal_slip,
    "area_projected": area_projected,
    "beyond_certificate": beyond_certificate,
    "overlap": overlap,
    "felled": felled,
    "bare_land": bare_land,
    "wrong_stratum": wrong_stratum,
    "right_ended": right_ended,
    "biomass_as_carbon": biomass_as_carbon,
    "lines_sum": lines_sum,
    "deduction_dropped": deduction_dropped,
    "claimed_before": claimed_before,
    "document_net": document_net,
}
