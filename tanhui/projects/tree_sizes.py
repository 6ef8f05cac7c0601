"""Sizes that a tree table lacks: wood density from the taxon, height from the trees of the table that have one.

What is filled in costs variance. A density from a table of taxa is one draw for all trees of the species; a height from
a model carries the model's error of a single tree. Both are flagged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.kernel.species import Species, resolve_all
from tanhui.kernel.wording import Lang, say
from tanhui.projects.tree_table import FAULTS_LISTED, TreeTable
from tanhui.sinks.forest.model import Equation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fill_density", "fill_sizes", "taxa"]

DENSITY, DENSITY_SD = "wood_density_g_cm3", "wood_density_sd_g_cm3"
HEIGHT, HEIGHT_SD = "height_m", "height_sd_m"


def taxa(table: TreeTable) -> list[Species]:
    """The taxon of each name of the table, in the order of ``species_names``; unknown names are refused together."""
    found, faults = resolve_all(table.species_names, file=table.file)
    if faults and table.species is not None:
        rows = {n: int(table.row[table.species == k][0]) for k, n in enumerate(table.species_names)}
        raise RefusedInput([replace(f, row=rows.get(f.value, f.row)) for f in faults])
    return [taxon for taxon in found if taxon is not None]


def fill_sizes(table: TreeTable, item: Equation, region: str, lang: Lang) -> None:
    """Fill what the equation needs and the table can give; refuse every tree that stays without."""
    if item.needs_density and table.species is not None and _missing(table, DENSITY).any():
        fill_density(table, region, lang)
    if item.needs_height and _missing(table, HEIGHT).any():
        _fill_height(table, lang)
    faults: list[Fault] = []
    for column, needed in ((HEIGHT, item.needs_height), (DENSITY, item.needs_density)):
        rows = table.row[_missing(table, column) & needed]
        facts = {"equation": item.id, "count": len(rows)}
        if len(rows) and len(rows) == len(table):
            faults.append(Fault("trees.size_missing", table.file, "", None, column, facts=facts))
        else:
            listed = rows[:FAULTS_LISTED]
            faults += [Fault("trees.size_missing", table.file, "", int(r), column, facts=facts) for r in listed]
    if faults:
        raise RefusedInput(faults)


def fill_density(table: TreeTable, region: str, lang: Lang) -> None:
    """Give trees without a density that of their taxon, shared by the trees of the species; measured ones stay."""
    from tanhui.sinks.forest.density import wood_density

    assert table.species is not None
    missing = _missing(table, DENSITY)
    value = table.numbers.get(DENSITY, np.full(len(table), np.nan)).copy()
    sd = np.nan_to_num(table.numbers.get(DENSITY_SD, np.zeros(len(table))))
    for code, taxon in enumerate(taxa(table)):
        mine = missing & (table.species == code)
        if not mine.any():
            continue
        try:
            found = wood_density(taxon, region.split("/", 1)[0])
        except DomainError:
            continue  # the tree stays without and is refused by its row
        value[mine], sd[mine] = found.value, found.sd
    table.numbers |= {DENSITY: value, DENSITY_SD: sd}
    filled = missing & np.isfinite(value)
    table.density_class = np.where(filled, table.species, -1)
    if filled.any():
        table.notes.append(say("flag.trees.density_of_taxon", lang, count=int(filled.sum())))


def _fill_height(table: TreeTable, lang: Lang) -> None:
    """Heights by the best of four forms fitted to the trees that have one; nothing where too few have."""
    from tanhui.sinks.forest.height import compare_height_models, impute_heights

    dbh, height = table.numbers["dbh_cm"], table.numbers.get(HEIGHT)
    if height is None:
        return
    try:
        model = compare_height_models(dbh, height).models[0]
    except DomainError:
        return
    measured_sd = np.nan_to_num(table.numbers.get(HEIGHT_SD, np.zeros(len(table))))
    found = impute_heights(dbh, height, model, measured_sd_m=measured_sd)
    table.numbers |= {HEIGHT: np.where(found.height_m > 0, found.height_m, np.nan), HEIGHT_SD: found.sd_m}
    table.notes.append(say("flag.trees.height_imputed", lang, count=int(found.imputed.sum()), model=model.form))


def _missing(table: TreeTable, column: str) -> NDArray[np.bool_]:
    values = table.numbers.get(column)
    return np.ones(len(table), bool) if values is None else ~np.isfinite(values)
