"""Credentials, used orders and the trail in the database, SQLite or PostgreSQL.

Functions take a connection that is inside a transaction, and leave its end to the caller. What must happen once (a code
used, an order carried out) is one statement whose count of rows decides, so two processes never both win.

A refused act is written to the trail in a transaction of its own: the act's is rolled back.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tanhui.registry.access.errors import AccessRefused, NotRecognised
from tanhui.registry.access.orders import SignedOrder
from tanhui.registry.access.secrets import (
    ApiKey,
    Enrolment,
    Session,
    check_api_key,
    check_enrolment,
    check_password,
    check_session,
    read_api_key,
    read_enrolment_code,
    token_digest,
)
from tanhui.registry.access.tables import (
    api_keys,
    enrolments,
    orders,
    orders_forgotten,
    people,
    sessions,
    trail,
)
from tanhui.registry.compiled import Compiled

__all__ = [
    "TrailLine",
    "add_api_key",
    "add_enrolment",
    "add_person",
    "add_session",
    "address_tag",
    "api_key_of",
    "append_trail",
    "close_session",
    "close_sessions_of",
    "disable_person",
    "forget_expired",
    "person_with_password",
    "read_trail",
    "revoke_api_key",
    "session_of",
    "set_password",
    "use_enrolment",
    "use_order",
]

#: A session's last use is written when it is this much older than what is stored: reads should not all be writes. [s]
SEEN_EVERY_S = 60


# People and passwords


def add_person(connection: Connection, who: str, now: int, password: str | None = None) -> None:
    """A person, with a password hash of :func:`~.secrets.hash_password` or without."""
    row = {"id": who, "password": password, "made_at": now}
    if not _insert_new(connection, people, row):
        raise AccessRefused("access.person_exists", who=who)


def set_password(connection: Connection, who: str, stored: str, now: int) -> None:
    """A new password hash; every open session of the person ends."""
    _changed(connection.execute(update(people).where(people.c.id == who).values(password=stored)).rowcount)
    close_sessions_of(connection, who, now)


def disable_person(connection: Connection, who: str, now: int) -> None:
    """Let a person in no longer, by no credential."""
    disabled = people.c.disabled_at.is_(None)
    connection.execute(update(people).where(people.c.id == who, disabled).values(disabled_at=now))
    close_sessions_of(connection, who, now)
    open_keys = (api_keys.c.who == who, api_keys.c.revoked_at.is_(None))
    connection.execute(update(api_keys).where(*open_keys).values(revoked_at=now))


def person_with_password(connection: Connection, who: str, password: str) -> str:
    """The person, if the password is theirs; the one refusal otherwise."""
    row = connection.execute(select(people).where(people.c.id == who)).one_or_none()
    check_password(None if row is None else row.password, password)
    _refuse_disabled(row.disabled_at if row else 0)
    return who


# Enrolment codes


def add_enrolment(connection: Connection, enrolment: Enrolment) -> None:
    """Keep an enrolment. The code itself is with whoever made it."""
    connection.execute(enrolments.insert().values(**_row(enrolment)))


def use_enrolment(connection: Connection, code: str, now: int) -> Enrolment:
    """Use an enrolment code up, and what it grants; of two that try at once one succeeds."""
    name, secret = read_enrolment_code(code)
    row = connection.execute(select(enrolments).where(enrolments.c.id == name)).one_or_none()
    enrolment = check_enrolment(None if row is None else Enrolment(**row._mapping), secret, now)
    unused = (enrolments.c.id == name, enrolments.c.used_at.is_(None))
    if connection.execute(update(enrolments).where(*unused).values(used_at=now)).rowcount != 1:
        raise NotRecognised("used")
    return enrolment


# Sessions


def add_session(connection: Connection, session: Session) -> None:
    """Keep a session."""
    connection.execute(sessions.insert().values(**_row(session)))


def session_of(connection: Connection, token: str, now: int) -> Session:
    """The session of a token, and that it was seen."""
    digest = token_digest(token)
    found = SESSION.rows(connection, key=digest)
    session = check_session(Session(*found[0][:-1]) if found else None, now)
    _refuse_disabled(found[0][-1])
    # Half of the idle time at the latest, so that a session in use never seems idle.
    if now - session.seen_at >= min(SEEN_EVERY_S, session.idle_s // 2):
        later = (sessions.c.digest == digest, sessions.c.seen_at < now)
        connection.execute(update(sessions).where(*later).values(seen_at=now))
    return session


def close_session(connection: Connection, token: str, now: int) -> None:
    """Log out; a session that is closed or unknown stays so."""
    opened = (sessions.c.digest == token_digest(token), sessions.c.closed_at.is_(None))
    connection.execute(update(sessions).where(*opened).values(closed_at=now))


def close_sessions_of(connection: Connection, who: str, now: int) -> int:
    """Close every open session of a person; how many there were."""
    opened = (sessions.c.who == who, sessions.c.closed_at.is_(None))
    return connection.execute(update(sessions).where(*opened).values(closed_at=now)).rowcount


# API keys


def add_api_key(connection: Connection, key: ApiKey) -> None:
    """Keep an API key."""
    connection.execute(api_keys.insert().values(**_row(key) | {"scopes": " ".join(sorted(key.scopes))}))


def api_key_of(connection: Connection, text: str, now: int) -> ApiKey:
    """The API key in a request."""
    name, secret = read_api_key(text)
    found = API_KEY.rows(connection, key=name)
    known = [ApiKey(id_, who, digest, frozenset(scopes.split()), *at) for id_, who, digest, scopes, *at, _ in found]
    key = check_api_key(known[0] if known else None, secret, now)
    _refuse_disabled(found[0][-1])
    return key


def revoke_api_key(connection: Connection, name: str, now: int) -> None:
    """Revoke an API key by its id, for good."""
    valid = (api_keys.c.id == name, api_keys.c.revoked_at.is_(None))
    connection.execute(update(api_keys).where(*valid).values(revoked_at=now))


# Orders


def use_order(connection: Connection, signed: SignedOrder) -> bool:
    """Note that an order is carried out: true the first time, false where it is the very same again.

    Whoever sends an order twice gets the first answer twice; the ledger knows it by the request id.

    Raises
    ------
    AccessRefused
        ``access.order_reused`` where the key used the request id for another order, ``access.order_late`` where the
        order ended before what is still remembered: a clock that was set back lets nothing come again.
    """
    order, proof = signed.order, signed.proof
    forgotten = connection.execute(select(orders_forgotten.c.until)).scalar_one_or_none()
    if forgotten is not None and order.not_after <= forgotten:
        raise AccessRefused("access.order_late", moment=order.body()["not_after"])
    digest = proof.digest.hex()
    row = {"key_id": proof.key_id, "request": order.request, "digest": digest, "not_after": order.not_after}
    if _insert_new(connection, orders, row):
        return True
    known = (orders.c.key_id == proof.key_id, orders.c.request == order.request)
    if connection.execute(select(orders.c.digest).where(*known)).scalar_one() != digest:
        raise AccessRefused("access.order_reused", request=order.request)
    return False


def forget_expired(connection: Connection, now: int, keep_s: int = 0) -> None:
    """Remove orders, sessions and enrolments that ended ``keep_s`` before now.

    How far orders are forgotten is kept by the orders themselves, not by the clock: one that runs ahead for a while
    does not shut out the orders of tomorrow.
    """
    until = now - keep_s
    last = connection.execute(select(func.max(orders.c.not_after)).where(orders.c.not_after <= until)).scalar_one()
    if last is not None and not _insert_new(connection, orders_forgotten, {"one": 1, "until": last}):
        further = orders_forgotten.c.until < last
        connection.execute(update(orders_forgotten).where(further).values(until=last))
    connection.execute(delete(orders).where(orders.c.not_after <= until))
    connection.execute(delete(sessions).where(sessions.c.ends_at <= until))
    connection.execute(delete(enrolments).where(enrolments.c.expires_at <= until))


# The trail


@dataclass(frozen=True, slots=True)
class TrailLine:
    """An act that somebody tried: when, who, what, and what became of it. No secret and no argument of the act."""

    at: int
    who: str
    act: str
    outcome: str
    request: str = ""
    address: str = ""


def address_tag(address: str, key: bytes) -> str:
    """A network address as the trail keeps it: equal ones can be seen to be equal, and no more without the key.

    A plain hash would not do: there are few enough addresses to try them all.
    """
    return hmac.digest(key, address.encode(), "sha256").hex()[:32]


def trail_about(connection: Connection, act: str, request: str, since: int) -> list[TrailLine]:
    """Lines about one thing since a moment, newest first."""
    c = trail.c
    wanted = select(c.at, c.who, c.act, c.outcome, c.request, c.address)
    wanted = wanted.where(c.act == act, c.request == request, c.at >= since).order_by(c.position.desc())
    return [TrailLine(*row) for row in connection.execute(wanted)]


def append_trail(connection: Connection, line: TrailLine) -> None:
    """Write a line to the trail."""
    connection.execute(trail.insert().values(**_row(line)))


def read_trail(
    connection: Connection, after: int = 0, most: int = 1000, who: str | None = None
) -> Iterator[tuple[int, TrailLine]]:
    """Lines of the trail in their order, with their positions, beginning behind one."""
    wanted = select(trail).where(trail.c.position > after).order_by(trail.c.position).limit(most)
    if who is not None:
        wanted = wanted.where(trail.c.who == who)
    for row in connection.execute(wanted):
        yield row.position, TrailLine(row.at, row.who, row.act, row.outcome, row.request, row.address)


# Shared


def _row(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; whether it was inserted. No error ends the transaction."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # SQLAlchemy counts the rows of an insert only where it is asked to.
    statement = insert(table).values(**row).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return connection.execute(statement).rowcount == 1


def _of_person(table: Table, kind: type[Session] | type[ApiKey], key: Column[str]) -> Compiled:
    """A credential, in the order of its fields, and since when its person is let in no longer; each request asks."""
    columns = (table.c[field.name] for field in fields(kind))
    return Compiled(select(*columns, people.c.disabled_at).join(people).where(key == bindparam("key")))


SESSION, API_KEY = _of_person(sessions, Session, sessions.c.digest), _of_person(api_keys, ApiKey, api_keys.c.id)


def _refuse_disabled(disabled_at: int | None) -> None:
    if disabled_at is not None:
        raise NotRecognised("disabled")


def _changed(rows: int) -> None:
    if rows != 1:
        raise NotRecognised("unknown")
