"""Every reader of foreign files against files that promise more than they hold: one refusal, in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import bombs

ROOT = Path(__file__).parents[1]
#: What opening a bomb may take beyond the libraries. [MiB]
MOST_MIB = 512

#: Reader, name of the file, how it is made, and what is said of it.
CASES = [
    ("table", "rows.xlsx", bombs.rows_in_a_workbook, "file.grows_too_much"),
    ("table", "wide.xlsx", bombs.wide_rows, "table.too_many_cells"),
    ("table", "far.xlsx", bombs.a_row_far_down, "table.too_many_cells"),
    ("table", "laughs.xlsx", bombs.laughs_in_a_workbook, "file.unreadable"),
    ("table", "merged.xlsx", bombs.merged_cells, "file.grows_too_much"),
    ("table", "rows.csv.gz", bombs.rows_in_gzip, "file.grows_too_much"),
    ("table", "text.parquet", bombs.one_long_text, "file.too_large"),
    ("table", "large.parquet", bombs.one_long_text, "file.too_large"),
    ("table", "categories.parquet", bombs.one_long_text, "file.too_large"),
    ("table", "numbers.parquet", bombs.one_number, "file.too_large"),
    ("text", "list.parquet", bombs.one_list, "table.too_many_rows"),
    ("tenure", "rows.xlsx", bombs.rows_in_a_workbook, "file.grows_too_much"),
    ("plots", "rows.xlsx", bombs.rows_in_a_workbook, "file.grows_too_much"),
    ("plots", "far.xlsx", bombs.a_row_far_down, None),
    ("checklist", "rows.xlsx", bombs.rows_in_a_workbook, "file.grows_too_much"),
    ("checklist", "deep.json", bombs.deep_json, "methods.unreadable_checklist"),
    ("parcels", "laughs.kml", bombs.laughs_in_kml, "file.unreadable"),
    ("parcels", "ours.kml", bombs.a_file_of_ours, "file.unreadable"),
    ("parcels", "deep.kml", bombs.deep_kml, "file.unreadable"),
    ("parcels", "spaces.kmz", bombs.spaces_in_kmz, "file.grows_too_much"),
    ("parcels", "view.gpkg", bombs.endless_view, "xiaoban.no_plain_table"),
    ("parcels", "computed.gpkg", bombs.computed_column, "xiaoban.no_plain_table"),
    ("parcels", "land.gpkg.zip", bombs.geopackage_in_zip, "xiaoban.unknown_format"),
    ("parcels", "one.shp", bombs.one_shape, "file.cut_short"),
    ("parcels", "deep.geojson", bombs.deep_geojson, "file.unreadable"),
    ("burnt", "cells.asc", bombs.cells_of_a_grid, "file.unreadable"),
    ("burnt", "laughs.kml", bombs.laughs_in_kml, "file.unreadable"),
    ("foreign", "cell.csv", bombs.one_long_cell, "foreign.not_csv"),
    ("project", "deep.toml", bombs.deep_toml, "project.not_toml"),
    ("equations", "deep.toml", bombs.deep_toml, "forest.unreadable"),
    ("json", "deep.json", bombs.deep_json, "cli.unreadable_json"),
    ("anchors", "deep.json", bombs.deep_json, "trust.unreadable"),
    ("trust", "deep.json", bombs.deep_json_object, "trust.unreadable"),
    ("confirmation", "deep.json", bombs.deep_json, "confirmation.unreadable"),
    ("key", "deep.key", bombs.deep_json_object, "key.unreadable"),
    ("run", "result.json", bombs.deep_json, "explain.no_run"),
]


@pytest.fixture(scope="module")
def range_() -> Iterator[subprocess.Popen[str]]:
    """The process in which bombs are opened."""
    command, here = [sys.executable, "-m", "tests.bombs"], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]


def opened(process: subprocess.Popen[str], reader: str, path: Path) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{reader} {path}\n")
    process.stdin.flush()
    ended: dict[str, Any] = json.loads(process.stdout.readline())
    return ended


@pytest.mark.parametrize(("reader", "name", "make", "code"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_a_bomb_is_refused(range_, tmp_path: Path, reader: str, name: str, make: Any, code: str | None):
    make(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 160 * bombs.MIB
    ended = opened(range_, reader, tmp_path / name)
    assert ended.get("refused") == [code] or (code is None and "refused" in ended), ended
    assert "root:" not in ended["text"]
    assert ended["mib"] < MOST_MIB


def test_what_is_no_document_is_none(range_, tmp_path: Path):
    """A certificate and a folder of results are looked at, and found to be none."""
    for reader, name in (("certificate", "certificate.json"), ("result", "manifest.json")):
        (tmp_path / name).write_bytes(b"[" * 10_000 + b"]" * 10_000)
        assert opened(range_, reader, tmp_path / name).get("read") is False


def test_the_range_itself_counts(range_, tmp_path: Path):
    """What a plain file takes is measured, and a reader that fails is told apart from one that refuses."""
    (tmp_path / "t.csv").write_text("dbh_cm,species\n12,杉木\n")
    assert opened(range_, "text", tmp_path / "t.csv")["read"] is True
    assert opened(range_, "text", tmp_path / "absent.csv")["refused"] == ["file.missing"]
