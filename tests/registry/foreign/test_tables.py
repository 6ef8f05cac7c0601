"""Exports of other registries: carried without loss, and read for what they say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput
from tanhui.registry.foreign import read_table, units_of, write_table
from tanhui.registry.model import Interval

ROWS = Path(__file__).parent / "rows"
EXPORTS = sorted(ROWS.glob("*.csv"))


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_a_public_export_is_written_back_byte_for_byte(path: Path, tmp_path: Path):
    table = read_table(path)
    copy = tmp_path / path.name
    rows = write_table(table, table, copy)
    assert copy.read_bytes() == path.read_bytes()
    assert rows == sum(1 for _ in table)


@pytest.mark.parametrize(
    ("name", "layout"),
    [("verra", "verra"), ("gold_standard_issuances", "gold_standard"), ("cad_trust", "cad_trust")],
)
def test_the_layout_is_told_from_the_header(name: str, layout: str):
    assert read_table(ROWS / f"{name}.csv").layout.name == layout


def test_units_of_verra():
    found = list(units_of(read_table(ROWS / "verra.csv")))
    assert len(found) == 10
    assert found[0].units == Interval(941467007, 941467432)
    assert [unit.state for unit in found] == ["retired"] * 4 + [
        "held",
        "retired",
        "retired",
        "held",
        "retired",
        "retired",
    ]
    assert found[2].owner == "Lindblad Expeditions Family of Companies"
    assert {unit.line for unit in found} == {"verra"}
    assert (found[0].row, found[0].project) == (2, "1340")


def test_units_of_gold_standard_and_cad_trust():
    states = [unit.state for unit in units_of(read_table(ROWS / "gold_standard_retirements.csv"))]
    assert states == ["retired", "retired", "retired", "cancelled"]
    cad = list(units_of(read_table(ROWS / "cad_trust.csv")))
    assert [(unit.line, unit.units.units, unit.state) for unit in cad] == [
        ("SAMPLE-UNIT1-BLK", 4001, "issued"),
        ("SAMPLE-UNIT2-BLK", 2000, "retired"),
        ("SAMPLE-UNIT3-BLK", 2500, "held"),
        ("undp/CA0001-XX-1", 100, "held"),  # a serial we know says the line itself
    ]


def test_the_first_version_of_cad_trust(tmp_path: Path):
    path = tmp_path / "units.csv"
    path.write_text("serialNumberBlock,unitStatus,unitOwner\nAXJJFSLGHSHEJ1000-AXJJFSLGHSHEJ1010,Held,f1c5\n")
    (unit,) = units_of(read_table(path))
    assert (unit.line, unit.units, unit.owner) == ("AXJJFSLGHSHEJ", Interval(1000, 1011), "f1c5")


def test_everything_wrong_is_listed_in_words(tmp_path: Path):
    path = tmp_path / "gs.csv"
    good = "GS1-1-KE-GS11603-16-2025-30256-1-10"
    path.write_text(
        "Serial Number,GSID,Quantity,Credit Status\n"
        f"{good},11603,10,Issued\n"
        f"{good},11603,11,Issued\n"
        f"{good},11603,10,Lost\n"
        "GS1-1-KE-GS11603-16-2025-30256,11603,10,Issued\n"
        "nonsense,11603,10,Issued\n"
        f"{good},11603\n"
        "\n"
    )
    with pytest.raises(RefusedInput) as refused:
        list(units_of(read_table(path)))
    assert [(fault.code, fault.row) for fault in refused.value.faults] == [
        ("foreign.cell_quantity", 3), ("foreign.cell_status", 4), ("foreign.cell_serial", 5),
        ("foreign.cell_serial", 6), ("foreign.row_width", 7),
    ]  # fmt: skip
    for fault in refused.value.faults:
        assert "{" not in fault.reason("zh") + fault.reason("en")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "foreign.unknown_layout"),
        ("a,b\n1,2\n", "foreign.unknown_layout"),
        ("Serial Number,ID,Quantity Issued,ID\n", "foreign.doubled_column"),
        ('"never closed', "foreign.not_csv"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, text: str, code: str):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(RefusedInput) as refused:
        read_table(path)
    assert {fault.code for fault in refused.value.faults} == {code}


def test_a_missing_file_and_a_failed_copy_leave_nothing_behind(tmp_path: Path):
    with pytest.raises(RefusedInput):
        read_table(tmp_path / "none.csv")

    def failing():
        yield 2, ["x"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_table(read_table(ROWS / "verra.csv"), failing(), tmp_path / "copy.csv")
    assert list(tmp_path.iterdir()) == []


cells = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cells, max_size=5), max_size=6), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_no_value_changes_whatever_it_is(tmp_path: Path, rows: list[list[str]], bom: bool, line_end: str):
    path, copy, again = (tmp_path / name for name in ("rows.csv", "copy.csv", "again.csv"))
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator=line_end, quoting=csv.QUOTE_ALL)
        writer.writerows([["Serial Number", "ID", "Quantity Issued", "备注"], *rows])
    for source, target in ((path, copy), (copy, again)):
        write_table(read_table(source), read_table(source), target)
        assert [row for _, row in read_table(target)] == rows
    assert again.read_bytes() == copy.read_bytes()
    assert copy.read_bytes().startswith(b"\xef\xbb\xbf") is bom


def test_bytes_that_are_no_utf8_are_carried(tmp_path: Path):
    path, copy = tmp_path / "gbk.csv", tmp_path / "copy.csv"
    path.write_bytes("Serial Number,ID,Quantity Issued,Name\n,1,2,碳汇\n".encode("gb18030"))
    table = read_table(path)
    write_table(table, table, copy)
    assert copy.read_bytes() == path.read_bytes()
