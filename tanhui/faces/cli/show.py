"""How the command line shows things: one JSON document, or tables and sentences for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tanhui.faces.cli.language import LANG, t

if TYPE_CHECKING:
    from tanhui.kernel.errors import TanhuiError
    from tanhui.kernel.progress import Progress

__all__ = [
    "Interval",
    "JsonOption",
    "cell_text",
    "error_line",
    "progress_bar",
    "ready_streams",
    "say_line",
    "show_error",
    "show_json",
    "show_table",
]

JsonOption = Annotated[bool, typer.Option("--json", help=t("option.json"))]


#: Signs that would steer the terminal rather than be seen, such as escape sequences in a file's cells.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
#: From here on numbers are written with a power of ten: nobody counts fifteen digits.
LARGE = 1e12


def ready_streams() -> None:
    """Make stdout and stderr fit to be written to: there, and with a way out for signs they do not know."""
    import os

    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we began
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def show_json(document: Any) -> None:
    """The one document on stdout; where stdout is not in UTF-8, in plain ASCII."""
    from tanhui.kernel.canonical import rounded

    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    sys.stdout.write(json.dumps(rounded(document), ensure_ascii=not unicode, indent=2) + "\n")


def printable(text: str) -> str:
    """Text without signs that would steer the terminal."""
    return text.translate(_CONTROL)


def say_line(text: str = "") -> None:
    """One line for a person. Markup is not interpreted: file names may hold brackets."""
    sys.stdout.write(printable(text) + "\n")


def error_line(text: str) -> None:
    """One line for a person, beside the answer."""
    sys.stderr.write(printable(text) + "\n")


def show_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str = "",
    *,
    whole: Sequence[int] = (),
    last_is_total: bool = False,
) -> None:
    """A table for a person: numbers, and the columns in ``whole``, are never broken in the middle.

    Where a terminal is too narrow for that, each row becomes a block of lines instead.
    """
    rows = [list(row) for row in rows]
    numeric = [bool(rows) and all(is_numeric(row[at]) for row in rows) for at in range(len(headers))]
    cells = [[printable(cell_text(cell)) for cell in row] for row in rows]
    solid = [numeric[at] or at in whole for at in range(len(headers))]
    natural = [max(map(text_width, (header, *(row[at] for row in cells)))) for at, header in enumerate(headers)]
    needed = sum(size if fixed else min(size, BREAKABLE) for size, fixed in zip(natural, solid, strict=True))
    frame = PADDING * len(headers) + 1
    room = screen_width(sum(natural) + frame) - frame
    if needed > room:
        return show_blocks(headers, cells, title)
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD if can_say("─") else box.ASCII)
    for at, header in enumerate(headers):
        justify: Literal["left", "right"] = "right" if numeric[at] else "left"
        table.add_column(header, justify=justify, overflow="fold", no_wrap=solid[at])
    for number, row in enumerate(cells, start=1):
        if last_is_total and number == len(cells):
            table.add_section()
        table.add_row(*map(Text, row))
    # Written by us and not by Rich, which ends the program where nobody reads on.
    page = io.StringIO()
    Console(file=page, width=room + frame, highlight=False).print(table)
    sys.stdout.write("".join(line.rstrip() + "\n" for line in page.getvalue().splitlines()))


def can_say(text: str) -> bool:
    """Whether stdout has signs for a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


#: A column of words can be made this narrow, and each column is this much wider than its text. [signs]
BREAKABLE, PADDING = 12, 3
#: Width where nobody has said one: that of most terminals at least, and no more than a page holds. [signs]
WIDTH_LEAST, WIDTH_MOST = 80, 120


def screen_width(natural: int) -> int:
    """How wide a table may be: the terminal, or for a file as wide as the table needs, within bounds."""
    import os
    import shutil

    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return max(shutil.get_terminal_size().columns, 20)
    return min(max(natural, WIDTH_LEAST), WIDTH_MOST)


def show_blocks(headers: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    """A table as blocks of lines, one block a row."""
    if title:
        say_line(title)
    for row in cells:
        say_line()
        for header, cell in zip(headers, row, strict=True):
            say_line(f"{header}: {cell}".replace("\n", "  "))
    say_line()


def text_width(text: str) -> int:
    """How many places a text takes on the screen; a Chinese character takes two."""
    from rich.cells import cell_len

    return max((cell_len(line) for line in text.splitlines()), default=0)


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval below it, as one cell."""

    value: float
    low: float
    high: float


def is_numeric(cell: object) -> bool:
    """Whether a cell is a number, perhaps with its interval."""
    return cell is None or isinstance(cell, (int, float, Interval))


def cell_text(cell: object) -> str:
    """A value as a table cell: numbers with four significant digits and thousands, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return t("yes") if cell else t("no")
    if isinstance(cell, Interval):
        return f"{cell_text(cell.value)}\n{cell_text(cell.low)} – {cell_text(cell.high)}"
    if isinstance(cell, float):
        if abs(cell) >= LARGE:
            return f"{cell:.4g}"
        return f"{cell:,.0f}" if abs(cell) >= 10_000 else f"{cell:,.4g}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return str(cell)


def show_error(error: TanhuiError, as_json: bool) -> None:
    """An error in the shape the caller asked for: JSON on stdout, words on stderr."""
    if as_json:
        show_json({"error": error.to_dict(LANG)})
    else:
        error_line(error.text(LANG))


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A progress bar on stderr with rate and time left; nothing where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=False) as bars:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(t(f"step.{step}"), total=total, rate="")
            bars.update(tasks[step], completed=done, total=total)
            speed = bars.tasks[tasks[step]].finished_speed or bars.tasks[tasks[step]].speed
            bars.update(tasks[step], rate=f"{speed:,.0f}/s" if speed and speed >= 1 else "")

        yield report
