"""One set of documents of the illustrative project, made once and copied by tests that spoil it."""

import shutil
from pathlib import Path

import pytest

from tanhui.faces.demo import ILLUSTRATIVE, example_folder
from tanhui.projects.documents.service import write_documents


@pytest.fixture(scope="session")
def project() -> Path:
    return example_folder(ILLUSTRATIVE)


@pytest.fixture(scope="session")
def run_folder(demo: Path) -> Path:
    return demo / ILLUSTRATIVE


@pytest.fixture(scope="session")
def written(project: Path, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All CCER documents; nobody may change them."""
    out = tmp_path_factory.mktemp("documents") / "ccer"
    write_documents(project, out, run=run_folder)
    return out


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    """All CCER documents, for a test to spoil."""
    return Path(shutil.copytree(written, tmp_path / "ccer"))
