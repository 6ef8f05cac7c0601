"""``ipcc/2019``: the account of land by the 2019 Refinement to the IPCC Guidelines, Volume 4."""

from __future__ import annotations

from collections.abc import Mapping

from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ipcc.land import land_claim
from tanhui.mrv.methods.ipcc.land_inputs import LandInputs

__all__ = ["ID", "Inputs", "account"]

ID = "ipcc/2019"
Inputs = LandInputs


def account(inputs: LandInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The account as a claim of kind removal without credits: see :func:`~tanhui.mrv.methods.ipcc.land.land_claim`."""
    return land_claim(ID, inputs, parameters)
