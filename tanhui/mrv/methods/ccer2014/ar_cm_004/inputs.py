"""What AR-CM-004-V01 asks of a project for one accounting period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tanhui.mrv.methods.ccer2014.project import Project

__all__ = ["Gases", "ManagedGrassland"]


@dataclass(frozen=True, slots=True)
class Gases:
    """Emissions of a scenario over the period.

    Attributes
    ----------
    enteric_ch4_t : float
        Methane of the animals. [t CH4]
    nitrogen_n2o_t : float
        Nitrous oxide of manure and fertiliser. [t N2O]
    fuel_co2_t : float
        Carbon dioxide of fuel. [t CO2]
    """

    enteric_ch4_t: float = 0.0
    nitrogen_n2o_t: float = 0.0
    fuel_co2_t: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedGrassland(Project):
    """A grassland project; its baseline removal is that of soil and woody plants.

    Attributes
    ----------
    soil_change_co2e_t : float
        Change of soil carbon over the period; the soil is always counted. [t CO2e]
    soil_by : str
        ``measured``, ``model`` (a calibrated biogeochemical model) or ``default``.
    woody_change_co2e_t : float
        Change of woody plants where the project counts them. [t CO2e]
    leakage_co2e_t : float
        Leakage by displaced animals, as a positive number. [t CO2e]
    """

    soil_change_co2e_t: float
    soil_by: Literal["measured", "model", "default"]
    project_gases: Gases
    baseline_gases: Gases
    leakage_co2e_t: float
    woody_change_co2e_t: float = 0.0
