"""Commands for field work: field plan, field check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.project import OutOption, folder_of
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.kernel.wording import say

__all__ = ["add_to"]

field = typer.Typer(no_args_is_help=True, help=t("field.help"), rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(field, name="field")


WhereArgument = Annotated[Path, typer.Argument(metavar="PROJECT|PARCELS", callback=folder_of, help=t("field.where"))]
Share = Annotated[float | None, typer.Option("--precision", min=0.001, max=1, help=t("field.precision"))]


@field.command("plan", help=t("field.plan.help"))
def plan(
    where: WhereArgument,
    precision: Share = None,
    confidence: Annotated[
        float | None, typer.Option("--confidence", min=0.5, max=0.999, help=t("field.confidence"))
    ] = None,
    cv: Annotated[Path | None, typer.Option("--cv", metavar="FILE", help=t("field.cv"))] = None,
    layout: Annotated[Literal["random", "systematic"], typer.Option("--layout", help=t("field.layout"))] = "random",
    seed: Annotated[int | None, typer.Option("--seed", min=0, max=2**53 - 1, help=t("field.seed"))] = None,
    plot: Annotated[str | None, typer.Option("--plot", metavar="SIZE", help=t("field.plot"))] = None,
    most: Annotated[int | None, typer.Option("--max", min=1, help=t("field.max"))] = None,
    teams: Annotated[int, typer.Option("--teams", min=1, max=1000, help=t("field.teams"))] = 1,
    per_plot: Annotated[bool, typer.Option("--per-plot", help=t("field.per_plot"))] = False,
    anew: Annotated[bool, typer.Option("--anew", help=t("field.anew"))] = False,
    margin: Annotated[float | None, typer.Option("--margin", min=0, metavar="M", help=t("field.margin"))] = None,
    area_unit: Annotated[
        Literal["mu", "ha", "m2"] | None, typer.Option("--area-unit", help=t("field.area_unit"))
    ] = None,
    crs: Annotated[str | None, typer.Option("--crs", metavar="CRS", help=t("field.crs"))] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where plots lie, and what a crew takes along."""
    from tanhui.projects.field import PlotSize, Wishes, plan_field
    from tanhui.sensing.inventory.parcel_attributes import Options

    size = None if plot is None else PlotSize.parse(plot)
    wishes = Wishes(precision, confidence, cv, layout, seed, size, most, teams, per_plot, anew, margin)
    options = Options(crs=crs, area_unit=area_unit)
    with progress_bar() as report:
        document = plan_field(where, out, wishes, options=options, lang=LANG, progress=report)
    if as_json:
        show_json(document)
        return
    show_plan(document)


def show_plan(document: Mapping[str, Any]) -> None:
    """The design for a person."""
    keys = ("stratum", "area", "cv", "wanted", "plots", "reserve", "weight")
    rows = [
        (s["stratum"], s["area_ha"], s["cv"], s["wanted"], s["plots"], s["reserve"], s["weight_ha"])
        for s in document["strata"]
    ]
    show_table([t(f"column.field_{key}") for key in keys], rows, title=document["title"])
    kinds = {kind: sum(s[kind] for s in document["strata"]) for kind in ("plots", "new", "revisit", "reserve")}
    expected = f"{100 * document['numbers']['expected_half_width']:.1f}"
    say_line(t("field.planned", **kinds, expected=expected, km=f"{document['way_km']:.1f}"))
    for note in document["notes"]:
        say_line(f"  {note[LANG]}")
    say_line(t("field.files", out=document["out"]))


@field.command("check", help=t("field.check.help"))
def check(
    where: Annotated[Path, typer.Argument(metavar="PROJECT|PLAN", callback=folder_of, help=t("field.check.where"))],
    surveys: Annotated[list[Path], typer.Argument(metavar="SURVEY", help=t("field.surveys"))],
    before: Annotated[Path | None, typer.Option("--before", metavar="FILE", help=t("field.before"))] = None,
    remeasured: Annotated[Path | None, typer.Option("--remeasured", metavar="FILE", help=t("field.remeasured"))] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether what came back can be believed."""
    from tanhui.projects.field import check_survey

    with progress_bar() as report:
        document = check_survey(
            where, surveys, before=before, remeasured=remeasured, out=out, lang=LANG, progress=report
        )
    if as_json:
        show_json(document)
        return
    show_check(document)


def show_check(document: Mapping[str, Any]) -> None:
    """Findings by check, an example of each."""
    names = {tested["check"]: tested["name"][LANG] for tested in document["tested"]}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for finding in document["findings"]:
        groups.setdefault(finding["check"], []).append(finding)
    rows = [
        (names[key], say(f"field.severity.{found[0]['severity']}", LANG), len(found), found[0]["text"][LANG])
        for key, found in groups.items()
    ]
    if rows:
        show_table([t(f"column.field_{key}") for key in ("check", "severity", "count", "first")], rows)
    verdict = say(f"field.verdict.{document['verdict']}", LANG)
    say_line(t("field.verdict", verdict=verdict, count=len(document["findings"])))
    say_line(t("field.report", path=Path(document["out"]) / "check.html"))
