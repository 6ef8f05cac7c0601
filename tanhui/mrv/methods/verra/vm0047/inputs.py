"""What ``verra/vm0047`` needs to know of a project, for one verification period.

Emissions and stocks are given as the quantities people measure, never negative; the rules know their side of a claim.
``None`` means "nobody has answered yet". A project holds cohorts (area-based), censuses (census-based), or both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = [
    "Average",
    "Before",
    "Benchmark",
    "Burn",
    "Census",
    "Cohort",
    "Commodity",
    "Conduct",
    "Control",
    "Displacement",
    "DonorPool",
    "Fertiliser",
    "Pool",
    "ProjectPlot",
    "RevegetationInputs",
    "Sample",
    "Significance",
    "Stratum",
    "Survey",
]

PoolName = Literal["woody", "herbs", "dead_wood", "litter", "soil"]
Vegetation = Literal["tropical_forest", "other_forest", "unknown"]


@dataclass(frozen=True, slots=True)
class Survey:
    """A pool of a stratum at one date: its plots, or a mean with its standard error.

    Biomass is dry matter above ground [t d.m./ha], soil is carbon [t C/ha].

    Attributes
    ----------
    plots : tuple of float
        One value for each plot.
    mean, se, n : optional
        Or a mean, its standard error (of a regression or ratio estimator, say) and the number of plots behind it.
    upper_bound : bool
        The mean is the upper bound of a prediction from remote sensing (8.2.1.2): it bears no error.
    """

    plots: tuple[float, ...] = ()
    mean: float | None = None
    se: float = 0.0
    n: int = 0
    upper_bound: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of a stratum from t = 0 to now.

    Attributes
    ----------
    permanent : bool
        The same plots, in the same order, were visited at the end and at the date before it.
    rho : float, optional
        Correlation between the two dates, where means are given instead of permanent plots. [1]
    between : Survey, optional
        When temporary plots gave way to others after t = 0 (Appendix 3); ``permanent`` then counts from it on.
    """

    pool: PoolName
    start: Survey
    end: Survey
    permanent: bool = False
    rho: float | None = None
    between: Survey | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of a cohort within which plots were drawn at random; the root ratio goes with woody biomass."""

    id: str
    area_ha: float
    pools: tuple[Pool, ...]
    root_shoot_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A matched control plot.

    Attributes
    ----------
    distance : float
        Multivariate distance to its project plot. [1]
    covariates : tuple of float
        In the order of the benchmark's.
    si : mapping of str to float
        Stocking index by years since the start, ``"0"`` first; a year without a value is left out.
    """

    id: str
    distance: float
    covariates: tuple[float, ...]
    si: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ProjectPlot:
    """A project plot with its controls."""

    id: str
    covariates: tuple[float, ...]
    si: Mapping[str, float]
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class DonorPool:
    """Where controls were looked for (Table A1).

    Attributes
    ----------
    farthest_km : float, optional
        Of a control from its project plot.
    widened : bool
        The radius was widened, or k lowered, because no match within it was valid.
    layer_resolution_m, layer_years_off : float, optional
        Coarsest resolution of a layer, and the most years between one and t = 0.
    """

    same_jurisdiction: bool | None = None
    same_ecoregion: bool | None = None
    same_policy: bool | None = None
    same_tenure: bool | None = None
    farthest_km: float | None = None
    widened: bool = False
    layer_resolution_m: float | None = None
    layer_years_off: float | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The matched sets of a cohort and their stocking index.

    Attributes
    ----------
    index : str
        What the stocking index is, and which study shows that it goes with biomass.
    index_years : tuple of float
        For each covariate that is a stocking index, its year before the start, at most 0. [yr]
    plot_size_ha, control_size_min_ha, control_size_max_ha : float
        Mean size of project plots; least and largest of control plots. [ha]
    inside_min_fraction : float
        Least share of a project plot inside the boundary. [1]
    """

    index: str
    index_years: tuple[float, ...]
    plots: tuple[ProjectPlot, ...]
    plot_size_ha: float
    control_size_min_ha: float
    control_size_max_ha: float
    inside_min_fraction: float
    donor_pool: DonorPool = field(default_factory=DonorPool)
    random_plots: bool | None = None
    correlates_with_biomass: bool | None = None
    same_season: bool | None = None


@dataclass(frozen=True, slots=True)
class Burn:
    """A fire of the period.

    Attributes
    ----------
    woody_t_ha, herbs_t_ha, dead_wood_t_ha, litter_t_ha : float
        Dry matter above ground at the survey before the fire. [t d.m./ha]
    combustion_fraction : float
        COMF of the vegetation (2019 Refinement, Table 2.6). [1]
    """

    day: date
    area_ha: float
    woody_t_ha: float
    combustion_fraction: float
    vegetation: Vegetation = "unknown"
    herbs_t_ha: float = 0.0
    dead_wood_t_ha: float = 0.0
    litter_t_ha: float = 0.0


@dataclass(frozen=True, slots=True)
class Fertiliser:
    """What was applied in the period; ``leaches`` where leaching and runoff occur. [t; 1]"""

    kind: Literal["synthetic", "organic"]
    mass_t: float
    n_fraction: float
    leaches: bool = True


@dataclass(frozen=True, slots=True)
class Before:
    """A cohort or census at the end of the claim before, cumulative since its start.

    Attributes
    ----------
    change_co2e_t : float
        Carbon stock change. [t CO2e]
    performance_benchmark : float
        Of a cohort; above 1 where controls grew faster. [1]
    uncertainty_fraction : float
        Deduction. [1]
    credited_co2e_t : float
        Removals of all claims before, leakage and buffer not taken off; asked for by the long-term average. [t CO2e]
    """

    change_co2e_t: float = 0.0
    performance_benchmark: float = 0.0
    uncertainty_fraction: float = 0.0
    credited_co2e_t: float = 0.0


@dataclass(frozen=True, slots=True)
class Average:
    """Benefit of a cohort or census that is harvested, at each year of the period that the VCS tool sets. [t CO2e]"""

    benefit_co2e_t: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Land that was planted, seeded or left to regenerate in one year: the area-based approach.

    Attributes
    ----------
    start : date
        t = 0.
    surveyed_on : date, optional
        When the stock of t = 0 was measured.
    prepared : bool, optional
        The land was prepared such that stocks fell.
    before : Before, optional
        Wanted unless the period begins with the cohort.
    """

    id: str
    start: date
    strata: tuple[Stratum, ...]
    benchmark: Benchmark
    before: Before | None = None
    burns: tuple[Burn, ...] = ()
    fertilisers: tuple[Fertiliser, ...] = ()
    average: Average | None = None
    surveyed_on: date | None = None
    prepared: bool | None = None
    managed_forest_years_ago: float | None = None
    units_per_ha: float | None = None
    could_be_census: bool | None = None
    native_or_timber_cleared: bool | None = None
    inversion_cm: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Planting units that were looked for in the period.

    Attributes
    ----------
    units, dead, burned : int
        Of the units looked for, those dead or not found, and those visibly burnt.
    live_kg : tuple of float
        Dry matter above ground of each live unit that was measured; 0 below the size threshold. [kg d.m.]
    """

    units: int
    dead: int
    live_kg: tuple[float, ...]
    burned: int = 0


@dataclass(frozen=True, slots=True)
class Census:
    """Units planted where land use goes on: the census-based approach, one instance or stratum.

    Attributes
    ----------
    units : int
        The census at t = 0.
    before_live_kg : float, optional
        Mean of live units at the survey before; wanted where units burnt. [kg d.m.]
    """

    id: str
    start: date
    area_ha: float
    units: int
    root_shoot_ratio: float
    sample: Sample
    before: Before | None = None
    before_live_kg: float | None = None
    vegetation: Vegetation = "unknown"
    fertilisers: tuple[Fertiliser, ...] = ()
    average: Average | None = None
    direct_planting: bool | None = None
    land_use_kept: bool | None = None
    identified: bool | None = None
    woody_cover_fraction: float | None = None
    cropland_or_settlement: bool | None = None
    similar_removed_years_ago: float | None = None
    inversion_cm: float | None = None
    dispersed: bool | None = None


@dataclass(frozen=True, slots=True)
class Commodity:
    """A product of the project's land (VMD0054).

    Attributes
    ----------
    history : tuple of float
        Production of each year of the reference period; nothing for a product the project brings in. [units]
    rotation_years : float
        Length of a crop rotation.
    monitored : float
        Mean yearly production in the period. [units/yr]
    mitigated : float
        Increase of yearly production on land for leakage mitigation. [units/yr]
    yield_ha : float
        On new land. [units/ha]
    growth_fraction : float, optional
        Yearly growth of yields, instead of the default. [1]
    """

    id: str
    kind: Literal["agricultural", "fuelwood"]
    history: tuple[float, ...]
    monitored: float
    yield_ha: float
    rotation_years: float = 1.0
    mitigated: float = 0.0
    growth_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Displacement:
    """Leakage of the area-based land by VMD0054, cumulative since the start.

    Attributes
    ----------
    unused_proof : str
        Document that shows that the land served neither farming nor fuelwood for ten years: then there is none.
    forest_share_fraction, deforestation_yr_fraction : float, optional
        Of the country; they decide whether new land is taken to be forest. [1; 1/yr]
    forest_biomass_t_ha, ecoregion_biomass_t_ha : float
        Trees, roots included, of the region's forest, and of the ecoregion's own cover. [t d.m./ha]
    soil_reference_c_t_ha, soil_factor : float
        Reference stock, and the product of the factors of land use, management and input. [t C/ha; 1]
    mitigation_co2e_t : float
        Emissions of mitigation, cumulative. [t CO2e]
    before_co2e_t : float
        Leakage of all claims before. [t CO2e]
    """

    commodities: tuple[Commodity, ...] = ()
    unused_proof: str = ""
    years_elapsed: float = 0.0
    forest_share_fraction: float | None = None
    deforestation_yr_fraction: float | None = None
    forest_biomass_t_ha: float = 0.0
    ecoregion_biomass_t_ha: float | None = None
    soil_reference_c_t_ha: float = 0.0
    soil_factor: float = 1.0
    mitigation_co2e_t: float = 0.0
    before_co2e_t: float = 0.0


@dataclass(frozen=True, slots=True)
class Significance:
    """The test of Appendix 2: removals expected of the project, optional sources by name, and which were left out."""

    removals_co2e_t: float
    sources_co2e_t: Mapping[str, float]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conduct:
    """Answers that the conditions ask for."""

    cover_increases: bool | None = None
    approach_fixed: bool | None = None
    separation_m: float | None = None
    organic_or_wetland: bool | None = None
    wetland_methodology: bool | None = None
    legal_duty: bool | None = None
    other_income: bool | None = None
    investment_analysis: bool | None = None
    adoption_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class RevegetationInputs:
    """One verification period.

    Attributes
    ----------
    npr_percent : float
        Rating of the non-permanence risk tool. [%]
    buffer_on_adjusted : bool
        The buffer is taken of the stock change after benchmark and uncertainty; otherwise of the whole stock change.
    carried_deficit_t : float
        Deficit of the claim before, as a positive number. [t CO2e]
    gwp_edition : str, optional
        The edition the rest of the run uses; another than the method's is refused.
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    npr_percent: float
    cohorts: tuple[Cohort, ...] = ()
    censuses: tuple[Census, ...] = ()
    displacement: Displacement | None = None
    significance: Significance | None = None
    buffer_on_adjusted: bool = False
    carried_deficit_t: float = 0.0
    gwp_edition: str | None = None
    conduct: Conduct = field(default_factory=Conduct)
    evidence: Mapping[str, str] = field(default_factory=dict)
