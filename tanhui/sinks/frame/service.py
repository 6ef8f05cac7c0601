"""Sinks found by being there, shown with their sources, and run on what a user brings."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import glossary, reference
from tanhui.kernel.canonical import digest, hash_json, rounded
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError, Fault, InputError, RefusedInput
from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Estimate
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period
from tanhui.kernel.wording import Lang, say
from tanhui.sinks.frame.factors import Factors, factor_table, like, own_factor, standard_error, unpublished_error
from tanhui.sinks.frame.inputs import FACTORS, Given, common_inputs, described, nearest, read_inputs, read_plain
from tanhui.sinks.frame.model import HERE, Equation, Gap, Input, Sink
from tanhui.sinks.frame.spread import Figure, Spread, spread

__all__ = ["example", "example_tables", "reasons", "run_sink", "show_sink", "sink", "sinks"]


@cache
def sinks() -> dict[str, Sink]:
    """Every sink the product knows, by id."""
    found = [_load(path) for path in sorted(HERE.glob("*/sink.toml"))]
    return {x.id: x for x in sorted(found, key=lambda x: x.id)}


def _load(path: Path) -> Sink:
    entry = read_toml(path)
    entry["equations"] = tuple(Equation(**row) for row in entry.get("equations", ()))
    entry["gaps"] = tuple(Gap(**row) for row in entry.get("gaps", ()))
    entry |= {key: tuple(entry.get(key, ())) for key in ("methods", "brought")}
    try:
        return Sink(folder=path.parent, inputs=described(path.with_name("inputs.toml")), **entry)
    except TypeError as error:
        raise DataError("sinks.broken_sink", path=str(path), detail=str(error)) from None


def sink(name: str) -> Sink:
    """One sink by its id or another name of it; an unknown one is refused with what may be meant."""
    known = sinks()
    for found in known.values():
        if name == found.id or name in found.aliases:
            return found
    names = [*known, *(alias for x in known.values() for alias in x.aliases)]
    near = get_close_matches(name.lower(), names, n=3, cutoff=0.4) or list(known)
    raise InputError("sinks.unknown", name=name, near=", ".join(near))


def run_sink(
    name: str,
    source: Path | Mapping[str, Any],
    *,
    today: date,
    lang: Lang = "en",
    confirmed: Mapping[str, Leaf] | None = None,
) -> dict[str, Any]:
    """A sink on an input file or on plain data.

    Parameters
    ----------
    name : str
        Id or other name of the sink.
    source : Path or mapping
        An input file, or its content.
    today : date
        Its year is the first of the account where the input names none.
    lang : {"zh", "en"}
        Language of reasons and cautions.

    Returns
    -------
    result : dict
        Estimates, lines, reasons and every number used; JSON can carry it.

    Raises
    ------
    RefusedInput
        With everything that is wrong with the input.
    DomainError
        If the sink has no answer for it.
    """
    asked = sink(name)
    file, folder = (source.name, source.parent) if isinstance(source, Path) else ("", Path())
    plain = read_plain(source, asked) if isinstance(source, Path) else dict(source)
    given = read_inputs(
        {**asked.aliases.get(name, {}), **plain}, asked, folder=folder, file=file, year=today.year, lang=lang
    )
    answer = _answer(asked, given, today)
    unasked = given.own.keys() - {key.removeprefix("own/") for key in answer.factors.used}
    _refuse_unknown_factors(asked, unasked, answer.factors, file)
    return _result(asked, given, answer, unasked, lang)


def _answer(asked: Sink, given: Given, today: date) -> Spread:
    own = {
        name: own_factor(asked.room, name, float(x["value"]), x.get("se"), x["source"], today)
        for name, x in given.own.items()
    }
    return spread(asked.module.account, given, Factors(asked.room, one_gwp_edition([given["gwp"]]), own))


def _refuse_unknown_factors(asked: Sink, unasked: Set[str], factors: Factors, file: str) -> None:
    """Refuse what the user brings and the sink does not know, so that a slip of the pen is not taken for a factor."""
    ours = [leaf_id for leaf_id in factors.used if leaf_id.startswith(f"{asked.room}/")]
    named = {*asked.brought, *(name for name, _ in factor_table(asked.room))}
    known = sorted(named | {leaf_id.split("/", 1)[1] for leaf_id in ours})
    faults = [
        Fault("sinks.unknown_factor", file, column=FACTORS, value=name, facts={"near": nearest(name, known)})
        for name in sorted(unasked)
        if like(asked.room, name) is None and name.split("/")[0] not in asked.brought
    ]
    if faults:
        raise RefusedInput(faults)


def _result(asked: Sink, given: Given, answer: Spread, unasked: Set[str], lang: Lang) -> dict[str, Any]:
    used = [answer.factors.used[key] for key in sorted(answer.factors.used)]
    against = reasons(asked, used)
    own_notes = [f"note.sinks.factor_unused:{name}" for name in sorted(unasked)]
    own_notes += [f"note.sinks.bent:{', '.join(answer.bent)}"] if answer.bent else []
    body = {
        "sink": asked.id,
        "title": asked.title(lang),
        "year": given["year"],
        "years": answer.outcome.years,
        "gwp": given["gwp"] if answer.outcome.lines else "none",
        "inputs": {name: _plain(value) for name, value in given.values.items() if value is not None},
        "estimates": [
            _estimate(x.quantity, given["year"] + x.year, x.domain, figure)
            for x, figure in zip(answer.outcome.values, answer.values, strict=True)
        ],
        "lines": [
            {"line": x.line, "words": say(f"line.{asked.room}.{x.line}", lang), **_interval("co2e_t", figure)}
            for x, figure in zip(answer.outcome.lines, answer.lines, strict=True)
        ],
        "creditable": False,
        "indicative_reasons": against,
        "reasons": [_sentence(reason, lang) for reason in against],
        "notes": [*given.notes, *(_sentence(key, lang) for key in (*answer.outcome.notes, *own_notes))],
        "parameters": [leaf.to_dict() | {"se": standard_error(leaf)} for leaf in used],
    }
    if answer.outcome.lines:
        body["lines"].append({"line": "net", "words": say("line.net", lang), **_interval("co2e_t", answer.net)})
    if answer.outcome.rows:
        body["rows"] = {key: [_plain(x) for x in column] for key, column in answer.outcome.rows.items()}
    return {**body, "run": _run_hash(body, given)}


#: Parts of a result that are sentences, and so differ between languages.
SPOKEN = ("title", "reasons", "notes")


def _run_hash(body: Mapping[str, Any], given: Given) -> str:
    """The hash of an answer in any language, over everything that went in: tables cell by cell, and their errors."""
    silent = {key: value for key, value in body.items() if key not in SPOKEN}
    silent["lines"] = [{key: x for key, x in line.items() if key != "words"} for line in body["lines"]]
    tables = {name: _cells(value) for name, value in given.values.items() if hasattr(value, "columns")}
    return hash_json(rounded({**silent, "tables": tables, "se": dict(given.se)}))


def _cells(frame: Any) -> str:
    """The hash of a table, columns by name, whatever the file it came from."""
    return digest(frame[sorted(frame.columns)].to_csv(index=False, lineterminator="\n").encode("utf-8"))


def _interval(key: str, figure: Figure) -> dict[str, Any]:
    return {key: figure.value, "se": figure.se, "ci90": list(figure.ci90), "variance_shares": figure.shares()}


def _estimate(quantity: str, year: int, domain: str, figure: Figure) -> dict[str, Any]:
    term = glossary().get(quantity)
    if term is None:
        raise DataError("data.unknown_quantity", key=quantity)
    valid = Period(date(year, 1, 1), date(year + 1, 1, 1))
    return Estimate(
        quantity, term.unit, year, valid, domain, figure.value, figure.se, figure.ci90, "tanhui", figure.shares()
    ).to_dict()


def reasons(asked: Sink, used: list[Leaf]) -> list[str]:
    """Why nothing here is a credit: what may credit it, and what its numbers rest on."""
    found = [asked.no_credit]
    for leaf in used:
        if leaf.id.startswith("own/"):
            found.append(f"reason.sinks.own_factor:{leaf.id.removeprefix('own/')}")
        elif leaf.status is not Status.PRIMARY:
            found.append(f"reason.sinks.factor_{leaf.status.word}:{leaf.id}")
        if leaf.se is None and not leaf.id.startswith("gwp/"):
            found.append(f"reason.sinks.error_unpublished:{leaf.id}")
    return found


def _sentence(key: str, lang: Lang) -> str:
    """The sentence of ``key:subject``; the wording may name ``{subject}`` and ``{share}``."""
    name, _, subject = key.partition(":")
    return say(name, lang, subject=subject, share=f"{unpublished_error().number():.0%}")


def _plain(value: Any) -> Any:
    """A value as JSON can carry it."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return {"rows": len(value), "columns": [str(column) for column in value.columns]}
    return value.tolist() if hasattr(value, "tolist") else value


def show_sink(name: str, lang: Lang = "en") -> dict[str, Any]:
    """Everything about a sink as plain data in one language."""
    asked = sink(name)
    return {
        "id": asked.id,
        "title": asked.title(lang),
        "scope": asked.scope(lang),
        "aliases": list(asked.aliases),
        "creditable": bool(asked.methods),
        "credited_by": list(asked.methods),
        "inputs": [_input(x, lang) for x in {**asked.inputs, **common_inputs()}.values()],
        "equations": [
            {
                "text": x.text,
                "words": x.words(lang),
                "status": x.status,
                "source": reference(x.reference).cite(),
                "place": x.place,
            }
            for x in asked.equations
        ],
        "factors": [
            leaf.to_dict() | {"words": leaf.zh if lang == "zh" else leaf.en, "se": leaf.se, "note": leaf.note}
            for leaf in factor_table(asked.room).values()
        ],
        "brought": list(asked.brought),
        "gaps": [gap.words(lang) for gap in asked.gaps],
        "cases": [path.stem for path in asked.cases()],
    }


def _input(asked: Input, lang: Lang) -> dict[str, Any]:
    shown = {
        "name": asked.name,
        "words": asked.words(lang),
        "kind": asked.kind,
        "unit": asked.unit,
        "required": asked.required,
        "default": asked.default,
        "above": asked.above,
        "min": asked.min,
        "max": asked.max,
        "choices": list(asked.choices),
        "unit_required": asked.unit_required,
        "why": asked.why(lang),
    }
    if asked.kind == "rows":
        columns = read_toml(data_path(*f"{asked.table}.toml".split("/")))
        shown["columns"] = [
            {"name": key, "words": x[lang], "unit": x["unit"], "required": x.get("required", False)}
            for key, x in columns.items()
        ]
    return shown


def example(name: str, lang: Lang = "en") -> str:
    """An input file to begin with: the first worked case, each input with its words and its unit."""
    asked = sink(name)
    case = asked.cases()[0].read_text(encoding="utf-8").split("\n[outputs]")[0]
    body = case[case.index("[inputs") :]
    head = [f"# {x.name}: {x.words(lang)} [{x.unit}]" for x in asked.inputs.values()]
    content = body.replace("[[inputs.", "[[").replace("[inputs.", "[").replace("[inputs]\n", "")
    return "\n".join([f"# {asked.title(lang)}", *head, "", content.strip(), ""])


def example_tables(name: str) -> list[Path]:
    """The tables that the example names, beside its worked case."""
    text = example(name)
    return [x for x in sorted((sink(name).folder / "cases").glob("*.*")) if x.suffix != ".toml" and x.name in text]
