"""From tonnes of a method to the lines, years and whole credits of a claim.

Signs are those of the house: a removal is positive; an emission, a deduction and a baseline are negative.

Exactness: each line is brought to whole kilograms downwards (a removal smaller, an emission larger), ``net`` is the
integer sum of those kilograms, and ``credits_t`` is ``net`` rounded down to whole tonnes. So the printed lines add up
to the printed net exactly, and no rounding ever raises a claim by more than half a gram (float noise).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from tanhui.kernel.nouns import Claim, ClaimLine, YearShare
from tanhui.kernel.parameters import Dated, Leaf, Recorder, Status
from tanhui.kernel.time import Period
from tanhui.kernel.wording import Lang, say

__all__ = [
    "KG_PER_T",
    "as_removal",
    "claim_lines",
    "kg_down",
    "leaf_reasons",
    "never_issued_claim",
    "reason_text",
    "recording",
    "share_by_days",
    "year_shares",
]

KG_PER_T = 1000


def kg_down(co2e_t: float) -> int:
    """Whole kilograms, rounded down; what lies within half a gram of a kilogram counts as that kilogram."""
    return math.floor(round(co2e_t * KG_PER_T, 3))


def claim_lines(parts: Sequence[tuple[str, float, str]]) -> tuple[tuple[ClaimLine, ...], int]:
    """Lines in whole kilograms with ``net`` at the end, and the net in kilograms.

    Parameters
    ----------
    parts : sequence of (line, co2e_t, clause)
        Signed tonnes in the order they are printed. [t CO2e]
    """
    whole = [(line, kg_down(co2e_t), clause) for line, co2e_t, clause in parts]
    net_kg = sum(kg for _, kg, _ in whole)
    lines = tuple(ClaimLine(line, kg / KG_PER_T, clause) for line, kg, clause in whole)
    return (*lines, ClaimLine("net", net_kg / KG_PER_T)), net_kg


def share_by_days(total_t: float, period: Period, part: Period | None) -> float:
    """What of a total over ``period`` falls on the days of ``part``, every day alike. [t CO2e]"""
    common = None if part is None else period.overlap(part)
    return 0.0 if common is None else total_t * (common.days / period.days)


def year_shares(by_year_t: Mapping[int, float], net_kg: int, carried_t: float = 0.0) -> tuple[YearShare, ...]:
    """Tonnes and whole credits of each calendar year.

    The tonnes of the years add up to the net exactly (the last year takes the rounding, the first the deficit carried
    in). A loss takes back the latest removals before it, never those of a later year, so a year's credits are what
    the smallest running total from that year on adds to the one from the year before, in whole tonnes. They are
    never negative and add up to floor(net), or to nothing where the net is negative.

    Parameters
    ----------
    by_year_t : mapping of int to float
        Signed tonnes per year before the carried deficit. [t CO2e]
    net_kg : int
        The claim's net. [kg CO2e]
    carried_t : float
        Deficit brought from the claim before, not negative. [t CO2e]
    """
    years = sorted(by_year_t)
    running = [kg_down(math.fsum(by_year_t[y] for y in years[: i + 1]) - carried_t) for i in range(len(years))]
    running[-1:] = [net_kg] * bool(years)
    secure = [max(0, min(running[i:])) // KG_PER_T for i in range(len(years))]
    return tuple(
        YearShare(
            year,
            (running[i] - (running[i - 1] if i else 0)) / KG_PER_T,
            secure[i] - (secure[i - 1] if i else 0),
        )
        for i, year in enumerate(years)
    )


def leaf_reasons(used: Iterable[Leaf]) -> tuple[str, ...]:
    """One reason for each used leaf that is not primary: ``reason.methods.<kind>_<status>:<leaf id>``."""
    return tuple(
        f"reason.methods.{'clause' if '/clause/' in leaf.id else 'parameter'}_{leaf.status.word}:{leaf.id}"
        for leaf in sorted(used, key=lambda leaf: leaf.id)
        if leaf.status is not Status.PRIMARY
    )


def reason_text(reason: str, lang: Lang = "en") -> str:
    """A reason ``<wording key>:<subject>`` as a sentence; the wording may name ``{subject}``."""
    key, _, subject = reason.partition(":")
    return say(key, lang, subject=subject)


def as_removal(emission_co2e_t: float) -> float:
    """A document's sign (emission positive) turned into ours (removal positive). [t CO2e]"""
    return -emission_co2e_t


def recording(parameters: Mapping[str, Dated]) -> Recorder:
    """The same parameters, noting what is asked for; a recorder stays the one it is."""
    return parameters if isinstance(parameters, Recorder) else Recorder(parameters)


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
