"""``ccer-2014/ar-cm-004``: sustainable grassland management, AR-CM-004-V01 of 2014, ended."""

from __future__ import annotations

from tanhui.mrv.methods.ccer2014.ar_cm_004.account import account, eligibility
from tanhui.mrv.methods.ccer2014.ar_cm_004.inputs import Gases, ManagedGrassland

__all__ = ["Gases", "Inputs", "ManagedGrassland", "account", "eligibility"]

Inputs = ManagedGrassland
