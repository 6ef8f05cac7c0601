"""A run is whole or absent, the same twice, and names every byte it used and made."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tanhui.faces.demo import ILLUSTRATIVE
from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import InputError
from tanhui.projects.run import run_project


def test_same_input_same_bytes(demo, hunan, tmp_path):
    again = run_project(hunan, tmp_path / "again")
    first = demo / ILLUSTRATIVE
    for path in sorted(first.iterdir()):
        assert file_digest(path) == file_digest(tmp_path / "again" / path.name), path.name
    assert again.manifest["run"] == json.loads((first / "manifest.json").read_text())["run"]


def test_manifest_names_every_input(demo, hunan):
    manifest = json.loads((demo / ILLUSTRATIVE / "manifest.json").read_text())
    named = {row["name"]: row["sha256"] for row in manifest["inputs"]}
    for name in ("project.toml", "monitoring/survey-2020.xlsx", "monitoring/survey-2025.xlsx", "parcels/xiaoban.dbf"):
        assert named[name.rpartition("/")[2]] == file_digest(hunan / name)


def test_an_earlier_result_is_replaced_and_a_strangers_folder_is_not(hunan, tmp_path):
    out = tmp_path / "out"
    run_project(hunan, out)
    run_project(hunan, out)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.docx").write_text("mine")
    with pytest.raises(InputError) as caught:
        run_project(hunan, strange)
    assert caught.value.code == "out.not_empty"
    assert [p.name for p in strange.iterdir()] == ["thesis.docx"]


def test_a_killed_run_leaves_no_half_result(hunan, tmp_path):
    """SIGKILL at random moments: the result folder is absent or whole, and the next run clears what was left."""
    out = tmp_path / "out"
    chance = random.Random(7)
    for _ in range(3):
        command = [sys.executable, "-m", "tanhui", "run", str(hunan), "--out", str(out)]
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(1.0, 9.0))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if out.exists():
            assert {"result.json", "manifest.json", "report.html"} <= {p.name for p in out.iterdir()}
    run_project(hunan, out)
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []
