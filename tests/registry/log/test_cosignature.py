"""Cosignatures against torchwood's and transparency-dev's data, the specification's text, and wrong ones."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from tanhui.kernel.errors import DomainError, IntegrityError
from tanhui.kernel.signing import verify_signature
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from tanhui.registry.log import EMPTY_ROOT, leaf_hash
from tanhui.registry.log.cosignature import (
    COSIGNATURE_V1,
    SUBTREE_V1,
    SUITES,
    cosigned_at,
    is_subtree,
    read_vkey,
    sign_subtree,
    suite_named,
    verify_subtree,
)
from tanhui.registry.log.note import ED25519, NoteKey, NoteSigner, open_note, parse_note
from tests.registry.log import vectors

SEED = bytes(range(32))
HEAD = Checkpoint("log.example/a", 123, leaf_hash(b"test"))
LOG = NoteSigner("log.example/a", SEED)
LOG_PQ = NoteSigner("log.example/a", SEED, SUBTREE_V1)
WITNESS = NoteSigner("witness.example/w1", bytes(32), COSIGNATURE_V1)
WITNESS_PQ = NoteSigner("witness.example/w1", bytes(32), SUBTREE_V1)
ALL = (LOG, LOG_PQ, WITNESS, WITNESS_PQ)


# Published


def test_the_ml_dsa_signature_of_another_implementation():
    key = NoteSigner(vectors.MLDSA_ORIGIN, vectors.MLDSA_SEED, SUBTREE_V1).key
    line = f"— {vectors.MLDSA_ORIGIN} {vectors.MLDSA_SIGNATURE}\n"
    assert key.id.hex() == vectors.MLDSA_KEY_ID
    assert open_note(f"{vectors.MLDSA_TEXT}\n{line}", [key]) == (vectors.MLDSA_TEXT, [key])
    head = parse_checkpoint(vectors.MLDSA_TEXT)
    assert head.root == leaf_hash(b"testonly")
    assert verify_subtree(key, head.origin, 0, 1, head.root, line)
    assert cosigned_at(parse_note(f"{vectors.MLDSA_TEXT}\n{line}")[1][0].signature) == 0
    with pytest.raises(IntegrityError):
        open_note(f"{vectors.MLDSA_TEXT.replace('log', 'Log')}\n{line}", [key])


def test_the_ml_dsa_signature_of_another_implementation_over_a_part_of_the_tree():
    key, root = read_vkey(vectors.SUBTREE_VKEY), base64.b64decode(vectors.SUBTREE_ROOT)
    span = (vectors.SUBTREE_START, vectors.SUBTREE_END)
    assert str(key) == vectors.SUBTREE_VKEY
    assert verify_subtree(key, vectors.SUBTREE_ORIGIN, *span, root, vectors.SUBTREE_LINE)
    assert not verify_subtree(key, "wrong origin", *span, root, vectors.SUBTREE_LINE)
    assert not verify_subtree(key, vectors.SUBTREE_ORIGIN, 8, 14, root, vectors.SUBTREE_LINE)
    assert not verify_subtree(key, vectors.SUBTREE_ORIGIN, *span, b"\x01" + bytes(31), vectors.SUBTREE_LINE)


def test_times_of_published_cosignatures():
    assert cosigned_at(base64.b64decode(vectors.COSIGNATURE)[4:]) == vectors.COSIGNED_AT
    log, witness = parse_note(vectors.C2SP_COSIGNED)[1]
    assert cosigned_at(witness.signature) == vectors.C2SP_COSIGNED_AT
    with pytest.raises(IntegrityError):
        cosigned_at(log.signature)
    with pytest.raises(IntegrityError):
        cosigned_at(b"\xff" * 72)


@pytest.mark.parametrize(
    ("text", "suite"),
    [(vectors.PETER_VKEY, ED25519), (vectors.SUMDB_VKEY, ED25519), (vectors.REMORA_VKEY, COSIGNATURE_V1)],
)
def test_published_verifier_keys(text: str, suite: object):
    key = read_vkey(text)
    assert (key.suite, str(key)) == (suite, text)


def test_every_mangled_verifier_key_is_refused():
    vkey = vectors.PETER_VKEY
    pieces = {vkey[i:j] for i in range(len(vkey)) for j in range(i + 1, len(vkey) + 1)} - {vkey}
    changed = {vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))}
    for text in [*pieces, *changed, *vectors.GO_BAD_VKEYS, "a b+00000000+AQ==", "+00000000+AQ=="]:
        with pytest.raises((IntegrityError, DomainError)):
            read_vkey(text)


# The messages, spelled by hand from the specification


def test_the_ed25519_message_is_the_specifications():
    note = sign_checkpoint(HEAD, WITNESS, at=1679315147)
    signature = parse_note(note)[1][0].signature
    message = b"cosignature/v1\ntime 1679315147\n" + HEAD.text().encode()
    assert verify_signature(WITNESS.key.public, signature[8:], message)
    assert cosigned_at(signature) == 1679315147


def test_the_ml_dsa_message_is_the_specifications():
    note = sign_checkpoint(HEAD, WITNESS_PQ, at=1679315147)
    signature = parse_note(note)[1][0].signature
    message = b"".join(
        [
            b"subtree/v1\n\x00",
            b"\x12witness.example/w1",
            (1679315147).to_bytes(8, "big"),
            b"\x0dlog.example/a",
            (0).to_bytes(8, "big"),
            (123).to_bytes(8, "big"),
            HEAD.root,
        ]
    )
    MLDSA44PublicKey.from_public_bytes(WITNESS_PQ.key.public).verify(signature[8:], message)
    assert len(signature) == 8 + 2420


# Notes with all of them


def test_a_log_and_a_witness_sign_one_checkpoint():
    keys = [signer.key for signer in ALL]
    note = sign_checkpoint(HEAD, *ALL, at=1_700_000_000)
    assert open_note(note, keys) == (HEAD.text(), keys)
    assert open_note(note, keys[2:])[1] == keys[2:]
    assert len({key.id for key in keys}) == 4


@pytest.mark.parametrize("signer", ALL, ids=lambda signer: f"{signer.name} {signer.suite.name}")
def test_verifier_keys_round_trip_and_wrong_notes_are_refused(signer: NoteSigner):
    assert read_vkey(str(signer.key)) == signer.key
    note = sign_checkpoint(HEAD, signer, at=7)
    for changed in (note.replace("\n123\n", "\n124\n"), note.replace("log.example/a\n123", "log.example/b\n123")):
        with pytest.raises(IntegrityError):
            open_note(changed, [signer.key])
    data = base64.b64decode(note.split(" ")[-1])
    for place in range(4, len(data), 97):
        flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        line = f"— {signer.name} {base64.b64encode(flipped).decode()}\n"
        with pytest.raises(IntegrityError):
            open_note(f"{HEAD.text()}\n{line}", [signer.key])
        assert open_note(f"{HEAD.text()}\n{line}", []) == (HEAD.text(), [])


@pytest.mark.parametrize("signer", [WITNESS, WITNESS_PQ])
def test_only_checkpoints_are_cosigned(signer: NoteSigner):
    with pytest.raises(IntegrityError):
        signer.line("no checkpoint\n")
    assert not signer.key.verify("no checkpoint\n", b"\x00" * 2428)
    assert not signer.key.verify(HEAD.text(), b"")
    assert not signer.key.verify(HEAD.text(), b"\xff" * 72)


def test_extension_lines_are_covered_by_ed25519_only():
    head = Checkpoint(HEAD.origin, HEAD.size, HEAD.root, ("state x",))
    note = sign_checkpoint(head, WITNESS_PQ)
    assert open_note(note.replace("state x", "state y"), [WITNESS_PQ.key])[1] == [WITNESS_PQ.key]
    with pytest.raises(IntegrityError):
        open_note(sign_checkpoint(head, WITNESS).replace("state x", "state y"), [WITNESS.key])


@pytest.mark.parametrize("at", [-1, 2**63])
def test_times_that_cannot_be_stated(at: int):
    for signer in ALL:
        with pytest.raises(DomainError):
            sign_checkpoint(HEAD, signer, at=at)


def test_the_ml_dsa_name_has_room_for_255_bytes():
    for name, origin in (("n" * 255, "o" * 255),):
        signer = NoteSigner(name, SEED, SUBTREE_V1)
        assert open_note(sign_checkpoint(Checkpoint(origin, 1, HEAD.root), signer), [signer.key])[1]
    for name, origin in (("n" * 256, "o"), ("n", "o" * 256), ("ñ" * 128, "o")):
        with pytest.raises(DomainError):
            sign_checkpoint(Checkpoint(origin, 1, HEAD.root), NoteSigner(name, SEED, SUBTREE_V1))


def test_an_empty_log_has_one_root():
    sign_checkpoint(Checkpoint("log.example/a", 0, EMPTY_ROOT), WITNESS_PQ)
    with pytest.raises(DomainError):
        sign_checkpoint(Checkpoint("log.example/a", 0, HEAD.root), WITNESS_PQ)


# Subtrees, the cases of torchwood's TestSubtreeRoundtrip and TestValidSubtree


def test_a_subtree():
    root = leaf_hash(b"test")
    line = sign_subtree(WITNESS_PQ, "example.com/log", 8, 13, root)
    key = WITNESS_PQ.key
    assert verify_subtree(key, "example.com/log", 8, 13, root, line)
    assert not verify_subtree(key, "example.com/other", 8, 13, root, line)
    assert not verify_subtree(key, "example.com/log", 8, 12, root, line)
    assert not verify_subtree(key, "example.com/log", 4, 12, root, line)
    assert not verify_subtree(key, "example.com/log", 8, 13, leaf_hash(b"test2"), line)
    assert not verify_subtree(LOG_PQ.key, "example.com/log", 8, 13, root, line)
    assert not verify_subtree(WITNESS.key, "example.com/log", 8, 13, root, line)
    for wrong in ("", "\n", line[:-1], line + line, line.replace("w1 ", "w2 ")):
        assert not verify_subtree(key, "example.com/log", 8, 13, root, wrong)
    whole = sign_checkpoint(Checkpoint("example.com/log", 123, root), WITNESS_PQ, at=5).split("\n\n")[1]
    assert verify_subtree(key, "example.com/log", 0, 123, root, whole)


def test_subtrees_that_cannot_be_signed():
    with pytest.raises(DomainError):
        sign_subtree(WITNESS, "example.com/log", 8, 13, HEAD.root)
    with pytest.raises(DomainError):
        sign_subtree(WITNESS_PQ, "example.com/log", 4, 12, HEAD.root)
    with pytest.raises(DomainError):
        sign_subtree(WITNESS_PQ, "example.com/log", 8, 13, HEAD.root, at=1)
    with pytest.raises(DomainError):
        sign_subtree(WITNESS_PQ, "example.com/log", 5, 5, HEAD.root)
    empty = sign_subtree(WITNESS_PQ, "example.com/log", 5, 5, EMPTY_ROOT)
    assert verify_subtree(WITNESS_PQ.key, "example.com/log", 5, 5, EMPTY_ROOT, empty)


@pytest.mark.parametrize(
    ("start", "end", "valid"),
    [
        (0, 1, True),
        (4, 8, True),
        (8, 13, True),
        (0, 13, True),
        (2, 4, True),
        (6, 8, True),
        (2, 6, False),
        (5, 13, False),
        (1, 7, False),
        (7, 9, False),
        (0, 0, True),
        (5, 5, True),
        (5, 3, False),
        (-1, 3, False),
        (0, 1 << 62, True),
        (0, (1 << 62) + 1, False),
    ],
)
def test_which_ranges_are_subtrees(start: int, end: int, valid: bool):
    assert is_subtree(start, end) is valid


# Suites by name


def test_suites_by_name():
    assert [suite_named(name) for name in SUITES] == [ED25519, COSIGNATURE_V1, SUBTREE_V1]
    with pytest.raises(DomainError) as reserved:
        suite_named("sm2-sm3")
    assert reserved.value.code == "registry.suite_reserved"
    with pytest.raises(DomainError) as unknown:
        suite_named("rsa")
    assert unknown.value.code == "registry.suite_unknown"


def test_keys_of_the_wrong_length():
    with pytest.raises(IntegrityError):
        NoteSigner("a", b"short")
    assert not NoteKey("a", b"short").verify("text\n", b"x" * 64)
    assert not NoteKey("a", b"short", SUBTREE_V1).verify(HEAD.text(), b"\x00" * 2428)
    assert "seed" not in repr(LOG)
