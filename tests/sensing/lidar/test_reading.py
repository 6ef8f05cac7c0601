"""Files that cannot be used are refused by name, and what is suspicious in others is said."""

import shutil

import numpy as np
import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.sensing.lidar import Settings, analysed_files, chunks, describe, read_header
from tanhui.sensing.lidar.reading import read_headers
from tests.sensing.lidar.synthetic import write

POINTS = np.column_stack([np.random.default_rng(5).uniform(0, 50, (5000, 2)), np.linspace(100, 130, 5000)])


def refused(*paths):
    with pytest.raises(RefusedInput) as refusal:
        read_headers(list(paths))
    return sorted((fault.code.removeprefix("lidar."), fault.file) for fault in refusal.value.faults)


def test_everything_wrong_with_every_file_at_once(tmp_path):
    text = tmp_path / "text.laz"
    text.write_text("x,y,z\n1,2,3\n")
    deep = POINTS.copy()
    deep[7, 2] = 20_000
    files = [
        tmp_path / "none.laz",
        text,
        write(tmp_path / "feet.laz", POINTS, crs="EPSG:2263"),
        write(tmp_path / "degrees.laz", POINTS / 1000, crs="EPSG:4326"),
        write(tmp_path / "heights.laz", deep),
        write(tmp_path / "empty.laz", POINTS[:0]),
    ]
    assert refused(*files) == [
        ("degrees", "degrees.laz"), ("empty", "empty.laz"), ("feet", "feet.laz"), ("heights", "heights.laz"),
        ("missing", "none.laz"), ("mixed_crs", "empty.laz"), ("unreadable", "text.laz"),
    ]  # fmt: skip


def test_heights_in_feet_alone_are_feet(tmp_path):
    # UTM in metres with heights in US survey feet.
    assert refused(write(tmp_path / "a.laz", POINTS, crs="EPSG:32650+6360")) == [("feet", "a.laz")]


def test_longitude_and_latitude_without_a_system(tmp_path):
    degrees = POINTS * (1e-5, 1e-5, 1) + (113, 28, 0)
    path = write(tmp_path / "a.laz", degrees, crs=None)
    assert refused(path) == [("degrees", "a.laz")]


@pytest.mark.parametrize("ending", ["las", "laz"])
@pytest.mark.parametrize("share", [0.999, 0.7, 0.02])
def test_a_file_that_ends_early(tmp_path, ending, share):
    path = write(tmp_path / f"a.{ending}", POINTS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    ((code, name),) = refused(path)
    assert code in ("truncated", "unreadable")
    assert name == path.name
    with pytest.raises(RefusedInput):
        describe(path)


def test_points_outside_the_bounds_of_the_header(tmp_path):
    path = write(tmp_path / "a.las", POINTS)
    content = bytearray(path.read_bytes())
    content[179:187] = np.float64(30.0).tobytes()  # max x of the public header block
    path.write_bytes(content)
    with pytest.raises(RefusedInput) as refusal, analysed_files([path], Settings(), "ground"):
        pass
    assert refusal.value.faults[0].code == "lidar.bounds"
    assert describe(path)["outside_bounds"] == (np.round(POINTS[:, 0], 3) > 30.001).sum()


def test_chunks_are_the_file(tmp_path):
    path = write(tmp_path / "a.laz", POINTS)
    header = read_header(path)
    parts = list(chunks(header, 999))
    assert len(parts) == 6
    for at, axis in enumerate("xyz"):
        assert np.concatenate([getattr(part, axis) for part in parts]) == pytest.approx(POINTS[:, at], abs=6e-4)
    assert header.mins == pytest.approx(POINTS.min(axis=0), abs=6e-4)


def codes(path):
    return {found["code"].removeprefix("lidar.") for found in describe(path)["notes"]}


def test_info_counts(tmp_path):
    twice = np.vstack([POINTS, POINTS[:40]])
    none = np.full(len(twice), np.finfo(float).max)
    none[:100] = 3.0
    path = write(
        tmp_path / "a.laz", twice, shift=(500_000.0, 5_000_000.0), treeID=none,
        classification=np.where(np.arange(len(twice)) < 10, 2, 1).astype(np.uint8),
        return_number=np.ones(len(twice), np.uint8),
    )  # fmt: skip
    shown = describe(path)
    assert shown["points"] == 5040
    assert shown["duplicates"] == 40
    assert shown["classes"] == {"1": 5030, "2": 10}
    assert shown["returns"] == {"1": 5040}
    assert shown["extra_dims"] == {"treeID": {"min": 3.0, "max": 3.0, "missing": 4940}}
    # 5000 points in 2500 cells: e**-2 of them are empty.
    assert shown["covered_area"] == pytest.approx(2500 * (1 - np.exp(-2)), rel=0.03)
    assert shown["crs"] == "WGS 84 / UTM zone 50N"
    assert codes(path) == {"float32", "duplicates", "missing_values"}


def test_info_says_what_others_refuse(tmp_path):
    shown = describe(write(tmp_path / "a.laz", POINTS, crs="EPSG:2263"))
    assert [fault["code"] for fault in shown["faults"]] == ["lidar.feet"]
    plain = describe(write(tmp_path / "b.laz", POINTS - (0, 0, 100), crs=None), "zh")
    assert {found["code"] for found in plain["notes"]} == {
        "lidar.no_crs",
        "lidar.no_ground_class",
        "lidar.no_returns",
        "lidar.looks_normalised",
    }
    assert "坐标系" in plain["notes"][0]["text"]
    assert describe(write(tmp_path / "c.laz", POINTS[:0]))["points"] == 0


def test_the_shared_cloud_marks_trees_it_has_none_of(shared, tmp_path):
    path = shutil.copy(shared / "data" / "lidar" / "MixedConifer.laz", tmp_path)
    shown = describe(tmp_path / path.split("/")[-1])
    assert shown["points"] == 37_657
    assert shown["extra_dims"]["treeID"]["missing"] > 0
