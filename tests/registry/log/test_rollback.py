"""Logs that forget or rewrite, and what a stranger can check of the evidence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint
from tanhui.registry.log import MemoryTree, consistency_proof, leaf_hash
from tanhui.registry.log.cosignature import SUBTREE_V1
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.log.rollback import Evidence, Prove, find_rollback, verify_evidence

LOG = NoteSigner("log.example/a", bytes(range(32)))
KEYS = [LOG.key]


def tree_of(leaves: list[str]) -> MemoryTree:
    tree = MemoryTree()
    tree.extend(leaf_hash(leaf.encode()) for leaf in leaves)
    return tree


def head(tree: MemoryTree, size: int | None = None, origin: str = "log.example/a", signer: NoteSigner = LOG) -> str:
    return sign_checkpoint(Checkpoint(origin, tree.size if size is None else size, tree.root(size)), signer)


def prover(tree: MemoryTree) -> Prove:
    return lambda first, second: (tree.root(first), consistency_proof(first, second, tree.node))


HONEST = tree_of([str(number) for number in range(40)])
#: A restore at 20 leaves that then went another way.
FORKED = tree_of([*(str(number) for number in range(20)), *(f"other {number}" for number in range(30))])


def test_an_honest_log_kept_its_word():
    kept = [head(HONEST, size) for size in (0, 1, 16, 17, 32, 39, 40)]
    assert find_rollback(kept, head(HONEST), prover(HONEST), KEYS) is None
    assert find_rollback([], head(HONEST), prover(HONEST), KEYS) is None


@pytest.mark.parametrize("size", [21, 32, 39, 40])  # 32: a power of two, whose proof does not begin with the old root
def test_a_rewritten_past_is_found_and_a_stranger_is_convinced(size: int):
    found = find_rollback([head(HONEST, 10), head(HONEST, size)], head(FORKED), prover(FORKED), KEYS)
    assert found is not None
    assert found.kind == "fork"
    document = json.loads(json.dumps(found.to_dict()))
    assert verify_evidence(document, KEYS) == found


def test_two_roots_for_one_size():
    found = find_rollback([head(HONEST, 40)], head(FORKED, 40), prover(FORKED), KEYS)
    assert found == Evidence("fork", head(HONEST, 40), head(FORKED, 40))
    assert found is not None
    assert verify_evidence(found.to_dict(), KEYS) == found


def test_a_shorter_log_is_a_rollback():
    found = find_rollback([head(HONEST, 40), head(HONEST, 30)], head(HONEST, 20), prover(HONEST), KEYS)
    assert found == Evidence("rollback", head(HONEST, 40), head(HONEST, 20))
    assert found is not None
    assert verify_evidence(found.to_dict(), KEYS) == found


def test_a_fork_outweighs_a_rollback():
    found = find_rollback([head(HONEST, 40), head(HONEST, 25)], head(FORKED, 30), prover(FORKED), KEYS)
    assert found is not None
    assert (found.kind, found.kept) == ("fork", head(HONEST, 25))


def test_ml_dsa_is_enough():
    signer = NoteSigner("log.example/a", bytes(32), SUBTREE_V1)
    kept, now = head(HONEST, 40, signer=signer), head(FORKED, signer=signer)
    found = find_rollback([kept], now, prover(FORKED), [signer.key])
    assert found is not None
    assert verify_evidence(found.to_dict(), [signer.key]).kind == "fork"
    with pytest.raises(IntegrityError):
        verify_evidence(found.to_dict(), KEYS)


def test_what_is_not_the_logs_proves_nothing():
    stranger = NoteSigner("log.example/a", bytes(32))
    with pytest.raises(IntegrityError):
        find_rollback([head(HONEST, 30, signer=stranger)], head(FORKED), prover(FORKED), KEYS)
    with pytest.raises(IntegrityError):
        find_rollback([head(HONEST, 30, origin="log.example/b")], head(FORKED), prover(FORKED), KEYS)
    # A log whose proofs do not fit its own head is no honest answer, but no evidence either.
    with pytest.raises(IntegrityError):
        find_rollback([head(HONEST, 30)], head(FORKED, 40), prover(HONEST), KEYS)


def documents() -> list[dict[str, Any]]:
    pairs = [(head(HONEST, 30), head(FORKED)), (head(HONEST, 40), head(FORKED, 40)), (head(HONEST), head(FORKED, 7))]
    found = [find_rollback([kept], now, prover(FORKED), KEYS) for kept, now in pairs]
    return [evidence.to_dict() for evidence in found if evidence]


def test_evidence_against_an_honest_log_cannot_be_made():
    root, proof = prover(HONEST)(30, 40)
    honest = Evidence("fork", head(HONEST, 30), head(HONEST), root, tuple(proof))
    lies = [
        honest,
        Evidence("fork", head(HONEST, 30), head(HONEST), b"\x01" * 32, tuple(proof)),
        Evidence("fork", head(HONEST, 30), head(HONEST)),
        Evidence("fork", head(HONEST, 40), head(HONEST, 40)),
        Evidence("fork", head(HONEST, 40), head(HONEST, 40), b"\x01" * 32, ()),
        Evidence("rollback", head(HONEST, 30), head(HONEST, 40)),
        Evidence("rollback", head(HONEST, 40), head(HONEST, 40)),
    ]
    for lie in lies:
        with pytest.raises(IntegrityError):
            verify_evidence(lie.to_dict(), KEYS)


@given(st.sampled_from(documents()), st.data())
def test_changed_evidence_is_refused_or_as_good(document: dict[str, Any], data: st.DataObject):
    name = data.draw(st.sampled_from(sorted(document)))
    nonsense = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=5), max_size=2) | st.just({})
    changed = {**document, name: data.draw(nonsense)} if data.draw(st.booleans()) else {}
    changed = changed or {key: value for key, value in document.items() if key != name}
    with pytest.raises(TanhuiError):
        verify_evidence(changed, KEYS)
