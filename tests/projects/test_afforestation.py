"""The illustrative project against an independent calculation, and its refusals."""

import json
import math
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from tanhui.faces.demo import ILLUSTRATIVE
from tanhui.kernel.errors import RefusedInput
from tanhui.projects.run import check_project, plan_project, run_project

#: LY 208-77 two-way volume tables, and the species parameters of AR-CM-001-V01: D, BEF, R, CF.
VOLUME = {
    "杉木": (0.000058777042, 1.9699831, 0.89646157),
    "马尾松": (0.000062341803, 1.8551497, 0.95682492),
}
FACTORS = {"杉木": (0.307, 1.634, 0.246, 0.520), "马尾松": (0.380, 1.472, 0.187, 0.460)}


@pytest.fixture(scope="module")
def result(demo):
    return json.loads((demo / ILLUSTRATIVE / "result.json").read_text())


@pytest.fixture(scope="module")
def tables(demo):
    folder = demo / ILLUSTRATIVE
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("trees", "plots", "parcels")}


def pick(result, quantity, year, domain="project"):
    (found,) = (e for e in result["estimates"] if (e["quantity"], e["year"], e["domain"]) == (quantity, year, domain))
    return found


def by_hand(tables, year):
    """Tree carbon of the project as CO2, by the textbook: V D BEF (1 + R) CF 44/12, stratum mean times area."""
    trees = tables["trees"]
    trees = trees[(trees["status"] == "live") & trees["dbh_cm"].notna()]
    co2_kg = np.empty(len(trees))
    for name, (a, b, c) in VOLUME.items():
        mine = (trees["species"] == name).to_numpy()
        tree = trees[mine]
        density, bef, roots, carbon = FACTORS[name]
        volume_m3 = a * tree["dbh_cm"] ** b * tree["height_used_m"] ** c
        co2_kg[mine] = volume_m3 * density * 1000 * bef * (1 + roots) * carbon * 44 / 12
    plots = tables["plots"]
    plots = plots[plots["year"] == year].set_index("plot_id")
    per_plot = (co2_kg / 1000 * trees["trees_per_ha"]).groupby(trees["plot_id"]).sum().reindex(plots.index).fillna(0)
    means = per_plot.groupby(plots["stratum"]).mean()
    areas = tables["parcels"].groupby("stratum")["area_credited_ha"].sum()
    return float((means * areas).sum())


@pytest.mark.parametrize("year", [2020, 2025])
def test_stock_by_hand(result, tables, year):
    assert pick(result, "tree_co2e_t", year)["value"] == pytest.approx(by_hand(tables, year), rel=1e-6)


def test_change_is_the_difference_of_the_stocks_where_all_plots_were_found_twice(result, tables):
    places = tables["plots"].groupby("year")["location_id"].agg(set)
    if places[2020] == places[2025]:
        difference = pick(result, "tree_co2e_t", 2025)["value"] - pick(result, "tree_co2e_t", 2020)["value"]
        assert pick(result, "tree_change_co2e_t", 2025)["value"] == pytest.approx(difference, rel=1e-9)


def test_smaller_area_counts(tables):
    parcels = tables["parcels"]
    smaller = np.minimum(parcels["area_declared_ha"], parcels["area_ha"])
    np.testing.assert_allclose(parcels["area_credited_ha"], smaller, rtol=1e-9)


def test_claim_by_hand(result):
    """Days before 2020-09-22 and more than five years before the application are out; then K_RISK of 10 %."""
    (claim,) = result["claims"]
    change = pick(result, "tree_change_co2e_t", 2025)
    days = (date(2025, 8, 20) - date(2020, 8, 15)).days
    first = date.fromisoformat(claim["period"][0])
    kept = (date(2025, 8, 20) - first).days
    lines = {line["line"]: line["co2e_t"] for line in claim["lines"]}
    assert lines["gross_removal"] == pytest.approx(change["value"] * kept / days, abs=0.01)
    assert first > date(2020, 9, 22)
    assert lines["permanence"] == pytest.approx(
        -0.10 * (lines["gross_removal"] + lines["uncertainty_deduction"]), abs=0.01
    )
    assert lines["net"] == pytest.approx(sum(v for k, v in lines.items() if k != "net"), abs=1e-6)
    assert claim["credits_t"] == math.floor(lines["net"]) == sum(y["credits_t"] for y in claim["by_year"])
    out = sum(item["co2e_t"] for item in claim["excluded"])
    assert lines["gross_removal"] + out == pytest.approx(change["value"], abs=0.01)


def test_indicative_for_stated_reasons(result):
    assert not result["creditable"]
    kinds = {reason.partition(":")[0] for reason in result["indicative_reasons"]}
    assert {"reason.projects.illustrative", "reason.projects.no_error"} <= kinds
    for text in result["reason_texts"]:
        assert text["zh"]
        assert text["en"]
        assert "reason." not in text["zh"] + text["en"]


def test_plan_stands_beside_the_measurement(result, hunan):
    document = plan_project(hunan)
    assert document["years"][-1]["cumulative_co2e_t"] == pytest.approx(
        sum(y["removal_co2e_t"] for y in document["years"]), rel=1e-9
    )
    # The crediting period of 20 years touches 21 calendar years.
    assert len(document["years"]) == 21
    for row in result["plan"]["comparison"]:
        by_hand_share = row["measured_co2e_t"] / row["planned_co2e_t"] - 1
        assert row["difference"] == pytest.approx(by_hand_share)
        assert row["reason_required"] == (abs(by_hand_share) > 0.2)


def test_check_writes_nothing(hunan):
    before = sorted(hunan.rglob("*"))
    summary = check_project(hunan)
    assert summary["facts"]["parcels"] == 40
    assert sorted(hunan.rglob("*")) == before


def refused(folder, out):
    with pytest.raises(RefusedInput) as caught:
        run_project(folder, out)
    assert not out.exists()
    assert not list(out.parent.glob(f".{out.name}.partial-*"))
    return caught.value.faults


def edit(folder, pattern, replacement):
    path = folder / "project.toml"
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=1)
    assert count == 1
    path.write_text(text, encoding="utf-8")


def test_faults_of_all_files_are_listed_together(hunan, tmp_path):
    book = load_workbook(hunan / "monitoring/survey-2025.xlsx")
    trees = next(book[name] for name in book.sheetnames if "样木" in name)
    headers = [cell for row in trees.iter_rows(max_row=4) for cell in row if str(cell.value).startswith("胸径")]
    column = headers[-1].column
    trees.cell(row=trees.max_row, column=column).value = -4
    book.save(hunan / "monitoring/survey-2025.xlsx")
    edit(hunan, r'\[\[strata\]\]\nid = "PM-2015"', '[[strata]]\nid = "PM-2016"')
    faults = refused(hunan, tmp_path / "out")
    assert {fault.file for fault in faults} >= {"survey-2025.xlsx"}
    codes = {fault.code for fault in faults}
    assert "table.not_above" in codes
    assert any(code.startswith("project.") for code in codes)


def test_unknown_and_missing_settings(hunan, tmp_path):
    edit(hunan, r"owner = .*", 'ownr = "x"')
    faults = refused(hunan, tmp_path / "out")
    assert {(fault.code, fault.column) for fault in faults} == {
        ("project.unknown_key", "ownr"),
        ("project.missing_key", "owner"),
    }


def test_visit_before_planting(hunan, tmp_path):
    edit(hunan, r"planted = 2014-03-10", "planted = 2021-03-10")
    assert "plots.before_planting" in {fault.code for fault in refused(hunan, tmp_path / "out")}


def test_truncated_workbook_and_shapefile(hunan, tmp_path):
    for name in ("monitoring/survey-2020.xlsx", "parcels/xiaoban.shp"):
        path = hunan / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    files = {fault.file for fault in refused(hunan, tmp_path / "out")}
    assert {"survey-2020.xlsx", "xiaoban.shp"} <= files


def test_a_plot_outside_its_parcels(hunan, tmp_path):
    """Two plots trade places: each is then far from the parcels of its stratum."""
    path = hunan / "monitoring/survey-2020.xlsx"
    book = load_workbook(path)
    plots = book["样地"]
    header = next(row for row in plots.iter_rows(max_row=6) if any(str(c.value).startswith("经度") for c in row))
    column = next(cell.column for cell in header if str(cell.value).startswith("经度"))
    rows = [r for r in range(header[0].row + 1, plots.max_row + 1) if plots.cell(r, column).value is not None]
    one, other = plots.cell(rows[0], column), plots.cell(rows[-1], column)
    one.value, other.value = other.value, one.value
    book.save(path)
    faults = refused(hunan, tmp_path / "out")
    assert {fault.code for fault in faults} == {"project.plot_outside"}
    assert len(faults) == 2


def test_plan_with_thinning_harvest_and_replanting(hunan):
    """Harvest at 15 years takes the stand; what stood the day before is lost and the stand begins again."""
    edit(
        hunan,
        r'id = "CL-2014"\nspecies = "杉木"\nplanted = 2014-03-10\n',
        'id = "CL-2014"\nspecies = "杉木"\nplanted = 2014-03-10\n'
        "harvest = { age_yr = 15, thinnings = [{ age_yr = 8, removed_share = 0.2 }] }\n",
    )
    document = plan_project(hunan)
    (stratum,) = (series for series in document["strata"] if series["domain"] == "CL-2014")
    by_year = {row["year"]: row for row in stratum["by_year"]}
    assert by_year[2022]["harvested_t"] > 0
    assert by_year[2029]["removal_t"] < 0
    assert by_year[2029]["harvested_t"] > by_year[2028]["stock_t"] * 0.9
    assert by_year[2033]["stock_t"] < by_year[2028]["stock_t"]
    total = sum(series["by_year"][-1]["stock_t"] for series in document["strata"])
    assert document["total"]["by_year"][-1]["stock_t"] == pytest.approx(total, rel=1e-10)


def test_plan_from_a_biomass_curve_needs_no_density(hunan):
    text = (hunan / "project.toml").read_text(encoding="utf-8")
    changed = re.sub(r'form = "richards"\n', 'form = "richards"\nunit = "t d.m./ha"\n', text)
    (hunan / "project.toml").write_text(changed, encoding="utf-8")
    used = {row["id"] for row in plan_project(hunan)["parameters"]}
    assert used == {
        f"forest/{group}/{name}" for group in ("杉木", "马尾松") for name in ("root_ratio", "carbon_fraction")
    }


def test_other_pools_enter_the_gross_removal(demo, hunan, tmp_path):
    """Dead wood of 100 t over the whole period: the days that can be claimed take their share of it."""
    edit(hunan, r"\n\[title\]", "\npool_change_co2e_t = { dead_wood = 100.0 }\n\n[title]")
    with_dead_wood = run_project(hunan, tmp_path / "out").result["claims"][0]
    without = json.loads((demo / ILLUSTRATIVE / "result.json").read_text())["claims"][0]
    gross = [
        next(x["co2e_t"] for x in claim["lines"] if x["line"] == "gross_removal") for claim in (with_dead_wood, without)
    ]
    kept = (date(2025, 8, 20) - date.fromisoformat(without["period"][0])).days / (
        date(2025, 8, 20) - date(2020, 8, 15)
    ).days
    assert gross[0] - gross[1] == pytest.approx(100 * kept, abs=0.01)
