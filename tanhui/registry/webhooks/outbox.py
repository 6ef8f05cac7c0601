"""Subscriptions and deliveries in the database. Functions take a connection inside a transaction.

A delivery begins when :func:`plan` passes its leaf, in the transaction that moves the subscription's cursor, so a kill
neither forgets one nor makes it twice. Whoever delivers takes the turn first, and :func:`claim` lends it what is due
for a while; a sender that dies gives both back by saying nothing.
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
from tanhui.registry.webhooks.tables import deliveries, subscriptions, turn

__all__ = [
    "Delivery",
    "Result",
    "Subscription",
    "again",
    "claim",
    "close",
    "deliveries_of",
    "give_back",
    "pause",
    "plan",
    "resume",
    "rotate",
    "settle",
    "subscribe",
    "subscription_of",
    "subscriptions_of",
    "take_turn",
    "undelivered",
    "waiting",
]

#: Leaves that one plan looks at, deliveries that one sender borrows, and how many of them may go to one receiver: who
#: does not answer holds up only these.
MOST_PLANNED, MOST_CLAIMED, MOST_OF_ONE = 2000, 100, 10
#: Deliveries that may wait for one receiver. Beyond it nothing is planned: the log keeps what comes after.
MOST_WAITING = 1000
#: How long a sender may take for what it has borrowed. [s]
LEASE_S = 120
#: The first wait after a failure, doubled each time up to the last one; then a person has to look. [s]
FIRST_WAIT_S, LONGEST_WAIT_S, MOST_ATTEMPTS = 30, 6 * 3600, 16
#: How long it can be seen that something was delivered. [s]
KEPT_S = 7 * 24 * 3600
#: How long messages are signed with the old secret too, after there is a new one. [s]
OVERLAP_S = 24 * 3600
#: What happens before the registry is at work, or of itself, is no event.
EVENTS = tuple(kind for kind in KINDS if kind not in ("registry", "seal"))
#: What a receiver answers that does not want to hear from us any more.
GONE = "410"
#: How an attempt ends that was broken off because the server ends.
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody who wants to hear of entries of some kinds; no kind means all."""

    id: str
    account: str
    url: str
    kinds: tuple[str, ...]
    cursor: int
    generation: int
    rotated_at: int | None
    made_at: int
    paused_at: int | None = None
    closed_at: int | None = None

    @property
    def state(self) -> str:
        """``open``, ``paused`` or ``closed``."""
        return "closed" if self.closed_at is not None else "open" if self.paused_at is None else "paused"

    def generations(self, now: int) -> tuple[int, ...]:
        """The secrets that sign at a moment: the newest, and the one before it for a while."""
        both = self.rotated_at is not None and now < self.rotated_at + OVERLAP_S
        return (self.generation, self.generation - 1) if both else (self.generation,)

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        kinds = list(self.kinds)
        return {"id": self.id, "account": self.account, "url": self.url, "kinds": kinds, "state": self.state}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A leaf that a subscription is to be told of, and what came of it so far."""

    subscription: Subscription
    position: int
    attempts: int
    due_at: int
    state: str = "due"
    outcome: str = ""

    def id(self, leaf: bytes) -> str:
        """The name under which it is sent, the same at every attempt: a receiver acts on it once.

        The leaf is in it, for after a restore that lost leaves its position stands for another one.
        """
        return f"{self.subscription.id}-{self.position}-{leaf_hash(leaf).hex()[:16]}"

    def to_dict(self) -> dict[str, Any]:
        """As faces show it; ``at`` is when it was delivered, or is tried next. [POSIX seconds]"""
        told = {"state": self.state, "attempts": self.attempts, "outcome": self.outcome, "at": self.due_at}
        return {"index": str(self.position), **told}


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to: the status of the answer, or a word where there was none."""

    delivery: Delivery
    outcome: str

    @property
    def failure(self) -> str:
        """Why it was not delivered; empty where it was."""
        return "" if is_delivered(self.outcome) else self.outcome


def is_delivered(outcome: str) -> bool:
    """Whether a receiver took a message."""
    return len(outcome) == 3 and outcome.startswith("2")


# Subscriptions --------------------------------------------------------------------------------------------------------


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
    RegistryError
        If there is no such account.
    """
    read_url(url, loopback=loopback)
    unknown = sorted({*kinds} - {*EVENTS})
    if unknown:
        raise InputError("webhooks.unknown_kind", kind=", ".join(unknown), known=", ".join(EVENTS))
    if account and view.account(account) is None:
        raise RegistryError("registry.unknown_account", account=account)
    made = Subscription(f"W{entropy(8).hex()}", account, url, tuple(sorted({*kinds})), view.size(), 0, None, now)
    row = {name: getattr(made, name) for name in Subscription.__slots__}
    view.connection.execute(subscriptions.insert(), {**row, "kinds": " ".join(made.kinds)})
    return made


def pause(connection: sa.Connection, subscription: str, now: int) -> Subscription:
    """Send nothing until it is resumed; nothing is forgotten."""
    return _changed(connection, subscription, paused_at=now)


def resume(connection: sa.Connection, subscription: str) -> Subscription:
    """Go on where it was paused."""
    return _changed(connection, subscription, paused_at=None)


def rotate(connection: sa.Connection, subscription: str, now: int) -> Subscription:
    """A new secret. For a day messages are signed with the old one too, so that the receiver can change over."""
    return _changed(connection, subscription, generation=subscriptions.c.generation + 1, rotated_at=now)


def close(connection: sa.Connection, subscription: str, now: int) -> None:
    """End a subscription; what was not delivered yet is dropped."""
    _changed(connection, subscription, closed_at=now)
    connection.execute(deliveries.delete().where(deliveries.c.subscription == subscription))


def again(connection: sa.Connection, subscription: str, now: int) -> int:
    """Try a subscription's dead letters again from the beginning; how many there are."""
    _changed(connection, subscription, closed_at=None)
    dead = deliveries.update().where(deliveries.c.subscription == subscription, deliveries.c.state == "dead")
    return connection.execute(dead.values(state="due", attempts=0, due_at=now)).rowcount


def _changed(connection: sa.Connection, subscription: str, **values: Any) -> Subscription:
    """A subscription that is not closed, after a change."""
    wanted = subscriptions.update().where(subscriptions.c.id == subscription, subscriptions.c.closed_at.is_(None))
    if connection.execute(wanted.values(**values)).rowcount != 1:
        raise RegistryError("webhooks.unknown_subscription", subscription=subscription)
    return subscription_of(connection, subscription)


def subscription_of(connection: sa.Connection, subscription: str) -> Subscription:
    """One subscription, closed or not."""
    row = connection.execute(sa.select(subscriptions).where(subscriptions.c.id == subscription)).one_or_none()
    if row is None:
        raise RegistryError("webhooks.unknown_subscription", subscription=subscription)
    return _subscription(row)


def subscriptions_of(connection: sa.Connection, account: str | None = None) -> list[Subscription]:
    """Every subscription, or an account's, oldest first."""
    wanted = sa.select(subscriptions).order_by(subscriptions.c.made_at, subscriptions.c.id)
    if account is not None:
        wanted = wanted.where(subscriptions.c.account == account)
    return [_subscription(row) for row in connection.execute(wanted)]


# Deliveries -----------------------------------------------------------------------------------------------------------


def waiting(view: Reader, now: int) -> bool:
    """Whether there is anything to plan or to send; asked without the write lock."""
    due = sa.select(deliveries.c.position).join(subscriptions).where(*_due(now)).limit(1)
    behind = sa.select(subscriptions.c.id).where(*_open(), subscriptions.c.cursor < view.size()).limit(1)
    return any(view.connection.execute(wanted).first() is not None for wanted in (due, behind))


def take_turn(connection: sa.Connection, holder: int, now: int) -> bool:
    """Be the one who delivers, for a while, unless somebody else is."""
    free = turn.update().where(sa.or_(turn.c.holder == holder, turn.c.until <= now))
    return connection.execute(free.values(holder=holder, until=now + LEASE_S)).rowcount == 1


def give_back(connection: sa.Connection, holder: int) -> None:
    """Let others deliver."""
    connection.execute(turn.update().where(turn.c.holder == holder).values(until=0))


def plan(view: Reader, now: int) -> int:
    """Look at leaves that open subscriptions have not seen yet, and note what is to be delivered; how many leaves."""
    # In PostgreSQL the rows are locked, so that of two who plan at once the second sees how far the first has come.
    rows = view.connection.execute(sa.select(subscriptions).where(*_open()).with_for_update()).all()
    held = _counts(view.connection, deliveries.c.state != "done")
    listening = [s for s in map(_subscription, rows) if held.get(s.id, 0) < MOST_WAITING]
    first = min((s.cursor for s in listening), default=view.size())
    end = min(view.size(), first + MOST_PLANNED)
    if first >= end:
        return 0
    new = {"attempts": 0, "due_at": now, "state": "due", "outcome": ""}
    told = []
    for position, leaf in view.leaves(first, end):
        kind = json.loads(leaf)["kind"]
        told += [
            {"subscription": s.id, "position": position, **new}
            for s in listening
            if position >= s.cursor and kind in (s.kinds or EVENTS)
        ]
    if told:
        view.connection.execute(deliveries.insert(), told)
    c = subscriptions.c
    seen = subscriptions.update().where(c.id.in_([s.id for s in listening]), c.cursor < end)
    view.connection.execute(seen.values(cursor=end))
    return end - first


def claim(connection: sa.Connection, now: int, most: int = MOST_CLAIMED) -> list[Delivery]:
    """Borrow what is due: of each receiver the oldest, then of each the next. Nobody else gets it for a while."""
    c = deliveries.c
    place = sa.func.row_number().over(partition_by=c.subscription, order_by=(c.due_at, c.position)).label("place")
    due = sa.select(deliveries, subscriptions, place).join(subscriptions).where(*_due(now)).subquery()
    wanted = sa.select(due).where(due.c.place <= MOST_OF_ONE).order_by(due.c.place, due.c.due_at, due.c.position)
    found = []
    for row in connection.execute(wanted.limit(most)).all():
        mine = deliveries.update().where(*_key(row.subscription, row.position), c.state == "due")
        mine = mine.where(c.due_at == row.due_at).values(due_at=now + LEASE_S, attempts=row.attempts + 1)
        if connection.execute(mine).rowcount == 1:
            found.append(Delivery(_subscription(row), row.position, row.attempts + 1, now + LEASE_S))
    return found


def settle(connection: sa.Connection, results: Iterable[Result], now: int, chance: Callable[[], float]) -> None:
    """Note what became of attempts. ``chance`` gives numbers from 0 to 1, by which waits differ.

    Waits differ so that the deliveries that one failure held up do not all come back in the same second.
    """
    for result in results:
        subscription, attempts = result.delivery.subscription.id, result.delivery.attempts
        # A failure that comes so late that somebody else has tried again meanwhile says nothing new.
        mine = deliveries.update().where(*_key(subscription, result.delivery.position))
        still = mine.where(deliveries.c.attempts == attempts)
        if result.outcome == GONE:
            gone = subscriptions.update().where(subscriptions.c.id == subscription)
            connection.execute(gone.values(closed_at=now))
            connection.execute(deliveries.delete().where(deliveries.c.subscription == subscription))
        elif result.outcome == INTERRUPTED:
            connection.execute(still.values(due_at=now, attempts=attempts - 1))
        elif not result.failure:
            connection.execute(mine.values(state="done", due_at=now, outcome=result.outcome))
        else:
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempts - 1))
            values = {"due_at": now + int(wait * (0.5 + chance() / 2)), "outcome": result.outcome}
            connection.execute(still.values(state="dead" if attempts >= MOST_ATTEMPTS else "due", **values))
    old = deliveries.delete().where(deliveries.c.state == "done", deliveries.c.due_at < now - KEPT_S)
    connection.execute(old)


def deliveries_of(
    connection: sa.Connection, subscription: str, before: int | None = None, most: int = 100
) -> list[Delivery]:
    """What a subscription was or is to be told, and what came of it; the newest entries first."""
    told = subscription_of(connection, subscription)
    c = deliveries.c
    wanted = sa.select(deliveries).where(c.subscription == subscription).order_by(c.position.desc()).limit(most)
    if before is not None:
        wanted = wanted.where(c.position < before)
    return [
        Delivery(told, row.position, row.attempts, row.due_at, row.state, row.outcome)
        for row in connection.execute(wanted)
    ]


def undelivered(connection: sa.Connection) -> dict[str, int]:
    """How much was given up, by subscription."""
    return _counts(connection, deliveries.c.state == "dead")


def _counts(connection: sa.Connection, which: sa.ColumnElement[bool]) -> dict[str, int]:
    """Some deliveries of each subscription."""
    c = deliveries.c
    wanted = sa.select(c.subscription, sa.func.count().label("many")).where(which).group_by(c.subscription)
    return {row.subscription: int(row.many) for row in connection.execute(wanted)}


def _open() -> tuple[sa.ColumnElement[bool], ...]:
    return subscriptions.c.closed_at.is_(None), subscriptions.c.paused_at.is_(None)


def _due(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    return deliveries.c.state == "due", deliveries.c.due_at <= now, *_open()


def _key(subscription: str, position: int) -> tuple[sa.ColumnElement[bool], ...]:
    return deliveries.c.subscription == subscription, deliveries.c.position == position


def _subscription(row: Any) -> Subscription:
    values = {name: getattr(row, name) for name in Subscription.__slots__}
    return Subscription(**{**values, "kinds": tuple(row.kinds.split())})
