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
import sqlalchemy as sa

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.registry.audit import verify_log
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, state_line
from tanhui.registry.entries import leaf_json
from tanhui.registry.folder import load_signers
from tanhui.registry.log.cosignature import SUBTREE_V1
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.log.tiles import entry_bundle, read_bundle
from tanhui.registry.log.tree import Frontier, leaf_hash
from tanhui.registry.replay import Replay
from tanhui.registry.service import Registry
from tanhui.registry.verdict import REFUSED, UNAUTHENTICATED
from tests.registry.conftest import World, make_world


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
    assert (facts["origin"], facts["size"]) == ("registry.example/forest/sandbox", 11)
    assert not list(used.folder.glob("registry.db-*"))


def test_not_a_registry(tmp_path: Path):
    with pytest.raises(InputError):
        verify_log(tmp_path)


def test_every_flipped_bit_of_the_log_is_found(used: World):
    """Bytes of leaves and of checkpoints inside the database file, flipped one at a time."""
    path = used.folder / "registry.db"
    whole, dice = path.read_bytes(), random.Random(4)
    connection = sqlite3.connect(path)
    pieces = [row[0] for row in connection.execute("SELECT leaves FROM segments")]
    notes = [row[0].encode() for row in connection.execute("SELECT note FROM checkpoints")]
    pieces += [note[:200] for note in notes]  # of a long note, the page before it overflows
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
        ("UPDATE holdings SET locks = 'E000001' WHERE owner = '@retired'", ["state"]),
        ("DELETE FROM checkpoints WHERE size = 11", []),  # the next publication makes it again
        ("UPDATE checkpoints SET note = replace(note, '— registry', '— other')", ["operator"]),
        ("UPDATE checkpoints SET size = 10 WHERE size = 11", ["checkpoints"]),
        ("DELETE FROM requests WHERE id = 't'", ["state"]),
        ("UPDATE claims SET project = 'renamed'", []),  # an index; what counts is the document
        ("UPDATE claims SET document = replace(document, 'hunan-1', 'hunan-2')", ["state"]),
        ("UPDATE batches SET vintage = 1999 WHERE vintage = 2021", ["state"]),
        ("UPDATE accounts SET commitment = 'x' WHERE rowid = 1", ["state"]),
        ("UPDATE accounts SET roles = 'operator' WHERE rowid = 2", ["state"]),
        ("UPDATE people SET active = 0", ["state"]),
        ("UPDATE endings SET batch = 'B000002'", ["state"]),
        ("UPDATE endings SET units = 1", ["state"]),
        ("UPDATE head SET next_serial = 1", ["head"]),
        ("UPDATE head SET state_sum = zeroblob(2048)", ["head"]),
        ("UPDATE head SET at = '1999-01-01T00:00:00Z'", ["head"]),
        ('DELETE FROM segments WHERE "first" >= 9', ["state", "head", "checkpoints"]),
        ('DELETE FROM segments WHERE "first" = 9', ["tree", "replay"]),
        ('DELETE FROM segments WHERE "first" = 5', ["tree", "replay"]),
        ("DELETE FROM segments", ["replay"]),
        ("INSERT INTO tiles VALUES (0, 0, zeroblob(8192), zeroblob(32))", ["tree"]),
    ],
)
def test_changed_rows_are_found(used: World, statement: str, found: list[str]):
    tamper(used, "PRAGMA foreign_keys = OFF", statement)
    assert failed(used) == found


def rewrite(
    world: World, change: Callable[[list[dict[str, Any]]], object], signers: tuple[NoteSigner, ...] | None
) -> None:
    """History told anew, with tree, head and checkpoints made to fit; signed if the forger has keys."""
    connection = sqlite3.connect(world.folder / "registry.db")
    rows = connection.execute('SELECT leaves, width FROM segments ORDER BY "first"').fetchall()
    connection.close()
    leaves = [json.loads(leaf) for data, width in rows for leaf in read_bundle(data, width)]
    change(leaves)
    tamper(world, "DELETE FROM segments", "DELETE FROM checkpoints")
    connection = sqlite3.connect(world.folder / "registry.db", isolation_level=None)
    signers = signers or strangers(world)
    frontier = Frontier()
    for position, document in enumerate(leaves):
        leaf = leaf_json(document)
        connection.execute("INSERT INTO segments VALUES (?, ?, ?)", (position, 1, entry_bundle([leaf])))
        frontier = frontier.extend([leaf_hash(leaf)])
        if position == 0 or document["kind"] == "seal":
            state = (state_line(bytes.fromhex(document["seal"]["state"])),) if position else ()
            head = Checkpoint(world.registry.origin, position + 1, frontier.root(), state)
            connection.execute("INSERT INTO checkpoints VALUES (?, ?)", (position + 1, sign_checkpoint(head, *signers)))
    connection.execute(
        "UPDATE head SET size = ?, frontier = ?, at = ?", (frontier.size, frontier.to_bytes(), leaves[-1]["at"])
    )
    connection.close()


def strangers(world: World) -> tuple[NoteSigner, ...]:
    """Keys of somebody who calls himself the registry."""
    return NoteSigner(world.registry.origin, bytes(32)), NoteSigner(world.registry.origin, bytes(32), SUBTREE_V1)


def test_a_rewritten_history_without_the_key(used: World):
    rewrite(used, lambda leaves: leaves[-1].update(at="2099-01-01T00:00:00Z"), None)
    assert failed(used) == ["operator"]
    assert verify_log(used.folder).status == REFUSED


def test_a_rewritten_history_under_a_key_of_ones_own(used: World):
    mallory = strangers(used)
    keys = [str(signer.key) for signer in mallory]
    rewrite(used, lambda leaves: leaves[0]["registry"].update(keys=keys), mallory)
    assert verify_log(used.folder).status == UNAUTHENTICATED  # consistent with itself, and nobody vouches for it
    assert failed(used) == ["signature"]


def test_a_rewritten_history_with_the_key_against_a_kept_checkpoint(used: World):
    with Registry(used.folder) as registry:
        note = registry.checkpoint()
    rewrite(used, lambda leaves: leaves[-1].update(at="2099-01-01T00:00:00Z"), load_signers(used.folder))
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


def test_one_of_two_signatures_is_not_enough(used: World):
    """A forger who has broken Ed25519 but not ML-DSA."""
    plain, _ = load_signers(used.folder)
    rewrite(used, lambda leaves: leaves[-1].update(at="2099-01-01T00:00:00Z"), (plain,))
    assert failed(used) == ["operator"]


# In the log of `used`: 1 and 3 are accounts, 5 the issue, 7 the transfer, 9 the retirement; a seal after each.


def again(number: int) -> Callable[[list[dict[str, Any]]], None]:
    """A leaf once more at the end."""

    def change(leaves: list[dict[str, Any]]) -> None:
        leaves.append({**json.loads(json.dumps(leaves[number])), "index": str(len(leaves))})

    return change


def retired_again(leaves: list[dict[str, Any]]) -> None:
    again(9)(leaves)
    leaves[-1]["retirement"]["id"] = "R000011"


def set_at(number: int, *path: Any) -> Callable[[list[dict[str, Any]]], None]:
    """One value changed."""
    *steps, last, value = path

    def change(leaves: list[dict[str, Any]]) -> None:
        inner: Any = leaves[number]
        for step in steps:
            inner = inner[step]
        inner[last] = value

    return change


def no_declaration(leaves: list[dict[str, Any]]) -> None:
    del leaves[0]
    for index, leaf in enumerate(leaves):
        leaf["index"] = str(index)


FORGED = {
    "an issue twice": again(5),
    "a transfer twice": again(7),
    "a retirement twice": retired_again,
    "a second declaration": again(0),
    "no declaration": no_declaration,
    "units of nobody": set_at(7, "legs", 0, "from", "Anobody"),
    "more than issued": set_at(5, "issuance", "claim", "credits_t", "50"),
    "another vintage": set_at(5, "issuance", "pieces", 0, "vintage", "1999"),
    "not a sandbox's": set_at(5, "issuance", "claim", "sandbox", False),
    "a bold flag": set_at(5, "issuance", "claim", "creditable", True),
    "backwards in time": set_at(7, "at", "1999-01-01T00:00:00Z"),
    "another state sealed": set_at(8, "seal", "state", "00" * 32),
    "nobody answers for it": set_at(7, "by", []),
    "somebody unknown does": set_at(7, "by", [{"person": "Pnobody"}]),
    "a lock out of nowhere": set_at(7, "legs", 0, "to", "Ax/E000001"),
    "out of the retired": set_at(9, "legs", 0, "from", "@retired"),
    "to a place that is none": set_at(7, "legs", 0, "to", "@issuance"),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_log_that_breaks_a_rule_is_refused_even_if_signed(used: World, change: Callable[..., object]):
    rewrite(used, change, load_signers(used.folder))
    assert "replay" in failed(used)


def test_replay_of_nothing():
    assert Replay().add([]).state.registry is None
    with pytest.raises(IntegrityError):
        Replay().add([b""])


# What an audit has to find and does not ------------------------------------------------------------------------------


def test_a_rewritten_history_without_any_checkpoint(used: World):
    """The forger has no key: he names the registry's own, which are public, and shows no signature at all."""
    rewrite(used, lambda leaves: leaves[-1].update(at="2099-01-01T00:00:00Z"), None)
    tamper(used, "DELETE FROM checkpoints")
    assert verify_log(used.folder, used.trust).status == REFUSED


def test_entries_that_nobody_has_signed(used: World):
    """Whoever may write to the database, without a key, adds what the rules allow: here, all to the buyer."""
    (used.folder / "operator.key").unlink()
    (used.folder / "operator-ml-dsa-44.key").unlink()
    with Registry(used.folder, publish_each=False) as registry:
        registry.transfer(used.owner, used.buyer, used.batch, 40, request="stolen")
    verdict = verify_log(used.folder, used.trust)
    assert verdict.status == REFUSED or "unsigned" in " ".join(verdict.not_proven)


def test_an_audit_of_a_lock_that_does_not_exist_comes_to_an_end(used: World):
    def change(leaves: list[dict[str, Any]]) -> None:
        leg = leaves[7]["legs"][0]
        source = f"{used.owner}/E999999"
        leaves[7] |= {"kind": "lock", "legs": [{**leg, "from": source, "to": f"{source}/E000007"}]}
        leaves[7]["encumbrance"] = {"id": "E000007", "kind": "freeze", "account": used.owner, "beneficiary": ""}

    rewrite(used, change, load_signers(used.folder))
    assert failed(used) == ["replay"]


def test_a_name_that_does_not_open_its_commitment(used: World):
    tamper(used, "UPDATE openings SET value = 'Mallory & Sons' WHERE value = '湘林合作社'")
    with Registry(used.folder) as registry:
        names = {view.id: view.name for view in registry.accounts()}
    assert names[used.owner] != "Mallory & Sons" or failed(used) == ["state"]


def test_changed_rows_are_found_on_postgresql(postgres_url: str, tmp_path: Path):
    """Somebody who may switch triggers off there: each change is found, and taken back the registry is whole again."""
    world = make_world(tmp_path / "r", postgres_url)
    world.registry.transfer(world.owner, world.buyer, world.batch, 20, request="t")
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    changes = [
        ("holdings", "owner = 'x'", f"owner = '{world.buyer}'", f"owner = '{world.buyer}'", "state"),
        ("head", "next_serial = 1", "next_serial = 101", "true", "head"),
        ("accounts", "region = 'CN'", "region = ''", f"id = '{world.buyer}'", "state"),
        ("batches", "vintage = 1999", "vintage = 2021", "id = 'B000001'", "state"),
        ("requests", "position = 99", "position = 7", "id = 't'", "state"),
        ("checkpoints", "size = 8", "size = 9", "size = 9", "checkpoints"),
        ("segments", '"first" = 99', '"first" = 7', '"first" = 7', "tree"),
    ]
    with engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # no triggers, no foreign keys
        for table, change, back, where, found in changes:
            old, new = back, change
            connection.exec_driver_sql(f"UPDATE {table} SET {new} WHERE {where}")
            assert found in failed(world), table
            moved = new if new.split(" = ")[0] == where.split(" = ")[0] else where
            connection.exec_driver_sql(f"UPDATE {table} SET {old} WHERE {moved}")
            assert failed(world) == []
    engine.dispose()
    world.registry.close()
