"""A small run: the example project with a few plots of each stratum, so that a test may rewrite its workbook often."""

import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tanhui.faces.demo import ILLUSTRATIVE, example_folder
from tanhui.projects.run import run_project
from tests.projects.test_monitorings import FIRST_SURVEY, SECOND_SURVEY, sheets

#: Plots of each stratum that are kept.
KEPT = 3


def kept_plots(path: Path) -> set[str]:
    """The first plots of each stratum of a survey."""
    page = next(sheet for sheet in load_workbook(path, read_only=True) if sheet.title == "样地")
    rows = list(page.iter_rows(min_row=3, values_only=True))
    place, stratum = (next(k for k, name in enumerate(rows[0]) if str(name).startswith(w)) for w in ("样地号", "碳层"))
    of: dict[str, list[str]] = {}
    for row in rows[1:]:
        if row[place]:
            of.setdefault(row[stratum], []).append(row[place])
    return {name for names in of.values() for name in names[:KEPT]}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result folder of the small run."""
    base = tmp_path_factory.mktemp("small")
    folder = Path(shutil.copytree(example_folder(ILLUSTRATIVE), base / "project"))
    kept = kept_plots(folder / SECOND_SURVEY)

    def keep(_: str, row: dict) -> dict | None:
        place = next((value for name, value in row.items() if str(name).startswith("样地号")), None)
        return row if place in kept else None

    for survey in (FIRST_SURVEY, SECOND_SURVEY):
        sheets(folder, survey, keep)
    return run_project(folder, base / "out").out
