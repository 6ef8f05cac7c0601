"""``ccer-2014/ar-cm-005``: management of bamboo forest, AR-CM-005-V01 of 2016, ended."""

from __future__ import annotations

from tanhui.mrv.methods.ccer2014.ar_cm_005.account import account, eligibility
from tanhui.mrv.methods.ccer2014.ar_cm_005.inputs import BambooProduct, ManagedBamboo

__all__ = ["BambooProduct", "Inputs", "ManagedBamboo", "account", "eligibility"]

Inputs = ManagedBamboo
