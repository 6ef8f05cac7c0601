"""The survey workbook people fill in: blank or with an example, in Chinese or English, read back by ``read_plots``.

Sheets, headers, units and drop-downs come from the very descriptions the reader checks against, so a template cannot
ask for what the reader does not know. Files are the same bytes every time.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import InputError
from tanhui.kernel.files import write_whole
from tanhui.kernel.tables import Column, table_spec
from tanhui.kernel.wording import Lang
from tanhui.sensing.inventory.workbook import survey

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["workbook_bytes", "write_template"]

Rows = Sequence[Mapping[str, Any]]
#: Rows above the data: title, what the sheet is for, headers.
HEADER_ROW = 3
BLANK_ROWS = 60
#: How unit symbols are written in headers; the reader knows these spellings.
UNIT_SIGNS = {"text": "", "date": "", "1": "", "deg": "°"}
REQUIRED, OPTIONAL = "FFF2CC", "E2EFDA"


def write_template(path: Path, *, filled: bool = False, lang: Lang = "zh") -> Path:
    """Write a survey workbook.

    Parameters
    ----------
    path : Path
        A new ``.xlsx`` file.
    filled : bool
        With an example that shows each kind of plot, said to be illustrative in the first line of every sheet.
    lang : {"zh", "en"}
        Language of sheets, headers and drop-downs; comments carry both.

    Raises
    ------
    InputError
        If the name does not end in ``.xlsx``, or the file is there already: it may hold somebody's survey.
    """
    if path.suffix.lower() != ".xlsx":
        raise InputError("template.not_xlsx", path=str(path))
    if path.exists():
        raise InputError("template.exists", path=str(path))
    write_whole(path, workbook_bytes(example(lang) if filled else {}, lang=lang, illustrative=filled))
    return path


def example(lang: Lang) -> dict[str, Rows]:
    """The rows of the example by sheet; species in Latin for the English workbook."""
    from tanhui.kernel.species import resolve

    tables: dict[str, Rows] = {}
    for key, entry in read_toml(data_path("templates", "example.toml")).items():
        rows = entry
        if isinstance(entry, dict):  # one list of columns and the cells of each row
            rows = [dict(zip(entry["columns"], cells, strict=True)) for cells in entry["rows"]]
        if lang == "en":
            rows = [{**row, "species": resolve(row["species"]).latin} if "species" in row else row for row in rows]
        tables[key] = rows
    return tables


def workbook_bytes(tables: Mapping[str, Rows], *, lang: Lang = "zh", illustrative: bool = False) -> bytes:
    """A survey workbook as bytes, the same for the same rows.

    Parameters
    ----------
    tables : mapping
        Sheet (``plots``, ``trees``, ...) -> rows by our column names, with our words; absent sheets are blank.
    illustrative : bool
        Say in the first line of every sheet that the data are made up.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    _readme(book, lang, illustrative)
    for key in survey()["sheets"]:
        _sheet(book, key, tables.get(key, ()), lang, illustrative)
    book.active = 1
    return stable_bytes(book)


def texts() -> dict[str, Any]:
    """``data/templates/survey.toml``."""
    return read_toml(data_path("templates", "survey.toml"))


def _first_line(lang: Lang, illustrative: bool) -> str:
    return str(texts()["illustrative" if illustrative else "banner"][lang])


def _readme(book: Workbook, lang: Lang, illustrative: bool) -> None:
    from openpyxl.styles import Alignment, Font

    page = book.create_sheet(texts()["readme"][f"sheet_{lang}"])
    page.column_dimensions["A"].width = 100
    page.append([_first_line(lang, illustrative)])
    page["A1"].font = Font(bold=True, size=14)
    for line in texts()["readme"][lang]:
        page.append([line])
        page.cell(page.max_row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    _print_setup(page, lang)


def _sheet(book: Workbook, key: str, rows: Rows, lang: Lang, illustrative: bool) -> None:
    entry = survey()["sheets"][key]
    columns = list(table_spec("inventory", entry["spec"]).columns.values())
    page = book.create_sheet(entry[lang])
    page.append([_first_line(lang, illustrative)])
    page.append([entry[f"about_{lang}"]])
    page.append([header(column, lang) for column in columns])
    for row in rows:
        page.append([_cell(column.name, row.get(column.name), lang) for column in columns])
    last = HEADER_ROW + max(len(rows), BLANK_ROWS)
    _style(page, columns, lang, last)
    for number, column in enumerate(columns, start=1):
        _validate(page, column, number, last, lang)
    _print_setup(page, lang)


def header(column: Column, lang: Lang) -> str:
    """A column's header with its unit: ``胸径(cm)``, ``DBH (cm)``."""
    sign = UNIT_SIGNS.get(column.unit, column.unit)
    name = column.zh if lang == "zh" else column.aliases[0]
    if not sign:
        return name
    return f"{name}({sign})" if lang == "zh" else f"{name} ({sign})"


def _word(column: str, ours: str, lang: Lang) -> str:
    """One of our words as the drop-down of a language offers it."""
    return str(survey()["words"][column][ours][0 if lang == "zh" else 1])


def _cell(column: str, value: Any, lang: Lang) -> Any:
    if value is None or value == "" or value != value:
        return None
    return _word(column, value, lang) if column in survey()["words"] else value


def _style(page: Worksheet, columns: Sequence[Column], lang: Lang, last: int) -> None:
    """Headers with their meaning as a comment, borders for the pen, widths, and a frozen head."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    thin = Side(style="thin", color="999999")
    border = Border(left=thin, right=thin, top=thin, bottom=thin)
    page["A1"].font = Font(bold=True, size=14)
    page["A2"].font = Font(italic=True, color="555555")
    for number, column in enumerate(columns, start=1):
        head = page.cell(HEADER_ROW, number)
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor=REQUIRED if column.required else OPTIONAL)
        head.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
        head.comment = Comment(_meaning(column), "tanhui", width=260, height=110)
        letter = get_column_letter(number)
        page.column_dimensions[letter].width = max(
            9, 2.1 * len(column.zh) + 3 if lang == "zh" else len(str(head.value))
        )
        for row in range(HEADER_ROW, last + 1):
            cell = page.cell(row, number)
            cell.border = border
            if column.kind == "date" and row > HEADER_ROW:
                cell.number_format = "yyyy-mm-dd"
            elif column.kind == "text" and row > HEADER_ROW:
                cell.number_format = "@"
    page.freeze_panes = page.cell(HEADER_ROW + 1, 2)


def _meaning(column: Column) -> str:
    """Both languages, the unit, the range, and whether the column must be filled in."""
    words = texts()["words"]
    lines = [column.zh, column.en]
    sign = UNIT_SIGNS.get(column.unit, column.unit)
    low = column.above if column.above is not None else column.min
    if column.is_number and low is not None and column.max is not None:
        limits = f"{low:g} – {column.max:g} {sign}".rstrip()
        lines.append(limits)
    if column.required:
        lines.append(f"{words['required']['zh']} / {words['required']['en']}")
    return "\n".join(lines)


def _validate(page: Worksheet, column: Column, number: int, last: int, lang: Lang) -> None:
    """A drop-down for words and plot numbers, limits for numbers, dates for dates."""
    from openpyxl.utils import get_column_letter

    rule = _rule(column, page.title, lang)
    if rule is None:
        return
    letter = get_column_letter(number)
    rule.add(f"{letter}{HEADER_ROW + 1}:{letter}{last + 500}")
    page.add_data_validation(rule)


def _rule(column: Column, sheet: str, lang: Lang) -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    words = texts()["words"]
    plots = survey()["sheets"]["plots"][lang]
    if column.name in survey()["words"]:
        offered = ",".join(_word(column.name, ours, lang) for ours in survey()["words"][column.name])
        return DataValidation(type="list", formula1=f'"{offered}"', allow_blank=True, error=words["choose"][lang])
    if column.name == "location_id" and sheet != plots:
        places = f"'{plots}'!$A${HEADER_ROW + 1}:$A${HEADER_ROW + 1000}"
        return DataValidation(type="list", formula1=places, allow_blank=True, error=words["choose"][lang])
    if column.kind == "date":
        first = (date(1990, 1, 1) - date(1899, 12, 30)).days
        return DataValidation(
            type="date", operator="greaterThan", formula1=str(first), allow_blank=True, error=words["date"][lang]
        )
    low = column.above if column.above is not None else column.min
    if column.is_number and low is not None and column.max is not None:
        kind = "whole" if column.kind == "integer" else "decimal"
        message = words["between"][lang].format(low=f"{low:g}", high=f"{column.max:g}")
        return DataValidation(
            type=kind,
            operator="between",
            formula1=f"{low:g}",
            formula2=f"{column.max:g}",
            allow_blank=True,
            error=message,
        )
    return None


def _print_setup(page: Worksheet, lang: Lang) -> None:
    """A4 across, one page wide, headers on every page, page numbers below."""
    page.page_setup.paperSize = 9  # A4
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = f"1:{HEADER_ROW}"
    page.oddFooter.center.text = texts()["words"]["page"][lang]
    page.oddFooter.left.text = "&A"
    page.page_margins.left = page.page_margins.right = 0.4


def stable_bytes(book: Workbook) -> bytes:
    """A workbook without the clock in it: the same content gives the same bytes."""
    raw, stable = BytesIO(), BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as packed, zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in sorted(packed.namelist()):
            data = packed.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb">\d{4}-\d\d-\d\dT[\d:.]+Z<", b">2000-01-01T00:00:00Z<", data)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            out.writestr(entry, data)
    return stable.getvalue()
