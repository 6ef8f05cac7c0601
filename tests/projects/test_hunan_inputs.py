"""The inputs of the Hunan example: committed as the script makes them, read without a fault, called illustrative."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tanhui.projects.model import load_project
from tanhui.sensing.inventory.read_plots import read_plots
from tanhui.sensing.inventory.read_xiaoban import Options, read_xiaoban
from tanhui.sensing.inventory.visits import link_visits

FOLDER = Path(__file__).parents[2] / "examples" / "afforestation-hunan"
MADE = ("parcels/xiaoban.shp", "parcels/xiaoban.dbf", "parcels/xiaoban.shx", "parcels/xiaoban.prj")
MADE += ("monitoring/survey-2020.xlsx", "monitoring/survey-2025.xlsx", "evidence/planting-record.xlsx")
BANNER = "示例数据，非真实项目"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_inputs", FOLDER / "make_inputs.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_inputs"] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def parcels():
    return read_xiaoban(FOLDER / "parcels" / "xiaoban.shp", Options(area_unit="mu"))


@pytest.fixture(scope="module")
def surveys():
    return [read_plots(FOLDER / "monitoring" / f"survey-{year}.xlsx") for year in (2020, 2025)]


def test_the_script_makes_the_committed_tables(script, tmp_path):
    """Cells, not bytes: another build of the zip library may pack the same content otherwise."""
    script.main(tmp_path)
    for name in MADE:
        made, committed = tmp_path / name, FOLDER / name
        if name.endswith(".xlsx"):
            first, second = (openpyxl.load_workbook(path, read_only=True) for path in (made, committed))
            assert first.sheetnames == second.sheetnames
            for page, other in zip(first, second, strict=True):
                assert list(page.iter_rows(values_only=True)) == list(other.iter_rows(values_only=True)), name
        else:
            assert made.read_bytes() == committed.read_bytes(), name
    assert not (tmp_path / "parcels" / "xiaoban.cpg").exists()


def test_illustrative_is_said_in_the_first_line_of_everything(parcels):
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in (".md", ".toml", ".py"):
            assert BANNER in path.read_text(encoding="utf-8").splitlines()[0], path.name
        elif path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path, read_only=True)
            assert all(BANNER in next(page.iter_rows(values_only=True))[0] for page in book), path.name
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 1_000_000


def test_parcels(parcels):
    assert len(parcels.frame) == 40
    assert (parcels.encoding, parcels.position_accuracy_m) == ("gb18030", 0.0)
    assert "EPSG:4525" in parcels.system
    assert parcels.frame["area_declared_ha"].to_numpy() == pytest.approx(parcels.frame["area_ha"].to_numpy(), abs=0.004)
    project = load_project(FOLDER)
    assert set(parcels.frame["stratum"]) == {stratum.id for stratum in project.strata}


def test_surveys_are_believable(surveys, parcels):
    for survey in surveys:
        assert len(survey.inventory.plots) == 36
        assert survey.quality.passed
        assert survey.quality.share == pytest.approx(4 / 36)
        assert survey.notes == ()
        assert set(survey.inventory.plots["parcel_id"]) <= set(parcels.frame["parcel_id"])
        slenderness = survey.heights["height_m"] * 100 / survey.heights["dbh_cm"]
        assert slenderness.between(40, 110).all()
        per_ha = (
            survey.inventory.trees[survey.inventory.trees["status"] == "live"].groupby("plot_id")["trees_per_ha"].sum()
        )
        assert per_ha.between(1000, 3000).all()


def test_visits_follow_each_other(surveys):
    both = link_visits(*surveys)
    later = both.plots[both.plots["prev_plot_id"] != ""]
    assert len(later) == 36
    assert later["interval_yr"].to_numpy() == pytest.approx(np.full(36, 1831 / 365.2425))
    now = both.trees[both.trees["plot_id"].isin(later["plot_id"]) & both.trees["dbh_cm"].notna()]
    assert (now["prev_tree_id"] == "").sum() > 100  # grown into the tally
    assert (now["status"] == "dead").sum() > 50
