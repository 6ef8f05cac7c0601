"""Rule books: what a programme lets whom do when, read from one TOML file each.

Everything that differs between programmes is in the file. A book may ``extend`` another: tables are merged, lists are
added to, everything else is replaced. A book that names a state, parameter, source or rule that is not there, or lacks
a word in one language, is refused with everything that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.canonical import hash_json
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError, DomainError
from tanhui.kernel.parameters import Dated, Leaf, Parameters, Status, worst
from tanhui.kernel.units import is_unit
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.lifecycle.spans import CALENDARS, UNITS, Span

__all__ = ["Act", "Permanence", "Rule", "RuleBook", "Source", "State", "load_rule_books", "rule_book", "rule_books"]

MARKS = ("", "scenario", "sandbox")
#: What somebody must have said before reductions can be registered.
REGISTERED_FACTS = {"period_first", "period_last", "credits_t"}
#: The measure that takes a loss off the next period, and the fact by which an act tells that it was.
NETTING, NETTED = "net_next_period", "netted_t"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule was read, and how far that was checked."""

    reference: str
    place: str
    status: Status
    checked_on: date


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition of an act: a rule of :mod:`.rules` by its name, and what the book gives it."""

    name: str
    arguments: Mapping[str, str]
    source: Source


@dataclass(frozen=True, slots=True)
class Act:
    """A way from some states to one. An empty ``to`` stays where it is.

    ``facts`` must be told, ``may`` names those that are told where there is something to tell.
    ``opens`` and ``closes`` name a kind of evidence that waits for an answer from then on, or no longer. ``due`` is
    the span within which the act is owed, counted from the act ``due_since``.
    """

    id: str
    start: frozenset[str]
    to: str
    who: tuple[str, ...]
    evidence: tuple[str, ...]
    facts: tuple[str, ...]
    rules: tuple[Rule, ...]
    source: Source
    opens: str = ""
    closes: str = ""
    registers: bool = False
    due: str = ""
    due_since: str = ""
    may: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """A state. Where nothing happens for the span ``lapse``, the project falls to ``lapses_to``.

    The span counts from the newest of the acts ``lapse_since``, or else from the day the state was entered.
    """

    id: str
    final: bool = False
    lapse: str = ""
    lapses_to: str = ""
    lapse_since: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permanence:
    """How a programme covers the risk of reversal, and its measures for each cause of a loss, in order."""

    kind: str
    order: Mapping[str, tuple[str, ...]]
    rates: Mapping[str, str]
    source: Source


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One programme's rules. ``sha256`` names their exact text."""

    id: str
    zh: str
    en: str
    mark: str
    start: str
    states: Mapping[str, State]
    acts: Mapping[str, Act]
    sources: Mapping[str, Source]
    parameters: Parameters
    spans: Mapping[str, Span]
    crediting: Mapping[str, tuple[str, str]]
    units: Mapping[str, str]
    permanence: Permanence
    words: Mapping[str, Mapping[str, str]]
    sha256: str

    @property
    def status(self) -> Status:
        """The worst status of anything the book says."""
        said = [source.status for source in self.sources.values()]
        return worst([*said, *(leaf.status for leaf in self.parameters.leaves())])

    def at(self, name: str, day: date) -> Leaf:
        """A parameter as it was in force on a day."""
        return self.parameters[name].at(day)

    def word(self, key: str, lang: Lang = "en") -> str:
        """What people call a state, an act, a role, a kind of evidence, a fact or a reason: ``state.registered``."""
        return self.words.get(key, {}).get(lang) or say(f"lifecycle.{key}", lang)

    def banner(self, lang: Lang = "en") -> str:
        """What every screen and document under this book prints; empty for rules in force."""
        return say(f"lifecycle.mark.{self.mark}", lang) if self.mark else ""

    def names(self) -> set[str]:
        """Everything the book must have words for."""
        roles = {role for act in self.acts.values() for role in act.who}
        kinds = {kind for act in self.acts.values() for kind in (*act.evidence, act.opens, act.closes) if kind}
        facts = {fact for act in self.acts.values() for fact in (*act.facts, *act.may)}
        named = {"state": set(self.states), "act": set(self.acts), "role": roles, "evidence": kinds, "fact": facts}
        return {f"{kind}.{name}" for kind, names in named.items() for name in names}


@cache
def rule_books() -> dict[str, RuleBook]:
    """Every rule book that lies in ``data/rulebooks``, by its id."""
    return load_rule_books(data_path("rulebooks"))


def rule_book(book_id: str) -> RuleBook:
    """One rule book."""
    try:
        return rule_books()[book_id]
    except KeyError:
        raise DomainError("rulebook.unknown", book=book_id, known=", ".join(rule_books())) from None


def load_rule_books(*folders: Path) -> dict[str, RuleBook]:
    """The rule books of some folders: every TOML file with a table ``book``."""
    documents = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            document = read_toml(path)
            if "book" in document:
                documents[document["book"]["id"]] = document
    return {book_id: _read(_extended(document, documents)) for book_id, document in documents.items()}


def _extended(document: Mapping[str, Any], documents: Mapping[str, Any]) -> dict[str, Any]:
    """The document laid over the one it extends."""
    base_id = document["book"].get("extends", "")
    if not base_id:
        return dict(document)
    if base_id not in documents:
        raise DataError("rulebook.broken", book=document["book"]["id"], faults=f"extends {base_id}")
    merged: dict[str, Any] = _merged(_extended(documents[base_id], documents), document)
    return merged


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: _merged(below[key], value) if key in below else value for key, value in above.items()}}
    # The leaves of a parameter are dated, and another book's do not hold here; all other lists are added to.
    parameter = isinstance(above, list) and above and isinstance(above[0], dict) and "value" in above[0]
    return [*below, *above] if isinstance(below, list) and isinstance(above, list) and not parameter else above


def _read(document: Mapping[str, Any]) -> RuleBook:
    book_id = document["book"]["id"]
    try:
        sources = {
            name: Source(row["reference"], row.get("place", ""), Status.parse(row["status"]), row["checked_on"])
            for name, row in document["sources"].items()
        }
        parameters, spans = _parameters(f"rulebooks/{book_id}", document.get("parameters", {}))
        permanence = document["permanence"]
        book = RuleBook(
            id=book_id,
            zh=document["book"]["zh"],
            en=document["book"]["en"],
            mark=document["book"].get("mark", ""),
            start=document["book"]["start"],
            states={name: _state(name, row) for name, row in document["states"].items()},
            acts={name: _act(name, row, sources) for name, row in document["acts"].items()},
            sources=sources,
            parameters=parameters,
            spans=spans,
            crediting={row["methodology"]: (row["min"], row["max"]) for row in document.get("crediting", [])},
            units=document.get("units", {}),
            permanence=Permanence(
                permanence["kind"],
                {cause: tuple(measures) for cause, measures in permanence["order"].items()},
                permanence.get("rates", {}),
                sources[permanence["source"]],
            ),
            words=document.get("words", {}),
            sha256=hash_json(_as_text(document)),
        )
    except KeyError as missing:
        raise DataError("rulebook.broken", book=book_id, faults=f"no {missing.args[0]}") from None
    faults = sorted(set(_faults(book)))
    if faults:
        raise DataError("rulebook.broken", book=book_id, faults="; ".join(faults))
    return book


def _state(name: str, row: Mapping[str, Any]) -> State:
    since = tuple(row.get("lapse_since", ()))
    return State(name, row.get("final", False), row.get("lapse", ""), row.get("lapses_to", ""), since)


def _act(name: str, row: Mapping[str, Any], sources: Mapping[str, Source]) -> Act:
    source = sources[row["source"]]
    rules = []
    for entry in row.get("rules", []):
        given = {key: value for key, value in entry.items() if key not in ("rule", "source")}
        rules.append(Rule(entry["rule"], given, sources[entry["source"]] if "source" in entry else source))
    return Act(
        id=name,
        start=frozenset(row["from"]),
        to=row.get("to", ""),
        who=tuple(row["who"]),
        evidence=tuple(row.get("evidence", ())),
        facts=tuple(row.get("facts", ())),
        rules=tuple(rules),
        source=source,
        opens=row.get("opens", ""),
        closes=row.get("closes", ""),
        registers=row.get("registers", False),
        due=row.get("due", ""),
        due_since=row.get("due_since", ""),
        may=tuple(row.get("may", ())),
    )


def _parameters(prefix: str, tables: Mapping[str, Any]) -> tuple[Parameters, dict[str, Span]]:
    """The parameters of a book, and those of them that are spans of time."""
    entries, spans = {}, {}
    for name, table in tables.items():
        leaves = tuple(
            Leaf(
                id=f"{prefix}/{name}" + (f"@{row['from']}" if len(table["values"]) > 1 and "from" in row else ""),
                value=row["value"],
                unit=table["unit"],
                reference=row["reference"],
                status=Status.parse(row["status"]),
                checked_on=row["checked_on"],
                place=row.get("place", ""),
                valid_from=row.get("from"),
                valid_to=row.get("to"),
                zh=table["zh"],
                en=table["en"],
                note=row.get("note", ""),
            )
            for row in table["values"]
        )
        entries[name] = Dated(f"{prefix}/{name}", leaves)
        if table["unit"] in UNITS:
            calendar, counts = table.get("calendar", "cn"), table.get("first_day_counts", False)
            spans[name] = Span(entries[name], table["unit"], calendar, counts)
    return Parameters(prefix, entries), spans


def _as_text(document: Any) -> Any:
    """A TOML document as JSON can carry it."""
    if isinstance(document, dict):
        return {key: _as_text(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_as_text(value) for value in document]
    return document.isoformat() if isinstance(document, date) else document


def _faults(book: RuleBook) -> Iterator[str]:
    """Everything a book names that is not there."""
    yield from _unknown_names(book)
    reached = {book.start}
    ways = [(act.start, act.to) for act in book.acts.values() if act.to]
    ways += [(frozenset({state.id}), state.lapses_to) for state in book.states.values() if state.lapses_to]
    while more := {to for start, to in ways if start & reached and to not in reached}:
        reached |= more
    yield from (f"state {name} is never reached" for name in book.states.keys() - reached)
    for name, leaf in ((leaf.id, leaf) for leaf in book.parameters.leaves()):
        if leaf.reference not in references():
            yield f"{name}: unknown reference {leaf.reference}"
        if not is_unit(leaf.unit):
            yield f"{name}: unknown unit {leaf.unit}"
    yield from (
        f"unknown reference {source.reference}"
        for source in book.sources.values()
        if source.reference not in references()
    )
    yield from (f"unknown calendar {span.calendar}" for span in book.spans.values() if span.calendar not in CALENDARS)
    given = {fact for act in book.acts.values() for fact in act.facts}
    for act in book.acts.values():
        if act.registers and not given >= REGISTERED_FACTS:
            yield f"{act.id} registers without {', '.join(sorted(REGISTERED_FACTS - given))}"
    nets = any(NETTING in order for order in book.permanence.order.values())
    if nets and not any(NETTED in act.may and "credits_t" in act.facts for act in book.acts.values()):
        yield f"{NETTING} without an act that tells credits_t and may tell {NETTED}"
    if book.mark not in MARKS:
        yield f"unknown mark {book.mark}"
    if book.status is Status.SCENARIO and not book.mark:
        yield "what only a request states needs a mark"
    for key in sorted(book.names()):
        yield from (f"no word {key} ({lang})" for lang in LANGS if book.word(key, lang) == f"lifecycle.{key}")


def _unknown_names(book: RuleBook) -> Iterator[str]:
    from tanhui.projects.lifecycle.rules import RULES

    states = [(act.id, name) for act in book.acts.values() for name in (*act.start, act.to) if name]
    states += [(state.id, state.lapses_to) for state in book.states.values() if state.lapses_to] + [("", book.start)]
    yield from (f"{where}: unknown state {name}" for where, name in states if name not in book.states)
    spans = [(act.id, act.due) for act in book.acts.values() if act.due]
    spans += [(state.id, state.lapse) for state in book.states.values() if state.lapse]
    acts = [(act.id, act.due_since) for act in book.acts.values() if act.due]
    acts += [(state.id, name) for state in book.states.values() for name in state.lapse_since]
    parameters = [(method, name) for method, limits in book.crediting.items() for name in limits if name]
    parameters += [("units", name) for name in book.units.values()]
    parameters += [("permanence", name) for name in book.permanence.rates.values()]
    for act in book.acts.values():
        for rule in act.rules:
            if rule.name not in RULES:
                yield f"{act.id}: unknown rule {rule.name}"
                continue
            wanted, allowed = RULES[rule.name].wants, RULES[rule.name].may
            given = set(rule.arguments)
            if not wanted <= given <= wanted | allowed:
                yield f"{act.id}: {rule.name} wants {', '.join(sorted(wanted | allowed))}"
            named = rule.arguments
            spans += [(act.id, named["span"])] if "span" in named else []
            acts += [(act.id, name) for name in named.get("act", "").split()]
            parameters += [(act.id, named[key]) for key in ("after", "first", "last", "limit") if key in named]
    yield from (f"{where}: unknown span {name}" for where, name in spans if name not in book.spans)
    yield from (f"{where}: unknown act {name}" for where, name in acts if name not in book.acts)
    yield from (f"{where}: unknown parameter {name}" for where, name in parameters if name not in book.parameters)
