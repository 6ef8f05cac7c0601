"""A new project folder: a commented ``project.toml``, places for parcels, surveys and evidence, a blank workbook."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import InputError
from tanhui.projects.template import write_template

__all__ = ["new_project"]

FOLDERS = ("parcels", "monitoring", "evidence")


def new_project(folder: Path) -> list[Path]:
    """Make a project folder.

    Parameters
    ----------
    folder : Path
        A folder that is not there yet, or is empty.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If something is there already. Nothing is changed then, and nothing half-made is ever left behind.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("new.not_empty", path=str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.partial-"))
    try:
        _fill(stage, folder.name)
        stage.chmod(0o755)
        stage.replace(folder)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _fill(stage: Path, name: str) -> None:
    for part in FOLDERS:
        (stage / part).mkdir()
    for source in sorted(data_path("templates", "project").iterdir()):
        text = source.read_text(encoding="utf-8").replace("@ID@", project_id(name))
        (stage / source.name).write_text(text, encoding="utf-8")
    write_template(stage / "monitoring" / "survey-blank.xlsx")


def project_id(name: str) -> str:
    """A project id from a folder's name: small letters, digits and hyphens; ``project`` where none are left."""
    tidy = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-")
    return tidy or "project"
