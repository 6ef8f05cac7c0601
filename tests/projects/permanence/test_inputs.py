"""Burnt ground and stocks as people bring them: every kind of file gives the same tonnes, and bad ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from pyproj import Geod

from tanhui.kernel.errors import TanhuiError
from tanhui.projects.permanence import burnt_loss, read_burnt, strata_of_run

#: A quarter of the stratum. Its area is GeographicLib's, which knows nothing of ours.
BURNT = shapely.box(112, 27, 112.002, 27.002)
BURNT_HA = abs(Geod(ellps="GRS80").geometry_area_perimeter(BURNT)[0]) / 1e4
GRID = """ncols 4
nrows 4
xllcorner 112
yllcorner 27
cellsize 0.001
NODATA_value -9999
0 0 0 -9999
0 0 0 0
1 1 0 0
1 1 0 0
"""


def ring(west: float, east: float) -> list[list[float]]:
    return [[west, 27.0], [east, 27.0], [east, 27.004], [west, 27.004], [west, 27.0]]


def result(**changed: Any) -> dict[str, Any]:
    """A run of two strata, of which the first holds 40 t CO2/ha, known to a tenth."""
    parcels = [{"id": "1", "stratum": "a", "rings": [ring(112.0, 112.004)]}]
    parcels += [{"id": "2", "stratum": "b", "rings": [ring(112.01, 112.014)]}]
    stock = {"quantity": "tree_t_ha", "source": "tanhui", "year": 2025}
    estimates = [
        {**stock, "domain": "a", "year": 2020, "value": 1.0, "se": 1.0},
        {**stock, "domain": "a", "value": 40 * 12 / 44, "se": 4 * 12 / 44},
        {**stock, "domain": "b", "value": 10.0, "se": 1.0},
        {**stock, "domain": "a", "source": "agency", "value": 99.0, "se": 1.0},
    ]
    return {"map": {"parcels": parcels}, "estimates": estimates, **changed}


def written(folder: Path, name: str) -> Path:
    """The burnt box in a file of some kind."""
    path = folder / name
    frame = geopandas.GeoDataFrame({"n": [1]}, geometry=[BURNT], crs="EPSG:4490")
    if path.suffix == ".asc":
        path.write_text(GRID, encoding="ascii")
    elif name.startswith("metres"):
        frame.to_crs("EPSG:4545").to_file(path)  # Gauss-Kruger, 111° E
    elif path.suffix in (".geojson", ".kml"):
        frame.to_crs("EPSG:4326").to_file(path, driver={".kml": "KML", ".geojson": "GeoJSON"}[path.suffix])
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("name", ["f.shp", "f.gpkg", "f.geojson", "f.kml", "metres.shp", "f.asc"])
def test_every_kind_of_file_gives_the_same_tonnes(tmp_path: Path, name: str):
    """By hand: 4.399 ha x 40 t/ha x 0.5 = 87.98 t; its relative error is that of the stock, 10 %."""
    errors = {"share_lost": 0.5, "area_rse": 0.0, "correlation": 1.0}
    loss = burnt_loss(read_burnt(written(tmp_path, name)), strata_of_run(result()), **errors)
    assert loss.co2_t == pytest.approx(BURNT_HA * 40 * 0.5, rel=1e-5)
    assert loss.se_co2_t == pytest.approx(0.1 * loss.co2_t, rel=1e-6)
    assert loss.burnt_ha == {"a": pytest.approx(BURNT_HA, rel=1e-5), "b": 0.0}


def test_a_grid_of_centres_is_that_of_corners(tmp_path: Path):
    path = tmp_path / "f.asc"
    path.write_text(GRID.replace("xllcorner 112", "XLLCENTER 112.0005").replace("yllcorner 27", "yllcenter 27.0005"))
    assert read_burnt(path).bounds == pytest.approx((112.0, 27.0, 112.004, 27.004))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GRID.replace("ncols 4", "ncols 5"), "file.unreadable"),
        (GRID.replace("ncols 4", "ncols 4000000000"), "file.unreadable"),
        (GRID.replace("ncols 4", "ncols -4"), "file.unreadable"),
        (GRID.replace("cellsize 0.001", ""), "file.unreadable"),
        (GRID.replace("xllcorner 112", ""), "file.unreadable"),
        (GRID.replace("1 1", "1 x"), "file.unreadable"),
        ("", "file.unreadable"),
        (None, "file.missing"),
    ],
)
def test_a_grid_that_is_none_is_refused(tmp_path: Path, text: str | None, code: str):
    path = tmp_path / "f.asc"
    if text is not None:
        path.write_text(text)
    with pytest.raises(TanhuiError) as refused:
        read_burnt(path)
    assert [fault.code for fault in refused.value.faults] == [code]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("1 1 0 0", "2 1 0 0", "permanence.severity"),
        ("xllcorner 112", "xllcorner 412", "permanence.not_degrees"),
        ("xllcorner 112", "xllcorner 113", "permanence.nothing_burnt"),
    ],
)
def test_a_grid_that_cannot_be_right_is_refused(tmp_path: Path, old: str, new: str, code: str):
    (tmp_path / "f.asc").write_text(GRID.replace(old, new))
    with pytest.raises(TanhuiError) as refused:
        burnt_loss(
            read_burnt(tmp_path / "f.asc"), strata_of_run(result()), share_lost=1.0, area_rse=0.0, correlation=1.0
        )
    assert refused.value.code == code


def test_a_run_without_strata_or_stocks_is_refused():
    for broken in ({"map": {}}, {"map": {"parcels": []}}, {"map": {"parcels": [{"stratum": "a"}]}}):
        with pytest.raises(TanhuiError) as refused:
            strata_of_run(result(**broken))
        assert refused.value.code == "permanence.no_strata"
    with pytest.raises(TanhuiError) as refused:
        strata_of_run(result(estimates=[]))
    assert refused.value.code == "permanence.unknown_stratum"


def test_outlines_without_a_coordinate_system_need_one(tmp_path: Path):
    path = written(tmp_path, "f.shp")
    path.with_suffix(".prj").unlink()
    for crs, code in ((None, "permanence.no_crs"), ("EPSG:0", "xiaoban.unknown_crs")):
        with pytest.raises(TanhuiError) as refused:
            read_burnt(path, crs=crs)
        assert [fault.code for fault in refused.value.faults] == [code]  # type: ignore[attr-defined]
    (shape,) = read_burnt(path, crs="EPSG:4490")  # type: ignore[misc]
    assert shape.equals(BURNT)
