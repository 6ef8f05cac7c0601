"""Model-based and hybrid inference: the model must be true, and its own error is carried to the total.

Where plots were not drawn by chance, or were measured elsewhere, the spread of an estimate is that of the model:

``model_based``
    Auxiliaries known everywhere: V = g' Cov(beta) g, with g the mean gradient of the predictions by the parameters
    (the mean auxiliaries in a linear model), plus the mean of the residuals where the area is small
    (:func:`residual_variance`).
``hybrid``
    Auxiliaries on a probability sample (flight lines, a satellite's shots): the design-based variance of the mean
    prediction comes on top [1]_. Both parts estimated, the sum holds the product of the two errors twice; it is small
    and on the safe side.
``chained``
    A second model fitted to the predictions of a first one (plots, then laser strips, then satellite images): the
    error of both is carried (hierarchical model-based inference) [2]_.

References
----------
.. [1] G. Ståhl et al., Can. J. For. Res. 41, 96-107, 2011. doi:10.1139/X10-161; For. Ecosyst. 3:5, 2016.
   doi:10.1186/s40663-016-0064-9
.. [2] S. Saarela et al., Ann. For. Sci. 73, 895-910, 2016. doi:10.1007/s13595-016-0590-1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.linear import (
    Auxiliaries,
    Clusters,
    CovarianceKind,
    LinearFit,
    Units,
    fit_linear,
    with_constant,
)
from tanhui.mrv.sampling.model import Layout, SampleEstimate, columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tanhui.kernel.nouns import Estimate
    from tanhui.kernel.time import Period

__all__ = ["Correlation", "ModelEstimate", "chained", "hybrid", "model_based", "predicted_area", "residual_variance"]


@dataclass(frozen=True, slots=True)
class Correlation:
    """How alike the errors of two places are: (1 - nugget) rho(distance / range), and 1 at no distance.

    Attributes
    ----------
    range_m : float
        Exponential: the distance at which rho is 1/e. Spherical: the distance from which it is zero. [m]
    nugget : float
        Share of the variance that neighbours do not have in common. [1]
    kind : {"exponential", "spherical"}
        The shape.
    """

    range_m: float
    nugget: float = 0.0
    kind: Literal["exponential", "spherical"] = "exponential"

    def __post_init__(self) -> None:
        if not self.range_m > 0 or not 0 <= self.nugget <= 1:
            raise DomainError("sampling.correlation", range_m=self.range_m, nugget=self.nugget)

    def at(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Correlation at a distance."""
        d = np.asarray(distance_m, float)
        h = d / self.range_m
        shape = np.exp(-h) if self.kind == "exponential" else np.where(h < 1, 1 - 1.5 * h + 0.5 * h**3, 0.0)
        return np.where(d == 0, 1.0, (1 - self.nugget) * shape)

    def between(self, xy_m: ArrayLike) -> NDArray[np.float64]:
        """Correlation of every pair of points, (n, 2) to (n, n)."""
        points = np.asarray(xy_m, float)
        offset = points[:, None, :] - points[None, :, :]
        return self.at(np.sqrt((offset**2).sum(axis=2)))


@dataclass(frozen=True, slots=True)
class ModelEstimate(SampleEstimate):
    """Model-based or hybrid; ``sources`` are parts of the variance: ``model``, ``sampling``, ``residual``."""

    sources: Mapping[str, float] = field(kw_only=True)

    def to_estimate(
        self, quantity: str, unit: str, *, year: int, valid: Period, domain: str, source: str = "tanhui"
    ) -> Estimate:
        """As the river carries it, with the share of each source."""
        plain = SampleEstimate.to_estimate(self, quantity, unit, year=year, valid=valid, domain=domain, source=source)
        total = sum(self.sources.values())
        shares = {name: part / total for name, part in self.sources.items() if part > 0} if total > 0 else {}
        return replace(plain, variance_shares=shares)


def model_based(
    predicted_mean: float,
    gradient: ArrayLike,
    covariance: ArrayLike,
    *,
    df: int,
    n: int,
    residual: float = 0.0,
) -> ModelEstimate:
    """Mean of a model's predictions over an area where the auxiliaries are known everywhere.

    Parameters
    ----------
    predicted_mean : float
        Mean prediction over the area.
    gradient : array_like of float, shape (p,)
        Mean over the area of the derivative of the prediction by each parameter; for a linear model the mean
        auxiliaries, the constant's 1 among them.
    covariance : array_like of float, shape (p, p)
        Of the parameters.
    df, n : int
        Degrees of freedom and number of plots of the model.
    residual : float
        Variance of the mean residual over the area, from :func:`residual_variance`; close to zero for a large area.

    Raises
    ------
    DomainError
        If gradient and covariance do not fit together.
    """
    sources = _sources(gradient, covariance, None, residual)
    return ModelEstimate(float(predicted_mean), sum(sources.values()), df, n, sources=sources)


def hybrid(
    predicted: ArrayLike,
    gradient: ArrayLike,
    covariance: ArrayLike,
    *,
    df: int,
    n: int,
    layout: Layout | None = None,
    cluster: Clusters | None = None,
    residual: float = 0.0,
) -> ModelEstimate:
    """Mean of a model's predictions over an area where the auxiliaries were measured on a probability sample.

    Parameters
    ----------
    predicted : array_like of float, shape (n1,)
        Predictions at the sampled places.
    gradient : array_like of float, shape (n1, p)
        Derivatives of the prediction by the parameters at the same places.
    covariance, df, n, residual
        As in :func:`model_based`.
    layout, cluster
        Strata and clusters (flight lines, orbits) of the sampled places.

    Returns
    -------
    ModelEstimate
        Its degrees of freedom are those of Satterthwaite between the sample and the model.
    """
    values = columns(predicted)
    slopes = columns(gradient, len(values))
    both = Units.of(np.hstack([values, slopes]), layout, cluster)
    mean = both.mean()
    sampling = float(both.covariance(both.values[:, :1])[0, 0])
    sources = _sources(mean[1:], covariance, sampling, residual)
    variance = sum(sources.values())
    below = sampling**2 / (len(both.size) - both.strata) + (sources["model"] ** 2) / df
    effective = max(int((sampling + sources["model"]) ** 2 / below), 1) if below > 0 else df
    return ModelEstimate(float(mean[0]), variance, effective, n, sources=sources)


def predicted_area(fit: LinearFit, area: Auxiliaries, *, residual: float = 0.0) -> ModelEstimate:
    """What a linear model of one variable says about an area: model-based, or hybrid from a sample of auxiliaries.

    Raises
    ------
    DomainError
        If the area has other auxiliaries than the model.
    """
    beta = fit.beta[:, 0]
    if len(area.mean) != len(beta):
        raise DomainError("sampling.auxiliaries_differ", plots=len(beta) - 1, area=len(area.mean) - 1)
    sampling = float(beta @ area.covariance @ beta) if area.n else None
    sources = _sources(area.mean, fit.covariance[0], sampling, residual)
    return ModelEstimate(float(area.mean @ beta), sum(sources.values()), fit.df, fit.n, sources=sources)


def chained(
    first: LinearFit, x: ArrayLike, z: ArrayLike, *, covariance: CovarianceKind = "ols", cluster: Clusters | None = None
) -> LinearFit:
    """A linear model fitted to the predictions of another, with the errors of both in its covariance.

    Parameters
    ----------
    first : LinearFit
        Plot values on the auxiliaries x.
    x : array_like of float, shape (m, p - 1)
        Auxiliaries of the first model where it predicts (laser strips).
    z : array_like of float, shape (m, q - 1)
        Auxiliaries of the second model at the same places (a satellite image).
    covariance, cluster
        As in :func:`~tanhui.mrv.sampling.linear.fit_linear`, of the second model.

    Returns
    -------
    LinearFit
        For :func:`predicted_area`; ``df`` is the smaller of the two. Each variable must have one column.
    """
    second = fit_linear(first.predict(x), z, covariance=covariance, cluster=cluster)
    means = Units.of(with_constant(x), None, cluster).values
    through = second.inverse @ (second.units.values.T @ (second.units.weight[:, None] * means))
    passed_on = through @ first.covariance @ through.T
    return replace(second, covariance=second.covariance + passed_on, df=min(first.df, second.df))


def residual_variance(sd: ArrayLike, pixel_m: float, correlation: Correlation | None = None) -> float:
    """Variance of the mean over an area of what the model leaves unexplained.

    Exact for a grid: (1 / N^2) sum over all pairs of pixels of sd_i sd_j rho(d_ij), by the autocorrelation of the
    grid of standard deviations.

    Parameters
    ----------
    sd : array_like of float, shape (rows, columns)
        Standard deviation of the residual of each pixel; NaN outside the area.
    pixel_m : float
        Width of a pixel. [m]
    correlation : Correlation, optional
        Between pixels; None for independent residuals.

    Raises
    ------
    DomainError
        If there is no pixel, or a deviation is negative.
    """
    grid = np.atleast_2d(np.asarray(sd, float))
    inside = np.isfinite(grid)
    count = int(inside.sum())
    values = np.where(inside, grid, 0.0)
    if count == 0 or (values < 0).any() or not pixel_m > 0:
        raise DomainError("sampling.no_pixels", count=count)
    if correlation is None:
        return float((values**2).sum()) / count**2
    from scipy.signal import fftconvolve

    pairs = fftconvolve(values, values[::-1, ::-1])
    rows, cols = (np.arange(size) - size // 2 for size in pairs.shape)
    distance = pixel_m * np.hypot(rows[:, None], cols[None, :])
    return float((pairs * correlation.at(distance)).sum()) / count**2


def _sources(gradient: ArrayLike, covariance: ArrayLike, sampling: float | None, residual: float) -> dict[str, float]:
    """Parts of the variance by name."""
    g, spread = np.asarray(gradient, float), np.asarray(covariance, float)
    if g.ndim != 1 or spread.shape != (len(g), len(g)):
        raise DomainError("sampling.wrong_length", found=spread.shape[0], wanted=len(g))
    parts = {"model": float(g @ spread @ g)}
    if sampling is not None:
        parts["sampling"] = sampling
    if residual:
        parts["residual"] = residual
    return parts
