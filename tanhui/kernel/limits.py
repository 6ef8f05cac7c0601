"""What a file from somebody else may ask of the machine: ``data/kernel/limits.toml``.

A small file can promise a large one: by packing (a zip bomb), by repetition (a million rows that are one), by reference
(a million shapes that are one). Readers count what is promised before they believe it, and refuse the file with one
sentence before memory or patience is used up.
"""

from __future__ import annotations

import zipfile
from datetime import date
from functools import cache
from pathlib import Path

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.parameters import Parameters, load_parameters

__all__ = ["file_limit", "refuse_bytes", "refuse_growth", "refuse_packed", "refuse_rows"]


@cache
def _limits() -> Parameters:
    return load_parameters(data_path("kernel", "limits.toml"), "kernel")


@cache
def file_limit(name: str) -> int:
    """One limit, in the unit its name ends with."""
    return int(_limits()[name].at(date.max).number())


def refuse_bytes(size: int, file: str, limit: str = "file_bytes") -> None:
    """Refuse a file of more bytes than a limit allows.

    Raises
    ------
    RefusedInput
        If it has.
    """
    if size > (most := file_limit(limit)):
        raise RefusedInput([Fault("file.too_large", file, facts={"size": size, "limit": most})])


def refuse_rows(rows: int, file: str) -> None:
    """Refuse a table of more rows than there may be.

    Raises
    ------
    RefusedInput
        If it has.
    """
    if rows > (most := file_limit("table_rows")):
        raise RefusedInput([Fault("table.too_many_rows", file, facts={"rows": rows, "limit": most})])


def refuse_growth(unpacked: int, packed: int, file: str) -> None:
    """Refuse a file that becomes more times as large by unpacking than any honest one.

    Raises
    ------
    RefusedInput
        If it does.
    """
    most = file_limit("unpacked_ratio")
    if unpacked > max(file_limit("unpacked_ratio_from_bytes"), most * packed):
        facts = {"size": unpacked, "packed": packed, "limit": most}
        raise RefusedInput([Fault("file.grows_too_much", file, facts=facts)])


def refuse_packed(path: Path) -> None:
    """Refuse a zip file, such as a workbook, by the sizes that it states; what is read of it is never more than stated.

    Raises
    ------
    RefusedInput
        If it unpacks to too much, or to too many times its size.
    BadZipFile
        If it is none.
    """
    with zipfile.ZipFile(path) as packed:
        size = sum(info.file_size for info in packed.infolist())
    refuse_bytes(size, path.name, "unpacked_bytes")
    refuse_growth(size, path.stat().st_size, path.name)
