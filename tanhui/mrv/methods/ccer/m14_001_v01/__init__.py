"""``ccer/14-001-v01``: afforestation carbon sink (造林碳汇), CCER-14-001-V01 of 2023."""

from __future__ import annotations

from tanhui.mrv.methods.ccer.m14_001_v01.account import BandStep, account, uncertainty_advice
from tanhui.mrv.methods.ccer.m14_001_v01.eligibility import eligibility
from tanhui.mrv.methods.ccer.m14_001_v01.inputs import (
    Additionality,
    AfforestationInputs,
    Conduct,
    Fire,
    Parcel,
)

__all__ = [
    "Additionality",
    "AfforestationInputs",
    "BandStep",
    "Conduct",
    "Fire",
    "Inputs",
    "Parcel",
    "account",
    "eligibility",
    "uncertainty_advice",
]

Inputs = AfforestationInputs
