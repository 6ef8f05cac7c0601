"""The ledger's working memory: rows as far as they were asked for, and what became of them. Pure.

The same rules work on a state that lies whole in memory (a replay) and on one whose rows are fetched from a database
when first asked for (an act). A shelf remembers what each changed row was before, so that only the difference is
written, and a refused act is undone without a trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, Generic, Protocol, TypeVar

from sortedcontainers import SortedDict

from tanhui.registry.model import Holding, Interval

__all__ = ["Book", "HoldingSource", "Shelf", "Undo"]

Key = TypeVar("Key")
Row = TypeVar("Row")
#: What a shelf has not looked for yet.
UNREAD: Any = object()
#: Beyond every serial and every number of pieces.
ALL = 2**63


class Undo:
    """What was changed since a mark, newest last."""

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[[Any, Any], None], Any, Any]] = []

    def note(self, put: Callable[[Any, Any], None], key: Any, old: Any) -> None:
        """Remember how to take a change back."""
        self._steps.append((put, key, old))

    def mark(self) -> int:
        """The present."""
        return len(self._steps)

    def back_to(self, mark: int) -> None:
        """Take back what came after a mark."""
        while len(self._steps) > mark:
            put, key, old = self._steps.pop()
            put(key, old)

    def forget(self) -> None:
        """Let everything so far stand."""
        self._steps.clear()


class Shelf(Generic[Key, Row]):
    """Rows of one kind by their key; a row that is not there reads as ``None``."""

    def __init__(self, undo: Undo, fetch: Callable[[Key], Row | None] | None = None) -> None:
        self._rows: dict[Key, Row | None] = {}
        self._before: dict[Key, Row | None] = {}
        self._undo, self._fetch = undo, fetch

    def get(self, key: Key) -> Row | None:
        """A row, fetched when it was not yet."""
        row = self._rows.get(key, UNREAD)
        if row is UNREAD:
            row = self._fetch(key) if self._fetch else None
            if self._fetch:
                self._rows[key] = row
        return row

    def put(self, key: Key, row: Row | None) -> None:
        """Set or, with ``None``, remove a row."""
        old = self.get(key)
        self._before.setdefault(key, old)
        self._undo.note(self._write, key, old)
        self._write(key, row)

    def fill(self, rows: Iterable[tuple[Key, Row | None]]) -> None:
        """Take rows from the source ahead of being asked; what is already here stays."""
        for key, row in rows:
            self._rows.setdefault(key, row)

    def __len__(self) -> int:
        return len(self._rows)

    def has_read(self, key: Key) -> bool:
        """Whether the source was already asked for a row."""
        return key in self._rows

    def rows(self) -> Iterator[Row]:
        """Every row here, in the order of arrival."""
        return (row for row in self._rows.values() if row is not None)

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Every row here with its key."""
        return ((key, row) for key, row in self._rows.items() if row is not None)

    def take_changes(self) -> list[tuple[Key, Row | None, Row | None]]:
        """Each changed row's key, what it was and what it is; from now on the present is the past."""
        changes = [(key, old, self._rows.get(key)) for key, old in self._before.items()]
        self._before.clear()
        return [(key, old, new) for key, old, new in changes if old != new]

    def _write(self, key: Key, row: Row | None) -> None:
        if row is None and self._fetch is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = row


class HoldingSource(Protocol):
    """Where a book's holdings come from."""

    def near(self, serials: Interval) -> list[Holding]:
        """Every holding that overlaps or touches an interval."""

    def free(self, owner: str, batch: str, after: int) -> list[Holding]:
        """Some unencumbered holdings of an owner beyond a serial, lowest first; none at the end."""

    def under(self, lock: str) -> list[Holding]:
        """Every holding that an encumbrance lies on."""

    def owned(self, owner: str, after: int) -> list[Holding]:
        """Some holdings of an owner beyond a serial, lowest first; none at the end."""


class Book:
    """Holdings in order of serials.

    A holding of the source is read at most once and then only changed here, so what was never read is untouched, and
    the pieces in memory never overlap with those outside.
    """

    def __init__(self, undo: Undo, source: HoldingSource | None = None) -> None:
        self._line: SortedDict[int, Holding] = SortedDict()
        self._before: dict[int, Holding | None] = {}
        self._seen: set[int] = set()
        self._free: defaultdict[tuple[str, str], SortedDict[int, None]] = defaultdict(SortedDict)
        self._under: defaultdict[str, SortedDict[int, None]] = defaultdict(SortedDict)
        self._read_to: dict[tuple[str, str], int] = {}
        self._undo, self._source = undo, source

    def __len__(self) -> int:
        return len(self._line)

    def holdings(self) -> list[Holding]:
        """Those in memory."""
        return list(self._line.values())

    def near(self, serials: Interval) -> list[Holding]:
        """Every holding that overlaps or touches an interval, in order."""
        found = self._around(serials)
        if self._source is not None and not _covers(found, serials):
            self._take_in(self._source.near(serials))
            found = self._around(serials)
        return found

    def free(self, owner: str, batch: str, units: int, most: int = ALL) -> list[Holding]:
        """Unencumbered holdings of an owner, lowest serial first: enough for ``units``, or all there are.

        No more than ``most``, and one to show that there are more: somebody may hold a million single units.
        """
        pair = (owner, batch)
        while True:
            found, missing = [], units
            for first in self._free.get(pair, ()):
                holding = self._line[first]
                found.append(holding)
                missing -= holding.serials.units
                if missing <= 0 or len(found) > most:
                    break
            # A piece beyond what was read may not come before one that was not read yet.
            read_to = self._read_to.get(pair, 0)
            complete = (missing <= 0 or len(found) > most) and found[-1].serials.first <= read_to
            if complete or self._source is None or read_to == ALL:
                return found
            rows = self._source.free(owner, batch, read_to)
            self._read_to[pair] = rows[-1].serials.end - 1 if rows else ALL
            self._take_in(rows)

    def under(self, lock: str) -> list[Holding]:
        """Every holding that an encumbrance lies on, lowest serial first."""
        if self._source is not None:
            self._take_in(self._source.under(lock))
        return [self._line[first] for first in self._under.get(lock, ())]

    def owns(self, owner: str) -> bool:
        """Whether an owner holds anything. Asked so seldom that it has no index."""
        after = 0
        while not (found := any(holding.owner == owner for holding in self._line.values())):
            rows = self._source.owned(owner, after) if self._source is not None else []
            if not rows:
                break
            self._take_in(rows)
            after = rows[-1].serials.first
        return found

    def replace(self, old: Iterable[Holding], new: Iterable[Holding]) -> None:
        """Holdings that go and holdings that come; both cover the same serials (an issue covers new ones)."""
        for holding in old:
            self._put(holding.serials.first, None)
        for holding in new:
            self._put(holding.serials.first, holding)

    def take_changes(self) -> list[tuple[int, Holding | None, Holding | None]]:
        """As :meth:`Shelf.take_changes`, by first serial."""
        changes = [(first, old, self._line.get(first)) for first, old in self._before.items()]
        # What is written from here on is what the source has: it must not be read again as if it were news.
        for first, _, new in changes:
            (self._seen.discard if new is None else self._seen.add)(first)
        self._before.clear()
        return [(first, old, new) for first, old, new in changes if old != new]

    def _around(self, serials: Interval) -> list[Holding]:
        """Pieces in memory that overlap or touch an interval."""
        line = self._line
        start = max(line.bisect_left(serials.first) - 1, 0)
        stop = line.bisect_right(serials.end)
        found = [line.peekitem(index)[1] for index in range(start, stop)]
        return [holding for holding in found if holding.serials.end >= serials.first]

    def _take_in(self, rows: Iterable[Holding]) -> None:
        for holding in rows:
            if holding.serials.first not in self._seen:
                self._seen.add(holding.serials.first)
                self._write(holding.serials.first, holding)

    def _put(self, first: int, holding: Holding | None) -> None:
        old = self._line.get(first)
        self._before.setdefault(first, old)
        self._undo.note(self._write, first, old)
        self._write(first, holding)

    def _write(self, first: int, holding: Holding | None) -> None:
        old = self._line.pop(first, None)
        if old is not None:
            for index in self._indexes(old):
                del index[first]
        if holding is not None:
            self._line[first] = holding
            for index in self._indexes(holding):
                index[first] = None

    def _indexes(self, holding: Holding) -> Iterator[SortedDict[int, None]]:
        """Where a holding is listed beside the line: under its owner while it is free, else under each lock."""
        if holding.place.free:
            yield self._free[holding.owner, holding.batch]
        for lock in holding.place.locks:
            yield self._under[lock]


def _covers(found: list[Holding], serials: Interval) -> bool:
    """Whether pieces lie end to end over an interval and one serial to each side."""
    if not found or found[-1].serials.end <= serials.end:
        return False
    before = found[0].serials.first - serials.first
    if before > 0 or (before == 0 and serials.first > 1):  # nothing lies before the first serial of all
        return False
    return all(left.serials.end == right.serials.first for left, right in pairwise(found))
