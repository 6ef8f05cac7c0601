"""A figure is followed down to its rows, and a changed byte stops the walk."""

import shutil

import pytest

from tanhui.faces.demo import ILLUSTRATIVE
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.projects.explain import explain


def test_down_to_trees_equations_and_files(demo):
    found = explain(demo / ILLUSTRATIVE, "tree_co2e_t")
    assert {e["year"] for e in found.figures} == {2020, 2025}
    assert found.rows > 1000
    assert all(tree["equation"].startswith("cn/ly208-77/") for tree in found.heaviest)
    assert any(p["id"].endswith("root_ratio") for p in found.parameters)
    assert {"survey-2025.xlsx", "xiaoban.shp"} <= {row["name"] for row in found.inputs}
    assert any("tree_co2e_t" in line for line in found.lines("zh"))


def test_a_line_of_the_claim(demo):
    found = explain(demo / ILLUSTRATIVE, "net")
    assert [line["line"] for line in found.lines_of_claim][-1] == "net"


def test_unknown_quantity_suggests(demo):
    with pytest.raises(InputError) as caught:
        explain(demo / ILLUSTRATIVE, "tree_co2_t")
    assert "tree_co2e_t" in str(caught.value)


@pytest.mark.parametrize("name", ["result.json", "trees.parquet"])
def test_changed_byte(demo, tmp_path, name):
    copy = shutil.copytree(demo / ILLUSTRATIVE, tmp_path / "copy")
    data = bytearray((copy / name).read_bytes())
    place = data.index(b"2533") if name == "result.json" and b"2533" in data else len(data) // 2
    data[place] ^= 1
    (copy / name).write_bytes(bytes(data))
    with pytest.raises((IntegrityError, InputError)):
        explain(copy, "net")
