"""``tanhui trees``: any tree table to biomass and carbon with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tanhui.faces.cli.language import t
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table
from tanhui.kernel.errors import InputError

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Put this command into the tree."""
    app.command("trees", help=t("trees.help"))(trees)


def trees(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=t("trees.file"))],
    group: Annotated[str | None, typer.Option("--group", metavar="COL", help=t("trees.group"))] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, max=1_000_000, help=t("trees.draws"))] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help=t("trees.seed"))] = 1,
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

    with progress_bar(as_json) as report:
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
        )
    if as_json:
        show_json(result)
        return
    rows = [
        (name, *(figures[quantity][key] for quantity in ("agb_t", "bgb_t", "carbon_t") for key in ("mean", "sd")))
        for name, figures in [*result["groups"].items(), (t("total"), result["total"])]
    ]
    headers = [t("column.group")]
    for quantity in ("agb_t", "bgb_t", "carbon_t"):
        headers += [quantity, "sd"]
    show_table(headers, rows)
    for flag in result.get("flags", []):
        say_line(f"! {flag}")


def pairs(entries: list[str] | None, option: str) -> dict[str, str]:
    """``["a=b"]`` as a mapping; anything else is bad usage."""
    found = {}
    for entry in entries or []:
        ours, equals, theirs = entry.partition("=")
        if not (ours and equals and theirs):
            raise InputError("cli.not_a_pair", option=option, entry=entry)
        found[ours.strip()] = theirs.strip()
    return found
