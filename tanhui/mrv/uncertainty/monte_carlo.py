"""Monte Carlo from tree to total: every tree is drawn anew in every draw, shared errors are shared.

The draws follow the error model of the field as the R package BIOMASS applies it [1]_: diameter by the mixture of
[2]_, height and density normal and truncated, one draw of the equation's parameters for all trees, an independent
residual per tree; added here are site effects, classes of trees that share a density, root ratios and carbon
fractions. A draw depends on the seed, the tree's number and the number of the draw alone.

References
----------
.. [1] M. Réjou-Méchain et al., Methods Ecol. Evol. 8, 1163-1167, 2017. doi:10.1111/2041-210X.12753
.. [2] J. Chave et al., Phil. Trans. R. Soc. B 359, 409-420, 2004. doi:10.1098/rstb.2003.1425
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.randoms import key64
from tanhui.mrv.uncertainty import kernel
from tanhui.mrv.uncertainty.model import SOURCES
from tanhui.mrv.uncertainty.prepare import Prepared, covariance_root, prepare, ratio_arrays

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from tanhui.mrv.uncertainty.model import ErrorModel, Trees
    from tanhui.sinks.forest.model import Equation

__all__ = ["Draws", "Summary", "monte_carlo", "parameter_draws", "summarise"]

KG_PER_T = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Sums by group in every draw, shape (groups, draws). [t d.m., t d.m., t C, times the weights]"""

    agb_t: NDArray[np.float64]
    bgb_t: NDArray[np.float64]
    carbon_t: NDArray[np.float64]

    def total(self) -> Draws:
        """All groups added up, group by group in their order."""
        return Draws(*(_added(array) for array in (self.agb_t, self.bgb_t, self.carbon_t)))


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Mean, standard deviation and central interval of draws, each of shape (groups,)."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def monte_carlo(
    trees: Trees,
    model: ErrorModel,
    *,
    draws: int = 1000,
    seed: int = 0,
    occasion: int = 0,
    sources: Collection[str] = SOURCES,
    threads: int | None = None,
) -> Draws:
    """Draw the sums of every group.

    Parameters
    ----------
    trees, model
        The trees and their error model.
    draws : int
        Number of draws.
    seed : int
        Names all streams.
    occasion : int
        Names the inventory, 0 to 2**30: errors of single trees are independent between occasions, shared errors are
        the same, so the difference of two occasions is drawn correctly.
    sources : collection of str
        The sources that are drawn; the others stay at their mean.
    threads : int, optional
        As many as the processors this process may use where absent. The result does not depend on it.

    Returns
    -------
    Draws

    Raises
    ------
    DomainError
        If ``draws`` is not positive, a source is unknown, or an equation's covariance is not one.
    """
    if draws < 1 or not 0 <= occasion < 2**30:
        raise DomainError("uncertainty.draws", draws=draws, occasion=occasion)
    work = _Work(prepare(trees, model, sources), model, seed, occasion, draws)
    out = Draws(*(np.zeros((trees.groups, draws)) for _ in range(3)))
    runs = [(first, min(first + kernel.WIDTH, draws)) for first in range(0, draws, kernel.WIDTH)]
    workers = min(threads or _processors(), len(runs))
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda run: work.fill(out, *run), runs):
            pass
    return out


def parameter_draws(equation: Equation, seed: int, draws: int) -> NDArray[np.float64]:
    """Departures of (intercept, d, h, r, sigma) from the published values, shape (5, draws).

    They depend on the seed and the equation's id alone: all trees and all dates that use it share them. Without a
    covariance they are zero.
    """
    if equation.covariance is None:
        return np.zeros((5, draws))
    root = covariance_root(equation.covariance)
    key = np.uint64(key64(seed, "allometry", equation.id))
    normal = np.empty((5, draws))
    for component in range(5):
        kernel.shared_normals(key, component, 0, normal[component])
    departures = np.zeros((5, draws))
    for k in range(5):  # not a matrix product: its summation order may change with the library
        departures += root[:, k, None] * normal[k]
    return departures


def summarise(values: NDArray[np.float64], level: float = 0.95) -> Summary:
    """Mean, sd (n - 1) and the central interval of ``level`` by quantiles, row by row."""
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=1)
    sd = values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.zeros(len(values))
    return Summary(values.mean(axis=1), sd, low, high)


def _processors() -> int:
    """Processors this process may use, where the system says so."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class _Work:
    """What the runs of one Monte Carlo share."""

    def __init__(self, p: Prepared, model: ErrorModel, seed: int, occasion: int, draws: int) -> None:
        self.p = p
        self.key = np.uint64(key64(seed, "tree"))
        self.occasion = np.uint64(occasion)
        self.root, self.root_sd = ratio_arrays(model.root_ratios, "root_ratio" in p.sources)
        self.carbon, self.carbon_sd = ratio_arrays(model.carbon_fractions, "carbon_fraction" in p.sources)
        self.root_keys = [key64(seed, "root_ratio", r.id) for r in model.root_ratios]
        self.carbon_keys = [key64(seed, "carbon_fraction", r.id) for r in model.carbon_fractions]
        self.site_keys = [key64(seed, "site", x) for x in p.site.ids]
        self.density_keys = [key64(seed, "density", x) for x in p.density_class.ids]
        self._lay_out_equations(seed, draws)

    def _lay_out_equations(self, seed: int, draws: int) -> None:
        variants = self.p.variants
        drawn = "allometry" in self.p.sources
        terms, start, departures, residual = [], [0], [], []
        zero = np.zeros((5, draws))
        for v in variants:
            moved = parameter_draws(v.equation, seed, draws) if drawn and v.equation.covariance is not None else zero
            terms += list(v.equation.terms)
            departures += [moved[:4]] * len(v.equation.terms)
            start.append(len(terms))
            sigma = np.maximum((v.equation.sigma or 0.0) + moved[4], 0.0)
            within = np.sqrt(np.maximum(sigma**2 - v.site_sd**2, 0.0))
            residual.append(within if v.residual_sd > 0 else np.zeros(draws))
        self.published = np.array([[t.intercept, t.d, t.h, t.r] for t in terms]).reshape(-1, 4)
        self.departures = departures
        self.sign = np.array([t.sign for t in terms])
        self.term_start = np.array(start, np.intp)
        self.residual_sd = residual
        self.offset = np.array([v.offset for v in variants])
        self.site_sd = np.array([v.site_sd for v in variants])
        uses = [(v.equation.needs_height, v.equation.needs_density, v.residual_sd > 0) for v in variants]
        self.uses = np.array(uses, bool).reshape(-1, 3)

    def fill(self, out: Draws, first: int, last: int) -> None:
        """Write draws ``first`` to ``last`` of the result."""
        p, width = self.p, last - first
        parameters = np.empty((len(self.published), 4, width))
        for t, moved in enumerate(self.departures):
            parameters[t] = self.published[t][:, None] + moved[:, first:last]
        sums = np.zeros((len(p.cell_group), width))
        residual = np.array([sd[first:last] for sd in self.residual_sd]).reshape(-1, width)
        kernel.add_trees(
            sums,
            first,
            self.key,
            self.occasion,
            p.number,
            p.cell,
            p.weight,
            p.dbh_cm,
            p.dbh_sd_cm,
            p.gross,
            p.height_m,
            p.height_sd_m,
            p.density_g_cm3,
            p.density_sd_g_cm3,
            p.limits,
            p.variant,
            self.term_start,
            self.sign,
            parameters,
            residual,
            self.offset,
            self.uses,
            p.density_class.index,
            _uniforms(self.density_keys, first, width),
            p.site.index,
            self.site_sd,
            _normals(self.site_keys, first, width),
        )
        self._write(out, sums / KG_PER_T, first, last)

    def _write(self, out: Draws, agb: NDArray[np.float64], first: int, last: int) -> None:
        """Cells to groups, with one root ratio per root class and one carbon fraction per carbon class."""
        p, width = self.p, last - first
        root = self.root[:, None] + self.root_sd[:, None] * _normals(self.root_keys, first, width)
        carbon = self.carbon[:, None] + self.carbon_sd[:, None] * _normals(self.carbon_keys, first, width)
        np.maximum(root, 0.0, out=root)
        np.maximum(carbon, 0.0, out=carbon)
        for cell, group in enumerate(p.cell_group):
            bgb = agb[cell] * root[p.cell_root[cell]]
            out.agb_t[group, first:last] += agb[cell]
            out.bgb_t[group, first:last] += bgb
            out.carbon_t[group, first:last] += (agb[cell] + bgb) * carbon[p.cell_carbon[cell]]


def _normals(keys: Sequence[int], first: int, width: int) -> NDArray[np.float64]:
    """One row of standard normal draws per key."""
    rows = np.empty((len(keys), width))
    for row, key in zip(rows, keys, strict=True):
        kernel.shared_normals(np.uint64(key), 0, first, row)
    return rows


def _uniforms(keys: Sequence[int], first: int, width: int) -> NDArray[np.float64]:
    """As above, as uniform numbers, because truncation works on those."""
    rows = np.empty((len(keys), width))
    for row, key in zip(rows, keys, strict=True):
        kernel.shared_uniforms(np.uint64(key), first, row)
    return rows


def _added(array: NDArray[np.float64]) -> Any:
    total = np.zeros((1, array.shape[1]))
    for row in array:
        total[0] += row
    return total
