"""The survey workbook as tables: which sheet is which, its cells checked, its words made ours.

One file ``.xlsx`` with sheets 样地, 样木, 径阶, 幼树, 树高, 复测 (or Plots, Trees, Classes, Saplings, Heights,
Remeasured), or a folder with a CSV file of that name for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables import TableSpec, read_table, simple, table_spec
from tanhui.kernel.tables.formats import refuse_size

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TALLIES", "Workbook", "read_workbook", "sheet_of", "sheet_spec", "survey"]

#: Sheets that hold trees.
TALLIES = ("trees", "classes", "saplings")


@dataclass(slots=True)
class Workbook:
    """The sheets found, by our keys; ``names`` says what the file calls them, for faults."""

    file: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def fault(self, code: str, key: str, row: int | None, column: str, value: Any, **facts: Any) -> Fault:
        """A fault in one of the sheets."""
        return Fault(code, self.file, self.names.get(key, ""), row, column, str(value), facts)


@cache
def survey() -> dict[str, Any]:
    """``data/inventory/survey.toml``."""
    return read_toml(data_path("inventory", "survey.toml"))


def sheet_of(name: str) -> str | None:
    """Our key for the name of a sheet in Chinese or English, or nothing."""
    wanted = simple(name)
    for key, entry in survey()["sheets"].items():
        if wanted in {simple(known) for known in (key, entry["zh"], entry["en"], *entry["aliases"])}:
            return str(key)
    return None


def read_workbook(path: Path) -> tuple[Workbook, list[Fault]]:
    """Every sheet we know, checked cell by cell; faults of all sheets together.

    Raises
    ------
    RefusedInput
        If the file is missing, empty, damaged, no workbook, or has none of the sheets.
    """
    places = _places(path)
    _refuse_missing_sheets(path, set(places))
    book = Workbook(path.name)
    faults: list[Fault] = []
    for key, (file, sheet) in places.items():
        book.names[key] = sheet or file.name
        try:
            table = read_table(file, sheet_spec(key), sheet=sheet)
        except RefusedInput as refusal:
            if key == "plots" or {fault.code for fault in refusal.faults} != {"table.no_rows"}:
                faults += [_placed(fault, path, book.names[key]) for fault in refusal.faults]
            continue
        # Our own template has a title above the headers.
        book.notes += [entry for entry in table.attrs.get("notes", []) if entry["code"] != "table.title_rows"]
        book.tables[key] = _translated(table)
    return book, faults


def _refuse_missing_sheets(path: Path, found: set[str]) -> None:
    """A survey needs its plots and at least one tally."""
    sheets = survey()["sheets"]
    missing = [entry["zh"] for key, entry in sheets.items() if entry["required"] and key not in found]
    if not found & set(TALLIES):
        missing.append(sheets["trees"]["zh"])
    if missing:
        wanted = ", ".join(f"{entry['zh']} ({entry['en']})" for entry in sheets.values())
        facts = {"wanted": wanted, "found": ", ".join(_sheet_names(path)) or "-"}
        raise RefusedInput([Fault("plots.no_sheet", path.name, value="、".join(missing), facts=facts)])


def _placed(fault: Fault, path: Path, sheet: str) -> Fault:
    return Fault(fault.code, path.name, fault.sheet or sheet, fault.row, fault.column, fault.value, fault.facts)


def _places(path: Path) -> dict[str, tuple[Path, str | None]]:
    """Our key -> the file and sheet that holds it."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
        return {key: (file, None) for file in files if (key := sheet_of(file.stem)) is not None}
    refuse_size(path)
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        raise RefusedInput([Fault("plots.not_a_workbook", path.name, value=path.suffix)])
    return {key: (path, name) for name in _sheet_names(path) if (key := sheet_of(name)) is not None}


def _sheet_names(path: Path) -> list[str]:
    from tanhui.kernel.tables.excel_file import open_workbook

    if path.is_dir():
        return sorted(file.name for file in path.iterdir())
    try:
        book = open_workbook(path)
        names = list(book.sheetnames)
        book.close()
    except RefusedInput:
        raise
    except Exception as error:  # what a damaged workbook makes zipfile, zlib and openpyxl raise has no common root
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    return names


@cache
def sheet_spec(key: str) -> TableSpec:
    """The columns of a sheet; those that hold words accept every spelling we know of them."""
    spec = table_spec("inventory", survey()["sheets"][key]["spec"])
    words = {name: spellings(name) for name in survey()["words"]}
    columns = {
        name: replace(column, kind="choice", choices=tuple(words[name])) if name in words else column
        for name, column in spec.columns.items()
    }
    return TableSpec(spec.name, columns)


def spellings(column: str) -> dict[str, str]:
    """Every spelling of the words of a column -> ours: 活, live, Live, 活立木 -> live."""
    found: dict[str, str] = {}
    for ours, known in survey()["words"][column].items():
        for word in (*known, ours):
            found |= {word: ours, word.capitalize(): ours}
    return found


def _translated(table: pd.DataFrame) -> pd.DataFrame:
    """The table with 方形, 活 and the like turned into our words."""
    ours = {c: table[c].map(spellings(c)).fillna("") for c in survey()["words"] if c in table.columns}
    return table.assign(**ours)
