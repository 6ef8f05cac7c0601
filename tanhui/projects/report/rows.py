"""Tables of the page: a result's lists grouped, named in both languages and put in an order for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import LANGS, say
from tanhui.projects.report.figures import SOURCE_COLOURS

__all__ = [
    "both",
    "cited_references",
    "estimate_table",
    "grouped_reasons",
    "headline",
    "missing_parts",
    "parameter_groups",
    "quantity_names",
    "share_table",
]

Document = Mapping[str, Any]
Both = dict[str, str]


def both(key: str, *, default: str | None = None, **facts: Any) -> Both:
    """The sentence ``key`` in both languages."""
    return {lang: say(key, lang, default=default, **facts) for lang in LANGS}


def quantity_names(quantity: str) -> Both:
    """What the glossary calls a quantity."""
    term = glossary().get(quantity)
    return {"zh": term.zh, "en": term.en} if term else dict.fromkeys(LANGS, quantity)


def headline(result: Document) -> list[dict[str, Any]]:
    """The figures that stand at the top: the latest estimate of each headline quantity."""
    cards = []
    for quantity in result["headline"]:
        rows = [e for e in result["estimates"] if e["quantity"] == quantity and e["source"] == "tanhui"]
        if rows:
            cards.append({**max(rows, key=lambda e: e["year"]), "name": quantity_names(quantity)})
    return cards


def grouped_reasons(result: Document) -> list[dict[str, Any]]:
    """The reasons against issuing, those of one kind as one line with what it concerns beneath it.

    Returns
    -------
    list of dict
        ``text`` (both languages) and ``subjects``: a name in both languages and the code, empty for a single reason.
    """
    kinds: dict[str, list[str]] = {}
    for reason in dict.fromkeys(result["indicative_reasons"]):
        key, _, subject = reason.partition(":")
        kinds.setdefault(key, []).append(subject)
    names = {p["id"]: p for p in result["parameters"]}
    groups: list[dict[str, Any]] = []
    for key, subjects in kinds.items():
        if len(subjects) == 1:
            groups.append({"text": both(key, subject=subjects[0]), "subjects": []})
            continue
        many = both(
            f"report.many.{key.removeprefix('reason.')}",
            default=f"{both(key, subject='…')['en']} ({len(subjects)})",
            count=len(subjects),
        )
        groups.append({"text": many, "subjects": [named(subject, names) for subject in subjects]})
    return groups


def named(subject: str, names: Mapping[str, Document]) -> dict[str, Any]:
    """What a reason is about: a parameter by its words, anything else by its code."""
    known = names.get(subject)
    words = {lang: known[lang] for lang in LANGS} if known and known["zh"] else None
    return {"words": words, "code": subject}


def estimate_table(estimates: Sequence[Document]) -> dict[str, Any]:
    """All estimates as one row per quantity, domain and source, with a column per year."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for e in estimates:
        key = (e["quantity"], e["domain"], e["source"])
        row = rows.setdefault(
            key,
            {
                "name": quantity_names(e["quantity"]),
                "domain": both(f"report.domain.{e['domain']}", default=e["domain"]),
                "source": e["source"],
                "unit": e["unit"],
                "cells": {},
            },
        )
        row["cells"][e["year"]] = e
    return {"years": sorted({e["year"] for e in estimates}), "rows": list(rows.values())}


def share_rows(result: Document) -> list[dict[str, Any]]:
    """The estimates of the last year whose shares are shown, with a label in each language."""
    rows = [
        e
        for e in result["estimates"]
        if e["quantity"] in result["shares"] and e["source"] == "tanhui" and e["variance_shares"]
    ]
    last: dict[str, Document] = {e["quantity"]: e for e in sorted(rows, key=lambda e: e["year"])}
    found = []
    for quantity in result["shares"]:
        if quantity in last:
            names = quantity_names(quantity)
            label = {lang: f"{names[lang]}, {last[quantity]['year']}" for lang in LANGS}
            found.append({**last[quantity], "label": label})
    return found


def share_table(rows: Sequence[Document]) -> list[str]:
    """The error sources that any of the estimates carries, in the order of the figure."""
    carried = {source for row in rows for source, share in row["variance_shares"].items() if share > 0}
    return [*(s for s in SOURCE_COLOURS if s in carried), *sorted(carried - set(SOURCE_COLOURS))]


def parameter_groups(result: Document) -> list[dict[str, Any]]:
    """Parameters by what they belong to, each group with its count of each status; equations have their own table."""
    methods = tuple(f"{claim['method']}/" for claim in result["claims"])
    groups: dict[str, list[Document]] = {name: [] for name in ("method", "clauses", "trees", "errors", "choices")}
    for row in result["parameters"]:
        if not row["id"].startswith("equation/"):
            groups[group_of(row["id"], methods)].append(row)
    return [
        {"name": name, "rows": rows, "statuses": status_counts(row["status"] for row in rows)}
        for name, rows in groups.items()
        if rows
    ]


def group_of(parameter: str, methods: tuple[str, ...]) -> str:
    """Where a parameter belongs, by its id."""
    if "/clause/" in parameter:
        return "clauses"
    if parameter.startswith(methods) and methods:
        return "method"
    if parameter.startswith(("mrv_uncertainty/", "projects/unknown_errors/")):
        return "errors"
    return "choices" if parameter.startswith("projects/") else "trees"


def status_counts(statuses: Iterable[str]) -> list[tuple[str, int]]:
    """How many of each status, best first."""
    counts = Counter(statuses)
    return [(status.word, counts[status.word]) for status in Status if counts[status.word]]


def missing_parts(result: Document) -> list[str]:
    """What a reader of a project's report may look for and not find: keys of ``report.missing.*``."""
    if result["domain"] != "project":
        return []
    absent = {
        "measured": not result["estimates"],
        "plan": not result["plan"],
        "claim": not result["claims"],
        "quality": not result["quality"],
    }
    return [part for part, is_absent in absent.items() if is_absent]


def cited_references(result: Document) -> list[dict[str, str]]:
    """The references of all parameters, equations and tolerances, by key."""
    tolerances = [leaf for survey in result["quality"] for leaf in survey["tolerances"]]
    keys = {row["reference"] for row in (*result["parameters"], *result["equations"], *tolerances)}
    known = references()
    return [{"key": key, "text": known[key].cite()} for key in sorted(keys) if key in known]
