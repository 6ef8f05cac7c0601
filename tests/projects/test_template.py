"""Templates: the filled example reads back without a fault, the blank one is complete, and nothing is overwritten."""

import openpyxl
import pytest

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.kernel.tables import table_spec
from tanhui.projects.model import load_project
from tanhui.projects.new import new_project, project_id
from tanhui.projects.template import header, workbook_bytes, write_template
from tanhui.sensing.inventory.read_plots import read_plots
from tanhui.sensing.inventory.workbook import survey

LANGS = pytest.mark.parametrize("lang", ["zh", "en"])


@LANGS
def test_filled_example_reads_without_a_fault(tmp_path, lang):
    read = read_plots(write_template(tmp_path / "a.xlsx", filled=True, lang=lang))
    assert read.inventory.plots["plot_shape"].value_counts().to_dict() == {
        "rectangle": 4,
        "circle": 1,
        "angle_count": 1,
    }
    assert read.lost["location_id"].tolist() == ["S05"]
    assert read.quality.passed
    assert read.notes == ()
    names = set(read.inventory.trees["species"])
    assert ("杉木" in names) == (lang == "zh")
    assert ("Cunninghamia lanceolata" in names) == (lang == "en")


def test_both_languages_say_the_same(tmp_path):
    zh = read_plots(write_template(tmp_path / "zh.xlsx", filled=True, lang="zh")).inventory
    en = read_plots(write_template(tmp_path / "en.xlsx", filled=True, lang="en")).inventory
    assert zh.plots.equals(en.plots)
    assert zh.trees.drop(columns="species").equals(en.trees.drop(columns="species"))


@LANGS
def test_blank_workbook_has_no_rows_to_read(tmp_path, lang):
    path = write_template(tmp_path / "a.xlsx", lang=lang)
    with pytest.raises(RefusedInput) as error:
        read_plots(path)
    assert [fault.code for fault in error.value.faults] == ["table.no_rows"]


@LANGS
def test_every_sheet_has_headers_drop_downs_comments_and_prints_on_a4(tmp_path, lang):
    book = openpyxl.load_workbook(write_template(tmp_path / "a.xlsx", lang=lang))
    for entry in survey()["sheets"].values():
        page = book[entry[lang]]
        columns = table_spec("inventory", entry["spec"]).columns.values()
        heads = list(page[3])
        assert [head.value for head in heads] == [header(column, lang) for column in columns]
        assert all(
            column.zh in head.comment.text and column.en in head.comment.text
            for column, head in zip(columns, heads, strict=True)
        )
        assert (page.page_setup.paperSize, page.page_setup.orientation) == (9, "landscape")
        assert page.page_setup.fitToWidth == 1
        assert page.print_title_rows in ("1:3", "$1:$3")
        rules = {str(rule.sqref).split("4:")[0]: rule for rule in page.data_validations.dataValidation}
        for column, head in zip(columns, heads, strict=True):
            if column.name in survey()["words"]:
                offered = rules[head.column_letter].formula1.strip('"').split(",")
                assert offered == [words[lang == "en"] for words in survey()["words"][column.name].values()]
                assert len(rules[head.column_letter].formula1) <= 255  # Excel's limit
            if column.is_number and column.max is not None:
                assert float(rules[head.column_letter].formula2) == column.max


def test_units_are_in_the_headers():
    trees = table_spec("inventory", "survey_trees").columns
    assert header(trees["dbh_cm"], "zh") == "胸径(cm)"
    assert header(trees["dbh_cm"], "en") == "DBH (cm)"
    assert header(table_spec("inventory", "survey_plots").columns["slope_deg"], "zh") == "坡度(°)"
    assert header(trees["species"], "zh") == "树种"


@LANGS
def test_illustrative_is_said_in_the_first_line_of_every_sheet(tmp_path, lang):
    book = openpyxl.load_workbook(write_template(tmp_path / "a.xlsx", filled=True, lang=lang))
    for page in book.worksheets:
        assert "示例数据，非真实项目" in page["A1"].value
        assert "Illustrative data, not a real project" in page["A1"].value


def test_the_same_rows_give_the_same_bytes(tmp_path):
    assert workbook_bytes({}) == workbook_bytes({})
    first = write_template(tmp_path / "a.xlsx", filled=True).read_bytes()
    assert write_template(tmp_path / "b.xlsx", filled=True).read_bytes() == first


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "a.xlsx").write_text("somebody's survey")
    with pytest.raises(InputError) as error:
        write_template(tmp_path / "a.xlsx")
    assert error.value.code == "template.exists"
    assert (tmp_path / "a.xlsx").read_text() == "somebody's survey"
    with pytest.raises(InputError) as error:
        write_template(tmp_path / "a.xls")
    assert error.value.code == "template.not_xlsx"


def test_new_project_is_complete_and_its_file_is_valid(tmp_path):
    folder = tmp_path / "Huitong 2026"
    written = new_project(folder)
    names = {path.relative_to(folder).as_posix() for path in written}
    assert names == {"project.toml", "README.md", "README.en.md", "monitoring/survey-blank.xlsx"}
    assert (folder / "parcels").is_dir()
    assert load_project(folder).id == "huitong-2026"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_new_project_overwrites_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError) as error:
        new_project(tmp_path)
    assert error.value.code == "new.not_empty"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(InputError):
        new_project(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("name", "wanted"), [("会同 2026", "2026"), ("杉木", "project"), ("A--b ", "a-b"), ("x" * 80, "x" * 63)]
)
def test_project_id(name, wanted):
    assert project_id(name) == wanted
