"""The Merkle tree against the Certificate Transparency reference vectors, RFC 9162's own definition, and laws."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.registry.log import (
    EMPTY_ROOT,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

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


def tree_of(leaves: list[bytes]) -> MemoryTree:
    tree = MemoryTree()
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
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
