"""A plan as JSON and in words."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.wording import Lang, say
from tanhui.projects.plan.model import (
    Plan,
    PlanSeries,
    Planting,
)

if TYPE_CHECKING:
    pass

Z90 = NormalDist().inv_cdf(0.95)

__all__ = ["interval90", "plan_summary", "plan_to_dict"]


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
