"""Grassland: classes of degradation, grazing by moving herds, and what both do to soil carbon."""

from tanhui.sinks.grassland.account import account
from tanhui.sinks.grassland.degradation import CLASSES, degradation_class
from tanhui.sinks.grassland.grazing import Stays, utilisation
from tanhui.sinks.grassland.pixels import pixels
from tanhui.sinks.grassland.response import response_t_ha

__all__ = ["CLASSES", "Stays", "account", "degradation_class", "pixels", "response_t_ha", "utilisation"]
