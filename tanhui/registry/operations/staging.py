"""Private files and folders that are there whole or not at all, on disk before they have their name."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from tanhui.kernel.errors import InputError
from tanhui.kernel.files import at_work, hidden_folder

__all__ = ["need_free", "private_folder", "sync", "write_private"]


@contextmanager
def private_folder(target: Path) -> Iterator[Path]:
    """A folder for its owner only, to write into, that becomes ``target`` when the block ends well.

    What a killed process left of one is cleared by the next.

    Raises
    ------
    InputError
        If there is something at ``target``; it is left as it is.
    """
    target = target.absolute()
    need_free(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{escape(target.name)}.partial-*"):
        if not at_work(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    stage = hidden_folder(target)
    try:
        yield stage
        for path in (*stage.rglob("*"), stage):
            sync(path)
        try:
            os.rename(stage, target)
        except OSError:
            raise InputError("operations.target_not_empty", path=str(target)) from None
        sync(target.parent)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def need_free(target: Path) -> None:
    """Refuse a target that is anything but absent or an empty folder."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("operations.target_not_empty", path=str(target))


def write_private(path: Path, pieces: Iterable[bytes]) -> int:
    """Write pieces into a new file of its owner's only, whole or not at all; how many there were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    count = 0
    try:
        with os.fdopen(handle, "wb") as stream:
            for piece in pieces:
                stream.write(piece)
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        os.link(name, path)  # unlike a rename, never over a file that is there
    except FileExistsError:
        raise InputError("operations.target_not_empty", path=str(path)) from None
    finally:
        os.unlink(name)
    return count


def sync(path: Path) -> None:
    """Wait until a file or folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
