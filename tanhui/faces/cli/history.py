"""``tanhui history``: the land-history evidence book of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.project import ProjectArgument
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("history", help=t("history.help"))(history)


Imagery = Annotated[list[Path] | None, typer.Option("--imagery", metavar="PATH", help=t("history.imagery"))]
Survey = Annotated[list[Path] | None, typer.Option("--survey", metavar="FILE", help=t("history.survey"))]
Interpretation = Annotated[
    Path | None, typer.Option("--interpretation", metavar="FILE", help=t("history.interpretation"))
]


def history(
    folder: ProjectArgument,
    imagery: Imagery = None,
    survey: Survey = None,
    interpretation: Interpretation = None,
    per_page: Annotated[int, typer.Option("--per-page", min=1, max=1000, help=t("history.per_page"))] = 50,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help=t("history.out"))] = None,
    as_json: JsonOption = False,
) -> None:
    """What the land was before the project."""
    from tanhui.kernel.wording import say
    from tanhui.projects.history import Sources
    from tanhui.projects.history import history as write_book

    sources = Sources(tuple(imagery or ()), tuple(survey or ()), interpretation)
    target = out or folder / "history"
    with progress_bar() as report:
        found = write_book(folder, sources, target, per_page=per_page, progress=report)
    if as_json:
        show_json(found)
        return
    rows = [(say(f"history.verdict.{name}", LANG), count) for name, count in found["counts"].items()]
    show_table([t("history.verdict"), t("history.count")], rows)
    say_line(t("history.written", index=target / "index.html", conditions=target / "conditions.toml"))
