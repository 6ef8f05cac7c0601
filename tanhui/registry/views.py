"""What faces show: accounts with names where they were not erased, balances, retirements. Partly private."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tanhui.kernel.time import Period
from tanhui.registry.entries import to_document
from tanhui.registry.model import Cancellation, Interval, JournalEntry, Retirement

__all__ = ["AccountView", "Balance", "Ending"]


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its name, where the opening was not erased."""

    id: str
    name: str | None
    commitment: str
    roles: tuple[str, ...]
    region: str
    sandbox: bool

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {
            "id": self.id,
            "name": self.name,
            "commitment": self.commitment,
            "roles": list(self.roles),
            "region": self.region,
            "sandbox": self.sandbox,
        }


@dataclass(frozen=True, slots=True)
class Balance:
    """Units of one batch that an account holds, free or under the same encumbrances."""

    account: str
    batch: str
    vintage: int
    units: int
    unit_kg: int
    locks: tuple[str, ...]
    sandbox: bool

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {
            "account": self.account,
            "batch": self.batch,
            "vintage": self.vintage,
            "units": self.units,
            "unit_kg": self.unit_kg,
            "locks": list(self.locks),
            "sandbox": self.sandbox,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """A retirement or a cancellation with the units that it ended."""

    noun: Retirement | Cancellation
    account: str
    batch: str
    serials: tuple[Interval, ...]
    at: str

    @classmethod
    def of(cls, entry: JournalEntry) -> Ending:
        """What an entry ended."""
        assert isinstance(entry.noun, (Retirement, Cancellation))
        first = entry.legs[0]
        return cls(entry.noun, first.source.owner, first.batch, entry.serials, entry.at)

    @property
    def id(self) -> str:
        """Its name in the registry."""
        return self.noun.id

    @property
    def units(self) -> int:
        """How many."""
        return sum(interval.units for interval in self.serials)

    @property
    def period(self) -> Period | None:
        """What it is claimed for."""
        return self.noun.period if isinstance(self.noun, Retirement) else None

    @property
    def beneficiary(self) -> str:
        """The commitment to the beneficiary."""
        return self.noun.beneficiary if isinstance(self.noun, Retirement) else ""

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {
            **to_document(self.noun),
            "account": self.account,
            "batch": self.batch,
            "serials": [str(interval) for interval in self.serials],
            "units": str(self.units),
            "at": self.at,
        }
