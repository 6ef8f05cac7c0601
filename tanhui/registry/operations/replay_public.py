"""The state of a registry, rebuilt by a stranger: from the public tiles alone, and every rule checked on the way.

What a stranger needs is the address of the log and its keys. A regulator who was also given the openings of the
commitments checks that each of them is what the log committed to, and which ones were erased since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.errors import InputError, IntegrityError, TanhuiError
from tanhui.kernel.progress import Progress, silent
from tanhui.registry import tables as t
from tanhui.registry.anchors import authenticated_by
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint
from tanhui.registry.commitments import Opening
from tanhui.registry.folder import open_store
from tanhui.registry.ledger import ledger_faults
from tanhui.registry.log.note import NoteKey, parse_note
from tanhui.registry.log.static import ReadFile, folder_source, read_log, read_note
from tanhui.registry.model import JournalEntry
from tanhui.registry.operations.staging import write_private
from tanhui.registry.replay import Replay
from tanhui.registry.state import State
from tanhui.registry.verdict import Check, Verdict
from tanhui.registry.writing import hidden

__all__ = ["export_openings", "log_source", "read_openings", "replay_log"]

#: Leaves between two looks at the clock.
STEP = 4096
#: A server that is silent for so long is given up. [s]
PATIENCE_S = 30
PROVEN = ("replayed", "fits")
NOT_PROVEN = ("measured", "only_log")


class _Openings:
    """Which commitments of a log open."""

    def __init__(self, openings: Mapping[str, Opening]) -> None:
        self._unused, self.commitments, self.closed = dict(openings), 0, 0

    def see(self, entry: JournalEntry) -> None:
        """One more entry."""
        commitment = hidden(entry)
        if commitment:
            self.commitments += 1
            self.closed += self._unused.pop(commitment, None) is None

    def check(self) -> Check:
        """Every opening is one of a commitment in the log; an erased name is lawful, and only counted."""
        facts = {"closed": self.closed, "commitments": self.commitments, "unused": len(self._unused)}
        cause = IntegrityError("operations.openings", **facts) if self.closed or self._unused else None
        return Check("openings", False if self._unused else None if self.closed else True, cause=cause)


def replay_log(
    source: Path | str | ReadFile,
    anchors: Sequence[NoteKey] | None = None,
    *,
    openings: Mapping[str, Opening] | None = None,
    progress: Progress = silent,
) -> Verdict:
    """Rebuild the state from a static log and check everything that can be checked from outside.

    Leaves are read once, in order, and not kept; what is kept is the state: rows for accounts, batches and holdings.

    Parameters
    ----------
    source : Path, str or callable
        Folder of the log, its address, or what reads a file of it.
    anchors : sequence of NoteKey, optional
        Keys trusted beforehand. Without them the log may be whole and somebody else's.
    openings : mapping, optional
        By commitment, see :func:`read_openings`.
    progress : callable
        Told how many leaves of how many are done.

    Raises
    ------
    IntegrityError
        If there is no checkpoint to begin with.
    """
    read = log_source(source)
    note = read_note(read)
    checkpoint = parse_checkpoint(parse_note(note)[0])
    opened = _Openings(openings) if openings is not None else None
    replay = Replay(opened.see) if opened else Replay()
    checks = [_signature(note, anchors, checkpoint), *_rebuilt(replay, read, checkpoint, progress)]
    state = replay.state
    if all(check.ok is not False for check in checks):
        checks += [
            _check("published_state", lambda: _same_state(replay, checkpoint)),
            _check("declared", lambda: _same_origin(state, checkpoint)),
            _check("tiling", lambda: _tiles(state)),
            _check("amounts", lambda: _balances(state)),
        ]
    if opened is not None:
        checks.append(opened.check())
    facts = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    facts["state"] = replay.root().hex()
    not_proven = NOT_PROVEN if anchors is not None else ("issuer", *NOT_PROVEN)
    sandbox = state.registry is not None and state.registry.sandbox
    return Verdict("log", tuple(checks), PROVEN, not_proven, sandbox, facts)


def log_source(source: Path | str | ReadFile) -> ReadFile:
    """What reads the files of a log: from a folder, or over the network."""
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return _web_source(source)
    return folder_source(Path(source)) if isinstance(source, (str, Path)) else source


def export_openings(registry: Path, path: Path) -> int:
    """Write what every commitment of a registry hides, one JSON object a line, for a regulator's eyes only."""
    store = open_store(registry)
    try:
        with store.reading() as view:
            rows = view.connection.execute(sa.select(t.openings).order_by(t.openings.c.commitment))
            return write_private(path, (_line(Opening(bytes(row.salt), row.value)) for row in rows))
    finally:
        store.close()


def read_openings(path: Path) -> dict[str, Opening]:
    """Openings by the commitments that they open, from a file of :func:`export_openings`."""
    try:
        with path.open(encoding="utf-8") as stream:
            found = [Opening.from_dict(json.loads(line)) for line in stream]
    except (OSError, ValueError, TypeError) as error:
        raise InputError("operations.openings_unreadable", path=str(path), detail=str(error)) from None
    return {opening.commitment: opening for opening in found}


def _line(opening: Opening) -> bytes:
    return json.dumps(opening.to_dict(), ensure_ascii=False).encode() + b"\n"


def _web_source(address: str) -> ReadFile:
    """Files below an address, over one connection."""
    import httpx

    client = httpx.Client(timeout=PATIENCE_S, follow_redirects=True)

    def read(path: str) -> bytes:
        try:
            answer = client.get(f"{address.rstrip('/')}/{path}")
        except httpx.HTTPError as error:
            raise InputError("operations.log_unreachable", url=address, detail=str(error)) from None
        if answer.status_code in (404, 410):
            raise LookupError(path)
        if answer.status_code != 200:
            raise InputError("operations.log_unreachable", url=address, detail=f"{path}: {answer.status_code}")
        return answer.content

    return read


def _rebuilt(replay: Replay, read: ReadFile, checkpoint: Checkpoint, progress: Progress) -> list[Check]:
    """The log read to its end: every leaf is under the checkpoint's root, and every entry obeys the rules."""
    try:
        replay.add(_counted(read_log(read, checkpoint), checkpoint.size, progress))
    except TanhuiError as error:
        if error.code == "registry.replay_refused":
            return [Check("tree", None), Check("replay", False, cause=error)]
        return [Check("tree", False, cause=error), Check("replay", None)]
    return [Check("tree", True), Check("replay", True)]


def _counted(leaves: Iterable[bytes], size: int, progress: Progress) -> Iterator[bytes]:
    for number, leaf in enumerate(leaves):
        if number % STEP == 0:
            progress("replay", number, size)
        yield leaf
    progress("replay", size, size)


def _check(key: str, question: Any) -> Check:
    try:
        question()
    except TanhuiError as error:
        return Check(key, False, cause=error)
    return Check(key, True)


def _signature(note: str, anchors: Sequence[NoteKey] | None, checkpoint: Checkpoint) -> Check:
    if anchors is None:
        return Check("signature", None)
    return _check("signature", lambda: _need(bool(authenticated_by(note, anchors, checkpoint.origin)), "signature"))


def _need(right: bool, what: str) -> None:
    if not right:
        raise IntegrityError("registry.audit_failed", what=what)


def _same_state(replay: Replay, checkpoint: Checkpoint) -> None:
    """The checkpoint states the root of the state that its leaves add up to."""
    _need(checkpoint.state == replay.root(), "state root")


def _same_origin(state: State, checkpoint: Checkpoint) -> None:
    """The first leaf names the log that the checkpoint is of."""
    _need(state.registry is not None and state.registry.origin == checkpoint.origin, "origin")


def _tiles(state: State) -> None:
    faults = ledger_faults(list(state.batches.rows()), state.book.holdings())
    _need(not faults, "; ".join(faults[:5]))


def _balances(state: State) -> None:
    """What is in circulation of an asset is what its issuer owes."""
    sums: dict[str, int] = {}
    for (asset, _), amount in state.amounts.items():
        sums[asset] = sums.get(asset, 0) + amount
    _need(not any(sums.values()), ", ".join(asset for asset, much in sums.items() if much))
