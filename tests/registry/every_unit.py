"""A ledger that knows every single unit by its number, to compare the real one with.

It has no intervals, no memory between acts and no code of the registry's: what kinds of encumbrance and roles there are
it reads from the data, what acts do is said here a second time, as plainly as possible. An act either changes it or
raises :class:`No`, in which case nothing was changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tanhui

DATA = Path(tanhui.__file__).parent / "data" / "registry"
KINDS: dict[str, dict[str, Any]] = tomllib.loads((DATA / "encumbrances.toml").read_text(encoding="utf-8"))
ROLES: dict[str, dict[str, Any]] = tomllib.loads((DATA / "roles.toml").read_text(encoding="utf-8"))
LIMIT = 2**62
#: An owner and what lies on a purse of theirs; an asset, what lies on it, how much.
Purse = tuple[str, frozenset[str]]
Money = tuple[str, frozenset[str], int]
FREE: frozenset[str] = frozenset()


class No(Exception):
    """What must be refused."""


def need(right: bool) -> None:
    if not right:
        raise No


@dataclass(frozen=True)
class Lock:
    """An encumbrance as it was laid."""

    id: str
    kind: str
    account: str
    beneficiary: str
    target: str
    priority: int
    expires: str

    @property
    def rank(self) -> tuple[int, int, str]:
        return KINDS[self.kind]["precedence"], self.priority, self.id

    @property
    def once(self) -> bool:
        return bool(KINDS[self.kind]["once"])


@dataclass
class EveryUnit:
    """Accounts with their roles, every unit's owner and locks, every amount."""

    operator: str
    accounts: dict[str, set[str]] = field(default_factory=dict)
    people: dict[str, tuple[str, bool]] = field(default_factory=dict)
    keys: dict[str, tuple[str, bool]] = field(default_factory=dict)
    exported: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    assets: set[str] = field(default_factory=set)
    owner_of: dict[int, str] = field(default_factory=dict)
    batch_of: dict[int, str] = field(default_factory=dict)
    locks_on: dict[int, set[str]] = field(default_factory=dict)
    amounts: dict[tuple[str, str, frozenset[str]], int] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=dict)

    # What is where ----------------------------------------------------------------------------------------------------

    def place(self, serial: int) -> str:
        """As the log writes places: owner, then locks, the strongest first."""
        return self.spelled(self.owner_of[serial], self.locks_on[serial])

    def spelled(self, owner: str, locks: Iterable[str]) -> str:
        stack = sorted((self.locks[name] for name in locks), key=lambda lock: lock.rank)
        return "/".join([owner, *(lock.id for lock in stack)])

    def places(self) -> dict[int, str]:
        return {serial: self.place(serial) for serial in self.owner_of}

    def money(self) -> dict[tuple[str, str], int]:
        return {(asset, self.spelled(who, locks)): n for (asset, who, locks), n in self.amounts.items() if n}

    def free(self, owner: str, batch: str) -> list[int]:
        return sorted(
            n for n, who in self.owner_of.items() if who == owner and self.batch_of[n] == batch and not self.locks_on[n]
        )

    def under(self, lock: str) -> list[int]:
        return sorted(n for n, locks in self.locks_on.items() if lock in locks)

    def money_under(self, lock: str) -> list[tuple[str, str, frozenset[str]]]:
        found = [key for key, much in self.amounts.items() if lock in key[2] and much]
        return sorted(found, key=lambda key: (key[0], self.spelled(*key[1:])))

    def holds_something(self, account: str) -> bool:
        return account in self.owner_of.values() or any(key[1] == account and n for key, n in self.amounts.items())

    def can_hold(self, account: str) -> bool:
        return any(ROLES[role].get("holds", False) for role in self.accounts.get(account, ()))

    # What happens -----------------------------------------------------------------------------------------------------

    def attempt(self, act: str, *arguments: Any, **named: Any) -> bool:
        """Do an act; whether it is allowed. A forbidden one leaves everything as it was."""
        before = deepcopy(self.__dict__)
        try:
            getattr(self, act)(*arguments, **named)
        except No:
            self.__dict__ = before
            return False
        return True

    def check_roles(self, roles: Iterable[str]) -> None:
        need(all(role in ROLES for role in roles))
        need(not any({*ROLES[role].get("apart", ())} & {*roles} for role in roles))

    def open_account(self, account: str, roles: list[str]) -> None:
        self.check_roles(roles)
        need(bool(roles))
        self.accounts[account] = {*roles}

    def set_standing(self, account: str, roles: list[str]) -> None:
        self.check_roles(roles)
        need(account in self.accounts and (account != self.operator or "operator" in roles))
        checks = bool(roles) and not any(ROLES[role].get("holds", False) for role in roles)
        need(not (checks and self.holds_something(account)))
        self.accounts[account] = {*roles}

    def issue(self, batches: Mapping[str, int], shares: list[tuple[str, int]], owner: str) -> None:
        for batch, units in batches.items():
            serial = len(self.owner_of) + 1
            rest = units
            for target, part in [*shares, (owner, 10_000)]:
                count = min(rest, -(-units * part // 10_000))
                need(not count or target == "@cancelled" or self.can_hold(target))
                for n in range(serial, serial + count):
                    self.owner_of[n], self.batch_of[n], self.locks_on[n] = target, batch, set()
                serial, rest = serial + count, rest - count

    def take_in(self, batch: str, units: int, owner: str, registry: str, export: str, first: int, last: int) -> None:
        """What another registry gave away: each export once, each serial of its line once."""
        earlier = self.exported.get(registry, [])
        need(not any(name == export or (first <= end and begin <= last) for name, begin, end in earlier))
        self.issue({batch: units}, [], owner)
        self.exported[registry] = [*earlier, (export, first, last)]

    def move(self, source: str, target: str, batch: str, units: int, end: str = "") -> None:
        need(source in self.accounts and units >= 1 and source != target)
        need(target == end or self.can_hold(target))
        serials = self.free(source, batch)
        need(units <= len(serials))
        self.owner_of |= dict.fromkeys(serials[:units], target)

    def exchange(self, legs: list[dict[str, Any]]) -> None:
        units = [leg for leg in legs if "batch" in leg]
        need(len({(leg["from"], leg["batch"]) for leg in units}) == len(units))
        serials = [self.free(leg["from"], leg["batch"]) for leg in units]  # before anything moves
        for leg, mine in zip(units, serials, strict=True):
            need(leg["from"] in self.accounts and leg["from"] != leg["to"] and self.can_hold(leg["to"]))
            need(1 <= leg["units"] <= len(mine))
            self.owner_of |= dict.fromkeys(mine[: leg["units"]], leg["to"])
        for leg in legs:
            if "asset" in leg:
                need(leg["from"] in self.accounts and leg["from"] != leg["to"] and self.can_hold(leg["to"]))
                self.pay(leg["asset"], leg["amount"], (leg["from"], FREE), (leg["to"], FREE))

    def pay(self, asset: str, amount: int, source: Purse, target: Purse) -> None:
        need(asset in self.assets and amount >= 1)
        held = self.amounts.get((asset, *source), 0)
        need(source[0] == "@issuance" or held >= amount)
        self.amounts[asset, *source] = held - amount
        self.amounts[asset, *target] = self.amounts.get((asset, *target), 0) + amount

    def mint(self, asset: str, target: str, amount: int) -> None:
        need(self.can_hold(target))
        self.pay(asset, amount, ("@issuance", FREE), (target, FREE))

    def redeem(self, asset: str, source: str, amount: int) -> None:
        need(source in self.accounts)
        self.pay(asset, amount, (source, FREE), ("@issuance", FREE))

    def beneath(self, lock: str, asset: str, amount: int) -> list[Money]:
        """An amount of what lies under an encumbrance, or all of it."""
        found, missing = list[Money](), amount
        for key in self.money_under(lock):
            much = min(self.amounts[key], missing) if amount else self.amounts[key]
            if asset in ("", key[0]) and much:
                found.append((key[0], key[2], much))
                missing -= much
        need(not amount or not missing)
        return found

    def lock(self, new: Lock, serials: list[int], money: list[Money], now: str) -> None:
        """Lay an encumbrance on units and on amounts, free or encumbered."""
        kind = KINDS[new.kind]
        need(new.account in self.accounts and new.priority >= 1)
        need(not new.beneficiary or new.beneficiary in self.accounts)
        need(new.beneficiary != "" or kind["released_by"] != ["beneficiary"])
        need(not new.target or (self.can_hold(new.target) and "final" not in kind))
        need(not new.expires or (kind["expires"] and new.expires > now))
        need(bool(serials or money))
        self.locks[new.id] = new
        for serial in serials:
            need(self.owner_of[serial] == new.account)
            self.check_beside(new, self.locks_on[serial])
            self.locks_on[serial] = {*self.locks_on[serial], new.id}
        for asset, locks, much in money:
            self.check_beside(new, locks)
            self.pay(asset, much, (new.account, locks), (new.account, locks | {new.id}))

    def check_beside(self, new: Lock, there: Iterable[str]) -> None:
        kind = KINDS[new.kind]
        for name in there:
            other = self.locks[name]
            beside = not kind["exclusive"] and not KINDS[other.kind]["exclusive"]
            level = KINDS[other.kind]["precedence"] == kind["precedence"] and other.priority < new.priority
            need(kind.get("overrides", False) or (beside and level))

    def post(self, names: list[str], target: str, units: int, document: bool) -> None:
        need(bool(names) and len({*names}) == len(names) and all(name in self.locks for name in names))
        beneath = {name: self.under(name) for name in names}
        need(sum(map(len, beneath.values())) == len(set().union(*beneath.values())))
        purses = [key for name in names for key in self.money_under(name)]
        need(len(purses) == len({*purses}))
        for name in names:
            lock, mine = self.locks[name], beneath[name]
            to = KINDS[lock.kind].get("final", "") or lock.target or target
            need(bool(mine or self.money_under(name)))
            need(document or not KINDS[lock.kind].get("needs_document", False))
            need(not lock.target or to == lock.target)
            need(to != lock.account and (to == KINDS[lock.kind].get("final", "-") or self.can_hold(to)))
            posted = mine[:units] if units else mine
            need(units <= len(mine) or not mine)
            for serial in posted:
                need(self.strongest(self.locks_on[serial]) == lock)
                self.owner_of[serial], self.locks_on[serial] = to, set()
            for serial in mine[len(posted) :] if lock.once else ():
                self.locks_on[serial] = self.locks_on[serial] - {name}
            for key in self.money_under(name) if not units or lock.once else ():
                # Of a part of the units, money stays where it is, or goes back with the rest.
                need(bool(units) or self.strongest(key[2]) == lock)
                back = (key[1], key[2] - {name})
                self.pay(key[0], self.amounts[key], (key[1], key[2]), back if units else (to, FREE))

    def strongest(self, locks: Iterable[str]) -> Lock:
        return min((self.locks[name] for name in locks), key=lambda lock: lock.rank)

    def release(self, name: str, units: int) -> None:
        need(name in self.locks)
        mine = self.under(name)
        need(bool(mine or self.money_under(name)) and (units <= len(mine) or not mine))
        lifted = mine[:units] if units else mine
        need(not self.locks[name].once or len(lifted) == len(mine))
        self.lift(name, lifted, money=not units or self.locks[name].once)

    def expire(self, name: str, now: str) -> None:
        need(name in self.locks and self.locks[name].expires != "" and self.locks[name].expires <= now)
        mine = self.under(name)
        need(bool(mine or self.money_under(name)))
        level = KINDS[self.locks[name].kind]["precedence"]
        for serial in mine:
            need(all(KINDS[self.locks[other].kind]["precedence"] >= level for other in self.locks_on[serial]))
        for _, _, locks in self.money_under(name):
            need(all(KINDS[self.locks[other].kind]["precedence"] >= level for other in locks))
        self.lift(name, mine)

    def lift(self, name: str, serials: Iterable[int], money: bool = True) -> None:
        for serial in serials:
            self.locks_on[serial] = self.locks_on[serial] - {name}
        for asset, owner, locks in self.money_under(name) if money else ():
            self.pay(asset, self.amounts[asset, owner, locks], (owner, locks), (owner, locks - {name}))
