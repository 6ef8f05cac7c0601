"""The ex-ante side of a project file: strata with growth curves become a plan, and measurement is held against it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tanhui.kernel.errors import InputError
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.species import resolve
from tanhui.kernel.wording import LANGS, Lang
from tanhui.projects import plan as plans
from tanhui.projects.model import Afforestation, Harvest, Stratum
from tanhui.projects.monitoring import Stock
from tanhui.projects.plan.model import FACTORS
from tanhui.projects.plot_trees import bef_leaves
from tanhui.sinks.forest.growth import GrowthCurve
from tanhui.sinks.forest.rotation import Cut, Rotation
from tanhui.sinks.forest.volume import bef_parameters

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A project's plan."""

    plan: plans.Plan

    def leaves(self) -> tuple[Leaf, ...]:
        """Every parameter behind it."""
        return self.plan.leaves()

    def document(self) -> dict[str, Any]:
        """``tanhui plan --json``: the plan year by year, its summary in both languages."""
        body = plans.plan_to_dict(self.plan, "en")
        total = body["total"]
        years = [
            {
                "year": row["year"],
                "removal_co2e_t": row["removal_t"],
                "removal_ci90": row["removal_ci90"],
                "cumulative_co2e_t": row["cumulative_t"],
                "cumulative_ci90": row["cumulative_ci90"],
                "stock_co2e_t": row["stock_t"],
            }
            for row in total["by_year"]
        ]
        summary = {lang: plans.plan_summary(self.plan, lang) for lang in LANGS}
        return {**body, "years": years, "summary": summary}

    def for_report(self, stocks: Sequence[Stock], limit: float, reasons: Mapping[date, str]) -> dict[str, Any]:
        """The plan as the report draws it, with every measured stock beside it."""
        total = self.plan.total
        measured = [plans.Measured(stock.day, stock.both.value) for stock in stocks]
        deviations = plans.compare_to_plan(measured, self.plan, limit) if measured else ()
        return {
            "stock": [
                {"year": decimal_year(day), "value": float(value), "ci90": list(plans.interval90(value, se, floor=0.0))}
                for day, value, se in zip(total.days, total.stock_t, total.stock_se_t, strict=True)
            ],
            "measured": [{"at": decimal_year(s.day), "value": s.both.value, "ci90": list(s.both.ci90)} for s in stocks],
            "comparison": [
                {
                    "date": one.day.isoformat(),
                    "measured_co2e_t": one.measured_t,
                    "planned_co2e_t": one.planned_t,
                    "difference": one.difference_share,
                    "reason_required": one.reason_required,
                    "reason": reasons.get(one.day, ""),
                }
                for one in deviations
            ],
        }

    def reasons(self, lang: Lang) -> list[str]:
        """Why the plan is indicative."""
        return [reason.text(lang) for reason in self.plan.reasons]


def forecast(project: Afforestation, area_ha: Mapping[str, float]) -> Forecast | None:
    """The plan of a project, from planting on; nothing where no stratum has a growth curve.

    Raises
    ------
    InputError
        If only some strata have one.
    """
    curves = [stratum.growth is not None for stratum in project.strata]
    if not any(curves):
        return None
    if not all(curves):
        missing = ", ".join(stratum.id for stratum in project.strata if stratum.growth is None)
        raise InputError("project.curve_missing", strata=missing)
    plantings = [planting(stratum, area_ha[stratum.id]) for stratum in project.strata]
    return Forecast(plans.make_plan(plantings, project.dates.crediting))


def planting(stratum: Stratum, area_ha: float) -> plans.Planting:
    """A stratum as a planting unit: its curve, the factors of its species group, and how it is treated."""
    said = stratum.growth
    assert said is not None
    curve = GrowthCurve(
        id=said.id or f"{stratum.species}/{said.form}",
        form=said.form,
        parameters=said.parameters,
        unit=said.unit,
        relative_error=said.relative_se,
        gross=said.gross,
        species=stratum.species,
        reference=said.reference,
        status=Status.parse(said.status),
        age_max_yr=math.inf if said.age_max_yr is None else said.age_max_yr,
    )
    return plans.Planting(
        stratum=stratum.id,
        species=stratum.species,
        area_ha=area_ha,
        planted=stratum.planted,
        curve=curve,
        conversion=conversion(stratum),
        survival=stratum.survival,
        replanted_share=stratum.replanted_share,
        replant_after_yr=stratum.replant_after_yr,
        rotation=rotation(stratum.harvest),
        stems_per_ha=stratum.stems_per_ha,
    )


def conversion(stratum: Stratum) -> plans.Conversion:
    """The factors of the species group, as far as the curve's unit needs them."""
    said = stratum.growth
    assert said is not None
    leaves = bef_leaves(bef_parameters(resolve(stratum.species)))
    leaves["density"] = leaves.pop("wood_density")
    wanted = {name.removesuffix("?") for name in FACTORS[said.unit] if not (said.roots_included and name.endswith("?"))}
    return plans.Conversion(**{name: leaf for name, leaf in leaves.items() if name in wanted})


def rotation(said: Harvest | None) -> Rotation:
    """Thinnings and harvest as the growth model takes them; without any the stand just grows."""
    if said is None:
        return Rotation()
    return Rotation(
        thinnings=tuple(Cut(cut.age_yr, cut.removed_share) for cut in said.thinnings),
        harvest_age_yr=said.age_yr,
        removed_share=said.removed_share,
        replant=said.replant,
        delay_yr=said.delay_yr,
    )


def decimal_year(day: date) -> float:
    """A day on a time axis."""
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day.year + (day - start).days / (end - start).days
