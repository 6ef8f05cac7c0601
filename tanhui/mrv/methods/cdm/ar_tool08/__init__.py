"""``cdm/ar-tool08``: CH4 and N2O of burning biomass, AR-TOOL08 v04.0.0."""

from __future__ import annotations

from tanhui.mrv.methods.cdm.ar_tool08.account import account, fire_faults
from tanhui.mrv.methods.cdm.ar_tool08.inputs import BurningInputs, Fire, Residue, SitePreparation

__all__ = ["BurningInputs", "Fire", "Inputs", "Residue", "SitePreparation", "account", "fire_faults"]

Inputs = BurningInputs
