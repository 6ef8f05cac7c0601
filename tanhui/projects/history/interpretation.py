"""What people saw on images: a table of parcel, image, land class and who looked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.projects.history.imagery import Image
from tanhui.projects.history.land_classes import land_class

__all__ = ["Reading", "blank_table", "read_interpretation"]

COLUMNS = ("parcel_id", "image", "land_class", "interpreter")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one person says one image shows of one parcel."""

    parcel: str
    image: str
    land_class: str
    interpreter: str


def blank_table(parcels: Iterable[str], images: Sequence[Image]) -> str:
    """The table to fill in: every parcel with every image."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(COLUMNS)
    for parcel in parcels:
        table.writerows([parcel, image.name, "", ""] for image in images)
    return "\ufeff" + stream.getvalue()


def read_interpretation(path: Path | None, parcels: set[str], images: set[str]) -> tuple[Reading, ...]:
    """The table filled in; rows without a class are not answered yet.

    Raises
    ------
    RefusedInput
        With every row that names an unknown parcel, image or class, or says no interpreter.
    """
    if path is None:
        return ()
    if not path.is_file():
        raise RefusedInput([Fault("file.missing", str(path))])
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error):
        raise RefusedInput([Fault("file.unknown_encoding", path.name)]) from None
    faults, readings = [], []
    for number, row in enumerate(rows, start=2):
        parcel, image, word, who = ((row.get(name) or "").strip() for name in COLUMNS)
        if not word:
            continue
        wrong = [
            ("unknown_parcel", "parcel_id", parcel, parcel in parcels),
            ("unknown_image", "image", image, image in images),
            ("unknown_class", "land_class", word, land_class(word) is not None),
            ("no_interpreter", "interpreter", who, bool(who)),
        ]
        bad = [
            Fault(f"history.{code}", path.name, row=number, column=column, value=value)
            for code, column, value, good in wrong
            if not good
        ]
        faults += bad
        if not bad:
            readings.append(Reading(parcel, image, word, who))
    if faults:
        raise RefusedInput(faults)
    return tuple(readings)
