"""The account of land by Volume 4 of the IPCC Guidelines: one for both editions, each with its own numbers.

It is an inventory's account: it has no baseline and no owner, and is never issued. Editions are never mixed: the inputs
say which one they are of, soils take their reference stocks and factors from the table of that edition only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from tanhui.kernel.errors import Fault
from tanhui.kernel.gwp import gwp_name, one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Leaf, Recorder
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.claims import as_removal, never_issued_claim, recording
from tanhui.mrv.methods.ipcc import land_rules as rules
from tanhui.mrv.methods.ipcc.land_inputs import GainLoss, Land, LandInputs, Management, MineralSoil
from tanhui.sinks.soil.tier1 import Condition, tier1_stock
from tanhui.sinks.soil.tier1_leaves import stock_t_ha

__all__ = ["land_claim"]

GASES = ("CH4", "N2O")


def land_claim(method_id: str, inputs: LandInputs, parameters: Mapping[str, Dated]) -> Claim:
    """Biomass, dead organic matter, mineral soils and the gases of fires as signed lines.

    Raises
    ------
    RefusedInput
        If a number cannot be, something is given twice or in two ways, or factors of another edition are named.
    DomainError
        If a second edition of warming potentials comes in, or a soil class is not in the edition's table.
    """
    refuse(_faults(method_id, inputs))
    edition = one_gwp_edition([inputs.gwp, *(x.gwp for x in inputs.others)])
    p, day = recording(parameters), inputs.day or inputs.period.last_day
    pools: dict[str, list[float]] = {"biomass": [], "dead_organic_matter": [], "mineral_soil": []}
    cautions: list[str] = []
    for land in inputs.lands:
        pools["biomass"].append(_biomass_c_t(land, inputs, day, p))
        if land.dead_matter:
            pools["dead_organic_matter"].append(
                rules.dead_matter_change_c_t(land.dead_matter, land.area_ha, day=day, p=p)
            )
        if land.soil:
            pools["mineral_soil"].append(_soil_c_t(land.soil, land.area_ha, inputs, day, p))
            cautions += [f"{key}:{land.name}" for key in _cautions(land.soil, day, p)]
    clause = rules.removal_co2_t.at(day).clause
    parts = [(line, rules.removal_co2_t(changes, day=day, p=p), clause) for line, changes in pools.items()]
    parts += [(f"fire_{gas.lower()}", as_removal(_fires_co2e_t(inputs, gas, edition, day, p)),
               rules.fire_gas_t.at(day).clause) for gas in GASES]  # fmt: skip
    parts += [(f"other.{x.name}", as_removal(x.co2e_t), "") for x in inputs.others]
    why = f"reason.methods.never_issued:{method_id}"
    return never_issued_claim(method_id, why, inputs.period, parts, p, gwp=edition, reasons=cautions)


def _biomass_c_t(land: Land, inputs: LandInputs, day: date, p: Recorder) -> float:
    if land.biomass:
        return rules.biomass_stock_change_c_t(land.biomass, land.area_ha, day=day, p=p)
    if not land.flows:
        return 0.0
    flows = land.flows
    losses = [rules.harvest_loss_c_t(x, flows, day=day, p=p) for x in flows.harvests]
    losses += [rules.disturbance_loss_c_t(x, flows, day=day, p=p) for x in flows.disturbances]
    grown = rules.growth_c_t(flows, land.area_ha, inputs.period, day=day, p=p)
    return rules.gain_loss_c_t(grown, losses, day=day, p=p)


def _soil_c_t(soil: MineralSoil, area_ha: float, inputs: LandInputs, day: date, p: Recorder) -> float:
    def take(leaf: Leaf) -> float:
        p.used[leaf.id] = leaf
        return leaf.number()

    before, after = (stock_t_ha(_condition(soil, x), _table(day, p), take) for x in (soil.before, soil.after))
    return rules.mineral_soil_change_c_t(before, after, area_ha, soil.changed_on, inputs.period, day=day, p=p)


def _cautions(soil: MineralSoil, day: date, p: Recorder) -> tuple[str, ...]:
    """Wording keys of what the table says against its own factors."""
    return tier1_stock(_condition(soil, soil.after), _table(day, p)).cautions


def _table(day: date, p: Recorder) -> str:
    return str(p["soil_table"].at(day).value)


def _condition(soil: MineralSoil, use: Management) -> Condition:
    return Condition(soil.soil, soil.climate, use.land_use, use.management, use.inputs)


def _fires_co2e_t(inputs: LandInputs, gas: str, edition: str, day: date, p: Recorder) -> float:
    fires = [fire for land in inputs.lands for fire in land.fires]
    if not fires:
        return 0.0
    potential = p[gwp_name(edition, gas)].at(day).number()
    return sum(rules.fire_gas_t(fire, gas, day=day, p=p) for fire in fires) * potential


def _faults(method_id: str, inputs: LandInputs) -> Iterator[Fault]:
    own = method_id.rpartition("/")[2]
    yield from number_faults(inputs, positive={"area_ha", "density_t_m3", "bcef_t_m3", "bef"})
    yield from twice((x.name for x in inputs.lands), "lands")
    yield from twice((x.name for x in inputs.others), "others")
    if not inputs.lands:
        yield Fault("methods.ipcc_no_land", column="lands")
    named = {"edition": inputs.edition} | {
        f"lands[{i}].soil.edition": land.soil.edition for i, land in enumerate(inputs.lands) if land.soil
    }
    for column, edition in named.items():
        if edition != own and (edition or column == "edition"):
            yield Fault("methods.ipcc_other_edition", column=column, value=edition, facts={"edition": own})
    for i, other in enumerate(inputs.others):
        if not other.source:
            yield Fault("methods.ipcc_no_source", column=f"others[{i}].source", value=other.name)
    for i, land in enumerate(inputs.lands):
        yield from _land_faults(land, inputs, f"lands[{i}]")


def _land_faults(land: Land, inputs: LandInputs, place: str) -> Iterator[Fault]:
    if land.biomass and land.flows:
        yield Fault("methods.ipcc_stocks_and_flows", column=place, value=land.name)
    if land.flows:
        yield from _flow_faults(land, land.flows, f"{place}.flows")
    first, last = inputs.period.to_list()
    for i, fire in enumerate(land.fires):
        where = f"{place}.fires[{i}]"
        if not inputs.period.start <= fire.day < inputs.period.end:
            facts = {"first": first, "last": last}
            yield Fault("methods.fire_outside_period", column=f"{where}.day", value=str(fire.day), facts=facts)
        if fire.area_ha > land.area_ha:
            yield Fault("methods.ipcc_more_than_land", column=f"{where}.area_ha", value=str(fire.area_ha))
        if fire.combusted_fraction is None and fire.fuel in rules.NO_DEFAULT:
            yield Fault("methods.ipcc_no_combustion", column=f"{where}.combusted_fraction", value=fire.fuel)
    if land.soil and land.soil.changed_on >= inputs.period.end:
        yield Fault("methods.ipcc_changed_later", column=f"{place}.soil.changed_on", value=str(land.soil.changed_on))


def _flow_faults(land: Land, flows: GainLoss, place: str) -> Iterator[Fault]:
    growth = (flows.growth_t_ha_yr, flows.total_growth_t_ha_yr)
    if None not in growth:
        yield Fault("methods.ipcc_roots_twice", column=place, value=land.name)
    if growth == (None, None):
        yield Fault("methods.ipcc_no_growth", column=place, value=land.name)
    for i, harvest in enumerate(flows.harvests):
        expansion = (harvest.bef, harvest.density_t_m3)
        where = f"{place}.harvests[{i}]"
        if harvest.bcef_t_m3 is not None and expansion != (None, None):
            yield Fault("methods.ipcc_bef_with_bcef", column=where)
        elif harvest.bcef_t_m3 is None and None in expansion:
            yield Fault("methods.ipcc_no_expansion", column=where)
    for i, disturbance in enumerate(flows.disturbances):
        if disturbance.area_ha > land.area_ha:
            value = str(disturbance.area_ha)
            yield Fault("methods.ipcc_more_than_land", column=f"{place}.disturbances[{i}].area_ha", value=value)
