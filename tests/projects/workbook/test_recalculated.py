"""The workbook, computed by an office program, against the run and against a calculation of its own."""

import json
import math
import re
from datetime import date

import pandas as pd
import pytest
from openpyxl import load_workbook

from tanhui.faces.demo import ILLUSTRATIVE, example_folder
from tanhui.kernel.errors import InputError
from tanhui.projects.run import run_project
from tanhui.projects.workbook import write_workbook
from tests.projects.test_afforestation import by_hand, edit
from tests.projects.test_monitorings import keep_monitorings
from tests.projects.workbook.office import computed, named_values

SECOND = "monitoring/survey-2025.xlsx"


def seen(out, tmp_path, lang="zh", project=None):
    """What a person sees who opens the workbook of a run."""
    written = write_workbook(out, tmp_path / "er_calculation.xlsx", lang=lang, project=project)
    return computed(written.path, tmp_path / "office")


def claim_of(out):
    return json.loads((out / "result.json").read_text())["claims"][0]


def agree(values, out, near_t=5e-4):
    """The claim of a run, line by line, and every other figure by the workbook's own checks."""
    claim = claim_of(out)
    for line in claim["lines"]:
        assert values[f"line_{line['line']}"] == pytest.approx(line["co2e_t"], abs=near_t), line["line"]
    assert values["credits_t"] == claim["credits_t"]
    for year in claim["by_year"]:
        assert values[f"credits_{year['year']}"] == year["credits_t"]
        assert values[f"vintage_{year['year']}"] == pytest.approx(year["co2e_t"], abs=near_t)
    assert sum(values[f"credits_{year['year']}"] for year in claim["by_year"]) == claim["credits_t"]
    assert values["checks_unequal"] == 0


def test_every_figure_is_the_runs(demo, tmp_path):
    out = demo / ILLUSTRATIVE
    values = named_values(seen(out, tmp_path))
    agree(values, out)
    assert values["workbook_agrees"] == "全部一致"
    result = json.loads((out / "result.json").read_text())
    for estimate in result["estimates"]:
        if estimate["domain"] == "project" and not estimate["quantity"].startswith("tree_change"):
            name = f"{estimate['quantity']}_{estimate['valid'][0].replace('-', '')}"
            assert values[name] == pytest.approx(estimate["value"], rel=1e-9), name
            assert values[f"se_{name}"] == pytest.approx(estimate["se"], rel=1e-9), name


def test_the_stocks_are_those_of_the_textbook(demo, tmp_path):
    """V D BEF (1 + R) CF 44/12, stratum means times areas, computed here from the tables by other code."""
    out = demo / ILLUSTRATIVE
    tables = {name: pd.read_parquet(out / f"{name}.parquet") for name in ("trees", "plots", "parcels")}
    values = named_values(seen(out, tmp_path, "en"))
    assert values["tree_co2e_t_20200815"] == pytest.approx(by_hand(tables, 2020), rel=1e-9)
    assert values["tree_co2e_t_20250820"] == pytest.approx(by_hand(tables, 2025), rel=1e-9)
    assert values["workbook_agrees"] == "all figures agree"


def test_no_tree_stands_as_a_value_where_the_library_has_its_equation(demo, tmp_path):
    book = load_workbook(write_workbook(demo / ILLUSTRATIVE, tmp_path / "x.xlsx", lang="en").path, read_only=True)
    rows = book["Trees"].iter_rows(min_row=4, min_col=11, max_col=11, values_only=True)
    formulas = sum(str(cell).startswith("=") for (cell,) in rows)
    trees = pd.read_parquet(demo / ILLUSTRATIVE / "trees.parquet")
    assert formulas == trees["agc_kg"].notna().sum()


def change_a_diameter(folder, plot, tree, dbh_cm):
    """Another reading of one tree in the survey of 2025."""
    book = load_workbook(folder / SECOND)
    sheet = next(book[name] for name in book.sheetnames if "样木" in name or "每木" in name)
    heads = {str(cell.value).split("(")[0]: cell.column for cell in sheet[3]}
    for row in sheet.iter_rows(min_row=4):
        found = {name: row[column - 1] for name, column in heads.items()}
        if (str(found["样地号"].value), str(found["样木号"].value)) == (plot, tree):
            found["胸径"].value = dbh_cm
            break
    else:
        pytest.fail("no such tree")
    book.save(folder / SECOND)


def test_net_follows_a_changed_diameter_as_a_second_run_does(demo, hunan, tmp_path):
    """The second run imputes another height for the thicker tree; with it the workbook comes to the same tonnes."""
    first = demo / ILLUSTRATIVE
    trees = pd.read_parquet(first / "trees.parquet")
    mine = trees[trees["plot_id"].str.endswith("@2025-08-20") & trees["height_m"].isna() & trees["agc_kg"].notna()]
    tree = mine.sort_values("dbh_cm").iloc[len(mine) // 2]
    plot, thicker = tree["plot_id"].partition("@")[0], float(tree["dbh_cm"]) + 1.5
    change_a_diameter(hunan, plot, tree["tree_id"], thicker)
    second = run_project(hunan, tmp_path / "second").out
    again = pd.read_parquet(second / "trees.parquet")
    height = again[(again["plot_id"] == tree["plot_id"]) & (again["tree_id"] == tree["tree_id"])][
        "height_used_m"
    ].item()

    path = write_workbook(first, tmp_path / "er_calculation.xlsx", lang="en").path
    values = named_values(computed(path, tmp_path / "before"))
    book = load_workbook(path)
    for row in book["Trees"].iter_rows(min_row=4):
        if (row[0].value, row[1].value) == (tree["plot_id"], tree["tree_id"]):
            assert not row[4].protection.locked
            assert row[10].protection.locked
            row[4].value, row[5].value = thicker, height
    book.save(path)
    followed = named_values(computed(path, tmp_path / "after"))
    claim = claim_of(second)
    assert claim["credits_t"] > values["credits_t"]
    for line in claim["lines"]:
        assert followed[f"line_{line['line']}"] == pytest.approx(line["co2e_t"], abs=5e-4), line["line"]
    assert followed["credits_t"] == claim["credits_t"]
    assert followed["checks_unequal"] > 0


def one_monitoring(folder):
    """From planting, when all held nothing, to the only monitoring."""
    keep_monitorings(folder, (SECOND, date(2025, 8, 20)))


def equations_and_every_line(folder):
    """Biomass equations instead of volume tables, a baseline, another pool, a fire, a deficit, and all errors in U."""
    edit(folder, r'route = "volume"', 'route = "equation"')
    edit(folder, r"\n\[title\]", "\nbaseline_removal_co2e_t = 123.4\ncarried_deficit_t = 77.7\n\n[title]")
    edit(folder, r"\n\[conditions\.parcels\]", FIRES + "\n[conditions.parcels]")
    edit(folder, r"\n\[parcels\]", "\n[pool_change_co2e_t]\nlitter = 55.5\n\n[parcels]")


FIRES = """
[[conditions.fires]]
day = 2023-05-06
area_ha = 3.0
agb_last_verified_t_ha = 12.0
age_yr = 9.0
climate = "temperate"
"""


def test_from_planting_to_the_first_monitoring(hunan, tmp_path):
    one_monitoring(hunan)
    out = run_project(hunan, tmp_path / "out").out
    agree(named_values(seen(out, tmp_path)), out)


def test_every_line_of_the_method(hunan, tmp_path):
    """With the project file to the kilogram; from the lines alone, which are whole kilograms, within a few of them."""
    equations_and_every_line(hunan)
    out = run_project(hunan, tmp_path / "out").out
    told = {line["line"]: line["co2e_t"] for line in claim_of(out)["lines"]}
    assert told["project_emissions"] < 0
    assert told["carried_deficit"] == -77.7
    values = named_values(seen(out, tmp_path, project=hunan))
    agree(values, out)
    assert values["baseline_whole_t"] == -123.4
    assert values["other_pools_whole_t"] == 55.5
    (tmp_path / "er_calculation.xlsx").unlink()
    rough = named_values(seen(out, tmp_path))
    agree(rough, out, near_t=5e-3)
    assert rough["other_pools_t"] == pytest.approx(values["other_pools_t"], abs=2e-3)
    with pytest.raises(InputError, match="not the project file"):
        write_workbook(out, tmp_path / "x.xlsx", project=example_folder(ILLUSTRATIVE))


def test_names_of_cells_are_names_a_spreadsheet_allows(demo, tmp_path):
    book = load_workbook(write_workbook(demo / ILLUSTRATIVE, tmp_path / "x.xlsx").path, read_only=True)
    for name in book.defined_names:
        assert re.fullmatch(r"[A-Za-z_][\w.]*", name)
        assert not re.fullmatch(r"[A-Za-z]{1,3}\d+|[RrCc]\d*", name), "this is a cell"
        assert len(name) <= 255


def test_the_same_run_is_the_same_bytes(demo, tmp_path):
    one, two = (write_workbook(demo / ILLUSTRATIVE, tmp_path / name).path for name in ("1.xlsx", "2.xlsx"))
    assert one.read_bytes() == two.read_bytes()


def test_half_the_interval_is_students(demo, tmp_path):
    """U by the run's own interval of the sampling error: t(0.95, n - H) s / |change|, with scipy's t."""
    from scipy.stats import t

    out = demo / ILLUSTRATIVE
    values = named_values(seen(out, tmp_path))
    half = t.ppf(0.95, values["change_df"]) * math.sqrt(values["change_variance"])
    assert values["u_rel"] == pytest.approx(half / values["tree_change_co2e_t"], rel=1e-9)
