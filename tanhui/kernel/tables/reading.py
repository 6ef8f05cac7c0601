"""Read a described table whole, or block by block, with every fault listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables.cells import (
    FAULTS_KEPT,
    capped,
    check_column,
    listed_faults,
    second_header,
    totals_rows,
)
from tanhui.kernel.tables.formats import Source, open_source
from tanhui.kernel.tables.formats import read as read_file
from tanhui.kernel.tables.headers import MatchedHeaders, match_headers, note
from tanhui.kernel.tables.model import TableSpec
from tanhui.kernel.wording import Lang, say

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_frame", "iter_table", "note_texts", "read_raw", "read_table"]

#: Rows that are checked at a time where the whole table is wanted anyway.
_ROWS_PER_BLOCK = 250_000


def read_table(
    path: Path,
    spec: TableSpec,
    *,
    sheet: str | None = None,
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read and check a table.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.csv.gz``, ``.txt``, ``.tsv``, ``.xlsx``, ``.xlsm`` or ``.parquet``.
    spec : TableSpec
        Which columns are wanted.
    sheet : str, optional
        The sheet of a workbook; the first visible one otherwise.
    rename : mapping, optional
        Our column name -> the header in the file, where the headers we know do not fit.
    units : mapping, optional
        Our column name -> the unit the file is in, where it is not ours; values are converted.

    Returns
    -------
    DataFrame
        Columns in the order of ``spec`` (absent optional columns left out), then the file's other columns as text;
        the index is the row number in the file, its first row being 1. ``attrs["notes"]`` lists what was done
        unasked.

    Raises
    ------
    RefusedInput
        With every fault: unreadable, empty, missing columns, and per cell what is wrong.
    """
    import pandas as pd

    blocks = list(iter_table(path, spec, _ROWS_PER_BLOCK, sheet=sheet, rename=rename, units=units, twice=False))
    frame = pd.concat(blocks) if len(blocks) > 1 else blocks[0]
    frame.attrs["notes"] = blocks[-1].attrs["notes"]
    return frame


def iter_table(
    path: Path,
    spec: TableSpec,
    rows_per_block: int = 100_000,
    *,
    sheet: str | None = None,
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    twice: bool = True,
) -> Iterator[pd.DataFrame]:
    """Read and check a table in blocks of rows, in bounded memory for CSV and Parquet.

    The file is passed over once to check all of it, so that a faulty table is refused before its first row is used,
    and a second time to give the blocks. Excel files are small by their nature and are held whole.

    Parameters
    ----------
    path, spec, sheet, rename, units
        As for :func:`read_table`.
    rows_per_block : int
        Rows in each block, the last one shorter.
    twice : bool
        False keeps the checked blocks instead of reading again: faster, and all of the table in memory.

    Yields
    ------
    DataFrame
        As :func:`read_table` gives it.

    Raises
    ------
    RefusedInput
        With every fault, before the first block.
    """
    source = open_source(path, sheet=sheet, spec=spec)
    headers = _headers(source, spec, rename, units)
    faults = [*source.faults, *headers.faults]
    kept: list[pd.DataFrame] = []
    notes = [*source.notes, *headers.notes]
    rows = 0
    for block in source.blocks(rows_per_block, faults):
        checked = _checked_block(block, source, spec, headers, first=rows == 0)
        rows += len(block)
        faults += checked.attrs.pop("faults")
        notes += checked.attrs.pop("notes")
        if len(faults) > 5 * FAULTS_KEPT:
            faults[:] = capped(faults)  # so that a long file full of faults does not fill the memory either
        if not twice:
            kept.append(checked)
    if not rows:
        faults.append(Fault("table.no_rows", source.file, source.sheet))
    if faults:
        raise RefusedInput(capped(faults))
    for block in kept or source.blocks(rows_per_block, faults):
        frame = block if kept else _checked_block(block, source, spec, headers, first=False)
        frame.attrs = {"notes": notes}
        yield frame


def _headers(
    source: Source, spec: TableSpec, rename: Mapping[str, str] | None, units: Mapping[str, str] | None
) -> MatchedHeaders:
    found = match_headers(
        source.header,
        spec,
        file=source.file,
        sheet=source.sheet,
        row=source.header_row,
        rename=rename,
        unit_of=units,
    )
    used = set(found.position.values())
    others = [name for at, name in enumerate(source.header) if name and at not in used]
    doubled = sorted(name for name, times in Counter(others).items() if times > 1)
    found.faults += [
        Fault("table.doubled_header", source.file, source.sheet, source.header_row, name, name) for name in doubled
    ]
    return found


def _checked_block(
    block: pd.DataFrame, source: Source, spec: TableSpec, headers: MatchedHeaders, *, first: bool
) -> pd.DataFrame:
    """One block with our columns; what is wrong is in ``attrs["faults"]``, what was noticed in ``attrs["notes"]``."""
    import pandas as pd

    faults: list[Fault] = []
    place = (source.file, source.sheet)
    by_name = {spec.columns[name]: block.iloc[:, at] for name, at in headers.position.items()}
    if first and len(block) and second_header((cells.iloc[0], column) for column, cells in by_name.items()):
        faults.append(Fault("table.second_header", *place, int(block.index[0])))
        block = block.iloc[1:]
    block, found = _without_totals(block, spec, headers, place)
    faults += found
    checked: dict[str, pd.Series] = {}
    for name in (name for name in spec.columns if name in headers.position):
        cells = block.iloc[:, headers.position[name]]
        checked[name], found = check_column(cells, spec.columns[name], headers.factor[name], *place)
        faults += found
    used = set(headers.position.values())
    others = {header: block.iloc[:, at] for at, header in enumerate(source.header) if header and at not in used}
    frame = pd.DataFrame({**checked, **others}, index=block.index)
    notes = [*_unnamed_notes(block, source), *_formula_notes(frame, spec, place)] if first else []
    frame.attrs = {"faults": faults, "notes": notes}
    return frame


def _without_totals(
    block: pd.DataFrame, spec: TableSpec, headers: MatchedHeaders, place: tuple[str, str]
) -> tuple[pd.DataFrame, list[Fault]]:
    """The block without rows of totals, each of which is a fault."""
    import pandas as pd

    watched = {
        at
        for name, at in headers.position.items()
        if spec.columns[name].kind not in ("choice", "flag") and block.iloc[:, at].dtype == "string"
    }
    watched |= {0} if len(block.columns) and block.iloc[:, 0].dtype == "string" else set()
    choices = {headers.position[n] for n in headers.position if spec.columns[n].kind in ("choice", "flag")}
    hit = totals_rows(block.iloc[:, at] for at in sorted(watched - choices))
    if hit is None or not hit.any():
        return block, []
    rows = block.loc[hit]
    said = pd.Series([" ".join(filter(None, map(str, row))) for row in rows.fillna("").to_numpy()], index=rows.index)
    faults = listed_faults("table.totals_row", said, hit.loc[hit], place[0], place[1], "")
    return block.loc[~hit], faults


def _unnamed_notes(block: pd.DataFrame, source: Source) -> list[dict[str, Any]]:
    """Columns without a header that hold something, such as the row names R writes: left out, and said."""
    unnamed = [at for at, name in enumerate(source.header) if not name]
    filled = [at for at in unnamed if (block.iloc[:, at].astype("string").fillna("") != "").any()]
    return [note("table.unnamed_column", source.file, source.sheet, count=len(filled))] if filled else []


def _formula_notes(frame: pd.DataFrame, spec: TableSpec, place: tuple[str, str]) -> list[dict[str, Any]]:
    """Text that a spreadsheet would run as a formula: kept as text, and said."""
    notes = []
    for name in frame.columns:
        if frame[name].dtype == "string" and (name not in spec.columns or spec.columns[name].kind == "text"):
            runs = frame[name].str.match(r"[=@]|[+-][^\d.]").fillna(False).astype(bool)
            if runs.any():
                value = str(frame.loc[runs, name].iloc[0])[:80]
                notes.append(note("table.formula_text", *place, str(name), value, count=int(runs.sum())))
    return notes


def read_raw(path: Path, *, sheet: str | None = None) -> pd.DataFrame:
    """Every cell as text (Parquet keeps its types); index = row number in the file."""
    return read_file(path, sheet=sheet)


def check_frame(
    raw: pd.DataFrame,
    spec: TableSpec,
    *,
    file: str,
    sheet: str = "",
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A frame of text turned into the described columns, or a refusal that lists every fault."""
    header = [str(name) for name in raw.columns]
    source = Source(file, header, 1, lambda rows, faults: iter(()), sheet=sheet)
    headers = _headers(source, spec, rename, units)
    faults = list(headers.faults)
    if not len(raw):
        faults.append(Fault("table.no_rows", file, sheet))
    frame = _checked_block(raw, source, spec, headers, first=True)
    faults += frame.attrs["faults"]
    if faults:
        raise RefusedInput(capped(faults))
    frame.attrs = {"notes": [*raw.attrs.get("notes", []), *headers.notes, *frame.attrs["notes"]]}
    return frame


def note_texts(frame: pd.DataFrame, lang: Lang = "en") -> list[str]:
    """What the reader did or saw without a fault, one sentence each."""
    return [say(f"note.{entry['code']}", lang, **{**entry, **entry["facts"]}) for entry in frame.attrs.get("notes", [])]
