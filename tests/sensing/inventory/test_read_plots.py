"""Survey workbooks written with openpyxl: areas and expansions by hand, and every bad workbook refused."""

from contextlib import suppress
from datetime import date
from math import cos, pi, radians

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.sensing.inventory.limits import limits
from tanhui.sensing.inventory.plot_geometry import (
    angle_count_trees_per_ha,
    basal_area_m2,
    diameter_class_cm,
    horizontal_area_m2,
)
from tanhui.sensing.inventory.read_plots import read_plots
from tanhui.sensing.inventory.remeasurement import dbh_tolerance_cm, height_tolerance_m
from tanhui.sensing.inventory.visits import link_visits

PLOTS = ["样地号", "碳层", "调查日期", "样地形状", "量距方式", "坡度(°)", "边长(m)", "样地状态", "被替换样地号"]
PLOTS += ["断面积系数", "半径(m)", "样地面积(m2)", "栽植株数", "成活株数"]
TREES = ["样地号", "样木号", "树种", "胸径(cm)", "树高(m)", "样木状态"]
CLASSES = ["样地号", "树种", "径阶", "株数"]
SAPLINGS = ["样地号", "树种", "地径(cm)", "平均高(m)", "株数"]
HEIGHTS = ["样地号", "样木号", "树种", "胸径(cm)", "树高(m)"]
AGAIN = ["样地号", "样木号", "复测胸径(cm)", "复测树高(m)"]
DAY = date(2025, 8, 20)


def plot(name="P1", stratum="A", shape="方形", laid="水平距", slope=0, side=20, **more):
    """A row of the sheet of plots: a 20 m square laid in the horizontal."""
    row = dict.fromkeys(PLOTS)
    row |= {"样地号": name, "碳层": stratum, "调查日期": DAY, "样地形状": shape, "量距方式": laid}
    row |= {"坡度(°)": slope, "边长(m)": side, **more}
    return list(row.values())


def tree(number, dbh=10.0, species="杉木", height=None, status="活", place="P1"):
    return [place, str(number), species, dbh, height, status]


def write(path, **sheets):
    """A workbook with a sheet for each keyword: a list of headers and rows of cells."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "样地调查表.xlsx"


def refuse(path, **options):
    with pytest.raises(RefusedInput) as error:
        read_plots(path, **options)
    for fault in error.value.faults:
        for lang in ("zh", "en"):
            sentence = fault.reason(lang) + fault.todo(lang)
            assert "fault." not in sentence
            assert "{" not in sentence
    return [(fault.code, fault.row, fault.value) for fault in error.value.faults]


# ---- what one tree stands for


def test_horizontal_area_by_hand():
    # 600 m2 along a slope of 30 degrees: 600 * cos 30 = 519.615 m2; laid in the horizontal it stays 600.
    assert horizontal_area_m2(600, 30, True) == pytest.approx(519.6152423)
    assert horizontal_area_m2([600, 600], [30, 0], [False, True]) == pytest.approx([600, 600])
    with pytest.raises(DomainError):
        horizontal_area_m2(600, 95, True)


def test_angle_count_by_hand():
    # Factor 1 m2/ha and 20 cm: a tree of 0.0314159 m2 stands for 31.831 trees/ha; factor 2 for twice as many.
    assert basal_area_m2(20) == pytest.approx(0.031415927)
    assert angle_count_trees_per_ha(20, 1, 0, False) == pytest.approx(31.830989)
    assert angle_count_trees_per_ha(20, 2, 60, True) == pytest.approx(2 * 31.830989 / 0.5)


@given(dbh=st.floats(5, 100), factor=st.sampled_from([0.5, 1.0, 2.0, 4.0]), slope=st.floats(0, 60))
def test_every_counted_tree_adds_one_factor_of_basal_area(dbh, factor, slope):
    per_ha = angle_count_trees_per_ha(dbh, factor, slope, True)
    assert per_ha * basal_area_m2(dbh) == pytest.approx(factor / cos(radians(slope)))


def test_class_limits():
    # Class 6 holds 5.0 to 6.9 cm, class 8 holds 7.0 to 8.9 cm.
    assert diameter_class_cm([5.0, 6.9, 7.0, 8.99, 9.0], 2.0).tolist() == [6, 6, 8, 8, 10]


def test_tolerances():
    # 0.3 cm below 20 cm, 1.5 % from there; 3 % of a height below 10 m, 5 % from there.
    assert dbh_tolerance_cm([10, 19.9, 20, 40]) == pytest.approx([0.3, 0.3, 0.3, 0.6])
    assert height_tolerance_m([5, 10, 20]) == pytest.approx([0.15, 0.5, 1.0])


def test_limits_are_recalled_and_say_so():
    tolerances = [leaf for leaf in limits().leaves() if "tolerance" in leaf.id]
    assert tolerances
    assert {leaf.status.word for leaf in tolerances} == {"recalled"}


# ---- good workbooks


def test_each_kind_of_plot(path):
    plots = [
        plot("P1", slope=30, laid="斜距"),  # 400 m2 * cos 30 = 346.41 m2
        plot("P2", shape="圆形", side=None, **{"半径(m)": 13.82}),  # 600.02 m2
        plot("P3", shape="角规", side=None, slope=60, laid="斜距", 断面积系数=1),
        plot("P4", side=None, **{"样地面积(m2)": 600, "栽植株数": 150, "成活株数": 132}),
    ]
    trees = [tree(1), tree(2, 12, height=9.0), tree(1, 20, place="P3")]
    classes = [["P2", "马尾松", 8, 12], ["P2", "杉木", 10, 3]]
    saplings = [["P4", "杉木", 2.5, 1.4, 30]]
    write(path, 样地=[PLOTS, *plots], 样木=[TREES, *trees], 径阶=[CLASSES, *classes], 幼树=[SAPLINGS, *saplings])
    survey = read_plots(path)
    table = survey.inventory.plots.set_index("location_id")
    assert table.at["P1", "plot_area_m2"] == pytest.approx(400 * cos(pi / 6))
    assert table.at["P2", "plot_area_m2"] == pytest.approx(pi * 13.82**2)
    assert np.isnan(table.at["P3", "plot_area_m2"])
    assert table.at["P4", "survival"] == pytest.approx(0.88)
    assert table.at["P1", "plot_id"] == "P1@2025-08-20"
    rows = survey.inventory.trees
    per_ha = dict(zip(zip(rows["plot_id"].str[:2], rows["tree_id"], strict=True), rows["trees_per_ha"], strict=True))
    assert per_ha["P1", "1"] == pytest.approx(10_000 / 346.410162)
    assert per_ha["P2", "class-1"] == pytest.approx(12 * 10_000 / (pi * 13.82**2))
    assert per_ha["P3", "1"] == pytest.approx(31.830989 / 0.5)
    assert per_ha["P4", "sapling-1"] == pytest.approx(30 * 10_000 / 600)
    sapling = rows[rows["tree_id"] == "sapling-1"].iloc[0]
    assert np.isnan(sapling["dbh_cm"])
    assert (sapling["ground_diameter_cm"], sapling["height_m"], sapling["count"]) == (2.5, 1.4, 30)
    assert rows.loc[rows["tree_id"] == "class-1", "dbh_cm"].tolist() == [8.0]
    assert survey.heights[["dbh_cm", "height_m"]].values.tolist() == [[12.0, 9.0]]
    assert survey.inventory.observations[0].observed.start == DAY


def test_english_sheets_and_headers(path):
    plots = [["Plot", "Stratum", "Date", "Shape", "Length (m)"], ["P1", "A", DAY, "rectangle", 20]]
    trees = [["Plot", "Tree", "Species", "DBH (cm)", "Status"], ["P1", "1", "Cunninghamia lanceolata", 9.5, "live"]]
    survey = read_plots(write(path, Plots=plots, Trees=trees))
    assert survey.inventory.trees["trees_per_ha"].tolist() == [25.0]


def test_title_rows_above_the_header(path):
    write(path, 样地=[["示例数据，非真实项目"], [], PLOTS, plot()], 样木=[["表二"], TREES, tree(1)])
    assert len(read_plots(path).inventory.trees) == 1


def test_units_in_headers_are_converted(path):
    trees = [["样地号", "样木号", "树种", "胸径(mm)", "树高(ft)"], ["P1", "1", "杉木", 98, 30]]
    row = read_plots(write(path, 样地=[PLOTS, plot()], 样木=trees)).inventory.trees.iloc[0]
    assert row["dbh_cm"] == pytest.approx(9.8)
    assert row["height_m"] == pytest.approx(9.144)


def test_heights_go_to_their_trees(path):
    heights = [["P1", "2", "杉木", 12.0, 9.1], ["P1", None, "杉木", 8.0, 6.0]]
    survey = read_plots(
        write(path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1), tree(2, 12.0)], 树高=[HEIGHTS, *heights])
    )
    assert survey.inventory.trees.set_index("tree_id").at["2", "height_m"] == 9.1
    assert np.isnan(survey.inventory.trees.set_index("tree_id").at["1", "height_m"])
    assert sorted(survey.heights["height_m"]) == [6.0, 9.1]
    assert [entry["code"] for entry in survey.notes] == []


def test_too_few_heights_is_a_note(path):
    trees = [tree(number, height=8.0 if number == 1 else None) for number in range(1, 6)]
    survey = read_plots(write(path, 样地=[PLOTS, plot()], 样木=[TREES, *trees]))
    assert [(entry["code"], entry["facts"]["count"]) for entry in survey.notes] == [("plots.few_heights", 1)]


def test_dead_cut_and_lost_trees(path):
    trees = [tree(1), tree(2, 11.0, status="枯"), tree(3, None, status="伐"), tree(4, None, status="失")]
    rows = read_plots(write(path, 样地=[PLOTS, plot()], 样木=[TREES, *trees])).inventory.trees
    assert rows["status"].tolist() == ["live", "dead", "cut", "lost"]
    assert rows["trees_per_ha"].tolist() == [25.0, 25.0, 0.0, 0.0]


def test_lost_and_replaced_plots(path):
    plots = [
        plot("P1", side=None, 样地状态="失踪"),
        plot("P1b", 样地状态="替换", 被替换样地号="P1"),
        plot("P2", 样地状态="无林木"),
    ]
    survey = read_plots(write(path, 样地=[PLOTS, *plots], 样木=[TREES, tree(1, place="P1b")]))
    assert survey.lost["location_id"].tolist() == ["P1"]
    assert survey.inventory.plots["location_id"].tolist() == ["P1b", "P2"]
    assert survey.inventory.plots["plot_status"].tolist() == ["replacement", "treeless"]


def test_half_trees_only_on_angle_counts(path):
    gauge = plot("P1", shape="角规", side=None, 断面积系数=1)
    survey = read_plots(write(path, 样地=[PLOTS, gauge], 径阶=[CLASSES, ["P1", "杉木", 20, 2.5]]))
    assert survey.inventory.trees["trees_per_ha"].tolist() == pytest.approx([2.5 * 31.830989])
    write(path, 样地=[PLOTS, plot()], 径阶=[CLASSES, ["P1", "杉木", 20, 2.5]])
    assert refuse(path) == [("plots.half_tree", 2, "2.5")]


def test_a_folder_of_gbk_csv(tmp_path):
    folder = tmp_path / "survey"
    folder.mkdir()
    (folder / "样地.csv").write_bytes("样地号,碳层,调查日期,样地形状,边长(m)\nP1,甲,2025-08-20,方形,20\n".encode("gbk"))
    (folder / "样木.csv").write_bytes("样地号,样木号,树种,胸径(cm)\nP1,1,马尾松,9.9\n".encode("gbk"))
    survey = read_plots(folder)
    assert survey.inventory.trees["species"].tolist() == ["马尾松"]
    assert {entry.name for entry in survey.inventory.observations} == {"样地.csv", "样木.csv"}


# ---- the 10 % re-measurement


def remeasured(path, again, trees=None):
    trees = trees or [tree(1, 9.8, height=8.0), tree(2, 12.0), tree(3, 24.0), tree(4, 7.0)]
    plots = [plot(f"P{number}") for number in range(1, 11)]
    others = [tree(1, place=f"P{number}") for number in range(2, 11)]
    return write(path, 样地=[PLOTS, *plots], 样木=[TREES, *trees, *others], 复测=[AGAIN, *again])


def test_a_survey_that_passes(path):
    again = [["P1", "1", 9.5, 8.2], ["P1", "2", 12.3, None], ["P1", "3", 24.3, None], ["P1", "4", 7.1, None]]
    quality = read_plots(remeasured(path, again)).quality
    assert quality.share == pytest.approx(0.1)
    assert quality.passed
    # Differences -0.3, 0.3, 0.3, 0.1: standard deviation by hand 0.2828, divided by the square root of two 0.2.
    assert quality.dbh_sd_cm == pytest.approx(0.2)
    assert quality.to_dict()["tolerances"]


@pytest.mark.parametrize(
    ("again", "why"),
    [
        ([["P1", "1", 9.4, None], ["P1", "2", 12.0, None], ["P1", "3", 24.0, None], ["P1", "4", 7.0, None]], "dbh"),
        ([["P1", "1", 9.8, 8.3], ["P1", "2", 12.0, None], ["P1", "3", 24.0, None], ["P1", "4", 7.0, None]], "height"),
        ([["P1", "1", 9.8, None], ["P1", "2", 12.0, None], ["P1", "4", 7.0, None]], "added"),
        ([["P1", str(n), d, None] for n, d in ((1, 9.8), (2, 12.0), (3, 24.0), (4, 7.0), (5, 8.0))], "missed"),
    ],
)
def test_a_survey_that_fails(path, again, why):
    quality = read_plots(remeasured(path, again)).quality
    assert not quality.passed
    row = quality.plots.iloc[0]
    assert (row["share_ok"] < 0.95) == (why in ("dbh", "height"))
    assert (row["added"], row["missed"]) == (int(why == "added"), int(why == "missed"))


def test_too_few_plots_measured_again(path):
    trees = [tree(1, place=f"P{number}") for number in range(1, 12)]
    plots = [plot(f"P{number}") for number in range(1, 12)]
    write(path, 样地=[PLOTS, *plots], 样木=[TREES, *trees], 复测=[AGAIN, ["P1", "1", 10.0, None]])
    quality = read_plots(path).quality
    assert quality.share == pytest.approx(1 / 11)
    assert not quality.passed


# ---- bad workbooks


def test_all_faults_of_all_sheets_together(path):
    plots = [plot("P1", stratum=None), plot("P2"), plot("P2"), plot("P3", slope=15, laid=None), plot("P4", side=None)]
    trees = [
        tree(1),
        tree(1),
        tree(2, 4.0),
        tree(3, -1.0),
        tree(4, "NaN"),
        tree(5, None),
        tree(6, 0),
        tree(7, species="杉术"),
    ]
    trees += [tree(8, status="好"), tree(1, place="P9"), tree(1, place="P2"), tree(1, place="P3"), tree(1, place="P4")]
    write(path, 样地=[PLOTS, *plots], 样木=[TREES, *trees])
    found = refuse(path)
    cells = {("table.not_above", 5), ("table.not_above", 8), ("table.missing_mark", 6), ("table.not_a_choice", 10)}
    assert cells <= {(code, row) for code, row, _ in found}
    # With the cells mended, the faults between rows and sheets come out, all at once.
    trees = [tree(1), tree(1), tree(2, 4.0), tree(5, None), tree(7, species="杉术")]
    trees += [tree(1, place=place) for place in ("P9", "P2", "P3", "P4")]
    write(path, 样地=[PLOTS, *plots], 样木=[TREES, *trees])
    assert {(code, row) for code, row, _ in refuse(path)} == {
        ("plots.no_stratum", 2),
        ("plots.doubled_plot", 4),
        ("plots.no_laid", 5),
        ("plots.no_size", 6),
        ("plots.doubled_tree", 3),
        ("plots.below_tally", 4),
        ("table.empty_cell", 5),
        ("species.unknown", 6),
        ("plots.unknown_plot", 7),
    }


def test_diameters_in_millimetres(path):
    trees = [tree(number, 80.0 + number) for number in range(10)]
    assert [code for code, _, _ in refuse(write(path, 样地=[PLOTS, plot()], 样木=[TREES, *trees]))] == [
        "plots.dbh_unit"
    ]
    trees = [tree(number, 50.0, height=6.0) for number in range(10)]
    assert [code for code, _, _ in refuse(write(path, 样地=[PLOTS, plot()], 样木=[TREES, *trees]))] == [
        "plots.dbh_unit"
    ]


def test_heights_in_feet(path):
    trees = [tree(number, 10.0, height=27.0) for number in range(10)]
    found = refuse(write(path, 样地=[PLOTS, plot()], 样木=[TREES, *trees]))
    assert [code for code, _, _ in found] == ["plots.height_unit"]


def test_dates_before_planting(path):
    write(path, 样地=[PLOTS, plot("P1"), plot("P2", stratum="B")], 样木=[TREES, tree(1), tree(1, place="P2")])
    assert [code for code, _, _ in refuse(path, planted_on=date(2026, 3, 1))] == ["plots.before_planting"] * 2
    assert refuse(path, planted_on={"B": date(2026, 3, 1)}) == [("plots.before_planting", 3, "P2")]
    assert read_plots(path, planted_on=date(2014, 3, 1))


def test_sizes_that_contradict(path):
    write(path, 样地=[PLOTS, plot(**{"样地面积(m2)": 600})], 样木=[TREES, tree(1)])
    assert refuse(path) == [("plots.size_conflict", 2, "P1")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (plot(shape="角规", side=None), "plots.no_factor"),
        (plot(laid="斜距", slope=None), "plots.no_slope"),
        (plot(样地状态="替换", 被替换样地号="P7"), "plots.replaces"),
        (plot(栽植株数=10, 成活株数=12), "plots.survival"),
    ],
)
def test_plots_that_cannot_be(path, row, code):
    assert [found for found, _, _ in refuse(write(path, 样地=[PLOTS, row], 样木=[TREES, tree(1)]))] == [code]


@pytest.mark.parametrize("middle", [5, 7, 4])
def test_classes_that_are_none(path, middle):
    write(path, 样地=[PLOTS, plot()], 径阶=[CLASSES, ["P1", "杉木", middle, 3]])
    assert [code for code, _, _ in refuse(path)] == ["plots.class"]


def test_two_tallies_would_count_twice(path):
    write(
        path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1)], 径阶=[CLASSES, ["P1", "杉木", 8, 3], ["P1", "杉木", 10, 3]]
    )
    assert refuse(path) == [("plots.two_tallies", 2, "P1")]


def test_forgotten_and_lost_plots_with_and_without_trees(path):
    plots = [plot("P1"), plot("P2"), plot("P3", 样地状态="失踪")]
    write(path, 样地=[PLOTS, *plots], 样木=[TREES, tree(1), tree(1, place="P3")])
    assert set(refuse(path)) == {("plots.no_trees", 3, "P2"), ("plots.tree_on_lost", 3, "P3")}


def test_saplings_need_an_area(path):
    gauge = plot("P1", shape="角规", side=None, 断面积系数=1)
    write(path, 样地=[PLOTS, gauge], 样木=[TREES, tree(1)], 幼树=[SAPLINGS, ["P1", "杉木", 2.5, 1.4, 30]])
    assert [code for code, _, _ in refuse(path)] == ["plots.saplings_on_angle_count"]


def test_heights_that_contradict_the_tally(path):
    heights = [["P1", "1", "杉木", 11.0, 9.0], ["P1", "9", "杉木", 11.0, 9.0]]
    write(path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1)], 树高=[HEIGHTS, *heights])
    assert set(refuse(path)) == {("plots.two_readings", 2, "1"), ("plots.unknown_tree", 3, "9")}


def test_merged_cells_and_totals(path):
    write(path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1), tree(2), ["合计", None, None, 20.0, None, None]])
    assert {code for code, _, _ in refuse(path)} >= {"table.totals_row"}
    book = openpyxl.load_workbook(write(path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1), tree(2)]))
    book["样木"].merge_cells("A2:A3")
    book.save(path)
    assert "table.merged_cells" in {code for code, _, _ in refuse(path)}


def test_wrong_sheet_names_say_which_are_wanted(path):
    write(path, Sheet1=[PLOTS, plot()], Sheet2=[TREES, tree(1)])
    with pytest.raises(RefusedInput) as error:
        read_plots(path)
    (fault,) = error.value.faults
    assert fault.code == "plots.no_sheet"
    assert "样木 (Trees)" in fault.todo("zh")
    assert "Sheet1" in fault.reason("en")


def test_no_tally_and_no_diameters(path):
    assert refuse(write(path, 样地=[PLOTS, plot()], Sheet2=[TREES, tree(1)])) == [("plots.no_sheet", None, "样木")]
    write(path, 样地=[PLOTS, plot()], 样木=[["样地号", "样木号", "树种", "围径"], ["P1", "1", "杉木", 31.4]])
    assert [code for code, _, _ in refuse(path)] == ["table.missing_column"]


@pytest.mark.parametrize(
    ("name", "cut", "code"),
    [("a.xlsx", 0.5, "file.unreadable"), ("a.xlsx", 0, "file.empty"), ("a.xls", 1, "plots.not_a_workbook")],
)
def test_broken_files(path, name, cut, code):
    data = write(path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1)]).read_bytes()
    broken = path.with_name(name)
    broken.write_bytes(data[: int(len(data) * cut)])
    assert [found for found, _, _ in refuse(broken)] == [code]


def test_missing_file_and_empty_sheets(path):
    assert [code for code, _, _ in refuse(path)] == ["file.missing"]
    assert [code for code, _, _ in refuse(write(path, 样地=[PLOTS], 样木=[TREES]))] == ["table.no_rows"]
    assert [code for code, _, _ in refuse(write(path, 样地=[PLOTS, plot()], 样木=[TREES]))] == ["plots.no_trees"]


# ---- two visits


def two(tmp_path, later, earlier=None):
    first = earlier or [tree(1, 8.0), tree(2, 9.0), tree(3, 7.0)]
    row = plot()
    row[2] = date(2020, 8, 15)
    before = read_plots(write(tmp_path / "2020.xlsx", 样地=[PLOTS, row], 样木=[TREES, *first]))
    after = read_plots(write(tmp_path / "2025.xlsx", 样地=[PLOTS, plot()], 样木=[TREES, *later]))
    return before, after


def test_visits_are_linked(tmp_path):
    both = link_visits(*two(tmp_path, [tree(1, 12.0), tree(2, 9.2, status="枯"), tree(4, 5.5)]))
    plots = both.plots.set_index("plot_id")
    assert plots.at["P1@2025-08-20", "prev_plot_id"] == "P1@2020-08-15"
    assert plots.at["P1@2025-08-20", "interval_yr"] == pytest.approx(1831 / 365.2425)  # days counted by hand
    now = both.trees[both.trees["plot_id"] == "P1@2025-08-20"].set_index("tree_id")
    assert now["prev_tree_id"].to_dict() == {"1": "1", "2": "2", "4": ""}
    assert len(both.observations) == 2


def test_trees_that_cannot_be_the_same(tmp_path):
    earlier = [tree(1, 8.0), tree(2, 9.0), tree(3, 7.0, status="枯"), tree(4, 8.0)]
    later = [tree(1, 7.0), tree(2, 40.0), tree(3, 7.5), tree(4, 9.0, species="马尾松")]
    with pytest.raises(RefusedInput) as error:
        link_visits(*two(tmp_path, later, earlier))
    assert {(f.code, f.value) for f in error.value.faults} == {
        ("visits.shrunk", "P1/1"),
        ("visits.grown", "P1/2"),
        ("visits.risen", "P1/3"),
        ("visits.species", "P1/4"),
    }


def test_visits_in_the_wrong_order(tmp_path):
    before, after = two(tmp_path, [tree(1, 8.0)])
    with pytest.raises(RefusedInput) as error:
        link_visits(after, before)
    assert "visits.order" in {fault.code for fault in error.value.faults}


def test_damaged_bytes_are_refused_or_read_but_never_break(path):
    whole = write(path, 样地=[PLOTS, plot()], 样木=[TREES, tree(1)]).read_bytes()
    random = np.random.default_rng(5)
    for _ in range(25):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 5):
            data[place] = int(random.integers(0, 256))
        path.write_bytes(bytes(data))
        with suppress(RefusedInput):
            read_plots(path)
