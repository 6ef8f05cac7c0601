"""A measured stock held against the plan of the same day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tanhui.kernel.errors import DomainError
from tanhui.kernel.wording import Lang, say
from tanhui.projects.plan.compute import series_of, unit_at
from tanhui.projects.plan.model import (
    TOTAL,
    Plan,
)
from tanhui.projects.plan.words import interval90

if TYPE_CHECKING:
    pass

__all__ = ["Deviation", "Measured", "compare_to_plan"]


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
        unit_at(planting, number, (one.day,))
        for number, planting in enumerate(plan.plantings)
        if one.domain in (TOTAL, planting.stratum)
    ]
    series = series_of(one.domain, (one.day,), units)
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
