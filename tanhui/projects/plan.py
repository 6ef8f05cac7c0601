"""The plan of a planting project, before anything is measured: yearly removals with their interval.

A plan is a list of :class:`Planting` units (one stratum, species, planting date and growth curve each) over a crediting
period. Stock at a day follows the curve at the stand's age in days, so a calendar year's removal is what grew on its
days, and what a curve shows at age zero is not growth. Harvested carbon leaves the stand at once; only where a
:class:`Products` pool is stated does a part stay, and decay.

Errors are carried analytically, by first derivatives. Curve parameters are shared by all units of a curve, a density,
expansion factor, root ratio or carbon fraction by all units of the same leaf, areas and survival belong to one unit:
so strata of one curve are fully correlated and their errors do not average out. No random numbers are drawn.

:func:`make_plan` makes the plan, :func:`plan_to_dict` its JSON, :func:`plan_summary` its words, and
:func:`compare_to_plan` sets later measurements against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.kernel.wording import Lang, say
from tanhui.sinks.forest.growth import GrowthCurve
from tanhui.sinks.forest.rotation import Rotation, long_term_average, stand_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Conversion",
    "CustomConversion",
    "Deviation",
    "Measured",
    "Plan",
    "PlanSeries",
    "Planting",
    "Products",
    "Reason",
    "compare_to_plan",
    "make_plan",
    "plan_summary",
    "plan_to_dict",
    "planting_schedule",
]

TOTAL = "total"
DAYS_PER_YEAR = 365.2425
Z90 = NormalDist().inv_cdf(0.95)
#: Which factors lead from the unit of a curve to carbon dioxide; "?" marks one that may be absent (roots included).
FACTORS: Mapping[str, tuple[str, ...]] = {
    "m3/ha": ("density", "bef", "root_ratio?", "carbon_fraction"),
    "m3": ("density", "bef", "root_ratio?", "carbon_fraction"),
    "t d.m./ha": ("root_ratio?", "carbon_fraction"),
    "kg d.m.": ("root_ratio?", "carbon_fraction"),
    "t C/ha": ("root_ratio?",),
    "t CO2e/ha": (),
}
PER_TREE = ("m3", "kg d.m.")


@dataclass(frozen=True, slots=True)
class Conversion:
    """Factors from the curve's stock to carbon dioxide: V D BEF (1 + R) CF 44/12, as far as the curve's unit needs.

    ``root_ratio=None`` says that the curve holds the roots already. A leaf's ``se`` is its standard error.
    """

    density: Leaf | None = None
    bef: Leaf | None = None
    root_ratio: Leaf | None = None
    carbon_fraction: Leaf | None = None

    def leaves(self) -> dict[str, Leaf]:
        """The factors given, by the name of their error source."""
        given = {"density": self.density, "expansion": self.bef, "root_ratio": self.root_ratio}
        given["carbon_fraction"] = self.carbon_fraction
        return {name: leaf for name, leaf in given.items() if leaf is not None}

    def factor(self, unit: str) -> float:
        """t CO2 per unit of the curve's stock."""
        product = {"kg d.m.": 1e-3, "t CO2e/ha": 1 / CO2_PER_C}.get(unit, 1.0) * CO2_PER_C
        for name, leaf in self.leaves().items():
            product *= 1 + leaf.number() if name == "root_ratio" else leaf.number()
        return product


@dataclass(frozen=True, slots=True)
class CustomConversion:
    """Any other way from the stock per hectare to t CO2 per hectare, with its relative standard error."""

    name: str
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    relative_error: float = 0.0
    reference: str = ""
    status: Status = Status.RECALLED


@dataclass(frozen=True, slots=True)
class Products:
    """The share of harvested carbon that stays in products, and how fast it leaves them."""

    share: float
    half_life_yr: float
    reference: str


@dataclass(frozen=True, slots=True)
class Planting:
    """One planting unit.

    Attributes
    ----------
    survival, replanted_share : float
        Share of the planned trees alive, and share planted again ``replant_after_yr`` later; the curve stands for 1.
    stems_per_ha : float or None
        Needed where the curve is per tree (unit m3 or kg d.m.).
    area_sd_ha, survival_sd : float
        Standard errors of the unit's area and survival.
    """

    stratum: str
    species: str
    area_ha: float
    planted: date
    curve: GrowthCurve
    conversion: Conversion | CustomConversion
    survival: float = 1.0
    replanted_share: float = 0.0
    replant_after_yr: float = 1.0
    rotation: Rotation = field(default_factory=Rotation)
    stems_per_ha: float | None = None
    area_sd_ha: float = 0.0
    survival_sd: float = 0.0
    products: Products | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a plan's figures are indicative: a wording key and its facts."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: Lang = "en") -> str:
        """The reason as a sentence."""
        return say(f"plan.reason.{self.code}", lang, **self.facts)


@dataclass(frozen=True, slots=True, eq=False)
class PlanSeries:
    """A stratum, or the total, through the crediting period. All amounts in t CO2e.

    ``stock_t``, ``live_t``, ``products_t`` and ``stock_se_t`` are at the ``days``; ``removal_t``, ``harvested_t`` and
    the cumulative figures belong to the calendar ``years`` between them. ``capped_cumulative_t`` lets a stand with
    harvest and replanting count only up to its long-term average.
    """

    domain: str
    area_ha: float
    days: tuple[date, ...]
    years: tuple[int, ...]
    live_t: NDArray[np.float64]
    products_t: NDArray[np.float64]
    stock_se_t: NDArray[np.float64]
    removal_se_t: NDArray[np.float64]
    cumulative_se_t: NDArray[np.float64]
    harvested_t: NDArray[np.float64]
    capped_cumulative_t: NDArray[np.float64]
    long_term_average_t: float
    variance_shares: Mapping[str, float]

    @property
    def stock_t(self) -> NDArray[np.float64]:
        """Live stock and products at the days."""
        return self.live_t + self.products_t

    @property
    def removal_t(self) -> NDArray[np.float64]:
        """Removal of each calendar year; negative where a harvest takes more than grew."""
        return np.diff(self.stock_t)

    @property
    def cumulative_t(self) -> NDArray[np.float64]:
        """Removal from the start of the period to the end of each calendar year."""
        return np.cumsum(self.removal_t)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The strata in order of their names, their total, and what the figures rest on."""

    period: Period
    plantings: tuple[Planting, ...]
    strata: tuple[PlanSeries, ...]
    total: PlanSeries
    reasons: tuple[Reason, ...]

    def series(self, domain: str = TOTAL) -> PlanSeries:
        """The series of a stratum or of the total."""
        for one in (self.total, *self.strata):
            if one.domain == domain:
                return one
        raise DomainError("plan.unknown_stratum", stratum=domain, known=", ".join(s.domain for s in self.strata))

    def leaves(self) -> tuple[Leaf, ...]:
        """Every conversion factor used, each once."""
        found = {leaf.id: leaf for p in self.plantings for leaf in _leaves(p.conversion).values()}
        return tuple(found[key] for key in sorted(found))


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
    if faults := _faults(units, period):
        raise RefusedInput(faults)
    days = (period.start, *(part.end for _, part in period.by_year()))
    results = [_unit(planting, number, days) for number, planting in enumerate(units)]
    names = sorted({planting.stratum for planting in units})
    strata = tuple(
        _series(name, days, [r for p, r in zip(units, results, strict=True) if p.stratum == name]) for name in names
    )
    return Plan(period, units, strata, _total(days, results, strata), _reasons(units, days))


# --- one unit --------------------------------------------------------------------------------------------------------

#: What makes an error common to two units: its name among the sources, then whose it is.
Source = tuple[str, ...]
#: Per source: derivatives (days, parameters), and the covariance of the parameters.
Errors = dict[Source, tuple["NDArray[np.float64]", "NDArray[np.float64]"]]


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A unit at the days: stocks, harvest, and the errors of its stock."""

    area_ha: float
    live_t: NDArray[np.float64]
    products_t: NDArray[np.float64]
    harvested_t: NDArray[np.float64]
    average_t: float
    capped: bool
    errors: Errors


def _unit(planting: Planting, number: int, days: Sequence[date]) -> _Unit:
    age = np.array([(day - planting.planted).days for day in days]) / DAYS_PER_YEAR
    live, products, harvested = _pools(planting, age)
    capped = planting.rotation.cycle_yr is not None
    average = float(live[-1])
    if capped:
        mean_ha = long_term_average(_growth(planting), planting.rotation, convert=lambda stock: _co2(planting, stock))
        average = planting.area_ha * mean_ha
    errors = _errors(planting, number, age, live + products)
    return _Unit(planting.area_ha, live, products, harvested, average, capped, errors)


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
    for name, leaf in _leaves(planting.conversion).items():
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


def _leaves(conversion: Conversion | CustomConversion) -> dict[str, Leaf]:
    return conversion.leaves() if isinstance(conversion, Conversion) else {}


# --- strata and total ------------------------------------------------------------------------------------------------


def _series(domain: str, days: tuple[date, ...], units: Sequence[_Unit]) -> PlanSeries:
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


def _total(days: tuple[date, ...], units: Sequence[_Unit], strata: Sequence[PlanSeries]) -> PlanSeries:
    """The total: amounts are the sums of the strata to the last bit, errors those of all units together."""
    amounts = ("live_t", "products_t", "harvested_t", "capped_cumulative_t", "area_ha", "long_term_average_t")
    summed: dict[str, Any] = {name: sum(getattr(stratum, name) for stratum in strata) for name in amounts}
    return replace(_series(TOTAL, days, units), **summed)


def _capped(unit: _Unit) -> NDArray[np.float64]:
    """Stock that counts: under a rotation, the highest so far but never above the long-term average."""
    stock = unit.live_t + unit.products_t
    return np.minimum(np.maximum.accumulate(stock), unit.average_t) if unit.capped else stock


def _summed_errors(units: Sequence[_Unit]) -> Errors:
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


# --- what is refused, and what makes a plan indicative ---------------------------------------------------------------


def _faults(units: Sequence[Planting], period: Period) -> list[Fault]:
    if not units:
        return [Fault("plan.no_plantings")]
    faults: list[Fault] = []
    curves: dict[str, GrowthCurve] = {}
    leaves: dict[str, Leaf] = {}
    for row, unit in enumerate(units, start=1):
        found = [*_bad_numbers(unit, period), *_bad_conversion(unit)]
        if not _same_curve(curves.setdefault(unit.curve.id, unit.curve), unit.curve):
            found.append(("curve_id_twice", "curve", unit.curve.id))
        factors = _leaves(unit.conversion).values()
        found += [("leaf_id_twice", "conversion", f.id) for f in factors if leaves.setdefault(f.id, f) != f]
        faults += [Fault(f"plan.{code}", "", unit.stratum, row, column, value) for code, column, value in found]
    return faults


def _same_curve(one: GrowthCurve, other: GrowthCurve) -> bool:
    """Whether two curves are the same in all that the plan computes with."""
    alike = all(getattr(one, x) == getattr(other, x) for x in ("form", "parameters", "unit", "relative_error"))
    return alike and np.array_equal(np.asarray(one.covariance), np.asarray(other.covariance))


def _bad_numbers(u: Planting, period: Period) -> list[tuple[str, str, str]]:
    """Faults (code, column, value) of a unit's own figures."""
    planned, stems, per_tree = u.survival + u.replanted_share, u.stems_per_ha, u.curve.unit in PER_TREE
    checks = [
        ("no_stratum", "stratum", u.stratum, u.stratum.strip() not in ("", TOTAL)),
        ("not_positive", "area_ha", u.area_ha, 0 < u.area_ha < np.inf),
        ("planted_after_end", "planted", u.planted, u.planted < period.end),
        ("share_outside", "survival", u.survival, 0 < u.survival <= 1),
        ("share_outside", "replanted_share", u.replanted_share, 0 <= u.replanted_share <= 1),
        ("more_than_planted", "replanted_share", u.replanted_share, planned <= 1 + 1e-9),
        ("negative", "replant_after_yr", u.replant_after_yr, u.replant_after_yr >= 0),
        ("negative", "area_sd_ha", u.area_sd_ha, u.area_sd_ha >= 0),
        ("negative", "survival_sd", u.survival_sd, u.survival_sd >= 0),
        ("no_reference", "curve", u.curve.id, bool(u.curve.reference.strip())),
        ("stems_missing", "stems_per_ha", stems, stems is not None or not per_tree),
        ("not_positive", "stems_per_ha", stems, stems is None or stems > 0),
    ]
    if u.products is not None:
        checks += [
            ("share_outside", "products", u.products.share, 0 <= u.products.share <= 1),
            ("not_positive", "products", u.products.half_life_yr, u.products.half_life_yr > 0),
            ("no_reference", "products", u.products.share, bool(u.products.reference.strip())),
        ]
    return [(code, column, str(value)) for code, column, value, good in checks if not good]


def _bad_conversion(unit: Planting) -> list[tuple[str, str, str]]:
    """Faults of the way to carbon dioxide: a factor missing, one that would count twice, or carbon out of nothing."""
    if isinstance(unit.conversion, CustomConversion):
        nothing = float(np.asarray(unit.conversion.function(np.zeros(1))).ravel()[0])
        return [("carbon_from_nothing", "conversion", unit.conversion.name)] if abs(nothing) > 1e-9 else []
    if unit.curve.unit not in FACTORS:
        return [("unknown_curve_unit", "curve", unit.curve.unit)]
    wanted = FACTORS[unit.curve.unit]
    given = {"bef" if name == "expansion" else name for name in unit.conversion.leaves()}
    found = {
        "factor_missing": [name for name in wanted if not name.endswith("?") and name not in given],
        "factor_twice": sorted(given - {name.rstrip("?") for name in wanted}),
        "not_positive": [name for name, leaf in unit.conversion.leaves().items() if not leaf.number() > 0],
    }
    return [(code, "conversion", name) for code, names in found.items() for name in names]


def _reasons(units: Sequence[Planting], days: Sequence[date]) -> tuple[Reason, ...]:
    """Everything that keeps the plan from being more than indicative, each once."""
    found: dict[tuple[str, str], Reason] = {}

    def note(code: str, name: str, **facts: Any) -> None:
        found.setdefault((code, name), Reason(code, {"name": name, **facts}))

    for unit, curve in ((unit, unit.curve) for unit in units):
        if curve.status is not Status.PRIMARY:
            note("curve_status", curve.id, status=curve.status.word)
        if not curve.has_error:
            note("curve_without_error", curve.id)
        if curve.gross and not unit.rotation.thinnings:
            note("gross_growth", curve.id)
        oldest = (days[-1] - unit.planted).days / DAYS_PER_YEAR
        if unit.rotation.harvest_age_yr is not None:
            oldest = min(oldest, unit.rotation.harvest_age_yr)
        if oldest > curve.age_max_yr:
            note("extrapolated", curve.id, age=round(oldest), limit=round(curve.age_max_yr))
        statuses = {leaf.id: leaf.status for leaf in _leaves(unit.conversion).values()}
        if isinstance(unit.conversion, CustomConversion):
            statuses[unit.conversion.name] = unit.conversion.status
        for name, status in statuses.items():
            if status is not Status.PRIMARY:
                note("leaf_status", name, status=status.word)
    return tuple(found[key] for key in sorted(found))


# --- words and JSON --------------------------------------------------------------------------------------------------


def interval90(value: float, se: float, *, floor: float = -np.inf) -> tuple[float, float]:
    """Two-sided 90 % interval of a normal error, not below a floor."""
    return max(value - Z90 * se, floor), value + Z90 * se


def plan_to_dict(plan: Plan, lang: Lang = "en") -> dict[str, Any]:
    """The plan as JSON can carry it. All amounts in t CO2e."""
    return {
        "period": plan.period.to_list(),
        "unit": "t CO2e",
        "total": _series_to_dict(plan.total),
        "strata": [_series_to_dict(series) for series in plan.strata],
        "plantings": [_planting_to_dict(planting) for planting in plan.plantings],
        "parameters": [leaf.to_dict() for leaf in plan.leaves()],
        "indicative_reasons": [{"code": reason.code, "text": reason.text(lang)} for reason in plan.reasons],
        "summary": plan_summary(plan, lang),
    }


def _series_to_dict(series: PlanSeries) -> dict[str, Any]:
    stock, removal, cumulative = series.stock_t, series.removal_t, series.cumulative_t
    days = [day.isoformat() for day in series.days]
    by_year = [
        {
            "year": year,
            "from": days[i],
            "until": days[i + 1],
            "removal_t": float(removal[i]),
            "removal_ci90": list(interval90(float(removal[i]), float(series.removal_se_t[i]))),
            "cumulative_t": float(cumulative[i]),
            "cumulative_ci90": list(interval90(float(cumulative[i]), float(series.cumulative_se_t[i]))),
            "capped_cumulative_t": float(series.capped_cumulative_t[i]),
            "harvested_t": float(series.harvested_t[i]),
            "stock_t": float(stock[i + 1]),
            "stock_ci90": list(interval90(float(stock[i + 1]), float(series.stock_se_t[i + 1]), floor=0.0)),
            "products_t": float(series.products_t[i + 1]),
        }
        for i, year in enumerate(series.years)
    ]
    head = {"domain": series.domain, "area_ha": float(series.area_ha), "stock_at_start_t": float(stock[0])}
    return head | {
        "long_term_average_t": float(series.long_term_average_t),
        "variance_shares": dict(series.variance_shares),
        "by_year": by_year,
    }


def _planting_to_dict(planting: Planting) -> dict[str, Any]:
    curve, cuts = planting.curve, planting.rotation.thinnings
    plain = ("stratum", "species", "area_ha", "survival", "replanted_share", "stems_per_ha")
    of_curve = ("id", "form", "unit", "relative_error", "reference")
    return {name: getattr(planting, name) for name in plain} | {
        "planted": planting.planted.isoformat(),
        "harvest_age_yr": planting.rotation.harvest_age_yr,
        "thinnings": [{"age_yr": cut.age_yr, "removed_share": cut.removed_share} for cut in cuts],
        "curve": {name: getattr(curve, name) for name in of_curve}
        | {"parameters": list(curve.parameters), "status": curve.status.word},
    }


def plan_summary(plan: Plan, lang: Lang = "en") -> list[str]:
    """The plan in plain words, one sentence each."""
    total = plan.total
    whole, se = float(total.cumulative_t[-1]), float(total.cumulative_se_t[-1])
    best = int(np.argmax(total.removal_t))
    figures: dict[str, float] = {
        "whole": whole,
        "low": whole - Z90 * se,
        "high": whole + Z90 * se,
        "removal": float(total.removal_t[best]),
        "harvested": float(total.harvested_t.sum()),
        "average": total.long_term_average_t,
        "capped": float(total.capped_cumulative_t[-1]),
    }
    facts: dict[str, Any] = {name: f"{figure:,.0f}" for name, figure in figures.items()}
    facts["first"], facts["last"] = plan.period.to_list()
    facts |= {"units": len(plan.plantings), "strata": len(plan.strata), "count": len(plan.reasons)}
    facts |= {"area": f"{total.area_ha:,.1f}", "mean": f"{whole / plan.period.years / total.area_ha:,.1f}"}
    facts["year"] = total.years[best]
    if total.variance_shares:
        name, share = max(total.variance_shares.items(), key=lambda item: item[1])
        facts |= {"source": say(f"plan.source.{name}", lang), "share": f"{share:.0%}"}
    said = ["head", "whole" if se else "whole_without_error", "mean", "best_year"]
    said += ["harvest"] if figures["harvested"] > 0 else []
    said += ["error"] if total.variance_shares else []
    said += ["indicative"] if plan.reasons else []
    return [say(f"plan.summary.{name}", lang, **facts) for name in said]


# --- what was measured -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured stock on a day, of a stratum or of the total. [t CO2e]"""

    day: date
    stock_t: float
    domain: str = TOTAL


@dataclass(frozen=True, slots=True)
class Deviation:
    """A measured stock against the planned one of the same day. Difference = measured - planned. [t CO2e]

    ``difference_share`` is the difference over the planned stock; None where nothing was planned to stand yet.
    """

    day: date
    domain: str
    planned_t: float
    planned_ci90: tuple[float, float]
    measured_t: float
    difference_share: float | None
    limit: float
    reason_required: bool

    @property
    def difference_t(self) -> float:
        """Measured minus planned. [t CO2e]"""
        return self.measured_t - self.planned_t

    @property
    def inside_interval(self) -> bool:
        """Whether the measured stock lies in the plan's own 90 % interval."""
        return self.planned_ci90[0] <= self.measured_t <= self.planned_ci90[1]

    def text(self, lang: Lang = "en") -> str:
        """The deviation as a sentence."""
        key = "plan.deviation.reason" if self.reason_required else "plan.deviation.within"
        share = "-" if self.difference_share is None else f"{self.difference_share:+.0%}"
        amounts = {"measured": f"{self.measured_t:,.0f}", "planned": f"{self.planned_t:,.0f}"}
        limit = f"{self.limit:.0%}"
        return say(key, lang, day=self.day.isoformat(), domain=self.domain, share=share, limit=limit, **amounts)


def compare_to_plan(measured: Iterable[Measured], plan: Plan, limit: float) -> tuple[Deviation, ...]:
    """Each measurement against the plan, and whether its difference asks for a reason.

    Parameters
    ----------
    measured : iterable of Measured
        Stocks on days of the crediting period, its last midnight included.
    limit : float
        Largest difference, as a share of the planned stock, that needs no reason.

    Raises
    ------
    DomainError
        If the limit is not positive, a day lies outside the crediting period, or the stratum is not in the plan.
    """
    if not limit > 0:
        raise DomainError("plan.bad_limit", limit=limit)
    return tuple(_deviation(one, plan, limit) for one in sorted(measured, key=lambda one: (one.day, one.domain)))


def _deviation(one: Measured, plan: Plan, limit: float) -> Deviation:
    plan.series(one.domain)  # refuses a stratum the plan does not have
    if not plan.period.start <= one.day <= plan.period.end:
        raise DomainError("plan.day_outside", day=one.day.isoformat(), period=" / ".join(plan.period.to_list()))
    units = [
        _unit(planting, number, (one.day,))
        for number, planting in enumerate(plan.plantings)
        if one.domain in (TOTAL, planting.stratum)
    ]
    series = _series(one.domain, (one.day,), units)
    planned, se = float(series.stock_t[0]), float(series.stock_se_t[0])
    share = (one.stock_t - planned) / planned if planned > 0 else None
    return Deviation(
        day=one.day,
        domain=one.domain,
        planned_t=planned,
        planned_ci90=interval90(planned, se, floor=0.0),
        measured_t=one.stock_t,
        difference_share=share,
        limit=limit,
        reason_required=one.stock_t != planned if share is None else abs(share) > limit,
    )
