"""Measured soil carbon: stocks from samples, and change between two dates on equal soil mass.

A stock to a fixed depth changes when the soil is compacted or loosened, without any carbon coming or going. So change
is read at an equal mass of soil, from carbon cumulated over soil mass, as in [1]_. Mass is that of the fine earth; of
the whole of it, or of its mineral part, which is without the organic matter whose change is being measured.

References
----------
.. [1] J.W. Wendt, S. Hauser, Eur. J. Soil Sci. 64, 58-65, 2013. doi:10.1111/ejss.12002
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.sinks.soil import checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = [
    "EqualMassChange",
    "Profile",
    "change_at_equal_mass",
    "core_mass_t_ha",
    "layer_mass_t_ha",
    "layer_stock_t_ha",
    "stock_at_mass",
]

#: One g/cm3 over one cm is this many t/ha.
_T_HA_PER_G_CM2 = 100.0
_G_PER_KG = 1000.0
#: Square millimetres of a core to a hectare: 1 g/mm2 = 10,000 t/ha.
_T_HA_PER_G_MM2 = 1e4
_SPLINE_LAYERS = 3
WAYS = ("linear", "spline")

Way = Literal["linear", "spline"]


def layer_mass_t_ha(bulk_density_g_cm3: ArrayLike, thickness_cm: ArrayLike, coarse_share: ArrayLike = 0.0) -> Array:
    """Fine earth in a layer: bulk density times thickness, less the volume of stones and roots.

    Parameters
    ----------
    bulk_density_g_cm3 : array_like of float
        Of the fine earth: its oven-dry mass over its own volume. [g/cm3]
    coarse_share : array_like of float
        Fragments above 2 mm as a share of the layer's volume, not of its mass. [1]
    """
    density = checks.bulk_density("bulk_density_g_cm3", bulk_density_g_cm3)
    thickness = checks.positive("thickness_cm", thickness_cm)
    return density * thickness * (1.0 - checks.share("coarse_share", coarse_share)) * _T_HA_PER_G_CM2


def layer_stock_t_ha(
    soc_g_kg: ArrayLike, bulk_density_g_cm3: ArrayLike, thickness_cm: ArrayLike, coarse_share: ArrayLike = 0.0
) -> Array:
    """Organic carbon in a layer: content of the fine earth times its mass. [t C/ha]"""
    mass = layer_mass_t_ha(bulk_density_g_cm3, thickness_cm, coarse_share)
    return checks.content_g_kg("soc_g_kg", soc_g_kg) * mass / _G_PER_KG


def core_mass_t_ha(sample_g: ArrayLike, diameter_mm: ArrayLike, cores: ArrayLike) -> Array:
    """Fine earth in a layer from the oven-dry mass of its composite sample: no bulk density is needed. [t/ha]"""
    mass, diameter = checks.positive("sample_g", sample_g), checks.positive("diameter_mm", diameter_mm)
    area = math.pi * (diameter / 2) ** 2 * checks.positive("cores", cores)
    return mass / area * _T_HA_PER_G_MM2


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Layers from the surface down without a gap: thickness, mass of fine earth, and carbon content."""

    name: str
    thickness_cm: Array
    mass_t_ha: Array
    soc_g_kg: Array

    def __init__(self, name: str, thickness_cm: ArrayLike, mass_t_ha: ArrayLike, soc_g_kg: ArrayLike) -> None:
        given = {
            "thickness_cm": np.atleast_1d(checks.positive("thickness_cm", thickness_cm)),
            "mass_t_ha": np.atleast_1d(checks.positive("mass_t_ha", mass_t_ha)),
            "soc_g_kg": np.atleast_1d(checks.content_g_kg("soc_g_kg", soc_g_kg)),
        }
        wanted = given["thickness_cm"].shape
        object.__setattr__(self, "name", name)
        for key, values in given.items():
            if values.shape != wanted or values.ndim != 1:
                raise DomainError("soil.shapes", name=key, found=values.shape, wanted=wanted)
            object.__setattr__(self, key, values)

    @property
    def stock_t_ha(self) -> Array:
        """Organic carbon of each layer."""
        return self.mass_t_ha * self.soc_g_kg / _G_PER_KG

    @property
    def mineral_mass_t_ha(self) -> Array:
        """Fine earth of each layer without its organic matter."""
        return self.mass_t_ha - self.stock_t_ha / checks.limit("soc_per_som")

    def cumulated(self, *, mineral: bool) -> tuple[Array, Array]:
        """Soil mass and carbon from the surface to each boundary, the surface itself first. [t/ha]"""
        mass = self.mineral_mass_t_ha if mineral else self.mass_t_ha
        return np.concatenate([[0.0], np.cumsum(mass)]), np.concatenate([[0.0], np.cumsum(self.stock_t_ha)])

    def mass_to(self, depth_cm: float, *, mineral: bool = True) -> float:
        """Soil mass from the surface to a depth, even within a layer. [t/ha]"""
        depth = np.concatenate([[0.0], np.cumsum(self.thickness_cm)])
        mass, _ = self.cumulated(mineral=mineral)
        wanted = float(checks.positive("depth_cm", depth_cm))
        if wanted > depth[-1] * (1 + 1e-9):
            raise DomainError("soil.not_sampled_to", profile=self.name, depth=float(depth[-1]), wanted=wanted)
        return float(np.interp(wanted, depth, mass))


@dataclass(frozen=True, slots=True)
class EqualMassChange:
    """Carbon over the same soil mass at two dates, and what a fixed depth would have shown. [t C/ha]"""

    mass_t_ha: float
    first_t_ha: float
    second_t_ha: float
    fixed_depth_change_t_ha: float

    @property
    def change_t_ha(self) -> float:
        """Second less first: positive is a gain of the soil."""
        return self.second_t_ha - self.first_t_ha


def stock_at_mass(profile: Profile, mass_t_ha: float, *, way: Way = "linear", mineral: bool = True) -> float:
    """Carbon from the surface down to a soil mass.

    Parameters
    ----------
    way : {"linear", "spline"}
        Between layer boundaries: straight, or a natural cubic spline (three layers at least). A project
        keeps the same way from its first date to its last.
    mineral : bool
        Whether ``mass_t_ha`` is mineral mass or all fine earth.
    """
    mass, carbon = profile.cumulated(mineral=mineral)
    wanted = float(checks.positive("mass_t_ha", mass_t_ha))
    if wanted > mass[-1] * (1 + 1e-9):
        raise DomainError(
            "soil.not_deep_enough", profile=profile.name, mass=round(float(mass[-1]), 1), reference=round(wanted, 1)
        )
    if way == "linear":
        return float(np.interp(wanted, mass, carbon))
    if way != "spline":
        raise DomainError("soil.unknown_way", way=way, known=", ".join(WAYS))
    if profile.mass_t_ha.size < _SPLINE_LAYERS:
        found = profile.mass_t_ha.size
        raise DomainError("soil.too_few_layers", profile=profile.name, needed=_SPLINE_LAYERS, found=found)
    from scipy.interpolate import CubicSpline

    return float(CubicSpline(mass, carbon, bc_type="natural")(wanted))


def change_at_equal_mass(
    first: Profile, second: Profile, depth_cm: float, *, way: Way = "linear", mineral: bool = True
) -> EqualMassChange:
    """Change between two dates over the soil mass that the first profile holds to a depth.

    Raises
    ------
    DomainError
        Where the second profile was not sampled deep enough to hold that mass: nothing is extrapolated.
    """
    mass = first.mass_to(depth_cm, mineral=mineral)
    before, after = (stock_at_mass(profile, mass, way=way, mineral=mineral) for profile in (first, second))
    own = [stock_at_mass(p, p.mass_to(depth_cm, mineral=mineral), way=way, mineral=mineral) for p in (first, second)]
    return EqualMassChange(mass, before, after, own[1] - own[0])
