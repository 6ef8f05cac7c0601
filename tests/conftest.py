"""Options and fixtures that every test may use."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import database_url, postgres_server, postgres_url  # noqa: F401 (fixtures for every test)

#: Files that the licence keeps out of the repository; tests that use them skip where they are absent.
SHARED = Path(__file__).resolve().parents[2] / "shared"


# No time limit on an example: how fast the machine is today is no property of the code. The same examples each time,
# so that a red test is a changed program; the long suite looks further afield.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("new", settings.get_profile("same"), derandomize=False)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("new" if config.getoption("--long") else "same")


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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result folder of ``tanhui demo``, made once for all workers of a test run."""
    from tanhui.faces.demo import run_demo

    base = tmp_path_factory.getbasetemp()
    shared_base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    out = shared_base / "demo"
    with (shared_base / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            run_demo(out)
    return out


@pytest.fixture
def hunan(tmp_path: Path) -> Path:
    """A copy of the illustrative project that a test may spoil."""
    from tanhui.faces.demo import ILLUSTRATIVE, example_folder

    return Path(shutil.copytree(example_folder(ILLUSTRATIVE), tmp_path / "hunan"))
