"""The public log as files, brought up to date from the registry's database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tanhui.kernel.errors import InputError
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.folder import open_store
from tanhui.registry.log.note import parse_note
from tanhui.registry.log.static import CHECKPOINT, read_note, write_static
from tanhui.registry.operations.cosigned import handed_out
from tanhui.registry.store import Reader

__all__ = ["Published", "publish_log"]

#: Held while one process brings a folder up to date. Web servers do not serve names that begin with a dot.
LOCK = ".publishing"


@dataclass(frozen=True, slots=True)
class Published:
    """What a folder serves now, and how many leaves it served before."""

    origin: str
    size: int
    root: bytes
    before: int

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        new = self.size - self.before
        return {"origin": self.origin, "size": str(self.size), "root": self.root.hex(), "new_leaves": str(new)}


def publish_log(registry: Path, folder: Path) -> Published:
    """Write what is new of a registry's log into a folder that any web server can serve.

    The folder shows the newest signed checkpoint, with the cosignatures that witnesses gave. A kill leaves it at its
    old size; two processes wait for one another.

    Parameters
    ----------
    registry : Path
        Folder of the registry. It may be at work.
    folder : Path
        Where the log is served from; made if it is not there.

    Raises
    ------
    IntegrityError
        If the folder holds another log or a longer one.
    """
    store = open_store(registry)
    try:
        # The view is opened under the lock, so it is never older than what another process has just published.
        with _alone(folder), store.reading() as view:
            note = handed_out(view.connection, view.checkpoint())
            head, before = parse_checkpoint(parse_note(note)[0]), _served(folder)
            write_static(folder, head.size, view.nodes(head.size), lambda a, b: _leaves(view, a, b), note)
    finally:
        store.close()
    return Published(head.origin, head.size, head.root, before)


def _served(folder: Path) -> int:
    """Leaves that a folder serves, not verified."""
    if not (folder / CHECKPOINT).is_file():
        return 0
    return parse_checkpoint(parse_note(read_note(folder))[0]).size


def _leaves(view: Reader, first: int, end: int) -> Iterator[bytes]:
    return (leaf for _, leaf in view.leaves(first, end))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The only one who writes to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # A first publication that was killed has left tiles and no checkpoint.
    if not (folder / CHECKPOINT).exists() and {path.name for path in folder.iterdir()} - {LOCK, "tile"}:
        raise InputError("operations.not_a_log_folder", path=str(folder))
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
