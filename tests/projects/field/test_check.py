"""From a plan to a survey and back, as a crew and a desk do it; and two people with one plot sheet."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.kernel.randoms import stream
from tanhui.projects.field import PlotSize, Wishes, check_survey, plan_field
from tanhui.sensing.inventory.parcel_attributes import Options
from tanhui.sensing.inventory.read_plots import read_plots

EXAMPLE = Path(__file__).parents[3] / "examples" / "afforestation-hunan"
HEADER = 3


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("field") / "pack"
    wishes = Wishes(most=12, teams=2, seed=1, size=PlotSize.parse("circle 11.28"))
    plan_field(EXAMPLE / "parcels" / "xiaoban.shp", out, wishes, options=Options(area_unit="mu"), lang="zh")
    return out


def filled(source: Path, target: Path, *, changes: dict[tuple[str, str], object] | None = None) -> Path:
    """A crew's workbook: every plot visited, twenty trees on each, positions as a receiver reads them."""
    book = load_workbook(source)
    plots, trees = book["样地"], book["样木"]
    head = {cell.value: cell.column for cell in plots[HEADER]}
    row = HEADER + 1
    at = HEADER + 1
    while (name := plots.cell(row, head["样地号"]).value) is not None:
        random = stream(1, "crew", name)
        day = date(2026, 8, 3) + timedelta(days=(row - HEADER) // 4)
        said = {"调查日期": day, "调查人": source.stem}
        for axis in ("经度(°)", "纬度(°)"):
            said[axis] = round(plots.cell(row, head[axis]).value + random.normal(0, 4e-5), 6)
        for key, value in (changes or {}).items():
            if key[0] == name:
                said[key[1]] = value
        for column, value in said.items():
            plots.cell(row, head[column]).value = value
        for number in range(1, 21):
            cells = (name, str(number), "杉木", round(float(random.normal(12, 2.5)), 1))
            for place, value in enumerate(cells, start=1):
                trees.cell(at, place).value = max(value, 5.0) if place == 4 else value
            at += 1
        row += 1
    book.save(target)
    return target


@pytest.fixture(scope="module")
def surveys(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("crews")
    return [filled(path, folder / path.name) for path in sorted((pack / "workbooks").iterdir())]


def test_from_the_plan_and_back(pack: Path, surveys: list[Path], tmp_path: Path):
    document = check_survey(pack, surveys, out=tmp_path / "check", lang="zh")
    # Nothing but the second team that nobody sent.
    assert {finding["check"] for finding in document["findings"]} == {"share"}
    assert document["plots"] == 12
    assert json.loads((tmp_path / "check" / "check.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    # The merged workbook is one that a run reads.
    whole = read_plots(tmp_path / "check" / "survey.xlsx")
    assert len(whole.inventory.plots) == 12
    assert len(whole.inventory.trees) == 240
    page = (tmp_path / "check" / "check.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", "")
    check_survey(pack, surveys, out=tmp_path / "check", lang="en")  # made again where nobody wrote


def test_swapped_and_far_positions_are_found_and_not_only_refused(pack: Path, tmp_path: Path):
    plan = json.loads((pack / "plan.json").read_text(encoding="utf-8"))
    one, other = [p for p in plan["plots"] if p["team"] == 1][:2]
    changes = {
        (one["id"], "经度(°)"): one["lat_deg"],
        (one["id"], "纬度(°)"): one["lon_deg"],
        (other["id"], "经度(°)"): round(other["lon_deg"] + 0.0009, 6),  # some 90 m
    }
    book = filled(pack / "workbooks" / "team-1.xlsx", tmp_path / "a.xlsx", changes=changes)
    document = check_survey(pack / "plan.json", [book], out=tmp_path / "check", lang="en")
    found = {(finding["check"], finding["plot"]) for finding in document["findings"]}
    assert ("swapped", one["id"]) in found
    assert ("off_plan", other["id"]) in found
    # The other team's plots did not come back.
    assert sum(check == "absent" for check, _ in found) == sum(p["team"] == 2 for p in plan["plots"])


def test_one_plot_in_two_workbooks(pack: Path, surveys: list[Path], tmp_path: Path):
    same = tmp_path / "same.xlsx"
    same.write_bytes(surveys[0].read_bytes())
    document = check_survey(pack, [*surveys, same], out=tmp_path / "check", lang="en")
    assert document["plots"] == 12  # alike: kept once
    book = load_workbook(same)
    book["样木"].cell(HEADER + 2, 4).value = 9.9
    last = max(row for row in range(HEADER + 1, 200) if book["样木"].cell(row, 1).value)
    place = book["样木"].cell(last, 1).value
    for column in range(1, 5):
        book["样木"].cell(last, column).value = None
    book.save(same)
    with pytest.raises(RefusedInput) as refused:
        check_survey(pack, [*surveys, same], out=tmp_path / "x", lang="en")
    faults = refused.value.faults
    assert [(f.code, f.sheet, f.row) for f in faults if f.code == "field.two_sheets"] == [
        ("field.two_sheets", "样木", HEADER + 2)
    ]
    assert [f.value for f in faults if f.code == "field.only_in_one"] == [f"{place}/20"]
    assert not (tmp_path / "x").exists()


def test_the_second_team_comes_in_a_workbook_of_its_own(pack: Path, surveys: list[Path], tmp_path: Path):
    document = check_survey(pack, surveys, remeasured=surveys[1], out=tmp_path / "check", lang="en")
    made = {tested["check"]: tested for tested in document["tested"]}
    assert made["bias_dbh"]["n"] > 8
    assert made["bias_dbh"]["found"] == 0


def test_the_example_against_its_visit_before(tmp_path: Path):
    folder = EXAMPLE / "monitoring"
    document = check_survey(
        EXAMPLE, [folder / "survey-2025.xlsx"], before=folder / "survey-2020.xlsx", out=tmp_path / "check", lang="zh"
    )
    assert {finding["check"] for finding in document["findings"]} == {"crew_day"}  # one crew, 36 plots, one day


def test_refusals(pack: Path, surveys: list[Path], tmp_path: Path):
    with pytest.raises(InputError):
        check_survey(tmp_path, surveys, out=tmp_path / "x")
    with pytest.raises(RefusedInput) as refused:
        check_survey(pack, [pack / "plan.json", surveys[0].with_name("missing.xlsx")], out=tmp_path / "x")
    assert len(refused.value.faults) == 2
    blank = pack / "workbooks" / "team-1.xlsx"
    with pytest.raises(RefusedInput):  # nobody has filled it in
        check_survey(pack, [blank], out=tmp_path / "x")
    assert not (tmp_path / "x").exists()
