"""``tanhui trees``: any tree table in, biomass and carbon with intervals out, by group and in total.

Draws are made group by group, so the memory is that of the table's numbers. Trees that are dead, cut or lost are left
out and counted in a flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import DomainError, Fault, InputError, RefusedInput
from tanhui.kernel.parameters import worst
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.wording import Lang, say
from tanhui.projects.general_errors import GENERAL, general_errors, unknown_error, with_general_error
from tanhui.projects.tree_draws import Saver
from tanhui.projects.tree_sizes import fill_density, fill_sizes, taxa
from tanhui.projects.tree_table import TreeTable, read_trees
from tanhui.sinks.forest.model import Equation, TreeMatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanhui.mrv.uncertainty.model import Sharing, Trees

__all__ = ["tree_biomass"]

#: Where no region is named. Its library serves every species of the species table.
DEFAULT_REGION = "cn"
#: For a table without species that has heights and densities; says so in a flag.
DEFAULT_EQUATION = "chave2014"
LEVEL = 0.95
#: Up to this many trees, a row that counts several is drawn tree by tree; beyond, or for a broken count, as one.
TREES_EXPANDED = 3_000_000


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
        ``groups`` and ``total``, each with ``n`` (rows), ``trees``, ``agb_t``, ``bgb_t``, ``carbon_t``, these with
        ``mean``, ``sd`` and ``ci95`` [t d.m., t d.m., t C]; the total also ``expected_t`` (the same mean without
        drawing) and ``variance_shares``; then ``equations``, ``parameters``, ``status``, ``indicative``, ``flags``,
        ``n``.

    Raises
    ------
    RefusedInput
        With every fault of the table.
    """
    from tanhui.mrv.uncertainty.batches import draw_groups, expected_total
    from tanhui.mrv.uncertainty.parameters import default_error_model

    report = progress or silent
    saver = Saver.to(save_draws) if save_draws else None
    table = read_trees(file, group=group, rename=rename, units=units, sheet=sheet, progress=report, lang=lang)
    match = with_general_error(_matched(table, equation, region or DEFAULT_REGION, lang))
    flags = _flags(table, match, lang)
    model = default_error_model()
    trees = _as_trees(table, match)
    names = table.group_names if table.group is not None else ["total"]
    with saver.open(names, draws) if saver else nullcontext():
        found = draw_groups(
            trees, model, draws=draws, seed=seed, level=LEVEL, progress=report, keep=saver.add if saver else None
        )
        if saver:
            saver.finish(found.total)
    exact = expected_total(trees, model)
    leaves = (*model.leaves, *(unknown_error(name) for name in general_errors(match) if name == "equation_sd"))
    status = worst([*(leaf.status for leaf in leaves), *(e.status for e in match.equations)])
    return {
        "method": "monte-carlo, tree to total",
        "file": table.file,
        "sha256": file_digest(file),
        "seed": seed,
        "draws": draws,
        "n": len(table),
        "groups": _groups(table, found.groups) if table.group is not None else {},
        "total": _total(table, found.total, exact),
        "equations": [_equation(e, match, k) for k, e in enumerate(match.equations)],
        "parameters": [leaf.to_dict() for leaf in leaves],
        "status": status.word,
        "indicative": bool(status) or any(e.sigma is None for e in match.equations) or bool(match.out_of_range.any()),
        "flags": flags,
    }


def _matched(table: TreeTable, equation: str | None, region: str, lang: Lang) -> TreeMatch:
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
        fill_sizes(table, item, region, lang)
        outside = out_of_range(item, numbers["dbh_cm"], numbers.get("height_m"), numbers.get("wood_density_g_cm3"))
        return TreeMatch((item,), np.zeros(len(table), np.intp), outside)
    assert table.species is not None
    taxa(table)
    names = [table.species_names[k] for k in table.species]

    def match() -> TreeMatch:
        density = numbers.get("wood_density_g_cm3")
        heights = numbers.get("height_m")
        return match_trees(
            names, numbers["dbh_cm"], region=region, height_m=heights, wood_density_g_cm3=density, lang=lang
        )

    try:
        return match()
    except DomainError as nothing:
        if nothing.code != "forest.no_equation":
            raise
        fill_density(table, region, lang)  # an equation by density may serve
        return match()


def _as_trees(table: TreeTable, match: TreeMatch) -> Trees:
    """One entry per tree: a row that counts several becomes several, each with errors of its own."""
    from tanhui.mrv.uncertainty.model import Sharing, Trees

    numbers = table.numbers
    count = _count(table) if "count" in numbers else None
    whole = count is None or bool((count == np.round(count)).all() and count.sum() <= TREES_EXPANDED)
    rows: NDArray[np.intp] | slice = slice(None)
    if count is not None and whole:
        rows = np.repeat(np.arange(len(table)), count.astype(np.intp))

    def size(name: str, empty: float) -> NDArray[np.float64] | None:
        values = numbers.get(name)
        return None if values is None else np.where(np.isfinite(values), values, empty)[rows]

    classes = None
    if table.density_class is not None:
        classes = Sharing(table.density_class[rows], tuple(table.species_names))
    dbh, sites = numbers["dbh_cm"][rows], _sites(table, match)
    return Trees(
        dbh_cm=dbh,
        match=TreeMatch(match.equations, match.equation[rows], match.out_of_range[rows], match.reasons),
        height_m=size("height_m", 1.0),
        height_sd_m=size("height_sd_m", 0.0),
        density_g_cm3=size("wood_density_g_cm3", 1.0),
        density_sd_g_cm3=size("wood_density_sd_g_cm3", 0.0),
        weight=None if whole else count,
        group=None if table.group is None else table.group[rows],
        groups=len(table.group_names) if table.group is not None else 1,
        site=Sharing(sites.index[rows], sites.ids),
        density_class=classes,
    )


def _sites(table: TreeTable, match: TreeMatch) -> Sharing:
    """Which trees share the error of their equation as a whole; numbers and not names, for tables of a million trees.

    A general error belongs to the equation, the scatter between equations (Jenkins) to the species, and a difference
    between places that somebody measured to the place: all trees of the file.
    """
    from tanhui.mrv.uncertainty.model import Sharing

    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return numbers.setdefault(name, len(numbers))

    index = np.empty(len(table), np.intp)
    for k, item in enumerate(match.equations):
        mine = match.equation == k
        if item.note == GENERAL:
            index[mine] = number(item.id)
        elif item.covariance is None and table.species is not None:
            used, place = np.unique(table.species[mine], return_inverse=True)
            index[mine] = np.array([number(table.species_names[code]) for code in used], np.intp)[place]
        else:
            index[mine] = number(table.file)
    names = sorted(numbers)
    rank = {name: at for at, name in enumerate(names)}
    return Sharing(np.array([rank[name] for name in numbers], np.intp)[index], tuple(names))


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
        if e.restriction:
            flags.append(say("flag.trees.restricted", lang, equation=e.id, restriction=e.restriction))
        if e.note == GENERAL:
            sd = f"{unknown_error('equation_sd').number():.0%}"
            flags.append(say("flag.trees.general_error", lang, equation=e.id, sd=sd))
        elif e.covariance is None:
            flags.append(say("flag.trees.no_covariance", lang, equation=e.id))
        if e.site_sigma is None:
            flags.append(say("flag.trees.no_site_effect", lang, equation=e.id))
    if any(e.needs_height for e in match.equations) and "height_sd_m" not in table.numbers:
        flags.append(say("flag.trees.no_height_sd", lang))
    if any(e.needs_density for e in match.equations) and "wood_density_sd_g_cm3" not in table.numbers:
        flags.append(say("flag.trees.no_density_sd", lang))
    return flags


def _groups(table: TreeTable, summaries: Mapping[str, Any]) -> dict[str, Any]:
    rows = np.bincount(table.group, minlength=len(table.group_names))  # type: ignore[arg-type]
    trees = np.bincount(table.group, _count(table), minlength=len(table.group_names))  # type: ignore[arg-type]
    return {
        name: {"n": int(rows[k]), "trees": _whole(trees[k]), **{q: _figures(s, k) for q, s in summaries.items()}}
        for k, name in enumerate(table.group_names)
    }


def _count(table: TreeTable) -> NDArray[np.float64]:
    """How many trees each row stands for."""
    count = table.numbers.get("count")
    return np.ones(len(table)) if count is None else np.nan_to_num(count, nan=1.0)


def _whole(count: float) -> int | float:
    """A number of trees: whole where it is."""
    return int(count) if float(count).is_integer() else float(count)


def _total(table: TreeTable, draws: Any, exact: Mapping[str, Any]) -> dict[str, Any]:
    from tanhui.mrv.uncertainty.monte_carlo import summarise
    from tanhui.mrv.uncertainty.totals import shares

    found: dict[str, Any] = {"n": len(table), "trees": _whole(_count(table).sum())}
    for quantity, expected in exact.items():
        found[quantity] = {
            **_figures(summarise(getattr(draws, quantity), LEVEL), 0),
            "expected_t": expected.value,
            "variance_shares": shares(expected.variance),
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
