"""Trees and equations laid out as plain arrays for the compiled loops; shared by Monte Carlo and analytic intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.uncertainty.model import SOURCES, Sharing

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from tanhui.mrv.uncertainty.model import ErrorModel, Ratio, Trees
    from tanhui.sinks.forest.model import Equation

__all__ = ["Prepared", "Variant", "covariance_root", "prepare"]


@dataclass(frozen=True, slots=True)
class Variant:
    """An equation as some trees use it: with the site effect split off the residual, or without.

    The published sigma is the scatter of single trees over all sites of the harvest, so it contains the differences
    between sites. Where those are drawn as a site effect, the residual is what remains: sigma^2 - site_sigma^2.
    """

    equation: Equation
    site_sd: float
    residual_sd: float
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Arrays in the form of :func:`tanhui.mrv.uncertainty.kernel.add_trees`.

    ``cell`` numbers the sums that one root class and one carbon class share within a group; ``dbh_sd`` is negative
    where the mixture applies.
    """

    trees: Trees
    variants: tuple[Variant, ...]
    variant: NDArray[np.intp]
    cell: NDArray[np.intp]
    cell_group: NDArray[np.intp]
    cell_root: NDArray[np.intp]
    cell_carbon: NDArray[np.intp]
    number: NDArray[np.uint64]
    weight: NDArray[np.float64]
    dbh_cm: NDArray[np.float64]
    dbh_sd_cm: NDArray[np.float64]
    gross: NDArray[np.float64]
    height_m: NDArray[np.float64]
    height_sd_m: NDArray[np.float64]
    density_g_cm3: NDArray[np.float64]
    density_sd_g_cm3: NDArray[np.float64]
    limits: NDArray[np.float64]
    density_class: Sharing
    site: Sharing
    sources: frozenset[str]


def prepare(trees: Trees, model: ErrorModel, sources: Collection[str] = SOURCES) -> Prepared:
    """Lay out trees and equations; a source that is not named has no error."""
    if unknown := set(sources) - set(SOURCES):
        raise DomainError("uncertainty.unknown_source", name=sorted(unknown)[0], known=", ".join(SOURCES))
    on = frozenset(sources)
    n = len(trees)
    site = trees.site if trees.site is not None and "site" in on else Sharing.none(n)
    variants, variant = _variants(trees, site, on)
    cell, group, root, carbon = _cells(trees, model)
    height, height_sd = _filled(trees.height_m, n, 1.0), _filled(trees.height_sd_m, n, 0.0)
    density, density_sd = _filled(trees.density_g_cm3, n, 1.0), _filled(trees.density_sd_g_cm3, n, 0.0)
    gross = np.array([model.diameter.gross_share, model.diameter.gross_sd_cm])
    return Prepared(
        trees=trees,
        variants=variants,
        variant=variant,
        cell=cell,
        cell_group=group,
        cell_root=root,
        cell_carbon=carbon,
        number=np.arange(n, dtype=np.uint64) if trees.number is None else trees.number.astype(np.uint64),
        weight=_filled(trees.weight, n, 1.0),
        dbh_cm=np.ascontiguousarray(trees.dbh_cm, float),
        dbh_sd_cm=_diameter_sd(trees, model) if "measurement" in on else np.zeros(n),
        gross=gross,
        height_m=height,
        height_sd_m=height_sd if "measurement" in on else np.zeros(n),
        density_g_cm3=density,
        density_sd_g_cm3=density_sd if "density" in on else np.zeros(n),
        limits=_limits(trees, model, height),
        density_class=trees.density_class or Sharing.none(n),
        site=site,
        sources=on,
    )


def covariance_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix L with L L' = covariance, which may be singular; zero columns stand for what does not vary.

    Raises
    ------
    DomainError
        If the matrix is not symmetric or not positive semidefinite.
    """
    c = np.array(covariance, float)
    if c.ndim != 2 or c.shape[0] != c.shape[1] or not np.allclose(c, c.T, rtol=1e-9, atol=1e-300):
        raise DomainError("uncertainty.not_a_covariance")
    size = len(c)
    root = np.zeros_like(c)
    scale = np.sqrt(np.maximum(np.diag(c), 0.0))
    # 1e-9 of a parameter's variance: what rounding in a printed covariance may leave
    for k in range(size):
        left = c[k, k] - root[k, :k] @ root[k, :k]
        if left < -1e-6 * scale[k] ** 2 or c[k, k] < 0:
            raise DomainError("uncertainty.not_a_covariance")
        if left <= 1e-9 * scale[k] ** 2:
            continue
        root[k, k] = math.sqrt(left)
        root[k + 1 :, k] = (c[k + 1 :, k] - root[k + 1 :, :k] @ root[k, :k]) / root[k, k]
    if not np.allclose(root @ root.T, c, rtol=0, atol=float(1e-4 * scale.max(initial=0.0) ** 2) + 1e-300):
        raise DomainError("uncertainty.not_a_covariance")
    return root


def _variants(trees: Trees, site: Sharing, on: frozenset[str]) -> tuple[tuple[Variant, ...], NDArray[np.intp]]:
    """The distinct (equation, has a site) pairs of the trees, and each tree's pair."""
    equations = trees.match.equations
    pair = trees.match.equation * 2 + (site.index >= 0)
    used, variant = np.unique(pair, return_inverse=True)
    return tuple(_variant(equations[int(p) // 2], bool(p % 2), on) for p in used), variant.astype(np.intp)


def _variant(equation: Equation, sited: bool, on: frozenset[str]) -> Variant:
    if equation.covariance is not None and len(equation.terms) != 1:
        raise DomainError("uncertainty.covariance_of_sum", id=equation.id)
    site_sd = (equation.site_sigma or 0.0) if sited else 0.0
    total = equation.sigma or 0.0
    residual_sd = math.sqrt(max(total**2 - site_sd**2, 0.0)) if "residual" in on else 0.0
    offset = math.log(equation.mean_correction) - (residual_sd**2 + site_sd**2) / 2
    return Variant(equation, site_sd, residual_sd, offset)


def _cells(trees: Trees, model: ErrorModel) -> tuple[NDArray[np.intp], ...]:
    n = len(trees)
    group = np.zeros(n, np.intp) if trees.group is None else trees.group
    root = np.zeros(n, np.intp) if trees.root_class is None else trees.root_class
    carbon = np.zeros(n, np.intp) if trees.carbon_class is None else trees.carbon_class
    for name, index, ratios in (("root", root, model.root_ratios), ("carbon", carbon, model.carbon_fractions)):
        if n and not (index.min() >= 0 and index.max() < len(ratios)):
            raise DomainError("uncertainty.no_such_class", name=name, classes=len(ratios))
    roots, carbons = max(len(model.root_ratios), 1), max(len(model.carbon_fractions), 1)
    used, cell = np.unique((group * roots + root) * carbons + carbon, return_inverse=True)
    return cell.astype(np.intp), used // (roots * carbons), used // carbons % roots, used % carbons


def _diameter_sd(trees: Trees, model: ErrorModel) -> NDArray[np.float64]:
    """The tree's own sd where it has one, else minus the common sd of the mixture."""
    mixture = -(model.diameter.slope * np.asarray(trees.dbh_cm, float) + model.diameter.intercept_cm)
    if trees.dbh_sd_cm is None:
        return mixture
    return np.where(np.isnan(trees.dbh_sd_cm), mixture, trees.dbh_sd_cm)


def _limits(trees: Trees, model: ErrorModel, height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Truncation limits; the one for heights lies above the tallest tree of the table."""
    limits = model.limits
    tallest = trees.height_max_m if trees.height_max_m is not None else float(np.max(height, initial=0.0))
    return np.array(
        [
            limits.dbh_min_cm,
            limits.dbh_max_cm,
            limits.height_min_m,
            tallest + limits.height_margin_m,
            limits.density_min_g_cm3,
            limits.density_max_g_cm3,
        ]
    )


def _filled(array: NDArray[np.float64] | None, n: int, default: float) -> NDArray[np.float64]:
    return np.full(n, default) if array is None else np.ascontiguousarray(array, float)


def ratio_arrays(ratios: tuple[Ratio, ...], drawn: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and sds; sds are zero where the source is not drawn."""
    sd = [r.sd if drawn else 0.0 for r in ratios]
    return np.array([r.value for r in ratios], float), np.array(sd, float)
