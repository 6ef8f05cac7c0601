"""Regression estimators: a cheap variable, known or measured on many plots, sharpens a costly one.

Linear in the covariate, one slope per stratum, after Cochran (1977), chapter 7 and section 12.6. The variance of
double sampling is that of CDM AR-TOOL14 v04.2, eqs. 18 and 19: s^2 / n [1 - (1 - alpha) rho^2], alpha = n / n'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.estimators import plot_covariance
from tanhui.mrv.sampling.model import Layout, SampleEstimate, StratumPart, as_given, columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["double_sampling", "regression"]


def regression(y: ArrayLike, x: ArrayLike, layout: Layout, x_mean: Mapping[str, float]) -> SampleEstimate:
    """Mean of y where the mean of x is known for every stratum without error.

    Parameters
    ----------
    y : array_like of float, shape (n,) or (n, k)
        Plot values.
    x : array_like of float, shape (n,)
        Covariate on the same plots.
    layout : Layout
        Where the plots lie; at least three plots per stratum.
    x_mean : mapping
        Known mean of x by stratum.

    Returns
    -------
    SampleEstimate
        Residual variance with divisor n_h - 2; ``df`` = plots - 2 per stratum.

    Raises
    ------
    DomainError
        If values are missing, a stratum has fewer than three plots, or x does not vary in it.
    """
    values, _, s_xx, s_xy, s_yy, mean, x_bar = _fit(y, x, layout)
    n_h = layout.counts[:, None]
    slope = s_xy / s_xx
    known = np.array([x_mean[label] for label in layout.labels])[:, None]
    residual = np.maximum(s_yy - slope * s_xy, 0.0) * (n_h - 1) / (n_h - 2)
    return _combined(y, values, layout, mean + slope * (known - x_bar), residual / n_h, layout.df - len(layout.labels))


def double_sampling(y: ArrayLike, x: ArrayLike, layout: Layout, x_all: ArrayLike, layout_all: Layout) -> SampleEstimate:
    """Mean of y measured on a subsample, with x measured on a larger sample of the same strata.

    Parameters
    ----------
    y : array_like of float, shape (n,) or (n, k)
        Plot values on the subsample.
    x : array_like of float, shape (n,)
        Covariate on the subsample.
    layout : Layout
        Where the subsample's plots lie.
    x_all : array_like of float, shape (n',)
        Covariate on all plots, the subsample included.
    layout_all : Layout
        Where all plots lie; the same strata in the same order.

    Returns
    -------
    SampleEstimate
        AR-TOOL14 eqs. 18, 19; ``df`` = subsample plots less strata.

    Raises
    ------
    DomainError
        As in :func:`regression`, and if the strata differ or the subsample is larger than the sample.
    """
    if layout.labels != layout_all.labels or (layout_all.counts < layout.counts).any():
        raise DomainError("sampling.not_a_subsample")
    values, _, s_xx, s_xy, s_yy, mean, x_bar = _fit(y, x, layout)
    n_h = layout.counts[:, None]
    alpha = n_h / layout_all.counts[:, None]
    every = layout_all.sums(columns(x_all, layout_all.n)) / layout_all.counts[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rho2 = np.where(s_yy > 0, s_xy**2 / (s_xx * s_yy), 0.0)
    spread = s_yy * (1 - (1 - alpha) * rho2)
    return _combined(y, values, layout, mean + s_xy / s_xx * (every - x_bar), spread / n_h, layout.df)


def _fit(y: ArrayLike, x: ArrayLike, layout: Layout) -> tuple[NDArray[np.float64], ...]:
    """y, x as columns, then s_xx, s_xy, s_yy and the means of y and x by stratum."""
    values, covariate = columns(y, layout.n), columns(x, layout.n)
    if (layout.counts < 3).any():
        raise DomainError("sampling.too_few_for_regression")
    s_xx = plot_covariance(covariate, covariate, layout)
    if (s_xx <= 0).any():
        raise DomainError("sampling.covariate_constant")
    n_h = layout.counts[:, None]
    return (
        values,
        covariate,
        s_xx,
        plot_covariance(values, np.broadcast_to(covariate, values.shape), layout),
        plot_covariance(values, values, layout),
        layout.sums(values) / n_h,
        layout.sums(covariate) / n_h,
    )


def _combined(
    y: ArrayLike,
    values: NDArray[np.float64],
    layout: Layout,
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    df: int,
) -> SampleEstimate:
    weight = layout.area_ha / layout.total_area_ha
    parts = tuple(
        StratumPart(label, int(n), float(w), as_given(m, y), as_given(v * n, y))
        for label, n, w, m, v in zip(layout.labels, layout.counts, weight, mean, variance, strict=True)
    )
    total = (weight**2) @ variance
    return SampleEstimate(as_given(weight @ mean, y), as_given(total, y), df, len(values), parts)
