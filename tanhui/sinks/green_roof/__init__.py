"""Green roofs: what plants and substrate gather as they establish, against what the roof was made of."""

from tanhui.sinks.green_roof.account import account

__all__ = ["account"]
