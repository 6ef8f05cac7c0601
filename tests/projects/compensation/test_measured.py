"""What is read from a run: the run's own figures, allotted to the land so that they add up to them."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.projects.compensation import Measured, account_of, read_measured
from tanhui.projects.compensation.account import Entry
from tests.projects.compensation.samples import contract, measured, write_run
from tests.projects.workbook.conftest import small  # noqa: F401 (a fixture)


def test_the_example_project(small: Path):  # noqa: F811
    """Its change and interval are the run's; the strata, from their own densities, come within a hundredth of it."""
    found = read_measured(small)
    result = json.loads((small / "result.json").read_text())
    (estimate,) = (e for e in result["estimates"] if e["quantity"] == "tree_change_co2e_t")
    reading = found.readings["change"]
    assert [float(x) for x in (reading.value, reading.low, reading.high)] == [estimate["value"], *estimate["ci90"]]
    assert found.period.to_list() == estimate["valid"]
    assert float(sum(found.by_stratum["change"].values())) == pytest.approx(estimate["value"], rel=0.01)
    assert sum(found.allotted("change", reading.value).values()) == reading.value
    frame = pd.read_parquet(small / "parcels.parquet")
    assert sum(parcel.area_m2 for parcel in found.parcels) == pytest.approx(frame.area_credited_ha.sum() * 1e4, abs=40)
    assert (found.indicative, found.illustrative) == (True, True)


def test_money_of_the_example_is_its_tonnes_times_the_price(small: Path):  # noqa: F811
    found = read_measured(small)
    first, last = found.period.to_list()
    terms = contract(period={"first": first, "last": last}, project=found.project)
    account = account_of(terms, [Entry(found)], [], date(2031, 1, 1))
    assert account.payable_fen == int(found.readings["change"].value * 50 * 100)


def test_what_the_database_keeps_is_exactly_what_was_read(small: Path):  # noqa: F811
    found = read_measured(small)
    assert Measured.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_allotted_by_size_and_by_area_where_nothing_changed():
    found = measured(0, strata={"A": 0, "B": 0})
    assert found.allotted("change", Fraction(-200)) == {"A": -100, "B": -100}  # ten hectares each
    assert measured().allotted("change", Fraction(800)) == {"A": 480, "B": 320}


def test_a_run_that_was_changed_or_is_none(tmp_path: Path):
    out = write_run(tmp_path / "run")
    assert read_measured(out).readings["change"].value == 1000
    text = (out / "result.json").read_text()
    (out / "result.json").write_text(text.replace("1000", "2000", 1))
    with pytest.raises(IntegrityError):
        read_measured(out)
    with pytest.raises(InputError):
        read_measured(tmp_path)
    bare = write_run(tmp_path / "bare")
    (bare / "parcels.parquet").unlink()
    with pytest.raises(IntegrityError):
        read_measured(bare)
