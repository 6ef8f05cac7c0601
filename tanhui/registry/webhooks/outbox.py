"""Subscriptions and deliveries in the database. Functions take a connection inside a transaction.

A delivery begins when :func:`plan` passes its leaf, in the transaction that moves the subscription's cursor, so a kill
neither forgets one nor makes it twice. :func:`claim` lends what is due to one sender for a while; a sender that dies
gives it back by saying nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.errors import InputError
from tanhui.registry.errors import RegistryError
from tanhui.registry.log.tree import leaf_hash
from tanhui.registry.model import KINDS
from tanhui.registry.store import Reader
from tanhui.registry.webhooks.addresses import read_url
from tanhui.registry.webhooks.tables import deliveries, subscriptions

__all__ = [
    "Delivery",
    "Result",
    "Subscription",
    "again",
    "claim",
    "close",
    "dead_letters",
    "plan",
    "settle",
    "subscribe",
    "subscriptions_of",
]

#: Leaves that one plan looks at, and deliveries that one sender borrows.
MOST_PLANNED, MOST_CLAIMED = 2000, 100
#: How long a sender may take for what it has borrowed. [s]
LEASE_S = 120
#: The first wait after a failure, doubled each time up to the last one; then a person has to look. [s]
FIRST_WAIT_S, LONGEST_WAIT_S, MOST_ATTEMPTS = 30, 6 * 3600, 16
#: What happens before the registry is at work, or of itself, is no event.
EVENTS = tuple(kind for kind in KINDS if kind not in ("registry", "seal"))


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody who wants to hear of entries of some kinds; no kind means all."""

    id: str
    account: str
    url: str
    kinds: tuple[str, ...]
    cursor: int
    made_at: int
    closed_at: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        open_ = self.closed_at is None
        return {"id": self.id, "account": self.account, "url": self.url, "kinds": list(self.kinds), "open": open_}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A leaf that a subscription is to be told of."""

    subscription: Subscription
    position: int
    attempts: int
    failure: str = ""

    def id(self, leaf: bytes) -> str:
        """The name under which it is sent, the same at every attempt: a receiver acts on it once.

        The leaf is in it, for after a restore that lost leaves its position stands for another one.
        """
        return f"{self.subscription.id}-{self.position}-{leaf_hash(leaf).hex()[:16]}"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt: delivered, failed with a short word, or the receiver is gone for good."""

    delivery: Delivery
    failure: str = ""
    gone: bool = False


def subscribe(
    view: Reader,
    account: str,
    url: str,
    kinds: Sequence[str],
    now: int,
    entropy: Callable[[int], bytes],
    *,
    loopback: bool = False,
) -> Subscription:
    """A new subscription, from the next entry on.

    Raises
    ------
    InputError
        If nothing may be sent to the URL, or there is no such kind of entry.
    """
    read_url(url, loopback=loopback)
    unknown = sorted({*kinds} - {*EVENTS})
    if unknown:
        raise InputError("webhooks.unknown_kind", kind=", ".join(unknown), known=", ".join(EVENTS))
    made = Subscription(f"W{entropy(8).hex()}", account, url, tuple(sorted({*kinds})), view.size(), now)
    row = {"id": made.id, "account": account, "url": url, "kinds": " ".join(made.kinds)}
    view.connection.execute(subscriptions.insert(), {**row, "cursor": made.cursor, "made_at": now, "closed_at": None})
    return made


def close(connection: sa.Connection, subscription: str, now: int) -> None:
    """End a subscription; what was not delivered yet is dropped."""
    wanted = subscriptions.update().where(subscriptions.c.id == subscription, subscriptions.c.closed_at.is_(None))
    if connection.execute(wanted.values(closed_at=now)).rowcount != 1:
        raise RegistryError("webhooks.unknown_subscription", subscription=subscription)
    connection.execute(deliveries.delete().where(deliveries.c.subscription == subscription))


def subscriptions_of(connection: sa.Connection, account: str | None = None) -> list[Subscription]:
    """Every subscription, or an account's, oldest first."""
    wanted = sa.select(subscriptions).order_by(subscriptions.c.made_at, subscriptions.c.id)
    if account is not None:
        wanted = wanted.where(subscriptions.c.account == account)
    return [_subscription(row._mapping) for row in connection.execute(wanted)]


def plan(view: Reader, now: int) -> int:
    """Look at leaves that open subscriptions have not seen yet, and note what is to be delivered; how many leaves."""
    # In PostgreSQL the rows are locked, so that of two who plan at once the second sees how far the first has come.
    wanted = sa.select(subscriptions).where(subscriptions.c.closed_at.is_(None)).with_for_update()
    open_ = [_subscription(row._mapping) for row in view.connection.execute(wanted)]
    first = min((found.cursor for found in open_), default=view.size())
    end = min(view.size(), first + MOST_PLANNED)
    if first >= end:
        return 0
    rows = []
    for position, leaf in view.leaves(first, end):
        kind = json.loads(leaf)["kind"]
        rows += [
            {"subscription": s.id, "position": position, "attempts": 0, "due_at": now, "state": "due", "failure": ""}
            for s in open_
            if position >= s.cursor and kind in (s.kinds or EVENTS)
        ]
    if rows:
        view.connection.execute(deliveries.insert(), rows)
    seen = subscriptions.update().where(subscriptions.c.closed_at.is_(None), subscriptions.c.cursor < end)
    view.connection.execute(seen.values(cursor=end))
    return end - first


def claim(connection: sa.Connection, now: int, most: int = MOST_CLAIMED) -> list[Delivery]:
    """Borrow what is due, the oldest first. Nobody else gets it for a while."""
    c = deliveries.c
    due = sa.select(deliveries, subscriptions).join(subscriptions).where(c.state == "due", c.due_at <= now)
    found = []
    for row in connection.execute(due.order_by(c.due_at, c.position, c.subscription).limit(most)).all():
        mine = _row(row.subscription, row.position).where(c.state == "due", c.due_at == row.due_at)
        if connection.execute(mine.values(due_at=now + LEASE_S, attempts=row.attempts + 1)).rowcount == 1:
            found.append(Delivery(_subscription(row._mapping), row.position, row.attempts + 1, row.failure))
    return found


def settle(connection: sa.Connection, results: Iterable[Result], now: int, chance: Callable[[], float]) -> None:
    """Note what became of attempts. ``chance`` gives numbers from 0 to 1, by which waits differ.

    Waits differ so that the deliveries that one failure held up do not all come back in the same second.
    """
    for result in results:
        delivery = result.delivery
        where = (deliveries.c.subscription == delivery.subscription.id, deliveries.c.position == delivery.position)
        if result.gone:
            gone = subscriptions.update().where(subscriptions.c.id == delivery.subscription.id)
            connection.execute(gone.values(closed_at=now))
            connection.execute(deliveries.delete().where(deliveries.c.subscription == delivery.subscription.id))
        elif not result.failure:
            connection.execute(deliveries.delete().where(*where))
        else:
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (delivery.attempts - 1))
            state = "dead" if delivery.attempts >= MOST_ATTEMPTS else "due"
            due_at = now + int(wait * (0.5 + chance() / 2))
            values = {"due_at": due_at, "state": state, "failure": result.failure}
            connection.execute(deliveries.update().where(*where).values(values))


def dead_letters(connection: sa.Connection, subscription: str | None = None) -> list[Delivery]:
    """What was given up, in the order of the log."""
    wanted = sa.select(deliveries, subscriptions).join(subscriptions).where(deliveries.c.state == "dead")
    if subscription is not None:
        wanted = wanted.where(deliveries.c.subscription == subscription)
    rows = connection.execute(wanted.order_by(deliveries.c.position, deliveries.c.subscription))
    return [Delivery(_subscription(row._mapping), row.position, row.attempts, row.failure) for row in rows]


def again(connection: sa.Connection, subscription: str, now: int) -> int:
    """Try a subscription's dead letters again from the beginning; how many there are."""
    dead = deliveries.update().where(deliveries.c.subscription == subscription, deliveries.c.state == "dead")
    return connection.execute(dead.values(state="due", attempts=0, due_at=now)).rowcount


def _row(subscription: str, position: int) -> sa.Update:
    return deliveries.update().where(deliveries.c.subscription == subscription, deliveries.c.position == position)


def _subscription(row: sa.RowMapping) -> Subscription:
    c = subscriptions.c
    return Subscription(
        row[c.id],
        row[c.account],
        row[c.url],
        tuple(row[c.kinds].split()),
        row[c.cursor],
        row[c.made_at],
        row[c.closed_at],
    )
