"""What inputs of ``verra/vm0042`` cannot be, all of it named at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.mrv.methods.checks import number_faults
from tanhui.mrv.methods.verra.vm0042.inputs import Campaign, ImprovedLandInputs, Resampled, Stratum

__all__ = ["refuse_impossible"]

#: May be negative: changes, methane that the soil takes up, errors of a spectrometer, yields that shrink.
SIGNED = {
    "project_change_co2e_t_ha", "baseline_change_co2e_t_ha", "change_before_co2e_t", "baseline_t", "project_t",
    "spectroscopy_errors_c_t_ha", "growth", "productivity_loss_fraction",
}  # fmt: skip
POSITIVE = {
    "area_ha", "thickness_cm", "sample_g", "diameter_mm", "cores", "reference_mass_t_ha", "yield_ha", "years_elapsed"
}  # fmt: skip


def refuse_impossible(inputs: ImprovedLandInputs) -> None:
    """Refuse inputs that cannot be.

    Raises
    ------
    RefusedInput
        Impossible dates and numbers, strata without controls or points, fields recorded on one side only, a source
        counted twice, exemptions without a document.
    """
    faults = [
        *number_faults(inputs, signed=SIGNED, positive=POSITIVE),
        *_date_faults(inputs),
        *_name_faults(inputs),
        *_stratum_faults(inputs),
        *_control_faults(inputs),
        *_practice_faults(inputs),
        *_flux_faults(inputs),
        *_other_faults(inputs),
    ]
    if faults:
        raise RefusedInput(faults)


def _date_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    period, crediting = inputs.period, inputs.crediting
    if period.start < inputs.project_start:
        yield Fault(
            "verra.before_start", column="period", value=str(period.start), facts={"start": str(inputs.project_start)}
        )
    if inputs.application < period.end:
        facts = {"last": str(period.last_day)}
        yield Fault("methods.period_not_over", column="application", value=str(inputs.application), facts=facts)
    if period.start < crediting.start or period.end > crediting.end:
        first, last = crediting.to_list()
        yield Fault("verra.outside_crediting", column="period", facts={"first": first, "last": last})


def _twice(names: Iterable[object], column: str) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault("verra.name_twice", column=column, value=str(name))


def _name_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    for column in ("strata", "controls", "fields", "amendments"):
        yield from _twice((x.id for x in getattr(inputs, column)), column)
    yield from _twice((f"{x.id}, {x.pool}, {x.side}" for x in inputs.woody), "woody")
    for i, practice in enumerate(inputs.practices):
        yield from _twice((herd.id for herd in practice.herds), f"practices[{i}].herds")


def _stratum_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    if not inputs.strata:
        yield Fault("vm0042.no_strata", column="strata")
    linked = {name for control in inputs.controls for name in control.strata}
    for i, stratum in enumerate(inputs.strata):
        column = f"strata[{i}]"
        if (stratum.measured is None) == (stratum.modelled is None):
            yield Fault("vm0042.one_approach", column=column, value=stratum.id)
        if stratum.measured is not None:
            yield from _resampled_faults(stratum.measured, f"{column}.measured")
            if stratum.id not in linked:
                yield Fault("vm0042.no_control", column=column, value=stratum.id)
            elif not _reference_known(stratum, inputs):
                yield Fault("vm0042.no_reference", column=column, value=stratum.id)
        yield from _modelled_faults(stratum, f"{column}.modelled")


def _reference_known(stratum: Stratum, inputs: ImprovedLandInputs) -> bool:
    """Whether samples that are no pairs have a reference mass to be read at."""
    controls = [x.measured for x in inputs.controls if stratum.id in x.strata]
    places = [x for x in (stratum.measured, *controls) if x is not None and not x.paired]
    asked = any(x.start.samples or x.end.samples for x in places)
    return not asked or stratum.reference_mass_t_ha is not None or any(x.start.samples for x in controls)


def _modelled_faults(stratum: Stratum, column: str) -> Iterator[Fault]:
    model = stratum.modelled
    if model is None:
        return
    project, baseline = len(model.project_change_co2e_t_ha), len(model.baseline_change_co2e_t_ha)
    if project != baseline:
        yield Fault("vm0042.points_differ", column=column, value=stratum.id, facts={"a": project, "b": baseline})
    if min(project, baseline) < 2:
        yield Fault("vm0042.too_few_points", column=column, value=str(min(project, baseline)))


def _resampled_faults(place: Resampled, column: str) -> Iterator[Fault]:
    for when in ("start", "end"):
        yield from _campaign_faults(getattr(place, when), f"{column}.{when}")
    if place.paired and place.start.n != place.end.n:
        yield Fault("vm0042.points_differ", column=column, facts={"a": place.start.n, "b": place.end.n})
    if place.paired and bool(place.start.samples) != bool(place.end.samples):
        yield Fault("vm0042.no_reference", column=column)


def _campaign_faults(campaign: Campaign, column: str) -> Iterator[Fault]:
    if bool(campaign.stocks_c_t_ha) == bool(campaign.samples):
        yield Fault("vm0042.stocks_or_samples", column=column)
    elif campaign.n < 2:
        yield Fault("vm0042.too_few_points", column=column, value=str(campaign.n))
    contents = [layer.soc_g_kg for core in campaign.samples for layer in core.layers]
    if contents and 0 < max(contents) < 1:
        yield Fault("vm0042.content_fraction", column=column, value=str(max(contents)))
    for i, core in enumerate(campaign.samples):
        if not core.layers:
            yield Fault("vm0042.no_layers", column=f"{column}.samples[{i}]")


def _control_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    measured = {stratum.id for stratum in inputs.strata if stratum.measured is not None}
    for i, control in enumerate(inputs.controls):
        column = f"controls[{i}]"
        yield from _resampled_faults(control.measured, f"{column}.measured")
        for name in control.strata:
            if name not in measured:
                yield Fault("vm0042.unknown_stratum", column=column, value=name)


def _practice_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    fields = [field.id for field in inputs.fields]
    years = [year for year, _ in inputs.period.by_year()]
    for i, practice in enumerate(inputs.practices):
        if practice.field not in fields:
            yield Fault("vm0042.unknown_field", column=f"practices[{i}].field", value=practice.field)
        if practice.year not in years:
            yield Fault("vm0042.year_outside", column=f"practices[{i}].year", value=str(practice.year))
    given = Counter((x.field, x.year, x.side) for x in inputs.practices)
    for key in ((field, year, side) for field in fields for year in years for side in ("baseline", "project")):
        if given[key] != 1:
            facts = dict(zip(("field", "year", "side"), key, strict=True)) | {"count": given[key]}
            yield Fault("vm0042.one_sided", column="practices", facts=facts)


def _flux_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    yield from _twice((x.gas for x in inputs.modelled_fluxes), "modelled_fluxes")
    nitrogen = [x for x in inputs.practices if x.synthetic_n_kg or x.organic_n_kg or x.n_fixers or x.herds]
    if nitrogen and any(x.gas == "N2O" for x in inputs.modelled_fluxes):
        yield Fault("vm0042.source_twice", column="modelled_fluxes", value="N2O")


def _other_faults(inputs: ImprovedLandInputs) -> Iterator[Fault]:
    if len(inputs.spectroscopy_errors_c_t_ha) == 1:
        yield Fault("vm0042.too_few_points", column="spectroscopy_errors_c_t_ha", value="1")
    for i, wood in enumerate(inputs.woody):
        if wood.harvested and wood.long_term_average_co2e_t_ha is None:
            yield Fault("vm0042.no_average", column=f"woody[{i}]", value=wood.id)
    years = [year for year, _ in inputs.period.by_year()]
    for i, amendment in enumerate(inputs.amendments):
        if amendment.exempt and not amendment.proof:
            yield Fault("vm0042.no_proof", column=f"amendments[{i}].proof", value=amendment.id)
        if amendment.year not in years:
            yield Fault("vm0042.year_outside", column=f"amendments[{i}].year", value=str(amendment.year))
    for i, commodity in enumerate(inputs.displacement.commodities if inputs.displacement else ()):
        if not commodity.before:
            yield Fault("vm0042.no_history", column=f"displacement.commodities[{i}].before", value=commodity.id)
