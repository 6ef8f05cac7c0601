"""How the command line shows things: one JSON document, or tables and sentences for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t

if TYPE_CHECKING:
    from tanhui.kernel.errors import TanhuiError
    from tanhui.kernel.progress import Progress

__all__ = ["JsonOption", "progress_bar", "say_line", "show_error", "show_json", "show_table"]

JsonOption = Annotated[bool, typer.Option("--json", help=t("option.json"))]


def show_json(document: Any) -> None:
    """The one document on stdout."""
    from tanhui.kernel.canonical import rounded

    json.dump(rounded(document), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def say_line(text: str = "") -> None:
    """One line for a person. Markup is not interpreted: file names may hold brackets."""
    sys.stdout.write(text + "\n")


def show_table(headers: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table for a person."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for place, header in enumerate(headers):
        numeric = bool(rows) and all(isinstance(row[place], (int, float)) for row in rows)
        table.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell_text(cell)) for cell in row))
    Console().print(table)


def cell_text(cell: object) -> str:
    """A value as a table cell: numbers with four significant digits and thousands, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return t("yes") if cell else t("no")
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 10_000 else f"{cell:,.4g}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return str(cell)


def show_error(error: TanhuiError, as_json: bool) -> None:
    """An error in the shape the caller asked for: JSON on stdout, words on stderr."""
    if as_json:
        show_json({"error": error.to_dict(LANG)})
    else:
        sys.stderr.write(error.text(LANG) + "\n")


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on stderr with rate and time left; nothing where stderr is not a terminal or ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=False) as bars:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(t(f"step.{step}"), total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield report
