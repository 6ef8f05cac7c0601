"""Witnesses of a checkpoint: how many the reader asks for, who counts, and what a wrong cosignature means."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tanhui.kernel.canonical import canonical_bytes, readable_bytes
from tanhui.kernel.errors import InputError
from tanhui.registry.anchors import Anchors, load_anchors
from tanhui.registry.certificate import verify_certificate
from tanhui.registry.log.cosignature import COSIGNATURE_V1, SUBTREE_V1
from tanhui.registry.log.note import NoteSigner, parse_note
from tanhui.registry.log.witness import add_cosignatures
from tests.registry.certificate.conftest import Passport

A = NoteSigner("witness.example/a", bytes([1]) * 32, COSIGNATURE_V1)
A_SAFE = NoteSigner("witness.example/a", bytes([2]) * 32, SUBTREE_V1)
B = NoteSigner("witness.example/b", bytes([3]) * 32, SUBTREE_V1)
C = NoteSigner("witness.example/c", bytes([4]) * 32, COSIGNATURE_V1)
PLAIN = NoteSigner("witness.example/p", bytes([5]) * 32)


def cosigned(passport: Passport, *witnesses: NoteSigner) -> dict[str, Any]:
    """The certificate with cosignatures, taken in as a registry takes them in."""
    document = copy.deepcopy(passport.document)
    note = document["evidence"]["checkpoint"]
    lines = "".join(witness.line(parse_note(note)[0], 1_767_225_600) for witness in witnesses)
    document["evidence"]["checkpoint"] = add_cosignatures(note, lines, [witness.key for witness in witnesses])
    return document


@pytest.fixture
def ask(passport: Passport, second: ModuleType, tmp_path: Path) -> Any:
    """Both implementations on a certificate and a trust file; the keys of failed checks, and the verdict."""

    def both(document: dict[str, Any], witnesses: tuple[NoteSigner, ...], **more: Any) -> tuple[list[str], Any]:
        trust = {**passport.trust, "witness": [str(witness.key) for witness in witnesses], **more}
        path = tmp_path / "trust.json"
        path.write_text(json.dumps(trust), encoding="utf-8")
        verdict = verify_certificate(document, load_anchors(path))
        assert (second.verdict(canonical_bytes(document), trust) == "holds") is verdict.holds
        return [check.key for check in verdict.failures()], verdict

    return both


def test_a_quorum(passport: Passport, ask: Any):
    document = cosigned(passport, A, B)
    assert ask(document, (A, B))[0] == []  # all, if the reader does not say how many
    assert ask(document, (A, B, C))[0] == ["witnesses"]
    assert ask(document, (A, B, C), quorum=2)[0] == []
    assert ask(document, (A, B, C), quorum=3)[0] == ["witnesses"]
    assert ask(document, (C,), quorum=1)[0] == ["witnesses"]
    failures, verdict = ask(document, (C,), quorum=0)
    assert failures == []
    assert ("only_log" in verdict.not_proven, "witnessed" in verdict.proven) == (True, False)
    failures, verdict = ask(document, (A, B))
    assert ("only_log" in verdict.not_proven, "witnessed" in verdict.proven) == (False, True)
    (check,) = (check for check in verdict.checks if check.key == "witnesses")
    assert check.detail == "2/2 witness.example/a (cosignature/v1), witness.example/b (subtree/v1)"
    assert any("见证方" in line for line in verdict.lines("zh"))


def test_two_keys_of_one_witness_are_one_witness(passport: Passport, ask: Any):
    assert ask(cosigned(passport, A, A_SAFE), (A, A_SAFE, C), quorum=2)[0] == ["witnesses"]
    assert ask(cosigned(passport, A, A_SAFE), (A, A_SAFE, C), quorum=1)[0] == []


def test_the_log_is_no_witness_of_its_own(passport: Passport, ask: Any):
    own = NoteSigner(passport.document["registry"], bytes([6]) * 32, COSIGNATURE_V1)
    assert ask(cosigned(passport, own), (own,))[0] == ["witnesses"]


def test_a_plain_signature_is_no_cosignature(passport: Passport, tmp_path: Path):
    document = cosigned(passport, PLAIN)
    log = load_anchors(_trust(tmp_path, passport.trust)).log
    verdict = verify_certificate(document, Anchors(log, (PLAIN.key,), 1))
    assert [check.key for check in verdict.failures()] == ["witnesses"]


@pytest.mark.parametrize("witness", [A, B])
def test_every_flipped_letter_of_a_trusted_cosignature_is_found(passport: Passport, ask: Any, witness: NoteSigner):
    document = cosigned(passport, witness)
    note = document["evidence"]["checkpoint"]
    start = note.rindex("—")
    for place in range(start, len(note), 1 if witness is A else 97):
        letter = "A" if note[place] != "A" else "B"
        document["evidence"]["checkpoint"] = note[:place] + letter + note[place + 1 :]
        assert ask(document, (witness,))[0] in (["form"], ["witnesses"])


def test_strangers_change_nothing(passport: Passport, ask: Any):
    failures, verdict = ask(cosigned(passport, A, B, C), ())
    assert (failures, verdict.holds) == ([], True)


def _trust(folder: Path, document: Any) -> Path:
    path = folder / "trust.json"
    path.write_bytes(readable_bytes(document))
    return path


def test_a_trust_file_of_nonsense_is_refused(passport: Passport, tmp_path: Path):
    good = passport.trust
    for bad in (
        {**good, "quorum": 1},
        {**good, "quorum": "1"},
        {**good, "quorum": True},
        {**good, "witness": [str(A.key)], "quorum": 2},
        {**good, "witness": [str(A.key)], "quorum": -1},
        {**good, "witness": [str(PLAIN.key)]},
        {**good, "witness": ["a+b+c"]},
        {**good, "witness": "a"},
        {**good, "log": [1]},
        [],
        {"keys": [], "log": {"a": 1}},
    ):
        with pytest.raises(InputError):
            load_anchors(_trust(tmp_path, bad))
    with pytest.raises(InputError):
        load_anchors(tmp_path / "absent.json")
