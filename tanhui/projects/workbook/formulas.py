"""Tree equations as formulas of a spreadsheet: sums of power laws in D, H and rho, with named coefficients.

A formula is only used where it gives the run's own trees; where it does not (an equation of the project's own that the
library lacks, perhaps) their carbon stands as the run's value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.canonical import round_significant
from tanhui.kernel.species import resolve
from tanhui.projects.plot_trees import bef_leaves
from tanhui.projects.workbook.source import Run
from tanhui.sinks.forest.equations import equations
from tanhui.sinks.forest.model import Equation, Term
from tanhui.sinks.forest.volume import BefParameters, bef_parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Model", "Models", "models_of"]

KG_PER_T = 1000
#: How near a formula must come to the run's own tree. [1]
NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Group:
    """Factors of a species group, under the names that formulas call them by."""

    number: int
    factors: BefParameters

    def name(self, factor: str) -> str:
        """The name of a factor: ``g1_root_ratio``."""
        return f"g{self.number}_{factor}"

    def leaves(self) -> dict[str, Any]:
        """Its factors as parameters with their sources."""
        return {self.name(factor): leaf for factor, leaf in bef_leaves(self.factors).items()}


@dataclass(frozen=True, slots=True)
class Model:
    """The equation of some trees; of a volume table, times the density and expansion of a species group."""

    number: int
    id: str
    item: Equation
    group: Group | None

    @property
    def label(self) -> str:
        """What the sheet of trees calls it."""
        return f"eq{self.number}"

    def coefficients(self) -> dict[str, float]:
        """Every number of the equation by the name that formulas call it by."""
        found: dict[str, float] = {}
        for place, term in enumerate(self.item.terms, start=1):
            found[self.name("a", place)] = round_significant(math.exp(term.intercept))
            found |= {self.name(x, place): getattr(term, x) for x in "dhr" if getattr(term, x) not in (0.0, 1.0)}
        if self.item.mean_correction != 1.0:
            found[self.name("m", 0)] = round_significant(self.item.mean_correction)
        return found

    def name(self, letter: str, place: int) -> str:
        """The name of a coefficient: ``eq1_a``, with the number of the term where there are several."""
        several = str(place) if place and len(self.item.terms) > 1 else ""
        return f"{self.label}_{letter}{several}"

    def formula(self, d: str, h: str, r: str) -> str:
        """Aboveground biomass of a tree in kg from the cells of its diameter, height and wood density."""
        cells = {"d": d, "h": h, "r": r}
        parts = [self._power_law(term, place, cells) for place, term in enumerate(self.item.terms, 1)]
        signs = ["-" if term.sign < 0 else "+" for term in self.item.terms]
        # A spreadsheet reads -a^2 as (-a)^2, so a sum never begins with a minus.
        total = ("0-" if signs[0] == "-" else "") + parts[0]
        total += "".join(sign + part for sign, part in zip(signs[1:], parts[1:], strict=True))
        if self.item.may_be_negative:
            total = f"MAX(0,{total})"
        factors = [self.name("m", 0)] if self.item.mean_correction != 1.0 else []
        if self.group is not None:
            factors += [self.group.name("wood_density"), self.group.name("bef"), str(KG_PER_T)]
        if factors and len(parts) > 1 and not self.item.may_be_negative:
            total = f"({total})"
        return "*".join([total, *factors])

    def _power_law(self, term: Term, place: int, cells: Mapping[str, str]) -> str:
        powers = {x: getattr(term, x) for x in "dhr" if getattr(term, x)}
        shown = [cells[x] if power == 1.0 else f"{cells[x]}^{self.name(x, place)}" for x, power in powers.items()]
        return "*".join([self.name("a", place), *shown])

    def values_kg(self, d: NDArray[Any], h: NDArray[Any], r: NDArray[Any]) -> NDArray[np.float64]:
        """What :meth:`formula` gives, computed here with the very numbers of the workbook."""
        c = self.coefficients()
        total = np.zeros(len(d))
        with np.errstate(invalid="ignore"):
            for place, term in enumerate(self.item.terms, 1):
                part = np.full(len(d), c[self.name("a", place)])
                for power, values in ((term.d, d), (term.h, h), (term.r, r)):
                    part = part * values**power if power else part
                total = total + term.sign * part
        total = np.maximum(total, 0.0) if self.item.may_be_negative else total
        factor = c.get(self.name("m", 0), 1.0)
        if self.group is not None:
            factor *= self.group.factors.wood_density_t_m3 * self.group.factors.bef * KG_PER_T
        return np.asarray(total * factor)


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Equations and species groups of a run, and which of its trees follow them.

    ``model[i]`` and ``group[i]`` are places in ``models`` and ``groups``, -1 for a tree without carbon; ``follows[i]``
    says that the formula gives the run's own tree.
    """

    models: tuple[Model, ...]
    groups: tuple[Group, ...]
    model: NDArray[np.intp]
    group: NDArray[np.intp]
    follows: NDArray[np.bool_]

    def factors(self) -> Iterator[str]:
        """The names of the factors that formulas call."""
        for group in self.groups:
            yield from (group.name("carbon_fraction"), group.name("root_ratio"))
            if any(model.group is None and model.item.needs_density for model in self.models):
                yield group.name("wood_density")
        for model in self.models:
            if model.group is not None:
                yield from (model.group.name("wood_density"), model.group.name("bef"))


def models_of(run: Run) -> Models:
    """The equation and the species group of every tree of a run."""
    trees = run.trees
    ids, species = trees["equation"].to_numpy(object), trees["species"].to_numpy(object)
    counted = trees["agc_kg"].notna().to_numpy(bool)
    factors = {name: bef_parameters(resolve(str(name))) for name in sorted(set(species[counted]))}
    by_group = {one.group: one for one in factors.values()}
    groups = tuple(Group(number, by_group[name]) for number, name in enumerate(sorted(by_group), start=1))
    at = {group.factors.group: place for place, group in enumerate(groups)}
    group = np.full(len(trees), -1, np.intp)
    group[counted] = [at[factors[name].group] for name in species[counted]]
    models = known_models(run, groups)
    place = {model.id: number for number, model in enumerate(models)}
    model = np.array([place.get(name, -1) for name in ids], np.intp)
    return Models(models, groups, model, group, follows(run, models, groups, model, group))


def known_models(run: Run, groups: tuple[Group, ...]) -> tuple[Model, ...]:
    """The equations of a run that the library has with the very numbers the run printed."""
    library = equations()
    found: list[Model] = []
    for row in run.result["equations"]:
        table, _, of_group = row["id"].partition("*")
        group = next((one for one in groups if one.factors.group == of_group), None)
        item = library.get(table)
        if item is not None and bool(of_group) == (group is not None) and row["printed"].startswith(item.printed):
            found.append(Model(len(found) + 1, row["id"], item, group))
    return tuple(found)


def follows(
    run: Run, models: tuple[Model, ...], groups: tuple[Group, ...], model: NDArray[np.intp], group: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which trees come out of the formulas as they came out of the run, roots too."""
    trees = run.trees
    d, h = (trees[name].to_numpy(float) for name in ("dbh_cm", "height_used_m"))
    told = {pool: trees[f"{pool}_kg"].to_numpy(float) for pool in ("agc", "bgc")}
    found = np.zeros(len(trees), bool)
    for number, one in enumerate(models):
        mine = np.flatnonzero((model == number) & (group >= 0))
        factor = {
            name: np.array([getattr(groups[k].factors, name) for k in group[mine]], float)
            for name in ("wood_density_t_m3", "carbon_fraction", "root_ratio")
        }
        above = one.values_kg(d[mine], h[mine], factor["wood_density_t_m3"]) * factor["carbon_fraction"]
        below = above * factor["root_ratio"]
        found[mine] = np.isclose(above, told["agc"][mine], NEAR, 0) & np.isclose(below, told["bgc"][mine], NEAR, 0)
    return found
