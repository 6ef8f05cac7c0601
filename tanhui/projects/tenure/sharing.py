"""Benefit sharing 收益分配: an amount of money in fen, a table of rights and a scheme give one payment per account.

A scheme is a row or a few of ``data/projects_tenure/sharing.csv``: it cuts the amount into *pots*, and each pot is
shared out over rights by credited area, days in force and, where the scheme says so, a coefficient. Each cut is made by
the method of largest remainders, so the integers add up exactly and everybody is within one fen of what is due. What
may not be paid yet (too small, or in dispute) is carried to the next time; nothing is lost.

Where it is known what each parcel earns, as under a contract that pays by measured stock, :func:`share_parcels` shares
each parcel's money among those who held it, by their days.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from heapq import nsmallest
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.kernel.parameters import Status, worst
from tanhui.kernel.time import Period
from tanhui.kernel.units import M2_PER_HA, MU_PER_HA
from tanhui.kernel.wording import Lang, say
from tanhui.projects.tenure.checks import by_parcel, tenure_parameter
from tanhui.projects.tenure.model import Party, Right

__all__ = [
    "Distribution",
    "Payee",
    "Payment",
    "Pot",
    "Recorded",
    "Scheme",
    "Stake",
    "Statement",
    "Total",
    "apportion",
    "scheme",
    "schemes",
    "share_income",
    "share_parcels",
    "statements",
    "yuan",
]

Key = TypeVar("Key")

#: Reason of a payment that was carried from an earlier distribution.
CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class SchemeLine:
    """One pot of a scheme: what part of the amount, who is paid from it, and weighted by what.

    ``pays`` is ``contract`` (contractor and operator, as the contract of each parcel says) or ``owner``. ``region``
    numbers a region that the caller names, 0 means all; ``coefficient`` names the parameter that raises the weight of
    parcels in key ecological function zones.
    """

    pot: str
    share: Fraction
    pays: str
    region: int
    coefficient: str
    status: Status


@dataclass(frozen=True, slots=True)
class Scheme:
    """A rule for sharing, as data."""

    id: str
    lines: tuple[SchemeLine, ...]

    def status_on(self, day: date) -> Status:
        """The worst status of the shares and of the coefficients they use."""
        leaves = [tenure_parameter(line.coefficient, day).status for line in self.lines if line.coefficient]
        return worst([*leaves, *(line.status for line in self.lines)])

    @property
    def regions(self) -> int:
        """How many regions the caller has to name."""
        return max(line.region for line in self.lines)


@cache
def schemes() -> dict[str, Scheme]:
    """Every scheme of ``data/projects_tenure/sharing.csv``."""
    found: dict[str, list[SchemeLine]] = {}
    with data_path("projects_tenure", "sharing.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            line = SchemeLine(
                pot=row["pot"],
                share=Fraction(row["share"]),
                pays=row["pays"],
                region=int(row["region"]),
                coefficient=row["coefficient"],
                status=Status.parse(row["status"]),
            )
            found.setdefault(row["scheme"], []).append(line)
    return {name: Scheme(name, tuple(lines)) for name, lines in found.items()}


def scheme(name: str) -> Scheme:
    """One scheme by its id."""
    try:
        return schemes()[name]
    except KeyError:
        raise DomainError("tenure.unknown_scheme", scheme=name, known=", ".join(schemes())) from None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money for one account; ``reason`` is the pot it comes from, or ``carried``."""

    account: str
    fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class Payee:
    """Who stands behind an account, as the tenure table writes it: a private matter."""

    name: str
    village: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where the public log knows a distribution: the leaf, and the hash of the table of shares that it carries."""

    origin: str
    request: str
    index: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stake:
    """One party's part in one right, and what it weighs in its pot.

    ``quota`` is what it comes to exactly, ``fen`` in whole fen, so that the stakes of an account add up to its dues.
    """

    pot: str
    account: str
    parcel: str
    area_m2: int
    days: int
    share: Decimal
    weight: int
    coefficient: Fraction = Fraction(1)
    quota: Fraction = Fraction(0)
    fen: int = 0

    def cny_per_mu(self, period_days: int) -> Fraction:
        """What one mu brings whose household gets all of it for the whole period. [CNY/mu]"""
        mu = Fraction(self.area_m2 * MU_PER_HA, M2_PER_HA)
        return self.quota / 100 / (mu * Fraction(self.days, period_days) * Fraction(self.share) * self.coefficient)


@dataclass(frozen=True, slots=True)
class Pot:
    """A part of the amount, and what all stakes in it weigh together."""

    name: str
    fen: int
    weight: int


@dataclass(frozen=True, slots=True)
class Total:
    """One row of the table of totals: what came in and where it went. [fen]"""

    reason: str
    fen: int
    paid_fen: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """One amount shared out. ``payments`` are in order of account; ``carried_out`` is what waits for the next time.

    ``deducted`` is what was taken off before (name and fen), ``source`` names the contract and run that it comes from.
    """

    amount_fen: int
    scheme: Scheme
    status: Status
    period: Period
    pots: tuple[Pot, ...]
    stakes: tuple[Stake, ...]
    dues: tuple[Payment, ...]
    payments: tuple[Payment, ...]
    carried_in: Mapping[str, int]
    carried_out: Mapping[str, int]
    deducted: tuple[tuple[str, int], ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)
    payees: Mapping[str, Payee] = field(default_factory=dict, compare=False)
    recorded: Recorded | None = field(default=None, compare=False)

    def noting(self, rights: Iterable[Right], deducted: Mapping[str, int]) -> Distribution:
        """The same with the people behind the accounts, and what was taken off before."""
        payees: dict[str, Payee] = {}
        for right in rights:
            for party in (right.owner, right.operator, right.household):
                known = payees.setdefault(party.account, Payee(party.name, right.owner.name))
                if known.village != right.owner.name:  # somebody with land in several villages is none of theirs
                    payees[party.account] = Payee(known.name, "")
        payees = {account: payees[account] for account in sorted({due.account for due in self.dues} & payees.keys())}
        taken = tuple((name, fen) for name, fen in deducted.items() if fen)
        if any(fen < 0 for _, fen in taken):
            raise DomainError("tenure.negative", amount=min(fen for _, fen in taken))
        return replace(self, payees=payees, deducted=taken)

    @property
    def paid_fen(self) -> int:
        """All payments together."""
        return sum(payment.fen for payment in self.payments)

    def totals(self) -> list[Total]:
        """Per pot, and for what was carried in: due, paid, and to how many accounts."""
        incoming = {pot.name: pot.fen for pot in self.pots} | {CARRIED: sum(self.carried_in.values())}
        paid = dict.fromkeys(incoming, 0)
        accounts = dict.fromkeys(incoming, 0)
        for payment in self.payments:
            paid[payment.reason] += payment.fen
            accounts[payment.reason] += 1
        return [Total(reason, fen, paid[reason], accounts[reason]) for reason, fen in incoming.items()]


def apportion(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers in proportion to weights, with exactly the given sum: the method of largest remainders.

    Each gets the floor of its quota; what is left goes one by one to the largest remainders, and among equal ones to
    the first in order of name. So the answer depends on nothing but the arguments, and each differs from its quota by
    less than one.

    Parameters
    ----------
    amount : int
        What is shared out, zero or more.
    weights : mapping of str to int
        Zero or more each, not all zero.

    Raises
    ------
    DomainError
        If the amount or a weight is negative, or no weight is positive while there is something to share.
    """
    total = sum(weights.values())
    if amount < 0 or min(weights.values(), default=0) < 0:
        raise DomainError("tenure.negative", amount=amount)
    if not total:
        if amount:
            raise DomainError("tenure.nobody_to_pay", amount=amount)
        return dict.fromkeys(weights, 0)
    shares: dict[str, int] = {}
    remainders: list[tuple[int, str]] = []
    for name, weight in weights.items():
        shares[name], remainder = divmod(amount * weight, total)
        if remainder:
            remainders.append((-remainder, name))
    for _, name in nsmallest(amount - sum(shares.values()), remainders):
        shares[name] += 1
    return shares


def share_income(
    amount_fen: int,
    rights: Sequence[Right],
    by: Scheme,
    *,
    areas_m2: Mapping[str, int],
    period: Period,
    regions: Sequence[str] = (),
    carried: Mapping[str, int] | None = None,
    withheld: Iterable[str] = (),
    least_fen: int = 1,
    deducted: Mapping[str, int] | None = None,
    allow_scenario: bool = False,
) -> Distribution:
    """Share an amount out over the parties of the tenure table.

    Parameters
    ----------
    amount_fen : int
        Net income, fees and taxes already taken off. [fen]
    rights : sequence of Right
        The tenure table; a right counts for its days inside ``period``.
    by : Scheme
        Who gets which part.
    areas_m2 : mapping of str to int
        Credited area by parcel, see :func:`~tanhui.projects.tenure.checks.credited_areas`. [m2]
    period : Period
        The days in which the credits that were sold were made.
    regions : sequence of str
        Names of the regions, in the order of the scheme, where it splits between regions.
    carried : mapping of str to int, optional
        What earlier distributions could not pay, by account. [fen]
    withheld : iterable of str
        Accounts that may not be paid now, for example because of a dispute; their part is carried.
    least_fen : int
        Smallest sum that is paid out to one account; less is carried. [fen]
    deducted : mapping of str to int, optional
        What was taken off the income before, by name; it is printed on every statement. [fen]
    allow_scenario : bool
        Whether a scheme may be used that only the request states and no rule in force.

    Raises
    ------
    DomainError
        If the scheme is a scenario and none is allowed, regions are missing, or a pot has nobody to pay.
    RefusedInput
        With a fault for each party that should be paid and has no account.
    """
    status = by.status_on(period.last_day)
    if status is Status.SCENARIO and not allow_scenario:
        raise DomainError("tenure.scenario_scheme", scheme=by.id)
    if len(set(regions)) != by.regions or len(regions) != by.regions:
        raise DomainError("tenure.regions_wrong", scheme=by.id, wanted=by.regions, given=", ".join(regions) or "-")
    _refuse_missing_accounts(rights, by)
    pots: list[Pot] = []
    stakes: list[Stake] = []
    dues: list[Payment] = []
    line_of = {line.pot: line for line in by.lines}
    cut = apportion(amount_fen, _whole({line.pot: line.share for line in by.lines}))
    for name, fen in cut.items():
        of_pot = _stakes(line_of[name], rights, areas_m2, period, regions)
        weights: dict[str, int] = {}
        for stake in of_pot:
            weights[stake.account] = weights.get(stake.account, 0) + stake.weight
        pots.append(Pot(name, fen, sum(weights.values())))
        due = apportion(fen, weights)
        stakes += _paid_stakes(of_pot, pots[-1], due)
        dues += [Payment(account, part, name) for account, part in due.items() if part]
    return _distribution(
        amount_fen, by, status, period, pots, stakes, dues, carried or {}, frozenset(withheld), least_fen
    ).noting(rights, deducted or {})


def share_parcels(
    fen_of: Mapping[str, int],
    rights: Sequence[Right],
    *,
    areas_m2: Mapping[str, int],
    days_of: Mapping[str, Period],
    period: Period,
    status: Status = Status.PRIMARY,
    carried: Mapping[str, int] | None = None,
    withheld: Iterable[str] = (),
    least_fen: int = 1,
) -> Distribution:
    """Share out what each parcel earned, among those who held it, by the contract of each and by days.

    Whoever sold a right in the middle of the period is paid until the last day of it, whoever bought it from the next.

    Parameters
    ----------
    fen_of : mapping of str to int
        What each parcel earned. [fen]
    areas_m2 : mapping of str to int
        Area of each parcel, for the statements. [m2]
    days_of : mapping of str to Period
        The days for which each parcel is paid.
    period : Period
        The days of the whole account.

    Raises
    ------
    RefusedInput
        With every parcel that nobody held on some of its days, and everybody who has no account.
    """
    by = scheme("contract")
    (line,) = by.lines
    held = by_parcel(right for right in rights if fen_of.get(right.parcel))
    faults = [
        fault for parcel, fen in sorted(fen_of.items()) if fen for fault in _unheld(parcel, held, days_of[parcel])
    ]
    if faults:
        raise RefusedInput(faults)
    _refuse_missing_accounts([right for of_parcel in held.values() for right in of_parcel], by)
    stakes: list[Stake] = []
    for parcel, of_parcel in held.items():
        found = _stakes(line, of_parcel, {parcel: max(areas_m2.get(parcel, 0), 1)}, days_of[parcel], ())
        pot = Pot(line.pot, fen_of[parcel], sum(stake.weight for stake in found))
        parts = apportion(pot.fen, {f"{at:06}": stake.weight for at, stake in enumerate(found)})
        stakes += [
            replace(stake, fen=fen, quota=Fraction(pot.fen * stake.weight, pot.weight))
            for stake, fen in zip(found, parts.values(), strict=True)
        ]
    sums: dict[str, int] = {}
    for stake in stakes:
        sums[stake.account] = sums.get(stake.account, 0) + stake.fen
    amount = sum(sums.values())
    dues = [Payment(account, fen, line.pot) for account, fen in sums.items() if fen]
    pots = [Pot(line.pot, amount, sum(stake.weight for stake in stakes))]
    return _distribution(
        amount, by, status, period, pots, stakes, dues, carried or {}, frozenset(withheld), least_fen
    ).noting(rights, {})


def _unheld(parcel: str, held: Mapping[str, Sequence[Right]], days: Period) -> Iterator[Fault]:
    """A parcel that nobody held on some of its days."""
    covered = sum(_days((right.first_day, right.last_day), days) for right in held.get(parcel, ()))
    if covered < days.days:
        first, last = days.to_list()
        facts = {"first": first, "last": last, "missing": days.days - covered}
        yield Fault("tenure.nobody_held", column="parcel", value=parcel, facts=facts)


def _paid_stakes(stakes: Iterable[Stake], pot: Pot, due: Mapping[str, int]) -> Iterator[Stake]:
    """Stakes with what each comes to: whole fen that add up to what their account is due from the pot."""
    ordered = sorted(stakes, key=attrgetter("account", "parcel", "days", "weight"))
    for account, group in groupby(ordered, key=attrgetter("account")):
        found = list(group)
        parts = apportion(due[account], {f"{at:06}": stake.weight for at, stake in enumerate(found)})
        for stake, fen in zip(found, parts.values(), strict=True):
            yield replace(stake, fen=fen, quota=Fraction(pot.fen * stake.weight, pot.weight))


def _distribution(
    amount_fen: int,
    by: Scheme,
    status: Status,
    period: Period,
    pots: Sequence[Pot],
    stakes: list[Stake],
    dues: list[Payment],
    carried: Mapping[str, int],
    withheld: frozenset[str],
    least_fen: int,
) -> Distribution:
    """Everything in order, what was carried added, and what is paid told from what waits."""
    carried_in = {account: fen for account, fen in sorted(carried.items()) if fen}
    dues += [Payment(account, fen, CARRIED) for account, fen in carried_in.items()]
    dues.sort(key=lambda due: (due.account, due.reason))
    payments, carried_out = _pay(dues, withheld, least_fen)
    stakes.sort(key=attrgetter("account", "pot", "parcel", "days", "weight"))
    assert sum(pay.fen for pay in payments) + sum(carried_out.values()) == amount_fen + sum(carried_in.values())
    return Distribution(
        amount_fen,
        by,
        status,
        period,
        tuple(pots),
        tuple(stakes),
        tuple(dues),
        tuple(payments),
        carried_in,
        carried_out,
    )


def _whole(shares: Mapping[Key, Fraction]) -> dict[Key, int]:
    """Fractions on their common denominator."""
    scale = math.lcm(*(share.denominator for share in shares.values()))
    return {name: int(share * scale) for name, share in shares.items()}


def _refuse_missing_accounts(rights: Iterable[Right], by: Scheme) -> None:
    ways = {line.pays for line in by.lines}
    faults = []
    for right in rights:
        parties = [("owner", right.owner)] if "owner" in ways else []
        if "contract" in ways:
            household = "contractor" if right.contractor.name else "owner"
            parties += [(household, right.household)] if right.income_share else []
            parties += [("operator", right.operator)] if right.income_share != 1 else []
        faults += [
            Fault("tenure.no_account", "", "", right.row, f"{column}_account", right.parcel)
            for column, party in dict(parties).items()
            if not party.account
        ]
    if faults:
        raise RefusedInput(faults)


def _stakes(
    line: SchemeLine, rights: Sequence[Right], areas_m2: Mapping[str, int], period: Period, regions: Sequence[str]
) -> list[Stake]:
    """Who has which part in a pot: weights are area times days times coefficient times share, as whole numbers."""
    region = regions[line.region - 1] if line.region else None
    raised = Fraction(1)
    if line.coefficient:
        raised += Fraction(str(tenure_parameter(line.coefficient, period.last_day).value))
    # Thousands of rights have the same few shares and terms.
    whole = _whole({share: Fraction(share) for share in {part for right in rights for part in _parts(line, right)}})
    days = {term: _days(term, period) for term in {(right.first_day, right.last_day) for right in rights}}
    stakes = []
    for right in rights:
        area = areas_m2.get(right.parcel, 0) if region in (None, right.region) else 0
        factor = raised.numerator if right.key_ecological else raised.denominator
        in_force = days[right.first_day, right.last_day]
        for party, share in zip(_payees(line, right), _parts(line, right), strict=True):
            weight = area * in_force * factor * whole[share]
            if weight:
                raise_by = raised if right.key_ecological else Fraction(1)
                stakes.append(Stake(line.pot, party.account, right.parcel, area, in_force, share, weight, raise_by))
    return stakes


def _payees(line: SchemeLine, right: Right) -> tuple[Party, ...]:
    return (right.household, right.operator) if line.pays == "contract" else (right.owner,)


def _parts(line: SchemeLine, right: Right) -> tuple[Decimal, ...]:
    return (right.income_share, 1 - right.income_share) if line.pays == "contract" else (Decimal(1),)


def _days(term: tuple[date, date], period: Period) -> int:
    """Days of a term inside a period."""
    shared = Period.inclusive(*term).overlap(period)
    return shared.days if shared else 0


def _pay(dues: Sequence[Payment], withheld: frozenset[str], least_fen: int) -> tuple[list[Payment], dict[str, int]]:
    """Payments, and by account what waits."""
    payments: list[Payment] = []
    carried: dict[str, int] = {}
    for account, group in groupby(dues, key=attrgetter("account")):
        found = list(group)
        fen = sum(due.fen for due in found)
        if account in withheld or fen < least_fen:
            carried[account] = fen
        else:
            payments += found
    return payments, carried


@dataclass(frozen=True, slots=True)
class Statement:
    """What one account is told: its stakes, what is due, and whether it is paid or carried."""

    account: str
    scenario: bool
    stakes: tuple[Stake, ...]
    dues: tuple[Payment, ...]
    carried_fen: int

    @property
    def due_fen(self) -> int:
        """All that is due. [fen]"""
        return sum(due.fen for due in self.dues)

    def text(self, lang: Lang = "en") -> str:
        """The statement as lines of text."""
        lines = [say("tenure.scenario", lang)] if self.scenario else []
        lines.append(say("tenure.statement", lang, account=self.account))
        lines += [
            say(
                "tenure.stake",
                lang,
                parcel=stake.parcel,
                mu=f"{stake.area_m2 * MU_PER_HA / M2_PER_HA:.2f}",
                days=stake.days,
                percent=f"{(stake.share * 100).normalize():f}",
                pot=say(f"tenure.pot.{stake.pot}", lang),
            )
            for stake in self.stakes
        ]
        lines += [say("tenure.due", lang, pot=say(f"tenure.pot.{d.reason}", lang), cny=yuan(d.fen)) for d in self.dues]
        key = "tenure.total_carried" if self.carried_fen else "tenure.total_paid"
        return "\n".join([*lines, say(key, lang, cny=yuan(self.due_fen))])


def yuan(fen: int) -> str:
    """An amount as people read it: 1,234.56."""
    return f"{fen // 100:,}.{fen % 100:02d}"


def statements(distribution: Distribution) -> Iterator[Statement]:
    """One statement for each account that has a stake or something due, in order of account."""
    stakes = {key: tuple(group) for key, group in groupby(distribution.stakes, key=attrgetter("account"))}
    dues = {key: tuple(group) for key, group in groupby(distribution.dues, key=attrgetter("account"))}
    scenario = distribution.status is Status.SCENARIO
    for account in sorted(stakes.keys() | dues.keys()):
        waiting = distribution.carried_out.get(account, 0)
        yield Statement(account, scenario, stakes.get(account, ()), dues.get(account, ()), waiting)
