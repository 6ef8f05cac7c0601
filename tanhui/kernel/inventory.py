"""Field inventory: plots and trees in SI units, whatever form or agency they came from.

The columns are described in ``data/inventory/plots.toml`` and ``data/inventory/trees.toml``; readers in
``sensing/inventory`` fill them, ``sinks/forest`` turns trees into biomass, ``mrv/sampling`` turns plots into totals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tanhui.kernel.nouns import Observation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Design", "Inventory"]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Plot visits and the trees tallied on them.

    ``plots`` has one row per visit, ``trees`` one per tree (or per tally class: ``count`` trees alike). Both are keyed
    by ``plot_id``, which names the visit; ``location_id`` names the place and ``prev_plot_id`` the visit before.
    """

    plots: pd.DataFrame
    trees: pd.DataFrame
    observations: tuple[Observation, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Design:
    """How plots stand for an area: strata with their areas, and which plot visit lies in which stratum.

    ``strata``: one row per stratum with ``unit`` (estimation unit), ``stratum``, ``area_ha`` and any adjustment
    factors. ``assignment``: ``plot_id``, ``unit``, ``stratum``; every plot of the sample, those without forest too.
    """

    name: str
    year: int
    strata: pd.DataFrame
    assignment: pd.DataFrame
    options: dict[str, object] = field(default_factory=dict)
