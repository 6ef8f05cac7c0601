"""Who has a say in an order at all, before the ledger looks at it.

The ledger would say first that somebody holds too little, and only then that it is no business of whoever asks. So the
door asks this beforehand. It reads the ledger's own tables of permissions, and leaves to the ledger whether a say is
enough; what the ledger does not know is its own to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tanhui.registry.acts import ACTS, Order
from tanhui.registry.model import Encumbrance
from tanhui.registry.permissions import PARTIES_OF, encumbrance_kinds, permissions
from tanhui.registry.store import Reader

__all__ = ["has_say"]


def has_say(view: Reader, eyes: int, account: str, roles: frozenset[str], order: Order) -> bool:
    """Whether people of an account may have a part in an order, alone or with others."""
    kind, given = ACTS[order.act][0], order.arguments
    if kind == "expire" or (eyes == 1 and "operator" in roles):
        return True
    if kind in PARTIES_OF:
        return any(_party(view, PARTIES_OF[kind], account, roles, lock) for lock in _locks(view, order))
    rule = permissions()[kind]
    if order.act == "end_key":
        rule = rule["end"]
    if not roles.isdisjoint(rule.get("roles", ())):
        return True
    if rule.get("parties"):
        legs = [leg for leg in given.get("legs", ()) if isinstance(leg, Mapping)]
        return account in {given.get("source"), given.get("account"), *(leg.get("from") for leg in legs)}
    # Of two people of an account the one whose key it is has to agree; whether they did is the ledger's to say.
    return bool(rule.get("own") or rule.get("self")) and account == _subject(view, given)


def _locks(view: Reader, order: Order) -> list[Encumbrance | None]:
    """The encumbrances that an order is about; the one that it would lay, as far as its parties are concerned."""
    given = order.arguments
    if order.act == "lock":
        kind, account, beneficiary = (str(given.get(name, "")) for name in ("kind", "account", "beneficiary"))
        return [Encumbrance("", kind, account, beneficiary)]
    wanted = given.get("locks") or [given.get("lock")]
    return [view.encumbrance(str(name)) for name in wanted]


def _party(view: Reader, act: str, account: str, roles: frozenset[str], lock: Encumbrance | None) -> bool:
    if lock is None or lock.kind not in encumbrance_kinds():
        return True
    parties: tuple[str, ...] = getattr(encumbrance_kinds()[lock.kind], act)
    named = {"account": lock.account, "beneficiary": lock.beneficiary}
    return any(named[party] == account if party in named else party in roles for party in parties)


def _subject(view: Reader, given: Mapping[str, Any]) -> str:
    """The account that an order about people, keys or amounts is about."""
    if "asset" in given:
        asset = view.asset(str(given["asset"]))
        return asset.issuer if asset else ""
    if "account" in given:
        return str(given["account"])
    key = view.key(str(given["key"])) if "key" in given else None
    person = view.person(key.person if key else str(given.get("person", "")))
    return person.account if person else ""
