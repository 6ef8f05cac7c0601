"""Worked cases: a TOML file a verifier can read and recompute with a pocket calculator.

::

    name = "…"                  # what it shows
    date = 2026-03-01           # the day whose rules and numbers hold
    source = "by hand, below"   # who worked it out
    tolerance = 0.001           # of every number in outputs
    [inputs]                    # as in the method's own inputs
    [outputs]                   # any of: lines, credits_t, deficit_t, co2e_by_year, credits_by_year, excluded,
                                # verdicts (clause -> worst outcome), refused (error code, or codes of faults)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tanhui.kernel.data import read_toml
from tanhui.kernel.errors import RefusedInput, TanhuiError
from tanhui.kernel.nouns import Claim
from tanhui.mrv.methods.frame import Method
from tanhui.mrv.methods.verdict import OUTCOMES, Verdict

__all__ = ["case_outputs", "differences"]


def differences(method: Method, path: Path) -> list[str]:
    """What a worked case says otherwise than the rules; empty where they agree."""
    case = read_toml(path)
    found = case_outputs(method, case["inputs"], str(path.name))
    return [line for key, wanted in case["outputs"].items() for line in _compare(key, wanted, found, case["tolerance"])]


def case_outputs(method: Method, inputs: Mapping[str, Any], file: str = "") -> dict[str, Any]:
    """Everything a case may state, computed; or ``refused`` with the codes."""
    try:
        given = method.inputs(inputs, file=file)
        claim, verdicts = method.account(given), method.eligibility(given)
    except RefusedInput as error:
        return {"refused": sorted({fault.code for fault in error.faults})}
    except TanhuiError as error:
        return {"refused": [error.code]}
    return {**_claim_outputs(claim), "verdicts": _verdict_outputs(verdicts)}


def _claim_outputs(claim: Claim) -> dict[str, Any]:
    excluded: dict[str, float] = {}
    for x in claim.excluded:
        excluded[x.why] = excluded.get(x.why, 0.0) + x.co2e_t
    return {
        "lines": {x.line: x.co2e_t for x in claim.lines},
        "credits_t": claim.credits_t,
        "deficit_t": claim.deficit_t,
        "period": claim.period.to_list(),
        "co2e_by_year": {str(x.year): x.co2e_t for x in claim.by_year},
        "credits_by_year": {str(x.year): x.credits_t for x in claim.by_year},
        "excluded": excluded,
    }


def _verdict_outputs(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    worst: dict[str, str] = {}
    for verdict in verdicts:
        both = (worst.get(verdict.clause, "met"), verdict.outcome)
        worst[verdict.clause] = max(both, key=[str(x) for x in OUTCOMES].index)
    return worst


def _compare(path: str, wanted: Any, found: Mapping[str, Any], tolerance: float) -> list[str]:
    key = path.rsplit("/", 1)[-1]
    if key not in found:
        return [f"{path}: {wanted} wanted, nothing found"]
    got = found[key]
    if isinstance(wanted, Mapping):
        return [x for k, v in wanted.items() for x in _compare(f"{path}/{k}", v, got, tolerance)]
    same = abs(got - wanted) <= tolerance if isinstance(wanted, (int, float)) else got == wanted
    return [] if same else [f"{path}: {wanted} wanted, {got} found"]
