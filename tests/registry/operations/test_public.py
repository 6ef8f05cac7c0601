"""The public log: published, replayed by strangers, cosigned by witnesses, compared with what somebody kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tanhui.faces.opening import make_registry
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.registry.anchors import load_log_keys
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint, state_line
from tanhui.registry.entries import encode_entry
from tanhui.registry.folder import load_signers
from tanhui.registry.log.cosignature import COSIGNATURE_V1
from tanhui.registry.log.note import NoteSigner, open_note, parse_note
from tanhui.registry.log.rollback import verify_evidence
from tanhui.registry.log.static import read_log, write_static
from tanhui.registry.log.tree import MemoryTree, leaf_hash
from tanhui.registry.model import Interval, JournalEntry, Leg, Place
from tanhui.registry.operations.compare import compare
from tanhui.registry.operations.publish import publish_log
from tanhui.registry.operations.replay_public import export_openings, read_openings, replay_log
from tanhui.registry.operations.witnesses import WITNESSES, Witness, ask_witnesses, load_witnesses, size_known
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.operations.servers import WitnessServer, files, handler, serving


def moved(world: World, count: int, first: int = 0) -> None:
    """Some transfers of one unit."""
    for number in range(first, first + count):
        source, target = (world.owner, world.buyer) if number % 2 == 0 else (world.buyer, world.owner)
        world.registry.transfer(source, target, world.batch, 1, request=f"m{number}")


def rewritten(world: World, log: Path, target: Path, change: Callable[[list[bytes]], None], state: bytes) -> None:
    """A log of changed leaves with right tiles and the registry's own signature: the operator is the liar."""
    leaves = list(read_log(log, parse_checkpoint(parse_note((log / "checkpoint").read_text())[0])))
    change(leaves)
    tree = MemoryTree()
    tree.extend(map(leaf_hash, leaves))
    head = Checkpoint(world.registry.origin, tree.size, tree.root(), (state_line(state),))
    note = sign_checkpoint(head, *load_signers(world.folder), at=1)
    write_static(target, tree.size, tree.node, lambda first, end: leaves[first:end], note)


@pytest.fixture
def log(world: World, tmp_path: Path) -> Path:
    moved(world, 5)
    world.registry.retire(world.owner, world.batch, 5, beneficiary="张三", purpose="event", request="r")
    publish_log(world.folder, tmp_path / "log")
    return tmp_path / "log"


@pytest.fixture
def witness(world: World, tmp_path: Path) -> Iterator[Witness]:
    signer = NoteSigner("witness.example", bytes(range(32)), COSIGNATURE_V1)
    (tmp_path / "witness").mkdir()
    server = WitnessServer(tmp_path / "witness", signer, {world.registry.origin: world.trust})
    with serving(handler(server.answer)) as url:
        yield Witness(url, signer.key)


def test_a_stranger_rebuilds_the_state_from_files_alone(worlds: World, tmp_path: Path):
    moved(worlds, 300)  # more than one tile
    published = publish_log(worlds.folder, tmp_path / "log")
    verdict = replay_log(tmp_path / "log", worlds.trust)
    audited = worlds.registry.audit()
    assert verdict.holds
    assert verdict.facts["state"] == audited.facts["state"]
    assert (verdict.facts["size"], verdict.facts["root"]) == (published.size, audited.facts["root"])
    assert not replay_log(tmp_path / "log").holds  # without anchors: whole, and perhaps somebody else's
    moved(worlds, 20, 300)
    again = publish_log(worlds.folder, tmp_path / "log")
    assert (again.before, again.size) == (published.size, published.size + 40)
    assert replay_log(tmp_path / "log", worlds.trust).facts["state"] == worlds.registry.audit().facts["state"]
    assert publish_log(worlds.folder, tmp_path / "log").before == again.size


def test_over_http(world: World, log: Path, tmp_path: Path):
    with serving(files(log)) as url:
        assert replay_log(url, world.trust).holds
        (log / "tile" / "entries" / "000.p").rename(tmp_path / "gone")
        verdict = replay_log(url, world.trust)
        assert [check.key for check in verdict.failures()] == ["tree"]
    with pytest.raises(InputError):
        replay_log(url, world.trust)  # nobody answers any more


def test_no_name_in_what_is_published(world: World, log: Path):
    everything = b"".join(path.read_bytes() for path in log.rglob("*") if path.is_file())
    for secret in ("湘林合作社", "Buyer Ltd", "张三"):
        assert secret.encode() not in everything


def test_every_flipped_byte_of_a_tile_is_found(world: World, log: Path):
    for path in [path for path in (log / "tile").rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            assert not replay_log(log, world.trust).holds
        path.write_bytes(whole)
    assert replay_log(log, world.trust).holds


def test_an_operator_who_breaks_a_rule_is_found_out_though_all_signatures_are_right(
    world: World, log: Path, tmp_path: Path
):
    state = parse_checkpoint(parse_note((log / "checkpoint").read_text())[0]).state

    def take(leaves: list[bytes]) -> None:
        """Units go to the buyer that the owner does not hold."""
        leg = Leg("B000001", Interval(1, 61), Place(world.owner), Place(world.buyer))
        person = world.registry.declaration.person
        by = (world.registry.do("record", "x", topic="t", subject="s", sha256="0" * 64).by[0],)
        assert by[0].person == person
        leaves.append(encode_entry(JournalEntry(len(leaves), "2026-01-01T00:00:00Z", "transfer", None, (leg,), (), by)))

    rewritten(world, log, tmp_path / "forged", take, state)
    verdict = replay_log(tmp_path / "forged", world.trust)
    assert [check.key for check in verdict.failures()] == ["replay"]
    # Nothing is wrong but the state that the checkpoint states.
    rewritten(world, log, tmp_path / "lying", lambda _: None, bytes(32))
    assert [check.key for check in replay_log(tmp_path / "lying", world.trust).failures()] == ["published_state"]


def test_a_regulator_with_openings(world: World, log: Path, tmp_path: Path):
    file = tmp_path / "openings.jsonl"
    assert export_openings(world.folder, file) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    openings = read_openings(file)
    assert {opening.value for opening in openings.values()} == {"湘林合作社", "Buyer Ltd", "张三"}
    assert replay_log(log, world.trust, openings=openings).holds
    # A name that is not the one committed to.
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["value"] = "Somebody else"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdict = replay_log(log, world.trust, openings=read_openings(file))
    assert [check.key for check in verdict.failures()] == ["openings"]
    # An erased name is lawful: it is counted, and nothing is refused.
    world.registry.erase(next(key for key, opening in openings.items() if opening.value == "张三"))
    file.unlink()
    assert export_openings(world.folder, file) == 2
    verdict = replay_log(log, world.trust, openings=read_openings(file))
    assert verdict.holds
    assert next(check for check in verdict.checks if check.key == "openings").ok is None
    with pytest.raises(InputError):
        export_openings(world.folder, file)  # never over a file that is there
    file.write_text("{}\n")
    with pytest.raises(InputError):
        read_openings(file)


def test_publishing_touches_no_other_folder_and_no_other_log(world: World, log: Path, tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious").write_text("x")
    with pytest.raises(InputError):
        publish_log(world.folder, tmp_path / "other")
    with make_registry(tmp_path / "second", "registry.example/second") as second, pytest.raises(IntegrityError):
        publish_log(second.folder, log)
    assert replay_log(log, world.trust).holds


def test_a_witness_cosigns_and_the_checkpoint_handed_out_says_so(worlds: World, tmp_path: Path):
    signer = NoteSigner("witness.example", bytes(range(32)), COSIGNATURE_V1)
    (tmp_path / "witness").mkdir()
    server = WitnessServer(tmp_path / "witness", signer, {worlds.registry.origin: worlds.trust})
    with serving(handler(server.answer)) as url:
        (worlds.folder / WITNESSES).write_text(f'[[witness]]\nurl = "{url}"\nkey = "{signer.key}"\n')
        (witness,) = load_witnesses(worlds.folder / WITNESSES)
        assert [answer.refused for answer in ask_witnesses(worlds.folder)] == [None]
        publish_log(worlds.folder, tmp_path / "log")
        note = (tmp_path / "log" / "checkpoint").read_text()
        assert open_note(note, [signer.key])[1] == [signer.key]
        assert replay_log(tmp_path / "log", worlds.trust).holds
        moved(worlds, 3)
        assert ask_witnesses(worlds.folder)[0].refused is None  # it has seen less: a proof leads on
        assert ask_witnesses(worlds.folder)[0].refused is None  # and again the same checkpoint
        size = parse_checkpoint(parse_note(worlds.registry.checkpoint())[0]).size
        assert size_known(witness, note) == size
        # We forget what it signed; it tells us where it is.
        with worlds.registry._store.writing() as tx:
            tx.connection.exec_driver_sql("DELETE FROM log_cosignatures")
        moved(worlds, 1, 3)
        assert ask_witnesses(worlds.folder)[0].refused is None
    (answer,) = ask_witnesses(worlds.folder)
    assert answer.refused is not None
    assert answer.refused.code == "operations.witness_unreachable"


def test_a_witness_does_not_cosign_a_log_that_was_rolled_back_or_forked(world: World, witness: Witness, tmp_path: Path):
    shutil.copytree(world.folder, tmp_path / "old")
    moved(world, 2)
    assert ask_witnesses(world.folder, [witness])[0].refused is None
    (answer,) = ask_witnesses(tmp_path / "old", [witness])
    assert answer.refused is not None
    assert answer.refused.code == "operations.witness_ahead"
    with Registry(tmp_path / "old") as other:
        for number in range(3):
            other.transfer(world.owner, world.buyer, world.batch, 2, request=f"other{number}")
        (answer,) = ask_witnesses(tmp_path / "old", [witness])
        assert answer.refused is not None
        assert answer.refused.code == "operations.witness_refused"
        assert answer.refused.facts["status"] == 422


def test_nobody_takes_the_place_of_a_witness(world: World, witness: Witness, tmp_path: Path):
    stranger = NoteSigner("witness.example", bytes(32), COSIGNATURE_V1).key
    (answer,) = ask_witnesses(world.folder, [Witness(witness.url, stranger)])
    assert answer.refused is not None
    assert answer.refused.code == "operations.witness_silent"
    for said in ((200, "text/plain", "— x y\n"), (409, "text/x.tlog.size", "-1\n"), (200, "text/plain", "x" * 10**6)):
        with serving(handler(lambda _, said=said: said)) as url:
            assert ask_witnesses(world.folder, [Witness(url, witness.key)])[0].refused is not None
    (tmp_path / "w.toml").write_text("[[witness]]\nurl = 1\n")
    with pytest.raises(InputError):
        load_witnesses(tmp_path / "w.toml")
    assert load_witnesses(tmp_path / "none.toml") == ()


def test_who_kept_a_checkpoint_finds_a_rollback_and_a_fork(world: World, log: Path, tmp_path: Path):
    shutil.copytree(world.folder, tmp_path / "old")
    trust = load_log_keys(world.folder / "trust.json")
    early = world.registry.checkpoint()
    moved(world, 300, 10)
    kept = world.registry.checkpoint()
    publish_log(world.folder, log)
    for source in (world.folder, log):
        assert compare(source, [early, kept], trust) is None
    with serving(files(log)) as url:
        assert compare(url, [early], trust) is None
    rolled_back = compare(tmp_path / "old", [early, kept], trust)
    assert rolled_back is not None
    assert rolled_back.kind == "rollback"
    with Registry(tmp_path / "old") as other:
        for number in range(400):
            other.transfer(
                world.owner, world.buyer, world.batch, 1 + number % 2, request=f"o{number}"
            ) if number < 20 else (other.open_account(f"n{number}", request=f"o{number}"))
    publish_log(tmp_path / "old", tmp_path / "oldlog")
    forked = compare(tmp_path / "oldlog", [kept], trust)
    assert forked is not None
    assert forked.kind == "fork"
    # A third party who knows nothing but the log's keys is convinced.
    assert verify_evidence(json.loads(json.dumps(forked.to_dict())), trust) == forked
