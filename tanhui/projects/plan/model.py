"""The nouns of a plan: planting units with their curves and factors, and the series they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.kernel.wording import Lang, say
from tanhui.sinks.forest.growth import GrowthCurve
from tanhui.sinks.forest.rotation import Rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DAYS_PER_YEAR",
    "FACTORS",
    "PER_TREE",
    "TOTAL",
    "Conversion",
    "CustomConversion",
    "Plan",
    "PlanSeries",
    "Planting",
    "Products",
    "Reason",
    "leaves_of",
]

TOTAL = "total"
DAYS_PER_YEAR = 365.2425
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
        found = {leaf.id: leaf for p in self.plantings for leaf in leaves_of(p.conversion).values()}
        return tuple(found[key] for key in sorted(found))


def leaves_of(conversion: Conversion | CustomConversion) -> dict[str, Leaf]:
    """The leaves of a conversion by the name of their error source; a custom one has none."""
    return conversion.leaves() if isinstance(conversion, Conversion) else {}
