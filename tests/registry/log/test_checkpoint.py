"""Signed notes against the Go implementation's published note, and every way a note can be wrong."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, IntegrityError, TanhuiError
from tanhui.kernel.signing import ML_DSA, SigningKey, TrustedKey
from tanhui.registry.checkpoint import (
    Checkpoint,
    note_key_id,
    open_note,
    parse_checkpoint,
    read_verifier_key,
    sign_checkpoint,
    sign_note,
    signed_extensions,
    state_line,
    verifier_key,
)
from tanhui.registry.log.cosignature import SUBTREE_V1, read_vkey
from tanhui.registry.log.note import NoteSigner, parse_note
from tests.registry.log import vectors

# Ed25519 is deterministic, so with the Go implementation's key our note is its note.
GO_TEXT, GO_VKEY = vectors.GO_TEXT, vectors.PETER_VKEY
GO_SEED = base64.b64decode(vectors.PETER_SECRET)[1:]
GO_NOTE = f"{GO_TEXT}\n{vectors.PETER_LINE}"
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
        f"origin\n3\n{ROOT}\n\n",
        f"origin\n3\n{ROOT}\nextension\n\nmore\n",
        f"origin\n9223372036854775808\n{ROOT}\n",
        f"origin\n99999999999999999999\n{ROOT}\n",
    ],
)
def test_malformed_checkpoints(text: str):
    with pytest.raises(IntegrityError):
        parse_checkpoint(text)


# What else the Go implementation's tests ask


def test_two_keys_and_repeated_signatures():
    peter, enoch = read_vkey(vectors.PETER_VKEY), read_vkey(vectors.ENOCH_VKEY)
    both = GO_NOTE + vectors.ENOCH_LINE
    assert open_note(both, [peter]) == (GO_TEXT, [peter])
    assert open_note(both, [peter, enoch]) == (GO_TEXT, [peter, enoch])
    assert open_note(both + vectors.PETER_LINE, [peter, enoch])[1] == [peter, enoch]
    assert open_note(both, []) == (GO_TEXT, [])
    with pytest.raises(IntegrityError):
        open_note(GO_NOTE[:-10] + "ABCD" + GO_NOTE[-10:], [peter])


def test_sixteen_large_signatures_are_read_and_a_hundred_and_one_are_not():
    signer = NoteSigner("a.example/pq", bytes(range(32)), SUBTREE_V1)
    note = sign_checkpoint(Checkpoint("a.example", 1, b"\x01" * 32), *[signer] * 16)
    assert len(parse_note(note)[1]) == 16
    assert open_note(note, [signer.key])[1] == [signer.key]
    open_note(GO_NOTE + vectors.PETER_LINE * 99, [TRUSTED])
    with pytest.raises(IntegrityError):
        open_note(GO_NOTE + vectors.PETER_LINE * 100, [TRUSTED])


@pytest.mark.parametrize(
    "note",
    [
        GO_TEXT,
        f"{GO_TEXT}\n",
        GO_NOTE[:-1],
        f"\x01{GO_NOTE}",
        f"{GO_TEXT}\n— Bad Name {vectors.PETER_LINE.split()[-1]}\n",
        f"{GO_NOTE}Unexpected line.\n",
        f"{GO_TEXT}\n— PeterNeumann x08goA==\n"[:-6] + "\n",
    ],
)
def test_malformed_go_notes(note: str):
    with pytest.raises(IntegrityError):
        open_note(note, [TRUSTED])


@pytest.mark.parametrize("text", ["no line feed", "", "carriage\r\n", "lone \ud800\n"])
def test_texts_that_cannot_be_signed(text: str):
    with pytest.raises(DomainError):
        sign_note(text, PETER)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "a\u3000b", "a\x00"])
def test_names_that_no_key_can_have(name: str):
    with pytest.raises(DomainError):
        sign_note("text\n", SigningKey(name, GO_SEED))


def test_an_expert_whose_name_has_spaces_disturbs_nothing():
    assert open_note(GO_NOTE, [TRUSTED, TrustedKey("Dr. Wang Li", bytes(32)), TrustedKey("\ud800", bytes(32))])[1] == [
        TRUSTED
    ]


@pytest.mark.parametrize("note", vectors.SUMDB_NOTES)
def test_heads_of_the_go_checksum_database(note: str):
    key = read_vkey(vectors.SUMDB_VKEY)
    text, signers = open_note(note, [key])
    assert signers == [key]
    assert parse_checkpoint(text).origin == "go.sum database tree"
    assert parse_checkpoint(text).text() == text
    with pytest.raises(IntegrityError):
        open_note(note.replace("\n3", "\n4").replace("\n6", "\n7"), [key])


def test_keys_of_documents_sign_no_notes():
    document_key = SigningKey("PeterNeumann", GO_SEED, ML_DSA)
    with pytest.raises(DomainError):
        sign_note(GO_TEXT, document_key)
    assert open_note(GO_NOTE, [TrustedKey("PeterNeumann", PETER.public, suite=ML_DSA)])[1] == []


# Extension lines


def test_our_extension_line_states_the_root_of_the_state():
    checkpoint = Checkpoint("a.example", 3, b"\x01" * 32, (state_line(b"\x02" * 32),))
    assert checkpoint.text() == f"a.example\n3\n{ROOT}\nstate AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
    text, _ = open_note(sign_checkpoint(checkpoint, PETER), [TRUSTED])
    assert parse_checkpoint(text) == checkpoint
    assert parse_checkpoint(text).state == b"\x02" * 32
    assert Checkpoint("a.example", 3, b"\x01" * 32).state is None


def test_foreign_extension_lines_are_kept_as_they_are():
    text = f"a.example\n3\n{ROOT}\nTimestamp: 1689748607742585419\n{{}} é\n"
    assert parse_checkpoint(text).extensions == ("Timestamp: 1689748607742585419", "{} é")
    assert parse_checkpoint(text).text() == text


@pytest.mark.parametrize("lines", [("state AAAA",), ("state ",), (state_line(b"\x01" * 32),) * 2, ("state ?",)])
def test_state_lines_that_state_no_root(lines: tuple[str, ...]):
    checkpoint = Checkpoint("a.example", 3, b"\x01" * 32, lines)
    with pytest.raises(IntegrityError):
        _ = checkpoint.state


def test_only_a_signature_of_the_whole_text_speaks_for_extension_lines():
    checkpoint = Checkpoint("a.example", 3, b"\x01" * 32, ("state x",))
    large = NoteSigner("a.example", GO_SEED, SUBTREE_V1)
    assert signed_extensions(checkpoint, [TRUSTED]) == ("state x",)
    assert signed_extensions(checkpoint, [large.key]) == ()
    assert signed_extensions(checkpoint, [large.key, NoteSigner("a.example", GO_SEED).key]) == ("state x",)
    assert signed_extensions(checkpoint, []) == ()


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 0, b"\x01" * 32, ()),
        ("two\nlines", 0, b"\x01" * 32, ()),
        ("a\x00", 0, b"\x01" * 32, ()),
        ("a", -1, b"\x01" * 32, ()),
        ("a", 2**63, b"\x01" * 32, ()),
        ("a", 1, b"\x01" * 31, ()),
        ("a", 1, b"\x01" * 32, ("",)),
        ("a", 1, b"\x01" * 32, ("b\n",)),
    ],
)
def test_heads_that_cannot_be_written(origin: str, size: int, root: bytes, extensions: tuple[str, ...]):
    with pytest.raises(IntegrityError):
        Checkpoint(origin, size, root, extensions)


NEARLY = st.text(st.sampled_from("\n— a+= 03AZ\x00é"), max_size=60)


@given(st.one_of(st.text(max_size=60), NEARLY, NEARLY.map(lambda text: f"a\n3\n{ROOT}\n{text}\n\n— a {text}\n")))
def test_malformed_never_raises_anything_but_our_errors(text: str):
    for read in (
        lambda: open_note(text, [TRUSTED]),
        lambda: parse_checkpoint(text),
        lambda: read_vkey(text),
        lambda: read_verifier_key(text),
    ):
        try:
            read()
        except TanhuiError:
            continue
