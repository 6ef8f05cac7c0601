"""Stems on the plots against stems that were planted: trees that nobody planted, plots smaller than they were."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tanhui.projects.audit.case import Case
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion
from tanhui.projects.field.chance import normal_upper

__all__ = ["check"]


def check(case: Case) -> Iterator[Suspicion]:
    """Live stems of the last visit over planted ones, the record's first, else the plots' own count."""
    planted = planted_per_ha(case)
    live = case.trees["status"].eq("live").to_numpy(bool) & (case.tree_plot >= 0)
    stems = np.bincount(
        case.tree_plot[live], case.trees["trees_per_ha"].to_numpy(float)[live], minlength=len(case.plots)
    )
    rows = case.pairs["now"].to_numpy(int)
    ratio = stems[rows] / planted[rows]
    good = np.isfinite(ratio) & (planted[rows] > 0)
    if good.sum() < 3:
        return
    # Had none of them died since, the mean ratio would be one; plots differ by how rows were set out.
    sd = audit_limit("planting_density_sd") / np.sqrt(good.sum())
    mean = float(ratio[good].mean())
    p = float(normal_upper((mean - 1) / sd))
    facts = {"stems": f"{stems[rows][good].mean():,.0f}", "planted": f"{planted[rows][good].mean():,.0f}"}
    yield Suspicion("too_dense", (), case.of_stock(1 - 1 / mean) if mean > 1 else 0.0, p, facts)


def planted_per_ha(case: Case) -> np.ndarray:
    """What was planted on each row of ``plots``, and lived through its first year where the record says so. [1/ha]"""
    if case.planting is not None and len(case.planting):
        layer = case.parcels.set_index("parcel_id")["stratum"]
        record = case.planting.assign(stratum=case.planting["parcel_id"].map(layer))
        alive = record["survival"].fillna(1.0) if "survival" in record else 1.0
        mean = (record["planted_per_ha"] * alive).groupby(record["stratum"]).mean()
        return case.plots["stratum"].map(mean).to_numpy(float)
    count = case.plots["planted_count"].to_numpy(float) if "planted_count" in case.plots else np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(count * 10_000 / case.plots["plot_area_m2"].to_numpy(float), float)
