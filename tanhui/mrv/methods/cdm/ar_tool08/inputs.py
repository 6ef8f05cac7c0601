"""What was burnt, when and where. Amounts are the positive quantities people measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = ["BurningInputs", "Climate", "Fire", "Residue", "SitePreparation"]

Climate = Literal["tropical", "temperate", "boreal"]


@dataclass(frozen=True, slots=True)
class Fire:
    """A forest fire within the boundary.

    Attributes
    ----------
    area_ha : float
        Area burnt. [ha]
    agb_last_verified_t_ha : float
        Aboveground tree biomass at the last verification; 0 before the first one. [t d.m./ha]
    age_yr : float
        Age of the stand; it decides in tropical forest only. [yr]
    crown_untouched : bool
        A ground fire that left the crowns alone burns none of the trees.
    dead_matter_co2e_t_ha : float
        Dead wood and litter that burnt, per hectare. [t CO2e/ha]
    """

    day: date
    area_ha: float
    agb_last_verified_t_ha: float
    age_yr: float
    climate: Climate = "temperate"
    crown_untouched: bool = False
    dead_matter_co2e_t_ha: float = 0.0


@dataclass(frozen=True, slots=True)
class SitePreparation:
    """Fire used to clear the land.

    Attributes
    ----------
    tree_biomass_t_ha : float
        Biomass of the trees there. [t d.m./ha]
    shrub_cover_fraction : float
        Crown cover of the shrubs. [1]
    forest_agb_t_ha : float
        Aboveground biomass of forest of the region, of which shrubs are a share. [t d.m./ha]
    slash_and_burn : bool
        Slash and burn is common in the baseline and the land burnt in the ten years before: then nothing is counted.
    evidence : str
        The document that shows it.
    """

    day: date
    area_ha: float
    tree_biomass_t_ha: float
    shrub_cover_fraction: float = 0.0
    forest_agb_t_ha: float = 0.0
    slash_and_burn: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Residue:
    """Residue of a harvest that was burnt on the site.

    Attributes
    ----------
    forest_agb_t_ha : float
        Aboveground biomass of the stand that was felled. [t d.m./ha]
    """

    day: date
    area_ha: float
    forest_agb_t_ha: float
    climate: Climate = "temperate"


@dataclass(frozen=True, slots=True)
class BurningInputs:
    """Everything that burnt in a period.

    Attributes
    ----------
    project_area_ha : float
        Area of the project. [ha]
    least_forest_ha : float
        The least area of the host country's forest definition. [ha]
    gwp_edition : str
        The warming potentials of the scheme that uses the tool; those the tool prints are out of date.
    day : date, optional
        The day whose rules are used; the last day of the period otherwise.
    """

    period: Period
    project_area_ha: float
    least_forest_ha: float
    gwp_edition: str
    fires: tuple[Fire, ...] = ()
    site_preparation: tuple[SitePreparation, ...] = ()
    residues: tuple[Residue, ...] = ()
    day: date | None = None
