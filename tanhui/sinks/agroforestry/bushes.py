"""Bushes of coffee, tea and enset, weighed by their equations.

Coffee is weighed by two equations, and the choice between them is an error that all bushes share. Tea has no equation
but the user's: a D^b with the residual s of ln mass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.sinks.agroforestry.plants import (
    agb_coffee_libano,
    agb_coffee_segura2006,
    enset_negash2013,
    one_stem_cm,
)
from tanhui.sinks.agroforestry.plots import KG_PER_T, PerHectare, per_hectare
from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Bushes", "merged_stems", "weigh_bushes"]

CHOICE = "equation_choice"
Rows = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True)
class Bushes:
    """Dry mass per hectare of woody bushes and of enset, bushes per hectare, and what to be careful about."""

    woody_t_ha: PerHectare
    enset_t_ha: PerHectare
    number_ha: PerHectare
    notes: tuple[str, ...] = ()


def merged_stems(rows: Rows) -> dict[str, NDArray[Any]]:
    """Stems that carry the same plot and bush become one stem of the same basal area and the largest height."""
    names = [
        (plot, bush) if bush else (plot, bush, place)
        for place, (plot, bush) in enumerate(zip(rows["plot"], rows["bush"], strict=True))
    ]
    together: dict[tuple[Any, ...], list[int]] = {}
    for place, name in enumerate(names):
        together.setdefault(name, []).append(place)
    if len(together) == len(names):
        return dict(rows)
    first = [places[0] for places in together.values()]
    merged = {column: values[first].copy() for column, values in rows.items()}
    for at, places in enumerate(together.values()):
        if len(places) > 1:
            merged["d_cm"][at] = one_stem_cm(rows["d_cm"][places])
            merged["height_m"][at] = rows["height_m"][places].max()
    return merged


def weigh_bushes(rows: Rows, coffee_equation: str, factors: Factors) -> Bushes:
    """Dry mass above ground of all bushes, per hectare."""
    rows = merged_stems(rows)
    count = np.where(np.isnan(rows["count"]), 1.0, rows["count"])
    weighed = ~np.isnan(rows["mass_kg"])
    known = np.where(weighed, rows["mass_kg"], 0.0)
    coffee, tea, enset = ((rows["crop"] == crop) & ~weighed & (count > 0) for crop in ("coffee", "tea", "enset"))
    first, second = _coffee(rows, coffee, coffee_equation, factors)
    brewed, variance = _tea(rows, tea, factors)
    scale = count / KG_PER_T
    woody = rows["crop"] != "enset"
    mass = np.where(woody, known, 0.0) + (first + second) / 2 + brewed
    found = per_hectare(rows, mass * scale, variance * scale * scale / np.maximum(count, 1))
    # The two equations answer for all bushes at once, so their difference does not shrink with the number of bushes.
    gap = abs(per_hectare(rows, (first - second) * scale).value) / 2
    return Bushes(
        PerHectare(found.value, {**found.own_se, CHOICE: gap} if gap > 0 else found.own_se),
        per_hectare(rows, (np.where(woody, 0.0, known) + _enset(rows, enset, factors)) * scale),
        per_hectare(rows, np.where(woody, count, 0.0)),
        tuple(_notes((first + second)[coffee] / 2, count[coffee], coffee_equation, factors)),
    )


def _coffee(rows: Rows, which: NDArray[np.bool_], equation: str, factors: Factors) -> tuple[Array, Array]:
    """Mass by the two equations, or twice by the one that was chosen; seedlings by the first only. [kg]"""
    masses = np.zeros((2, len(which)))
    if not which.any():
        return masses[0], masses[1]
    d, h = rows["d_cm"][which], rows["height_m"][which]
    libano = agb_coffee_libano(d)
    if equation == "libano":
        first = second = np.nan_to_num(libano)
    else:
        first = agb_coffee_segura2006(d, h)
        second = first if equation == "segura" else np.where(np.isnan(libano), first, libano)
    masses[:, which] = np.stack([first, second]) * factors("equation", "coffee")
    return masses[0], masses[1]


def _tea(rows: Rows, which: NDArray[np.bool_], factors: Factors) -> tuple[Array, Array]:
    """Mean mass of tea by the user's equation, and its variance from bush to bush. [kg], [kg2]"""
    mass, variance = np.zeros(len(which)), np.zeros(len(which))
    if which.any():
        s = factors("tea_s") if factors.has("tea_s") else 0.0
        mass[which] = factors("tea_a") * rows["d_cm"][which] ** factors("tea_b") * math.exp(s * s / 2)
        variance[which] = mass[which] ** 2 * math.expm1(s * s)
    return mass, variance


def _enset(rows: Rows, which: NDArray[np.bool_], factors: Factors) -> Array:
    mass = np.zeros(len(which))
    if which.any():
        plants = enset_negash2013(rows["d_cm"][which], rows["height_m"][which])
        mass[which] = factors("equation", "enset") * plants
    return mass


def _notes(coffee_kg: Array, count: Array, equation: str, factors: Factors) -> list[str]:
    notes = []
    if len(coffee_kg) and (heavy := int(count[coffee_kg > factors("harvested_most_kg", "coffee")].sum())):
        notes.append(f"note.agroforestry.heavy_coffee:{heavy}")
    if equation == "libano" and (thin := int(count[coffee_kg == 0].sum())):
        notes.append(f"note.agroforestry.seedlings:{thin}")
    return notes
