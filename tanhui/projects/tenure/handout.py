"""The folder of a distribution: statements of each village, the accountant's workbook, the bank's table, the shares.

Everything in it is made from ``shares.json`` and may be made from it again; names stand in it, so it is its owner's
alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import digest, file_digest, readable_bytes
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.files import staged_folder
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.wording import Lang
from tanhui.projects.scout.files import refuse_edited
from tanhui.projects.tenure.share_table import Sheet, sheets

__all__ = ["check_recorded", "write_handout"]

SHARES = "shares.json"
#: Signs that stand in no name of a file on any system.
UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*.\s]+')
LONGEST_NAME = 60


def write_handout(
    out: Path, document: Mapping[str, Any], lang: Lang, progress: Progress | None = None
) -> dict[str, str]:
    """Write the folder, whole or not at all; files and their hashes.

    Raises
    ------
    InputError
        If somebody changed a file in an earlier folder of that name, or it is no folder of ours.
    """
    from tanhui.projects.tenure.statement_book import accounts_book, bank_table
    from tanhui.projects.tenure.statement_page import village_page

    refuse_edited(out)
    found = list(sheets(document))
    tell, done = progress or silent, 0
    with staged_folder(out) as stage:
        for name, village, group in _villages(found):
            tell("statements", done, len(found))
            _write(stage / f"{name}.{lang}.html", village_page(document, group, village, lang).encode())
            done += len(group)
        tell("statements", done, len(found))
        _write(stage / "accounts.xlsx", accounts_book(document, found, lang))
        _write(stage / "bank.csv", bank_table(document, found))
        _write(stage / SHARES, readable_bytes(document))
        files = {path.name: file_digest(path) for path in sorted(stage.iterdir())}
        _write(stage / "manifest.json", readable_bytes({"format": "tanhui-statements-1", "files": files}))
    return files


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


def _villages(found: Sequence[Sheet]) -> list[tuple[str, str, list[Sheet]]]:
    """For each village a name for its file, and its sheets; two that would be written alike are told apart."""
    by_village = groupby(sorted(found, key=lambda sheet: (sheet.village, sheet.account)), key=lambda s: s.village)
    named = [(_file_name(village), village, list(group)) for village, group in by_village]
    often = [name.casefold() for name, _, _ in named]
    return [
        (name if often.count(name.casefold()) == 1 else f"{name}-{digest(village.encode())[:8]}", village, group)
        for name, village, group in named
    ]


def _file_name(village: str) -> str:
    plain = UNSAFE.sub("-", unicodedata.normalize("NFC", village)).strip("-")[:LONGEST_NAME]
    return f"statements-{plain}" if plain else "statements"


def check_recorded(document: Mapping[str, Any], recorded: Sequence[tuple[int, str]], origin: str) -> None:
    """Whether a filed table is one that a registry recorded.

    Parameters
    ----------
    recorded : sequence of (int, str)
        Leaf and hash of every distribution that the registry knows of the project.

    Raises
    ------
    IntegrityError
        If it knows none of that hash at that leaf.
    """
    log = document["log"]
    if log["origin"] != origin or (log["index"], log["sha256"]) not in recorded:
        raise IntegrityError("tenure.not_recorded", index=log["index"], origin=origin)
