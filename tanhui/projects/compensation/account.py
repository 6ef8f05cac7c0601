"""The account of a contract: what was measured and paid so far, and a day, give what is due. Pure; whole fen.

For each period that was measured::

    tonnes of a parcel x part of the period it was in the contract x price x coefficients = its amount
    all amounts, deficit of earlier losses, floor, ceiling, what the whole contract has left = what the period earned

What a period earned falls due in instalments; each pays back its share of the prepayment. Everything is worked out anew
from the beginning each time, and what is payable is what is owed less what was paid. So a corrected measurement, a loss
or an amendment becomes a difference that the next payment makes good, and nothing is paid twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects.compensation.measured import Measured, MeasuredParcel
from tanhui.projects.compensation.model import Contract, exact, fen_of
from tanhui.projects.tenure.sharing import apportion

__all__ = ["PREPAYMENT", "Account", "Earned", "Entry", "Item", "Line", "Paid", "account_of", "whole_parts", "years_of"]

PREPAYMENT = "prepayment"


@dataclass(frozen=True, slots=True)
class Entry:
    """A measurement that an account rests on, and the cause by which what it lost is forgiven, if any."""

    measured: Measured
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that was made: for which items, and how much. [fen]"""

    request: str
    day: date
    items: tuple[str, ...]
    fen: int


@dataclass(frozen=True, slots=True)
class Line:
    """One parcel in one period: the formula with its numbers, exactly and in whole fen."""

    parcel: str
    stratum: str
    area_m2: int
    tonnes: Fraction
    days: Period
    part: Fraction
    cny_t: Fraction
    coefficients: tuple[tuple[int, Fraction], ...]
    cny: Fraction
    fen: int = 0

    @property
    def coefficient(self) -> Fraction:
        """All coefficients together."""
        product = Fraction(1)
        for _, factor in self.coefficients:
            product *= factor
        return product


@dataclass(frozen=True, slots=True)
class Earned:
    """What one period earned, and how that came about.

    ``used`` is what was paid on: the value, the lower bound, or the value because it was a loss. ``steps`` lead from
    the sum of the lines to ``fen``; ``low_fen`` and ``high_fen`` are what the same steps make of both ends of the
    measured interval. ``deficit_fen`` is what later periods have to make good.
    """

    measured: Measured
    days: Period
    used: str
    used_t: Fraction
    lines: tuple[Line, ...]
    steps: tuple[tuple[str, int], ...]
    fen: int
    low_fen: int
    high_fen: int
    deficit_fen: int
    cause: str

    @property
    def key(self) -> str:
        """How its items are called: by its last day."""
        return self.measured.period.last_day.isoformat()


@dataclass(frozen=True, slots=True)
class Item:
    """Something that falls due: the prepayment, an instalment, or a loss to be paid back (negative). [fen]"""

    period: str
    number: int
    day: date
    fen: int
    recovered_fen: int = 0

    @property
    def key(self) -> str:
        """Its name in the database."""
        return f"{self.period}/{self.number}" if self.number else self.period

    @property
    def net_fen(self) -> int:
        """What is owed of it, after what it pays back of the prepayment."""
        return self.fen - self.recovered_fen


@dataclass(frozen=True)
class Account:
    """Where a contract stands on a day."""

    contract: Contract
    on: date
    earned: tuple[Earned, ...]
    items: tuple[Item, ...]
    paid: tuple[Paid, ...]

    @property
    def due(self) -> tuple[Item, ...]:
        """Items that fell due on or before the day."""
        return tuple(item for item in self.items if item.day <= self.on)

    @property
    def owed_fen(self) -> int:
        """All that fell due."""
        return sum(item.net_fen for item in self.due)

    @property
    def paid_fen(self) -> int:
        """All that was paid."""
        return sum(payment.fen for payment in self.paid)

    @property
    def new(self) -> tuple[Item, ...]:
        """Items for which nothing was paid yet."""
        settled = {key for payment in self.paid for key in payment.items}
        return tuple(item for item in self.due if item.key not in settled)

    @cached_property
    def payable_fen(self) -> int:
        """What is to be paid now.

        Owed less paid; but of what falls due for the first time no more is kept back for what was overpaid before than
        the contract's share.
        """
        fresh = sum(max(item.net_fen, 0) for item in self.new)
        kept = fen_of(exact(self.contract.recovered_share) * Fraction(fresh, 100))
        return max(self.owed_fen - self.paid_fen, fresh - kept)

    @property
    def overpaid_fen(self) -> int:
        """What the payee will have had too much once the payable is paid; the next payments make it good."""
        return self.paid_fen + self.payable_fen - self.owed_fen

    @property
    def prepaid_fen(self) -> int:
        """What of the prepayment is still to be paid back by instalments."""
        return sum(item.fen for item in self.due if item.period == PREPAYMENT) - sum(i.recovered_fen for i in self.due)

    @property
    def next_item(self) -> Item | None:
        """What falls due next."""
        return min((item for item in self.items if item.day > self.on), key=lambda item: item.day, default=None)

    def parts(self) -> dict[str, int]:
        """What is payable, by the period that it is paid for. [fen]"""
        sums: dict[str, int] = {}
        for item in self.new:
            if item.net_fen > 0:
                sums[item.period] = sums.get(item.period, 0) + item.net_fen
        if not sums:  # a correction of what was settled before
            sums = {next((e.key for e in reversed(self.earned) if e.fen > 0), PREPAYMENT): 1}
        return {key: fen for key, fen in apportion(self.payable_fen, sums).items() if fen}

    def parcels(self, key: str, fen: int) -> dict[str, int]:
        """A payment for a period, by parcel: in proportion to their amounts, or to area where none has one. [fen]"""
        (earned,) = (found for found in self.earned if found.key == key)
        weights = {line.parcel: max(line.fen, 0) for line in earned.lines}
        if not any(weights.values()):
            weights = {line.parcel: line.area_m2 for line in earned.lines}
        return apportion(fen, weights)


def account_of(contract: Contract, entries: Iterable[Entry], paid: Iterable[Paid], on: date) -> Account:
    """The account of a contract on a day.

    Parameters
    ----------
    entries : iterable of Entry
        Every measurement so far, the newest of each period, in any order.
    paid : iterable of Paid
        Every payment so far.

    Raises
    ------
    DomainError
        If two measurements share days.
    """
    ordered = sorted(entries, key=lambda entry: entry.measured.period)
    for one, other in pairwise(ordered):
        if one.measured.period.overlap(other.measured.period):
            spans = {"one": _span(one.measured.period), "other": _span(other.measured.period)}
            raise DomainError("compensation.periods_overlap", **spans)
    earned: list[Earned] = []
    for entry in ordered:
        if entry.measured.period.overlap(contract.days):
            earned.append(_earn(contract, entry, earned))
    return Account(contract, on, tuple(earned), tuple(_items(contract, earned)), tuple(paid))


def _span(period: Period) -> str:
    return " – ".join(period.to_list())


# A period


def _earn(contract: Contract, entry: Entry, before: Sequence[Earned]) -> Earned:
    """What a period earned, after those before it."""
    measured = entry.measured
    days = measured.period.overlap(contract.days)
    assert days is not None
    kind = contract.measure.pay_for
    reading = measured.readings[kind]
    used, used_t = "value", reading.value
    if contract.measure.pay_on == "lower_bound":
        # A bound that lies below zero beside a value above it says that nothing is sure, not that anything was lost.
        used, used_t = ("loss", reading.value) if reading.value < 0 else ("lower_bound", max(reading.low, Fraction(0)))
    lines = _lines(contract, measured, days, used_t)
    gross = fen_of(sum((line.cny for line in lines), Fraction(0)))
    whole = whole_parts({line.parcel: line.cny * 100 for line in lines}, gross)
    lines = [replace(line, fen=whole[line.parcel]) for line in lines]
    deficit = before[-1].deficit_fen if before else 0
    had, years = sum(period.fen for period in before), years_of(days)
    steps, fen, left = _limit(contract, gross, deficit, years, had, entry.cause)
    ends = []
    for tonnes in (reading.low, reading.high):
        amount = sum((line.cny for line in _lines(contract, measured, days, tonnes)), Fraction(0))
        ends.append(_limit(contract, fen_of(amount), deficit, years, had, entry.cause)[1])
    return Earned(measured, days, used, used_t, tuple(lines), steps, fen, min(ends), max(ends), left, entry.cause)


def _lines(contract: Contract, measured: Measured, days: Period, total_t: Fraction) -> list[Line]:
    """Every parcel that the contract pays for in a period, where the whole project has some tonnes."""
    tonnes = measured.allotted(contract.measure.pay_for, total_t)
    areas = measured.areas()
    left = {leaving.parcel: leaving.last_day for leaving in contract.land.leaving}
    prices: dict[Period, Fraction] = {}
    lines = []
    for parcel in measured.parcels:
        held = _held(days, left.get(parcel.parcel))
        if not _concerns(contract, parcel) or held is None or not parcel.area_m2:
            continue
        price = prices.setdefault(held, mean_price(contract, held))
        part = years_of(held) if contract.measure.pay_for == "stock" else Fraction(held.days, measured.period.days)
        own = tonnes[parcel.stratum] * parcel.area_m2 / areas[parcel.stratum]
        factors = tuple(
            (number, found.factor(days.last_day))
            for number, found in enumerate(contract.coefficients)
            if found.concerns(parcel.parcel, parcel.stratum)
        )
        line = Line(parcel.parcel, parcel.stratum, parcel.area_m2, own, held, part, price, factors, Fraction(0))
        lines.append(replace(line, cny=own * part * price * line.coefficient))
    return lines


def _concerns(contract: Contract, parcel: MeasuredParcel) -> bool:
    land = contract.land
    return not (land.parcels or land.strata) or parcel.parcel in land.parcels or parcel.stratum in land.strata


def _held(days: Period, last: date | None) -> Period | None:
    """The days on which a parcel was in the contract."""
    if last is None or last >= days.last_day:
        return days
    return Period.inclusive(days.start, last) if last >= days.start else None


def mean_price(contract: Contract, days: Period) -> Fraction:
    """The price over some days: each in force for its part of them. [CNY/t CO2e]"""
    starts = [price.since or days.start for price in contract.prices]
    marks = sorted({days.start, days.end, *(day for day in starts if days.start < day < days.end)})
    spans = [Period(one, other) for one, other in pairwise(marks)]
    return sum((exact(contract.price_on(span.start).cny_t) * span.days for span in spans), Fraction(0)) / days.days


def years_of(days: Period) -> Fraction:
    """Calendar years in a period; a day is a 365th or a 366th of its year. [yr]"""
    parts = (Fraction(span.days, (date(year + 1, 1, 1) - date(year, 1, 1)).days) for year, span in days.by_year())
    return sum(parts, Fraction(0))


def whole_parts(parts: Mapping[str, Fraction], total: int) -> dict[str, int]:
    """Whole numbers for fractions of either sign, with exactly the given sum: the method of largest remainders."""
    whole = {name: part.__floor__() for name, part in parts.items()}
    missing = total - sum(whole.values())
    largest = sorted(parts, key=lambda name: (whole[name] - parts[name], name))
    for name in largest[:missing]:
        whole[name] += 1
    return whole


def _limit(
    contract: Contract, gross: int, deficit: int, years: Fraction, had: int, cause: str
) -> tuple[tuple[tuple[str, int], ...], int, int]:
    """From the sum of the lines to what is earned: steps, fen, and the deficit that stays."""
    steps = [("gross", gross)]

    def take(name: str, before: int, after: int) -> int:
        if after != before:
            steps.append((name, after - before))
        return after

    rule, limits = contract.loss.rule, contract.limits
    fen = gross
    if fen < 0 and (cause or rule == "forgive"):
        fen = take("forgiven", fen, 0)
    fen = take("deficit", fen, fen + deficit)
    left = 0
    if fen < 0 and rule == "offset":
        left = fen
        fen = take("carried", fen, 0)
        return tuple(steps), fen, left
    if fen >= 0 and limits is not None:
        if limits.floor_cny_yr is not None:
            fen = take("floor", fen, max(fen, fen_of(exact(limits.floor_cny_yr) * years)))
        if limits.ceiling_cny_yr is not None:
            fen = take("ceiling", fen, min(fen, fen_of(exact(limits.ceiling_cny_yr) * years)))
        if limits.total_cny is not None:
            fen = take("total", fen, min(fen, max(fen_of(exact(limits.total_cny)) - had, 0)))
    return tuple(steps), fen, left


# What falls due


def _items(contract: Contract, earned: Sequence[Earned]) -> Iterator[Item]:
    """Everything that falls due, in order of day, each with what it pays back of the prepayment."""
    ahead = contract.prepayment
    left = fen_of(exact(ahead.cny)) if ahead else 0
    found = [Item(PREPAYMENT, 0, ahead.day, left)] if ahead else []
    last = {period.key for period in earned if period.measured.period.end >= contract.days.end}
    for period in earned:
        found += _instalments(contract, period)
    found.sort(key=lambda item: (item.day, item.period != PREPAYMENT, item.period, item.number))
    for item in found:
        if ahead is None or item.period == PREPAYMENT or item.fen <= 0:
            yield item
            continue
        share = Fraction(1) if item.period in last else exact(ahead.recovered_share)
        back = min(left, fen_of(share * Fraction(item.fen, 100)))
        left -= back
        yield replace(item, recovered_fen=back)


def _instalments(contract: Contract, period: Earned) -> list[Item]:
    """What a period earned, in the parts of the contract; a loss is owed back at once."""
    end = period.measured.period.last_day
    if period.fen <= 0:
        return [Item(period.key, 1, end, period.fen)] if period.fen else []
    parts = {f"{number:05}": part.parts for number, part in enumerate(contract.instalments, 1)}
    amounts = apportion(period.fen, parts)
    return [
        Item(period.key, number, end + timedelta(days=part.days_after), fen)
        for number, (part, fen) in enumerate(zip(contract.instalments, amounts.values(), strict=True), 1)
    ]
