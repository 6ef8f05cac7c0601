"""The nouns of tenure: a party, and a right to a parcel. Names and certificate numbers in them are private."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tanhui.kernel.time import Period
from tanhui.kernel.units import M2_PER_HA, MU_PER_HA

__all__ = ["PRIVATE", "Party", "Right", "area_m2", "same_name"]

#: Keys of :meth:`Right.to_dict` that name people or lead to them; a public leaf holds a commitment instead.
PRIVATE = ("certificate_number", "certificate_holder", "contract_number", "owner", "contractor", "operator")


def area_m2(mu: Decimal) -> int:
    """An area in mu as whole square metres, rounded down: nothing is credited that a certificate does not give."""
    return math.floor(Fraction(mu) * M2_PER_HA / MU_PER_HA)


def same_name(one: str, other: str) -> bool:
    """Whether two names are written alike, whatever the width of letters and the spaces between them."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody's name, and the pseudonymous account that is paid; both empty where there is nobody."""

    name: str = ""
    account: str = ""

    def to_list(self) -> list[str]:
        """As a right's document carries it."""
        return [self.name, self.account]


@dataclass(frozen=True, slots=True)
class Right:
    """One right to one parcel: a certificate, a contract, three parties and a term.

    Attributes
    ----------
    parcel : str
        Number of the parcel (小班 or 宗地).
    certificate_number, certificate_holder : str
        Number of the certificate (不动产权证 or 林权证) and who it names.
    contract_number : str
        The contract (承包 or 流转合同) under which the operator manages the parcel.
    owner, contractor, operator : Party
        所有权人, 承包方 (nobody where the collective manages the land itself), 经营者.
    collective : bool
        Whether the land belongs to a collective and not to the state.
    first_day, last_day : date
        Term of the right, both days included.
    certified_mu : Decimal
        Area as the certificate prints it. [mu]
    carbon_authorised : bool
        Whether the carbon income may be claimed by the operator (碳汇收益权授权).
    minutes_sha256 : str
        Hash of the minutes in which the village meeting agreed; empty where there are none.
    income_share : Decimal
        Part of the parcel's income that the contract gives to the contractor, or to the owner where there is no
        contractor; the rest is the operator's. [1]
    region : str
        Province or county, where income is split between regions.
    key_ecological : bool
        Whether the parcel lies in a key ecological function zone (重点生态功能区).
    row : int
        Row of the table it was read from; no part of the right.
    """

    parcel: str
    certificate_number: str
    certificate_holder: str
    contract_number: str
    owner: Party
    contractor: Party
    operator: Party
    collective: bool
    first_day: date
    last_day: date
    certified_mu: Decimal
    carbon_authorised: bool
    minutes_sha256: str
    income_share: Decimal
    region: str = ""
    key_ecological: bool = False
    row: int = field(default=0, compare=False)

    @property
    def term(self) -> Period:
        """The days of the right."""
        return Period.inclusive(self.first_day, self.last_day)

    @property
    def certified_m2(self) -> int:
        """Area of the certificate in whole square metres. [m2]"""
        return area_m2(self.certified_mu)

    @property
    def household(self) -> Party:
        """Who gets the income share: the contractor, or the owner of land that is not contracted out."""
        return self.contractor if self.contractor.name else self.owner

    def to_dict(self) -> dict[str, Any]:
        """The whole right, private parts included; :data:`PRIVATE` names those."""
        return {
            "parcel": self.parcel,
            "certificate_number": self.certificate_number,
            "certificate_holder": self.certificate_holder,
            "contract_number": self.contract_number,
            "owner": self.owner.to_list(),
            "contractor": self.contractor.to_list(),
            "operator": self.operator.to_list(),
            "collective": self.collective,
            "term": self.term.to_list(),
            "certified_mu": format(self.certified_mu, "f"),
            "carbon_authorised": self.carbon_authorised,
            "minutes_sha256": self.minutes_sha256,
            "income_share": format(self.income_share, "f"),
            "region": self.region,
            "key_ecological": self.key_ecological,
        }

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Right:
        """The inverse of :meth:`to_dict`."""
        fields = dict(entry)
        first, last = fields.pop("term")
        for name in ("owner", "contractor", "operator"):
            fields[name] = Party(*fields[name])
        for name in ("certified_mu", "income_share"):
            fields[name] = Decimal(fields[name])
        return cls(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last), **fields)
