"""Headers: which row holds them, which column each one means, and which unit it says.

``胸径(mm)``, ``胸径/mm``, ``dbh_mm`` and ``DBH mm`` all mean the column ``dbh_cm`` in millimetres: the values are
converted and the conversion is noted. A unit that cannot become the column's, or a bracket that is no unit, is a fault
of the file: a guess here is wrong by a factor.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tanhui.kernel.errors import Fault, InputError
from tanhui.kernel.tables.model import Column, TableSpec, simple
from tanhui.kernel.units import conversion_factor, find_unit, units

__all__ = ["HEADER_SEARCH_ROWS", "MatchedHeaders", "find_header_row", "match_headers", "note", "split_unit"]

#: Title rows above the header are looked through this far.
HEADER_SEARCH_ROWS = 15
#: A longer cell is no name of a column. [signs]
LONGEST_HEADER = 200
#: A table with more named columns is refused: it is no list of things measured, or was written to stall its reader.
MAX_COLUMNS = 2000
_BRACKETED = re.compile(r"^(?P<base>.+?)\s*[(\[【]\s*(?P<unit>[^()\[\]【】]+?)\s*[)\]】]$")


@dataclass(slots=True)
class MatchedHeaders:
    """Which column of the file is which of ours, what its values are multiplied by, and what was found on the way."""

    position: dict[str, int] = field(default_factory=dict)
    factor: dict[str, float] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)


def note(code: str, file: str = "", sheet: str = "", column: str = "", value: str = "", **facts: Any) -> dict[str, Any]:
    """A thing the reader did or saw that is no fault; its sentence is ``note.<code>``."""
    return {"code": code, "file": file, "sheet": sheet, "column": column, "value": value, "facts": facts}


def split_unit(header: str) -> Iterator[tuple[str, str, bool]]:
    """Ways to read a header as a name and a unit: (name, unit as written, whether in brackets)."""
    text = " ".join(unicodedata.normalize("NFKC", str(header)).replace("*", "").split())
    if found := _BRACKETED.match(text):
        yield found["base"], found["unit"], True
    for mark in ("/", ",", " ", "_"):
        for at in (at for at, letter in enumerate(text) if letter == mark):
            base, unit = text[:at].rstrip(", _"), text[at + 1 :].strip()
            if base and unit:
                yield base, unit.replace("_", "/") if mark == "_" else unit, False


def find_header_row(rows: Sequence[Sequence[str]], spec: TableSpec) -> int:
    """The row that names most of the columns wanted; the first row where none does."""
    known = [sum(1 for cell in row if _means(cell, spec)) for row in rows[:HEADER_SEARCH_ROWS]]
    best = max(known, default=0)
    return known.index(best) if best else 0


def match_headers(
    headers: Sequence[str],
    spec: TableSpec,
    *,
    file: str = "",
    sheet: str = "",
    row: int = 1,
    rename: Mapping[str, str] | None = None,
    unit_of: Mapping[str, str] | None = None,
) -> MatchedHeaders:
    """Match the headers of a file with the columns of a description.

    An explicit ``rename`` (ours -> header) comes first, then headers that are exactly a known name, then those that
    are a known name with a unit. ``unit_of`` (ours -> unit) overrules what a header says.
    """
    found = MatchedHeaders()
    place = (file, sheet, row)
    said = _said_units(headers, spec, rename or {}, place, found)
    for name, unit in (unit_of or {}).items():
        if name not in spec.columns:
            found.faults.append(Fault("table.unit_for_unknown", *place, name, unit))
        elif said.get(name):
            found.notes.append(note("table.unit_overruled", file, sheet, name, said[name], given=unit))
    for name in found.position:
        unit = (unit_of or {}).get(name) or said.get(name, "")
        found.factor[name] = _factor(spec.columns[name], unit, str(headers[found.position[name]]), place, found)
    found.faults += [
        Fault("table.missing_column", *place, column.name, facts={"zh": column.zh, "en": column.en})
        for column in spec.columns.values()
        if column.required and column.name not in found.position
    ]
    return found


def _said_units(
    headers: Sequence[str],
    spec: TableSpec,
    rename: Mapping[str, str],
    place: tuple[str, str, int],
    found: MatchedHeaders,
) -> dict[str, str]:
    """Fill ``found.position``; give the unit each matched header says of itself, where it says one."""
    said: dict[str, str] = {}
    free = dict(enumerate(headers))
    simple_headers = [simple(header) for header in headers]
    for ours, header in rename.items():
        if ours not in spec.columns:
            found.faults.append(Fault("table.map_unknown", *place, ours, header))
        elif simple(header) not in simple_headers:
            found.faults.append(Fault("table.map_no_header", *place, ours, header))
        else:
            at = simple_headers.index(simple(header))
            if (taken := next((name for name, place in found.position.items() if place == at), None)) is not None:
                found.faults.append(Fault("table.map_twice", *place, ours, header, {"other": taken}))
                continue
            found.position[ours] = at
            free.pop(at, None)
            said[ours] = next((unit for _, unit, _ in split_unit(header) if find_unit(unit)), "")
    exact = {at: name for at, header in free.items() if (name := spec.find(header)) and name not in found.position}
    _take(exact, place, found)
    loose = {
        at: match
        for at, header in free.items()
        if at not in exact and (match := _with_unit(header, spec)) and match[0] not in found.position
    }
    _take({at: name for at, (name, _) in loose.items()}, place, found)
    for at, (name, unit) in loose.items():
        if found.position.get(name) == at:
            said[name] = unit
    return said


def _take(candidates: Mapping[int, str], place: tuple[str, str, int], found: MatchedHeaders) -> None:
    """Give each of our columns its place; two candidates for one column are a fault."""
    times = Counter(candidates.values())
    found.faults += [Fault("table.doubled_column", *place, name) for name in sorted(times) if times[name] > 1]
    for at, name in candidates.items():
        found.position.setdefault(name, at)


def _means(header: str, spec: TableSpec) -> str | None:
    """Our column for a header, with or without a unit in it."""
    if not str(header).strip():
        return None
    match = _with_unit(header, spec)
    return spec.find(header) or (match[0] if match else None)


def _with_unit(header: str, spec: TableSpec) -> tuple[str, str] | None:
    """Our column and the unit as written, for a header that is a known name and a unit."""
    unknown: tuple[str, str] | None = None
    if len(header) > LONGEST_HEADER:
        return None
    for base, unit, bracketed in split_unit(header):
        stem = simple(base)
        for column in spec.columns.values():
            if stem not in _stems(column):
                continue
            if column.is_number and _compatible(unit, column):
                return column.name, unit
            if bracketed:
                unknown = unknown or (column.name, unit)
    return unknown


def _compatible(unit: str, column: Column) -> bool:
    """Whether a unit can become the column's. ``dbh_1`` is no diameter in units of one."""
    symbol = find_unit(unit)
    return symbol is not None and units()[symbol].dimension == units()[column.unit].dimension


@cache
def _stems(column: Column) -> frozenset[str]:
    """The names of a column with their own unit taken off."""
    names = column.names()
    suffix = "_" + column.unit.lower().replace("/", "_").replace(" ", "_")
    names.add(simple(column.name.removesuffix(suffix)))
    return frozenset(names) | {simple(match["base"]) for name in column.names() if (match := _BRACKETED.match(name))}


def _factor(column: Column, unit: str, header: str, place: tuple[str, str, int], found: MatchedHeaders) -> float:
    if not unit or not column.is_number:
        return 1.0
    symbol = find_unit(unit)
    facts = {"header": header, "unit": unit, "wanted": column.unit}
    if symbol is None:
        found.faults.append(Fault("table.unknown_unit", *place, column.name, header, facts))
        return 1.0
    try:
        factor = conversion_factor(symbol, column.unit)
    except InputError:
        found.faults.append(Fault("table.unit_incompatible", *place, column.name, header, facts))
        return 1.0
    if factor != 1.0:
        found.notes.append(
            note("table.unit_converted", place[0], place[1], column.name, header, source=symbol, target=column.unit)
        )
    return factor
