"""Woody and shrub residue: one dry mass with several fates, and shrubs that are cut and grow back."""

from tanhui.sinks.residue.account import account
from tanhui.sinks.residue.coppice import average_t_ha, grown_t_yr
from tanhui.sinks.residue.fates import FATES, effect_t_t

__all__ = ["FATES", "account", "average_t_ha", "effect_t_t", "grown_t_yr"]
