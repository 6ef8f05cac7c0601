"""``cdm/ar-tool16``: soil organic carbon after planting, AR-TOOL16 v01.1.0 (tables of the 2006 IPCC Guidelines)."""

from __future__ import annotations

from tanhui.mrv.methods.cdm.ar_tool16.account import account, eligibility, soil_faults
from tanhui.mrv.methods.cdm.ar_tool16.inputs import Land, SoilInputs, SoilStratum

__all__ = ["Inputs", "Land", "SoilInputs", "SoilStratum", "account", "eligibility", "soil_faults"]

Inputs = SoilInputs
