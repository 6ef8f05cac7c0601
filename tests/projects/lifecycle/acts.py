"""A project that does what its rule book wants, so that a test need only say what it does differently."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

from tanhui.projects.lifecycle import Evidence, LifecycleEvent, Party, ProjectState, RuleBook, apply
from tanhui.projects.lifecycle.engine import new_project

PROJECT = "P-1"
ACCOUNTS = {"owner": "A1", "validator": "V1", "verifier": "V2"}

#: Facts of a project that every rule book here accepts, unless a test says otherwise.
FACTS = {
    "methodology": "ccer/14-001-v01",
    "project_start": "2024-03-01",
    "crediting_first": "2024-03-01",
    "crediting_last": "2064-02-29",
    "registered_elsewhere": "no",
    "validator": "V1",
    "verifier": "V2",
    "period_first": "2024-03-01",
    "period_last": "2025-12-31",
    "credits_t": "1000",
    "buffer_t": "120",
    "reason": "incomplete",
    "cause": "unavoidable",
    "event_day": "2026-06-01",
    "lost_t": "40",
    "programme": "vcs",
    "first_crediting_start": "2024-03-01",
    "existing_forest_m2": "0",
    "project_area_m2": "1000000",
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def event(book: RuleBook, act: str, day: str, *, role: str = "", account: str = "", **changed: str) -> LifecycleEvent:
    """The act as a correct event; ``changed`` replaces facts, and ``document_<kind>`` the text of a document."""
    rule = book.acts[act]
    role = role or rule.who[0]
    texts = {kind: changed.get(f"document_{kind}", kind) for kind in rule.evidence}
    return LifecycleEvent(
        PROJECT,
        book.id,
        date.fromisoformat(day),
        act,
        Party(role, account or ACCOUNTS.get(role, f"{role}-1")),
        tuple(Evidence(kind, sha(text)) for kind, text in texts.items()),
        {name: changed.get(name, FACTS[name]) for name in rule.facts},
    )


def walk(book: RuleBook, *acts: tuple[str, str], **changed: str) -> ProjectState:
    """A new project after some acts, each on its day."""
    state = new_project(book, PROJECT)
    for act, day in acts:
        state = apply(book, state, event(book, act, day, **changed))
    return state


def without(given: LifecycleEvent, kind: str) -> LifecycleEvent:
    """The event without one of its documents."""
    return replace(given, evidence=tuple(e for e in given.evidence if e.kind != kind))
