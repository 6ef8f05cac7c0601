"""Commands that say what the product knows: equations and methodologies, with their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, say_line, show_json, show_table
from tanhui.kernel.errors import InputError
from tanhui.kernel.wording import say

__all__ = ["add_to"]

equations = typer.Typer(no_args_is_help=True, help=t("equations.help"), rich_markup_mode=None)
methods = typer.Typer(no_args_is_help=True, help=t("methods.help"), rich_markup_mode=None)

#: Whose signature a key is for; the registry's own keys are made with the registry.
Role = Literal["expert", "verifier"]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help=t("argument.id"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(equations, name="equations")
    app.add_typer(methods, name="methods")


def show_record(record: dict[str, Any]) -> None:
    """A record as a two-column table; lists one entry a line, nothing for what is empty."""
    rows = []
    for key, value in record.items():
        if isinstance(value, list):
            value = "\n".join(str(item) for item in value)
        elif isinstance(value, dict):
            value = value.get(LANG) or "\n".join(f"{k}: {v}" for k, v in value.items())
        if value not in ("", None):
            rows.append((say(f"cli.field.{key}", LANG, default=key), value))
    show_table([t("column.what"), t("column.value")], rows)


@equations.command("list", help=t("equations.list.help"))
def list_equations(
    word: Annotated[str | None, typer.Argument(metavar="[WORD]", help=t("equations.word"))] = None,
    species: Annotated[str | None, typer.Option("--species", metavar="NAME", help=t("equations.species"))] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help=t("equations.region"))] = None,
    quantity: Annotated[str | None, typer.Option("--quantity", metavar="NAME", help=t("equations.quantity"))] = None,
    usable: Annotated[bool, typer.Option("--usable", help=t("equations.usable"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Equations by a word, a species, a region or a quantity."""
    from tanhui.sinks.forest import service

    if quantity is not None and quantity not in (known := {e["quantity"] for e in service.list_equations()}):
        raise InputError("cli.unknown_quantity", quantity=quantity, known=", ".join(sorted(known)))
    found = service.list_equations(word, species_name=species, region=region, quantity=quantity, usable_only=usable)
    if as_json:
        show_json(found)
        return
    if found:
        keys = ("id", "species_name", "n", "status")
        name = "species_zh" if LANG == "zh" else "species_latin"
        rows = [(e["id"], e[name] or e["species"], e["n"], say(f"report.status.{e['status']}", LANG)) for e in found]
        show_table([t(f"column.{key}") for key in keys], rows, whole=(0,))
    say_line(t("equations.count", count=len(found)) if found else t("equations.none"))


@equations.command("show", help=t("equations.show.help"))
def show_equation(equation_id: IdArgument, as_json: JsonOption = False) -> None:
    """One equation with everything known of it."""
    from tanhui.sinks.forest import service

    record = service.show_equation(equation_id)
    show_json(record) if as_json else show_record(record)


@equations.command("eval", help=t("equations.eval.help"))
def evaluate(
    equation_id: IdArgument,
    dbh_cm: Annotated[float, typer.Option("--dbh", metavar="CM", help=t("equations.dbh"))],
    height_m: Annotated[float | None, typer.Option("--height", metavar="M", help=t("equations.height"))] = None,
    density: Annotated[float | None, typer.Option("--density", metavar="G/CM3", help=t("equations.density"))] = None,
    as_json: JsonOption = False,
) -> None:
    """One equation for one tree."""
    from tanhui.sinks.forest import service

    tree_size("dbh_cm", "--dbh", dbh_cm)
    tree_size("height_m", "--height", height_m)
    tree_size("wood_density_g_cm3", "--density", density)
    record = service.evaluate_equation(equation_id, dbh_cm, height_m, density)
    show_json(record) if as_json else show_record(record)


def tree_size(column: str, option: str, value: float | None) -> None:
    """Refuse a size no tree has; the bounds are those of the tree table."""
    from tanhui.kernel.tables import table_spec

    limits = table_spec("inventory", "trees").columns[column]
    assert limits.above is not None
    assert limits.max is not None
    if value is not None and not limits.above < value <= limits.max:
        raise InputError(
            "cli.no_size", option=option, value=f"{value:g}", low=limits.above, high=limits.max, unit=limits.unit
        )


@methods.command("list", help=t("methods.list.help"))
def list_methods(as_json: JsonOption = False) -> None:
    """Every methodology."""
    from tanhui.mrv.methods import methods as known

    found = [
        {
            "id": m.id,
            "title": m.title(LANG),
            "version": m.version,
            "valid_from": m.valid_from.isoformat(),
            "issuable": m.issuable,
            "gaps": len(m.gaps),
        }
        for m in known().values()
    ]
    if as_json:
        show_json(found)
        return
    keys = ("id", "title", "version", "valid_from", "gaps")
    show_table([t(f"column.{key}") for key in keys], [[m[key] for key in keys] for m in found])


@methods.command("show", help=t("methods.show.help"))
def show_method(method_id: IdArgument, as_json: JsonOption = False) -> None:
    """One methodology: rules in order, parameters with status, gaps."""
    from tanhui.mrv.methods import show

    record = show(method_id, LANG)
    if as_json:
        show_json(record)
        return
    say_line(f"{record['id']}  {record['title']}")
    say_line(record["scope"])
    show_table(
        [t(f"column.{k}") for k in ("clause", "rule", "status")],
        [(c["clause"], c["words"], c["status"]) for c in record["clauses"]],
    )
    keys = ("id", "value", "unit", "status", "reference")
    show_table([t(f"column.{k}") for k in keys], [[str(p[k]) for k in keys] for p in record["parameters"]])
    say_line(t("methods.gaps"))
    for gap in record["gaps"]:
        say_line(f"- {gap['clause']}: {gap['unread']}")


@methods.command("eval", help=t("methods.eval.help"))
def evaluate_method(
    method_id: IdArgument,
    inputs: Annotated[Path, typer.Argument(metavar="FILE.toml", help=t("methods.eval.inputs"))],
    as_json: JsonOption = False,
) -> None:
    """A methodology on plain inputs: claim, conditions and reasons."""
    import tomllib

    from tanhui.mrv.methods import evaluate as evaluate_inputs

    try:
        content = tomllib.loads(inputs.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("cli.unreadable_toml", path=str(inputs), detail=str(error)) from None
    document = evaluate_inputs(method_id, content, lang=LANG)
    show_json(document) if as_json else show_record(document)


@methods.command("confirm", help=t("methods.confirm.help"))
def confirm(
    method_id: IdArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("methods.confirm.out"))],
    as_json: JsonOption = False,
) -> None:
    """Write the checklist whose signed copy raises parameters to primary."""
    from tanhui.mrv.methods import checklist, write_checklist

    write_checklist(checklist(method_id), out)
    show_json({"file": str(out)}) if as_json else say_line(t("methods.confirm.written", path=out))


@methods.command("sign", help=t("methods.sign.help"))
def sign(
    filled: Annotated[Path, typer.Argument(metavar="CHECKLIST", help=t("methods.sign.checklist"))],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help=t("methods.sign.key"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("methods.sign.out"))],
    as_json: JsonOption = False,
) -> None:
    """Sign a filled checklist with an expert's or verifier's key."""
    from tanhui.kernel.canonical import readable_bytes
    from tanhui.kernel.files import write_whole
    from tanhui.kernel.signing import SigningKey
    from tanhui.mrv.methods import read_checklist, sign_checklist

    write_whole(out, readable_bytes(sign_checklist(read_checklist(filled), SigningKey.load(key))))
    show_json({"file": str(out)}) if as_json else say_line(t("methods.sign.written", path=out))


@methods.command("key", help=t("methods.key.help"))
def make_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("methods.key.name"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("methods.key.out"))],
    role: Annotated[Role, typer.Option("--role", help=t("methods.key.role"))] = "expert",
    as_json: JsonOption = False,
) -> None:
    """Make a signing key and the entry that a trust file needs to trust it."""
    import base64

    from tanhui.kernel.signing import SigningKey

    if out.exists():
        raise InputError("cli.file_exists", path=str(out))
    if not name or any(letter.isspace() or not letter.isprintable() for letter in name):
        raise InputError("cli.bad_key_name", name=name)
    key = SigningKey.generate(name)
    key.save(out)
    entry = {"keys": [{"name": name, "public": base64.b64encode(key.public).decode(), "roles": [role]}]}
    if not as_json:
        say_line(t("methods.key.done", path=out))
    show_json(entry)
