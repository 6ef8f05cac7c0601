"""An office program that computes a workbook, so that tests read what a person would see."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries


def computed(path: Path, folder: Path) -> Path:
    """The workbook with every formula computed by LibreOffice, saved by it in another folder."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("needs LibreOffice")
    folder.mkdir(exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    asked = [program, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder)]
    subprocess.run([*asked, str(path)], check=True, capture_output=True, timeout=300)
    return folder / path.name


def named_values(path: Path) -> dict[str, Any]:
    """The value of every cell that has a name."""
    book = load_workbook(path, data_only=True)
    found = {}
    for name, where in book.defined_names.items():
        for sheet, cell in where.destinations:
            column, row, *_ = range_boundaries(cell.replace("$", ""))
            found[name] = book[sheet].cell(row, column).value
    return found


def column_of(path: Path, sheet: str, letter: str) -> list[Any]:
    """The values of one column below the heads."""
    return [row[0].value for row in load_workbook(path, data_only=True)[sheet][f"{letter}4:{letter}9999"]]
