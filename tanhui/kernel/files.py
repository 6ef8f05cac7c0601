"""Files written whole or not at all, and folders that appear finished or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from tanhui.kernel.errors import InputError

__all__ = ["staged_folder", "write_whole"]


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that a reader, or a kill, sees the old bytes or the new ones and nothing between.

    It is its owner's alone until all of it is there, and has ``mode`` from the moment it has its name: a file that must
    be 0600 is 0600 from its first byte.
    """
    new_parent = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        if new_parent:
            with suppress(OSError):
                path.parent.rmdir()
        raise


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``target`` only when the block ends well.

    An earlier result at ``target`` is replaced; any other folder with files in it is left alone and refused. What a
    killed run leaves is a hidden ``.<name>.partial-*`` folder, cleared by the next run; that of a run still at work is
    not touched, and of two that end the later one stands.
    """
    target = target.absolute()
    if target.exists() and not is_result_folder(target):
        raise InputError("out.not_empty", path=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{escape(target.name)}.partial-*"):
        if not at_work(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    stage = hidden_folder(target)
    try:
        yield stage
        os.chmod(stage, 0o755)
        put_in_place(stage, target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def hidden_folder(target: Path) -> Path:
    """A folder beside ``target`` that says which process works in it."""
    return Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-{os.getpid()}-"))


def at_work(hidden: Path) -> bool:
    """Whether the process that made a hidden folder still runs (on this machine, as far as one can tell)."""
    number = hidden.name.rpartition(".partial-")[2].partition("-")[0]
    if not number.isdigit() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def put_in_place(stage: Path, target: Path) -> None:
    """Make ``stage`` the folder at ``target``; one that another run put there meanwhile is replaced like any other."""
    for last_try in (False, False, True):
        retired = hidden_folder(target)
        try:
            if target.exists():
                os.replace(target, retired / "old")
            os.replace(stage, target)
            return
        except OSError as error:
            if (retired / "old").exists() and not target.exists():
                os.replace(retired / "old", target)
            if last_try or error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
        finally:
            shutil.rmtree(retired, ignore_errors=True)


def is_result_folder(path: Path) -> bool:
    """Whether a folder is empty or holds an earlier result of ours: a ``manifest.json`` in a format of tanhui."""
    if not path.is_dir():
        return False
    if not any(path.iterdir()):
        return True
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and str(manifest.get("format", "")).startswith("tanhui-")
