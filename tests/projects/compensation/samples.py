"""A contract over ten years at 50 yuan a tonne, three parcels in two strata, and runs that measured them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from tanhui.kernel.canonical import digest
from tanhui.kernel.manifest import result_digest
from tanhui.kernel.time import Period
from tanhui.projects.compensation import Contract, Measured
from tanhui.projects.compensation.account import Account, Entry, Paid, account_of
from tanhui.projects.compensation.contract import contract_faults
from tanhui.projects.compensation.measured import MeasuredParcel, Reading
from tanhui.projects.compensation.model import exact

#: Parcel, stratum and credited area. A has 10 ha, B has 10 ha.
PARCELS = (("0", "A", 60_000), ("1", "A", 40_000), ("2", "B", 100_000))
FIRST = ("2021-01-01", "2025-12-31")
SECOND = ("2026-01-01", "2030-12-31")

PLAIN: dict[str, Any] = {
    "id": "c-1",
    "project": "v-1",
    "title": {"zh": "补偿合同", "en": "A contract"},
    "signed": "2020-12-01",
    "payer": {"name": "县财政局", "account": "A1"},
    "payee": {"name": "合作社", "account": "A2"},
    "period": {"first": "2021-01-01", "last": "2030-12-31"},
    "measure": {"pay_for": "change", "pay_on": "value"},
    "prices": [{"cny_t": 50.0, "reference": "§5", "status": "primary"}],
    "loss": {"rule": "offset"},
}


def contract(**changes: Any) -> Contract:
    """The contract with changes, after a look that nothing is wrong with it."""
    found = Contract.model_validate(deepcopy(PLAIN) | changes)
    assert not contract_faults(found)
    return found


def measured(
    value: float = 1000,
    low: float | None = None,
    high: float | None = None,
    *,
    days: tuple[str, str] = FIRST,
    run: str = "run-1",
    strata: Mapping[str, float] | None = None,
    stock: float = 5000,
) -> Measured:
    """A measurement; A has three fifths of the change and of the stock unless said."""
    first, last = map(date.fromisoformat, days)
    whole = exact(value)
    change = {name: exact(t) for name, t in strata.items()} if strata else {"A": whole * 3 / 5, "B": whole * 2 / 5}
    ends = [whole - 200 if low is None else exact(low), whole + 200 if high is None else exact(high)]
    return Measured(
        run=run,
        project="v-1",
        period=Period.inclusive(first, last),
        readings={
            "change": Reading(whole, *ends),
            "stock": Reading(Fraction(stock), Fraction(stock - 500), Fraction(stock + 500)),
        },
        by_stratum={"change": change, "stock": {"A": Fraction(stock) * 3 / 5, "B": Fraction(stock) * 2 / 5}},
        parcels=tuple(MeasuredParcel(*row) for row in PARCELS),
    )


def account(
    of: Contract, *found: Measured, on: str = "2031-01-01", paid: tuple[Paid, ...] = (), cause: str = ""
) -> Account:
    """The account of a contract; a cause concerns the last measurement."""
    entries = [Entry(one, cause if one is found[-1] else "") for one in found]
    return account_of(of, entries, paid, date.fromisoformat(on))


def write_run(
    out: Path,
    value: float = 1000,
    *,
    days: tuple[str, str] = FIRST,
    project: str = "v-1",
    parcels: tuple[tuple[str, str, int], ...] = PARCELS,
    note: str = "",
) -> Path:
    """A result folder with what a contract reads: A grew by three fifths of the change, B by two."""
    out.mkdir(parents=True)
    rows = [(name, stratum, m2 / 10_000) for name, stratum, m2 in parcels]
    frame = pd.DataFrame(rows, columns=["parcel_id", "stratum", "area_credited_ha"])
    frame.to_parquet(out / "parcels.parquet")
    areas = frame.groupby("stratum").area_credited_ha.sum().to_dict()
    parts, last = {"A": 0.6, "B": 0.4}, [days[1], days[1]]

    def figure(quantity: str, number: float, valid: list[str], domain: str = "project") -> dict[str, Any]:
        ci90 = [number - 200, number + 200]
        return {"quantity": quantity, "domain": domain, "valid": valid, "value": number, "se": 120.0, "ci90": ci90}

    estimates = [figure("tree_change_co2e_t", value, list(days)), figure("tree_co2e_t", value, last)]
    estimates += [
        figure("tree_t_ha", value * part * 12 / 44 / areas[name], last, name)
        for name, part in parts.items()
        if name in areas
    ]
    result: dict[str, Any] = {
        "project": project,
        "creditable": True,
        "illustrative": False,
        "estimates": estimates,
        "claims": [],
        "domain": "project",
        "equations": [],
        "tables": {"parcels.parquet": digest((out / "parcels.parquet").read_bytes())},
        "note": note,
    }
    run = digest(json.dumps(result, sort_keys=True).encode())
    manifest = {"result_sha256": result_digest(result), "parameters": [], "inputs": [], "run": run, "seed": "1"}
    (out / "result.json").write_text(json.dumps({**result, "run": run}), encoding="utf-8")
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out
