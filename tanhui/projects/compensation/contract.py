"""A contract read from its file and checked whole: every setting that is wrong is a fault, and all are told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.projects.compensation.model import Contract
from tanhui.projects.scout.files import read_shape

if TYPE_CHECKING:
    from tanhui.projects.compensation.measured import Measured

__all__ = ["contract_faults", "land_faults", "read_contract"]


def read_contract(path: Path) -> Contract:
    """Read a contract.

    Raises
    ------
    RefusedInput
        With everything that is wrong: settings missing, unknown or of the wrong kind; days out of order; prices that
        leave days without one; names that stand twice or nowhere.
    """
    contract = read_shape(path, Contract)
    if faults := contract_faults(contract):
        raise RefusedInput([replace(fault, file=path.name) for fault in faults])
    return contract


def contract_faults(contract: Contract) -> list[Fault]:
    """Everything in a contract of the right shape that does not go together."""
    checks: Sequence[Callable[[Contract], Iterator[Fault]]] = (
        _day_faults,
        _party_faults,
        _land_faults,
        _price_faults,
        _coefficient_faults,
        _limit_faults,
        _schedule_faults,
    )
    return [fault for check in checks for fault in check(contract)]


def _fault(code: str, column: str, value: object = "", **facts: Any) -> Fault:
    return Fault(f"compensation.{code}", column=column, value=str(value), facts=facts)


def _day_faults(contract: Contract) -> Iterator[Fault]:
    first, last = contract.period.first, contract.period.last
    if last < first:
        yield _fault("period_backwards", "period.last", last, first=first)
    if contract.ended and not first <= contract.ended <= last:
        yield _fault("outside_period", "ended", contract.ended, first=first, last=last)
    for leaving in contract.land.leaving:
        if not first <= leaving.last_day <= last:
            yield _fault("outside_period", f"land.leaving[{leaving.parcel}]", leaving.last_day, first=first, last=last)


def _party_faults(contract: Contract) -> Iterator[Fault]:
    payee = contract.payee
    if bool(payee.account) == payee.tenure:
        yield _fault("payee_unclear", "payee", payee.name)
    if payee.account and payee.account == contract.payer.account:
        yield _fault("pays_itself", "payee.account", payee.account)


def _land_faults(contract: Contract) -> Iterator[Fault]:
    land = contract.land
    if land.parcels and land.strata:
        yield _fault("land_twice", "land")
    named = {"land.parcels": land.parcels, "land.strata": land.strata}
    named["land.leaving"] = tuple(leaving.parcel for leaving in land.leaving)
    named["loss.force_majeure"] = contract.loss.force_majeure
    for place, names in named.items():
        yield from (_fault("twice", place, name) for name in sorted({n for n in names if names.count(n) > 1}))
    if land.parcels:
        strangers = sorted({leaving.parcel for leaving in land.leaving} - set(land.parcels))
        yield from (_fault("parcel_not_in_contract", "land.leaving", parcel) for parcel in strangers)


def _price_faults(contract: Contract) -> Iterator[Fault]:
    if not contract.prices:
        yield _fault("empty", "prices")
        return
    first = contract.prices[0].since
    if first and first > contract.period.first:
        yield _fault("no_price", "prices", first, first=contract.period.first)
    for one, other in pairwise(price.since or date.min for price in contract.prices):
        if other <= one:
            yield _fault("prices_out_of_order", "prices", other if other > date.min else "")


def _coefficient_faults(contract: Contract) -> Iterator[Fault]:
    known = read_toml(data_path("projects_tenure", "parameters.toml"))
    raising = sorted(name for name in known if name.endswith("_rise"))
    for found in contract.coefficients:
        place = f"coefficients[{found.name.en}]"
        if (found.value is None) != bool(found.raised_by):
            yield _fault("coefficient_unclear", place)
        elif found.raised_by and found.raised_by not in raising:
            yield _fault("no_such_rise", f"{place}.raised_by", found.raised_by, known=", ".join(raising))
        if contract.land.parcels:
            strangers = sorted(set(found.parcels) - set(contract.land.parcels))
            yield from (_fault("parcel_not_in_contract", f"{place}.parcels", parcel) for parcel in strangers)


def _limit_faults(contract: Contract) -> Iterator[Fault]:
    limits = contract.limits
    if limits is None:
        return
    named = {name: getattr(limits, name) for name in ("floor_cny_yr", "ceiling_cny_yr", "total_cny")}
    given = [(name, value) for name, value in named.items() if value is not None]
    if not given:
        yield _fault("limits_empty", "limits")
    for (low, least), (high, most) in pairwise(given):
        if most < least:
            yield _fault("limits_out_of_order", f"limits.{high}", most, other=low, least=least)


def _schedule_faults(contract: Contract) -> Iterator[Fault]:
    days = [part.days_after for part in contract.instalments]
    if not days:
        yield _fault("empty", "instalments")
    if days != sorted(set(days)):
        yield _fault("instalments_out_of_order", "instalments", ", ".join(map(str, days)))
    ahead = contract.prepayment
    if ahead is None:
        return
    first, last = contract.period.first, contract.period.last
    if not first <= ahead.day <= last:
        yield _fault("outside_period", "prepayment.day", ahead.day, first=first, last=last)
    most = contract.limits.total_cny if contract.limits else None
    if most is not None and ahead.cny > most:
        yield _fault("prepaid_beyond_total", "prepayment.cny", ahead.cny, most=most)


def land_faults(contract: Contract, measured: Measured) -> list[Fault]:
    """Land that a contract names and a run does not have, and a run of another project."""
    parcels = {parcel.parcel for parcel in measured.parcels}
    strata = {parcel.stratum for parcel in measured.parcels}
    faults = []
    if measured.project != contract.project:
        faults.append(_fault("other_project", "project", measured.project, wanted=contract.project))
    wanted: list[tuple[str, Sequence[str], set[str]]] = [
        ("land.parcels", contract.land.parcels, parcels),
        ("land.strata", contract.land.strata, strata),
        ("land.leaving", [leaving.parcel for leaving in contract.land.leaving], parcels),
    ]
    for found in contract.coefficients:
        wanted.append((f"coefficients[{found.name.en}].parcels", found.parcels, parcels))
        wanted.append((f"coefficients[{found.name.en}].strata", found.strata, strata))
    faults += [
        _fault("not_in_run", place, name, run=measured.run[:12])
        for place, names, known in wanted
        for name in sorted(set(names) - known)
    ]
    if measured.period.overlap(contract.days) is None:
        first, last = contract.days.to_list()
        faults.append(_fault("outside_period", "run", " – ".join(measured.period.to_list()), first=first, last=last))
    return faults
