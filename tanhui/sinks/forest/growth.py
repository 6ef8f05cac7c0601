"""Growth of a stand with age: curves, their fit and error, harvest rotations and the long-term average stock.

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

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import say

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Cut",
    "GrowthCurve",
    "Projection",
    "Rotation",
    "StandPath",
    "fit_growth",
    "growth_gaps",
    "growth_table",
    "long_term_average",
    "project",
    "published_curve",
    "stand_path",
    "summed_increments",
    "user_curve",
]

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
            return np.asarray(SHAPES[self.form].value(_ages(age_yr), *(parameters or self.parameters)), float)

    def current_annual_increment(self, age_yr: ArrayLike) -> NDArray[np.float64]:
        """Slope of the curve at an age: the current annual increment."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return np.asarray(SHAPES[self.form].slope(_ages(age_yr), *self.parameters), float)

    def mean_annual_increment(self, age_yr: ArrayLike) -> NDArray[np.float64]:
        """Stock over age: the mean annual increment; NaN at age zero."""
        age = _ages(age_yr)
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
        age = np.atleast_1d(_ages(age_yr))
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
        age = np.atleast_1d(_ages(age_yr))
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

    age = np.atleast_1d(_ages(age_yr))
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


# --- fitting ---------------------------------------------------------------------------------------------------------


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


def _is_covariance(matrix: NDArray[np.float64], size: int) -> bool:
    if matrix.shape != (size, size) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        return False
    return bool((np.linalg.eigvalsh(matrix) >= -1e-9 * np.abs(matrix).max()).all())


def _ages(age_yr: ArrayLike) -> NDArray[np.float64]:
    age = np.asarray(age_yr, float)
    if (age < 0).any():
        raise DomainError("growth.negative_age")
    return age


def summed_increments(age_yr: ArrayLike, increment: ArrayLike) -> NDArray[np.float64]:
    """Stock grown by each age from current increments at those ages: the running trapezoid sum, 0 at the first."""
    age, rate = np.asarray(age_yr, float), np.asarray(increment, float)
    steps = np.diff(age) * (rate[1:] + rate[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


# --- harvest ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut:
    """A thinning: the share of the standing stock removed at an age."""

    age_yr: float
    removed_share: float


@dataclass(frozen=True, slots=True)
class Rotation:
    """Thinnings, and a final harvest with replanting, repeated.

    ``keeps_increment`` says what a thinned stand does: False, it grows in proportion to what is left (cautious, and
    the default); True, it goes on growing as the curve says, as in a table of gross growth. Trees left at a final
    harvest stay and do not grow.
    """

    thinnings: tuple[Cut, ...] = ()
    harvest_age_yr: float | None = None
    removed_share: float = 1.0
    replant: bool = True
    delay_yr: float = 0.0
    keeps_increment: bool = False

    def __post_init__(self) -> None:
        ages = [cut.age_yr for cut in self.thinnings] + ([] if self.harvest_age_yr is None else [self.harvest_age_yr])
        rising = all(young < old for young, old in pairwise([0.0, *ages]))
        shares = [cut.removed_share for cut in self.thinnings] + [self.removed_share]
        if not rising or not all(0 < share <= 1 for share in shares) or self.delay_yr < 0:
            raise DomainError("growth.bad_rotation")

    @property
    def cycle_yr(self) -> float | None:
        """Years from planting to the next planting; None where the stand is not planted again. [yr]"""
        return self.harvest_age_yr + self.delay_yr if self.harvest_age_yr is not None and self.replant else None


@dataclass(frozen=True, slots=True, eq=False)
class StandPath:
    """A stand through time: what stands, and each cut with the stock just before and after it."""

    time_yr: NDArray[np.float64]
    stock: NDArray[np.float64]
    cut_yr: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch without cuts, from ``start``: stock = offset + keep * growth(time - planted)."""

    start: float
    planted: float
    offset: float
    keep: float


Growth = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


def stand_path(growth: Growth, time_yr: ArrayLike, rotation: Rotation | None = None) -> StandPath:
    """Stock of a stand at times since planting, under thinnings, harvests and replanting.

    Parameters
    ----------
    growth : callable
        Stock at an age (array in, array out), for example ``curve.value``.
    time_yr : array_like of float, shape (n,)
        Years since the first planting; zero stock before it. At the moment of a cut, the stock just after it.
    """
    time = np.atleast_1d(np.asarray(time_yr, float))
    stretches, cuts = _stretches(growth, float(time.max(initial=0.0)), rotation or Rotation())
    index = np.searchsorted([s.start for s in stretches], time, side="right") - 1
    planted, offset, keep = (
        np.array([getattr(s, name) for s in stretches])[np.maximum(index, 0)] for name in ("planted", "offset", "keep")
    )
    grown = growth(np.maximum(time - planted, 0.0)) - growth(np.zeros(1))
    stock = np.where(time >= 0, offset + keep * grown, 0.0)
    cut_yr, before, after = (np.array([cut[i] for cut in cuts], float) for i in range(3))
    return StandPath(time, stock, cut_yr, before, after)


def _stretches(
    growth: Growth, until_yr: float, rotation: Rotation
) -> tuple[list[_Stretch], list[tuple[float, float, float]]]:
    """The stretches up to a time, and the cuts (time, before, after) between them.

    What a curve shows at age zero is not growth and is taken off, so that a planted stand starts from nothing.
    """
    stretches = [_Stretch(0.0, 0.0, 0.0, 1.0)]
    cuts: list[tuple[float, float, float]] = []

    def cut(time: float, share: float, replanted: float | None) -> None:
        last = stretches[-1]
        grown = float((growth(np.array([time - last.planted])) - growth(np.zeros(1)))[0])
        before = last.offset + last.keep * grown
        after = (1 - share) * before
        cuts.append((time, before, after))
        if replanted is not None:
            stretches.append(_Stretch(time, replanted, after, 1.0 if np.isfinite(replanted) else 0.0))
        elif rotation.keeps_increment:
            stretches.append(_Stretch(time, last.planted, after - last.keep * grown, last.keep))
        else:
            stretches.append(_Stretch(time, last.planted, last.offset * (1 - share), last.keep * (1 - share)))

    start = 0.0
    while start <= until_yr:
        for thinning in rotation.thinnings:
            if start + thinning.age_yr <= until_yr:
                cut(start + thinning.age_yr, thinning.removed_share, None)
        if rotation.harvest_age_yr is None or start + rotation.harvest_age_yr > until_yr:
            break
        harvest = start + rotation.harvest_age_yr
        start = harvest + rotation.delay_yr if rotation.replant else np.inf
        cut(harvest, rotation.removed_share, start)
    return stretches, cuts


def long_term_average(growth: Growth, rotation: Rotation, *, cycles: int = 1, convert: Growth = np.asarray) -> float:
    """Mean stock over whole cycles from planting to the next planting: the cap of a harvested stand's claim.

    ``convert`` turns the curve's stock into the one averaged, for example volume into t CO2. Each stretch between
    cuts is integrated by Gauss-Legendre quadrature.
    """
    if rotation.cycle_yr is None:
        raise DomainError("growth.no_cycle")
    end = cycles * rotation.cycle_yr
    stretches, _ = _stretches(growth, np.nextafter(end, 0), rotation)
    edges = sorted({s.start for s in stretches} | {s.planted for s in stretches if s.planted < end} | {end})
    nodes, weights = np.polynomial.legendre.leggauss(48)
    total = 0.0
    for low, high in pairwise(edges):
        path = stand_path(growth, (low + high) / 2 + (high - low) / 2 * nodes, rotation)
        total += float(weights @ convert(path.stock)) * (high - low) / 2
    return total / end


# --- what is published -----------------------------------------------------------------------------------------------


@cache
def growth_table() -> tuple[Mapping[str, str], ...]:
    """Every row of ``data/forest_stand/growth_curves.csv`` as text: curves, points, class means and gaps."""
    with data_path("forest_stand", "growth_curves.csv").open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


def growth_gaps() -> tuple[Mapping[str, str], ...]:
    """Species looked for without finding a curve, and curves in quarantine: what a user has to bring along."""
    return tuple(row for row in growth_table() if row["entry"] == "gap" or row["quarantine"])


def published_curve(id: str) -> GrowthCurve:
    """A published curve by its id. A curve in quarantine and a gap are refused; there is no default to fall back on."""
    rows = {row["id"]: row for row in growth_table() if row["entry"] in ("curve", "gap")}
    known = [name for name, row in rows.items() if row["entry"] == "curve" and not row["quarantine"]]
    if id not in rows:
        raise DomainError("growth.unknown_curve", id=id, known=", ".join(known))
    row = rows[id]
    if row["entry"] == "gap":
        raise DomainError("growth.gap", species=f"{row['species_zh']} ({row['species_latin']})")
    if row["quarantine"]:
        raise DomainError("growth.quarantined", id=id, why=say(f"growth.quarantine.{row['quarantine']}"))
    form: Any = row["form"]
    return GrowthCurve(
        id,
        form,
        tuple(float(row[f"p{i}"]) for i in range(1, SHAPES[form].size + 1)),
        row["unit"],
        gross=row["quantity"] == "gross_stem_growth",
        age_min_yr=float(row["age_min_yr"] or 0),
        age_max_yr=float(row["age_max_yr"] or np.inf),
        n=int(row["n"]) if row["n"] else None,
        species=row["species_latin"],
        region=row["region"],
        reference=row["reference"],
        place=row["place"],
        status=Status.parse(row["status"]),
        note=row["note"],
    )
