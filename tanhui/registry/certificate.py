"""The certificate of a retirement: from the project to the retired serials in one document that is checked offline.

It carries two leaves of the public log (the issuance and the retirement), a proof for each into one signed checkpoint,
and in ``chain`` what they say in one piece. It holds no key: trust comes only from anchors the reader had before. All
of it follows from the evidence, so verification builds the document again and compares; nothing can hide between.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, hash_json
from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.kernel.manifest import result_digest
from tanhui.kernel.signing import TrustedKey
from tanhui.kernel.wording import Lang, say
from tanhui.registry.checkpoint import Checkpoint, open_note, parse_checkpoint
from tanhui.registry.commitments import Opening
from tanhui.registry.entries import encode_entry, entry_from_dict
from tanhui.registry.issuance import claim_hash
from tanhui.registry.log import leaf_hash, verify_inclusion
from tanhui.registry.model import SANDBOX_MARK, Batch, JournalEntry, Retirement, period_list
from tanhui.registry.verdict import Check, Verdict

__all__ = ["FORMAT", "build_certificate", "certificate_summary", "verify_certificate"]

FORMAT = "tanhui-certificate-1"
KG_PER_T = 1000
#: What any malformed document may raise while it is taken apart.
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, RecursionError, TanhuiError)

#: What a verdict may say is proven: without a trusted signature only that the document agrees with itself.
PROVEN = ("joined", "logged", "final")
NOT_PROVEN = ("measured", "only_log", "owner_between")


@dataclass(frozen=True, slots=True)
class _Parts:
    """A certificate taken apart."""

    issued: JournalEntry
    retired: JournalEntry
    paths: tuple[list[bytes], list[bytes]]
    note: str
    checkpoint: Checkpoint

    @property
    def retirement(self) -> Retirement:
        assert self.retired.retirement is not None
        return self.retired.retirement

    @property
    def batch(self) -> Batch:
        return {batch.id: batch for batch in self.issued.batches}[self.retirement.batch]


def build_certificate(
    origin: str, issued: JournalEntry, retired: JournalEntry, proofs: Sequence[Sequence[bytes]], note: str
) -> dict[str, Any]:
    """The certificate for a retirement.

    Parameters
    ----------
    origin : str
        The name of the log.
    issued, retired : JournalEntry
        The entry that issued the batch, and the one that retired units of it.
    proofs : sequence of sequence of bytes
        Inclusion proof of each, into the tree of the checkpoint.
    note : str
        The signed checkpoint.
    """
    leaves = [
        {"entry": entry.to_dict(), "path": [base64.b64encode(value).decode() for value in path]}
        for entry, path in zip((issued, retired), proofs, strict=True)
    ]
    sandbox = issued.claim is not None and issued.claim.sandbox
    return {
        "format": FORMAT,
        "registry": origin,
        "sandbox": sandbox,
        "notice": SANDBOX_MARK if sandbox else "",
        "chain": _chain(origin, issued, retired),
        "evidence": {"leaves": leaves, "checkpoint": note},
    }


def _chain(origin: str, issued: JournalEntry, retired: JournalEntry) -> dict[str, Any]:
    """What the two entries say, in the order of the river."""
    claim, retirement = issued.claim, retired.retirement
    if claim is None or retirement is None:
        raise IntegrityError("registry.certificate_malformed")
    batch = {batch.id: batch for batch in issued.batches}[retirement.batch]
    return {
        "project": claim.project,
        "region": claim.region,
        "run": claim.run,
        "manifest_sha256": claim.manifest_sha256,
        "claim_sha256": claim.claim_sha256,
        "method": claim.method,
        "period": period_list(claim.period),
        "creditable": claim.creditable,
        "credits_t": str(claim.credits_t),
        "credits_by_vintage": [
            {"vintage": str(other.vintage), "kg": str(other.serials.units * claim.unit_kg)} for other in issued.batches
        ],
        "issued_at": issued.at,
        "issued_in_leaf": str(issued.index),
        "batch": batch.id,
        "vintage": str(batch.vintage),
        "product": claim.product,
        "unit_kg": str(claim.unit_kg),
        "issued_serials": f"{origin}:{batch.id}:{batch.serials}",
        "retirement": retirement.id,
        "retired_at": retired.at,
        "retired_in_leaf": str(retired.index),
        "account": retirement.account,
        "serials": [f"{origin}:{batch.id}:{interval}" for interval in retirement.serials],
        "units": str(retirement.units),
        "quantity_kg": str(retirement.units * claim.unit_kg),
        "purpose": retirement.purpose,
        "claimed_for": period_list(retirement.period),
        "beneficiary_commitment": retirement.beneficiary,
    }


def verify_certificate(
    document: Any,
    trust: Mapping[str, TrustedKey] | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
    result: Mapping[str, Any] | None = None,
    opening: Opening | None = None,
) -> Verdict:
    """Check a certificate offline. Never raises on a malformed one: it is refused.

    Parameters
    ----------
    document : dict
        The certificate.
    trust : mapping, optional
        Keys trusted beforehand, by key id. Without it the verdict is at most "consistent, issuer not authenticated".
    manifest, result : mapping, optional
        ``manifest.json`` and ``result.json`` of the run, to follow the chain behind the claim.
    opening : Opening, optional
        Shows who the beneficiary is.
    """
    try:
        parts = _take_apart(document)
    except MALFORMED:
        return Verdict("certificate", (Check("form", False),))
    claim = parts.issued.claim
    assert claim is not None
    checks = [
        Check("form", True),
        _answer("chain", lambda: _joined(parts)),
        Check("sandbox", claim.sandbox == parts.checkpoint.origin.endswith("/sandbox")),
        Check("creditable", claim.sandbox or (claim.creditable and claim.verifier != "")),
        Check("issuance_included", _included(parts.issued, parts.paths[0], parts.checkpoint)),
        Check("retirement_included", _included(parts.retired, parts.paths[1], parts.checkpoint)),
        _signature(parts.note, parts.checkpoint, trust),
    ]
    if manifest is not None:
        checks.append(_answer("manifest", lambda: _manifest_fits(parts, manifest)))
    if result is not None and manifest is None:
        checks.append(Check("result", None))
    elif result is not None and manifest is not None:
        checks.append(_answer("result", lambda: _result_fits(parts, manifest, result)))
    if opening is not None:
        checks.append(Check("beneficiary", opening.commitment == parts.retirement.beneficiary))
    proven, not_proven = _extent(trust is not None, opening is not None)
    return Verdict("certificate", tuple(checks), proven, not_proven, claim.sandbox, dict(document["chain"]))


def _extent(authenticated: bool, opened: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is proven where all checks are right, and what is not."""
    not_proven = (*NOT_PROVEN, *(() if opened else ("beneficiary_unknown",)))
    return (PROVEN, not_proven) if authenticated else (PROVEN[:1], ("issuer", *not_proven))


def _take_apart(document: Any) -> _Parts:
    """The parts, after the document was built from them again and came out the same."""
    evidence = document["evidence"]
    issued, retired = (entry_from_dict(leaf["entry"]) for leaf in evidence["leaves"])
    first, second = ([base64.b64decode(value, validate=True) for value in leaf["path"]] for leaf in evidence["leaves"])
    note = evidence["checkpoint"]
    checkpoint = parse_checkpoint(open_note(note, ())[0])
    again = build_certificate(checkpoint.origin, issued, retired, (first, second), note)
    if canonical_bytes(again) != canonical_bytes(document):
        raise IntegrityError("registry.certificate_malformed")
    return _Parts(issued, retired, (first, second), note, checkpoint)


def _joined(parts: _Parts) -> bool:
    """Whether the retired serials are of the issued batch, each once, and the acts lie in this order in the log."""
    serials = sorted(parts.retirement.serials)
    inside = all(parts.batch.serials.contains(interval) for interval in serials)
    apart = all(left.end <= right.first for left, right in pairwise(serials))
    in_order = parts.issued.index < parts.retired.index < parts.checkpoint.size and parts.issued.at <= parts.retired.at
    batches = parts.issued.batches
    legs = [(leg.batch, leg.serials) for leg in parts.issued.legs] == [(batch.id, batch.serials) for batch in batches]
    claim = parts.batch.claim
    whole = sum(batch.serials.units for batch in batches) * claim.unit_kg == claim.credits_t * KG_PER_T
    return inside and apart and in_order and legs and whole


def _included(entry: JournalEntry, path: list[bytes], checkpoint: Checkpoint) -> bool:
    return verify_inclusion(entry.index, checkpoint.size, leaf_hash(encode_entry(entry)), path, checkpoint.root)


def _signature(note: str, checkpoint: Checkpoint, trust: Mapping[str, TrustedKey] | None) -> Check:
    """Whether a key that was trusted beforehand as this registry's signed the checkpoint."""
    if trust is None:
        return Check("signature", None)
    anchors = registry_keys(trust.values(), checkpoint.origin)
    try:
        _, signers = open_note(note, anchors)
    except IntegrityError as error:
        return Check("signature", False, cause=error)
    return Check("signature", bool(signers), ", ".join(key.name for key in signers))


def registry_keys(keys: Iterable[TrustedKey], origin: str) -> list[TrustedKey]:
    """The keys that may sign for a log."""
    return [key for key in keys if "registry" in key.roles and key.name == origin]


def _manifest_fits(parts: _Parts, manifest: Mapping[str, Any]) -> bool:
    """Whether this is the manifest the claim was issued from, and its run id is its own hash."""
    claim = parts.issued.claim
    assert claim is not None
    run = hash_json({key: value for key, value in manifest.items() if key != "run"})
    found = (hash_json(manifest), run, manifest["run"], manifest["project"])
    return found == (claim.manifest_sha256, claim.run, claim.run, claim.project)


def _result_fits(parts: _Parts, manifest: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    """Whether the result is the manifest's, and holds the claim with the issued credits by year."""
    claim = parts.issued.claim
    assert claim is not None
    if manifest["result_sha256"] != result_digest(result) or result["run"] != claim.run:
        return False
    found = [entry for entry in result["claims"] if claim_hash(entry) == claim.claim_sha256]
    credits = {(row["year"], row["credits_t"] * KG_PER_T) for row in found[0]["by_year"] if row["credits_t"]}
    return credits == {(batch.vintage, batch.serials.units * claim.unit_kg) for batch in parts.issued.batches}


def _answer(key: str, question: Any) -> Check:
    """A check whose question may choke on what it is asked about; that is a no."""
    try:
        return Check(key, bool(question()))
    except MALFORMED:
        return Check(key, False)


def certificate_summary(document: Mapping[str, Any], lang: Lang = "en") -> list[str]:
    """The certificate in lines for people: what the document says. Whether it is true, verification says."""
    try:
        facts = dict(document["chain"])
        facts |= {
            "registry": document["registry"],
            "serials": ", ".join(facts["serials"]),
            "period": "–".join(facts["period"]),
            "claimed_for": "–".join(facts["claimed_for"]) or "–",
            "quantity_t": kg_as_tonnes(int(facts["quantity_kg"])),
            "purpose": say(f"certificate.registry.purpose.{facts['purpose']}", lang),
            "vintages": ", ".join(
                f"{row['vintage']}: {kg_as_tonnes(int(row['kg']))}" for row in facts["credits_by_vintage"]
            ),
        }
        sandbox = document["sandbox"]
    except MALFORMED:
        raise IntegrityError("registry.certificate_malformed") from None
    keys = ["title", "quantity", "serials", "project", "claim", "issued", "retired", "purpose", "beneficiary"]
    lines = [say(f"certificate.registry.{key}", lang, **facts) for key in keys]
    return [say("certificate.registry.sandbox", lang), *lines] if sandbox else lines


def kg_as_tonnes(mass_kg: int) -> str:
    """Kilograms as an exact decimal number of tonnes."""
    tonnes, rest = divmod(mass_kg, KG_PER_T)
    return f"{tonnes}.{rest:03d}" if rest else str(tonnes)
