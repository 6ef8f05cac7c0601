"""``ccer-2014/ar-cm-003``: forest management, AR-CM-003-V01 of 2014, ended."""

from __future__ import annotations

from tanhui.mrv.methods.ccer2014.ar_cm_003.account import account, eligibility
from tanhui.mrv.methods.ccer2014.ar_cm_003.inputs import ManagedForest

__all__ = ["Inputs", "ManagedForest", "account", "eligibility"]

Inputs = ManagedForest
