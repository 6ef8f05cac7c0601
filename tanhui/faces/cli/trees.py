"""``tanhui trees``: any tree table to biomass and carbon with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import Interval, JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.kernel.errors import InputError

__all__ = ["add_to"]

QUANTITIES = ("agb_t", "bgb_t", "carbon_t")
#: Groups that a terminal shows; ``--json`` has all of them.
GROUPS_SHOWN = 100


def add_to(app: typer.Typer) -> None:
    """Put this command into the tree."""
    app.command("trees", help=t("trees.help"))(trees)


def trees(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=t("trees.file"))],
    group: Annotated[str | None, typer.Option("--group", metavar="COL", help=t("trees.group"))] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, max=1_000_000, help=t("trees.draws"))] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**53 - 1, help=t("trees.seed"))] = 1,
    equation: Annotated[str | None, typer.Option("--equation", metavar="ID", help=t("trees.equation"))] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help=t("trees.region"))] = None,
    rename: Annotated[list[str] | None, typer.Option("--map", metavar="OURS=THEIRS", help=t("trees.map"))] = None,
    unit: Annotated[list[str] | None, typer.Option("--unit", metavar="COL=UNIT", help=t("trees.unit"))] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help=t("trees.sheet"))] = None,
    save_draws: Annotated[Path | None, typer.Option("--save-draws", metavar="FILE", help=t("trees.save"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Biomass and carbon of a tree table, by group and in total."""
    from tanhui.projects.trees import tree_biomass

    with progress_bar() as report:
        result = tree_biomass(
            file,
            group=group,
            draws=draws,
            seed=seed,
            equation=equation,
            region=region,
            rename=pairs(rename, "--map"),
            units=pairs(unit, "--unit"),
            sheet=sheet,
            save_draws=save_draws,
            progress=report,
            lang=LANG,
        )
    if as_json:
        show_json(result)
    else:
        show_trees(result)


def show_trees(result: Mapping[str, Any]) -> None:
    """Groups and total, each figure with its interval, and what a reader must know."""
    groups = list(result["groups"].items())
    rows = [row(name, figures) for name, figures in groups[:GROUPS_SHOWN]]
    headers = ("group", "trees", *QUANTITIES)
    show_table(
        [t(f"column.{key}") for key in headers], [*rows, row(t("total"), result["total"])], last_is_total=bool(rows)
    )
    if len(groups) > GROUPS_SHOWN:
        say_line(t("trees.more_groups", count=len(groups) - GROUPS_SHOWN))
    say_line(t("trees.legend", draws=result["draws"], seed=result["seed"]))
    if result["indicative"]:
        say_line(t("trees.indicative"))
    for flag in result["flags"]:
        say_line(f"! {flag}")


def row(name: str, figures: Mapping[str, Any]) -> tuple[object, ...]:
    """One group as a row of the table."""
    found = (figures[quantity] for quantity in QUANTITIES)
    return (name, figures["trees"], *(Interval(f["mean"], *f["ci95"]) for f in found))


def pairs(entries: list[str] | None, option: str) -> dict[str, str]:
    """``["a=b"]`` as a mapping; anything else is bad usage."""
    found: dict[str, str] = {}
    for entry in entries or []:
        ours, _, theirs = (part.strip() for part in entry.partition("="))
        if not (ours and theirs):
            raise InputError("cli.not_a_pair", option=option, entry=entry)
        if found.setdefault(ours, theirs) != theirs:
            raise InputError("cli.said_twice", option=option, name=ours)
    return found
