"""A workbook against the run it was made from: what a person changed, by sheet and cell.

Rows are matched by their leading cells, so that a deleted row is one change and not a change of all rows below it;
formulas that a spreadsheet shifted because of it are as they should be. Only the file is judged; nothing is written.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import digest
from tanhui.kernel.errors import InputError
from tanhui.kernel.limits import refuse_packed
from tanhui.kernel.wording import Lang
from tanhui.projects.workbook.forms import TEXT, is_formula, plain, written
from tanhui.projects.workbook.model import Book, Cell, Content, Page, column_letter, word
from tanhui.projects.workbook.write import MARK, content_digest

__all__ = ["Change", "Found", "changes", "read_workbook"]

#: Changes of one kind on one sheet that are listed one by one.
LISTED = 50
#: Letters of a cell that are shown.
SHOWN = 120
#: Numbers that programs write with fewer digits than we do are still the same. [1]
SAME_NUMBER = 1e-12
#: A cell or a range in a formula: sheet, then column and row of one end or of both.
END = r"(\$?)([A-Z]{1,3})(\$?)(\d+)"
PLACE = re.compile(rf"((?:'[^']+'|\w+)!)?(?<![\w.]){END}(?::{END})?(?![\w(.])")
PROTECTED = re.compile(rb'<sheetProtection[^>]* sheet="(?:1|true)"')

Rows = list[list[Content]]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as the run wrote it, with what was there and what is."""

    kind: str
    sheet: str
    cell: str = ""
    told: str = ""
    found: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: Lang) -> str:
        """Place and kind in one sentence."""
        said = word(f"change.{self.kind}", lang, told=self.told, found=self.found, **self.facts)
        mark = "：" if lang == "zh" else ": "
        return f"{self.sheet}{f'!{self.cell}' if self.cell else ''}{mark}{said}"

    def to_dict(self, lang: Lang) -> dict[str, Any]:
        """As ``tanhui workbook check --json`` prints it."""
        head = {"kind": self.kind, "sheet": self.sheet, "cell": self.cell, "was": self.told, "is": self.found}
        return {**head, "text": self.text(lang)}


@dataclass(frozen=True, slots=True)
class Found:
    """A workbook as it was read: its mark, its sheets, its names, and which sheets are protected."""

    sha256: str
    mark: Mapping[str, str]
    sheets: Mapping[str, Rows]
    names: Mapping[str, str]
    protected: frozenset[str]

    @property
    def untouched(self) -> bool:
        """Whether every cell is as we wrote it."""
        cells = (
            (title, row, column, content)
            for title, rows in self.sheets.items()
            for row, contents in enumerate(rows, start=1)
            for column, content in enumerate(contents, start=1)
            if content is not None and content != ""
        )
        return self.mark.get("tanhui_content") == content_digest(cells)


def read_workbook(path: Path) -> Found:
    """Every cell of a workbook, formulas as formulas.

    Raises
    ------
    InputError
        If it is missing, damaged, no workbook, or unpacks to too much.
    """
    from openpyxl import load_workbook

    try:
        refuse_packed(path)
        with zipfile.ZipFile(path) as packed:
            parts = [name for name in packed.namelist() if name.startswith("xl/worksheets/sheet")]
            locked = {name for name in parts if PROTECTED.search(packed.read(name))}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl does not know concerns nobody here
            book = load_workbook(path, read_only=True)
        try:
            mark = {p.name: str(p.value) for p in book.custom_doc_props.props if p.name in MARK}
            sheets = {
                page.title: [[plain_content(c) for c in row] for row in page.iter_rows(values_only=True)]
                for page in book.worksheets
            }
            names = {name: str(where.attr_text) for name, where in book.defined_names.items()}
            protected = {page.title for page in book.worksheets if getattr(page, "_worksheet_path", "") in locked}
        finally:
            book.close()
        return Found(digest(path.read_bytes()), mark, sheets, names, frozenset(protected))
    except InputError:
        raise
    except Exception as error:  # what a damaged file makes zipfile, expat and openpyxl raise has no common root
        detail = str(error)[:200] or type(error).__name__
        raise InputError("workbook.unreadable", path=str(path), detail=detail) from None


def plain_content(content: Any) -> Content:
    """A cell's content; a formula in an object of its own (an array formula) as its text."""
    if isinstance(content, datetime):
        return content.date()
    if content is None or isinstance(content, (str, int, float, date)):
        return content
    return f"={str(getattr(content, 'text', content)).lstrip('=')}"


def changes(book: Book, found: Found) -> list[Change]:
    """Everything in a workbook that is not as the run wrote it, in the order of the sheets."""
    there = [page for page in book.pages if page.title in found.sheets]
    matches = {page.title: match_rows(page, found.sheets[page.title]) for page in there}
    shifted = {title: match.where for title, match in matches.items() if not match.same}
    every: list[Change] = []
    for page in book.pages:
        if page.title not in matches:
            every.append(Change("sheet_missing", page.title))
            continue
        if page.title not in found.protected:
            every.append(Change("protection_removed", page.title))
        every += listed(page_changes(page, found.sheets[page.title], matches[page.title], shifted))
    known = {page.title for page in book.pages}
    every += [Change("sheet_added", title) for title in found.sheets if title not in known]
    return every + list(name_changes(book, found, shifted))


@dataclass(frozen=True, slots=True)
class Match:
    """Which row of the file each of our rows is (both from 1), and what has no partner."""

    where: Mapping[int, int]
    deleted: tuple[int, ...]
    added: tuple[int, ...]
    moved: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether every row is where we put it."""
        return not (self.deleted or self.added or self.moved)


def match_rows(page: Page, rows: Rows) -> Match:
    """Match rows by their leading cells; a row whose leading cells alone were changed keeps its partner."""
    ours = [key_of([cell.content if cell else None for cell in cells], page.keys) for cells in page.rows]
    theirs = [key_of(row, page.keys) for row in rows]
    while len(theirs) > len(ours) and not any(content not in (None, "") for content in rows[len(theirs) - 1]):
        theirs.pop()
    where: dict[int, int] = {}
    deleted: list[int] = []
    added: list[int] = []
    if ours == theirs:
        return Match({n: n for n in range(1, len(ours) + 1)}, (), (), ())
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and b - a == d - c):
            where |= {a + k + 1: c + k + 1 for k in range(b - a)}
        else:
            deleted += range(a + 1, b + 1)
            added += range(c + 1, d + 1)
    added = [n for n in added if any(content not in (None, "") for content in rows[n - 1])]
    moved = {ours[n - 1] for n in deleted} & {theirs[n - 1] for n in added} - {key_of((), page.keys)}
    return Match(
        where,
        tuple(n for n in deleted if ours[n - 1] not in moved),
        tuple(n for n in added if theirs[n - 1] not in moved),
        tuple(n for n in added if theirs[n - 1] in moved),
    )


def key_of(contents: Sequence[Content], keys: int) -> tuple[str, ...]:
    """What a row is known by."""
    cells = [*contents[:keys], *[None] * (keys - len(contents))]
    return tuple("" if content is None else plain(content) for content in cells)


Where = Mapping[str, Mapping[int, int]]


def page_changes(page: Page, rows: Rows, match: Match, shifted: Where) -> Iterator[Change]:
    """Everything changed on one sheet."""
    for row in match.deleted:
        told = " ".join(key_of([cell.content if cell else None for cell in page.rows[row - 1]], page.keys)).strip()
        yield Change("row_deleted", page.title, told=told, facts={"row": row})
    for row in match.added:
        yield Change("row_added", page.title, f"A{row}", found=" ".join(key_of(rows[row - 1], page.keys)).strip())
    if match.moved:
        first = min(match.moved)
        yield Change("rows_moved", page.title, f"A{first}", found=" ".join(key_of(rows[first - 1], page.keys)).strip())
    for ours, theirs in match.where.items():
        for column, (cell, content) in enumerate(zip_longest(page.rows[ours - 1], rows[theirs - 1]), start=1):
            kind = difference(cell, content, page.title, shifted)
            if kind:
                told = shown(cell.content if cell is not None else None)
                yield Change(kind, page.title, f"{column_letter(column)}{theirs}", told, shown(content))


def shown(content: Content) -> str:
    """What stands in a cell, short enough for a line."""
    text = "" if content is None else str(content) if isinstance(content, str) else plain(content)
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"


def difference(cell: Cell | None, content: Content, sheet: str, shifted: Where) -> str:
    """The kind of change of one cell; empty where there is none."""
    told = cell.content if cell is not None else None
    told, content = (None if x == "" else x for x in (told, content))
    if told == content and not (shifted and is_formula(told)):
        return ""
    if told is None or cell is None:
        return "cell_added"
    if content is not None and same_content(told, content, sheet, shifted):
        return ""
    if is_formula(told):
        return "formula_changed" if is_formula(content) else "formula_overwritten"
    if is_formula(content):
        return "formula_added"
    return {"input": "input_changed", "filled": "input_changed", "parameter": "parameter_changed"}.get(
        cell.role, "text_changed" if isinstance(told, str) else "value_changed"
    )


def same_content(told: Content, content: Content, sheet: str, shifted: Where) -> bool:
    """Whether two contents mean the same, however a program writes them."""
    if is_formula(told) and is_formula(content):
        # A formula that did not move with its rows computes something else now.
        ours = moved_formula(str(told), sheet, shifted) if shifted else str(told)
        return written(str(content)) == written(ours)
    if isinstance(told, (int, float)) and isinstance(content, (int, float)):
        return abs(told - content) <= SAME_NUMBER * abs(told)
    return plain(told) == plain(content)


def moved_formula(formula: str, sheet: str, shifted: Where) -> str:
    """A formula of ours as a spreadsheet shifts it when rows go or come."""

    def row_at(title: str, row: int, step: int) -> int | None:
        where = shifted.get(title)
        if where is None:
            return row
        while step and row not in where and 0 < row <= max(where, default=0):
            row += step  # the end of a range moves to the next row that is left
        return where.get(row)

    def place(found: re.Match[str]) -> str:
        title = (found[1] or f"{sheet}!").rstrip("!").strip("'")
        ranged = found[9] is not None
        first, last = row_at(title, int(found[5]), int(ranged)), row_at(title, int(found[9]), -1) if ranged else 0
        if first is None or last is None:
            return "#REF!"
        start = f"{found[1] or ''}{found[2]}{found[3]}{found[4]}{first}"
        return f"{start}:{found[6]}{found[7]}{found[8]}{last}" if ranged else start

    parts = TEXT.split(formula)
    parts[::2] = [PLACE.sub(place, part) for part in parts[::2]]
    return "".join(parts)


def name_changes(book: Book, found: Found, shifted: Where) -> Iterator[Change]:
    """Names that are gone or stand for another cell."""
    for name, where in book.names().items():
        there = found.names.get(name, "")
        if written(there) != written(moved_formula(where, "", shifted)):
            yield Change("name_changed", where.partition("!")[0].strip("'"), told=name, found=there or "-")


def listed(every: Iterator[Change]) -> list[Change]:
    """The first of each kind, and how many more there are."""
    kept: list[Change] = []
    counts: dict[str, int] = {}
    sheet = ""
    for change in every:
        sheet = change.sheet
        counts[change.kind] = counts.get(change.kind, 0) + 1
        if counts[change.kind] <= LISTED:
            kept.append(change)
    kept += [
        Change("and_more", sheet, facts={"count": count - LISTED, "like": kind})
        for kind, count in counts.items()
        if count > LISTED
    ]
    return kept
