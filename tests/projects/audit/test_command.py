"""The commands: an audit from its beginning to a signed report, and what is refused on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tanhui.faces.cli.app import run
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id, verify_document
from tanhui.projects.audit import journal
from tanhui.projects.audit.report import PURPOSE
from tests.projects.audit.workbooks import again

AUDITOR = "示例核查机构"


class Terminal:
    """The command line on one audit, a minute between acts."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.minute = folder, capsys, 0

    def __call__(self, command: str, *arguments: object, code: int = 0, at: bool = True) -> Any:
        self.minute += 1
        when = ["--at", f"2026-11-24T09:{self.minute:02d}:00Z"] if at else []
        words = [
            "audit",
            command,
            *([str(self.folder)] if command != "scan" else []),
            *map(str, arguments),
            *when,
            "--json",
        ]
        self.capsys.readouterr()
        assert run(words) == code, self.capsys.readouterr()
        return json.loads(self.capsys.readouterr().out)


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], run_folder: Path) -> Terminal:
    made = Terminal(tmp_path / "audit", capsys)
    made("begin", "--run", run_folder, "--auditor", AUDITOR, at=False)
    return made


def test_an_audit_from_beginning_to_end(terminal: Terminal, tmp_path: Path, run_folder: Path, project: Path):
    drawn = terminal("sample", "--run", run_folder, "--count", 6)
    assert len(drawn["drawn"]) == 6
    assert drawn["population"] == 36
    book = again(
        project / "monitoring" / "survey-2025.xlsx",
        tmp_path / "v.xlsx",
        set(drawn["drawn"]),
        lambda plot, tree, dbh: dbh + 0.1,
    )
    measured = terminal("remeasure", "--run", run_folder, "--project", project, "--survey", book)
    assert measured["readings"][0]["mean"] == pytest.approx(-0.1)
    assert measured["misstatement_co2e_t"] < 0  # the owner was too low
    proof = tmp_path / "proof.txt"
    proof.write_text("seen")
    found = terminal(
        "raise", "--kind", "CL", "--clause", "2", "--text", "Diameters?", "--tonnes", -100, "--evidence", proof
    )
    assert (found["number"], found["standing"]) == ("CL-01", "open")
    assert terminal("status", at=False)["waits_for"] == ["CL-01"]
    assert terminal("opinion", "modified", "--text", "x", code=1)["error"]["code"] == "audit.open_findings"
    assert terminal("close", "CL-01", "--text", "x", code=1)["error"]["code"] == "audit.not_answered"
    assert terminal("answer", "CL-01", "--by", AUDITOR, "--text", "x", code=1)["error"]["code"] == "audit.wrong_side"
    assert terminal("answer", "CL-01", "--by", "林场", "--text", "Tape of 2019.")["standing"] == "answered"
    assert terminal("close", "CL-01", "--text", "Seen.")["standing"] == "closed"
    assert terminal("reopen", "CL-01", "--text", "Not enough.")["standing"] == "open"
    assert terminal("answer", "CL-01", "--by", "林场", "--text", "More.")["standing"] == "answered"
    assert terminal("close", "CL-01", "--text", "Enough.")["standing"] == "closed"
    other = terminal("raise", "--kind", "NC", "--clause", "2", "--text", "By mistake.")
    assert terminal("withdraw", other["number"], "--text", "Wrong plot.")["standing"] == "withdrawn"
    assert terminal("opinion", "modified", "--text", "Fair.")["conclusion"] == "modified"
    assert (
        terminal("raise", "--kind", "NC", "--clause", "2", "--text", "Late.", code=1)["error"]["code"]
        == "audit.concluded"
    )


def test_a_corrected_claim(terminal: Terminal, tmp_path: Path, run_folder: Path):
    terminal("sample", "--run", run_folder)
    terminal("raise", "--kind", "NC", "--clause", "2", "--text", "Too high.", "--tonnes", 900)
    proof = tmp_path / "proof.txt"
    proof.write_text("seen")
    terminal("answer", "NC-01", "--by", "林场", "--text", "Put right.", "--evidence", proof, "--run", run_folder)
    assert terminal("close", "NC-01", "--text", "Seen.", "--corrected")["corrected"] is True
    # The corrected run is the very one that was audited: nothing was put right in the claim.
    assert terminal("opinion", "unmodified", "--text", "x", code=1)["error"]["code"] == "audit.not_restated"


def test_the_report_is_signed_and_the_same_each_time(terminal: Terminal, tmp_path: Path, run_folder: Path):
    terminal("sample", "--run", run_folder)
    terminal("raise", "--kind", "FAR", "--clause", "? 2", "--text", "<b>Next time</b> & better")
    key = SigningKey.generate("Lead auditor")
    key.save(tmp_path / "key")
    for name in ("one", "two"):
        written = terminal("report", "--out", tmp_path / name, "--run", run_folder, "--key", tmp_path / "key", at=False)
    assert written["signed_by"] == ["Lead auditor"]
    assert written["head"] == journal.head(terminal.folder)
    for name in ("audit.json", "audit.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    document = json.loads((tmp_path / "one" / "audit.json").read_text(encoding="utf-8"))
    trust = {key_id(key.public): TrustedKey("Lead auditor", key.public, ("verifier",))}
    assert [one.name for one in verify_document(PURPOSE, document, trust, "verifier")] == ["Lead auditor"]
    document["body"]["net_co2e_t"] = 1.0
    with pytest.raises(IntegrityError):
        verify_document(PURPOSE, document, trust, "verifier")
    page = (tmp_path / "one" / "audit.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;Next time&lt;/b&gt; &amp; better" in page
    assert journal.head(terminal.folder) in page
    assert page.count("<svg") >= 8  # two figures, two languages, two widths
    assert "http" not in page.replace("http://www.w3.org", "")


def test_everything_wrong_with_the_evidence_is_named(terminal: Terminal, tmp_path: Path):
    missing = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    options = [word for path in missing for word in ("--evidence", path)]
    found = terminal("raise", "--kind", "NC", "--clause", "2", "--text", "x", *options, code=2)
    assert [fault["file"] for fault in found["error"]["faults"]] == [str(path) for path in missing]
    assert not journal.read(terminal.folder).events


def test_another_run_is_refused(terminal: Terminal, demo: Path, tmp_path: Path, run_folder: Path):
    assert terminal("sample", "--run", demo / "rhode-island", code=2)["error"]["code"] == "audit.no_claim"
    assert terminal("begin", "--run", run_folder, "--auditor", "x", at=False, code=2)["error"]["code"] == "audit.exists"


@pytest.mark.parametrize(
    "words",
    [
        ["raise", "--kind", "NC", "--clause", "2", "--text", "x", "--at", "yesterday"],
        ["sample", "--run", ".", "--claimed", "2020"],
    ],
)
def test_wrong_usage(terminal: Terminal, words: list[str]):
    assert terminal(words[0], *words[1:], code=2, at=False)["error"]["code"] == "usage"


def test_the_scan_for_a_person(capsys: pytest.CaptureFixture[str], run_folder: Path, project: Path):
    assert run(["audit", "scan", str(run_folder), "--project", str(project)]) == 0
    assert "0" in capsys.readouterr().out.splitlines()[-1]
