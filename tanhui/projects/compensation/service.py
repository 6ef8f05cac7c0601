"""What is due under a contract, and paying it: the account, the ledger's legs and the record in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, hash_json
from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.booking import Booking, booking
from tanhui.projects.compensation.account import PREPAYMENT, Account, Earned, Entry, account_of
from tanhui.projects.compensation.contract import land_faults
from tanhui.projects.compensation.measured import read_measured
from tanhui.projects.compensation.model import Contract
from tanhui.projects.compensation.store import History, history_of, record_payment
from tanhui.projects.payments import pay_out
from tanhui.projects.tenure.sharing import Distribution, scheme, share_income, share_parcels
from tanhui.projects.tenure.store import carried_fen, credited_of, current_rights
from tanhui.registry.service import Registry

__all__ = ["Payment", "Said", "due", "pay"]

TOPIC = "compensation"


@dataclass(frozen=True, slots=True)
class Said:
    """What only a person can say about a measurement.

    Attributes
    ----------
    correct : bool
        That this run replaces another one of the same period.
    cause : str
        By which cause of the contract (不可抗力) what was lost is forgiven.
    evidence_sha256 : str
        Hash of the document that shows it.
    """

    correct: bool = False
    cause: str = ""
    evidence_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that was made: the account it rests on, its place in the log, and who was paid."""

    account: Account
    request: str
    index: int
    sha256: str
    shared: tuple[Distribution, ...]


def due(
    contract: Contract,
    on: date,
    *,
    run: Path | None = None,
    registry: Registry | None = None,
    said: Said | None = None,
) -> Account:
    """What is due under a contract on a day. Nothing is written.

    Parameters
    ----------
    run : Path, optional
        The newest run; without it, what the registry knows.
    registry : Registry, optional
        Where earlier measurements and payments are; without it, there were none.

    Raises
    ------
    RefusedInput
        With everything in the contract that the run does not have.
    DomainError
        If the run was superseded, or the contract is not the one that was paid under.
    """
    entry = _entry(contract, run, said or Said())
    history = History({}, frozenset(), ())
    if registry is not None:
        with registry.reading() as connection:
            history = history_of(connection, contract)
    return _account(contract, history, entry, on, said or Said())[0]


def pay(
    registry: Registry,
    contract: Contract,
    on: date,
    *,
    request: str,
    run: Path | None = None,
    said: Said | None = None,
    by: Sequence[str] | None = None,
    withheld: Iterable[str] = (),
    least_fen: int = 1,
    allow_scenario: bool = False,
) -> Payment:
    """Pay what is due on a day, once: the same request again changes nothing, and nor does another one for the same.

    A measurement that leaves nothing to pay, a loss perhaps, is recorded all the same.

    Parameters
    ----------
    withheld, least_fen
        As for :func:`tanhui.projects.tenure.sharing.share_income`, where the tenure table says who is paid.
    allow_scenario : bool
        Whether a contract may be paid whose numbers no rule in force states; only in a sandbox.

    Raises
    ------
    DomainError
        If nothing is due and nothing new was measured, and as :func:`due` says.
    """
    if contract.scenario and not (allow_scenario and registry.sandbox):
        raise DomainError("compensation.scenario", contract=contract.id)
    told = said or Said()
    entry = _entry(contract, run, told)
    with booking(registry, request, by) as book:
        history = history_of(book.connection, contract, before=request)
        account, new = _account(contract, history, entry, on, told)
        if not account.payable_fen and new is None:
            raise DomainError("compensation.nothing_due", contract=contract.id, day=on.isoformat())
        how = {"withheld": tuple(withheld), "least_fen": least_fen}
        shared = _share(book, account, how)
        document = _document(account, new, told, shared)
        sha256 = hash_json(document)
        recorded = book.record(TOPIC, contract.id, sha256)
        subject = f"{TOPIC}/{contract.id}"
        terms = {"asset": contract.asset, "payer": contract.payer.account}
        paid = [pay_out(part, subject, one, **terms) for part, one in shared]
        if not recorded.repeated:
            if contract.payee.account and account.payable_fen:
                leg = {"asset": contract.asset, "amount": account.payable_fen, "from": contract.payer.account}
                book.enter([book.order("exchange", "pay", legs=[{**leg, "to": contract.payee.account}])])
            row = {
                "request": request,
                "day": on.isoformat(),
                "evidence_sha256": told.evidence_sha256,
                "items": canonical_bytes([item.key for item in account.new]).decode(),
                "fen": account.payable_fen,
                "document_sha256": sha256,
                "recorded_at": recorded.done().at,
            }
            record_payment(book.connection, contract, row, new)
        return Payment(account, request, recorded.done().index, sha256, tuple(paid))


def _entry(contract: Contract, run: Path | None, said: Said) -> Entry | None:
    """The new measurement, after a look that its land and its cause are the contract's."""
    if said.cause and said.cause not in contract.loss.force_majeure:
        known = ", ".join(contract.loss.force_majeure) or "–"
        raise RefusedInput(
            [Fault("compensation.no_such_cause", column="cause", value=said.cause, facts={"known": known})]
        )
    if run is None:
        return None
    measured = read_measured(run)
    if faults := land_faults(contract, measured):
        raise RefusedInput(faults)
    return Entry(measured, said.cause)


def _account(
    contract: Contract, history: History, entry: Entry | None, on: date, said: Said
) -> tuple[Account, Entry | None]:
    """The account, and the measurement if the history does not have it yet."""
    if entry is None:
        return account_of(contract, history.entries.values(), history.paid, on), None
    told = history.with_entry(entry, said.correct)
    used = told.entries[entry.measured.period]
    new = None if history.entries.get(entry.measured.period) == used else used
    return account_of(contract, told.entries.values(), history.paid, on), new


# Who is paid


def _share(book: Booking, account: Account, how: Mapping[str, Any]) -> list[tuple[Booking, Distribution]]:
    """What the people in the tenure table get: one distribution for each period that is paid for."""
    contract = account.contract
    if not contract.payee.tenure:
        return []
    connection = book.connection
    rights = [stored.right for stored in current_rights(connection, contract.project) if stored.right]
    subject = f"{TOPIC}/{contract.id}"
    shared: list[tuple[Booking, Distribution]] = []
    carried: Mapping[str, int] | None = None
    for key, fen in account.parts().items():
        part = replace(book, request=f"{book.request}/{key}")
        if carried is None:
            carried = carried_fen(connection, subject, before=part.request)
        terms = {**how, "carried": carried}
        if key == PREPAYMENT:
            assert contract.prepayment is not None
            day = contract.prepayment.day
            areas = {area.parcel: area.credited_m2 for area in credited_of(connection, contract.project)}
            on = Period(day, day + timedelta(days=1))
            one = share_income(fen, rights, scheme("contract"), areas_m2=areas, period=on, **terms)
        else:
            (earned,) = (found for found in account.earned if found.key == key)
            one = share_parcels(
                account.parcels(key, fen),
                rights,
                areas_m2={line.parcel: line.area_m2 for line in earned.lines},
                days_of={line.parcel: line.days for line in earned.lines},
                period=earned.days,
                **terms,
            )
        source = {"subject": subject, "contract_sha256": contract.sha256, "for": key}
        one = replace(one, source=source, status=max(one.status, contract.status))
        carried = one.carried_out
        shared.append((part, one))
    return shared


def _document(
    account: Account, new: Entry | None, said: Said, shared: Sequence[tuple[Booking, Distribution]]
) -> dict[str, Any]:
    """What the log knows a payment by."""
    contract = account.contract
    return {
        "format": "tanhui-compensation-1",
        "contract": contract.id,
        "amendment": contract.amendment,
        "contract_sha256": contract.sha256,
        "on": account.on.isoformat(),
        "status": contract.status.word,
        "measured_sha256": hash_json(new.measured.to_dict()) if new else "",
        "cause": new.cause if new else "",
        "evidence_sha256": said.evidence_sha256,
        "earned": [_earned_document(period) for period in account.earned],
        "items": [[item.key, item.day.isoformat(), str(item.net_fen)] for item in account.due],
        "new": [item.key for item in account.new],
        "paid_before_fen": str(account.paid_fen),
        "payable_fen": str(account.payable_fen),
        "parts": [[part.request, str(one.amount_fen), str(one.paid_fen)] for part, one in shared],
    }


def _earned_document(period: Earned) -> dict[str, Any]:
    return {
        "period": period.measured.period.to_list(),
        "run": period.measured.run,
        "used": period.used,
        "steps": [[name, str(fen)] for name, fen in period.steps],
        "fen": str(period.fen),
        "low_fen": str(period.low_fen),
        "high_fen": str(period.high_fen),
        "cause": period.cause,
    }
