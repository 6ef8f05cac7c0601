"""Dead wood and litter after AR-TOOL12 v03.1, equation by equation, with guards against counting carbon twice.

Standing dead trees are live trees times alpha, or stumps by their middle diameter; lying dead wood is measured on
transects, litter in frames. Where nothing is measured, default shares of tree carbon may stand in, but only if the
material is left in place.

The tool's carbon fraction of wood is 0.5 while AR-TOOL14 takes 0.47 for live trees: every result remembers its
fraction, and :func:`add_pools` refuses to add woody pools of different fractions unless told to. Carbon leaves as
t CO2, always through ``kernel.units.CO2_PER_C``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Leaf, Parameters, Status, load_parameters
from tanhui.kernel.units import CO2_PER_C

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "DefaultShares",
    "PoolStock",
    "add_pools",
    "alpha",
    "beta",
    "carbon_fraction",
    "default_pool",
    "default_shares",
    "litter_co2_t",
    "lying_co2_t",
    "standing_dead_from_agb_t",
    "standing_dead_from_volume_t",
    "stump_co2_t",
    "stump_mid_diameter_cm",
    "to_stratum_co2_t",
]

Pool = Literal["tree", "dead_wood", "litter"]


@dataclass(frozen=True, slots=True)
class PoolStock:
    """Carbon of one pool and how it came about.

    Attributes
    ----------
    carbon_fraction : float
        Carbon per dry mass that was used; for a default share, the fraction behind the tree carbon it multiplies.
    tree_ids : frozenset of str
        The trees it rests on, so that none is counted live and dead.
    """

    pool: Pool
    co2_t: float
    carbon_fraction: float
    method: Literal["measured", "default"] = "measured"
    tree_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DefaultShares:
    """Dead wood and litter as shares of tree carbon (DF_DW, DF_LI)."""

    dead_wood: float
    litter: float
    reference: str
    status: Status


@cache
def _parameters() -> Parameters:
    return load_parameters(data_path("forest_stand", "ar_tool12.toml"), "forest_stand/ar_tool12")


def _leaf(name: str) -> Leaf:
    return _parameters()[name].leaves[-1]


def carbon_fraction(pool: Literal["tree", "litter"]) -> Leaf:
    """The tool's carbon fraction of wood ("tree") or of litter. [t C/t d.m.]"""
    return _leaf(f"carbon_fraction_{pool}")


def alpha(states: Sequence[str]) -> NDArray[np.float64]:
    """Share of a live tree's biomass left in a dead one: "twigs_lost" or "branches_lost". A stump is neither."""
    return _classes("alpha", states)


def beta(classes: Sequence[str]) -> NDArray[np.float64]:
    """Density of dead over live wood by the machete test: "sound", "intermediate" or "rotten"."""
    return _classes("beta", classes)


def standing_dead_from_volume_t(
    stem_volume_m3: ArrayLike, alpha: ArrayLike, *, density_t_m3: float, bef2: float, root_ratio: float
) -> NDArray[np.float64]:
    """Dry mass of standing dead trees, roots included, from stem volume: eq. (1), tree by tree. [t d.m.]"""
    volume = _positive("stem_volume_m3", stem_volume_m3)
    return np.asarray(density_t_m3 * bef2 * (1 + root_ratio) * volume * np.asarray(alpha, float))


def standing_dead_from_agb_t(agb_t: ArrayLike, alpha: ArrayLike, *, root_ratio: float) -> NDArray[np.float64]:
    """Dry mass of standing dead trees, roots included, from the live trees' equation: eq. (2), tree by tree. [t d.m.]

    ``agb_t`` is what the equation gives for a live tree of that size. [t d.m.]
    """
    return np.asarray((1 + root_ratio) * _positive("agb_t", agb_t) * np.asarray(alpha, float))


def stump_mid_diameter_cm(dbh_cm: ArrayLike, height_m: ArrayLike, breast_height_m: float = 1.3) -> NDArray[np.float64]:
    """Middle diameter of a stump or branchless dead stem higher than 4 m: eq. (4). [cm]

    Lower ones are measured, and refused here.
    """
    dbh, height = _positive("dbh_cm", dbh_cm), np.asarray(height_m, float)
    limit = _leaf("stump_height_min").number()
    if (height <= limit).any():
        raise DomainError("deadwood.stump_too_low", limit=limit)
    return np.asarray(0.57 * dbh * (height / (height - breast_height_m)) ** 0.80)


def stump_co2_t(
    mid_diameter_cm: ArrayLike, height_m: ArrayLike, beta: ArrayLike, *, density_t_m3: float, root_ratio: float
) -> NDArray[np.float64]:
    """Carbon of stumps and branchless dead stems, roots included: eq. (5), stump by stump. [t CO2]"""
    diameter_m = _positive("mid_diameter_cm", mid_diameter_cm) / 100
    height = _positive("height_m", height_m)
    volume_m3 = np.pi / 4 * diameter_m**2 * height
    carbon = carbon_fraction("tree").number()
    return np.asarray(CO2_PER_C * carbon * density_t_m3 * (1 + root_ratio) * volume_m3 * np.asarray(beta, float))


def lying_co2_t(
    diameter_cm: ArrayLike, beta: ArrayLike, *, transect_m: float, plot_area_ha: float, density_t_m3: float
) -> float:
    """Carbon of lying dead wood on a plot from the pieces its transects cross: eq. (6). [t CO2]

    Parameters
    ----------
    diameter_cm, beta : array_like of float, shape (n,)
        Diameter where the transect crosses the piece, 10 cm or more, and its density factor; empty if none was met.
    transect_m : float
        Total length of the plot's transects, 100 m or more.
    """
    diameter = np.asarray(diameter_cm, float)
    thinnest, shortest = _leaf("lying_min_diameter").number(), _leaf("transect_min_length").number()
    if (diameter < thinnest).any():
        raise DomainError("deadwood.piece_too_thin", limit=thinnest)
    if transect_m < shortest:
        raise DomainError("deadwood.transect_too_short", length_m=transect_m, limit=shortest)
    volume_m3_ha = np.pi**2 / (8 * transect_m) * float((diameter**2 * np.asarray(beta, float)).sum())
    return float(plot_area_ha * CO2_PER_C * carbon_fraction("tree").number() * density_t_m3 * volume_m3_ha)


def litter_co2_t(
    wet_mass_kg: Sequence[float], *, dry_to_wet: float, frame_area_m2: float, plot_area_ha: float
) -> float:
    """Carbon of litter on a plot from four frames: eq. (12). [t CO2]

    ``wet_mass_kg`` is the fresh mass of each frame, ``frame_area_m2`` the area of one frame, ``dry_to_wet`` the dry
    over the fresh mass of a subsample.
    """
    frames = int(_leaf("litter_frames").number())
    if len(wet_mass_kg) != frames:
        raise DomainError("deadwood.wrong_frames", wanted=frames, found=len(wet_mass_kg))
    if not 0 < dry_to_wet <= 1:
        raise DomainError("deadwood.dry_ratio")
    area = float(_positive("frame_area_m2", frame_area_m2))
    mass_t = 2.5 * (plot_area_ha / area) * float(np.sum(wet_mass_kg)) * dry_to_wet
    return float(CO2_PER_C * carbon_fraction("litter").number() * mass_t)


def to_stratum_co2_t(plot_co2_t: ArrayLike, plot_area_ha: ArrayLike, stratum_area_ha: float) -> float:
    """Carbon of a stratum from its plots, by area: eq. (7) and (13). [t CO2]"""
    plots, areas = np.broadcast_arrays(np.asarray(plot_co2_t, float), _positive("plot_area_ha", plot_area_ha))
    return float(stratum_area_ha / areas.sum() * plots.sum())


def default_shares(biome: str, *, elevation_m: float | None = None, rain_mm_yr: float | None = None) -> DefaultShares:
    """The tool's default shares for a place. Temperate and boreal forest needs neither elevation nor rainfall."""
    for row in _default_rows():
        if (
            row["biome"] == biome
            and _within(elevation_m, row["elevation_min_m"], row["elevation_max_m"], open_end=True)
            and _within(rain_mm_yr, row["rain_min_mm_yr"], row["rain_max_mm_yr"], open_end=row["rain_min_mm_yr"] == "")
        ):
            return DefaultShares(
                float(row["dead_wood"]), float(row["litter"]), row["reference"], Status.parse(row["status"])
            )
    raise DomainError("deadwood.unknown_biome", biome=biome, elevation=elevation_m, rain=rain_mm_yr)


def default_pool(
    trees: PoolStock, pool: Literal["dead_wood", "litter"], share: float, *, left_in_place: bool
) -> PoolStock:
    """Dead wood or litter as a share of tree carbon: eq. (9) and (15). Refused where the material is taken away."""
    if not left_in_place:
        raise DomainError("deadwood.not_left")
    return PoolStock(pool, trees.co2_t * share, trees.carbon_fraction, "default")


def add_pools(pools: Iterable[PoolStock], *, allow_mixed_carbon_fraction: bool = False) -> float:
    """Sum of pools that share no carbon. [t CO2]

    Raises
    ------
    DomainError
        If a tree is counted live and dead, a pool is both measured and taken by default, or the woody pools use
        different carbon fractions and nobody allowed it. Litter has a fraction of its own.
    """
    listed = list(pools)
    live = frozenset[str]().union(*(p.tree_ids for p in listed if p.pool == "tree"))
    dead = frozenset[str]().union(*(p.tree_ids for p in listed if p.pool == "dead_wood"))
    if both := sorted(live & dead):
        raise DomainError("deadwood.counted_twice", ids=", ".join(both))
    for pool in ("dead_wood", "litter"):
        if {p.method for p in listed if p.pool == pool} == {"measured", "default"}:
            raise DomainError("deadwood.pool_twice", pool=pool)
    fractions = sorted({p.carbon_fraction for p in listed if p.pool != "litter"})
    if len(fractions) > 1 and not allow_mixed_carbon_fraction:
        raise DomainError("deadwood.mixed_carbon_fraction", fractions=", ".join(map(str, fractions)))
    return float(sum(p.co2_t for p in listed))


@cache
def _default_rows() -> tuple[dict[str, str], ...]:
    with data_path("forest_stand", "deadwood_factors.csv").open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


def _within(value: float | None, low: str, high: str, *, open_end: bool) -> bool:
    """Whether a value lies in a band of the table; a band without limits holds every place, known or not."""
    if not low and not high:
        return True
    if value is None or (low and value < float(low)):
        return False
    return not high or (value < float(high) if open_end else value <= float(high))


def _classes(kind: Literal["alpha", "beta"], names: Sequence[str]) -> NDArray[np.float64]:
    known = {key.removeprefix(f"{kind}_"): _leaf(key).number() for key in _parameters() if key.startswith(f"{kind}_")}
    for name in names:
        if name not in known:
            raise DomainError("deadwood.unknown_class", value=name, known=", ".join(known))
    return np.array([known[name] for name in names], float)


def _positive(what: str, value: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(value, float)
    if not (array > 0).all():
        raise DomainError("deadwood.not_positive", what=what)
    return array
