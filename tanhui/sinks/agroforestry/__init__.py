"""Coffee under shade, tea and ancient tea: stocks of the whole system, and what a change of it is worth."""

from tanhui.sinks.agroforestry.account import account

__all__ = ["account"]
