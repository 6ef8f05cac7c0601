"""The nouns of a compensation contract, as its file writes them. Amounts in yuan, for people write them; days whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.parameters import Status, worst
from tanhui.kernel.time import Period
from tanhui.projects.model import Both, Identifier, Part
from tanhui.projects.tenure.checks import tenure_parameter

__all__ = ["Coefficient", "Contract", "Instalment", "exact", "fen_of"]

StatusWord = Literal["primary", "secondary", "recalled", "scenario"]
Text = Annotated[str, Field(min_length=1, max_length=200)]
#: No account of a registry holds more. [CNY]
MOST_CNY = 1e13
Amount = Annotated[float, Field(ge=0, le=MOST_CNY, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=MOST_CNY, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


def exact(number: float) -> Fraction:
    """The number a person wrote, not the binary one beside it."""
    return Fraction(Decimal(repr(number)))


def fen_of(cny: Fraction) -> int:
    """Yuan as whole fen, rounded down: nothing is paid that the formula does not give."""
    return (cny * 100).__floor__()


class Sourced(Part):
    """A number with where it is from: a clause of the contract, a rule, or nothing but a request."""

    reference: Text
    status: StatusWord


class Payer(Part):
    """Who pays, and from which account."""

    name: Text
    account: Text


class Payee(Part):
    """Who is paid: one account, or everybody in the project's tenure table by days and contract."""

    name: Text
    account: str = ""
    tenure: bool = False


class Days(Part):
    """First and last day, both included."""

    first: date
    last: date


class Leaving(Part):
    """A parcel that leaves the contract: it is paid until this day."""

    parcel: Text
    last_day: date


class Land(Part):
    """Which land is paid for: parcels or strata by name, or all of the run where none is named."""

    parcels: tuple[Text, ...] = ()
    strata: tuple[Text, ...] = ()
    leaving: tuple[Leaving, ...] = ()


class Measure(Part):
    """What is paid for: the change of the stock, or holding it; on the value itself or the interval's lower end."""

    pay_for: Literal["change", "stock"]
    pay_on: Literal["value", "lower_bound"]


class Price(Sourced):
    """What a tonne of change is worth, or a tonne held for a year, from a day on. [CNY/t CO2e, CNY/t CO2e/yr]"""

    cny_t: Positive
    since: date | None = None


class Coefficient(Sourced):
    """A transfer coefficient (转移支付系数) for some of the land; ``raised_by`` names a parameter added to 1."""

    name: Both
    value: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    raised_by: str = ""
    parcels: tuple[Text, ...] = ()
    strata: tuple[Text, ...] = ()

    def factor(self, day: date) -> Fraction:
        """What an amount is multiplied by."""
        if self.value is not None:
            return exact(self.value)
        return 1 + exact(tenure_parameter(self.raised_by, day).number())

    def concerns(self, parcel: str, stratum: str) -> bool:
        """Whether it holds for a parcel."""
        return not (self.parcels or self.strata) or parcel in self.parcels or stratum in self.strata

    def worst_status(self, day: date) -> Status:
        """Its own status, or that of the parameter where it is worse."""
        own = Status.parse(self.status)
        return own if self.value is not None else worst([own, tenure_parameter(self.raised_by, day).status])


class Limits(Sourced):
    """Least and most for a year, and most for the whole contract."""

    floor_cny_yr: Amount | None = None
    ceiling_cny_yr: Amount | None = None
    total_cny: Amount | None = None


class Loss(Part):
    """What a negative change does: nothing, it is taken off what is earned later, or it is owed back at once.

    Losses by one of the causes in ``force_majeure`` are forgiven.
    """

    rule: Literal["forgive", "offset", "repay"]
    force_majeure: tuple[Text, ...] = ()


class Prepayment(Part):
    """Money paid before anything is measured; each later instalment pays back a share of itself, the last ones all."""

    cny: Positive
    day: date
    recovered_share: Share


class Instalment(Part):
    """A part of what a period earned, and how many days after its end it is due."""

    parts: Annotated[int, Field(ge=1, le=10_000)] = 1
    days_after: Annotated[int, Field(ge=0, le=36_500)] = 0


class Contract(Part):
    """A whole contract.

    ``amendment`` counts its versions: once money went out, another content needs the next number. An amended contract
    is applied to all of its life; what should hold from a day on is said with ``since``, ``leaving`` or ``ended``.
    """

    id: Identifier
    amendment: Annotated[int, Field(ge=0, le=9_999)] = 0
    project: Identifier
    title: Both
    signed: date
    asset: Text = "CNY"
    payer: Payer
    payee: Payee
    period: Days
    #: Last day, where the contract ended before its time.
    ended: date | None = None
    land: Land = Land()
    measure: Measure
    prices: tuple[Price, ...]
    coefficients: tuple[Coefficient, ...] = ()
    limits: Limits | None = None
    loss: Loss
    prepayment: Prepayment | None = None
    instalments: tuple[Instalment, ...] = (Instalment(),)
    #: Part of a payment that may be kept back for what was overpaid before.
    recovered_share: Share = 1.0

    @property
    def days(self) -> Period:
        """The days for which it pays."""
        return Period.inclusive(self.period.first, min(self.period.last, self.ended or self.period.last))

    @property
    def sha256(self) -> str:
        """Hash of what it says, however the file is laid out."""
        return hash_json(self.model_dump(mode="json"))

    def price_on(self, day: date) -> Price:
        """The price in force on a day."""
        return next(price for price in reversed(self.prices) if price.since is None or price.since <= day)

    def numbers(self) -> Iterator[Status]:
        """The status of every number that decides an amount."""
        yield from (Status.parse(price.status) for price in self.prices)
        yield from (found.worst_status(self.days.last_day) for found in self.coefficients)
        if self.limits:
            yield Status.parse(self.limits.status)

    @property
    def status(self) -> Status:
        """The worst of them."""
        return worst(self.numbers())

    @property
    def scenario(self) -> bool:
        """Whether a number rests on nothing but a request."""
        return self.status is Status.SCENARIO
