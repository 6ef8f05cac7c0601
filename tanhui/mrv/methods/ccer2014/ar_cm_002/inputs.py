"""What AR-CM-002-V01 asks of a project for one accounting period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.mrv.methods.ccer2014.project import Project
from tanhui.mrv.methods.cdm.ar_tool16.inputs import SoilStratum

__all__ = ["BambooPlanting", "BambooStand"]


@dataclass(frozen=True, slots=True)
class BambooStand:
    """A stand of planted bamboo.

    Attributes
    ----------
    mature_after_yr : int
        Years from planting until its biomass is stable; within the range of its form. [yr]
    change_co2e_t : float
        Change of its biomass over the period. [t CO2e]
    """

    name: str
    form: Literal["moso", "clumping"]
    planted_on: date
    mature_after_yr: int
    change_co2e_t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BambooPlanting(Project):
    """A bamboo planting project.

    Attributes
    ----------
    leakage_co2e_t : float
        Leakage, as a positive number; what the methodology says of it is unread, so it is asked for. [t CO2e]
    soil : tuple of SoilStratum
        Strata whose soil is counted, by AR-TOOL16; none where the project leaves soil out.
    pool_change_co2e_t : mapping of str to float
        Change of other chosen pools. [t CO2e]
    """

    stands: tuple[BambooStand, ...]
    leakage_co2e_t: float
    soil: tuple[SoilStratum, ...] = ()
    pool_change_co2e_t: Mapping[str, float] = field(default_factory=dict)
