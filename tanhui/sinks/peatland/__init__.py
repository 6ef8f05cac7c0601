"""Peat and reed: what drained and rewetted organic soils give off, how long the peat lasts, and when rewetting pays."""

from tanhui.sinks.peatland.account import account

__all__ = ["account"]
