"""Reading an inventory: every fault in it, the equation of each species, and the groups the trees fall into."""

from __future__ import annotations

import hashlib
import math
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.forest.equations import equation, equations, mean_biomass_kg, out_of_range
from tanhui.sinks.forest.model import Equation
from tanhui.sinks.forest.selection import region_id
from tanhui.sinks.frame import Given
from tanhui.sinks.urban.checks import Columns, Rows, column_faults, columns_of, input_faults, species_faults
from tanhui.sinks.urban.choice import Choice, choose, density_of, taxon_of
from tanhui.sinks.urban.trees import Group, Inventory, biomass_kg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["inventory"]

KG_PER_T = 1000.0
#: Ages beyond this are one: no factor states a longer time of establishment. [yr]
OLD = 20
#: Where the mass of a tree comes from.
BY_EQUATION, BY_MASS, BY_VOLUME, BY_VOLUME_AND_DENSITY = range(4)

#: The last table that was read: the frame asks for the same one again for each number that it moves.
_last: list[tuple[weakref.ref[Any], tuple[Any, ...], Inventory]] = []


def inventory(given: Given) -> Inventory:
    """The trees of an input, checked and grouped.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    frame, key = given["trees"], (given["region"], given["beyond_range"], given["year"])
    for known, known_key, found in _last:
        if known() is frame and known_key == key:
            return found
    found = _read(given)
    _last[:] = [(weakref.ref(frame), key, found)]
    return found


def _read(given: Given) -> Inventory:
    rows, numbers = given.rows("trees"), given["trees"].index.to_numpy()
    region = region_id(given["region"])
    columns, faults = columns_of(rows, numbers)
    faults += [*input_faults(given), *column_faults(rows, columns, numbers, given["year"])]
    if faults:
        raise RefusedInput(faults)
    if faults := _volume_faults(rows, numbers, region):
        raise RefusedInput(faults)
    choices, choice = _choices(rows, numbers, region)
    library = tuple(dict.fromkeys(item.equation for item in choices))
    equation_of = np.array([library.index(item.equation) for item in choices], np.intp)[choice]
    filled = {name: np.nan_to_num(rows[name], nan=other) for name, other in (("count", 1.0), ("height_m", 1.0))}
    weight, young_weight = _weights(rows, columns, library, equation_of, filled["height_m"], given["beyond_range"])
    outside = np.zeros(len(numbers), bool)
    for number, item in enumerate(library):
        here = equation_of == number
        outside[here] = out_of_range(item, rows["dbh_cm"][here], filled["height_m"][here], 1.0)
    groups, group = _groups(rows, columns, choices, choice, given["year"])
    return Inventory(
        groups=groups,
        group=group,
        count=filled["count"],
        dbh_cm=rows["dbh_cm"].astype(float),
        height_m=filled["height_m"],
        equation=equation_of,
        library=library,
        weight=weight,
        young_weight=young_weight,
        outside=outside & np.isnan(rows["agb_kg"]) & np.isnan(rows["volume_m3"]),
        columns=columns,
        own_rate=_own_rate(rows),
        reading_share=1 / rows["years_between"],
        age=given["year"] - rows["planted_year"],
        curves={text: rows["growth_curve"] == text for text in np.unique(rows["growth_curve"].astype(str)) if text},
        crown_m2=math.pi / 4 * rows["crown_width_m"] ** 2,
        beyond=given["beyond_range"],
        digest=_digest(given["trees"]),
        facts=_facts(rows, columns, library, equation_of),
    )


def _own_rate(rows: Rows) -> Array:
    measured = (rows["dbh_cm"] - rows["dbh_before_cm"]) / rows["years_between"]
    return np.where(np.isnan(rows["growth_cm_yr"]), measured, rows["growth_cm_yr"])


def _choices(rows: Rows, numbers: NDArray[Any], region: str) -> tuple[list[Choice], NDArray[np.intp]]:
    """The equation of each kind of row: one choice for a species as a whole, unless the user named another."""
    import pandas as pd

    names, spelt = pd.factorize(rows["species"])
    named, written = pd.factorize(rows["equation"])
    dense = ~np.isnan(rows["wood_density_g_cm3"])
    code = (names * len(written) + named) * 2 + dense
    kinds, first, choice = np.unique(code, return_index=True, return_inverse=True)
    found, faults = [], []
    for kind, row in zip(kinds.tolist(), first.tolist(), strict=True):
        name, own = str(spelt[kind // 2 // len(written)]), str(written[kind // 2 % len(written)])
        made = _choice(name, own, region, measured_density=bool(kind % 2))
        if made is None:
            faults.append((numbers[row], name))
        else:
            found.append(made)
    if faults:
        raise RefusedInput(species_faults(faults, region))
    return found, choice.astype(np.intp)


def _choice(name: str, own: str, region: str, *, measured_density: bool) -> Choice | None:
    taxon = taxon_of(name)
    if not own:
        return choose(taxon, region, measured_density=measured_density)
    item = equation(own)
    if not item.needs_density or measured_density:
        return Choice(item)
    known = taxon is not None and density_of(taxon.id, region) is not None
    return Choice(item, taxon.id) if known and taxon is not None else None


def _weights(
    rows: Rows,
    columns: Columns,
    library: tuple[Equation, ...],
    equation_of: NDArray[np.intp],
    height: Array,
    beyond: str,
) -> tuple[Array, Array]:
    """What turns an equation's mass at a density of one into the tree's, and into that of a young one in its place."""
    power = np.array([item.terms[0].r for item in library])[equation_of]
    density = np.nan_to_num(rows["wood_density_g_cm3"], nan=1.0)
    young = density**power
    weight = young * (1 - np.nan_to_num(rows["hollow_share"])) * _topped(rows, columns, library, equation_of)
    own = np.where(np.isnan(rows["agb_kg"]), rows["volume_m3"] * KG_PER_T * density, rows["agb_kg"])
    for number in np.unique(equation_of[~np.isnan(own)]).tolist():
        here = (equation_of == number) & ~np.isnan(own)
        item = library[number]
        mass = biomass_kg(item, rows["dbh_cm"][here].astype(float), height[here], beyond)
        weight[here] = own[here] / mass * (1 - np.nan_to_num(rows["hollow_share"][here]))
    return weight, young


def _topped(
    rows: Rows, columns: Columns, library: tuple[Equation, ...], equation_of: NDArray[np.intp]
) -> NDArray[np.float64]:
    """A topped tree weighs no more than the form with height says, where its equation has one beside it."""
    share = np.ones(len(equation_of))
    for number, item in enumerate(library):
        beside = equations().get(item.id.replace("/d/", "/d2h/"))
        here = (equation_of == number) & columns.are("topped", "yes")
        if beside is None or beside is item or not here.any():
            continue
        dbh, height = rows["dbh_cm"][here].astype(float), rows["height_m"][here].astype(float)
        share[here] = np.minimum(mean_biomass_kg(beside, dbh, height) / mean_biomass_kg(item, dbh), 1.0)
    return share


def _groups(
    rows: Rows, columns: Columns, choices: list[Choice], choice: NDArray[np.intp], year: int
) -> tuple[tuple[Group, ...], NDArray[np.intp]]:
    """The groups, and the one that each tree belongs to."""
    import pandas as pd

    names, spelt = pd.factorize(rows["species"])
    dense, volume = ~np.isnan(rows["wood_density_g_cm3"]), ~np.isnan(rows["volume_m3"])
    mass = np.where(volume, BY_VOLUME + dense, np.where(np.isnan(rows["agb_kg"]), BY_EQUATION, BY_MASS))
    age = np.clip(np.nan_to_num(year - rows["planted_year"], nan=OLD), 0, OLD).astype(np.intp)
    codes = columns.codes
    parts = [names, choice, mass, codes["setting"], codes["condition"], codes["ancient"], age]
    sizes = [int(part.max()) + 1 for part in parts]
    kinds, group = np.unique(np.ravel_multi_index(parts, sizes), return_inverse=True)
    made = [
        _group(
            str(spelt[name]),
            choices[number],
            by,
            (columns.words["setting"][setting], columns.words["condition"][condition], years),
            columns.words["ancient"][ancient] == "yes",
        )
        for name, number, by, setting, condition, ancient, years in zip(
            *(part.tolist() for part in np.unravel_index(kinds, sizes)), strict=True
        )
    ]
    return tuple(made), group.astype(np.intp)


def _group(name: str, chosen: Choice, by: int, state: tuple[str, str, int], ancient: bool) -> Group:
    taxon = taxon_of(name) if by == BY_VOLUME else None
    power = chosen.equation.terms[0].r
    return Group(
        name=name,
        equation=chosen.equation,
        density_of=taxon.id if taxon else chosen.density_of,
        density_power={BY_EQUATION: power, BY_VOLUME: 1.0}.get(by, 0.0),
        young_power=power if chosen.density_of else 0.0,
        measured=by != BY_EQUATION,
        setting=state[0],
        condition=state[1],
        age=state[2],
        ancient=ancient,
    )


def _volume_faults(rows: Rows, numbers: NDArray[Any], region: str) -> list[Fault]:
    """Volumes of species whose density nobody knows."""
    bare = ~np.isnan(rows["volume_m3"]) & np.isnan(rows["wood_density_g_cm3"])
    faults = []
    for name in dict.fromkeys(rows["species"][bare].tolist()):
        taxon = taxon_of(name)
        if taxon is None or density_of(taxon.id, region) is None:
            row = int(numbers[bare & (rows["species"] == name)][0])
            faults.append(Fault("urban.density_wanted", row=row, column="wood_density_g_cm3", value=str(name)))
    return faults


def _digest(frame: Any) -> str:
    """A hash of what the table says, whatever the order of its rows."""
    import pandas as pd

    rows = np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy())
    return hashlib.sha256(rows.astype("<u8").tobytes()).hexdigest()


def _facts(
    rows: Rows, columns: Columns, library: tuple[Equation, ...], equation_of: NDArray[np.intp]
) -> dict[str, int]:
    """What a reader must know, counted in rows."""
    beside = np.array([item.id.replace("/d/", "/d2h/") in equations() and "/d/" in item.id for item in library])
    living = ~columns.are("condition", "dead")
    own = ~np.isnan(rows["growth_cm_yr"]) | ~np.isnan(rows["years_between"]) | (rows["growth_curve"] != "")
    return {
        "topped": int((columns.are("topped", "yes") & ~beside[equation_of]).sum()),
        "by_base": int((living & ~own).sum()),
        "not_sounded": int((columns.are("ancient", "yes") & np.isnan(rows["hollow_share"])).sum()),
        "no_crown": int((living & np.isnan(rows["crown_width_m"])).sum()),
    }
