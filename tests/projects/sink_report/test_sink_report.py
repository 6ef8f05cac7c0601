"""The folder of a sink's answer: one page in both languages, every figure of the result on it, no outside request."""

import csv
import json
import re
from datetime import date
from html import escape
from pathlib import Path

import pytest

from tanhui.kernel.errors import TanhuiError
from tanhui.projects.sink_report import write_answer
from tanhui.sinks.frame import sinks
from tanhui.sinks.frame.service import example, example_tables

TODAY = date(2026, 1, 1)


def begun(name: str, folder: Path) -> Path:
    path = folder / "input.toml"
    path.write_text(example(name), encoding="utf-8")
    for table in example_tables(name):
        (folder / table.name).write_bytes(table.read_bytes())
    return path


@pytest.mark.parametrize("name", sorted(sinks()))
def test_every_sink_has_a_page_in_both_languages(name: str, tmp_path: Path):
    result = write_answer(name, begun(name, tmp_path), tmp_path / "out", today=TODAY)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for lang in ("zh", "en"):
        assert getattr(sinks()[name], lang) in page
    assert not re.search(r"(src|href)=\"(?:https?:)?//", page)
    assert not re.search(r">(?:sink_report|reason|note|line)\.\w", page)
    for leaf in result["parameters"]:
        assert escape(leaf["id"]) in page
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["run"] == result["run"]


def test_names_that_a_user_wrote_stay_text(tmp_path: Path):
    path = tmp_path / "input.toml"
    row = 'area_ha = 1, region = "World", water = "continuously flooded"'
    path.write_text(f"fields = [{{ field = '=cmd()<script>alert(1)</script>', {row} }}]", encoding="utf-8")
    write_answer("rice", path, tmp_path / "out", today=TODAY)
    assert "<script>alert" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with (tmp_path / "out" / "rows.csv").open(encoding="utf-8-sig", newline="") as table:
        assert next(iter(csv.DictReader(table)))["field"].startswith("'=")


def test_a_refused_input_leaves_nothing(tmp_path: Path):
    path = tmp_path / "input.toml"
    path.write_text("fields = 3", encoding="utf-8")
    with pytest.raises(TanhuiError):
        write_answer("rice", path, tmp_path / "out", today=TODAY)
    assert [x.name for x in tmp_path.iterdir()] == ["input.toml"]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(TanhuiError):
        write_answer("rice", begun("rice", tmp_path), tmp_path / "out", today=TODAY)
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_city_gets_its_certificate_beside_the_report(tmp_path: Path):
    write_answer("urban", begun("urban", tmp_path), tmp_path / "out", today=TODAY)
    texts = {lang: (tmp_path / "out" / f"certificate.{lang}.html").read_text(encoding="utf-8") for lang in ("zh", "en")}
    assert "不是减排量" in texts["zh"]
    assert "not a credit" in texts["en"].lower()
