"""The folder of a registry: made whole or not at all, on disk before it has its name, readable by its owner only."""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tanhui.kernel.canonical import readable_bytes
from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import SigningKey
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, state_line
from tanhui.registry.engines import sqlite_url
from tanhui.registry.entries import encode_entry
from tanhui.registry.log.cosignature import SUBTREE_V1
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.log.tree import Frontier
from tanhui.registry.model import SANDBOX_MARK, Declaration, JournalEntry
from tanhui.registry.rules import apply
from tanhui.registry.state import State, spelled_changes
from tanhui.registry.state_root import EMPTY_STATE, StateSum
from tanhui.registry.store import Head, Store

__all__ = ["DATABASE", "OPERATOR_KEY", "TRUST", "load_signers", "make_folder", "open_store", "timestamp"]

DATABASE = "registry.db"
#: The address of a database elsewhere; it holds a password.
DATABASE_URL = "database.url"
OPERATOR_KEY = "operator.key"
QUANTUM_SAFE_KEY = "operator-ml-dsa-44.key"
#: The public file to hand out: who trusts this registry keeps it.
TRUST = "trust.json"


def timestamp(moment: datetime) -> str:
    """A moment as leaves carry it: UTC, whole seconds, in an order that text has too."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_registry(folder: Path) -> bool:
    """Whether a folder is a registry's."""
    return (folder / DATABASE).is_file() or (folder / DATABASE_URL).is_file()


def open_store(folder: Path, *, read_only: bool = False) -> Store:
    """The database of a registry."""
    if (folder / DATABASE).is_file():
        return Store(sqlite_url(folder / DATABASE, "ro" if read_only else "rw"))
    try:
        return Store((folder / DATABASE_URL).read_text(encoding="utf-8").strip())
    except OSError:
        raise InputError("registry.not_a_registry", path=str(folder)) from None


def load_signers(folder: Path) -> tuple[NoteSigner, ...]:
    """The keys that sign a registry's checkpoints: Ed25519, and ML-DSA-44 for the day on which that is broken."""
    plain, quantum_safe = (SigningKey.load(folder / name) for name in (OPERATOR_KEY, QUANTUM_SAFE_KEY))
    return NoteSigner(plain.name, plain.seed), NoteSigner(quantum_safe.name, quantum_safe.seed, SUBTREE_V1)


def make_folder(
    folder: Path, declared: Declaration, at: str, entropy: Callable[[int], bytes], database: str | None = None
) -> None:
    """Make a registry in an absent or empty folder.

    Parameters
    ----------
    folder : Path
        It appears finished or not at all.
    declared : Declaration
        What the first leaf says, but for the keys, which are made here.
    at : str
        The hour.
    entropy : callable
        Random bytes for the keys.
    database : str, optional
        The address of an empty database; a SQLite file in the folder by default.

    Raises
    ------
    InputError
        If there is something in the folder; it is left as it is.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("registry.folder_not_empty", path=str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.partial-"))
    try:
        for name in (OPERATOR_KEY, QUANTUM_SAFE_KEY):
            SigningKey(declared.origin, entropy(32)).save(stage / name)
        signers = load_signers(stage)
        declared = replace(declared, keys=tuple(str(signer.key) for signer in signers))
        _hand_out(stage / TRUST, declared, signers[0])
        if database is not None:
            _write_private(stage / DATABASE_URL, database + "\n")
        store = Store(database or sqlite_url(stage / DATABASE, "rwc"), create=True)
        _begin(store, declared, at, signers)
        store.close()
        _put_in_place(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _hand_out(path: Path, declared: Declaration, signer: NoteSigner) -> None:
    """The public file: whose log it is, and under which keys."""
    anchor = {"name": declared.origin, "public": base64.b64encode(signer.key.public).decode(), "roles": ["registry"]}
    mark = {"notice": SANDBOX_MARK} if declared.sandbox else {}
    body = {"origin": declared.origin, "sandbox": declared.sandbox, **mark, "keys": [anchor]}
    path.write_bytes(readable_bytes({**body, "log": list(declared.keys)}))


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


def _begin(store: Store, declared: Declaration, at: str, signers: tuple[NoteSigner, ...]) -> None:
    """The tables, the declaration as the first leaf, and the first checkpoint."""
    entry = JournalEntry(0, at, "registry", declared)
    state, total = State(), StateSum(EMPTY_STATE)
    apply(state, entry)
    changes = state.take_changes()
    total.change(*spelled_changes(changes))
    store.create(Head(Frontier(), at, EMPTY_STATE, 1, 0))
    with store.writing() as tx:
        frontier = tx.append([encode_entry(entry)], Frontier())
        tx.write(changes)
        tx.set_head(Head(frontier, at, total.to_bytes(), 1, 0))
        head = Checkpoint(declared.origin, 1, frontier.root(), (state_line(total.root()),))
        seconds = int(datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
        tx.keep_checkpoint(1, sign_checkpoint(head, *signers, at=seconds))


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
