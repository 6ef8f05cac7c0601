"""Apply, replay, and say what may come next. Pure: the day is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from tanhui.kernel.errors import Fault
from tanhui.kernel.time import Period
from tanhui.projects.lifecycle.errors import LifecycleRefused
from tanhui.projects.lifecycle.model import (
    Deadline,
    LifecycleEvent,
    Party,
    ProjectState,
    Registered,
    Step,
    spelling_faults,
)
from tanhui.projects.lifecycle.rulebook import Act, RuleBook
from tanhui.projects.lifecycle.rules import Case, case_faults, case_window

__all__ = ["apply", "lapsed", "new_project", "next_steps", "replay"]


def new_project(book: RuleBook, project: str) -> ProjectState:
    """A project before its first event."""
    return ProjectState(project, book.id, book.start)


def replay(book: RuleBook, project: str, events: Iterable[LifecycleEvent]) -> ProjectState:
    """What a project's events add up to; every rule is checked again."""
    state = new_project(book, project)
    for event in events:
        state = apply(book, state, event)
    return state


def lapsed(book: RuleBook, state: ProjectState, on: date) -> ProjectState:
    """The project as it stands on a day: fallen to another state where nobody acted in time."""
    while (lapse := _lapse(book, state)) and lapse.day < on:
        fell_on = lapse.day + timedelta(days=1)
        state = replace(state, state=book.states[state.state].lapses_to, since=fell_on)
    return state


def _lapse(book: RuleBook, state: ProjectState) -> Deadline | None:
    """The last day on which somebody may act before the state lapses."""
    rule = book.states[state.state]
    if not rule.lapse or state.since is None:
        return None
    since = max((state.done[act] for act in rule.lapse_since if act in state.done), default=state.since)
    return book.spans[rule.lapse].last_day(since)


def apply(book: RuleBook, state: ProjectState, event: LifecycleEvent) -> ProjectState:
    """The project after an event.

    Raises
    ------
    LifecycleRefused
        With everything that is missing or forbidden; the project is as before.
    """
    faults = spelling_faults(event)
    if not faults:
        state = lapsed(book, state, event.at)
        faults = list(_event_faults(book, state, event))
    if faults:
        raise LifecycleRefused(faults)
    return _after(book.acts[event.act], state, event)


def _event_faults(book: RuleBook, state: ProjectState, event: LifecycleEvent) -> Iterator[Fault]:
    act = book.acts.get(event.act)
    for name, given, wanted in (("project", event.project, state.project), ("book", event.book, state.book)):
        if given != wanted:
            yield Fault("lifecycle.other_project", file=event.project, column=name, value=given)
    if act is None:
        yield Fault("lifecycle.unknown_act", file=event.project, column=event.act, facts={"book": book.id})
        return
    if state.day and event.at < state.day:
        yield _fault("lifecycle.out_of_order", event, last=state.day.isoformat())
    if state.state not in act.start:
        yield _fault("lifecycle.wrong_state", event, state=state.state, wanted=", ".join(sorted(act.start)))
    yield from _party_faults(act, state, event)
    yield from _content_faults(act, state, event)
    for rule in act.rules:
        yield from case_faults(Case(book, state, act, event, rule))


def _fault(code: str, event: LifecycleEvent, **facts: str) -> Fault:
    return Fault(code, file=event.project, column=event.act, facts=facts)


def _party_faults(act: Act, state: ProjectState, event: LifecycleEvent) -> Iterator[Fault]:
    if event.by.role not in act.who:
        yield _fault("lifecycle.wrong_role", event, role=event.by.role, wanted=", ".join(act.who))
    named = state.named.get(event.by.role)
    if named and named != event.by.account:
        yield _fault("lifecycle.wrong_account", event, role=event.by.role, account=event.by.account, wanted=named)


def _content_faults(act: Act, state: ProjectState, event: LifecycleEvent) -> Iterator[Fault]:
    """Every document and fact that is wanted is there, once, and no other."""
    kinds = [evidence.kind for evidence in event.evidence]
    for kind in act.evidence:
        if kind not in kinds:
            yield Fault("lifecycle.evidence_missing", file=event.project, column=kind, facts={"act": act.id})
    for kind in sorted(set(kinds)):
        if kind not in act.evidence or kinds.count(kind) > 1:
            yield Fault("lifecycle.evidence_unwanted", file=event.project, column=kind, facts={"act": act.id})
    for name in act.facts:
        if name not in event.facts:
            yield Fault("lifecycle.fact_missing", file=event.project, column=name, facts={"act": act.id})
    for name in sorted(event.facts.keys() - {*act.facts, *act.may}):
        yield Fault("lifecycle.fact_unwanted", file=event.project, column=name, facts={"act": act.id})
    if act.closes:
        answered = {evidence for evidence in event.evidence if evidence.kind == act.closes}
        if answered and not answered & state.open:
            yield Fault("lifecycle.nothing_to_answer", file=event.project, column=act.closes)


#: Roles that belong to one account per project; operators, regulators and the public are whoever is entitled.
BOUND = ("owner", "validator", "verifier")


def _after(act: Act, state: ProjectState, event: LifecycleEvent) -> ProjectState:
    """The project after an event that nothing forbids."""
    named = {**state.named, **{role: event.facts[role] for role in BOUND if role in event.facts}}
    if event.by.role in BOUND:
        named.setdefault(event.by.role, event.by.account)
    acted = state.acted.get(event.by.role, frozenset()) | {event.by.account}
    waiting = set(state.open)
    waiting |= {evidence for evidence in event.evidence if evidence.kind == act.opens}
    waiting -= {evidence for evidence in event.evidence if evidence.kind == act.closes}
    facts = {**state.facts, **event.facts}
    registered = state.registered
    if act.registers:
        days = [date.fromisoformat(facts[name]) for name in ("period_first", "period_last")]
        registered = (*registered, Registered(Period.inclusive(*days), int(facts["credits_t"])))
    to = act.to or state.state
    return replace(
        state,
        state=to,
        since=state.since if to == state.state and not act.to else event.at,
        day=event.at,
        events=state.events + 1,
        named=named,
        acted={**state.acted, event.by.role: acted},
        facts=facts,
        filed={**state.filed, **{evidence.kind: evidence.sha256 for evidence in event.evidence}},
        done={**state.done, act.id: event.at},
        open=frozenset(waiting),
        registered=registered,
    )


def next_steps(book: RuleBook, state: ProjectState, on: date) -> list[Step]:
    """Every act that the project's state allows on a day: who, what it wants, from when, until when, what lapses.

    Acts that are possible come first, then those that must wait, each by their deadlines.
    """
    state = lapsed(book, state, on)
    steps = [_step(book, state, act, on) for act in book.acts.values() if state.state in act.start]
    far = Deadline(date.max)
    return sorted(steps, key=lambda step: (not step.possible, step.due or step.latest or far, step.act))


def _step(book: RuleBook, state: ProjectState, act: Act, on: date) -> Step:
    who = tuple(Party(role, state.named.get(role, "")) for role in act.who)
    event = LifecycleEvent(state.project, state.book, on, act.id, who[0])
    # Facts that the act must bring are not known yet; rules must not judge by those of an earlier period.
    known = {name: text for name, text in state.facts.items() if name not in (*act.facts, *act.may)}
    cases = [Case(book, replace(state, facts=known), act, event, rule) for rule in act.rules]
    missing = [fault for case in cases for fault in case_faults(case)]
    if act.closes and not any(evidence.kind == act.closes for evidence in state.open):
        missing.append(Fault("lifecycle.nothing_to_answer", file=state.project, column=act.closes))
    windows = [case_window(case) for case in cases]
    since = state.done.get(act.due_since)
    lapse = _lapse(book, state)
    return Step(
        act=act.id,
        who=who,
        to=act.to or state.state,
        evidence=act.evidence,
        facts=act.facts,
        missing=tuple(missing),
        earliest=max((window.earliest for window in windows if window.earliest), default=None),
        latest=min((window.latest for window in windows if window.latest), default=None),
        due=book.spans[act.due].last_day(since) if act.due and since else None,
        lapse=lapse,
        lapses_to=book.states[state.state].lapses_to if lapse else "",
    )
