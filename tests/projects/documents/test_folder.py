"""A folder of documents: the same bytes twice, nothing written over, whole or not at all, signatures found."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
from docx import Document

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.projects.documents.diff import read_document
from tanhui.projects.documents.package import is_untouched, properties_of
from tanhui.projects.documents.service import accept, difference, standing, write_documents
from tanhui.projects.documents.signatures import marks_in


def edit(path: Path, add: str) -> None:
    document = Document(str(path))
    document.add_paragraph(add)
    document.save(str(path))


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_bytes_twice(project, run_folder, written, tmp_path):
    write_documents(project, tmp_path / "again", run=run_folder)
    assert everything(tmp_path / "again") == everything(written)


def test_a_new_run_makes_the_same_documents(project, written, tmp_path):
    done = write_documents(project, tmp_path / "new", only="accounting_report")
    assert done.run == json.loads((written / "documents.json").read_text())["run"]
    assert (tmp_path / "new" / "accounting_report.docx").read_bytes() == (
        written / "accounting_report.docx"
    ).read_bytes()


def test_every_file_carries_the_hash_of_its_content(written):
    for path in written.glob("*.docx"):
        data = path.read_bytes()
        assert is_untouched(data)
        told = properties_of(data)
        assert told["tanhui-document"] == path.stem
        assert len(told["tanhui-run"]) == 64


def test_a_changed_document_is_never_written_over(project, run_folder, copy):
    edit(copy / "accounting_report.docx", "业主补充说明")
    edit(copy / "project_design.docx", "住所：……")
    before = everything(copy)
    with pytest.raises(RefusedInput) as caught:
        write_documents(project, copy, run=run_folder, day=date(2026, 3, 5))
    assert {Path(f.file).name for f in caught.value.faults} == {"accounting_report.docx", "project_design.docx"}
    assert everything(copy) == before


def test_beside_a_changed_document(project, run_folder, copy):
    edit(copy / "accounting_report.docx", "业主补充说明")
    (copy / "notes.txt").write_text("keep me")
    before = everything(copy)
    done = write_documents(project, copy, run=run_folder, day=date(2026, 3, 5), beside=True)
    assert ("accounting_report", "accounting_report-2.docx", "beside") in done.files
    after = everything(copy)
    assert after["accounting_report.docx"] == before["accounting_report.docx"]
    assert after["notes.txt"] == before["notes.txt"]
    assert after["project_design.docx"] != before["project_design.docx"]  # nobody had changed it
    edit(copy / "accounting_report-2.docx", "again")
    done = write_documents(project, copy, run=run_folder, beside=True)
    assert ("accounting_report", "accounting_report-3.docx", "beside") in done.files


def test_resaved_without_a_change_counts_as_somebodys(copy, project, run_folder):
    """Another program may have kept every word and lost a style; that is not ours to judge."""
    path = copy / "accounting_report.docx"
    Document(str(path)).save(str(path))
    assert not is_untouched(path.read_bytes())
    assert difference(path, copy / "accounting_report.docx").same


def test_one_document_leaves_the_others(project, run_folder, copy):
    edit(copy / "project_design.docx", "住所：……")
    before = everything(copy)
    done = write_documents(project, copy, run=run_folder, only="accounting_report", day=date(2026, 3, 5))
    assert [name for name, _, _ in done.files] == ["accounting_report"]
    changed = {name for name, data in everything(copy).items() if before[name] != data}
    assert changed == {"accounting_report.docx", "documents.json"}


def test_a_folder_with_other_files_is_left_alone(project, run_folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.docx").write_bytes(b"mine")
    with pytest.raises(InputError, match="other files"):
        write_documents(project, tmp_path / "mine", run=run_folder)
    assert everything(tmp_path / "mine") == {"letter.docx": b"mine"}
    with pytest.raises(InputError, match="other files"):
        write_documents(project, run_folder, run=run_folder)


def test_a_run_of_other_files_is_refused(hunan, run_folder, tmp_path):
    text = (hunan / "project.toml").read_text(encoding="utf-8")
    (hunan / "project.toml").write_text(text.replace("seed = 20140310", "seed = 1"), encoding="utf-8")
    with pytest.raises(RefusedInput) as caught:
        write_documents(hunan, tmp_path / "out", run=run_folder)
    assert [f.value for f in caught.value.faults] == ["project.toml"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("after_s", [0.5, 2.0, 4.0])
def test_killed_half_way_there_is_nothing(project, run_folder, tmp_path, after_s):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tanhui", "documents", str(project), "--out", str(out), "--run", str(run_folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    if out.exists():  # it was done already
        assert {p.stem for p in out.glob("*.docx")} >= {"project_design", "reductions_application"}
    write_documents(project, out, run=run_folder)
    assert not list(tmp_path.glob(".out.partial-*"))
    assert len(list(out.glob("*.docx"))) == 6


def test_killed_half_way_an_older_folder_is_as_it_was(project, run_folder, copy):
    before = everything(copy)
    command = [sys.executable, "-m", "tanhui", "documents", str(project), "--out", str(copy), "--date", "2026-03-05"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2.0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert everything(copy) == before


def test_diff_tells_text_and_figures(project, hunan, run_folder, copy, tmp_path):
    source = (hunan / "project.toml").read_text(encoding="utf-8")
    changed = source.replace("illustrative = true", "illustrative = true\nbaseline_removal_co2e_t = 100.0")
    (hunan / "project.toml").write_text(changed, encoding="utf-8")
    write_documents(hunan, tmp_path / "new", only="accounting_report")
    found = difference(copy / "accounting_report.docx", tmp_path / "new" / "accounting_report.docx")
    figures = {key: (before, after) for key, before, after in found.figures}
    # By hand: of what was measured 15057.142 of 16893.153 t can be claimed, and so of the baseline 89.132 of 100 t;
    # (15057.142 - 89.132) * 0.9 = 13471.209 t.
    assert figures["claim.line.baseline"] == ("0.000 t CO₂e", "\u221289.132 t CO₂e")
    assert float(figures["claim.net"][1].split()[0].replace(",", "")) == pytest.approx(13471.209, abs=0.002)
    assert any("13,471" in line for _, line in found.added)
    edit(copy / "accounting_report.docx", "业主补充说明")
    write_documents(project, tmp_path / "same", run=run_folder, only="accounting_report")
    found = difference(tmp_path / "same" / "accounting_report.docx", copy / "accounting_report.docx")
    assert [line for _, line in found.added] == ["业主补充说明"]
    assert not found.figures


def test_diff_of_what_is_no_document(tmp_path, written):
    (tmp_path / "a.docx").write_bytes(b"nothing")
    for wrong in (tmp_path / "a.docx", tmp_path / "none.docx"):
        with pytest.raises(InputError):
            difference(wrong, written / "project_design.docx")


# Signatures


def pdf_of(path: Path, keywords: str | None = None) -> bytes:
    """A PDF as an office program leaves it: the keywords of the document as a string in hexadecimal."""
    with zipfile.ZipFile(path) as archive:
        core = archive.read("docProps/core.xml").decode()
    said = core.partition("<cp:keywords>")[2].partition("<")[0] if keywords is None else keywords
    return (
        b"%PDF-1.7\n1 0 obj\n<</Keywords<FEFF" + said.encode("utf-16-be").hex().upper().encode() + b">>>\nendobj\n%%EOF"
    )


def test_a_signed_pdf_is_recorded_against_its_edition(copy, tmp_path):
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(pdf_of(copy / "accounting_report.docx"))
    done = accept(copy, "accounting_report", signed)
    assert not done.stated
    assert done.evidence == "accounting_report"
    rows = {row["document"]: row for row in standing(copy)}
    assert rows["accounting_report"]["signed"] == "current"
    assert rows["project_design"]["signed"] == "none"
    accept(copy, "accounting_report", signed)
    assert len(json.loads((copy / "documents.json").read_text())["signed"]) == 1


def test_a_scan_is_recorded_as_stated(copy, tmp_path):
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4\nan image\n%%EOF")
    assert accept(copy, "project_design", tmp_path / "scan.pdf").stated


def test_a_signature_on_an_older_version_is_found_and_named(copy, project, run_folder, tmp_path):
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(pdf_of(copy / "accounting_report.docx"))
    accept(copy, "accounting_report", signed)
    done = write_documents(project, copy, run=run_folder, day=date(2026, 3, 5))
    assert [(row["document"], row["file"]) for row in done.older] == [("accounting_report", "signed.pdf")]
    assert {r["document"]: r["signed"] for r in standing(copy)}["accounting_report"] == "older"
    with pytest.raises(InputError, match="older edition"):
        accept(copy, "accounting_report", signed)


def test_a_document_changed_after_it_was_signed_is_named(copy, tmp_path):
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(pdf_of(copy / "accounting_report.docx"))
    accept(copy, "accounting_report", signed)
    edit(copy / "accounting_report.docx", "one word more")
    row = {r["document"]: r for r in standing(copy)}["accounting_report"]
    assert (row["state"], row["signed"]) == ("edited", "older")


def test_a_pdf_of_another_document_or_of_none_of_ours(copy, tmp_path):
    wrong = tmp_path / "wrong.pdf"
    wrong.write_bytes(pdf_of(copy / "project_design.docx"))
    with pytest.raises(InputError, match="project_design"):
        accept(copy, "accounting_report", wrong)
    wrong.write_bytes(pdf_of(copy / "project_design.docx", "tanhui-accounting_report-0123456789abcdef"))
    with pytest.raises(InputError, match="not written in this folder"):
        accept(copy, "accounting_report", wrong)
    wrong.write_bytes(b"PK\x03\x04 no pdf")
    with pytest.raises(InputError, match="no PDF"):
        accept(copy, "accounting_report", wrong)
    wrong.write_bytes(b"%PDF-1.4\n%%EOF")
    with pytest.raises(InputError, match="no document"):
        accept(copy, "nothing", wrong)


def test_marks_are_found_in_packed_streams_too():
    import zlib

    text = "tanhui-accounting_report-0123456789abcdef"
    packed = zlib.compress(f"<</Keywords({text})>>".encode())
    assert marks_in(b"%PDF-1.5\nstream\n" + packed + b"\nendstream") == [("accounting_report", "0123456789abcdef")]
    bomb = zlib.compress(b"0" * 200_000_000)
    assert marks_in(b"%PDF-1.5\nstream\n" + bomb + b"\nendstream") == []


def test_what_is_still_to_be_written_is_counted(copy):
    path = copy / "accounting_report.docx"
    before = read_document(path).to_write
    document = Document(str(path))
    (first, *_) = (p for p in document.paragraphs if p.style.name == "To Write")
    for run in first.runs[1:]:
        run.text = ""
    first.runs[0].text = "登记编号 0001"
    document.save(str(path))
    assert read_document(path).to_write == before - 1
