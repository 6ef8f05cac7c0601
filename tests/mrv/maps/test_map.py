"""A map of grassland: pixels agree with pastures, a killed run goes on, and what cannot be is refused whole."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tanhui.kernel.canonical import rounded
from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.mrv.maps import mapped_sinks, read_plan, run_map
from tanhui.sinks.frame import run_sink
from tests.sensing.raster.test_raster import raster

MONTHS = {
    "temperature_c": [-17, -13, -5, 4, 11, 17, 19, 17, 11, 3, -7, -14],
    "rain_mm": [3, 4, 7, 14, 30, 55, 95, 75, 35, 14, 6, 4],
    "pet_mm": [6, 12, 35, 75, 125, 145, 140, 115, 75, 40, 14, 6],
}
#: 300 x 270 pixels are nine blocks, those at the edges cut.
SHAPE = (270, 300)


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    random = np.random.default_rng(5)
    raster(tmp_path / "soc.tif", random.uniform(30, 110, SHAPE))
    raster(tmp_path / "soc_se.tif", random.uniform(2, 10, SHAPE))
    raster(tmp_path / "ratio.tif", random.uniform(0.8, 1.4, SHAPE))
    months = "".join(f"{key} = {value}\n" for key, value in MONTHS.items())
    path = tmp_path / "map.toml"
    path.write_text(
        "years = 20\n[layers]\nsoc_t_ha = 'soc.tif'\nsoc_se_t_ha = 'soc_se.tif'\ninput_ratio = 'ratio.tif'\n"
        f"clay_share = 0.2\nratio_se = 0.05\n{months}"
    )
    return path


def codes(plan_file: Path, out: Path, **options: bool) -> dict[str, str]:
    with pytest.raises(RefusedInput) as refusal:
        run_map(read_plan("grassland", plan_file), out, **options)
    assert not out.exists()
    assert not list(out.parent.glob(f".{out.name}.*"))
    return {fault.column: fault.code for fault in refusal.value.faults}


def test_a_pixel_says_what_a_pasture_says(plan_file, tmp_path):
    result = run_map(read_plan("grassland", plan_file), tmp_path / "out")
    with rasterio.open(tmp_path / "out" / "soc_change_t_ha.tif") as made:
        change = made.read(1)
    with rasterio.open(tmp_path / "soc.tif") as soc, rasterio.open(tmp_path / "ratio.tif") as ratio:
        stock, by = soc.read(1), ratio.read(1)
    places = [(0, 0), (131, 127), (269, 299)]
    pastures = [
        {"pasture": f"{i}", "area_ha": 1, "soc_t_ha": float(stock[i]), "clay_share": 0.2, "input_ratio": float(by[i])}
        for i in places
    ]
    given = {"method": "rothc", "pastures": pastures, **MONTHS}
    rows = run_sink("grassland", given, today=date(2026, 1, 1))["rows"]["soc_change_t_ha"]
    assert [float(change[i]) for i in places] == pytest.approx(rows, rel=1e-5)
    total = result["estimates"][0]
    assert total["value"] == pytest.approx(float(change.astype(float).sum()), rel=1e-9)
    assert result["area_ha"] == pytest.approx(SHAPE[0] * SHAPE[1])
    with rasterio.open(tmp_path / "out" / "soc_change_se_t_ha.tif") as made:
        assert total["se"] == pytest.approx(float(made.read(1).astype(float).sum()), rel=1e-9)


def test_the_error_of_a_pixel_is_what_moving_its_numbers_does(plan_file):
    from tanhui.sinks.grassland import pixels

    bands = {key: np.array([value], float) for key, value in MONTHS.items()}
    bands |= {"soc_t_ha": np.array([70.0]), "clay_share": np.array([0.2]), "input_ratio": np.array([1.2])}
    numbers = {"years": 20.0, "depth_cm": 30.0}

    def change(**moved: float) -> float:
        return float(pixels({**bands, **{k: np.array([v]) for k, v in moved.items()}}, numbers)["soc_change_t_ha"][0])

    by_ratio = (change(input_ratio=1.25) - change(input_ratio=1.15)) / 2
    by_stock = (change(soc_t_ha=76.0) - change(soc_t_ha=64.0)) / 2
    by_model = 0.3 * change()
    errors = {"soc_se_t_ha": np.array([6.0]), "ratio_se": np.array([0.05])}
    found = float(pixels({**bands, **errors}, numbers)["soc_change_se_t_ha"][0])
    assert found == pytest.approx(np.sqrt(by_ratio**2 + by_stock**2 + by_model**2), rel=1e-4)


def test_threads_do_not_change_a_byte(plan_file, tmp_path):
    plan = read_plan("grassland", plan_file)
    first, second = (run_map(plan, tmp_path / name, workers=n) for name, n in (("a", 1), ("b", 3)))
    assert first == second


def test_a_killed_run_goes_on_to_the_same_bytes(plan_file, tmp_path):
    whole = run_map(read_plan("grassland", plan_file), tmp_path / "whole")
    code = (
        "import time, sys\nfrom pathlib import Path\nfrom tanhui.mrv.maps import read_plan, run_map\n"
        "def slow(step, done, total):\n    print(done, flush=True)\n    time.sleep(0.5)\n"
        f"plan = read_plan('grassland', Path({str(plan_file)!r}))\n"
        f"run_map(plan, Path({str(tmp_path / 'out')!r}), workers=1, progress=slow)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != "3":
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
    assert not (tmp_path / "out").exists()
    left = next(tmp_path.glob(".out.parts-*"))
    assert len(list(left.glob("*.npz"))) >= 3
    seen: list[int] = []
    again = run_map(
        read_plan("grassland", plan_file), tmp_path / "out", progress=lambda step, done, total: seen.append(done)
    )
    assert again == whole
    assert seen[0] > 3
    assert not left.exists()


def test_a_hole_is_refused_or_left_out_when_asked(plan_file, tmp_path):
    with rasterio.open(tmp_path / "ratio.tif", "r+") as made:
        values = made.read(1)
        values[10:12, 10:15] = -9999
        made.write(values, 1)
    assert codes(plan_file, tmp_path / "out") == {"input_ratio": "maps.hole"}
    result = run_map(read_plan("grassland", plan_file), tmp_path / "out", holes=True)
    assert result["left_out_ha"] == pytest.approx(10.0)
    assert result["area_ha"] == pytest.approx(SHAPE[0] * SHAPE[1] - 10)


def test_wrong_units_are_refused_with_all_their_pixels(plan_file, tmp_path):
    raster(tmp_path / "ratio.tif", np.full(SHAPE, 120.0))
    raster(tmp_path / "soc.tif", np.full(SHAPE, 6.2e4))
    with pytest.raises(RefusedInput) as refusal:
        run_map(read_plan("grassland", plan_file), tmp_path / "out")
    assert {(f.column, f.facts["count"]) for f in refusal.value.faults} == {
        ("input_ratio", SHAPE[0] * SHAPE[1]),
        ("soc_t_ha", SHAPE[0] * SHAPE[1]),
    }
    assert not (tmp_path / "out").exists()


def test_everything_wrong_with_a_plan_is_named_at_once(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text("years = 0\nyaers = 3\n[layers]\nclay_share = 20\ntemperature_c = [1, 2]\n")
    with pytest.raises(RefusedInput) as refusal:
        read_plan("grassland", path)
    found = {(fault.code, fault.column) for fault in refusal.value.faults}
    assert found >= {
        ("sinks.unknown_input", "yaers"),
        ("maps.out_of_range", "years"),
        ("maps.out_of_range", "clay_share"),
        ("sinks.wrong_length", "temperature_c"),
        ("sinks.missing_input", "soc_t_ha"),
        ("maps.no_raster", "layers"),
    }


def test_a_sink_without_maps_is_refused(tmp_path):
    (tmp_path / "x.toml").write_text("")
    assert mapped_sinks() == ["grassland"]
    with pytest.raises(InputError):
        read_plan("rice", tmp_path / "x.toml")


def test_the_command_makes_a_map(plan_file, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tanhui", "sinks", "map", "grassland", str(plan_file), "--out", "made", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    written = json.loads((tmp_path / "made" / "result.json").read_text())
    assert json.loads(run.stdout) == rounded(written)
