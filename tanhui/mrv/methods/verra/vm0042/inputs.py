"""What ``verra/vm0042`` needs to know of a project, for one verification period, in plain units.

Emissions and stocks are given as the quantities people measure, never negative; which side of a claim they fall on is
the business of the rules. ``None`` means "nobody has answered yet".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period

__all__ = [
    "Amendment",
    "Burnt",
    "Campaign",
    "Commodity",
    "Conduct",
    "ControlSite",
    "Core",
    "Displacement",
    "Field",
    "Herd",
    "ImprovedLandInputs",
    "Layer",
    "Modelled",
    "ModelledFlux",
    "NFixer",
    "Practice",
    "Resampled",
    "Side",
    "Stratum",
    "Woody",
]

Side = Literal["baseline", "project"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A depth increment of a composite sample.

    Attributes
    ----------
    thickness_cm : float
        Of the increment. [cm]
    sample_g : float
        Oven-dry fine earth of all cores together, without what is above 2 mm. [g]
    soc_g_kg : float
        Organic carbon of the fine earth. [g/kg]
    """

    thickness_cm: float
    sample_g: float
    soc_g_kg: float


@dataclass(frozen=True, slots=True)
class Core:
    """A composite sample: the increments from the surface down, the probe and how many cores were taken with it."""

    layers: tuple[Layer, ...]
    diameter_mm: float
    cores: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """The points of one place at one date: samples, or stocks that were brought to equal soil mass elsewhere.

    Attributes
    ----------
    stocks_c_t_ha : tuple of float
        Organic carbon of each point at equal soil mass. [t C/ha]
    samples : tuple of Core
        Or the samples themselves.
    """

    stocks_c_t_ha: tuple[float, ...] = ()
    samples: tuple[Core, ...] = ()

    @property
    def n(self) -> int:
        """Number of points."""
        return len(self.stocks_c_t_ha) or len(self.samples)


@dataclass(frozen=True, slots=True)
class Resampled:
    """A place sampled at the start and at the end of the period; ``paired`` where the same points were visited."""

    start: Campaign
    end: Campaign
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Modelled:
    """Quantification approach 1: what the model gave at each point of a stratum over the period.

    Attributes
    ----------
    project_change_co2e_t_ha, baseline_change_co2e_t_ha : tuple of float
        Change of soil carbon at each point, both sides in the same order. [t CO2e/ha]
    model_variance : float
        Variance of the model's prediction error of the difference, for the whole period. [(t CO2e/ha)^2]
    """

    project_change_co2e_t_ha: tuple[float, ...]
    baseline_change_co2e_t_ha: tuple[float, ...]
    model_variance: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the project within which points were drawn at random.

    Attributes
    ----------
    area_ha : float
        Of the project's land in it, never of its control sites. [ha]
    measured, modelled : optional
        Exactly one of the two: measured again (approach 2), or modelled (approach 1).
    reference_mass_t_ha : float, optional
        Soil mass fixed at the start of the project; without it, that of the linked controls' first campaign. [t/ha]
    """

    id: str
    area_ha: float
    measured: Resampled | None = None
    modelled: Modelled | None = None
    reference_mass_t_ha: float | None = None


@dataclass(frozen=True, slots=True)
class ControlSite:
    """Land under the old practice that stands for the baseline of some strata.

    Attributes
    ----------
    strata : tuple of str
        The strata it is linked to.
    distance_km : float, optional
        To the farthest land it stands for. [km]
    similar : bool, optional
        Whether slope, texture, soil group, carbon, history, climate and rain match (Table 7).
    fixed : bool, optional
        Whether it lies where it lay at the start.
    """

    id: str
    strata: tuple[str, ...]
    measured: Resampled
    distance_km: float | None = None
    similar: bool | None = None
    fixed: bool | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field: ``wet`` where rain exceeds evapotranspiration (temperate) or 1000 mm a year (tropics)."""

    id: str
    climate: Literal["wet", "dry"]
    irrigation: Literal["none", "drip", "other"] = "none"


@dataclass(frozen=True, slots=True)
class Burnt:
    """Crop residue that was burnt on the field. [kg d.m.]"""

    crop: Literal["rice", "wheat", "maize", "sugarcane"]
    mass_kg: float


@dataclass(frozen=True, slots=True)
class NFixer:
    """A nitrogen-fixing crop whose residue returns to the soil. [t d.m.; t N/t d.m.]"""

    dry_matter_t: float
    n_content_fraction: float


@dataclass(frozen=True, slots=True)
class Herd:
    """Grazing animals of one kind on a field during a year. The methodology prints no factor for them: bring yours.

    Attributes
    ----------
    heads : float
        Yearly mean. [head]
    n2o_group : str
        Row of the factor for dung and urine on pasture.
    enteric_kg_head_yr : float
        Methane of digestion. [kg CH4/head/yr]
    vs_kg_1000kg_d, weight_kg : float
        Volatile solids for each tonne of animal and day, and the animal's weight. [kg; kg]
    manure_g_kg_vs : float
        Methane of the manure. [g CH4/kg VS]
    system_fraction : float
        Share of the manure in this management system. [1]
    n_kg_head_yr : float
        Nitrogen excreted. [kg N/head/yr]
    deposited_fraction : float
        Share of it that falls on the field; 1 needs no proof. [1]
    """

    id: str
    heads: float
    n2o_group: Literal["cattle_poultry_pigs", "sheep_other"]
    enteric_kg_head_yr: float
    vs_kg_1000kg_d: float
    weight_kg: float
    manure_g_kg_vs: float
    n_kg_head_yr: float
    system_fraction: float = 1.0
    deposited_fraction: float = 1.0


@dataclass(frozen=True, slots=True)
class Practice:
    """What was done on a field in one calendar year under one scenario."""

    field: str
    year: int
    side: Side
    diesel_l: float = 0.0
    gasoline_l: float = 0.0
    limestone_t: float = 0.0
    dolomite_t: float = 0.0
    synthetic_n_kg: float = 0.0
    organic_n_kg: float = 0.0
    burnt: tuple[Burnt, ...] = ()
    n_fixers: tuple[NFixer, ...] = ()
    herds: tuple[Herd, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelledFlux:
    """A gas of the soil from a model (approach 1), over the whole period and project.

    Attributes
    ----------
    baseline_t, project_t : float
        Tonnes of the gas. Methane that the soil takes up is negative. [t]
    reduction_se_t : float
        Standard error of baseline less project: sampling and model together. [t]
    """

    gas: Literal["CH4", "N2O"]
    baseline_t: float
    project_t: float
    reduction_se_t: float


@dataclass(frozen=True, slots=True)
class Woody:
    """Trees or shrubs of a unit at the start and the end of the period, by AR-TOOL14.

    Attributes
    ----------
    start_co2e_t_ha, end_co2e_t_ha : float
        Stocks. [t CO2e/ha]
    harvested : bool
        Whether wood is cut; then the project's stock counts up to its long-term average.
    long_term_average_co2e_t_ha : float, optional
        That average. [t CO2e/ha]
    """

    id: str
    pool: Literal["tree", "shrub"]
    side: Side
    area_ha: float
    start_co2e_t_ha: float
    end_co2e_t_ha: float
    harvested: bool = False
    long_term_average_co2e_t_ha: float | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """Manure, compost or biosolids that is new to the land.

    Attributes
    ----------
    mass_t, c_fraction : float
        Mass applied and carbon in it. [t; t C/t]
    exempt : str, optional
        Why nothing is deducted; the document that shows it is named in ``proof``.
    """

    id: str
    year: int
    mass_t: float
    c_fraction: float
    exempt: Literal["made_on_site", "from_open_lagoon", "not_used_on_soil"] | None = None
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Commodity:
    """What the land produced before the project and does now, in units of that product.

    Attributes
    ----------
    before, mitigation_before : tuple of float
        Yearly production of the reference years, on the project's land and in leakage mitigation areas.
    now, mitigation_now : float
        Production in the year looked at.
    yield_ha : float
        On new land, for each hectare.
    growth : float, optional
        Yearly growth of yields; the module's default without it. [1/yr]
    """

    id: str
    before: tuple[float, ...]
    now: float
    yield_ha: float
    mitigation_before: tuple[float, ...] = ()
    mitigation_now: float = 0.0
    growth: float | None = None


@dataclass(frozen=True, slots=True)
class Displacement:
    """Production that fell and is made up elsewhere (VMD0054).

    Attributes
    ----------
    years_elapsed : int
        Years since the start of the project.
    forest_c_t_ha : float
        Carbon of the forest that gives way, all living and dead biomass. [t C/ha]
    soil_reference_c_t_ha : float
        Carbon of its soil. [t C/ha]
    soil_factor : float
        What of it stays under the displaced use: land use times management times inputs. [1]
    before_co2e_t : float
        Cumulative leakage up to the verification before. [t CO2e]
    """

    commodities: tuple[Commodity, ...]
    years_elapsed: int
    forest_c_t_ha: float
    soil_reference_c_t_ha: float
    soil_factor: float
    before_co2e_t: float = 0.0


@dataclass(frozen=True, slots=True)
class Conduct:
    """Answers that the conditions ask for."""

    land: Literal["cropland", "grassland", "other"] | None = None
    practice_changed: bool | None = None
    smallest_change_fraction: float | None = None
    lookback_years: float | None = None
    rotation_years: float | None = None
    cleared_years_before: float | None = None
    productivity_loss_fraction: float | None = None
    biochar_is_the_activity: bool | None = None
    wetland: bool | None = None
    additional: bool | None = None
    common_practice: bool | None = None
    woody_may_fall: bool | None = None
    dry_combustion: bool | None = None
    same_season_and_laboratory: bool | None = None
    model_validated: bool | None = None
    weather_station_km: float | None = None
    all_fields_recorded: bool | None = None


@dataclass(frozen=True, slots=True)
class ImprovedLandInputs:
    """One verification period of a project.

    Attributes
    ----------
    claim : str
        Which of the two claims is asked for; :func:`claims` gives both.
    npr_fraction : float
        Overall non-permanence risk rating, from the AFOLU risk tool. [1]
    change_before_co2e_t : float
        Project stock change from the start to this period, as earlier claims had it. [t CO2e]
    interpolation, mass_basis : str
        How stocks at equal soil mass are read; the same for the whole crediting period.
    spectroscopy_errors_c_t_ha : tuple of float
        Predicted less observed stock at validation points, where spectroscopy replaced the laboratory. [t C/ha]
    biochar_c_t : float
        Organic carbon of biochar that was put on the land during the period. [t C]
    slaughter_proven : bool
        Whether it is shown that products did not fall and animals were slaughtered, not moved.
    residue_energy_co2e_t : float
        Leakage of residues that used to be burnt for energy, by TOOL16. [t CO2e]
    carried_deficit_t : float
        Deficit of the same claim of the period before, as a positive number. [t CO2e]
    """

    project_start: date
    crediting: Period
    application: date
    period: Period
    npr_fraction: float
    strata: tuple[Stratum, ...]
    claim: Literal["removal", "reduction"] = "removal"
    controls: tuple[ControlSite, ...] = ()
    change_before_co2e_t: float = 0.0
    interpolation: Literal["linear", "spline"] = "linear"
    mass_basis: Literal["mineral", "fine_earth"] = "mineral"
    spectroscopy_errors_c_t_ha: tuple[float, ...] = ()
    biochar_c_t: float = 0.0
    woody: tuple[Woody, ...] = ()
    fields: tuple[Field, ...] = ()
    practices: tuple[Practice, ...] = ()
    slaughter_proven: bool = False
    modelled_fluxes: tuple[ModelledFlux, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    displacement: Displacement | None = None
    residue_energy_co2e_t: float = 0.0
    carried_deficit_t: float = 0.0
    gwp_edition: str | None = None
    conduct: Conduct = field(default_factory=Conduct)
    evidence: Mapping[str, str] = field(default_factory=dict)
