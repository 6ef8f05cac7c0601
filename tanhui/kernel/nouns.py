"""The nouns of the river that more than one room speaks of.

::

    Observation -> Estimate -> Claim -> Batch -> Holding -> Position -> Retirement

Observation, Estimate and Claim are here because sinks, methods, projects and faces all handle them; Batch and what
follows belong to ``registry.model``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from tanhui.kernel.time import Period

__all__ = ["Claim", "ClaimKind", "ClaimLine", "Estimate", "Exclusion", "Observation", "YearShare"]

ClaimKind = Literal["removal", "reduction", "storage", "footprint"]


@dataclass(frozen=True, slots=True)
class Observation:
    """A closed segment of evidence, named by its content: a file, a tile, a sealed window of a stream."""

    name: str
    sha256: str
    size_bytes: int
    instrument: str
    observed: Period | None = None
    supersedes: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the manifest carries it."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "instrument": self.instrument,
            "observed": self.observed.to_list() if self.observed else None,
            "supersedes": self.supersedes,
        }


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity with its interval and where its variance comes from.

    ``variance_shares`` are fractions that add to 1 (empty where the standard error is zero or unknown).
    ``source`` says whose tree model it rests on: ``tanhui``, or an agency's own tree values.
    """

    quantity: str
    unit: str
    year: int
    valid: Period
    domain: str
    value: float
    se: float
    ci90: tuple[float, float]
    source: str = "tanhui"
    variance_shares: Mapping[str, float] = field(default_factory=dict)
    n: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The shape of ``result.json``."""
        return {
            "quantity": self.quantity,
            "unit": self.unit,
            "year": self.year,
            "valid": self.valid.to_list(),
            "domain": self.domain,
            "source": self.source,
            "value": self.value,
            "se": self.se,
            "ci90": list(self.ci90),
            "variance_shares": dict(self.variance_shares),
            "n": self.n,
        }


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One signed line of a claim: removal positive, emission and deduction negative. [t CO2e]"""

    line: str
    co2e_t: float
    clause: str = ""


@dataclass(frozen=True, slots=True)
class YearShare:
    """What of a claim belongs to one calendar year. [t CO2e; credits in whole tonnes]"""

    year: int
    co2e_t: float
    credits_t: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Tonnes shown but not claimed, and the reason (a wording key)."""

    why: str
    co2e_t: float


@dataclass(frozen=True, slots=True)
class Claim:
    """Signed lines under one methodology version for one period.

    ``credits_t`` is floor(net) where net is positive, else 0; a negative net is carried as ``deficit_t``.
    A claim is creditable only if ``indicative_reasons`` is empty.
    """

    method: str
    kind: ClaimKind
    period: Period
    lines: tuple[ClaimLine, ...]
    by_year: tuple[YearShare, ...]
    credits_t: int
    gwp: str
    gas: str = "CO2e"
    deficit_t: float = 0.0
    excluded: tuple[Exclusion, ...] = ()
    indicative_reasons: tuple[str, ...] = ()
    verified_on: date | None = None

    @property
    def net_t(self) -> float:
        """The line ``net``. [t CO2e]"""
        return next(line.co2e_t for line in self.lines if line.line == "net")

    @property
    def creditable(self) -> bool:
        """Whether nothing stands against issuing outside a sandbox."""
        return not self.indicative_reasons

    def to_dict(self) -> dict[str, Any]:
        """The shape of ``result.json``."""
        return {
            "method": self.method,
            "kind": self.kind,
            "gas": self.gas,
            "gwp": self.gwp,
            "period": self.period.to_list(),
            "lines": [{"line": x.line, "co2e_t": x.co2e_t, "clause": x.clause} for x in self.lines],
            "by_year": [{"year": x.year, "co2e_t": x.co2e_t, "credits_t": x.credits_t} for x in self.by_year],
            "credits_t": self.credits_t,
            "deficit_t": self.deficit_t,
            "excluded": [{"why": x.why, "co2e_t": x.co2e_t} for x in self.excluded],
            "creditable": self.creditable,
            "indicative_reasons": list(self.indicative_reasons),
        }
