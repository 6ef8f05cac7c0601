"""What a registry is, down to the last row, to see that a refused act changed nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.signing import SigningKey
from tanhui.registry import tables as t
from tanhui.registry.acts import Order
from tanhui.registry.model import Account, Approval, Encumbrance, Interval, JournalEntry, Key, Person, Place
from tanhui.registry.replay import Replay
from tanhui.registry.service import Registry

Database = dict[str, list[tuple[Any, ...]]]


def log_of(registry: Registry) -> list[bytes]:
    """The whole log: two registries with the same log are the same."""
    with registry._store.reading() as view:
        return [leaf for _, leaf in view.leaves()]


def database_of(registry: Registry) -> Database:
    """Every row of every table."""
    with registry._store.reading() as view:
        return {
            table.name: sorted(map(tuple, view.connection.execute(sa.select(table))), key=repr)
            for table in t.metadata.sorted_tables
        }


def places_of(registry: Registry) -> dict[int, str]:
    """Where every single unit is."""
    return {
        serial: str(holding.place)
        for holding in registry.holdings()
        for serial in range(holding.serials.first, holding.serials.end)
    }


def amounts_of(registry: Registry) -> dict[tuple[str, str], int]:
    """How much of which asset is where."""
    return {(asset, str(where)): much for asset, where, much in registry.amounts()}


def replayed(registry: Registry) -> Replay:
    """What the log alone says."""
    return Replay().add(log_of(registry))


def holds(registry: Registry) -> bool:
    """Whether the registry's own audit finds nothing wrong."""
    verdict = registry.audit()
    assert not verdict.failures(), [(check.key, check.why()) for check in verdict.failures()]
    return verdict.holds


def refused(registry: Registry, act: Callable[[], object], code: str | None = None) -> TanhuiError:
    """An act that must be refused, in words of both languages, and change no row."""
    before = database_of(registry)
    with pytest.raises(TanhuiError) as caught:
        act()
    assert database_of(registry) == before
    for lang in ("zh", "en"):
        assert not caught.value.text(lang).startswith("error.")  # type: ignore[arg-type]
    assert code is None or caught.value.code == code
    return caught.value


# The state root, spelled a second time -------------------------------------------------------------------------------


def rows_of(connection: sa.Connection, table: sa.Table) -> list[dict[str, Any]]:
    """Every row of a table."""
    return [dict(row._mapping) for row in connection.execute(sa.select(table))]


def state_root(total: bytes) -> bytes:
    """The root that belongs to a sum."""
    return hashlib.sha256(b"tanhui-state-1\n" + total).digest()


def sum_of_tables(connection: sa.Connection) -> bytes:
    """The state's sum from the tables alone: each row as JSON, stretched to 1,024 numbers, and these added up."""
    lines: list[list[Any]] = []
    for name, (listed, defaults) in NOUNS.items():
        lines += [[name, spelled_noun(row, listed, defaults)] for row in rows_of(connection, t.metadata.tables[name])]
    lines += [["claims", json.loads(row["document"])] for row in rows_of(connection, t.claims)]
    for row in rows_of(connection, t.batches):
        lines.append(["batches", row["id"], str(row["vintage"]), span(row), row["claim"]])
    for row in rows_of(connection, t.imports):
        document = {"document": row["document"]} if row["document"] else {}
        lines.append(["imports", {"registry": row["registry"], "id": row["id"], "serials": span(row), **document}])
    for row in rows_of(connection, t.holdings):
        lines.append(["holdings", str(row["first"]), str(row["end"]), row["batch"], spelled_place(row)])
    for row in rows_of(connection, t.amounts):
        lines.append(["amounts", row["asset"], spelled_place(row), str(row["amount"])])
    total = np.zeros(1024, dtype="<u2")
    for line in lines:
        text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        total += np.frombuffer(hashlib.shake_128(text).digest(2048), dtype="<u2")
    return total.tobytes()


#: Which field of a noun is a list, and what is left out where it says nothing.
NOUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "accounts": ("roles", {"roles": ["owner", "trader"], "region": ""}),
    "people": ("", {"active": True}),
    "keys": ("", {"active": True}),
    "assets": ("", {}),
    "encumbrances": ("assets", {"to": "", "priority": 1, "expires": "", "terms": "", "assets": []}),
}


def spelled_noun(row: dict[str, Any], listed: str, defaults: dict[str, Any]) -> dict[str, Any]:
    """A row as the log writes it."""
    named = {"to" if name == "target" else name: value for name, value in row.items()}
    values = {name: value.split() if name == listed else value for name, value in named.items()}
    kept = {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}
    return {name: str(value) if type(value) is int else value for name, value in kept.items()}


def span(row: dict[str, Any]) -> str:
    return f"{row['first']}-{row['end'] - 1}"


def spelled_place(row: dict[str, Any]) -> str:
    return f"{row['owner']}/{row['locks']}" if row["locks"] else str(row["owner"])


# Acts in few words ----------------------------------------------------------------------------------------------------


def order(registry: Registry, request: str, act: str, by: Iterable[str] | None = None, /, **arguments: Any) -> Order:
    """An order of the operator, or of the people named."""
    people = [registry.declaration.person] if by is None else by
    return Order(request, act, arguments, tuple(Approval(person) for person in people))


def open_account(registry: Registry, name: str, roles: list[str] | None = None, by: list[str] | None = None) -> str:
    """The id of a new account, whose request id is its name."""
    account: Account = registry.do("open_account", f"open {name}", by, name=name, roles=roles).as_kind(Account)
    return account.id


def add_person(registry: Registry, account: str, name: str, by: list[str] | None = None) -> str:
    """The id of somebody new."""
    person: Person = registry.do("add_person", f"add {name}", by, account=account, name=name).as_kind(Person)
    return person.id


def add_key(registry: Registry, person: str, key: SigningKey, request: str = "", by: list[str] | None = None) -> str:
    """The id of a key for somebody."""
    public = base64.b64encode(key.public).decode()
    made: Key = registry.do("add_key", request or f"key {person}", by, person=person, public=public).as_kind(Key)
    return made.id


def approval(person: str, key_id: str, key: SigningKey, order_text: str) -> Approval:
    """An approval signed as a client signs: the hash of the order under a fixed prefix, independently spelled here."""
    digest = hashlib.sha256(order_text.encode()).hexdigest()
    signature = key.sign(b"tanhui-order-1\n" + bytes.fromhex(digest))
    return Approval(person, key_id, digest, base64.b64encode(signature).decode())


def lock(registry: Registry, request: str, kind: str, account: str, **what: Any) -> Encumbrance:
    """An encumbrance, placed by the operator unless ``by`` says who."""
    return registry.lock(kind, account, request=request, **what)


def legs_of(entry: JournalEntry) -> list[tuple[str, str, str]]:
    """Serials, from, to."""
    return [(str(leg.serials), str(leg.source), str(leg.target)) for leg in entry.legs]


def piece(first: int, last: int) -> Interval:
    """Serials by first and last, as people write them."""
    return Interval(first, last + 1)


def at(text: str) -> Place:
    """A place by its spelling."""
    owner, *locks = text.split("/")
    return Place(owner, tuple(locks))


def without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A document that lacks a field."""
    return {key: value for key, value in document.items() if key != name}
