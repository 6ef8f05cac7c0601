"""Design-based estimators: plot values and a layout in, estimates with variances out.

Two ways of using strata, named by ``scheme``:

``stratified``
    The number of plots in each stratum was fixed before sampling: V = sum W_h^2 s_h^2 / n_h (Cochran 1977, 5.12).
``post_stratified``
    Plots were drawn over the whole estimation unit and sorted into strata afterwards. Bechtold & Patterson (2005),
    chapter 4: V = (1/n) [sum W_h n_h v(h) + sum (1 - W_h) (n_h / n) v(h)], with v(h) = s_h^2 / n_h.

Several estimation units are independent samples: their totals and variances add. A ratio of two totals R = Y / X
has V(R) = [V(Y) + R^2 V(X) - 2 R Cov(Y, X)] / X^2, the covariance built like the variance.

References
----------
.. [1] W. G. Cochran, Sampling Techniques, 3rd ed., Wiley, 1977.
.. [2] W. A. Bechtold, P. L. Patterson (eds.), GTR SRS-80, USDA Forest Service, 2005. doi:10.2737/SRS-GTR-80
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.model import Layout, RatioEstimate, SampleEstimate, StratumPart, as_given, columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Scheme", "mean_of", "post_stratified", "ratio", "satterthwaite_df", "stratified", "total_of"]

Scheme: TypeAlias = Literal["stratified", "post_stratified"]


def stratified(y: ArrayLike, layout: Layout) -> SampleEstimate:
    """Mean over the area of a stratified random sample. Shapes and errors as :func:`mean_of`."""
    return mean_of(y, layout, "stratified")


def post_stratified(y: ArrayLike, layout: Layout) -> SampleEstimate:
    """Mean over the area of a post-stratified sample. Shapes and errors as :func:`mean_of`."""
    return mean_of(y, layout, "post_stratified")


def mean_of(y: ArrayLike, layout: Layout, scheme: Scheme) -> SampleEstimate:
    """Mean over the whole area.

    Parameters
    ----------
    y : array_like of float, shape (n,) or (n, k)
        Plot values, per unit of area.
    layout : Layout
        Where the plots lie.
    scheme : {"stratified", "post_stratified"}
        How the strata were used.

    Returns
    -------
    SampleEstimate
        ``value`` and ``variance`` are floats for (n,), arrays of shape (k,) for (n, k).

    Raises
    ------
    DomainError
        If a value is missing, the length differs from the layout, or a stratum has fewer than two plots.
    """
    values = columns(y, layout.n)
    mean = _means(values, layout)
    spread = plot_covariance(values, values, layout)
    weight = layout.area_ha / layout.total_area_ha
    parts = tuple(
        StratumPart(label, int(n), float(w), as_given(m, y), as_given(s, y))
        for label, n, w, m, s in zip(layout.labels, layout.counts, weight, mean, spread, strict=True)
    )
    variance = covariance_of_totals(spread, layout, scheme) / layout.total_area_ha**2
    return SampleEstimate(as_given(weight @ mean, y), as_given(variance, y), layout.df, layout.n, parts)


def total_of(y: ArrayLike, layout: Layout, scheme: Scheme) -> SampleEstimate:
    """Total over the whole area: the mean times the area. Shapes and errors as :func:`mean_of`."""
    return mean_of(y, layout, scheme).scaled(layout.total_area_ha)


def ratio(y: ArrayLike, x: ArrayLike, layout: Layout, scheme: Scheme) -> RatioEstimate:
    """Ratio of two totals, for example carbon per hectare of forest.

    Parameters
    ----------
    y, x : array_like of float, shape (n,) or (n, k)
        Plot values of numerator and denominator; a single x serves all columns of y.
    layout, scheme
        As in :func:`mean_of`.

    Returns
    -------
    RatioEstimate
        With the totals of both sides and their covariance.

    Raises
    ------
    DomainError
        As in :func:`mean_of`, and if the denominator's total is zero.
    """
    top, bottom = total_of(y, layout, scheme), total_of(x, layout, scheme)
    if np.any(np.asarray(bottom.value) == 0):
        raise DomainError("sampling.zero_denominator")
    between = plot_covariance(columns(y, layout.n), columns(x, layout.n), layout)
    covariance = as_given(covariance_of_totals(between, layout, scheme), y)
    value = top.value / bottom.value
    variance = (top.variance + value**2 * bottom.variance - 2 * value * covariance) / bottom.value**2
    return RatioEstimate(
        value, variance, layout.df, layout.n, top.parts, numerator=top, denominator=bottom, covariance=covariance
    )


def plot_covariance(y: NDArray[np.float64], x: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """Covariance of two plot values within each stratum, divisor n_h - 1: (n, k) to (H, k)."""
    if (layout.counts < 2).any():
        small = [label for label, n in zip(layout.labels, layout.counts, strict=True) if n < 2]
        raise DomainError("sampling.stratum_too_small", strata=", ".join(small))
    off_y = y - _means(y, layout)[layout.stratum]
    off_x = off_y if x is y else x - _means(x, layout)[layout.stratum]
    return layout.sums(off_y * off_x) / (layout.counts - 1)[:, None]


def covariance_of_totals(spread: NDArray[np.float64], layout: Layout, scheme: Scheme) -> NDArray[np.float64]:
    """Covariance of two totals from their covariance within strata: (H, k) to (k,)."""
    covariance: NDArray[np.float64] = _factors(layout, scheme) @ spread
    return covariance


def satterthwaite_df(y: ArrayLike, layout: Layout, scheme: Scheme) -> int:
    """Effective degrees of freedom of a mean: fewer than plots less strata where a small stratum varies most.

    (sum g_h)^2 / sum [g_h^2 / (n_h - 1)], g_h the part of the variance from stratum h (Cochran 1977, eq. 5.16);
    of several columns the least, rounded down. Rules such as AR-TOOL14 ask for plots less strata all the same; an
    estimate takes this one by ``dataclasses.replace(estimate, df=...)``.
    """
    values = columns(y, layout.n)
    part = _factors(layout, scheme)[:, None] * plot_covariance(values, values, layout)
    below = (part**2 / (layout.counts - 1)[:, None]).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(below > 0, part.sum(axis=0) ** 2 / below, layout.df)
    return max(int(np.floor(df.min() + 1e-9)), 1)


def _factors(layout: Layout, scheme: Scheme) -> NDArray[np.float64]:
    """What the variance between the plots of each stratum weighs in the variance of the total, shape (H,)."""
    n_h = layout.counts
    unit_area = np.bincount(layout.unit, layout.area_ha)[layout.unit]
    unit_n = np.bincount(layout.unit, n_h)[layout.unit]
    weight = layout.area_ha / unit_area
    fixed, drawn = weight**2 / n_h, weight / unit_n + (1 - weight) / unit_n**2
    factor = fixed if scheme == "stratified" else drawn
    if layout.population is not None:
        factor = factor * (1 - n_h / layout.population)
    factors: NDArray[np.float64] = unit_area**2 * factor
    return factors


def _means(values: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    return layout.sums(values) / layout.counts[:, None]
