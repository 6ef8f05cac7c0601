"""``ccer-2014/ar-cm-001``: afforestation, AR-CM-001-V01 of 2013, ended."""

from __future__ import annotations

from tanhui.mrv.methods.ccer2014.ar_cm_001.account import AfforestationProject, account, eligibility

__all__ = ["AfforestationProject", "Inputs", "account", "eligibility"]

Inputs = AfforestationProject
