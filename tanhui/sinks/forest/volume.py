"""From standing volume to biomass: volume tables, the BEF and BCEF routes, and the regional line B = aV + b.

What a biomass already holds travels with it (:class:`StandBiomass`), so that roots, density and expansion cannot be
applied twice: :class:`Bef` needs a basic density and :class:`Bcef` takes none; :func:`add_roots` refuses a biomass
that has its roots; :func:`regional_biomass` refuses a project.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import Species
from tanhui.sinks.forest.equations import equation, equations, evaluate
from tanhui.sinks.forest.model import Equation

__all__ = [
    "ABOVEGROUND",
    "Bcef",
    "Bef",
    "BefParameters",
    "Density",
    "StandBiomass",
    "VolumeLine",
    "add_pools",
    "add_roots",
    "agb_from_volume",
    "bef_parameters",
    "expansion",
    "regional_biomass",
    "stem_volume_m3",
    "tree_biomass_by_bef",
    "volume_lines",
    "volume_variable_exponent",
]

FloatArray = NDArray[np.float64]
#: Organs of the part above the ground; bark belongs to a stem measured over bark.
ABOVEGROUND = frozenset({"stem", "branch", "leaf"})


@dataclass(frozen=True, slots=True)
class Density:
    """Wood density and how it was measured. [t d.m./m³, equal to g/cm³]

    ``basic`` is oven-dry mass over green volume, the only kind that turns a standing volume into dry mass;
    ``air_dry`` (about 12 % moisture, the kind timber tables print) is 15 to 20 % higher.
    """

    value: float
    kind: Literal["basic", "air_dry"] = "basic"

    def to_basic(self) -> Density:
        """The basic density, by one general factor where it was air-dry (``data/forest/density.toml``)."""
        if self.kind == "basic":
            return self
        from tanhui.sinks.forest.density import air_dry_factor

        return Density(self.value * air_dry_factor().number())


@dataclass(frozen=True, slots=True)
class Bef:
    """Expansion of stem biomass: aboveground = volume * basic density * value. [1]"""

    value: float
    density: Density

    def __post_init__(self) -> None:
        if self.density.kind != "basic":
            raise DomainError("forest.not_basic_density", use="V * D * BEF")


@dataclass(frozen=True, slots=True)
class Bcef:
    """Conversion and expansion in one: aboveground = volume * value; density is inside. [t d.m./m³]"""

    value: float


@dataclass(frozen=True, slots=True)
class StandBiomass:
    """Dry biomass of a stand and the pools it holds. [t d.m./ha]

    ``pools`` are organs and ``roots``; ``flags`` are wording keys of what weakens the figure.
    """

    t_ha: FloatArray
    pools: frozenset[str]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BefParameters:
    """Basic density, BEF, root ratio and carbon fraction of a Chinese species group. The source gives no errors."""

    group: str
    wood_density_t_m3: float
    bef: float
    root_ratio: float
    carbon_fraction: float
    reference: str
    place: str
    status: Status


@dataclass(frozen=True, slots=True)
class VolumeLine:
    """B = a V + b of a forest type, roots included. [B t d.m./ha, V m³/ha]"""

    forest_type: str
    a_t_m3: float
    b_t_ha: float
    v_min_m3_ha: float | None
    v_max_m3_ha: float | None
    n: int | None
    fit: str
    reference: str
    place: str
    status: Status


def stem_volume_m3(
    table_id: str, dbh_cm: ArrayLike, height_m: ArrayLike | None = None, library: Mapping[str, Equation] | None = None
) -> FloatArray:
    """Stem volume over bark by a standing-volume table. [m³ per tree]

    Parameters
    ----------
    table_id : str
        A ``stem_volume`` row of the library or of a user, or one of ``data/forest/volume_variable_exponent.csv``.
    dbh_cm, height_m : array_like of float, shape (n,) or ()
        Diameter at breast height [cm]; total height [m], for two-way tables.

    Raises
    ------
    DomainError
        If the id is no volume table, or a size is not positive.
    """
    if table_id in _variable_exponents():
        if height_m is None:
            raise DomainError("forest.height_needed", id=table_id)
        return volume_variable_exponent(dbh_cm, height_m, *_variable_exponents()[table_id])
    item = equation(table_id, equations() if library is None else library)
    if item.quantity != "stem_volume":
        raise DomainError("forest.not_a_standing_table", id=table_id)
    return evaluate(item, dbh_cm, height_m)


def volume_variable_exponent(
    dbh_cm: ArrayLike, height_m: ArrayLike, a: float, b1: float, b2: float, c1: float, c2: float
) -> FloatArray:
    """Stem volume a D^(b1 + b2 (D + H)) H^(c1 + c2 (D + H)): the form of some provincial tables. [m³]

    Not a power law, so it serves the volume route only.
    """
    dbh, height = np.asarray(dbh_cm, float), np.asarray(height_m, float)
    _refuse_not_positive(dbh_cm=dbh, height_m=height)
    size = dbh + height
    volume: FloatArray = a * dbh ** (b1 + b2 * size) * height ** (c1 + c2 * size)
    return volume


def expansion(*, density: Density | None = None, bef: float | None = None, bcef: float | None = None) -> Bef | Bcef:
    """The expansion somebody asked for, refusing BCEF together with density or BEF.

    For faces that read the factors from a file; code builds :class:`Bef` or :class:`Bcef` itself.
    """
    if bcef is not None:
        if density is not None or bef is not None:
            raise DomainError("forest.bef_and_bcef")
        return Bcef(bcef)
    if density is None or bef is None:
        raise DomainError("forest.not_positive", name="density, bef")
    return Bef(bef, density)


def agb_from_volume(volume_m3_ha: ArrayLike, factor: Bef | Bcef) -> StandBiomass:
    """Aboveground biomass of a stand from its stem volume: V D BEF, or V BCEF. [t d.m./ha]"""
    volume = np.asarray(volume_m3_ha, float)
    if (volume < 0).any():
        raise DomainError("forest.not_positive", name="volume_m3_ha")
    per_volume = factor.value if isinstance(factor, Bcef) else factor.value * factor.density.value
    _refuse_not_positive(expansion=np.asarray(per_volume))
    return StandBiomass(volume * per_volume, ABOVEGROUND)


def add_roots(biomass: StandBiomass, root_ratio: ArrayLike) -> StandBiomass:
    """The biomass with its roots: times (1 + R).

    Raises
    ------
    DomainError
        ``forest.roots_twice``, if the roots are in already (a Fang-type line, a whole-tree equation).
    """
    if "roots" in biomass.pools:
        raise DomainError("forest.roots_twice")
    return StandBiomass(biomass.t_ha * (1 + np.asarray(root_ratio, float)), biomass.pools | {"roots"}, biomass.flags)


def add_pools(*parts: StandBiomass) -> StandBiomass:
    """The sum of parts that share no pool; organs plus the total that holds them is refused."""
    pools: frozenset[str] = frozenset()
    for part in parts:
        if twice := pools & part.pools:
            raise DomainError("forest.pool_twice", pools=", ".join(sorted(twice)))
        pools |= part.pools
    total = np.sum(np.broadcast_arrays(*(part.t_ha for part in parts)), axis=0)
    return StandBiomass(total, pools, tuple(dict.fromkeys(flag for part in parts for flag in part.flags)))


def tree_biomass_by_bef(volume_m3_ha: ArrayLike, parameters: BefParameters) -> StandBiomass:
    """B = V D BEF (1 + R), as every Chinese forestry methodology prints it. [t d.m./ha]"""
    factor = Bef(parameters.bef, Density(parameters.wood_density_t_m3))
    return add_roots(agb_from_volume(volume_m3_ha, factor), parameters.root_ratio)


def regional_biomass(
    volume_m3_ha: ArrayLike, line: VolumeLine, *, purpose: Literal["regional_account", "project"]
) -> StandBiomass:
    """B = a V + b for the account of a region, roots included. [t d.m./ha]

    Raises
    ------
    DomainError
        ``forest.line_for_region_only`` for a project: b is 3 to 46 t/ha at V = 0, which over-credits young stands.
        ``forest.outside_fit`` for volumes outside the fitted range. Where the source states none, the result is
        flagged instead.
    """
    if purpose != "regional_account":
        raise DomainError("forest.line_for_region_only")
    volume = np.asarray(volume_m3_ha, float)
    low, high = line.v_min_m3_ha, line.v_max_m3_ha
    if (low is not None and (volume < low).any()) or (high is not None and (volume > high).any()):
        facts = {"low": float(np.nanmin(volume)), "high": float(np.nanmax(volume)), "v_min": low, "v_max": high}
        raise DomainError("forest.outside_fit", forest_type=line.forest_type, **facts)
    if (volume <= 0).any():
        raise DomainError("forest.not_positive", name="volume_m3_ha")
    flags = ("forest.note.fit_range_unknown",) if low is None or high is None else ()
    return StandBiomass(line.a_t_m3 * volume + line.b_t_ha, ABOVEGROUND | {"roots"}, flags)


def bef_parameters(group: str | Species) -> BefParameters:
    """Parameters of a species group by its name, or of the group a species belongs to."""
    name = group.cn_group if isinstance(group, Species) else group
    table = _bef_table()
    if name not in table:
        shown = group.latin if isinstance(group, Species) else group
        raise DomainError("forest.unknown_group", group=shown, known="、".join(table))
    return table[name]


@cache
def volume_lines() -> dict[str, VolumeLine]:
    """The lines B = aV + b by forest type."""
    return {
        row["forest_type"]: VolumeLine(
            row["forest_type"],
            float(row["a_t_m3"]),
            float(row["b_t_ha"]),
            _number(row["v_min_m3_ha"]),
            _number(row["v_max_m3_ha"]),
            int(row["n"]) if row["n"] else None,
            row["fit"],
            row["reference"],
            row["place"],
            Status.parse(row["status"]),
        )
        for row in _rows("biomass_volume_lines.csv")
    }


@cache
def _bef_table() -> dict[str, BefParameters]:
    return {
        row["cn_group"]: BefParameters(
            group=row["cn_group"],
            wood_density_t_m3=float(row["wood_density_t_m3"]),
            bef=float(row["bef"]),
            root_ratio=float(row["root_ratio"]),
            carbon_fraction=float(row["carbon_fraction"]),
            reference=row["reference"],
            place=row["place"],
            status=Status.parse(row["status"]),
        )
        for row in _rows("bef_parameters.csv")
    }


@cache
def _variable_exponents() -> dict[str, tuple[float, float, float, float, float]]:
    return {
        row["id"]: (float(row["a"]), float(row["b1"]), float(row["b2"]), float(row["c1"]), float(row["c2"]))
        for row in _rows("volume_variable_exponent.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    """Rows of a table of this room, each with a reference that resolves."""
    with data_path("forest", name).open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        reference(row["reference"])
    return rows


def _number(text: str) -> float | None:
    return float(text) if text else None


def _refuse_not_positive(**values: FloatArray) -> None:
    for name, value in values.items():
        if (value <= 0).any():
            raise DomainError("forest.not_positive", name=name)
