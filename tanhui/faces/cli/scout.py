"""``tanhui scout``: the first look at a parcel file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, cell_text, progress_bar, say_line, show_json, show_table

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("scout", help=t("scout.help"))(scout)


def a_day(value: str | None) -> str | None:
    """A day as 2027-01-01."""
    if value is not None:
        try:
            date.fromisoformat(value)
        except ValueError:
            raise typer.BadParameter(t("scout.not_a_day", value=value)) from None
    return value


Day = Annotated[str | None, typer.Option("--day", metavar="DAY", callback=a_day, help=t("scout.day"))]
Start = Annotated[str | None, typer.Option("--start", metavar="DAY", callback=a_day, help=t("scout.start"))]


Costs = Annotated[Path | None, typer.Option("--costs", metavar="FILE", help=t("scout.costs"))]
Growth = Annotated[Path | None, typer.Option("--growth", metavar="FILE", help=t("scout.growth"))]
Conditions = Annotated[Path | None, typer.Option("--conditions", metavar="FILE", help=t("scout.conditions"))]


def scout(
    parcels: Annotated[Path, typer.Argument(metavar="PARCELS", help=t("scout.parcels"))],
    price: Annotated[float | None, typer.Option("--price", min=0, help=t("scout.price"))] = None,
    species: Annotated[str, typer.Option("--species", help=t("scout.species"))] = "",
    years: Annotated[int, typer.Option("--years", help=t("scout.years"))] = 20,
    region: Annotated[str, typer.Option("--region", help=t("scout.region"))] = "",
    start: Start = None,
    day: Day = None,
    costs: Costs = None,
    growth: Growth = None,
    conditions: Conditions = None,
    area_unit: Annotated[str | None, typer.Option("--area-unit", metavar="mu|ha|m2", help=t("scout.area_unit"))] = None,
    volume_unit: Annotated[str | None, typer.Option("--volume-unit", help=t("scout.volume_unit"))] = None,
    crs: Annotated[str | None, typer.Option("--crs", help=t("scout.crs"))] = None,
    layer: Annotated[str | None, typer.Option("--layer", help=t("scout.layer"))] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help=t("scout.encoding"))] = None,
    multi_part: Annotated[bool, typer.Option("--multi-part", help=t("scout.multi_part"))] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help=t("scout.out"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Pre-feasibility of a parcel file."""
    from tanhui.projects.scout import Question
    from tanhui.projects.scout import scout as look
    from tanhui.sensing.inventory.parcel_attributes import Options

    today = date.fromisoformat(day) if day else date.today()
    options = Options(
        area_unit=area_unit, volume_unit=volume_unit, crs=crs, layer=layer, encoding=encoding, multi_part=multi_part
    )
    question = Question(
        day=today,
        start=date.fromisoformat(start) if start else date(today.year + 1, 1, 1),
        years=years,
        price_cny_t=price,
        species=species,
        region=region,
        costs=costs,
        growth=growth,
        conditions=conditions,
        parcels=options,
    )
    folder = out or Path("out") / f"scout-{parcels.stem}"
    with progress_bar() as report:
        found = look(parcels, question, folder, report)
    if as_json:
        show_json(found)
        return
    show_look(found)
    say_line(t("scout.written", page=folder / "scout.html", book=folder / "scout.xlsx"))


def show_look(found: Mapping[str, Any]) -> None:
    """The answer in a few lines."""
    from tanhui.kernel.wording import say
    from tanhui.projects.scout.document import irr_text

    rows = [
        (say(f"scout.standing.{name}", LANG), row["count"], round(row["area_ha"], 2))
        for name, row in found["standing"].items()
    ]
    show_table([t("scout.standing"), t("scout.count"), t("scout.area")], rows)
    for row in found["growth"]:
        say_line(f"{row['name'][LANG]}: {row['why'][LANG]}")
    if found["tonnes"] is None:
        say_line(say("scout.no_tonnes", LANG))
    else:
        last, money = found["tonnes"]["by_year"][-1], found["money"]
        low, high = last["cumulative_ci90"]
        facts = {"t": last["cumulative_t"], "low": max(low, 0.0), "high": high}
        say_line(t("scout.tonnes", years=found["years"], **{k: f"{v:,.0f}" for k, v in facts.items()}))
        even = money["break_even_price"]
        price = say(f"scout.even.{even['case']}", LANG)
        if even["cny_t"] is not None:
            price = f"{cell_text(round(even['cny_t'], 1))} {say('scout.cny_t', LANG)}"
        returns = {name: irr_text(money[f"{name}_carbon"]["irr"])[LANG] for name in ("without", "with")}
        say_line(t("scout.even", price=price, without=returns["without"], with_=returns["with"]))
    say_line(t("scout.missing", count=len(found["missing"])))
