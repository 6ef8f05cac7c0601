"""What AR-CM-005-V01 asks of a project for one accounting period."""

from __future__ import annotations

from dataclasses import dataclass

from tanhui.mrv.methods.ccer2014.project import Project

__all__ = ["BambooProduct", "ManagedBamboo"]


@dataclass(frozen=True, slots=True)
class BambooProduct:
    """Culms cut in the period for one class of products.

    Attributes
    ----------
    culms_t : float
        Dry mass of the culms. [t d.m.]
    carbon_fraction : float
        Carbon per dry mass. [t C/t d.m.]
    used_fraction : float
        Share of the culm that becomes the product. [1]
    stored_fraction : float
        Share of the product's carbon that is counted as stored, OF_j. [1]
    source : str
        Where these shares come from; nobody has defaults.
    """

    name: str
    culms_t: float
    carbon_fraction: float
    used_fraction: float
    stored_fraction: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedBamboo(Project):
    """A bamboo management project; its baseline removal is that of biomass and products together.

    Attributes
    ----------
    biomass_change_co2e_t : float
        Change of the stands' biomass over the period. [t CO2e]
    fertiliser_n2o_t, baseline_fertiliser_n2o_t : float
        Nitrous oxide of fertiliser in both scenarios. [t N2O]
    leakage_co2e_t : float
        Leakage, as a positive number; what the methodology says of it is unread, so it is asked for. [t CO2e]
    """

    biomass_change_co2e_t: float
    leakage_co2e_t: float
    products: tuple[BambooProduct, ...] = ()
    fertiliser_n2o_t: float = 0.0
    baseline_fertiliser_n2o_t: float = 0.0
