"""The nouns of sampling: where plots lie, what an estimate is, and how wide its interval.

Everything takes plot values of shape (n,) or (n, k): k columns are k variables, or k Monte Carlo draws of one, and
are estimated in one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.student import t_two_sided

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tanhui.kernel.inventory import Design
    from tanhui.kernel.nouns import Estimate
    from tanhui.kernel.time import Period

__all__ = ["ChangeEstimate", "FloatOrArray", "Layout", "RatioEstimate", "SampleEstimate", "StratumPart"]

FloatOrArray: TypeAlias = "float | NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Layout:
    """Strata, the estimation units they belong to, and the stratum of each plot.

    A *stratum* has an area; an *estimation unit* is a set of strata sampled on their own (a county, an owner class).
    Without estimation units there is one.

    Attributes
    ----------
    labels : tuple of str, length H
        Names of the strata.
    area_ha : ndarray of float, shape (H,)
        Area of each stratum. [ha]
    unit : ndarray of int, shape (H,)
        Estimation unit of each stratum, counted from 0.
    stratum : ndarray of int, shape (n,)
        Stratum of each plot, as an index into ``labels``.
    population : ndarray of float, shape (H,), or None
        How many plots of the used size each stratum could hold; None leaves out the finite correction.
    """

    labels: tuple[str, ...]
    area_ha: NDArray[np.float64]
    unit: NDArray[np.intp]
    stratum: NDArray[np.intp]
    population: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        stratum: Sequence[object] | NDArray[np.generic],
        area_ha: Mapping[str, float],
        *,
        unit: Mapping[str, str] | None = None,
        population: Mapping[str, float] | None = None,
    ) -> Layout:
        """A layout from the stratum name of each plot and the area of each stratum.

        Raises
        ------
        DomainError
            If a plot names no known stratum, an area is not positive, or a stratum has no plot.
        """
        labels = tuple(area_ha)
        position = {label: i for i, label in enumerate(labels)}
        names = [str(name) for name in stratum]
        unknown = sorted({name for name in names if name not in position})
        if unknown:
            raise DomainError("sampling.plot_without_stratum", strata=", ".join(unknown))
        areas = np.array([area_ha[label] for label in labels], float)
        if not (np.isfinite(areas) & (areas > 0)).all():
            raise DomainError("sampling.area_not_positive")
        of_unit = [unit[label] if unit else "" for label in labels]
        units = {name: i for i, name in enumerate(dict.fromkeys(of_unit))}
        index = np.array([position[name] for name in names], np.intp)
        empty = sorted(set(labels) - set(names))
        if empty:
            raise DomainError("sampling.stratum_without_plots", strata=", ".join(empty))
        possible = None if population is None else np.array([population[label] for label in labels], float)
        layout = cls(labels, areas, np.array([units[name] for name in of_unit], np.intp), index, possible)
        if possible is not None and (possible < layout.counts).any():
            raise DomainError("sampling.population_too_small")
        return layout

    @classmethod
    def simple(cls, n: int, area_ha: float = 1.0, population: float | None = None) -> Layout:
        """One stratum that holds all ``n`` plots."""
        return cls.of(["all"] * n, {"all": area_ha}, population=None if population is None else {"all": population})

    @classmethod
    def from_design(cls, design: Design) -> Layout:
        """The layout of a design; plots in the order of ``design.assignment``."""
        strata, plots = design.strata, design.assignment
        key = strata["unit"].astype(str) + "/" + strata["stratum"].astype(str)
        return cls.of(
            (plots["unit"].astype(str) + "/" + plots["stratum"].astype(str)).to_numpy(),
            dict(zip(key, strata["area_ha"].astype(float), strict=True)),
            unit=dict(zip(key, strata["unit"].astype(str), strict=True)),
        )

    @property
    def counts(self) -> NDArray[np.float64]:
        """Plots in each stratum, shape (H,)."""
        return np.bincount(self.stratum, minlength=len(self.labels)).astype(float)

    @property
    def n(self) -> int:
        """Number of plots."""
        return len(self.stratum)

    @property
    def df(self) -> int:
        """Degrees of freedom: plots less strata, the rule of AR-TOOL14 and of stratified samples at large."""
        return self.n - len(self.labels)

    @property
    def total_area_ha(self) -> float:
        """Area of all strata. [ha]"""
        return float(self.area_ha.sum())

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the plots of each stratum: (n, k) to (H, k)."""
        return grouped_sums(values, self.stratum, len(self.labels))


@dataclass(frozen=True, slots=True)
class StratumPart:
    """What one stratum contributes. ``mean`` and ``variance`` (of one plot) are as wide as the estimate."""

    label: str
    n: int
    weight: float
    mean: FloatOrArray
    variance: FloatOrArray


@dataclass(frozen=True, slots=True)
class SampleEstimate:
    """An estimate from a sample: value, variance, degrees of freedom, number of plots, and its strata."""

    value: FloatOrArray
    variance: FloatOrArray
    df: int
    n: int
    parts: tuple[StratumPart, ...] = ()

    @property
    def se(self) -> FloatOrArray:
        """Standard error."""
        return as_given(np.sqrt(np.maximum(self.variance, 0.0)))

    def half_width(self, confidence: float = 0.90) -> FloatOrArray:
        """Half of the two-sided Student interval."""
        return t_two_sided(confidence, self.df) * self.se

    def relative_half_width(self, confidence: float = 0.90) -> FloatOrArray:
        """Half-width over the size of the value: the U that deduction tables ask for. [1]"""
        with np.errstate(divide="ignore", invalid="ignore"):
            return as_given(np.divide(self.half_width(confidence), np.abs(self.value)))

    def interval(self, confidence: float = 0.90) -> tuple[FloatOrArray, FloatOrArray]:
        """Lower and upper end of the two-sided Student interval."""
        half = self.half_width(confidence)
        return self.value - half, self.value + half

    def scaled(self, factor: float) -> SampleEstimate:
        """The same estimate in another unit."""
        return SampleEstimate(self.value * factor, self.variance * factor**2, self.df, self.n, self.parts)

    def to_estimate(
        self, quantity: str, unit: str, *, year: int, valid: Period, domain: str, source: str = "tanhui"
    ) -> Estimate:
        """As the river carries it; all of the variance is ``sampling``."""
        from tanhui.kernel.nouns import Estimate

        low, high = self.interval()
        return Estimate(
            quantity=quantity,
            unit=unit,
            year=year,
            valid=valid,
            domain=domain,
            value=float(self.value),
            se=float(self.se),
            ci90=(float(low), float(high)),
            source=source,
            variance_shares={"sampling": 1.0} if self.variance > 0 else {},
            n=self.n,
        )


@dataclass(frozen=True, slots=True)
class RatioEstimate(SampleEstimate):
    """A ratio of two estimates: ``value`` = numerator / denominator, with the covariance between them."""

    numerator: SampleEstimate = field(kw_only=True)
    denominator: SampleEstimate = field(kw_only=True)
    covariance: FloatOrArray = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class ChangeEstimate(SampleEstimate):
    """A change between two occasions: Var = V1 + V2 - 2 Cov."""

    first: SampleEstimate = field(kw_only=True)
    second: SampleEstimate = field(kw_only=True)
    covariance: FloatOrArray = field(kw_only=True)


def grouped_sums(
    values: NDArray[np.float64],
    group: NDArray[np.intp],
    count: int,
    weight: NDArray[np.float64] | None = None,
    rows: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """Weighted sums of rows by group: (n, k) to (count, k). Rows not named in ``rows`` are not even looked at."""
    from scipy.sparse import csr_matrix

    at = np.arange(len(values)) if rows is None else rows
    factor = np.ones(len(at)) if weight is None else weight
    sums: NDArray[np.float64] = csr_matrix((factor, (group, at)), shape=(count, len(values))) @ values
    return sums


def columns(values: ArrayLike, n: int | None = None) -> NDArray[np.float64]:
    """Plot values as (n, k).

    Raises
    ------
    DomainError
        If the number of plots is not ``n``, or a value is missing.
    """
    array = np.asarray(values, float)
    array = array.reshape(-1, 1) if array.ndim <= 1 else array
    if array.ndim != 2 or (n is not None and array.shape[0] != n):
        raise DomainError("sampling.wrong_length", found=array.shape[0], wanted=n)
    if not np.isfinite(array).all():
        raise DomainError("sampling.missing_values", count=int((~np.isfinite(array)).sum()))
    return array


def as_given(values: ArrayLike, like: ArrayLike | None = None) -> FloatOrArray:
    """A float where ``like`` (or the values themselves) have one variable without a column, else an array (k,)."""
    array = np.asarray(values, float)
    one_variable = array.ndim == 0 if like is None else np.ndim(like) <= 1 and array.size == 1
    return float(array.reshape(-1)[0]) if one_variable else array
