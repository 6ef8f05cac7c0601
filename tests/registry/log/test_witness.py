"""A witness against two other witnesses' test data and the statuses that the protocol fixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import IntegrityError
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from tanhui.registry.log import EMPTY_ROOT, MemoryTree, consistency_proof, leaf_hash
from tanhui.registry.log.cosignature import COSIGNATURE_V1, SUBTREE_V1, cosigned_at, read_vkey
from tanhui.registry.log.note import NoteKey, NoteSigner, open_note, parse_note
from tanhui.registry.log.witness import (
    Cosigned,
    Head,
    WitnessRefused,
    add_checkpoint,
    add_cosignatures,
    checkpoint_request,
)
from tests.registry.log import vectors

W1 = NoteSigner("witness.example/w1", bytes(range(32)), COSIGNATURE_V1)
W2 = NoteSigner("witness.example/w2", bytes(range(32)), SUBTREE_V1)
LOG = NoteSigner("example.com/log", bytes(32))
NOW = 1_790_000_000


class Witness:
    """A witness that remembers in a dictionary, as a server remembers in a table."""

    def __init__(self, **logs: list[NoteKey]) -> None:
        self.logs = {origin.replace("__", " "): keys for origin, keys in logs.items()}
        self.heads: dict[str, Head] = {}

    def add(self, request: str | bytes, signers: tuple[NoteSigner, ...] = (W1,)) -> Cosigned:
        data = request if isinstance(request, bytes) else request.encode()
        done = add_checkpoint(data, self.logs.get, self.heads.get, signers, NOW)
        self.heads[done.origin] = done.head
        return done


def status(witness: Witness, request: str | bytes) -> int:
    """The status of the answer; a refusal must change nothing."""
    before = dict(witness.heads)
    try:
        witness.add(request)
    except WitnessRefused as refused:
        assert witness.heads == before
        return refused.status
    return 200


# Other witnesses' data


def test_the_heads_of_a_sigsum_log():
    origin = vectors.SIGSUM_ORIGIN
    witness = Witness()
    witness.logs[origin] = [NoteKey(origin, vectors.SIGSUM_PUBLIC)]
    witness.add(vectors.SIGSUM_1)
    done = witness.add(vectors.SIGSUM_1_TO_5, (W1, W2))
    assert (done.origin, done.head.size, done.head.root.hex()) == (origin, 5, vectors.SIGSUM_ROOT_5)
    note = vectors.SIGSUM_1_TO_5.partition("\n\n")[2]
    cosigned = add_cosignatures(note, done.body, [W1.key, W2.key])
    assert open_note(cosigned, [W1.key, W2.key])[1] == [W1.key, W2.key]
    assert [cosigned_at(found.signature) for found in parse_note(cosigned)[1][1:]] == [NOW, NOW]
    # The slower of two racing requests would roll the witness back.
    with pytest.raises(WitnessRefused) as refused:
        witness.add(vectors.SIGSUM_1_TO_3)
    assert (refused.value.status, refused.value.body, refused.value.content_type) == (409, "5\n", "text/x.tlog.size")


def test_sixty_four_proof_lines_are_too_many():
    witness = Witness()
    witness.logs[vectors.SIGSUM_ORIGIN] = [NoteKey(vectors.SIGSUM_ORIGIN, vectors.SIGSUM_PUBLIC)]
    line = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    assert status(witness, "old 0\n" + line * 64 + "\n" + vectors.SIGSUM_NOTE_1) == 400
    assert status(witness, "old 0\n" + line * 63 + "\n" + vectors.SIGSUM_NOTE_1) == 422


def test_the_heads_of_monkeys_and_bananas():
    witness = Witness(Log__Checkpoint__v0=[read_vkey(vectors.MONKEYS_VKEY)])
    assert status(witness, checkpoint_request(0, [], vectors.BANANAS_5)) == 403
    assert status(witness, checkpoint_request(0, [], vectors.MONKEYS_5)) == 200
    assert status(witness, checkpoint_request(5, vectors.MONKEYS_5_TO_8[::-1], vectors.MONKEYS_8)) == 422
    assert status(witness, checkpoint_request(5, [b"\xaa\xaa"] * 4, vectors.MONKEYS_8)) == 400
    assert status(witness, checkpoint_request(5, vectors.MONKEYS_5_TO_8, "aaa")) == 400
    assert status(witness, checkpoint_request(5, vectors.MONKEYS_5_TO_8, vectors.MONKEYS_8)) == 200
    assert status(witness, checkpoint_request(8, [], vectors.MONKEYS_5)) == 400


def head(size: int, root: bytes) -> str:
    return sign_checkpoint(Checkpoint("example.com/log", size, root), LOG)


LEAF = leaf_hash(b"leaf")
# torchwood's TestZeroSize: known size, old size, new size, root, proof, status.
ZERO_SIZES = {
    "empty tree": (0, 0, 0, EMPTY_ROOT, [], 200),
    "invalid empty root": (0, 0, 0, LEAF, [], 422),
    "zero empty root": (0, 0, 0, bytes(32), [], 422),
    "empty tree with proof": (0, 0, 0, EMPTY_ROOT, [LEAF], 422),
    "first nonempty tree": (0, 0, 1, LEAF, [], 200),
    "first nonempty tree with proof": (0, 0, 1, LEAF, [LEAF], 422),
    "old size mismatch": (1, 0, 1, LEAF, [LEAF], 409),
    "old size greater than new": (1, 1, 0, EMPTY_ROOT, [], 400),
}


@pytest.mark.parametrize(("known", "old", "new", "root", "proof", "wanted"), ZERO_SIZES.values(), ids=ZERO_SIZES)
def test_logs_without_leaves(known: int, old: int, new: int, root: bytes, proof: list[bytes], wanted: int):
    witness = Witness(**{"example.com/log": [LOG.key]})
    if known:
        witness.heads["example.com/log"] = Head(1, LEAF)
    assert status(witness, checkpoint_request(old, proof, head(new, root))) == wanted


# The protocol


def test_the_statuses_of_the_protocol():
    tree, other = MemoryTree(), MemoryTree()
    tree.extend(leaf_hash(bytes([number])) for number in range(9))
    other.extend(leaf_hash(bytes([number + 1])) for number in range(9))
    witness = Witness(**{"example.com/log": [LOG.key]})
    stranger = NoteSigner("example.com/log", bytes(range(32)))
    known = Checkpoint("example.com/log", 5, tree.root(5))
    assert status(witness, checkpoint_request(0, [], sign_checkpoint(known, stranger))) == 403
    assert status(witness, checkpoint_request(0, [], head(5, tree.root(5)))) == 200
    assert status(witness, checkpoint_request(5, [], head(5, tree.root(5)))) == 200  # again, with a later time
    assert status(witness, checkpoint_request(5, [], head(5, other.root(5)))) == 409
    assert status(witness, checkpoint_request(6, [], head(5, tree.root(5)))) == 400
    forked = consistency_proof(5, 9, other.node)
    assert status(witness, checkpoint_request(5, forked, head(9, other.root(9)))) == 422
    wrong = head(9, tree.root(9)).replace("\n9\n", "\n8\n")
    assert status(witness, checkpoint_request(5, consistency_proof(5, 9, tree.node), wrong)) == 403
    assert status(witness, checkpoint_request(5, consistency_proof(5, 9, tree.node), head(9, tree.root(9)))) == 200
    elsewhere = sign_checkpoint(Checkpoint("example.com/unknown", 1, LEAF), LOG)
    assert status(witness, checkpoint_request(0, [], elsewhere)) == 404
    assert witness.heads == {"example.com/log": Head(9, tree.root(9))}


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"old 0",
        b"old 0\n",
        b"old 0\n\n",
        b"old 00\n\n" + vectors.MONKEYS_5.encode(),
        b"old -1\n\n" + vectors.MONKEYS_5.encode(),
        b"Old 0\n\n" + vectors.MONKEYS_5.encode(),
        b"old 0\nAAAA\n\n" + vectors.MONKEYS_5.encode(),
        b"old 0\n?\n\n" + vectors.MONKEYS_5.encode(),
        b"old 0\r\n\r\n" + vectors.MONKEYS_5.encode(),
        b"old 0\n\n\xff",
        b"old 99999999999999999999\n\n" + vectors.MONKEYS_5.encode(),
        vectors.MONKEYS_5.encode(),
    ],
)
def test_malformed_requests(request_: bytes):
    assert status(Witness(Log__Checkpoint__v0=[read_vkey(vectors.MONKEYS_VKEY)]), request_) == 400


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"old 0\n\n{text}".encode("utf-8", "replace")))
def test_no_request_breaks_the_witness(request_: bytes):
    assert status(Witness(Log__Checkpoint__v0=[read_vkey(vectors.MONKEYS_VKEY)]), request_) == 400


# What the log does with the answer


def test_only_known_witnesses_are_added_and_each_line_once():
    note = head(1, LEAF)
    text = parse_note(note)[0]
    answer = W1.line(text, NOW) + W2.line(text, NOW)
    assert add_cosignatures(note, answer, [W1.key]) == note + W1.line(text, NOW)
    once = add_cosignatures(note, W1.line(text, NOW), [W1.key])
    assert add_cosignatures(once, W1.line(text, NOW), [W1.key]) == once
    assert add_cosignatures(note, "", [W1.key]) == note
    with pytest.raises(IntegrityError):
        add_cosignatures(note, W1.line(parse_note(head(2, LEAF))[0], NOW), [W1.key])
    with pytest.raises(IntegrityError):
        add_cosignatures(note, "hello\n", [W1.key])
    assert parse_checkpoint(parse_note(once)[0]) == Checkpoint("example.com/log", 1, LEAF)
