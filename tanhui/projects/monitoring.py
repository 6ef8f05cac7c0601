"""From monitored plots to stocks and change: trees to carbon, plots to strata, each figure with its one interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.nouns import Estimate
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.species import Species, resolve_all
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.sampling import Layout, SampleEstimate, paired_change, stratified
from tanhui.mrv.uncertainty.combine import Combined, combine
from tanhui.projects.choices import choice
from tanhui.projects.model import Afforestation, TreeModel
from tanhui.projects.site import Site
from tanhui.projects.tree_carbon import (
    GENERAL,
    ClassValue,
    Pool,
    TreeCarbon,
    Variances,
    unknown_error,
    with_general_error,
)
from tanhui.sinks.forest.height import compare_height_models, impute_heights
from tanhui.sinks.forest.model import Equation, TreeMatch
from tanhui.sinks.forest.selection import match_trees
from tanhui.sinks.forest.user import load_user_equations
from tanhui.sinks.forest.volume import BefParameters, bef_parameters

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Change", "Measured", "Stock", "bef_leaves", "measure"]

#: Pools that are estimated, and the quantity of each per hectare and in total.
QUANTITIES: dict[Pool, str] = {"agc": "agc", "bgc": "bgc", "tree": "tree"}


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Tree carbon at one monitoring, as carbon dioxide: the whole project's with its interval. [t CO2e]"""

    day: date
    both: Combined
    sample: SampleEstimate


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Change of tree carbon between two monitorings on the plots visited at both. [t CO2e]"""

    period: Period
    both: Combined
    sample: SampleEstimate
    model_variance: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Everything the plots say: estimates, stocks, change, the trees behind them, and what a reader must know."""

    estimates: tuple[Estimate, ...]
    stocks: tuple[Stock, ...]
    change: Change | None
    trees: TreeCarbon
    notes: tuple[Mapping[str, str], ...]


def measure(project: Afforestation, folder: Path, site: Site) -> Measured:
    """Estimate stocks of every monitoring and the change between the last two."""
    assert site.inventory is not None
    trees, notes = tree_carbon(project, folder, site)
    estimates: list[Estimate] = []
    stocks = []
    for survey, visit in zip(site.surveys, project.monitoring, strict=True):
        rows = PlotRows.of(site, survey.inventory.plots)
        found, stock = stocks_of(rows, site, trees, visit.date)
        estimates += found
        stocks.append(stock)
    change = None
    if len(site.surveys) > 1:
        change, more = change_of(project, site, trees)
        estimates += more
    return Measured(tuple(estimates), tuple(stocks), change, trees, notes)


@dataclass(frozen=True, slots=True, eq=False)
class PlotRows:
    """Plots of one monitoring in the order of their strata, and where their trees stand in the inventory."""

    plot_id: NDArray[np.object_]
    location_id: NDArray[np.object_]
    layout: Layout

    @classmethod
    def of(cls, site: Site, plots: pd.DataFrame) -> PlotRows:
        """The plots of a survey, laid out on the strata's areas."""
        layout = Layout.of(plots["stratum"].to_numpy(object), site.area_ha)
        return cls(plots["plot_id"].to_numpy(object), plots["location_id"].to_numpy(object), layout)

    @property
    def expansion(self) -> NDArray[np.float64]:
        """Hectares of the project that each plot stands for."""
        return (self.layout.area_ha / self.layout.counts)[self.layout.stratum]

    def variances(self, site: Site, trees: TreeCarbon, pool: Pool) -> Variances:
        """Totals of a pool by plot. [t C/ha]"""
        position, group, per_ha = self.tree_rows(site, trees)
        return Variances.of(trees, pool, position, per_ha, group, len(self.plot_id))

    def values(self, site: Site, trees: TreeCarbon, pool: Pool) -> NDArray[np.float64]:
        """Carbon of each plot. [t C/ha]"""
        position, group, per_ha = self.tree_rows(site, trees)
        carbon_t = trees.biomass_kg()[position] * trees.factor(pool)[position] / 1000
        values: NDArray[np.float64] = np.bincount(group, carbon_t * per_ha, minlength=len(self.plot_id)).astype(float)
        return values

    def tree_rows(
        self, site: Site, trees: TreeCarbon
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Which of ``trees`` stand on these plots, on which, and how many per hectare each is."""
        assert site.inventory is not None
        table = site.inventory.trees.iloc[trees.rows]
        place = {plot: number for number, plot in enumerate(self.plot_id)}
        group = np.array([place.get(plot, -1) for plot in table["plot_id"]], np.intp)
        position = np.flatnonzero(group >= 0)
        return position, group[position], table["trees_per_ha"].to_numpy(float)[position]


def stocks_of(rows: PlotRows, site: Site, trees: TreeCarbon, day: date) -> tuple[list[Estimate], Stock]:
    """Stock of every pool of the project and of tree carbon in every stratum."""
    found: list[Estimate] = []
    area = rows.layout.total_area_ha
    valid = Period.inclusive(day, day)
    stock = None
    for pool, name in QUANTITIES.items():
        sample = stratified(rows.values(site, trees, pool), rows.layout).scaled(area)
        totals = rows.variances(site, trees, pool)
        both = together(sample, totals.on_top(rows.expansion))
        found += [
            as_estimate(f"{name}_t_ha", "t C/ha", both, 1 / area, sample.n, day.year, valid),
            as_estimate(f"{name}_t", "t C", both, 1.0, sample.n, day.year, valid),
        ]
        if pool == "tree":
            found.append(as_estimate("tree_co2e_t", "t CO2e", both, CO2_PER_C, sample.n, day.year, valid))
            stock = Stock(day, scaled(both, CO2_PER_C), sample.scaled(CO2_PER_C))
            found += stratum_estimates(rows, sample, totals, day.year, valid)
    assert stock is not None
    return found, stock


def stratum_estimates(
    rows: PlotRows, sample: SampleEstimate, totals: Variances, year: int, valid: Period
) -> list[Estimate]:
    """Tree carbon per hectare of each stratum."""
    found = []
    for number, part in enumerate(sample.parts):
        inside = rows.layout.stratum == number
        mean = SampleEstimate(float(part.mean), float(part.variance) / part.n, max(part.n - 1, 1), part.n)
        area = float(rows.layout.area_ha[number])
        both = together(mean, totals.on_top(rows.expansion * inside, area))
        found.append(as_estimate("tree_t_ha", "t C/ha", both, 1.0, part.n, year, valid, domain=part.label))
    return found


def change_of(project: Afforestation, site: Site, trees: TreeCarbon) -> tuple[Change, list[Estimate]]:
    """Change of tree carbon on the plots of the last two monitorings that were found at both."""
    before, after = site.surveys[-2].inventory.plots, site.surveys[-1].inventory.plots
    shared = [place for place in before["location_id"] if place in set(after["location_id"])]
    first = PlotRows.of(site, before.set_index("location_id").loc[shared].reset_index())
    second = PlotRows.of(site, after.set_index("location_id").loc[shared].reset_index())
    area = second.layout.total_area_ha
    visits = project.monitoring[-2:]
    period = Period(visits[0].date, visits[1].date)
    sample = paired_change(first.values(site, trees, "tree"), second.values(site, trees, "tree"), second.layout)
    whole = SampleEstimate(sample.value, sample.variance, sample.df, sample.n).scaled(area * CO2_PER_C)
    model = second.variances(site, trees, "tree").on_top_of_change(
        first.variances(site, trees, "tree"), second.expansion * CO2_PER_C
    )
    both = together(whole, model, shape="symmetric")
    year = visits[1].date.year
    found = [
        as_estimate("tree_change_co2e_t", "t CO2e", both, 1.0, whole.n, year, period),
        as_estimate(
            "tree_change_t_ha_yr", "t C/ha/yr", both, 1 / (area * CO2_PER_C * period.years), whole.n, year, period
        ),
    ]
    return Change(period, both, whole, math.fsum(model.values())), found


def together(sample: SampleEstimate, model: dict[str, float], *, shape: str = "auto") -> Combined:
    """Sampling and model variance in one interval; an error shared by a species is the equation's own."""
    model = dict(model)
    model["allometry"] = model.get("allometry", 0.0) + model.pop("site", 0.0)
    return combine(float(sample.value), float(sample.variance), model, df=max(sample.df, 1), shape=shape)  # type: ignore[arg-type]


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


# --- trees -----------------------------------------------------------------------------------------------------------


def tree_carbon(project: Afforestation, folder: Path, site: Site) -> tuple[TreeCarbon, tuple[Mapping[str, str], ...]]:
    """Every live tree with a diameter, matched to its equation, its height measured or imputed."""
    assert site.inventory is not None
    table = site.inventory.trees
    rows = np.flatnonzero((table["status"].eq("live") & table["dbh_cm"].notna()).to_numpy(bool))
    left_out = int(table["status"].eq("live").sum()) - len(rows)
    names = table["species"].to_numpy(object)[rows]
    taxa = taxa_of(names)
    dbh = table["dbh_cm"].to_numpy(float)[rows]
    visits = table["plot_id"].to_numpy(object)[rows]
    height, height_sd, notes = heights(site, names, visits, dbh, table["height_m"].to_numpy(float)[rows])
    groups = {name: bef_parameters(taxon) for name, taxon in taxa.items()}
    match = matched(project.trees, folder, names, taxa, dbh, height, groups)
    species = np.array([taxa[name].id for name in names], object)
    order = sorted({bef.group for bef in groups.values()})
    by_group = {bef.group: bef for bef in groups.values()}
    group = np.array([order.index(groups[name].group) for name in names], np.intp)
    if left_out:
        notes.append(
            {
                "zh": f"{left_out} 行活立木没有胸径（幼树按地径记录）：没有适用方程，保守地不计碳。",
                "en": f"{left_out} rows of live trees have no diameter at breast height (saplings by ground "
                "diameter): no equation serves them, so they conservatively count no carbon.",
            }
        )
    return (
        TreeCarbon(
            rows=rows,
            match=match,
            dbh_cm=dbh,
            height_m=height,
            height_sd_m=height_sd,
            density_g_cm3=np.array([groups[name].wood_density_t_m3 for name in names]),
            density_sd_g_cm3=np.zeros(len(rows)),
            root_ratio=np.array([groups[name].root_ratio for name in names]),
            root_class=group,
            root_classes=tuple(root_class(by_group[name]) for name in order),
            carbon_class=group,
            carbon_classes=tuple(carbon_class(by_group[name]) for name in order),
            species=species,
        ),
        tuple(notes),
    )


def taxa_of(names: NDArray[np.object_]) -> dict[str, Species]:
    """The taxon behind each name; readers have refused unknown ones already."""
    distinct = sorted(set(names))
    found, faults = resolve_all(distinct)
    if faults:
        raise RefusedInput(faults)
    return {name: taxon for name, taxon in zip(distinct, found, strict=True) if taxon is not None}


def heights(
    site: Site,
    names: NDArray[np.object_],
    visits: NDArray[np.object_],
    dbh: NDArray[np.float64],
    height: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[Mapping[str, str]]]:
    """Heights of all trees: measured ones as they are, others by a curve per species and monitoring, with its error."""
    filled, sd = height.copy(), np.zeros(len(height))
    notes: list[Mapping[str, str]] = []
    for survey in site.surveys:
        here = np.isin(visits, survey.inventory.plots["plot_id"].to_numpy(object))
        for name in sorted(set(names[here])):
            mine = here & (names == name)
            if not np.isnan(height[mine]).any():
                continue
            pairs = survey.heights[survey.heights["species"] == name]
            if len(pairs) < choice("height_pairs_min", date.max).number():
                facts = {"species": name, "pairs": len(pairs)}
                raise RefusedInput([Fault("project.too_few_heights", survey.file, value=str(name), facts=facts)])
            model = compare_height_models(pairs["dbh_cm"], pairs["height_m"]).best
            guess = impute_heights(dbh[mine], height[mine], model)
            filled[mine] = guess.height_m
            sd[mine] = np.where(guess.imputed, guess.sd_m, 0.0)
            count = int(guess.imputed.sum())
            notes.append(
                {
                    "zh": f"{survey.file}：{name} {count} 行没有实测树高，由 {len(pairs)} 株样木的 "
                    f"{model.form} 曲线补出（残差标准差 {model.rse_m:.2f} m）。",
                    "en": f"{survey.file}: heights of {count} rows of {name} come from a {model.form} curve of "
                    f"{len(pairs)} measured trees (residual sd {model.rse_m:.2f} m).",
                }
            )
    return filled, sd, notes


def matched(
    said: TreeModel,
    folder: Path,
    names: NDArray[np.object_],
    taxa: Mapping[str, Species],
    dbh: NDArray[np.float64],
    height: NDArray[np.float64],
    groups: Mapping[str, BefParameters],
) -> TreeMatch:
    """The aboveground equation of each tree: a biomass equation, or a volume table times density and expansion."""
    from tanhui.sinks.forest.equations import equations

    library = dict(equations())
    if said.own_equations:
        library |= load_user_equations(folder / said.own_equations)
    quantity = "agb" if said.route == "equation" else "stem_volume"
    density = np.array([groups[name].wood_density_t_m3 for name in names])
    match = match_trees(
        list(names),
        dbh,
        region=said.region,
        height_m=height,
        wood_density_g_cm3=density,
        quantity=quantity,
        overrides=said.equations or None,
        library=library,
    )
    if said.route == "equation":
        return with_general_error(match)
    by_species = {taxa[name].id: groups[name] for name in taxa}
    return expanded(match, np.array([taxa[name].id for name in names], object), by_species)


def expanded(match: TreeMatch, species: NDArray[np.object_], groups: Mapping[str, BefParameters]) -> TreeMatch:
    """Volume tables as biomass equations of each species: V times basic density times BEF, with a general error.

    Neither the tables nor the factors print an error, so both steps carry the general one.
    """
    sd = math.hypot(unknown_error("equation_sd").number(), unknown_error("expansion_sd").number())
    made: list[Equation] = []
    index = np.empty(len(species), np.intp)
    for number, table in enumerate(match.equations):
        for name in sorted(set(species[match.equation == number])):
            bef = groups[name]
            factor = bef.wood_density_t_m3 * bef.bef * 1000
            terms = tuple(replace(term, intercept=term.intercept + math.log(factor)) for term in table.terms)
            made.append(
                replace(
                    table,
                    id=f"{table.id}*BEF",
                    quantity="agb",
                    printed=f"{table.printed}; AGB = V * {bef.wood_density_t_m3:g} * {bef.bef:g} * 1000",
                    terms=terms,
                    sigma=sd,
                    site_sigma=sd,
                    status=max(table.status, bef.status),
                    note=GENERAL,
                )
            )
            index[(match.equation == number) & (species == name)] = len(made) - 1
    return replace(match, equations=tuple(made), equation=index)


def bef_leaves(bef: BefParameters) -> dict[str, Leaf]:
    """The factors of a species group as parameters of the run, with the general errors nobody printed."""
    errors = {
        "root_ratio": unknown_error("root_ratio_sd"),
        "carbon_fraction": unknown_error("carbon_fraction_sd"),
        "bef": unknown_error("expansion_sd"),
    }
    units = {"wood_density": "t d.m./m3", "bef": "1", "root_ratio": "1", "carbon_fraction": "t C/t d.m."}
    names = {
        "wood_density": ("基本木材密度", "Basic wood density", bef.wood_density_t_m3),
        "bef": ("生物量扩展系数", "Biomass expansion factor", bef.bef),
        "root_ratio": ("根冠比", "Root to shoot ratio", bef.root_ratio),
        "carbon_fraction": ("含碳率", "Carbon fraction", bef.carbon_fraction),
    }
    found = {}
    for name, (zh, en, value) in names.items():
        error = errors.get(name)
        # Relative for factors, absolute for the carbon fraction.
        se = None if error is None else error.number() * (1.0 if name == "carbon_fraction" else value)
        found[name] = Leaf(
            id=f"forest/{bef.group}/{name}",
            value=value,
            unit=units[name],
            reference=bef.reference,
            status=Status(bef.status),
            checked_on=date(2026, 11, 22),
            place=bef.place,
            zh=f"{bef.group} {zh}",
            en=f"{en} ({bef.group})",
            se=se,
        )
    return found


def root_class(bef: BefParameters) -> ClassValue:
    """The root ratio of a species group with its general relative error."""
    error = unknown_error("root_ratio_sd")
    leaves = bef_leaves(bef)
    return ClassValue(bef.group, bef.root_ratio, error.number(), (leaves["root_ratio"], error))


def carbon_class(bef: BefParameters) -> ClassValue:
    """The carbon fraction of a species group with its general error."""
    error = unknown_error("carbon_fraction_sd")
    leaves = bef_leaves(bef)
    used: Sequence[Leaf] = (leaves["carbon_fraction"], leaves["wood_density"], leaves["bef"], error)
    return ClassValue(bef.group, bef.carbon_fraction, error.number(), tuple(used))
