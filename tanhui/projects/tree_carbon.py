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
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.parameters import Leaf, Status
from tanhui.mrv.uncertainty.analytic import analytic
from tanhui.mrv.uncertainty.combine import (
    Combined,
    Shape,
    combine,
    model_variance,
    model_variance_of_change,
)
from tanhui.mrv.uncertainty.model import Ratio, Sharing, Trees
from tanhui.mrv.uncertainty.parameters import default_error_model
from tanhui.mrv.uncertainty.prepare import covariance_root
from tanhui.mrv.uncertainty.totals import Shared, Totals
from tanhui.projects.general_errors import general_error_needed, unknown_error
from tanhui.sinks.forest.equations import mean_biomass_kg
from tanhui.sinks.forest.height import HeightModel
from tanhui.sinks.forest.model import Equation, TreeMatch
from tanhui.sinks.forest.selection import region_id

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tanhui.mrv.sampling import SampleEstimate

__all__ = [
    "POOLS",
    "ClassValue",
    "Pool",
    "TreeCarbon",
    "on_top",
    "on_top_of_change",
    "pool_totals",
    "together",
    "unknown_error",
]

Pool = Literal["agc", "bgc", "tree"]
POOLS: tuple[Pool, ...] = ("agc", "bgc", "tree")
#: The class of root ratios and fractions of a tree that is no part of the sum.
NONE = Ratio("none", 0.0, 0.0)
KG_PER_T = 1000


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
        height that is the tree's own (its departure from the curve), and 0 for a measured one, whose error is in the
        plot values already. The error of a density is shared by the trees of an ``error_class``.
    root_ratio : ndarray of float, shape (m,)
        Below- over aboveground biomass of each tree. [1]
    root_class, carbon_class : ndarray of int, shape (m,)
        The class of each tree in ``root_classes`` and ``carbon_classes``; the former holds *relative* errors.
    error_class : ndarray of str, shape (m,)
        Trees of one class share the error of their equation, at all dates: a species where an equation was made for a
        group of them and its error is how the species differ, else all trees of the equation.
    height_curve : ndarray of int, shape (m,), optional
        The curve in ``height_curves`` that gave a tree its height, -1 where it was measured. Trees of one curve share
        the error of its parameters.
    error_leaves : tuple of Leaf
        The general errors that equations, tables and densities were given.
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
    error_class: NDArray[np.object_]
    height_curve: NDArray[np.intp] | None = None
    height_curves: tuple[HeightModel, ...] = ()
    error_leaves: tuple[Leaf, ...] = ()

    def biomass_kg(self, height_factor: float = 1.0) -> NDArray[np.float64]:
        """Aboveground biomass of each tree, its height times a factor, shape (m,). [kg d.m.]"""
        found = np.empty(len(self.rows))
        for number, item in enumerate(self.match.equations):
            mine = self.match.equation == number
            height = self.height_m[mine] * height_factor if item.needs_height else None
            density = self.density_g_cm3[mine] if item.needs_density else None
            found[mine] = mean_biomass_kg(item, self.dbh_cm[mine], height, density)
        return found

    def factor(self, pool: Pool) -> NDArray[np.float64]:
        """Carbon of the pool per aboveground biomass of each tree, shape (m,). [kg C / kg d.m.]"""
        above, below = float(pool != "bgc"), float(pool != "agc")
        factor: NDArray[np.float64] = self.carbon_fraction() * (above + below * self.root_ratio)
        return factor

    def carbon_fraction(self) -> NDArray[np.float64]:
        """Carbon per dry mass of each tree, shape (m,). [kg C / kg d.m.]"""
        fraction: NDArray[np.float64] = np.array([c.value for c in self.carbon_classes], float)[self.carbon_class]
        return fraction

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
        return (*used, *self.error_leaves, *default_error_model().leaves)


def pool_totals(
    trees: TreeCarbon,
    pool: Pool,
    position: NDArray[np.intp],
    weight: NDArray[np.float64],
    group: NDArray[np.intp] | None = None,
    groups: int = 1,
) -> Totals:
    """Totals of a pool with the errors that come on top of sampling, by source. [t C]

    Parameters
    ----------
    trees : TreeCarbon
        All trees.
    position : ndarray of int, shape (k,)
        The ones that are summed.
    weight : ndarray of float, shape (k,)
        How many trees of the population each stands for; with it the errors of single trees average out as they do.
    group : ndarray of int, shape (k,), optional
        The sum each goes to, all to one where absent.
    groups : int
        Number of sums.
    """
    group = np.zeros(len(position), np.intp) if group is None else group
    if not len(position):
        return Totals(np.zeros(groups), np.zeros(groups), {}, {}, {})
    classes = Sharing.of(trees.error_class[position])
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
        # How a measured diameter is wrong is in the differences between the plots already.
        dbh_sd_cm=np.zeros(len(position)),
        weight=weight * (trees.factor(pool) / trees.carbon_fraction())[position],
        group=group,
        groups=groups,
        site=classes,
        density_class=classes,
        carbon_class=trees.carbon_class[position],
    )
    fractions = tuple(Ratio(c.id, c.value, c.se) for c in trees.carbon_classes)
    totals = analytic(picked, default_error_model(root_ratios=(NONE,), carbon_fractions=fractions)).carbon_t
    more = {
        **_root_loading(trees, pool, position, weight, group),
        **_height_loading(trees, pool, position, weight, group),
    }
    return replace(totals, shared={**totals.shared, **more})


def on_top(totals: Totals, coefficients: ArrayLike = (1.0,), per: float = 1.0) -> dict[str, float]:
    """Variance by source that comes on top of sampling, of a sum of groups of :func:`pool_totals` over ``per``."""
    return model_variance(totals, coefficients, per=per, in_the_data=())


def on_top_of_change(later: Totals, earlier: Totals, per: float = 1.0) -> dict[str, float]:
    """The same for (all groups of later - all of earlier); what both dates share cancels as far as it is alike."""
    ones = np.ones(later.groups), np.ones(earlier.groups)
    return model_variance_of_change(later, earlier, *ones, per=per, in_the_data=())


def together(sample: SampleEstimate, model: Mapping[str, float], shape: Shape = "auto") -> Combined:
    """Sampling and model variance in one interval; an error shared by a class of trees is the equation's own."""
    model = dict(model)
    model["allometry"] = model.get("allometry", 0.0) + model.pop("site", 0.0)
    return combine(float(sample.value), float(sample.variance), model, df=max(sample.df, 1), shape=shape)


def _root_loading(
    trees: TreeCarbon,
    pool: Pool,
    position: NDArray[np.intp],
    weight: NDArray[np.float64],
    group: NDArray[np.intp],
) -> dict[str, Shared]:
    """How far each group moves when the root ratio of a class moves by one relative standard error."""
    if pool == "agc":
        return {}
    roots_t = weight * (trees.biomass_kg() * trees.factor("bgc"))[position] / KG_PER_T
    classes = trees.root_class[position]
    relative = np.array([c.se for c in trees.root_classes])
    keys = tuple(c.id for c in trees.root_classes)
    return {"root_ratio": _summed(keys, group, classes, roots_t * relative[classes])}


def _height_loading(
    trees: TreeCarbon,
    pool: Pool,
    position: NDArray[np.intp],
    weight: NDArray[np.float64],
    group: NDArray[np.intp],
) -> dict[str, Shared]:
    """How far each group moves with the parameters of the curves that gave trees their heights."""
    if trees.height_curve is None or not trees.height_curves:
        return {}
    step = 1e-4
    slope_kg_m = (trees.biomass_kg(1 + step) - trees.biomass_kg(1 - step)) / (2 * step * trees.height_m)
    moved_t_m = weight * (slope_kg_m * trees.factor(pool))[position] / KG_PER_T
    curve = trees.height_curve[position]
    keys: list[str] = []
    factors, groups, loadings = [], [], []
    for number, model in enumerate(trees.height_curves):
        mine = np.flatnonzero(curve == number)
        if model.covariance is None or not len(mine):
            continue
        root = covariance_root(model.covariance)
        moved = moved_t_m[mine, None] * (model.gradient(trees.dbh_cm[position[mine]]) @ root)
        for k in range(root.shape[1]):
            factors.append(np.full(len(mine), len(keys), np.intp))
            groups.append(group[mine])
            loadings.append(moved[:, k])
            keys.append(f"height/{number}:{k}")
    if not keys:
        return {}
    return {
        "measurement": _summed(tuple(keys), np.concatenate(groups), np.concatenate(factors), np.concatenate(loadings))
    }


def _summed(
    keys: tuple[str, ...], group: NDArray[np.intp], factor: NDArray[np.intp], loading: NDArray[np.float64]
) -> Shared:
    """Loadings of single trees added up by group and factor."""
    used, where = np.unique(group * len(keys) + factor, return_inverse=True)
    total: NDArray[np.float64] = np.bincount(where, loading).astype(float)
    return Shared(keys, used // len(keys), used % len(keys), total)


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


def equation_reasons(match: TreeMatch, region: str) -> tuple[str, ...]:
    """Why equations make a result of a region indicative, as ``<wording key>:<subject>``."""
    found = []
    for row, item in zip(equation_rows(match), match.equations, strict=True):
        if item.quarantine:
            found.append(f"reason.projects.quarantined:{item.id}")
        if general_error_needed(item):
            found.append(f"reason.projects.no_error:{item.id}")
        if item.status is not Status.PRIMARY:
            found.append(f"reason.projects.equation_{item.status.word}:{item.id}")
        if item.region and not f"{region_id(region)}/".startswith(f"{item.region}/"):
            found.append(f"reason.projects.elsewhere:{item.id}")
        if item.d_min_cm is None and item.d_max_cm is None:
            found.append(f"reason.projects.no_range:{item.id}")
        if row["out_of_range"]:
            found.append(f"reason.projects.out_of_range:{item.id} ({row['out_of_range']})")
    return tuple(found)
