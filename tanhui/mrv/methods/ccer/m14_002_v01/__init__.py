"""``ccer/14-002-v01``: mangrove planting (红树林营造), CCER-14-002-V01 of 2023, as far as it was read."""

from __future__ import annotations

from tanhui.mrv.methods.ccer.m14_002_v01.account import account
from tanhui.mrv.methods.ccer.m14_002_v01.eligibility import eligibility
from tanhui.mrv.methods.ccer.m14_002_v01.inputs import MangroveInputs, Plot

__all__ = ["Inputs", "MangroveInputs", "Plot", "account", "eligibility"]

Inputs = MangroveInputs
