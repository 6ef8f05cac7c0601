"""Rights and distributions in the database. Every function works in the caller's transaction and commits nothing.

So a project's tenure is recorded together with the ledger's entry that relies on it, or not at all. Salts come from the
caller, as randomness does everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from tanhui.kernel.canonical import canonical_bytes, hash_json
from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.projects.tenure import tables as t
from tanhui.projects.tenure.checks import CreditedArea, overlap_faults
from tanhui.projects.tenure.model import Right
from tanhui.projects.tenure.sharing import Distribution
from tanhui.registry.commitments import Opening

__all__ = [
    "StoredRight",
    "carried_fen",
    "credited_of",
    "current_rights",
    "erase_right",
    "record_credited",
    "record_distribution",
    "record_rights",
    "right_history",
    "supersede_right",
]


@dataclass(frozen=True, slots=True)
class StoredRight:
    """A right as the database has it; ``right`` is nothing once its personal part was erased."""

    commitment: str
    project: str
    parcel: str
    first_day: str
    last_day: str
    certified_m2: int
    carbon_authorised: bool
    minutes_sha256: str
    recorded_at: str
    supersedes: str | None
    right: Right | None

    def to_public(self) -> dict[str, Any]:
        """What may stand in a public leaf: the commitment, and nothing that names or leads to people."""
        return {
            "commitment": self.commitment,
            "parcel": self.parcel,
            "term": [self.first_day, self.last_day],
            "certified_m2": str(self.certified_m2),
            "carbon_authorised": self.carbon_authorised,
            "minutes_sha256": self.minutes_sha256,
            "supersedes": self.supersedes or "",
        }


def record_rights(
    connection: Connection, project: str, rights: Iterable[Right], *, at: str, draw_salt: Callable[[], bytes]
) -> list[StoredRight]:
    """Add rights to a project's tenure.

    Raises
    ------
    RefusedInput
        If a parcel would be in two contracts on one day, counting the rights that are there already.
    """
    new = list(rights)
    known = [stored.right for stored in current_rights(connection, project) if stored.right]
    faults = overlap_faults([*known, *new])
    if faults:
        raise RefusedInput(faults)
    return _insert(connection, project, new, at, draw_salt, None)


def supersede_right(
    connection: Connection, commitment: str, right: Right, *, at: str, draw_salt: Callable[[], bytes]
) -> StoredRight:
    """Put a corrected right in the place of another, which stays in the history.

    Raises
    ------
    DomainError
        If there is no such right, or it was superseded already.
    RefusedInput
        If the parcel would be in two contracts on one day.
    """
    old = _one(connection, commitment)
    if connection.scalar(sa.select(t.rights.c.commitment).where(t.rights.c.supersedes == commitment)):
        raise DomainError("tenure.superseded", right=commitment)
    others = [s.right for s in current_rights(connection, old.project) if s.right and s.commitment != commitment]
    faults = overlap_faults([*others, right])
    if faults:
        raise RefusedInput(faults)
    return _insert(connection, old.project, [right], at, draw_salt, commitment)[0]


def _insert(
    connection: Connection,
    project: str,
    rights: Sequence[Right],
    at: str,
    draw_salt: Callable[[], bytes],
    supersedes: str | None,
) -> list[StoredRight]:
    stored, openings = [], []
    for right in rights:
        opening = Opening(draw_salt(), canonical_bytes(right.to_dict()).decode())
        openings.append({"commitment": opening.commitment, "salt": opening.salt, "value": opening.value})
        stored.append(
            StoredRight(
                commitment=opening.commitment,
                project=project,
                parcel=right.parcel,
                first_day=right.first_day.isoformat(),
                last_day=right.last_day.isoformat(),
                certified_m2=right.certified_m2,
                carbon_authorised=right.carbon_authorised,
                minutes_sha256=right.minutes_sha256,
                recorded_at=at,
                supersedes=supersedes,
                right=right,
            )
        )
    if stored:
        names = [column.name for column in t.rights.columns]
        connection.execute(sa.insert(t.rights), [{name: getattr(s, name) for name in names} for s in stored])
        connection.execute(sa.insert(t.openings), openings)
    return stored


def _select() -> sa.Select[Any]:
    joined = t.rights.outerjoin(t.openings, t.openings.c.commitment == t.rights.c.commitment)
    return sa.select(t.rights, t.openings.c.value.label("opened")).select_from(joined)


def _stored(row: sa.Row[Any]) -> StoredRight:
    fields = dict(row._mapping)
    opened = fields.pop("opened")
    return StoredRight(right=Right.from_dict(json.loads(opened)) if opened else None, **fields)


def _one(connection: Connection, commitment: str) -> StoredRight:
    row = connection.execute(_select().where(t.rights.c.commitment == commitment)).one_or_none()
    if row is None:
        raise DomainError("tenure.unknown_right", right=commitment)
    return _stored(row)


def current_rights(connection: Connection, project: str) -> list[StoredRight]:
    """The rights of a project that no other right supersedes, in order of parcel and term."""
    later = t.rights.alias()
    superseded = sa.exists().where(later.c.supersedes == t.rights.c.commitment)
    wanted = _select().where(t.rights.c.project == project, ~superseded)
    order = (t.rights.c.parcel, t.rights.c.first_day, t.rights.c.commitment)
    return [_stored(row) for row in connection.execute(wanted.order_by(*order))]


def right_history(connection: Connection, commitment: str) -> list[StoredRight]:
    """A right and those it superseded, newest first."""
    found = [_one(connection, commitment)]
    while found[-1].supersedes:
        found.append(_one(connection, found[-1].supersedes))
    return found


def erase_right(connection: Connection, commitment: str) -> None:
    """Erase what names people. The public part and the commitment stay, and say nothing about them any more."""
    _one(connection, commitment)
    connection.execute(sa.delete(t.openings).where(t.openings.c.commitment == commitment))


def record_credited(connection: Connection, project: str, event: int, areas: Iterable[CreditedArea]) -> None:
    """Keep the areas of parcels that the project's event of that number brought."""
    rows = [
        {
            "project": project,
            "parcel": area.parcel,
            "event": event,
            "certified_m2": area.certified_m2,
            "measured_m2": area.measured_m2,
            "planted_m2": area.planted_m2,
            "beyond": " ".join(area.beyond),
        }
        for area in areas
    ]
    if rows:
        connection.execute(sa.insert(t.credited), rows)


def credited_of(connection: Connection, project: str) -> list[CreditedArea]:
    """The credited area of each parcel of a project, as its last event brought it."""
    c = t.credited.c
    rows = connection.execute(sa.select(t.credited).where(c.project == project).order_by(c.parcel, c.event))
    newest = {row.parcel: row for row in rows}
    return [
        CreditedArea(row.parcel, row.certified_m2, row.measured_m2, row.planted_m2, tuple(row.beyond.split()))
        for row in newest.values()
    ]


def carried_fen(connection: Connection, project: str, *, before: str = "") -> dict[str, int]:
    """What the last distribution of a project, or the last one before another, left unpaid, by account. [fen]"""
    last = sa.select(sa.func.max(t.distributions.c.number)).where(t.distributions.c.project == project)
    number = connection.scalar(sa.select(t.distributions.c.number).where(t.distributions.c.id == before))
    if number is not None:
        last = last.where(t.distributions.c.number < number)
    wanted = (
        sa.select(t.carried.c.account, t.carried.c.fen)
        .join(t.distributions, t.distributions.c.id == t.carried.c.distribution)
        .where(t.distributions.c.project == project, t.distributions.c.number == last.scalar_subquery())
    )
    return {row.account: row.fen for row in connection.execute(wanted.order_by(t.carried.c.account))}


def record_distribution(connection: Connection, project: str, id: str, distribution: Distribution, *, at: str) -> None:
    """Record a distribution and what it carries. The same id with the same content changes nothing.

    Raises
    ------
    DomainError
        If the id stands for another distribution, or the distribution was not computed with what the last one left.
    """
    row = _distribution_row(project, id, distribution)
    known = connection.execute(sa.select(t.distributions).where(t.distributions.c.id == id)).one_or_none()
    if known is not None:
        if any(known._mapping[name] != value for name, value in row.items()):
            raise DomainError("tenure.distribution_reused", distribution=id)
        return
    if dict(distribution.carried_in) != carried_fen(connection, project):
        raise DomainError("tenure.carried_stale")
    numbers = sa.select(sa.func.coalesce(sa.func.max(t.distributions.c.number), 0) + 1)
    number = connection.scalar(numbers.where(t.distributions.c.project == project))
    connection.execute(sa.insert(t.distributions), {**row, "number": number, "recorded_at": at})
    left: Mapping[str, int] = distribution.carried_out
    if left:
        rows = [{"distribution": id, "account": account, "fen": fen} for account, fen in left.items()]
        connection.execute(sa.insert(t.carried), rows)


def _distribution_row(project: str, id: str, distribution: Distribution) -> dict[str, Any]:
    first, last = distribution.period.to_list()
    payments = [[payment.account, str(payment.fen), payment.reason] for payment in distribution.payments]
    return {
        "id": id,
        "project": project,
        "scheme": distribution.scheme.id,
        "status": distribution.status.word,
        "first_day": first,
        "last_day": last,
        "amount_fen": distribution.amount_fen,
        "paid_fen": distribution.paid_fen,
        "payments_sha256": hash_json(payments),
    }
