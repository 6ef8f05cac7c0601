"""What the tools share: their claim that is never issued, their sign, and how a methodology uses a tool's rules.

A tool gives quantities, not credits. Its ``account`` returns them as the lines of a claim, so that they are explained
and listed like any other figure, and that claim earns no credit anywhere: ``credits_t`` is zero, whatever ``net`` is.

A methodology that prescribes a tool calls the tool's rules with the tool's own parameters::

    burning = tool_parameters("cdm/ar-tool08", p)
    ar_tool08.rules.forest_fire_t(fire, edition, day=day, p=burning)

What the tool asked for is then noted beside the methodology's own clauses and numbers, under the tool's own ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tanhui.kernel.nouns import Claim, YearShare
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods.claims import claim_lines, leaf_reasons, share_by_days, year_shares
from tanhui.mrv.methods.frame import method

__all__ = ["as_removal", "never_issued_claim", "recording", "tool_claim", "tool_parameters"]


def as_removal(emission_co2e_t: float) -> float:
    """The tools' sign for burning and leakage (emission positive) turned into ours (removal positive). [t CO2e]"""
    return -emission_co2e_t


def recording(parameters: Mapping[str, Dated]) -> Recorder:
    """The same parameters, noting what is asked for; a recorder stays the one it is."""
    return parameters if isinstance(parameters, Recorder) else Recorder(parameters)


def tool_parameters(tool_id: str, p: Recorder) -> Recorder:
    """A tool's own clauses and numbers; what is asked of them is noted in ``p`` as well."""
    own = Recorder(method(tool_id).parameters)
    own.used = p.used
    return own


def never_issued_claim(
    method_id: str,
    why: str,
    period: Period,
    parts: Sequence[tuple[str, float, str]],
    p: Recorder,
    *,
    gwp: str = "none",
    reasons: Sequence[str] = (),
) -> Claim:
    """Signed parts as a claim of whole kilograms that earns nothing.

    Parameters
    ----------
    why : str
        The reason ``<wording key>:<subject>`` why it is never issued; it stands first.
    parts : sequence of (line, co2e_t, clause)
        Removals positive. Years share each part by days. [t CO2e]
    reasons : sequence of str
        Further reasons, of verdicts and of models.
    """
    # -0.0 reads badly on paper
    lines, net_kg = claim_lines([(line, co2e_t + 0.0, clause) for line, co2e_t, clause in parts])
    total_t = sum(co2e_t for _, co2e_t, _ in parts)
    by_year_t = {year: share_by_days(total_t, period, span) for year, span in period.by_year()}
    return Claim(
        method=method_id,
        kind="removal",
        period=period,
        lines=lines,
        by_year=tuple(YearShare(x.year, x.co2e_t, 0) for x in year_shares(by_year_t, net_kg)),
        credits_t=0,
        gwp=gwp,
        gas="CO2" if gwp == "none" else "CO2e",
        indicative_reasons=(why, *reasons, *leaf_reasons(p.used.values())),
    )


def tool_claim(
    tool_id: str,
    period: Period,
    parts: Sequence[tuple[str, float, str]],
    p: Recorder,
    *,
    gwp: str = "none",
    reasons: Sequence[str] = (),
) -> Claim:
    """The lines of a tool: see :func:`never_issued_claim`."""
    return never_issued_claim(tool_id, f"reason.methods.cdm_tool:{tool_id}", period, parts, p, gwp=gwp, reasons=reasons)
