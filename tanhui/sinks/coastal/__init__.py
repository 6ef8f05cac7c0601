"""Mangrove, tidal marsh and seagrass: biomass, sediment by depth, burial, methane by salinity, and what is lost."""

from tanhui.sinks.coastal.account import account

__all__ = ["account"]
