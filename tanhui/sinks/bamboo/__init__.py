"""Bamboo: culms by age class, the stock of stands and its change, selective cutting, and products."""

from tanhui.sinks.bamboo.account import account

__all__ = ["account"]
