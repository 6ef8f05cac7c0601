"""The workbook beside the documents: tables too long for paper, each figure with its key."""

from __future__ import annotations

from collections.abc import Mapping

from tanhui.kernel.wording import Lang, say
from tanhui.projects.documents.compose import MANY_ROWS
from tanhui.projects.documents.model import Fact, Table
from tanhui.projects.documents.package import read_parts, sealed
from tanhui.projects.template import stable_bytes

__all__ = ["annex"]


def annex(tables: Mapping[str, Table], lang: Lang, properties: Mapping[str, str]) -> bytes | None:
    """Every table with more rows than a document shows; nothing where there is none.

    Behind each column of figures stands one with their keys.
    """
    long = {name: table for name, table in tables.items() if len(table.rows) > MANY_ROWS}
    if not long:
        return None
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, table in long.items():
        page = book.create_sheet(name)
        page.freeze_panes = "A2"
        figures = [at for at in range(len(table.columns)) if any(isinstance(row[at], Fact) for row in table.rows)]
        key = say("documents.col.key", lang)
        head = [say(f"documents.col.{column}", lang) for column in table.columns]
        page.append([*head, *(f"{head[at]} · {key}" for at in figures)])
        for row in table.rows:
            cells = [cell.value if isinstance(cell, Fact) else safe(cell) for cell in row]
            page.append([*cells, *(fact.key if isinstance(fact := row[at], Fact) else "" for at in figures)])
    return sealed(read_parts(stable_bytes(book)), properties)


def safe(text: str) -> str:
    """A text that no office program takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
