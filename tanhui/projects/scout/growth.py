"""Which growth curve stands for which species in which region, chosen openly, and the plan they make.

In this order: the person's own curves; published curves of the species from the same region; the IPCC's rate of the
ecological zone, wide and of natural forest; none. A curve is never borrowed from another species or region. Several
curves of one species share its area equally, and how far they lie apart is part of the interval.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.species import Species, resolve, resolve_all
from tanhui.kernel.time import Period
from tanhui.projects import plan as plans
from tanhui.projects.forecast import planting
from tanhui.projects.model import GrowthCurve, Part, Positive, Stratum
from tanhui.projects.scout.judge import choice
from tanhui.projects.scout.model import Judged, Question, Tonnes
from tanhui.sinks.forest.published_curves import growth_table, published_curve

__all__ = ["Choice", "choose", "expected_tonnes", "read_curves", "species_of"]


class OwnCurve(GrowthCurve):
    """A curve of the person's: that of ``project.toml``, and of which species and region it is."""

    species: str
    #: Where it holds; everywhere if empty.
    region: str = ""
    stems_per_ha: Positive | None = None


class OwnCurves(Part):
    """The file of curves."""

    curves: tuple[OwnCurve, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The curves of one species and where they are from: ``own``, ``published``, ``zone`` or ``none``."""

    species: Species
    source: str
    curves: tuple[GrowthCurve, ...]
    facts: Mapping[str, str]


def read_curves(path: Path | None) -> tuple[OwnCurve, ...]:
    """The person's own curves; species nobody knows are refused."""
    if path is None:
        return ()
    from tanhui.projects.scout.files import read_shape

    curves = read_shape(path, OwnCurves).curves
    faults = resolve_all([curve.species for curve in curves], file=path.name, first_row=1)[1]
    if faults:
        raise RefusedInput(faults)
    # Curves of one name are one curve; without names each is its own.
    return tuple(
        curve if curve.id else curve.model_copy(update={"id": f"own/{number}"})
        for number, curve in enumerate(curves, start=1)
    )


def species_of(parcels: Sequence[Judged], question: Question) -> dict[str, Species]:
    """The taxon of every name; a parcel without a species stays without.

    Raises
    ------
    RefusedInput
        If the species asked for is unknown (those of the file the reader has checked).
    """
    names = sorted({parcel.species for parcel in parcels if parcel.species})
    found, faults = resolve_all(names, column="--species")
    if faults:
        raise RefusedInput([Fault(f.code, "", value=f.value, column="--species", facts=f.facts) for f in faults])
    return {name: taxon for name, taxon in zip(names, found, strict=True) if taxon is not None}


def choose(species: Species, question: Question, own: Sequence[OwnCurve]) -> Choice:
    """The curves of a species, by the ladder of the module."""
    mine = [c for c in own if resolve(c.species).id == species.id and c.region in ("", question.region)]
    if mine:
        return Choice(species, "own", tuple(mine), {"references": "; ".join(c.reference for c in mine)})
    published = _published(species, question)
    if published:
        facts = {"references": "; ".join(curve.reference for curve in published), "region": question.region}
        return Choice(species, "published", published, facts)
    zone = _zones().get(question.region)
    if zone is not None and species.cn_group:
        row = _default_rows()[zone]
        return Choice(species, "zone", (_default_curve(row, question),), {"zone": zone, "references": row["reference"]})
    return Choice(species, "none", (), {"region": question.region or "-"})


def _published(species: Species, question: Question) -> tuple[GrowthCurve, ...]:
    """Published curves of the species whose stands stood in the region; quarantined ones stay where they are."""
    place = _region_names().get(question.region)
    rows = [
        row
        for row in growth_table()
        if row["entry"] == "curve"
        and not row["quarantine"]
        and row["species_latin"] == species.latin
        and place
        and place in row["region"]
    ]
    return tuple(_from_published(row["id"], question) for row in rows)


def _from_published(curve_id: str, question: Question) -> GrowthCurve:
    curve = published_curve(curve_id)
    form: Any = curve.form
    unit: Any = curve.unit
    status: Any = curve.status.word
    return GrowthCurve(
        id=curve.id,
        form=form,
        parameters=curve.parameters,
        unit=unit,
        gross=curve.gross,
        relative_se=curve.relative_error or choice("curve_relative_se", question.day).number(),
        age_max_yr=curve.age_max_yr if np.isfinite(curve.age_max_yr) else None,
        reference=curve.reference,
        status=status,
    )


def _default_curve(row: Mapping[str, str], question: Question) -> GrowthCurve:
    status: Any = row["status"]
    return GrowthCurve(
        id=f"zone/{row['zone']}",
        form="richards",
        parameters=tuple(float(row[name]) for name in ("p1", "p2", "p3")),
        unit="t d.m./ha",
        relative_se=choice("default_growth_relative_se", question.day).number(),
        reference=row["reference"],
        status=status,
    )


@cache
def _default_rows() -> dict[str, dict[str, str]]:
    with data_path("projects_scout", "default_growth.csv").open(encoding="utf-8", newline="") as table:
        return {row["zone"]: row for row in csv.DictReader(table)}


@cache
def _zones() -> dict[str, str]:
    with data_path("projects_scout", "zones.csv").open(encoding="utf-8", newline="") as table:
        return {row["region"]: row["zone"] for row in csv.DictReader(table)}


@cache
def _region_names() -> dict[str, str]:
    """English names of provinces, as the table of curves writes where its stands stood."""
    with data_path("forest", "regions.csv").open(encoding="utf-8", newline="") as table:
        return {row["id"]: row["en"] for row in csv.DictReader(table) if row["id"].count("/") == 1}


def expected_tonnes(
    parcels: Sequence[Judged], taxa: Mapping[str, Species], choices: Mapping[str, Choice], period: Period
) -> tuple[Tonnes | None, plans.Plan | None]:
    """The plan of the parcels that may stand, with the spread between curves in its interval; None without a curve."""
    groups: dict[tuple[str, date], float] = {}
    without_ha = 0.0
    for parcel in parcels:
        taxon = taxa.get(parcel.species)
        if taxon is None or not choices[taxon.id].curves or parcel.planted >= period.end:
            without_ha += parcel.area_ha
        else:
            key = (taxon.id, parcel.planted)
            groups[key] = groups.get(key, 0.0) + parcel.area_ha
    if not groups:
        return None, None
    units = [unit for key, area_ha in sorted(groups.items()) for unit in _plantings(key, area_ha, choices[key[0]])]
    plan = plans.make_plan(units, period)
    return _with_spread(plan, groups, choices, without_ha), plan


def _unit_name(key: tuple[str, date], number: int) -> str:
    return f"{key[0]} {key[1].isoformat()} {number}"


def _plantings(key: tuple[str, date], area_ha: float, chosen: Choice) -> list[plans.Planting]:
    """A group as planting units, one per curve, each with its share of the area."""
    return [
        planting(
            Stratum(
                id=_unit_name(key, number),
                species=chosen.species.id,
                planted=key[1],
                growth=curve,
                stems_per_ha=getattr(curve, "stems_per_ha", None),
            ),
            area_ha / len(chosen.curves),
        )
        for number, curve in enumerate(chosen.curves)
    ]


def _with_spread(
    plan: plans.Plan, groups: Mapping[tuple[str, date], float], choices: Mapping[str, Choice], without_ha: float
) -> Tonnes:
    """The total of a plan, its variance raised by that between the curves of each species.

    Curves of one species are taken as draws of the true one, so the variance of what they give (n - 1 below) is added;
    groups of one species move together, species apart from each other.
    """
    total = plan.total
    extra = {"removal": np.zeros(len(total.years)), "cumulative": np.zeros(len(total.years))}
    for species_id in {key[0] for key in groups}:
        count = len(choices[species_id].curves)
        if count < 2:
            continue
        for name in extra:
            values = [
                sum(getattr(plan.series(_unit_name(key, n)), f"{name}_t") for key in groups if key[0] == species_id)
                for n in range(count)
            ]
            extra[name] = extra[name] + np.var(np.array(values) * count, axis=0, ddof=1)
    removal = np.sqrt(total.removal_se_t**2 + extra["removal"])
    cumulative = np.sqrt(total.cumulative_se_t**2 + extra["cumulative"])
    spread = float(extra["cumulative"][-1] / cumulative[-1] ** 2) if cumulative[-1] else 0.0
    shares = {name: share * (1 - spread) for name, share in total.variance_shares.items()}
    if spread:
        shares["curves"] = spread
    per_ha = {
        key: float(sum(plan.series(_unit_name(key, n)).cumulative_t[-1] for n in range(len(choices[key[0]].curves))))
        / area_ha
        for key, area_ha in groups.items()
    }
    return Tonnes(
        years=total.years,
        removal_t=total.removal_t,
        removal_se_t=removal,
        cumulative_t=total.cumulative_t,
        cumulative_se_t=cumulative,
        shares=shares,
        per_ha=per_ha,
        area_ha=sum(groups.values()),
        without_curve_ha=without_ha,
        spread_share=spread,
    )
