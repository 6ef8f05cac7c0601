"""Statements on paper, the accountant's workbook and the bank's table: all from one table, all to the fen."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import InputError, IntegrityError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.tenure import Distribution, Party, scheme, share_income
from tanhui.projects.tenure.handout import check_recorded, write_handout
from tanhui.projects.tenure.share_table import filed, read_filed, share_table, sheets
from tanhui.projects.tenure.sharing import Recorded, share_parcels
from tanhui.projects.tenure.statement_book import accounts_book, bank_table, plain_text
from tanhui.projects.tenure.statement_page import village_page
from tests.projects.tenure.samples import YEAR, right
from tests.projects.workbook.office import computed

AREAS = {"1": 8200, "2": 4100, "3": 4100}
DAYS = dict.fromkeys(AREAS, YEAR)


def document(shared: Distribution, index: int = 7) -> dict[str, Any]:
    """A distribution as it is filed after it was recorded."""
    where = Recorded("registry.example/x/sandbox", "pay-1", index, hash_json(share_table("p", shared)))
    return dict(json.loads(filed("p", replace(shared, recorded=where))))


def income(amount: int = 100_001, name: str = "contract", **how: Any) -> Distribution:
    rights = how.pop("rights", [right("1"), right("2"), right("3")])
    terms = {"areas_m2": AREAS, "period": YEAR, "allow_scenario": True} | how
    return share_income(amount, rights, scheme(name), **terms)


# What each parcel earned


def test_each_parcel_is_shared_among_those_who_held_it():
    """Parcel 1 was sold at mid-year: 182 and 184 of 366 days; its 366.00 yuan go 60 % to the households."""
    sold = replace(right("1"), last_day=date(2024, 6, 30))
    bought = replace(right("1"), first_day=date(2024, 7, 1), contractor=Party("买主", "B"))
    terms = {"areas_m2": AREAS, "days_of": DAYS, "period": YEAR}
    shared = share_parcels({"1": 36_600, "2": 100}, [sold, bought, right("2")], **terms)
    assert {payment.account: payment.fen for payment in shared.payments} == {
        "H1": 10_920, "B": 11_040, "H2": 60, "OP": 14_640 + 40,
    }  # fmt: skip
    assert shared == share_parcels({"2": 100, "1": 36_600}, [right("2"), bought, sold], **terms)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 100), st.integers(0, 365)), min_size=1, max_size=12))
def test_no_fen_of_a_parcel_goes_elsewhere(rows: list):
    """Each parcel is sold on some day; what its holders get for it adds up to what it earned."""
    rights, fen_of = [], {}
    for number, (fen, percent, day) in enumerate(rows):
        name, when = str(number), date.fromordinal(date(2024, 1, 1).toordinal() + day)
        share = Decimal(percent) / 100
        rights.append(right(name, last_day=when, income_share=share))
        after = date.fromordinal(when.toordinal() + 1)
        rights.append(right(name, first_day=after, income_share=share, contractor=Party("x", "B")))
        fen_of[name] = fen
    areas, days = dict.fromkeys(fen_of, 5000), dict.fromkeys(fen_of, YEAR)
    shared = share_parcels(fen_of, rights, areas_m2=areas, days_of=days, period=YEAR)
    for name, fen in fen_of.items():
        assert sum(stake.fen for stake in shared.stakes if stake.parcel == name) == fen
    assert all(abs(stake.quota - stake.fen) < 1 for stake in shared.stakes)
    assert shared.paid_fen == sum(fen_of.values())


def test_nobody_held_a_parcel_and_somebody_has_no_account():
    late = right("1", first_day=date(2024, 2, 1), contractor=Party("农户1"))
    terms = {"areas_m2": AREAS, "days_of": DAYS, "period": YEAR}
    with pytest.raises(RefusedInput) as refused:
        share_parcels({"1": 5, "2": 5}, [late], **terms)
    found = [(fault.code, fault.value, fault.facts["missing"]) for fault in refused.value.faults]
    assert found == [("tenure.nobody_held", "1", 31), ("tenure.nobody_held", "2", 366)]
    with pytest.raises(RefusedInput) as refused:
        share_parcels({"1": 5}, [replace(late, first_day=date(2024, 1, 1))], **terms)
    assert [fault.code for fault in refused.value.faults] == ["tenure.no_account"]
    assert share_parcels({"1": 0}, [], **terms).payments == ()


# The table


def test_a_sheet_holds_the_formula_and_its_lines_add_up_to_what_is_due():
    """1,000.01 yuan over 16,400 m2 (24.6 mu): 40.6508 yuan a mu; H1 has 12.3 mu at 60 %."""
    found = {sheet.account: sheet for sheet in sheets(document(income(), 7))}
    (line,) = found["H1"].lines
    assert (line.parcel, line.area_m2, line.days, line.share, line.coefficient) == ("1", 8200, 366, "0.6", "1")
    assert line.cny_per_mu == "40.65081301"  # 1000.01 / 24.6
    assert (found["H1"].name, found["H1"].village) == ("农户1", "东岳村经济合作社")
    for sheet in found.values():
        assert sum(line.fen for line in sheet.lines) == sheet.due_fen == sheet.paid_fen
    assert sum(sheet.due_fen for sheet in found.values()) == 100_001


def test_days_and_coefficients_stand_in_the_formula():
    half = right("2", last_day=date(2024, 6, 30), key_ecological=True)
    found = {s.account: s for s in sheets(document(income(name="key_ecological", rights=[half, right("3")])))}
    (line,) = found["H2"].lines
    assert (line.days, line.coefficient) == (182, "1.2")
    worked = (
        Decimal(line.area_m2) * 15 / 10_000 * Decimal(line.cny_per_mu) * 182 / 366 * Decimal("0.6") * Decimal("1.2")
    )
    assert abs(worked - Decimal(line.fen) / 100) < Decimal("0.01")


def test_statements_can_be_made_again_and_a_changed_table_is_found_out(tmp_path: Path):
    made = document(income())
    path = tmp_path / "shares.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    again = read_filed(path)
    assert list(sheets(again)) == list(sheets(made))
    check_recorded(again, [(7, made["log"]["sha256"])], "registry.example/x/sandbox")
    for recorded, origin in (
        ([(8, made["log"]["sha256"])], made["log"]["origin"]),
        ([(7, made["log"]["sha256"])], "y"),
    ):
        with pytest.raises(IntegrityError):
            check_recorded(again, recorded, origin)
    path.write_text(json.dumps(made).replace('"60000"', '"60001"').replace("30000", "30001"), encoding="utf-8")
    with pytest.raises(IntegrityError):
        read_filed(path)
    path.write_text('{"format": "tanhui-shares-1"}', encoding="utf-8")
    with pytest.raises(InputError):
        read_filed(path)


def test_names_are_beside_the_table_and_may_be_taken_away():
    made = document(income())
    bare = {**made, "names": {}}
    assert hash_json(bare["table"]) == made["log"]["sha256"]
    assert [sheet.sha256 for sheet in sheets(bare)] == [sheet.sha256 for sheet in sheets(made)]
    assert "农户" not in json.dumps(made["table"], ensure_ascii=False)


# On paper


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_a_village(lang: Any):
    shared = income(name="community_20", deducted={"核查费": 5_000}, withheld=["H2"], carried={"H3": 1_234})
    made = document(shared)
    found = list(sheets(made))
    page = village_page(made, found, "东岳村经济合作社", lang)
    assert page.count("<article") == page.count("<svg") == len(found)
    assert page.count("情景，非现行规则") == len(found)
    assert page.count("1,050.01") == len(found)  # the income before the fee
    for sheet in found:
        assert sheet.sha256 in page
        assert f"{sheet.due_fen / 100:,.2f}" in page
    assert "32.5207 " in page  # four fifths of 1000.01 yuan, 800.01, over 24.6 mu
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert 'class="sum waits"' in page


def test_names_are_text_on_the_page():
    made = document(income(rights=[right("1", contractor=Party("<b>x</b>", "H1")), right("2"), right("3")]))
    page = village_page(made, list(sheets(made)), "v", "zh")
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_the_folder_has_one_page_for_each_village_and_is_its_owners_alone(tmp_path: Path):
    other = right("2", owner=Party("西岭村", "V2"))
    alike = right("3", owner=Party("西岭/村", "V3"))
    slashed = right("4", owner=Party("西岭\\村", "V4"))
    shared = income(rights=[right("1"), other, alike, slashed], areas_m2={**AREAS, "4": 10}, name="community_20")
    files = write_handout(tmp_path / "out", document(shared), "zh")
    pages = sorted(name for name in files if name.endswith(".html"))
    assert "statements-东岳村经济合作社.zh.html" in pages
    assert "statements.zh.html" in pages  # the operator has land in all of them
    assert sum(name.startswith("statements-西岭-村-") for name in pages) == 2
    assert all((tmp_path / "out" / name).stat().st_mode & 0o077 == 0 for name in files)
    assert write_handout(tmp_path / "out", document(shared), "zh") == files  # the same bytes again
    (tmp_path / "out" / "bank.csv").write_text("mine")
    with pytest.raises(InputError):
        write_handout(tmp_path / "out", document(shared), "zh")


# For the bank and the accountant


def test_no_text_becomes_a_formula(tmp_path: Path):
    evil = '=HYPERLINK("http://x")'
    rights = [right("1", contractor=Party(evil, "H1"), owner=Party("@村", "V1")), right("2"), right("3")]
    made = document(income(rights=rights))
    found = list(sheets(made))
    rows = list(csv.reader(io.StringIO(bank_table(made, found).decode("utf-8-sig"))))
    assert rows[0] == ["account", "name", "amount_cny", "statement", "leaf"]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert sum(Decimal(row[2]) for row in rows[1:]) == Decimal("1000.01")
    path = tmp_path / "book.xlsx"
    path.write_bytes(accounts_book(made, found, "zh"))
    for page in load_workbook(path).worksheets:
        for row in page.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or "HYPERLINK" not in str(cell.value)
    assert plain_text("\x1b[31m\t=1+1") == " [31m =1+1"
    assert plain_text("  +86") == "'  +86"


def test_the_workbook_adds_up_to_the_fen_when_an_office_program_works_it_out(tmp_path: Path):
    rights = [right(str(n), contractor=Party(f"户{n}", f"H{n % 37:02}")) for n in range(200)]
    areas = {str(n): 500 + 37 * n % 997 for n in range(200)}
    deducted = {"核查费": 5_000, "登记费": 777}
    terms = {"rights": rights, "areas_m2": areas, "deducted": deducted}
    shared = income(7_654_321, "community_20", carried={"H05": 333}, withheld=["H07"], **terms)
    made = document(shared)
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(accounts_book(made, list(sheets(made)), "en"))
    book = load_workbook(computed(path, tmp_path / "office"), data_only=True)
    cells = {row[0].value: row for row in book["Totals"].iter_rows() if row[0].value}
    assert cells["Check"][1].value == "meets to the fen"
    assert cells["To be shared (yuan)"][1].value == 76_543.21
    assert cells["Income (yuan)"][1].value == 76_600.98
    paid, waits = (cells["All"][column].value for column in (4, 5))
    assert round(paid * 100) == shared.paid_fen
    assert round(waits * 100) == shared.carried_out["H07"]
    parcels = list(book["Parcels"].iter_rows(min_row=2, values_only=True))
    assert round(sum(row[11] for row in parcels) * 100) == 7_654_321
    assert all(abs(row[12]) < 0.011 for row in parcels)
    for row in book["Accounts"].iter_rows(min_row=2, values_only=True):
        due = sum(payment.fen for payment in shared.dues if payment.account == row[1])
        assert round(row[5] * 100) == due


def test_the_accountants_workbook_says_when_it_does_not_meet(tmp_path: Path):
    made = document(income())
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(accounts_book(made, list(sheets(made)), "en"))
    book = load_workbook(path)
    book["Parcels"]["L2"] = 1.0  # somebody changes an amount
    book.save(path)
    found = load_workbook(computed(path, tmp_path / "office"), data_only=True)["Totals"]
    assert [row[1].value for row in found.iter_rows() if row[0].value == "Check"] == ["differs"]


def test_deductions_are_positive():
    with pytest.raises(Exception, match="negative"):
        income(deducted={"fee": -1})
    assert Period.inclusive(*map(date.fromisoformat, share_table("p", income())["period"])) == YEAR
