"""What inputs of ``verra/vm0047`` cannot be, all of it named at once."""

from __future__ import annotations

from collections.abc import Iterator

from tanhui.kernel.errors import Fault
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.verra.vm0047.inputs import (
    Benchmark,
    Census,
    Cohort,
    Displacement,
    Pool,
    RevegetationInputs,
    Survey,
)

__all__ = ["refuse_impossible"]

#: May be negative: indices, correlations, changes before, years before the start, yields that shrink.
SIGNED = {
    "covariates", "si", "rho", "change_co2e_t", "credited_co2e_t", "index_years", "growth_fraction",
    "benefit_co2e_t",
}  # fmt: skip
POSITIVE = {
    "area_ha", "units", "yield_ha", "plot_size_ha", "control_size_min_ha", "control_size_max_ha", "root_shoot_ratio",
    "removals_co2e_t",
}  # fmt: skip


def refuse_impossible(inputs: RevegetationInputs) -> None:
    """Refuse inputs that cannot be.

    Raises
    ------
    RefusedInput
        Impossible dates and numbers, surveys without plots, a control that is used twice, samples that do not add up,
        cohorts without leakage, later periods without what came before.
    """
    faults = [
        *number_faults(inputs, signed=SIGNED, positive=POSITIVE),
        *_date_faults(inputs),
        *_project_faults(inputs),
    ]
    for i, cohort in enumerate(inputs.cohorts):
        faults += [*_cohort_faults(inputs, cohort, f"cohorts[{i}]")]
    for i, census in enumerate(inputs.censuses):
        faults += [*_census_faults(inputs, census, f"censuses[{i}]")]
    if inputs.displacement is not None:
        faults += _displacement_faults(inputs.displacement)
    refuse(faults)


def _date_faults(inputs: RevegetationInputs) -> Iterator[Fault]:
    period, crediting = inputs.period, inputs.crediting
    if period.start < inputs.project_start:
        start = {"start": str(inputs.project_start)}
        yield Fault("verra.before_start", column="period", value=str(period.start), facts=start)
    if inputs.application < period.end:
        facts = {"last": str(period.last_day)}
        yield Fault("methods.period_not_over", column="application", value=str(inputs.application), facts=facts)
    if period.start < crediting.start or period.end > crediting.end:
        first, last = crediting.to_list()
        yield Fault("verra.outside_crediting", column="period", facts={"first": first, "last": last})


def _project_faults(inputs: RevegetationInputs) -> Iterator[Fault]:
    if not inputs.cohorts and not inputs.censuses:
        yield Fault("vm0047.nothing", column="cohorts")
    yield from twice([x.id for x in inputs.cohorts] + [x.id for x in inputs.censuses], "cohorts, censuses")
    if 0 < inputs.npr_percent < 1:
        yield Fault("vm0047.fraction_for_percent", column="npr_percent", value=str(inputs.npr_percent))
    if inputs.cohorts and inputs.displacement is None:
        yield Fault("vm0047.no_leakage", column="displacement")
    tested = inputs.significance
    if tested is not None:
        for name in tested.left_out:
            if name not in tested.sources_co2e_t:
                yield Fault("vm0047.unknown_source", column="significance.left_out", value=name)


def _start_faults(inputs: RevegetationInputs, x: Cohort | Census, column: str) -> Iterator[Fault]:
    """A part that began too early or too late, or whose past is not known."""
    if x.start < inputs.project_start:
        start = {"start": str(inputs.project_start)}
        yield Fault("verra.before_start", column=f"{column}.start", value=str(x.start), facts=start)
    if x.start >= inputs.period.end:
        yield Fault("vm0047.starts_later", column=f"{column}.start", value=str(x.start))
    if x.start < inputs.period.start and x.before is None:
        yield Fault("vm0047.no_before", column=f"{column}.before", value=x.id)
    if x.average is not None and not x.average.benefit_co2e_t:
        yield Fault("vm0047.no_average", column=f"{column}.average", value=x.id)


def _cohort_faults(inputs: RevegetationInputs, cohort: Cohort, column: str) -> Iterator[Fault]:
    yield from _start_faults(inputs, cohort, column)
    yield from twice([x.id for x in cohort.strata], f"{column}.strata")
    if not cohort.strata:
        yield Fault("vm0047.no_strata", column=f"{column}.strata", value=cohort.id)
    for i, stratum in enumerate(cohort.strata):
        place = f"{column}.strata[{i}]"
        names = [x.pool for x in stratum.pools]
        yield from twice(names, f"{place}.pools")
        if "woody" not in names:
            yield Fault("vm0047.no_woody", column=f"{place}.pools", value=stratum.id)
        elif stratum.root_shoot_ratio is None:
            yield Fault("vm0047.no_root_ratio", column=f"{place}.root_shoot_ratio", value=stratum.id)
        for j, pool in enumerate(stratum.pools):
            yield from _pool_faults(pool, f"{place}.pools[{j}]")
    area = sum(x.area_ha for x in cohort.strata)
    for i, burn in enumerate(cohort.burns):
        place = f"{column}.burns[{i}]"
        if not inputs.period.start <= burn.day < inputs.period.end:
            yield Fault("vm0047.fire_outside", column=f"{place}.day", value=str(burn.day))
        if burn.area_ha > area:
            facts = {"area": f"{area:g}"}
            yield Fault("vm0047.fire_too_large", column=f"{place}.area_ha", value=f"{burn.area_ha:g}", facts=facts)
    yield from _benchmark_faults(cohort.benchmark, f"{column}.benchmark")


def _pool_faults(pool: Pool, column: str) -> Iterator[Fault]:
    surveys = {"start": pool.start, "end": pool.end, **({} if pool.between is None else {"between": pool.between})}
    for name, survey in surveys.items():
        yield from _survey_faults(pool, name, survey, f"{column}.{name}")
    if pool.rho is not None and not -1 <= pool.rho <= 1:
        yield Fault("vm0047.rho", column=f"{column}.rho", value=str(pool.rho))
    last = pool.start if pool.between is None else pool.between
    counts = (len(last.plots), len(pool.end.plots))
    if pool.permanent and (counts[0] != counts[1] or (not counts[0] and pool.rho is None)):
        facts = {"a": counts[0], "b": counts[1]}
        yield Fault("vm0047.not_the_same_plots", column=column, value=pool.pool, facts=facts)


def _survey_faults(pool: Pool, name: str, survey: Survey, column: str) -> Iterator[Fault]:
    if bool(survey.plots) == (survey.mean is not None):
        yield Fault("vm0047.plots_or_mean", column=column, value=pool.pool)
    elif len(survey.plots) == 1 or (survey.mean is not None and survey.se and survey.n < 2):
        yield Fault("vm0047.too_few_plots", column=column, value=pool.pool)
    if survey.upper_bound and (pool.pool != "woody" or name != "start" or survey.mean is None):
        yield Fault("vm0047.upper_bound", column=column, value=pool.pool)


def _benchmark_faults(benchmark: Benchmark, column: str) -> Iterator[Fault]:
    plots = benchmark.plots
    if not plots or not all(plot.controls for plot in plots):
        yield Fault("vm0047.no_controls", column=f"{column}.plots")
        return
    controls = [x for plot in plots for x in plot.controls]
    yield from twice([x.id for x in plots], f"{column}.plots")
    yield from twice([x.id for x in controls], f"{column}.plots.controls")
    several = {len(plot.controls) for plot in plots}
    if len(several) > 1:
        yield Fault("vm0047.k_differs", column=f"{column}.plots", value=", ".join(map(str, sorted(several))))
    covariates = {len(x.covariates) for x in plots} | {len(x.covariates) for x in controls}
    if len(covariates) > 1 or max(covariates) < len(benchmark.index_years):
        facts = {"wanted": len(benchmark.index_years)}
        yield Fault("vm0047.covariates_differ", column=f"{column}.plots", facts=facts)
    if len(plots) == 1:
        yield Fault("vm0047.too_few_plots", column=f"{column}.plots", value=plots[0].id)
    if any(year > 0 for year in benchmark.index_years):
        yield Fault("vm0047.after_start", column=f"{column}.index_years")
    years = {year for x in plots for year in x.si} | {year for x in controls for year in x.si}
    for year in sorted(years):
        if not year.replace(".", "", 1).isdigit():
            yield Fault("vm0047.not_a_year", column=f"{column}.plots.si", value=year)


def _census_faults(inputs: RevegetationInputs, census: Census, column: str) -> Iterator[Fault]:
    yield from _start_faults(inputs, census, column)
    sample = census.sample
    impossible = (
        sample.units < 2
        or sample.units > census.units
        or max(sample.dead, sample.burned) > sample.units
        or len(sample.live_kg) > sample.units - sample.dead
    )
    if impossible:
        facts = {"units": sample.units, "dead": sample.dead, "live": len(sample.live_kg), "all": census.units}
        yield Fault("vm0047.sample", column=f"{column}.sample", value=census.id, facts=facts)
    elif sample.dead < sample.units and len(sample.live_kg) < 2:
        yield Fault("vm0047.too_few_plots", column=f"{column}.sample.live_kg", value=census.id)
    if sample.burned and census.before_live_kg is None:
        yield Fault("vm0047.no_biomass_before", column=f"{column}.before_live_kg", value=census.id)


def _displacement_faults(displacement: Displacement) -> Iterator[Fault]:
    yield from twice([x.id for x in displacement.commodities], "displacement.commodities")
    if not displacement.unused_proof and not displacement.commodities:
        yield Fault("vm0047.no_leakage", column="displacement.commodities")
    if displacement.commodities and not displacement.unused_proof and not displacement.forest_biomass_t_ha:
        yield Fault("vm0047.no_forest_biomass", column="displacement.forest_biomass_t_ha")
