"""From monitored plots to stocks and change: trees to carbon, plots to strata, each figure with its one interval.

Totals are of the project's credited area. A stratum that was not planted yet has no plots and holds nothing; so the
first change of a project is the one from planting, when all strata held nothing, to its first monitoring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.nouns import Estimate
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.sampling import Layout, SampleEstimate, paired_change, stratified
from tanhui.mrv.uncertainty.combine import Combined
from tanhui.mrv.uncertainty.totals import Totals
from tanhui.projects.model import Afforestation
from tanhui.projects.plot_trees import note, tree_carbon
from tanhui.projects.site import Site
from tanhui.projects.tree_carbon import POOLS, Pool, TreeCarbon, on_top, on_top_of_change, pool_totals, together

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Change", "Measured", "Stock", "measure"]


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Tree carbon at one monitoring, as carbon dioxide: the whole project's with its interval. [t CO2e]"""

    day: date
    both: Combined
    sample: SampleEstimate


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Change of tree carbon from one monitoring, or from planting, to the next. [t CO2e]"""

    period: Period
    both: Combined
    sample: SampleEstimate


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Everything the plots say: estimates, stocks, change, the trees behind them, and what a reader must know."""

    estimates: tuple[Estimate, ...]
    stocks: tuple[Stock, ...]
    change: Change
    trees: TreeCarbon
    notes: tuple[Mapping[str, str], ...]


def measure(project: Afforestation, folder: Path, site: Site) -> Measured:
    """Estimate stocks of every monitoring, and the change to the last one from the one before it or from planting."""
    trees, notes = tree_carbon(project, folder, site)
    estimates: list[Estimate] = []
    stocks = []
    for survey, visit in zip(site.surveys, project.monitoring, strict=True):
        rows = PlotRows.of(site, survey.inventory.plots, visit.date)
        found, stock = stocks_of(rows, site, trees, visit.date)
        estimates += found
        stocks.append(stock)
    change, more = change_of(project, site, trees)
    notes += [*sapling_notes(site, trees), *unpaired_notes(site)]
    return Measured((*estimates, *more), tuple(stocks), change, trees, tuple(notes))


@dataclass(frozen=True, slots=True, eq=False)
class PlotRows:
    """Plots of one monitoring by stratum; a plot whose ``plot_id`` is empty was not planted yet and holds nothing."""

    plot_id: NDArray[np.object_]
    layout: Layout

    @classmethod
    def of(cls, site: Site, plots: pd.DataFrame, day: date) -> PlotRows:
        """The plots of a survey, laid out on the areas of the strata that were planted by then."""
        layout = Layout.of(plots["stratum"].to_numpy(object), site.planted_ha(day))
        return cls(plots["plot_id"].to_numpy(object), layout)

    @property
    def hectares(self) -> NDArray[np.float64]:
        """Hectares of the project that each plot stands for."""
        return (self.layout.area_ha / self.layout.counts)[self.layout.stratum]

    def tree_rows(
        self, site: Site, trees: TreeCarbon
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Which of ``trees`` stand on these plots, on which, and how many per hectare each is."""
        assert site.inventory is not None
        table = site.inventory.trees.iloc[trees.rows]
        place = {plot: number for number, plot in enumerate(self.plot_id) if plot}
        plot = np.array([place.get(name, -1) for name in table["plot_id"]], np.intp)
        position = np.flatnonzero(plot >= 0)
        return position, plot[position], table["trees_per_ha"].to_numpy(float)[position]

    def values(self, site: Site, trees: TreeCarbon, pool: Pool) -> NDArray[np.float64]:
        """Carbon of each plot. [t C/ha]"""
        position, plot, per_ha = self.tree_rows(site, trees)
        carbon_t = trees.biomass_kg()[position] * trees.factor(pool)[position] / 1000
        values: NDArray[np.float64] = np.bincount(plot, carbon_t * per_ha, minlength=len(self.plot_id)).astype(float)
        return values

    def totals(self, site: Site, trees: TreeCarbon, pool: Pool) -> Totals:
        """Totals of a pool by stratum, each tree standing for those of its plot's share of the stratum. [t C]"""
        position, plot, per_ha = self.tree_rows(site, trees)
        stratum, strata = self.layout.stratum[plot], len(self.layout.labels)
        return pool_totals(trees, pool, position, per_ha * self.hectares[plot], stratum, strata)


def stocks_of(rows: PlotRows, site: Site, trees: TreeCarbon, day: date) -> tuple[list[Estimate], Stock]:
    """Stock of every pool of the project and of tree carbon in every stratum."""
    found: list[Estimate] = []
    whole_ha, planted_ha = math.fsum(site.area_ha.values()), rows.layout.total_area_ha
    valid = Period.inclusive(day, day)
    stock = None
    for pool in POOLS:
        sample = stratified(rows.values(site, trees, pool), rows.layout).scaled(planted_ha)
        totals = rows.totals(site, trees, pool)
        both = together(sample, on_top(totals, np.ones(totals.groups)))
        found += [
            as_estimate(f"{pool}_t_ha", "t C/ha", both, 1 / whole_ha, sample.n, day.year, valid),
            as_estimate(f"{pool}_t", "t C", both, 1.0, sample.n, day.year, valid),
        ]
        if pool == "tree":
            found.append(as_estimate("tree_co2e_t", "t CO2e", both, CO2_PER_C, sample.n, day.year, valid))
            stock = Stock(day, scaled(both, CO2_PER_C), sample.scaled(CO2_PER_C))
            found += stratum_estimates(rows, sample, totals, day.year, valid)
    assert stock is not None
    return found, stock


def stratum_estimates(
    rows: PlotRows, sample: SampleEstimate, totals: Totals, year: int, valid: Period
) -> list[Estimate]:
    """Tree carbon per hectare of each stratum."""
    found = []
    for number, part in enumerate(sample.parts):
        mean = SampleEstimate(float(part.mean), float(part.variance) / part.n, max(part.n - 1, 1), part.n)
        only = np.arange(totals.groups) == number
        both = together(mean, on_top(totals, only.astype(float), float(rows.layout.area_ha[number])))
        found.append(as_estimate("tree_t_ha", "t C/ha", both, 1.0, part.n, year, valid, domain=part.label))
    return found


def change_of(project: Afforestation, site: Site, trees: TreeCarbon) -> tuple[Change, list[Estimate]]:
    """Change of tree carbon to the last monitoring, on the plots that were found at both ends of the period.

    Where nothing was planted at its beginning, every plot held nothing then: the whole project before its first
    monitoring, a stratum before it was planted.
    """
    pairs = site.pairs()
    last = project.monitoring[-1].date
    start = project.monitoring[-2].date if len(project.monitoring) > 1 else project.dates.started
    period = Period(start, last)
    second = PlotRows.of(site, pairs, last)
    first = replace(second, plot_id=pairs["plot_id_before"].to_numpy(object))
    planted_ha, whole_ha = second.layout.total_area_ha, math.fsum(site.area_ha.values())
    sample = paired_change(first.values(site, trees, "tree"), second.values(site, trees, "tree"), second.layout)
    whole = SampleEstimate(sample.value, sample.variance, sample.df, sample.n).scaled(planted_ha * CO2_PER_C)
    model = on_top_of_change(second.totals(site, trees, "tree"), first.totals(site, trees, "tree"), 1 / CO2_PER_C)
    both = together(whole, model, shape="symmetric")
    per_ha_year = 1 / (whole_ha * CO2_PER_C * period.years)
    found = [
        as_estimate("tree_change_co2e_t", "t CO2e", both, 1.0, whole.n, last.year, period),
        as_estimate("tree_change_t_ha_yr", "t C/ha/yr", both, per_ha_year, whole.n, last.year, period),
    ]
    return Change(period, both, whole), found


def sapling_notes(site: Site, trees: TreeCarbon) -> list[Mapping[str, str]]:
    """That saplings without a diameter count nothing, and how much of a change may be trees that outgrew that.

    A sapling that was not counted at the first date and is a tallied tree at the second adds its whole carbon to the
    change. What it held at the first date is no more than the smallest tallied tree of its species.
    """
    assert site.inventory is not None
    table = site.inventory.trees
    small = table["status"].eq("live") & table["dbh_cm"].isna()
    if not small.any():
        return []
    notes = [note("saplings", count=int(small.sum()))]
    species = table["species"].to_numpy(object)[trees.rows]
    carbon_kg = trees.biomass_kg() * trees.factor("tree")
    least = {name: float(carbon_kg[species == name].min()) for name in set(species)}
    pairs = site.pairs()
    rows = PlotRows.of(site, pairs, site.days[-1])
    hectares = dict(zip(pairs["plot_id_before"], rows.hectares, strict=True))
    earlier = table[small & table["plot_id"].isin(hectares)]
    most_t = math.fsum(
        per_ha * hectares[plot] * least.get(name, 0.0) / 1000 * CO2_PER_C
        for plot, name, per_ha in zip(earlier["plot_id"], earlier["species"], earlier["trees_per_ha"], strict=True)
    )
    if most_t:
        notes.append(note("outgrown", co2e_t=f"{most_t:.0f}"))
    return notes


def unpaired_notes(site: Site) -> list[Mapping[str, str]]:
    """Which plots are in a stock but not in the change."""
    alone = site.unpaired()
    if not alone:
        return []
    shown = ", ".join(alone[:8]) + (" …" if len(alone) > 8 else "")
    return [note("unpaired", count=len(alone), names=shown)]


def scaled(both: Combined, factor: float) -> Combined:
    """The same figure in another unit."""
    low90, high90 = both.ci90
    low95, high95 = both.ci95
    return replace(
        both,
        value=both.value * factor,
        se=both.se * factor,
        ci90=(low90 * factor, high90 * factor),
        ci95=(low95 * factor, high95 * factor),
        variance={source: variance * factor**2 for source, variance in both.variance.items()},
    )


def as_estimate(
    quantity: str,
    unit: str,
    both: Combined,
    factor: float,
    n: int,
    year: int,
    valid: Period,
    *,
    domain: str = "project",
) -> Estimate:
    """A combined figure as the river carries it, times a factor into the unit wanted."""
    one = scaled(both, factor)
    return Estimate(
        quantity=quantity,
        unit=unit,
        year=year,
        valid=valid,
        domain=domain,
        value=one.value,
        se=one.se,
        ci90=one.ci90,
        variance_shares=one.variance_shares,
        n=n,
    )
