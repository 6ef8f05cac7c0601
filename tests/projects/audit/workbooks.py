"""A verifier's survey made from the owner's: the plots drawn, read again by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

#: Columns of the example's sheets, by the words in their headers.
PLOT, TREE, DIAMETER = "样地号", "样木号", "胸径"


def again(owner: Path, target: Path, plots: Collection[str], reread: Callable[[str, str, float], float | None]) -> Path:
    """The workbook with those plots only; ``reread(plot, tree, dbh)`` is the other's diameter, None for no tree."""
    book, reread = load_workbook(owner), cache(reread)  # a tree is on two sheets
    for sheet in list(book.worksheets):
        rows = list(sheet.iter_rows(values_only=True))
        top = next((n for n, row in enumerate(rows) if any(PLOT in str(cell) for cell in row if cell)), None)
        if top is None:
            continue
        header = [str(cell or "") for cell in rows[top]]
        place = header.index(next(word for word in header if PLOT in word))
        if sheet.title == "复测":
            book.remove(sheet)
            continue
        kept = [row for row in rows[top + 1 :] if row[place] and str(row[place]) in plots]
        kept = [row for row in (changed(row, header, reread) for row in kept) if row is not None]
        sheet.delete_rows(top + 2, sheet.max_row)
        for row in kept:
            sheet.append(list(row))
    book.save(target)
    return target


def changed(
    row: tuple[Any, ...], header: list[str], reread: Callable[[str, str, float], float | None]
) -> tuple[Any, ...] | None:
    """A row of trees with the other's diameter; other rows as they are."""
    names = {key: next((n for n, word in enumerate(header) if key in word), None) for key in (PLOT, TREE, DIAMETER)}
    if names[TREE] is None or names[DIAMETER] is None or not isinstance(row[names[DIAMETER]], (int, float)):
        return row
    dbh = reread(str(row[names[PLOT]]), str(row[names[TREE]]), float(row[names[DIAMETER]]))
    if dbh is None:
        return None
    return tuple(round(dbh, 1) if n == names[DIAMETER] else cell for n, cell in enumerate(row))
