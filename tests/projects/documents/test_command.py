"""``tanhui documents`` as people call it."""

import json
import os
import subprocess
import sys
from pathlib import Path


def tanhui(*words: object, lang: str = "en", code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tanhui", *map(str, words)],
        env={**os.environ, "TANHUI_LANG": lang, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def test_write_status_and_refuse(project: Path, run_folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    told = json.loads(tanhui("documents", project, "--out", out, "--run", run_folder, "--json"))
    assert [row["state"] for row in told["documents"]] == ["written"] * 6
    again = tanhui("documents", "--out", out, project, "--run", run_folder, lang="zh")
    assert again.count("未变") == 6
    (out / "accounting_report.docx").write_bytes(b"somebody's")
    refused = tanhui("documents", project, "--out", out, "--run", run_folder, code=2)
    assert "accounting_report.docx" in refused
    assert "--beside" in refused
    beside = tanhui("documents", project, "--out", out, "--run", run_folder, "--beside")
    assert "accounting_report-2.docx" in beside
    rows = {row["document"]: row for row in json.loads(tanhui("documents", "status", out, "--json"))}
    assert rows["accounting_report"]["file"] == "accounting_report-2.docx"


def test_the_language_of_a_document_is_its_own_unless_asked(project: Path, run_folder: Path, tmp_path: Path):
    from docx import Document

    how = (project, "--run", run_folder, "--only", "reductions_application", "--out")
    tanhui("documents", *how, tmp_path / "own", lang="en")
    tanhui("--lang", "en", "documents", *how, tmp_path / "asked", lang="zh")
    first = [Document(str(tmp_path / f / "reductions_application.docx")).paragraphs[0].text for f in ("own", "asked")]
    assert first == ["减排量登记申请表与承诺书", "Application for registration of reductions"]


def test_diff_accept_and_placeholders(written: Path, copy: Path, tmp_path: Path):
    same = tanhui("documents", "diff", written / "project_design.docx", copy / "project_design.docx", "--json")
    assert json.loads(same)["same"] is True
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4\n%%EOF")
    told = tanhui("documents", "accept", tmp_path / "scan.pdf", "--document", "project_design", "--out", copy)
    assert "design_document" in told
    refused = tanhui(
        "documents", "accept", tmp_path / "scan.pdf", "--document", "nothing", "--out", copy, "--json", code=2
    )
    assert json.loads(refused)["error"]["code"] == "documents.unknown_document"
    listed = json.loads(tanhui("documents", "placeholders", "--only", "accounting_report", "--json"))
    assert {row["key"] for row in listed if row["required"]} >= {"claim.net", "claim.credits_t"}
