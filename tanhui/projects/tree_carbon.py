"""From the trees of an inventory to carbon by pool, with everything that makes it uncertain beside it.

The pools of a tree are its aboveground carbon (``agc``), belowground carbon (``bgc``) and their sum (``tree``). Each is
the tree's biomass times a factor: the carbon fraction, the root ratio times it, or one plus the root ratio times it.
So one set of biomass errors serves all pools, and the ratio's own error is added by its loading.

What a source prints without an error is given a general one (``data/projects/unknown_errors.toml``), never none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Leaf, Parameters, Status, load_parameters
from tanhui.mrv.uncertainty.analytic import analytic
from tanhui.mrv.uncertainty.combine import IN_THE_DATA, model_variance
from tanhui.mrv.uncertainty.model import Ratio, Sharing, Trees
from tanhui.mrv.uncertainty.parameters import default_error_model
from tanhui.mrv.uncertainty.totals import Shared, Totals, difference_variance
from tanhui.sinks.forest.equations import mean_biomass_kg
from tanhui.sinks.forest.model import Equation, TreeMatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POOLS", "ClassValue", "Pool", "TreeCarbon", "Variances", "equation_leaf", "unknown_error"]

Pool = Literal["agc", "bgc", "tree"]
POOLS: tuple[Pool, ...] = ("agc", "bgc", "tree")
#: The class of root ratios and fractions of a tree that is no part of the sum.
NONE = Ratio("none", 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A value that all trees of a class share, with its standard error and where it came from."""

    id: str
    value: float
    se: float
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TreeCarbon:
    """Trees that have a carbon value, matched to equations, with their classes.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Their positions in the inventory's tree table.
    match : TreeMatch
        The equation of each; an equation without any published error carries a general ``site_sigma``.
    dbh_cm, height_m, height_sd_m, density_g_cm3, density_sd_g_cm3 : ndarray of float, shape (m,)
        Sizes; heights are NaN-free only where an equation needs them. ``height_sd_m`` is the error of an imputed
        height and 0 for a measured one, whose error is in the data already.
    root_ratio : ndarray of float, shape (m,)
        Below- over aboveground biomass of each tree. [1]
    root_class, carbon_class : ndarray of int, shape (m,)
        The class of each tree in ``root_classes`` and ``carbon_classes``; the former holds *relative* errors.
    species : ndarray of str, shape (m,)
        The taxon of each: trees of one share the error of their equation.
    """

    rows: NDArray[np.intp]
    match: TreeMatch
    dbh_cm: NDArray[np.float64]
    height_m: NDArray[np.float64]
    height_sd_m: NDArray[np.float64]
    density_g_cm3: NDArray[np.float64]
    density_sd_g_cm3: NDArray[np.float64]
    root_ratio: NDArray[np.float64]
    root_class: NDArray[np.intp]
    root_classes: tuple[ClassValue, ...]
    carbon_class: NDArray[np.intp]
    carbon_classes: tuple[ClassValue, ...]
    species: NDArray[np.object_]

    def biomass_kg(self) -> NDArray[np.float64]:
        """Aboveground biomass of each tree at its measured sizes, shape (m,). [kg d.m.]"""
        found = np.empty(len(self.rows))
        for number, item in enumerate(self.match.equations):
            mine = self.match.equation == number
            height = self.height_m[mine] if item.needs_height else None
            density = self.density_g_cm3[mine] if item.needs_density else None
            found[mine] = mean_biomass_kg(item, self.dbh_cm[mine], height, density)
        return found

    def factor(self, pool: Pool) -> NDArray[np.float64]:
        """Carbon of the pool per aboveground biomass of each tree, shape (m,). [kg C / kg d.m.]"""
        fraction = np.array([c.value for c in self.carbon_classes])[self.carbon_class]
        roots = {"agc": 1.0, "bgc": self.root_ratio, "tree": 1.0 + self.root_ratio}[pool]
        factor: NDArray[np.float64] = fraction * roots
        return factor

    def carbon_kg(self, pool: Pool, count: int) -> NDArray[np.float64]:
        """Carbon of one tree of each row of the inventory, shape (count,); NaN where a row has none. [kg C]"""
        found = np.full(count, np.nan)
        found[self.rows] = self.biomass_kg() * self.factor(pool)
        return found

    def leaves(self) -> tuple[Leaf, ...]:
        """Every parameter behind the values and their errors."""
        used = [equation_leaf(item) for item in self.match.equations]
        for classes in (self.root_classes, self.carbon_classes):
            used += [leaf for one in classes for leaf in one.leaves]
        if any(general_error_needed(item) for item in self.match.equations):
            used.append(unknown_error("equation_sd"))
        return (*used, *default_error_model().leaves)


@dataclass(frozen=True, slots=True, eq=False)
class Variances:
    """The totals of one pool by group, split into trees whose sizes were measured and those with imputed heights.

    The two are kept apart because a measured size has its error in the plot values already, an imputed one has not.
    """

    measured: Totals
    imputed: Totals

    @classmethod
    def of(
        cls,
        trees: TreeCarbon,
        pool: Pool,
        position: NDArray[np.intp],
        weight: NDArray[np.float64],
        group: NDArray[np.intp],
        groups: int,
    ) -> Variances:
        """Totals of the trees at ``position`` (into ``trees``), each with its weight and group. [t C]"""
        guessed = trees.height_sd_m[position] > 0
        return cls(
            *(
                _totals(trees, pool, position[mine], weight[mine], group[mine], groups)
                if mine.any()
                else _nothing(groups)
                for mine in (~guessed, guessed)
            )
        )

    def on_top(self, coefficients: NDArray[np.float64], per: float = 1.0) -> dict[str, float]:
        """Variance by source that comes on top of the sampling variance of a sum of groups: a change from nothing."""
        return self.on_top_of_change(Variances(nothing := _nothing(len(coefficients)), nothing), coefficients, per)

    def on_top_of_change(
        self, earlier: Variances, coefficients: NDArray[np.float64], per: float = 1.0
    ) -> dict[str, float]:
        """The same for (this - earlier), the groups of both expanded alike: what both share cancels.

        The shared errors of measured and imputed trees are taken together, since they are the same errors.
        """
        shared = difference_variance(
            _shared_sum(self.measured, self.imputed),
            _shared_sum(earlier.measured, earlier.imputed),
            coefficients,
            coefficients,
        )
        own = [
            model_variance(replace(totals, shared={}), coefficients, in_the_data=sources)
            for totals, sources in (
                (self.measured, IN_THE_DATA),
                (earlier.measured, IN_THE_DATA),
                (self.imputed, ()),
                (earlier.imputed, ()),
            )
        ]
        return {source: variance / per**2 for source, variance in added(shared, *own).items()}


def added(*parts: Mapping[str, float]) -> dict[str, float]:
    """Variances of independent parts added by source."""
    found: dict[str, float] = {}
    for part in parts:
        for source, variance in part.items():
            found[source] = found.get(source, 0.0) + variance
    return found


def _nothing(groups: int) -> Totals:
    """The totals of no trees."""
    zero = np.zeros(groups)
    return Totals(zero, zero, {}, {}, {})


def _shared_sum(one: Totals, other: Totals) -> Totals:
    """The shared loadings of two sets of trees of the same groups, as one."""
    shared = dict(one.shared)
    for source, more in other.shared.items():
        mine = shared.get(source)
        if mine is None:
            shared[source] = more
            continue
        keys = tuple(dict.fromkeys((*mine.keys, *more.keys)))
        place = {key: number for number, key in enumerate(keys)}
        moved = np.array([place[key] for key in more.keys], np.intp)
        shared[source] = Shared(
            keys,
            np.concatenate([mine.group, more.group]),
            np.concatenate([np.array([place[k] for k in mine.keys], np.intp)[mine.factor], moved[more.factor]]),
            np.concatenate([mine.loading, more.loading]),
        )
    return Totals(one.value + other.value, one.plug_in + other.plug_in, {}, {}, shared)


def _totals(
    trees: TreeCarbon,
    pool: Pool,
    position: NDArray[np.intp],
    weight: NDArray[np.float64],
    group: NDArray[np.intp],
    groups: int,
) -> Totals:
    """Analytic totals of a pool: biomass errors by the room's model, the root ratio by its loading."""
    guessed = trees.height_sd_m[position] > 0
    biomass_per_pool = trees.factor(pool)[position] / _fractions(trees)[trees.carbon_class[position]]
    picked = Trees(
        dbh_cm=trees.dbh_cm[position],
        match=replace(
            trees.match,
            equation=trees.match.equation[position],
            out_of_range=trees.match.out_of_range[position],
        ),
        height_m=trees.height_m[position],
        height_sd_m=trees.height_sd_m[position],
        density_g_cm3=trees.density_g_cm3[position],
        density_sd_g_cm3=trees.density_sd_g_cm3[position],
        # Beside an imputed height the diameter's own error is small and in the data; it is not counted twice.
        dbh_sd_cm=np.where(guessed, 0.0, np.nan),
        weight=weight * biomass_per_pool,
        group=group,
        groups=groups,
        site=Sharing.of(trees.species[position]),
        carbon_class=trees.carbon_class[position],
    )
    fractions = tuple(Ratio(c.id, c.value, c.se) for c in trees.carbon_classes)
    totals = analytic(picked, default_error_model(root_ratios=(NONE,), carbon_fractions=fractions)).carbon_t
    return replace(totals, shared={**totals.shared, **_root_loading(trees, pool, position, weight, group)})


def _fractions(trees: TreeCarbon) -> NDArray[np.float64]:
    return np.array([c.value for c in trees.carbon_classes])


def _root_loading(
    trees: TreeCarbon,
    pool: Pool,
    position: NDArray[np.intp],
    weight: NDArray[np.float64],
    group: NDArray[np.intp],
) -> dict[str, Shared]:
    """How far each group moves when the root ratio of a class moves by one relative standard error."""
    if pool == "agc" or not len(position):
        return {}
    roots_t = weight * (trees.biomass_kg() * trees.factor("bgc"))[position] / 1000
    classes = trees.root_class[position]
    relative = np.array([c.se for c in trees.root_classes])
    pair = group * len(trees.root_classes) + classes
    used, where = np.unique(pair, return_inverse=True)
    loading: NDArray[np.float64] = np.bincount(where, roots_t * relative[classes]).astype(float)
    keys = tuple(c.id for c in trees.root_classes)
    return {"root_ratio": Shared(keys, used // len(keys), used % len(keys), loading)}


@cache
def unknown_errors() -> Parameters:
    """The general errors."""
    return load_parameters(data_path("projects", "unknown_errors.toml"), "projects/unknown_errors")


def unknown_error(name: str) -> Leaf:
    """One general error, for what a source prints without any."""
    return unknown_errors()[name].at(date.max)


def general_error_needed(item: Equation) -> bool:
    """Whether an equation says nothing about how wrong it is as a whole."""
    return item.covariance is None and (item.sigma is None or item.note == GENERAL)


#: Marks an equation that was given the general error.
GENERAL = "general error"


def with_general_error(match: TreeMatch) -> TreeMatch:
    """The match with a general error, shared by all trees of a species, where an equation has none of its own."""

    def given(item: Equation) -> Equation:
        if item.covariance is not None or item.site_sigma is not None:
            return item
        sd = unknown_error("equation_sd").number()
        return replace(item, sigma=max(item.sigma or 0.0, sd), site_sigma=sd, note=GENERAL)

    return replace(match, equations=tuple(given(item) for item in match.equations))


def equation_leaf(item: Equation) -> Leaf:
    """An equation as a parameter of the run: what was printed, where, and how far it was checked."""
    return Leaf(
        id=f"equation/{item.id}",
        value=item.printed,
        unit="text",
        reference=item.reference,
        status=item.status,
        checked_on=date(2026, 11, 22),
        place=item.place,
    )


def equation_rows(match: TreeMatch) -> list[Mapping[str, object]]:
    """What the report says of each equation used."""
    return [
        {
            "id": item.id,
            "printed": item.printed,
            "quantity": item.quantity,
            "trees": int((match.equation == number).sum()),
            "out_of_range": int(match.out_of_range[match.equation == number].sum()),
            "sigma": item.sigma,
            "n": item.n,
            "status": item.status.word,
            "reference": item.reference,
        }
        for number, item in enumerate(match.equations)
    ]


def equation_reasons(match: TreeMatch) -> tuple[str, ...]:
    """Why equations make a result indicative, as ``<wording key>:<subject>``."""
    found = []
    for row, item in zip(equation_rows(match), match.equations, strict=True):
        if item.quarantine:
            found.append(f"reason.projects.quarantined:{item.id}")
        if general_error_needed(item):
            found.append(f"reason.projects.no_error:{item.id}")
        if item.status is not Status.PRIMARY:
            found.append(f"reason.projects.equation_{item.status.word}:{item.id}")
        if row["out_of_range"]:
            found.append(f"reason.projects.out_of_range:{item.id} ({row['out_of_range']})")
    return tuple(found)
