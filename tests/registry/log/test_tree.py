"""The Merkle tree against the Certificate Transparency reference vectors, RFC 9162's own definition, and laws."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, IntegrityError
from tanhui.registry.log import (
    EMPTY_ROOT,
    Frontier,
    MemoryTree,
    completed_nodes,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from tanhui.registry.log.cosignature import is_subtree

# Leaves, roots and proofs of the Certificate Transparency reference implementation (cpp/merkletree/merkle_tree_test.cc,
# repeated by trillian and transparency-dev/merkle).
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


SOME_HASH = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")


def tree_of(leaves: list[bytes]) -> MemoryTree:
    tree = MemoryTree()
    tree.extend(map(leaf_hash, leaves))
    return tree


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word, from the leaves' content; independent of the code under test."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162 section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], complete: bool) -> list[bytes]:
    """RFC 9162 section 2.1.4.1."""
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], complete), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def test_reference_roots():
    tree = tree_of(LEAVES)
    for size, root in enumerate(ROOTS, 1):
        assert tree.root(size).hex() == root == mth(LEAVES[:size]).hex()


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_reference_inclusion(index: int, size: int, proof: list[str]):
    made = inclusion_proof(index, size, tree_of(LEAVES).node)
    assert [value.hex() for value in made] == proof
    assert verify_inclusion(index, size, leaf_hash(LEAVES[index]), made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_reference_consistency(first: int, second: int, proof: list[str]):
    made = consistency_proof(first, second, tree_of(LEAVES).node)
    assert [value.hex() for value in made] == proof
    roots = (bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1]))
    assert verify_consistency(first, second, *roots, made)


def test_empty_tree():
    # RFC 9162 section 2.1.1: the hash of an empty list is the hash of an empty string.
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    tree = MemoryTree()
    assert tree.root() == root_hash(0, tree.node) == EMPTY_ROOT
    with pytest.raises(DomainError):
        inclusion_proof(0, 0, tree.node)
    assert not verify_inclusion(0, 0, leaf_hash(b""), [], EMPTY_ROOT)
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert verify_consistency(0, 3, EMPTY_ROOT, tree_of(LEAVES[:3]).root(), [])
    assert not verify_consistency(0, 3, leaf_hash(b""), tree_of(LEAVES[:3]).root(), [])


def test_tree_of_one_leaf():
    tree = tree_of([b"one"])
    assert tree.root() == leaf_hash(b"one")
    assert inclusion_proof(0, 1, tree.node) == []
    assert verify_inclusion(0, 1, leaf_hash(b"one"), [], tree.root())
    assert not verify_inclusion(0, 1, leaf_hash(b"one"), [EMPTY_ROOT], tree.root())


def test_a_leaf_is_never_a_node():
    # Second preimage: an inner node given as a leaf's content has another hash.
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("size", [*range(1, 40), 63, 64, 65, 127])
def test_proofs_are_the_rfcs_and_verify(size: int):
    leaves = [str(number).encode() for number in range(size)]
    tree = tree_of(leaves)
    root = mth(leaves)
    for index in range(size):
        made = inclusion_proof(index, size, tree.node)
        assert made == path(index, leaves)
        assert verify_inclusion(index, size, leaf_hash(leaves[index]), made, root)
    for first in range(1, size + 1):
        made = consistency_proof(first, size, tree.node)
        assert made == subproof(first, leaves, True)
        assert verify_consistency(first, size, mth(leaves[:first]), root, made)


@given(st.data())
def test_a_changed_proof_never_verifies(data: st.DataObject):
    size = data.draw(st.integers(1, 200))
    leaves = [str(number).encode() for number in range(size)]
    tree, index = tree_of(leaves), data.draw(st.integers(0, size - 1))
    proof, leaf = inclusion_proof(index, size, tree.node), leaf_hash(leaves[index])
    assert not verify_inclusion(index, size, leaf, [*proof, EMPTY_ROOT], tree.root())
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[place], "big") ^ (1 << bit)).to_bytes(32, "big")
        assert not verify_inclusion(index, size, leaf, [*proof[:place], flipped, *proof[place + 1 :]], tree.root())
        assert not verify_inclusion(index, size, leaf, [*proof[:place], *proof[place + 1 :]], tree.root())
        other = data.draw(st.integers(0, size - 1).filter(lambda value: value != index))
        assert not verify_inclusion(other, size, leaf, proof, tree.root())


@given(st.data())
def test_a_rewritten_past_is_never_consistent(data: st.DataObject):
    second = data.draw(st.integers(2, 120))
    first = data.draw(st.integers(1, second - 1))
    leaves = [str(number).encode() for number in range(second)]
    other = list(leaves)
    other[data.draw(st.integers(0, first - 1))] = b"rewritten"
    old, new = tree_of(leaves[:first]), tree_of(other)
    assert not verify_consistency(first, second, old.root(), new.root(), consistency_proof(first, second, new.node))


@given(
    st.integers(-3, 20),
    st.integers(-3, 20),
    st.lists(st.binary(max_size=33) | st.just(EMPTY_ROOT), max_size=6),
    st.binary(max_size=33),
)
def test_malformed_proofs_are_refused_not_crashed_on(first: int, second: int, proof: list[bytes], root: bytes):
    assert not verify_inclusion(first, second, leaf_hash(b"x"), proof, root)
    assert not verify_consistency(first, second, leaf_hash(b"x"), leaf_hash(b"y"), proof)


@pytest.mark.parametrize(("first", "second"), [(-1, 2), (3, 2)])
def test_impossible_sizes(first: int, second: int):
    with pytest.raises(DomainError):
        consistency_proof(first, second, tree_of(LEAVES).node)


# The probes of transparency-dev/merkle (testdata/inclusion and testdata/consistency, Apache-2.0), made from the proofs
# above as its generator makes them. It counts in unsigned 64-bit integers, so 0 - 1 is its largest.


def inclusion_probes(index: int, size: int, proof: list[bytes], root: bytes, leaf: bytes) -> dict[str, tuple]:
    probes = {
        "leafIdx - 1": ((index - 1) % 2**64, size, leaf, proof, root),
        "leafIdx + 1": (index + 1, size, leaf, proof, root),
        "leafIdx ^ 2": (index ^ 2, size, leaf, proof, root),
        "treeSize * 2": (index, size * 2, leaf, proof, root),
        "treeSize div 2": (index, size // 2, leaf, proof, root),
        "wrong leaf": (index, size, b"WrongLeaf", proof, root),
        "empty root": (index, size, leaf, proof, EMPTY_ROOT),
        "random root": (index, size, leaf, proof, SOME_HASH),
        "trailing garbage": (index, size, leaf, [*proof, b""], root),
        "trailing root": (index, size, leaf, [*proof, root], root),
        "preceding garbage": (index, size, leaf, [b"", *proof], root),
        "preceding root": (index, size, leaf, [root, *proof], root),
        "removed component": (index, size, leaf, proof[:-1], root),
        "inserted component": (index, size, leaf, [*proof[:1], SOME_HASH, *proof[1:]], root),
    }
    for place, value in enumerate(proof):
        changed = [*proof[:place], bytes([value[0] ^ 8]) + value[1:], *proof[place + 1 :]]
        probes[f"modified proof[{place}] bit 3"] = (index, size, leaf, changed, root)
    return probes


def consistency_probes(first: int, second: int, proof: list[bytes], old: bytes, new: bytes) -> dict[str, tuple]:
    probes = {
        "size1 - 1": (first - 1, second, old, new, proof),
        "size1 + 1": (first + 1, second, old, new, proof),
        "size1 ^ 2": (first ^ 2, second, old, new, proof),
        "size2 * 2": (first, second * 2, old, new, proof),
        "size2 div 2": (first, second // 2, old, new, proof),
        "wrong root1": (first, second, b"WrongRoot", new, proof),
        "wrong root2": (first, second, old, b"WrongRoot", proof),
        "swapped roots": (first, second, new, old, proof),
        "empty proof": (first, second, old, new, []),
        "trailing garbage": (first, second, old, new, [*proof, b""]),
        "trailing root1": (first, second, old, new, [*proof, old]),
        "trailing root2": (first, second, old, new, [*proof, new]),
        "preceding garbage": (first, second, old, new, [b"", *proof]),
        "preceding root1": (first, second, old, new, [old, *proof]),
        "preceding root2": (first, second, old, new, [new, *proof]),
        "preceding proof[0]": (first, second, old, new, [proof[0], *proof]),
        "truncated proof": (first, second, old, new, proof[:-1]),
    }
    for place, value in enumerate(proof):
        changed = [*proof[:place], bytes([value[0] ^ 16]) + value[1:], *proof[place + 1 :]]
        probes[f"modified proof[{place}] bit 4"] = (first, second, old, new, changed)
    return probes


@pytest.mark.parametrize(("index", "size", "proof"), [case for case in INCLUSION if case[2]])
def test_published_wrong_inclusion_proofs_are_refused(index: int, size: int, proof: list[str]):
    hashes, leaf = list(map(bytes.fromhex, proof)), leaf_hash(LEAVES[index])
    probes = inclusion_probes(index, size, hashes, bytes.fromhex(ROOTS[size - 1]), leaf)
    assert [name for name, probe in probes.items() if verify_inclusion(*probe)] == []


@pytest.mark.parametrize(("first", "second", "proof"), [case for case in CONSISTENCY if case[2]])
def test_published_wrong_consistency_proofs_are_refused(first: int, second: int, proof: list[str]):
    roots = [bytes.fromhex(ROOTS[size - 1]) for size in (first, second)]
    probes = consistency_probes(first, second, list(map(bytes.fromhex, proof)), *roots)
    assert [name for name, probe in probes.items() if verify_consistency(*probe)] == []


@pytest.mark.parametrize(
    ("first", "second", "old", "new", "proof"),
    [
        # testdata/consistency/additional, all of them wrong; E is the root of the empty tree.
        (0, 0, EMPTY_ROOT, SOME_HASH, []),
        (1, 1, EMPTY_ROOT, SOME_HASH, []),
        (0, 0, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT]),
        (0, 1, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT]),
        (1, 1, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT]),
        (1, 0, SOME_HASH, EMPTY_ROOT, []),
        (2, 1, SOME_HASH, EMPTY_ROOT, []),
        (1, 2, SOME_HASH, EMPTY_ROOT, []),
    ],
)
def test_published_wrong_cases_at_the_edges(first: int, second: int, old: bytes, new: bytes, proof: list[bytes]):
    assert not verify_consistency(first, second, old, new, proof)


def test_proofs_of_a_log_of_a_billion_certificates():
    case = json.loads(Path(__file__).with_name("argon2020.json").read_text(encoding="utf-8"))
    path, consistency = ([base64.b64decode(value) for value in case[name]] for name in ("audit_path", "consistency"))
    leaf, root, old = (base64.b64decode(case[name]) for name in ("leaf_input", "root", "first_root"))
    index, size, first = case["leaf_index"], case["tree_size"], case["first"]
    assert verify_inclusion(index, size, leaf_hash(leaf), path, root)
    assert not verify_inclusion(index + 1, size, leaf_hash(leaf), path, root)
    assert verify_consistency(first, size, old, root, consistency)
    assert not verify_consistency(first - 1, size, old, root, consistency)


# github.com/FiloSottile/torchwood, subtree_test.go (BSD-3-Clause): digests over all subtrees of 130 one-byte leaves,
# and over the proofs of all leaves in them. Subtrees are trees of their own, so our roots and proofs are theirs.
TORCHWOOD_ROOTS = "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"
TORCHWOOD_PROOFS = "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


def test_every_root_and_proof_of_another_implementation():
    tree = tree_of([bytes([number]) for number in range(130)])
    roots, proofs = hashlib.sha256(), hashlib.sha256()
    for end in range(131):
        for start in filter(lambda first: is_subtree(first, end), range(end + 1)):

            def node(level: int, position: int, start: int = start) -> bytes:
                return tree.node(level, position + (start >> level))

            roots.update(f"[{start}, {end}) {root_hash(end - start, node).hex()}\n".encode())
            for leaf in range(start, end):
                proof = inclusion_proof(leaf - start, end - start, node)
                proofs.update(
                    " ".join([f"{leaf} [{start}, {end})", *(value.hex() for value in proof)]).encode() + b"\n"
                )
    assert roots.hexdigest() == TORCHWOOD_ROOTS
    assert proofs.hexdigest() == TORCHWOOD_PROOFS


# Appending


@given(st.lists(st.integers(0, 300), max_size=8))
def test_appending_in_pieces_gives_the_same_tree(pieces: list[int]):
    frontier, bulk, single, leaves = Frontier(), MemoryTree(), MemoryTree(), list[bytes]()
    for piece in pieces:
        fresh = [str(number).encode() for number in range(len(leaves), len(leaves) + piece)]
        hashes = [leaf_hash(leaf) for leaf in fresh]
        leaves += fresh
        frontier, _ = frontier.extend(hashes), bulk.extend(hashes)
        for value in hashes:
            single.append(value)
        assert frontier.root() == bulk.root() == single.root() == mth(leaves)
        assert Frontier.from_bytes(frontier.to_bytes()) == frontier
    assert frontier.size == bulk.size == len(leaves)


def test_a_frontier_is_what_a_store_of_nodes_would_have():
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for size in range(70):
        leaf = leaf_hash(bytes([size]))
        nodes.update(
            {(level, place): value for level, place, value in completed_nodes(size, leaf, lambda *k: nodes[k])}
        )
        frontier = frontier.extend([leaf])
        assert set(frontier.hashes) <= set(nodes.values())
        assert frontier.root() == root_hash(size + 1, lambda level, place: nodes[level, place])


def test_a_large_frontier_keeps_its_size():
    # 2**62 + 1 leaves: one large subtree, one leaf.
    frontier = Frontier(2**62, (SOME_HASH,)).extend([EMPTY_ROOT])
    assert (frontier.size, frontier.hashes) == (2**62 + 1, (SOME_HASH, EMPTY_ROOT))
    assert frontier.root() == node_hash(SOME_HASH, EMPTY_ROOT)


@given(st.binary(max_size=120))
def test_malformed_frontiers(data: bytes):
    try:
        frontier = Frontier.from_bytes(data)
    except IntegrityError:
        return
    assert frontier.to_bytes() == data


@pytest.mark.parametrize(
    ("size", "hashes"),
    [(1, ()), (0, (SOME_HASH,)), (-1, ()), (2**63, (SOME_HASH,)), (1, (b"short",)), (3, (SOME_HASH,))],
)
def test_impossible_frontiers(size: int, hashes: tuple[bytes, ...]):
    with pytest.raises(IntegrityError):
        Frontier(size, hashes)
