"""``cdm/ar-tool15``: leakage by displaced farming and grazing, AR-TOOL15 v02.0."""

from __future__ import annotations

from tanhui.mrv.methods.cdm.ar_tool15.account import account
from tanhui.mrv.methods.cdm.ar_tool15.inputs import Displacement, DisplacementInputs

__all__ = ["Displacement", "DisplacementInputs", "Inputs", "account"]

Inputs = DisplacementInputs
