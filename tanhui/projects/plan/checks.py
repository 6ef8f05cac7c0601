"""What is refused in a planting unit, and what makes a plan indicative."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period
from tanhui.projects.plan.model import (
    DAYS_PER_YEAR,
    FACTORS,
    PER_TREE,
    TOTAL,
    CustomConversion,
    Planting,
    Reason,
    leaves_of,
)
from tanhui.sinks.forest.growth import GrowthCurve

if TYPE_CHECKING:
    pass

__all__ = ["plan_faults", "plan_reasons"]


def plan_faults(units: Sequence[Planting], period: Period) -> list[Fault]:
    """Every fault of the planting units: numbers, dates, curves and factors; the row is the number of the unit."""
    if not units:
        return [Fault("plan.no_plantings")]
    faults: list[Fault] = []
    curves: dict[str, GrowthCurve] = {}
    leaves: dict[str, Leaf] = {}
    for row, unit in enumerate(units, start=1):
        found = [*_bad_numbers(unit, period), *_bad_conversion(unit)]
        if not _same_curve(curves.setdefault(unit.curve.id, unit.curve), unit.curve):
            found.append(("curve_id_twice", "curve", unit.curve.id))
        factors = leaves_of(unit.conversion).values()
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


def plan_reasons(units: Sequence[Planting], days: Sequence[date]) -> tuple[Reason, ...]:
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
        statuses = {leaf.id: leaf.status for leaf in leaves_of(unit.conversion).values()}
        if isinstance(unit.conversion, CustomConversion):
            statuses[unit.conversion.name] = unit.conversion.status
        for name, status in statuses.items():
            if status is not Status.PRIMARY:
                note("leaf_status", name, status=status.word)
    return tuple(found[key] for key in sorted(found))
