"""Tables of other registries, carried without loss: every row, every column, every byte of every value.

Nothing is converted while reading: a cell is the text the file has, bytes that are no UTF-8 included, and a column we
do not know is carried like the others. What the cells mean is next door, in ``units``. Rows are read one at a time, so
a file may be larger than the memory.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, RefusedInput

__all__ = ["ForeignTable", "Layout", "layouts", "read_table", "write_table"]

_BOM = "\ufeff"
#: What makes a cell need quotes.
_QUOTED = re.compile('[",\r\n]')


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of an export say what, from ``data/registry_foreign/layouts.toml``."""

    name: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    statuses: Mapping[str, str]


@cache
def layouts() -> dict[str, Layout]:
    """Every layout we know, in the order in which they are tried."""
    found = {}
    for name, entry in read_toml(data_path("registry_foreign", "layouts.toml")).items():
        statuses = {word: meaning for meaning, words in entry["statuses"].items() for word in words}
        found[name] = Layout(name, entry["columns"], tuple(entry["required"]), statuses)
    return found


@dataclass(frozen=True, slots=True)
class ForeignTable:
    """An export: where it is, how it is written, and its header. Iterating reads the rows.

    Attributes
    ----------
    path : Path
        The file.
    layout : Layout
        What the columns mean.
    header : tuple of str
        As in the file.
    bom, line_end
        How the file begins and how its lines end, so that a copy is written alike.
    """

    path: Path
    layout: Layout
    header: tuple[str, ...]
    bom: bool
    line_end: str

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Number of the row in the file (the header is 1) and its cells, as many as the row has.

        Raises
        ------
        RefusedInput
            If a cell is beyond all measure or a quote is never closed.
        """
        with _opened(self.path) as stream:
            rows = _rows(stream, self.path.name)
            next(rows)
            yield from enumerate(rows, 2)

    def column(self, name: str) -> int | None:
        """Place of the column that means ``name``, or nothing."""
        header = self.layout.columns.get(name)
        return self.header.index(header) if header in self.header else None


def read_table(path: Path, layout: str | None = None) -> ForeignTable:
    """Open an export of another registry.

    Parameters
    ----------
    path : Path
        A CSV file.
    layout : str, optional
        Name of the layout; told from the header otherwise.

    Raises
    ------
    RefusedInput
        If the file cannot be read, has no header, repeats one, or is no export we know.
    """
    try:
        with _opened(path) as stream:
            beginning = stream.read(1 << 16)
            stream.seek(0)
            header = next(_rows(stream, path.name), [])
    except OSError as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": error.strerror or ""})]) from None
    bom = beginning.startswith(_BOM)
    line = beginning.find("\n")
    line_end = "\r\n" if line > 0 and beginning[line - 1] == "\r" else "\n"
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise RefusedInput([Fault("foreign.doubled_column", path.name, "", 1, name, name) for name in doubled])
    names = [layout] if layout else list(layouts())
    for name in names:
        known = layouts().get(name)
        if known and {known.columns[key] for key in known.required} <= set(header):
            return ForeignTable(path, known, tuple(header), bom, line_end)
    wanted = "; ".join(
        f"{name}: {', '.join(entry.columns[key] for key in entry.required)}" for name, entry in layouts().items()
    )
    facts = {"known": wanted}
    raise RefusedInput([Fault("foreign.unknown_layout", path.name, value=", ".join(header)[:200], facts=facts)])


def write_table(table: ForeignTable, rows: Iterable[tuple[int, list[str]]], path: Path) -> int:
    """Write rows as ``table`` was written, and say how many there were.

    A file of that name appears whole or not at all. Cells are quoted where they must be; what is in them is not
    touched, so reading the copy gives the same cells.
    """
    part = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            stream.write(_BOM if table.bom else "")
            stream.write(_line(table.header) + table.line_end)
            for _, cells in rows:
                stream.write(_line(cells) + table.line_end)
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _line(cells: Sequence[str]) -> str:
    """A row as text. Not csv.writer: with lines that end in a line feed it loses a carriage return inside a cell."""
    if len(cells) == 1 and not cells[0]:
        return '""'  # an empty line would be a row without cells
    return ",".join('"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells)


def _opened(path: Path) -> IO[str]:
    # Bytes that are no UTF-8 come back as they were.
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def _rows(stream: IO[str], file: str) -> Iterator[list[str]]:
    """The rows of a file without its mark of encoding; a file that is no CSV is refused."""
    if stream.read(1) != _BOM:
        stream.seek(0)
    reader = csv.reader(stream, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RefusedInput([Fault("foreign.not_csv", file, row=reader.line_num, value=str(error))]) from None
        yield cells
