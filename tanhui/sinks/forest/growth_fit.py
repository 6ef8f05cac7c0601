"""Growth curves fitted to measured stands, with the covariance of their parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.sinks.forest.growth import SHAPES, Form, GrowthCurve

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
__all__ = ["fit_growth", "summed_increments"]


def fit_growth(
    form: Form, age_yr: ArrayLike, value: ArrayLike, *, unit: str, id: str = "", **known: Any
) -> GrowthCurve:
    """Fit a form to stocks at ages by least squares, with the covariance of its parameters.

    Points of one stand followed through time, and running sums of increments, are not independent: their residuals
    say too little about other stands. Add a ``relative_error`` for those.

    Raises
    ------
    DomainError
        Fewer than p + 2 distinct ages, ages or values not positive, or data that do not determine the parameters.
    """
    from scipy.optimize import least_squares

    if form not in SHAPES or form == "richards4":
        raise DomainError("growth.cannot_fit" if form in SHAPES else "growth.unknown_form", form=form, known="")
    age, stock, size = *_points(form, age_yr, value), SHAPES[form].size
    shape = SHAPES[form].value

    def residual(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(np.nan_to_num(shape(age, *np.exp(theta)) - stock, nan=1e12, posinf=1e12))

    tight = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, "max_nfev": 2000}
    fits = [least_squares(residual, start, x_scale="jac", **tight) for start in _starts(form, age, stock)]
    best = min(fits, key=lambda fit: float(fit.cost))
    parameters = tuple(float(x) for x in np.exp(best.x))
    if not best.success or not all(0 < x < 1e12 for x in parameters):
        raise DomainError("growth.not_identified", form=form)
    sigma = float(np.sqrt(2 * best.cost / (len(age) - size)))
    bare = GrowthCurve(id or f"fitted/{form}", form, parameters, unit, **{"status": Status.PRIMARY, **known})
    return replace(
        bare,
        covariance=sigma**2 * _inverse_information(bare.gradient(age), form),
        sigma=sigma,
        age_min_yr=float(age.min()),
        age_max_yr=float(age.max()),
        n=len(age),
    )


def _starts(form: str, age: NDArray[np.float64], stock: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Logarithms of starting values, from the form made linear at guessed asymptotes (and shapes)."""
    starts: list[list[float]] = []
    for a in stock.max() * np.array([1.02, 1.3, 2.0, 4.0]):
        share = stock / a
        if form == "richards":
            for p in (1.0, 2.0, 4.0):
                k = -float(np.polyfit(age, np.log1p(-(share ** (1 / p))), 1)[0])
                starts.append([a, max(k, 1e-4), p])
        elif form in ("korf", "schumacher"):
            slope, level = np.polyfit(np.log(age), np.log(-np.log(share)), 1)
            starts.append([a, float(np.exp(level)), max(-slope, 0.1)][: SHAPES[form].size])
        else:
            y = np.log(1 / share - 1) if form == "logistic" else np.log(-np.log(share))
            slope, level = np.polyfit(age, y, 1)
            starts.append([a, float(np.exp(level)), max(-slope, 1e-4)])
    return [np.log(start) for start in starts]


def _points(form: Form, age_yr: ArrayLike, value: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    age, stock = np.asarray(age_yr, float), np.asarray(value, float)
    if age.ndim != 1 or age.shape != stock.shape:
        raise DomainError("growth.lengths_differ", age=age.size, value=stock.size)
    if not (np.isfinite(age) & np.isfinite(stock) & (age > 0) & (stock > 0)).all():
        raise DomainError("growth.bad_data")
    least = SHAPES[form].size + 2
    if len(np.unique(age)) < least:
        raise DomainError("growth.too_few_points", points=len(np.unique(age)), form=form, least=least)
    return age, stock


def _inverse_information(jacobian: NDArray[np.float64], form: str) -> NDArray[np.float64]:
    """(J'J)^-1 by columns of length one, refused where the data do not tell the parameters apart."""
    length = np.linalg.norm(jacobian, axis=0)
    if (length == 0).any() or np.linalg.cond(jacobian / length) > 1e5:
        raise DomainError("growth.not_identified", form=form)
    scaled = jacobian / length
    return np.asarray(np.linalg.inv(scaled.T @ scaled) / np.outer(length, length))


def summed_increments(age_yr: ArrayLike, increment: ArrayLike) -> NDArray[np.float64]:
    """Stock grown by each age from current increments at those ages: the running trapezoid sum, 0 at the first."""
    age, rate = np.asarray(age_yr, float), np.asarray(increment, float)
    steps = np.diff(age) * (rate[1:] + rate[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])
