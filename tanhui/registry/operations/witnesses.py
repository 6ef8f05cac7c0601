"""Cosignatures of others on our checkpoints: who sees one knows that the log has shown them the same history.

The registry's witnesses stand in ``witnesses.toml`` in its folder, each with the address below which it answers
(c2sp.org/tlog-witness) and its verifier key::

    [[witness]]
    url = "https://witness.example/"
    key = "witness.example+b3c9e5f0+BA..."
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.errors import InputError, IntegrityError, TanhuiError
from tanhui.kernel.wording import Lang
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.folder import open_store
from tanhui.registry.log.cosignature import read_vkey
from tanhui.registry.log.note import NoteKey, parse_note
from tanhui.registry.log.tree import consistency_proof
from tanhui.registry.log.witness import SIZE_TYPE, add_cosignatures, checkpoint_request
from tanhui.registry.operations.cosigned import keep_cosignatures
from tanhui.registry.operations.tables import cosignatures
from tanhui.registry.store import Reader

__all__ = ["WITNESSES", "Answer", "Witness", "ask_witnesses", "load_witnesses", "size_known"]

WITNESSES = "witnesses.toml"
#: A witness that is silent for so long is given up. [s]
PATIENCE_S = 20
#: Longest answer that is read: some signatures of up to 5 kB. [bytes]
MOST_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who cosigns, and where they are asked."""

    url: str
    key: NoteKey


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness said to a checkpoint: cosigned, or why not."""

    witness: Witness
    size: int
    refused: TanhuiError | None = None

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """As faces show it."""
        why = self.refused.to_dict(lang) if self.refused else None
        return {"witness": self.witness.key.name, "url": self.witness.url, "size": str(self.size), "refused": why}


def load_witnesses(path: Path) -> tuple[Witness, ...]:
    """The witnesses in a file; none where there is no file.

    Raises
    ------
    InputError
        If it cannot be read as one.
    """
    if not path.exists():
        return ()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["witness"]
        return tuple(Witness(str(entry["url"]), read_vkey(entry["key"])) for entry in entries)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, TanhuiError) as error:
        raise InputError("operations.witnesses_unreadable", path=str(path), detail=str(error)) from None


def ask_witnesses(registry: Path, witnesses: Sequence[Witness] | None = None) -> list[Answer]:
    """Ask each witness to cosign the newest checkpoint, and keep what they sign.

    Parameters
    ----------
    registry : Path
        Folder of the registry.
    witnesses : sequence of Witness, optional
        Those of ``witnesses.toml`` by default.
    """
    asked = load_witnesses(registry / WITNESSES) if witnesses is None else witnesses
    store, answers = open_store(registry), []
    try:
        for witness in asked:
            with store.reading() as view:
                note, lines, refused = _asked(view, witness)
            size = parse_checkpoint(parse_note(note)[0]).size
            if refused is None:
                with store.writing() as tx:
                    keep_cosignatures(tx.connection, size, witness.key, lines)
            answers.append(Answer(witness, size, refused))
    finally:
        store.close()
    return answers


def size_known(witness: Witness, note: str) -> int | None:
    """How many leaves of a log a witness has cosigned, asked with a checkpoint of the log; None where it is silent.

    Raises
    ------
    IntegrityError
        If the witness knows another root for the size of the checkpoint: the log has two histories.
    """
    head = parse_checkpoint(parse_note(note)[0])
    try:
        status, kind, body = _post(witness, checkpoint_request(head.size, (), note))
    except TanhuiError:
        return None
    if status == 409 and kind != SIZE_TYPE:
        raise IntegrityError("operations.witness_other_history", witness=witness.key.name, size=head.size)
    return head.size if status == 200 else _size(body) if kind == SIZE_TYPE else None


def _asked(view: Reader, witness: Witness) -> tuple[str, str, TanhuiError | None]:
    """The newest checkpoint, the signature lines that a witness gave for it, and why it gave none."""
    note = view.checkpoint()
    size = parse_checkpoint(parse_note(note)[0]).size
    try:
        return note, _cosigned(view, witness, note, size), None
    except TanhuiError as error:
        return note, "", error


def _cosigned(view: Reader, witness: Witness, note: str, size: int) -> str:
    """A witness's lines on a checkpoint; where it is at another size than we think, it is asked once more."""
    old = _last(view, witness)
    for _ in range(2):
        proof = consistency_proof(old, size, view.nodes(size))
        status, kind, body = _post(witness, checkpoint_request(old, proof, note))
        if status == 200:
            lines = add_cosignatures(note, body, [witness.key]).removeprefix(note)
            if not lines:
                raise IntegrityError("operations.witness_silent", witness=witness.key.name)
            return lines
        if status != 409 or kind != SIZE_TYPE:
            break
        old = _size(body)
        if old > size:
            raise IntegrityError("operations.witness_ahead", witness=witness.key.name, known=old, size=size)
    raise IntegrityError("operations.witness_refused", witness=witness.key.name, status=status, detail=body[:200])


def _last(view: Reader, witness: Witness) -> int:
    """The largest size that a witness cosigned, as far as we know."""
    wanted = sa.select(sa.func.max(cosignatures.c.size)).where(cosignatures.c.witness == str(witness.key))
    return int(view.connection.execute(wanted).scalar() or 0)


def _size(body: str) -> int:
    text = body.removesuffix("\n")
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise IntegrityError("operations.witness_malformed")
    return int(text)


def _post(witness: Witness, request: str) -> tuple[int, str, str]:
    """Status, content type and text of a witness's answer. Redirects are not followed: the address was agreed upon."""
    import httpx

    url = f"{witness.url.rstrip('/')}/add-checkpoint"
    try:
        with httpx.stream("POST", url, content=request.encode(), timeout=PATIENCE_S) as answer:
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > MOST_BYTES:
                    raise IntegrityError("operations.witness_malformed")
            kind = answer.headers.get("content-type", "").partition(";")[0].strip()
            return answer.status_code, kind, data.decode("utf-8", "replace")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise InputError("operations.witness_unreachable", url=url, detail=str(error)) from None
