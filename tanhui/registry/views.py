"""What faces show of accounts: names where they were not erased, and balances. Private, never in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["AccountView", "Balance"]


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its name, where the opening was not erased."""

    id: str
    name: str | None
    commitment: str
    sandbox: bool

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {"id": self.id, "name": self.name, "commitment": self.commitment, "sandbox": self.sandbox}


@dataclass(frozen=True, slots=True)
class Balance:
    """Units of one batch that an account holds."""

    account: str
    batch: str
    vintage: int
    units: int
    unit_kg: int
    sandbox: bool

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {
            "account": self.account,
            "batch": self.batch,
            "vintage": self.vintage,
            "units": self.units,
            "unit_kg": self.unit_kg,
            "sandbox": self.sandbox,
        }
