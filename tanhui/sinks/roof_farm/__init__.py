"""Roof and vertical farms: emissions by area and by produce, without a lasting stock."""

from tanhui.sinks.roof_farm.account import account

__all__ = ["account"]
