"""``tanhui sinks``: what each sink asks and rests on, an input to begin with, and an answer with intervals."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import Interval, JsonOption, progress_bar, say_line, show_json, show_table

__all__ = ["add_to"]

commands = typer.Typer(no_args_is_help=True, help=t("sinks.help"), rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=t("sinks.name"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="sinks")


@commands.command("list", help=t("sinks.list.help"))
def list_sinks(as_json: JsonOption = False) -> None:
    """Every sink: what it is, other names, what may credit it."""
    from tanhui.sinks.frame import sinks

    found = [
        {
            "id": x.id,
            "title": x.title(LANG),
            "aliases": list(x.aliases),
            "credited_by": list(x.methods),
            "gaps": len(x.gaps),
        }
        for x in sinks().values()
    ]
    if as_json:
        show_json(found)
        return
    heads = [t(f"column.{key}") for key in ("id", "title", "aliases", "credited_by")]
    rows = [(x["id"], x["title"], ", ".join(x["aliases"]), ", ".join(x["credited_by"])) for x in found]  # type: ignore[arg-type]
    show_table(heads, rows, whole=(0,))


@commands.command("show", help=t("sinks.show.help"))
def show_one(name: NameArgument, as_json: JsonOption = False) -> None:
    """Inputs with units, equations, factors with sources and status, gaps, and whether it can be credited."""
    from tanhui.sinks.frame import show_sink

    shown = show_sink(name, LANG)
    if as_json:
        show_json(shown)
        return
    say_line(f"{shown['id']}  {shown['title']}")
    say_line(shown["scope"])
    credited = t("sinks.credited_by", methods=", ".join(shown["credited_by"]))
    say_line(credited if shown["creditable"] else t("sinks.never"))
    show_table(
        [t(f"column.{key}") for key in ("input", "unit", "range", "meaning")],
        [
            (_name(x), x.get("unit", ""), _range(x), " ".join(filter(None, (x["words"], x["why"]))))
            for x in shown["inputs"]
        ],
        whole=(0,),
    )
    show_table(
        [t(f"column.{key}") for key in ("equation", "meaning", "source", "status")],
        [(x["text"], x["words"], x["source"], _status(x)) for x in shown["equations"]],
    )
    show_table(
        [t(f"column.{key}") for key in ("factor", "value", "error", "unit", "status", "reference")],
        [_factor(x) for x in shown["factors"]],
    )
    say_line(t("sinks.gaps"))
    for gap in shown["gaps"]:
        say_line(f"- {gap}")
    say_line(t("sinks.begin", name=shown["id"]))


def _name(shown: dict[str, Any]) -> str:
    return f"{shown['name']} *" if shown["required"] else str(shown["name"])


def _factor(shown: dict[str, Any]) -> tuple[object, ...]:
    error = "?" if shown["se"] is None else shown["se"]
    return shown["id"], shown["value"], error, shown["unit"], _status(shown), shown["reference"]


def _status(shown: dict[str, Any]) -> str:
    from tanhui.kernel.wording import say

    return say(f"report.status.{shown['status']}", LANG)


def _range(shown: dict[str, Any]) -> str:
    """What may be given, in few words."""
    if shown["kind"] == "rows":
        wanted = [f"{x['name']} [{x['unit']}]" for x in shown["columns"] if x["required"]]
        return t("sinks.table_of", columns=", ".join(wanted))
    parts = [
        f"> {shown['above']:g}" if shown["above"] is not None else "",
        f">= {shown['min']:g}" if shown["min"] is not None else "",
        f"<= {shown['max']:g}" if shown["max"] is not None else "",
        ", ".join(shown["choices"]),
        f"= {shown['default']}" if shown["default"] is not None else "",
    ]
    return " ".join(filter(None, parts))


@commands.command("example", help=t("sinks.example.help"))
def example(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.toml", help=t("sinks.example.out"))] = None,
    as_json: JsonOption = False,
) -> None:
    """A filled input file, with the tables it names beside it."""
    from tanhui.kernel.errors import InputError
    from tanhui.kernel.files import write_whole
    from tanhui.sinks.frame.service import example, example_tables

    text = example(name, LANG)
    if out is None:
        show_json({"text": text}) if as_json else say_line(text.rstrip())
        return
    files = {out: text.encode(), **{out.parent / x.name: x.read_bytes() for x in example_tables(name)}}
    if there := [path for path in files if path.exists()]:
        raise InputError("cli.file_exists", path=str(there[0]))
    for path, content in files.items():
        write_whole(path, content)
    names = [str(path) for path in files]
    show_json({"files": names}) if as_json else say_line(t("sinks.example.written", files=", ".join(names)))


@commands.command("run", help=t("sinks.run.help"))
def run(
    name: NameArgument,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help=t("sinks.run.input"))],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help=t("sinks.run.out"))] = None,
    as_json: JsonOption = False,
) -> None:
    """A sink on an input file: quantities and lines with their intervals, and why it is no credit."""
    from tanhui.sinks.frame import run_sink

    if out is None:
        result = run_sink(name, source, today=date.today(), lang=LANG)
    else:
        from tanhui.projects.sink_report import write_answer

        result = write_answer(name, source, out, today=date.today(), lang=LANG)
    if as_json:
        show_json(result)
        return
    _show_result(result)
    if out is not None:
        say_line(t("sinks.run.written", path=out / "report.html"))


@commands.command("map", help=t("sinks.map.help"))
def make_map(
    name: NameArgument,
    source: Annotated[Path, typer.Argument(metavar="INPUT.toml", help=t("sinks.map.input"))],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=t("sinks.map.out"))],
    align: Annotated[bool, typer.Option("--align", help=t("sinks.map.align"))] = False,
    holes: Annotated[bool, typer.Option("--holes", help=t("sinks.map.holes"))] = False,
    as_json: JsonOption = False,
) -> None:
    """A sink by pixel, streamed from and to rasters."""
    from tanhui.kernel.bibliography import glossary
    from tanhui.kernel.progress import silent
    from tanhui.mrv.maps import read_plan, run_map

    plan = read_plan(name, source)
    with progress_bar() as progress:
        result = run_map(plan, out, align=align, holes=holes, progress=progress or silent)
    if as_json:
        show_json(result)
        return
    found = result["estimates"]
    rows = [(getattr(glossary()[x["quantity"]], LANG), _with_interval(x, "value"), x["unit"]) for x in found]
    show_table([t(f"column.{key}") for key in ("quantity", "value", "unit")], rows)
    say_line(t("sinks.map.done", area=f"{result['area_ha']:,.0f}", left=f"{result['left_out_ha']:,.0f}", out=out))


def _show_result(result: dict[str, Any]) -> None:
    say_line(f"{result['sink']}  {result['title']}")
    show_table(
        [t(f"column.{key}") for key in ("quantity", "year", "of", "value", "unit", "largest_error")],
        [_row(x) for x in result["estimates"]],
    )
    if result["lines"]:
        say_line(t("sinks.lines", gwp=result["gwp"], years=f"{result['years']:g}"))
        show_table(
            [t(f"column.{key}") for key in ("line", "co2e_t", "largest_error")],
            [(x["words"], _with_interval(x, "co2e_t"), _largest(x)) for x in result["lines"]],
            last_is_total=True,
        )
    for note in result["notes"]:
        say_line(f"! {note}")
    say_line(t("sinks.no_credit", count=len(result["reasons"])))
    for reason in result["reasons"][:SHOWN]:
        say_line(f"- {reason}")
    if len(result["reasons"]) > SHOWN:
        say_line(t("sinks.more_reasons", count=len(result["reasons"]) - SHOWN))


def _row(figure: dict[str, Any]) -> tuple[object, ...]:
    from tanhui.kernel.bibliography import glossary

    words = getattr(glossary()[figure["quantity"]], LANG)
    return (
        words,
        str(figure["year"]),
        figure["domain"],
        _with_interval(figure, "value"),
        figure["unit"],
        _largest(figure),
    )


#: Reasons a terminal shows; ``--json`` gives all.
SHOWN = 5


def _with_interval(figure: dict[str, Any], key: str) -> Interval | float:
    low, high = figure["ci90"]
    return Interval(figure[key], low, high) if figure["se"] else figure[key]


def _largest(figure: dict[str, Any]) -> str:
    """The source with the largest share of the variance."""
    return next((f"{name} {share:.0%}" for name, share in figure["variance_shares"].items()), "")
