"""The documents of a rule book: write them, compare versions, take back what was signed, see what a template names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table

if TYPE_CHECKING:
    from datetime import date

    from tanhui.projects.documents.material import Filed
    from tanhui.projects.documents.service import Written

__all__ = ["add_to"]

WRITE = "write"
ROOT_GROUP: type[Any] = typer.core.TyperGroup


class ProjectFirst(ROOT_GROUP):  # type: ignore[misc]
    """A group whose first word may be a project: ``tanhui documents PROJECT`` is ``tanhui documents write PROJECT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``write`` before what is neither a command nor a call for help."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [WRITE, *args]
        return list(super().parse_args(ctx, args))


documents = typer.Typer(
    cls=ProjectFirst, no_args_is_help=True, help=t("documents.help"), rich_markup_mode=None, options_metavar=""
)
FolderOption = Annotated[Path, typer.Option("--out", metavar="DIR", help=t("documents.out"))]
BookOption = Annotated[str, typer.Option("--book", metavar="BOOK", help=t("documents.book"))]
OnlyOption = Annotated[str, typer.Option("--only", metavar="NAME", help=t("documents.only"))]
DocumentFile = Annotated[Path, typer.Argument(metavar="FILE.docx", help=t("documents.diff.file"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(documents, name="documents")


@documents.command(WRITE, help=t("documents.write.help"))
def write(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="PROJECT", help=t("documents.project"))],
    out: FolderOption,
    book: BookOption = "",
    only: OnlyOption = "",
    templates: Annotated[
        list[Path] | None, typer.Option("--template", metavar="FILE.docx", help=t("documents.template"))
    ] = None,
    registry: Annotated[Path | None, typer.Option("--registry", metavar="FOLDER", help=t("documents.registry"))] = None,
    audit: Annotated[Path | None, typer.Option("--audit", metavar="FOLDER", help=t("documents.audit"))] = None,
    scout: Annotated[Path | None, typer.Option("--scout", metavar="FOLDER", help=t("documents.scout"))] = None,
    on: Annotated[str | None, typer.Option("--date", metavar="DAY", help=t("documents.date"))] = None,
    run: Annotated[Path | None, typer.Option("--run", metavar="OUT", help=t("documents.run"))] = None,
    beside: Annotated[bool, typer.Option("--beside", help=t("documents.beside"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Write every document of the project's rule book."""
    from tanhui.faces.cli.registry import day
    from tanhui.projects.audit import journal
    from tanhui.projects.documents.material import read_study
    from tanhui.projects.documents.service import write_documents

    written_on = day(on) if on else None
    filed = read_registry(registry, folder, written_on)
    with progress_bar() as report:
        made = write_documents(
            folder,
            out,
            book=book,
            only=only,
            templates=templates or (),
            lang=spoken(context),
            day=written_on,
            filed=filed,
            audit=journal.read(audit) if audit else None,
            study=read_study(scout) if scout else None,
            run=run,
            beside=beside,
            progress=report,
        )
    show_json(made.to_dict()) if as_json else show_written(made)


def spoken(context: Any) -> Any:
    """The language asked for by ``--lang`` itself; otherwise each document speaks its own."""
    source = context.find_root().get_parameter_source("lang")
    return LANG if source is not None and source.name == "COMMANDLINE" else None


def read_registry(registry: Path | None, folder: Path, on: date | None) -> Filed | None:
    """The project as a registry knows it, on the day of the documents or today."""
    if registry is None:
        return None
    from datetime import date

    from tanhui.faces.opening import open_registry
    from tanhui.projects.documents.material import read_filed
    from tanhui.projects.model import load_project
    from tanhui.projects.registration import ProjectOffice

    project = load_project(folder)
    with open_registry(registry) as opened:
        return read_filed(ProjectOffice(opened), project.id, on or date.today())


def show_written(made: Written) -> None:
    """One line a document."""
    for name, file, state in made.files:
        path = made.folder / file
        if state == "beside":
            say_line(t("documents.beside_of", file=path, other=f"{name}{path.suffix}"))
        else:
            say_line(t(f"documents.{state}", file=path))
    for name, missing in made.skipped:
        from tanhui.projects.documents.service import missing_names

        say_line(t("documents.skipped", name=name, missing=missing_names(missing)))
    for entry in made.older:
        facts = {"name": entry["document"], "file": entry["file"], "signed": entry["edition"]}
        say_line(t("documents.older", **facts))


@documents.command("status", help=t("documents.status.help"))
def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=t("documents.accept.out"))], as_json: JsonOption = False
) -> None:
    """How each document stands."""
    from tanhui.projects.documents.service import standing

    rows = standing(folder)
    if as_json:
        show_json(rows)
        return
    names = ("document", "file", "state", "to_write", "signed")
    shown = [
        (
            row["document"],
            row["file"],
            t(f"documents.state.{row['state']}"),
            row["to_write"],
            t(f"documents.signed.{row['signed']}"),
        )
        for row in rows
    ]
    show_table([t(f"documents.col.{name}") for name in names], shown, whole=(0, 1))


@documents.command("diff", help=t("documents.diff.help"))
def diff(before: DocumentFile, after: DocumentFile, as_json: JsonOption = False) -> None:
    """Compare two versions of a document."""
    from tanhui.projects.documents.service import difference

    found = difference(before, after)
    if as_json:
        show_json(found.to_dict())
        return
    if found.same:
        say_line(t("documents.diff.same"))
        return
    if found.removed or found.added:
        say_line(t("documents.diff.text"))
    for place, text in found.removed:
        say_line("  " + t("documents.diff.removed", place=place, text=text))
    for place, text in found.added:
        say_line("  " + t("documents.diff.added", place=place, text=text))
    if found.figures:
        heads = [t(f"documents.col.{name}") for name in ("key", "before", "after")]
        show_table(heads, found.figures, title=t("documents.diff.figures"), whole=(0,))


@documents.command("accept", help=t("documents.accept.help"))
def accept(
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help=t("documents.accept.file"))],
    document: Annotated[str, typer.Option("--document", metavar="NAME", help=t("documents.accept.document"))],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=t("documents.accept.out"))],
    as_json: JsonOption = False,
) -> None:
    """Record a signed PDF."""
    from tanhui.projects.documents.service import accept as record

    done = record(out, document, file)
    if as_json:
        show_json(done.to_dict())
        return
    say_line(t("documents.accept.done", file=done.file, sha256=done.sha256, name=document, edition=done.edition))
    if done.stated:
        say_line(t("documents.accept.stated"))
    say_line(t("documents.accept.step", kind=done.evidence, file=file))


@documents.command("placeholders", help=t("documents.placeholders.help"))
def placeholders(book: BookOption = "ccer", only: OnlyOption = "", as_json: JsonOption = False) -> None:
    """What a template may name."""
    from tanhui.projects.documents.outline import outlines
    from tanhui.projects.documents.placeholders import listing
    from tanhui.projects.documents.service import choose

    chosen = choose(outlines(book), only)
    rows = listing(chosen[only] if only else None, LANG)
    if as_json:
        show_json(rows)
        return
    heads = [t(f"documents.col.{name}") for name in ("placeholder", "meaning", "example")]
    show_table(heads, [(row["placeholder"], row["meaning"], row["example"]) for row in rows], whole=(0,))
    for name, outline in chosen.items():
        say_line(f"{name}: " + t("documents.required", names=", ".join(outline.required)))
