"""What ``verra/vm0033`` needs to know of a project, in plain units.

Everything is for one monitoring period, by stratum, in two scenarios: the baseline and the project. Stocks and changes
of stocks are positive where carbon is there or grows. Quantities people measure as emissions (gases, fuel, burning)
are positive emissions; the account turns them. ``None`` means "not chosen" or "nobody has answered yet".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = [
    "Allochthonous",
    "Before",
    "Burn",
    "Conduct",
    "Cores",
    "Cover",
    "Depletion",
    "Eroded",
    "Excavated",
    "Exposure",
    "Gas",
    "Herbs",
    "HundredYears",
    "Layer",
    "Oxidation",
    "Salinity",
    "SoilRate",
    "Stratum",
    "Subsidence",
    "TidalWetlandInputs",
    "Woody",
]

System = Literal["mangrove", "tidal_marsh", "seagrass", "mudflat", "open_water"]


@dataclass(frozen=True, slots=True)
class Woody:
    """Trees or shrubs of a stratum in the form of AR-TOOL14: two stocks, or their change.

    Attributes
    ----------
    start_co2e_t, end_co2e_t : float, optional
        Carbon stock at both ends of the period; a submerged stratum has none at its end. [t CO2e]
    change_co2e_t : float, optional
        The change, where it was measured as one. [t CO2e]
    stock_by_year_co2e_t : tuple of float
        Where harvesting occurs: the stock of each year of the whole cycle (with wood products, if they are counted);
        their mean caps both stocks. [t CO2e]
    """

    start_co2e_t: float | None = None
    end_co2e_t: float | None = None
    change_co2e_t: float | None = None
    stock_by_year_co2e_t: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Herbs:
    """Herbaceous vegetation: measured stocks, or covers for the default that only the first year may claim.

    Attributes
    ----------
    start_c_t_ha, end_c_t_ha : float, optional
        Measured carbon, averaged over the year. [t C/ha]
    start_cover, end_cover : float, optional
        Share of the stratum under herbs. [1]
    """

    start_c_t_ha: float | None = None
    end_c_t_ha: float | None = None
    start_cover: float | None = None
    end_cover: float | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A horizon of soil: thickness [m], organic carbon [% of dry mass], bulk density. [kg/m3]"""

    thickness_m: float
    carbon_percent: float
    bulk_density_kg_m3: float


@dataclass(frozen=True, slots=True)
class SoilRate:
    """A published, modelled or chronosequence rate of change; positive where the soil gains. [t C/ha/yr]"""

    gain_c_t_ha_yr: float


@dataclass(frozen=True, slots=True)
class Cores:
    """Soil above one reference plane at both ends of the period, by horizon."""

    start: tuple[Layer, ...]
    end: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Oxidation:
    """Exposed soil and the share of its carbon that is lost each year. [%]"""

    layers: tuple[Layer, ...]
    emitted_percent_yr: float


@dataclass(frozen=True, slots=True)
class Cover:
    """The default accumulation of marsh and mangrove, by crown or vegetation cover. [1]"""

    vegetation_cover: float


@dataclass(frozen=True, slots=True)
class Subsidence:
    """Subsidence of organic soil [m/yr] and its volumetric carbon. [kg/m3]"""

    rate_m_yr: float
    carbon_kg_m3: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """Mineral soil drained or piled up: its carbon falls in a straight line to a steady state.

    Attributes
    ----------
    layer : Layer
        The exposed soil as it was on the day it was exposed.
    since : date
        That day.
    steady_percent : float, optional
        A lower steady state that research shows; the default otherwise. [%]
    """

    layer: Layer
    since: date
    steady_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Excavated:
    """Piled-up soil: either its decline after exposure, or the share of its carbon lost each year."""

    exposure: Exposure | None = None
    oxidation: Oxidation | None = None


@dataclass(frozen=True, slots=True)
class Eroded:
    """Soil that erodes.

    Attributes
    ----------
    layers : tuple of Layer
        What is eroded in one year.
    since : date
        First day of the erosion; carbon counts for the years that the standard names.
    connected : bool
        Whether the eroded area is connected with a river, an estuary or the open sea.
    environment : str, optional
        Depositional environment of a connected area.
    sediment_accumulation_g_cm2_yr : float, optional
        Of the place of deposition, where it is very slow. [g/cm2/yr]
    emitted_percent : float, optional
        A share that research shows, in place of the default. [%]
    by_sea_level_rise : bool
        Project scenario: shown to be the result of sea-level rise, so counted by the risk tool and not here.
    """

    layers: tuple[Layer, ...]
    since: date
    connected: bool
    environment: (
        Literal[
            "normal_marine",
            "deltaic_fluidized_mud",
            "o2_depletion",
            "small_mountainous_river",
            "extreme_accumulation",
        ]
        | None
    ) = None
    sediment_accumulation_g_cm2_yr: float | None = None
    emitted_percent: float | None = None
    by_sea_level_rise: bool = False


@dataclass(frozen=True, slots=True)
class Allochthonous:
    """How much of the soil's carbon came from elsewhere, or why nothing is deducted.

    Attributes
    ----------
    percent : float, optional
        Published or modelled share. [%]
    soil_carbon_percent, soil_om_percent : float, optional
        Carbon and organic matter of the soil; one is enough. [%]
    deposited_om_percent, deposited_carbon_percent, sediment_surface_m2_g : float, optional
        Organic matter, carbon or specific surface of the deposited sediment; the default organic matter otherwise.
    exempt : str, optional
        ``autochthonous`` (the approach counts only carbon formed in place), ``would_be_oxidised`` (it would have
        become CO2 without the project), ``baseline_layer`` (seagrass cores down to the baseline's carbon).
    """

    percent: float | None = None
    soil_carbon_percent: float | None = None
    soil_om_percent: float | None = None
    deposited_om_percent: float | None = None
    deposited_carbon_percent: float | None = None
    sediment_surface_m2_g: float | None = None
    exempt: Literal["autochthonous", "would_be_oxidised", "baseline_layer"] | None = None


@dataclass(frozen=True, slots=True)
class Salinity:
    """Average or lowest salinity during peak CH4 emissions, with its unit. [ppt]"""

    value: float
    unit: Literal["ppt"]
    statistic: Literal["average", "low_point"]


@dataclass(frozen=True, slots=True)
class Gas:
    """CH4 or N2O of a stratum's soil.

    Attributes
    ----------
    approach : str
        ``excluded``, ``measured`` (chambers, eddy covariance, published values, models) or ``default``.
    t_ha_yr : float, optional
        Measured flux. [t of the gas/ha/yr]
    daily_mg_m2 : float, optional
        Or the mean daily flux. [mg/m2/d]
    shown_not_higher : bool
        Shown not to be higher in the project than in the baseline, or de minimis.
    """

    approach: Literal["excluded", "measured", "default"] = "excluded"
    t_ha_yr: float | None = None
    daily_mg_m2: float | None = None
    shown_not_higher: bool = False


@dataclass(frozen=True, slots=True)
class Depletion:
    """How long a baseline soil could go on losing carbon.

    Attributes
    ----------
    peat_depth_m, peat_loss_m_yr : float, optional
        Organic soil above the drainage limit and the rate at which it is lost.
    soil_c_t_ha, soil_loss_c_t_ha_yr : float, optional
        Mineral soil's carbon at the start and the rate at which it is lost.
    drained_years_before_start : float
        How long the site had been drained when the project started. [yr]
    significant_erosion : bool
        Erosion is more than 5 % of the rate of loss.
    """

    peat_depth_m: float | None = None
    peat_loss_m_yr: float | None = None
    soil_c_t_ha: float | None = None
    soil_loss_c_t_ha_yr: float | None = None
    drained_years_before_start: float = 0.0
    significant_erosion: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of one scenario.

    Choose at most one of ``rate``, ``cores``, ``oxidation``, ``accumulation``, ``subsidence`` and ``exposure`` for CO2
    of the soil in place.

    Attributes
    ----------
    half_width_rel : mapping of str to float
        Half the interval over the size, at the inputs' confidence, for ``trees``, ``shrubs``, ``herbs``, ``soil``,
        ``ch4`` and ``n2o``; what is not named is a conservative value without error. [1]
    """

    id: str
    system: System
    area_ha: float
    soil: Literal["mineral", "organic"] = "mineral"
    trees: Woody | None = None
    shrubs: Woody | None = None
    herbs: Herbs | None = None
    rate: SoilRate | None = None
    cores: Cores | None = None
    oxidation: Oxidation | None = None
    accumulation: Cover | None = None
    subsidence: Subsidence | None = None
    exposure: Exposure | None = None
    eroded: Eroded | None = None
    excavated: Excavated | None = None
    allochthonous: Allochthonous | None = None
    depletion: Depletion | None = None
    salinity: Salinity | None = None
    ch4: Gas = field(default_factory=Gas)
    n2o: Gas = field(default_factory=Gas)
    nitrogen_input: bool | None = None
    water_lowered: bool = False
    half_width_rel: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Burn:
    """A prescribed burn of herbs and shrubs in the project: area [ha], dry matter [kg/ha], factors. [g/kg d.m.]"""

    day: date
    area_ha: float
    biomass_kg_ha: float
    ch4_g_kg: float
    n2o_g_kg: float


@dataclass(frozen=True, slots=True)
class HundredYears:
    """Soil of one stratum over the hundred years after the start, in both scenarios.

    Attributes
    ----------
    baseline_area_ha, project_area_ha : float
        Area of the stratum. [ha]
    start_c_t_ha : float
        Carbon at the start; of organic soil, depth times volumetric carbon. [t C/ha]
    baseline_loss_c_t_ha_yr, project_loss_c_t_ha_yr : float
        Constant rates of loss; a conservative low one for the baseline. [t C/ha/yr]
    """

    id: str
    baseline_area_ha: float
    project_area_ha: float
    start_c_t_ha: float
    baseline_loss_c_t_ha_yr: float
    project_loss_c_t_ha_yr: float = 0.0


@dataclass(frozen=True, slots=True)
class Before:
    """Totals from the start of the project to the start of this period, removals positive; nothing for the first.

    Attributes
    ----------
    baseline_co2e_t, project_co2e_t : float
        Removals less emissions in the two scenarios. [t CO2e]
    premium_co2e_t : float
        Fire reduction premium. [t CO2e]
    adjusted_co2e_t : float
        What all claims before came to after the limits and the deduction for uncertainty. [t CO2e]
    soil_co2e_t : float
        Of it, CO2 of the soil, project against baseline. [t CO2e]
    """

    baseline_co2e_t: float = 0.0
    project_co2e_t: float = 0.0
    premium_co2e_t: float = 0.0
    adjusted_co2e_t: float = 0.0
    soil_co2e_t: float = 0.0


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the conditions ask of the project; ``None`` is unanswered.

    ``land_use`` is ``abandoned``, ``unprofitable``, ``no_degradation``, ``displaced_excluded`` or ``continues``.
    """

    activities: tuple[str, ...] = ()
    land_use: Literal["abandoned", "unprofitable", "no_degradation", "displaced_excluded", "continues"] | None = None
    abandoned_years: float | None = None
    ifm_or_redd: bool | None = None
    baseline_commercial_forestry: bool | None = None
    water_table_lowered: bool | None = None
    from_open_water_or_impounded: bool = False
    harms_outside: bool | None = None
    organic_soil_burnt: bool | None = None
    nitrogen_applied: bool | None = None
    planted_on_organic_soil: bool | None = None
    rewetting: bool | None = None
    fire_management: bool | None = None
    native_cleared_on: date | None = None
    native_cleared: bool | None = None


@dataclass(frozen=True, slots=True)
class TidalWetlandInputs:
    """One monitoring period of a tidal wetland or seagrass restoration.

    Attributes
    ----------
    buffer_share : float
        From the non-permanence risk tool. [1]
    confidence : int
        Of every half width, 90 or 95. [%]
    baseline_fuel_co2_t, project_fuel_co2_t : float
        By AR-TOOL05. [t CO2]
    fire_premium_co2e_t : float
        Fire reduction premium of the period, by VMD0046. [t CO2e]
    sea_level_loss : bool
        Sea-level rise may drown or erode strata of the project within a hundred years.
    ner_at_100_co2e_t : float, optional
        Projected NER a hundred years after the start; wanted where baseline emissions are claimed as reduced or
        ``sea_level_loss`` holds. [t CO2e]
    hundred_years : tuple of HundredYears
        Wanted where baseline soil emissions are claimed as reduced.
    soil_limit : str
        ``total_stock`` or ``stock_loss``.
    baseline_assessed_on : date
        When the baseline was last assessed.
    baseline_cores_on, reference_plane_on : date, optional
        When baseline cores were taken and the reference plane installed, where there are any.
    shell_carbon_co2e_t : float
        There only to be refused: shells are no sink.
    carried_deficit_t : float
        Deficit of the claim before, as a positive number. [t CO2e]
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    baseline: tuple[Stratum, ...]
    project: tuple[Stratum, ...]
    buffer_share: float
    baseline_assessed_on: date
    confidence: Literal[90, 95] = 90
    before: Before = field(default_factory=Before)
    baseline_fuel_co2_t: float = 0.0
    project_fuel_co2_t: float = 0.0
    fire_premium_co2e_t: float = 0.0
    burns: tuple[Burn, ...] = ()
    sea_level_loss: bool = False
    ner_at_100_co2e_t: float | None = None
    hundred_years: tuple[HundredYears, ...] = ()
    soil_limit: Literal["total_stock", "stock_loss"] = "total_stock"
    baseline_cores_on: date | None = None
    reference_plane_on: date | None = None
    shell_carbon_co2e_t: float = 0.0
    carried_deficit_t: float = 0.0
    gwp_edition: str | None = None
    conduct: Conduct = field(default_factory=Conduct)
    evidence: Mapping[str, str] = field(default_factory=dict)
    equation_reasons: tuple[str, ...] = ()
