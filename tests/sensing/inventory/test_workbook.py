"""Sheets and words of the survey workbook: found by any name we know, and each column described."""

import openpyxl
import pytest

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import RefusedInput
from tanhui.sensing.inventory.workbook import read_workbook, sheet_of, sheet_spec, spellings, survey


@pytest.mark.parametrize(
    ("name", "key"),
    [("样地", "plots"), ("每木检尺表", "trees"), ("trees", "trees"), (" Heights ", "heights"), ("Sheet1", None)],
)
def test_sheets_by_any_name(name, key):
    assert sheet_of(name) == key


def test_no_sheet_name_means_two_sheets():
    names = [name for entry in survey()["sheets"].values() for name in (entry["zh"], entry["en"], *entry["aliases"])]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("key", survey()["sheets"])
def test_no_header_means_two_columns(key):
    spec = sheet_spec(key)
    for column in spec.columns.values():
        assert spec.find(column.zh) == column.name
        assert spec.find(column.aliases[0]) == column.name  # the header of the English template


@pytest.mark.parametrize("column", survey()["words"])
def test_words_are_those_of_the_product(column):
    ours = set(spellings(column).values())
    described = {
        **read_toml(data_path("inventory", "plots.toml")),
        **read_toml(data_path("inventory", "trees.toml")),
    }
    if column in described:
        assert set(described[column]["choices"]) <= ours
    assert len(spellings(column)) >= 2 * len(ours)


def test_a_wrong_word_names_the_right_ones(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "样地"
    page.append(["样地号", "碳层", "调查日期", "样地形状"])
    page.append(["P1", "A", "2025-08-20", "三角形"])
    book.create_sheet("样木")
    book.save(tmp_path / "a.xlsx")
    _, faults = read_workbook(tmp_path / "a.xlsx")
    assert [(fault.code, fault.row, fault.value) for fault in faults] == [("table.not_a_choice", 2, "三角形")]
    assert "方形" in faults[0].todo("zh")


def test_blank_optional_sheets_are_no_fault(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "样地"
    page.append(["样地号", "碳层", "调查日期", "样地形状"])
    page.append(["P1", "A", "2025-08-20", "Circle"])
    book.create_sheet("样木").append(["样地号", "样木号", "树种", "胸径(cm)"])
    book.create_sheet("复测")
    book.save(tmp_path / "a.xlsx")
    read, faults = read_workbook(tmp_path / "a.xlsx")
    assert not faults
    assert list(read.tables) == ["plots"]
    assert read.tables["plots"]["plot_shape"].tolist() == ["circle"]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(RefusedInput) as error:
        read_workbook(tmp_path)
    assert error.value.faults[0].code == "plots.no_sheet"
