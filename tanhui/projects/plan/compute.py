"""From planting units to yearly stocks and removals with their errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.plan.checks import plan_faults, plan_reasons
from tanhui.projects.plan.model import (
    DAYS_PER_YEAR,
    PER_TREE,
    TOTAL,
    Conversion,
    CustomConversion,
    Plan,
    PlanSeries,
    Planting,
    leaves_of,
)
from tanhui.sinks.forest.rotation import long_term_average, stand_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Unit", "make_plan", "planting_schedule", "series_of", "unit_at"]


def planting_schedule(first: Planting, steps: Sequence[tuple[date, float]]) -> tuple[Planting, ...]:
    """The same planting on several dates: one unit per (date, area in ha)."""
    return tuple(replace(first, planted=planted, area_ha=area_ha) for planted, area_ha in steps)


def make_plan(plantings: Iterable[Planting], period: Period) -> Plan:
    """The plan of planting units over a crediting period.

    Raises
    ------
    RefusedInput
        With every fault of every unit; the row of a fault is the number of the unit, from 1.
    """
    units = tuple(plantings)
    if faults := plan_faults(units, period):
        raise RefusedInput(faults)
    days = (period.start, *(part.end for _, part in period.by_year()))
    results = [unit_at(planting, number, days) for number, planting in enumerate(units)]
    names = sorted({planting.stratum for planting in units})
    strata = tuple(
        series_of(name, days, [r for p, r in zip(units, results, strict=True) if p.stratum == name]) for name in names
    )
    return Plan(period, units, strata, _total(days, results, strata), plan_reasons(units, days))


#: What makes an error common to two units: its name among the sources, then whose it is.
Source = tuple[str, ...]
#: Per source: derivatives (days, parameters), and the covariance of the parameters.
Errors = dict[Source, tuple["NDArray[np.float64]", "NDArray[np.float64]"]]


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A unit at the days: stocks, harvest, and the errors of its stock."""

    area_ha: float
    live_t: NDArray[np.float64]
    products_t: NDArray[np.float64]
    harvested_t: NDArray[np.float64]
    average_t: float
    capped: bool
    errors: Errors


def unit_at(planting: Planting, number: int, days: Sequence[date]) -> Unit:
    """A planting unit at the given days: stocks, products, harvest and the errors of its stock."""
    age = np.array([(day - planting.planted).days for day in days]) / DAYS_PER_YEAR
    live, products, harvested = _pools(planting, age)
    capped = planting.rotation.cycle_yr is not None
    average = float(live[-1])
    if capped:
        mean_ha = long_term_average(_growth(planting), planting.rotation, convert=lambda stock: _co2(planting, stock))
        average = planting.area_ha * mean_ha
    errors = _errors(planting, number, age, live + products)
    return Unit(planting.area_ha, live, products, harvested, average, capped, errors)


def _growth(
    planting: Planting, parameters: tuple[float, ...] | None = None, survival: float | None = None
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Stock per hectare in the curve's unit at an age of the first planting, replanted trees being younger."""
    alive = planting.survival if survival is None else survival
    stems = planting.stems_per_ha if planting.curve.unit in PER_TREE and planting.stems_per_ha else 1.0

    def grown(age: NDArray[np.float64]) -> NDArray[np.float64]:
        first = planting.curve.value(age, parameters)
        if not planting.replanted_share:
            return stems * alive * first
        later = planting.curve.value(np.maximum(age - planting.replant_after_yr, 0.0), parameters)
        return stems * (alive * first + planting.replanted_share * later)

    return grown


def _co2(planting: Planting, stock: NDArray[np.float64]) -> NDArray[np.float64]:
    """t CO2 per hectare of a stock per hectare."""
    if isinstance(planting.conversion, Conversion):
        return stock * planting.conversion.factor(planting.curve.unit)
    return np.asarray(planting.conversion.function(stock), float)


def _pools(
    planting: Planting,
    age: NDArray[np.float64],
    *,
    parameters: tuple[float, ...] | None = None,
    survival: float | None = None,
    level: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Live stock, products and all harvested so far, at ages of the unit. [t CO2]"""
    path = stand_path(_growth(planting, parameters, survival), age, planting.rotation)
    live = planting.area_ha * _co2(planting, level * path.stock)
    cuts = planting.area_ha * (_co2(planting, level * path.before) - _co2(planting, level * path.after))
    since = age[:, None] - path.cut_yr[None, :]
    harvested = np.where(since >= 0, cuts, 0.0)
    kept = np.zeros(len(age))
    if planting.products is not None:
        left = 0.5 ** (np.maximum(since, 0.0) / planting.products.half_life_yr)
        kept = planting.products.share * (harvested * left).sum(axis=1)
    return live, kept, harvested.sum(axis=1)


def _errors(planting: Planting, number: int, age: NDArray[np.float64], stock: NDArray[np.float64]) -> Errors:
    """Derivatives of the unit's stock by every source of error, and the sources' covariances."""
    errors: Errors = {}

    def note(source: Source, gradient: NDArray[np.float64], covariance: Any) -> None:
        errors[source] = gradient.reshape(len(age), -1), np.atleast_2d(np.asarray(covariance, float))

    def slope(gap: float, up: Mapping[str, Any], down: Mapping[str, Any]) -> NDArray[np.float64]:
        high, low = (sum(_pools(planting, age, **change)[:2]) for change in (up, down))
        return np.asarray((high - low) / gap)

    curve = planting.curve
    if curve.covariance is not None:
        columns = [slope(gap, {"parameters": up}, {"parameters": down}) for up, down, gap in curve.steps()]
        note(("growth", curve.id, "parameters"), np.stack(columns, axis=1), curve.covariance)
    if curve.relative_error:
        by_level = slope(2e-6, {"level": 1 + 1e-6}, {"level": 1 - 1e-6})
        note(("growth", curve.id, "level"), by_level, curve.relative_error**2)
    for name, leaf in leaves_of(planting.conversion).items():
        if leaf.se:
            value = leaf.number() + (name == "root_ratio")
            note((name, leaf.id), stock / value, leaf.se**2)
    if isinstance(planting.conversion, CustomConversion) and planting.conversion.relative_error:
        note(("allometry", planting.conversion.name), stock, planting.conversion.relative_error**2)
    if planting.area_sd_ha:
        note(("area", str(number)), stock / planting.area_ha, planting.area_sd_ha**2)
    if planting.survival_sd:
        alive = planting.survival
        by_survival = slope(2e-6, {"survival": alive + 1e-6}, {"survival": alive - 1e-6})
        note(("survival", str(number)), by_survival, planting.survival_sd**2)
    return errors


def series_of(domain: str, days: tuple[date, ...], units: Sequence[Unit]) -> PlanSeries:
    """The series of a domain from the units in it."""
    errors, none = _summed_errors(units), np.zeros(len(days))
    capped = sum((_capped(unit) for unit in units), none)
    return PlanSeries(
        domain=domain,
        area_ha=sum(unit.area_ha for unit in units),
        days=days,
        years=tuple(day.year for day in days[:-1]),
        live_t=sum((unit.live_t for unit in units), none),
        products_t=sum((unit.products_t for unit in units), none),
        stock_se_t=_se(errors, lambda g: g, len(days)),
        removal_se_t=_se(errors, lambda g: np.diff(g, axis=0), len(days) - 1),
        cumulative_se_t=_se(errors, lambda g: g[1:] - g[0], len(days) - 1),
        harvested_t=np.diff(sum((unit.harvested_t for unit in units), none)),
        capped_cumulative_t=capped[1:] - capped[0],
        long_term_average_t=sum(unit.average_t for unit in units),
        variance_shares=_shares(errors),
    )


def _total(days: tuple[date, ...], units: Sequence[Unit], strata: Sequence[PlanSeries]) -> PlanSeries:
    """The total: amounts are the sums of the strata to the last bit, errors those of all units together."""
    amounts = ("live_t", "products_t", "harvested_t", "capped_cumulative_t", "area_ha", "long_term_average_t")
    summed: dict[str, Any] = {name: sum(getattr(stratum, name) for stratum in strata) for name in amounts}
    return replace(series_of(TOTAL, days, units), **summed)


def _capped(unit: Unit) -> NDArray[np.float64]:
    """Stock that counts: under a rotation, the highest so far but never above the long-term average."""
    stock = unit.live_t + unit.products_t
    return np.minimum(np.maximum.accumulate(stock), unit.average_t) if unit.capped else stock


def _summed_errors(units: Sequence[Unit]) -> Errors:
    """Derivatives added over units that share a source: that is what makes their errors fully correlated."""
    errors: Errors = {}
    for unit in units:
        for source, (gradient, covariance) in unit.errors.items():
            before = errors[source][0] if source in errors else 0.0
            errors[source] = before + gradient, covariance
    return errors


def _se(errors: Errors, change: Callable[[NDArray[np.float64]], NDArray[np.float64]], size: int) -> NDArray[np.float64]:
    """Standard error of the stock, or of a change of it, at the days."""
    variance = np.zeros(size)
    for gradient, covariance in errors.values():
        rows = change(gradient)
        variance = variance + np.einsum("np,pq,nq->n", rows, covariance, rows)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _shares(errors: Errors) -> dict[str, float]:
    """Fraction of the variance of the whole period's removal by source; empty where there is none."""
    parts: dict[str, float] = defaultdict(float)
    for source, (gradient, covariance) in errors.items():
        change = gradient[-1] - gradient[0]
        parts[source[0]] += float(change @ covariance @ change)
    whole = sum(parts.values())
    return {name: part / whole for name, part in sorted(parts.items())} if whole > 0 else {}
