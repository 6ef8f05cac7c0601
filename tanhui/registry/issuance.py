"""From a claim to what may be issued: the hashes must join, the figures must add up, and creditable is derived again.

Pure: dicts of ``result.json`` and ``manifest.json`` in, an :class:`IssuedClaim` and units by vintage out. No flag in a
document is believed. What is believed outside a sandbox is a verifier's signed statement that names both hashes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.manifest import result_digest
from tanhui.kernel.parameters import Status
from tanhui.kernel.signing import TrustedKey, key_id, verify_document
from tanhui.kernel.time import Period
from tanhui.registry.errors import NotIssuable
from tanhui.registry.model import IssuedClaim
from tanhui.registry.vouching import STATEMENT_PURPOSE, claim_hash, statement_body

__all__ = ["issuable", "reasons_against"]

ISSUABLE_KINDS = ("removal", "reduction", "storage")
UNIT_SIZES_KG = (1, 1000)
KG_PER_T = 1000
#: The lines of a claim add up to the net within this, for results are rounded to 12 digits. [share of the net]
LINES_TOLERANCE = 1e-9
#: Texts that go into a public leaf stay short, so that a certificate does.
MAX_TEXT = 120


def reasons_against(
    result: Mapping[str, Any], manifest: Mapping[str, Any], claim: Mapping[str, Any]
) -> tuple[str, ...]:
    """Why the claim is indicative only: parameters below ``primary`` in the manifest, and reasons the run stated."""
    below = [
        f"{leaf['id']}: {leaf['status']}" for leaf in manifest["parameters"] if leaf["status"] != Status.PRIMARY.word
    ]
    stated = [*result.get("indicative_reasons", ()), *claim.get("indicative_reasons", ())]
    return tuple(dict.fromkeys([*below, *map(str, stated)]))


def issuable(
    result: Mapping[str, Any],
    manifest: Mapping[str, Any],
    claim: Mapping[str, Any],
    *,
    region: str,
    product: str,
    unit_kg: int,
    sandbox: bool,
    registry: str = "",
    statement: Mapping[str, Any] | None = None,
    verifiers: Mapping[str, TrustedKey] | None = None,
) -> tuple[IssuedClaim, dict[int, int]]:
    """The claim as the log will carry it, and the units to issue by vintage.

    Raises
    ------
    NotIssuable
        If manifest, result and claim do not belong together, the figures contradict each other, nothing is to be
        issued, or, outside a sandbox, the claim is indicative or no trusted verifier vouches for it.
    """
    try:
        _check_hashes(result, manifest, claim)
        units = _units_by_vintage(claim, unit_kg)
        reasons = reasons_against(result, manifest, claim)
        if reasons and not sandbox:
            raise NotIssuable("registry.not_creditable", count=len(reasons), first=reasons[0])
        verifier, voucher = (
            ("", "") if sandbox else _vouched(statement, verifiers, statement_body(manifest, claim, registry))
        )
        issued = IssuedClaim(
            project=_short(manifest["project"]),
            region=_short(region),
            product=_short(product or claim["kind"]),
            unit_kg=unit_kg,
            method=_short(claim["method"]),
            kind=claim["kind"],
            gas=_short(claim["gas"]),
            gwp=_short(claim["gwp"]),
            period=_period(claim),
            credits_t=claim["credits_t"],
            run=manifest["run"],
            manifest_sha256=hash_json(manifest),
            claim_sha256=claim_hash(claim),
            creditable=not reasons,
            open_points=len(reasons),
            sandbox=sandbox,
            verifier=verifier,
            voucher=voucher,
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise NotIssuable("registry.claim_malformed", detail=str(error)) from None
    return issued, units


def _check_hashes(result: Mapping[str, Any], manifest: Mapping[str, Any], claim: Mapping[str, Any]) -> None:
    """Manifest -> run, manifest -> result, result -> claim: each by its hash."""
    body = {key: value for key, value in manifest.items() if key != "run"}
    if manifest["run"] != hash_json(body):
        raise NotIssuable("registry.manifest_changed")
    same_run = (result["run"], result["project"]) == (manifest["run"], manifest["project"])
    if not same_run or manifest["result_sha256"] != result_digest(result):
        raise NotIssuable("registry.result_changed")
    if claim_hash(claim) not in [claim_hash(entry) for entry in result["claims"]]:
        raise NotIssuable("registry.claim_not_in_result")


def _units_by_vintage(claim: Mapping[str, Any], unit_kg: int) -> dict[int, int]:
    """Units by year, after the claim's own figures were found to agree."""
    if claim["kind"] not in ISSUABLE_KINDS:
        raise NotIssuable("registry.kind_not_issuable", kind=claim["kind"])
    if unit_kg not in UNIT_SIZES_KG:
        raise NotIssuable("registry.unit_wrong", unit_kg=unit_kg)
    credits = {_integer(row["year"]): _integer(row["credits_t"]) for row in claim["by_year"]}
    period, (net,) = _period(claim), [row["co2e_t"] for row in claim["lines"] if row["line"] == "net"]
    above = math.fsum(row["co2e_t"] for row in claim["lines"] if row["line"] != "net")
    faults = {
        "by_year": len(credits) != len(claim["by_year"]) or sum(credits.values()) != _integer(claim["credits_t"]),
        "negative": min(credits.values(), default=0) < 0,
        "period": any(not period.start.year <= year <= period.last_day.year for year in credits),
        "net": abs(above - net) > LINES_TOLERANCE * max(1.0, abs(net)),
        "credits_t": claim["credits_t"] > max(0, math.floor(net)),
    }
    for name, wrong in faults.items():
        if wrong:
            raise NotIssuable("registry.claim_inconsistent", what=name)
    if claim["credits_t"] == 0:
        raise NotIssuable("registry.nothing_to_issue")
    return {year: credit * KG_PER_T // unit_kg for year, credit in sorted(credits.items()) if credit}


def _vouched(
    statement: Mapping[str, Any] | None,
    verifiers: Mapping[str, TrustedKey] | None,
    body: Mapping[str, Any],
) -> tuple[str, str]:
    """Key id and signature of a trusted verifier whose statement says exactly this."""
    if statement is None or not verifiers:
        raise NotIssuable("registry.not_verified")
    try:
        signers = verify_document(STATEMENT_PURPOSE, statement, verifiers, "verifier")
    except TanhuiError as error:
        raise NotIssuable("registry.not_verified") from error
    if not signers or statement["body"] != body:
        raise NotIssuable("registry.not_verified")
    name = key_id(signers[0].public)
    return name, next(str(entry["signature"]) for entry in statement["signatures"] if entry["key_id"] == name)


def _period(claim: Mapping[str, Any]) -> Period:
    first, last = claim["period"]
    return Period.inclusive(date.fromisoformat(first), date.fromisoformat(last))


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"not a whole number: {value!r}")
    return value


def _short(text: Any) -> str:
    """A text fit for a public leaf."""
    if not isinstance(text, str) or not text or len(text) > MAX_TEXT or not text.isprintable():
        raise ValueError(f"not a short text: {text!r}"[:200])
    return text
