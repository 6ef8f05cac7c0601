"""``tanhui trees``: any tree table in, biomass and carbon with intervals out, by group and in total.

Rows are read in blocks and kept as plain numbers; draws are made group by group. So a table of a million trees needs
the memory of its numbers and no more. Trees that are dead, cut or lost are left out and counted in a flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.parameters import worst
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.species import resolve_all
from tanhui.kernel.table_headers import match_headers
from tanhui.kernel.tables import TableSpec, iter_table, note_texts, read_raw, table_spec
from tanhui.kernel.wording import Lang, say
from tanhui.projects.tree_draws import Saver
from tanhui.sinks.forest.model import Equation, TreeMatch

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.mrv.uncertainty.model import Trees

__all__ = ["TreeTable", "read_trees", "tree_biomass"]

#: Where no region is named. Its library serves every species of the species table.
DEFAULT_REGION = "cn"
#: For a table without species that has heights and densities; says so in a flag.
DEFAULT_EQUATION = "chave2014"
ROWS_PER_BLOCK = 100_000
LEVEL = 0.95
#: Up to this many trees, a row that counts several is drawn tree by tree; beyond, or for a broken count, as one.
TREES_EXPANDED = 3_000_000
NUMBERS = ("dbh_cm", "height_m", "height_sd_m", "wood_density_g_cm3", "wood_density_sd_g_cm3", "count")
#: A file larger than this is not read again to look for further faults once it is refused. [bytes]
SECOND_LOOK_BYTES = 200 * 1024**2


@dataclass(slots=True)
class TreeTable:
    """A tree table as numbers: one entry per row of a living tree; NaN where a cell is empty.

    ``row`` is the row in the file; ``species`` and ``group`` index ``species_names`` and ``group_names``.
    """

    file: str
    numbers: dict[str, NDArray[np.float64]]
    row: NDArray[np.intp]
    species: NDArray[np.intp] | None
    species_names: list[str]
    group: NDArray[np.intp] | None
    group_names: list[str]
    left_out: int = 0
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.row)


def tree_biomass(
    file: Path,
    *,
    group: str | None = None,
    draws: int = 1000,
    seed: int = 1,
    equation: str | None = None,
    region: str | None = None,
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    sheet: str | None = None,
    save_draws: Path | None = None,
    progress: Progress | None = None,
    lang: Lang = "en",
) -> dict[str, Any]:
    """Biomass and carbon of a tree table with intervals.

    Parameters
    ----------
    file : Path
        CSV (also .gz), xlsx or Parquet with ``dbh_cm`` and, where there, ``species``, ``height_m``, ``height_sd_m``,
        ``wood_density_g_cm3``, ``wood_density_sd_g_cm3``, ``count``, ``status``, ``tree_id``.
    group : str, optional
        Column whose values are the groups, by our name or the file's.
    draws, seed : int
        Number of draws and the seed that names them.
    equation : str, optional
        One equation id for all trees; otherwise each species gets its own by ``region``.
    rename, units, sheet
        As for :func:`tanhui.kernel.tables.read_table`.
    save_draws : Path, optional
        ``.parquet`` or ``.npz``: every draw of every group and of the total.

    Returns
    -------
    dict
        ``groups`` and ``total``, each with ``n``, ``agb_t``, ``bgb_t``, ``carbon_t``, these with ``mean``, ``sd`` and
        ``ci95`` [t d.m., t d.m., t C]; the total also ``expected_t`` (the same mean without drawing) and
        ``variance_shares``; then ``equations``, ``parameters``, ``status``, ``indicative``, ``flags``, ``n``.

    Raises
    ------
    RefusedInput
        With every fault of the table.
    """
    from tanhui.mrv.uncertainty.analytic import analytic
    from tanhui.mrv.uncertainty.batches import QUANTITIES, draw_groups
    from tanhui.mrv.uncertainty.parameters import default_error_model

    report = progress or silent
    saver = Saver.to(save_draws) if save_draws else None
    table = read_trees(file, group=group, rename=rename, units=units, sheet=sheet, progress=report, lang=lang)
    match = _matched(table, equation, region, lang)
    flags = _flags(table, match, lang)
    model = default_error_model()
    trees = _as_trees(table, match)
    if saver:
        saver.start(table.group_names if table.group is not None else ["total"], draws)
    found = draw_groups(
        trees, model, draws=draws, seed=seed, level=LEVEL, progress=report, keep=saver.add if saver else None
    )
    if saver:
        saver.finish(found.total)
    exact = analytic(trees, model)
    status = worst([*(leaf.status for leaf in model.leaves), *(e.status for e in match.equations)])
    return {
        "method": "monte-carlo, tree to total",
        "file": table.file,
        "sha256": file_digest(file),
        "seed": seed,
        "draws": draws,
        "n": len(table),
        "groups": _groups(table, found.groups) if table.group is not None else {},
        "total": _total(len(table), found.total, {q: getattr(exact, q) for q in QUANTITIES}),
        "equations": [_equation(e, match, k) for k, e in enumerate(match.equations)],
        "parameters": [leaf.to_dict() for leaf in model.leaves],
        "status": status.word,
        "indicative": bool(status) or any(e.sigma is None for e in match.equations) or bool(match.out_of_range.any()),
        "flags": flags,
    }


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
    """Read a tree table and refuse it whole with everything that is wrong in it."""
    spec = _spec()
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
        self.group_column = (spec.find(group) or group) if group else None
        self.rows = self.left_out = 0
        self.parts: dict[str, list[NDArray[Any]]] = {}
        self.codes: dict[str, dict[str, int]] = {"species": {}, "group": {}, "tree_id": {}}
        self.first_row: dict[str, int] = {}
        self.found: list[Fault] = []
        self.notes: list[str] = []
        self.frame_notes: pd.DataFrame | None = None

    def add(self, block: pd.DataFrame) -> None:
        """Take in one block."""
        self.rows += len(block)
        self.frame_notes = block.iloc[:0]
        self.frame_notes.attrs = block.attrs
        self._group_must_exist(block)
        if "tree_id" in block:
            self._repeated(block)
        if "status" in block:
            alive = block["status"].isin(["live", ""]).to_numpy(dtype=bool)
            self.left_out += int((~alive).sum())
            block = block.loc[alive]
        for name in NUMBERS:
            if name in block:
                self._keep(name, block[name].to_numpy(dtype=float, na_value=np.nan))
        self._keep("row", block.index.to_numpy(dtype=np.intp))
        if "species" in block:
            for name, row in zip(block["species"], block.index, strict=True):
                self.first_row.setdefault(str(name), int(row))
            self._keep("species", self._coded("species", block["species"]))
        if self.group_column:
            labels = block[self.group_column].astype("string").fillna("")
            empty = labels.index[(labels == "").to_numpy()]
            column = self.wanted_group or ""
            self.found += [Fault("trees.empty_group", self.file, self.sheet, int(r), column) for r in empty[:50]]
            self._keep("group", self._coded("group", labels))

    def _keep(self, name: str, values: NDArray[Any]) -> None:
        self.parts.setdefault(name, []).append(values)

    def _coded(self, kind: str, labels: pd.Series) -> NDArray[np.intp]:
        known = self.codes[kind]
        return np.array([known.setdefault(str(label), len(known)) for label in labels], np.intp)

    def _group_must_exist(self, block: pd.DataFrame) -> None:
        if self.group_column and self.group_column not in block:
            raise InputError("trees.no_group", group=self.wanted_group, known=", ".join(map(str, block.columns)))

    def _repeated(self, block: pd.DataFrame) -> None:
        """The same number twice, on the same plot and in the same group where the table has those."""
        within = [c for c in dict.fromkeys((self.group_column, "plot_id")) if c and c in block]
        keys = block["tree_id"].astype("string")
        for column in within:
            keys = block[column].astype("string") + "\x1f" + keys
        seen = self.codes["tree_id"]
        for key, tree, row in zip(keys, block["tree_id"], block.index, strict=True):
            if str(tree) == "":
                continue
            if seen.setdefault(str(key), int(row)) != int(row) and len(self.found) < 50:
                self.found.append(Fault("trees.duplicate_id", self.file, self.sheet, int(row), "tree_id", str(tree)))

    def column(self, name: str) -> NDArray[Any] | None:
        """A whole column, if the table has it."""
        return np.concatenate(self.parts[name]) if name in self.parts else None

    def faults(self) -> list[Fault]:
        """Everything wrong that the cells alone do not show."""
        return [*self.found, *_unit_faults(self.column("dbh_cm"), self.column("height_m"), self.file, self.sheet)]

    def table(self, lang: Lang) -> TreeTable:
        """The numbers, groups in the order of their names."""
        names = list(self.codes["group"])
        order = np.argsort(np.array(names, dtype=object), kind="stable") if names else np.zeros(0, np.intp)
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
            notes=note_texts(self.frame_notes, lang) if self.frame_notes is not None else [],
        )


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
    if (median := float(np.nanmedian(dbh))) > limit:
        facts = {"median": f"{median:g}", "limit": f"{limit:g}"}
        faults.append(Fault("trees.dbh_in_mm", file, sheet, None, "dbh_cm", facts=facts))
    if height is not None and len(height) == len(dbh) and (known := np.isfinite(height) & (dbh > 0)).any():
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
        reader._repeated(pd.DataFrame({c: found[c].astype("string").fillna("") for c in dict.fromkeys(named)}))
    species = [Fault(f.code, f.file, f.sheet, f.row, f.column, f.value, f.facts) for f in _species_faults(found, file)]
    return [*faults, *reader.found, *species]


def _species_faults(found: Mapping[str, pd.Series], file: Path) -> list[Fault]:
    """Names nobody knows, each at its first row."""
    if "species" not in found:
        return []
    cells = found["species"].astype("string").fillna("")
    first = {str(name): int(row) for row, name in zip(reversed(cells.index), reversed(list(cells)), strict=True)}
    _, faults = resolve_all(list(first), file=file.name)
    return [replace(f, row=first.get(f.value)) for f in faults if f.value in first and f.value]


def _matched(table: TreeTable, equation: str | None, region: str | None, lang: Lang) -> TreeMatch:
    """The equation of every tree: the one that was named, or the species' own."""
    from tanhui.sinks.forest.equations import equation as by_id
    from tanhui.sinks.forest.equations import out_of_range
    from tanhui.sinks.forest.selection import match_trees

    numbers = table.numbers
    if equation is None and table.species is None:
        if any(not np.isfinite(numbers.get(n, np.nan)).all() for n in ("height_m", "wood_density_g_cm3")):
            raise RefusedInput([Fault("trees.no_name", table.file, column="species")])
        equation = DEFAULT_EQUATION
        table.notes.append(say("flag.trees.default_equation", lang, equation=equation))
    if equation is not None:
        item = by_id(equation)
        if item.quantity not in ("agb", "total"):
            raise InputError("trees.wrong_quantity", id=item.id, found=item.quantity)
        _need_sizes(table, item)
        outside = out_of_range(item, numbers["dbh_cm"], numbers.get("height_m"), numbers.get("wood_density_g_cm3"))
        return TreeMatch((item,), np.zeros(len(table), np.intp), outside)
    names = [table.species_names[k] for k in table.species] if table.species is not None else []
    _, faults = resolve_all(table.species_names, file=table.file)
    if faults:
        first = {name: int(table.row[table.species == k][0]) for k, name in enumerate(table.species_names)}
        raise RefusedInput([replace(f, row=first.get(f.value or "", f.row)) for f in faults])
    match = match_trees(
        names,
        numbers["dbh_cm"],
        region=region or DEFAULT_REGION,
        height_m=numbers.get("height_m"),
        wood_density_g_cm3=numbers.get("wood_density_g_cm3"),
        lang=lang,
    )
    return match


def _need_sizes(table: TreeTable, item: Equation) -> None:
    """Refuse trees without a size that the named equation needs."""
    faults: list[Fault] = []
    for column, needed in (("height_m", item.needs_height), ("wood_density_g_cm3", item.needs_density)):
        if not needed:
            continue
        values = table.numbers.get(column, np.full(len(table), np.nan))
        rows = table.row[~np.isfinite(values)]
        facts = {"equation": item.id, "count": len(rows)}
        if len(rows) == len(table):
            faults.append(Fault("trees.size_missing", table.file, "", None, column, facts=facts))
        else:
            faults += [Fault("trees.size_missing", table.file, "", int(r), column, facts=facts) for r in rows[:50]]
    if faults:
        raise RefusedInput(faults)


def _as_trees(table: TreeTable, match: TreeMatch) -> Trees:
    """One entry per tree: a row that counts several becomes several, each with errors of its own."""
    from tanhui.mrv.uncertainty.model import Sharing, Trees

    numbers = table.numbers
    count = np.nan_to_num(numbers.get("count", np.ones(len(table))), nan=1.0)
    whole = bool((count == np.round(count)).all()) and count.sum() <= TREES_EXPANDED
    rows = np.repeat(np.arange(len(table)), count.astype(np.intp)) if whole else np.arange(len(table))

    def size(name: str, empty: float) -> NDArray[np.float64] | None:
        values = numbers.get(name)
        return None if values is None else np.where(np.isfinite(values), values, empty)[rows]

    return Trees(
        dbh_cm=numbers["dbh_cm"][rows],
        match=TreeMatch(match.equations, match.equation[rows], match.out_of_range[rows], match.reasons),
        height_m=size("height_m", 1.0),
        height_sd_m=size("height_sd_m", 0.0),
        density_g_cm3=size("wood_density_g_cm3", 1.0),
        density_sd_g_cm3=size("wood_density_sd_g_cm3", 0.0),
        weight=None if whole else count,
        group=None if table.group is None else table.group[rows],
        groups=len(table.group_names) if table.group is not None else 1,
        site=Sharing(np.zeros(len(rows), np.intp), (table.file,)),
    )


def _flags(table: TreeTable, match: TreeMatch, lang: Lang) -> list[str]:
    """What a reader must know, one sentence each."""
    flags = [*table.notes, *match.reasons]
    if table.left_out:
        flags.append(say("flag.trees.not_living", lang, count=table.left_out))
    for k, e in enumerate(match.equations):
        outside = int((match.out_of_range & (match.equation == k)).sum())
        if outside and not match.reasons:
            flags.append(say("flag.trees.out_of_range", lang, count=outside, equation=e.id))
        if e.sigma is None and not match.reasons:
            flags.append(say("flag.trees.no_residual", lang, equation=e.id))
        if e.quarantine and not match.reasons:
            flags.append(say("flag.trees.quarantined", lang, equation=e.id, reason=e.quarantine))
        if e.covariance is None:
            flags.append(say("flag.trees.no_covariance", lang, equation=e.id))
        if e.site_sigma is None:
            flags.append(say("flag.trees.no_site_effect", lang, equation=e.id))
    if any(e.needs_height for e in match.equations) and "height_sd_m" not in table.numbers:
        flags.append(say("flag.trees.no_height_sd", lang))
    if any(e.needs_density for e in match.equations) and "wood_density_sd_g_cm3" not in table.numbers:
        flags.append(say("flag.trees.no_density_sd", lang))
    return flags


def _groups(table: TreeTable, summaries: Mapping[str, Any]) -> dict[str, Any]:
    count = np.bincount(table.group, minlength=len(table.group_names))  # type: ignore[arg-type]
    return {
        name: {"n": int(count[k]), **{q: _figures(s, k) for q, s in summaries.items()}}
        for k, name in enumerate(table.group_names)
    }


def _total(n: int, draws: Any, exact: Mapping[str, Any]) -> dict[str, Any]:
    from tanhui.mrv.uncertainty.monte_carlo import summarise
    from tanhui.mrv.uncertainty.totals import shares

    found: dict[str, Any] = {"n": n}
    for quantity, totals in exact.items():
        found[quantity] = {
            **_figures(summarise(getattr(draws, quantity), LEVEL), 0),
            "expected_t": float(totals.value.sum()),
            "variance_shares": shares(totals.variance()),
        }
    return found


def _figures(summary: Any, k: int) -> dict[str, Any]:
    return {
        "mean": float(summary.mean[k]),
        "sd": float(summary.sd[k]),
        "ci95": [float(summary.low[k]), float(summary.high[k])],
    }


def _equation(item: Equation, match: TreeMatch, k: int) -> dict[str, Any]:
    mine = match.equation == k
    return {
        "id": item.id,
        "printed": item.printed,
        "reference": item.reference,
        "status": item.status.word,
        "n": int(mine.sum()),
        "out_of_range": int((match.out_of_range & mine).sum()),
    }
