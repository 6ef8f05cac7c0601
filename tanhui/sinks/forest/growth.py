"""Growth of a stand with age: the curves and their error. Fitting is in `growth_fit`, harvest in `rotation`.

Forms, t in years, all parameters positive::

    richards     y = a (1 - exp(-k t))^p              inflection at ln(p)/k (Chapman-Richards)
    logistic     y = a / (1 + b exp(-k t))            inflection at ln(b)/k
    korf         y = a exp(-b t^-c)                   inflection at (b c/(c + 1))^(1/c)
    gompertz     y = a exp(-b exp(-k t))              inflection at ln(b)/k
    schumacher   y = a exp(-b / t)                    inflection at b/2
    richards4    y = a (1 - b exp(-k t))^(1/(1 - m))  published rows only; zero until b exp(-k t) < 1

Every form rises to its asymptote a. A curve is a volume, a biomass or any stock per hectare or per tree: its unit says
which. The error of a curve is its parameters' covariance plus, where given, one relative error of its level (a curve
brought from another site); both are shared by every stand that uses the curve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SHAPES", "Form", "GrowthCurve", "Projection", "ages", "project", "user_curve"]

Form = Literal["richards", "logistic", "korf", "gompertz", "schumacher", "richards4"]


# --- the forms: value, slope, inflection -----------------------------------------------------------------------------


def _richards(t: NDArray[Any], a: float, k: float, p: float) -> NDArray[Any]:
    return a * (-np.expm1(-k * t)) ** p


def _richards_slope(t: NDArray[Any], a: float, k: float, p: float) -> NDArray[Any]:
    return a * k * p * np.exp(-k * t) * (-np.expm1(-k * t)) ** (p - 1)


def _logistic(t: NDArray[Any], a: float, b: float, k: float) -> NDArray[Any]:
    return a / (1 + b * np.exp(-k * t))


def _logistic_slope(t: NDArray[Any], a: float, b: float, k: float) -> NDArray[Any]:
    return _logistic(t, a, b, k) ** 2 * b * k * np.exp(-k * t) / a


def _korf(t: NDArray[Any], a: float, b: float, c: float) -> NDArray[Any]:
    return a * np.exp(-b * t**-c)


def _korf_slope(t: NDArray[Any], a: float, b: float, c: float) -> NDArray[Any]:
    slope = _korf(t, a, b, c) * b * c * t ** (-c - 1)
    return np.where(t > 0, slope, 0.0)  # the formula reads 0 times infinity at age zero; its limit is 0


def _gompertz(t: NDArray[Any], a: float, b: float, k: float) -> NDArray[Any]:
    return a * np.exp(-b * np.exp(-k * t))


def _gompertz_slope(t: NDArray[Any], a: float, b: float, k: float) -> NDArray[Any]:
    return _gompertz(t, a, b, k) * b * k * np.exp(-k * t)


def _richards4(t: NDArray[Any], a: float, b: float, k: float, m: float) -> NDArray[Any]:
    return a * np.maximum(1 - b * np.exp(-k * t), 0) ** (1 / (1 - m))


def _richards4_slope(t: NDArray[Any], a: float, b: float, k: float, m: float) -> NDArray[Any]:
    return a / (1 - m) * b * k * np.exp(-k * t) * np.maximum(1 - b * np.exp(-k * t), 0) ** (m / (1 - m))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A form: its number of parameters, value, slope and age of inflection."""

    size: int
    value: Callable[..., NDArray[Any]]
    slope: Callable[..., NDArray[Any]]
    inflection: Callable[..., float]


SHAPES: Mapping[str, _Shape] = {
    "richards": _Shape(3, _richards, _richards_slope, lambda a, k, p: np.log(p) / k),
    "logistic": _Shape(3, _logistic, _logistic_slope, lambda a, b, k: np.log(b) / k),
    "korf": _Shape(3, _korf, _korf_slope, lambda a, b, c: (b * c / (c + 1)) ** (1 / c)),
    "gompertz": _Shape(3, _gompertz, _gompertz_slope, lambda a, b, k: np.log(b) / k),
    "schumacher": _Shape(
        2, lambda t, a, b: _korf(t, a, b, 1.0), lambda t, a, b: _korf_slope(t, a, b, 1.0), lambda a, b: b / 2
    ),
    "richards4": _Shape(4, _richards4, _richards4_slope, lambda a, b, k, m: np.log(b / (1 - m)) / k),
}


# --- a curve and its error -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class GrowthCurve:
    """A growth curve with what is known of its error and of where it holds.

    Attributes
    ----------
    parameters : tuple of float
        In the order of the module's list of forms.
    covariance : ndarray of float, shape (p, p), or None
        Covariance of the parameters, shared by all stands of the curve.
    relative_error : float
        Standard deviation of the curve's level over its level, shared likewise; 0 where none is stated.
    sigma : float or None
        Residual standard deviation of one stand about the curve, in the curve's unit.
    gross : bool
        Whether the curve holds what thinnings and mortality take out along the way, so that less than it stands.
    reference : str
        A key in references.toml, or a citation in words for a user's own curve.
    """

    id: str
    form: Form
    parameters: tuple[float, ...]
    unit: str
    covariance: NDArray[np.float64] | None = None
    relative_error: float = 0.0
    sigma: float | None = None
    gross: bool = False
    age_min_yr: float = 0.0
    age_max_yr: float = np.inf
    n: int | None = None
    species: str = ""
    region: str = ""
    reference: str = ""
    place: str = ""
    status: Status = Status.RECALLED
    note: str = ""

    def __post_init__(self) -> None:
        if self.form not in SHAPES:
            raise DomainError("growth.unknown_form", form=self.form, known=", ".join(SHAPES))
        size = SHAPES[self.form].size
        good = len(self.parameters) == size and all(np.isfinite(x) and x > 0 for x in self.parameters)
        if not good or (self.form == "richards4" and self.parameters[3] >= 1):
            raise DomainError("growth.wrong_parameters", form=self.form, wanted=size, found=str(self.parameters))
        if not 0 <= self.relative_error < 1:
            raise DomainError("growth.bad_relative_error", value=self.relative_error)
        if self.covariance is not None and not _is_covariance(self.covariance, size):
            raise DomainError("growth.bad_covariance")

    @property
    def asymptote(self) -> float:
        """What the stand tends to, in the curve's unit."""
        return self.parameters[0]

    @property
    def has_error(self) -> bool:
        """Whether anything is known of the curve's error."""
        return self.covariance is not None or self.relative_error > 0

    def value(self, age_yr: ArrayLike, parameters: tuple[float, ...] | None = None) -> NDArray[np.float64]:
        """Stock at an age, with the curve's parameters or with others."""
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(SHAPES[self.form].value(ages(age_yr), *(parameters or self.parameters)), float)

    def current_annual_increment(self, age_yr: ArrayLike) -> NDArray[np.float64]:
        """Slope of the curve at an age: the current annual increment."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return np.asarray(SHAPES[self.form].slope(ages(age_yr), *self.parameters), float)

    def mean_annual_increment(self, age_yr: ArrayLike) -> NDArray[np.float64]:
        """Stock over age: the mean annual increment; NaN at age zero."""
        age = ages(age_yr)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(age > 0, self.value(age) / age, np.nan)

    @property
    def inflection_age_yr(self) -> float:
        """Age of the highest current increment; 0 where it falls from the start. [yr]"""
        return max(float(SHAPES[self.form].inflection(*self.parameters)), 0.0)

    def culmination_age_yr(self) -> float:
        """Age of the highest mean increment, where current and mean increment are equal. [yr]

        NaN for a curve whose mean increment falls from the start.
        """
        from scipy.optimize import brentq

        start = self.inflection_age_yr
        if start <= 0:
            return float("nan")

        def excess(age: float) -> float:
            return float(self.current_annual_increment(age) - self.mean_annual_increment(age))

        end = 2 * start
        while excess(end) > 0:
            end *= 2
        return float(brentq(excess, start, end))

    def gradient(self, age_yr: ArrayLike) -> NDArray[np.float64]:
        """Change of the stock with each parameter, shape (n, p), by central differences."""
        age = np.atleast_1d(ages(age_yr))
        return np.stack([(self.value(age, up) - self.value(age, down)) / gap for up, down, gap in self.steps()], axis=1)

    def steps(self) -> list[tuple[tuple[float, ...], tuple[float, ...], float]]:
        """Per parameter: parameters a little higher, a little lower, and the gap between; for central differences."""
        found = []
        for index, parameter in enumerate(self.parameters):
            step = 1e-6 * parameter
            up, down = list(self.parameters), list(self.parameters)
            up[index], down[index] = parameter + step, parameter - step
            found.append((tuple(up), tuple(down), 2 * step))
        return found

    def sd(self, age_yr: ArrayLike) -> NDArray[np.float64]:
        """Standard deviation of the curve at an age, from its parameters and its relative error."""
        age = np.atleast_1d(ages(age_yr))
        variance = (self.relative_error * self.value(age)) ** 2
        if self.covariance is not None:
            rows = self.gradient(age)
            variance = variance + np.einsum("np,pq,nq->n", rows, self.covariance, rows)
        return np.asarray(np.sqrt(variance))


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A curve over ages with its 90 % interval. ``extrapolated`` marks ages outside the curve's data."""

    age_yr: NDArray[np.float64]
    value: NDArray[np.float64]
    sd: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    extrapolated: NDArray[np.bool_]


def project(curve: GrowthCurve, age_yr: ArrayLike) -> Projection:
    """A curve at given ages with its two-sided 90 % interval, cut at zero.

    Student's t with n - p degrees of freedom where the curve was fitted to n points, else the normal quantile. The
    interval is that of the curve, not of one more stand about it.
    """
    from scipy.special import ndtri, stdtrit

    age = np.atleast_1d(ages(age_yr))
    value, sd = curve.value(age), curve.sd(age)
    fitted = curve.n is not None and curve.covariance is not None
    freedom = (curve.n or 0) - len(curve.parameters)
    width = sd * (stdtrit(freedom, 0.95) if fitted and freedom > 0 else ndtri(0.95))
    outside = (age < curve.age_min_yr) | (age > curve.age_max_yr)
    return Projection(age, value, sd, np.maximum(value - width, 0.0), value + width, outside)


def user_curve(
    id: str, form: Form, parameters: tuple[float, ...], unit: str, *, citation: str, **known: Any
) -> GrowthCurve:
    """A curve somebody brings along. It needs a citation; its status is ``recalled`` until it is confirmed."""
    if not citation.strip():
        raise DomainError("growth.no_citation", id=id)
    return GrowthCurve(id, form, tuple(float(x) for x in parameters), unit, reference=citation, **known)


def _is_covariance(matrix: NDArray[np.float64], size: int) -> bool:
    if matrix.shape != (size, size) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        return False
    return bool((np.linalg.eigvalsh(matrix) >= -1e-9 * np.abs(matrix).max()).all())


def ages(age_yr: ArrayLike) -> NDArray[np.float64]:
    """Ages as an array; a negative one is refused. [yr]"""
    age = np.asarray(age_yr, float)
    if (age < 0).any():
        raise DomainError("growth.negative_age")
    return age
