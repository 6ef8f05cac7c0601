"""Every row of the library: sourced, described, sane. One test over all of them."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tanhui
from tanhui.kernel.bibliography import glossary, reference
from tanhui.kernel.data import data_path
from tanhui.kernel.species import species
from tanhui.kernel.tables import read_table, table_spec
from tanhui.sinks.forest.equations import aliases, equations, evaluate, mean_biomass_kg, out_of_range
from tanhui.sinks.forest.selection import TIERS, regions

TABLES = sorted(path.stem for path in data_path("forest").glob("*.csv"))
#: The four sets of Zhou 2018 whose printed coefficients somebody must check in the book.
QUARANTINED_SETS = ("chongqing/quercus-variabilis", "shanghai/ginkgo-biloba", "zhejiang/broadleaf", "anhui/conifer")


def typical_height_m(dbh_cm):
    """A stand-grown tree's height for a diameter: only the order of magnitude matters here."""
    return 1.3 + 25 * (1 - np.exp(-0.045 * dbh_cm))


def diameters(item):
    """Diameters inside the equation's range from 5 cm, or 5 to 30 cm where it states none."""
    low, high = max(5.0, item.d_min_cm or 5.0), min(item.d_max_cm or 30.0, 60.0)
    return np.linspace(low if low < high else item.d_min_cm or high / 2, high, 25)


@pytest.mark.parametrize("name", TABLES)
def test_tables_hold_what_their_descriptions_say(name):
    path = data_path("forest", f"{name}.csv")
    spec = table_spec("forest", name)
    with path.open(encoding="utf-8", newline="") as table:
        assert next(csv.reader(table)) == list(spec.columns)
    frame = read_table(path, spec)
    if "reference" in spec.columns:
        for key in frame["reference"].unique():
            reference(key)
    if "species" in spec.columns:
        assert set(frame["species"]) - {""} <= species().keys()
    if "id" in spec.columns:
        assert not frame["id"].duplicated().any()


def test_the_three_equation_tables_have_the_same_columns():
    specs = [table_spec("forest", name).columns for name in TABLES if name.startswith("equations")]
    assert all(spec == specs[0] for spec in specs)


@pytest.mark.parametrize("item", equations().values(), ids=lambda item: item.id)
def test_row(item):
    assert item.reference
    assert item.place
    assert item.printed.startswith(("W=", "V=", "ln(W)=", "log10(W)="))
    assert item.tier in TIERS
    assert item.region in regions()
    assert item.id == item.id.lower()
    assert " " not in item.id
    dbh = diameters(item)
    mean = mean_biomass_kg(item, dbh, typical_height_m(dbh), 0.5)
    assert np.isfinite(mean).all()
    assert (mean > 0).all()
    assert (np.diff(mean) > 0).all()
    assert not out_of_range(item, dbh, typical_height_m(dbh), 0.5).any()
    if item.d_min_cm is not None and item.d_max_cm is not None:
        assert 0 < item.d_min_cm < item.d_max_cm <= 300
        assert out_of_range(item, [item.d_min_cm * 0.9, item.d_max_cm * 1.1], 10.0, 0.5).all()
    if item.sigma is not None:
        assert 0.05 < item.sigma < 1


def outside_the_envelope(item):
    """Aboveground biomass beyond a fifth to five times 0.3 rho D^(7/3) (Zeng 2018) at rho = 0.5."""
    dbh = diameters(item)
    ratio = mean_biomass_kg(item, dbh, typical_height_m(dbh), 0.5) / (0.15 * dbh ** (7 / 3))
    return bool((ratio < 0.2).any() or (ratio > 5).any())


def test_aboveground_biomass_lies_in_a_wide_biological_envelope_or_is_quarantined():
    rows = [item for item in equations().values() if item.quantity == "agb"]
    assert len(rows) > 300
    assert [item.id for item in rows if outside_the_envelope(item) and not item.quarantine] == []


def test_stem_volumes_have_the_form_of_a_tree():
    # Volume over the cylinder of breast-height area and total height: trees lie near 0.4 to 0.6.
    for item in equations().values():
        if item.quantity == "stem_volume" and item.region.startswith("cn") and not item.quarantine:
            dbh = np.linspace(max(10, item.d_min_cm or 10), 28, 8)
            height = typical_height_m(dbh)
            form = evaluate(item, dbh, height) / (np.pi / 4 * (dbh / 100) ** 2 * height)
            assert form.min() > 0.25, item.id
            assert form.max() < 0.85, item.id


def test_quarantine_covers_what_the_facts_doubt():
    for name in QUARANTINED_SETS:
        rows = [item for item in equations().values() if item.id.startswith(f"cn/zhou2018/{name}/")]
        assert len(rows) == 12  # two forms, four organs and two sums
        assert all(item.quarantine for item in rows)
    qinghai = [item for item in equations().values() if item.region == "cn/qinghai"]
    assert qinghai
    assert all(item.quarantine for item in qinghai)
    assert equations()["cn/heilongjiang/populus-davidiana-zhangguangcai-e/volume"].quarantine


def test_the_non_commercial_collection_lies_in_one_file():
    for item in equations().values():
        assert (item.restriction == "non-commercial") == item.id.startswith("cn/luo2018/")
    assert reference("luo2018").licence == "non-commercial"


def test_a_sum_with_roots_says_total():
    for item in equations().values():
        if item.id.endswith("/total") and "+" in item.printed:
            assert item.quantity == "total"
            assert "never add a root ratio" in item.note


def test_aliases_lead_somewhere():
    assert set(aliases().values()) <= equations().keys()


def test_quantities_of_the_room_are_in_the_glossary():
    wanted = {"dbh_cm", "height_m", "wood_density_g_cm3", "agb_kg", "bgb_kg", "stem_volume_m3", "bef", "root_ratio"}
    assert wanted | {"bcef_t_m3", "carbon_fraction", "allometric_sigma"} <= glossary().keys()


def test_everything_works_without_the_non_commercial_file(tmp_path):
    """A copy of the package with that file deleted still lists, chooses and evaluates, in another process."""
    package = tmp_path / "tanhui"
    source = Path(tanhui.__file__).parent
    for part in ("kernel", "sinks", "data"):
        shutil.copytree(source / part, package / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source / "__init__.py", package / "__init__.py")
    for name in ("equations_luo2018.csv", "equations_luo2018.toml"):
        (package / "data" / "forest" / name).unlink()
    script = """
from tanhui.sinks.forest.equations import equations
from tanhui.sinks.forest.selection import match_trees
from tanhui.sinks.forest.service import evaluate_equation, list_equations
assert not any(i.startswith("cn/luo2018") for i in equations())
match = match_trees(["杉木", "马尾松", "桉树"], [10, 12, 14], region="cn/hunan", wood_density_g_cm3=[0.3] * 3)
print(*[match.equations[i].id for i in match.equation])
assert list_equations(region="cn")
assert evaluate_equation("chave2014", dbh_cm=[30], height_m=[20], wood_density_g_cm3=[0.6])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    from tanhui.sinks.forest.selection import match_trees

    here = match_trees(["杉木", "马尾松", "桉树"], [10, 12, 14], region="cn/hunan", wood_density_g_cm3=[0.3] * 3)
    assert done.stdout.split() == [here.equations[i].id for i in here.equation]
