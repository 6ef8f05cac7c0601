"""The folder of a registry: made whole or not at all, on disk before it has its name, readable by its owner only."""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tanhui.kernel.canonical import readable_bytes
from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import SigningKey
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, verifier_key
from tanhui.registry.log import root_hash
from tanhui.registry.model import SANDBOX_MARK, Declaration, JournalEntry
from tanhui.registry.store import Store

__all__ = ["DATABASE", "OPERATOR_KEY", "TRUST", "make_folder", "timestamp"]

DATABASE = "registry.db"
OPERATOR_KEY = "operator.key"
#: The public file to hand out: who trusts this registry keeps it.
TRUST = "trust.json"


def timestamp(moment: datetime) -> str:
    """A moment as leaves carry it: UTC, whole seconds, in an order that text has too."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_folder(folder: Path, key: SigningKey, sandbox: bool, at: str) -> None:
    """Make a registry in an absent or empty folder.

    Raises
    ------
    InputError
        If there is something in the folder; it is left as it is.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.partial-"))
    try:
        _lay_out(stage, key, sandbox, at)
        _put_in_place(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _lay_out(folder: Path, key: SigningKey, sandbox: bool, at: str) -> None:
    """The files of a new registry, with the declaration as the first leaf of its log."""
    key.save(folder / OPERATOR_KEY)
    anchor = {"name": key.name, "public": base64.b64encode(key.public).decode(), "roles": ["registry"]}
    mark = {"notice": SANDBOX_MARK} if sandbox else {}
    (folder / TRUST).write_bytes(readable_bytes({"origin": key.name, "sandbox": sandbox, **mark, "keys": [anchor]}))
    declaration = Declaration(key.name, sandbox, verifier_key(key.name, key.public))
    store = Store(folder / DATABASE, mode="rwc")
    store.create()
    with store.writing() as tx:
        tx.append(JournalEntry(0, at, "registry", registry=declaration))
        tx.keep_checkpoint(1, sign_checkpoint(Checkpoint(key.name, 1, root_hash(1, tx.node)), key))
    store.close()


def _put_in_place(stage: Path, folder: Path) -> None:
    """Give a finished folder its name, for good: on disk first, and never over a folder with something in it."""
    for path in (*stage.iterdir(), stage):
        _sync(path)
    try:
        os.rename(stage, folder)
    except OSError:
        raise InputError("registry.folder_not_empty", path=str(folder)) from None
    _sync(folder.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
