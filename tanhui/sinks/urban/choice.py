"""Which equation a town tree gets, and whether it was made in a town or in a forest.

The user's own choice comes first; then an equation made from street trees; then the species' or its genus' equation
that the forest room ranks first for the region; then, in China, the general one in diameter and wood density; last a
regional mean of a group. Equations with height are taken only by name: a street tree's height is what pruning left.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.species import Species, UnknownSpecies, genus_of, resolve, species
from tanhui.sinks.forest.density import WoodDensity, wood_density
from tanhui.sinks.forest.equations import equation
from tanhui.sinks.forest.model import Equation
from tanhui.sinks.forest.selection import candidates

__all__ = ["Choice", "choose", "density_of", "is_urban", "taxon_of"]

#: The general equation of China, which asks for a density.
GENERAL = "cn/zeng2018-general"


@dataclass(frozen=True, slots=True)
class Choice:
    """An equation for a species, and the taxon whose mean density it takes; empty where a measured one serves."""

    equation: Equation
    density_of: str = ""


@cache
def taxon_of(name: str) -> Species | None:
    """The taxon of a name, or of the one whose equation serves it; nothing where nobody knows it."""
    if _plain(name) in _served():
        return species()[_served()[_plain(name)]]
    try:
        return resolve(name)
    except UnknownSpecies:
        return None


def choose(taxon: Species | None, region: str, *, measured_density: bool) -> Choice | None:
    """The equation of a species in a region; nothing where none serves.

    Parameters
    ----------
    taxon : Species or None
        Of the trees; None for a name that nobody knows, which only the general equation with a measured density serves.
    region : str
        As the forest room names it: ``cn``, ``cn/shanghai``, ``us``.
    measured_density : bool
        Whether the trees come with a density of their own.
    """
    at_home = region.split("/", 1)[0]
    general = equation(GENERAL) if at_home == "cn" else None
    if taxon is None:
        return Choice(general) if general is not None and measured_density else None
    if taxon.id in _preferred():
        return Choice(equation(_preferred()[taxon.id]))
    found = candidates(taxon, region, "agb", has_height=False, has_density=False)
    genus = genus_of(taxon)
    near = [item for item in found if item.species in {taxon.id, genus.id if genus else taxon.id}]
    if near:
        return Choice(near[0])
    if general is not None and (measured_density or density_of(taxon.id, region) is not None):
        return Choice(general, "" if measured_density else taxon.id)
    return Choice(found[0]) if found else None


@cache
def density_of(taxon: str, region: str) -> WoodDensity | None:
    """The mean density of a taxon, where the table has it, its genus or its family."""
    try:
        return wood_density(species()[taxon], region)
    except DomainError:
        return None


def is_urban(item: Equation) -> bool:
    """Whether an equation was made from trees of towns."""
    return item.id in _origins()


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    with data_path("urban", "equations.csv").open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


@cache
def _origins() -> frozenset[str]:
    return frozenset(row["equation"] for row in _rows())


@cache
def _preferred() -> dict[str, str]:
    return {row["species"]: row["equation"] for row in _rows() if row["species"]}


@cache
def _served() -> dict[str, str]:
    return {_plain(name): row["species"] for row in _rows() for name in row["names"].split("|") if name}


def _plain(name: str) -> str:
    return "".join(name.casefold().split())
