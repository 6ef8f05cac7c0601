"""``verra/vm0044``: biochar in soil and other uses, version 1.2 with the equations of 1.1."""

from __future__ import annotations

from tanhui.mrv.methods.verra.vm0044.account import account
from tanhui.mrv.methods.verra.vm0044.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0044.inputs import BiocharInputs

__all__ = ["BiocharInputs", "Inputs", "account", "eligibility"]

Inputs = BiocharInputs
