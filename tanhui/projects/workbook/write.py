"""A book as an Excel file: styles by role, named cells, locked formulas, and a mark that says what was written.

Cells go out one by one (openpyxl's write-only mode), so a book of hundreds of thousands of cells fits in little memory.
The same book is the same bytes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from tanhui.kernel.progress import Progress
from tanhui.projects.template import stable_bytes
from tanhui.projects.workbook.forms import is_formula, plain
from tanhui.projects.workbook.model import Book, Cell, Content, Page, column_letter

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["MARK", "book_bytes", "content_digest"]

#: Names of the file's own properties: what it is, the run, the project, the language, the hash of its cells,
#: and whether the project file was read too.
MARK = ("tanhui_kind", "tanhui_run", "tanhui_project", "tanhui_lang", "tanhui_content", "tanhui_project_read")
KIND = "er_calculation"
#: The name of the cell that says whether all figures agree.
AGREES = "workbook_agrees"
INK, MUTED, LINE = "FF1F2A2E", "FF66757A", "FFD9E0E1"
#: Role -> font colour, bold, fill, locked.
STYLES: dict[str, tuple[str, bool, str, bool]] = {
    "title": ("FF1B7F5C", True, "", True),
    "note": (MUTED, False, "", True),
    "text": (INK, False, "", True),
    "label": (INK, False, "", True),
    "head": (INK, True, "FFE8EFEC", True),
    "figure_head": (INK, True, "FFE8EFEC", True),
    "input": ("FF1F4E9E", False, "FFFFF8E1", False),
    "filled": ("FF8A5A00", False, "FFFDF0D8", False),
    "parameter": ("FF1F4E9E", False, "FFE6EEF9", False),
    "formula": (INK, False, "", True),
    "value": (MUTED, False, "FFF0F2F2", True),
    "check": (INK, True, "", True),
}
#: Roles whose text goes into several lines.
WRAPPED = ("text", "head", "figure_head")
#: Roles whose cells may compute.
COMPUTED = ("formula", "check")
#: Signs beyond this are drawn twice as wide as a letter.
WIDE = 0x2E7F
#: Letters that a column holds, per its width; height of a line of letters and of a title. [pt]
LETTERS, LINE_PT, TITLE_PT = 1.1, 14.0, 22.0


def book_bytes(book: Book, progress: Progress) -> bytes:
    """The book as the bytes of an ``.xlsx`` file."""
    from openpyxl import Workbook

    file = Workbook(write_only=True)
    styles = Styles(file)
    for done, page in enumerate(book.pages):
        progress("workbook", done, len(book.pages))
        write_page(file, page, styles)
    add_names(file, book)
    add_mark(file, book)
    file.calculation.fullCalcOnLoad = True
    data = stable_bytes(file)
    progress("workbook", len(book.pages), len(book.pages))
    return data


class Styles:
    """The named style of each role and way of showing numbers, made when first asked for."""

    def __init__(self, file: Workbook) -> None:
        self.file = file
        self.made: dict[tuple[str, str], str] = {}

    def name(self, role: str, shown: str) -> str:
        """The name of a style in the file."""
        key = (role, shown)
        if key not in self.made:
            self.made[key] = f"tanhui {role} {len(self.made)}"
            self.file.add_named_style(named_style(self.made[key], role, shown))
        return self.made[key]


def named_style(name: str, role: str, shown: str) -> Any:
    """Font, fill, border, lock and number format of a role."""
    from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side

    colour, bold, fill, locked = STYLES[role]
    style = NamedStyle(name=name)
    style.font = Font(name="Noto Sans CJK SC", size=14 if role == "title" else 10, bold=bold, color=colour)
    across = {"figure_head": "right", "check": "left"}.get(role, "general")
    indent = int(role in ("text", "label", "note", "head", "check"))
    style.alignment = Alignment(
        horizontal="left" if indent else across, vertical="top", wrap_text=role in WRAPPED, indent=indent
    )
    style.protection = Protection(locked=locked)
    if fill:
        style.fill = PatternFill("solid", fgColor=fill)
    if role not in ("title", "note", "text"):
        style.border = Border(bottom=Side(style="thin", color=LINE))
    if shown:
        style.number_format = shown
    return style


def write_page(file: Workbook, page: Page, styles: Styles) -> None:
    """One sheet: widths, frozen heads, print set-up, protection without a password, and its cells."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet = file.create_sheet(page.title)
    for number, width in enumerate(page.widths, start=1):
        sheet.column_dimensions[column_letter(number)].width = width
    if page.head_rows:
        sheet.freeze_panes = f"{column_letter(page.keys + 1)}{page.head_rows + 1}"
        sheet.print_title_rows = f"{page.head_rows}:{page.head_rows}"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatCells = sheet.protection.autoFilter = False
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.paperSize, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 9, 1, 0
    sheet.page_setup.orientation = "portrait" if page.portrait else "landscape"
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P / &N"
    colour_checks(sheet, page)
    for number, cells in enumerate(page.rows, start=1):
        lines = max((lines_of(cell, width) for cell, width in zip(cells, page.widths, strict=False)), default=1)
        if lines > 1:
            sheet.row_dimensions[number].height = lines * LINE_PT
        if cells and cells[0] and cells[0].role == "title":
            sheet.row_dimensions[number].height = TITLE_PT
        row: list[Any] = []
        for column, cell in enumerate(cells):
            if cell is None or (cell.content == "" and cell.role != "head"):
                row.append(None)
                continue
            written = WriteOnlyCell(sheet, None if cell.content == "" else cell.content)
            if cell.role not in COMPUTED and is_formula(cell.content):
                written.data_type = "s"  # a name that somebody began with an equals sign is a name
            written.style = styles.name(role_of(page, number, column, cell), cell.shown)
            row.append(written)
        sheet.append(row)


def lines_of(cell: Cell | None, width: float) -> int:
    """How many lines a text takes in a column; a Chinese character is as wide as two letters."""
    if cell is None or cell.role not in WRAPPED or not isinstance(cell.content, str):
        return 1
    letters = sum(2 if ord(letter) > WIDE else 1 for letter in cell.content)
    return max(1, math.ceil(letters / (LETTERS * width)))


def role_of(page: Page, row: int, column: int, cell: Cell) -> str:
    """The style of a cell: its role, and for the head of a column of figures the one that stands above them."""
    below = page.rows[row] if cell.role == "head" and row < len(page.rows) else ()
    under = below[column] if column < len(below) else None
    number = under is not None and (isinstance(under.content, (int, float, date)) or is_formula(under.content))
    return "figure_head" if number else cell.role


def colour_checks(sheet: Any, page: Page) -> None:
    """Green where a check says equal, red where it does not."""
    from openpyxl.formatting.rule import CellIsRule, FormulaRule
    from openpyxl.styles import PatternFill

    red, green = (PatternFill("solid", bgColor=colour) for colour in ("FFF6C1B5", "FFDFF0E8"))
    if page.key == "checks":
        span = f"G{page.head_rows + 2}:G{len(page.rows)}"
        sheet.conditional_formatting.add(span, CellIsRule(operator="equal", formula=['"="'], fill=green))
        sheet.conditional_formatting.add(span, CellIsRule(operator="notEqual", formula=['"="'], fill=red))
        total = f"G{page.head_rows + 1}"
        sheet.conditional_formatting.add(total, CellIsRule(operator="greaterThan", formula=["0"], fill=red))
    if page.key == "readme":
        rows = range(1, len(page.rows) + 1)
        span = next(f"B{row}" for row in rows if any(c and c.name == AGREES for c in page.rows[row - 1]))
        sheet.conditional_formatting.add(span, FormulaRule(formula=["checks_unequal=0"], fill=green))
        sheet.conditional_formatting.add(span, FormulaRule(formula=["checks_unequal<>0"], fill=red))


def add_names(file: Workbook, book: Book) -> None:
    """Defined names of the figures and parameters."""
    from openpyxl.workbook.defined_name import DefinedName

    for name, place in book.names().items():
        file.defined_names[name] = DefinedName(name, attr_text=place)


def add_mark(file: Workbook, book: Book) -> None:
    """What the file says of itself in its own properties."""
    from openpyxl.packaging.custom import StringProperty

    values = (KIND, book.run, book.project, book.lang, content_digest(cells_of(book)), str(book.project_read))
    for name, value in zip(MARK, values, strict=True):
        file.custom_doc_props.append(StringProperty(name=name, value=value))
    file.properties.title, file.properties.creator = book.title, "tanhui"


def cells_of(book: Book) -> Iterator[tuple[str, int, int, Content]]:
    """Sheet, row, column and content of every cell that holds something."""
    for page in book.pages:
        for row, cells in enumerate(page.rows, start=1):
            for column, cell in enumerate(cells, start=1):
                if cell is not None and cell.content is not None and cell.content != "":
                    yield page.title, row, column, cell.content


def content_digest(cells: Iterable[tuple[str, int, int, Content]]) -> str:
    """A hash of cells that does not depend on how a program packs them."""
    found = hashlib.sha256()
    for sheet, row, column, content in cells:
        found.update(f"{sheet}\x1f{row}\x1f{column}\x1f{plain(content)}\x1e".encode())
    return found.hexdigest()
