"""Carbon beside crops in the income of a farm."""

from __future__ import annotations

__all__ = ["carbon_income", "carbon_share", "price_for_share"]


def carbon_income(price: float, removal_t_yr: float, deducted_share: float) -> float:
    """Income of a year from carbon; a net emission is paid by nobody and costs nothing here. [money/yr]"""
    return price * max(removal_t_yr, 0.0) * (1.0 - deducted_share)


def carbon_share(carbon: float, crops: float) -> float:
    """Share of carbon in the income of both; zero where there is none. [1]"""
    return carbon / (carbon + crops) if carbon > 0 else 0.0


def price_for_share(share: float, crops: float, removal_t_yr: float, deducted_share: float) -> float:
    """Price at which carbon is the share of all income that is hoped for. [money/t CO2e]"""
    return share / (1.0 - share) * crops / carbon_income(1.0, removal_t_yr, deducted_share)
