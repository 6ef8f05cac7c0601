"""Height from diameter: models fitted to a site's own trees, regional models, and heights filled in with their error.

The four usual forms, D in cm and H in m::

    log1       ln H = a + b ln D
    log2       ln H = a + b ln D + c (ln D)^2
    weibull    H = a (1 - exp(-b D^c))
    michaelis  H = a D / (b + D)

The two logarithmic forms are fitted in logarithms and turned back with exp(sigma^2 / 2), so that they give the mean.
A filled-in height carries two errors: that of the model's parameters, shared by all trees of the model, and the
residual of one tree about it. A regional model without published covariance has no shared part; it is then too small.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Leaf, Parameters, Status, load_parameters, worst

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BREAST_HEIGHT_M",
    "HeightComparison",
    "HeightForm",
    "HeightModel",
    "ImputedHeights",
    "compare_height_models",
    "environmental_stress_chave2014",
    "fit_height_model",
    "height_model_chave2014",
    "height_model_feldpausch2012",
    "height_regions",
    "impute_heights",
]

HeightForm = Literal["log1", "log2", "weibull", "michaelis"]
FORMS: tuple[HeightForm, ...] = ("log1", "log2", "weibull", "michaelis")
LOG_FORMS = ("log1", "log2")
#: Where a diameter at breast height is taken; a shorter tree has none. [m]
BREAST_HEIGHT_M = 1.3
#: Residual standard error of ln H in eq. (6a) of Chave et al. (2014).
SIGMA_CHAVE2014 = 0.243


@dataclass(frozen=True, slots=True, eq=False)
class HeightModel:
    """A height-diameter model with what is known of its errors.

    Attributes
    ----------
    parameters : ndarray of float, shape (p,)
        (a, b) or (a, b, c) of the form.
    sigma : float
        Residual standard deviation: of ln H for the logarithmic forms, of H in metres for the others.
    covariance : ndarray of float, shape (p, p), or None
        Covariance of the parameters; None where the source gives none.
    rse_m, bias_m, aic : float or None
        Residual standard error, mean of fitted minus measured height after back-transformation [m], and Akaike's
        criterion for H itself, so that all forms compare; None for a published model.
    """

    id: str
    form: HeightForm
    parameters: NDArray[np.float64]
    sigma: float
    dbh_min_cm: float
    dbh_max_cm: float
    covariance: NDArray[np.float64] | None = None
    n: int | None = None
    rse_m: float | None = None
    bias_m: float | None = None
    aic: float | None = None
    reference: str = ""
    place: str = ""
    status: Status = Status.PRIMARY

    def height_m(self, dbh_cm: ArrayLike) -> NDArray[np.float64]:
        """Mean height of trees of a diameter; NaN where the diameter is NaN. [m]"""
        raw = VALUES[self.form](_diameters(dbh_cm), self.parameters)
        return np.asarray(np.exp(raw + self.sigma**2 / 2)) if self.form in LOG_FORMS else raw

    def residual_sd_m(self, dbh_cm: ArrayLike) -> NDArray[np.float64]:
        """Standard deviation of one tree's height about the model. [m]"""
        height = self.height_m(dbh_cm)
        if self.form in LOG_FORMS:
            return np.asarray(height * np.sqrt(np.expm1(self.sigma**2)))
        return np.where(np.isnan(height), np.nan, self.sigma)

    def gradient(self, dbh_cm: ArrayLike) -> NDArray[np.float64]:
        """Change of height with each parameter, shape (n, p); with ``covariance`` it gives the shared error."""
        dbh = np.atleast_1d(_diameters(dbh_cm))
        rows = GRADIENTS[self.form](dbh, self.parameters)
        return np.asarray(rows * self.height_m(dbh)[:, None] if self.form in LOG_FORMS else rows)

    def out_of_range(self, dbh_cm: ArrayLike) -> NDArray[np.bool_]:
        """Whether a diameter lies outside the model's data, or past the peak of a quadratic."""
        dbh = _diameters(dbh_cm)
        outside = (dbh < self.dbh_min_cm) | (dbh > self.dbh_max_cm)
        if self.form == "log2" and self.parameters[2] < 0:
            outside |= np.log(dbh) > -self.parameters[1] / (2 * self.parameters[2])
        return np.asarray(outside)


@dataclass(frozen=True, slots=True)
class HeightComparison:
    """Models fitted to the same trees, lowest AIC first, and the forms that could not be fitted (code by form)."""

    models: tuple[HeightModel, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def best(self) -> HeightModel:
        """The model with the lowest AIC."""
        return self.models[0]

    def rows(self) -> list[dict[str, Any]]:
        """The comparison as a table, one row per form."""
        return [
            {"form": m.form, "n": m.n, "rse_m": m.rse_m, "bias_m": m.bias_m, "aic": m.aic, "sigma": m.sigma}
            for m in self.models
        ]


@dataclass(frozen=True, slots=True, eq=False)
class ImputedHeights:
    """Measured heights with the missing ones filled in, and what that costs.

    ``sd_m`` is the whole standard deviation of a tree's height error; ``sd_residual_m`` is its independent part and
    ``gradient @ covariance @ gradient.T`` the covariance that trees share (``sd_shared_m`` is the root of its
    diagonal). Rows of measured trees are zero in ``gradient``.
    """

    height_m: NDArray[np.float64]
    sd_m: NDArray[np.float64]
    sd_residual_m: NDArray[np.float64]
    sd_shared_m: NDArray[np.float64]
    gradient: NDArray[np.float64]
    imputed: NDArray[np.bool_]
    out_of_range: NDArray[np.bool_]
    model: HeightModel


def fit_height_model(dbh_cm: ArrayLike, height_m: ArrayLike, form: HeightForm) -> HeightModel:
    """Fit one form to trees measured for both; pairs with a missing value are left out.

    Parameters
    ----------
    dbh_cm, height_m : array_like of float, shape (n,)
        Diameter at breast height [cm] and total height [m].
    form : {"log1", "log2", "weibull", "michaelis"}

    Raises
    ------
    DomainError
        Too few pairs, lengths that differ, a diameter or height no tree has, heights that look like feet, all
        diameters alike, or data that do not determine the form's parameters.
    """
    dbh, height = _pairs(dbh_cm, height_m)
    parameters, scaled, jacobian = _fit_log(dbh, height, form) if form in LOG_FORMS else _fit_curve(dbh, height, form)
    freedom = len(dbh) - len(parameters)
    sigma = float(np.sqrt(scaled @ scaled / freedom))
    covariance = sigma**2 * _inverse_information(jacobian, form)
    bare = HeightModel(f"fitted/{form}", form, parameters, sigma, float(dbh.min()), float(dbh.max()), covariance)
    error = bare.height_m(dbh) - height
    return replace(
        bare,
        n=len(dbh),
        rse_m=float(np.sqrt(error @ error / freedom)),
        bias_m=float(error.mean()),
        aic=_aic(scaled, height, form, len(parameters)),
    )


def compare_height_models(dbh_cm: ArrayLike, height_m: ArrayLike) -> HeightComparison:
    """Fit all four forms to the same trees. Refused only where the data are, or where no form can be fitted."""
    _pairs(dbh_cm, height_m)
    models: list[HeightModel] = []
    refused: dict[str, str] = {}
    for form in FORMS:
        try:
            models.append(fit_height_model(dbh_cm, height_m, form))
        except DomainError as error:
            refused[form] = error.code
    if not models:
        raise DomainError("height.not_identified", form=", ".join(FORMS))
    return HeightComparison(tuple(sorted(models, key=lambda model: model.aic or np.inf)), refused)


def environmental_stress_chave2014(
    temperature_seasonality: ArrayLike, climatic_water_deficit_mm_yr: ArrayLike, precipitation_seasonality: ArrayLike
) -> NDArray[np.float64]:
    """Environmental stress E of Chave et al. (2014), eq. (6b). [1]

    Temperature and precipitation seasonality are WorldClim's bioclimatic variables 4 (standard deviation x 100) and
    15 (coefficient of variation, per cent); the water deficit is zero or negative by definition, and refused else.
    """
    ts, cwd, ps = (
        np.asarray(x, float) for x in (temperature_seasonality, climatic_water_deficit_mm_yr, precipitation_seasonality)
    )
    if (cwd > 0).any():
        raise DomainError("height.positive_deficit")
    return np.asarray(1e-3 * (0.178 * ts - 0.938 * cwd - 6.61 * ps))


def height_model_chave2014(stress: float) -> HeightModel:
    """The pantropical model of Chave et al. (2014), eq. (6a), at one value of E. No parameter covariance published.

    Its upper diameter limit is open here: the authors give none we could read.
    """
    smallest = _limit("chave2014_dbh_min")
    return HeightModel(
        "chave2014",
        "log2",
        np.array([0.893 - stress, 0.760, -0.0340]),
        SIGMA_CHAVE2014,
        smallest.number(),
        np.inf,
        reference="stand_chave2014",
        place="eq. (6a), (6b)",
        status=Status.SECONDARY,
    )


@cache
def height_regions() -> Mapping[str, Mapping[str, str]]:
    """Regional Weibull models by region, as the table prints them."""
    with data_path("forest_stand", "height_regions.csv").open(encoding="utf-8", newline="") as table:
        return {row["region"]: row for row in csv.DictReader(table)}


def height_model_feldpausch2012(region: str) -> HeightModel:
    """The regional Weibull model of Feldpausch et al. (2012). No parameter covariance published."""
    rows = height_regions()
    if region not in rows:
        raise DomainError("height.unknown_region", region=region, known=", ".join(rows))
    row = rows[region]
    smallest = _limit("feldpausch2012_dbh_min")
    return HeightModel(
        f"feldpausch2012/{region}",
        "weibull",
        np.array([float(row["a_m"]), float(row["b"]), float(row["c"])]),
        float(row["rse_m"]),
        smallest.number(),
        np.inf,
        reference=row["reference"],
        place=row["place"],
        status=worst([Status.parse(row["status"]), smallest.status]),
    )


def impute_heights(
    dbh_cm: ArrayLike, height_m: ArrayLike, model: HeightModel, *, measured_sd_m: ArrayLike = 0.0
) -> ImputedHeights:
    """Fill in missing heights (NaN) from a model and say what they cost.

    Parameters
    ----------
    dbh_cm, height_m : array_like of float, shape (n,)
        Diameter [cm] and height [m], NaN where it was not measured. A tree without diameter stays without height.
    measured_sd_m : array_like of float, shape (n,) or ()
        Standard deviation of a measured height. [m]
    """
    dbh, height = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, float)) for x in (dbh_cm, height_m)))
    _refuse_heights(height)
    missing = np.isnan(height) & ~np.isnan(dbh)
    rows = np.where(missing[:, None], model.gradient(dbh), 0.0)
    shared = np.zeros(len(dbh))
    if model.covariance is not None:
        shared = np.sqrt(np.einsum("np,pq,nq->n", rows, model.covariance, rows))
    residual = np.where(missing, model.residual_sd_m(dbh), np.asarray(measured_sd_m, float))
    residual = np.where(np.isnan(height) & ~missing, np.nan, residual)
    return ImputedHeights(
        height_m=np.where(missing, model.height_m(dbh), height),
        sd_m=np.hypot(shared, residual),
        sd_residual_m=residual,
        sd_shared_m=shared,
        gradient=rows,
        imputed=missing,
        out_of_range=missing & model.out_of_range(dbh),
        model=model,
    )


def _log_value(dbh: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.polynomial.polynomial.polyval(np.log(dbh), p))


def _log_gradient(dbh: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vander(np.log(dbh), len(p), increasing=True)


def _weibull(dbh: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-p[0] * np.expm1(-p[1] * dbh ** p[2]))


def _weibull_gradient(dbh: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    power = dbh ** p[2]
    left = p[0] * np.exp(-p[1] * power) * power
    return np.stack([-np.expm1(-p[1] * power), left, left * p[1] * np.log(dbh)], axis=1)


def _michaelis(dbh: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(p[0] * dbh / (p[1] + dbh))


def _michaelis_gradient(dbh: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([dbh / (p[1] + dbh), -p[0] * dbh / (p[1] + dbh) ** 2], axis=1)


Model = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]
VALUES: dict[str, Model] = {"log1": _log_value, "log2": _log_value, "weibull": _weibull, "michaelis": _michaelis}
GRADIENTS: dict[str, Model] = {
    "log1": _log_gradient,
    "log2": _log_gradient,
    "weibull": _weibull_gradient,
    "michaelis": _michaelis_gradient,
}
Fit = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]


def _fit_log(dbh: NDArray[np.float64], height: NDArray[np.float64], form: HeightForm) -> Fit:
    """Parameters, residuals of ln H, and the design matrix."""
    design = np.vander(np.log(dbh), 3 if form == "log2" else 2, increasing=True)
    parameters = np.linalg.lstsq(design, np.log(height), rcond=None)[0]
    return parameters, np.log(height) - design @ parameters, design


def _fit_curve(dbh: NDArray[np.float64], height: NDArray[np.float64], form: HeightForm) -> Fit:
    """Parameters, residuals of H, and the Jacobian; positive parameters by fitting their logarithms."""
    from scipy.optimize import least_squares

    value, gradient = VALUES[form], GRADIENTS[form]
    fits = [
        least_squares(
            lambda theta: value(dbh, np.exp(theta)) - height,
            np.log(start),
            jac=lambda theta: gradient(dbh, np.exp(theta)) * np.exp(theta),
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-12,
            max_nfev=500,
        )
        for start in _starts(dbh, height, form)
    ]
    best = min(fits, key=lambda fit: fit.cost)
    if not best.success:
        raise DomainError("height.not_identified", form=form)
    parameters = np.exp(best.x)
    return parameters, height - value(dbh, parameters), gradient(dbh, parameters)


def _starts(dbh: NDArray[np.float64], height: NDArray[np.float64], form: HeightForm) -> list[NDArray[np.float64]]:
    """Starting values from the linear form of the curve at a few guessed asymptotes."""
    starts = []
    for asymptote in height.max() * np.array([1.05, 1.5, 3.0]):
        if form == "michaelis":
            starts.append(np.array([asymptote, max(np.median(dbh) * (asymptote / np.median(height) - 1), 1e-3)]))
        else:
            slope, intercept = np.polyfit(np.log(dbh), np.log(-np.log1p(-height / asymptote)), 1)
            starts.append(np.array([asymptote, np.exp(intercept), max(slope, 0.05)]))
    return starts


def _inverse_information(jacobian: NDArray[np.float64], form: HeightForm) -> NDArray[np.float64]:
    """(J'J)^-1 by columns of length one, refused where the data do not tell the parameters apart."""
    length = np.linalg.norm(jacobian, axis=0)
    if not np.isfinite(length).all() or (length == 0).any() or np.linalg.cond(jacobian / length) > 1e7:
        raise DomainError("height.not_identified", form=form)
    scaled = jacobian / length
    return np.asarray(np.linalg.inv(scaled.T @ scaled) / np.outer(length, length))


def _aic(residual: NDArray[np.float64], height: NDArray[np.float64], form: HeightForm, p: int) -> float:
    """Akaike's criterion of H: for a fit in logarithms the density of ln H is turned into that of H."""
    n = len(residual)
    minus_two_log_likelihood = n * (np.log(2 * np.pi * (residual @ residual) / n) + 1)
    jacobian = 2 * np.log(height).sum() if form in LOG_FORMS else 0.0
    return float(minus_two_log_likelihood + jacobian + 2 * (p + 1))


def _pairs(dbh_cm: ArrayLike, height_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    dbh, height = np.asarray(dbh_cm, float), np.asarray(height_m, float)
    if dbh.ndim != 1 or dbh.shape != height.shape:
        raise DomainError("height.lengths_differ", dbh=dbh.size, height=height.size)
    both = ~np.isnan(dbh) & ~np.isnan(height)
    dbh, height = _diameters(dbh[both]), height[both]
    _refuse_heights(height)
    least = int(_limit("min_pairs").number())
    if len(dbh) < least:
        raise DomainError("height.too_few_pairs", pairs=len(dbh), least=least)
    if np.ptp(dbh) == 0:
        raise DomainError("height.one_diameter", dbh_cm=float(dbh[0]))
    if np.median(height / (_limit("buckling_height_at_1cm").number() * dbh ** (2 / 3))) > 1:
        raise DomainError("height.looks_like_feet")
    return dbh, height


def _diameters(dbh_cm: ArrayLike) -> NDArray[np.float64]:
    dbh = np.asarray(dbh_cm, float)
    if (dbh <= 0).any() or np.isinf(dbh).any():
        raise DomainError("height.dbh_not_positive")
    return dbh


def _refuse_heights(height: NDArray[np.float64]) -> None:
    if (height < BREAST_HEIGHT_M).any() or np.isinf(height).any():
        raise DomainError("height.below_breast_height", limit=BREAST_HEIGHT_M)


@cache
def _limits() -> Parameters:
    return load_parameters(data_path("forest_stand", "height.toml"), "forest_stand/height")


def _limit(name: str) -> Leaf:
    return _limits()[name].leaves[-1]
