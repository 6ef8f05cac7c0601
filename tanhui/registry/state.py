"""What the entries of a log add up to: rows on shelves, and their canonical spelling for the state root. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tanhui.kernel.time import Period
from tanhui.registry.entries import leaf_json, to_document
from tanhui.registry.model import (
    Account,
    Asset,
    Batch,
    Declaration,
    Encumbrance,
    Holding,
    IssuedClaim,
    Key,
    Origin,
    Person,
    Place,
)
from tanhui.registry.shelves import Book, HoldingSource, Shelf, Undo

__all__ = ["AmountKey", "Change", "Source", "State"]

#: An amount is of one asset in one place.
AmountKey = tuple[str, Place]


class Source(HoldingSource, Protocol):
    """Where rows come from that are not in memory."""

    def account(self, key: str) -> Account | None: ...
    def person(self, key: str) -> Person | None: ...
    def key(self, key: str) -> Key | None: ...
    def asset(self, key: str) -> Asset | None: ...
    def batch(self, key: str) -> Batch | None: ...
    def encumbrance(self, key: str) -> Encumbrance | None: ...
    def amount(self, key: AmountKey) -> int | None: ...
    def claim(self, key: str) -> IssuedClaim | None: ...
    def periods(self, key: str) -> tuple[Period, ...] | None: ...
    def imports(self, key: tuple[str, str]) -> Origin | None: ...
    def foreign(self, key: str) -> tuple[Origin, ...] | None: ...
    def purse(self, key: str) -> tuple[AmountKey, ...] | None: ...
    def order(self, key: str) -> int | None: ...
    def staff(self, key: str) -> tuple[str, ...] | None: ...
    def amounts(self, owner: str) -> list[tuple[str, Place, int]]: ...


@dataclass(frozen=True, slots=True)
class Change:
    """One row of one table: its key, what it was, what it is. ``None`` where it is not there."""

    table: str
    key: Any
    old: Any
    new: Any


class State:
    """The ledger: whole in memory without a source, else as far as it was asked for."""

    def __init__(
        self,
        registry: Declaration | None = None,
        *,
        at: str = "",
        next_serial: int = 1,
        batch_count: int = 0,
        source: Source | None = None,
    ) -> None:
        self.undo, self._source = Undo(), source
        self.registry, self.at = registry, at
        self.next_serial, self.batch_count = next_serial, batch_count

        def fetch(name: str) -> Callable[[Any], Any] | None:
            """How a row comes from the source, which may stand for another database connection each time."""
            return (lambda key: getattr(source, name)(key)) if source else None

        self.accounts: Shelf[str, Account] = Shelf(self.undo, fetch("account"))
        self.people: Shelf[str, Person] = Shelf(self.undo, fetch("person"))
        self.keys: Shelf[str, Key] = Shelf(self.undo, fetch("key"))
        self.assets: Shelf[str, Asset] = Shelf(self.undo, fetch("asset"))
        self.batches: Shelf[str, Batch] = Shelf(self.undo, fetch("batch"))
        self.encumbrances: Shelf[str, Encumbrance] = Shelf(self.undo, fetch("encumbrance"))
        self.amounts: Shelf[AmountKey, int] = Shelf(self.undo, fetch("amount"))
        self.claims: Shelf[str, IssuedClaim] = Shelf(self.undo, fetch("claim"))
        self.periods: Shelf[str, tuple[Period, ...]] = Shelf(self.undo, fetch("periods"))
        self.imports: Shelf[tuple[str, str], Origin] = Shelf(self.undo, fetch("imports"))
        self.foreign: Shelf[str, tuple[Origin, ...]] = Shelf(self.undo, fetch("foreign"))
        #: In which places amounts lie under an encumbrance.
        self.purses: Shelf[str, tuple[AmountKey, ...]] = Shelf(self.undo, self._read_purse if source else None)
        self._purses_read: set[str] = set()
        #: Which entry each signed order was used up by.
        self.orders: Shelf[str, int] = Shelf(self.undo, fetch("order"))
        #: Who is active for an account.
        self.staff: Shelf[str, tuple[str, ...]] = Shelf(self.undo, fetch("staff"))
        self.book = Book(self.undo, source)

    def issue_up_to(self, serial: int, batches: int) -> None:
        """Go on along the line."""
        self.undo.note(self._set_line, None, (self.next_serial, self.batch_count))
        self._set_line(None, (serial, batches))

    def _set_line(self, _key: None, line: tuple[int, int]) -> None:
        self.next_serial, self.batch_count = line

    def kept(self) -> int:
        """How many rows are in memory, those that were looked for in vain among them."""
        return len(self.book) + sum(len(shelf) for shelf in vars(self).values() if isinstance(shelf, Shelf))

    def owns(self, account: str) -> bool:
        """Whether an account holds units or amounts."""
        if self._source is not None:
            self.amounts.fill(((asset, where), much) for asset, where, much in self._source.amounts(account))
        return self.book.owns(account) or any(where.owner == account for (_, where), _ in self.amounts.items())

    def amounts_under(self, lock: Encumbrance) -> list[tuple[str, Place, int]]:
        """What an encumbrance lies on of amounts."""
        return [(*key, self.amounts.get(key) or 0) for key in self.purses.get(lock.id) or ()]

    def _read_purse(self, lock: str) -> tuple[AmountKey, ...] | None:
        """Where amounts lie under an encumbrance, read with all others of its account: one that is new has none."""
        found = self.encumbrances.get(lock)
        if found is None or self._source is None or found.account in self._purses_read:
            return None
        self._purses_read.add(found.account)
        under: dict[str, tuple[AmountKey, ...]] = {}
        for key in self._source.purse(found.account) or ():
            for name in key[1].locks:
                under[name] = in_order((*under.get(name, ()), key))
        self.purses.fill(under.items())
        return under.get(lock)

    def take_changes(self) -> list[Change]:
        """What changed since the last call, of all that the state root counts, always in the same order."""
        found = [
            Change(name, key, old, new)
            for name in SPELLING
            if name != "holdings"
            for key, old, new in getattr(self, name).take_changes()
        ]
        found += [Change("holdings", key, old, new) for key, old, new in self.book.take_changes()]
        for index in (self.periods, self.foreign, self.purses, self.orders, self.staff):  # these follow from the rest
            index.take_changes()
        self.undo.forget()
        return found


def in_order(places: Iterable[AmountKey]) -> tuple[AmountKey, ...]:
    """Places in one order, whatever the database's is: the legs of an entry follow it."""
    return tuple(sorted(places, key=lambda key: (key[0], str(key[1]))))


def spelled(table: str, key: Any, row: Any) -> bytes:
    """A row as the state root counts it."""
    return leaf_json([table, *SPELLING[table](key, row)])


def spelled_changes(changes: list[Change]) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """Rows that went and rows that came."""
    gone = (spelled(change.table, change.key, change.old) for change in changes if change.old is not None)
    come = (spelled(change.table, change.key, change.new) for change in changes if change.new is not None)
    return gone, come


def _noun(_key: Any, row: Any) -> list[Any]:
    return [to_document(row)]


def _holding(_key: int, row: Holding) -> list[Any]:
    return [str(row.serials.first), str(row.serials.end), row.batch, str(row.place)]


def _amount(key: AmountKey, row: int) -> list[Any]:
    return [key[0], str(key[1]), str(row)]


def _batch(_key: str, row: Batch) -> list[Any]:
    return [row.id, str(row.vintage), str(row.serials), row.claim.claim_sha256]


#: The tables of the state, and what the state root counts of a row.
SPELLING: dict[str, Callable[[Any, Any], list[Any]]] = {
    "accounts": _noun,
    "people": _noun,
    "keys": _noun,
    "assets": _noun,
    "claims": _noun,
    "batches": _batch,
    "imports": _noun,
    "encumbrances": _noun,
    "amounts": _amount,
    "holdings": _holding,
}
