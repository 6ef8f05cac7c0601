"""The data folders: where tables, references, glossary and wording lie, and how they are merged.

Every room keeps its tables under ``tanhui/data/<room>/``; a methodology keeps its parameters beside its rules. The
same TOML file name may appear in many folders (``references.toml``, ``glossary.toml``, ``wording.toml``); they are
merged at load, and a key that two folders define is refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["data_path", "data_roots", "merged_toml", "read_toml"]


@cache
def package_root() -> Path:
    """The folder of the installed package."""
    return Path(str(files("tanhui")))


def data_path(*parts: str) -> Path:
    """A file under ``tanhui/data``."""
    return package_root().joinpath("data", *parts)


def data_roots() -> list[Path]:
    """Folders that hold data: ``tanhui/data``, the methodologies and the sinks, each walked recursively."""
    return [package_root() / "data", package_root() / "mrv" / "methods", package_root() / "sinks"]


def read_toml(path: Path) -> dict[str, Any]:
    """One TOML file as plain Python."""
    with path.open("rb") as stream:
        return tomllib.load(stream)


def find(name: str) -> Iterator[Path]:
    """Every file called ``name`` under the data folders, in a stable order."""
    for root in data_roots():
        if root.is_dir():
            yield from sorted(root.rglob(name))


@cache
def merged_toml(name: str) -> dict[str, Any]:
    """All files called ``name`` merged into one table of entries; a key defined twice is refused."""
    return merge(find(name))


def merge(paths: Iterable[Path]) -> dict[str, Any]:
    """The entries of several TOML files in one table; a key that two of them define is refused."""
    merged: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for key, entry in read_toml(path).items():
            if key in merged:
                from tanhui.kernel.errors import DataError

                raise DataError("data.defined_twice", key=key, first=str(origin[key]), second=str(path))
            merged[key], origin[key] = entry, path
    return merged
