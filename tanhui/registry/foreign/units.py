"""What the rows of an export say: which units of which line are where, and which projects are registered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tanhui.kernel.errors import DomainError, Fault, InputError, RefusedInput
from tanhui.registry.foreign.read_table import ForeignTable
from tanhui.registry.foreign.serials import parse_serial
from tanhui.registry.model import Interval

__all__ = ["ForeignProject", "ForeignUnit", "projects_of", "units_of"]

State = Literal["issued", "held", "retired", "cancelled"]

#: What of a text may begin a block of CAD Trust's first version: ``AXJ1000-AXJ1010``.
_BLOCK = re.compile(r"(?P<prefix>.*[^0-9])(?P<first>[1-9][0-9]{0,17})-(?P=prefix)(?P<last>[1-9][0-9]{0,17})", re.DOTALL)
#: Faults of one table that are kept; a file of a million wrong rows says the same thing a million times.
_FAULTS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class ForeignUnit:
    """Units of another registry, as one row of an export has them.

    ``state`` ``issued`` records an issuance, the others say where units are now. ``stem`` is all of a serial but its
    units, which a split does not change.
    """

    row: int
    line: str
    stem: str
    units: Interval
    state: State
    owner: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class ForeignProject:
    """A project record of CAD Trust: where it is registered, and where it says it comes from."""

    row: int
    record: str
    registry: str
    project: str
    origin_registry: str
    origin_project: str
    name: str = ""
    developer: str = ""


class _Row:
    """The cells of a row by their meaning."""

    def __init__(self, table: ForeignTable) -> None:
        self._places = {name: table.column(name) for name in table.layout.columns}
        self._headers = table.layout.columns
        self.number = 0
        self.cells: Sequence[str] = ()

    def get(self, name: str) -> str:
        """The cell, or nothing where the column or the cell is absent."""
        place = self._places.get(name)
        return self.cells[place] if place is not None and place < len(self.cells) else ""

    def has(self, name: str) -> bool:
        """Whether the table has the column."""
        return self._places.get(name) is not None

    def fault(self, code: str, file: str, name: str, **facts: object) -> Fault:
        """What is wrong with one of the cells."""
        return Fault(code, file, "", self.number, self._headers.get(name, ""), self.get(name)[:120], dict(facts))


def units_of(table: ForeignTable) -> Iterator[ForeignUnit]:
    """The units of an export, row by row; blank rows are no units.

    Raises
    ------
    RefusedInput
        After the last row, with everything wrong: serials that nobody would have written, states we do not know,
        quantities that are not the number of serials, rows of another width than the header.
    """
    faults: list[Fault] = []
    row = _Row(table)
    for row.number, row.cells in table:
        if not any(row.cells):
            continue
        found = len(faults)
        unit = _unit(table, row, faults)
        if unit is not None and len(faults) == found:
            yield unit
        if len(faults) > _FAULTS_KEPT:
            break
    if faults:
        raise RefusedInput(faults)


def _unit(table: ForeignTable, row: _Row, faults: list[Fault]) -> ForeignUnit | None:
    file = table.path.name
    if len(row.cells) != len(table.header):
        width = {"width": len(row.cells), "columns": len(table.header)}
        faults.append(Fault("foreign.row_width", file, "", row.number, facts=width))
        return None
    place = _place(row)
    if place is None:
        faults.append(row.fault("foreign.cell_serial", file, "serial" if row.has("serial") else "block"))
        return None
    line, stem, units = place
    state = _state(table, row)
    if state is None:
        known = ", ".join(table.layout.statuses)
        faults.append(row.fault("foreign.cell_status", file, "status", known=known))
    quantity = row.get("quantity").replace(",", "")
    if row.has("quantity") and quantity != str(units.units):
        faults.append(row.fault("foreign.cell_quantity", file, "quantity", units=units.units))
    return ForeignUnit(row.number, line, stem, units, state or "held", row.get("owner"), row.get("project"))


def _place(row: _Row) -> tuple[str, str, Interval] | None:
    """Number line, stem and units of a row; nothing where its serial cannot be."""
    text = row.get("serial")
    try:
        if row.has("block"):
            found = _BLOCK.fullmatch(row.get("block"))
            if found is None:
                return None
            return found["prefix"], found["prefix"], Interval(int(found["first"]), int(found["last"]) + 1)
        if row.has("first"):
            return _between(text, Interval(int(row.get("first")), int(row.get("last")) + 1))
        serial = parse_serial(text)
    except (InputError, DomainError, ValueError):
        return None
    return (serial.line, serial.stem, serial.units) if serial.units else None


def _between(text: str, units: Interval) -> tuple[str, str, Interval] | None:
    """A row that gives serial and units: both have to say the same; a serial of no registry we know names a line."""
    try:
        serial = parse_serial(text)
    except InputError:
        stem = text.removesuffix(str(units)).rstrip("-")
        return stem, stem, units
    return (serial.line, serial.stem, units) if serial.units in (None, units) else None


def _state(table: ForeignTable, row: _Row) -> State | None:
    if row.has("status"):
        return table.layout.statuses.get(row.get("status"))  # type: ignore[return-value]
    return "retired" if row.get("retired_if") else "held"


def projects_of(table: ForeignTable) -> Iterator[ForeignProject]:
    """The projects of CAD Trust's project table, row by row."""
    row = _Row(table)
    for row.number, row.cells in table:
        if any(row.cells):
            names = ("record", "registry", "project", "origin_registry", "origin_project", "project_name", "developer")
            yield ForeignProject(row.number, *(row.get(name) for name in names))
