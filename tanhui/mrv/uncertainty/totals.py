"""Totals with the variance of each source, in a form that adds up over groups, strata and dates.

A shared error is kept as a *loading*: how far the sum of a group moves when the factor moves by one standard
deviation. Loadings add with their sign, so the errors that two groups or two dates share meet again in a sum and
cancel in a difference. The errors of single trees are independent and are kept as variances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.mrv.uncertainty.model import SOURCES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Shared", "Totals", "difference_variance", "shares"]


def added(index: NDArray[np.intp], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Sums of ``values`` by ``index``, shape (count,)."""
    return np.bincount(index, values, minlength=count).astype(float)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Loadings of the factors of one source: group ``group[k]`` moves by ``loading[k]`` with ``factor[k]`` of ``keys``.

    A key names the stream of the factor: the equation's id and the number of the component, a site, a class.
    """

    keys: tuple[str, ...]
    group: NDArray[np.intp]
    factor: NDArray[np.intp]
    loading: NDArray[np.float64]

    def of(self, coefficients: NDArray[np.float64]) -> dict[str, float]:
        """Loading of each factor on the linear combination of groups."""
        moved = added(self.factor, coefficients[self.group] * self.loading, len(self.keys))
        return dict(zip(self.keys, moved.tolist(), strict=True))

    def dense(self, groups: int) -> NDArray[np.float64]:
        """Loadings as a matrix, shape (groups, factors)."""
        matrix = np.zeros((groups, len(self.keys)))
        np.add.at(matrix, (self.group, self.factor), self.loading)
        return matrix


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Sums of one quantity by group, with what is uncertain about them.

    Attributes
    ----------
    value : ndarray, shape (groups,)
        Expected sum over all errors: what a Monte Carlo run has as its mean. [t]
    plug_in : ndarray, shape (groups,)
        The equations at the measured sizes. The gap to ``value`` is the bias that measurement errors bring into a
        convex equation. [t]
    own : mapping of source -> ndarray, shape (groups,)
        Variance of the sum from errors of single trees: sum of weight^2 times the tree's variance. [t2]
    own_once : mapping of source -> ndarray, shape (groups,)
        The same with weight to the first power: the variance of the trees that the rows *stand for*, each with an
        error of its own. See :mod:`tanhui.mrv.uncertainty.combine` for which one a total needs. [t2]
    shared : mapping of source -> Shared
        Loadings of shared errors. [t per sd]
    """

    value: NDArray[np.float64]
    plug_in: NDArray[np.float64]
    own: Mapping[str, NDArray[np.float64]]
    own_once: Mapping[str, NDArray[np.float64]]
    shared: Mapping[str, Shared]

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.value)

    def variance(self, coefficients: ArrayLike | None = None) -> dict[str, float]:
        """Variance by source of a linear combination of the groups; of their sum where no coefficients are given."""
        c = np.ones(self.groups) if coefficients is None else np.asarray(coefficients, float)
        found = {source: float(c**2 @ variance) for source, variance in self.own.items()}
        for source, shared in self.shared.items():
            found[source] = found.get(source, 0.0) + sum(x * x for x in shared.of(c).values())
        return {source: found[source] for source in SOURCES if source in found}

    def group_variance(self) -> dict[str, NDArray[np.float64]]:
        """Variance by source of every group, shape (groups,) each."""
        found = {source: variance.copy() for source, variance in self.own.items()}
        for source, shared in self.shared.items():
            pair, where = np.unique(shared.group * max(len(shared.keys), 1) + shared.factor, return_inverse=True)
            loading = added(where, shared.loading, len(pair))
            group = pair // max(len(shared.keys), 1)
            mine = added(group, loading**2, self.groups)
            found[source] = found.get(source, np.zeros(self.groups)) + mine
        return {source: found[source] for source in SOURCES if source in found}

    def sd(self) -> NDArray[np.float64]:
        """Standard deviation of every group. [t]"""
        total = np.zeros(self.groups)
        for variance in self.group_variance().values():
            total += variance
        return np.asarray(np.sqrt(total))

    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the groups from this room's sources, shape (groups, groups). [t2]"""
        matrix = np.diag(np.sum([np.zeros(self.groups), *self.own.values()], axis=0))
        for shared in self.shared.values():
            dense = shared.dense(self.groups)
            matrix += dense @ dense.T
        return matrix


def difference_variance(
    later: Totals, earlier: Totals, later_coefficients: ArrayLike, earlier_coefficients: ArrayLike
) -> dict[str, float]:
    """Variance by source of (combination of ``later``) - (combination of ``earlier``).

    Shared factors with the same key cancel as far as both dates move alike; errors of single trees are taken as
    independent between the dates.
    """
    c2, c1 = np.asarray(later_coefficients, float), np.asarray(earlier_coefficients, float)
    found: dict[str, float] = {}
    for source in SOURCES:
        own = sum(float(c**2 @ t.own[source]) for t, c in ((later, c2), (earlier, c1)) if source in t.own)
        after = later.shared[source].of(c2) if source in later.shared else {}
        before = earlier.shared[source].of(c1) if source in earlier.shared else {}
        moved = [after.get(key, 0.0) - before.get(key, 0.0) for key in sorted({*after, *before})]
        if source in later.own or source in earlier.own or moved:
            found[source] = own + sum(x * x for x in moved)
    return found


def shares(variance: Mapping[str, float]) -> dict[str, float]:
    """Fractions of the total variance, which add to 1; empty where there is no variance."""
    total = sum(variance.values())
    return {source: part / total for source, part in variance.items()} if total > 0 else {}
