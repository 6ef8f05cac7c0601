"""Parcels against their own outlines, each other, their stratum, and what somebody holds a right to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.species import resolve
from tanhui.kernel.units import M2_PER_HA
from tanhui.projects.audit.case import Case
from tanhui.projects.audit.suspicion import Suspicion
from tanhui.sensing.inventory.limits import limit as inventory_limit

__all__ = ["check"]

#: Two outlines that share this much of the smaller one are one parcel twice.
TWICE = 0.95


def check(case: Case) -> Iterator[Suspicion]:
    """Every check of land that the case allows."""
    yield from areas(case)
    yield from strata(case)
    yield from overlaps(case)
    if case.rights is not None:
        yield from rights(case)


def areas(case: Case) -> Iterator[Suspicion]:
    """Credited more than the outline encloses; declared far from what it encloses."""
    table = case.parcels
    credited, measured = table["area_credited_ha"].to_numpy(float), table["area_ha"].to_numpy(float)
    declared = table["area_declared_ha"].to_numpy(float) if "area_declared_ha" in table else credited
    names, strata = table["parcel_id"].to_numpy(object), table["stratum"].to_numpy(object)
    floor = inventory_limit("area_tolerance_floor_ha")
    over = credited > measured + floor
    if over.any():
        more = {s: float((credited - measured)[over & (strata == s)].sum()) for s in set(strata)}
        facts = {"ha": f"{sum(more.values()):,.2f}", "share": f"{100 * sum(more.values()) / credited.sum():.1f}"}
        yield Suspicion("area_credited", tuple(map(str, names[over])), case.of_area(more), None, facts)
    with np.errstate(invalid="ignore"):
        off = (np.abs(declared / measured - 1) > inventory_limit("area_tolerance_share")) & (
            np.abs(declared - measured) > floor
        )
    off &= ~over
    if off.any():
        facts = {"ratio": f"{float(np.median(declared[off] / measured[off])):.3f}"}
        yield Suspicion("area_declared", tuple(map(str, names[off])), 0.0, None, facts)


def strata(case: Case) -> Iterator[Suspicion]:
    """Parcels in a stratum of another species or year, which take its growth."""
    wrong = []
    names = {
        name: taxon(name) for name in {*case.parcels.get("species", ()), *(x.species for x in case.layers.values())}
    }
    columns = (case.parcels.get(name) for name in ("parcel_id", "stratum", "species", "planted_year"))
    rows = [() if column is None else column for column in columns]
    for parcel, stratum, species, year in zip(*rows, strict=False):
        layer = case.layers.get(stratum)
        if layer and (names[species] != names[layer.species] or (year == year and int(year) != layer.planted.year)):
            wrong.append(str(parcel))
    if wrong:
        yield Suspicion("wrong_stratum", tuple(wrong), misplaced_t(case, wrong), None)


def misplaced_t(case: Case, parcels: list[str]) -> float:
    """What parcels give in their stratum less what they would give at the mean of the others. [t CO2e]"""
    mean = case.pairs.groupby("stratum")["change_t_ha"].mean()
    mine = case.parcels[case.parcels["parcel_id"].isin(parcels)]
    difference = {name: value - float(mean.drop(name).mean()) for name, value in mean.items() if len(mean) > 1}
    gain = mine["stratum"].map(difference).fillna(0.0) * mine["area_credited_ha"]
    return float(gain.sum()) * case.claim.share


def taxon(name: str) -> str:
    """What a name means; a name nobody knows is itself."""
    try:
        return resolve(str(name)).id
    except TanhuiError:
        return str(name)


def overlaps(case: Case) -> Iterator[Suspicion]:
    """Land that is in two parcels counts once."""
    if case.outlines is None:
        return
    import shapely

    shapes = np.array(case.outlines, object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    smaller = np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other]))
    names, layer = case.parcels["parcel_id"].to_numpy(object), case.parcels["stratum"].to_numpy(object)
    twice = shared > TWICE * smaller
    part = ~twice & (shared > np.maximum(inventory_limit("overlap_floor_m2"), 1e-3 * smaller))
    for key, rows in (("parcel_twice", twice), ("overlap", part)):
        if rows.any():
            more = {s: float(shared[rows & (layer[one] == s)].sum()) / M2_PER_HA for s in set(layer)}
            pairs = tuple(f"{names[a]} ∩ {names[b]}" for a, b in zip(one[rows], other[rows], strict=True))
            yield Suspicion(key, pairs, case.of_area(more), None, {"ha": f"{sum(more.values()):,.2f}"})


def rights(case: Case) -> Iterator[Suspicion]:
    """Parcels without a right on every day of the claim, without the carbon in it, or larger than it."""
    assert case.rights is not None
    held = case.rights.set_index(case.rights["parcel_id"].astype(str))
    names = case.parcels["parcel_id"].astype(str)
    known = names.isin(held.index).to_numpy()
    first, last = case.claim.period.start, case.claim.period.last_day
    good = held[(held["first_day"] <= first) & (held["last_day"] >= last)]
    covered = names.isin(good.index).to_numpy()
    allowed = names.isin(held[held["authorised"].astype(bool)].index).to_numpy()
    for key, rows in (("no_right", ~known), ("right_ends", known & ~covered), ("not_authorised", known & ~allowed)):
        if rows.any():
            yield Suspicion(key, tuple(names[rows]), case.of_parcels(rows), None)
    certified = names.map(held.groupby(level=0)["certified_ha"].sum()).to_numpy(float)
    credited, layer = case.parcels["area_credited_ha"].to_numpy(float), case.parcels["stratum"].to_numpy(object)
    with np.errstate(invalid="ignore"):
        over = credited > certified * (1 + inventory_limit("area_tolerance_share"))
    if over.any():
        more = {s: float((credited - certified)[over & (layer == s)].sum()) for s in set(layer)}
        facts = {"ha": f"{sum(more.values()):,.2f}"}
        yield Suspicion("beyond_certificate", tuple(names[over]), case.of_area(more), None, facts)
