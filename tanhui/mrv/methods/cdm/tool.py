"""What the tools share: their claim that is never issued, and how a methodology uses a tool's rules.

A tool gives quantities, not credits. Its ``account`` returns them as the lines of a claim, so that they are explained
and listed like any other figure, and that claim earns no credit anywhere: ``credits_t`` is zero, whatever ``net`` is.

A methodology that prescribes a tool calls the tool's rules with the tool's own parameters::

    burning = tool_parameters("cdm/ar-tool08", p)
    ar_tool08.rules.forest_fire_t(fire, edition, day=day, p=burning)

What the tool asked for is then noted beside the methodology's own clauses and numbers, under the tool's own ids.
"""

from __future__ import annotations

from collections.abc import Sequence

from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods.claims import never_issued_claim
from tanhui.mrv.methods.frame import method

__all__ = ["tool_claim", "tool_parameters"]


def tool_parameters(tool_id: str, p: Recorder) -> Recorder:
    """A tool's own clauses and numbers; what is asked of them is noted in ``p`` as well."""
    own = Recorder(method(tool_id).parameters)
    own.used = p.used
    return own


def tool_claim(
    tool_id: str,
    period: Period,
    parts: Sequence[tuple[str, float, str]],
    p: Recorder,
    *,
    gwp: str = "none",
    reasons: Sequence[str] = (),
) -> Claim:
    """The lines of a tool: see :func:`tanhui.mrv.methods.claims.never_issued_claim`."""
    return never_issued_claim(tool_id, f"reason.methods.cdm_tool:{tool_id}", period, parts, p, gwp=gwp, reasons=reasons)
