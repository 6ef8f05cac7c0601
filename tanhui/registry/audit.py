"""Is the registry what its log says? Tree, signatures and rules are checked again, and the tables compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.errors import InputError, IntegrityError, TanhuiError
from tanhui.kernel.signing import TrustedKey
from tanhui.registry import tables as t
from tanhui.registry.certificate import registry_keys
from tanhui.registry.checkpoint import open_note, parse_checkpoint, read_verifier_key
from tanhui.registry.folder import DATABASE
from tanhui.registry.ledger import ledger_faults
from tanhui.registry.log import MemoryTree, leaf_hash
from tanhui.registry.model import Declaration
from tanhui.registry.replay import State, replay
from tanhui.registry.store import Reader, Store
from tanhui.registry.verdict import Check, Verdict

__all__ = ["audit_store", "verify_log"]

PROVEN = ("replayed", "fits")
NOT_PROVEN = ("measured", "only_log")
#: A detail longer than this helps nobody.
MAX_DETAIL = 300


def verify_log(folder: Path, trust: Mapping[str, TrustedKey] | None = None, *, kept: str | None = None) -> Verdict:
    """Check a registry folder without writing to it.

    Parameters
    ----------
    folder : Path
        The registry.
    trust : mapping, optional
        Keys trusted beforehand. The folder's own ``trust.json`` is no anchor.
    kept : str, optional
        A signed checkpoint that somebody kept: a log that was rolled back or rewritten since is found out.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise InputError("registry.not_a_registry", path=str(folder))
    store = Store(path, mode="ro")
    try:
        with store.reading() as view:
            return audit_store(view, None if trust is None else list(trust.values()), kept=kept)
    except TanhuiError as error:
        return Verdict("log", (Check("database", False, cause=error),))
    finally:
        store.close()


def audit_store(view: Reader, trusted: Sequence[TrustedKey] | None, *, kept: str | None = None) -> Verdict:
    """All checks on one view of the database; each is made even where another failed, as far as it can be."""
    tree, states = MemoryTree(), list[State]()

    def rebuilt() -> None:
        states.append(replay(leaf for _, leaf in view.leaves()))

    checks = [
        _check("database", lambda: _database(view)),
        _check("tree", lambda: _tree(view, tree)),
        _check("replay", rebuilt),
    ]
    if not states:
        return Verdict("log", tuple(checks))
    state = states[0]
    origin = state.registry.origin
    checks += [
        _check("state", lambda: _state(view, state)),
        _check("tiling", lambda: _tiling(state)),
        _check("checkpoints", lambda: _checkpoints(view, tree, origin)),
        _check("operator", lambda: _signed(view, state.registry)),
        Check("signature", None) if trusted is None else _check("signature", lambda: _trusted(state.registry, trusted)),
    ]
    if kept is not None:
        checks.append(_check("kept", lambda: _agrees(kept, tree, origin, trusted)))
    facts = {"origin": origin, "size": tree.size, "root": tree.root().hex(), "batches": len(state.batches)}
    not_proven = NOT_PROVEN if trusted is not None else ("issuer", *NOT_PROVEN)
    return Verdict("log", tuple(checks), PROVEN, not_proven, state.registry.sandbox, facts)


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
    """SQLite's own check of its pages and indexes."""
    found = [row[0] for row in view.connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise _wrong("; ".join(found))


def _tree(view: Reader, tree: MemoryTree) -> None:
    """Every stored node against the leaves' bytes."""
    for position, leaf in view.leaves():
        if position != tree.size:
            raise _wrong(f"leaf {tree.size} is missing")
        tree.append(leaf_hash(leaf))
    stored = view.connection.execute(sa.select(t.nodes).order_by(t.nodes.c.level, t.nodes.c.position))
    count = 0
    for row in stored:
        if bytes(row.hash) != tree.node(row.level, row.position):
            raise _wrong(f"node {row.level}/{row.position}")
        count += 1
    if count != sum(tree.size >> level for level in range(tree.size.bit_length())):
        raise _wrong("a node is missing")


def _checkpoints(view: Reader, tree: MemoryTree, origin: str) -> None:
    """Every signed checkpoint against the tree; the newest covers the whole log."""
    last = 0
    for size, note in view.connection.execute(sa.select(t.checkpoints).order_by(t.checkpoints.c.size)):
        head = parse_checkpoint(open_note(note, ())[0])
        fits = (head.origin, head.size) == (origin, size) and size <= tree.size and head.root == tree.root(size)
        if not fits:
            raise _wrong(f"checkpoint {size}")
        last = size
    if last != tree.size:
        raise _wrong(f"leaves after {last} are under no checkpoint")


def _signed(view: Reader, registry: Declaration) -> None:
    """Every checkpoint under the key that the log's first leaf declares."""
    key = read_verifier_key(registry.operator)
    for size, note in view.connection.execute(sa.select(t.checkpoints).order_by(t.checkpoints.c.size)):
        if key.name != registry.origin or not open_note(note, [key])[1]:
            raise _wrong(f"checkpoint {size} is not signed by the declared key")


def _trusted(registry: Declaration, trusted: Iterable[TrustedKey]) -> None:
    """The declared key is one that was trusted beforehand as this registry's."""
    declared = read_verifier_key(registry.operator).public
    if declared not in [key.public for key in registry_keys(trusted, registry.origin)]:
        raise _wrong("the registry's key is not trusted")


def _agrees(kept: str, tree: MemoryTree, origin: str, trusted: Iterable[TrustedKey] | None) -> None:
    """A checkpoint from outside: same log, not longer than this one, same root at its size."""
    text, signers = open_note(kept, [] if trusted is None else registry_keys(trusted, origin))
    if trusted is not None and not signers:
        raise _wrong("the kept checkpoint is not signed by a trusted key")
    head = parse_checkpoint(text)
    if head.origin != origin:
        raise _wrong("the kept checkpoint is of another log")
    if head.size > tree.size:
        raise _wrong(f"the log was rolled back: it had {head.size} leaves, now {tree.size}")
    if head.root != tree.root(head.size):
        raise _wrong(f"the log was rewritten within its first {head.size} leaves")


def _tiling(state: State) -> None:
    faults = ledger_faults(list(state.batches.values()), state.book.holdings)
    if faults:
        raise _wrong("; ".join(faults[:5]))


def _state(view: Reader, state: State) -> None:
    """Each table against the state that the log adds up to."""
    for name, rows in _expected(state):
        table = t.metadata.tables[name]
        columns = [column for column in table.columns if column.name != "position"]
        found = {tuple(row) for row in view.connection.execute(sa.select(*columns))}
        if found != rows:
            raise _wrong(f"table {name}")
    size = view.size()
    asked = set(view.connection.execute(sa.select(t.requests.c.position)).scalars())
    if asked != set(range(1, size)):
        raise _wrong("table requests")


def _expected(state: State) -> Iterator[tuple[str, set[tuple[Any, ...]]]]:
    yield "accounts", {(account.id, account.commitment) for account in state.accounts.values()}
    yield "claims", {(claim.claim_sha256, claim.project, *claim.period.to_list()) for claim in state.claims.values()}
    yield (
        "batches",
        {
            (batch.id, batch.claim.claim_sha256, batch.vintage, batch.serials.first, batch.serials.end)
            for batch in state.batches.values()
        },
    )
    yield "holdings", {(h.serials.first, h.serials.end, h.batch, h.owner) for h in state.book.holdings}
    yield "retirements", {(r.id, r.account, r.batch) for r in state.retirements.values()}
