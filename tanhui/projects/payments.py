"""Income paid out in the ledger: one distribution, thousands of households, one transaction, exactly once.

The tenure table says who has which share (:mod:`tanhui.projects.tenure.sharing`); here the shares become amounts that
leave the payer's account. What may not be paid yet stays with the payer and is carried to the next distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects.booking import Booking
from tanhui.projects.tenure.share_table import share_table
from tanhui.projects.tenure.sharing import Distribution, Recorded, scheme, share_income
from tanhui.projects.tenure.store import carried_fen, credited_of, current_rights, record_distribution
from tanhui.registry.acts import Order
from tanhui.registry.model import Account
from tanhui.registry.service import Registry
from tanhui.registry.tables import records

__all__ = ["TOPIC", "open_accounts", "pay", "pay_out", "recorded"]

TOPIC = "benefits"
#: Payments in one entry of the ledger. A leaf has 65,535 bytes and a payment takes some 90 of them.
PAYMENTS_AT_ONCE = 400
#: Accounts opened in one transaction.
ACCOUNTS_AT_ONCE = 500

Item = TypeVar("Item")


def open_accounts(
    registry: Registry,
    names: Iterable[str],
    *,
    request: str,
    by: Sequence[str] | None = None,
    roles: Sequence[str] = ("owner",),
    region: str = "",
) -> list[str]:
    """Accounts for many households, in groups; the same request again gives the same accounts.

    Returns
    -------
    list of str
        The id of each account, in the order of the names.
    """
    orders = [
        registry.order("open_account", f"{request}/{number}", by, name=name, roles=list(roles), region=region)
        for number, name in enumerate(names, 1)
    ]
    found: list[str] = []
    for group in _groups(orders, ACCOUNTS_AT_ONCE):
        for outcome in registry.submit(group):
            account: Account = outcome.done().as_kind(Account)
            found.append(account.id)
    return found


def pay(
    booking: Booking,
    project: str,
    amount_fen: int,
    by_scheme: str,
    period: Period,
    *,
    asset: str,
    payer: str,
    **how: Any,
) -> Distribution:
    """Share an amount out over a project's tenure table, and pay it.

    Parameters
    ----------
    amount_fen : int
        Net income. [fen]
    asset : str
        The asset that is paid, whose smallest unit is the fen.
    payer : str
        The account that pays; its own share stays with it.
    how
        As :func:`~tanhui.projects.tenure.sharing.share_income` takes it: ``regions``, ``withheld``, ``least_fen``,
        ``deducted``, ``allow_scenario``.

    Returns
    -------
    Distribution
        With its place in the log: ``recorded``.

    Raises
    ------
    DomainError
        If no parcel of the project has a credited area, or as :func:`share_income` says.
    """
    areas = {area.parcel: area.credited_m2 for area in credited_of(booking.connection, project)}
    rights = [stored.right for stored in current_rights(booking.connection, project) if stored.right]
    if not areas:
        raise DomainError("payments.no_areas", project=project)
    carried = carried_fen(booking.connection, project, before=booking.request)
    shared = share_income(amount_fen, rights, scheme(by_scheme), areas_m2=areas, period=period, carried=carried, **how)
    return pay_out(booking, project, shared, asset=asset, payer=payer)


def pay_out(booking: Booking, project: str, shared: Distribution, *, asset: str, payer: str) -> Distribution:
    """Pay a distribution that is computed already; the same request pays once.

    The hash of its table of shares (:func:`~tanhui.projects.tenure.share_table.share_table`) goes into the log.
    """
    sha256 = hash_json(share_table(project, shared))
    entry = booking.record(TOPIC, project, sha256)
    if not entry.repeated:
        booking.enter(list(_orders(booking, shared, asset, payer)))
        record_distribution(booking.connection, project, booking.request, shared, at=entry.done().at)
    where = Recorded(booking.registry.origin, booking.request, entry.done().index, sha256)
    return replace(shared, recorded=where)


def recorded(connection: Connection, sha256: str) -> list[tuple[int, str]]:
    """The leaves of the log that carry the hash of a table of shares, each with it."""
    wanted = sa.select(records.c.position).where(records.c.topic == TOPIC, records.c.sha256 == sha256)
    return [(int(position), sha256) for position in connection.scalars(wanted.order_by(records.c.position))]


def _orders(booking: Booking, shared: Distribution, asset: str, payer: str) -> Iterator[Order]:
    """One payment for each account, whatever it is paid for; what is the payer's own stays."""
    sums: dict[str, int] = {}
    for payment in shared.payments:
        sums[payment.account] = sums.get(payment.account, 0) + payment.fen
    legs = [
        {"asset": asset, "amount": fen, "from": payer, "to": account}
        for account, fen in sums.items()
        if account != payer
    ]
    for number, group in enumerate(_groups(legs, PAYMENTS_AT_ONCE), 1):
        yield booking.order("exchange", f"pay/{number}", legs=group)


def _groups(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
