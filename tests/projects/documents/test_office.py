"""LibreOffice opens every document and makes a PDF of it in which nothing is lost."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tanhui.projects.documents.outline import outlines
from tanhui.projects.documents.service import accept, write_documents
from tanhui.projects.documents.signatures import marks_in

OFFICE = shutil.which("soffice")


@pytest.fixture(scope="module")
def pdfs(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if OFFICE is None:
        pytest.skip("needs LibreOffice")
    out = tmp_path_factory.mktemp("pdf")
    profile = f"-env:UserInstallation=file://{out}/profile"
    files = [str(path) for path in sorted(written.glob("*.docx"))]
    command = [OFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", str(out), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return out


def pages(pdf: Path) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


@pytest.mark.parametrize(
    ("name", "fewest"),
    [
        ("project_design", 15),
        ("validation_report", 8),
        ("registration_application", 4),
        ("accounting_report", 15),
        ("verification_report", 8),
        ("reductions_application", 4),
    ],
)
def test_every_document_becomes_a_pdf_with_its_pages_and_its_mark(pdfs, name, fewest):
    pdf = pdfs / f"{name}.pdf"
    assert fewest <= pages(pdf) <= 3 * fewest
    ((document, edition),) = marks_in(pdf.read_bytes())
    assert document == name
    assert len(edition) == 16


def test_figures_are_in_the_pdf(pdfs):
    images = len(re.findall(rb"/Subtype\s*/Image\b", (pdfs / "accounting_report.pdf").read_bytes()))
    parts = [part for chapter in outlines("ccer")["accounting_report"].chapters for part in chapter.parts]
    assert images >= len({part.what for part in parts if part.kind == "figure"})


def test_a_pdf_of_a_document_is_accepted_and_one_of_an_older_edition_is_not(pdfs, copy, project, run_folder):
    from datetime import date

    from tanhui.kernel.errors import InputError

    done = accept(copy, "accounting_report", pdfs / "accounting_report.pdf")
    assert not done.stated
    write_documents(project, copy, run=run_folder, day=date(2026, 3, 5), only="accounting_report")
    with pytest.raises(InputError, match="older edition"):
        accept(copy, "accounting_report", pdfs / "accounting_report.pdf")
