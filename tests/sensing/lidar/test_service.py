"""The whole way: known trees found, results the same for any tile, thread and order, files as readers want them."""

import json

import geopandas
import laspy
import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from tanhui.kernel.errors import RefusedInput
from tanhui.sensing.lidar import Settings, Window, analysed_files, tiles
from tanhui.sensing.lidar.job import produce
from tanhui.sensing.lidar.tiles import Rect
from tests.sensing.lidar.synthetic import write


def everything(path, tile=512, workers=2):
    """All that a run makes, as bytes."""
    paths = path if isinstance(path, list) else [path]
    with analysed_files(paths, Settings(tile_cells=tile), "crowns", workers=workers) as forest:
        made = {name: plane.read(Rect(0, 0, plane.frame.height, plane.frame.width)).tobytes()
                for name, plane in forest.planes.items() if name in ("terrain", "chm", "tops", "crowns")}  # fmt: skip
        tops = list(forest.tops())
        for name in ("tree", "x", "y", "height"):
            made[name] = np.concatenate([getattr(part, name) for part in tops]).tobytes()
    return made


@pytest.fixture(scope="module")
def whole(plot_file):
    return everything(plot_file)


@given(tile=st.integers(16, 90), workers=st.integers(1, 4))
@settings(max_examples=8)
def test_tiles_and_threads_change_nothing(plot_file, whole, tile, workers):
    assert everything(plot_file, tile, workers) == whole


@given(seed=st.integers(0, 2**32))
@settings(max_examples=4)
def test_the_order_of_points_and_files_changes_nothing(plot, whole, seed, tmp_path_factory):
    points = np.random.default_rng(seed).permutation(plot[1])
    folder = tmp_path_factory.mktemp("mixed")
    shift = (500_000.0, 3_300_000.0)
    halves = [write(folder / f"{k}.laz", part, shift=shift) for k, part in enumerate(np.array_split(points, 2))]
    assert everything(halves, 40) == whole


def test_points_on_disk_are_those_in_memory(plot_file, whole, monkeypatch):
    monkeypatch.setattr(tiles, "HELD", 1000)
    assert everything(plot_file, 50) == whole


def test_known_trees_are_found(plot, plot_file):
    trees, _ = plot
    with analysed_files([plot_file], Settings(window=Window(4.0, 0.0, 2.0)), "crowns") as forest:
        tops = list(forest.tops())
        x, y, height = (np.concatenate([getattr(part, name) for part in tops]) for name in ("x", "y", "height"))
    away, found = cKDTree(np.column_stack([x - 500_000, y - 3_300_000])).query(np.column_stack([trees.x, trees.y]))
    # The top of a round crown is flat: a noisy point beside it may be higher.
    seen = away < 1.0
    assert seen.mean() > 0.9
    assert len(x) <= 1.1 * trees.x.size
    assert np.abs(height[found] - trees.height)[seen].mean() < 0.15


def test_files_are_what_their_readers_want(plot_file, tmp_path):
    out = {"terrain": tmp_path / "t.tif", "points": tmp_path / "p.laz", "chm": tmp_path / "c.tif",
           "trees": tmp_path / "t.parquet", "crowns": tmp_path / "c.parquet"}  # fmt: skip
    result = produce([plot_file], out, Settings(tile_cells=64))
    trees, shapes = (geopandas.read_parquet(out[name]) for name in ("trees", "crowns"))
    assert result["trees"] == len(trees) == len(shapes)
    assert trees["tree"].tolist() == list(range(1, len(trees) + 1))
    assert trees.crs == shapes.crs == "EPSG:32650"
    assert shapes.is_valid.all()
    assert shapes.area.to_numpy() == pytest.approx(shapes["crown_area_m2"].to_numpy())
    assert (shapes.distance(trees.geometry) == 0).all()
    assert json.loads(pq.read_schema(out["trees"]).metadata[b"geo"])["version"] == "1.0.0"
    for name, size in (("terrain", 1.0), ("chm", 0.5)):
        with rasterio.open(out[name]) as dataset:
            assert dataset.res == (size, size)
            assert dataset.crs.to_epsg() == 32650
            assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in out.values()}


def test_ground_points_are_classed(plot, tmp_path):
    points = plot[1]
    source = write(tmp_path / "in.laz", points, gps_time=np.arange(len(points), dtype=float))
    result = produce([source], {"points": tmp_path / "out.laz"}, Settings())
    with laspy.open(tmp_path / "out.laz") as reader:
        cloud = next(reader.chunk_iterator(10**7))
    is_ground = np.asarray(cloud.classification) == 2
    assert result["ground_points"] == is_ground.sum()
    assert np.array_equal(cloud.gps_time, np.arange(len(points)))
    truth = points[:, 3] == 1
    assert is_ground[truth].mean() > 0.99
    assert truth[is_ground].mean() > 0.95


def test_noise_classes_and_withheld_points_do_not_count(tmp_path):
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(0, 20, (2000, 2)), np.zeros(2000)])
    points[0, 2], points[1, 2] = 90.0, 80.0
    classes, withheld = np.ones(2000, np.uint8), np.zeros(2000, np.uint8)
    classes[0], withheld[1] = 18, 1
    path = write(tmp_path / "a.laz", points, classification=classes, withheld=withheld)
    result = produce([path], {"trees": tmp_path / "t.parquet"}, Settings())
    assert (result["trees"], result["points"]) == (0, 1998)
    assert len(geopandas.read_parquet(tmp_path / "t.parquet")) == 0


def test_names_are_looked_at_first(plot_file, tmp_path):
    before = plot_file.read_bytes()
    with pytest.raises(RefusedInput) as refusal:
        produce([plot_file, plot_file], {"points": plot_file, "trees": tmp_path / "t.csv"}, Settings(normalised=True))
    codes = sorted(fault.code for fault in refusal.value.faults)
    assert codes == ["lidar.ending", "lidar.no_terrain", "lidar.one_file", "lidar.over_input"]
    assert plot_file.read_bytes() == before


@pytest.mark.parametrize("wrong", [{"cell_m": 0.0}, {"tile_cells": 0}, {"window": Window(0.5, 0.0, 2.0)},
                                   {"window": Window(9.0, -0.1, 2.0)}])  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(RefusedInput):
        Settings(**wrong)
