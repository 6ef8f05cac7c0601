"""Tables as people send them: what is read, what is refused, and that nothing is read wrong in silence."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.tables import (
    Column,
    TableSpec,
    check_frame,
    iter_table,
    note_texts,
    number_faults,
    read_raw,
    read_table,
    table_spec,
)
from tanhui.kernel.tables.cells import FAULTS_KEPT

TREES = table_spec("inventory", "trees")
SMALL = TableSpec(
    "small",
    {
        "plot_id": Column("plot_id", "text", "text", "样地号", "Plot", required=True),
        "dbh_cm": Column(
            "dbh_cm", "number", "cm", "胸径", "Diameter", required=True, above=0, max=500, aliases=("dbh",)
        ),
        "count": Column("count", "integer", "1", "株数", "Trees", min=0),
        "visited": Column("visited", "date", "date", "调查日期", "Day"),
        "status": Column("status", "choice", "text", "状态", "Status", choices=("live", "dead", "total")),
        "density_g_cm3": Column("density_g_cm3", "number", "g/cm3", "木材密度", "Density", above=0, max=1.5),
    },
)


def read(tmp_path: Path, content: str | bytes, spec: TableSpec = SMALL, name: str = "t.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, spec, **options)


def refused(tmp_path: Path, content: str | bytes, spec: TableSpec = SMALL, name: str = "t.csv", **options):
    """Every fault as (code, row, column, value)."""
    with pytest.raises(RefusedInput) as refusal:
        read(tmp_path, content, spec, name, **options)
    for lang in ("zh", "en"):
        assert "{" not in refusal.value.text(lang)
        assert not any(line["reason"].startswith("fault.") for line in refusal.value.to_dict(lang)["faults"])
    return [(fault.code, fault.row, fault.column, fault.value) for fault in refusal.value.faults]


# What is read


def test_a_plain_table(tmp_path: Path):
    frame = read(tmp_path, "extra,dbh,plot_id,count\nx,12.5,P1,3\ny,7,P2,\n")
    assert list(frame.columns) == ["plot_id", "dbh_cm", "count", "extra"]
    assert list(frame.index) == [2, 3]
    assert frame["dbh_cm"].tolist() == [12.5, 7.0]
    assert frame["count"].isna().tolist() == [False, True]
    assert note_texts(frame, "zh") == []


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("gb18030"),
        lambda text: text.encode("gbk"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    ],
)
def test_encodings(tmp_path: Path, encode):
    frame = read(tmp_path, encode("样地号,胸径,备注\n一号,12.5,杉木\n二号,7,马尾松\n"))
    assert frame["plot_id"].tolist() == ["一号", "二号"]
    assert frame["dbh_cm"].tolist() == [12.5, 7.0]
    assert frame["备注"].tolist() == ["杉木", "马尾松"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter, line_end):
    rows = [["plot_id", "dbh", "note"], ["P1", "12.5", '"a,b;c"'], ["P2", "7", ""]]
    frame = read(tmp_path, line_end.join(delimiter.join(row) for row in rows) + line_end)
    assert frame["dbh_cm"].tolist() == [12.5, 7.0]
    assert frame["note"].fillna("").tolist() == ["a,b;c", ""]


def test_gzip(tmp_path: Path):
    packed = gzip.compress(b"plot_id,dbh\nP1,12.5\n")
    assert read(tmp_path, packed, name="t.csv.gz")["dbh_cm"].tolist() == [12.5]


def test_parquet_keeps_its_types(tmp_path: Path):
    path = tmp_path / "t.parquet"
    days = pd.to_datetime(["2021-05-01", None])
    pd.DataFrame({"plot_id": [1, 2], "dbh": [12.5, 7.0], "visited": days, "x": [1.5, 2.5]}).to_parquet(path)
    frame = read_table(path, SMALL)
    assert frame["plot_id"].tolist() == ["1", "2"]
    assert frame["dbh_cm"].tolist() == [12.5, 7.0]
    assert frame["visited"].isna().tolist() == [False, True]
    assert frame["x"].tolist() == [1.5, 2.5]
    assert list(frame.index) == [2, 3]


def test_numbers_as_people_write_them(tmp_path: Path):
    cells = ["１２．５", " 12.5 ", "1.25e1", "+12.5", "12.50", "\u300012.5"]
    frame = read(tmp_path, "plot_id,dbh\n" + "".join(f"P,{cell}\n" for cell in cells))
    assert frame["dbh_cm"].tolist() == [12.5] * len(cells)
    spec = TableSpec("n", {"x": Column("x", "number", "1", "x", "x")})
    frame = read(tmp_path, 'x\n"1,234.5"\n"1,234,567"\n-3\n\u22123\n.5\n5.\n', spec)
    assert frame["x"].tolist() == [1234.5, 1234567.0, -3.0, -3.0, 0.5, 5.0]


def test_na_is_no_value_and_blank_lines_are_no_rows(tmp_path: Path):
    frame = read(tmp_path, "plot_id,dbh,count,visited,status\n\nP1,5,NA,NA,NA\n,,,,\nNA,6,2,,\n")
    assert list(frame.index) == [3, 5]
    assert frame["count"].isna().tolist() == [True, False]
    assert frame["visited"].isna().all()
    assert frame["status"].tolist() == ["", ""]
    assert frame["plot_id"].tolist() == ["P1", "NA"]  # text is kept as it is


@pytest.mark.parametrize(
    "written",
    ["2021-05-01", "2021/5/1", "2021.05.01", "2021年5月1日", "20210501", "2021-05-01 08:30:00", "２０２１-05-01"],
)
def test_dates(tmp_path: Path, written):
    frame = read(tmp_path, f"plot_id,dbh,visited\nP1,5,{written}\n")
    assert frame["visited"].tolist() == [pd.Timestamp(2021, 5, 1)]


def test_a_quoted_line_break_is_one_row(tmp_path: Path):
    frame = read(tmp_path, 'plot_id,dbh,note\nP1,5,"two\nlines"\nP2,6,x\n')
    assert list(frame.index) == [2, 3]


def test_trailing_empty_columns_and_row_names(tmp_path: Path):
    # Excel saves trailing commas; R writes row names under an empty header.
    assert list(read(tmp_path, "plot_id,dbh,,\nP1,5,,\n").columns) == ["plot_id", "dbh_cm"]
    frame = read(tmp_path, '"","plot_id","dbh"\n"1","P1",5\n')
    assert list(frame.columns) == ["plot_id", "dbh_cm"]
    assert [note["code"] for note in frame.attrs["notes"]] == ["table.unnamed_column"]


# Headers and units


@pytest.mark.parametrize(
    "header",
    [
        "胸径(mm)",
        "胸径（毫米）",
        "胸径/mm",
        "胸径 [mm]",
        "胸径，mm",
        "dbh (mm)",
        "DBH mm",
        "dbh_mm",
        "DBH(ＭＭ)",
        "DBH, mm",
    ],
)
def test_a_unit_in_the_header_is_never_ignored(tmp_path: Path, header):
    frame = read(tmp_path, f'plot_id,"{header}"\nP1,125\n')
    assert frame["dbh_cm"].tolist() == [12.5]
    assert [note["code"] for note in frame.attrs["notes"]] == ["table.unit_converted"]
    assert "mm" in note_texts(frame, "en")[0]
    assert "毫米" not in note_texts(frame, "zh")[0] or header in note_texts(frame, "zh")[0]


def test_height_in_feet_is_converted(tmp_path: Path):
    # NIST SP 811: one foot is 0.3048 m exactly.
    assert read(tmp_path, "dbh,height_ft\n30,50\n", TREES)["height_m"].tolist() == [pytest.approx(15.24)]


def test_compound_units(tmp_path: Path):
    for header in ("density_kg_m3", "木材密度(kg/m³)", "木材密度 kg/m3", "density (kg·m-3)"):
        frame = read(tmp_path, f"plot_id,dbh,{header}\nP1,5,450\n")
        assert frame["density_g_cm3"].tolist() == [pytest.approx(0.45)], header


def test_the_same_unit_is_not_noted(tmp_path: Path):
    frame = read(tmp_path, "样地号,胸径(cm)\nP1,5\n")
    assert frame["dbh_cm"].tolist() == [5.0]
    assert frame.attrs["notes"] == []


def test_a_unit_of_another_kind_is_a_fault(tmp_path: Path):
    assert refused(tmp_path, "plot_id,dbh(kg)\nP1,5\n")[0][:3] == ("table.unit_incompatible", 1, "dbh_cm")


def test_a_bracket_that_is_no_unit_is_a_fault_until_it_is_explained(tmp_path: Path):
    content = "plot_id,胸径（围尺）\nP1,125\n"
    assert refused(tmp_path, content)[0][0] == "table.unknown_unit"
    assert read(tmp_path, content, rename={"dbh_cm": "胸径（围尺）"})["dbh_cm"].tolist() == [125.0]
    explained = read(tmp_path, content, rename={"dbh_cm": "胸径(围尺)"}, units={"dbh_cm": "mm"})
    assert explained["dbh_cm"].tolist() == [12.5]


def test_a_number_behind_a_name_is_no_unit(tmp_path: Path):
    frame = read(tmp_path, "plot_id,dbh,dbh_1,dbh_2\nP1,5,6,7\n")
    assert frame["dbh_cm"].tolist() == [5.0]
    assert frame["dbh_1"].tolist() == ["6"]


def test_an_explicit_unit_overrules_the_header_and_is_noted(tmp_path: Path):
    frame = read(tmp_path, "plot_id,dbh(mm)\nP1,5\n", units={"dbh_cm": "m"})
    assert frame["dbh_cm"].tolist() == [500.0]
    assert {note["code"] for note in frame.attrs["notes"]} == {"table.unit_overruled", "table.unit_converted"}


def test_explicit_columns(tmp_path: Path):
    frame = read(
        tmp_path, "place,dbh,D2\nP1,5,60\n", rename={"plot_id": "place", "dbh_cm": "D2"}, units={"dbh_cm": "mm"}
    )
    assert frame["dbh_cm"].tolist() == [6.0]
    assert frame["dbh"].tolist() == ["5"]
    faults = refused(tmp_path, "plot_id,dbh\nP1,5\n", rename={"dbh_cm": "D3", "dhb": "dbh"}, units={"dhb": "mm"})
    assert {fault[0] for fault in faults} >= {"table.map_no_header", "table.map_unknown", "table.unit_for_unknown"}
    assert refused(tmp_path, "plot_id,dbh\nP1,5\n", units={"dbh_cm": "furlong"})[0][0] == "table.unknown_unit"


def test_two_columns_for_one(tmp_path: Path):
    assert refused(tmp_path, "plot_id,dbh,dbh_cm\nP1,5,5\n")[0][:3] == ("table.doubled_column", 1, "dbh_cm")
    assert refused(tmp_path, "plot_id,dbh(mm),胸径(cm)\nP1,5,5\n")[0][0] == "table.doubled_column"
    assert refused(tmp_path, "plot_id,dbh,note,note\nP1,5,a,b\n")[0][0] == "table.doubled_header"


def test_title_rows_above_the_header_are_skipped_and_noted(tmp_path: Path):
    frame = read(tmp_path, "2021年样地调查表,,\n调查人：,张三,\n\n样地号,胸径(mm),备注\nP1,125,x\n")
    assert list(frame.index) == [5]
    assert frame["dbh_cm"].tolist() == [12.5]
    assert "table.title_rows" in {note["code"] for note in frame.attrs["notes"]}
    quoted = read(tmp_path, '"title\nof two lines",\nplot_id,dbh\nP1,5\n')
    assert quoted["dbh_cm"].tolist() == [5.0]


@pytest.mark.parametrize("second", [",cm,", ",(cm),株", "编号,直径,数量"])
def test_two_header_rows_are_a_fault(tmp_path: Path, second):
    faults = refused(tmp_path, f"plot_id,dbh,count\n{second}\nP1,5,1\nP2,x,2\n")
    assert faults[0][:2] == ("table.second_header", 2)
    assert faults[1] == ("table.not_a_number", 4, "dbh_cm", "x")


def test_a_missing_column_does_not_hide_the_other_faults(tmp_path: Path):
    faults = refused(tmp_path, "dbh,count\nabc,1.5\n-3,1\n")
    assert {(code, row) for code, row, *_ in faults} == {
        ("table.missing_column", 1),
        ("table.not_a_number", 2),
        ("table.not_whole", 2),
        ("table.not_above", 3),
    }


# Cells


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("0", "table.not_above"),
        ("-5", "table.not_above"),
        ("501", "table.too_large"),
        ("1e999", "table.not_a_number"),
        ("inf", "table.not_a_number"),
        ("-Infinity", "table.not_a_number"),
        ("0x10", "table.not_a_number"),
        ("1_000", "table.not_a_number"),
        ("12.5cm", "table.not_a_number"),
        ("12 5", "table.not_a_number"),
        ("=1+2", "table.not_a_number"),
        ("True", "table.not_a_number"),
        ("nan", "table.missing_mark"),
        ("NaN", "table.missing_mark"),
        ("NULL", "table.missing_mark"),
        ("-", "table.missing_mark"),
        ("—", "table.missing_mark"),
        ("无", "table.missing_mark"),
        ("12,5", "table.decimal_comma"),
        ("1,234", "table.decimal_comma"),
        ("1.234,5", "table.decimal_comma"),
        ("#REF!", "table.excel_error"),
        ("#DIV/0!", "table.excel_error"),
        ("#N/A", "table.excel_error"),
        ("", "table.empty_cell"),
        ("   ", "table.empty_cell"),
        ("NA", "table.empty_cell"),
    ],
)
def test_cells_that_are_no_good_number(tmp_path: Path, cell, code):
    faults = refused(tmp_path, f'plot_id,dbh\nP0,5\nP1,"{cell}"\n')
    assert [fault[:3] for fault in faults] == [(code, 3, "dbh_cm")]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("44317", "table.date_serial"),
        ("44317.5", "table.date_serial"),
        ("03/04/2021", "table.not_a_date"),
        ("2021-02-30", "table.not_a_date"),
        ("2021-13-01", "table.not_a_date"),
        ("2021", "table.not_a_date"),
        ("去年", "table.not_a_date"),
    ],
)
def test_cells_that_are_no_good_date(tmp_path: Path, cell, code):
    faults = refused(tmp_path, f"plot_id,dbh,visited\nP1,5,{cell}\n")
    assert [fault[:3] for fault in faults] == [(code, 2, "visited")]


def test_the_day_of_an_excel_serial_is_named(tmp_path: Path):
    # Excel shows 44317 as 2021-05-01.
    with pytest.raises(RefusedInput, match="2021-05-01"):
        read(tmp_path, "plot_id,dbh,visited\nP1,5,44317\n")


def test_choices(tmp_path: Path):
    faults = refused(tmp_path, "plot_id,dbh,status\nP1,5,alive\nP2,5,total\n")
    assert faults == [("table.not_a_choice", 2, "status", "alive")]


@pytest.mark.parametrize("word", ["合计", "小 计", "总计：", "Total", "SUBTOTAL", "平均", "Mean"])
def test_rows_of_totals_are_faults(tmp_path: Path, word):
    faults = refused(tmp_path, f"x,plot_id,dbh,count\n1,P1,5,1\n{word},,10,2\n2,P2,5,1\n,{word},999,3\n")
    assert [fault[:2] for fault in faults] == [("table.totals_row", 3), ("table.totals_row", 5)]


def test_formula_text_is_kept_as_text_and_noted(tmp_path: Path):
    frame = read(tmp_path, "plot_id,dbh,note\n=cmd|' /C calc'!A0,5,@SUM(1)\nP2,6,-3\n")
    assert frame["plot_id"].tolist()[0].startswith("=cmd|")
    assert {note["column"] for note in frame.attrs["notes"]} == {"plot_id", "note"}


def test_ranges_are_in_our_unit_and_show_the_cell_as_written(tmp_path: Path):
    faults = refused(tmp_path, "plot_id,dbh(mm)\nP1,5001\nP2,5000\n")
    assert faults == [("table.too_large", 2, "dbh_cm", "5001")]


def test_faults_of_one_kind_are_capped_and_counted(tmp_path: Path):
    count = FAULTS_KEPT + 7
    with pytest.raises(RefusedInput) as refusal:
        read(tmp_path, "plot_id,dbh\n" + "P,x\n" * count)
    assert refusal.value.count == count
    assert len(refusal.value.faults) == FAULTS_KEPT + 1
    assert len(refusal.value.text().splitlines()) < 10


# Files


def test_absent_empty_and_unknown_files(tmp_path: Path):
    with pytest.raises(RefusedInput) as refusal:
        read_table(tmp_path / "absent.csv", SMALL)
    assert refusal.value.faults[0].code == "file.missing"
    with pytest.raises(RefusedInput):
        read_table(tmp_path, SMALL)
    assert refused(tmp_path, "")[0][0] == "file.empty"
    assert refused(tmp_path, "\n\n  \n")[0][0] == "table.no_rows"
    assert refused(tmp_path, "plot_id,dbh\n")[0][0] == "table.no_rows"
    assert refused(tmp_path, "x", name="t.xls")[0][0] == "file.unknown_format"


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.xlsx", "t.parquet"])
def test_five_gigabytes_are_refused_unread(tmp_path: Path, name):
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.truncate(5 * 1024**3)  # sparse: takes no room on the disk
    for reader in (lambda: read_table(path, SMALL), lambda: list(iter_table(path, SMALL)), lambda: read_raw(path)):
        with pytest.raises(RefusedInput) as refusal:
            reader()
        assert [fault.code for fault in refusal.value.faults] == ["file.too_large"]


def test_a_gzip_file_cut_in_half_or_of_something_else(tmp_path: Path):
    packed = gzip.compress(b"plot_id,dbh\n" + b"".join(b"P%d,%d\n" % (n, n % 50 + 1) for n in range(5000)))
    assert refused(tmp_path, packed[: len(packed) // 2], name="t.csv.gz")[0][0] == "file.cut_short"
    assert refused(tmp_path, b"plot_id,dbh\nP1,5\n", name="t.csv.gz")[0][0] == "file.cut_short"


def test_a_csv_cut_in_a_row_or_a_character(tmp_path: Path):
    whole = "样地号,胸径,备注\n" + "样地一,5.5,杉木\n" * 100
    cut = whole.encode()[:-1]
    assert refused(tmp_path, cut[: cut.rindex(b",") - 1])[0][0] == "table.wrong_width"
    assert refused(tmp_path, cut[:-1])[0][0] == "file.cut_short"
    complete = read(tmp_path, whole.encode()[:-1])
    assert [note["code"] for note in complete.attrs["notes"]] == ["file.no_final_newline"]


@pytest.mark.parametrize(
    "content",
    [
        "样地号,胸径\nP1,5\n".encode().decode("gb18030", "replace").encode(),  # UTF-8 read as GBK, saved
        "样地号,胸径\nP1,5\n".encode("gbk").decode("latin-1").encode(),  # GBK read as Latin-1, saved
        "样地号,胸径\nP1,5\n".encode("gbk").decode("utf-8", "replace").encode(),  # GBK read as UTF-8, saved
        "plot_id,dbh\n锟斤拷,5\n".encode(),  # the same, then once more as GBK
    ],
)
def test_garbled_text_is_refused(tmp_path: Path, content):
    assert refused(tmp_path, content)[0][0] == "file.mojibake"


def test_accents_are_not_taken_for_garbled_text(tmp_path: Path):
    frame = read(tmp_path, "plot_id,dbh,Höhe,Diamètre créé\nP1,5,1,2\n")
    assert list(frame.columns) == ["plot_id", "dbh_cm", "Höhe", "Diamètre créé"]


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03", b"PK\x03\x04rest", b"plot_id,dbh\nP1,5\x00\n"])
def test_binary_is_no_text(tmp_path: Path, content):
    assert refused(tmp_path, content)[0][0] == "file.not_text"


def test_text_in_an_unknown_encoding(tmp_path: Path):
    assert refused(tmp_path, b"plot_id,dbh\n\xff\xff\xff\xff,5\n")[0][0] == "file.unknown_encoding"


def test_rows_of_another_width_are_all_listed_with_their_row(tmp_path: Path):
    faults = refused(tmp_path, "plot_id,dbh\nP1,5\nP2\nP3,5,6\nP4,x\n")
    assert [fault[:2] for fault in faults] == [
        ("table.wrong_width", 3),
        ("table.wrong_width", 4),
        ("table.not_a_number", 5),
    ]


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"\x00" * 100 + b"PAR1", b"plot_id,dbh\n"])
def test_a_damaged_parquet_file(tmp_path: Path, content):
    assert refused(tmp_path, content, name="t.parquet")[0][0] == "file.unreadable"


def test_a_parquet_file_cut_in_half(tmp_path: Path):
    path = tmp_path / "whole.parquet"
    pd.DataFrame({"plot_id": ["P"] * 1000, "dbh": np.arange(1000) / 10 + 1}).to_parquet(path)
    data = path.read_bytes()
    assert refused(tmp_path, data[: len(data) // 2], name="t.parquet")[0][0] == "file.unreadable"


# Blocks


def test_blocks_are_the_table_in_pieces(tmp_path: Path):
    content = "plot_id,dbh\n" + "".join(f"P{n},{n % 50 + 1}\n\n" for n in range(1000))
    whole = read(tmp_path, content)
    blocks = list(iter_table(tmp_path / "t.csv", SMALL, 300))
    assert pd.concat(blocks).equals(whole)
    assert all(len(block) <= 300 for block in blocks)
    assert whole.index[-1] == 2000


def test_a_fault_in_the_last_row_refuses_before_the_first_block(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("plot_id,dbh\n" + "P,5\n" * 999 + "P\n" + "P,x\n", encoding="utf-8")
    with pytest.raises(RefusedInput) as refusal:
        next(iter_table(path, SMALL, 100))
    assert [(fault.code, fault.row) for fault in refusal.value.faults] == [
        ("table.wrong_width", 1001),
        ("table.not_a_number", 1002),
    ]


def test_blocks_of_parquet_and_excel(tmp_path: Path):
    frame = pd.DataFrame({"plot_id": ["P"] * 25, "dbh": np.arange(25) + 1.0})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    for name in ("t.parquet", "t.xlsx"):
        blocks = list(iter_table(tmp_path / name, SMALL, 10))
        assert [len(block) for block in blocks] == [10, 10, 5]
        assert pd.concat(blocks)["dbh_cm"].tolist() == frame["dbh"].tolist()
        assert pd.concat(blocks).index.tolist() == list(range(2, 27))


@given(
    rows=st.lists(
        st.tuples(st.text("ab样地 ,\"'", min_size=1).filter(str.strip), st.floats(0.5, 499)), min_size=1, max_size=20
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    frame = pd.DataFrame(rows, columns=["plot_id", "dbh"])
    frame.to_csv(path, index=False)
    again = read_table(path, SMALL)
    assert again["dbh_cm"].tolist() == frame["dbh"].tolist()
    assert again["plot_id"].tolist() == [name.strip() for name in frame["plot_id"]]


# Frames


def test_a_frame_is_checked_like_a_file():
    frame = pd.DataFrame({"样地号": ["a", "b"], "胸径(mm)": ["50", "60"]}, index=[10, 11])
    checked = check_frame(frame, SMALL, file="f", units=None)
    assert checked["dbh_cm"].tolist() == [5.0, 6.0]
    assert list(checked.index) == [10, 11]
    with pytest.raises(RefusedInput) as refusal:
        check_frame(frame.assign(**{"胸径(mm)": [1, np.inf]}), SMALL, file="f", sheet="s")
    fault = refusal.value.faults[0]
    assert (fault.code, fault.file, fault.sheet, fault.row) == ("table.not_a_number", "f", "s", 11)
    with pytest.raises(RefusedInput):
        check_frame(frame.iloc[:0], SMALL, file="f")


def test_faults_of_numbers():
    column = Column("x", "number", "m", "x", "x", min=0, max=2)
    faults = number_faults(pd.Series([-1.0, 0, 2, 3, np.nan], index=[5, 6, 7, 8, 9]), column, "f")
    assert [(fault.code, fault.row) for fault in faults] == [("table.too_small", 5), ("table.too_large", 8)]


def test_a_raw_table_is_text_as_it_stands(tmp_path: Path):
    (tmp_path / "t.csv").write_text("a,b\n01,x\n2,\n", encoding="utf-8")
    frame = read_raw(tmp_path / "t.csv")
    assert frame["a"].tolist() == ["01", "2"]
    assert list(frame.index) == [2, 3]


# What forms and programs do


@pytest.mark.parametrize("header", ['"胸径\n(mm)"', "*胸径（mm）", "胸 径 (mm)", "＊ＤＢＨ（ｍｍ）"])
def test_headers_as_forms_print_them(tmp_path: Path, header):
    frame = read(tmp_path, f"样地号,{header}\nP1,125\n")
    assert frame["dbh_cm"].tolist() == [12.5]
    assert list(frame.index) == [2]
    assert refused(tmp_path, f"样地号,{header}\nP1,125\nP2\n")[0][:2] == ("table.wrong_width", 3)


@pytest.mark.parametrize("header", ["株数（株）", "株数(棵)", "株数"])
def test_counting_words_are_units_of_one(tmp_path: Path, header):
    frame = read(tmp_path, f"plot_id,dbh,{header}\nP1,5,3\n")
    assert frame["count"].tolist() == [3.0]
    assert frame.attrs["notes"] == []


def test_conversion_leaves_no_noise(tmp_path: Path):
    frame = read(tmp_path, "plot_id,dbh(mm)\n" + "".join(f"P,{n}\n" for n in range(1, 5000)))
    assert frame["dbh_cm"].tolist() == [n / 10 for n in range(1, 5000)]


def test_the_separator_hint_of_excel_is_a_title_row(tmp_path: Path):
    assert read(tmp_path, "sep=;\nplot_id;dbh\nP1;5\n")["dbh_cm"].tolist() == [5.0]


def test_carriage_returns_alone_end_lines(tmp_path: Path):
    assert read(tmp_path, "plot_id,dbh\rP1,5\rP2,6\r")["dbh_cm"].tolist() == [5.0, 6.0]


def test_a_quote_that_never_closes_is_refused(tmp_path: Path):
    refused(tmp_path, 'plot_id,dbh\nP0,4\n"P1,5\nP2,6\n')


def test_numbers_as_names_stay_whole(tmp_path: Path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"plot_id": [7.0, np.nan, 8.0], "dbh": [1, 2, 3], "count": [True, False, True]}).to_parquet(path)
    with pytest.raises(RefusedInput) as refusal:
        read_table(path, SMALL)
    faults = [(fault.code, fault.row, fault.column) for fault in refusal.value.faults]
    assert faults[0] == ("table.empty_cell", 3, "plot_id")
    pd.DataFrame({"plot_id": [7.0, 8.0], "dbh": [1, 2]}).to_parquet(path)
    assert read_table(path, SMALL)["plot_id"].tolist() == ["7", "8"]


def test_a_file_full_of_odd_rows_is_counted_and_not_kept(tmp_path: Path):
    count = FAULTS_KEPT + 500
    with pytest.raises(RefusedInput) as refusal:
        read(tmp_path, "plot_id,dbh\nP1,5\n" + "P\n" * count)
    assert refusal.value.count == count
    assert len(refusal.value.faults) == FAULTS_KEPT + 1


def test_faults_of_many_blocks_are_capped_together(tmp_path: Path):
    count = 6 * FAULTS_KEPT
    path = tmp_path / "t.csv"
    path.write_text("plot_id,dbh\n" + "P,x\n" * count, encoding="utf-8")
    with pytest.raises(RefusedInput) as refusal:
        list(iter_table(path, SMALL, 1000))
    assert refusal.value.count == count
    assert len(refusal.value.faults) == FAULTS_KEPT + 1
