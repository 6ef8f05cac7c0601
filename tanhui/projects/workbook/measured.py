"""Pages of what was measured: parcels, trees, plots, strata and years, each one formula away from the one before.

The first three rows of a page are its title, what it is for, and its heads. Plots lie in blocks of a stratum at a
monitoring and trees in blocks of a plot, so that a sum is over a block of rows and can be followed with the eye.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from tanhui.kernel.wording import Lang
from tanhui.projects.tree_carbon import POOLS
from tanhui.projects.workbook.formulas import Models
from tanhui.projects.workbook.model import Cell, Page, label, word
from tanhui.projects.workbook.source import Run

__all__ = ["Measured", "measured_pages", "stock_name"]

#: The first row of data below title, explanation and heads.
FIRST = 4
M2_PER_HA = 10_000
MASS, DENSITY, AREA, WHOLE, SPREAD = "#,##0.000", "#,##0.0000", "#,##0.0000", "0", "0.000000"
#: Columns of the sheet of plots with t C/ha of each pool, with the tree carbon before, and with the change.
POOL_COLUMN = {"agc": 7, "bgc": 8, "tree": 9}
BEFORE, CHANGE = 10, 11
#: Columns of the sheet of strata: area, plots, then mean and variance of each pool.
AREA_COLUMN, COUNT_COLUMN = 3, 4
MEAN_COLUMN = {"agc": 5, "bgc": 7, "tree": 9}


@dataclass(frozen=True, slots=True)
class Measured:
    """The pages, and where later pages find what they need."""

    parcels: Page
    trees: Page
    plots: Page
    strata: Page
    years: Page
    #: Name of a figure of the sheet of years -> what the run calls it: quantity, day, whether it is a change.
    figures: dict[str, tuple[str, date | None]]
    #: Cells with the tree carbon of a stratum: name -> (quantity, day, stratum).
    stratum_figures: dict[str, tuple[str, date, str]]


def measured_pages(run: Run, models: Models, lang: Lang) -> Measured:
    """All pages from the parcels to the figures of each year."""
    parcels = parcel_page(run, lang)
    plots = Page("plots", word("sheet.plots", lang), (18, 12, 10, 12, 11, 8, 12, 12, 12, 14, 14))
    trees = tree_page(run, models, plots, lang)
    fill_plots(plots, run, trees, lang)
    strata, blocks = stratum_page(run, parcels, plots, lang)
    years, figures = year_page(run, parcels, strata, blocks, lang)
    stratum_figures = {
        stratum_name(run, day, name): ("tree_t_ha", day, name)
        for day, names in zip(run.days, strata_of(run), strict=True)
        for name in names
    }
    return Measured(parcels, trees, plots, strata, years, figures, stratum_figures)


def heads(lang: Lang, *keys: str) -> list[str]:
    """Heads of columns, from the wording."""
    return [word(f"head.{key}", lang) for key in keys]


def number(value: Any) -> float | None:
    """A cell's number, nothing where there is none."""
    found = float(value)
    return found if math.isfinite(found) else None


def parcel_page(run: Run, lang: Lang) -> Page:
    """Parcels: the smaller of the declared and the measured area is credited."""
    page = Page("parcels", word("sheet.parcels", lang), (14, 14, 20, 20, 20))
    page.heading(word("about.parcels", lang), heads(lang, "parcel", "stratum", "declared", "measured", "credited"))
    frame = run.parcels
    declared = frame["area_declared_ha"] if "area_declared_ha" in frame else frame["area_ha"]
    rows = zip(frame["parcel_id"], frame["stratum"], declared, frame["area_ha"], strict=True)
    for row, (parcel, stratum, said, measured) in enumerate(rows, start=FIRST):
        page.add(
            label(parcel),
            label(stratum),
            Cell(number(said), "input", AREA),
            Cell(number(measured), "input", AREA),
            Cell(f"=MIN(C{row}:D{row})", "formula", AREA),
        )
    return page


def tree_page(run: Run, models: Models, plots: Page, lang: Lang) -> Page:
    """Trees with their equation: biomass, aboveground, belowground and tree carbon of one tree."""
    page = Page("trees", word("sheet.trees", lang), (18, 10, 14, 9, 10, 10, 12, 9, 12, 10, 12, 12, 12, 12), keys=2)
    columns = ("plot", "tree", "species", "status", "dbh", "height", "height_source", "count", "per_ha", "equation")
    page.heading(word("about.trees", lang), heads(lang, *columns, "agb_kg", "agc_kg", "bgc_kg", "tree_kg"))
    frame = run.trees
    area = run.plots["plot_area_m2"].to_numpy(float)
    imputed = word("height.imputed", lang)
    measured = word("height.measured", lang)
    untold = word("equation.value", lang)
    columns_of = ("plot_id", "tree_id", "species", "status", "dbh_cm", "height_m", "height_used_m", "count", "plot")
    table = [frame[name].tolist() for name in (*columns_of, "trees_per_ha", "agc_kg", "bgc_kg", "tree_kg")]
    for at, row in enumerate(zip(*table, strict=True)):
        plot_id, tree_id, species, status, dbh, height, used, count, plot, per_ha, agc, bgc, tree = row
        here = page.next_row
        guessed = height != height and used == used
        live = agc == agc
        carbon = tree_carbon(models, at, here, (agc, bgc, tree), untold) if live else ()
        shown = used if used == used else height
        page.add(
            label(plot_id),
            label(tree_id),
            label(species),
            Cell(word(f"status.{status}", lang), "label"),
            Cell(number(dbh), "input", "0.0"),
            Cell(number(shown), "filled" if guessed else "input", "0.00"),
            Cell((imputed if guessed else measured) if shown == shown else None, "label"),
            Cell(number(count), "input", "0.##"),
            per_hectare(count, per_ha, area[plot], f"H{here}", plots.place(5, FIRST + plot)),
            *carbon,
        )
    return page


def per_hectare(count: float, per_ha: float, area_m2: float, count_cell: str, area_cell: str) -> Cell:
    """Trees per hectare: by the area of the plot where it has one and the tree stands, else as the run has it."""
    if per_ha and count and area_m2 == area_m2 and math.isclose(per_ha, count * M2_PER_HA / area_m2, rel_tol=1e-9):
        return Cell(f"={count_cell}*{M2_PER_HA}/{area_cell}", "formula", MASS)
    return Cell(number(per_ha), "input", MASS)


def tree_carbon(
    models: Models, at: int, row: int, told: Sequence[float], untold: str
) -> tuple[Cell | None, Cell | None, Cell, Cell, Cell]:
    """Equation, biomass and carbon of a tree: by its formula, or the run's values where no formula gives them."""
    if not models.follows[at]:
        agc, bgc, tree = (Cell(number(value), "value", MASS) for value in told)
        return Cell(untold, "label"), None, agc, bgc, tree
    model, group = models.models[models.model[at]], models.groups[models.group[at]]
    biomass = model.formula(f"E{row}", f"F{row}", group.name("wood_density"))
    return (
        Cell(model.label, "label"),
        Cell(f"={biomass}", "formula", MASS),
        Cell(f"=K{row}*{group.name('carbon_fraction')}", "formula", MASS),
        Cell(f"=L{row}*{group.name('root_ratio')}", "formula", MASS),
        Cell(f"=L{row}+M{row}", "formula", MASS),
    )


def fill_plots(page: Page, run: Run, trees: Page, lang: Lang) -> None:
    """Plots: carbon per hectare from the block of their trees, and the change since the visit before."""
    columns = ("plot", "monitoring", "location", "stratum", "plot_area", "trees", *POOLS, "before", "change")
    page.heading(word("about.plots", lang), heads(lang, *columns))
    counts = np.bincount(run.trees["plot"].to_numpy(int), minlength=len(run.plots))
    firsts = FIRST + np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else counts
    for at, plot in enumerate(run.plots.to_dict("records")):
        here, first, last = page.next_row, int(firsts[at]), int(firsts[at] + counts[at] - 1)
        paired = not is_missing(plot["before"])
        earlier = f"=I{FIRST + int(plot['before'])}" if paired and plot["before"] >= 0 else 0
        page.add(
            label(plot["plot_id"]),
            Cell(run.days[plot["monitoring"]], "label", "yyyy-mm-dd"),
            label(plot["location_id"]),
            label(plot["stratum"]),
            Cell(number(plot["plot_area_m2"]), "input", "#,##0.00"),
            Cell(f"=COUNT({trees.span(14, first, last)})" if counts[at] else 0, "formula" if counts[at] else "value"),
            *(per_plot(trees, pool, first, last) for pool in range(len(POOLS))),
            Cell(earlier, "formula" if earlier else "value", DENSITY) if paired else None,
            Cell(f"=I{here}-J{here}", "formula", DENSITY) if paired else None,
        )


def is_missing(value: Any) -> bool:
    """Whether pandas holds this cell for missing."""
    import pandas as pd

    return bool(pd.isna(value))


def per_plot(trees: Page, pool: int, first: int, last: int) -> Cell:
    """Carbon per hectare of a plot: each tree times how many per hectare it stands for. [t C/ha]"""
    if last < first:
        return Cell(0, "value", DENSITY)
    carbon_kg, per_ha = trees.span(12 + pool, first, last), trees.span(9, first, last)
    return Cell(f"=SUMPRODUCT({carbon_kg},{per_ha})/1000", "formula", DENSITY)


def strata_of(run: Run) -> list[list[str]]:
    """The strata with plots at each monitoring."""
    return [
        [name for name in run.strata if ((run.plots["monitoring"] == k) & (run.plots["stratum"] == name)).any()]
        for k in range(len(run.days))
    ]


def stratum_name(run: Run, day: date, stratum: str) -> str:
    """What formulas call the tree carbon per hectare of a stratum, which may be named in any script."""
    return f"{stock_name('tree_t_ha', day)}_s{run.strata.index(stratum) + 1}"


#: Rows of the sheet of strata that belong together: the first and the last.
Block = tuple[int, int]


def stratum_page(run: Run, parcels: Page, plots: Page, lang: Lang) -> tuple[Page, list[Block]]:
    """Strata at each monitoring, then their change; the blocks of rows, the change last."""
    page = Page("strata", word("sheet.strata", lang), (22, 14, 12, 10, 14, 14, 14, 14, 14, 14))
    moments = [f"{kind}_{pool}" for pool in POOLS for kind in ("mean", "variance")]
    page.heading(word("about.strata", lang), heads(lang, "monitoring", "stratum", "area", "plots_n", *moments))
    blocks = []
    for k, names in enumerate(strata_of(run)):
        first = page.next_row
        for name in names:
            rows = block_of(run, k, name)
            called = {"tree": stratum_name(run, run.days[k], name)}
            pools = [c for pool in POOLS for c in moments_of(plots, POOL_COLUMN[pool], rows, called.get(pool, ""))]
            stratum_row(page, parcels, f"{run.days[k]:%Y-%m-%d}", name, plots, POOL_COLUMN["tree"], rows, pools)
        blocks.append((first, page.next_row - 1))
    page.add()
    first = page.next_row
    for name in strata_of(run)[-1]:
        rows = block_of(run, len(run.days) - 1, name)
        change: list[Cell | None] = [None, None, None, None, *moments_of(plots, CHANGE, rows)]
        stratum_row(page, parcels, word("change", lang), name, plots, CHANGE, rows, change)
    return page, [*blocks, (first, page.next_row - 1)]


def stratum_row(
    page: Page, parcels: Page, when: str, name: str, plots: Page, column: int, rows: Block, cells: Iterable[Cell | None]
) -> None:
    """A stratum at a time: its area from the parcels, its plots, and the moments of their values."""
    here, last = page.next_row, len(parcels.rows)
    area = f"=SUMIF({parcels.span(2, FIRST, last)},B{here},{parcels.span(5, FIRST, last)})"
    page.add(
        Cell(when, "label"),
        label(name),
        Cell(area, "formula", AREA),
        Cell(f"=COUNT({plots.span(column, *rows)})", "formula", WHOLE),
        *cells,
    )


def moments_of(plots: Page, column: int, rows: Block, name: str = "") -> tuple[Cell, Cell]:
    """Mean, with the name it is called by, and variance between the plots of a block."""
    span = plots.span(column, *rows)
    return Cell(f"=AVERAGE({span})", "formula", DENSITY, name), Cell(f"=VAR({span})", "formula", SPREAD)


def block_of(run: Run, monitoring: int, stratum: str) -> Block:
    """First and last row on the sheet of plots of a stratum at a monitoring."""
    mine = np.flatnonzero((run.plots["monitoring"] == monitoring) & (run.plots["stratum"] == stratum))
    return FIRST + int(mine[0]), FIRST + int(mine[-1])


def stock_name(quantity: str, day: date) -> str:
    """What formulas call a stock: ``tree_co2e_t_20250820``."""
    return f"{quantity}_{day:%Y%m%d}"


def year_page(
    run: Run, parcels: Page, strata: Page, blocks: Sequence[Block], lang: Lang
) -> tuple[Page, dict[str, tuple[str, date | None]]]:
    """Stocks of the whole project at each monitoring, and the change to the last: value and sampling variance."""
    page = Page("years", word("sheet.years", lang), (24, 13, 40, 12, 18, 20, 16, 10, 12, 26))
    columns = ("quantity", "monitoring", "meaning", "unit", "value", "sampling_variance", "sampling_se", "n", "df")
    page.heading(word("about.years", lang), heads(lang, *columns, "name"))
    area = f"=SUM({parcels.span(5, FIRST, len(parcels.rows))})"
    whole = figure_cells(page, "whole_area_ha", "whole_area_ha", "", "ha", area, None, None, lang)
    page.add(*whole, Cell("whole_area_ha", "label"))
    figures: dict[str, tuple[str, date | None]] = {}
    for day, block in zip(run.days, blocks[:-1], strict=True):
        for pool in POOLS:
            total = stock_name(f"{pool}_t", day)
            value, variance = total_of(strata, block, MEAN_COLUMN[pool])
            count = (f"=SUM({strata.span(COUNT_COLUMN, *block)})", f"=H{page.next_row}-{block[1] - block[0] + 1}")
            rows = [(f"{pool}_t", value, variance, count)]
            per_ha = (f"={total}/whole_area_ha", f"=F{page.next_row}/whole_area_ha^2")
            rows.append((f"{pool}_t_ha", *per_ha, again(page.next_row)))
            if pool == "tree":
                co2 = (f"={total}*co2_per_c", f"=F{page.next_row}*co2_per_c^2")
                rows.append(("tree_co2e_t", *co2, again(page.next_row)))
            for quantity, *cells in rows:
                figures[stock_name(quantity, day)] = (quantity, day)
                add_figure(page, quantity, day, cells, lang)  # type: ignore[arg-type]
    add_change(page, run, strata, blocks[-1], figures, lang)
    return page, figures


def again(row: int) -> tuple[str, str]:
    """Plots and degrees of freedom of a figure that another row has already."""
    return f"=H{row}", f"=I{row}"


def total_of(strata: Page, block: Block, column: int) -> tuple[str, str]:
    """Total over strata and its sampling variance: sum of A mean, sum of A^2 s^2 / n (Cochran 1977, 5.12)."""
    area, count = strata.span(AREA_COLUMN, *block), strata.span(COUNT_COLUMN, *block)
    mean, variance = strata.span(column, *block), strata.span(column + 1, *block)
    return f"=SUMPRODUCT({area},{mean})", f"=SUMPRODUCT({area}^2,{variance}/{count})"


def add_change(
    page: Page, run: Run, strata: Page, block: Block, figures: dict[str, tuple[str, date | None]], lang: Lang
) -> None:
    """The change of tree carbon over the period, as a total and per hectare and year."""
    day = run.days[-1]
    value, variance = total_of(strata, block, MEAN_COLUMN["tree"])
    count = (f"=SUM({strata.span(COUNT_COLUMN, *block)})", f"=H{page.next_row}-{block[1] - block[0] + 1}")
    row = page.next_row
    total = (f"{value}*co2_per_c", f"{variance}*co2_per_c^2", count)
    figures["tree_change_co2e_t"] = ("tree_change_co2e_t", None)
    calls = ("change_variance", "change_df")
    add_figure(page, "tree_change_co2e_t", day, total, lang, name="tree_change_co2e_t", calls=calls)
    per = "(whole_area_ha*co2_per_c*change_days/days_per_year)"
    figures["tree_change_t_ha_yr"] = ("tree_change_t_ha_yr", None)
    yearly = (f"=tree_change_co2e_t/{per}", f"=F{row}/{per}^2", again(row))
    add_figure(page, "tree_change_t_ha_yr", day, yearly, lang, name="tree_change_t_ha_yr")


def add_figure(
    page: Page,
    quantity: str,
    day: date,
    cells: tuple[str, str, tuple[str, str]],
    lang: Lang,
    name: str = "",
    calls: tuple[str, str] = ("", ""),
) -> None:
    """One figure of a monitoring, with its name, and the names of its variance and degrees of freedom."""
    value, variance, (count, df) = cells
    called = name or stock_name(quantity, day)
    units = {"t_ha_yr": "t C/ha/yr", "t_ha": "t C/ha", "co2e_t": "t CO2e", "t": "t C"}
    unit = next(unit for ending, unit in units.items() if quantity.endswith(f"_{ending}"))
    row = figure_cells(page, called, quantity, f"{day:%Y-%m-%d}", unit, value, variance, (count, df), lang, calls)
    page.add(*row, Cell(called, "label"))


def figure_cells(
    page: Page,
    name: str,
    quantity: str,
    when: str,
    unit: str,
    value: str,
    variance: str | None,
    sample: tuple[str, str] | None,
    lang: Lang,
    calls: tuple[str, str] = ("", ""),
) -> list[Cell | None]:
    """A row of the sheet of years up to its name."""
    row = page.next_row
    cells: list[Cell | None] = [
        Cell(quantity, "label"),
        Cell(when, "label"),
        Cell(word(f"figure.{quantity}", lang)),
        Cell(unit),
        Cell(value, "formula", "#,##0.0000", name),
    ]
    if variance is None or sample is None:
        return [*cells, None, None, None, None]
    return [
        *cells,
        Cell(variance, "formula", "#,##0.0000", calls[0]),
        Cell(f"=SQRT(F{row})", "formula", "#,##0.0000"),
        Cell(sample[0], "formula", WHOLE),
        Cell(sample[1], "formula", WHOLE, calls[1]),
    ]
