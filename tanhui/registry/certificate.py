"""The certificate of a retirement: from the project to the retired serials in one document that is checked offline.

It carries two leaves of the public log (the issuance and the retirement), a proof for each into one signed checkpoint,
and in ``chain`` what they say in one piece. It holds no key: trust comes only from anchors the reader had before. All
of it follows from the evidence, so verification builds the document again and compares; nothing can hide between.

It has at most :data:`MAX_BYTES`. Legs that differ only in their serials are written once, and what would not fit even
so is refused when it is entered in the log (:func:`check_certifiable`), not when somebody asks for the certificate.
The format is described in ``docs/how-to/certificate.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from tanhui.kernel.canonical import hash_json, readable_bytes
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.manifest import result_digest
from tanhui.kernel.wording import Lang, say
from tanhui.registry import entries
from tanhui.registry.anchors import Anchors, authenticated_by, cosigned_by
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint, state_line
from tanhui.registry.commitments import Opening
from tanhui.registry.entries import encode_entry, entry_document, entry_from_dict, leaf_json
from tanhui.registry.errors import RegistryError
from tanhui.registry.log.cosignature import SUBTREE_V1, read_vkey
from tanhui.registry.log.note import NoteKey, decode, encode, parse_note, signature_line
from tanhui.registry.log.tree import HASH_BYTES, MAX_SIZE, leaf_hash, verify_inclusion
from tanhui.registry.model import (
    ISSUANCE,
    PURPOSES,
    RETIRED,
    SANDBOX_MARK,
    Batch,
    Declaration,
    Issuance,
    IssuedClaim,
    JournalEntry,
    Leg,
    Place,
    Retirement,
)
from tanhui.registry.permissions import ordinary
from tanhui.registry.verdict import Check, Verdict
from tanhui.registry.vouching import claim_hash

__all__ = [
    "FORMAT",
    "MALFORMED",
    "MAX_BYTES",
    "build_certificate",
    "certificate_bytes",
    "certificate_facts",
    "certificate_summary",
    "check_certifiable",
    "verify_certificate",
]

FORMAT = "tanhui-certificate-1"
KG_PER_T = 1000
#: A certificate is no longer than this, so that it travels as an attachment, a message or a handful of codes. [bytes]
MAX_BYTES = 24_000
#: What a retirement's leaf may take of it: some 200 pieces, more where serials are short. [bytes]
RETIREMENT_BYTES = 6_000
#: Room is kept for proofs into a log of this many halvings: four thousand million acts.
PROOF_HASHES = 32
#: Length of a signature by type, with the time it states. [bytes]
SIGNATURE_BYTES = {"ed25519": 64, "cosignature/v1": 72, "subtree/v1": 2428}
#: What taking a malformed certificate apart may raise; dates can run off the calendar.
MALFORMED = (*entries.MALFORMED, OverflowError)
#: Pieces that the summary names one by one.
PIECES_NAMED = 6

#: What a verdict may say is proven: without a trusted signature only that the document agrees with itself.
PROVEN = ("joined", "logged", "final")
NOT_PROVEN = ("measured", "only_once")


@dataclass(frozen=True, slots=True)
class _Parts:
    """A certificate taken apart."""

    issued: JournalEntry
    retired: JournalEntry
    paths: tuple[list[bytes], list[bytes]]
    note: str
    checkpoint: Checkpoint

    @property
    def claim(self) -> IssuedClaim:
        return self.issuance.claim

    @property
    def issuance(self) -> Issuance:
        issuance: Issuance = self.issued.as_kind(Issuance)
        return issuance

    @property
    def retirement(self) -> Retirement:
        retirement: Retirement = self.retired.as_kind(Retirement)
        return retirement

    @property
    def batch(self) -> Batch:
        return _batch(self.issuance, self.retired)


# Building -------------------------------------------------------------------------------------------------------------


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
        The signed checkpoint. Cosignatures of witnesses are kept, the first ones first, as far as there is room.

    Raises
    ------
    IntegrityError
        If the entries are no issuance and no retirement of it.
    RegistryError
        If it would be too long all the same; :func:`check_certifiable` sees to it that this never happens.
    """
    document = _document(origin, issued, retired, proofs, note)
    over = len(leaf_json(document)) - MAX_BYTES
    if over <= 0:
        return document
    document = _document(origin, issued, retired, proofs, _without_witnesses(note, origin, over))
    over = len(leaf_json(document)) - MAX_BYTES
    if over > 0:
        raise RegistryError("registry.certificate_too_long", most=MAX_BYTES, over=over)
    return document


def certificate_bytes(document: Mapping[str, Any]) -> bytes:
    """The certificate as a file: indented for people where that fits into :data:`MAX_BYTES`, else without spaces."""
    readable = readable_bytes(document)
    return readable if len(readable) <= MAX_BYTES else leaf_json(document)


def check_certifiable(declared: Declaration, entry: JournalEntry) -> None:
    """Refuse an issuance or a retirement that is too long to be shown in a certificate. Other entries pass.

    An issuance has to leave :data:`RETIREMENT_BYTES` for any retirement of its units; a retirement has to do with them.

    Raises
    ------
    RegistryError
        ``registry.retirement_in_pieces`` with the units that fit, or ``registry.issuance_too_long``.
    """
    if isinstance(entry.noun, Retirement) and _length(entry) > RETIREMENT_BYTES:
        most = _pieces_that_fit(entry)
        units = sum(leg.serials.units for leg in entry.legs[:most])
        raise RegistryError("registry.retirement_in_pieces", pieces=len(entry.legs), most=most, units=units)
    if isinstance(entry.noun, Issuance):
        over = _longest(declared, entry, entry.noun) - MAX_BYTES
        if over > 0:
            raise RegistryError("registry.issuance_too_long", over=over, batches=len(entry.noun.pieces))


def _document(
    origin: str, issued: JournalEntry, retired: JournalEntry, proofs: Sequence[Sequence[bytes]], note: str
) -> dict[str, Any]:
    """A certificate, however long."""
    if not isinstance(issued.noun, Issuance) or not isinstance(retired.noun, Retirement) or not retired.legs:
        raise IntegrityError("registry.certificate_malformed")
    sandbox = issued.noun.claim.sandbox
    leaves = [
        {"entry": _folded(entry), "path": [encode(value) for value in path]}
        for entry, path in zip((issued, retired), proofs, strict=True)
    ]
    return {
        "format": FORMAT,
        "registry": origin,
        "sandbox": sandbox,
        "notice": SANDBOX_MARK if sandbox else "",
        "chain": _chain(origin, issued, retired, issued.noun, retired.noun),
        "evidence": {"leaves": leaves, "checkpoint": note},
    }


def _chain(
    origin: str, issued: JournalEntry, retired: JournalEntry, issuance: Issuance, retirement: Retirement
) -> dict[str, Any]:
    """What the two entries say, in the order of the river."""
    claim, batch, serials = issuance.claim, _batch(issuance, retired), sorted(retired.serials)
    return {
        "project": claim.project,
        "region": claim.region,
        "run": claim.run,
        "manifest_sha256": claim.manifest_sha256,
        "claim_sha256": claim.claim_sha256,
        "method": claim.method,
        "period": claim.period.to_list(),
        "creditable": claim.creditable,
        "credits_t": str(claim.credits_t),
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
        "account": retired.legs[0].source.owner,
        "first_serial": f"{origin}:{batch.id}:{serials[0].first}",
        "last_serial": f"{origin}:{batch.id}:{serials[-1].end - 1}",
        "pieces": str(len(serials)),
        "units": str(retired.units),
        "quantity_kg": str(retired.units * claim.unit_kg),
        "purpose": retirement.purpose,
        "claimed_for": retirement.period.to_list() if retirement.period else [],
        "beneficiary_commitment": retirement.beneficiary,
    }


def _batch(issuance: Issuance, retired: JournalEntry) -> Batch:
    """The batch that units are retired of."""
    return {batch.id: batch for batch in issuance.batches}[retired.legs[0].batch]


def _folded(entry: JournalEntry) -> dict[str, Any]:
    """A leaf as a certificate carries it: neighbouring legs that differ only in their serials become one."""
    document = entry_document(entry)
    groups = groupby(document["legs"], lambda leg: (leg["batch"], leg["from"], leg["to"]))
    runs = [list(legs) for _, legs in groups]
    return document | {"legs": [{**legs[0], "serials": " ".join(leg["serials"] for leg in legs)} for legs in runs]}


def _unfolded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`_folded`."""
    legs = [{**leg, "serials": serials} for leg in document["legs"] for serials in leg["serials"].split(" ")]
    return {**document, "legs": legs}


def _length(entry: JournalEntry) -> int:
    """What an entry takes of a certificate. [bytes]"""
    return len(leaf_json(_folded(entry)))


def _pieces_that_fit(retired: JournalEntry) -> int:
    """How many of a retirement's pieces one certificate holds."""
    room, most = RETIREMENT_BYTES - _length(retired), len(retired.legs)
    while room < 0:
        most -= 1
        room += len(f" {retired.legs[most].serials}")
    return most


def _longest(declared: Declaration, issued: JournalEntry, issuance: Issuance) -> int:
    """The longest that a certificate of an issuance's units becomes, without cosignatures of witnesses. [bytes]"""
    last, zero = issued.legs[-1], bytes(HASH_BYTES)
    leg = Leg(last.batch, last.serials, Place("A" + "0" * 16), Place(RETIRED))
    retirement = Retirement(f"R{MAX_SIZE}", zero.hex(), max(PURPOSES, key=len), issuance.claim.period)
    retired = JournalEntry(MAX_SIZE, issued.at, "retire", retirement, (leg,))
    text = Checkpoint(declared.origin, MAX_SIZE, zero, (state_line(zero),)).text()
    lines = [signature_line(key, bytes(SIGNATURE_BYTES[key.suite.name])) for key in map(read_vkey, declared.keys)]
    path = [zero] * PROOF_HASHES
    document = _document(declared.origin, issued, retired, (path, path), f"{text}\n{''.join(lines)}")
    return len(leaf_json(document)) - _length(retired) + RETIREMENT_BYTES


def _without_witnesses(note: str, origin: str, over: int) -> str:
    """A checkpoint without its last cosignatures by others, as many as it takes to save some bytes."""
    text, lines = note.rsplit("\n\n", 1)
    kept = []
    for line in reversed(lines.splitlines(keepends=True)):
        if over > 0 and not line.startswith(f"— {origin} "):
            over -= len(line.encode())
        else:
            kept.append(line)
    return f"{text}\n\n{''.join(reversed(kept))}"


# Verifying ------------------------------------------------------------------------------------------------------------


def verify_certificate(
    document: Any,
    trust: Anchors | Iterable[NoteKey] | None = None,
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
    trust : Anchors or iterable of NoteKey, optional
        Log keys trusted beforehand: all that sign for this log must have signed. Witnesses, if the reader names some,
        and how many of them must have seen the same checkpoint. Without trust the verdict is at most "consistent,
        issuer not authenticated".
    manifest, result : mapping, optional
        ``manifest.json`` and ``result.json`` of the run, to follow the chain behind the claim.
    opening : Opening, optional
        Shows who the beneficiary is.
    """
    try:
        parts = _take_apart(document)
    except MALFORMED:
        return Verdict("certificate", (Check("form", False),))
    claim = parts.claim
    anchors = trust if trust is None or isinstance(trust, Anchors) else Anchors(tuple(trust))
    signature, signers = _signature(parts, anchors)
    checks = [
        Check("form", True),
        _answer("chain", lambda: _issued_rightly(parts) and _retired_rightly(parts)),
        Check("sandbox", claim.sandbox == parts.checkpoint.origin.endswith("/sandbox")),
        Check("creditable", claim.sandbox or (claim.creditable and claim.verifier != "")),
        Check("issuance_included", _included(parts.issued, parts.paths[0], parts.checkpoint)),
        Check("retirement_included", _included(parts.retired, parts.paths[1], parts.checkpoint)),
        signature,
    ]
    if anchors and anchors.quorum:
        checks.append(_witnessed(parts, anchors))
    checks += _run_checks(parts, manifest, result)
    if opening is not None:
        checks.append(Check("beneficiary", opening.commitment == parts.retirement.beneficiary))
    proven, not_proven = _extent(signers, anchors, opening is not None)
    return Verdict("certificate", tuple(checks), proven, not_proven, claim.sandbox, certificate_facts(document))


def _extent(
    signers: Sequence[NoteKey], anchors: Anchors | None, opened: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is proven where all checks are right, and what is not."""
    unknown = () if opened else ("beneficiary_unknown",)
    if anchors is None:
        return PROVEN[:1], ("issuer", *NOT_PROVEN, "only_log", *unknown)
    lasting = any(key.suite is SUBTREE_V1 for key in signers)
    proven = (*PROVEN, *(("quantum_safe",) if lasting else ()), *(("witnessed",) if anchors.quorum else ()))
    open_ends = (*(() if anchors.quorum else ("only_log",)), *(() if lasting else ("quantum_unsafe",)))
    return proven, (*NOT_PROVEN, *open_ends, *unknown)


def _take_apart(document: Any) -> _Parts:
    """The parts, after the document was built from them again and came out the same."""
    evidence = document["evidence"]
    issued, retired = (entry_from_dict(_unfolded(leaf["entry"])) for leaf in evidence["leaves"])
    first, second = ([decode(value) for value in leaf["path"]] for leaf in evidence["leaves"])
    note = evidence["checkpoint"]
    checkpoint = parse_checkpoint(parse_note(note)[0])
    again = build_certificate(checkpoint.origin, issued, retired, (first, second), note)
    if leaf_json(again) != leaf_json(document):
        raise IntegrityError("registry.certificate_malformed")
    return _Parts(issued, retired, (first, second), note, checkpoint)


def _issued_rightly(parts: _Parts) -> bool:
    """Whether the issuance is one: its batches lie end to end, its legs cover them, and its units are the credits."""
    claim, batches, legs = parts.claim, parts.issuance.batches, parts.issued.legs
    within = {batch.id: batch.serials for batch in batches}
    named_once = len(within) == len({batch.vintage for batch in batches}) == len(batches)
    covered = all(within[leg.batch].contains(leg.serials) and leg.source == Place(ISSUANCE) for leg in legs)
    lines = [[batch.serials for batch in batches], [leg.serials for leg in legs]]
    end_to_end = all(left.end == right.first for line in lines for left, right in pairwise(line))
    spans = {(line[0].first, line[-1].end) for line in lines}
    units = sum(batch.serials.units for batch in batches)
    whole = units * claim.unit_kg == claim.credits_t * KG_PER_T
    honest = claim.creditable == (claim.open_points == 0)
    return named_once and covered and end_to_end and len(spans) == 1 and whole and honest and not parts.issued.amounts


def _retired_rightly(parts: _Parts) -> bool:
    """Whether units of one account and of the issued batch, each once, were retired after they were issued."""
    retired, serials = parts.retired, sorted(parts.retired.serials)
    inside = all(parts.batch.serials.contains(interval) for interval in serials)
    apart = all(left.end <= right.first for left, right in pairwise(serials))
    in_order = parts.issued.index < retired.index < parts.checkpoint.size and parts.issued.at <= retired.at
    ((source, _, target),) = {(leg.source, leg.batch, leg.target) for leg in retired.legs}
    ended = source.free and ordinary(source.owner) and target == Place(RETIRED) and not retired.amounts
    named = parts.retirement.id == f"R{retired.index:06d}" and parts.retirement.purpose in PURPOSES
    return inside and apart and in_order and ended and named


def _included(entry: JournalEntry, path: list[bytes], checkpoint: Checkpoint) -> bool:
    return verify_inclusion(entry.index, checkpoint.size, leaf_hash(encode_entry(entry)), path, checkpoint.root)


def _signature(parts: _Parts, anchors: Anchors | None) -> tuple[Check, Sequence[NoteKey]]:
    """Whether the keys that were trusted beforehand as this registry's signed the checkpoint, all of them."""
    if anchors is None:
        return Check("signature", None), ()
    try:
        signers = authenticated_by(parts.note, anchors.log, parts.checkpoint.origin)
    except IntegrityError as error:
        return Check("signature", False, cause=error), ()
    return Check("signature", bool(signers), named(signers)), signers


def _witnessed(parts: _Parts, anchors: Anchors) -> Check:
    """Whether as many witnesses as the reader asks for cosigned the checkpoint."""
    try:
        signers = cosigned_by(parts.note, anchors.witnesses, parts.checkpoint.origin)
    except IntegrityError as error:
        return Check("witnesses", False, cause=error)
    seen = len({key.name for key in signers})
    return Check("witnesses", seen >= anchors.quorum, f"{seen}/{anchors.quorum} {named(signers)}".strip())


def named(keys: Iterable[NoteKey]) -> str:
    """Keys in words."""
    return ", ".join(f"{key.name} ({key.suite.name})" for key in keys)


def _run_checks(parts: _Parts, manifest: Mapping[str, Any] | None, result: Mapping[str, Any] | None) -> Iterator[Check]:
    """Whether the run's own documents are those that the claim names, as far as they were given."""
    if manifest is not None:
        yield _answer("manifest", lambda: _manifest_fits(parts, manifest))
    if result is not None:
        # Only the manifest binds a result to the claim.
        bound = manifest is not None
        yield _answer("result", lambda: _result_fits(parts, manifest or {}, result)) if bound else Check("result", None)


def _manifest_fits(parts: _Parts, manifest: Mapping[str, Any]) -> bool:
    """Whether this is the manifest the claim was issued from, and its run id is its own hash."""
    claim = parts.claim
    run = hash_json({key: value for key, value in manifest.items() if key != "run"})
    found = (hash_json(manifest), run, manifest["run"], manifest["project"])
    return found == (claim.manifest_sha256, claim.run, claim.run, claim.project)


def _result_fits(parts: _Parts, manifest: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    """Whether the result is the manifest's, and holds the claim with the issued credits by year."""
    claim = parts.claim
    if manifest["result_sha256"] != result_digest(result) or result["run"] != claim.run:
        return False
    found = [entry for entry in result["claims"] if claim_hash(entry) == claim.claim_sha256]
    credits = {(row["year"], row["credits_t"] * KG_PER_T) for row in found[0]["by_year"] if row["credits_t"]}
    return credits == {(batch.vintage, batch.serials.units * claim.unit_kg) for batch in parts.issuance.batches}


def _answer(key: str, question: Any) -> Check:
    """A check whose question may choke on what it is asked about; that is a no."""
    try:
        return Check(key, bool(question()))
    except MALFORMED:
        return Check(key, False)


# In words -------------------------------------------------------------------------------------------------------------


def certificate_facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a certificate says, with every retired piece in ``serials``. Whether it is true, verification says.

    Raises
    ------
    IntegrityError
        If it is no certificate.
    """
    try:
        chain = dict(document["chain"])
        legs = document["evidence"]["leaves"][1]["entry"]["legs"]
        place = f"{document['registry']}:{chain['batch']}"
        pieces = [piece for leg in legs for piece in leg["serials"].split(" ")]
        return {**chain, "registry": document["registry"], "serials": [f"{place}:{piece}" for piece in pieces]}
    except MALFORMED:
        raise IntegrityError("registry.certificate_malformed") from None


def certificate_summary(document: Mapping[str, Any], lang: Lang = "en") -> list[str]:
    """The certificate in lines for people: what the document says. Whether it is true, verification says."""
    facts = certificate_facts(document)
    try:
        more = len(facts["serials"]) - PIECES_NAMED
        rest = [say("certificate.registry.more", lang, count=more)] if more > 0 else []
        facts |= {
            "serials": ", ".join([*facts["serials"][:PIECES_NAMED], *rest]),
            "period": "–".join(facts["period"]),
            "claimed_for": "–".join(facts["claimed_for"]) or "–",
            "quantity_t": kg_as_tonnes(int(facts["quantity_kg"])),
            "purpose": say(f"certificate.registry.purpose.{facts['purpose']}", lang),
            "vintages": ", ".join(
                f"{year}: {kg_as_tonnes(mass_kg)}" for year, mass_kg in credits_by_vintage(document).items()
            ),
        }
        sandbox = document["sandbox"]
    except MALFORMED:
        raise IntegrityError("registry.certificate_malformed") from None
    keys = ["title", "quantity", "serials", "project", "claim", "issued", "retired", "purpose", "beneficiary"]
    lines = [say(f"certificate.registry.{key}", lang, **facts) for key in keys]
    return [say("certificate.registry.sandbox", lang), *lines] if sandbox else lines


def credits_by_vintage(document: Mapping[str, Any]) -> dict[str, int]:
    """What was issued for each year. [kg]"""
    issuance = document["evidence"]["leaves"][0]["entry"]["issuance"]
    spans = {piece["vintage"]: piece["serials"].split("-") for piece in issuance["pieces"]}
    unit_kg = int(issuance["claim"]["unit_kg"])
    return {year: (int(last) - int(first) + 1) * unit_kg for year, (first, last) in spans.items()}


def kg_as_tonnes(mass_kg: int) -> str:
    """Kilograms as an exact decimal number of tonnes."""
    tonnes, rest = divmod(mass_kg, KG_PER_T)
    return f"{tonnes}.{rest:03d}" if rest else str(tonnes)
