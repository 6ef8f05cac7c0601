"""Model-assisted estimation: a model sharpens a probability sample, and need not be true.

``greg``
    Generalised regression estimator with a linear model fitted to the sample itself, for auxiliaries known everywhere
    (:meth:`Auxiliaries.known`), on a first phase (``sampled``) or partly everywhere (``partly_known``); plots alone
    or in clusters of unequal size; one or several strata. After Mandallaz [1]_ and Särndal et al. [2]_. Post-strata
    are indicator columns among the auxiliaries.
``difference``
    Predictions of any model, fitted elsewhere or by cross-fitting (k-NN, forest, boosting), corrected by the mean
    residual of the sample [2]_. Its two-phase variance is Mandallaz's external one [1]_,
    s^2(y) / n1 + (1 - n2 / n1) s^2(r) / n2.
``small_area``
    A part of the area with few plots or none, from a model of all plots [3]_: ``synthetic`` (its variance leaves out
    the bias of the model there), ``residual`` (plus the mean residual of the part's own plots) or ``extended`` (the
    part's indicator among the auxiliaries: residuals add to zero there). With auxiliaries from a first phase these
    are Mandallaz's pseudo-synthetic estimators. The published variance of ``residual`` adds its two terms as if they
    were independent, and is on the safe side.

Intervals take Student's t with the degrees of freedom of :meth:`LinearFit.df_at`, joined with those of a first phase
by Satterthwaite's formula. With ``covariance="hc0"`` variances and degrees of freedom (units less coefficients) are
those of the publications.

References
----------
.. [1] D. Mandallaz, Sampling Techniques for Forest Inventories, Chapman & Hall, 2008.
.. [2] C.-E. Särndal, B. Swensson, J. Wretman, Model Assisted Survey Sampling, Springer, 1992.
.. [3] D. Mandallaz, Can. J. For. Res. 43, 441-449, 2013. doi:10.1139/cjfr-2012-0381
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.linear import Auxiliaries, Clusters, CovarianceKind, LinearFit, Units, fit_linear
from tanhui.mrv.sampling.model import FloatOrArray, Layout, SampleEstimate, as_given, columns
from tanhui.mrv.sampling.refusals import Selection, refuse_outside_auxiliaries, refuse_purposive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["AssistedEstimate", "SmallAreaMethod", "difference", "greg", "small_area"]

SmallAreaMethod: TypeAlias = Literal["synthetic", "residual", "extended"]


@dataclass(frozen=True, slots=True)
class AssistedEstimate(SampleEstimate):
    """A model-assisted estimate.

    Attributes
    ----------
    weights : ndarray of float, shape (n,)
        Calibrated weights of the plots: they add to 1, give the known means of the auxiliaries, and serve any other
        variable of the same plots: ``weights @ v``. Some can be negative where the sample is far from the area.
    sources : mapping
        Parts of the variance: ``residuals`` of the plots about the model, ``auxiliaries`` from a first phase.
    """

    weights: NDArray[np.float64] = field(kw_only=True)
    sources: Mapping[str, FloatOrArray] = field(kw_only=True)


def greg(
    y: ArrayLike,
    z: ArrayLike,
    area: Auxiliaries,
    *,
    selection: Selection,
    layout: Layout | None = None,
    cluster: Clusters | None = None,
    covariance: CovarianceKind = "hc2",
) -> AssistedEstimate:
    """Mean over an area by the generalised regression estimator.

    Parameters
    ----------
    y : array_like of float, shape (n,) or (n, k)
        Plot values.
    z : array_like of float, shape (n,) or (n, p - 1)
        Auxiliaries at the plots, without a constant.
    area : Auxiliaries
        What is known of them over the area.
    selection : str
        How the plots were chosen; anything but a draw by chance is refused.
    layout, cluster, covariance
        As in :func:`~tanhui.mrv.sampling.linear.fit_linear`; ``hc0`` is the variance as published.

    Raises
    ------
    DomainError
        If the plots were not drawn by chance, do not lie on the auxiliaries, are too few, or the auxiliaries are
        collinear or of another number than those of the area.
    """
    refuse_purposive(selection, "greg")
    refuse_outside_auxiliaries(z)
    fit = fit_linear(y, z, layout=layout, cluster=cluster, covariance=covariance)
    return _at(fit, area, y)


def difference(
    y: ArrayLike,
    predicted: ArrayLike,
    area: float | ArrayLike,
    *,
    selection: Selection,
    layout: Layout | None = None,
    cluster: Clusters | None = None,
    cluster_of_area: Clusters | None = None,
) -> AssistedEstimate:
    """Mean over an area by the difference estimator: predictions of an external model and the sample's residuals.

    Parameters
    ----------
    y, predicted : array_like of float, shape (n,)
        Plot values, and the model's predictions at the plots. Predictions for plots the model was fitted to make the
        variance too small: cross-fit, or fit elsewhere.
    area : float or array_like of float, shape (n1,)
        The mean prediction over the whole area, or the predictions at the plots of a first phase that holds the
        plots of y.
    selection, layout, cluster
        As in :func:`greg`.
    cluster_of_area : sequence, optional
        Cluster of each plot of the first phase.

    Raises
    ------
    DomainError
        As in :func:`greg`, and if the first phase is smaller than the sample or used with strata.
    """
    refuse_purposive(selection, "difference")
    refuse_outside_auxiliaries(predicted)
    values, guess = columns(y), columns(predicted)
    if values.shape != guess.shape or values.shape[1] != 1:
        raise DomainError("sampling.wrong_length", found=len(guess), wanted=len(values))
    second = Units.of(np.hstack([values, values - guess]), layout, cluster)
    between, within = np.diag(second.covariance())
    mean, sources = float(np.mean(columns(area)[:, 0])), {"residuals": float(within)}
    if np.ndim(area) > 0:
        first = Units.of(columns(area), None, cluster_of_area)
        if layout is not None or len(first.size) < len(second.size):
            raise DomainError("sampling.not_a_subsample")
        share = len(second.size) / len(first.size)
        mean = float(first.mean()[0])
        sources = {"residuals": (1 - share) * float(within), "auxiliaries": share * float(between)}
    m = len(second.size)
    return AssistedEstimate(
        mean + float(second.mean()[1]),
        sum(sources.values()),
        m - second.strata,
        len(values),
        weights=second.per_plot(second.weight),
        sources=sources,
    )


def small_area(
    y: ArrayLike,
    z: ArrayLike,
    inside: ArrayLike,
    area: Auxiliaries,
    *,
    selection: Selection,
    method: SmallAreaMethod = "extended",
    cluster: Clusters | None = None,
    covariance: CovarianceKind = "hc2",
) -> AssistedEstimate:
    """Mean over a part of the area, from a model of all plots.

    Parameters
    ----------
    y, z, selection, cluster, covariance
        As in :func:`greg`; all plots, inside and outside the part.
    inside : array_like of bool, shape (n,)
        Which plots lie in the part.
    area : Auxiliaries
        What is known of the auxiliaries over the part alone.
    method : {"synthetic", "residual", "extended"}
        See the head of this module. ``residual`` and ``extended`` need two plots (or clusters) inside.

    Raises
    ------
    DomainError
        As in :func:`greg`, and if the part has too few plots of its own.
    """
    refuse_purposive(selection, "small_area")
    refuse_outside_auxiliaries(z)
    within = np.asarray(inside, bool)
    if within.shape != (len(columns(y)),):
        raise DomainError("sampling.wrong_length", found=within.size, wanted=len(columns(y)))
    groups = np.arange(len(within)) if cluster is None else np.asarray(cluster)
    own = len(np.unique(groups[within]))
    if method != "synthetic" and own < 2:
        raise DomainError("sampling.small_area_too_few", plots=own)
    aux = columns(z)
    if method == "extended":
        wider = Auxiliaries(np.append(area.mean, 1.0), np.pad(area.covariance, (0, 1)), area.n)
        fit = fit_linear(y, np.column_stack([aux, within]), cluster=cluster, covariance=covariance)
        return _at(fit, wider, y)
    fit = fit_linear(y, aux, cluster=cluster, covariance=covariance)
    base = _at(fit, area, y)
    if method == "synthetic":
        return base
    residuals = columns(y) - fit.predict(aux)
    local = Units.of(residuals[within], None, groups[within])
    bias, spread = local.mean(), np.diag(local.covariance())
    sources = {**base.sources, "local": as_given(spread, y)}
    weights = base.weights.copy()
    own_weights = local.per_plot(local.weight)
    weights[within] += own_weights
    centre = own_weights @ np.hstack([np.ones((own_weights.size, 1)), aux[within]])
    weights -= fit.units.per_plot(fit.unit_weights(centre))
    return AssistedEstimate(
        base.value + as_given(bias, y),
        base.variance + as_given(spread, y),
        min(own - 1, fit.df),
        fit.n,
        weights=weights,
        sources=sources,
    )


def _at(fit: LinearFit, area: Auxiliaries, y: ArrayLike) -> AssistedEstimate:
    """What a fit says about an area."""
    if len(area.mean) != len(fit.beta):
        raise DomainError("sampling.auxiliaries_differ", plots=len(fit.beta) - 1, area=len(area.mean) - 1)
    about = fit.variance_at(area.mean)
    first = np.einsum("pk,pq,qk->k", fit.beta, area.covariance, fit.beta)
    sources = {"residuals": as_given(about, y)}
    if area.n:
        sources["auxiliaries"] = as_given(first, y)
    return AssistedEstimate(
        as_given(area.mean @ fit.beta, y),
        as_given(about + first, y),
        _joint_df(fit, area, about, first),
        fit.n,
        weights=fit.units.per_plot(fit.unit_weights(area.mean)),
        sources=sources,
    )


def _joint_df(fit: LinearFit, area: Auxiliaries, about: NDArray[np.float64], first: NDArray[np.float64]) -> int:
    """Satterthwaite between the plots and a first phase, never more than units less coefficients."""
    own = fit.df_at(area.mean)
    if not area.n or own == fit.df:
        return own
    below = about**2 / own + first**2 / (area.n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(below > 0, (about + first) ** 2 / below, own)
    return min(int(found.min()), fit.df)
