"""Excel workbooks: one sheet as text cells, with what a spreadsheet hides from its reader said aloud.

Merged cells and formulas without a saved value are faults. Hidden rows and columns are read like any other and noted;
of several sheets the first visible one is read and noted. The unpacked size is looked at before anything is unpacked.
"""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.etree import ElementTree

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.limits import file_limit, refuse_packed
from tanhui.kernel.tables.headers import note

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["Sheet", "bounded_rows", "open_workbook", "read_sheet"]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@dataclass(slots=True)
class Sheet:
    """The rows of a sheet that are not blank, as text, with their numbers."""

    title: str
    rows: list[list[str]]
    numbers: list[int]
    merged: list[tuple[int, str]] = field(default_factory=list)
    unsaved: list[tuple[int, str]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)


def read_sheet(path: Path, sheet: str | None = None) -> Sheet:
    """One sheet of a workbook.

    Raises
    ------
    RefusedInput
        If the file is damaged or no workbook, unpacks to too much, or has no such sheet.
    """
    try:
        book = open_workbook(path)
        try:
            title = _choose(book, sheet, path.name)
            rows, numbers = _filled(bounded_rows(book[title], path.name))
            found = Sheet(title, rows, numbers, notes=_sheet_notes(book, title, sheet, path.name))
        finally:
            book.close()
        _look_behind(path, found)
    except RefusedInput:
        raise
    except Exception as error:
        # What a hostile or damaged workbook makes zipfile, zlib, expat and openpyxl raise has no common root.
        detail = str(error)[:200] or type(error).__name__
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": detail})]) from None
    return found


def open_workbook(path: Path) -> Workbook:
    """A workbook to be read sheet by sheet, its formulas as the values saved with them.

    Raises
    ------
    RefusedInput
        If it unpacks to too much. What is wrong with a damaged one, openpyxl says in many ways.
    """
    from openpyxl import load_workbook

    refuse_packed(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # drop-downs and styles that openpyxl does not know concern nobody here
        return load_workbook(path, read_only=True, data_only=True)


def bounded_rows(page: Any, file: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a sheet of :func:`open_workbook`, blank ones among them, as long as they are no more than may be.

    Raises
    ------
    RefusedInput
        If there are more rows, or more cells once all rows are as long as the longest.
    """
    page.reset_dimensions()  # the size a file states may be wrong
    filled = width = 0
    for number, row in enumerate(page.iter_rows(values_only=True), 1):
        width, filled = max(width, len(row)), filled + bool(row)
        if number > file_limit("sheet_rows") or filled * width > file_limit("sheet_cells"):
            facts = {"rows": number, "columns": width}
            raise RefusedInput([Fault("table.too_many_cells", file, page.title, facts=facts)])
        yield row


def _choose(book: Workbook, wanted: str | None, file: str) -> str:
    if wanted is not None and wanted not in book.sheetnames:
        sheets = ", ".join(book.sheetnames)
        raise RefusedInput([Fault("table.no_sheet", file, value=wanted, facts={"sheets": sheets})])
    visible = [page.title for page in book.worksheets if page.sheet_state == "visible"]
    if wanted is None and not (visible or book.worksheets):
        raise RefusedInput([Fault("table.no_rows", file)])
    return wanted or (visible or [book.worksheets[0].title])[0]


def _sheet_notes(book: Workbook, title: str, wanted: str | None, file: str) -> list[dict[str, Any]]:
    others = [page.title for page in book.worksheets if page.title != title]
    if wanted is not None or not others:
        return []
    return [note("table.first_sheet", file, title, others=", ".join(others))]


def _filled(rows: Any) -> tuple[list[list[str]], list[int]]:
    """Rows that are not blank as text, with their numbers, all of one width."""
    kept: list[list[str]] = []
    numbers: list[int] = []
    for number, row in enumerate(rows, start=1):
        cells = ["" if cell is None else _cell_text(cell) for cell in row]
        if any(cells):
            kept.append(cells)
            numbers.append(number)
    width = max(map(len, kept), default=0)
    return [cells + [""] * (width - len(cells)) for cells in kept], numbers


def _cell_text(cell: object) -> str:
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _look_behind(path: Path, found: Sheet) -> None:
    """What the values do not show: merged cells, formulas never computed, hidden rows and columns."""
    hidden_rows = hidden_columns = 0
    with zipfile.ZipFile(path) as packed, packed.open(_sheet_part(packed, found.title)) as part:
        for node in _finished(part):
            if node.tag == _MAIN + "c":
                value = node.find(_MAIN + "v")
                if node.find(_MAIN + "f") is not None and (value is None or not value.text):
                    cell = node.get("r", "")
                    found.unsaved.append((int("".join(filter(str.isdigit, cell)) or 0), cell))
            elif node.tag == _MAIN + "row":
                hidden_rows += node.get("hidden") == "1"
            elif node.tag == _MAIN + "col":
                hidden_columns += node.get("hidden") == "1"
            elif node.tag == _MAIN + "mergeCell":
                where = node.get("ref", "")
                found.merged.append((int("".join(filter(str.isdigit, where.split(":")[0])) or 0), where))
            if max(len(found.merged), len(found.unsaved)) > file_limit("sheet_rows"):
                facts = {"rows": len(found.numbers), "columns": len(found.merged)}
                raise RefusedInput([Fault("table.too_many_cells", path.name, found.title, facts=facts)])
    if hidden_rows or hidden_columns:
        found.notes.append(note("table.hidden", path.name, found.title, rows=hidden_rows, columns=hidden_columns))


def _finished(part: IO[bytes]) -> Iterator[ElementTree.Element]:
    """Every element of a sheet as it ends. Cells stay in their row; of all others nothing is kept."""
    above: list[ElementTree.Element] = []
    for event, node in ElementTree.iterparse(part, events=("start", "end")):
        if event == "start":
            above.append(node)
            continue
        above.pop()
        yield node
        if above and above[-1].tag not in (_MAIN + "row", _MAIN + "c"):
            above[-1].remove(node)


def _sheet_part(packed: zipfile.ZipFile, title: str) -> str:
    """The name inside the package of the sheet with a title."""
    book = ElementTree.fromstring(packed.read("xl/workbook.xml"))
    links = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in book.iter(_MAIN + "sheet"):
        if sheet.get("name") == title:
            target = targets[sheet.get(_LINK + "id")]
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(title)
