"""Who may do what: roles, permissions, kinds of encumbrance, and whether an entry's people are enough. Pure."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.signing import verify_signature
from tanhui.registry.entries import is_hash
from tanhui.registry.errors import RegistryError
from tanhui.registry.model import FINAL, ISSUANCE, Account, Approval, Encumbrance, JournalEntry, Key, Person
from tanhui.registry.state import State

__all__ = [
    "BY_ITSELF",
    "EncumbranceKind",
    "authorise",
    "check_roles",
    "encumbrance_kind",
    "encumbrance_kinds",
    "may_hold",
    "order_message",
    "ordinary",
    "raw_key",
    "roles",
    "weighty",
]

#: Acts that nobody needs to answer for: time does them, or the registry itself.
BY_ITSELF = frozenset({"registry", "seal", "expire"})
#: How an act on an encumbrance names who may do it.
PARTIES_OF = {"lock": "placed_by", "post": "posted_by", "release": "released_by"}


@dataclass(frozen=True, slots=True)
class EncumbranceKind:
    """How encumbrances of a kind behave; the words stand in ``data/registry/encumbrances.toml``."""

    zh: str
    en: str
    precedence: int
    exclusive: bool
    placed_by: tuple[str, ...]
    released_by: tuple[str, ...]
    posted_by: tuple[str, ...]
    eyes: int
    once: bool
    expires: bool
    overrides: bool = False
    needs_document: bool = False
    final: str = ""


@cache
def encumbrance_kinds() -> dict[str, EncumbranceKind]:
    """Every kind of encumbrance by its code."""
    entries: dict[str, dict[str, Any]] = read_toml(data_path("registry", "encumbrances.toml"))
    return {code: _kind(entry) for code, entry in entries.items()}


def _kind(entry: dict[str, Any]) -> EncumbranceKind:
    values: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in entry.items()}
    return EncumbranceKind(**values)


def encumbrance_kind(code: str) -> EncumbranceKind:
    """A kind of encumbrance."""
    kinds = encumbrance_kinds()
    if code not in kinds:
        raise RegistryError("registry.unknown_encumbrance_kind", kind=code, known=", ".join(kinds))
    return kinds[code]


@cache
def roles() -> dict[str, dict[str, Any]]:
    """What an account may be."""
    return read_toml(data_path("registry", "roles.toml"))


@cache
def permissions() -> dict[str, dict[str, Any]]:
    """Who may do each act."""
    return read_toml(data_path("registry", "permissions.toml"))


def check_roles(wanted: Collection[str]) -> None:
    """Refuse unknown roles, and those that one account must not have together."""
    unknown = [role for role in wanted if role not in roles()]
    if unknown:
        raise RegistryError("registry.unknown_role", role=", ".join(unknown), known=", ".join(roles()))
    for role in wanted:
        clash = sorted({*roles()[role].get("apart", ())} & {*wanted})
        if clash:
            raise RegistryError("registry.roles_apart", role=role, other=", ".join(clash))


def may_hold(wanted: Iterable[str]) -> bool:
    """Whether an account with these roles may hold units and amounts."""
    return any(roles()[role].get("holds", False) for role in wanted)


def weighty(wanted: Iterable[str]) -> bool:
    """Whether an account with these roles decides about others' units."""
    return any(roles().get(role, {}).get("weighty", False) for role in wanted)


def raw_key(public: str) -> bytes | None:
    """A public key from its one spelling in base64; nothing where it is another or none."""
    return _decoded(public, 32)


def _decoded(text: str, size: int) -> bytes | None:
    """So many bytes from their one spelling in base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if len(raw) == size and base64.b64encode(raw).decode() == text else None


def order_message(sha256: str) -> bytes:
    """What a key signs for an order: its hash, so that the log can show the signature and keep the order private."""
    return b"tanhui-order-1\n" + bytes.fromhex(sha256)


def authorise(state: State, entry: JournalEntry) -> None:
    """Whether an entry's people may do what it does.

    Raises
    ------
    RegistryError
        If somebody is unknown or no longer active, a signature is wrong, or the people are not enough.
    """
    if entry.kind in BY_ITSELF:
        return
    people = {person.id: person for person in (_approved(state, approval) for approval in entry.by)}
    if _eyes(state, 2) == 1 and _count(state, people.values(), ("operator",)):
        return  # a sandbox of one pair of eyes, where the operator stands in for everybody
    if entry.kind in PARTIES_OF:
        enough = all(_may_touch(state, entry.kind, lock, people.values()) for lock in _locks(state, entry))
    else:
        enough = _may_do(state, entry, people.values())
    if not enough:
        raise RegistryError("registry.not_permitted", act=entry.kind)


def _approved(state: State, approval: Approval) -> Person:
    """The person behind an approval, after a look at the signature where there is one."""
    person = state.people.get(approval.person)
    account = state.accounts.get(person.account) if person else None
    if person is None or account is None or not person.active or not account.roles:
        raise RegistryError("registry.unknown_person", person=approval.person)
    if approval.key:
        key = state.keys.get(approval.key)
        if key is None or not key.active or key.person != person.id or not _signed(key.public, approval):
            raise RegistryError("registry.signature_refused", key=approval.key)
    elif approval.order or approval.signature:  # without a key they would say nothing, or something else
        raise RegistryError("registry.signature_refused", key="–")
    return person


def _signed(public: str, approval: Approval) -> bool:
    raw, signature = raw_key(public), _decoded(approval.signature, 64)
    if raw is None or signature is None or not is_hash(approval.order):
        return False
    return verify_signature(raw, signature, order_message(approval.order))


def _may_do(state: State, entry: JournalEntry, people: Collection[Person]) -> bool:
    """Whether one of the ways of the permission table is open."""
    rule, noun = permissions()[entry.kind], entry.noun
    if isinstance(noun, (Key, Person)) and not noun.active:
        rule = rule["end"]
    accounts = Counter(person.account for person in people)
    sources = {leg.source.owner for leg in entry.moves}
    if rule.get("parties") and sources and sources <= {*accounts}:
        return True
    if rule.get("self") and isinstance(noun, Key) and any(person.id == noun.person for person in people):
        return True
    of_account, of_role = _wanted(state, entry, rule)
    if rule.get("own") and accounts[_subject(state, entry)] >= of_account:
        return True
    proven = not rule.get("document") or bool(getattr(noun, "document", ""))
    return proven and _count(state, people, rule.get("roles", ())) >= of_role


def _wanted(state: State, entry: JournalEntry, rule: dict[str, Any]) -> tuple[int, int]:
    """How many people it takes: of the account concerned, and of those with a role.

    Who is made part of an account of weight counts in what takes two later on, so that takes two as well. Only the
    first operator is alone for a while: somebody has to let the second one in.
    """
    assert state.registry is not None
    if not ("weighty" in rule and _is_weighty(state, entry)):
        return 1, _eyes(state, rule["eyes"])
    wanted = _eyes(state, rule["weighty"])
    return wanted, min(wanted, max(1, len(state.staff.get(state.registry.account) or ())))


def _is_weighty(state: State, entry: JournalEntry) -> bool:
    """Whether an act is about an account with a role of weight."""
    account = entry.noun if isinstance(entry.noun, Account) else state.accounts.get(_subject(state, entry))
    return account is not None and weighty(account.roles)


def _subject(state: State, entry: JournalEntry) -> str:
    """The account that an act is about."""
    if isinstance(entry.noun, Person):
        return entry.noun.account
    if isinstance(entry.noun, Key):
        person = state.people.get(entry.noun.person)
        return person.account if person else ""
    issuers = {asset.issuer for leg in entry.amounts if (asset := state.assets.get(leg.asset))}
    return issuers.pop() if len(issuers) == 1 else ""


def _may_touch(state: State, act: str, lock: Encumbrance, people: Collection[Person]) -> bool:
    """Whether people may place, post or release an encumbrance."""
    kind = encumbrance_kind(lock.kind)
    parties: tuple[str, ...] = getattr(kind, PARTIES_OF[act])
    named = {"account": lock.account, "beneficiary": lock.beneficiary}
    own = {named[party] for party in parties if party in named}
    if any(person.account in own for person in people):
        return True
    return _count(state, people, [party for party in parties if party not in named]) >= _eyes(state, kind.eyes)


def _locks(state: State, entry: JournalEntry) -> list[Encumbrance]:
    """The encumbrances an entry is about."""
    if isinstance(entry.noun, Encumbrance):
        return [entry.noun]
    found = [state.encumbrances.get(lock) for lock in entry.noun.locks]  # type: ignore[union-attr]
    missing = [lock for lock, row in zip(entry.noun.locks, found, strict=True) if row is None]  # type: ignore[union-attr]
    if missing:
        raise RegistryError("registry.unknown_encumbrance", lock=", ".join(missing))
    return [row for row in found if row is not None]


def _count(state: State, people: Iterable[Person], wanted: Collection[str]) -> int:
    """How many of the people belong to an account with one of the roles."""
    accounts = [state.accounts.get(person.account) for person in people]
    return sum(account is not None and not {*account.roles}.isdisjoint(wanted) for account in accounts)


def _eyes(state: State, wanted: int) -> int:
    """How many people an act takes here."""
    assert state.registry is not None
    return min(wanted, state.registry.eyes)


def ordinary(owner: str) -> bool:
    """Whether an owner is an account, not one of the ledger's own places."""
    return owner not in FINAL and owner != ISSUANCE and not owner.startswith("@")
