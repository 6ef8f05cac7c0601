"""Contracts as files: what is read, and everything that is refused, all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.parameters import Status
from tanhui.projects.compensation import read_contract
from tanhui.projects.compensation.contract import land_faults
from tests.projects.compensation.samples import contract, measured

GOOD = """
id = "c-1"
project = "v-1"
signed = 2020-12-01
title = { zh = "补偿合同", en = "A contract" }
payer = { name = "县财政局", account = "A1" }
payee = { name = "农户", tenure = true }
period = { first = 2021-01-01, last = 2030-12-31 }
measure = { pay_for = "change", pay_on = "lower_bound" }
prices = [{ cny_t = 45.5, reference = "§5", status = "primary" }]
loss = { rule = "offset", force_majeure = ["wildfire"] }
"""


def faults(folder: Path, text: str) -> list[tuple[str, str]]:
    path = folder / "contract.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        read_contract(path)
    assert all(fault.file == "contract.toml" for fault in refused.value.faults)
    assert refused.value.text("zh") != refused.value.text("en")
    return [(fault.code, fault.column) for fault in refused.value.faults]


def test_a_contract_is_read_and_its_hash_is_of_what_it_says(tmp_path: Path):
    path = tmp_path / "c.toml"
    path.write_text(GOOD, encoding="utf-8")
    found = read_contract(path)
    assert (found.status, found.scenario) == (Status.PRIMARY, False)
    path.write_text("# a remark\n" + GOOD.replace("45.5", "45.50"), encoding="utf-8")
    assert read_contract(path).sha256 == found.sha256
    path.write_text(GOOD.replace("45.5", "45.51"), encoding="utf-8")
    assert read_contract(path).sha256 != found.sha256


def test_settings_of_the_wrong_shape(tmp_path: Path):
    text = GOOD.replace("45.5", "nan").replace('"offset"', '"ignore"').replace("signed = 2020-12-01", 'sigend = "x"')
    assert faults(tmp_path, text) == [
        ("project.missing_key", "signed"),
        ("project.not_a_number", "prices[1].cny_t"),
        ("project.not_a_choice", "loss.rule"),
        ("project.unknown_key", "sigend"),
    ]
    assert faults(tmp_path, "id = ") == [("file.unreadable", "")]
    assert ("project.not_a_number", "prices[1].cny_t") in faults(tmp_path, GOOD.replace("45.5", '"many"'))
    assert faults(tmp_path, GOOD.replace("45.5", "1e300")) == [("project.too_large_value", "prices[1].cny_t")]


def test_everything_that_does_not_go_together_is_told_at_once(tmp_path: Path):
    text = """
id = "c-1"
project = "v-1"
signed = 2020-12-01
title = { zh = "补偿合同", en = "A contract" }
payer = { name = "县财政局", account = "A1" }
payee = { name = "农户", tenure = true, account = "A1" }
period = { first = 2021-01-01, last = 2020-12-31 }
ended = 2031-01-01
measure = { pay_for = "change", pay_on = "value" }
loss = { rule = "offset", force_majeure = ["fire", "fire"] }
instalments = [{ days_after = 30 }, { days_after = 10 }]
prepayment = { cny = 200, day = 2019-01-01, recovered_share = 0.5 }
[land]
parcels = ["1", "1"]
strata = ["A"]
leaving = [{ parcel = "9", last_day = 2035-01-01 }]
[[prices]]
cny_t = 1.0
since = 2022-01-01
reference = "§5"
status = "primary"
[[prices]]
cny_t = 1.0
reference = "§5"
status = "primary"
[[coefficients]]
name = { zh = "甲", en = "one" }
reference = "§6"
status = "scenario"
[[coefficients]]
name = { zh = "乙", en = "two" }
raised_by = "moon_rise"
parcels = ["8"]
reference = "§6"
status = "scenario"
[limits]
floor_cny_yr = 100
total_cny = 10
reference = "§7"
status = "primary"
"""
    assert faults(tmp_path, text) == [
        ("compensation.period_backwards", "period.last"),
        ("compensation.outside_period", "ended"),
        ("compensation.outside_period", "land.leaving[9]"),
        ("compensation.payee_unclear", "payee"),
        ("compensation.pays_itself", "payee.account"),
        ("compensation.land_twice", "land"),
        ("compensation.twice", "land.parcels"),
        ("compensation.twice", "loss.force_majeure"),
        ("compensation.parcel_not_in_contract", "land.leaving"),
        ("compensation.no_price", "prices"),
        ("compensation.prices_out_of_order", "prices"),
        ("compensation.coefficient_unclear", "coefficients[one]"),
        ("compensation.no_such_rise", "coefficients[two].raised_by"),
        ("compensation.parcel_not_in_contract", "coefficients[two].parcels"),
        ("compensation.limits_out_of_order", "limits.total_cny"),
        ("compensation.instalments_out_of_order", "instalments"),
        ("compensation.outside_period", "prepayment.day"),
        ("compensation.prepaid_beyond_total", "prepayment.cny"),
    ]


def test_no_price_and_no_instalment(tmp_path: Path):
    text = GOOD.replace('[{ cny_t = 45.5, reference = "§5", status = "primary" }]', "[]") + "instalments = []\n"
    assert faults(tmp_path, text) == [("compensation.empty", "prices"), ("compensation.empty", "instalments")]


def test_limits_without_a_limit(tmp_path: Path):
    text = GOOD + '[limits]\nreference = "§7"\nstatus = "primary"\n'
    assert faults(tmp_path, text) == [("compensation.limits_empty", "limits")]


def test_land_that_the_run_does_not_have():
    name = {"zh": "系数", "en": "c"}
    factor = {"name": name, "value": 1.1, "strata": ["Z"], "reference": "§6", "status": "primary"}
    found = contract(land={"parcels": ["0", "77"]}, coefficients=[factor], project="other")
    early = measured(days=("2010-01-01", "2019-12-31"))
    assert [(fault.code, fault.column, fault.value) for fault in land_faults(found, early)] == [
        ("compensation.other_project", "project", "v-1"),
        ("compensation.not_in_run", "land.parcels", "77"),
        ("compensation.not_in_run", "coefficients[c].strata", "Z"),
        ("compensation.outside_period", "run", "2010-01-01 – 2019-12-31"),
    ]
    assert land_faults(contract(land={"strata": ["B"]}), measured()) == []
