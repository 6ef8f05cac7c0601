"""Projects unlike the example: one monitoring or three, strata planted later, plots lost, bare strata, other names."""

import math
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest
from openpyxl import load_workbook

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.parameters import Recorder
from tanhui.mrv.methods import method
from tanhui.mrv.sampling import paired_change
from tanhui.projects.afforestation import account, advice_texts, relative_half_width
from tanhui.projects.model import load_project
from tanhui.projects.monitoring import measure
from tanhui.projects.site import read_site
from tanhui.projects.tree_carbon import TreeCarbon, on_top, pool_totals
from tanhui.sinks.forest.height import fit_height_model
from tests.projects.test_afforestation import FACTORS, VOLUME, edit

CO2_PER_C = 44 / 12
FIRST_SURVEY, SECOND_SURVEY = "monitoring/survey-2020.xlsx", "monitoring/survey-2025.xlsx"


def sheets(folder, name, change):
    """Every row of a workbook below its headers, given with its columns to ``change``, which may drop or alter it."""
    book = load_workbook(folder / name)
    for sheet in book.worksheets[1:]:
        names = [cell.value for cell in sheet[3]]
        kept = []
        for row in sheet.iter_rows(min_row=4, values_only=True):
            found = dict(zip(names, row, strict=True))
            if row[0] is not None and (found := change(sheet.title, found)) is not None:
                kept.append(list(found.values()))
        sheet.delete_rows(4, sheet.max_row)
        for row in kept:
            sheet.append(row)
    book.save(folder / name)


def keep_monitorings(folder, *rows):
    """The monitorings of a project file, as (file, day)."""
    path = folder / "project.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[[monitoring]]"), text.index("# 对方法学适用条件")
    said = "".join(f'[[monitoring]]\nfile = "{file}"\ndate = {day}\n\n' for file, day in rows)
    path.write_text(text[:start] + said + text[end:], encoding="utf-8")


def measured(folder):
    project = load_project(folder)
    site = read_site(project, folder)
    return project, site, measure(project, folder, site)


def claimed(project, site, found):
    rules = method(project.method)
    return account(project, site, found, rules, Recorder(rules.parameters))[0]


def estimates(found, quantity):
    return {(e.year, e.domain): e for e in found.estimates if e.quantity == quantity}


def test_first_period_runs_from_planting_to_the_first_monitoring(hunan):
    keep_monitorings(hunan, (SECOND_SURVEY, date(2025, 8, 20)))
    project, site, found = measured(hunan)
    change, (stock,) = found.change, found.stocks
    assert change.period.to_list() == ["2014-03-10", "2025-08-19"]
    # Nothing stood at planting: the change is the stock, and so are its error and its U.
    assert change.both.value == pytest.approx(stock.both.value, rel=1e-12)
    assert change.both.se == pytest.approx(stock.both.se, rel=1e-12)
    assert change.sample.relative_half_width(0.9) == pytest.approx(stock.sample.relative_half_width(0.9), rel=1e-12)
    claim = claimed(project, site, found)
    assert claim.period.start == date(2021, 3, 2)  # five years before the application of 2026-03-02
    days = (date(2025, 8, 20) - date(2014, 3, 10)).days
    kept = (date(2025, 8, 20) - date(2021, 3, 2)).days
    gross = next(line.co2e_t for line in claim.lines if line.line == "gross_removal")
    assert gross == pytest.approx(stock.both.value * kept / days, abs=0.001)
    assert sum(year.credits_t for year in claim.by_year) == claim.credits_t == math.floor(claim.net_t)
    assert {item.why for item in claim.excluded} == {
        "excluded.methods.before_cutoff",
        "excluded.methods.too_old",
    }


def test_a_third_monitoring_is_compared_with_the_second(hunan):
    # The survey of 2020 as if it had been found the same a year before.
    (hunan / "monitoring/survey-2019.xlsx").write_bytes((hunan / FIRST_SURVEY).read_bytes())

    def earlier(sheet, row):
        return {name: value.replace(year=2019) if isinstance(value, datetime) else value for name, value in row.items()}

    sheets(hunan, "monitoring/survey-2019.xlsx", earlier)
    rows = [("monitoring/survey-2019.xlsx", date(2019, 8, 15)), (FIRST_SURVEY, date(2020, 8, 15))]
    keep_monitorings(hunan, *rows, (SECOND_SURVEY, date(2025, 8, 20)))
    _, _, found = measured(hunan)
    first, second, third = found.stocks
    assert second.both.value == pytest.approx(first.both.value, rel=1e-12)
    assert found.change.period.to_list() == ["2020-08-15", "2025-08-19"]
    assert found.change.both.value == pytest.approx(third.both.value - second.both.value, rel=1e-9)
    # Without any growth there is no change, no relative error of it, and no claim.
    keep_monitorings(hunan, *rows)
    edit(hunan, "applied = 2026-03-02", "applied = 2020-09-01")
    project, _, found = measured(hunan)
    assert found.change.both.value == pytest.approx(0, abs=1e-6)
    still = replace(found, change=replace(found.change, both=replace(found.change.both, value=0.0)))
    assert relative_half_width(project, still.change) == 0
    assert advice_texts(project, still, Recorder(method(project.method).parameters)) == []


def test_a_stratum_planted_after_the_first_monitoring_starts_from_nothing(hunan):
    edit(hunan, r'(id = "PM-2015"\nspecies = "马尾松"\nplanted = )2015-03-25', r"\g<1>2021-03-25")
    young = {f"Y{number:02d}" for number in range(30, 37)}  # the plots of PM-2015

    def without(sheet, row):
        return None if row["样地号"] in young else row

    sheets(hunan, FIRST_SURVEY, without)
    _, site, found = measured(hunan)
    assert set(site.planted_ha(date(2020, 8, 15))) == {"CL-2014", "CL-2015", "PM-2014"}
    first, second = found.stocks
    assert found.change.both.value == pytest.approx(second.both.value - first.both.value, rel=1e-9)
    assert (first.sample.n, second.sample.n, found.change.sample.n) == (29, 36, 36)
    per_ha = estimates(found, "tree_t_ha")
    assert (2020, "PM-2015") not in per_ha
    whole = math.fsum(site.area_ha.values())
    assert per_ha[2020, "project"].value * whole * CO2_PER_C == pytest.approx(first.both.value, rel=1e-9)
    assert site.unpaired() == []


def test_plots_lost_at_the_second_visit_stay_in_the_first_stock_only(hunan):
    def lose(sheet, row):
        if row["样地号"] not in ("Y01", "Y14"):
            return row
        return {**row, "样地状态": "丢失", "成活株数": None} if sheet == "样地" else None

    sheets(hunan, SECOND_SURVEY, lose)
    _, site, found = measured(hunan)
    assert site.unpaired() == ["Y01", "Y14"]
    assert any("Y01, Y14" in note["en"] for note in found.notes)
    first, second = found.stocks
    assert (first.sample.n, second.sample.n, found.change.sample.n) == (36, 34, 34)
    assert found.change.both.value != pytest.approx(second.both.value - first.both.value, rel=1e-6)


def test_a_stratum_with_one_plot_found_twice_is_refused_by_name(hunan):
    keep = "Y30"

    def lose(sheet, row):
        if row["样地号"] not in {f"Y{number}" for number in range(31, 37)}:
            return row
        # The same crew laid new plots: none of them was there before.
        return {**row, "样地号": row["样地号"].replace("Y", "N")}

    assert keep not in {f"Y{number}" for number in range(31, 37)}
    sheets(hunan, SECOND_SURVEY, lose)
    project = load_project(hunan)
    with pytest.raises(RefusedInput) as refused:
        read_site(project, hunan)
    assert [(fault.code, fault.value, fault.facts["count"]) for fault in refused.value.faults] == [
        ("project.too_few_pairs", "PM-2015", 1)
    ]


def test_a_day_no_crew_was_out_and_a_stratum_older_than_the_project_are_refused(hunan):
    keep_monitorings(hunan, (FIRST_SURVEY, date(2019, 8, 15)), (SECOND_SURVEY, date(2025, 8, 20)))
    edit(hunan, "started = 2014-03-10", "started = 2014-03-15")
    edit(hunan, "crediting_start = 2014-03-10", "crediting_start = 2014-03-15")
    project = load_project(hunan)
    with pytest.raises(RefusedInput) as refused:
        read_site(project, hunan)
    assert {(fault.code, fault.value) for fault in refused.value.faults} == {
        ("project.monitoring_date", "2019-08-15"),
        ("project.planted_before_start", "CL-2014"),
    }


def test_a_species_has_one_curve_and_one_equation_under_all_its_names(hunan):
    _, _, plain = measured(hunan)

    def rename(sheet, row):
        # A crew that writes the Latin name on every second plot.
        if row.get("树种") == "杉木" and int(row["样地号"][1:]) % 2:
            return {**row, "树种": "Cunninghamia lanceolata"}
        return row

    sheets(hunan, SECOND_SURVEY, rename)
    _, _, other = measured(hunan)
    assert other.change.both.value == pytest.approx(plain.change.both.value, rel=1e-12)
    assert other.change.both.se == pytest.approx(plain.change.both.se, rel=1e-12)
    assert len(other.trees.match.equations) == len(plain.trees.match.equations) == 2


def test_bare_strata_hold_nothing_and_say_so_exactly(hunan):
    def bare(sheet, row):
        if not row["样地号"].startswith("Y0"):  # CL-2014 keeps its trees on nine of eleven plots
            return {**row, "样地状态": "无林木", "成活株数": 0} if sheet == "样地" else None
        return row

    sheets(hunan, SECOND_SURVEY, bare)
    _, _, found = measured(hunan)
    per_ha = estimates(found, "tree_t_ha")
    for name in ("CL-2015", "PM-2014", "PM-2015"):
        one = per_ha[2025, name]
        assert (one.value, one.se, one.ci90) == (0, 0, (0, 0))
    # What stood there is lost: the change of those strata is minus their first stock.
    gone = sum(per_ha[2020, name].value for name in ("CL-2015", "PM-2014", "PM-2015"))
    assert gone > 0
    assert found.change.both.value < found.stocks[1].both.value


def test_a_shrinking_stock_gives_no_credits_and_a_deficit_deepened_by_the_deduction(hunan):
    def cut(sheet, row):
        if sheet == "样木" and int(row["样木号"]) % 8:
            return {**row, "样木状态": "采伐木", "胸径(cm)": None, "树高(m)": None}
        if sheet in ("树高", "复测"):
            return row if int(row["样木号"]) % 8 == 0 else None
        return row

    sheets(hunan, SECOND_SURVEY, cut)
    project, site, found = measured(hunan)
    assert found.change.both.value < 0
    # Too few of a species were left to measure: one curve of all of them, and a reader is told.
    assert any("trees of the survey" in note["en"] for note in found.notes)
    claim = claimed(project, site, found)
    lines = {line.line: line.co2e_t for line in claim.lines}
    assert claim.credits_t == 0
    assert lines["gross_removal"] < 0
    assert lines["uncertainty_deduction"] <= 0
    assert lines["permanence"] == 0
    assert claim.deficit_t == pytest.approx(-claim.net_t)
    # A loss is never too old: only the days before 2020-09-22 are out.
    assert [item.why for item in claim.excluded] == ["excluded.methods.before_cutoff"]


def test_fourteen_measured_heights_are_too_few_for_a_curve(hunan):
    seen = []

    def drop(sheet, row):
        if sheet == "树高":
            seen.append(row)
            return row if len(seen) <= 14 else None
        return {**row, "复测树高(m)": None} if sheet == "复测" else row

    sheets(hunan, SECOND_SURVEY, drop)
    with pytest.raises(RefusedInput) as refused:
        measured(hunan)
    assert [(fault.code, fault.facts["pairs"]) for fault in refused.value.faults] == [("project.too_few_heights", 14)]


def test_biomass_equations_beside_the_volume_tables(hunan):
    _, _, volume = measured(hunan)
    edit(hunan, 'route = "volume"', 'route = "equation"')
    project, site, equation = measured(hunan)
    reasons = claimed(project, site, equation).indicative_reasons
    # The fir of Hunan by an equation of Anhui; the pine of Hunan by one that states no range.
    assert "reason.projects.elsewhere:cn/anhui2016/cunninghamia-lanceolata/d2h/agb" in reasons
    assert "reason.projects.no_range:cn/zhou2018/hunan/pinus-massoniana/d2h/agb" in reasons
    for before, after in zip(volume.stocks, equation.stocks, strict=True):
        apart = math.log(after.both.value / before.both.value)
        # Two independent routes to one forest: they differ by less than two of their joint errors.
        errors = (one.both.se / one.both.value for one in (before, after))
        assert abs(apart) < 2 * math.hypot(*errors)
    ids = {item.id for item in equation.trees.match.equations}
    # The same equation at both dates, and one for each species.
    assert len(ids) == len(equation.trees.match.equations) == 2
    assert all(item.site_sigma == 0.25 for item in equation.trees.match.equations)


def test_plots_of_an_angle_gauge(hunan):
    """One stratum gauged with a factor of 2 at both dates: a tree stands for 2 / (pi / 4 d^2) trees per hectare."""
    gauged = {f"Y{number}" for number in range(30, 37)}

    def gauge(sheet, row):
        if row["样地号"] not in gauged:
            return row
        if sheet == "样地":
            sides = {"边长(m)": None, "宽(m)": None, "半径(m)": None}
            return {**row, "样地形状": "角规", "断面积系数(m2/ha)": 2, "量距方式": "水平距", **sides}
        return None if sheet == "幼树" else row

    for name in (FIRST_SURVEY, SECOND_SURVEY):
        sheets(hunan, name, gauge)
    _, site, found = measured(hunan)
    trees = found.trees
    table = site.inventory.trees.iloc[trees.rows]
    a, b, c = VOLUME["马尾松"]
    density, bef, roots, carbon = FACTORS["马尾松"]
    mine = table["plot_id"].isin([f"{name}@2025-08-20" for name in gauged]).to_numpy()
    pine = mine & (table["species"] == "马尾松").to_numpy()
    dbh, height = trees.dbh_cm[pine], trees.height_m[pine]
    carbon_kg = a * dbh**b * height**c * density * bef * 1000 * (1 + roots) * carbon
    gauged_carbon = carbon_kg / 1000 * 2 / (np.pi / 4 * (dbh / 100) ** 2)
    fir_t_ha = trees.carbon_kg("tree", len(site.inventory.trees))[trees.rows][mine & ~pine] / 1000
    fir_t_ha = fir_t_ha * table["trees_per_ha"].to_numpy()[mine & ~pine]
    by_hand = (gauged_carbon.sum() + fir_t_ha.sum()) / len(gauged)
    assert estimates(found, "tree_t_ha")[2025, "PM-2015"].value == pytest.approx(by_hand, rel=1e-9)
    assert found.change.sample.n == 36


def test_a_curve_of_few_heights_is_an_error_that_all_its_trees_share(hunan):
    """Parameters of a curve drawn from their covariance, every tree evaluated anew by the printed volume table."""
    _, _, found = measured(hunan)
    trees = found.trees
    random = np.random.default_rng(7)
    pairs_d = random.uniform(6, 18, 15)
    pairs_h = np.exp(0.3 + 0.75 * np.log(pairs_d) + 0.12 * random.standard_normal(15))
    curve = fit_height_model(pairs_d, pairs_h, "log1")
    a, b, c = VOLUME["杉木"]
    density, bef, roots, carbon = FACTORS["杉木"]
    fir = next(i for i, item in enumerate(trees.match.equations) if item.id.endswith("*杉木"))
    rows = np.flatnonzero(trees.match.equation == fir)[:400]
    mine = only(trees, rows, curve)
    weight = random.uniform(500, 900, 400)
    variance = on_top(pool_totals(mine, "tree", np.arange(400), weight))["measurement"]
    factor = a * density * bef * 1000 * (1 + roots) * carbon / 1000
    drawn = []
    for p, q in random.multivariate_normal(curve.parameters, curve.covariance, 4000):
        height = np.exp(p + q * np.log(mine.dbh_cm) + curve.sigma**2 / 2)
        drawn.append((weight * factor * mine.dbh_cm**b * height**c).sum())
    assert math.sqrt(variance) == pytest.approx(np.std(drawn), rel=0.05)
    # Taken as each tree's own, the same errors would nearly vanish.
    alone = on_top(pool_totals(replace(mine, height_curves=()), "tree", np.arange(400), weight))["measurement"]
    assert alone < variance / 100


def only(trees: TreeCarbon, rows, curve) -> TreeCarbon:
    """Some trees, all with heights from one curve."""
    dbh = trees.dbh_cm[rows]
    arrays = ("rows", "density_g_cm3", "density_sd_g_cm3", "root_ratio", "root_class", "carbon_class", "error_class")
    return replace(
        trees,
        **{name: getattr(trees, name)[rows] for name in arrays},
        match=replace(trees.match, equation=trees.match.equation[rows], out_of_range=trees.match.out_of_range[rows]),
        dbh_cm=dbh,
        height_m=curve.height_m(dbh),
        height_sd_m=curve.residual_sd_m(dbh),
        height_curve=np.zeros(len(rows), np.intp),
        height_curves=(curve,),
    )


def test_change_on_paired_plots_of_ar_tool14():
    """AR-TOOL14 v04.2, equations (3) to (8), written out: two strata, five plots each."""
    from tanhui.mrv.sampling import Layout

    first = np.array([10.0, 12, 9, 11, 13, 20, 22, 19, 24, 25])
    second = np.array([15.0, 18, 14, 15, 20, 31, 30, 29, 36, 34])
    layout = Layout.of(["a"] * 5 + ["b"] * 5, {"a": 60.0, "b": 40.0})
    gain = second - first
    mean = 0.6 * gain[:5].mean() + 0.4 * gain[5:].mean()
    variance = 0.36 * gain[:5].var(ddof=1) / 5 + 0.16 * gain[5:].var(ddof=1) / 5
    # t of 8 degrees of freedom, two-sided 90 %, from printed tables: 1.860
    found = paired_change(first, second, layout)
    assert found.value == pytest.approx(mean)
    assert found.relative_half_width(0.90) == pytest.approx(1.860 * math.sqrt(variance) / mean, rel=5e-4)
