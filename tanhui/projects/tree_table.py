"""A tree table read as plain numbers, and refused whole with everything that is wrong in it.

Rows come in blocks; what stays is one number per cell, so a table of a million trees needs the memory of its numbers.
Cells are checked by :mod:`tanhui.kernel.tables`; here are the checks that need the whole table: repeated tree numbers,
names of species, a column in another unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.species import resolve_all
from tanhui.kernel.tables import TableSpec, iter_table, note_texts, read_raw, table_spec
from tanhui.kernel.tables.cells import as_text
from tanhui.kernel.tables.headers import match_headers
from tanhui.kernel.wording import Lang, say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["TreeTable", "read_trees"]

ROWS_PER_BLOCK = 100_000
NUMBERS = ("dbh_cm", "height_m", "height_sd_m", "wood_density_g_cm3", "wood_density_sd_g_cm3", "count")
#: Columns that mean something here; others are said to have been left alone.
READ = (*NUMBERS, "tree_id", "plot_id", "species", "status")
#: A column that says how many trees of a hectare a row stands for: a total needs areas, which a tree table has not.
PER_HECTARE = "trees_per_ha"
#: Columns that nobody reads are named up to this many.
OTHERS_SHOWN = 12
#: Of each kind of fault, this many are listed.
FAULTS_LISTED = 50
#: A file larger than this is not read again to look for further faults once it is refused. [bytes]
SECOND_LOOK_BYTES = 200 * 1024**2


@dataclass(slots=True)
class TreeTable:
    """A tree table as numbers: one entry per row of a living tree; NaN where a cell is empty.

    ``row`` is the row in the file; ``species`` and ``group`` index ``species_names`` and ``group_names``;
    ``density_class`` is the species where the density was taken from the taxon, else -1.
    """

    file: str
    numbers: dict[str, NDArray[np.float64]]
    row: NDArray[np.intp]
    species: NDArray[np.intp] | None
    species_names: list[str]
    group: NDArray[np.intp] | None
    group_names: list[str]
    density_class: NDArray[np.intp] | None = None
    left_out: int = 0
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.row)


def read_trees(
    file: Path,
    *,
    group: str | None = None,
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    sheet: str | None = None,
    progress: Progress = silent,
    lang: Lang = "en",
) -> TreeTable:
    """Read a tree table and refuse it whole with everything that is wrong in it.

    ``group``, and the columns of ``rename`` and ``units``, may be named as we or as the file names them.
    """
    spec = _spec()
    rename = {spec.find(name) or name: header for name, header in (rename or {}).items()}
    units = {spec.find(name) or name: unit for name, unit in (units or {}).items()}
    try:
        blocks = iter_table(file, spec, ROWS_PER_BLOCK, sheet=sheet, rename=rename, units=units)
        reader = _Reader(file.name, sheet or "", group, spec)
        for block in blocks:
            reader.add(block)
            progress("read", reader.rows, reader.rows)
    except RefusedInput as refused:
        more = _second_look(file, sheet, spec, rename, units, group)
        raise RefusedInput([*refused.faults, *more]) from None
    faults = reader.faults()
    if faults:
        raise RefusedInput(faults)
    return reader.table(lang)


def _spec() -> TableSpec:
    """The inventory's tree table, with a diameter for every row."""
    spec = table_spec("inventory", "trees")
    return replace(spec, columns={**spec.columns, "dbh_cm": replace(spec.columns["dbh_cm"], required=True)})


class _Reader:
    """Blocks of a table turned into numbers, and the checks that need the whole table."""

    def __init__(self, file: str, sheet: str, group: str | None, spec: TableSpec) -> None:
        self.file, self.sheet = file, sheet
        self.wanted_group = group
        self.spec = spec
        self.group_column = None if group is None else (spec.find(group) or group)
        self.others: list[str] = []
        self.rows = self.left_out = 0
        self.parts: dict[str, list[NDArray[Any]]] = {}
        self.codes: dict[str, dict[str, int]] = {"species": {}, "group": {}}
        self.found: list[Fault] = []
        self.notes: list[str] = []
        self.frame_notes: pd.DataFrame | None = None

    def add(self, block: pd.DataFrame) -> None:
        """Take in one block."""
        self.rows += len(block)
        self.frame_notes = block.iloc[:0]
        self.frame_notes.attrs = block.attrs
        if self.rows == len(block):
            self._look_at_columns(block)
        if "tree_id" in block:
            self._note_ids(block)
        if "status" in block:
            alive = block["status"].isin(["live", ""]).to_numpy(dtype=bool)
            self.left_out += int((~alive).sum())
            block = block.loc[alive]
        for name in NUMBERS:
            if name in block:
                self._keep(name, block[name].to_numpy(dtype=float, na_value=np.nan))
        self._keep("row", block.index.to_numpy(dtype=np.intp))
        if "species" in block:
            self._keep("species", self._coded("species", block["species"]))
        if self.group_column is not None and self.group_column in block:
            labels = as_text(block[self.group_column]).fillna("")
            empty = labels.index[(labels == "").to_numpy()]
            column = self.wanted_group or ""
            self.found += [
                Fault("trees.empty_group", self.file, self.sheet, int(r), column) for r in empty[:FAULTS_LISTED]
            ]
            self._keep("group", self._coded("group", labels))

    def _keep(self, name: str, values: NDArray[Any]) -> None:
        self.parts.setdefault(name, []).append(values)

    def _coded(self, kind: str, labels: pd.Series) -> NDArray[np.intp]:
        known = self.codes[kind]
        return np.array([known.setdefault(str(label), len(known)) for label in labels], np.intp)

    def _look_at_columns(self, block: pd.DataFrame) -> None:
        """The group must be there; what nobody reads is remembered."""
        self.others = [str(c) for c in block if c not in (*READ, self.group_column)]
        if self.group_column is not None and self.group_column not in block:
            self.found.append(_no_group(self.file, self.sheet, self.wanted_group or "", block.columns))

    def _note_ids(self, block: pd.DataFrame) -> None:
        """Keep a hash of every tree number, with its plot and group where the table has those."""
        import pandas as pd

        within = [c for c in dict.fromkeys((self.group_column, "plot_id")) if c and c in block]
        named = block.loc[(block["tree_id"].astype("string").fillna("") != "").to_numpy()]
        keys = named["tree_id"].astype("string")
        for column in within:
            keys = named[column].astype("string").fillna("") + "\x1f" + keys
        self._keep("id_hash", pd.util.hash_array(keys.to_numpy(dtype=object)))
        self._keep("id_row", named.index.to_numpy(dtype=np.intp))
        self._keep("id", np.array([str(x).encode()[:32] for x in named["tree_id"]], dtype="S32"))

    def repeated(self) -> list[Fault]:
        """Tree numbers that appear again, each at the row of its repetition."""
        hashes, rows, ids = self.column("id_hash"), self.column("id_row"), self.column("id")
        if hashes is None or rows is None or ids is None:
            return []
        first = np.zeros(len(hashes), bool)
        first[np.unique(hashes, return_index=True)[1]] = True
        again = np.flatnonzero(~first)[:FAULTS_LISTED]
        place = (self.file, self.sheet)
        return [
            Fault("trees.duplicate_id", *place, int(rows[k]), "tree_id", ids[k].decode(errors="ignore")) for k in again
        ]

    def column(self, name: str) -> NDArray[Any] | None:
        """A whole column, if the table has it."""
        if name not in self.parts:
            return None
        if len(self.parts[name]) > 1:
            self.parts[name] = [np.concatenate(self.parts[name])]
        return self.parts[name][0]

    def faults(self) -> list[Fault]:
        """Everything wrong that the cells alone do not show."""
        units = _unit_faults(self.column("dbh_cm"), self.column("height_m"), self.file, self.sheet)
        return [*self.found, *self.repeated(), *units]

    def table(self, lang: Lang) -> TreeTable:
        """The numbers, groups in the order of their names."""
        names = list(self.codes["group"])
        order = np.array(sorted(range(len(names)), key=lambda k: natural(names[k])), np.intp)
        rank = np.empty(len(names), np.intp)
        rank[order] = np.arange(len(names))
        group = self.column("group")
        return TreeTable(
            file=self.file,
            numbers={n: v for n in NUMBERS if (v := self.column(n)) is not None},
            row=self.column("row"),  # type: ignore[arg-type]
            species=self.column("species"),
            species_names=list(self.codes["species"]),
            group=None if group is None else rank[group],
            group_names=[names[k] for k in order],
            left_out=self.left_out,
            notes=self._notes(lang),
        )

    def _notes(self, lang: Lang) -> list[str]:
        """What the reader did unasked, and the columns it left alone."""
        notes = note_texts(self.frame_notes, lang) if self.frame_notes is not None else []
        if PER_HECTARE in self.others:
            notes.append(say("flag.trees.per_hectare", lang, column=PER_HECTARE))
        if self.others:
            shown = ", ".join(self.others[:OTHERS_SHOWN]) + (" ..." if len(self.others) > OTHERS_SHOWN else "")
            notes.append(say("flag.trees.unused_columns", lang, columns=shown))
        return notes


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts "P10" after "P9"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts)


def _no_group(file: str, sheet: str, group: str, columns: Iterable[object]) -> Fault:
    known = ", ".join(map(str, columns))
    return Fault("trees.no_group", file, sheet, None, group, facts={"known": known})


def _unit_faults(
    dbh: NDArray[np.float64] | None, height: NDArray[np.float64] | None, file: str, sheet: str
) -> list[Fault]:
    """Whole columns that look like another unit."""
    from tanhui.mrv.uncertainty.parameters import uncertainty_parameters

    limits = uncertainty_parameters("plausibility")
    faults: list[Fault] = []
    if dbh is None or not np.isfinite(dbh).any():
        return faults
    limit = limits["dbh_median_max_cm"].at(date.max).number()
    if (median := float(np.median(dbh[np.isfinite(dbh)]))) > limit:
        facts = {"median": f"{median:g}", "limit": f"{limit:g}"}
        faults.append(Fault("trees.dbh_in_mm", file, sheet, None, "dbh_cm", facts=facts))
    if (
        height is not None
        and len(height) == len(dbh)
        and (known := np.isfinite(height) & np.isfinite(dbh) & (dbh > 0)).any()
    ):
        limit = limits["slenderness_median_max"].at(date.max).number()
        if (median := float(np.median(100 * height[known] / dbh[known]))) > limit:
            facts = {"median": f"{median:.0f}", "limit": f"{limit:g}"}
            faults.append(Fault("trees.height_in_feet", file, sheet, None, "height_m", facts=facts))
    return faults


def _second_look(
    file: Path,
    sheet: str | None,
    spec: TableSpec,
    rename: Mapping[str, str] | None,
    units: Mapping[str, str] | None,
    group: str | None,
) -> list[Fault]:
    """Faults of whole columns in a table that is refused already, so that all are listed together."""
    import pandas as pd

    if not file.is_file() or file.stat().st_size > SECOND_LOOK_BYTES:
        return []
    try:
        raw = read_raw(file, sheet=sheet)
    except RefusedInput:
        return []
    headers = match_headers([str(h) for h in raw.columns], spec, rename=rename, unit_of=units)
    found = {name: raw.iloc[:, at] for name, at in headers.position.items()}
    numbers = {
        name: pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float) * headers.factor.get(name, 1.0)
        for name, cells in found.items()
        if name in ("dbh_cm", "height_m")
    }
    faults = _unit_faults(numbers.get("dbh_cm"), numbers.get("height_m"), file.name, sheet or "")
    reader = _Reader(file.name, sheet or "", None, spec)
    reader.group_column = next((c for c in (group, spec.find(group) if group else None) if c in found), None)
    if "tree_id" in found:
        named = [c for c in ("tree_id", "plot_id", reader.group_column) if c and c in found]
        reader._note_ids(pd.DataFrame({c: found[c].astype("string").fillna("") for c in dict.fromkeys(named)}))
    if group is not None and reader.group_column is None and group not in raw.columns:
        faults.append(_no_group(file.name, sheet or "", group, raw.columns))
    return [*faults, *reader.repeated(), *_species_faults(found, file)]


def _species_faults(found: Mapping[str, pd.Series], file: Path) -> list[Fault]:
    """Names nobody knows, each at its first row."""
    if "species" not in found:
        return []
    cells = found["species"].astype("string").fillna("")
    first = {str(name): int(row) for row, name in zip(reversed(cells.index), reversed(list(cells)), strict=True)}
    _, faults = resolve_all(list(first), file=file.name)
    return [replace(f, row=first.get(f.value)) for f in faults if f.value in first and f.value]
