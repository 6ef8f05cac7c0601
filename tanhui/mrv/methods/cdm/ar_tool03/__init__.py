"""``cdm/ar-tool03``: how many sample plots a wanted precision takes, AR-TOOL03 v02.1.0."""

from __future__ import annotations

from tanhui.mrv.methods.cdm.ar_tool03.account import SampleInputs, SampleStratum, account, eligibility

__all__ = ["Inputs", "SampleInputs", "SampleStratum", "account", "eligibility"]

Inputs = SampleInputs
