"""The commands: what they print, write and end with."""

import json

import pytest

from tanhui.faces.cli.app import run


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_write_with_and_without_its_name_then_check(small, here, capsys):
    project = str(small.parent / "project" / "project.toml")
    assert run(["workbook", str(small), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["file"] == "er_calculation.xlsx"
    assert first["formulas"] > 1000
    assert run(["workbook", "write", str(small), "--file", "b.xlsx", "--project", project]) == 0
    assert run(["workbook", "check", "er_calculation.xlsx", "--run", str(small)]) == 0
    capsys.readouterr()
    assert run(["workbook", "check", "b.xlsx", "--run", str(small)]) == 2, "it needs the project again"
    assert "--project" in capsys.readouterr().err
    assert run(["workbook", "check", "b.xlsx", "--run", str(small), "--project", project, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_a_change_ends_with_one(small, here, capsys):
    from openpyxl import load_workbook

    assert run(["workbook", str(small)]) == 0
    book = load_workbook("er_calculation.xlsx")
    book.worksheets[1]["C12"].value = 0.05
    book.save("er_calculation.xlsx")
    capsys.readouterr()
    assert run(["workbook", "check", "er_calculation.xlsx", "--run", str(small), "--json"]) == 1
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["kind"], change["cell"], change["is"]) == ("parameter_changed", "C12", "0.05")
    assert run(["workbook", str(small)]) == 2
