"""``cdm/ar-tool12``: dead wood and litter, AR-TOOL12 v03.1."""

from __future__ import annotations

from tanhui.mrv.methods.cdm.ar_tool12.account import account
from tanhui.mrv.methods.cdm.ar_tool12.inputs import (
    DeadMatterInputs,
    DeadPlot,
    DeadStratum,
    DefaultShare,
    Litter,
    Lying,
    Standing,
    Stump,
)

__all__ = [
    "DeadMatterInputs",
    "DeadPlot",
    "DeadStratum",
    "DefaultShare",
    "Inputs",
    "Litter",
    "Lying",
    "Standing",
    "Stump",
    "account",
]

Inputs = DeadMatterInputs
