"""Growth curves that somebody published, and the slots for which nobody in reach has: ``data/forest_stand``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import say
from tanhui.sinks.forest.growth import SHAPES, GrowthCurve

if TYPE_CHECKING:
    pass
__all__ = ["growth_gaps", "growth_table", "published_curve"]


@cache
def growth_table() -> tuple[Mapping[str, str], ...]:
    """Every row of ``data/forest_stand/growth_curves.csv`` as text: curves, points, class means and gaps."""
    with data_path("forest_stand", "growth_curves.csv").open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


def growth_gaps() -> tuple[Mapping[str, str], ...]:
    """Species looked for without finding a curve, and curves in quarantine: what a user has to bring along."""
    return tuple(row for row in growth_table() if row["entry"] == "gap" or row["quarantine"])


def published_curve(id: str) -> GrowthCurve:
    """A published curve by its id. A curve in quarantine and a gap are refused; there is no default to fall back on."""
    rows = {row["id"]: row for row in growth_table() if row["entry"] in ("curve", "gap")}
    known = [name for name, row in rows.items() if row["entry"] == "curve" and not row["quarantine"]]
    if id not in rows:
        raise DomainError("growth.unknown_curve", id=id, known=", ".join(known))
    row = rows[id]
    if row["entry"] == "gap":
        raise DomainError("growth.gap", species=f"{row['species_zh']} ({row['species_latin']})")
    if row["quarantine"]:
        raise DomainError("growth.quarantined", id=id, why=say(f"growth.quarantine.{row['quarantine']}"))
    form: Any = row["form"]
    return GrowthCurve(
        id,
        form,
        tuple(float(row[f"p{i}"]) for i in range(1, SHAPES[form].size + 1)),
        row["unit"],
        gross=row["quantity"] == "gross_stem_growth",
        age_min_yr=float(row["age_min_yr"] or 0),
        age_max_yr=float(row["age_max_yr"] or np.inf),
        n=int(row["n"]) if row["n"] else None,
        species=row["species_latin"],
        region=row["region"],
        reference=row["reference"],
        place=row["place"],
        status=Status.parse(row["status"]),
        note=row["note"],
    )
