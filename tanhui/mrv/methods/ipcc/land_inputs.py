"""What happened on land in a period, as an inventory asks for it. Amounts are the positive numbers people measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = [
    "Disturbance",
    "Emission",
    "Fire",
    "Fuel",
    "GainLoss",
    "Harvest",
    "Land",
    "LandInputs",
    "Management",
    "MineralSoil",
    "Stocks",
]

Fuel = Literal[
    "tropical_forest",
    "temperate_forest",
    "boreal_forest",
    "grassland",
    "rice_residue",
    "wheat_residue",
    "maize_residue",
    "sugarcane_residue",
]


@dataclass(frozen=True, slots=True)
class Stocks:
    """A pool at the beginning and the end of the period. [t C/ha]"""

    start_c_t_ha: float
    end_c_t_ha: float


@dataclass(frozen=True, slots=True)
class Harvest:
    """Wood taken out in the period.

    Attributes
    ----------
    volume_m3 : float
        Merchantable volume over bark. [m3]
    bcef_t_m3 : float, optional
        Biomass conversion and expansion factor: aboveground biomass per volume. [t d.m./m3]
    bef, density_t_m3 : float, optional
        Instead of it, an expansion factor and a wood density. [1], [t d.m./m3]
    """

    volume_m3: float
    bcef_t_m3: float | None = None
    bef: float | None = None
    density_t_m3: float | None = None


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fire, storm or pest that took biomass.

    Attributes
    ----------
    biomass_t_ha : float
        Aboveground biomass before it. [t d.m./ha]
    lost_fraction : float
        Share of it that was lost. [1]
    """

    area_ha: float
    biomass_t_ha: float
    lost_fraction: float


@dataclass(frozen=True, slots=True)
class GainLoss:
    """Growth and losses of biomass in the period.

    Attributes
    ----------
    root_ratio : float
        Below- to aboveground biomass. Losses are always enlarged by it; growth only where it is aboveground. [1]
    growth_t_ha_yr : float, optional
        Mean yearly growth above ground. [t d.m./ha/yr]
    total_growth_t_ha_yr : float, optional
        Instead of it, growth with the roots already in it. [t d.m./ha/yr]
    carbon_fraction : float, optional
        Carbon per dry mass where it was measured; the default of the edition otherwise. [t C/t d.m.]
    """

    root_ratio: float
    growth_t_ha_yr: float | None = None
    total_growth_t_ha_yr: float | None = None
    carbon_fraction: float | None = None
    harvests: tuple[Harvest, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()


@dataclass(frozen=True, slots=True)
class Management:
    """How a soil is used; each name is a class of the edition's table."""

    land_use: str
    management: str
    inputs: str


@dataclass(frozen=True, slots=True)
class MineralSoil:
    """A mineral soil whose use or management changed.

    Attributes
    ----------
    soil, climate : str
        Classes of the edition's table of reference stocks.
    changed_on : date
        The day from which the stock moves.
    edition : str
        The edition that the classes were taken from; empty for that of the account.
    """

    soil: str
    climate: str
    before: Management
    after: Management
    changed_on: date
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Fire:
    """What burnt. Its CO2 is in the change of the stocks, or grows back within a year; here are the other gases.

    Attributes
    ----------
    fuel_t_ha : float
        Mass available for combustion: biomass, litter and dead wood. [t d.m./ha]
    combusted_fraction : float, optional
        Share of it that burnt; the default of the edition otherwise, where it has one. [1]
    """

    day: date
    fuel: Fuel
    area_ha: float
    fuel_t_ha: float
    combusted_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Land:
    """A piece of land that stays in one category.

    Attributes
    ----------
    biomass, flows : optional
        Either stocks at both ends of the period, or growth and losses in it.
    dead_matter : Stocks, optional
        Dead wood and litter; without it they are taken as steady, as Tier 1 does.
    """

    name: str
    area_ha: float
    biomass: Stocks | None = None
    flows: GainLoss | None = None
    dead_matter: Stocks | None = None
    soil: MineralSoil | None = None
    fires: tuple[Fire, ...] = ()


@dataclass(frozen=True, slots=True)
class Emission:
    """An emission of the land worked out elsewhere, of soils or animals for example.

    Attributes
    ----------
    co2e_t : float
        As a positive number. [t CO2e]
    gwp : str
        The edition of warming potentials it was worked out with.
    source : str
        Who worked it out, and how.
    """

    name: str
    co2e_t: float
    gwp: str
    source: str


@dataclass(frozen=True, slots=True)
class LandInputs:
    """The account of some land over a period.

    Attributes
    ----------
    edition : str
        The edition of the Guidelines that all factors are of.
    gwp : str
        The edition of warming potentials, one for the account.
    day : date, optional
        The day whose numbers are used; the last day of the period otherwise.
    """

    period: Period
    edition: str
    gwp: str
    lands: tuple[Land, ...]
    others: tuple[Emission, ...] = ()
    day: date | None = None
