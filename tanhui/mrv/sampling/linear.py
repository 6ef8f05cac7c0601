"""A linear model of plot values: how it is fitted, how sure it is, and what it says where only auxiliaries are known.

One formula carries model-assisted, two-phase, small-area, model-based and hybrid estimation. With Z the auxiliaries
(the constant first), Zbar their mean over an area, and beta the coefficients::

    estimate  =  Zbar' beta
    variance  =  Zbar' Cov(beta) Zbar  +  beta' Cov(Zbar) beta

``LinearFit`` holds beta and Cov(beta), :class:`Auxiliaries` Zbar and Cov(Zbar): zero where every point of the area is
known, design-based where a first phase was drawn. What the result means depends on where Cov(beta) comes from:

``hc0``
    (sum w Z Z')^-1 (sum w^2 r^2 Z Z') (sum w Z Z')^-1, the g-weighted residuals of Mandallaz [1]_: the published
    design-based variance, and White's under a model. Too small by about 2 p/n: residuals are smaller than errors.
``hc2``, ``hc3``, ``jackknife``
    The same with r^2 / (1 - h), or r^2 / (1 - h)^2, h the leverage [2]_; the jackknife is ``hc3`` times (m - 1) / m for
    m units. ``hc2`` and the jackknife are exactly s^2 / n where there are no auxiliaries. ``hc2`` is what we use
    unless told otherwise: its mean is closest to the truth. The jackknife is about p/n wider, which pays where plots
    are few and skewed.
``ols``
    s^2 (sum Z Z')^-1: only under a model with equal errors.

Units are plots or, where plots come in clusters, cluster means weighted by the number of their plots M [1]_. In a
stratified sample the residuals are centred within strata and W_h takes the place of 1 [3]_.

References
----------
.. [1] D. Mandallaz, J. Breschan, A. Hill, Can. J. For. Res. 43, 1023-1031, 2013. doi:10.1139/cjfr-2013-0181
.. [2] J. S. Long, L. H. Ervin, Am. Stat. 54, 217-224, 2000. doi:10.1080/00031305.2000.10474549
.. [3] C.-E. Särndal, B. Swensson, J. Wretman, Model Assisted Survey Sampling, Springer, 1992, section 6.6.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.model import Layout, columns, grouped_sums

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Auxiliaries", "CovarianceKind", "LinearFit", "Units", "fit_linear", "with_constant"]

CovarianceKind: TypeAlias = Literal["hc0", "hc2", "hc3", "jackknife", "ols"]
Clusters: TypeAlias = "Sequence[Hashable] | NDArray[np.generic]"
#: Power of 1 - h that divides a squared residual.
LEVERAGE_POWER = {"hc0": 0, "hc2": 1, "hc3": 2, "jackknife": 2, "ols": 0}
#: Scaled columns whose part outside the others is smaller than this say nothing of their own.
COLLINEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Units:
    """What was drawn independently: plots, or clusters as the means of their plots.

    Attributes
    ----------
    values : ndarray of float, shape (m, k)
        Of each unit.
    weight : ndarray of float, shape (m,)
        Design weights, adding to 1: W_h M / sum of M in the stratum.
    stratum : ndarray of int, shape (m,)
        Stratum of each unit.
    factor : ndarray of float, shape (m,)
        n_h / (n_h - 1), less the sampled share where the layout gives a population.
    unit : ndarray of int, shape (n,)
        Unit of each plot.
    size : ndarray of float, shape (m,)
        Plots in each unit, M.
    """

    values: NDArray[np.float64]
    weight: NDArray[np.float64]
    stratum: NDArray[np.intp]
    factor: NDArray[np.float64]
    unit: NDArray[np.intp]
    size: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], layout: Layout | None = None, cluster: Clusters | None = None) -> Units:
        """Units from plot values.

        Raises
        ------
        DomainError
            If lengths differ, a cluster lies in two strata, or a stratum has fewer than two units.
        """
        n = len(values)
        if (layout is not None and layout.n != n) or (cluster is not None and len(cluster) != n):
            raise DomainError("sampling.wrong_length", found=n, wanted=len(cluster) if layout is None else layout.n)  # type: ignore[arg-type]
        of_plot = np.zeros(n, np.intp) if layout is None else layout.stratum
        unit, first, size = np.arange(n), np.arange(n), np.ones(n)
        if cluster is not None:
            _, first, unit, counts = np.unique(
                np.asarray(cluster), return_index=True, return_inverse=True, return_counts=True
            )
            size = counts.astype(float)
            values = grouped_sums(values, unit, len(size)) / size[:, None]
            if (of_plot != of_plot[first][unit]).any():
                raise DomainError("sampling.cluster_in_two_strata")
        stratum = of_plot[first]
        area = np.ones(1) if layout is None else layout.area_ha / layout.total_area_ha
        drawn = np.bincount(stratum, minlength=len(area)).astype(float)
        if (drawn < 2).any():
            labels = ("all",) if layout is None else layout.labels
            few = [label for label, m in zip(labels, drawn, strict=True) if m < 2]
            raise DomainError("sampling.stratum_too_small", strata=", ".join(few))
        weight = area[stratum] * size / np.bincount(stratum, size)[stratum]
        share = np.zeros(len(area)) if layout is None or layout.population is None else drawn / layout.population
        factor = (1 - share) * drawn / (drawn - 1)
        return cls(values, weight, stratum, factor[stratum], unit, size)

    @property
    def strata(self) -> int:
        """Number of strata."""
        return int(self.stratum.max()) + 1

    def mean(self) -> NDArray[np.float64]:
        """Design-weighted mean, shape (k,)."""
        found: NDArray[np.float64] = self.weight @ self.values
        return found

    def covariance(self, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Design-based covariance of the weighted mean (a ratio to the plots in each stratum), shape (k, k)."""
        values = self.values if values is None else values
        w = self.weight[:, None]
        sums = grouped_sums(values, self.stratum, self.strata, self.weight)
        off = w * (values - (sums / np.bincount(self.stratum, self.weight)[:, None])[self.stratum])
        found: NDArray[np.float64] = (off * self.factor[:, None]).T @ off
        return found

    def per_plot(self, unit_weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """A weight of units shared out to their plots, (m,) to (n,)."""
        return (unit_weight / self.size)[self.unit]


@dataclass(frozen=True, slots=True)
class Auxiliaries:
    """What is known about the auxiliaries of an area: their mean, the constant first, and how sure it is.

    Attributes
    ----------
    mean : ndarray of float, shape (p,)
        Zbar; the first element is 1.
    covariance : ndarray of float, shape (p, p)
        Of the mean; zeros where the auxiliaries are known everywhere.
    n : int
        Units of the first phase; 0 where the auxiliaries are known everywhere.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n: int = 0

    @classmethod
    def known(cls, mean: ArrayLike) -> Auxiliaries:
        """Auxiliaries known everywhere (a raster, a register): their mean over the area, without the constant."""
        inner = np.atleast_1d(np.asarray(mean, float))
        if inner.ndim != 1 or not np.isfinite(inner).all():
            raise DomainError("sampling.missing_values", count=int((~np.isfinite(inner)).sum()))
        return cls(np.concatenate([[1.0], inner]), np.zeros((len(inner) + 1,) * 2))

    @classmethod
    def sampled(cls, z: ArrayLike, *, layout: Layout | None = None, cluster: Clusters | None = None) -> Auxiliaries:
        """Auxiliaries measured on a first phase: all its plots, those of the second phase included."""
        units = Units.of(with_constant(z), layout, cluster)
        return cls(units.mean(), units.covariance(), len(units.size))

    @classmethod
    def partly_known(
        cls,
        z: ArrayLike,
        known: Sequence[int],
        known_mean: ArrayLike,
        *,
        cluster: Clusters | None = None,
        covariance: CovarianceKind = "hc2",
    ) -> Auxiliaries:
        """A first phase of all auxiliaries, some of which are known everywhere.

        The mean of the others is sharpened by their regression on the known ones in the first phase (Mandallaz 2013,
        the generalised two-phase estimator).

        Parameters
        ----------
        z : array_like of float, shape (n1, p - 1)
            Auxiliaries on the first phase.
        known : sequence of int
            Which columns of z are known everywhere.
        known_mean : array_like of float
            Their mean over the area.
        """
        full = with_constant(z)
        exhaustive = cls.known(known_mean)
        fit = fit_linear(full, full[:, [i + 1 for i in known]], cluster=cluster, covariance=covariance)
        g = fit.unit_weights(exhaustive.mean) / fit.units.weight
        off = (fit.units.weight * g)[:, None] * fit.adjusted
        return cls(fit.beta.T @ exhaustive.mean, off.T @ off, len(fit.units.size))


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A fitted linear model of k variables.

    Attributes
    ----------
    beta : ndarray of float, shape (p, k)
        Coefficients, the constant first.
    covariance : ndarray of float, shape (k, p, p)
        Of the coefficients.
    inverse : ndarray of float, shape (p, p)
        (sum w Z Z')^-1.
    residuals, adjusted : ndarray of float, shape (m, k)
        Of the units, plain and after the leverage correction.
    units : Units
        What was fitted to; ``values`` are the auxiliaries with their constant.
    df : int
        Units less coefficients, less strata beyond the first.
    kind : str
        How the covariance was estimated.
    """

    beta: NDArray[np.float64]
    covariance: NDArray[np.float64]
    inverse: NDArray[np.float64]
    residuals: NDArray[np.float64]
    adjusted: NDArray[np.float64]
    units: Units
    df: int
    kind: CovarianceKind

    @property
    def n(self) -> int:
        """Plots fitted to."""
        return len(self.units.unit)

    def predict(self, z: ArrayLike) -> NDArray[np.float64]:
        """The model's values where the auxiliaries are z (without the constant): (n, p - 1) to (n, k)."""
        found: NDArray[np.float64] = with_constant(z) @ self.beta
        return found

    def unit_weights(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights of the units, calibrated so that they give ``mean`` for the auxiliaries: w g, shape (m,)."""
        found: NDArray[np.float64] = self.units.weight * (self.units.values @ (self.inverse @ mean))
        return found

    def variance_at(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Zbar' Cov(beta) Zbar, shape (k,)."""
        found: NDArray[np.float64] = np.einsum("p,kpq,q->k", mean, self.covariance, mean)
        return found

    def df_at(self, mean: NDArray[np.float64]) -> int:
        """Degrees of freedom of :meth:`variance_at`.

        ``df`` as published for ``hc0`` and ``ols``. Else Satterthwaite's 2 V^2 / Var(V), with V the sum of
        u^2 = (w g r)^2 over m units and Var(V) from their fourth moment: 2 m / (kurtosis(u) - 1), at most ``df``, of
        several variables the least. A few plots that carry most of the variance say so here.
        """
        if self.kind in ("hc0", "ols"):
            return self.df
        squares = (self.unit_weights(mean)[:, None] * self.adjusted) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            kurtosis = len(squares) * (squares**2).sum(axis=0) / squares.sum(axis=0) ** 2
            found = np.where(kurtosis > 1, 2 * len(squares) / (kurtosis - 1), np.inf)
        return max(min(int(np.minimum(found, self.df).min()), self.df), 1)


def fit_linear(
    y: ArrayLike,
    z: ArrayLike,
    *,
    layout: Layout | None = None,
    cluster: Clusters | None = None,
    covariance: CovarianceKind = "hc2",
    correlation: ArrayLike | None = None,
) -> LinearFit:
    """Least squares of plot values on auxiliaries.

    Parameters
    ----------
    y : array_like of float, shape (n,) or (n, k)
        Plot values.
    z : array_like of float, shape (n,) or (n, p - 1)
        Auxiliaries on the same plots, without a constant: it is added.
    layout : Layout, optional
        Strata whose number of plots was fixed before sampling; None for one stratum.
    cluster : sequence, optional
        Cluster of each plot; None where each plot was drawn on its own.
    covariance : {"hc0", "hc2", "hc3", "jackknife", "ols"}
        How the coefficients' covariance is estimated; see the head of this module.
    correlation : array_like of float, shape (m, m), optional
        Correlation of the units' errors, for model-based inference from plots that lie close together.

    Raises
    ------
    DomainError
        If values are missing, auxiliaries say the same thing twice, or there are too few units.
    """
    values = columns(y)
    aux = with_constant(z)
    if len(aux) != len(values):
        raise DomainError("sampling.wrong_length", found=len(aux), wanted=len(values))
    k = values.shape[1]
    both = Units.of(np.hstack([values, aux]), layout, cluster)
    units = Units(both.values[:, k:], both.weight, both.stratum, both.factor, both.unit, both.size)
    m, p = units.values.shape
    df = m - p - (units.strata - 1)
    if df < 1:
        raise DomainError("sampling.too_few_for_auxiliaries", plots=m, coefficients=p)
    inverse = _inverse(units.values, units.weight)
    beta = inverse @ (units.values.T @ (units.weight[:, None] * both.values[:, :k]))
    residuals = both.values[:, :k] - units.values @ beta
    leverage = units.weight * np.einsum("mp,pq,mq->m", units.values, inverse, units.values)
    if units.strata > 1:  # Centring within strata accounts for the constant already.
        leverage = leverage - units.weight
    scale = np.sqrt((m - 1) / m) if covariance == "jackknife" and units.strata == 1 else 1.0
    power = LEVERAGE_POWER[covariance] / 2
    adjusted = scale * residuals / np.maximum(1 - leverage, COLLINEAR)[:, None] ** power
    if covariance == "ols":
        adjusted = np.broadcast_to(np.sqrt((residuals**2).sum(axis=0) / df), residuals.shape)
    correlated = None if correlation is None else np.asarray(correlation, float)
    middle = np.stack([_meat(units, adjusted[:, j], covariance, correlated) for j in range(k)])
    return LinearFit(beta, inverse @ middle @ inverse, inverse, residuals, adjusted, units, df, covariance)


def with_constant(z: ArrayLike) -> NDArray[np.float64]:
    """Auxiliaries with a column of ones before them."""
    aux = columns(z)
    return np.hstack([np.ones((len(aux), 1)), aux])


def _meat(
    units: Units, residual: NDArray[np.float64], kind: CovarianceKind, correlation: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Covariance of sum w Z e, shape (p, p)."""
    scores = (units.weight * residual)[:, None] * units.values
    if correlation is not None:
        scores = np.abs(residual * units.weight)[:, None] * units.values
        found: NDArray[np.float64] = scores.T @ correlation @ scores
        return found
    if units.strata == 1 or kind == "ols":
        same: NDArray[np.float64] = scores.T @ scores
        return same
    drawn = np.bincount(units.stratum)[:, None]
    off = scores - (grouped_sums(scores, units.stratum, units.strata) / drawn)[units.stratum]
    centred: NDArray[np.float64] = (off * units.factor[:, None]).T @ off
    return centred


def _inverse(z: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(sum w Z Z')^-1 by a QR factorisation of scaled columns."""
    root = np.sqrt(weight)[:, None] * z
    scale = np.sqrt((root**2).sum(axis=0))
    triangle = np.linalg.qr(root / np.where(scale > 0, scale, 1.0), mode="r")
    own = np.abs(np.diag(triangle))
    if (scale == 0).any() or (own < COLLINEAR).any():
        at = int(np.argmin(np.where(scale > 0, own, 0.0)))
        raise DomainError("sampling.auxiliaries_collinear", column=at)
    back = np.linalg.solve(triangle, np.eye(len(scale))) / scale[:, None]
    found: NDArray[np.float64] = back @ back.T
    return found
