"""Workbooks as people send them."""

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.limits import file_limit
from tanhui.kernel.tables import Column, TableSpec, note_texts, read_table

SPEC = TableSpec(
    "small",
    {
        "plot_id": Column("plot_id", "text", "text", "样地号", "Plot", required=True),
        "dbh_cm": Column("dbh_cm", "number", "cm", "胸径", "Diameter", required=True, above=0, max=500),
        "visited": Column("visited", "date", "date", "调查日期", "Day"),
    },
)
HEADER = ["样地号", "胸径", "调查日期"]
DAY = datetime.date(2021, 5, 1)


def book(path: Path, *rows: list[object], title: str = "样地") -> openpyxl.Workbook:
    workbook = openpyxl.Workbook()
    workbook.active.title = title
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return workbook


def refused(path: Path, **options: object) -> list[tuple[str, int | None, str]]:
    with pytest.raises(RefusedInput) as refusal:
        read_table(path, SPEC, **options)
    assert "{" not in refusal.value.text("zh")
    return [(fault.code, fault.row, fault.value) for fault in refusal.value.faults]


def codes(frame) -> set[str]:
    return {note["code"] for note in frame.attrs["notes"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.xlsx"


def test_a_plain_sheet(path: Path):
    book(path, HEADER, ["P1", 12.5, DAY], [2, "１３", None])
    frame = read_table(path, SPEC)
    assert frame["plot_id"].tolist() == ["P1", "2"]
    assert frame["dbh_cm"].tolist() == [12.5, 13.0]
    assert frame["visited"].dt.date.tolist()[0] == DAY
    assert frame.attrs["notes"] == []


def test_blank_rows_and_title_rows_keep_the_row_numbers(path: Path):
    workbook = book(path, ["样地调查表"], [], HEADER, ["P1", 5], [None, " "], ["P2", 6])
    workbook.active.merge_cells("A1:C1")  # a merged title above the header harms nobody
    workbook.save(path)
    frame = read_table(path, SPEC)
    assert list(frame.index) == [4, 6]
    assert codes(frame) == {"table.title_rows"}


def test_units_in_headers(path: Path):
    book(path, ["样地号", "胸径（mm）"], ["P1", 125])
    assert read_table(path, SPEC)["dbh_cm"].tolist() == [12.5]


@pytest.mark.parametrize("where", ["A2:A3", "A1:B1"])
def test_merged_cells_are_faults(path: Path, where):
    workbook = book(path, HEADER, ["P1", 5], ["", 6])
    workbook.active.merge_cells(where)
    workbook.save(path)
    assert ("table.merged_cells", int(where[1]), where) in refused(path)


def test_totals_rows_are_faults(path: Path):
    book(path, HEADER, ["P1", 5], ["小计", 5], ["P2", 6], ["合计", 11])
    assert [fault[:2] for fault in refused(path)] == [("table.totals_row", 3), ("table.totals_row", 5)]


def test_formulas_that_were_never_computed_are_faults(path: Path):
    # openpyxl writes formulas without values, as a program that is not a spreadsheet does.
    book(path, HEADER, ["P1", "=2+3"])
    assert ("table.unsaved_formula", 2, "B2") in refused(path)


def test_excel_errors_are_faults(path: Path):
    book(path, HEADER, ["P1", 5], ["P2", "#REF!"], ["#N/A", 6])
    assert {fault[:2] for fault in refused(path)} == {("table.excel_error", 3), ("table.excel_error", 4)}


def test_a_day_that_is_only_a_number_is_a_fault(path: Path):
    book(path, HEADER, ["P1", 5, 44317])
    assert refused(path) == [("table.date_serial", 2, "44317")]


def test_hidden_rows_count_and_are_noted(path: Path):
    workbook = book(path, HEADER, ["P1", 5], ["P2", 6])
    workbook.active.row_dimensions[3].hidden = True
    workbook.active.column_dimensions["C"].hidden = True
    workbook.save(path)
    frame = read_table(path, SPEC)
    assert frame["plot_id"].tolist() == ["P1", "P2"]
    assert codes(frame) == {"table.hidden"}
    assert "1" in note_texts(frame, "en")[0]


def test_the_first_visible_sheet_is_read_and_the_choice_noted(path: Path):
    workbook = book(path, ["old"], ["data"], title="hidden")
    second = workbook.create_sheet("样木")
    for row in (HEADER, ["P1", 5]):
        second.append(row)
    workbook["hidden"].sheet_state = "hidden"
    workbook.active = 1
    workbook.save(path)
    frame = read_table(path, SPEC)
    assert frame["plot_id"].tolist() == ["P1"]
    assert codes(frame) == {"table.first_sheet"}
    assert "hidden" in note_texts(frame, "zh")[0]
    assert codes(read_table(path, SPEC, sheet="样木")) == set()
    assert refused(path, sheet="样")[0][0] == "table.no_sheet"
    assert refused(path, sheet="hidden")[0][0] == "table.missing_column"


def test_an_empty_sheet(path: Path):
    book(path)
    assert refused(path)[0][0] == "table.no_rows"
    book(path, HEADER)
    assert refused(path)[0][0] == "table.no_rows"


def test_a_workbook_cut_in_half_or_of_something_else(path: Path):
    book(path, HEADER, *[["P", 5]] * 500)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:100], b"plot_id,dbh\n", b"PK\x05\x06" + b"\x00" * 18):
        path.write_bytes(content)
        assert refused(path)[0][0] == "file.unreadable"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_workbook_with_a_damaged_part(path: Path, tmp_path: Path, part):
    book(path, HEADER, ["P1", 5])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            data = whole.read(name)
            copy.writestr(name, data[: len(data) // 2] if name == part else data)
    assert refused(broken)[0][0] == "file.unreadable"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(path: Path):
    book(path, HEADER, ["P1", 5])
    piece = b" " * 1024**2
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/media/image1.bin", "w", force_zip64=True) as part,
    ):
        for _ in range(file_limit("unpacked_bytes") // len(piece) + 1):
            part.write(piece)
    assert path.stat().st_size < 2 * 1024**2
    assert refused(path)[0][0] == "file.too_large"


def test_entities_that_grow_are_refused(path: Path, tmp_path: Path):
    book(path, HEADER, ["P1", 5])
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{entities}]><worksheet>&e11;</worksheet>'
    broken = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            copy.writestr(name, bomb if name == "xl/worksheets/sheet1.xml" else whole.read(name))
    assert refused(broken)[0][0] == "file.unreadable"


def test_a_wrong_size_in_the_file_hides_no_row(path: Path, tmp_path: Path):
    book(path, HEADER, ["P1", 5], ["P2", 6])
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(other, "w") as copy:
        for name in whole.namelist():
            copy.writestr(name, whole.read(name).replace(b'<dimension ref="A1:C3"', b'<dimension ref="A1:B2"'))
    assert read_table(other, SPEC)["plot_id"].tolist() == ["P1", "P2"]
