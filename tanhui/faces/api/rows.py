"""Pages of the ledger's tables, each by its key: what was shown stays shown, whatever is written between two pages.

A listing says how its rows are read beyond a key and what they look like. Its cursor is that key, and means something
only to its own listing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from tanhui.faces.api.problems import ApiError
from tanhui.registry import tables as t
from tanhui.registry.entries import decode_entry, from_document, to_document
from tanhui.registry.model import Batch, Holding, Interval, IssuedClaim, place
from tanhui.registry.store import Reader
from tanhui.registry.views import Ending

__all__ = ["LISTINGS", "Column", "Listing", "Page", "all_rows", "page"]

#: Rows of a page, and at most; rows read at a time for an export.
PAGE, MOST_ROWS, EXPORT_ROWS = 100, 500, 2000

#: Rows of the log that stay taken apart, those shown last. One takes some 2 kB.
KEPT_ROWS = 8192

#: Leaves this near one another lie in one or two pieces of the log. [positions]
NEAR = 256

Key = str | int
Row = tuple[Key, dict[str, Any]]
Rows = Callable[[Reader, Key | None, int, Mapping[str, str]], list[Row]]
"""View, key of the last row seen, how many, filters -> keys and documents."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: the way to it in a document, and whether it holds whole numbers."""

    path: str
    whole: bool = False

    def of(self, document: Mapping[str, Any]) -> Any:
        """The cell of a document; several words stand side by side."""
        value: Any = document
        for name in self.path.split("."):
            value = value.get(name, "") if isinstance(value, Mapping) else ""
        if isinstance(value, list):
            value = " ".join(map(str, value))
        return int(value) if self.whole and value != "" else str(value)


@dataclass(frozen=True, slots=True)
class Listing:
    """Something that can be listed: how it is read, by which kind of key, and the columns of its export."""

    name: str
    rows: Rows
    key: type[str] | type[int]
    columns: tuple[Column, ...]

    def cursor(self, key: Key) -> str:
        """A place in the listing, for clients to give back."""
        return base64.urlsafe_b64encode(json.dumps([self.name, key]).encode()).decode().rstrip("=")

    def key_in(self, cursor: str) -> Key:
        """The key in a cursor."""
        try:
            name, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (ValueError, TypeError, RecursionError):
            raise ApiError("api.cursor_wrong") from None
        right = name == self.name and type(key) is self.key and self.cursor(key) == cursor
        if not right or (isinstance(key, int) and not 0 <= key < 2**63) or "\0" in str(key):
            raise ApiError("api.cursor_wrong")
        found: Key = key
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, where the next ones begin, and how many leaves the log had then."""

    items: list[dict[str, Any]]
    next: str | None
    size: int

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {"items": self.items, "next": self.next, "size": self.size}


def page(view: Reader, listing: Listing, cursor: str | None, most: int, filters: Mapping[str, str]) -> Page:
    """One page."""
    after = listing.key_in(cursor) if cursor else None
    rows = listing.rows(view, after, most + 1, filters)
    more = listing.cursor(rows[most - 1][0]) if len(rows) > most else None
    return Page([document for _, document in rows[:most]], more, view.size())


def all_rows(view: Reader, listing: Listing, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every row of a listing, read some at a time."""
    after: Key | None = None
    while rows := listing.rows(view, after, EXPORT_ROWS, filters):
        yield from (document for _, document in rows)
        after = rows[-1][0]


def _beyond(wanted: sa.Select[Any], key: sa.ColumnElement[Any], after: Key | None, most: int) -> sa.Select[Any]:
    wanted = wanted.order_by(key).limit(most)
    return wanted if after is None else wanted.where(key > after)


def _filtered(wanted: sa.Select[Any], filters: Mapping[str, str], **columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    for name, column in columns.items():
        if name in filters:
            wanted = wanted.where(column == filters[name])
    return wanted


def _batches(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
    c = t.batches.c
    wanted = _beyond(sa.select(t.batches, t.claims.c.document).join(t.claims), c.first, after, most)
    rows = view.connection.execute(_filtered(wanted, filters, project=t.claims.c.project))
    return [(r.first, Batch(r.id, r.vintage, Interval(r.first, r.end), _claim(r.document)).to_dict()) for r in rows]


def _claim(document: str) -> IssuedClaim:
    claim: IssuedClaim = from_document(IssuedClaim, json.loads(document))
    return claim


def _endings(kind: str) -> Rows:
    def rows(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
        c = t.endings.c
        wanted = _beyond(sa.select(c.position).where(c.kind == kind), c.position, after, most)
        wanted = _filtered(wanted, filters, batch=c.batch, account=c.account)
        positions = view.connection.execute(wanted).scalars().all()
        return [(place, _ending(leaf)) for place, leaf in _leaves_at(view, positions)]

    return rows


@lru_cache(maxsize=KEPT_ROWS)
def _ending(leaf: bytes) -> dict[str, Any]:
    """A retirement or a cancellation in a leaf. The same bytes say the same for ever; whoever asks only looks."""
    return Ending.of(decode_entry(leaf)).to_dict()


def _leaves_at(view: Reader, positions: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Leaves at some positions in order; those near one another are read together."""
    spans: list[list[int]] = []
    for position in positions:
        if spans and position - spans[-1][-1] < NEAR:
            spans[-1].append(position)
        else:
            spans.append([position])
    for span in spans:
        wanted = set(span)
        yield from ((at, leaf) for at, leaf in view.leaves(span[0], span[-1] + 1) if at in wanted)


def _holdings(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
    c = t.holdings.c
    wanted = _filtered(_beyond(sa.select(t.holdings), c.first, after, most), filters, account=c.owner, batch=c.batch)
    found = [
        Holding(Interval(r.first, r.end), r.batch, place("/".join(filter(None, (r.owner, r.locks)))))
        for r in view.connection.execute(wanted)
    ]
    return [(holding.serials.first, holding.to_dict()) for holding in found]


def _nouns(table: sa.Table, kept: Sequence[str], named: bool = False, **columns: str) -> Rows:
    """Rows by id, as they are; with their names, for those who may see them."""

    def rows(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
        wanted = _beyond(sa.select(table), table.c.id, after, most)
        wanted = _filtered(wanted, filters, **{name: table.c[column] for name, column in columns.items()})
        shown = [*kept, *(["name"] if named else [])]
        if named:
            opened = wanted.outerjoin(t.openings, t.openings.c.commitment == table.c.commitment)
            wanted = opened.add_columns(sa.func.coalesce(t.openings.c.value, "").label("name"))
        rows = view.connection.execute(wanted).mappings()
        return [(row["id"], {name: _shown(name, row[name]) for name in shown}) for row in rows]

    return rows


def _shown(name: str, value: Any) -> Any:
    return value.split() if name in ("roles", "assets") else value


def _encumbrances(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
    c = t.encumbrances.c
    wanted = _beyond(sa.select(t.encumbrances), c.id, after, most)
    if "account" in filters:
        wanted = wanted.where(sa.or_(c.account == filters["account"], c.beneficiary == filters["account"]))
    names = ("id", "kind", "account", "beneficiary", "target", "priority", "expires", "terms", "assets")
    rows = view.connection.execute(wanted)
    return [(r.id, {name: _shown(name, r._mapping[name]) for name in names}) for r in rows]


def _records(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
    c = t.records.c
    wanted = _beyond(sa.select(t.records), c.position, after, most)
    rows = view.connection.execute(_filtered(wanted, filters, subject=c.subject, topic=c.topic))
    return [
        (r.position, {"index": str(r.position), "topic": r.topic, "subject": r.subject, "sha256": r.sha256})
        for r in rows
    ]


def _projects(view: Reader, after: Key | None, most: int, filters: Mapping[str, str]) -> list[Row]:
    c = t.claims.c
    wanted = _beyond(sa.select(c.position, c.document), c.position, after, most)
    rows = view.connection.execute(_filtered(wanted, filters, project=c.project))
    return [(r.position, {"index": str(r.position), "claim": to_document(_claim(r.document))}) for r in rows]


def _columns(text: str) -> tuple[Column, ...]:
    """Columns by their ways; a ``#`` behind one says that it holds whole numbers."""
    return tuple(Column(word.rstrip("#"), word.endswith("#")) for word in text.split())


_CLAIM = "claim.project claim.region claim.product claim.unit_kg# claim.method claim.kind claim.gas claim.gwp \
claim.period claim.credits_t# claim.run claim.manifest_sha256 claim.claim_sha256 claim.creditable claim.sandbox"
_ENDING = "id at account batch units# serials"
LISTINGS: dict[str, Listing] = {
    entry.name: entry
    for entry in (
        Listing("batches", _batches, int, _columns(f"id vintage# first# end# units# {_CLAIM}")),
        Listing("retirements", _endings("retire"), int, _columns(f"{_ENDING} beneficiary purpose period")),
        Listing("cancellations", _endings("cancel"), int, _columns(f"{_ENDING} reason document")),
        Listing("projects", _projects, int, _columns(f"index# {_CLAIM}")),
        Listing("records", _records, int, _columns("index# topic subject sha256")),
        Listing("assets", _nouns(t.assets, ("id", "unit", "issuer")), str, _columns("id unit issuer")),
        Listing("holdings", _holdings, int, _columns("batch owner locks first# end# units#")),
        Listing(
            "encumbrances",
            _encumbrances,
            str,
            _columns("id kind account beneficiary target priority# expires terms assets"),
        ),
        Listing(
            "accounts",
            _nouns(t.accounts, ("id", "commitment", "roles", "region"), named=True, account="id"),
            str,
            _columns("id name commitment roles region"),
        ),
        Listing(
            "people",
            _nouns(t.people, ("id", "account", "commitment", "active"), named=True, account="account"),
            str,
            _columns("id account name commitment active"),
        ),
        Listing(
            "keys",
            _nouns(t.keys, ("id", "person", "public", "active"), person="person"),
            str,
            _columns("id person public active"),
        ),
    )
}
