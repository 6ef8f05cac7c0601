"""Trees and shrubs of one scenario over a period: two surveys, paired plots, crown cover, or a reason for zero.

A stratum is given by its plots, or by their number, mean and standard deviation as a report prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = ["CrownCover", "PairedStratum", "Shrubs", "Survey", "SurveyStratum", "WoodyInputs", "Zero"]


@dataclass(frozen=True, slots=True)
class SurveyStratum:
    """A stratum at one date: biomass of its plots, or their number, mean and standard deviation. [t d.m./ha]"""

    name: str
    area_ha: float
    plots_t_ha: tuple[float, ...] = ()
    n: int | None = None
    mean_t_ha: float | None = None
    sd_t_ha: float | None = None


@dataclass(frozen=True, slots=True)
class PairedStratum:
    """A stratum whose plots were measured twice: their changes, or number, mean and deviation of these. [t d.m./ha]"""

    name: str
    area_ha: float
    changes_t_ha: tuple[float, ...] = ()
    n: int | None = None
    mean_change_t_ha: float | None = None
    sd_t_ha: float | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """Biomass of trees at one date: strata with plots, or an estimate made elsewhere.

    Attributes
    ----------
    roots_included : bool
        Whether the biomass holds the roots; without them they are added by the tool's curve, once.
    area_ha, mean_t_ha, half_width90_t_ha : float, optional
        The estimate made elsewhere (by double sampling, for example), with half its two-sided 90 % interval.
    """

    roots_included: bool
    strata: tuple[SurveyStratum, ...] = ()
    area_ha: float | None = None
    mean_t_ha: float | None = None
    half_width90_t_ha: float | None = None


@dataclass(frozen=True, slots=True)
class CrownCover:
    """Baseline trees by their crown cover, where it is far below the forest definition.

    Attributes
    ----------
    cover_fraction, forest_cover_fraction : float
        Mean crown cover before the project, and the least one of the country's forest definition. [1]
    forest_growth_t_ha_yr : float
        Aboveground growth of forest of the region. [t d.m./ha/yr]
    project_start : date
        From which the years are counted.
    """

    area_ha: float
    cover_fraction: float
    forest_cover_fraction: float
    forest_growth_t_ha_yr: float
    project_start: date


@dataclass(frozen=True, slots=True)
class Zero:
    """A reason why the change of the trees is zero, and the document that shows it.

    Attributes
    ----------
    ground : str
        ``standing_trees``: baseline trees are not cut, not killed by the project and not counted with its trees;
        ``degrading_land``: baseline land that visibly degrades; ``no_decrease``: project trees that were not harvested
        or disturbed and whose cover is not lower.
    """

    ground: Literal["standing_trees", "degrading_land", "no_decrease"]
    evidence: str


@dataclass(frozen=True, slots=True)
class Shrubs:
    """Shrubs of a stratum at one date.

    Attributes
    ----------
    cover_fraction : float
        Their crown cover. [1]
    forest_agb_t_ha : float
        Aboveground biomass of forest of the region. [t d.m./ha]
    """

    area_ha: float
    cover_fraction: float
    forest_agb_t_ha: float


@dataclass(frozen=True, slots=True)
class WoodyInputs:
    """Trees and shrubs of one scenario over a period; trees are given in one way, or not at all.

    Attributes
    ----------
    scenario : str
        ``project``, whose change is discounted downwards, or ``baseline``, whose change is raised.
    start, end : Survey, optional
        Independent surveys; no start means that nothing stood there.
    paired : tuple of PairedStratum
        Plots measured at both dates.
    day : date, optional
        The day whose rules are used; the last day of the period otherwise.
    """

    period: Period
    scenario: Literal["project", "baseline"]
    start: Survey | None = None
    end: Survey | None = None
    paired: tuple[PairedStratum, ...] = ()
    crown_cover: CrownCover | None = None
    zero: Zero | None = None
    shrubs_start: tuple[Shrubs, ...] = ()
    shrubs_end: tuple[Shrubs, ...] = ()
    day: date | None = None
