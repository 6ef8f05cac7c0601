"""Stocks, yearly burial and growth, gases and losses of one coastal wetland, and the comparison with a forest."""

from __future__ import annotations

from dataclasses import dataclass

from tanhui.kernel.units import CO2_PER_C, N2O_PER_N
from tanhui.sinks.coastal.biomass import PlotMean, plot_mean, stand_agb
from tanhui.sinks.coastal.checks import LOST, check
from tanhui.sinks.coastal.sediment import CM_PER_M, Cores, allochthonous_share, cores_of
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value

__all__ = ["account"]

KG_PER_T = 1000
#: Factors of a stock hold to one metre.
TIER1_DEPTH_M = 1.0
SAMPLING = "sampling"


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with the standard error that comes from which places were sampled; zero where none were."""

    value: float
    se: float = 0.0

    def times(self, by: float) -> Measured:
        """Both multiplied."""
        return Measured(self.value * by, abs(self.se * by))

    @property
    def own_se(self) -> dict[str, float]:
        """The error as a sink states it."""
        return {SAMPLING: self.se}


@dataclass(frozen=True, slots=True)
class Pool:
    """Carbon per hectare now, and its yearly change as a mean over the account."""

    stock_t_ha: Measured
    rate_t_ha_yr: float


@dataclass(frozen=True, slots=True)
class Sediment:
    """Carbon of the sediment to two depths, its yearly burial, and the share of that which grew elsewhere."""

    stock_t_ha: Measured
    eroded_t_ha: Measured
    burial_t_ha_yr: Measured
    allochthonous: float | None


def account(given: Given, factors: Factors) -> Outcome:
    """The balance of a mangrove, tidal marsh or seagrass meadow over the years of the account."""
    check(given)
    agb, biomass = _mangrove(given, factors) if given["ecosystem"] == "mangrove" else ([], _herbs(given, factors))
    sediment = _sediment(given, factors)
    ch4_kg_ha = _ch4(given, factors)
    kept_ha = given["area_ha"] - sum(given[name] or 0.0 for name in LOST)
    values = [*agb, *_values(given, biomass, sediment, ch4_kg_ha * kept_ha), *_compared(given, biomass, sediment)]
    lines = [
        *_kept(given, factors, biomass, sediment, kept_ha * given["years"], ch4_kg_ha),
        *_lost(given, factors, biomass, sediment),
    ]
    return Outcome(values, lines, years=given["years"], notes=_notes(given, sediment))


def _mangrove(given: Given, factors: Factors) -> tuple[list[Value], Pool]:
    """Tier 1 growth from what stands now to the ceiling of the climate, with the roots that belong to it."""
    climate, years = given["climate"], given["years"]
    growth, ceiling = factors("agb_growth", climate), factors("agb_ceiling", climate)
    carbon = factors("carbon_fraction")
    plots = PlotMean(0.0, 0.0, 0.0, 0.0)
    if given.has("trees"):
        plots = plot_mean(given.rows("trees"), factors("wood_density"))
        now, ratio = plots.agb_t_ha * factors("tree_equation"), plots.root_ratio
    else:
        now = given["agb_t_ha"] if given.has("agb_t_ha") else stand_agb(given["age_yr"], growth, ceiling)
        ratio = factors("root_ratio", climate)
    # A stand above the mean of grown ones is full: it neither grows nor shrinks.
    later = max(now, stand_agb(now / growth + years, growth, ceiling))
    per_agb = (1 + ratio) * carbon
    stock = Measured(now * per_agb, plots.total_se * carbon)
    shown = Value("agb_t_ha", now, own_se=Measured(now, plots.agb_se).own_se)
    return [shown], Pool(stock, (later - now) * per_agb / years)


def _herbs(given: Given, factors: Factors) -> Pool:
    """Herbs of a marsh by cover, gained once; seagrass has no default and none is counted."""
    if not given.has("cover"):
        return Pool(Measured(0.0), 0.0)
    stock = factors("herb_carbon") * given["cover"]
    return Pool(Measured(stock), stock / given["years"] if given["origin"] == "restored" else 0.0)


def _sediment(given: Given, factors: Factors) -> Sediment:
    """Cores, or a stock that is known, or the factor of the ecosystem and its soil."""
    ecosystem, depth_m, eroded_m = given["ecosystem"], given["depth_m"], given["eroded_depth_m"] or 0.0
    if given.has("cores"):
        cores = cores_of(given.rows("cores"), ecosystem, extend=bool(given["extend_cores"]))
        stock, eroded = (Measured(*cores.stock(metres * CM_PER_M)) for metres in (depth_m, eroded_m))
        return Sediment(stock, eroded, _burial(given, factors, cores), _from_elsewhere(given, factors, cores))
    if given.has("soil_stock_t_ha"):
        per_m = given["soil_stock_t_ha"] / depth_m
    else:
        per_m = factors("soil_stock", f"{ecosystem} {given['soil'] or 'any soil'}") / TIER1_DEPTH_M
    stock, eroded = Measured(per_m * depth_m), Measured(per_m * eroded_m)
    return Sediment(stock, eroded, _burial(given, factors, None), _from_elsewhere(given, factors, None))


def _burial(given: Given, factors: Factors, cores: Cores | None) -> Measured:
    """Organic carbon buried a year; a standing wetland has no default."""
    if given.has("burial_t_ha_yr"):
        return Measured(given["burial_t_ha_yr"])
    if cores is not None and given.has("accretion_cm_yr"):
        dated_cm = given["dated_depth_m"] * CM_PER_M
        return Measured(*cores.stock(dated_cm)).times(given["accretion_cm_yr"] / dated_cm)
    return Measured(factors("soil_burial", given["ecosystem"]) if given["origin"] == "restored" else 0.0)


def _from_elsewhere(given: Given, factors: Factors, cores: Cores | None) -> float | None:
    """Share of the burial that grew elsewhere: given, none in organic soil, from cores, or unknown."""
    if given.has("allochthonous_share"):
        return float(given["allochthonous_share"])
    if given["soil"] == "organic":
        return 0.0
    if cores is None or given["ecosystem"] == "seagrass":
        return None
    deposited = given["om_deposited_percent"] if given.has("om_deposited_percent") else factors("om_deposited")
    depth_m = given["dated_depth_m"] if given.has("dated_depth_m") else given["depth_m"]
    return allochthonous_share(cores.percent(depth_m * CM_PER_M), deposited, given["ecosystem"])


def _has_methane(given: Given) -> bool:
    """The factor by salinity is for mangroves and marshes."""
    return given.has("salinity") and given["ecosystem"] != "seagrass"


def _ch4(given: Given, factors: Factors) -> float:
    """Methane by the salinity of the water. [kg CH4/ha/yr]"""
    if not _has_methane(given):
        return 0.0
    return factors("ch4", "fresh" if given["salinity"] < factors("salinity_limit") else "saline")


def _total(biomass: Pool, sediment: Sediment) -> Measured:
    above, below = biomass.stock_t_ha, sediment.stock_t_ha
    return Measured(above.value + below.value, (above.se**2 + below.se**2) ** 0.5)


def _values(given: Given, biomass: Pool, sediment: Sediment, ch4_kg: float) -> list[Value]:
    stock, burial = _total(biomass, sediment), sediment.burial_t_ha_yr
    shown = {
        "coastal_biomass_c_t_ha": biomass.stock_t_ha,
        "coastal_soil_c_t_ha": sediment.stock_t_ha,
        "coastal_stock_c_t_ha": stock,
        "coastal_stock_c_t": stock.times(given["area_ha"]),
        "coastal_growth_c_t_ha_yr": Measured(biomass.rate_t_ha_yr),
        "coastal_burial_c_t_ha_yr": burial,
        "coastal_burial_c_t_yr": burial.times(given["area_ha"]),
        "coastal_ch4_t_yr": Measured(ch4_kg / KG_PER_T),
    }
    values = [Value(quantity, x.value, own_se=x.own_se) for quantity, x in shown.items()]
    if sediment.allochthonous is not None:
        values.append(Value("coastal_allochthonous_share", sediment.allochthonous))
    return values


def _compared(given: Given, biomass: Pool, sediment: Sediment) -> list[Value]:
    """Stock over stock and rate over rate, each with the forest that stands below the line."""
    found = []
    if given.has("forest_stock_t_ha"):
        whole = given["forest_pools"] == "biomass and soil"
        ratio = (_total(biomass, sediment) if whole else biomass.stock_t_ha).times(1 / given["forest_stock_t_ha"])
        found.append(Value("coastal_stock_ratio", ratio.value, domain=given["forest_name"], own_se=ratio.own_se))
    if given.has("forest_rate_t_ha_yr"):
        own = sediment.burial_t_ha_yr.times(1 - (sediment.allochthonous or 0.0))
        ratio = Measured(biomass.rate_t_ha_yr + own.value, own.se).times(1 / given["forest_rate_t_ha_yr"])
        found.append(Value("coastal_rate_ratio", ratio.value, domain=given["forest_name"], own_se=ratio.own_se))
    return found


def _kept(
    given: Given, factors: Factors, biomass: Pool, sediment: Sediment, ha_years: float, ch4_kg_ha: float
) -> list[Line]:
    """What the part that stays takes up and gives off."""
    buried = sediment.burial_t_ha_yr.times(ha_years * CO2_PER_C)
    lines = [Line("biomass", biomass.rate_t_ha_yr * ha_years * CO2_PER_C), _line("burial", buried)]
    if sediment.allochthonous is not None:
        lines.append(_line("allochthonous", buried.times(-sediment.allochthonous)))
    if _has_methane(given):
        lines.append(Line("ch4", -ch4_kg_ha * ha_years * factors.gwp("CH4") / KG_PER_T))
    if given.has("fish_t_yr"):
        nitrogen_kg = given["fish_t_yr"] * KG_PER_T * given["years"] * factors("n2o_fish")
        lines.append(Line("n2o_fish", -nitrogen_kg * N2O_PER_N * factors.gwp("N2O") / KG_PER_T))
    return lines


def _lost(given: Given, factors: Factors, biomass: Pool, sediment: Sediment) -> list[Line]:
    """What dug out, drained and washed away sediment gives back; biomass goes with all but the drained."""
    lines = []
    if given.has("extracted_ha"):
        co2 = -given["extracted_ha"] * CO2_PER_C
        lines.append(_line("extraction_biomass", biomass.stock_t_ha.times(co2)))
        lines.append(_line("extraction_soil", sediment.stock_t_ha.times(co2)))
    if given.has("drained_ha"):
        co2 = -given["drained_ha"] * given["years"] * CO2_PER_C
        lines.append(Line("drainage", factors("drainage", given["ecosystem"]) * co2))
    if given.has("eroded_ha"):
        co2 = -given["eroded_ha"] * CO2_PER_C
        # What erodes is counted evenly over the years it takes to be oxidised.
        counted = min(given["years"] / factors("erosion_years"), 1.0)
        oxidised = factors("eroded_oxidised", given["erosion_setting"]) * counted
        lines.append(_line("erosion_biomass", biomass.stock_t_ha.times(co2)))
        lines.append(_line("erosion_soil", sediment.eroded_t_ha.times(oxidised * co2)))
    return lines


def _line(name: str, co2: Measured) -> Line:
    return Line(name, co2.value, co2.own_se)


def _notes(given: Given, sediment: Sediment) -> list[str]:
    notes = []
    if sediment.allochthonous is None and sediment.burial_t_ha_yr.value:
        notes.append("note.coastal.allochthonous_not_deducted")
    if given["origin"] == "standing":
        notes.append("note.coastal.standing")
    if given.has("cores") and len(set(given.rows("cores")["core"])) == 1:
        notes.append("note.coastal.one_core")
    if given.has("forest_stock_t_ha") or given.has("forest_rate_t_ha_yr"):
        notes.append("note.coastal.two_ratios")
    if given["ecosystem"] == "seagrass":
        notes.append("note.coastal.seagrass_methane")
    return notes
