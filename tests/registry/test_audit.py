"""A registry folder that was tampered with is found out: bytes, rows, rules, rollback, rewriting."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import SigningKey
from tanhui.registry.audit import verify_log
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, verifier_key
from tanhui.registry.entries import encode_entry, entry_from_dict
from tanhui.registry.log import MemoryTree, completed_nodes, leaf_hash
from tanhui.registry.replay import replay
from tanhui.registry.service import Registry
from tanhui.registry.verdict import REFUSED, UNAUTHENTICATED
from tests.registry.conftest import World


@pytest.fixture
def used(world: World) -> World:
    """A registry with a little history, closed so that all of it is in one file."""
    world.registry.transfer(world.owner, world.buyer, world.batch, 20, request="t")
    world.registry.retire(world.buyer, world.batch, 5, beneficiary="x", purpose="event", request="r")
    world.registry.close()
    return world


def tamper(world: World, *statements: str) -> None:
    """Change rows with all triggers gone, as somebody with the file can."""
    connection = sqlite3.connect(world.folder / "registry.db", isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def failed(world: World, **more: Any) -> list[str]:
    verdict = verify_log(world.folder, world.trust, **more)
    assert verdict.status == (REFUSED if verdict.failures() else "holds")
    return [check.key for check in verdict.failures()]


def test_an_untouched_registry(used: World):
    assert failed(used) == []
    assert verify_log(used.folder).status == UNAUTHENTICATED
    facts = verify_log(used.folder, used.trust).facts
    assert (facts["origin"], facts["size"]) == ("registry.example/forest/sandbox", 6)
    assert not list(used.folder.glob("registry.db-*"))


def test_not_a_registry(tmp_path: Path):
    with pytest.raises(InputError):
        verify_log(tmp_path)


def test_every_flipped_bit_of_the_log_is_found(used: World):
    """Bytes of leaves and of checkpoints inside the database file, flipped one at a time."""
    path = used.folder / "registry.db"
    whole, dice = path.read_bytes(), random.Random(4)
    connection = sqlite3.connect(path)
    pieces = [row[0] for row in connection.execute("SELECT leaf FROM log")]
    pieces += [row[0].encode() for row in connection.execute("SELECT note FROM checkpoints")]
    connection.close()
    for piece in pieces:
        start = whole.index(piece)
        for place in dice.sample(range(start, start + len(piece)), 12):
            changed = bytearray(whole)
            changed[place] ^= 1 << dice.randrange(8)
            path.write_bytes(changed)
            assert verify_log(used.folder, used.trust).status == REFUSED


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE holdings SET owner = (SELECT id FROM accounts LIMIT 1) WHERE owner = '@retired'", ["state"]),
        ('DELETE FROM holdings WHERE "first" = 1', ["state"]),
        ("UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND position = 0", ["tree"]),
        ("DELETE FROM nodes WHERE level = 2", ["tree"]),
        ("DELETE FROM checkpoints WHERE size = 6", ["checkpoints"]),
        ("UPDATE checkpoints SET note = replace(note, '— registry', '— other')", ["operator"]),
        ("DELETE FROM requests WHERE id = 't'", ["state"]),
        ("UPDATE claims SET project = 'renamed'", ["state"]),
        ("UPDATE batches SET vintage = 1999 WHERE vintage = 2021", ["state"]),
        ("UPDATE accounts SET commitment = 'x' WHERE rowid = 1", ["state"]),
        ("UPDATE retirements SET batch = 'B000002'", ["state"]),
        ("DELETE FROM log WHERE position = 5", ["tree", "state", "checkpoints"]),
        ("DELETE FROM log WHERE position = 2", ["tree", "replay"]),
        ("DELETE FROM log", ["tree", "replay"]),
    ],
)
def test_changed_rows_are_found(used: World, statement: str, found: list[str]):
    tamper(used, "PRAGMA foreign_keys = OFF", statement)
    assert failed(used) == found


def rewrite(world: World, change: Callable[[list[dict[str, Any]]], object], key: SigningKey | None) -> None:
    """History told anew, with tree and checkpoints made to fit; signed if the forger has a key."""
    connection = sqlite3.connect(world.folder / "registry.db")
    leaves = [json.loads(row[0]) for row in connection.execute("SELECT leaf FROM log ORDER BY position")]
    connection.close()
    change(leaves)
    tamper(world, "DELETE FROM log", "DELETE FROM nodes", "DELETE FROM checkpoints")
    connection, tree = sqlite3.connect(world.folder / "registry.db", isolation_level=None), MemoryTree()
    for position, document in enumerate(leaves):
        leaf = encode_entry(entry_from_dict(document))
        connection.execute("INSERT INTO log VALUES (?, ?)", (position, leaf))
        connection.executemany(
            "INSERT INTO nodes VALUES (?, ?, ?)", completed_nodes(position, leaf_hash(leaf), tree.node)
        )
        tree.append(leaf_hash(leaf))
        signer = key or SigningKey(world.registry.origin, bytes(32))
        note = sign_checkpoint(Checkpoint(world.registry.origin, position + 1, tree.root()), signer)
        connection.execute("INSERT INTO checkpoints VALUES (?, ?)", (position + 1, note))
    connection.close()


def test_a_rewritten_history_without_the_key(used: World):
    rewrite(used, lambda leaves: leaves[-1].update(at="2099-01-01T00:00:00Z"), None)
    assert failed(used) == ["operator"]
    assert verify_log(used.folder).status == REFUSED


def test_a_rewritten_history_under_a_key_of_ones_own(used: World):
    mallory = SigningKey(used.registry.origin, bytes(32))
    operator = verifier_key(mallory.name, mallory.public)
    rewrite(used, lambda leaves: leaves[0]["registry"].update(operator=operator), mallory)
    assert verify_log(used.folder).status == UNAUTHENTICATED  # consistent with itself, and nobody vouches for it
    assert failed(used) == ["signature"]


def test_a_rewritten_history_with_the_key_against_a_kept_checkpoint(used: World):
    with Registry(used.folder) as registry:
        note = registry.checkpoint()
    rewrite(
        used, lambda leaves: leaves[-1].update(at="2099-01-01T00:00:00Z"), SigningKey.load(used.folder / "operator.key")
    )
    assert failed(used) == []  # the operator can lie to somebody who kept nothing
    assert failed(used, kept=note) == ["kept"]


def test_a_rollback_against_a_kept_checkpoint(world: World, tmp_path: Path):
    world.registry.close()
    shutil.copytree(world.folder, tmp_path / "backup")
    with Registry(world.folder) as registry:
        registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")
        note = registry.checkpoint()
    assert failed(world, kept=note) == []
    old = verify_log(tmp_path / "backup", world.trust, kept=note)
    assert [check.key for check in old.failures()] == ["kept"]
    assert "rolled back" in old.failures()[0].why()
    for rubbish in ("", note.replace("registry.example", "elsewhere.example"), "x\n\n— y AAAA\n"):
        assert failed(world, kept=rubbish) == ["kept"]


def twice(leaves: list[dict[str, Any]]) -> None:
    leaves.append({**leaves[3], "index": str(len(leaves))})


def from_nowhere(leaves: list[dict[str, Any]]) -> None:
    leaves[4]["legs"][0] |= {"from": "Anobody"}


def more_than_issued(leaves: list[dict[str, Any]]) -> None:
    leaves[3]["claim"]["credits_t"] = "50"


def retired_again(leaves: list[dict[str, Any]]) -> None:
    again = json.loads(json.dumps(leaves[5]))
    again["index"], again["retirement"]["id"] = "6", "R000006"
    leaves.append(again)


def earnest(leaves: list[dict[str, Any]]) -> None:
    leaves[3]["claim"]["sandbox"] = False


def second_declaration(leaves: list[dict[str, Any]]) -> None:
    leaves.append({**leaves[0], "index": "6"})


def no_declaration(leaves: list[dict[str, Any]]) -> None:
    del leaves[0]
    for index, leaf in enumerate(leaves):
        leaf["index"] = str(index)


def backwards(leaves: list[dict[str, Any]]) -> None:
    leaves[4]["at"] = "1999-01-01T00:00:00Z"


def flag(leaves: list[dict[str, Any]]) -> None:
    leaves[3]["claim"]["creditable"] = True


@pytest.mark.parametrize(
    "change",
    [
        twice,
        from_nowhere,
        more_than_issued,
        retired_again,
        earnest,
        second_declaration,
        no_declaration,
        backwards,
        flag,
    ],
)
def test_a_log_that_breaks_a_rule_is_refused_even_if_signed(used: World, change: Callable[..., object]):
    rewrite(used, change, SigningKey.load(used.folder / "operator.key"))
    assert "replay" in failed(used)


def test_replay_of_nothing():
    with pytest.raises(IntegrityError):
        replay([])
