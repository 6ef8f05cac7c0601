"""The rules that a rule book can name: each looks at one case and says what is wrong, or from when to when it holds.

A rule that wants a fact nobody has given yet says nothing: that the fact is missing is said elsewhere. A new rule is a
function here and a sentence; a new rule book is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tanhui.kernel.errors import Fault
from tanhui.kernel.time import Period, years_later
from tanhui.mrv.methods import methods
from tanhui.projects.lifecycle.model import Deadline, LifecycleEvent, ProjectState
from tanhui.projects.lifecycle.rulebook import Act, Rule, RuleBook

__all__ = ["RULES", "Case", "RuleKind", "case_faults", "case_window"]


@dataclass(frozen=True, slots=True)
class Case:
    """One rule in one situation: the book, the project before the act, the act, and the event that would do it."""

    book: RuleBook
    state: ProjectState
    act: Act
    event: LifecycleEvent
    rule: Rule

    @property
    def facts(self) -> Mapping[str, str]:
        """What is known with the event."""
        return {**self.state.facts, **self.event.facts}

    def day(self, name: str) -> date | None:
        """A fact that is a day."""
        return date.fromisoformat(self.facts[name]) if name in self.facts else None

    def period(self, first: str, last: str) -> Period | None:
        """Two facts that are the first and last day of a period; nothing where they are none."""
        start, end = self.day(first), self.day(last)
        return Period.inclusive(start, end) if start and end and start <= end else None

    def accounts(self, role: str) -> frozenset[str]:
        """Who is named for a role, acts in it now, or ever did."""
        now = self.event.facts.get(role) or self.state.named.get(role, "")
        acting = self.event.by.account if self.event.by.role == role else ""
        return frozenset({now, acting, *self.state.acted.get(role, ())} - {""})

    def begun(self) -> date | None:
        """When the newest of the acts was done that the rule counts from."""
        acts = self.rule.arguments["act"].split()
        return max((self.state.done[act] for act in acts if act in self.state.done), default=None)

    def fault(self, code: str, column: str = "", **facts: str | int) -> Fault:
        """A fault that names the act and where the rule stands."""
        cited = {"reference": self.rule.source.reference, "place": self.rule.source.place}
        return Fault(code, file=self.event.project, column=column or self.act.id, facts={**facts, **cited})


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when an act may happen, as far as one rule says."""

    earliest: Deadline | None = None
    latest: Deadline | None = None


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A rule: what it wants from the book, what it takes as well, and how it judges."""

    wants: frozenset[str]
    may: frozenset[str]
    faults: Callable[[Case], Iterator[Fault]] | None = None
    window: Callable[[Case], Window] | None = None


RULES: dict[str, RuleKind] = {}


def _rule(*wants: str, may: tuple[str, ...] = ()) -> Callable[[Callable[[Case], Iterator[Fault]]], None]:
    def add(function: Callable[[Case], Iterator[Fault]]) -> None:
        RULES[function.__name__] = RuleKind(frozenset(wants), frozenset(may), faults=function)

    return add


def _window(*wants: str, may: tuple[str, ...] = ()) -> Callable[[Callable[[Case], Window]], None]:
    def add(function: Callable[[Case], Window]) -> None:
        RULES[function.__name__] = RuleKind(frozenset(wants), frozenset(may), window=function)

    return add


def case_window(case: Case) -> Window:
    """From when to when the case's rule allows its act."""
    window = RULES[case.rule.name].window
    return window(case) if window else Window()


def case_faults(case: Case) -> Iterator[Fault]:
    """What the case's rule finds wrong on the event's day."""
    kind = RULES[case.rule.name]
    if kind.faults:
        yield from kind.faults(case)
    window = case_window(case)
    if window.earliest and case.event.at < window.earliest.day:
        yield case.fault(f"lifecycle.{case.rule.name}", day=window.earliest.day.isoformat())
    if window.latest and case.event.at > window.latest.day:
        yield case.fault(f"lifecycle.{case.rule.name}", day=window.latest.day.isoformat())


# Dates


@_rule("fact", may=("after", "first", "last"))
def day_within(case: Case) -> Iterator[Fault]:
    """A day lies after one day, or between a first and a last one."""
    day = case.day(case.rule.arguments["fact"])
    if day:
        yield from _outside(case, day, day, case.rule.arguments["fact"])


@_rule(may=("after", "first", "last"))
def vintage_window(case: Case) -> Iterator[Fault]:
    """The period's removals lie after one day, or between a first and a last one."""
    period = case.period("period_first", "period_last")
    if period:
        yield from _outside(case, period.start, period.last_day, "period_first")


def _outside(case: Case, start: date, end: date, column: str) -> Iterator[Fault]:
    limits = {
        key: str(case.book.at(case.rule.arguments[key], case.event.at).value)
        for key in ("after", "first", "last")
        if key in case.rule.arguments
    }
    days = {key: date.fromisoformat(text) for key, text in limits.items()}
    if "after" in days and start <= days["after"]:
        yield case.fault("lifecycle.not_after", column, day=start.isoformat(), limit=limits["after"])
    if "first" in days and start < days["first"]:
        yield case.fault("lifecycle.before_first", column, day=start.isoformat(), limit=limits["first"])
    if "last" in days and end > days["last"]:
        yield case.fault("lifecycle.after_last", column, day=end.isoformat(), limit=limits["last"])


@_rule()
def period_in_order(case: Case) -> Iterator[Fault]:
    """A period ends no earlier than it begins, lies in the past and within the crediting period."""
    start, end = case.day("period_first"), case.day("period_last")
    if not (start and end):
        return
    if start > end:
        yield case.fault("lifecycle.period_backwards", "period_last", first=str(start), last=str(end))
    if end > case.event.at:
        yield case.fault("lifecycle.period_not_over", "period_last", last=str(end))
    crediting = case.period("crediting_first", "crediting_last")
    if crediting and (start < crediting.start or end > crediting.last_day):
        first, last = crediting.to_list()
        yield case.fault("lifecycle.outside_crediting", "period_first", first=first, last=last)


@_rule()
def period_is_new(case: Case) -> Iterator[Fault]:
    """No day of the period is registered already."""
    period = case.period("period_first", "period_last")
    for entry in case.state.registered if period else ():
        if period and period.overlap(entry.period):
            first, last = entry.period.to_list()
            yield case.fault("lifecycle.period_registered", "period_first", first=first, last=last)


@_rule()
def period_continues(case: Case) -> Iterator[Fault]:
    """The period begins where the last registered one, or else the crediting period, left off."""
    start, begun = case.day("period_first"), case.day("crediting_first")
    wanted = max((entry.period.end for entry in case.state.registered), default=begun)
    if start and wanted and start != wanted:
        yield case.fault("lifecycle.period_gap", "period_first", day=str(wanted))


@_rule()
def crediting_length(case: Case) -> Iterator[Fault]:
    """The crediting period is as long as the methodology allows, and does not begin before the project."""
    start, end, method = case.day("crediting_first"), case.day("crediting_last"), case.facts.get("methodology")
    if not (start and end and method):
        return
    yield from _unusable(case, str(method))
    began = case.day("project_start")
    if began and start < began:
        yield case.fault("lifecycle.crediting_early", "crediting_first", day=str(start), limit=str(began))
    limits = case.book.crediting.get(method) or case.book.crediting.get("*")
    if limits is None:
        yield case.fault("lifecycle.unknown_methodology", "methodology", methodology=method)
        return
    shortest, longest = (int(case.book.at(name, case.event.at).number()) if name else None for name in limits)
    after = end + timedelta(days=1)
    if shortest is not None and after < years_later(start, shortest):
        yield case.fault("lifecycle.crediting_short", "crediting_last", years=shortest)
    if longest is not None and after > years_later(start, longest):
        yield case.fault("lifecycle.crediting_long", "crediting_last", years=longest)


def _unusable(case: Case, method: str) -> Iterator[Fault]:
    """A methodology that never issues, or that ended before this day, where the product knows it."""
    known = methods().get(method)
    if known is None:
        return
    if not known.issuable:
        yield case.fault("lifecycle.methodology_never_issues", "methodology", methodology=method)
    elif known.valid_to and case.event.at >= known.valid_to:
        yield case.fault("lifecycle.methodology_ended", "methodology", methodology=method, end=str(known.valid_to))


# Waiting


@_window("act", "span")
def notice_over(case: Case) -> Window:
    """The public notice that the newest of some acts began is over."""
    began = case.begun()
    if began is None:
        return Window()
    last = case.book.spans[case.rule.arguments["span"]].last_day(began)
    return Window(earliest=Deadline(last.day + timedelta(days=1), last.provisional))


@_window("act", "span")
def notice_open(case: Case) -> Window:
    """The public notice that the newest of some acts began still runs."""
    began = case.begun()
    return Window(latest=case.book.spans[case.rule.arguments["span"]].last_day(began)) if began else Window()


@_window("span", may=("act", "fact"))
def not_later_than(case: Case) -> Window:
    """The act comes within a span after a day that is a fact, or after another act."""
    named = case.rule.arguments
    began = case.day(named["fact"]) if "fact" in named else case.begun()
    return Window(latest=case.book.spans[named["span"]].last_day(began, ruled=case.event.at)) if began else Window()


@_window("span")
def reductions_not_older_than(case: Case) -> Window:
    """The oldest removals of the period are no older than a span when they are applied for."""
    first = case.day("period_first")
    span = case.book.spans[case.rule.arguments["span"]]
    return Window(latest=span.last_day(first, ruled=case.event.at)) if first else Window()


@_rule("kind")
def nothing_open(case: Case) -> Iterator[Fault]:
    """Every comment, finding or reversal has its answer."""
    kind = case.rule.arguments["kind"]
    waiting = sum(evidence.kind == kind for evidence in case.state.open)
    if waiting:
        yield case.fault(f"lifecycle.open_{kind}" if kind in OPEN else "lifecycle.open_items", kind, count=waiting)


#: Kinds of waiting items that have a sentence of their own.
OPEN = ("comment", "loss_report", "findings")


# Parties


@_rule()
def verifier_is_not_validator(case: Case) -> Iterator[Fault]:
    """Who verifies a project's reductions has not validated it."""
    for account in sorted(case.accounts("verifier") & case.accounts("validator")):
        yield case.fault("lifecycle.verifier_is_validator", "verifier", account=account)


@_rule()
def independent_of_owner(case: Case) -> Iterator[Fault]:
    """Who validates or verifies does not own the project."""
    for role in ("validator", "verifier"):
        for account in sorted(case.accounts(role) & case.accounts("owner")):
            yield case.fault("lifecycle.not_independent", role, account=account)


@_rule()
def not_double_registered(case: Case) -> Iterator[Fault]:
    """The owner states that no other mechanism has the project."""
    if case.facts.get("registered_elsewhere", "no") != "no":
        yield case.fault("lifecycle.double_registered", "registered_elsewhere")


# Documents and amounts


@_rule("kinds")
def same_documents(case: Case) -> Iterator[Fault]:
    """Documents are the very ones that were filed before."""
    given = {evidence.kind: evidence.sha256 for evidence in case.event.evidence}
    for kind in case.rule.arguments["kinds"].split():
        if kind in given and given[kind] != case.state.filed.get(kind):
            filed = case.state.filed.get(kind, "")
            yield case.fault("lifecycle.other_document", kind, filed=filed[:12], given=given[kind][:12])


@_rule()
def amount_as_verified(case: Case) -> Iterator[Fault]:
    """The amount applied for is the verified one."""
    asked, verified = case.event.facts.get("credits_t"), case.state.facts.get("credits_t")
    if asked and verified and asked != verified:
        yield case.fault("lifecycle.other_amount", "credits_t", asked=asked, verified=verified)


@_rule("part", "whole", "limit")
def share_at_most(case: Case) -> Iterator[Fault]:
    """One whole number is at most a share of another."""
    named = case.rule.arguments
    if named["part"] not in case.facts or named["whole"] not in case.facts:
        return
    part, whole = int(case.facts[named["part"]]), int(case.facts[named["whole"]])
    limit = case.book.at(named["limit"], case.event.at).number()
    if part > limit * whole:
        yield case.fault("lifecycle.share_too_large", named["part"], part=part, whole=whole, percent=f"{limit:.0%}")


@_rule("fact", "limit")
def one_of(case: Case) -> Iterator[Fault]:
    """A code is one of those that a parameter lists."""
    given = case.facts.get(case.rule.arguments["fact"])
    allowed = case.book.at(case.rule.arguments["limit"], case.event.at).value
    if given and isinstance(allowed, list) and given not in allowed:
        known = ", ".join(map(str, allowed))
        yield case.fault("lifecycle.not_listed", case.rule.arguments["fact"], given=given, allowed=known)
