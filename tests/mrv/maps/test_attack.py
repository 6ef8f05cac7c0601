"""Rasters that lie, plans that cannot be meant, and runs that meet each other or a full disk."""

import multiprocessing
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine, from_origin

from tanhui.kernel.errors import DomainError, InputError, RefusedInput
from tanhui.mrv.maps import read_plan, run_map
from tanhui.sensing.raster import Parts, write_cog
from tanhui.sensing.raster.grids import opened
from tests.mrv.maps.test_map import MONTHS
from tests.sensing.raster.test_raster import ALBERS

SHAPE = (20, 30)
WHERE = from_origin(0, 1000, 100, 100)
STOCK = np.full(SHAPE, 60.0)
LAYERS = "soc_t_ha = 'soc.tif'\ninput_ratio = 1.2\nclay_share = 0.2\n"


def write(path: Path, values: np.ndarray, dtype: str = "float32", **how: object) -> Path:
    facts = {"crs": ALBERS, "transform": WHERE, "nodata": -9999} | how
    height, width = values.shape
    with rasterio.open(path, "w", driver="GTiff", width=width, height=height, count=1, dtype=dtype, **facts) as made:
        made.write(values.astype(dtype), 1)
    return path


def plan(folder: Path, layers: str = LAYERS, top: str = "") -> Path:
    months = "".join(f"{key} = {value}\n" for key, value in MONTHS.items())
    path = folder / "map.toml"
    path.write_text(f"{top}[layers]\n{layers}{months}")
    return path


def made(folder: Path, layers: str = LAYERS, **options: bool) -> dict:
    return run_map(read_plan("grassland", plan(folder, layers)), folder / "out", **options)


def refused(folder: Path, layers: str = LAYERS, top: str = "") -> set[tuple[str, str]]:
    with pytest.raises(RefusedInput) as refusal:
        run_map(read_plan("grassland", plan(folder, layers, top)), folder / "out")
    assert refusal.value.text("zh")
    assert not (folder / "out").exists()
    return {(fault.code, fault.column) for fault in refusal.value.faults}


def test_a_pixel_in_feet_is_not_one_in_metres(tmp_path):
    """100 US survey feet are 1200/3937 x 100 m: 0.0929 ha."""
    write(tmp_path / "soc.tif", STOCK, crs="EPSG:2263", transform=from_origin(980000, 200000, 100, 100))
    assert made(tmp_path)["pixel_ha"] == pytest.approx((100 * 1200 / 3937) ** 2 / 1e4)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"crs": "EPSG:3857", "transform": from_origin(11.7e6, 5e6, 100, 100)}, "raster.not_equal_area"),
        ({"crs": "EPSG:32650", "transform": from_origin(5e6, 4e6, 100, 100)}, "raster.not_equal_area"),
        ({"transform": from_origin(1e30, 1e30, 100, 100)}, "raster.not_equal_area"),
        ({"transform": Affine.identity()}, "raster.no_place"),
        ({"crs": 'LOCAL_CS["here",UNIT["m",1]]'}, "raster.no_crs"),
        ({"dtype": "complex64", "nodata": None}, "raster.complex"),
    ],
)
def test_a_raster_whose_pixels_have_no_known_area_or_number(tmp_path, how, code):
    write(tmp_path / "soc.tif", STOCK, **how)
    assert refused(tmp_path) == {(code, "soc_t_ha")}


@pytest.mark.parametrize(
    "transform",
    [Affine(100, 0, 0, 0, 100, 0), Affine.rotation(30) @ Affine.scale(100, -100), Affine(-100, 0, 0, 0, -100, 0)],
)
def test_south_up_mirrored_and_turned_rasters_have_the_same_area(tmp_path, transform):
    write(tmp_path / "soc.tif", STOCK, transform=transform)
    assert made(tmp_path)["area_ha"] == pytest.approx(600)


def test_scale_and_offset_are_applied(tmp_path):
    write(tmp_path / "soc.tif", np.full(SHAPE, 550), "int16")
    with rasterio.open(tmp_path / "soc.tif", "r+") as tagged:
        tagged.scales, tagged.offsets = (0.1,), (5.0,)
    (tmp_path / "plain").mkdir()
    write(tmp_path / "plain" / "soc.tif", STOCK)
    scaled, plain = (made(folder)["estimates"][0]["value"] for folder in (tmp_path, tmp_path / "plain"))
    assert scaled == pytest.approx(plain)


@pytest.mark.parametrize("nodata", [None, -9999])
def test_a_raster_that_ends_early_has_no_data_there_and_not_zero(tmp_path, nodata):
    write(tmp_path / "soc.tif", STOCK)
    write(tmp_path / "ratio.tif", np.full((20, 15), 1.2), nodata=nodata)
    layers = LAYERS.replace("1.2", "'ratio.tif'")
    result = made(tmp_path, layers, align=True, holes=True)
    assert (result["area_ha"], result["left_out_ha"]) == (pytest.approx(300), pytest.approx(300))
    assert result["estimates"][0]["value"] > 0


def test_what_lies_beside_a_raster_does_not_change_it(tmp_path):
    write(tmp_path / "soc.tif", STOCK)
    beside = "<PAMDataset><GeoTransform>0,1,0,0,0,-1</GeoTransform></PAMDataset>"
    (tmp_path / "soc.tif.aux.xml").write_text(beside)
    (tmp_path / "soc.tfw").write_text("1\n0\n0\n-1\n0\n0\n")
    assert made(tmp_path)["area_ha"] == pytest.approx(600)


@pytest.mark.parametrize("name", ["soc.vrt", "/etc/passwd", "text.tif"])
def test_only_a_geotiff_is_read(tmp_path, name):
    write(tmp_path / "real.tif", STOCK)
    (tmp_path / "text.tif").write_text("no raster")
    (tmp_path / "soc.vrt").write_text(
        '<VRTDataset rasterXSize="30" rasterYSize="20"><GeoTransform>0,100,0,0,0,-100</GeoTransform>'
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename relativeToVRT="1">real.tif'
        "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    assert refused(tmp_path, LAYERS.replace("soc.tif", name)) == {("raster.unreadable", "soc_t_ha")}


@pytest.mark.parametrize(
    "name", ["", ".", "none.tif", "/vsicurl/http://127.0.0.1:1/x.tif", "http://127.0.0.1:1/x.tif", "<VRTDataset/>"]
)
def test_a_layer_is_a_file_that_is_there(tmp_path, name):
    assert refused(tmp_path, LAYERS.replace("soc.tif", name)) == {("file.missing", "soc_t_ha")}


def test_a_damaged_raster_is_refused_and_not_a_mistake_of_ours(tmp_path):
    values = np.random.default_rng(1).uniform(30, 90, (300, 300))
    whole = write(tmp_path / "soc.tif", values, compress="deflate").read_bytes()
    (tmp_path / "soc.tif").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path) == {("raster.unreadable", "soc_t_ha")}


def test_a_small_file_that_promises_more_pixels_than_a_run_can_take(tmp_path):
    huge = {"width": 400_000, "height": 400_000, "count": 1, "dtype": "uint8", "crs": ALBERS}
    with rasterio.open(
        tmp_path / "soc.tif", "w", driver="GTiff", transform=from_origin(0, 1000, 1, 1), sparse_ok=True,
        tiled=True, blockxsize=8192, blockysize=8192, bigtiff="yes", **huge,
    ):  # fmt: skip
        pass
    found = refused(tmp_path)
    assert found == {("raster.too_many_pixels", "soc_t_ha"), ("raster.tile_too_large", "soc_t_ha")}


@pytest.mark.parametrize(
    ("layers", "top", "code"),
    [
        (LAYERS, "years = 20.7\n", ("sinks.not_whole", "years")),
        (LAYERS, f"years = 1{'0' * 400}\n", ("maps.out_of_range", "years")),
        (LAYERS.replace("1.2", "1" + "0" * 400), "", ("sinks.wrong_length", "input_ratio")),
        (LAYERS.replace("1.2", "nan"), "", ("sinks.wrong_length", "input_ratio")),
        (LAYERS.replace("1.2", "true"), "", ("sinks.wrong_length", "input_ratio")),
        (LAYERS.replace("0.2", "20"), "", ("maps.out_of_range", "clay_share")),
    ],
)
def test_numbers_of_a_plan_that_are_none(tmp_path, layers, top, code):
    write(tmp_path / "soc.tif", STOCK)
    assert refused(tmp_path, layers, top) == {code}


@pytest.mark.parametrize("layers", ["5", "'soc.tif'", "[]"])
def test_layers_that_are_no_table(tmp_path, layers):
    (tmp_path / "map.toml").write_text(f"layers = {layers}\n")
    with pytest.raises(RefusedInput) as refusal:
        read_plan("grassland", tmp_path / "map.toml")
    assert "sinks.wrong_kind" in {fault.code for fault in refusal.value.faults}


def test_another_folder_is_refused_before_anything_is_computed(tmp_path):
    write(tmp_path / "soc.tif", STOCK)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError) as refusal:
        run_map(read_plan("grassland", plan(tmp_path)), tmp_path / "out", progress=lambda *_: pytest.fail("computed"))
    assert refusal.value.code == "out.not_empty"


def test_a_pixel_without_an_answer_is_not_left_out_in_silence(tmp_path, monkeypatch):
    write(tmp_path / "soc.tif", STOCK)
    ready = read_plan("grassland", plan(tmp_path))
    monkeypatch.setattr(
        ready.sink.module, "pixels", lambda given, numbers: {"soc_change_t_ha": given["soc_t_ha"] * np.nan}
    )
    with pytest.raises(DomainError) as refusal:
        run_map(ready, tmp_path / "out")
    assert refusal.value.code == "maps.no_answer"


def _hold(target: Path, key: str, ready: "multiprocessing.Event", done: "multiprocessing.Event") -> None:
    with Parts(target, key).held():
        ready.set()
        done.wait(60)


def test_two_runs_of_one_map_at_a_time(tmp_path):
    """The second is refused; neither takes the parts of the other, and those of a killed one are free again."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "out", "a" * 64, ready, done))
    other.start()
    assert ready.wait(60)
    mine = Parts(tmp_path / "out", "a" * 64)
    with pytest.raises(InputError) as refusal, mine.held():
        pass
    assert refusal.value.code == "raster.at_work"
    assert refusal.value.text("zh")
    with Parts(tmp_path / "out", "b" * 64).held():
        assert mine.folder.exists()
    other.kill()
    other.join()
    with mine.held():
        pass
    assert Parts(tmp_path / "out", "c" * 64).folder != mine.folder
    assert not mine.folder.exists()


def test_a_name_with_stars_clears_no_other_parts(tmp_path):
    other = Parts(tmp_path / "out", "a" * 64)
    Parts(tmp_path / "*", "b" * 64)
    assert other.folder.exists()


def test_an_interruption_ends_all_threads(tmp_path):
    write(tmp_path / "soc.tif", np.full((1000, 1000), 60.0))
    seen = []

    def stop(step: str, number: int, total: int) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_map(read_plan("grassland", plan(tmp_path)), tmp_path / "out", progress=stop, workers=2)
    assert len(seen) <= 4


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", place], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")
def test_a_full_disk_is_an_error_of_the_disk(small_disk, tmp_path):
    from tanhui.sensing.raster import blocks
    from tanhui.sensing.raster.grids import Grid

    with opened(write(tmp_path / "a.tif", np.ones((400, 400)))) as source:
        grid = Grid.of(source)
    noise = np.random.default_rng(2)
    with pytest.raises(OSError, match=r"a\.tif"):
        write_cog(
            small_disk / "a.tif", grid, blocks(grid, 128),
            lambda block: noise.normal(size=(block.height, block.width)).astype(np.float32), "noise",
        )  # fmt: skip
