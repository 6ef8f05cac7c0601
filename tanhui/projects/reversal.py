"""A loss in the ledger: what the rule book asks for becomes cancellations, a debt of the owner, and a public notice.

What was lost is in the report, what there is to answer it with in the ledger, in which order in the rule book; so a
settlement takes no figures but those that are nowhere in the registry (:class:`Means`). Units that others hold are
never touched. What no unit answers for is owed by the project's owner, in whole tonnes of an asset that the owner
issues: ``debt-<project>`` is paid by cancelling units, ``refill-<project>`` by putting units into the buffer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection

from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.kernel.errors import DomainError
from tanhui.projects.booking import Booking
from tanhui.projects.lifecycle import store as events
from tanhui.projects.lifecycle.model import LifecycleEvent, ProjectState
from tanhui.projects.lifecycle.rulebook import NETTED, NETTING, RuleBook, rule_book
from tanhui.projects.permanence.buffer import check_buffer
from tanhui.projects.permanence.response import MEASURES, ReversalEvent, respond
from tanhui.projects.permanence.settlement import KG_PER_T, Pile, Settlement, stakes_of, whole_tonnes
from tanhui.projects.permanence.tables import settlements
from tanhui.registry import tables as ledger
from tanhui.registry.entries import encode_entry
from tanhui.registry.model import CANCELLED, ISSUANCE
from tanhui.registry.service import Registry
from tanhui.registry.store import Reader

__all__ = ["LOSS", "Means", "check_netted", "debts", "hold", "piles_of", "repay", "reported", "settle", "settled"]

#: The kind of evidence that reports a loss, and is open until the loss is settled.
LOSS = "loss_report"
TOPIC = "reversal"
FREEZE = "freeze"
#: What the owner may come to owe, and the measure that makes the debt.
DEBTS = {"debt": "owner_debt", "refill": "replenish_buffer"}
#: What is owed, as the ledger names it.
UNIT = "t CO2e"


@dataclass(frozen=True, slots=True)
class Means:
    """What the registry cannot know of itself when a loss is settled.

    Attributes
    ----------
    buffer : str
        The account of the buffer; empty where the rule book has none.
    creditor : str
        The account to which the owner owes what is left; the buffer's unless said.
    next_period_t : int
        Net removal of the running period, not registered yet, against which a rule book may net the loss. [t CO2e]
    deducted_t : int
        What was deducted for the risk of reversal at past issuances; shown, not booked. [t CO2e]
    """

    buffer: str = ""
    creditor: str = ""
    next_period_t: int = 0
    deducted_t: int = 0


def reported(connection: Connection, project: str, report: str) -> ReversalEvent:
    """The loss that a report tells of.

    Raises
    ------
    DomainError
        If the project has reported no such loss.
    """
    for event in events.project_events(connection, project):
        if "lost_t" in event.facts and report in (paper.sha256 for paper in event.evidence if paper.kind == LOSS):
            return loss_of(event)
    raise DomainError("reversal.not_reported", project=project, report=report[:12])


def loss_of(event: LifecycleEvent) -> ReversalEvent:
    """The loss that an event reports."""
    (report,) = (paper.sha256 for paper in event.evidence if paper.kind == LOSS)
    day = date.fromisoformat(event.facts["event_day"])
    return ReversalEvent(event.project, day, event.facts["cause"], int(event.facts["lost_t"]), report)


def hold(booking: Booking, book: RuleBook, event: LifecycleEvent, owner: str) -> None:
    """What a rule book does as soon as a loss is reported: freeze what the owner holds, where it says so.

    Raises
    ------
    DomainError
        If the rule book has no measures for the cause: better said now than when the loss is to be settled.
    """
    loss = loss_of(event)
    if loss.cause not in book.permanence.order:
        raise DomainError("permanence.unknown_cause", book=book.id, cause=loss.cause)
    if "hold_trading" not in book.permanence.order[loss.cause]:
        return
    for pile in piles_of(booking.connection, loss.project):
        if pile.owner == owner and not pile.locks:
            what = {"account": owner, "batch": pile.batch, "units": pile.units, "terms": loss.report_sha256}
            booking.do("lock", f"freeze/{pile.batch}", kind=FREEZE, **what)


def settle(booking: Booking, event: LifecycleEvent, state: ProjectState, means: Means) -> Settlement:
    """Take the measures for a reported loss, and make them public.

    Parameters
    ----------
    event : LifecycleEvent
        The act that settles; it names the loss report.
    state : ProjectState
        The project after it.
    """
    (report,) = (paper.sha256 for paper in event.evidence if paper.kind == LOSS)
    book, owner = rule_book(state.book), state.named["owner"]
    loss = reported(booking.connection, event.project, report)
    check_buffer_account(booking.registry, book, loss.cause, means.buffer)
    _release(booking, owner, report)
    piles = piles_of(booking.connection, event.project)
    settlement = foreseen(piles, state, loss, event.at, means)
    at_fault = "over_issue" if loss.cause == "over_issue" else "reversal"
    for measure, account, reason in (("cancel_buffer", means.buffer, "buffer"), ("owner_cancels", owner, at_fault)):
        for batch, units in whole_tonnes(piles, account, settlement.tonnes(measure)):
            what = {"account": account, "batch": batch, "units": units, "document": report}
            booking.do("cancel", f"{measure}/{batch}", reason=reason, **what)
    for kind, measure in DEBTS.items():
        _owe(booking, kind, loss, owner, means.creditor or means.buffer, settlement.tonnes(measure))
    text = canonical_bytes(settlement.to_dict())
    booking.record(TOPIC, event.project, digest(text), "notice")
    row = {"report": report, "project": event.project, "day": event.at.isoformat(), "document": text.decode()}
    booking.connection.execute(settlements.insert(), row)
    return settlement


def foreseen(piles: Sequence[Pile], state: ProjectState, loss: ReversalEvent, on: date, means: Means) -> Settlement:
    """The settlement of a loss as the rule book would have it, from all units of the project. Nothing is done yet."""
    stakes = stakes_of(
        piles,
        owner=state.named["owner"],
        buffer=means.buffer,
        gone=CANCELLED,
        next_period_t=means.next_period_t,
        deducted_t=means.deducted_t,
    )
    return Settlement(state.book, on, loss, stakes, tuple(respond(rule_book(state.book), loss, stakes)))


def check_buffer_account(registry: Registry, book: RuleBook, cause: str, buffer: str) -> None:
    """A buffer is named where, and only where, the rule book has one, and the account is one."""
    if buffer:
        check_buffer(book)
        if "buffer" not in registry.roles_of(buffer):
            raise DomainError("registration.not_in_role", account=buffer, role="buffer")
    elif any(MEASURES[name].of_buffer for name in book.permanence.order.get(cause, ()) if name in MEASURES):
        raise DomainError("reversal.no_buffer_account", book=book.id)


def _release(booking: Booking, owner: str, report: str) -> None:
    """Lift what was frozen when the loss was reported."""
    view = Reader(booking.connection)
    for lock in view.encumbrances(owner):
        if lock.kind == FREEZE and lock.terms == report and view.under(lock.id):
            booking.do("release", f"release/{lock.id}", lock=lock.id, document=report)


def _owe(booking: Booking, kind: str, loss: ReversalEvent, owner: str, creditor: str, tonnes: int) -> None:
    """A debt of the owner in whole tonnes, on the report of the loss."""
    project = loss.project
    if not tonnes:
        return
    if not creditor:
        raise DomainError("reversal.no_creditor", project=project, tonnes=tonnes)
    asset = _asset(kind, project)
    # Named after the asset, not the request: a second debt of the project finds it there.
    define = booking.registry.order("define_asset", f"define-{asset}", booking.by, asset=asset, unit=UNIT, issuer=owner)
    rests_on = {"reason": "reversal", "document": loss.report_sha256}
    booking.enter([define, booking.order("mint", kind, asset=asset, target=creditor, amount=tonnes, **rests_on)])


def _asset(kind: str, project: str) -> str:
    """What the ledger calls a debt; a project whose name has other signs than an asset may have goes by its hash."""
    plain = project.isascii() and project.replace("-", "").isalnum()
    return f"{kind}-{project if plain else digest(project.encode())[:16]}"


def check_netted(connection: Connection, project: str, book: RuleBook) -> None:
    """Whether what was settled by netting has been taken off in the account that the newest event is about.

    Who verifies an account says how much of earlier losses it takes off. That must be all that was promised and not
    taken off in a period registered before; only an account that leaves nothing to register may take off less.

    Raises
    ------
    DomainError
        If it is more or less, with the tonnes.
    """
    *before, (given, credits_t) = netted_by_account(events.project_events(connection, project), book)
    wanted = promised_t(connection, project) - sum(tonnes for tonnes, _ in before)
    if given > wanted or (given < wanted and credits_t):
        raise DomainError("registration.not_netted", project=project, wanted=wanted, given=given, fact=NETTED)


def promised_t(connection: Connection, project: str) -> int:
    """What was settled by netting so far. [t CO2e]"""
    return sum(settlement.tonnes(NETTING) for settlement in settled(connection, project))


def to_net(connection: Connection, project: str, book: RuleBook) -> int:
    """What the next account to be registered has to take off for losses. [t CO2e]"""
    told = list(events.project_events(connection, project))
    last = max((place for place, event in enumerate(told) if book.acts[event.act].registers), default=-1)
    done = netted_by_account(told[: last + 1], book) if last >= 0 else []
    return promised_t(connection, project) - sum(tonnes for tonnes, _ in done)


def netted_by_account(told: Iterable[LifecycleEvent], book: RuleBook) -> list[tuple[int, int]]:
    """Of each account that was registered, and of the newest: what it took off for losses, what it leaves. [t CO2e]"""
    done, netted, credits_t = list[tuple[int, int]](), 0, 0
    for event in told:
        act = book.acts[event.act]
        if NETTED in act.may:
            netted, credits_t = int(event.facts.get(NETTED, 0)), int(event.facts["credits_t"])
        if act.registers:
            done.append((netted, credits_t))
    return done if act.registers else [*done, (netted, credits_t)]


def debts(connection: Connection, project: str) -> dict[str, int]:
    """What a project's owner owes: ``debt`` in units to cancel, ``refill`` in units for the buffer. [t CO2e]"""
    return {kind: sum(held.values()) for kind in DEBTS if (held := _owed(connection, kind, project))}


def _owed(connection: Connection, kind: str, project: str) -> dict[str, int]:
    """A debt by creditor."""
    c = ledger.amounts.c
    owed = sa.select(c.owner, c.amount).where(c.asset == _asset(kind, project), c.owner != ISSUANCE, c.locks == "")
    return {row.owner: row.amount for row in connection.execute(owed.order_by(c.owner))}


def repay(booking: Booking, project: str, kind: str, source: str, creditor: str, batch: str, units: int) -> int:
    """Pay a debt with units, of whichever project, of whoever pays; what is owed afterwards. [t CO2e]

    Parameters
    ----------
    kind : str
        ``debt``: the units are cancelled. ``refill``: they go to the creditor, who is the buffer.

    Raises
    ------
    DomainError
        If the units are no whole tonnes, or more than is owed to the creditor.
    """
    what = {"batch": batch, "units": units}
    if kind == "debt":
        order = booking.order("cancel", account=source, reason="reversal", **what)
    elif kind == "refill":
        order = booking.order("transfer", source=source, target=creditor, **what)
    else:
        raise DomainError("reversal.unknown_debt", kind=kind, known=", ".join(DEBTS))
    paid = booking.enter([order])[0]
    if not paid.repeated:
        found = Reader(booking.connection).batch(batch)
        assert found is not None  # the ledger has just moved units of it
        tonnes, left = divmod(units * found.claim.unit_kg, KG_PER_T)
        if left:
            raise DomainError("reversal.not_whole_tonnes", units=units, unit_kg=found.claim.unit_kg)
        owed = _owed(booking.connection, kind, project).get(creditor, 0)
        if tonnes > owed:
            raise DomainError("reversal.more_than_owed", project=project, owed=owed, paid=tonnes)
        rests_on = {"reason": "reversal", "document": digest(encode_entry(paid.done()))}
        booking.do("redeem", "redeem", asset=_asset(kind, project), source=creditor, amount=tonnes, **rests_on)
    return debts(booking.connection, project).get(kind, 0)


def piles_of(connection: Connection, project: str) -> list[Pile]:
    """Every unit issued for a project, by batch and place, the oldest batch first."""
    view, c = Reader(connection), ledger.holdings.c
    of_project = sa.select(ledger.batches.c.id).join(ledger.claims).where(ledger.claims.c.project == project)
    names = connection.execute(of_project.order_by(ledger.batches.c.first)).scalars().all()
    found = []
    for batch in filter(None, map(view.batch, names)):
        inside = (c.first >= batch.serials.first) & (c.first < batch.serials.end)
        units = sa.func.sum(c.end - c.first).label("units")
        places = sa.select(c.owner, c.locks, units).where(inside).group_by(c.owner, c.locks).order_by(c.owner, c.locks)
        found += [
            Pile(batch.id, batch.claim.unit_kg, row.owner, row.locks, int(row.units))
            for row in connection.execute(places)
        ]
    return found


def settled(connection: Connection, project: str, report: str | None = None) -> list[Settlement]:
    """The losses of a project that were settled, or the one of a report, oldest first."""
    wanted = sa.select(settlements.c.document).where(settlements.c.project == project)
    if report is not None:
        wanted = wanted.where(settlements.c.report == report)
    rows = connection.execute(wanted.order_by(settlements.c.day, settlements.c.report)).scalars()
    return [Settlement.from_dict(json.loads(text)) for text in rows]
