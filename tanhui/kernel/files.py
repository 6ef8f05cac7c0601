"""Files written whole or not at all, and folders that appear finished or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from tanhui.kernel.errors import InputError

__all__ = ["staged_folder", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a kill, sees the old bytes or the new ones and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``target`` only when the block ends well.

    An earlier result at ``target`` is replaced; any other folder with files in it is left alone and refused. What a
    killed run leaves is a hidden ``.<name>.partial-*`` folder, cleared by the next run.
    """
    target = target.absolute()
    if target.exists() and not is_result_folder(target):
        raise InputError("out.not_empty", path=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{escape(target.name)}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-"))
    try:
        yield stage
        os.chmod(stage, 0o755)
        if target.exists():
            retired = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-"))
            os.replace(target, retired / "old")
            os.replace(stage, target)
            shutil.rmtree(retired, ignore_errors=True)
        else:
            os.replace(stage, target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def is_result_folder(path: Path) -> bool:
    """Whether a folder is empty or holds an earlier result of ours: a ``manifest.json`` in a format of tanhui."""
    if not path.is_dir():
        return False
    if not any(path.iterdir()):
        return True
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and str(manifest.get("format", "")).startswith("tanhui-")
