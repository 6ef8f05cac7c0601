"""Files a person gives, read with every fault named; and folders of ours in which a person may have written."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import Fault, InputError, RefusedInput

__all__ = ["read_shape", "read_user_toml", "refuse_edited"]

#: A larger file of settings is none. [bytes]
MAX_BYTES = 10 * 1024**2
T = TypeVar("T", bound=BaseModel)


def read_user_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data; a byte order mark is no matter.

    Raises
    ------
    RefusedInput
        If it is not there, too large, not UTF-8 or not TOML.
    """
    if not path.is_file():
        raise RefusedInput([Fault("file.missing", str(path))])
    if (size := path.stat().st_size) > MAX_BYTES:
        raise RefusedInput([Fault("file.too_large", path.name, facts={"size": size, "limit": MAX_BYTES})])
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise RefusedInput([Fault("file.unknown_encoding", path.name)]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None


def read_shape(path: Path, kind: type[T]) -> T:
    """A TOML file as a checked model; every setting that is wrong is a fault."""
    content = read_user_toml(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        from dataclasses import replace

        from tanhui.projects.settings import shape_fault

        known = sorted(_names(kind))
        faults = [shape_fault(dict(detail), content, known) for detail in error.errors()]
        raise RefusedInput([replace(fault, file=path.name) for fault in faults]) from None


def _names(kind: type[BaseModel]) -> set[str]:
    from tanhui.projects.model import setting_names

    return setting_names(kind)


def refuse_edited(folder: Path) -> None:
    """Refuse to replace a result of ours in which somebody has changed a file; the manifest knows our own bytes.

    Raises
    ------
    InputError
        With the names of the files.
    """
    try:
        known = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # no result of ours: whoever makes the folder judges it
    changed = [
        name for name, sha256 in known.items() if (folder / name).is_file() and file_digest(folder / name) != sha256
    ]
    if changed:
        raise InputError("scout.edited", path=str(folder), files=", ".join(sorted(changed)))
