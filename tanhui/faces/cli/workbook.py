"""Commands for the calculation workbook: write it from a run, and find what a person changed in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.project import folder_of
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json

__all__ = ["add_to", "by_default"]


def named_folder(path: Path | None) -> Path | None:
    """The project folder, where one is named."""
    return folder_of(path) if path else None


ProjectOption = Annotated[
    Path | None, typer.Option("--project", metavar="PROJECT", callback=named_folder, help=t("workbook.project"))
]


def by_default(command: str) -> type[Any]:
    """A group whose first word may be an argument: ``tanhui workbook OUT`` is ``tanhui workbook write OUT``."""

    class WithDefault(typer.core.TyperGroup):
        """Puts the command in where a call names none."""

        def parse_args(self, ctx: Any, args: list[str]) -> Any:
            """Read the words of a call."""
            if args and not args[0].startswith("-") and args[0] not in self.commands:
                args = [command, *args]
            return super().parse_args(ctx, args)

    return WithDefault


commands = typer.Typer(cls=by_default("write"), no_args_is_help=True, help=t("workbook.help"), rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="workbook")


@commands.command("write", help=t("workbook.write.help"))
def write(
    out: Annotated[Path, typer.Argument(metavar="OUT", help=t("workbook.out"))],
    project: ProjectOption = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE.xlsx", help=t("workbook.file"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the workbook of a run."""
    from tanhui.projects.workbook import write_workbook

    with progress_bar() as report:
        written = write_workbook(out, file, project=project, lang=LANG, progress=report)
    if as_json:
        show_json(written.to_dict())
    else:
        say_line(t("workbook.written", path=written.path, cells=f"{written.cells:,}", formulas=f"{written.formulas:,}"))


@commands.command("check", help=t("workbook.check.help"))
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help=t("workbook.checked"))],
    run: Annotated[Path, typer.Option("--run", metavar="OUT", help=t("workbook.run"))],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name what a person changed; exit 1 where anything is."""
    from tanhui.kernel.wording import say
    from tanhui.projects.workbook import check_workbook

    verdict = check_workbook(file, run, project)
    if as_json:
        show_json(verdict.to_dict(LANG))
    elif not verdict.changes:
        say_line(t("workbook.unchanged", path=file))
    else:
        say_line(say("error.workbook.changed", LANG, count=verdict.count))
        for change in verdict.changes:
            say_line(f"  {change.text(LANG)}")
    if verdict.changes:
        raise typer.Exit(1)
