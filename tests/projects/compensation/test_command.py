"""The commands: due as a page, pay with everybody's statements, statements again from the table of shares."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tanhui.faces.cli.app import run
from tests.projects.compensation.samples import contract
from tests.projects.compensation.test_pay import Valley, toml, valley  # noqa: F401 (a fixture)
from tests.registry.conftest import World, worlds  # noqa: F401 (a fixture)

SCENARIO = {
    "coefficients": [
        {
            "name": {"zh": "重点生态功能区", "en": "key zone"},
            "raised_by": "key_ecological_rise",
            "strata": ["A"],
            "reference": "§6",
            "status": "primary",
        }
    ]
}


class Line:
    """A valley, its contract as a file, and commands on both."""

    def __init__(self, v: Valley, world: World, capsys: pytest.CaptureFixture[str], **changes: Any) -> None:
        self.v, self.registry, self.capsys = v, world.folder, capsys
        self.contract = v.folder / "contract.toml"
        text = v.contract(**changes).model_dump(mode="json", exclude_none=True)
        self.contract.write_text("\n".join(f"{key} = {toml(value)}" for key, value in text.items()), encoding="utf-8")
        self.run = v.run("one")

    def call(self, *arguments: object, code: int = 0) -> Any:
        """What a command prints: a document, or text."""
        capsys = self.capsys
        capsys.readouterr()
        found = run([str(word) for word in arguments])
        printed = capsys.readouterr()
        assert found == code, printed.out + printed.err
        return json.loads(printed.out) if "--json" in arguments else printed.out + printed.err


@pytest.fixture
def line(
    valley: Callable[..., Valley],  # noqa: F811
    worlds: World,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Line]:
    return lambda **changes: Line(valley(), worlds, capsys, **changes)


def test_due_as_a_document_and_as_a_page(line: Callable[..., Line], tmp_path: Path):
    """A at 1.2: 36,000 + 20,000 yuan."""
    of = line(**SCENARIO)
    page = tmp_path / "due.html"
    asked = ("compensation", "due", of.contract, "--run", of.run, "--on", "2026-01-01")
    told = of.call(*asked, "--out", page, "--json")
    assert (told["payable_fen"], told["scenario"], told["status"]) == ("5600000", True, "scenario")
    assert told["earned"][0]["groups"][0] | {"days": None} == {
        "stratum": "A", "days": None, "parcels": 2, "area_mu": 150.0, "tonnes": 600.0, "part": 1.0, "cny_t": 50.0,
        "coefficients": [[0, 1.2]], "fen": "3600000",
    }  # fmt: skip
    text = page.read_text(encoding="utf-8")
    shown = ("56,000.00", "情景，非现行规则", "600.000 t × 50", "× 1.2", "44,800.00", "67,200.00", "A contract")
    for part in shown:
        assert part in text, part
    said = of.call(*asked)
    assert "情景，非现行规则" in said
    assert "Payable now: 56,000.00 yuan" in said


def test_pay_writes_statements_that_can_be_made_again(line: Callable[..., Line], tmp_path: Path):
    of = line()
    out, again = tmp_path / "statements", tmp_path / "again"
    paid = ("compensation", "pay", of.registry, of.contract, "--run", of.run, "--on", "2026-01-01", "--request", "c")
    told = of.call(*paid, "--statements", out, "--json")
    assert told["files"].keys() == {path.name for path in out.iterdir()} - {"manifest.json"}
    made = of.call(
        "compensation", "statements", out / "shares.json", "--registry", of.registry, "--out", again, "--json"
    )
    assert made["files"] == told["files"]
    shares = json.loads((out / "shares.json").read_text(encoding="utf-8"))
    assert sum(int(fen) for _, fen, _ in shares["table"]["payments"]) == 5_000_000
    assert shares["table"]["project"] == "compensation/c-1"
    shares["log"]["index"] += 1
    other = tmp_path / "other.json"
    other.write_text(json.dumps(shares), encoding="utf-8")
    refused = of.call("compensation", "statements", other, "--registry", of.registry, "--out", again, code=1)
    assert "is not this table of shares" in refused
    assert "nothing is due" in of.call(*paid[:-1], "d", code=1)


def test_income_is_paid_with_statements_and_deductions(line: Callable[..., Line], tmp_path: Path):
    of = line()
    v, out = of.v, tmp_path / "statements"
    paid = ("registry", "pay", of.registry, "--project", "v-1", "--amount", 300_000)
    paid = (*paid, "--asset", "CNY", "--from", v.owner)
    paid = (*paid, "--from-day", "2024-01-01", "--to-day", "2024-12-31", "--statements", out)
    told = of.call(*paid, "--deduct", "核查费=5000", "--json")
    assert told["recorded"]["index"] > 0
    page = next(path for path in out.iterdir() if path.suffix == ".html")
    assert "3,050.00" in page.read_text(encoding="utf-8")
    refused = of.call(*paid, "--deduct", "a=1.5", "--deduct", "b=-3", code=2)
    assert "'1.5' (a)" in refused
    assert "'-3' (b)" in refused


def test_check_tells_everything(line: Callable[..., Line]):
    of = line()
    assert "nothing wrong" in of.call("compensation", "check", of.contract, "--run", of.run)
    wrong = contract(land={"parcels": ["0", "9"]}).model_dump(mode="json", exclude_none=True) | {"project": "other"}
    of.contract.write_text("\n".join(f"{key} = {toml(value)}" for key, value in wrong.items()), encoding="utf-8")
    told = of.call("compensation", "check", of.contract, "--run", of.run, "--json", code=2)
    assert [fault["code"] for fault in told["error"]["faults"]] == [
        "compensation.other_project",
        "compensation.not_in_run",
    ]
    assert "fire.pdf" in of.call(
        "compensation", "pay", of.registry, of.contract, "--cause", "x", "--evidence", "fire.pdf", code=2
    )
