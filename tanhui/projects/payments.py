"""Income paid out in the ledger: one distribution, thousands of households, one transaction, exactly once.

The tenure table says who has which share (:mod:`tanhui.projects.tenure.sharing`); here the shares become amounts that
leave the payer's account. What may not be paid yet stays with the payer and is carried to the next distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects.booking import Booking
from tanhui.projects.tenure.sharing import Distribution, scheme, share_income
from tanhui.projects.tenure.store import carried_fen, credited_of, current_rights, record_distribution
from tanhui.registry.model import Account
from tanhui.registry.service import Registry

__all__ = ["open_accounts", "pay"]

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
        ``allow_scenario``.

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
    recorded = booking.record(TOPIC, project, hash_json(_document(project, shared)))
    if not recorded.repeated:
        legs = [
            {"asset": asset, "amount": fen, "from": payer, "to": account}
            for account, fen in _by_account(shared).items()
            if account != payer
        ]
        booking.enter(
            [
                booking.order("exchange", f"pay/{number}", legs=group)
                for number, group in enumerate(_groups(legs, PAYMENTS_AT_ONCE), 1)
            ]
        )
        record_distribution(booking.connection, project, booking.request, shared, at=recorded.done().at)
    return shared


def _by_account(shared: Distribution) -> dict[str, int]:
    """One payment for each account, whatever it is paid for. [fen]"""
    sums: dict[str, int] = {}
    for payment in shared.payments:
        sums[payment.account] = sums.get(payment.account, 0) + payment.fen
    return sums


def _document(project: str, shared: Distribution) -> dict[str, Any]:
    """What the log knows a distribution by."""
    return {
        "format": "tanhui-distribution-1",
        "project": project,
        "scheme": shared.scheme.id,
        "status": shared.status.word,
        "period": shared.period.to_list(),
        "amount_fen": str(shared.amount_fen),
        "payments": [[payment.account, str(payment.fen), payment.reason] for payment in shared.payments],
        "carried": {account: str(fen) for account, fen in sorted(shared.carried_out.items())},
    }


def _groups(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
