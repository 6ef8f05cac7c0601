"""The table of shares: who gets what for which parcel, as one document whose hash stands in the public log.

The log knows a distribution by this hash. So a statement that names the leaf and the hash can be made again, and
checked, from the table alone; names lie beside the table, not in it, and may be taken away without changing the hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import hash_json, readable_bytes
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.projects.tenure.sharing import Distribution, Stake

__all__ = ["FORMAT", "Sheet", "filed", "read_filed", "share_table", "sheets"]

FORMAT = "tanhui-distribution-2"
FILED = "tanhui-shares-1"
#: Decimals of a price in the table: enough for the fen of the largest parcel. [CNY/mu]
PRICE_DECIMALS = 8


def share_table(project: str, shared: Distribution) -> dict[str, Any]:
    """Everything that decides who gets what, without a name in it; integers as decimal strings."""
    days = shared.period.days
    return {
        "format": FORMAT,
        "project": project,
        "scheme": shared.scheme.id,
        "status": shared.status.word,
        "period": shared.period.to_list(),
        "days": days,
        "source": dict(shared.source),
        "deducted": [[name, str(fen)] for name, fen in shared.deducted],
        "amount_fen": str(shared.amount_fen),
        "pots": [[pot.name, str(pot.fen)] for pot in shared.pots],
        "stakes": [_stake_row(stake, days) for stake in shared.stakes],
        "dues": [[due.account, str(due.fen), due.reason] for due in shared.dues],
        "payments": [[payment.account, str(payment.fen), payment.reason] for payment in shared.payments],
        "carried": {account: str(fen) for account, fen in sorted(shared.carried_out.items())},
    }


def _stake_row(stake: Stake, days: int) -> list[Any]:
    price = round(stake.cny_per_mu(days), PRICE_DECIMALS)
    coefficient = stake.coefficient
    return [
        stake.account,
        stake.pot,
        stake.parcel,
        str(stake.area_m2),
        stake.days,
        format(stake.share.normalize(), "f"),
        str(coefficient.numerator) if coefficient.denominator == 1 else format(_decimal(coefficient), "f"),
        format(_decimal(price), f".{PRICE_DECIMALS}f"),
        str(stake.fen),
    ]


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def filed(project: str, shared: Distribution) -> bytes:
    """The table with the names behind its accounts and its place in the log, as a file for the payer's own shelf."""
    assert shared.recorded is not None
    where = shared.recorded
    names = {account: [payee.name, payee.village] for account, payee in shared.payees.items()}
    document = {
        "format": FILED,
        "log": {
            "origin": where.origin,
            "request": where.request,
            "index": where.index,
            "sha256": where.sha256,
        },
        "names": names,
        "table": share_table(project, shared),
    }
    return readable_bytes(document)


def read_filed(path: Path) -> dict[str, Any]:
    """A filed table, after a look that it is the one whose hash it carries and that its sums are right.

    Raises
    ------
    InputError
        If it is no such file.
    IntegrityError
        If the table was changed.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = document["format"] == FILED and document["table"]["format"] == FORMAT
        sha256 = document["log"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise InputError("tenure.no_shares", path=str(path)) from None
    if not known:
        raise InputError("tenure.no_shares", path=str(path))
    if hash_json(document["table"]) != sha256:
        raise IntegrityError("tenure.shares_changed", path=str(path))
    return dict(document)


@dataclass(frozen=True, slots=True)
class Line:
    """One parcel's part in what somebody gets: area, days, share, coefficient, price and what they make."""

    pot: str
    parcel: str
    area_m2: int
    days: int
    share: str
    coefficient: str
    cny_per_mu: str
    fen: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one account is told on paper."""

    account: str
    name: str
    village: str
    lines: tuple[Line, ...]
    dues: tuple[tuple[str, int], ...]
    paid_fen: int
    waiting_fen: int
    sha256: str

    @property
    def due_fen(self) -> int:
        """All that is due. [fen]"""
        return sum(fen for _, fen in self.dues)


def sheets(document: Mapping[str, Any]) -> Iterator[Sheet]:
    """One sheet for each account of a filed table, in order of account.

    A sheet's hash is that of the account's own rows with the table's hash and leaf: who holds the table can work it out
    again.
    """
    table, log = document["table"], document["log"]
    stakes = _grouped(table["stakes"])
    dues = _grouped(table["dues"])
    paid = _grouped(table["payments"])
    for account in sorted(stakes.keys() | dues.keys()):
        rows = stakes.get(account, [])
        owed = dues.get(account, [])
        name, village = document["names"].get(account, ("", ""))
        yield Sheet(
            account,
            name,
            village,
            tuple(Line(r[1], r[2], int(r[3]), r[4], r[5], r[6], r[7], int(r[8])) for r in rows),
            tuple((reason, int(fen)) for _, fen, reason in owed),
            sum(int(fen) for _, fen, _ in paid.get(account, [])),
            int(table["carried"].get(account, "0")),
            hash_json(["tanhui-statement-1", log["sha256"], log["index"], account, rows, owed]),
        )


def _grouped(rows: Sequence[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """Rows by their first column, in which they are sorted."""
    return {account: list(group) for account, group in groupby(rows, key=lambda row: row[0])}
