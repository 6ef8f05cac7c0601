"""Excel workbooks: one sheet as text cells, with what a spreadsheet hides from its reader said aloud.

Merged cells and formulas without a saved value are faults. Hidden rows and columns are read like any other and noted;
of several sheets the first visible one is read and noted. The unpacked size is looked at before anything is unpacked.
"""

from __future__ import annotations

import datetime
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables.headers import note

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["Sheet", "read_sheet"]

#: A workbook that unpacks to more is refused. [bytes]
MAX_UNPACKED = 512 * 1024**2
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
    from openpyxl import load_workbook

    try:
        _refuse_bomb(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # drop-downs and styles that openpyxl does not know concern nobody here
            book = load_workbook(path, read_only=True, data_only=True)
        try:
            title = _choose(book, sheet, path.name)
            page = book[title]
            page.reset_dimensions()  # the size a file states may be wrong
            rows, numbers = _filled(page.iter_rows(values_only=True))
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


def _refuse_bomb(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        size = sum(info.file_size for info in packed.infolist())
    if size > MAX_UNPACKED:
        raise RefusedInput([Fault("file.too_large", path.name, facts={"size": size, "limit": MAX_UNPACKED})])


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
        for _, node in ElementTree.iterparse(part):
            if node.tag == _MAIN + "c":
                value = node.find(_MAIN + "v")
                if node.find(_MAIN + "f") is not None and (value is None or not value.text):
                    cell = node.get("r", "")
                    found.unsaved.append((int("".join(filter(str.isdigit, cell)) or 0), cell))
            elif node.tag == _MAIN + "row":
                hidden_rows += node.get("hidden") == "1"
                node.clear()
            elif node.tag == _MAIN + "col":
                hidden_columns += node.get("hidden") == "1"
            elif node.tag == _MAIN + "mergeCell":
                where = node.get("ref", "")
                found.merged.append((int("".join(filter(str.isdigit, where.split(":")[0])) or 0), where))
    if hidden_rows or hidden_columns:
        found.notes.append(note("table.hidden", path.name, found.title, rows=hidden_rows, columns=hidden_columns))


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
