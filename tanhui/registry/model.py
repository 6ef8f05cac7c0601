"""The nouns of the ledger: serial intervals, batches, holdings, and the journal entries that move them.

All serials of a registry lie on one number line from 1 upwards. A batch is a piece of it, issued once; a holding is a
piece with one owner. An act is a :class:`JournalEntry`, whose legs commit together and whose canonical JSON is one leaf
of the public log. So every ``to_dict`` here is public: integers are decimal strings, people are pseudonyms and
commitments, and nothing is a float.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tanhui.kernel.errors import DomainError, IntegrityError
from tanhui.kernel.time import Period

__all__ = [
    "ISSUANCE",
    "RETIRED",
    "Account",
    "Batch",
    "Declaration",
    "Holding",
    "Interval",
    "IssuedClaim",
    "JournalEntry",
    "Leg",
    "Retirement",
]

#: Where issued serials come from: the part of the line that nobody holds yet.
ISSUANCE = "@issuance"
#: Who holds retired serials, for ever.
RETIRED = "@retired"
#: Serials fit a signed 64-bit integer in every database.
SERIAL_LIMIT = 2**62
#: What every document of a sandbox registry carries, in both languages.
SANDBOX_MARK = "sandbox 沙盒"

Purpose = Literal["voluntary", "compliance", "event"]
#: Why units may be retired. A code, not a text: a text could name people.
PURPOSES: tuple[Purpose, ...] = ("voluntary", "compliance", "event")
Kind = Literal["registry", "account", "issue", "transfer", "retire"]

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def whole(text: Any) -> int:
    """A whole number from its one decimal spelling."""
    if not isinstance(text, str) or not DECIMAL.fullmatch(text):
        raise IntegrityError("registry.leaf_malformed")
    return int(text)


def period_list(period: Period | None) -> list[str]:
    """First and last day as documents print them; empty where there is no period."""
    return period.to_list() if period else []


def read_period(days: Any) -> Period | None:
    """The inverse of :func:`period_list`."""
    if not days:
        return None
    first, last = days
    return Period.inclusive(date.fromisoformat(first), date.fromisoformat(last))


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Serials ``first`` to ``end - 1``: half-open, so that neighbours share a number and never a unit."""

    first: int
    end: int

    def __post_init__(self) -> None:
        if not 1 <= self.first < self.end <= SERIAL_LIMIT:
            raise DomainError("registry.interval_wrong", first=self.first, end=self.end)

    @property
    def units(self) -> int:
        """How many serials."""
        return self.end - self.first

    def contains(self, other: Interval) -> bool:
        """Whether all of ``other`` lies inside."""
        return self.first <= other.first and other.end <= self.end

    def overlaps(self, other: Interval) -> bool:
        """Whether a serial lies in both."""
        return self.first < other.end and other.first < self.end

    def to_dict(self) -> dict[str, Any]:
        """Half-open, as the log carries it."""
        return {"first": str(self.first), "end": str(self.end)}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Interval:
        """The inverse of :meth:`to_dict`."""
        return cls(whole(entry["first"]), whole(entry["end"]))

    def __str__(self) -> str:
        """First and last serial, both included, as people read them."""
        return f"{self.first}-{self.end - 1}"


@dataclass(frozen=True, slots=True)
class Account:
    """A pseudonymous holder; ``commitment`` hides the name, whose opening can be erased."""

    id: str
    commitment: str

    def to_dict(self) -> dict[str, Any]:
        """As the log carries it."""
        return {"id": self.id, "commitment": self.commitment}


@dataclass(frozen=True, slots=True)
class Declaration:
    """The first leaf of every log: whose it is and under which key."""

    origin: str
    sandbox: bool
    operator: str

    def to_dict(self) -> dict[str, Any]:
        """As the log carries it."""
        return {"origin": self.origin, "sandbox": self.sandbox, "operator": self.operator}


@dataclass(frozen=True, slots=True)
class IssuedClaim:
    """What the batches of one issuance have in common: the claim, and the run it comes from.

    ``creditable`` was derived by the registry; ``open_points`` counts the reasons against (listed in ``result.json``).
    ``verifier`` is the key id of who vouched for the manifest; empty in a sandbox.
    """

    project: str
    region: str
    product: str
    unit_kg: int
    method: str
    claim_kind: str
    gas: str
    gwp: str
    period: Period
    credits_t: int
    run: str
    manifest_sha256: str
    claim_sha256: str
    creditable: bool
    open_points: int
    sandbox: bool
    verifier: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As the log carries it."""
        return {
            "project": self.project,
            "region": self.region,
            "product": self.product,
            "unit_kg": str(self.unit_kg),
            "method": self.method,
            "kind": self.claim_kind,
            "gas": self.gas,
            "gwp": self.gwp,
            "period": period_list(self.period),
            "credits_t": str(self.credits_t),
            "run": self.run,
            "manifest_sha256": self.manifest_sha256,
            "claim_sha256": self.claim_sha256,
            "creditable": self.creditable,
            "open_points": str(self.open_points),
            "sandbox": self.sandbox,
            "verifier": self.verifier,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> IssuedClaim:
        """The inverse of :meth:`to_dict`."""
        fields = dict(entry)
        period = read_period(fields.pop("period"))
        if period is None:
            raise IntegrityError("registry.leaf_malformed")
        for name in ("unit_kg", "credits_t", "open_points"):
            fields[name] = whole(fields[name])
        return cls(claim_kind=fields.pop("kind"), period=period, **fields)


@dataclass(frozen=True, slots=True)
class Batch:
    """Serials issued once, of one vintage of one claim."""

    id: str
    vintage: int
    serials: Interval
    claim: IssuedClaim

    def brief(self) -> dict[str, Any]:
        """As the log carries it, beside the claim that all batches of an issuance share."""
        return {"id": self.id, "vintage": str(self.vintage), **self.serials.to_dict()}

    def to_dict(self) -> dict[str, Any]:
        """Everything about the batch in one piece."""
        return {**self.brief(), "units": str(self.serials.units), "claim": self.claim.to_dict()}


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds which serials of which batch. The holdings of a registry tile its issued line exactly."""

    serials: Interval
    batch: str
    owner: str

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {"batch": self.batch, "owner": self.owner, **self.serials.to_dict(), "units": str(self.serials.units)}


@dataclass(frozen=True, slots=True)
class Leg:
    """Serials that change hands."""

    batch: str
    serials: Interval
    source: str
    target: str

    def to_dict(self) -> dict[str, Any]:
        """As the log carries it."""
        return {"batch": self.batch, **self.serials.to_dict(), "from": self.source, "to": self.target}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Leg:
        """The inverse of :meth:`to_dict`."""
        return cls(entry["batch"], Interval.from_dict(entry), entry["from"], entry["to"])


@dataclass(frozen=True, slots=True)
class Retirement:
    """Units used up for ever, for a beneficiary (a commitment), a purpose and the period it is claimed for."""

    id: str
    account: str
    batch: str
    serials: tuple[Interval, ...]
    beneficiary: str
    purpose: Purpose
    period: Period | None = None

    @property
    def units(self) -> int:
        """How many."""
        return sum(interval.units for interval in self.serials)

    def brief(self) -> dict[str, Any]:
        """As the log carries it, beside the legs that say what, from whom."""
        return {
            "id": self.id,
            "beneficiary": self.beneficiary,
            "purpose": self.purpose,
            "period": period_list(self.period),
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything about the retirement in one piece."""
        return {
            **self.brief(),
            "account": self.account,
            "batch": self.batch,
            "serials": [interval.to_dict() for interval in self.serials],
            "units": str(self.units),
        }


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act: its legs commit together or not at all. ``index`` is its place in the log."""

    index: int
    at: str
    kind: Kind
    legs: tuple[Leg, ...] = ()
    registry: Declaration | None = None
    account: Account | None = None
    claim: IssuedClaim | None = None
    batches: tuple[Batch, ...] = ()
    retirement: Retirement | None = None

    def to_dict(self) -> dict[str, Any]:
        """The leaf of the log. See :mod:`tanhui.registry.entries` for the way back."""
        entry: dict[str, Any] = {
            "format": "tanhui-entry-1",
            "index": str(self.index),
            "at": self.at,
            "kind": self.kind,
            "legs": [leg.to_dict() for leg in self.legs],
        }
        if self.registry:
            entry["registry"] = self.registry.to_dict()
        if self.account:
            entry["account"] = self.account.to_dict()
        if self.claim:
            entry["claim"] = self.claim.to_dict()
            entry["batches"] = [batch.brief() for batch in self.batches]
        if self.retirement:
            entry["retirement"] = self.retirement.brief()
        return entry
