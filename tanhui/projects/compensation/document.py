"""An account as plain data: what ``--json`` prints and the page shows. Amounts in fen as decimal strings."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tanhui.kernel.units import M2_PER_HA, MU_PER_HA
from tanhui.projects.compensation.account import Account, Earned, Item, Line
from tanhui.projects.compensation.model import Contract

__all__ = ["account_document"]


def account_document(account: Account) -> dict[str, Any]:
    """Everything that is due and how it came about."""
    contract = account.contract
    following = account.next_item
    return {
        "format": "tanhui-compensation-account-1",
        "contract": contract.id,
        "amendment": contract.amendment,
        "contract_sha256": contract.sha256,
        "title": contract.title.model_dump(),
        "project": contract.project,
        "payer": contract.payer.name,
        "payee": contract.payee.name,
        "status": contract.status.word,
        "scenario": contract.scenario,
        "on": account.on.isoformat(),
        "days": contract.days.to_list(),
        "pay_for": contract.measure.pay_for,
        "coefficients": [
            {
                "name": found.name.model_dump(),
                "value": float(found.factor(contract.days.last_day)),
                "reference": found.reference,
                "status": found.worst_status(contract.days.last_day).word,
            }
            for found in contract.coefficients
        ],
        "prices": [price.model_dump(mode="json") for price in contract.prices],
        "limits": _limits(contract),
        "earned": [_earned(period) for period in account.earned],
        "items": [_item(item, account) for item in account.items],
        "paid": [
            {"request": paid.request, "day": paid.day.isoformat(), "items": list(paid.items), "fen": str(paid.fen)}
            for paid in account.paid
        ],
        "owed_fen": str(account.owed_fen),
        "paid_fen": str(account.paid_fen),
        "payable_fen": str(account.payable_fen),
        "overpaid_fen": str(account.overpaid_fen),
        "prepaid_fen": str(account.prepaid_fen),
        "next": following.day.isoformat() if following else "",
    }


def _limits(contract: Contract) -> dict[str, Any] | None:
    limits = contract.limits
    if limits is None:
        return None
    named = ((name, getattr(limits, name)) for name in ("floor_cny_yr", "ceiling_cny_yr", "total_cny"))
    cny = [[name, value] for name, value in named if value is not None]
    return {"cny": cny, "reference": limits.reference, "status": limits.status}


def _earned(period: Earned) -> dict[str, Any]:
    measured = period.measured
    return {
        "period": measured.period.to_list(),
        "days": period.days.to_list(),
        "run": measured.run,
        "indicative": measured.indicative,
        "illustrative": measured.illustrative,
        "readings": {kind: [float(x) for x in (r.value, r.low, r.high)] for kind, r in measured.readings.items()},
        "used": period.used,
        "used_t": float(period.used_t),
        "groups": groups(period),
        "steps": [[name, str(fen)] for name, fen in period.steps],
        "fen": str(period.fen),
        "low_fen": str(period.low_fen),
        "high_fen": str(period.high_fen),
        "deficit_fen": str(period.deficit_fen),
        "cause": period.cause,
    }


def _item(item: Item, account: Account) -> dict[str, Any]:
    fresh = {new.key for new in account.new}
    state = "later" if item.day > account.on else "due" if item.key in fresh else "settled"
    return {
        "item": item.key,
        "period": item.period,
        "number": item.number,
        "day": item.day.isoformat(),
        "fen": str(item.fen),
        "recovered_fen": str(item.recovered_fen),
        "net_fen": str(item.net_fen),
        "state": state,
    }


def groups(period: Earned) -> list[dict[str, Any]]:
    """The lines of a period with the same formula put together, as people read them."""
    found: dict[tuple[Any, ...], list[Line]] = {}
    for line in period.lines:
        found.setdefault((line.stratum, line.days, line.coefficients), []).append(line)
    return [
        {
            "stratum": stratum,
            "days": days.to_list(),
            "parcels": len(lines),
            "area_mu": float(Fraction(sum(line.area_m2 for line in lines) * MU_PER_HA, M2_PER_HA)),
            "tonnes": float(sum(line.tonnes for line in lines)),
            "part": float(lines[0].part),
            "cny_t": float(lines[0].cny_t),
            "coefficients": [[number, float(factor)] for number, factor in coefficients],
            "fen": str(sum(line.fen for line in lines)),
        }
        for (stratum, days, coefficients), lines in sorted(found.items(), key=lambda item: item[0])
    ]
