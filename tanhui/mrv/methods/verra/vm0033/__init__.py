"""``verra/vm0033``: tidal wetland and seagrass restoration, VM0033 v2.1 of 2023."""

from __future__ import annotations

from tanhui.mrv.methods.verra.vm0033.account import account
from tanhui.mrv.methods.verra.vm0033.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0033.inputs import Stratum, TidalWetlandInputs

__all__ = ["Inputs", "Stratum", "TidalWetlandInputs", "account", "eligibility"]

Inputs = TidalWetlandInputs
