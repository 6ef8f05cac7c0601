"""``verra/vm0042``: improved agricultural land management, version 2.2 with the corrections of June 2026.

Two claims come out of one verification period: :func:`claims` gives both, :func:`account` the one that is asked for.
"""

from __future__ import annotations

from tanhui.mrv.methods.verra.vm0042.account import account, claims
from tanhui.mrv.methods.verra.vm0042.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0042.inputs import ImprovedLandInputs

__all__ = ["ImprovedLandInputs", "Inputs", "account", "claims", "eligibility"]

Inputs = ImprovedLandInputs
