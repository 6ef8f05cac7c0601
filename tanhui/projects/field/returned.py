"""Workbooks that came back: read as they are, and several of them as one survey.

Positions are read whatever they are, so that swapped ones are found and not only refused. Where two workbooks hold the
same plot and say the same, one is enough; where they differ, every row that does is named and nothing is merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables import TableSpec, read_table
from tanhui.sensing.inventory.plot_rows import plot_faults
from tanhui.sensing.inventory.remeasurement import remeasurement_faults
from tanhui.sensing.inventory.tree_rows import tree_faults
from tanhui.sensing.inventory.workbook import Workbook, read_workbook, sheet_of, sheet_spec, spellings, survey

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["book_rows", "read_returned", "read_second_team"]

#: What tells rows of one plot apart, by sheet; the others by their place on the sheet.
KEYS = {"plots": (), "trees": ("tree_id",), "remeasured": ("tree_id",)}


def read_returned(paths: Sequence[Path], planted: Mapping[str, date] | None = None) -> Workbook:
    """One survey from one or more workbooks.

    Raises
    ------
    RefusedInput
        With every fault of every workbook, and every row in which two workbooks contradict each other.
    """
    books: list[Workbook] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            book, found = read_leniently(path)
        except RefusedInput as refusal:
            faults += refusal.faults
            continue
        if "plots" in book.tables:
            found += [*plot_faults(book, planted), *tree_faults(book, None), *remeasurement_faults(book)]
        faults += found
        books.append(book)
    if faults:
        raise RefusedInput(faults)
    return books[0] if len(books) == 1 else merged(books)


def read_leniently(path: Path) -> tuple[Workbook, list[Fault]]:
    """A workbook whose positions may be anywhere on Earth."""
    book, faults = read_workbook(path)
    if "plots" in book.tables or "plots" not in book.names:
        return book, faults
    folder, sheet = path.is_dir(), book.names["plots"]
    try:
        table = read_table(path / sheet if folder else path, anywhere(), sheet=None if folder else sheet)
    except RefusedInput:
        return book, faults
    ours = {c: table[c].map(spellings(c)).fillna("") for c in survey()["words"] if c in table.columns}
    book.tables["plots"] = table.assign(**ours)
    return book, [fault for fault in faults if fault.sheet != sheet]


@cache
def anywhere() -> TableSpec:
    """The plots' sheet with positions anywhere on Earth."""
    spec = sheet_spec("plots")
    wide = {name: replace(spec.columns[name], min=-180.0, max=180.0) for name in ("lon", "lat")}
    return TableSpec(spec.name, {**spec.columns, **wide})


def read_second_team(path: Path) -> pd.DataFrame:
    """What a second team read: the sheet for it, or where that is empty its own sheet of trees.

    Raises
    ------
    RefusedInput
        If there is neither, or with the faults of its rows.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True)
        names = {sheet_of(name): name for name in book.sheetnames}
        book.close()
    except Exception as error:  # what a damaged workbook raises has no common root
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    for key in ("remeasured", "trees"):
        if key not in names:
            continue
        try:
            return read_table(path, sheet_spec(key), sheet=names[key])
        except RefusedInput as refusal:
            if {fault.code for fault in refusal.faults} != {"table.no_rows"}:
                raise
    raise RefusedInput([Fault("field.no_readings", path.name)])


def merged(books: Sequence[Workbook]) -> Workbook:
    """Several workbooks as one; a plot that two of them hold alike is kept once."""
    import pandas as pd

    whole = Workbook(" + ".join(book.file for book in books[:3]) + (" …" if len(books) > 3 else ""))
    first: dict[str, Workbook] = {}
    faults: list[Fault] = []
    kept: dict[str, list[pd.DataFrame]] = {}
    for book in books:
        again = {str(name) for name in book.tables["plots"]["location_id"]} & first.keys()
        for name in sorted(again):
            faults += contradictions(name, first[name], book)
        for key, table in book.tables.items():
            whole.names.setdefault(key, book.names[key])
            kept.setdefault(key, []).append(table[~table["location_id"].isin(again)])
        first |= {str(name): book for name in book.tables["plots"]["location_id"] if name not in first}
    if faults:
        raise RefusedInput(faults)
    whole.tables = {key: pd.concat(tables, ignore_index=True) for key, tables in kept.items()}
    return whole


def contradictions(place: str, one: Workbook, other: Workbook) -> Iterator[Fault]:
    """Every row of a plot that two workbooks do not have alike."""
    for key in {**one.tables, **other.tables}:
        mine, theirs = (rows_of(book, key, place) for book in (one, other))
        for name in {**mine, **theirs}:
            if name not in mine or name not in theirs:
                here, there = (one, other) if name in mine else (other, one)
                row, _ = (mine if name in mine else theirs)[name]
                facts = {"other": there.file, "plot": place}
                yield Fault("field.only_in_one", here.file, here.names[key], row, value=name, facts=facts)
                continue
            (at, ours), (row, said) = mine[name], theirs[name]
            for column in {**ours, **said}:
                if ours.get(column) != said.get(column):
                    facts = {"other": one.file, "row": str(at), "there": str(ours.get(column, "")), "plot": place}
                    yield Fault(
                        "field.two_sheets", other.file, other.names[key], row, column, str(said.get(column, "")), facts
                    )


def rows_of(book: Workbook, key: str, place: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Rows of a plot by what tells them apart, each with its number and what is written in it."""
    if key not in book.tables:
        return {}
    table = book.tables[key]
    mine = table[table["location_id"] == place]
    found = {}
    for order, (number, row) in enumerate(zip(mine.index, mine.to_dict("records"), strict=True), start=1):
        names = [str(row[column]) for column in KEYS[key]] if key in KEYS else [str(order)]
        found["/".join([place, *names])] = (int(number), written(row))
    return found


def written(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The cells of a row that hold something."""
    return {str(name): value for name, value in row.items() if not (value is None or value == "" or value != value)}


def book_rows(book: Workbook) -> dict[str, list[dict[str, Any]]]:
    """A survey as the rows of a workbook, to be written again."""
    return {
        key: [
            {name: value.date() if hasattr(value, "date") else value for name, value in written(row).items()}
            for row in table.to_dict("records")
        ]
        for key, table in book.tables.items()
    }
