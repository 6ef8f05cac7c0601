"""Commands for a project folder: new, template, check, plan, run, explain, demo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import Interval, JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.kernel.wording import say

__all__ = ["add_to"]


def folder_of(path: Path) -> Path:
    """The project folder, also where its ``project.toml`` is named."""
    return path.parent if path.name == "project.toml" and path.is_file() else path


ProjectArgument = Annotated[Path, typer.Argument(metavar="PROJECT", callback=folder_of, help=t("argument.project"))]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help=t("option.out"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.command("new", help=t("new.help"))(new)
    app.command("template", help=t("template.help"))(template)
    app.command("check", help=t("check.help"))(check)
    app.command("plan", help=t("plan.help"))(plan)
    app.command("run", help=t("run.help"))(run)
    app.command("explain", help=t("explain.help"))(explain)
    app.command("demo", help=t("demo.help"))(demo)


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=t("new.folder"))],
    as_json: JsonOption = False,
) -> None:
    """Make a project folder to fill in."""
    from tanhui.projects.new import new_project

    written = new_project(folder)
    if as_json:
        show_json({"project": str(folder), "files": [str(path) for path in written]})
        return
    for path in written:
        say_line(f"  {path}")
    say_line(t("new.next", folder=folder))


def template(
    out: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help=t("template.out"))],
    filled: Annotated[bool, typer.Option("--filled", help=t("template.filled"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a survey workbook."""
    from tanhui.projects.template import write_template

    path = write_template(out, filled=filled, lang=LANG)
    if as_json:
        show_json({"file": str(path)})
    else:
        say_line(t("template.written", path=path))


def check(folder: ProjectArgument, as_json: JsonOption = False) -> None:
    """Validate a project without computing or writing anything."""
    from tanhui.projects.run import check_project

    summary = check_project(folder)
    if as_json:
        show_json(summary)
        return
    show_table([t("column.what"), t("column.value")], fact_rows(summary["facts"]))
    say_line(t("check.fine"))


def fact_rows(facts: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """What a check found, one line each: names we know in the caller's language, the files' own as they are."""
    rows: list[tuple[str, Any]] = []
    for key, value in facts.items():
        name = before + say(f"cli.fact.{key}", LANG, default=key)
        rows += fact_rows(value, f"{name} · ") if isinstance(value, Mapping) else [(name, value)]
    return rows


def plan(folder: ProjectArgument, out: OutOption = None, as_json: JsonOption = False) -> None:
    """The ex-ante side: yearly and cumulative removals over the crediting period."""
    from tanhui.projects.run import plan_project

    document = plan_project(folder, out)
    if as_json:
        show_json(document)
        return
    rows = [
        (str(y["year"]), y["removal_co2e_t"], y["cumulative_co2e_t"], *y["cumulative_ci90"]) for y in document["years"]
    ]
    headers = ("year", "removal", "cumulative", "low", "high")
    show_table([t(f"column.{name}") for name in headers], rows, title=t("plan.title"))
    for line in document["summary"][LANG]:
        say_line(line)


def run(
    folder: ProjectArgument,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """The main job: measured trees in, claim and report out."""
    from tanhui.projects.run import run_project

    with progress_bar() as report:
        finished = run_project(folder, out, report)
    if as_json:
        show_json(finished.result)
        return
    show_run(finished.result)
    say_line(t("run.report", path=finished.out / "report.html"))


def show_run(result: Mapping[str, Any]) -> None:
    """A run's headline figures for a person."""
    from tanhui.kernel.bibliography import glossary

    headline = [e for e in result["estimates"] if e["quantity"] in result["headline"]]
    terms = glossary()
    # The same word in every row says nothing.
    several = [key for key in ("domain", "source") if len({e[key] for e in headline}) > 1]
    headers = ("quantity", "year", *several, "value90", "unit")
    rows = [
        (
            getattr(terms.get(e["quantity"]), LANG, e["quantity"]),
            str(e["year"]),
            *(e[key] for key in several),
            Interval(e["value"], *e["ci90"]),
            e["unit"],
        )
        for e in headline
    ]
    whole = (1, len(headers) - 1)
    show_table([t(f"column.{name}") for name in headers], rows, title=result["title"][LANG], whole=whole)
    for claim in result["claims"]:
        lines = [(t(f"line.{line['line']}"), line["co2e_t"]) for line in claim["lines"]]
        show_table([claim["method"], "t CO2e"], lines)
        say_line(t("run.credits", credits=f"{claim['credits_t']:,}"))
    if result["indicative_reasons"]:
        say_line(t("run.indicative", count=len(result["indicative_reasons"])))


def explain(
    out: Annotated[Path, typer.Argument(metavar="OUT", help=t("explain.out"))],
    quantity: Annotated[str, typer.Argument(metavar="QUANTITY", help=t("explain.quantity"))],
    as_json: JsonOption = False,
) -> None:
    """How one figure of a run came about."""
    from tanhui.projects.explain import explain as derive

    derivation = derive(out, quantity)
    if as_json:
        show_json(derivation.to_dict())
    else:
        for line in derivation.lines(LANG):
            say_line(line)


def demo(out: OutOption = None, as_json: JsonOption = False) -> None:
    """The whole river on the two examples."""
    from tanhui.faces.demo import run_demo

    with progress_bar() as report:
        document = run_demo(out or Path("out/demo"), report)
    if as_json:
        show_json(document)
        return
    for example in document["examples"]:
        say_line()
        say_line(example["title"][LANG])
        for figure in example["figures"]:
            say_line(f"  {figure[LANG]}")
        say_line(f"  {t('demo.report')}: {example['report']}")
    say_line()
    say_line(t("demo.certificate", path=document["certificate"], verdict=document["verdict"]))
    say_line(f"  tanhui verify {document['certificate']} --trust {document['trust']}")
