"""Wood density of trees by species, genus, family or plot, with the error each level costs.

The way of the R package BIOMASS (Réjou-Méchain et al. 2017): the species' mean where the table has it, else the mean
of its genus, else of its family, else the mean of the plot's other trees; the error is the mean standard deviation
found at that level. A species' error is shared by all its trees, because it is the mean that is uncertain.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Leaf, Parameters, Status, load_parameters, worst
from tanhui.kernel.species import Species, species

__all__ = ["TreeDensity", "WoodDensity", "air_dry_factor", "level_sd", "tree_densities", "wood_density"]

Level = Literal["species", "genus", "family", "plot", "measured"]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WoodDensity:
    """Basic wood density of a taxon: oven-dry mass over green volume. [g/cm³]"""

    value: float
    sd: float
    level: Level
    n: int
    references: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class TreeDensity:
    """Density of each tree, its standard deviation, and where it came from. [g/cm³; shape (n,)]"""

    value: FloatArray
    sd: FloatArray
    level: tuple[Level, ...]


def wood_density(taxon: Species, region: str = "") -> WoodDensity:
    """Density of a taxon at the nearest level the table knows.

    Parameters
    ----------
    taxon : Species
        A species or genus; a group has none.
    region : str
        ``us``, ``cn`` or a part of it: rows of the country come first where a species has several.

    Raises
    ------
    DomainError
        ``forest.no_density``, where neither species, genus nor family is in the table.
    """
    rows = _rows_of({taxon.id}, region)
    if rows:
        return _mean(rows, "species" if taxon.rank == "species" else "genus")
    kin = [other for other in species().values() if other.genus == taxon.genus and taxon.genus]
    if rows := _rows_of({other.id for other in kin if other.rank == "genus"}, region):
        return _mean(rows, "genus")
    if rows := _rows_of({other.id for other in kin if other.rank == "species"}, ""):
        return _mean(rows, "genus")
    family = {other.id for other in species().values() if other.family == taxon.family and taxon.family}
    if rows := _rows_of(family, ""):
        return _mean(rows, "family")
    raise DomainError("forest.no_density", species=taxon.latin)


def tree_densities(
    taxa: Sequence[Species],
    *,
    plot: Sequence[str] | None = None,
    measured_g_cm3: ArrayLike | None = None,
    measured_sd_g_cm3: ArrayLike | None = None,
    region: str = "",
) -> TreeDensity:
    """Density of trees: measured where given, else the taxon's, else the mean of the plot.

    Parameters
    ----------
    taxa : sequence of Species, shape (n,)
        Species of each tree.
    plot : sequence of str, shape (n,), optional
        Plot of each tree; without it a tree whose taxon is unknown takes the mean of all trees.
    measured_g_cm3, measured_sd_g_cm3 : array_like of float, shape (n,), optional
        Measured basic density and its error, NaN where not measured. A measured value without an error gets 0.

    Raises
    ------
    DomainError
        ``forest.no_density`` if a plot has no tree whose density is known; ``forest.not_positive``.
    """
    shape = (len(taxa),)
    value = _filled(measured_g_cm3, shape)
    if (value <= 0).any():
        raise DomainError("forest.not_positive", name="measured_g_cm3")
    sd = np.where(np.isfinite(value), np.nan_to_num(_filled(measured_sd_g_cm3, shape)), np.nan)
    level: list[Level] = ["measured"] * len(taxa)
    known_of: dict[str, WoodDensity | None] = {}
    for i in np.flatnonzero(np.isnan(value)).tolist():
        taxon = taxa[i]
        if taxon.id not in known_of:
            known_of[taxon.id] = _or_none(taxon, region)
        found = known_of[taxon.id]
        level[i] = "plot" if found is None else found.level
        if found is not None:
            value[i], sd[i] = found.value, found.sd
    _fill_from_plots(taxa, np.asarray(plot if plot is not None else [""] * len(taxa), str), level, value, sd)
    return TreeDensity(value, sd, tuple(level))


def _or_none(taxon: Species, region: str) -> WoodDensity | None:
    try:
        return wood_density(taxon, region)
    except DomainError:
        return None


def _fill_from_plots(
    taxa: Sequence[Species], plots: NDArray[np.str_], level: list[Level], value: FloatArray, sd: FloatArray
) -> None:
    """Give trees of unknown taxon the mean of their plot's other trees, in place."""
    unknown = np.array([name == "plot" for name in level], bool)
    for name in np.unique(plots[unknown]):
        here = plots == name
        others = value[here & ~unknown]
        if not others.size:
            raise DomainError("forest.no_density", species=taxa[int(np.argmax(here & unknown))].latin)
        spread = float(others.std(ddof=1)) if others.size > 1 else 0.0
        value[here & unknown] = others.mean()
        # A few trees alike must not look more certain than a family's mean does.
        sd[here & unknown] = max(spread, level_sd("family").number())


def level_sd(level: Literal["species", "genus", "family"]) -> Leaf:
    """Mean standard deviation of wood density within a taxon of this level. [g/cm³]"""
    return next(iter(_parameters()[level].leaves))


def air_dry_factor() -> Leaf:
    """Factor from density at 12 % moisture to basic density. [1]"""
    return next(iter(_parameters()["air_dry_to_basic"].leaves))


@cache
def _parameters() -> Parameters:
    return load_parameters(data_path("forest", "density.toml"), "forest/density")


@cache
def _table() -> tuple[dict[str, str], ...]:
    with data_path("forest", "wood_density.csv").open(encoding="utf-8", newline="") as table:
        rows = tuple(csv.DictReader(table))
    for key in {row["reference"] for row in rows}:
        reference(key)
    return rows


def _rows_of(ids: set[str], region: str) -> list[dict[str, str]]:
    rows = [row for row in _table() if row["species"] in ids]
    here = [row for row in rows if row["region"] == region.split("/", 1)[0]]
    return here or rows


def _mean(rows: list[dict[str, str]], level: Literal["species", "genus", "family"]) -> WoodDensity:
    """The mean of the rows; the source's own error where one row has it, the level's otherwise."""
    values = [float(row["wood_density_g_cm3"]) for row in rows]
    error = level_sd(level)
    own = float(rows[0]["sd_g_cm3"]) if len(rows) == 1 and rows[0]["sd_g_cm3"] else None
    return WoodDensity(
        value=float(np.mean(values)),
        sd=error.number() if own is None else own,
        level=level,
        n=len(rows),
        references=tuple(sorted({row["reference"] for row in rows})),
        status=worst([*(Status.parse(row["status"]) for row in rows), *([error.status] if own is None else [])]),
    )


def _filled(values: ArrayLike | None, shape: tuple[int, ...]) -> FloatArray:
    if values is None:
        return np.full(shape, np.nan)
    return np.array(np.broadcast_to(np.asarray(values, float), shape))
