"""Change between two occasions: the same plots, new plots, or some of each. Var(d) = V1 + V2 - 2 Cov.

A gain on permanent plots is known far better than the difference of two independent surveys, because what makes
plots differ from each other is the same at both dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.estimators import Scheme, covariance_of_totals, mean_of, plot_covariance
from tanhui.mrv.sampling.model import ChangeEstimate, Layout, SampleEstimate, as_given, columns, grouped_sums

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["independent_change", "paired_change", "partial_replacement"]


def paired_change(y1: ArrayLike, y2: ArrayLike, layout: Layout, scheme: Scheme = "stratified") -> ChangeEstimate:
    """Change of the mean on permanent plots, measured at both dates.

    Parameters
    ----------
    y1, y2 : array_like of float, shape (n,) or (n, k)
        The same plots at the first and the second date.
    layout, scheme
        As in :func:`~tanhui.mrv.sampling.estimators.mean_of`.

    Returns
    -------
    ChangeEstimate
        Mean of y2 - y1, with the means of both dates and their covariance; ``df`` = plots less strata.
    """
    first, second = mean_of(y1, layout, scheme), mean_of(y2, layout, scheme)
    between = plot_covariance(columns(y1, layout.n), columns(y2, layout.n), layout)
    covariance = as_given(covariance_of_totals(between, layout, scheme) / layout.total_area_ha**2, y1)
    change = mean_of(np.subtract(y2, y1), layout, scheme)
    return ChangeEstimate(
        change.value,
        change.variance,
        change.df,
        change.n,
        change.parts,
        first=first,
        second=second,
        covariance=covariance,
    )


def independent_change(first: SampleEstimate, second: SampleEstimate) -> ChangeEstimate:
    """Difference of two independent surveys (temporary plots): V1 + V2, Welch-Satterthwaite degrees of freedom."""
    variance = first.variance + second.variance
    spread = np.asarray(first.variance) ** 2 / first.df + np.asarray(second.variance) ** 2 / second.df
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(spread > 0, np.asarray(variance) ** 2 / spread, first.df + second.df)
    return ChangeEstimate(
        second.value - first.value,
        variance,
        max(int(np.min(df)), 1),
        first.n + second.n,
        first=first,
        second=second,
        covariance=as_given(np.zeros_like(variance)),
    )


def partial_replacement(
    y1: ArrayLike,
    plots1: Sequence[str],
    layout1: Layout,
    y2: ArrayLike,
    plots2: Sequence[str],
    layout2: Layout,
    *,
    weighting: Literal["means", "best"] = "means",
) -> ChangeEstimate:
    """Change where some plots are permanent, some were given up, and some are new.

    Parameters
    ----------
    y1, y2 : array_like of float, shape (n1,) and (n2,), or with k columns
        Plot values of the two surveys.
    plots1, plots2 : sequence of str
        Names of the plots; a name in both is a permanent plot.
    layout1, layout2 : Layout
        Where the plots lie; the same strata with the same areas.
    weighting : {"means", "best"}
        ``means``: difference of the two stratified means, Cov from the permanent plots, m s12 / (n1 n2) per stratum.
        ``best``: the change on permanent plots and that between the others, weighted by the inverse of their
        variances (sampling with partial replacement, Ware & Cunia 1962); needs two plots of each kind per stratum.

    Returns
    -------
    ChangeEstimate
        ``df`` is the smaller survey's plots less strata, a cautious choice.

    Raises
    ------
    DomainError
        If the strata differ, a plot changed stratum or is named twice, or a stratum has too few plots.
    """
    if layout1.labels != layout2.labels or not np.allclose(layout1.area_ha, layout2.area_ha):
        raise DomainError("sampling.strata_differ")
    v1, v2 = columns(y1, layout1.n), columns(y2, layout2.n)
    if len(set(plots1)) != layout1.n or len(set(plots2)) != layout2.n:
        raise DomainError("sampling.plot_twice")
    at = {name: i for i, name in enumerate(plots1)}
    pairs = [(at[name], j) for j, name in enumerate(plots2) if name in at]
    kept1, kept2 = (np.array(side, np.intp) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
    if (layout1.stratum[kept1] != layout2.stratum[kept2]).any():
        raise DomainError("sampling.plot_changed_stratum")
    first, second = mean_of(y1, layout1, "stratified"), mean_of(y2, layout2, "stratified")
    df = min(layout1.df, layout2.df)
    n = layout1.n + layout2.n - len(pairs)
    if weighting == "best":
        value, variance = _best(v1, kept1, layout1, v2, kept2, layout2)
        covariance = (np.asarray(first.variance) + np.asarray(second.variance) - variance) / 2
    else:
        value = np.asarray(second.value) - np.asarray(first.value)
        covariance = _shared(v1[kept1], v2[kept2], layout1, layout1.stratum[kept1], layout2)
        variance = np.asarray(first.variance) + np.asarray(second.variance) - 2 * covariance
    return ChangeEstimate(
        as_given(value, y1),
        as_given(variance, y1),
        df,
        n,
        first=first,
        second=second,
        covariance=as_given(covariance, y1),
    )


def _shared(
    kept1: NDArray[np.float64],
    kept2: NDArray[np.float64],
    layout1: Layout,
    stratum: NDArray[np.intp],
    layout2: Layout,
) -> NDArray[np.float64]:
    """Covariance of two stratified means that share some plots; strata with fewer than two of them count as none."""
    m = np.bincount(stratum, minlength=len(layout1.labels)).astype(float)[:, None]
    mean1, mean2 = (grouped_sums(kept, stratum, len(m)) / np.maximum(m, 1) for kept in (kept1, kept2))
    products = grouped_sums((kept1 - mean1[stratum]) * (kept2 - mean2[stratum]), stratum, len(m))
    s12 = products / np.maximum(m - 1, 1)
    weight = layout1.area_ha / layout1.total_area_ha
    covariance: NDArray[np.float64] = (weight**2) @ (m * s12 / (layout1.counts * layout2.counts)[:, None])
    return covariance


def _best(
    v1: NDArray[np.float64],
    kept1: NDArray[np.intp],
    layout1: Layout,
    v2: NDArray[np.float64],
    kept2: NDArray[np.intp],
    layout2: Layout,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Value and variance of the inverse-variance mean of two independent estimates of the change."""
    permanent = paired_change(v1[kept1], v2[kept2], _part(layout1, kept1))
    only1 = np.setdiff1d(np.arange(len(v1)), kept1)
    only2 = np.setdiff1d(np.arange(len(v2)), kept2)
    old = mean_of(v1[only1], _part(layout1, only1), "stratified")
    new = mean_of(v2[only2], _part(layout2, only2), "stratified")
    others = independent_change(old, new)
    a, b = np.atleast_1d(permanent.variance), np.atleast_1d(others.variance)
    both = a + b
    share = np.where(both > 0, b / np.where(both > 0, both, 1.0), 0.5)
    value = share * np.atleast_1d(permanent.value) + (1 - share) * np.atleast_1d(others.value)
    return value, share**2 * a + (1 - share) ** 2 * b


def _part(layout: Layout, plots: NDArray[np.intp]) -> Layout:
    """The layout of some of the plots; every stratum must keep some."""
    return Layout.of(
        [layout.labels[i] for i in layout.stratum[plots]], dict(zip(layout.labels, layout.area_ha, strict=True))
    )
