"""What the village accountant and the bank get: a workbook with live sums, and a table of payments.

Every sum in the workbook is a formula over the rows above it, and one cell says whether they meet the amount in the
ledger. Texts come from people's tables, so none of them may become a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tanhui.kernel.units import M2_PER_HA, MU_PER_HA
from tanhui.kernel.wording import Lang, say
from tanhui.projects.template import stable_bytes
from tanhui.projects.tenure.share_table import Sheet

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["accounts_book", "bank_table", "plain_text"]

MONEY, AREA = "#,##0.00", "#,##0.0000"
HEAD = "E8EFEC"
#: Signs with which a spreadsheet takes a text for a formula; signs that cannot be printed become spaces.
FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def plain_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before the signs that would make it one."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return "'" + text if text.lstrip(" ").startswith(FORMULA_SIGNS) else text


def bank_table(document: Mapping[str, Any], found: Sequence[Sheet]) -> bytes:
    """The payments as CSV: account, name, yuan and whose statement; UTF-8 with a mark, as Excel wants it."""
    index = document["log"]["index"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(["account", "name", "amount_cny", "statement", "leaf"])
    for sheet in found:
        if sheet.paid_fen:
            amount = f"{sheet.paid_fen // 100}.{sheet.paid_fen % 100:02d}"
            table.writerow([plain_text(sheet.account), plain_text(sheet.name), amount, sheet.sha256[:16], index])
    return ("\ufeff" + text.getvalue()).encode()


def accounts_book(document: Mapping[str, Any], found: Sequence[Sheet], lang: Lang) -> bytes:
    """The workbook: the totals, each account, each parcel; the same bytes for the same table."""
    from openpyxl import Workbook

    book = Workbook()
    totals = book.active
    assert totals is not None
    totals.title = _say(lang, "sheet_totals")
    accounts, parcels = book.create_sheet(_say(lang, "sheet_accounts")), book.create_sheet(_say(lang, "sheet_parcels"))
    rows = _write_parcels(parcels, document["table"]["days"], found, lang)
    villages = _write_accounts(accounts, parcels.title, found, rows, lang)
    _write_totals(totals, accounts.title, document, villages, len(found), lang)
    for page in book.worksheets:
        _ready_to_print(page)
    return stable_bytes(book)


def _write_parcels(page: Worksheet, of_days: int, found: Sequence[Sheet], lang: Lang) -> dict[str, range]:
    """One row for each stake, worked out by a formula beside what is paid for it; the rows of each account."""
    names = ("account", "name", "parcel_number", "pot", "mu", "cny_mu", "days", "of_days", "share", "coefficient")
    _head(page, [_say(lang, name) for name in (*names, "worked_out", "fen", "difference")])
    rows: dict[str, range] = {}
    at = 2
    for sheet in found:
        rows[sheet.account] = range(at, at + len(sheet.lines))
        for line in sheet.lines:
            texts = [sheet.account, sheet.name, line.parcel]
            numbers = [line.area_m2 * MU_PER_HA / M2_PER_HA, float(line.cny_per_mu), line.days, of_days]
            numbers += [float(line.share), float(line.coefficient)]
            worked = f"=E{at}*F{at}*G{at}/H{at}*I{at}*J{at}"
            pot = say(f"tenure.pot.{line.pot}", lang)
            page.append([*map(plain_text, texts), pot, *numbers, worked, line.fen / 100, f"=L{at}-K{at}"])
            for column, shown in ((5, AREA), (6, AREA), (9, "0.##%"), (11, MONEY), (12, MONEY), (13, MONEY)):
                page.cell(at, column).number_format = shown
            at += 1
    page.freeze_panes = "A2"
    _widths(page, [22, 16, 14, 12, 12, 14, 8, 8, 8, 8, 14, 14, 10])
    return rows


def _write_accounts(
    page: Worksheet, parcels: str, found: Sequence[Sheet], rows: Mapping[str, range], lang: Lang
) -> list[tuple[str, int, int]]:
    """One row for each account, village by village; first and last row of each village."""
    names = ("village", "account", "name", "fen", "carried_in", "due", "paid", "waits", "sign", "hash")
    _head(page, [_say(lang, name) for name in names])
    villages = []
    at = 2
    for village, group in groupby(sorted(found, key=lambda s: (s.village, s.account)), key=lambda s: s.village):
        first = at
        for sheet in group:
            span = rows[sheet.account]
            earned = f"=ROUND(SUM('{parcels}'!L{span.start}:L{span.stop - 1}),2)" if span else 0
            carried = sum(fen for reason, fen in sheet.dues if reason == "carried") / 100
            texts = [plain_text(text) for text in (village, sheet.account, sheet.name)]
            waits = sheet.waiting_fen / 100
            page.append([*texts, earned, carried, f"=D{at}+E{at}", f"=F{at}-H{at}", waits, "", sheet.sha256[:16]])
            for column in range(4, 9):
                page.cell(at, column).number_format = MONEY
            at += 1
        villages.append((village or _say(lang, "no_village"), first, at - 1))
    page.freeze_panes = "A2"
    _widths(page, [26, 22, 16, 14, 12, 14, 14, 12, 22, 20])
    return villages


def _write_totals(
    page: Worksheet,
    accounts: str,
    document: Mapping[str, Any],
    villages: Sequence[tuple[str, int, int]],
    count: int,
    lang: Lang,
) -> None:
    """What came in, what was taken off, what each village gets, and whether it all meets."""
    table, log = document["table"], document["log"]
    deducted = [(name, int(fen)) for name, fen in table["deducted"]]
    net = int(table["amount_fen"])
    if table["status"] == "scenario":
        page.append([say("tenure.scenario", lang)])
    page.append([_say(lang, "title"), "", table["project"]])
    page.append([_say(lang, "period", first=table["period"][0], last=table["period"][1], days=table["days"])])
    page.append([_say(lang, "gross_row"), (net + sum(fen for _, fen in deducted)) / 100])
    top = page.max_row
    for name, fen in deducted:
        page.append([plain_text(name), -fen / 100])
    page.append([_say(lang, "net_row"), f"=ROUND(SUM(B{top}:B{page.max_row}),2)"])
    net_row = page.max_row
    page.append([])
    head = page.max_row + 1
    page.append([_say(lang, name) for name in ("village", "fen", "carried_in", "due", "paid", "waits")])
    for village, first, last in villages:
        sums = [f"=ROUND(SUM('{accounts}'!{column}{first}:{column}{last}),2)" for column in "DEFGH"]
        page.append([plain_text(village), *sums])
    last = page.max_row
    page.append([_say(lang, "all"), *(f"=ROUND(SUM({column}{head + 1}:{column}{last}),2)" for column in "BCDEF")])
    total = page.max_row
    paid = sum(int(fen) for _, fen, _ in table["payments"]) / 100
    page.append([])
    page.append([_say(lang, "ledger"), paid])
    same = f"AND(B{net_row}=B{total},E{total}=B{page.max_row})"
    page.append([_say(lang, "check"), f'=IF({same},"{_say(lang, "meets")}","{_say(lang, "differs")}")'])
    page.append([_say(lang, "leaf"), log["index"], log["origin"]])
    page.append([_say(lang, "table"), log["sha256"]])
    page.append([_say(lang, "count"), count])
    for row in page.iter_rows(min_row=top, max_row=page.max_row - 4, min_col=2, max_col=6):
        for cell in row:
            cell.number_format = MONEY
    _bold(page, [1, head, total])
    _widths(page, [34, 18, 18, 18, 18, 18])


def _say(lang: Lang, key: str, **facts: Any) -> str:
    return say(f"tenure.sheet.{key}", lang, **facts)


def _head(page: Worksheet, names: Sequence[str]) -> None:
    from openpyxl.styles import PatternFill

    page.append(list(names))
    _bold(page, [1])
    for cell in page[1]:
        cell.fill = PatternFill("solid", start_color=HEAD)


def _bold(page: Worksheet, rows: Sequence[int]) -> None:
    from openpyxl.styles import Font

    for row in rows:
        for cell in page[row]:
            cell.font = Font(bold=True)


def _widths(page: Worksheet, sizes: Sequence[int]) -> None:
    from openpyxl.utils import get_column_letter

    for column, size in enumerate(sizes, start=1):
        page.column_dimensions[get_column_letter(column)].width = size


def _ready_to_print(page: Worksheet) -> None:
    """A4 across, one page wide, the first row on every page."""
    page.page_setup.paperSize = 9
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = "1:1"
