"""The illustrative project and its run, made once."""

from pathlib import Path

import pytest

from tanhui.faces.demo import ILLUSTRATIVE, example_folder
from tanhui.projects.audit.model import Subject


@pytest.fixture(scope="session")
def project() -> Path:
    return example_folder(ILLUSTRATIVE)


@pytest.fixture(scope="session")
def run_folder(demo: Path) -> Path:
    return demo / ILLUSTRATIVE


@pytest.fixture
def subject() -> Subject:
    return Subject("verification", "p", "1" * 64, "ccer", "auditor", 10_000.0, 0.05, 7)
