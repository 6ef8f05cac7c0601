"""A backup back at work. One that is older than what others saw must not go on as if nothing had happened.

Whoever kept a checkpoint of the lost acts, and every witness, would see a log with two histories. So a registry that
lacks leaves which were seen opens read-only: its database refuses every further leaf, whichever program asks. Only a
decision that is itself in the log, by the operator's people, opens it again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.canonical import digest, readable_bytes
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.keystore import read_key
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.signing import SigningKey
from tanhui.registry.acts import Order
from tanhui.registry.anchors import authenticated_by
from tanhui.registry.audit import audit_store
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.engines import sqlite_url
from tanhui.registry.errors import RegistryError
from tanhui.registry.folder import DATABASE, DATABASE_URL, timestamp
from tanhui.registry.log.cosignature import read_vkey
from tanhui.registry.log.note import NoteKey, parse_note
from tanhui.registry.log.tree import root_hash
from tanhui.registry.model import Approval, Declaration, JournalEntry
from tanhui.registry.operations import backup as b
from tanhui.registry.operations.copy import copy_in, driver_cursor, row_counts
from tanhui.registry.operations.staging import private_folder, write_private
from tanhui.registry.operations.witnesses import Witness, size_known
from tanhui.registry.service import Registry
from tanhui.registry.store import Reader, Store

__all__ = ["FROZEN", "Restored", "accept_loss", "restore"]

FROZEN = b.FROZEN
FORMAT = "tanhui-loss-1"
TOPIC = "restore.loss"

THAW = {
    "sqlite": ("DROP TRIGGER IF EXISTS registry_frozen",),
    "postgresql": ("DROP FUNCTION IF EXISTS registry_frozen CASCADE",),
}
FREEZE = {
    "sqlite": (
        *THAW["sqlite"],
        "CREATE TRIGGER registry_frozen BEFORE INSERT ON segments "
        "BEGIN SELECT RAISE(ABORT, 'registry.restored_older'); END",
    ),
    "postgresql": (
        *THAW["postgresql"],
        "CREATE FUNCTION registry_frozen() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'registry.restored_older' USING ERRCODE = '23514'; END $$",
        "CREATE TRIGGER registry_frozen BEFORE INSERT ON segments FOR EACH ROW EXECUTE FUNCTION registry_frozen()",
    ),
}
LayOut = Callable[[sa.Connection, str], None]
"""Bring a database, an empty one perhaps, to a revision of its layout (the newest for an empty text), in the caller's
transaction."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A registry after a restore. ``missing`` leaves were seen by others and are not in it: it is read-only then."""

    origin: str
    size: int
    seen: int
    keys: bool

    @property
    def missing(self) -> int:
        """Leaves that somebody saw and the backup lacks."""
        return max(0, self.seen - self.size)

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        numbers = {"size": str(self.size), "seen": str(self.seen), "missing": str(self.missing)}
        return {"origin": self.origin, **numbers, "read_only": bool(self.missing), "keys": self.keys}


def restore(
    source: Path,
    folder: Path,
    now: datetime,
    *,
    kept: Sequence[str] = (),
    witnesses: Sequence[Witness] = (),
    database: str | None = None,
    lay_out: LayOut | None = None,
    passphrase: str | None = None,
    progress: Progress = silent,
) -> Restored:
    """Put a backup back, after it was verified from its first leaf on.

    Parameters
    ----------
    source : Path
        The backup.
    folder : Path
        An absent or empty folder. It appears whole or not at all.
    now : datetime
        When this happens.
    kept : sequence of str
        Signed checkpoints that somebody kept: the last ones known.
    witnesses : sequence of Witness
        Asked how much of the log they have seen.
    database : str, optional
        The address of an empty PostgreSQL database, for a backup of one.
    lay_out : callable, optional
        How that database gets its tables, and how a backup of an older layout becomes one of today's.
    passphrase : str, optional
        That of the keys in the backup. Without keys the registry answers questions and signs nothing.

    Raises
    ------
    InputError
        If the target is not empty, or not of the backup's kind.
    IntegrityError
        If the backup is damaged, or the log has another history than a kept checkpoint says.
    """
    found = b.read_backup(source)
    if (found.database == "postgresql") != (database is not None):
        raise InputError("operations.restore_database", database=found.database)
    with private_folder(folder) as stage:
        for name in b.BESIDE:
            if name in found.files:
                shutil.copyfile(source / name, stage / name)
        keys = passphrase is not None and _put_keys(source / b.KEYS, stage, passphrase)
        if database is None:
            shutil.copyfile(source / b.DATABASE / "registry.db", stage / DATABASE)
            store = Store(sqlite_url(stage / DATABASE, "rw"))
        else:
            write_private(stage / DATABASE_URL, [database.encode() + b"\n"])
            store = Store(database)
        with _open(store) as connection:
            if database is not None:
                _fill(connection, found, source, lay_out, progress)
            _count_rows(connection, found)
            if lay_out is not None:
                lay_out(connection, "")
            view = Reader(connection)
            _verify(view, found)
            seen, note = _seen(view, found, kept, witnesses)
            if seen > found.size:
                _run(connection, FREEZE)
                (stage / FROZEN).unlink(missing_ok=True)
                _say_why(stage / FROZEN, found, seen, note, now)
            elif (stage / FROZEN).exists():  # a backup of a registry that was read-only already
                seen = int(_loss(stage / FROZEN)["seen"])
                _run(connection, FREEZE)
    return Restored(found.origin, found.size, seen, keys)


def accept_loss(folder: Path, people: Sequence[str]) -> JournalEntry:
    """Go on with a registry that was restored without leaves that others saw, and say so in its log.

    Parameters
    ----------
    folder : Path
        The registry.
    people : sequence of str
        As many different people of the operator as an act of weight takes here: two, in a sandbox perhaps one.

    Raises
    ------
    RegistryError
        If they are too few, or not the operator's.
    InputError
        If nothing is to be accepted.
    """
    path = folder / FROZEN
    if not path.is_file():
        raise InputError("operations.nothing_lost", path=str(folder))
    document = _loss(path)
    lost = f"{document['size']}-{int(document['seen']) - 1}"
    sha256 = digest(path.read_bytes())
    with Registry(folder) as registry:
        order = Order(
            f"accept-loss-{sha256}",
            "record",
            {"topic": TOPIC, "subject": lost, "sha256": sha256},
            tuple(Approval(person) for person in dict.fromkeys(people)),
        )
        with registry.transaction() as (connection, submit):
            _need_operators(Reader(connection), registry.declaration, order)
            _run(connection, THAW)
            entry = submit([order])[0].done()
    # The document stays: the log has its hash.
    os.replace(path, folder / f"loss-{entry.index}.json")
    return entry


@contextmanager
def _open(store: Store) -> Any:
    """One transaction for all that a restore does to a database, so that a kill leaves nothing of it."""
    try:
        with store.writing() as tx:
            yield tx.connection
    finally:
        store.close()


def _fill(connection: sa.Connection, found: b.Backup, source: Path, lay_out: LayOut | None, progress: Progress) -> None:
    """The tables and rows of a backup in an empty database."""
    if sa.inspect(connection).has_table("segments"):
        # A restore that was killed after the database was done and before the folder was.
        head = Reader(connection).head()
        if (head.size, head.frontier.root().hex()) == (found.size, found.root):
            _run(connection, THAW)
            return
        raise InputError("operations.database_not_empty")
    assert lay_out is not None
    lay_out(connection, found.schema)
    copy_in(connection, source / b.DATABASE, progress)


def _count_rows(connection: sa.Connection, found: b.Backup) -> None:
    """Every table has as many rows as it had."""
    if not found.tables.items() <= row_counts(connection).items():
        raise IntegrityError("operations.backup_malformed", path=b.INDEX)


def _verify(view: Reader, found: b.Backup) -> None:
    """The copy is a sound registry, and the one that the backup says."""
    keys = _declared_keys(view)
    for check in audit_store(view, keys).failures():
        raise IntegrityError("operations.backup_unsound", check=check.text(), why=check.why())
    head = view.head()
    same = (head.size, head.frontier.root().hex(), view.checkpoint()) == (found.size, found.root, found.checkpoint)
    if not same:
        raise IntegrityError("operations.backup_malformed", path=b.INDEX)


def _seen(view: Reader, found: b.Backup, kept: Sequence[str], witnesses: Sequence[Witness]) -> tuple[int, str]:
    """The most leaves of this log that anybody saw, and the checkpoint that shows it, where there is one."""
    seen, note = 0, ""
    for text in kept:
        head = parse_checkpoint(parse_note(text)[0])
        if head.origin != found.origin or not authenticated_by(text, _declared_keys(view), found.origin):
            raise IntegrityError("operations.kept_not_ours", origin=head.origin)
        if head.size <= found.size and root_hash(head.size, view.nodes(found.size)) != head.root:
            raise IntegrityError("operations.kept_other_history", size=head.size)
        if head.size > seen:
            seen, note = head.size, text
    for witness in witnesses:
        known = size_known(witness, found.checkpoint)
        if known is None:
            raise InputError("operations.witness_unreachable", url=witness.url, detail="?")
        if known > seen:
            seen, note = known, ""
    return seen, note


def _declared_keys(view: Reader) -> list[NoteKey]:
    declared = view.entry(0).noun
    assert isinstance(declared, Declaration)
    return [read_vkey(text) for text in declared.keys]


def _say_why(path: Path, found: b.Backup, seen: int, note: str, now: datetime) -> None:
    document: Mapping[str, Any] = {
        "format": FORMAT,
        "origin": found.origin,
        "size": str(found.size),
        "root": found.root,
        "seen": str(seen),
        "kept": note,
        "backup_of": found.made_at,
        "restored_at": timestamp(now),
    }
    write_private(path, [readable_bytes(document)])


def _loss(path: Path) -> dict[str, Any]:
    """The document of a loss."""
    try:
        document = json.loads(path.read_bytes())
        known = document["format"] == FORMAT and int(document["size"]) < int(document["seen"])
    except (OSError, ValueError, LookupError, TypeError):
        known = False
    if not known:
        raise IntegrityError("operations.backup_malformed", path=path.name)
    return dict(document)


def _put_keys(source: Path, stage: Path, passphrase: str) -> bool:
    """The keys of a backup as a registry at work has them; whether there were any."""
    files = sorted(source.glob("*.key")) if source.is_dir() else []
    for path in files:
        key = read_key(path, passphrase).key
        assert isinstance(key, SigningKey)
        key.save(stage / path.name)
    return bool(files)


def _need_operators(view: Reader, declared: Declaration, order: Order) -> None:
    """Enough different people of the operator, for this decision is the operator's."""
    operators = 0
    for approval in order.by:
        person = view.person(approval.person)
        account = view.account(person.account) if person and person.active else None
        operators += account is not None and "operator" in account.roles
    if operators < declared.eyes or operators < len(order.by):
        raise RegistryError("operations.loss_needs_people", eyes=declared.eyes)


def _run(connection: sa.Connection, statements: Mapping[str, Sequence[str]]) -> None:
    """Shut the log, or open it again."""
    with closing(driver_cursor(connection)) as cursor:
        for statement in statements[connection.dialect.name]:
            cursor.execute(statement)
