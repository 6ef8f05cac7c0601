"""Natural and legal persons: what the rules on people and regions ask about an order, known from the ledger's own rows.

Whether an account is a person's or a company's the operator says; where it is, and what it traded this year, the ledger
does. A trade is units against money in one entry, and its money counts for whoever pays and for whoever is paid. The
sums are an index of the log: each leaf is read once, and what came by another door than this one counts too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

import sqlalchemy as sa

from tanhui.registry.access.limits import Facts, Refusal, allowed
from tanhui.registry.access.tables import account_kinds, turnover, turnover_read
from tanhui.registry.acts import Order
from tanhui.registry.entries import decode_entry
from tanhui.registry.model import JournalEntry
from tanhui.registry.permissions import encumbrance_kind, ordinary
from tanhui.registry.store import Reader

__all__ = ["KINDS", "Watch", "count_trades", "kind_of", "set_kind"]

#: What an account may be.
KINDS = ("natural", "legal")
#: The unit of an asset that is money: the hundredth part of a yuan.
FEN = "fen"
#: Kinds of entries in which units change hands for money.
TRADES = ("transfer", "post")
#: The rules count calendar years of China, which has had one time all year since 1991.
CHINA = timezone(timedelta(hours=8))


def set_kind(connection: sa.Connection, account: str, kind: str) -> None:
    """Say whether an account is a natural person's or a legal person's."""
    connection.execute(account_kinds.delete().where(account_kinds.c.account == account))
    connection.execute(account_kinds.insert(), {"account": account, "kind": kind})


def kind_of(connection: sa.Connection, account: str) -> str:
    """``natural``, ``legal``, or empty where nobody has said."""
    wanted = sa.select(account_kinds.c.kind).where(account_kinds.c.account == account)
    return str(connection.execute(wanted).scalar() or "")


class Watch:
    """The rules over the orders of one transaction that holds the write lock.

    Parameters
    ----------
    tx : Reader
        The transaction. The index of trades is brought up to date in it.
    rule_sets : sequence of str
        Which rules are in force here.
    scenarios : bool
        Whether rules of no law in force count.
    now : datetime
        The hour.
    """

    def __init__(self, tx: Reader, rule_sets: Sequence[str], scenarios: bool, now: datetime) -> None:
        self._tx, self._rule_sets, self._scenarios = tx, tuple(rule_sets), scenarios
        self._on = now.astimezone(CHINA).date()
        self._let_through: Counter[str] = Counter()
        count_trades(tx)

    def refusals(self, order: Order) -> list[Refusal]:
        """Every rule that does not allow an order; none means that it may go on, and counts for those after it."""
        if self._tx.requests([order.request]):
            return []  # it was done, and is only asked for again
        act, amounts = _parties(self._tx, order)
        found = [
            refusal
            for facts in self._facts(act, amounts)
            for rule_set in self._rule_sets
            for refusal in allowed(rule_set, facts, self._on, self._scenarios)
        ]
        if not found:
            self._let_through.update(amounts)
        return found

    def _facts(self, act: str, amounts: Mapping[str, int]) -> list[Facts]:
        """What is known of each party of which it is said what it is."""
        facts = []
        for name, fen in amounts.items():
            account, kind = self._tx.account(name), kind_of(self._tx.connection, name)
            if account and kind:
                spent = _traded(self._tx.connection, name, self._on.year) + self._let_through[name]
                facts.append(Facts(act, kind, account.region, fen, spent))
        return facts


def count_trades(tx: Reader) -> None:
    """Bring the index of trades up to the end of the log."""
    first = int(tx.connection.execute(sa.select(turnover_read.c.position).with_for_update()).scalar_one())
    size = tx.size()
    if first == size:
        return
    money, more = {asset.id for asset in tx.assets() if asset.unit == FEN}, Counter[tuple[str, int]]()
    for _, leaf in tx.leaves(first, size):
        if b'"amounts"' in leaf:  # most leaves have none, and need not be taken apart
            entry = decode_entry(leaf)
            for account, fen in _money_of(entry, money).items():
                more[account, _year(entry)] += fen
    for (account, year), fen in more.items():
        row = (turnover.c.account == account, turnover.c.year == year)
        if not tx.connection.execute(turnover.update().where(*row).values(fen=turnover.c.fen + fen)).rowcount:
            tx.connection.execute(turnover.insert(), {"account": account, "year": year, "fen": fen})
    tx.connection.execute(turnover_read.update().values(position=size))


def _money_of(entry: JournalEntry, money: set[str]) -> Counter[str]:
    """What each account paid or was paid for units in an entry. [fen]"""
    found = Counter[str]()
    if entry.kind in TRADES and entry.legs:
        for leg in entry.amounts:
            parties = {leg.source.owner, leg.target.owner}
            if leg.asset in money and len(parties) == 2 and all(map(ordinary, parties)):
                found.update(dict.fromkeys(parties, leg.amount))
    return found


def _year(entry: JournalEntry) -> int:
    at = datetime.strptime(entry.at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return at.astimezone(CHINA).year


def _traded(connection: sa.Connection, account: str, year: int) -> int:
    wanted = sa.select(turnover.c.fen).where(turnover.c.account == account, turnover.c.year == year)
    return int(connection.execute(wanted).scalar() or 0)


def _parties(view: Reader, order: Order) -> tuple[str, Counter[str]]:
    """What the rules call an order, and for each of its parties how much money changes hands. [fen]"""
    given = order.arguments
    if order.act == "issue":
        return "register", Counter({str(given["owner"]): 0})
    if order.act == "transfer":
        return "trade", Counter({str(given[name]): 0 for name in ("source", "target") if name in given})
    legs: list[tuple[str, str, str, int]] = []
    if order.act == "exchange":
        legs = [(leg["from"], leg["to"], leg.get("asset", ""), leg.get("amount", 0)) for leg in given["legs"]]
    elif order.act == "post":
        legs = [leg for lock in given["locks"] for leg in _under(view, lock, given.get("target", ""))]
    found = Counter[str]()
    for source, target, asset, amount in legs:
        known = view.asset(asset) if asset else None
        found.update(dict.fromkeys((source, target), amount if known and known.unit == FEN else 0))
    return "trade", found


def _under(view: Reader, lock: str, target: str) -> list[tuple[str, str, str, int]]:
    """The amounts under an encumbrance, and where they go when it is posted."""
    found = view.encumbrance(lock)
    if found is None:
        return []
    to = encumbrance_kind(found.kind).final or found.target or target
    amounts = view.amounts(found.account)
    return [(found.account, to, asset, amount) for asset, where, amount in amounts if lock in where.locks]
