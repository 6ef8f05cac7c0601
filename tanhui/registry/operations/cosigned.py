"""The checkpoint that is handed out: the registry's own signatures, then those of the witnesses that answered."""

from __future__ import annotations

from sqlalchemy import Connection, select

from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.log.note import NoteKey, parse_note
from tanhui.registry.operations.tables import cosignatures

__all__ = ["handed_out", "keep_cosignatures"]


def handed_out(connection: Connection, note: str) -> str:
    """A checkpoint with the cosignatures kept for it."""
    size = parse_checkpoint(parse_note(note)[0]).size
    wanted = select(cosignatures.c.line).where(cosignatures.c.size == size).order_by(cosignatures.c.witness)
    return note + "".join(connection.execute(wanted).scalars())


def keep_cosignatures(connection: Connection, size: int, witness: NoteKey, lines: str) -> None:
    """Keep what a witness signed; what it signed before for the same checkpoint stands."""
    key = {"size": size, "witness": str(witness)}
    there = select(cosignatures.c.size).where(cosignatures.c.size == size, cosignatures.c.witness == str(witness))
    if lines and connection.execute(there).one_or_none() is None:
        connection.execute(cosignatures.insert(), {**key, "line": lines})
