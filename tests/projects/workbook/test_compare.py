"""What a person changed in a workbook is found, named by sheet and cell, and never written over."""

import shutil
import zipfile

import pytest
from openpyxl import load_workbook

from tanhui.faces.demo import ILLUSTRATIVE
from tanhui.kernel.errors import DomainError, InputError, RefusedInput
from tanhui.projects.run import run_project
from tanhui.projects.workbook import check_workbook, write_workbook
from tanhui.projects.workbook.compare import moved_formula
from tanhui.projects.workbook.forms import plain, written
from tests.projects.test_afforestation import edit
from tests.projects.workbook.office import computed


@pytest.fixture(scope="module")
def clean(small, tmp_path_factory):
    return write_workbook(small, tmp_path_factory.mktemp("clean") / "er.xlsx", lang="en").path


@pytest.fixture
def book(clean, tmp_path):
    """A copy to change, opened; ``save`` it to have it checked."""
    path = tmp_path / "er.xlsx"
    shutil.copy(clean, path)
    return path, load_workbook(path)


def found(path, small):
    return [(c.kind, c.sheet, c.cell) for c in check_workbook(path, small).changes]


def test_untouched_and_saved_by_another_program(clean, small, tmp_path):
    assert found(clean, small) == []
    assert found(computed(clean, tmp_path / "office"), small) == []


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "kind"),
    [
        ("Trees", "L4", 1.0, "formula_overwritten"),
        ("Trees", "L5", "=K5*0.6", "formula_changed"),
        ("Trees", "E4", 99.0, "input_changed"),
        ("Trees", "A9", "Y99@2020-08-15", "text_changed"),
        ("Parameters", "C12", 0.05, "parameter_changed"),
        ("Checks", "D5", 1.0, "value_changed"),
        ("Checks", "D6", "=E6", "formula_added"),
        ("Claim", "B5", None, "formula_overwritten"),
        ("Lines", "H40", "note", "row_added"),
        ("Plots", "L4", "note", "cell_added"),
    ],
)
def test_a_changed_cell_is_named(book, small, sheet, cell, value, kind):
    path, file = book
    file[sheet][cell].value = value
    file.save(path)
    (change,) = check_workbook(path, small).changes
    assert (change.kind, change.sheet) == (kind, sheet)
    assert change.cell.endswith(cell[1:])
    if kind != "row_added":
        assert change.cell == cell
    for lang in ("zh", "en"):
        assert change.text(lang).startswith(f"{sheet}!")


def delete_row(folder, path, sheet, row):
    """Delete a row as a spreadsheet does, which shifts every formula."""
    file = load_workbook(path)
    page = file[sheet]
    where = {n: n - (n > row) for n in range(1, page.max_row + 1) if n != row}
    for other in file.worksheets:
        for cells in other.iter_rows():
            for cell in cells:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    cell.value = moved_formula(cell.value, other.title, {sheet: where})
    for defined in file.defined_names.values():
        defined.attr_text = moved_formula(defined.attr_text, "", {sheet: where})
    page.delete_rows(row)
    file.save(folder / "deleted.xlsx")
    return folder / "deleted.xlsx"


def test_a_deleted_row_is_one_change(clean, small, tmp_path):
    """The formulas below it moved up, as they must; the plot's sum lost its first tree."""
    path = delete_row(tmp_path, clean, "Trees", 4)
    (change,) = check_workbook(path, small).changes
    assert (change.kind, change.sheet, change.facts["row"]) == ("row_deleted", "Trees", 4)
    assert change.told == "Y01@2020-08-15 1"


def test_a_row_deleted_without_shifting_formulas_spoils_them_and_is_found(book, small):
    path, file = book
    file["Trees"].delete_rows(4)
    file.save(path)
    kinds = {kind for kind, *_ in found(path, small)}
    assert {"row_deleted", "formula_changed", "and_more"} <= kinds


def test_rows_in_another_order(book, small):
    path, file = book
    page = file["Parcels"]
    first, second = ([cell.value for cell in row] for row in page["A4:D5"])
    for row, values in ((4, second), (5, first)):
        for column, value in enumerate(values, start=1):
            page.cell(row, column).value = value
    file.save(path)
    assert ("rows_moved", "Parcels") in {(kind, sheet) for kind, sheet, _ in found(path, small)}


def test_a_sheet_gone_a_sheet_added_a_name_moved_a_lock_opened(book, small):
    path, file = book
    del file["Uncertainty"]
    file.create_sheet("Mine")
    file.defined_names["k_risk"].attr_text = "'Parameters'!$C$4"
    file["Claim"].protection.sheet = False
    file.save(path)
    changes = {(c.kind, c.sheet) for c in check_workbook(path, small).changes}
    wanted = {("sheet_missing", "Uncertainty"), ("sheet_added", "Mine"), ("protection_removed", "Claim")}
    assert wanted | {("name_changed", "Parameters")} <= changes


def test_another_runs_workbook_is_refused(clean, hunan, tmp_path):
    edit(hunan, r"seed = \d+", "seed = 1")
    other = run_project(hunan, tmp_path / "other").out
    with pytest.raises(DomainError) as refused:
        check_workbook(clean, other)
    assert refused.value.code == "workbook.other_run"


def test_what_a_person_wrote_is_not_written_over(book, small, clean):
    path, file = book
    write_workbook(small, path, lang="zh")  # nobody had touched it
    file["Trees"]["E4"].value = 12.3
    file.save(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="changed by a person"):
        write_workbook(small, path, lang="en")
    assert path.read_bytes() == before
    path.write_text("my notes")
    with pytest.raises(InputError, match="no workbook of ours"):
        write_workbook(small, path)
    with pytest.raises(InputError, match=r"ends in \.xlsx"):
        write_workbook(small, path.with_suffix(".xls"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"plain text"])
def test_no_workbook_at_all(tmp_path, small, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        check_workbook(path, small)


def test_a_bomb_is_not_unpacked(tmp_path, small):
    path = tmp_path / "x.xlsx"
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(part, "w", force_zip64=True) as stream:
        for _ in range(600):
            stream.write(bytes(1024**2))
    with pytest.raises(RefusedInput):
        check_workbook(path, small)


def test_a_run_of_another_kind_has_no_workbook(demo, tmp_path):
    others = [path.parent for path in demo.glob("*/result.json") if path.parent.name != ILLUSTRATIVE]
    for out in others:
        with pytest.raises(InputError, match="no run that a workbook"):
            write_workbook(out, tmp_path / "x.xlsx")
    assert not (tmp_path / "x.xlsx").exists()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("=SUM('Trees'!$A$4:$A$9)*1E-9", "=SUM(Trees!$A$4:$A$9)*0.000000001"),
        ("=A1 + b2", "=A1+B2"),
        ('=IF(A1=0,"a b","≠")', '=if(A1=0, "a b", "≠")'),
    ],
)
def test_formulas_in_one_form(one, two):
    assert written(one) == written(two)
    assert plain(one) == plain(two)


def test_text_within_a_formula_keeps_its_spaces():
    assert written('="a b"') != written('="ab"')


@pytest.mark.parametrize(
    ("formula", "moved"),
    [
        ("=E5*eq1_a", "=E4*eq1_a"),  # a row above it went
        ("=SUM('T'!$N$3:$N$9)", "=SUM('T'!$N$3:$N$8)"),  # the end of a range is the last row that is left
        ("=E3*2", "=#REF!*2"),
        ("=SUM('Other'!$A$5:$A$9)", "=SUM('Other'!$A$5:$A$9)"),
        ('=IF(E5>0,"E5","")', '=IF(E4>0,"E5","")'),
    ],
)
def test_formulas_shift_as_in_a_spreadsheet(formula, moved):
    where = {1: 1, 2: 2, **{n: n - 1 for n in range(4, 10)}}
    assert moved_formula(formula, "T", {"T": where}) == moved
