"""Is the registry what its log says? Tree, signatures and rules are checked again, and the tables compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.errors import InputError, IntegrityError, TanhuiError
from tanhui.registry import tables as t
from tanhui.registry.anchors import authenticated_by
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint
from tanhui.registry.folder import is_registry, open_store
from tanhui.registry.ledger import ledger_faults
from tanhui.registry.log.cosignature import read_vkey
from tanhui.registry.log.note import NoteKey, open_note, parse_note
from tanhui.registry.log.tiles import TILE_WIDTH
from tanhui.registry.log.tree import MemoryTree, leaf_hash
from tanhui.registry.model import Cancellation, Declaration, JournalEntry, Record, Retirement
from tanhui.registry.replay import Replay
from tanhui.registry.state import State
from tanhui.registry.state_root import StateSum
from tanhui.registry.store import NOUN_TABLES, Reader
from tanhui.registry.verdict import Check, Verdict

__all__ = ["audit_store", "verify_log"]

PROVEN = ("replayed", "fits")
NOT_PROVEN = ("measured", "only_log")
#: A detail longer than this helps nobody.
MAX_DETAIL = 300


def verify_log(folder: Path, trust: Sequence[NoteKey] | None = None, *, kept: str | None = None) -> Verdict:
    """Check a registry folder without writing to it.

    Parameters
    ----------
    folder : Path
        The registry.
    trust : sequence, optional
        Log keys trusted beforehand. The folder's own ``trust.json`` is no anchor.
    kept : str, optional
        A signed checkpoint that somebody kept: a log that was rolled back or rewritten since is found out.
    """
    if not is_registry(folder):
        raise InputError("registry.not_a_registry", path=str(folder))
    store = open_store(folder, read_only=True)
    try:
        with store.reading() as view:
            return audit_store(view, trust, kept=kept)
    except TanhuiError as error:
        return Verdict("log", (Check("database", False, cause=error),))
    finally:
        store.close()


class _Findings:
    """What a replay says must stand in the tables that point into the log."""

    def __init__(self) -> None:
        self.endings: set[tuple[Any, ...]] = set()
        self.records: set[tuple[Any, ...]] = set()
        self.acts: set[int] = set()
        self.orders: set[tuple[str, int]] = set()

    def see(self, entry: JournalEntry) -> None:
        """One more entry."""
        if entry.kind not in ("registry", "seal"):
            self.acts.add(entry.index)
        self.orders.update((order, entry.index) for order in entry.orders())
        if isinstance(entry.noun, (Retirement, Cancellation)):
            leg = entry.legs[0]
            self.endings.add((entry.noun.id, entry.kind, leg.source.owner, leg.batch, entry.units, entry.index))
        elif isinstance(entry.noun, Record):
            self.records.add((entry.index, entry.noun.topic, entry.noun.subject, entry.noun.sha256))


def audit_store(view: Reader, trusted: Sequence[NoteKey] | None, *, kept: str | None = None) -> Verdict:
    """All checks on one view of the database; each is made even where another failed, as far as it can be."""
    tree, found = MemoryTree(), _Findings()
    replay = Replay(found.see)
    checks = [
        _check("database", lambda: _database(view)),
        _check("tree", lambda: _tree(view, tree)),
        _check("replay", lambda: _replay(view, replay)),
    ]
    state, declared = replay.state, replay.state.registry
    if declared is None or not checks[-1].ok:
        return Verdict("log", tuple(checks))
    checks += [
        _check("state", lambda: _state(view, state, found)),
        _check("tiling", lambda: _tiling(state)),
        _check("amounts", lambda: _amounts(state)),
        _check("head", lambda: _head(view, replay, tree)),
        _check("checkpoints", lambda: _checkpoints(view, tree, declared.origin, replay.sealed)),
        _check("operator", lambda: _signed(view, declared)),
        Check("signature", None) if trusted is None else _check("signature", lambda: _trusted(declared, trusted)),
    ]
    if kept is not None:
        checks.append(_check("kept", lambda: _agrees(kept, tree, declared.origin, trusted)))
    batches = sum(1 for _ in state.batches.rows())
    facts = {"origin": declared.origin, "size": tree.size, "root": tree.root().hex(), "batches": batches}
    facts["state"] = replay.root().hex()
    newest = view.newest_checkpoint()
    facts["unsigned"] = tree.size - (newest[0] if newest else 0)
    unsigned = ("unsigned",) if facts["unsigned"] else ()
    not_proven = (*unsigned, *(() if trusted is not None else ("issuer",)), *NOT_PROVEN)
    return Verdict("log", tuple(checks), PROVEN, not_proven, declared.sandbox, facts)


def _check(key: str, question: Callable[[], object]) -> Check:
    """A check that fails by raising."""
    try:
        question()
    except TanhuiError as error:
        return Check(key, False, cause=error)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return Check(key, False, str(error)[:MAX_DETAIL])
    return Check(key, True)


def _wrong(what: str) -> IntegrityError:
    return IntegrityError("registry.audit_failed", what=what)


def _database(view: Reader) -> None:
    """SQLite's own check of its pages and indexes; PostgreSQL keeps no such check for its users."""
    if view.connection.dialect.name != "sqlite":
        return
    found = [row[0] for row in view.connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise _wrong("; ".join(found))


def _tree(view: Reader, tree: MemoryTree) -> None:
    """Every leaf is there, and every stored tile is that of the leaves."""
    for position, leaf in view.leaves():
        if position != tree.size:
            raise _wrong(f"leaf {tree.size} is missing")
        tree.append(leaf_hash(leaf))
    stored = view.connection.execute(sa.select(t.tiles).order_by(t.tiles.c.level, t.tiles.c.position))
    count = 0
    for row in stored:
        first = row.position * TILE_WIDTH
        nodes = [tree.node(8 * row.level, first + offset) for offset in range(TILE_WIDTH)]
        root = tree.node(8 * (row.level + 1), row.position)
        if (bytes(row.hashes), bytes(row.root)) != (b"".join(nodes), root):
            raise _wrong(f"tile {row.level}/{row.position}")
        count += 1
    if count != sum(tree.size >> (8 * level) for level in range(1, tree.size.bit_length() // 8 + 1)):
        raise _wrong("a tile is missing")


def _replay(view: Reader, replay: Replay) -> None:
    """The log rebuilds a state; one without a leaf rebuilds none."""
    if replay.add(leaf for _, leaf in view.leaves()).state.registry is None:
        raise _wrong("the log is empty")


def _head(view: Reader, replay: Replay, tree: MemoryTree) -> None:
    """What the next act would begin with."""
    head, state = view.head(), replay.state
    line = (head.at, head.next_serial, head.batch_count) == (state.at, state.next_serial, state.batch_count)
    if not line or (head.size, head.frontier.root()) != (tree.size, tree.root()):
        raise _wrong("table head")
    if StateSum(head.state_sum).root() != replay.root():
        raise _wrong("state root")


def _checkpoints(view: Reader, tree: MemoryTree, origin: str, sealed: dict[int, bytes]) -> None:
    """Every signed checkpoint against the tree and the state at its size."""
    for size, note in view.checkpoints():
        head = parse_checkpoint(parse_note(note)[0])
        fits = (head.origin, head.size) == (origin, size) and size <= tree.size and head.root == tree.root(size)
        if not fits or not (size == 1 or head.state == sealed.get(size)):
            raise _wrong(f"checkpoint {size}")


def _signed(view: Reader, registry: Declaration) -> None:
    """Every checkpoint under all keys that the log's first leaf declares; there is one from the first leaf on."""
    keys = [read_vkey(text) for text in registry.keys]
    if view.newest_checkpoint() is None:
        raise _wrong("there is no signed checkpoint")
    for size, note in view.checkpoints():
        if not keys or not authenticated_by(note, keys, registry.origin):
            raise _wrong(f"checkpoint {size} is not signed by the declared keys")


def _trusted(registry: Declaration, trusted: Sequence[NoteKey]) -> None:
    """The declared keys are ones that were trusted beforehand as this registry's."""
    if not {str(key) for key in trusted if key.name == registry.origin} & {*registry.keys}:
        raise _wrong("the registry's key is not trusted")


def _agrees(kept: str, tree: MemoryTree, origin: str, trusted: Sequence[NoteKey] | None) -> None:
    """A checkpoint from outside: same log, not longer than this one, same root at its size."""
    text, _ = open_note(kept, trusted or ())
    if trusted is not None and not authenticated_by(kept, trusted, origin):
        raise _wrong("the kept checkpoint is not signed by a trusted key")
    head: Checkpoint = parse_checkpoint(text)
    if head.origin != origin:
        raise _wrong("the kept checkpoint is of another log")
    if head.size > tree.size:
        raise _wrong(f"the log was rolled back: it had {head.size} leaves, now {tree.size}")
    if head.root != tree.root(head.size):
        raise _wrong(f"the log was rewritten within its first {head.size} leaves")


def _tiling(state: State) -> None:
    faults = ledger_faults(list(state.batches.rows()), state.book.holdings())
    if faults:
        raise _wrong("; ".join(faults[:5]))


def _amounts(state: State) -> None:
    """What is in circulation of an asset is what its issuer owes."""
    sums: dict[str, int] = {}
    for (asset, _), amount in state.amounts.items():
        sums[asset] = sums.get(asset, 0) + amount
    if any(sums.values()):
        raise _wrong(f"amounts of {', '.join(asset for asset, much in sums.items() if much)}")


def _state(view: Reader, state: State, found: _Findings) -> None:
    """Each table against the state that the log adds up to."""
    pairs: list[tuple[str, object, object]] = [
        ("holdings", list(view.holdings()), state.book.holdings()),
        ("batches", view.batches(), list(state.batches.rows())),
        ("claims", set(view.claims()), set(state.claims.rows())),
        ("imports", set(view.foreign() or ()), set(state.imports.rows())),
        ("amounts", {(asset, place): much for asset, place, much in view.amounts()}, dict(state.amounts.items())),
        ("endings", _rows(view, t.endings), found.endings),
        ("records", _rows(view, t.records), found.records),
        ("used_orders", _rows(view, t.used_orders), found.orders),
        ("requests", set(view.connection.execute(sa.select(t.requests.c.position)).scalars()), found.acts),
    ]
    pairs += [(name, set(getattr(view, name)()), set(getattr(state, name).rows())) for name in NOUN_TABLES]
    marks = {(lock, h.serials.first) for h in state.book.holdings() for lock in h.place.locks}
    pairs.append(("locked", _rows(view, t.locked), marks))
    for name, there, expected in pairs:
        if there != expected:
            raise _wrong(f"table {name}")
    for commitment, opening in view.openings():
        if opening.commitment != commitment:
            raise _wrong("table openings")


def _rows(view: Reader, table: sa.Table) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in view.connection.execute(sa.select(table))}
