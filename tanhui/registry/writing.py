"""How acts become durable: one group of orders is one transaction, decided in memory and written as a difference.

The state read for one group serves the next as long as nobody else wrote in between, which the head of the log tells.
So a registry that is written by one process reads almost nothing, and several processes stay correct.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tanhui.kernel.errors import InputError, TanhuiError
from tanhui.registry.acts import MOST_LEGS, Bench, Order, check_order, make_entry
from tanhui.registry.certificate import check_certifiable
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint, state_line
from tanhui.registry.commitments import Opening
from tanhui.registry.entries import MALFORMED, MAX_LEAF, decode_entry, encode_entry
from tanhui.registry.errors import RegistryError, RequestReused
from tanhui.registry.log.note import NoteSigner
from tanhui.registry.model import Account, Declaration, Encumbrance, JournalEntry, Person, Retirement, Seal
from tanhui.registry.permissions import encumbrance_kind
from tanhui.registry.rules import apply
from tanhui.registry.state import Change, State, spelled_changes
from tanhui.registry.state_root import StateSum
from tanhui.registry.store import Head, Reader, Writer

__all__ = ["Desk", "Outcome", "form_fault"]

Found = TypeVar("Found")

#: Rows kept in memory between groups; beyond this the state is read afresh.
MOST_KEPT = 200_000
#: What an encumbrance, but for a court's, may take of a leaf. What resolves it has to name as many pieces, perhaps
#: beside two courts' orders and with two signatures, and must fit as well: else it could never end. [bytes]
LOCK_BYTES = MAX_LEAF * 3 // 4
#: Ids that are looked up in one question; PostgreSQL takes 65,535, SQLite perhaps 32,766.
IDS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order: an entry of the log, or why not. ``repeated`` where it was done before."""

    order: Order
    entry: JournalEntry | None = None
    refused: TanhuiError | None = None
    repeated: bool = False

    def done(self) -> JournalEntry:
        """The entry; raises what refused it."""
        if self.refused is not None:
            raise self.refused
        assert self.entry is not None
        return self.entry


class Lender:
    """A source of rows that reads through whichever transaction is open."""

    reader: Reader

    def __getattr__(self, name: str) -> object:
        return getattr(self.reader, name)


@dataclass
class _Group:
    """Entries of one transaction, with what belongs to them beside the log."""

    entries: list[JournalEntry]
    leaves: list[bytes]
    requests: list[tuple[str, bytes, int]]
    openings: list[Opening]


class Desk:
    """Where groups of orders are carried out. Not for several threads at once."""

    def __init__(self, declaration: Declaration, entropy: Callable[[int], bytes]) -> None:
        self._declaration, self._entropy = declaration, entropy
        self._lender = Lender()
        self._head: Head | None = None
        self._state: State | None = None
        self._sum = StateSum()

    def carry_out(self, tx: Writer, orders: Sequence[Order], now: str) -> list[Outcome]:
        """Do what can be done of some orders, each by itself, in one transaction."""
        head, state = self._open(tx)
        at = max(now, head.at)  # a clock that was set back must not make the log run backwards
        group = _Group([], [], [], [])
        faults = [form_fault(order) for order in orders]
        known = _looked_up(
            tx.requests, [order.request for order, fault in zip(orders, faults, strict=True) if fault is None]
        )
        signed = {approval.order for order in orders for approval in order.by if approval.key}
        used = _looked_up(tx.orders, sorted(one for one in signed if not state.orders.has_read(one)))
        state.orders.fill((one, used.get(one)) for one in signed)
        outcomes: list[Outcome] = []
        mine: dict[str, Outcome] = {}
        for order, fault in zip(orders, faults, strict=True):
            if fault is not None:
                outcome = Outcome(order, refused=fault)
            elif order.request in known or order.request in mine:
                outcome = self._repeat(tx, order, known, mine)
            else:
                outcome = self._one(state, head.size, at, order, group)
                if outcome.entry is not None:
                    mine[order.request] = outcome
            outcomes.append(outcome)
        if group.entries:
            self._write(tx, head, state, group)
        return outcomes

    def publish(self, tx: Writer, signers: Sequence[NoteSigner], now: str, posix: int) -> str:
        """Seal the state and sign a checkpoint over it, unless the newest one says it all."""
        head, state = self._open(tx)
        newest = tx.newest_checkpoint()
        if newest is not None and newest[0] == head.size:
            return newest[1]
        root = self._sum.root()
        seal = JournalEntry(head.size, max(now, head.at), "seal", Seal(root.hex()))
        apply(state, seal)
        self._write(tx, head, state, _Group([seal], [encode_entry(seal)], [], []))
        assert self._head is not None
        frontier = self._head.frontier
        checkpoint = Checkpoint(self._declaration.origin, frontier.size, frontier.root(), (state_line(root),))
        note = sign_checkpoint(checkpoint, *signers, at=posix)
        tx.keep_checkpoint(frontier.size, note)
        return note

    def forget(self) -> None:
        """Read everything afresh next time: the last transaction did not end well."""
        self._state = self._head = None

    def _open(self, tx: Writer) -> tuple[Head, State]:
        """The state as of the log's head."""
        self._lender.reader = tx
        head = tx.head()
        if self._state is None or head != self._head or self._state.kept() > MOST_KEPT:
            self._state = State(
                self._declaration,
                at=head.at,
                next_serial=head.next_serial,
                batch_count=head.batch_count,
                source=self._lender,  # type: ignore[arg-type]
            )
            self._sum, self._head = StateSum(head.state_sum), head
        return head, self._state

    def _one(self, state: State, size: int, at: str, order: Order, group: _Group) -> Outcome:
        """One order; refused, it leaves nothing behind."""
        bench = Bench(state, size + len(group.entries), at, self._entropy)
        mark, hour = state.undo.mark(), state.at
        try:
            entry = make_entry(bench, order)
            if len(entry.moves) > MOST_LEGS:  # before anything is moved: others wait for this
                raise RegistryError("registry.too_many_pieces", pieces=len(entry.moves))
            apply(state, entry)
            leaf = encode_entry(entry)
            if len(leaf) > _room(entry):
                raise RegistryError("registry.too_many_pieces", pieces=len(entry.moves))
            if entry.noun is not None:
                decode_entry(leaf)  # a leaf is for ever: what nobody could read again is not written
            check_certifiable(self._declaration, entry)
            request = (order.request, order.fingerprint(), entry.index)
        except MALFORMED as error:
            state.undo.back_to(mark)
            state.at = hour
            return Outcome(order, refused=_in_words(order, error))
        group.entries.append(entry)
        group.leaves.append(leaf)
        group.requests.append(request)
        group.openings += bench.openings
        return Outcome(order, entry)

    def _repeat(
        self, tx: Writer, order: Order, known: dict[str, tuple[bytes, int]], mine: dict[str, Outcome]
    ) -> Outcome:
        """The entry that a request id stands for, if it is asked for the same thing again."""
        if order.request in mine:
            first = mine[order.request]
            same = first.order.fingerprint() == order.fingerprint() and first.order.secret() == order.secret()
            entry = first.entry
        else:
            mark, position = known[order.request]
            entry = decode_entry(tx.leaf(position))
            opening = tx.opening(hidden(entry))
            # An erased name cannot be compared any more; the public part of the request still is.
            same = mark == order.fingerprint() and (opening is None or opening.value == order.secret())
        if not same:
            return Outcome(order, refused=RequestReused(order.request))
        return Outcome(order, entry, repeated=True)

    def _write(self, tx: Writer, head: Head, state: State, group: _Group) -> None:
        """All of a group, and the head after it."""
        changes = state.take_changes()
        self._sum.change(*spelled_changes(changes))
        frontier = tx.append(group.leaves, head.frontier)
        write_rows(tx, changes, group.entries)
        if group.requests:
            tx.remember(group.requests)
        tx.keep_openings(group.openings)
        self._head = Head(frontier, state.at, self._sum.to_bytes(), state.next_serial, state.batch_count)
        tx.set_head(self._head)


def _room(entry: JournalEntry) -> int:
    """How long an entry's leaf may be. [bytes]"""
    lays = isinstance(entry.noun, Encumbrance) and not encumbrance_kind(entry.noun.kind).overrides
    return LOCK_BYTES if lays else MAX_LEAF


def _looked_up(question: Callable[[Sequence[str]], dict[str, Found]], ids: Sequence[str]) -> dict[str, Found]:
    """What a question about many ids finds, asked about some of them at a time."""
    found: dict[str, Found] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        found |= question(ids[start : start + IDS_AT_ONCE])
    return found


def form_fault(order: Order) -> TanhuiError | None:
    """What is wrong with an order's form."""
    try:
        check_order(order)
    except TanhuiError as error:
        return error
    return None


def _in_words(order: Order, error: Exception) -> TanhuiError:
    """A refusal; what choked on an argument that is not what it should be becomes one."""
    if isinstance(error, TanhuiError):
        return error
    return InputError("registry.arguments_wrong", act=order.act, detail=f"{type(error).__name__}: {error}"[:200])


def write_rows(tx: Writer, changes: Sequence[Change], entries: Sequence[JournalEntry]) -> None:
    """Rows in the order in which they refer to one another: parties, then batches, then what is held."""
    held = ("holdings", "amounts")
    tx.write(change for change in changes if change.table not in held)
    tx.index(entries)
    tx.write(change for change in changes if change.table in held)


def hidden(entry: JournalEntry) -> str:
    """The commitment that an entry brings; empty where it brings none."""
    if isinstance(entry.noun, Account) or (isinstance(entry.noun, Person) and entry.noun.active):
        return entry.noun.commitment
    return entry.noun.beneficiary if isinstance(entry.noun, Retirement) else ""
