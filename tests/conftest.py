"""Options and fixtures that every test may use."""

from pathlib import Path

import pytest

#: Files that the licence keeps out of the repository; tests that use them skip where they are absent.
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="long: run with --long"))


@pytest.fixture
def shared() -> Path:
    """The folder of reference files beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("needs the reference files beside the repository")
    return SHARED
