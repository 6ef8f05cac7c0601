"""Forgetting a name for ever: on whose word and on which document, kept for good; the name itself is gone.

It takes as many people of the operator as the registry wants pairs of eyes. The log does not change: it holds a
commitment, which says nothing once its opening is gone. What was erased is listed, for a restored backup may bring a
name back that has to be erased again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.errors import InputError
from tanhui.registry.operations.tables import erasures
from tanhui.registry.store import Writer

__all__ = ["Erasure", "erase_name", "erasures_of"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """A name that somebody wants forgotten. ``erased_at`` is when it was, nothing where another person must agree."""

    commitment: str
    document: str
    asked_by: str
    asked_at: int
    agreed_by: str = ""
    erased_at: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        values = {name: getattr(self, name) for name in Erasure.__slots__}
        return {"status": "done" if self.erased_at is not None else "proposed", **values}


def erase_name(tx: Writer, commitment: str, document: str, person: str, eyes: int, now: int) -> Erasure:
    """Ask that the name behind a commitment be forgotten, or agree to it; it is, as soon as people are enough.

    Parameters
    ----------
    tx : Writer
        A transaction that holds the write lock. What is overwritten on disk afterwards is
        :meth:`tanhui.registry.service.Registry.erase`'s to do, which may be asked again and again.
    commitment, document : str
        Whose name, and the SHA-256 of the document that asks for it.
    person : str
        Somebody who acts for the operator.
    eyes : int
        How many people it takes.

    Raises
    ------
    InputError
        If there is no name behind the commitment, or it was asked for on another document.
    """
    known = tx.connection.execute(_row(commitment)).one_or_none()
    if known is None and tx.opening(commitment) is None:
        raise InputError("operations.no_such_name", commitment=commitment)
    found = Erasure(*known) if known else Erasure(commitment, document, person, now)
    if found.document != document:
        raise InputError("operations.erasure_other_document", commitment=commitment, document=found.document)
    others = eyes == 1 or found.asked_by != person
    agreed = "" if eyes == 1 else person
    if found.erased_at is None and others:
        found = Erasure(commitment, document, found.asked_by, found.asked_at, agreed, now)
    if found.erased_at is not None:
        tx.erase_opening(commitment)  # again too: a restored backup may have brought it back
    tx.connection.execute(erasures.delete().where(erasures.c.commitment == commitment))
    tx.connection.execute(erasures.insert(), {name: getattr(found, name) for name in Erasure.__slots__})
    return found


def erasures_of(connection: sa.Connection) -> list[Erasure]:
    """What was erased or waits for another person, oldest first."""
    wanted = sa.select(erasures).order_by(erasures.c.asked_at, erasures.c.commitment)
    return [Erasure(*row) for row in connection.execute(wanted)]


def _row(commitment: str) -> sa.Select[Any]:
    return sa.select(erasures).where(erasures.c.commitment == commitment)
