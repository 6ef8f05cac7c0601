"""Moving herds: what they eat of each pasture, and the methane they give off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Stays", "carbon_input", "enteric_ch4_t_yr", "sheep_unit_days", "utilisation"]

OUTSIDE = "outside"
DAYS_OF_A_YEAR = 365
LONGEST_YEAR = 366
KG_PER_T = 1000


@dataclass(frozen=True, slots=True)
class Stays:
    """Stays of herds in one phase: pasture, kind of animal, heads and days, one place for each stay."""

    herd: NDArray[Any]
    pasture: NDArray[Any]
    animal: NDArray[Any]
    heads: NDArray[np.float64]
    days: NDArray[np.float64]

    @classmethod
    def of(cls, moves: Mapping[str, NDArray[Any]], phase: str) -> Stays:
        """The stays of a phase, refused where a herd stays longer than a year has days."""
        chosen = moves["phase"] == phase
        kept = (moves[name][chosen] for name in ("herd", "pasture", "animal", "heads", "days"))
        found = cls(*kept)
        herds = sorted(set(found.herd))
        long = [herd for herd in herds if found.days[found.herd == herd].sum() > LONGEST_YEAR]
        if long:
            raise DomainError("grassland.too_many_days", names=", ".join(map(str, long)))
        return found


def sheep_unit_days(stays: Stays, pastures: NDArray[Any], factors: Factors) -> NDArray[np.float64]:
    """Days that sheep units spend on each pasture in a year. shape (pastures,)

    Raises
    ------
    DomainError
        If a stay names a pasture that is neither known nor ``outside``.
    """
    unknown = sorted(set(map(str, stays.pasture)) - set(map(str, pastures)) - {OUTSIDE})
    if unknown:
        raise DomainError("grassland.unknown_pasture", names=", ".join(unknown))
    if not len(stays.heads):
        return np.zeros(len(pastures))
    unit_days = stays.heads * factors.many("sheep_units", stays.animal) * stays.days
    return np.array([unit_days[stays.pasture == pasture].sum() for pasture in pastures])


def utilisation(
    unit_days: NDArray[np.float64], yield_t_ha: NDArray[np.float64], area_ha: NDArray[np.float64], factors: Factors
) -> NDArray[np.float64]:
    """Grass eaten as a share of the biomass at its peak, at most all of it. [1] shape (pastures,)"""
    grown_kg = yield_t_ha * area_ha * KG_PER_T
    eaten_kg = unit_days * factors("daily_intake")
    return np.minimum(1.0, np.divide(eaten_kg, grown_kg, out=np.zeros_like(eaten_kg), where=grown_kg > 0))


def carbon_input(yield_t_ha: NDArray[np.float64], used: NDArray[np.float64], factors: Factors) -> NDArray[np.float64]:
    """Carbon that plants and dung bring to the soil in a year. [t C/ha/yr] shape (pastures,)"""
    above = (1.0 - used) + factors("dung_share") * used
    below = factors("root_shoot") * factors("root_turnover")
    return factors("carbon_fraction") * yield_t_ha * (above + below)


def enteric_ch4_t_yr(stays: Stays, factors: Factors) -> float:
    """Methane of the animals over the days of their stays, wherever these are. [t CH4/yr]"""
    if not len(stays.heads):
        return 0.0
    animal_years = stays.heads * stays.days / DAYS_OF_A_YEAR
    return float((animal_years * factors.many("enteric_ch4", stays.animal)).sum()) / KG_PER_T
