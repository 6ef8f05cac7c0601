"""The first look: verdicts of the methodology, growth chosen openly, money, the page and the workbook."""

import json
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.kernel.species import resolve
from tanhui.projects.scout import scout
from tanhui.projects.scout.growth import choose
from tanhui.projects.scout.money import CostItem, Costs, cash_lines, read_costs, sales
from tests.projects.scout.conftest import question, write_parcels

OWN_CURVES = """
[[curves]]
species = "杉木"
form = "richards"
parameters = [300.0, 0.1, 3.0]
relative_se = 0.1
reference = "curve A"
status = "recalled"

[[curves]]
species = "Cunninghamia lanceolata"
form = "richards"
parameters = [200.0, 0.1, 3.0]
relative_se = 0.1
reference = "curve B"
status = "recalled"
"""


def standings(found: dict) -> dict[str, str]:
    return {parcel["id"]: parcel["standing"] for parcel in found["parcels"]}


def test_what_the_file_says_against_a_parcel_excludes_it_with_its_clause(parcels: Path):
    found = scout(parcels, question())
    assert standings(found) == {
        "bare": "doubtful",
        "planned": "doubtful",
        "forest": "excluded",
        "marsh": "excluded",
        "fruit": "excluded",
        "tiny": "excluded",
    }
    against = {parcel["id"]: parcel["not_met"] for parcel in found["parcels"]}
    assert against["forest"] == ["2 a)"]
    assert against["marsh"] == ["2 d)"]
    assert against["fruit"] == ["2", "2 a)"]
    assert against["tiny"] == ["2 c)"]  # 361 m2, less than 400
    assert "tenure" in {row["document"] for row in found["missing"]}
    assert found["standing"]["excluded"]["count"] == 4


def test_answers_and_evidence_make_a_parcel_eligible(parcels: Path, tmp_path: Path):
    answers = tmp_path / "answers.toml"
    keys = ("boundary", "tenure", "land_history", "planning_map", "land_use_map", "planting_design", "site_survey")
    answers.write_text(
        "[parcels]\nplanned_for_afforestation = true\nno_forest_since = 2020-01-01\ntenure_clear = true\n"
        "wetland = false\nscattered_trees_removed = false\nshrub_removed_m2 = 0.0\n[evidence]\n"
        + "\n".join(f'{key} = "file"' for key in keys),
        encoding="utf-8",
    )
    found = scout(parcels, question(conditions=answers))
    # What the file says against a parcel stands, whatever is answered.
    assert standings(found) == {
        "bare": "eligible",
        "planned": "eligible",
        "forest": "excluded",
        "marsh": "excluded",
        "fruit": "excluded",
        "tiny": "excluded",
    }


def test_canopy_cover_speaks_for_forest_only_before_planting(tmp_path: Path):
    rows: list[dict[str, object]] = [
        {"小班号": "open", "郁闭度": 0.1, "树种": "杉木"},
        {"小班号": "closed", "郁闭度": 0.2, "树种": "杉木"},
    ]
    path = write_parcels(tmp_path / "p.gpkg", rows)
    assert standings(scout(path, question()))["closed"] == "excluded"
    assert standings(scout(path, question()))["open"] == "doubtful"
    assert standings(scout(path, question(start=date(2024, 3, 1))))["closed"] == "doubtful"


def test_the_ladder_of_curves():
    fir, larch = resolve("杉木"), resolve("华北落叶松")
    assert choose(fir, question(), ()).source == "zone"
    assert choose(fir, question(region=""), ()).source == "none"
    assert choose(fir, question(region="cn/qinghai"), ()).source == "none"
    assert choose(larch, question(region="cn/hebei"), ()).source == "published"
    # Never borrowed from another region.
    assert choose(larch, question(region="cn/hunan"), ()).source == "zone"


def test_zone_curves_are_the_fit_they_say_they_are():
    from scipy.optimize import curve_fit

    from tanhui.projects.scout.growth import _default_rows

    age = np.arange(1, 41)
    for row in _default_rows().values():
        before, after = float(row["growth_before_t_ha_yr"]), float(row["growth_after_t_ha_yr"])
        said = np.where(age <= 20, before * age, before * 20 + after * (age - 20))
        a, k, p = (float(row[name]) for name in ("p1", "p2", "p3"))
        curve = a * (-np.expm1(-k * age)) ** p
        if before == after:
            assert curve == pytest.approx(said, rel=0.003)
            continue
        best, _ = curve_fit(lambda t, x, y, z: x * (-np.expm1(-y * t)) ** z, age, said, p0=(230, 0.09, 1.3))
        assert (a, k, p) == pytest.approx(tuple(best), rel=1e-3)
        assert np.abs(curve - said).max() < 11.45


def test_several_curves_widen_the_interval_by_their_spread(parcels: Path, tmp_path: Path):
    both, one = tmp_path / "both.toml", tmp_path / "one.toml"
    both.write_text(OWN_CURVES, encoding="utf-8")
    one.write_text(OWN_CURVES[: OWN_CURVES.rindex("[[curves]]")], encoding="utf-8")
    two = scout(parcels, question(growth=both))["tonnes"]["by_year"][-1]
    single = scout(parcels, question(growth=one))["tonnes"]["by_year"][-1]
    # B is two thirds of A in everything, so the mean is 5/6 of A and the spread |A - B| / sqrt 2 = A / (3 sqrt 2).
    a = single["cumulative_t"]
    assert two["cumulative_t"] == pytest.approx(5 / 6 * a, rel=1e-9)
    # Shared factors scale with the mean; the two curves' own errors of 10 % are apart: sqrt(0.1^2 + (2/3 0.1)^2) / 2.
    shared = single["cumulative_se_t"] ** 2 - (0.1 * a) ** 2
    own = (0.1 * a / 2) ** 2 + (0.1 * a * 2 / 3 / 2) ** 2
    expected = (5 / 6) ** 2 * shared + own + (a / 3) ** 2 / 2
    assert two["cumulative_se_t"] == pytest.approx(np.sqrt(expected), rel=1e-6)


def test_tonnes_by_hand(tmp_path: Path):
    # One square of 200 m: stem volume 300 (1 - exp(-0.1 t))^3 at 20 years, V D BEF (1 + R) CF 44/12.
    path = write_parcels(tmp_path / "p.gpkg", [{"小班号": "1", "树种": "杉木"}])
    curves = tmp_path / "c.toml"
    curves.write_text(OWN_CURVES[: OWN_CURVES.rindex("[[curves]]")], encoding="utf-8")
    found = scout(path, question(growth=curves))
    from tanhui.sinks.forest.volume import bef_parameters

    factor = bef_parameters(resolve("杉木"))
    age = (date(2047, 1, 1) - date(2027, 1, 1)).days / 365.2425
    volume = 300 * (1 - np.exp(-0.1 * age)) ** 3
    tonnes = volume * factor.wood_density_t_m3 * factor.bef * (1 + factor.root_ratio) * factor.carbon_fraction * 44 / 12
    area_ha = found["parcels"][0]["area_ha"]
    assert area_ha == pytest.approx(4.0, rel=2e-3)
    assert found["tonnes"]["by_year"][-1]["cumulative_t"] == pytest.approx(tonnes * area_ha, rel=1e-9)
    assert found["parcels"][0]["expected_t"] == pytest.approx(tonnes * area_ha, rel=1e-9)
    # 10 % held back for the risk of reversal
    assert found["tonnes"]["sold_t"] == pytest.approx(0.9 * tonnes * area_ha, rel=1e-9)


def test_sales_by_hand():
    sold = sales((2027, 2028, 2029, 2030, 2031), (1, 3, 6, 10, 15), 0.9, 2)
    assert sold.verified == (False, True, False, True, True)
    assert sold.sold_t == pytest.approx((0, 2.7, 0, 6.3, 4.5))
    # A loss between verifications brings nothing to market, and is made up for before anything is sold again.
    assert sales((1, 2, 3), (5, 3, 6), 1.0, 1).sold_t == (5, 0, 1)


def test_cash_lines_by_hand():
    items = (
        CostItem(id="plant", per="mu", value=100, years=(0, 0)),
        CostItem(id="guard", per="ha", value=10, years=(1, -1), every=2),
        CostItem(id="check", per="project", value=1000),
        CostItem(id="fee", per="income", value=0.1, unit="1"),
        CostItem(id="levy", per="t", value=2),
        CostItem(id="grant", per="ha", value=50, kind="income", years=(0, 0)),
    )
    carbon = sales((2027, 2028, 2029, 2030), (10, 20, 30, 40), 1.0, 2)
    lines = {line.id: line.amounts for line in cash_lines(Costs(items=items), 2.0, carbon, 80.0)}
    assert lines == {
        "carbon_income": (0, 1600, 0, 1600),
        "plant": (-3000, 0, 0, 0),  # 30 mu
        "guard": (0, -20, 0, -20),
        "check": (0, -1000, 0, -1000),
        "fee": (0, -160, 0, -160),
        "levy": (0, -40, 0, -40),
        "grant": (100, 0, 0, 0),
    }


def test_own_items_replace_all_of_ours(tmp_path: Path):
    path = tmp_path / "costs.toml"
    path.write_text('[[items]]\nid = "all"\nper = "ha"\nvalue = 1000.0\nyears = [0, 0]\n', encoding="utf-8")
    costs = read_costs(path)
    assert [item.id for item in costs.items or ()] == ["all"]
    assert costs.price is not None
    assert costs.price.value == 80
    path.write_text("[price]\nvalue = 65.0\n", encoding="utf-8")
    costs = read_costs(path)
    assert len(costs.items or ()) > 5
    assert costs.price is not None
    assert costs.price.value == 65


def test_the_costs_written_can_be_given_back(parcels: Path, tmp_path: Path):
    first = scout(parcels, question(price_cny_t=100.0), tmp_path / "a")
    again = scout(parcels, question(costs=tmp_path / "a" / "costs.toml"), tmp_path / "b")
    assert again["money"] == first["money"]


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        ("costs", '[[items]]\nid = "a"\nper = "acre"\nvalue = -1\n', {"project.not_a_choice", "project.too_small"}),
        ("costs", '[[items]]\nid = "price"\nper = "ha"\nvalue = 1\n', {"scout.item_twice"}),
        ("costs", "[[items]\n", {"file.unreadable"}),
        ("growth", '[[curves]]\nspecies = "杉木"\n', {"project.missing_key"}),
        ("growth", OWN_CURVES.replace("杉木", "衫目"), {"species.unknown"}),
        ("conditions", "[parcel]\nx = 1\n", {"scout.unknown_table"}),
        ("conditions", '[parcels]\nwetland = "no"\nwetlands = 1\n', {"methods.wrong_kind", "methods.unknown_key"}),
    ],
)
def test_own_files_are_refused_with_everything_wrong(
    parcels: Path, tmp_path: Path, name: str, text: str, codes: set[str]
):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        scout(parcels, replace(question(), **{name: path}), tmp_path / "out")
    assert {fault.code for fault in refused.value.faults} == codes
    assert not (tmp_path / "out").exists()
    assert refused.value.text("zh")


def test_years_outside_the_methodology_and_unknown_species_are_refused(parcels: Path):
    for years in (19, 41):
        with pytest.raises(InputError) as refused:
            scout(parcels, question(years=years))
        assert refused.value.code == "scout.years"
    with pytest.raises(RefusedInput):
        scout(parcels, question(species="衫目"))


def test_without_a_curve_there_are_verdicts_but_no_tonnes(parcels: Path, tmp_path: Path):
    found = scout(parcels, question(region=""), tmp_path / "out")
    assert found["tonnes"] is None
    assert found["money"] is None
    assert len(found["parcels"]) == 6
    assert "--growth" in (tmp_path / "out" / "scout.html").read_text(encoding="utf-8")
    assert len(openpyxl.load_workbook(tmp_path / "out" / "scout.xlsx").worksheets) == 3


def test_the_same_look_has_the_same_bytes_and_a_changed_file_is_kept(parcels: Path, tmp_path: Path):
    out = tmp_path / "out"
    scout(parcels, question(), out)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    scout(parcels, question(), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    (out / "costs.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        scout(parcels, question(), out)
    assert "costs.toml" in refused.value.text("en")
    assert (out / "costs.toml").read_text(encoding="utf-8") == "mine"


def test_the_page_asks_nobody_and_hides_nothing_dangerous(tmp_path: Path):
    path = write_parcels(
        tmp_path / "p.gpkg",
        [{"小班号": "<script>x", "地类": "沼泽地", "树种": "杉木"}, {"小班号": "=2+2", "树种": "杉木"}],
    )
    scout(path, question(), tmp_path / "out")
    page = (tmp_path / "out" / "scout.html").read_text(encoding="utf-8")
    assert "<script>x" not in page
    assert "https://" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    book = openpyxl.load_workbook(tmp_path / "out" / "scout.xlsx")
    cells = [row[0] for row in book["小班 Parcels"].iter_rows(values_only=True)]
    assert "'=2+2" in cells


def test_an_office_program_works_out_what_we_did(parcels: Path, tmp_path: Path):
    costs = tmp_path / "costs.toml"
    costs.write_text(
        "[price]\nvalue = 260.0\n"
        '[[items]]\nid = "plant"\nper = "mu"\nvalue = 700.0\nyears = [0, 0]\n'
        '[[items]]\nid = "tend"\nper = "ha"\nvalue = 900.0\nyears = [1, -1]\nevery = 4\n'
        '[[items]]\nid = "check"\nper = "project"\nvalue = 2000.0\ncarbon = true\n'
        '[[items]]\nid = "fee"\nper = "income"\nunit = "1"\nvalue = 0.05\n'
        '[[items]]\nid = "timber"\nkind = "income"\nper = "ha"\nvalue = 30000.0\nyears = [-1, -1]\n',
        encoding="utf-8",
    )
    found = scout(parcels, question(costs=costs), tmp_path / "out")["money"]
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            str(tmp_path / "again"),
            str(tmp_path / "out" / "scout.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    page = openpyxl.load_workbook(tmp_path / "again" / "scout.xlsx", data_only=True)["现金流 Cash flow"]
    rows = {row[0]: row for row in page.iter_rows(values_only=True) if row[0]}

    def row(start: str) -> tuple:
        return next(cells for name, cells in rows.items() if name.startswith(start))

    assert row("净现金流（有碳收入）")[3:] == pytest.approx(found["with_carbon"]["flows_cny"], abs=0.01)
    assert row("净现金流（无碳收入）")[3:] == pytest.approx(found["without_carbon"]["flows_cny"], abs=0.01)
    assert row("净现值 Net present value · 有碳收入")[2] == pytest.approx(found["with_carbon"]["npv_cny"], abs=0.01)
    assert row("净现值 Net present value · 无碳收入")[2] == pytest.approx(found["without_carbon"]["npv_cny"], abs=0.01)
    assert row("内部收益率 Internal rate of return · 有碳收入")[2] == pytest.approx(
        found["with_carbon"]["irr"]["value"], abs=1e-7
    )
    assert row("保本碳价")[2] == pytest.approx(found["break_even_price"]["cny_t"], rel=1e-9)
    assert json.loads((tmp_path / "out" / "scout.json").read_text(encoding="utf-8"))["money"] == found
