"""Land as the tables of AR-TOOL16 name it, and the strata that were planted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = ["Land", "SoilInputs", "SoilStratum"]


@dataclass(frozen=True, slots=True)
class Land:
    """Soil, climate and use of land: names of the tool's tables, so of the 2006 edition and no other.

    Attributes
    ----------
    soil : str
        ``HAC``, ``LAC``, ``sandy``, ``spodic`` or ``volcanic``.
    use : str
        ``native`` has all factors 1.
    management : str
        Cropland: ``full``, ``reduced``; grassland: ``non_degraded``, ``moderately_degraded``, ``severely_degraded``.
    inputs : str
        ``low``, ``medium`` or ``high`` (without manure).
    """

    soil: Literal["HAC", "LAC", "sandy", "spodic", "volcanic"]
    climate: Literal[
        "boreal_dry",
        "boreal_moist",
        "cold_temperate_dry",
        "cold_temperate_moist",
        "warm_temperate_dry",
        "warm_temperate_moist",
        "tropical_dry",
        "tropical_moist",
        "tropical_wet",
        "tropical_montane",
    ]
    use: Literal["long_term_crop", "short_term_crop", "grassland", "native"]
    management: Literal["full", "reduced", "non_degraded", "moderately_degraded", "severely_degraded", "none"] = "none"
    inputs: Literal["low", "medium", "high"] = "medium"


@dataclass(frozen=True, slots=True)
class SoilStratum:
    """A stratum of planted land.

    Attributes
    ----------
    land : Land
        What it was before.
    prepared_on : date
        First day of site preparation.
    disturbed_fraction : float
        Share of its area whose soil was disturbed beyond what the baseline does. [1]
    """

    name: str
    area_ha: float
    land: Land
    prepared_on: date
    disturbed_fraction: float


@dataclass(frozen=True, slots=True)
class SoilInputs:
    """Planted soil over a period; answers to the tool's conditions, None where nobody has answered.

    Attributes
    ----------
    wetland_or_organic, litter_stays, disturbed_again : bool, optional
        The land is wetland or organic soil; litter is left on the site; the soil is disturbed again within the span.
    evidence : mapping of str to str
        Document key of ``method.toml`` -> the document that shows it.
    day : date, optional
        The day whose rules are used; the last day of the period otherwise.
    """

    period: Period
    strata: tuple[SoilStratum, ...]
    wetland_or_organic: bool | None = None
    litter_stays: bool | None = None
    disturbed_again: bool | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
