"""Mutual recognition 互认: whether another programme's units are recognised in an area on a day, and why not.

The list is ``data/registry_foreign/whitelist.csv``: dated entries that name a programme and, where only part of it is
recognised, a methodology or a type of product.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import Lang, say

__all__ = ["Entry", "Recognition", "recognised", "whitelist"]

#: What stands in the list where an entry does not narrow a programme down.
ANY = "*"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the whitelist: from its first day on, and until the day before ``until`` where there is one."""

    area: str
    programme: str
    methodology: str
    product: str
    first_day: date
    until: date | None
    reference: str
    status: Status

    def covers(self, programme: str, methodology: str, product: str) -> bool:
        """Whether the entry speaks of such units."""
        pairs = ((self.programme, programme), (self.methodology, methodology), (self.product, product))
        return all(listed in (ANY, asked) for listed, asked in pairs)

    def in_force(self, day: date) -> bool:
        """Whether the entry holds on a day."""
        return self.first_day <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answer: recognised or not, the reasons, and how far the entry that decides was checked.

    A reason is a key of the wording and its subject, joined by a colon.
    """

    recognised: bool
    reasons: tuple[str, ...]
    status: Status
    reference: str = ""

    def text(self, lang: Lang = "en") -> str:
        """The reasons in words."""
        pairs = (reason.partition(":") for reason in self.reasons)
        return " ".join(say(f"foreign.recognition.{code}", lang, subject=subject) for code, _, subject in pairs)


@cache
def whitelist() -> tuple[Entry, ...]:
    """Every entry of the list, in its order."""
    with data_path("registry_foreign", "whitelist.csv").open(encoding="utf-8", newline="") as table:
        return tuple(
            Entry(
                area=row["area"],
                programme=row["programme"],
                methodology=row["methodology"],
                product=row["product"],
                first_day=date.fromisoformat(row["from"]),
                until=date.fromisoformat(row["until"]) if row["until"] else None,
                reference=row["reference"],
                status=Status.parse(row["status"]),
            )
            for row in csv.DictReader(table)
        )


def recognised(
    *,
    area: str,
    programme: str,
    methodology: str,
    product: str,
    day: date,
    entries: Iterable[Entry] | None = None,
    allow_scenario: bool = False,
) -> Recognition:
    """Whether units are recognised.

    Parameters
    ----------
    area : str
        Where they should count, such as ``gba`` for the Greater Bay Area.
    programme, methodology, product : str
        What they are.
    day : date
        The day on which they should count.
    entries : iterable of Entry, optional
        Another list than ours.
    allow_scenario : bool
        Whether entries may decide that only the request states and no rule in force.
    """
    listed = [entry for entry in (whitelist() if entries is None else entries) if entry.area == area]
    if not listed:
        return Recognition(False, (f"area_unknown:{area}",), Status.PRIMARY)
    meant = [entry for entry in listed if entry.covers(programme, methodology, product)]
    if not meant:
        known = any(entry.programme in (ANY, programme) for entry in listed)
        reason = f"not_listed:{methodology} / {product}" if known else f"programme_unknown:{programme}"
        return Recognition(False, (reason,), Status.PRIMARY)
    valid = sorted((entry for entry in meant if entry.in_force(day)), key=lambda entry: entry.status)
    if not valid:
        reasons = tuple(
            f"not_yet:{entry.first_day}" if day < entry.first_day else f"no_longer:{entry.until}" for entry in meant
        )
        return Recognition(False, reasons, Status.PRIMARY)
    best = valid[0]
    if best.status is Status.SCENARIO:
        reason = f"scenario:{best.reference}"
        return Recognition(allow_scenario, (reason,), best.status, best.reference)
    return Recognition(True, (f"listed:{best.reference}",), best.status, best.reference)
