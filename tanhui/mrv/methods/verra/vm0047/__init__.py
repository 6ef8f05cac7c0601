"""``verra/vm0047``: afforestation, reforestation and revegetation, version 1.1, area-based and census-based.

Controls are chosen before the project with :mod:`.matching`; their stocking index over time becomes the benchmark in
:mod:`.benchmark`, and :func:`account` computes it again from the matched sets in its inputs.
"""

from __future__ import annotations

from tanhui.mrv.methods.verra.vm0047.account import account
from tanhui.mrv.methods.verra.vm0047.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0047.inputs import RevegetationInputs

__all__ = ["Inputs", "RevegetationInputs", "account", "eligibility"]

Inputs = RevegetationInputs
