"""Shade trees and ancient trees, weighed by what is known of each.

A weighed tree is what it weighs; a scanned one is volume times density. A shade tree within the range of the study over
coffee goes by its pooled equation, a larger one by Chave 2014 with its height; an ancient tree by Zeng 2018. What is
hollow is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.sinks.agroforestry.plants import agb_shade_segura2006
from tanhui.sinks.agroforestry.plots import KG_PER_T, PerHectare, per_hectare
from tanhui.sinks.forest.equations import agb_chave2014, agb_zeng2018, equation
from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Trees", "beyond_the_study", "weigh_trees"]

Rows = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True)
class Trees:
    """Dry mass above ground per hectare: shade trees, heritage trees, and what the latter gain in a year."""

    shade_t_ha: PerHectare
    heritage_t_ha: PerHectare
    heritage_growth_t_ha_yr: PerHectare
    notes: tuple[str, ...] = ()


def weigh_trees(rows: Rows, factors: Factors) -> Trees:
    """Shade and heritage trees apart."""
    count = np.where(np.isnan(rows["count"]), 1.0, rows["count"])
    heritage = rows["heritage"] == "yes"
    solid = 1 - np.nan_to_num(rows["hollow"])
    mass, variance = _masses(rows, rows["dbh_cm"], count > 0, factors)
    scale = count * solid / KG_PER_T
    grown = rows["dbh_cm"] + np.nan_to_num(rows["growth_cm_yr"])
    by_size = heritage & (count > 0) & np.isnan(rows["mass_kg"]) & np.isnan(rows["volume_m3"])
    gain = np.where(by_size, _masses(rows, grown, by_size, factors)[0] - mass, 0.0)
    scatter = variance * scale * solid / KG_PER_T
    notes = (f"note.agroforestry.large_trees:{large}",) if (large := _large(rows, count, factors)) else ()
    return Trees(
        per_hectare(rows, np.where(heritage, 0.0, mass * scale), np.where(heritage, 0.0, scatter)),
        per_hectare(rows, np.where(heritage, mass * scale, 0.0)),
        per_hectare(rows, gain * scale),
        notes,
    )


def beyond_the_study(rows: Rows, factors: Factors) -> NDArray[np.bool_]:
    """Shade trees that the pooled equation makes heavier than any that was felled for it."""
    with np.errstate(invalid="ignore"):
        heavy = agb_shade_segura2006(rows["dbh_cm"]) > factors("harvested_most_kg", "shade tree")
    by_size = np.isnan(rows["mass_kg"]) & np.isnan(rows["volume_m3"]) & (rows["pollarded"] != "yes")
    return np.asarray(heavy & by_size & (rows["heritage"] != "yes"))


def _large(rows: Rows, count: Array, factors: Factors) -> int:
    return int(count[beyond_the_study(rows, factors)].sum())


def _masses(rows: Rows, dbh: Array, there: NDArray[np.bool_], factors: Factors) -> tuple[Array, Array]:
    """Mass of a solid tree of each row and its variance from tree to tree; zero where ``there`` is not. [kg], [kg2]"""
    mass = np.where(there, np.nan_to_num(rows["mass_kg"]), 0.0)
    variance = np.zeros(len(mass))
    open_ = there & np.isnan(rows["mass_kg"])
    density = rows["wood_density_g_cm3"].astype(float)
    large = open_ & beyond_the_study(rows, factors)
    if (scanned := open_ & ~np.isnan(rows["volume_m3"])).any() or large.any():
        if (missing := np.isnan(density) & (scanned | large)).any():
            density = np.where(missing, factors("wood_density", "shade tree"), density)
        # g/cm3 and t/m3 are the same number.
        mass[scanned] = rows["volume_m3"][scanned] * density[scanned] * KG_PER_T
    if large.any():
        chave = agb_chave2014(dbh[large], rows["height_m"][large], density[large])
        mass[large] = factors("equation", "large tree") * chave
        variance[large] = mass[large] ** 2 * np.expm1((equation("chave2014").sigma or 0.0) ** 2)
    old = open_ & (rows["heritage"] == "yes") & ~scanned
    if old.any():
        mass[old] = factors("equation", "large tree") * agb_zeng2018(dbh[old], density[old])
    shade = open_ & ~scanned & ~large & ~old
    if shade.any():
        mass[shade] = factors("equation", "shade tree") * agb_shade_segura2006(dbh[shade])
    return mass, variance
