"""The project file: what ``project.toml`` may say, checked whole.

Two kinds of project share the head. A *regional account* names an inventory; an *afforestation project* names
parcels, strata, monitorings, answers to the eligibility clauses and, for the plan, growth curves.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.settings import PROJECT_FILE, meaning_faults, shape_fault

__all__ = [
    "PROJECT_FILE",
    "Afforestation",
    "GrowthCurve",
    "Monitoring",
    "Regional",
    "Stratum",
    "TreeModel",
    "load_project",
]

#: A larger project file is none. [bytes]
MAX_BYTES = 10 * 1024**2
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A table of the project file: unknown keys are refused, nothing is changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(Part):
    """A text in both languages."""

    zh: str
    en: str


class TreeModel(Part):
    """How trees become biomass: the region for the choice of equations, and what the user fixes by hand."""

    region: str
    #: "equation": biomass equations; "volume": volume table, wood density and expansion factor.
    route: Literal["equation", "volume"] = "equation"
    #: Species -> equation id, before any choice of ours.
    equations: dict[str, str] = {}
    #: A file of the user's own equations or volume tables, each with its citation.
    own_equations: Path | None = None


class Head(Part):
    """What every project says."""

    id: Identifier
    title: Both
    lead: Both
    method: str
    seed: int = Field(ge=0, lt=2**53)
    illustrative: bool = False
    trees: TreeModel
    #: Signed confirmations and the trust file that says whose signature counts.
    confirmations: tuple[Path, ...] = ()
    trust: Path | None = None


class FiaInventory(Part):
    """An inventory in the tables of the US forest service."""

    reader: Literal["fia"]
    folder: Path


class Regional(Head):
    """A regional account from a national inventory: no owner, no activity, never issued."""

    method: Literal["ipcc/stock-difference"]
    domain: str
    inventory: FiaInventory


class Dates(Part):
    """The days on which a project's account depends."""

    started: date
    crediting_start: date
    #: The last day that belongs to the crediting period.
    crediting_end: date
    applied: date

    @property
    def crediting(self) -> Period:
        """The crediting period."""
        return Period.inclusive(self.crediting_start, self.crediting_end)

    @model_validator(mode="after")
    def in_order(self) -> Dates:
        """Start before crediting before its end; the application after the start."""
        if not self.started <= self.crediting_start < self.crediting_end:
            raise ValueError("project.crediting_out_of_order")
        if self.applied < self.started:
            raise ValueError("project.applied_before_start")
        return self


class ParcelFile(Part):
    """The parcels (小班) and what the file does not say itself."""

    file: Path
    #: The coordinate system where the file names none, for example "EPSG:4526".
    crs: str | None = None
    #: Enough where the zone can be read from the coordinates.
    datum: Literal["cgcs2000", "xian80", "beijing54", "wgs84"] | None = None
    #: Rough longitude and latitude of the project, to tell zones apart.
    near: tuple[float, float] | None = None
    area_unit: Literal["mu", "ha", "m2"]
    volume_unit: Literal["m3/mu", "m3/ha"] | None = None
    #: Our column -> the column of the file, where ours does not recognise it.
    fields: dict[str, str] = {}
    #: Our column -> {code: word}, for files that hold codes.
    codes: dict[str, dict[str, str]] = {}
    encoding: str | None = None
    layer: str | None = None
    #: Where the outlines were drawn, for example "奥维": a map service shifts them.
    source: str = ""
    #: Parcels or points whose place is known, to find such a shift.
    reference: Path | None = None
    #: Accept parcels of several parts.
    multi_part: bool = False


class GrowthCurve(Part):
    """A curve of stock over age for the plan, with where it comes from."""

    form: Literal["richards", "logistic", "korf", "gompertz", "schumacher"]
    #: As the form prints them: richards a, k, p in a (1 - exp(-k t))^p; see the page on growth curves.
    parameters: tuple[float, ...]
    #: What the curve gives: stem volume or biomass, per hectare or (m3, kg d.m.) per tree.
    unit: Literal["m3/ha", "m3", "t d.m./ha", "kg d.m.", "t C/ha"] = "m3/ha"
    #: Whether a biomass or carbon curve holds the roots already.
    roots_included: bool = False
    #: Whether the curve holds what thinnings and mortality take out along the way.
    gross: bool = False
    #: Curves of one name are one curve: their errors are shared.
    id: str = ""
    #: Standard error of the level of the curve as a fraction of it.
    relative_se: Annotated[float, Field(gt=0, lt=1)]
    #: The oldest age the curve was made for. [yr]
    age_max_yr: Positive | None = None
    reference: Annotated[str, Field(min_length=1)]
    status: Literal["primary", "secondary", "recalled", "scenario"]


class Thinning(Part):
    """A thinning: the share of the standing stock removed at an age."""

    age_yr: Positive
    removed_share: Share


class Harvest(Part):
    """Thinnings, and a final harvest with replanting."""

    thinnings: tuple[Thinning, ...] = ()
    age_yr: Positive | None = None
    removed_share: Share = 1.0
    replant: bool = True
    #: Years between harvest and replanting.
    delay_yr: Annotated[float, Field(ge=0)] = 0.0


class Stratum(Part):
    """A carbon stratum (碳层): species, planting date, and for the plan its curve and its treatment."""

    id: str
    species: str
    planted: date
    growth: GrowthCurve | None = None
    #: Needed where the curve is per tree. [1/ha]
    stems_per_ha: Positive | None = None
    #: Share of the planned trees alive.
    survival: Annotated[float, Field(gt=0, le=1)] = 1.0
    #: Share planted again, and how many years after the first planting.
    replanted_share: Share = 0.0
    replant_after_yr: Positive = 1.0
    harvest: Harvest | None = None


class Monitoring(Part):
    """One monitoring: the workbook and the day it stands for."""

    file: Path
    date: date
    reason: str = ""


class Afforestation(Head):
    """An afforestation project from parcels and monitored plots."""

    method: Literal["ccer/14-001-v01"]
    owner: str
    dates: Dates
    parcels: ParcelFile
    strata: tuple[Stratum, ...]
    monitoring: tuple[Monitoring, ...] = ()
    #: What the method's conditions ask, in its own words: parcels, conduct, additionality, evidence, fires.
    conditions: dict[str, Any] = {}
    #: What the land would have taken up anyway over the accounting period. [t CO2e]
    baseline_removal_co2e_t: float = 0.0
    #: Change of other pools the project chose, by the method's names (dead_wood, litter, soil, shrub). [t CO2e]
    pool_change_co2e_t: dict[str, float] = {}
    #: Deficit of the claim before, as a positive number. [t CO2e]
    carried_deficit_t: Annotated[float, Field(ge=0)] = 0.0
    #: A difference between measurement and plan beyond this share needs a reason.
    plan_difference_limit: Share = 0.2

    @model_validator(mode="after")
    def consistent(self) -> Afforestation:
        """Strata once each; monitorings in order and after planting."""
        ids = [stratum.id for stratum in self.strata]
        if len(set(ids)) != len(ids):
            twice = ", ".join(sorted({name for name in ids if ids.count(name) > 1}))
            raise ValueError("project.stratum_twice", {"ids": twice})
        days = [visit.date for visit in self.monitoring]
        if days != sorted(set(days)):
            raise ValueError("project.monitoring_out_of_order")
        return self


KINDS: Mapping[str, type[Head]] = {"ipcc/stock-difference": Regional, "ccer/14-001-v01": Afforestation}


def load_project(folder: Path) -> Regional | Afforestation:
    """Read ``project.toml``; every fault in it is listed.

    Raises
    ------
    InputError
        If there is no project file.
    RefusedInput
        If it is not TOML; else with one fault per setting that is wrong, missing, unknown, or names what we do not
        know (a species, a region, an equation, a file).
    """
    path = folder / PROJECT_FILE
    if not path.is_file():
        raise InputError("project.missing", path=str(folder))
    content = read_content(path)
    kind = KINDS.get(str(content.get("method")))
    if kind is None:
        facts = {"known": ", ".join(KINDS)}
        value = str(content.get("method", ""))[:80]
        raise RefusedInput([Fault("project.method", PROJECT_FILE, column="method", value=value, facts=facts)])
    try:
        project = kind.model_validate(content)
    except ValidationError as error:
        known = sorted(setting_names(kind))
        raise RefusedInput([shape_fault(detail, content, known) for detail in error.errors()]) from None
    if faults := meaning_faults(project, folder):
        raise RefusedInput(faults)
    return project  # type: ignore[return-value]


def read_content(path: Path) -> dict[str, Any]:
    """The project file as plain data; a byte order mark, which Windows writes, is no matter."""
    if (size := path.stat().st_size) > MAX_BYTES:
        raise RefusedInput([Fault("project.too_large", PROJECT_FILE, facts={"size": size, "limit": MAX_BYTES})])
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise RefusedInput([Fault("project.not_utf8", PROJECT_FILE)]) from None
    except tomllib.TOMLDecodeError as error:
        said = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|.*)\)", str(error))
        row = int(said[2]) if said and said[2] else None
        raise RefusedInput([not_toml(said[1] if said else str(error), row)]) from None
    except RecursionError:
        raise RefusedInput([not_toml("nested too deeply", None)]) from None


def not_toml(detail: str, row: int | None) -> Fault:
    """What the parser says, and where."""
    return Fault("project.not_toml", PROJECT_FILE, row=row, facts={"detail": detail})


def setting_names(kind: type[BaseModel]) -> set[str]:
    """Every name a setting may have, in this table and in those below it."""
    names: set[str] = set()
    for name, field in kind.model_fields.items():
        names.add(name)
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                names |= setting_names(part)
    return names
