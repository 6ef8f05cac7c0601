"""The workbook of a first look: inputs that may be changed, a cash flow in live formulas, and every parcel.

Names are in both languages. The formulas are those of :mod:`tanhui.projects.scout.money`, cell by cell; a test lets an
office program work them out and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import LANGS, say
from tanhui.projects.scout.document import Found
from tanhui.projects.template import stable_bytes

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["workbook_bytes"]

CHANGEABLE, HEAD, STRONG = "FFF2CC", "E8EFEC", "D5E8DF"
MONEY, TONNES, SHARE = "#,##0;[Red]-#,##0", "#,##0", "0.0%"
#: First column of years on the sheet of the cash flow.
FIRST_YEAR = 4


def two(key: str) -> str:
    """Words of the workbook in both languages."""
    return " ".join(say(f"scout.{key}", lang) for lang in LANGS)


def joined(texts: Mapping[str, str]) -> str:
    """A text in both languages, once where they are the same."""
    return " ".join(dict.fromkeys(texts[lang] for lang in LANGS))


def sheet(key: str) -> str:
    """Name of a sheet."""
    return two(f"sheet.{key}")


def workbook_bytes(result: Mapping[str, Any], found: Found) -> bytes:
    """The workbook, the same bytes for the same look."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    if result["money"] is not None:
        cells = write_inputs(book, found)
        write_cash(book, result, found, cells)
    write_parcels(book, result)
    write_clauses(book, result)
    write_missing(book, result)
    for page in book.worksheets:
        ready_to_print(page)
    return stable_bytes(book)


@dataclass(frozen=True, slots=True)
class Cells:
    """Where on the sheet of inputs a number stands, as other sheets write it."""

    area: str
    planned: str
    price: str
    rate: str
    kept: str
    tonnes: str
    #: Item -> row.
    rows: Mapping[str, int]

    def item(self, name: str, column: str) -> str:
        """A cell of an item's row."""
        return f"'{sheet('inputs')}'!${column}${self.rows[name]}"


def write_inputs(book: Workbook, found: Found) -> Cells:
    """Area, price, rate and the items of the costs."""
    page = book.create_sheet(sheet("inputs"))
    assert found.tonnes is not None
    assert found.costs.benchmark is not None
    put(page, 1, [two("book.change")], bold=True)
    heads = [
        (two("driver.area"), found.tonnes.area_ha, "ha", "#,##0.00", True),
        (two("book.area_planned"), found.tonnes.area_ha, "ha", "#,##0.00", False),
        (two("driver.price"), found.price_cny_t, "CNY/t CO2e", "#,##0.00", True),
        (two("driver.rate"), found.costs.benchmark.value, "1/yr", SHARE, True),
        (two("book.kept"), found.kept_share, "1", SHARE, True),
        (two("book.tonnes"), 1.0, "1", "0.00", True),
    ]
    for row, (name, value, unit, shown, free) in enumerate(heads, start=3):
        put(page, row, [name, value, unit])
        style(page.cell(row, 2), shown, CHANGEABLE if free else "")
    top = 3 + len(heads) + 1
    names = ("item", "value", "unit", "sign", "first", "last", "every", "carbon", "reference")
    put(page, top, [two(f"book.{name}") for name in names], bold=True, fill=HEAD)
    years = len(found.tonnes.years)
    rows = {}
    for row, item in enumerate(found.costs.items or (), start=top + 1):
        first, last = item.years or ("", "")
        ends = [year + years if isinstance(year, int) and year < 0 else year for year in (first, last)]
        line = [joined({lang: item.title(lang) for lang in LANGS}), item.value, two(f"per.{item.per}")]
        line += [1 if item.kind == "income" else -1, *ends, item.every if item.years else ""]
        put(page, row, [*line, "✓" if item.carbon or item.on_sale else "", f"{item.reference} ({item.status})"])
        style(page.cell(row, 2), SHARE if item.per == "income" else "#,##0.00", CHANGEABLE)
        for column in (5, 6, 7):
            style(page.cell(row, column), "0", CHANGEABLE)
        rows[item.id] = row
    widths(page, [46, 14, 26, 14, 12, 12, 10, 12, 40])
    area, planned, price, rate, kept, tonnes = (f"'{sheet('inputs')}'!$B${row}" for row in range(3, 9))
    return Cells(area, planned, price, rate, kept, tonnes, rows)


def write_cash(book: Workbook, result: Mapping[str, Any], found: Found, cells: Cells) -> None:
    """Years across, lines down; every amount a formula of the inputs."""
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(sheet("cash"))
    years = result["tonnes"]["by_year"]
    columns = [get_column_letter(FIRST_YEAR + n) for n in range(len(years))]
    first, last = columns[0], columns[-1]
    units = {"removal": "t", "cumulative": "t", "low": "t", "high": "t", "sold": "t"}
    tops = ("year", "number", "removal", "cumulative", "low", "high", "verified", "sold")
    for row, name in enumerate(tops, start=1):
        put(page, row, [two(f"book.{name}"), units.get(name, ""), ""], bold=row == 1, fill=HEAD if row == 1 else "")
    scale = f"*{cells.area}/{cells.planned}*{cells.tonnes}"
    for n, (column, year) in enumerate(zip(columns, years, strict=True)):
        before = columns[n - 1] if n else None
        page[f"{column}1"] = year["year"]
        page[f"{column}2"] = n
        page[f"{column}3"] = f"={year['removal_t']!r}{scale}"
        page[f"{column}4"] = f"={column}3" + (f"+{before}4" if before else "")
        page[f"{column}5"] = f"={max(year['cumulative_ci90'][0], 0.0)!r}{scale}"
        page[f"{column}6"] = f"={year['cumulative_ci90'][1]!r}{scale}"
        page[f"{column}7"] = int(year["verified"])
        style(page[f"{column}7"], "0", CHANGEABLE)
        sold_before = f"-SUM(${first}8:{before}8)" if before else ""
        page[f"{column}8"] = f"=IF({column}7=1,MAX({column}4*{cells.kept}{sold_before},0),0)"
        for row in (3, 4, 5, 6, 8):
            style(page[f"{column}{row}"], TONNES)
    top = len(tops) + 2
    names = ["carbon_income", *(item.id for item in found.costs.items or ())]
    row_of = {name: top + n for n, name in enumerate(names)}
    for name, row in row_of.items():
        line = next(x for x in result["money"]["with_carbon"]["lines"] if x["id"] == name)
        put(page, row, [joined(line["name"]), "CNY", "✓" if is_carbon(found, name) else ""])
        for column in columns:
            page[f"{column}{row}"] = "=" + formula(found, name, column, row_of, cells)
            style(page[f"{column}{row}"], MONEY)
    write_totals(page, found, row_of, columns, cells)
    page["C1"] = two("book.carbon")
    page.freeze_panes = page.cell(2, FIRST_YEAR)
    widths(page, [40, 8, 14, *[12] * len(columns)])
    assert last == columns[-1]


def is_carbon(found: Found, name: str) -> bool:
    """Whether a line is there for carbon only."""
    return name == "carbon_income" or any(i.id == name and (i.carbon or i.on_sale) for i in found.costs.items or ())


def formula(found: Found, name: str, column: str, row_of: Mapping[str, int], cells: Cells) -> str:
    """The amount of a line in a year."""
    if name == "carbon_income":
        return f"{cells.price}*{column}8"
    item = next(item for item in found.costs.items or () if item.id == name)
    amount = f"{cells.item(name, 'D')}*{cells.item(name, 'B')}"
    if item.per == "t":
        return f"{amount}*{column}8"
    if item.per == "income":
        return f"{amount}*{column}{row_of['carbon_income']}"
    size = {"ha": f"*{cells.area}", "mu": f"*{cells.area}*15", "project": ""}[item.per]
    if item.years is None:
        return f"{amount}{size}*{column}7"
    since, until, every = (cells.item(name, c) for c in "EFG")
    falls = f"AND({column}2>={since},{column}2<={until},MOD({column}2-{since},{every})=0)"
    return f"IF({falls},{amount}{size},0)"


def write_totals(page: Worksheet, found: Found, row_of: Mapping[str, int], columns: list[str], cells: Cells) -> None:
    """Net flows with and without carbon, their running total, worth and return, and the break-even price."""
    top, bottom = min(row_of.values()), max(row_of.values())
    with_row, without_row, running = bottom + 2, bottom + 3, bottom + 4
    first, last = columns[0], columns[-1]
    for row, name in ((with_row, "with"), (without_row, "without"), (running, "running")):
        put(page, row, [two(f"book.{name}"), "CNY", ""], bold=True, fill=STRONG)
    for n, column in enumerate(columns):
        span, marks = f"{column}{top}:{column}{bottom}", f"$C${top}:$C${bottom}"
        page[f"{column}{with_row}"] = f"=SUM({span})"
        page[f"{column}{without_row}"] = f'=SUMIF({marks},"",{span})'
        page[f"{column}{running}"] = f"={column}{with_row}" + (f"+{columns[n - 1]}{running}" if n else "")
        for row in (with_row, without_row, running):
            style(page[f"{column}{row}"], MONEY, STRONG)
    years = f"${first}$2:${last}$2"
    for offset, (row, name) in enumerate(((with_row, "with"), (without_row, "without"))):
        at = running + 2 + 2 * offset
        flows = f"{first}{row}:{last}{row}"
        put(
            page,
            at,
            [f"{two('book.npv')} · {two(f'{name}_carbon')}", "CNY", f"=SUMPRODUCT({flows},(1+{cells.rate})^-{years})"],
        )
        put(
            page,
            at + 1,
            [f"{two('book.irr')} · {two(f'{name}_carbon')}", "1/yr", f'=IFERROR(IRR({flows},{cells.rate}),"–")'],
        )
        style(page.cell(at, 3), MONEY)
        style(page.cell(at + 1, 3), "0.00%")
    # The value is a straight line in the price: what is missing over what one yuan more would bring.
    sold = f"SUMPRODUCT({first}{row_of['carbon_income']}:{last}{row_of['carbon_income']},(1+{cells.rate})^-{years})"
    shares = "".join(
        f"+{cells.item(i.id, 'D')}*{cells.item(i.id, 'B')}" for i in found.costs.items or () if i.per == "income"
    )
    put(
        page,
        running + 6,
        [two("book.even_price"), "CNY/t", f"={cells.price}*(1-C{running + 2}/({sold}*(1{shares})))"],
    )
    style(page.cell(running + 6, 3), "#,##0.00")


def write_parcels(book: Workbook, result: Mapping[str, Any]) -> None:
    """Every parcel with its standing, its clauses and its tonnes."""
    page = book.create_sheet(sheet("parcels"))
    heads = [two("book.id"), f"{two('book.area')} ha", two("book.species"), two("book.standing")]
    heads += [two("col.not_met"), two("outcome.evidence_missing"), f"{two('book.expected')} t CO2e"]
    put(page, 1, heads, bold=True, fill=HEAD)
    standings = {name: two(f"standing.{name}") for name in result["standing"]}
    for parcel in result["parcels"]:
        page.append(
            [
                safe(parcel["id"]),
                round(parcel["area_ha"], 4),
                safe(parcel["species"]),
                standings[parcel["standing"]],
                "; ".join(parcel["not_met"]),
                "; ".join(parcel["evidence_missing"]),
                None if parcel["expected_t"] is None else round(parcel["expected_t"], 1),
            ]
        )
    page.freeze_panes = "B2"
    page.auto_filter.ref = f"A1:G{page.max_row}"
    widths(page, [16, 12, 18, 32, 22, 44, 22])


def write_clauses(book: Workbook, result: Mapping[str, Any]) -> None:
    """Each clause with its words, how many parcels meet it, and what decided."""
    page = book.create_sheet(sheet("clauses"))
    heads = [two(f"col.{name}") for name in ("clause", "asks", "met", "open", "not_met")] + [two("book.standing")]
    put(page, 1, heads, bold=True, fill=HEAD)
    for row in result["clauses"]:
        counts = row["counts"] or {}
        unsettled = counts.get("evidence_missing", 0) + counts.get("unread", 0)
        numbers = [counts.get("met", 0), unsettled, counts.get("not_met", 0)] if counts else [None] * 3
        page.append([row["clause"], joined(row["text"]), *numbers, two(f"outcome.{row['outcome']}")])
    widths(page, [22, 90, 10, 10, 10, 34])
    wrap(page, 2)


def write_missing(book: Workbook, result: Mapping[str, Any]) -> None:
    """What is still to be brought."""
    page = book.create_sheet(sheet("missing"))
    put(page, 1, [two("book.document"), two("col.clause"), two("book.count")], bold=True, fill=HEAD)
    for row in result["missing"]:
        page.append([joined(row["title"]), "; ".join(row["clauses"]), row["parcels"]])
    widths(page, [80, 40, 14])
    wrap(page, 1)


def safe(text: str) -> str:
    """A cell of somebody's file that no program takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text


def put(page: Worksheet, row: int, values: Iterable[Any], *, bold: bool = False, fill: str = "") -> None:
    """Values into a row from its first column."""
    from openpyxl.styles import Font

    for column, value in enumerate(values, start=1):
        cell = page.cell(row, column, value)
        if bold:
            cell.font = Font(bold=True)
        if fill:
            style(cell, "", fill)


def style(cell: Any, shown: str = "", fill: str = "") -> None:
    """Number format and colour of a cell."""
    from openpyxl.styles import PatternFill

    if shown:
        cell.number_format = shown
    if fill:
        cell.fill = PatternFill("solid", start_color=fill)


def widths(page: Worksheet, sizes: list[int]) -> None:
    """Widths of the columns."""
    from openpyxl.utils import get_column_letter

    for column, size in enumerate(sizes, start=1):
        page.column_dimensions[get_column_letter(column)].width = size


def wrap(page: Worksheet, column: int) -> None:
    """Long texts of a column in several lines."""
    from openpyxl.styles import Alignment

    for row in page.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(vertical="top", wrap_text=cell.column == column)


def ready_to_print(page: Worksheet) -> None:
    """A4 across, one page wide, the first row on every page."""
    page.page_setup.paperSize = 9
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = "1:1"
