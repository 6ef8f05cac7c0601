"""A certificate has at most 24 KB, whatever is retired; what would not fit is refused before it is in the log."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tanhui.kernel.canonical import canonical_bytes, exact_json
from tanhui.kernel.time import Period
from tanhui.registry.certificate import (
    MAX_BYTES,
    RETIREMENT_BYTES,
    build_certificate,
    certificate_bytes,
    certificate_summary,
    check_certifiable,
    verify_certificate,
)
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, state_line
from tanhui.registry.entries import encode_entry
from tanhui.registry.errors import RegistryError
from tanhui.registry.log import MemoryTree, inclusion_proof, leaf_hash
from tanhui.registry.log.cosignature import COSIGNATURE_V1, SUBTREE_V1
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.model import (
    ISSUANCE,
    RETIRED,
    Approval,
    Declaration,
    Interval,
    Issuance,
    IssuedClaim,
    JournalEntry,
    Leg,
    Piece,
    Place,
    Retirement,
)
from tanhui.registry.verify import verify_certificate_file

ORIGIN = "registry.example/a-national-registry-with-a-long-name/sandbox"
SIGNERS = (NoteSigner(ORIGIN, bytes(32)), NoteSigner(ORIGIN, bytes(32), SUBTREE_V1))
DECLARED = Declaration(ORIGIN, True, tuple(str(signer.key) for signer in SIGNERS), 2, "A", "P")
AT = "2026-01-01T00:00:00Z"
#: Signed orders of two people: the longest that an entry's approvals get.
SIGNED = tuple(Approval(f"P{n:016x}", "0" * 16, "0" * 64, base64.b64encode(bytes(64)).decode()) for n in range(2))


def issuance(vintages: int, shares: int = 1, unit: int = 10**9, first: int = 1) -> JournalEntry:
    """An issuance of some vintages, each split between some accounts."""
    size, pieces, legs, serial = unit * shares, [], [], first
    for number in range(vintages):
        piece = Piece(f"B{number:06d}", 2021 + number, Interval(serial, serial + size))
        pieces.append(piece)
        for share in range(shares):
            serials = Interval(serial + share * unit, serial + (share + 1) * unit)
            legs.append(Leg(piece.id, serials, Place(ISSUANCE), Place(f"A{share:016x}")))
        serial += size
    claim = IssuedClaim(
        project="p" * 40, region="CN-HN", product="removal", unit_kg=1, method="ccer/14-001-v01", kind="removal",
        gas="CO2e", gwp="AR5", period=Period.inclusive(date(2021, 1, 1), date(2060, 12, 31)),
        credits_t=vintages * size // 1000, run="0" * 64, manifest_sha256="1" * 64, claim_sha256="2" * 64,
        creditable=False, open_points=1, sandbox=True,
    )  # fmt: skip
    return JournalEntry(10**9, AT, "issue", Issuance(claim, tuple(pieces)), tuple(legs), (), SIGNED)


def retirement(issued: JournalEntry, pieces: int) -> JournalEntry:
    """A retirement of every other serial of the last batch, the longest numbers there are."""
    batch = issued.as_kind(Issuance).pieces[-1]
    last = batch.serials.end - 1
    serials = [Interval(last - 2 * number, last - 2 * number + 1) for number in reversed(range(pieces))]
    legs = tuple(Leg(batch.id, interval, Place("A" + "0" * 16), Place(RETIRED)) for interval in serials)
    noun = Retirement("R2000000000", "3" * 64, "compliance", Period.inclusive(date(2025, 1, 1), date(2025, 12, 31)))
    return JournalEntry(2 * 10**9, AT, "retire", noun, legs, (), SIGNED)


def certificate(issued: JournalEntry, retired: JournalEntry, *witnesses: NoteSigner) -> dict[str, Any]:
    """The certificate under a checkpoint of a log of four thousand million entries. Only its length is real."""
    path = [secrets.token_bytes(32) for _ in range(32)]
    head = Checkpoint(ORIGIN, 2**32, bytes(32), (state_line(bytes(32)),))
    return build_certificate(ORIGIN, issued, retired, (path, path), sign_checkpoint(head, *SIGNERS, *witnesses, at=1))


def allowed(entry: JournalEntry) -> bool:
    try:
        check_certifiable(DECLARED, entry)
    except RegistryError:
        return False
    return True


def most_pieces(issued: JournalEntry) -> int:
    """The largest retirement that is allowed, found by trying; the refusal of the next one names it."""
    most = next(pieces for pieces in range(1, 1000) if not allowed(retirement(issued, pieces + 1)))
    with pytest.raises(RegistryError) as refused:
        check_certifiable(DECLARED, retirement(issued, most + 1))
    assert refused.value.facts == {"pieces": most + 1, "most": most, "units": most}
    return most


@pytest.mark.parametrize(
    ("vintages", "shares", "unit", "first"),
    [(1, 1, 10**9, 1), (40, 1, 10**9, 1), (30, 2, 10**9, 1), (10, 8, 10**9, 1), (10, 1, 10**9, 2**61)],
)
def test_the_largest_retirement_of_an_allowed_issuance_fits(vintages: int, shares: int, unit: int, first: int):
    issued = issuance(vintages, shares, unit, first)
    check_certifiable(DECLARED, issued)
    pieces = most_pieces(issued)
    assert pieces >= 100
    document = certificate(issued, retirement(issued, pieces))
    data = certificate_bytes(document)
    assert len(data) <= MAX_BYTES
    assert exact_json(data) == document
    assert document["chain"]["pieces"] == str(pieces)


def test_an_issuance_that_leaves_no_room_is_refused():
    fits = max(shares for shares in range(1, 400) if allowed(issuance(1, shares)))
    assert 80 < fits < 399
    issued = issuance(1, fits)
    assert len(certificate_bytes(certificate(issued, retirement(issued, most_pieces(issued))))) > MAX_BYTES - 500
    with pytest.raises(RegistryError) as refused:
        check_certifiable(DECLARED, issuance(1, fits + 1))
    assert refused.value.code == "registry.issuance_too_long"
    assert "{" not in refused.value.text("zh") + refused.value.text("en")


def test_other_entries_pass():
    check_certifiable(DECLARED, JournalEntry(1, AT, "transfer", None, retirement(issuance(1), 700).legs))


def test_what_was_let_through_all_the_same_is_refused_at_the_end():
    issued = issuance(1)
    with pytest.raises(RegistryError) as refused:
        certificate(issued, retirement(issued, 700))
    assert refused.value.code == "registry.certificate_too_long"
    assert "{" not in refused.value.text("zh") + refused.value.text("en")


def in_a_tree(issued: JournalEntry, retired: JournalEntry, *signers: NoteSigner) -> dict[str, Any]:
    """The certificate under real proofs and signatures, in a log of three entries."""
    issued = replace(issued, index=1)
    retired = replace(retired, index=2, noun=replace(retired.as_kind(Retirement), id="R000002"))
    tree = MemoryTree()
    tree.extend([leaf_hash(b"declaration"), leaf_hash(encode_entry(issued)), leaf_hash(encode_entry(retired))])
    proofs = [inclusion_proof(index, 3, tree.node) for index in (1, 2)]
    note = sign_checkpoint(Checkpoint(signers[0].name, 3, tree.root()), *signers)
    return build_certificate(signers[0].name, issued, retired, proofs, note)


def test_many_pieces_verify():
    issued = issuance(3)
    many = most_pieces(issued)
    retired = retirement(issued, many)
    document = in_a_tree(issued, retired, *SIGNERS)
    verdict = verify_certificate(document, [signer.key for signer in SIGNERS])
    assert verdict.holds
    assert len(verdict.facts["serials"]) == many
    assert len(encode_entry(retired)) > 3 * RETIREMENT_BYTES  # the leaf itself is far longer
    for lang, more in (("en", f"and {many - 6} more pieces"), ("zh", f"及另外 {many - 6} 段")):
        assert more in certificate_summary(document, lang)[3]


def test_cosignatures_are_kept_as_far_as_there_is_room():
    small = [NoteSigner(f"witness.example/{n}", bytes([n]) * 32, COSIGNATURE_V1) for n in range(1, 6)]
    large = [NoteSigner(f"witness.example/q{n}", bytes([n]) * 32, SUBTREE_V1) for n in range(1, 6)]
    issued = issuance(2)
    few, many = (retirement(issued, pieces) for pieces in (1, most_pieces(issued)))

    def kept(document: dict[str, Any]) -> list[str]:
        assert len(canonical_bytes(document)) <= MAX_BYTES
        lines = document["evidence"]["checkpoint"].rsplit("\n\n", 1)[1].splitlines()
        return [line.split(" ")[1] for line in lines]

    assert kept(certificate(issued, few, *small)) == [ORIGIN, ORIGIN, *(signer.name for signer in small)]
    both = kept(certificate(issued, few, *small, *large))
    assert both[:7] == [ORIGIN, ORIGIN, *(signer.name for signer in small)]
    assert 7 < len(both) < 12
    assert both == [ORIGIN, ORIGIN, *(signer.name for signer in (*small, *large))][: len(both)]
    assert len(kept(certificate(issued, many, *large))) < len(kept(certificate(issued, few, *large)))


def test_a_file_that_is_too_long_is_no_certificate(tmp_path: Path):
    path = tmp_path / "long.json"
    path.write_bytes(canonical_bytes({"format": "tanhui-certificate-1", "more": "x" * MAX_BYTES}))
    assert [check.key for check in verify_certificate_file(path, ()).failures()] == ["form"]
