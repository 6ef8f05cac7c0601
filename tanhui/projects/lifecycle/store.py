"""Projects and their events in the registry's database.

Every function takes a connection that is already inside the caller's transaction: the event, the ledger's entry and
the entry of the public log commit together or not at all. On SQLite the caller holds the write lock; on PostgreSQL the
project's row is locked while its next event is decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError as ConstraintError

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import DomainError, TanhuiError
from tanhui.projects.lifecycle import tables as t
from tanhui.projects.lifecycle.engine import apply, lapsed, next_steps, replay
from tanhui.projects.lifecycle.model import LifecycleEvent, ProjectState, Step
from tanhui.projects.lifecycle.rulebook import RuleBook, rule_books

__all__ = ["audit", "project_events", "project_state", "project_steps", "projects", "submit"]

#: One document of this kind stands for one project.
DESIGN = "design_document"

Books = Mapping[str, RuleBook]


def submit(connection: Connection, event: LifecycleEvent, *, books: Books | None = None) -> ProjectState:
    """Apply an event to its project and keep it.

    Parameters
    ----------
    connection : Connection
        Inside a transaction that may write.
    event : LifecycleEvent
        The first event of a project makes the project, under the book it names.
    books : mapping, optional
        Rule books by id; those of ``data/rulebooks`` if not given.

    Returns
    -------
    ProjectState
        The project after the event. ``event.to_dict()`` is what goes into the public log.

    Raises
    ------
    LifecycleRefused
        With everything that is missing; nothing was written.
    DomainError
        If there is no such book, another project filed the same design, or another event came first.
    """
    locked = sa.select(t.projects.c.book, t.projects.c.events).where(t.projects.c.id == event.project)
    row = connection.execute(locked.with_for_update()).one_or_none()
    book = _book(books, row.book if row else event.book)
    before = replay(book, event.project, project_events(connection, event.project))
    after = apply(book, before, event)
    designs = _new_designs(connection, event)
    try:
        _write(connection, event, after, designs)
    except ConstraintError as clash:
        raise DomainError("lifecycle.raced", project=event.project) from clash
    return after


def _book(books: Books | None, book_id: str) -> RuleBook:
    known = rule_books() if books is None else books
    if book_id not in known:
        raise DomainError("rulebook.unknown", book=book_id, known=", ".join(known))
    return known[book_id]


def _new_designs(connection: Connection, event: LifecycleEvent) -> list[str]:
    """Design documents that no project filed yet; one that is another project's is refused."""
    new = []
    for document in event.evidence:
        if document.kind == DESIGN:
            owner = sa.select(t.designs.c.project).where(t.designs.c.sha256 == document.sha256)
            project = connection.execute(owner).scalar_one_or_none()
            if project not in (None, event.project):
                raise DomainError("lifecycle.design_taken", sha256=document.sha256[:12], other=project)
            new += [] if project else [document.sha256]
    return new


def _write(connection: Connection, event: LifecycleEvent, after: ProjectState, designs: list[str]) -> None:
    values = {"state": after.state, "day": event.at.isoformat(), "events": after.events}
    if after.events == 1:
        connection.execute(t.projects.insert().values(id=event.project, book=event.book, **values))
    else:
        connection.execute(t.projects.update().where(t.projects.c.id == event.project).values(**values))
    key = {"project": event.project, "number": after.events}
    text = canonical_bytes(event.to_dict()).decode()
    connection.execute(t.events.insert().values(**key, day=event.at.isoformat(), act=event.act, event=text))
    for sha256 in designs:
        connection.execute(t.designs.insert().values(sha256=sha256, project=event.project))


def project_events(connection: Connection, project: str) -> Iterator[LifecycleEvent]:
    """A project's events in order."""
    rows = sa.select(t.events.c.event).where(t.events.c.project == project).order_by(t.events.c.number)
    for text in connection.execute(rows).scalars():
        yield LifecycleEvent.from_dict(json.loads(text))


def project_state(connection: Connection, project: str, on: date, *, books: Books | None = None) -> ProjectState:
    """A project as it stands on a day, lapses included."""
    book_id = connection.execute(sa.select(t.projects.c.book).where(t.projects.c.id == project)).scalar_one_or_none()
    if book_id is None:
        raise DomainError("lifecycle.unknown_project", project=project)
    book = _book(books, book_id)
    return lapsed(book, replay(book, project, project_events(connection, project)), on)


def project_steps(connection: Connection, project: str, on: date, *, books: Books | None = None) -> list[Step]:
    """What may come next for a project."""
    state = project_state(connection, project, on, books=books)
    return next_steps(_book(books, state.book), state, on)


def projects(connection: Connection) -> list[tuple[str, str, str]]:
    """Every project with its rule book and the state after its last event."""
    rows = connection.execute(sa.select(t.projects.c.id, t.projects.c.book, t.projects.c.state).order_by("id"))
    return [(row.id, row.book, row.state) for row in rows]


def audit(connection: Connection, *, books: Books | None = None) -> list[str]:
    """Projects whose row is not what replaying their events gives, or whose events no longer pass."""
    wrong = []
    for row in connection.execute(sa.select(t.projects).order_by(t.projects.c.id)).all():
        try:
            book = _book(books, row.book)
            state = replay(book, row.id, project_events(connection, row.id))
        except TanhuiError:
            wrong.append(row.id)
            continue
        if (state.state, state.events, str(state.day)) != (row.state, row.events, row.day):
            wrong.append(row.id)
    return wrong
