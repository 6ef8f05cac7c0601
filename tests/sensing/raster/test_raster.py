"""Rasters on one grid: what is refused, how blocks cover a grid, and parts that survive."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import from_origin

from tanhui.kernel.errors import RefusedInput
from tanhui.sensing.raster import Grid, Parts, Stack, blocks, read_layers, write_cog

ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"


def raster(path: Path, values: np.ndarray, *, crs: str | None = ALBERS, west: float = 0.0, step: float = 100.0) -> Path:
    values = np.atleast_3d(values).transpose(2, 0, 1) if values.ndim == 2 else values
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=count, dtype="float32", crs=crs,
        transform=from_origin(west, 1000.0, step, step), nodata=-9999,
    ) as made:  # fmt: skip
        made.write(values.astype("float32"))
    return path


def refused(files: dict[str, Path], bands: dict[str, int] | None = None) -> set[str]:
    with pytest.raises(RefusedInput) as refusal:
        read_layers(files, bands or dict.fromkeys(files, 1))
    return {fault.code for fault in refusal.value.faults}


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 64))
def test_blocks_cover_every_pixel_once(width, height, side):
    seen = np.zeros((height, width), int)
    for block in blocks(Grid("", (1, 0, 0, 0, -1, 0), width, height), side):
        seen[block.row : block.row + block.height, block.column : block.column + block.width] += 1
    assert (seen == 1).all()


def test_a_pixel_of_a_hundred_metres_is_a_hectare(tmp_path):
    grid, _ = read_layers({"a": raster(tmp_path / "a.tif", np.ones((3, 4)))}, {"a": 1})
    assert grid.pixel_ha == pytest.approx(1.0)


def test_everything_wrong_is_named_at_once(tmp_path):
    (tmp_path / "text.tif").write_text("no raster")
    files = {
        "a": raster(tmp_path / "a.tif", np.ones((4, 4))),
        "other_crs": raster(tmp_path / "b.tif", np.ones((4, 4)), crs="EPSG:32650"),
        "shifted": raster(tmp_path / "c.tif", np.ones((4, 4)), west=30.0),
        "degrees": raster(tmp_path / "d.tif", np.ones((4, 4)), crs="EPSG:4326", step=0.001),
        "none": raster(tmp_path / "e.tif", np.ones((4, 4)), crs=None),
        "months": raster(tmp_path / "f.tif", np.ones((4, 4))),
        "text": tmp_path / "text.tif",
    }
    found = refused(files, {**dict.fromkeys(files, 1), "months": 12})
    assert found == {
        "raster.other_crs", "raster.other_grid", "raster.degrees", "raster.no_crs", "raster.bands", "raster.unreadable",
    }  # fmt: skip


def test_another_grid_is_aligned_only_when_asked(tmp_path):
    fine = np.arange(16.0).reshape(4, 4)
    coarse = np.array([[1.0, 2.0], [3.0, 4.0]])
    files = {
        "fine": raster(tmp_path / "fine.tif", fine),
        "coarse": raster(tmp_path / "coarse.tif", coarse, step=200.0),
    }
    assert refused(files) == {"raster.other_grid"}
    grid, layers = read_layers(files, dict.fromkeys(files, 1), align=True)
    with Stack(grid, layers) as stack:
        read = stack.read(next(blocks(grid, 4)))
    assert read["fine"].ravel().tolist() == fine.ravel().tolist()
    assert read["coarse"].reshape(4, 4).tolist() == np.kron(coarse, np.ones((2, 2))).tolist()


def test_no_data_is_nan(tmp_path):
    values = np.array([[1.0, -9999.0]])
    grid, layers = read_layers({"a": raster(tmp_path / "a.tif", values)}, {"a": 1})
    with Stack(grid, layers) as stack:
        read = stack.read(next(blocks(grid, 4)))["a"].ravel()
    assert read[0] == 1.0
    assert np.isnan(read[1])


def test_parts_are_there_whole_and_those_of_another_run_are_not_taken(tmp_path):
    parts = Parts(tmp_path / "out", "a" * 64)
    parts.save(7, {"x": np.array([1.5, np.nan], np.float32)})
    assert Parts(tmp_path / "out", "a" * 64).done() == {7}
    assert parts.load(7)["x"][0] == 1.5
    assert Parts(tmp_path / "out", "b" * 64).done() == set()
    assert not parts.folder.exists()


def test_a_cog_gives_back_what_went_in(tmp_path):
    values = np.random.default_rng(0).normal(size=(700, 600)).astype(np.float32)
    grid = Grid(rasterio.crs.CRS.from_string(ALBERS).to_wkt(), (100, 0, 0, 0, -100, 0), 600, 700)

    def pixels(block):
        return values[block.row : block.row + block.height, block.column : block.column + block.width]

    write_cog(tmp_path / "x.tif", grid, blocks(grid, 128), pixels, "x")
    with rasterio.open(tmp_path / "x.tif") as made:
        assert made.read(1).tobytes() == values.tobytes()
        assert made.overviews(1)
        assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tif"]
