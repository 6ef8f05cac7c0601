"""A backup is made while others write, proves itself, and is put back only where that is no fork. On both databases."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tanhui.faces.migrations import lay_out
from tanhui.faces.opening import make_registry
from tanhui.kernel.canonical import readable_bytes
from tanhui.kernel.errors import InputError, IntegrityError, TanhuiError
from tanhui.registry.audit import verify_log
from tanhui.registry.errors import RegistryError
from tanhui.registry.folder import DATABASE_URL, OPERATOR_KEY
from tanhui.registry.model import Record
from tanhui.registry.operations import restore as restoring
from tanhui.registry.operations.backup import FROZEN, INDEX, backup, read_backup
from tanhui.registry.operations.restore import accept_loss, restore
from tanhui.registry.service import Registry
from tests.registry.conftest import World

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PASSPHRASE = "correct horse"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.registry.operations.test_backup"])


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[World], dict[str, Any]]:
    """Where a world is restored to: a folder, and for PostgreSQL another empty database."""

    def found(world: World) -> dict[str, Any]:
        if not (world.folder / DATABASE_URL).is_file():
            return {"folder": tmp_path / "restored"}
        database = request.getfixturevalue("postgres_server").create_database()
        return {"folder": tmp_path / "restored", "database": database, "lay_out": lay_out}

    return found


def move(world: World, count: int, first: int = 0) -> None:
    """Some transfers of one unit, to and fro."""
    for number in range(first, first + count):
        source, target = (world.owner, world.buyer) if number % 2 == 0 else (world.buyer, world.owner)
        world.registry.transfer(source, target, world.batch, 1, request=f"move-{number}")


def write_for_ever(report: Connection, folder: Path, owner: str, buyer: str, batch: str) -> None:
    """One acknowledged transfer after the other, until killed."""
    with Registry(folder) as registry:
        for number in range(10**9):
            ways = (owner, buyer) if number % 2 == 0 else (buyer, owner)
            registry.transfer(*ways, batch, 1, request=f"w-{number}")
            report.send(registry.checkpoint())


def back_up_slowly(report: Connection, folder: Path, target: Path) -> None:
    """A backup that says where it is and does not get on."""

    def told(step: str, done: int, total: int) -> None:
        report.send((step, done))
        time.sleep(60)

    backup(folder, target, NOW, progress=told)


def restore_slowly(report: Connection, source: Path, place: dict[str, Any]) -> None:
    """A restore that stops before it has verified the copy."""

    def verify(view: Any, found: Any) -> None:
        report.send("verifying")
        time.sleep(60)

    restoring._verify = verify
    if "database" in place:
        place = {**place, "lay_out": lay_out}
    restore(source, now=NOW, **place)


def spawn(work: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    mine, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, mine


def kill(process: Any) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_the_drill_with_writers_at_work(worlds: World, tmp_path: Path, place: Callable[..., Any]):
    process, reports = spawn(write_for_ever, worlds.folder, worlds.owner, worlds.buyer, worlds.batch)
    assert reports.poll(60)
    made = backup(worlds.folder, tmp_path / "backup", NOW, passphrase=PASSPHRASE)
    for _ in range(3):  # the writer was not held up
        reports.recv()
        assert reports.poll(60)
    kill(process)
    there = place(worlds)
    restored = restore(tmp_path / "backup", now=NOW, passphrase=PASSPHRASE, **there)
    assert (restored.size, restored.missing, restored.keys) == (made.size, 0, True)
    # All that the copy says was in the log before, and nothing after.
    assert verify_log(there["folder"], worlds.trust, kept=made.checkpoint).holds
    with Registry(there["folder"]) as registry:
        assert registry.checkpoint() == made.checkpoint
        assert registry.inclusion(made.size - 1, made.size) == worlds.registry.inclusion(made.size - 1, made.size)
        assert {view.name for view in registry.accounts()} == {"湘林合作社", "Buyer Ltd"}
        registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 3, request="after")
        assert registry.audit().holds


def test_a_backup_older_than_what_was_seen_opens_read_only(worlds: World, tmp_path: Path, place: Callable[..., Any]):
    backup(worlds.folder, tmp_path / "backup", NOW, passphrase=PASSPHRASE)
    old = worlds.registry.checkpoint()
    move(worlds, 3)
    kept = worlds.registry.checkpoint()
    there = place(worlds)
    restored = restore(tmp_path / "backup", now=NOW, kept=[old, kept], passphrase=PASSPHRASE, **there)
    assert restored.missing == 6  # three transfers, and a seal after each
    with Registry(there["folder"]) as registry:
        with pytest.raises(RegistryError) as refused:
            registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 1, request="t")
        assert refused.value.code == "registry.restored_older"
        assert registry.checkpoint() == old
        assert registry.audit().holds
        person = registry.declaration.person
    # A backup of it and a restore of that do not get round it.
    backup(there["folder"], tmp_path / "again", NOW, passphrase=PASSPHRASE)
    second = place(worlds) | {"folder": tmp_path / "second"}
    assert restore(tmp_path / "again", now=NOW, passphrase=PASSPHRASE, **second).missing == 6
    with Registry(second["folder"]) as registry, pytest.raises(RegistryError, match="restored"):
        registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 1, request="t")
    with pytest.raises(RegistryError) as refused:
        accept_loss(there["folder"], [])
    assert refused.value.code == "operations.loss_needs_people"
    document = (there["folder"] / FROZEN).read_bytes()
    entry = accept_loss(there["folder"], [person])
    noun = entry.as_kind(Record)
    assert (noun.topic, noun.subject) == ("restore.loss", f"{restored.size}-{restored.size + 5}")
    assert json.loads(document)["kept"] == kept
    assert (there["folder"] / f"loss-{entry.index}.json").read_bytes() == document
    with Registry(there["folder"]) as registry:
        registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 1, request="t")
        assert registry.audit().holds
    with pytest.raises(InputError):
        accept_loss(there["folder"], [person])
    # Whoever kept the checkpoint still sees that the log has not kept its word.
    assert not verify_log(there["folder"], worlds.trust, kept=kept).holds


def test_an_earnest_registry_takes_two_people_of_the_operator(tmp_path: Path):
    registry = make_registry(tmp_path / "earnest", "registry.example/earnest", sandbox=False)
    first = registry.declaration.person
    second = registry.do("add_person", "p2", account=registry.declaration.account, name="Second").noun.id
    owner = registry.open_account("Owner Ltd", request="owner").id
    other = registry.do("add_person", "p3", [first, second], account=owner, name="Stranger").noun.id
    backup(registry.folder, tmp_path / "backup", NOW, passphrase=PASSPHRASE)
    registry.open_account("Late Ltd", request="late")
    restore(tmp_path / "backup", tmp_path / "r", NOW, kept=[registry.checkpoint()], passphrase=PASSPHRASE)
    registry.close()
    for people in ([first], [first, first], [first, other], [first, second, other], ["P?", second]):
        with pytest.raises(RegistryError) as refused:
            accept_loss(tmp_path / "r", people)
        assert refused.value.code == "operations.loss_needs_people"
    entry = accept_loss(tmp_path / "r", [first, second])
    assert set(entry.people()) == {first, second}


def test_a_checkpoint_of_another_history_or_another_log_is_no_loss_but_refused(
    world: World, fresh: Callable[..., World], tmp_path: Path
):
    backup(world.folder, tmp_path / "backup", NOW)
    with pytest.raises(TanhuiError) as refused:
        restore(tmp_path / "backup", tmp_path / "r", NOW, kept=[fresh().registry.checkpoint()])
    assert refused.value.code in ("operations.kept_not_ours", "signature.wrong")
    # The same registry went two ways: its folder was copied, and the copy acted.
    shutil.copytree(world.folder, tmp_path / "copy")
    with Registry(tmp_path / "copy") as copy:
        copy.transfer(world.owner, world.buyer, world.batch, 7, request="there")
        forked = copy.checkpoint()
    move(world, 2)
    backup(world.folder, tmp_path / "later", NOW)
    with pytest.raises(IntegrityError) as refused:
        restore(tmp_path / "later", tmp_path / "r", NOW, kept=[forked])
    assert refused.value.code == "operations.kept_other_history"
    assert not (tmp_path / "r").exists()


def test_without_keys_it_answers_and_signs_nothing(world: World, tmp_path: Path):
    backup(world.folder, tmp_path / "backup", NOW)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    for line in (world.folder / OPERATOR_KEY).read_text().split():
        assert line == world.registry.origin or line.encode() not in everything
    assert not restore(tmp_path / "backup", tmp_path / "r", NOW, passphrase="?").keys
    with Registry(tmp_path / "r") as registry:
        assert registry.balance(world.owner) == world.registry.balance(world.owner)
        with pytest.raises(InputError):
            registry.transfer(world.owner, world.buyer, world.batch, 1, request="t")
        assert registry.checkpoint() == world.registry.checkpoint()


def test_keys_come_back_only_with_their_passphrase(world: World, tmp_path: Path):
    backup(world.folder, tmp_path / "backup", NOW, passphrase=PASSPHRASE)
    with pytest.raises(InputError) as refused:
        restore(tmp_path / "backup", tmp_path / "r", NOW, passphrase="wrong")
    assert refused.value.code == "key.passphrase_wrong"
    assert not (tmp_path / "r").exists()
    restore(tmp_path / "backup", tmp_path / "r", NOW, passphrase=PASSPHRASE)
    for name in (OPERATOR_KEY, "operator-ml-dsa-44.key"):
        assert (tmp_path / "r" / name).read_bytes() == (world.folder / name).read_bytes()
        assert (tmp_path / "r" / name).stat().st_mode & 0o777 == 0o600


def test_everything_is_its_owners_alone(worlds: World, tmp_path: Path, place: Callable[..., Any]):
    backup(worlds.folder, tmp_path / "backup", NOW, passphrase=PASSPHRASE)
    there = place(worlds)
    restore(tmp_path / "backup", now=NOW, **there)
    for folder in (tmp_path / "backup", there["folder"]):
        assert folder.stat().st_mode & 0o077 == 0


def test_nothing_is_written_over(world: World, tmp_path: Path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("x")
    with pytest.raises(InputError):
        backup(world.folder, tmp_path / "full", NOW)
    backup(world.folder, tmp_path / "backup", NOW)
    for again in (tmp_path / "full", tmp_path / "backup"):
        with pytest.raises(InputError):
            restore(tmp_path / "backup", again, NOW)
    assert [(path.name, path.read_text()) for path in (tmp_path / "full").iterdir()] == [("precious", "x")]


def test_a_changed_backup_is_not_put_back(worlds: World, tmp_path: Path, place: Callable[..., Any]):
    backup(worlds.folder, tmp_path / "backup", NOW)
    there = place(worlds)
    for path in [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        middle = len(whole) // 2
        for spoiled in (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], whole[:-1], None):
            path.write_bytes(spoiled) if spoiled is not None else path.unlink()
            with pytest.raises(TanhuiError):
                restore(tmp_path / "backup", now=NOW, **there)
            path.write_bytes(whole)
    (tmp_path / "backup" / "more").write_text("x")
    with pytest.raises(IntegrityError):
        read_backup(tmp_path / "backup")
    assert not there["folder"].exists()


def test_a_backup_that_was_forged_whole_is_found_by_the_audit(world: World, tmp_path: Path):
    backup(world.folder, tmp_path / "backup", NOW)
    file = tmp_path / "backup" / "database" / "registry.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE accounts SET roles = 'operator' WHERE id = ?", (world.buyer,))
    connection.close()
    index = json.loads((tmp_path / "backup" / INDEX).read_text())
    data = file.read_bytes()
    index["files"]["database/registry.db"] = [str(len(data)), hashlib.sha256(data).hexdigest()]
    (tmp_path / "backup" / INDEX).write_bytes(readable_bytes(index))
    with pytest.raises(IntegrityError) as refused:
        restore(tmp_path / "backup", tmp_path / "r", NOW)
    assert refused.value.code == "operations.backup_unsound"
    assert "accounts" in str(refused.value)


def test_a_killed_backup_leaves_nothing_that_looks_like_one(worlds: World, tmp_path: Path):
    process, reports = spawn(back_up_slowly, worlds.folder, tmp_path / "backup")
    assert reports.poll(60)
    kill(process)
    assert not (tmp_path / "backup").exists()
    backup(worlds.folder, tmp_path / "backup", NOW)
    assert not list(tmp_path.glob(".backup.partial-*"))


def test_a_killed_restore_leaves_nothing_half_done(worlds: World, tmp_path: Path, place: Callable[..., Any]):
    made = backup(worlds.folder, tmp_path / "backup", NOW)
    there = place(worlds)
    plain = {name: value for name, value in there.items() if name != "lay_out"}
    process, reports = spawn(restore_slowly, tmp_path / "backup", plain)
    assert reports.poll(60)
    kill(process)
    assert not there["folder"].exists()
    assert restore(tmp_path / "backup", now=NOW, **there).size == made.size
    assert not list(tmp_path.glob(".restored.partial-*"))


def test_a_restore_killed_between_database_and_folder_goes_on(worlds: World, tmp_path: Path, place: Callable[..., Any]):
    made = backup(worlds.folder, tmp_path / "backup", NOW)
    there = place(worlds)
    restore(tmp_path / "backup", now=NOW, **there)
    shutil.rmtree(there["folder"])
    assert restore(tmp_path / "backup", now=NOW, **there).size == made.size
    if "database" in there:  # but never over a database that is another one by now
        move(worlds, 1)
        backup(worlds.folder, tmp_path / "later", NOW)
        with pytest.raises(InputError) as refused:
            restore(tmp_path / "later", now=NOW, **{**there, "folder": tmp_path / "elsewhere"})
        assert refused.value.code == "operations.database_not_empty"


def test_a_backup_goes_back_into_its_own_kind_of_database(worlds: World, tmp_path: Path):
    backup(worlds.folder, tmp_path / "backup", NOW)
    wrong = None if (worlds.folder / DATABASE_URL).is_file() else "postgresql://nowhere/none"
    with pytest.raises(InputError) as refused:
        restore(tmp_path / "backup", tmp_path / "r", NOW, database=wrong)
    assert refused.value.code == "operations.restore_database"
