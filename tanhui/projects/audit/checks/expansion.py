"""From plot to hectare: how many trees a tree stands for, against the plot's own area."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tanhui.kernel.units import M2_PER_HA
from tanhui.projects.audit.case import Case
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion

__all__ = ["check"]


def check(case: Case) -> Iterator[Suspicion]:
    """Trees per hectare times area is one tree, on plots of a fixed area."""
    area = case.plots["plot_area_m2"].to_numpy(float)[np.maximum(case.tree_plot, 0)]
    count = case.trees["count"].to_numpy(float) if "count" in case.trees else np.ones(len(area))
    wanted = count * M2_PER_HA / area
    said = case.trees["trees_per_ha"].to_numpy(float)
    with np.errstate(invalid="ignore"):
        counted = (case.tree_plot >= 0) & np.isfinite(wanted) & (said > 0)  # what is not live stands for nothing
        off = counted & (np.abs(said / wanted - 1) > audit_limit("recomputed_tolerance"))
    if off.any():
        names = case.plots["location_id"].to_numpy(object)[case.tree_plot[off]]
        size = float((case.tree_tonnes[off] * (1 - wanted[off] / said[off])).sum())
        facts = {"times": f"{float(np.median(said[off] / wanted[off])):.3f}"}
        yield Suspicion("expansion", tuple(sorted(set(names))), size, None, facts)
