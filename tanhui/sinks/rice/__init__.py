"""Rice fields: methane by water, season and organic matter, and the nitrous oxide it is traded against."""

from tanhui.sinks.rice.account import account

__all__ = ["account"]
