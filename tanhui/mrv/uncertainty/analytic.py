"""The fast interval: means and variances of tree sums without a single draw.

Under the error model a tree is a product of independent factors, W = equation(D, H, rho) x residual x site, each with
moments known in closed form (lognormal) or by a short quadrature (powers of truncated normal sizes, the mixture of
diameter errors). So for the errors of single trees mean and variance are exact to second order and beyond. Shared
errors enter by the gradient of the sum with respect to their parameters (delta method): with g the gradient by
(intercept, d, h, r, sigma) and C their covariance, the allometry adds g' C g; the site effect adds its exact
lognormal variance. For an equation that is a sum of terms its local powers at the measured size are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.mrv.uncertainty import moments
from tanhui.mrv.uncertainty.model import SOURCES
from tanhui.mrv.uncertainty.monte_carlo import KG_PER_T
from tanhui.mrv.uncertainty.prepare import Prepared, covariance_root, prepare, ratio_arrays
from tanhui.mrv.uncertainty.totals import Shared, Totals, added

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from tanhui.mrv.uncertainty.model import ErrorModel, Sharing, Trees

__all__ = ["Analytic", "analytic"]

_OWN = ("measurement", "density", "residual")


@dataclass(frozen=True, slots=True, eq=False)
class Analytic:
    """Totals by group of the three quantities. [t d.m., t d.m., t C, times the weights]"""

    agb_t: Totals
    bgb_t: Totals
    carbon_t: Totals


@dataclass(frozen=True, slots=True, eq=False)
class _PerTree:
    """What one tree adds: its expected and plug-in biomass, log variances by source, and effective logarithms."""

    mean_t: NDArray[np.float64]
    plug_in_t: NDArray[np.float64]
    log_variance: dict[str, NDArray[np.float64]]
    log_density: NDArray[np.float64]
    ln_d: NDArray[np.float64]
    ln_h: NDArray[np.float64]
    ln_r: NDArray[np.float64]


def analytic(trees: Trees, model: ErrorModel, *, sources: Collection[str] = SOURCES) -> Analytic:
    """Expected sums of every group with variances by source.

    Parameters and errors are those of :func:`tanhui.mrv.uncertainty.monte_carlo.monte_carlo`, whose mean and standard
    deviation this reproduces without drawing.
    """
    p = prepare(trees, model, sources)
    tree = _per_tree(p)
    root, root_sd = ratio_arrays(model.root_ratios, "root_ratio" in p.sources)
    carbon, carbon_sd = ratio_arrays(model.carbon_fractions, "carbon_fraction" in p.sources)
    sums = _CellSums(p, tree)
    r, r_sd = root[p.cell_root], root_sd[p.cell_root]
    c, c_sd = carbon[p.cell_carbon], carbon_sd[p.cell_carbon]
    none = np.zeros(len(p.cell_group))
    root_ids = tuple(x.id for x in model.root_ratios)
    carbon_ids = tuple(x.id for x in model.carbon_fractions)
    ratios = {"root_ratio": (root_ids, p.cell_root), "carbon_fraction": (carbon_ids, p.cell_carbon)}
    return Analytic(
        sums.totals(none + 1.0, {"root_ratio": none, "carbon_fraction": none}, ratios),
        sums.totals(r, {"root_ratio": r_sd, "carbon_fraction": none}, ratios),
        sums.totals((1 + r) * c, {"root_ratio": r_sd * c, "carbon_fraction": (1 + r) * c_sd}, ratios),
    )


def _per_tree(p: Prepared) -> _PerTree:
    n = len(p.trees)
    value, power = np.empty(n), np.empty((3, n))
    terms = [t for v in p.variants for t in v.equation.terms]
    starts = np.cumsum([0, *(len(v.equation.terms) for v in p.variants)])
    matrix = np.array([[t.intercept, t.d, t.h, t.r] for t in terms]).reshape(-1, 4)
    sign = np.array([t.sign for t in terms])
    moments.plug_in(p.dbh_cm, p.height_m, p.density_g_cm3, p.variant, starts, sign, matrix, value, power)
    d1, d2, ln_d = _diameter(p, power[0])
    h1, h2, ln_h = _size(p.height_m, p.height_sd_m, power[1], p.limits[2], p.limits[3])
    r1, r2, ln_r = _size(p.density_g_cm3, p.density_sd_g_cm3, power[2], p.limits[4], p.limits[5])
    correction = np.array([v.equation.mean_correction for v in p.variants])[p.variant] / KG_PER_T
    shared_density = p.density_class.index >= 0
    log_density = np.log(r2 / r1**2)
    return _PerTree(
        mean_t=value * correction * d1 * h1 * r1,
        plug_in_t=value * correction,
        log_variance={
            "measurement": np.log(d2 / d1**2) + np.log(h2 / h1**2),
            "density": np.where(shared_density, 0.0, log_density),
            "residual": np.array([v.residual_sd**2 for v in p.variants])[p.variant],
        },
        log_density=np.where(shared_density, log_density, 0.0),
        ln_d=ln_d,
        ln_h=ln_h,
        ln_r=ln_r,
    )


def _size(
    mean: NDArray[np.float64], sd: NDArray[np.float64], power: NDArray[np.float64], low: float, high: float
) -> tuple[NDArray[np.float64], ...]:
    """First and second moment and effective logarithm of each tree's size."""
    if not (sd * power != 0).any():
        return np.ones_like(mean), np.ones_like(mean), np.log(mean)
    first, second, log = np.empty_like(mean), np.empty_like(mean), np.empty_like(mean)
    moments.power_moments(mean, sd, power, low, high, first, second, log)
    return first, second, log


def _diameter(p: Prepared, power: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    low, high = p.limits[0], p.limits[1]
    first, second, log = _size(p.dbh_cm, np.abs(p.dbh_sd_cm), power, low, high)
    mixed = p.dbh_sd_cm < 0
    if not mixed.any():
        return first, second, log
    share, gross_sd = p.gross
    gross = np.where(mixed, gross_sd, 0.0)
    gross_first, gross_second, gross_log = _size(p.dbh_cm, gross, power, low, high)
    q = np.where(mixed, share, 0.0)
    mean = (1 - q) * first + q * gross_first
    effective = ((1 - q) * first * log + q * gross_first * gross_log) / mean
    return mean, (1 - q) * second + q * gross_second, effective


class _CellSums:
    """Sums of the trees by cell, from which the totals of each quantity follow by a factor per cell."""

    def __init__(self, p: Prepared, tree: _PerTree) -> None:
        self.p, self.tree = p, tree
        self.cells = len(p.cell_group)
        self.weighted = p.weight * tree.mean_t
        self.mean = self._sum(self.weighted)
        self.plug_in = self._sum(p.weight * tree.plug_in_t)
        self.own, self.own_once = self._own()
        self.shared = {"density": self._density(), "allometry": self._allometry(), "site": self._site()}

    def _sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return added(self.p.cell, values, self.cells)

    def _own(self) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
        """Variances of single trees, what the factors have in common split by their logarithms."""
        p, tree = self.p, self.tree
        logs = tree.log_variance
        total = sum(logs.values(), np.zeros(len(p.trees)))
        site = np.array([v.site_sd**2 for v in p.variants])[p.variant]
        variance = tree.mean_t**2 * np.expm1(total) * np.exp(site)
        part = variance / np.where(total > 0, total, 1.0)
        own = {s: self._sum(p.weight**2 * part * logs[s]) for s in _OWN}
        return own, {s: self._sum(p.weight * part * logs[s]) for s in _OWN}

    def _density(self) -> Shared:
        """Trees of a density class move together: their standard deviations add."""
        return self._by_sharing(self.p.density_class, self.weighted * np.sqrt(np.expm1(self.tree.log_density)))

    def _site(self) -> Shared:
        spread = np.sqrt(np.expm1([v.site_sd**2 for v in self.p.variants]))
        return self._by_sharing(self.p.site, self.weighted * spread[self.p.variant])

    def _by_sharing(self, sharing: Sharing, moved: NDArray[np.float64]) -> Shared:
        rows = np.flatnonzero((sharing.index >= 0) & (moved != 0))
        pair = self.p.cell[rows] * max(len(sharing.ids), 1) + sharing.index[rows]
        used, where = np.unique(pair, return_inverse=True)
        loading = added(where, moved[rows], len(used))
        count = max(len(sharing.ids), 1)
        return Shared(sharing.ids, used // count, used % count, loading)

    def _allometry(self) -> Shared:
        keys: list[str] = []
        cells, factors, loadings = [], [], []
        if "allometry" in self.p.sources:
            for equation_id, gradient in self._gradients().items():
                root = covariance_root(self._covariance(equation_id))
                moved = gradient @ root
                for k in np.flatnonzero(root.any(axis=0)):
                    cells.append(np.arange(self.cells))
                    factors.append(np.full(self.cells, len(keys)))
                    loadings.append(moved[:, k])
                    keys.append(f"{equation_id}:{k}")
        empty = [np.zeros(0, np.intp)]
        return Shared(
            tuple(keys),
            np.concatenate(cells or empty),
            np.concatenate(factors or empty),
            np.concatenate(loadings or [np.zeros(0)]),
        )

    def _gradients(self) -> dict[str, NDArray[np.float64]]:
        """Gradient of the cells by (intercept, d, h, r, sigma) for each equation with a covariance. [t]"""
        p, tree, w = self.p, self.tree, self.weighted
        count = len(p.variants)
        both = p.cell * count + p.variant
        sigma = np.array([(v.equation.sigma or 0.0) if v.residual_sd > 0 else 0.0 for v in p.variants])
        columns = [w, w * tree.ln_d, w * tree.ln_h, w * tree.ln_r, w * sigma[p.variant]]
        sums = [added(both, x, self.cells * count).reshape(self.cells, count) for x in columns]
        found: dict[str, NDArray[np.float64]] = {}
        for v, variant in enumerate(p.variants):
            if variant.equation.covariance is not None:
                gradient = np.stack([s[:, v] for s in sums], axis=1)
                known = found.get(variant.equation.id)
                found[variant.equation.id] = gradient if known is None else known + gradient
        return found

    def _covariance(self, equation_id: str) -> NDArray[np.float64]:
        found = next(v.equation.covariance for v in self.p.variants if v.equation.id == equation_id)
        assert found is not None
        return found

    def totals(
        self,
        factor: NDArray[np.float64],
        ratio_sd: dict[str, NDArray[np.float64]],
        ratios: dict[str, tuple[tuple[str, ...], NDArray[np.intp]]],
    ) -> Totals:
        """The quantity that is ``factor`` times the biomass of a cell, with ``ratio_sd`` the sd of that factor."""
        groups, group = self.p.trees.groups, self.p.cell_group

        def by_group(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return added(group, values, groups)

        shared = {
            source: Shared(s.keys, group[s.group], s.factor, s.loading * factor[s.group])
            for source, s in self.shared.items()
            if len(s.loading)
        }
        for source, (ids, index) in ratios.items():
            if ratio_sd[source].any():
                shared[source] = Shared(ids, group, index, self.mean * ratio_sd[source])
        return Totals(
            by_group(self.mean * factor),
            by_group(self.plug_in * factor),
            {s: by_group(v * factor**2) for s, v in self.own.items()},
            {s: by_group(v * factor**2) for s, v in self.own_once.items()},
            shared,
        )
