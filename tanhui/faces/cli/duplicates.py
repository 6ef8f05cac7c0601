"""Commands for double registration: check projects against everything else, and verify a signed statement."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.faces.cli.workbook import by_default
from tanhui.kernel.wording import say

__all__ = ["add_to"]

commands = typer.Typer(cls=by_default("check"), no_args_is_help=True, help=t("duplicates.help"), rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="duplicates")


@commands.command("check", help=t("duplicates.check.help"))
def check(
    projects: Annotated[list[Path], typer.Argument(metavar="PARCELS", help=t("duplicates.parcels"))],
    against: Annotated[
        list[Path] | None, typer.Option("--against", metavar="FILE", help=t("duplicates.against"))
    ] = None,
    registry: Annotated[Path | None, typer.Option("--registry", metavar="DIR", help=t("duplicates.registry"))] = None,
    tenure: Annotated[list[Path] | None, typer.Option("--tenure", metavar="FILE", help=t("duplicates.tenure"))] = None,
    place: Annotated[str, typer.Option("--place", metavar="TEXT", help=t("duplicates.place"))] = "",
    declarant: Annotated[str, typer.Option("--declarant", metavar="NAME", help=t("duplicates.declarant"))] = "",
    keys: Annotated[list[Path] | None, typer.Option("--key", metavar="FILE", help=t("duplicates.key"))] = None,
    day: Annotated[
        datetime | None, typer.Option("--day", metavar="DAY", formats=["%Y-%m-%d"], help=t("duplicates.day"))
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=t("duplicates.out"))] = Path("out/duplicates"),
    as_json: JsonOption = False,
) -> None:
    """Find what may be registered twice; exit 1 where anything is."""
    from tanhui.faces.opening import open_registry
    from tanhui.kernel.signing import SigningKey
    from tanhui.projects.duplicates import Question, check_duplicates

    question = Question(projects, against or (), tenure or (), place, declarant)
    signing = [SigningKey.load(path) for path in keys or ()]
    with ExitStack() as stack:
        report = stack.enter_context(progress_bar())
        view = stack.enter_context(stack.enter_context(open_registry(registry)).reading()) if registry else None
        when = day.date() if day else date.today()
        checked = check_duplicates(question, out, day=when, connection=view, keys=signing, lang=LANG, progress=report)
    if as_json:
        show_json(checked.document)
    else:
        rows = [
            (
                str(number),
                say(f"duplicates.kind.{pair.kind}", LANG),
                say(f"duplicates.certainty.{pair.certainty}", LANG)
                if pair.conflict
                else say("duplicates.no_conflict", LANG),
                pair.one.called,
                pair.other.called,
                pair.overlap_m2 or None,
                pair.overlap_mu or None,
            )
            for number, pair in enumerate(checked.pairs, start=1)
        ]
        heads = [t(f"duplicates.column.{name}") for name in ("kind", "certainty")]
        if rows:
            show_table(["#", *heads, "A", "B", "m²", say("duplicates.col.mu", LANG)], rows)
        say_line(t("duplicates.found", **checked.counts))
        say_line(t("duplicates.written", path=checked.out / "statement.html"))
    if not checked.clear:
        raise typer.Exit(1)


@commands.command("verify", help=t("duplicates.verify.help"))
def verify(
    statement: Annotated[Path, typer.Argument(metavar="STATEMENT", help=t("duplicates.statement"))],
    trust: Annotated[Path, typer.Option("--trust", metavar="FILE", help=t("duplicates.trust"))],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=t("duplicates.role"))] = "owner",
    as_json: JsonOption = False,
) -> None:
    """Whether a trusted key signed a statement, and what it says."""
    from tanhui.kernel.signing import load_trust
    from tanhui.projects.duplicates import verify_statement

    body, names = verify_statement(statement, load_trust(trust), role)
    if as_json:
        show_json({"signed_by": names, "body": body})
        return
    say_line(t("duplicates.signed", names=", ".join(names), day=body["day"], declarant=body["declarant"] or "-"))
    say_line(t("duplicates.found", **body["counts"]))
