"""What was found of dead wood and litter on plots at two dates, or the tree carbon whose default share stands in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = [
    "DeadMatterInputs",
    "DeadPlot",
    "DeadStratum",
    "Decay",
    "DefaultShare",
    "Litter",
    "Lying",
    "Standing",
    "Stump",
]

Decay = Literal["sound", "intermediate", "rotten"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing dead tree with its branches: the stem volume, or what the equation gives for a live tree of its size.

    Attributes
    ----------
    state : str
        ``twigs_lost`` (leaves and twigs), or ``branches_lost`` (small branches too).
    stem_volume_m3 : float, optional
        [m3]
    live_agb_t : float, optional
        Aboveground biomass of a live tree of that size. [t d.m.]
    """

    state: Literal["twigs_lost", "branches_lost"]
    stem_volume_m3: float | None = None
    live_agb_t: float | None = None


@dataclass(frozen=True, slots=True)
class Stump:
    """A stump or a branchless dead stem: with its measured middle diameter, or with dbh where it is higher than 4 m."""

    height_m: float
    decay: Decay
    mid_diameter_cm: float | None = None
    dbh_cm: float | None = None


@dataclass(frozen=True, slots=True)
class Lying:
    """A piece that a transect crosses."""

    diameter_cm: float
    decay: Decay


@dataclass(frozen=True, slots=True)
class Litter:
    """Litter of the frames of a plot.

    Attributes
    ----------
    wet_mass_kg : tuple of float
        Fresh mass of each frame. [kg]
    dry_to_wet_fraction : float
        Dry over fresh mass of a subsample. [1]
    frame_area_m2 : float
        Area of one frame. [m2]
    """

    wet_mass_kg: tuple[float, ...]
    dry_to_wet_fraction: float
    frame_area_m2: float


@dataclass(frozen=True, slots=True)
class DeadPlot:
    """A plot. ``transect_m`` is the total length of its transects where lying wood was looked for. [m]"""

    area_ha: float
    standing: tuple[Standing, ...] = ()
    stumps: tuple[Stump, ...] = ()
    lying: tuple[Lying, ...] = ()
    transect_m: float | None = None
    litter: Litter | None = None


@dataclass(frozen=True, slots=True)
class DeadStratum:
    """A stratum with its plots.

    Attributes
    ----------
    density_t_m3 : float
        Basic wood density. [t d.m./m3]
    bef2 : float
        Aboveground over stem biomass; asked for where stem volumes are given. [1]
    root_ratio : float
        Roots over shoots. [1]
    """

    name: str
    area_ha: float
    density_t_m3: float
    root_ratio: float
    plots: tuple[DeadPlot, ...]
    bef2: float = 0.0


@dataclass(frozen=True, slots=True)
class DefaultShare:
    """Shares of tree carbon in place of measurements.

    Attributes
    ----------
    pools : tuple of str
        ``dead_wood``, ``litter`` or both.
    left_in_place : bool
        The material stays on the site; otherwise no default may be used.
    """

    trees_start_co2e_t: float
    trees_end_co2e_t: float
    biome: Literal["tropical", "temperate_boreal"]
    pools: tuple[str, ...]
    left_in_place: bool
    elevation_m: float | None = None
    rain_mm_yr: float | None = None


@dataclass(frozen=True, slots=True)
class DeadMatterInputs:
    """Dead wood and litter over a period.

    Attributes
    ----------
    start, end : tuple of DeadStratum
        Strata at both dates; no stratum means that nothing lay there.
    default : DefaultShare, optional
        For pools that were not measured.
    day : date, optional
        The day whose rules are used; the last day of the period otherwise.
    """

    period: Period
    start: tuple[DeadStratum, ...] = ()
    end: tuple[DeadStratum, ...] = ()
    default: DefaultShare | None = None
    day: date | None = None
