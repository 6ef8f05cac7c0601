"""Events in both databases: kept in the caller's transaction, never edited, and the same state when replayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from tanhui.kernel.errors import DomainError
from tanhui.projects.lifecycle import LifecycleRefused, rule_book
from tanhui.projects.lifecycle import tables as t
from tanhui.projects.lifecycle.store import audit, project_events, project_state, project_steps, projects, submit
from tests.projects.lifecycle.acts import PROJECT, event, walk
from tests.projects.lifecycle.test_walks import WALKS

CCER = rule_book("ccer")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        t.create_tables(connection)
    yield engine
    engine.dispose()


def send(engine: Engine, *acts: tuple[str, str], **changed: str) -> None:
    for act, day in acts:
        with engine.begin() as connection:
            submit(connection, event(CCER, act, day, **changed))


def rows(connection: Connection) -> int:
    return sum(
        connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in t.metadata.sorted_tables
    )


def test_a_walk_through_the_database_is_the_walk_in_memory(engine: Engine):
    acts = WALKS["ccer"][0]
    send(engine, *acts)
    with engine.connect() as connection:
        assert project_state(connection, PROJECT, date(2026, 5, 1)) == walk(CCER, *acts)
        kept = [given.to_dict() for given in project_events(connection, PROJECT)]
        assert kept == [event(CCER, act, day).to_dict() for act, day in acts]
        assert projects(connection) == [(PROJECT, "ccer", "registered")]
        assert "publish_report" in {step.act for step in project_steps(connection, PROJECT, date(2026, 5, 1))}
        assert audit(connection) == []


def test_a_refused_event_leaves_nothing(engine: Engine):
    send(engine, ("publish_design", "2026-01-05"))
    with engine.begin() as connection:
        before = rows(connection)
        with pytest.raises(LifecycleRefused):
            submit(connection, event(CCER, "validate", "2026-01-06"))
        assert rows(connection) == before
        with pytest.raises(LifecycleRefused):
            submit(connection, replace(event(CCER, "validate", "2026-01-06"), project="P-9"))
        assert rows(connection) == before


def test_the_callers_transaction_decides(engine: Engine):
    with engine.connect() as connection:
        with connection.begin() as transaction:
            submit(connection, event(CCER, "publish_design", "2026-01-05"))
            transaction.rollback()
        assert projects(connection) == []


def test_a_design_belongs_to_one_project(engine: Engine):
    send(engine, ("publish_design", "2026-01-05"))
    twin = replace(event(CCER, "publish_design", "2026-01-06"), project="P-2")
    with engine.begin() as connection, pytest.raises(DomainError, match="already filed by project P-1"):
        submit(connection, twin)
    own = event(CCER, "publish_design", "2026-01-06", document_design_document="another", owner="A2")
    with engine.begin() as connection:
        submit(connection, replace(own, project="P-2"))
    with engine.connect() as connection:
        assert [row[0] for row in projects(connection)] == ["P-1", "P-2"]


def test_unknown_projects_and_books(engine: Engine):
    with engine.begin() as connection:
        with pytest.raises(DomainError, match="no project"):
            project_state(connection, "P-7", date(2026, 1, 5))
        with pytest.raises(DomainError, match="no rule book"):
            submit(connection, replace(event(CCER, "publish_design", "2026-01-05"), book="gold"))


@pytest.mark.parametrize(
    "statement",
    [
        "update lifecycle_events set day = '2026-01-01'",
        "delete from lifecycle_events",
        "update lifecycle_designs set project = 'P-2'",
        "delete from lifecycle_designs",
    ],
)
def test_history_is_not_edited(engine: Engine, statement: str):
    send(engine, ("publish_design", "2026-01-05"))
    with engine.connect() as connection, pytest.raises(DatabaseError, match=r"lifecycle\.append_only"):
        connection.execute(sa.text(statement))


def test_an_edited_row_is_found(engine: Engine):
    send(engine, ("publish_design", "2026-01-05"))
    with engine.begin() as connection:
        connection.execute(t.projects.update().values(state="registered"))
        assert audit(connection) == [PROJECT]


def test_two_first_events_of_one_project(database_url: str, engine: Engine):
    """The second one sees the first, or is told to look again; never two."""
    first = event(CCER, "publish_design", "2026-01-05")
    with engine.begin() as connection:
        submit(connection, first)
    with engine.begin() as connection, pytest.raises(LifecycleRefused):
        submit(connection, first)
    with engine.connect() as connection:
        assert len(list(project_events(connection, PROJECT))) == 1


def test_two_writers_race_for_a_new_project(postgres_url: str):
    import threading

    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        t.create_tables(connection)
    ready, said = threading.Barrier(2), []

    def race() -> None:
        with engine.connect() as connection, connection.begin() as transaction:
            ready.wait()
            try:
                submit(connection, event(CCER, "publish_design", "2026-01-05"))
            except (DomainError, LifecycleRefused) as lost:
                transaction.rollback()
                said.append(lost.code)
            else:
                said.append("done")

    racers = [threading.Thread(target=race) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(said, key=lambda code: code != "done")[0] == "done"
    assert said.count("done") == 1
    with engine.connect() as connection:
        assert len(list(project_events(connection, PROJECT))) == 1
    engine.dispose()
