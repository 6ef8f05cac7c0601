"""A copy of a registry, made while it works, that says what it holds and proves itself before it is used.

``backup.json`` names every file with its hash, and the log's size, root, state and newest checkpoint at the moment of
the copy. The keys are in it only where asked for, and then encrypted: who finds a backup must not become the operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from tanhui.kernel.canonical import exact_json, file_digest, readable_bytes
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.keystore import read_key, write_key
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.signing import SigningKey
from tanhui.registry.folder import TRUST, open_store, timestamp
from tanhui.registry.model import Declaration
from tanhui.registry.operations.copy import copy_out, row_counts, schema_revision
from tanhui.registry.operations.staging import private_folder
from tanhui.registry.operations.witnesses import WITNESSES
from tanhui.registry.store import Reader

__all__ = ["Backup", "backup", "read_backup"]

FORMAT = "tanhui-backup-1"
#: Not ``manifest.json``: by that name a run would know a result folder that it may replace.
INDEX = "backup.json"
DATABASE, KEYS = "database", "keys"
#: In the folder of a registry that is read-only after a restore: what is missing, and who says so.
FROZEN = "restored.json"
#: Files of a registry's folder that come along.
BESIDE = (TRUST, WITNESSES, FROZEN)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. Hashes are hexadecimal; ``files`` are paths with length and SHA-256."""

    origin: str
    sandbox: bool
    made_at: str
    database: str
    schema: str
    size: int
    root: str
    checkpoint: str
    tables: Mapping[str, int]
    files: Mapping[str, tuple[int, str]]

    def to_dict(self) -> dict[str, Any]:
        """The index of the backup; whole numbers of the ledger are texts."""
        return {
            "format": FORMAT,
            "origin": self.origin,
            "sandbox": self.sandbox,
            "made_at": self.made_at,
            "database": self.database,
            "schema": self.schema,
            "size": str(self.size),
            "root": self.root,
            "checkpoint": self.checkpoint,
            "tables": {name: str(rows) for name, rows in sorted(self.tables.items())},
            "files": {path: [str(length), sha256] for path, (length, sha256) in sorted(self.files.items())},
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Backup:
        """The inverse of :meth:`to_dict`; raises what a malformed one makes Python raise."""
        values = {name: document[name] for name in ("origin", "sandbox", "made_at", "database", "schema", "root")}
        found = cls(
            **values,
            size=int(document["size"]),
            checkpoint=document["checkpoint"],
            tables={name: int(rows) for name, rows in document["tables"].items()},
            files={path: (int(length), sha256) for path, (length, sha256) in document["files"].items()},
        )
        inside = all(".." not in PurePosixPath(path).parts and not path.startswith("/") for path in found.files)
        if not inside or found.to_dict() != document:
            raise IntegrityError("operations.backup_malformed", path=INDEX)
        return found


def backup(
    registry: Path, target: Path, now: datetime, *, passphrase: str | None = None, progress: Progress = silent
) -> Backup:
    """Copy a registry that may be at work.

    Parameters
    ----------
    registry : Path
        Its folder.
    target : Path
        A new folder, readable by its owner only. It appears whole or not at all.
    now : datetime
        When it is made.
    passphrase : str, optional
        With one, the registry's keys are copied too, encrypted under it. It also opens keys that are encrypted there.

    Raises
    ------
    InputError
        If there is something at ``target``.
    """
    store = open_store(registry)
    try:
        with private_folder(target) as stage:
            (stage / DATABASE).mkdir()
            with store.reading() as view:
                facts = _facts(view)
                copy_out(view, stage / DATABASE, progress)
            for name in BESIDE:
                if (registry / name).is_file():
                    (stage / name).write_bytes((registry / name).read_bytes())
            if passphrase is not None:
                _copy_keys(registry, stage / KEYS, passphrase)
            files = {path.relative_to(stage).as_posix(): path for path in stage.rglob("*") if path.is_file()}
            sizes = {name: (path.stat().st_size, file_digest(path)) for name, path in files.items()}
            made = Backup(made_at=timestamp(now), files=sizes, **facts)
            (stage / INDEX).write_bytes(readable_bytes(made.to_dict()))
    finally:
        store.close()
    return made


def read_backup(folder: Path) -> Backup:
    """What a backup says of itself, after a look at every file.

    Raises
    ------
    InputError
        If the folder is no backup.
    IntegrityError
        If a file is missing, changed, or one too many.
    """
    try:
        document = exact_json((folder / INDEX).read_bytes())
        found = Backup.from_dict(document) if document["format"] == FORMAT else None
    except OSError:
        raise InputError("operations.no_backup", path=str(folder)) from None
    except (ValueError, LookupError, TypeError, AttributeError, IntegrityError):
        found = None
    if found is None:
        raise IntegrityError("operations.backup_malformed", path=INDEX)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {INDEX}
    for name in sorted(there ^ found.files.keys()):
        raise IntegrityError("operations.backup_malformed", path=name)
    for name, (length, sha256) in found.files.items():
        if (folder / name).stat().st_size != length or file_digest(folder / name) != sha256:
            raise IntegrityError("operations.backup_changed", path=name)
    return found


def _facts(view: Reader) -> dict[str, Any]:
    """What is true at the moment of the copy."""
    declared, head = view.entry(0).noun, view.head()
    assert isinstance(declared, Declaration)
    return {
        "origin": declared.origin,
        "sandbox": declared.sandbox,
        "database": view.connection.dialect.name,
        "schema": schema_revision(view.connection),
        "size": head.size,
        "root": head.frontier.root().hex(),
        "checkpoint": view.checkpoint(),
        "tables": row_counts(view.connection),
    }


def _copy_keys(registry: Path, folder: Path, passphrase: str) -> None:
    for path in sorted(registry.glob("*.key")):
        key = read_key(path, passphrase).key
        assert isinstance(key, SigningKey)
        write_key(folder / path.name, key, passphrase)
