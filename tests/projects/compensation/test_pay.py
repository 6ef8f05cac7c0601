"""Compensation in the ledger: to the fen, once, in one transaction, by who held the land and when."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import RefusedInput, TanhuiError
from tanhui.projects.compensation import Contract, Said, due, pay
from tanhui.projects.compensation.service import Payment
from tanhui.projects.payments import recorded
from tanhui.projects.tenure import Party
from tanhui.projects.tenure.share_table import filed, share_table
from tanhui.projects.tenure.store import current_rights, record_rights, supersede_right
from tanhui.registry.model import Record
from tests.projects.compensation.samples import SECOND, contract, write_run
from tests.projects.test_payments import Village
from tests.registry.conftest import World, worlds  # noqa: F401 (a fixture)

ON = date(2026, 1, 1)


class Valley(Village):
    """The village with a county that compensates it: 1,000,000.00 yuan, and a contract."""

    def __init__(self, world: World, folder: Path, *shares: str) -> None:
        super().__init__(world, list(shares or ("1", "1", "1")))
        self.folder = folder
        self.county = self.registry.open_account("县财政局", request="county").id
        self.registry.do("mint", "county-cash", asset="CNY", target=self.county, amount=100_000_000)

    def contract(self, **changes: Any) -> Contract:
        payer = {"name": "县财政局", "account": self.county}
        return contract(**({"payer": payer, "payee": {"name": "农户", "tenure": True}} | changes))

    def run(self, name: str, value: float = 1000, **how: Any) -> Path:
        out = self.folder / name
        return out if out.exists() else write_run(out, value, **how)

    def compensate(self, of: Contract, request: str = "c", on: date = ON, **how: Any) -> Payment:
        return pay(self.registry, of, on, request=request, **how)


@pytest.fixture
def valley(worlds: World, tmp_path: Path) -> Callable[..., Valley]:  # noqa: F811
    return lambda *shares: Valley(worlds, tmp_path, *shares)


def code(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(TanhuiError) as refused:
        call(*arguments, **named)
    return refused.value.code


def test_every_household_is_paid_what_its_parcel_grew(valley: Callable[..., Valley]):
    """18,000, 12,000 and 20,000 yuan; of the second 40 % are the operator's."""
    v = valley("1", "0.6", "1")
    payment = v.compensate(v.contract(), run=v.run("one"))
    held = v.cash()
    assert [held[name] for name in v.households] == [1_800_000, 720_000, 2_000_000]
    assert held[v.owner] == 100_000_000 + 480_000
    assert held[v.county] == 100_000_000 - 5_000_000
    assert sum(held.values()) == 0
    (shared,) = payment.shared
    assert shared.recorded is not None
    assert shared.recorded.sha256 == hash_json(share_table(shared.source["subject"], shared))
    with v.registry._store.reading() as view:
        found = view.entry(shared.recorded.index)
        assert found.as_kind(Record).sha256 == shared.recorded.sha256
        assert view.entry(payment.index).as_kind(Record).topic == "compensation"
    with v.registry.reading() as connection:
        assert recorded(connection, shared.recorded.sha256) == [(shared.recorded.index, shared.recorded.sha256)]
    assert json.loads(filed("x", shared))["names"][v.households[0]] == ["农户0", "东岳村经济合作社"]
    assert v.registry.audit().holds


def test_one_payee(valley: Callable[..., Valley]):
    v = valley()
    payment = v.compensate(v.contract(payee={"name": "合作社", "account": v.owner}), run=v.run("one"))
    assert (payment.shared, v.cash()[v.owner]) == ((), 105_000_000)


def test_the_same_contract_pays_once_whatever_the_request(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract()
    first = v.compensate(of, run=v.run("one"))
    held, log = v.cash(), v.registry.checkpoint()
    assert v.compensate(of, run=v.run("one")) == first
    assert code(v.compensate, of, "other", run=v.run("one")) == "compensation.nothing_due"
    assert code(v.compensate, of, "other") == "compensation.nothing_due"
    assert code(v.compensate, of, run=v.run("two", days=SECOND), on=date(2031, 1, 1)) == "registry.request_reused"
    assert (v.cash(), v.registry.checkpoint()) == (held, log)
    second = v.compensate(of, "next", date(2031, 1, 1), run=v.run("two", days=SECOND))
    assert second.account.payable_fen == 5_000_000
    held, log = v.cash(), v.registry.checkpoint()
    assert v.compensate(of, run=v.run("one")) == first  # a retry that comes late
    assert (v.cash(), v.registry.checkpoint()) == (held, log)
    assert v.registry.audit().holds


def test_instalments_need_no_run_once_it_is_known(valley: Callable[..., Valley]):
    v = valley()
    parts = [{"parts": 1, "days_after": 0}, {"parts": 1, "days_after": 365}]
    ahead = {"cny": 10_000, "day": "2021-06-30", "recovered_share": 1.0}
    of = v.contract(instalments=parts, prepayment=ahead)
    prepaid = v.compensate(of, "p", date(2021, 6, 30))
    assert prepaid.account.payable_fen == 1_000_000
    # The prepayment goes by area: three parcels of 10 ha.
    assert sorted(v.cash()[name] for name in v.households) == [333_333, 333_333, 333_334]
    assert v.compensate(of, "1", ON, run=v.run("one")).account.payable_fen == 1_500_000
    assert code(v.compensate, of, "2", date(2026, 12, 30)) == "compensation.nothing_due"
    last = v.compensate(of, "3", date(2026, 12, 31))
    assert last.account.payable_fen == 2_500_000
    assert v.cash()[v.county] == 100_000_000 - 5_000_000
    assert due(of, date(2026, 12, 31), registry=v.registry).payable_fen == 0


def test_prepayment_and_instalment_paid_on_one_day(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract(prepayment={"cny": 10_000, "day": "2021-06-30", "recovered_share": 0.5})
    payment = v.compensate(of, run=v.run("one"))
    assert [shared.source["for"] for shared in payment.shared] == ["prepayment", "2025-12-31"]
    assert v.cash()[v.county] == 100_000_000 - 5_000_000
    assert v.compensate(of, run=v.run("one")) == payment


def test_a_right_that_was_sold_in_the_middle_is_paid_by_days(valley: Callable[..., Valley]):
    """Household 0 held parcel 0 for 730 of 1826 days, a buyer for 1096: of 18,000.00 yuan 7,196.06 and 10,803.94."""
    v = valley()
    buyer = v.registry.open_account("买主", request="buyer").id
    with v.registry.transaction() as (connection, _):
        (old,) = (r for r in current_rights(connection, "v-1") if r.parcel == "0")
        assert old.right is not None
        ended = replace(old.right, last_day=date(2022, 12, 31))
        terms = {"at": "2023-01-01", "draw_salt": lambda: os.urandom(32)}
        supersede_right(connection, old.commitment, ended, **terms)
        bought = replace(old.right, first_day=date(2023, 1, 1), contractor=Party("买主", buyer), contract_number="HT-9")
        record_rights(connection, "v-1", [bought], **terms)
    v.compensate(v.contract(), run=v.run("one"))
    # 1,800,000 x 730 / 1826 = 719,605.7: the larger remainder takes the odd fen.
    assert (v.cash()[v.households[0]], v.cash()[buyer]) == (719_606, 1_080_394)
    assert v.cash()[v.households[1]] == 1_200_000


def test_days_on_which_nobody_held_a_parcel(valley: Callable[..., Valley]):
    v = valley()
    with v.registry.transaction() as (connection, _):
        (old,) = (r for r in current_rights(connection, "v-1") if r.parcel == "0")
        assert old.right is not None
        ended = replace(old.right, last_day=date(2022, 12, 31))
        supersede_right(connection, old.commitment, ended, at="2023-01-01", draw_salt=lambda: os.urandom(32))
    held = v.cash()
    with pytest.raises(RefusedInput) as refused:
        v.compensate(v.contract(), run=v.run("one"))
    (fault,) = refused.value.faults
    assert (fault.code, fault.value, fault.facts["missing"]) == ("tenure.nobody_held", "0", 1096)
    assert v.cash() == held
    leaving = {"leaving": [{"parcel": "0", "last_day": "2022-12-31"}]}
    v.compensate(v.contract(land=leaving), run=v.run("one"))
    assert v.cash()[v.households[0]] == 719_605


def test_a_run_that_was_superseded_is_refused_unless_said(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract()
    v.compensate(of, run=v.run("one"))
    better = v.run("better", 1100)
    assert code(v.compensate, of, "b", run=better) == "compensation.period_settled"
    payment = v.compensate(of, "b", run=better, said=Said(correct=True))
    assert payment.account.payable_fen == 500_000
    assert code(v.compensate, of, "a", run=v.run("one")) == "compensation.run_superseded"
    assert code(due, of, ON, run=v.run("one"), registry=v.registry) == "compensation.run_superseded"
    back = v.compensate(of, "a", run=v.run("one"), said=Said(correct=True))
    assert (back.account.payable_fen, back.account.overpaid_fen) == (0, 500_000)
    later = v.compensate(of, "n", date(2031, 1, 1), run=v.run("two", days=SECOND))
    assert later.account.payable_fen == 4_500_000
    assert v.cash()[v.county] == 90_000_000
    assert v.registry.audit().holds


def test_a_loss_is_recorded_though_it_pays_nothing(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract()
    payment = v.compensate(of, run=v.run("lost", -300))
    assert (payment.account.payable_fen, v.cash()[v.county]) == (0, 100_000_000)
    later = v.compensate(of, "n", date(2031, 1, 1), run=v.run("two", days=SECOND))
    assert later.account.payable_fen == 3_500_000


def test_force_majeure_is_one_of_the_contracts_and_can_be_shown_later(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract(loss={"rule": "offset", "force_majeure": ["wildfire"]})
    with pytest.raises(RefusedInput) as refused:
        v.compensate(of, run=v.run("lost", -300), said=Said(cause="flood"))
    assert [fault.code for fault in refused.value.faults] == ["compensation.no_such_cause"]
    v.compensate(of, run=v.run("lost", -300))
    v.compensate(of, "cause", run=v.run("lost", -300), said=Said(cause="wildfire", evidence_sha256="ab" * 32))
    later = v.compensate(of, "n", date(2031, 1, 1), run=v.run("two", days=SECOND))
    assert later.account.payable_fen == 5_000_000


def test_a_changed_contract_needs_the_next_number(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract()
    v.compensate(of, run=v.run("one"))
    price = [{"cny_t": 55.0, "reference": "§5", "status": "primary"}]
    assert code(v.compensate, v.contract(prices=price), "b") == "compensation.contract_changed"
    amended = v.compensate(v.contract(prices=price, amendment=1), "b")
    assert amended.account.payable_fen == 500_000
    assert code(v.compensate, of, "c2") == "compensation.older_amendment"


def test_a_scenario_is_paid_in_a_sandbox_when_told_so(valley: Callable[..., Valley]):
    v = valley()
    name = {"zh": "系数", "en": "c"}
    raised = {"name": name, "raised_by": "key_ecological_rise", "reference": "§6", "status": "primary"}
    of = v.contract(coefficients=[raised])
    assert code(v.compensate, of, run=v.run("one")) == "compensation.scenario"
    payment = v.compensate(of, run=v.run("one"), allow_scenario=True)
    assert payment.account.payable_fen == 6_000_000
    assert payment.shared[0].status.word == "scenario"


def test_what_is_refused_leaves_nothing(valley: Callable[..., Valley]):
    v = valley()
    held, log = v.cash(), v.registry.checkpoint()
    dear = [{"cny_t": 1e9, "reference": "§5", "status": "primary"}]
    assert code(v.compensate, v.contract(prices=dear), run=v.run("one")) == "registry.insufficient_units"
    assert code(v.compensate, v.contract(), run=v.run("other", project="v-2")) == "input.refused"
    assert code(v.compensate, v.contract(), run=v.folder) == "explain.no_run"
    assert (v.cash(), v.registry.checkpoint()) == (held, log)
    assert v.compensate(v.contract(), run=v.run("one")).account.payable_fen == 5_000_000


def test_what_is_too_small_or_in_dispute_waits_for_the_next_payment_of_the_contract(valley: Callable[..., Valley]):
    v = valley()
    of = v.contract()
    one = v.compensate(of, run=v.run("one"), withheld=[v.households[0]])
    assert one.shared[0].carried_out == {v.households[0]: 1_800_000}
    v.compensate(of, "n", date(2031, 1, 1), run=v.run("two", days=SECOND))
    assert v.cash()[v.households[0]] == 3_600_000


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from tanhui.projects.compensation import service
from tanhui.projects.compensation.contract import read_contract
from tanhui.registry.service import Registry

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(service, sys.argv[4], die)
with Registry(Path(sys.argv[1])) as registry:
    service.pay(registry, read_contract(Path(sys.argv[2])), date(2026, 1, 1), request="c", run=Path(sys.argv[3]))
"""


@pytest.mark.parametrize("moment", ["_document", "pay_out", "record_payment"])
def test_killed_between_working_out_and_paying(valley: Callable[..., Valley], worlds: World, moment: str):  # noqa: F811
    """Nothing of it is there, and the same request then pays once."""
    v = valley()
    of, run = v.contract(), v.run("one")
    text = of.model_dump(mode="json", exclude_none=True)
    path = v.folder / "contract.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in text.items()), encoding="utf-8")
    held, log = v.cash(), v.registry.checkpoint()
    arguments = [sys.executable, "-c", KILLED, str(worlds.folder), str(path), str(run), moment]
    done = subprocess.run(arguments, cwd=Path(__file__).parents[3], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (v.cash(), v.registry.checkpoint()) == (held, log)
    assert due(of, ON, run=run, registry=v.registry).payable_fen == 5_000_000
    assert v.compensate(of, run=run).account.payable_fen == 5_000_000
    assert v.cash()[v.county] == 95_000_000
    assert v.registry.audit().holds


def toml(value: Any) -> str:
    """A value of a contract as TOML writes it in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        return value
    return json.dumps(value, ensure_ascii=False)
