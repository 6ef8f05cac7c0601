"""``ccer-2014/ar-cm-002``: planting bamboo, AR-CM-002-V01 of 2013, ended."""

from __future__ import annotations

from tanhui.mrv.methods.ccer2014.ar_cm_002.account import account, eligibility
from tanhui.mrv.methods.ccer2014.ar_cm_002.inputs import BambooPlanting, BambooStand

__all__ = ["BambooPlanting", "BambooStand", "Inputs", "account", "eligibility"]

Inputs = BambooPlanting
