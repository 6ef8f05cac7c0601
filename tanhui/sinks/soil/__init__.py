"""Soils: RothC-26.3 on any number of sites, measured stocks on equal soil mass, Tier 1 and Tier 2 of the IPCC.

:mod:`.rothc` is the model, :mod:`.kernel` its compiled loops, :mod:`.measured` turns samples into stocks,
:mod:`.tier1` holds the IPCC's default method in both editions, :mod:`.tier1_leaves` its numbers with their sources,
:mod:`.no_till` what it says of fields left untilled, :mod:`.tier2` the steady-state method for cropland, and
:mod:`.checks` refuses numbers in a wrong unit. All of it is pure.
"""

from tanhui.sinks.soil.measured import Profile, change_at_equal_mass, layer_stock_t_ha
from tanhui.sinks.soil.no_till import no_till_change
from tanhui.sinks.soil.rothc import Inputs, Soil, Weather, inverse, modifiers, run, spin_up
from tanhui.sinks.soil.tier1 import tier1_stock

__all__ = [
    "Inputs",
    "Profile",
    "Soil",
    "Weather",
    "change_at_equal_mass",
    "inverse",
    "layer_stock_t_ha",
    "modifiers",
    "no_till_change",
    "run",
    "spin_up",
    "tier1_stock",
]
