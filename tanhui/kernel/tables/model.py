"""What a table should hold: its columns with unit, kind, range and the headers people use for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError
from tanhui.kernel.units import is_unit

__all__ = ["Column", "Kind", "TableSpec", "simple", "table_spec"]

Kind = Literal["number", "integer", "text", "date", "choice", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """What one column means and what may stand in it. ``min``, ``max`` and ``above`` are in ``unit``."""

    name: str
    kind: Kind
    unit: str
    zh: str
    en: str
    required: bool = False
    min: float | None = None
    max: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""

    def __hash__(self) -> int:
        """Cheap, because every header of a file is compared with the kept names of every column."""
        return hash(self.name)

    @property
    def is_number(self) -> bool:
        """Whether the cells are numbers with a unit."""
        return self.kind in ("number", "integer")

    def names(self) -> set[str]:
        """Every header that means this column in its own unit, in the form :func:`simple` gives."""
        return set(_names(self))


@dataclass(frozen=True, slots=True)
class TableSpec:
    """The columns of a table by our names."""

    name: str
    columns: Mapping[str, Column]

    def find(self, header: str) -> str | None:
        """Our name for a header as somebody wrote it, or nothing."""
        wanted = simple(header)
        return next((column.name for column in self.columns.values() if wanted in _names(column)), None)


@cache
def _names(column: Column) -> frozenset[str]:
    """The same, kept."""
    return frozenset((simple(column.name), simple(column.zh), *map(simple, column.aliases)))


def simple(header: str) -> str:
    """A header without case, space, line breaks, the width of its letters, and the star of a required column."""
    return "".join(unicodedata.normalize("NFKC", str(header)).split()).replace("*", "").lower()


@cache
def table_spec(room: str, name: str) -> TableSpec:
    """The description ``data/<room>/<name>.toml``; an unknown unit in it is a fault of the data."""
    columns: dict[str, Column] = {}
    for key, entry in read_toml(data_path(room, f"{name}.toml")).items():
        if not is_unit(entry["unit"]):
            raise DataError("data.unknown_unit", unit=entry["unit"], where=f"{room}/{name}.toml: {key}")
        for listed in ("choices", "aliases"):
            entry[listed] = tuple(entry.get(listed, ()))
        columns[key] = Column(name=key, **entry)
    return TableSpec(name, columns)
