"""A case from files: what is read agrees with the run; wrong files are refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.features import rasterize
from rasterio.transform import from_origin

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.audit.case import Case
from tanhui.projects.audit.checks import scan
from tanhui.projects.audit.read_case import Beside, days, read_case
from tanhui.projects.audit.service import scan_run

PIXEL_DEG = 0.0001


@pytest.fixture(scope="module")
def whole(run_folder: Path, project: Path) -> Case:
    planting = project / "evidence" / "planting-record.xlsx"
    return read_case(run_folder, Beside(project=project, planting=planting))


def land(project: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_file(project / "parcels" / "xiaoban.shp", encoding="GBK").to_crs(4490)


def stock_map(path: Path, frame: geopandas.GeoDataFrame, values: list[float]) -> Path:
    """A map with one value for each parcel, and nothing elsewhere."""
    west, south, east, north = frame.total_bounds
    shape = (int((north - south) / PIXEL_DEG) + 3, int((east - west) / PIXEL_DEG) + 3)
    transform = from_origin(west - PIXEL_DEG, north + PIXEL_DEG, PIXEL_DEG, PIXEL_DEG)
    noise = np.random.default_rng(1).uniform(0.8, 1.2, shape)
    data = rasterize(
        zip(frame.geometry, values, strict=True), out_shape=shape, transform=transform, fill=-1, dtype="float32"
    )
    data = np.where(data >= 0, data * noise, -1).astype("float32")
    profile = {"driver": "GTiff", "width": shape[1], "height": shape[0], "count": 1, "dtype": "float32", "nodata": -1}
    with rasterio.open(path, "w", crs="EPSG:4490", transform=transform, **profile) as target:
        target.write(data, 1)
    return path


def test_a_run_alone_is_enough_to_look(run_folder: Path):
    case = read_case(run_folder)
    assert case.computed_change_t == pytest.approx(case.claim.change_co2e_t, rel=1e-9)
    assert case.signed_tonnes.sum() == pytest.approx(case.claim.net_co2e_t, rel=1e-9)
    assert case.claim.lines["net"] == pytest.approx(13551.427)


def test_the_project_adds_crews_outlines_and_recomputed_trees(whole: Case):
    assert set(whole.plots["crew"]) == {"示例小组甲"}
    assert len(whole.outlines or ()) == len(whole.parcels)
    both = whole.trees[["tree_kg", "recomputed_kg"]].dropna()
    assert len(both) > 5000
    np.testing.assert_allclose(both["recomputed_kg"], both["tree_kg"], rtol=1e-9)
    assert whole.planting is not None
    assert whole.planting["planted_per_ha"].between(1900, 2600).all()
    assert whole.planting["survival"].between(0.8, 1.0).all()
    assert not [one for one in scan(whole) if one.is_alarm(whole.claim.net_co2e_t)]


def test_a_felled_parcel_shows_on_the_map(tmp_path: Path, run_folder: Path, project: Path):
    frame = land(project)
    path = stock_map(tmp_path / "map.tif", frame, [1.0 if k == 3 else 100.0 for k in range(len(frame))])
    case = read_case(run_folder, Beside(project=project, map=path))
    assert case.parcels["map_t_ha"].iloc[3] == pytest.approx(1.0, rel=0.05)
    assert case.parcels["map_bare_share"].iloc[3] == 1.0
    assert case.plots["map_rank"].between(0, 1).sum() > 60
    found = next(one for one in scan(case) if one.check == "felled")
    assert found.subjects == ("0004",)
    assert found.misstatement_co2e_t == pytest.approx(case.of_parcels(case.parcels["parcel_id"] == "0004"))


@pytest.mark.parametrize("kind", ["text", "elsewhere", "no crs"])
def test_a_map_that_is_none_is_refused(tmp_path: Path, run_folder: Path, project: Path, kind: str):
    path = tmp_path / "map.tif"
    if kind == "text":
        path.write_text("no map")
    else:
        crs = None if kind == "no crs" else "EPSG:4490"
        profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32"}
        with rasterio.open(path, "w", crs=crs, transform=from_origin(10, 10, 1, 1), **profile) as target:
            target.write(np.ones((1, 2, 2), "float32"))
    with pytest.raises(RefusedInput):
        read_case(run_folder, Beside(project=project, map=path))
    with pytest.raises(InputError):
        read_case(run_folder, Beside(map=path))


def test_figures_of_a_document_are_held_against_the_run(tmp_path: Path, run_folder: Path):
    path = tmp_path / "report.toml"
    path.write_text(
        '[claim]\nnet = 14200.0\ncredits_t = 13551\n[land]\narea_ha = "216.8 ha"\n[nothing]\nelse = 1\n',
        encoding="utf-8",
    )
    case = read_case(run_folder, Beside(documents=(path,)))
    wrong = [one for one in scan(case) if one.check == "document"]
    assert [one.subjects for one in wrong] == [("claim.net",)]
    assert wrong[0].misstatement_co2e_t == pytest.approx(14200.0 - 13551.4, abs=0.1)
    path.write_text("net = ", encoding="utf-8")
    with pytest.raises(RefusedInput):
        read_case(run_folder, Beside(documents=(path,)))


def test_rights_and_days_claimed_before(tmp_path: Path, run_folder: Path, whole: Case):
    table = pd.DataFrame(
        {
            "小班号": whole.parcels["parcel_id"],
            "不动产权证号": [f"湘(2021)第{k:07d}号" for k in range(len(whole.parcels))],
            "证载权利人": "示例林场",
            "合同编号": "HT",
            "所有权人": "示例村",
            "所有权人账户": "V1",
            "承包方": "",
            "承包方账户": "",
            "经营者": "示例林场",
            "经营者账户": "OP",
            "土地所有权性质": "集体",
            "权利起始日": "2010-01-01",
            "权利终止日": ["2022-12-31" if k == 0 else "2050-12-31" for k in range(len(whole.parcels))],
            "证载面积(亩)": whole.parcels["area_credited_ha"] * (15 * np.where(whole.parcels.index == 5, 0.8, 1.0)),
            "碳汇收益权授权": ["否" if k == 7 else "是" for k in range(len(whole.parcels))],
            "村民会议纪要哈希": "a" * 64,
            "收益分配比例": 0.5,
        }
    )
    from tanhui.projects.tenure.read_tenure import tenure_spec

    table.columns = [tenure_spec().columns[name].zh for name in list(tenure_spec().columns)[: len(table.columns)]]
    path = tmp_path / "tenure.csv"
    table.drop(index=9).to_csv(path, index=False)
    before = (Period.inclusive(*(pd.Timestamp(day).date() for day in ("2016-01-01", "2021-04-30"))),)
    found = {one.check: one for one in scan(read_case(run_folder, Beside(tenure=path, claimed=before)))}
    assert found["right_ends"].subjects == ("0001",)
    assert found["beyond_certificate"].subjects == ("0006",)
    assert found["not_authorised"].subjects == ("0008",)
    assert found["no_right"].subjects == ("0010",)
    assert found["claimed_before"].facts["days"] == 60  # 2 March to 30 April, both included


def test_a_changed_project_folder_is_refused(tmp_path: Path, run_folder: Path, hunan: Path):
    book = hunan / "monitoring" / "survey-2020.xlsx"
    shutil.copy(hunan / "evidence" / "planting-record.xlsx", tmp_path / "other.xlsx")
    from openpyxl import load_workbook

    changed = load_workbook(book)
    changed.save(book)
    with pytest.raises(RefusedInput) as refused:
        read_case(run_folder, Beside(project=hunan))
    assert [fault.code for fault in refused.value.faults] == ["audit.other_inputs"]


def test_a_run_without_a_claim_is_refused(demo: Path):
    with pytest.raises(InputError) as refused:
        read_case(demo / "rhode-island")
    assert refused.value.code == "audit.no_claim"


def test_the_scan_says_what_it_could_not_look_at(run_folder: Path):
    found = scan_run(run_folder)
    assert not any(found["looked_at"][name] for name in ("map", "tenure", "planting", "documents", "crews"))
    assert found["alarms"] == 0


def test_days_are_both_included():
    assert days(["2021-01-01", "2021-12-31"]).days == 365
