"""Cropland: what tillage and inputs do to soil carbon, and the greenhouse gases and income of a farm."""

from tanhui.sinks.cropland.account import account
from tanhui.sinks.cropland.emissions import emissions_t_yr
from tanhui.sinks.cropland.soil import rate_pct_yr, stocks_t_ha

__all__ = ["account", "emissions_t_yr", "rate_pct_yr", "stocks_t_ha"]
