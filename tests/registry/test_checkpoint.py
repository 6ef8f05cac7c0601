"""Signed notes against the Go implementation's published note, and every way a note can be wrong."""

from __future__ import annotations

import base64

import pytest

from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey
from tanhui.registry.checkpoint import (
    Checkpoint,
    note_key_id,
    open_note,
    parse_checkpoint,
    read_verifier_key,
    sign_checkpoint,
    sign_note,
    verifier_key,
)

# golang.org/x/mod/sumdb/note: the documented signer, verifier and note. Ed25519 is deterministic, so ours is the same.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER = SigningKey("PeterNeumann", GO_SEED)
TRUSTED = TrustedKey(PETER.name, PETER.public)

# The example of c2sp.org/tlog-checkpoint (its key is not published, so its signature cannot be checked here).
C2SP_NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_published_note_byte_for_byte():
    assert sign_note(GO_TEXT, PETER) == GO_NOTE
    assert verifier_key(PETER.name, PETER.public) == GO_VKEY
    assert read_verifier_key(GO_VKEY) == TRUSTED
    assert note_key_id(PETER.name, PETER.public).hex() == "c74f20a3"
    assert open_note(GO_NOTE, [TRUSTED]) == (GO_TEXT, [TRUSTED])


def test_the_c2sp_example_is_read():
    text, signers = open_note(C2SP_NOTE, [TRUSTED])
    assert not signers
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text


def test_checkpoints_round_trip():
    for size in (0, 1, 2**62):
        checkpoint = Checkpoint("registry.example/forest/sandbox", size, b"\x07" * 32)
        text, signers = open_note(sign_checkpoint(checkpoint, PETER), [TRUSTED])
        assert signers == [TRUSTED]
        assert parse_checkpoint(text) == checkpoint


def test_a_witness_may_add_its_line():
    witness = SigningKey("witness.example", bytes(range(32)))
    both = GO_NOTE + sign_note(GO_TEXT, witness).split("\n\n")[1]
    assert open_note(both, [TRUSTED])[1] == [TRUSTED]
    assert len(open_note(both, [TRUSTED, TrustedKey(witness.name, witness.public)])[1]) == 2


def test_a_wrong_signature_of_a_known_key_refuses_the_note():
    with pytest.raises(IntegrityError):
        open_note(GO_NOTE.replace("cryptography", "cryptographY"), [TRUSTED])


def test_a_foreign_key_of_the_same_name_is_ignored():
    foreign = SigningKey("PeterNeumann", bytes(range(32)))
    assert open_note(sign_note(GO_TEXT, foreign), [TRUSTED])[1] == []


def test_every_changed_character_is_found():
    checkpoint = sign_checkpoint(Checkpoint("registry.example/a", 3, b"\x01" * 32), PETER)
    for place in range(len(checkpoint)):
        for letter in ("A", "\n", " "):
            changed = checkpoint[:place] + letter + checkpoint[place + 1 :]
            if changed == checkpoint:
                continue
            try:
                text, signers = open_note(changed, [TRUSTED])
                parse_checkpoint(text)
            except IntegrityError:
                continue
            assert not signers


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n- name AAAA\n",
        "text\n\n— na me AAAA\n",
        "text\n\n— na+me AAAA\n",
        "text\n\n— name AAAA",
        "text\n\n— name AAB=\n",  # the last bits of base64 must be zero
        "te\x00xt\n\n— name AAAA\n",
        "te\ud800xt\n\n— name AAAA\n",
        "x" * 200_000 + "\n\n— name AAAA\n",
    ],
)
def test_malformed_notes(note: str):
    with pytest.raises(IntegrityError):
        open_note(note, [TRUSTED])


@pytest.mark.parametrize(
    "text", ["", "x", "a+b", "a+00000000+", GO_VKEY[:-1], GO_VKEY.replace("c74f", "c74e"), GO_VKEY.replace("+A", "+B")]
)
def test_malformed_verifier_keys(text: str):
    with pytest.raises(IntegrityError):
        read_verifier_key(text)


ROOT = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"origin\n3\n{ROOT}",
        f"\n3\n{ROOT}\n",
        f"origin\n03\n{ROOT}\n",
        f"origin\n-3\n{ROOT}\n",
        f"origin\n３\n{ROOT}\n",
        f"origin\n3\n{ROOT[:-4]}\n",
        f"origin\n3\n{ROOT}\nextension\n",
        f"origin\n99999999999999999999\n{ROOT}\n",
    ],
)
def test_malformed_checkpoints(text: str):
    with pytest.raises(IntegrityError):
        parse_checkpoint(text)
