"""Trees of towns: an inventory of street and park trees to stock, yearly sequestration and a certificate of both."""

from tanhui.sinks.urban.account import account
from tanhui.sinks.urban.certificate import certificate

__all__ = ["account", "certificate"]
