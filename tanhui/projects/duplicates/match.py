"""Sites against sites: outlines by their ground, entries of lists by what they say, rights by number and term. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from tanhui.kernel.time import Period
from tanhui.projects.duplicates.model import Certainty, Kind, Pair, Site, limit
from tanhui.projects.duplicates.names import alike, place_stems, plain, same_code
from tanhui.projects.land.limits import land_limit
from tanhui.projects.land.overlap import narrow, shared_land
from tanhui.projects.tenure.model import Right, same_name
from tanhui.sensing.inventory.limits import limit as inventory_limit

__all__ = ["land_pairs", "name_pairs", "tenure_pairs"]

Reason = tuple[str, Mapping[str, str]]


def land_pairs(ours: Sequence[Site], others: Sequence[Site]) -> list[Pair]:
    """Every two outlines of different projects that share ground.

    An overlap that is nowhere wider than what digitising explains is a ``border``, as in ``projects.land``; one of
    outlines that are claimed for known days and share none is a ``succession``. Neither is a conflict.
    """
    import shapely

    mine = [site for site in ours if site.wkb is not None]
    theirs = [site for site in others if site.wkb is not None]
    if not mine or not theirs:
        return []
    a, b = (shapely.from_wkb(np.array([site.wkb for site in sites], object)) for sites in (mine, theirs))
    # One row per box of theirs that meets a box of ours; the exact overlay comes last.
    right, left = shapely.STRtree(a).query(b)
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    keep = np.array([not same_project(mine[i], theirs[j]) for i, j in zip(left, right, strict=True)], bool)
    left, right = left[keep], right[keep]
    shared, area = shared_land(a[left], b[right])
    noted = np.flatnonzero(area > inventory_limit("overlap_floor_m2"))
    slivers = narrow(shared[noted], land_limit("overlap_width_m")) | (area[noted] < inventory_limit("sliver_area_m2"))
    return [
        land_pair(mine[left[at]], theirs[right[at]], float(area[at]), shapely.to_wkb(shared[at]), bool(sliver))
        for at, sliver in zip(noted, slivers, strict=True)
    ]


def same_project(one: Site, other: Site) -> bool:
    """Whether two sites are one project's in one source."""
    return (one.source, one.project) == (other.source, other.project)


def land_pair(one: Site, other: Site, area_m2: float, shared: bytes, sliver: bool) -> Pair:
    """Two outlines that share ground, judged by its width and by their days."""
    common, apart = common_days(one, other)
    reasons: list[Reason] = [("sliver", {}) if sliver else ("ground", {})]
    if apart:
        reasons.append(("apart", {"one": "–".join(days(one)), "other": "–".join(days(other))}))
    elif common is None:
        reasons.append(("days_unknown", {}))
    kind: Kind = "border" if sliver else "succession" if apart else "land"
    return Pair(kind, "certain", one, other, area_m2, common, tuple(reasons), shared)


def common_days(one: Site, other: Site) -> tuple[Period | None, bool]:
    """The days both are claimed for, and whether both are known and share none."""
    if one.period is None or other.period is None:
        return None, False
    common = one.period.overlap(other.period)
    return common, common is None


def days(site: Site) -> list[str]:
    """First and last day of a site."""
    return site.period.to_list() if site.period else []


def name_pairs(ours: Iterable[Site], others: Iterable[Site]) -> list[Pair]:
    """Projects that a list without outlines may mean: names, place, methodology, owner, days and tonnes weighed.

    One entry per project on our side. Two different provinces or counties are two projects, whatever they are called.
    """
    projects = {(site.source, site.project): site for site in ours}
    found = []
    for one in projects.values():
        for other in others:
            if other.wkb is None and not same_project(one, other):
                points, reasons = likeness(one, other)
                if points >= limit("points_min"):
                    mark = replace(one, id="", wkb=None, row=None)
                    found.append(
                        (points, Pair("names", "possible", mark, other, 0.0, common_days(one, other)[0], reasons))
                    )
    return [pair for _, pair in sorted(found, key=lambda item: -item[0])]


def likeness(one: Site, other: Site) -> tuple[int, tuple[Reason, ...]]:
    """How much speaks for two entries being one project, in points, and what; 0 where something speaks against it."""
    here, there = place_stems(one.place), place_stems(other.place)
    if here and there and not (here <= there or there <= here):
        return 0, ()
    found: list[tuple[int, Reason]] = []
    near = max(alike(a, b) for a in (one.name, one.also) for b in (other.name, other.also)) if other.name else 0.0
    facts = {"share": f"{near:.0%}", "one": one.name, "other": other.name}
    if near >= limit("name_same_min"):
        found.append((2, ("name_same", facts)))
    elif near >= limit("name_near_min"):
        found.append((1, ("name_near", facts)))
    owner = bool(one.owner and other.owner and same_name(one.owner, other.owner))
    if owner:
        found.append((2, ("owner", {"owner": one.owner})))
    if not found:
        return 0, ()
    place = (here & there) | {s for s in here if s in plain(other.name)} | {s for s in there if s in plain(one.name)}
    if place:
        found.append((1, ("place", {"place": "、".join(sorted(place))})))
    if same_code(one.methodology, other.methodology):
        found.append((1, ("methodology", {"methodology": other.methodology})))
    if one.expected_t and other.expected_t:
        apart = abs(one.expected_t - other.expected_t) / max(one.expected_t, other.expected_t)
        if apart <= limit("tonnes_near_share"):
            found.append((1, ("tonnes", {"one": f"{one.expected_t:,.0f}", "other": f"{other.expected_t:,.0f}"})))
    common, apart_days = common_days(one, other)
    if common is not None:
        found.append((1, ("days", {"first": common.to_list()[0], "last": common.to_list()[1]})))
    elif apart_days:
        found.append((-1, ("apart", {"one": "–".join(days(one)), "other": "–".join(days(other))})))
    return sum(points for points, _ in found), tuple(reason for _, reason in found)


def tenure_pairs(tables: Mapping[str, Sequence[Right]]) -> list[Pair]:
    """Rights that two claims rest on: one certificate twice, one parcel in two contracts at a time.

    A certificate may list several parcels of one holder, so within one table it counts where two holders have it; in
    two tables it counts always, and is certain where it is for the same parcel.

    Parameters
    ----------
    tables : mapping of str to sequence of Right
        The rights of each tenure table.
    """
    rows = [(source, right) for source, rights in tables.items() for right in rights]
    found: list[Pair] = []
    for number, same in grouped(rows, lambda right: plain(right.certificate_number)).items():
        for (a, one), (b, other) in combinations(same, 2) if number else ():
            same_parcel, same_holder = (
                one.parcel == other.parcel,
                same_name(one.certificate_holder, other.certificate_holder),
            )
            if a == b and same_holder:
                continue
            facts = {"number": one.certificate_number, "one": one.certificate_holder, "other": other.certificate_holder}
            reasons: list[Reason] = [("certificate", facts)]
            reasons += [] if same_holder else [("holders", facts)]
            sure: Certainty = "certain" if same_parcel or not same_holder else "possible"
            found.append(right_pair("certificate", sure, (a, one), (b, other), reasons))
    for same in grouped(rows, lambda right: plain(right.parcel)).values():
        for (a, one), (b, other) in combinations(same, 2):
            common = one.term.overlap(other.term)
            if common is None or (a != b and not one_parcel(one, other)):
                continue
            facts = {"one": one.contract_number, "other": other.contract_number, "parcel": one.parcel}
            found.append(right_pair("contract", "certain", (a, one), (b, other), [("contract", facts)]))
    return found


def one_parcel(one: Right, other: Right) -> bool:
    """Whether a parcel number of two tables is one parcel: numbers are a village's own, so owner or certificate too."""
    certificate = plain(one.certificate_number) == plain(other.certificate_number)
    return certificate or (bool(one.owner.name) and same_name(one.owner.name, other.owner.name))


def grouped(rows: Sequence[tuple[str, Right]], key: Any) -> dict[str, list[tuple[str, Right]]]:
    """Rights by a key, in order."""
    found: dict[str, list[tuple[str, Right]]] = {}
    for source, right in rows:
        found.setdefault(key(right), []).append((source, right))
    return found


def right_pair(
    kind: Kind, certainty: Certainty, one: tuple[str, Right], other: tuple[str, Right], reasons: Sequence[Reason]
) -> Pair:
    """Two rights as a pair of sites."""
    here, there = (
        Site(source, right.contract_number, right.parcel, period=right.term, owner=right.operator.name, row=right.row)
        for source, right in (one, other)
    )
    return Pair(kind, certainty, here, there, common=one[1].term.overlap(other[1].term), reasons=tuple(reasons))
