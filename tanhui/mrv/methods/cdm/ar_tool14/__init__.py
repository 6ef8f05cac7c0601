"""``cdm/ar-tool14``: carbon of trees and shrubs with its discount for uncertainty, AR-TOOL14 v04.2."""

from __future__ import annotations

from tanhui.mrv.methods.cdm.ar_tool14.account import account
from tanhui.mrv.methods.cdm.ar_tool14.inputs import (
    CrownCover,
    PairedStratum,
    Shrubs,
    Survey,
    SurveyStratum,
    WoodyInputs,
    Zero,
)

__all__ = [
    "CrownCover",
    "Inputs",
    "PairedStratum",
    "Shrubs",
    "Survey",
    "SurveyStratum",
    "WoodyInputs",
    "Zero",
    "account",
]

Inputs = WoodyInputs
