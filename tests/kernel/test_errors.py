"""Errors speak both languages, and a refusal shows every kind of fault."""

import json

import pytest

from tanhui.kernel.errors import DataError, DomainError, Fault, InputError, IntegrityError, RefusedInput, TanhuiError
from tanhui.kernel.wording import LANGS, say


def test_exit_codes():
    assert {error.exit_code for error in (TanhuiError, DomainError, DataError, IntegrityError)} == {1}
    assert {error.exit_code for error in (InputError, RefusedInput)} == {2}


def test_an_error_has_a_sentence_in_both_languages_and_its_facts():
    error = InputError("unit.unknown", unit="furlong", known="m, ha")
    assert "furlong" in error.text("zh")
    assert "未知单位" in error.text("zh")
    assert str(error) == "Unknown unit 'furlong'. Known units: m, ha."
    assert error.to_dict("zh")["facts"] == {"unit": "furlong", "known": "m, ha"}
    assert json.dumps(TanhuiError(path=object()).to_dict())


def test_a_code_without_wording_and_a_missing_fact_still_speak():
    assert str(TanhuiError("nobody.wrote.this")) == "error.nobody.wrote.this"
    assert "{unit}" in str(InputError("unit.unknown"))
    assert say("nobody.wrote.this", default="") == ""


@pytest.mark.parametrize("lang", LANGS)
def test_facts_with_braces_are_shown_as_they_are(lang):
    assert "{0.__class__}" in InputError("unit.unknown", unit="{0.__class__}").text(lang)


def test_the_place_of_a_fault():
    fault = Fault("table.empty_cell", "plots.xlsx", "样地", 7, "dbh_cm")
    assert fault.place("zh") == "plots.xlsx · 样地 · 第 7 行 · dbh_cm"
    assert fault.place("en") == "plots.xlsx · 样地 · row 7 · dbh_cm"
    assert Fault("file.empty", "a.csv").place() == "a.csv"


def test_a_refusal_shows_some_of_each_kind_and_json_shows_all():
    faults = [Fault("table.not_a_number", "a.csv", row=row, column="dbh_cm", value="x") for row in range(2, 302)]
    faults += [Fault("table.and_more", "a.csv", column="dbh_cm", facts={"count": 700, "like": "table.not_a_number"})]
    faults += [Fault("table.totals_row", "a.csv", row=9, value="合计")]
    refusal = RefusedInput(faults)
    text = refusal.text("en")
    assert refusal.count == 300 + 700 + 1
    assert "1001" in text.splitlines()[0]
    assert text.count("not a number") == RefusedInput.shown_of_a_kind
    assert "995 more" in text
    assert "合计" in text
    assert len(refusal.to_dict()["faults"]) == 302
    assert {"code", "file", "sheet", "row", "column", "value", "reason", "todo"} == set(
        refusal.to_dict("zh")["faults"][0]
    )
