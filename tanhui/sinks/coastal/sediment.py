"""Carbon of sediment cores: by depth, without stones, shells and carbonate, and what of it came from elsewhere.

References
----------
.. [1] J. Howard et al. (eds), Coastal Blue Carbon, Conservation International, 2014, chapter 3.
.. [2] Verra, VM0033 v2.1, equations 39 to 46 and 95 to 98.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.sinks.soil import layer_stock_t_ha

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "Core",
    "Cores",
    "allochthonous_share",
    "carbon_from_matter",
    "compaction_percent",
    "cores_of",
    "decompacted",
    "matter_from_carbon",
]

CM_PER_M = 100.0
G_KG_PER_PERCENT = 10.0
PERCENT = 100.0
#: Depths of a core are read with a ruler.
ROUNDING_CM = 1e-6


def compaction_percent(sampler_cm: float, inside_cm: float, outside_cm: float) -> float:
    """How much a core was pressed together: distances from the top of the tube to the sediment in and around it [1]_.

    Parameters
    ----------
    sampler_cm, inside_cm, outside_cm : float
        Length of the tube; from its top down to the sediment inside, and outside. [cm]
    """
    return PERCENT * (inside_cm - outside_cm) / (sampler_cm - outside_cm)


def decompacted(depth_cm: Array, density_g_cm3: Array, compaction: Array) -> tuple[Array, Array]:
    """Depth and density before the core was pressed together, the same at every depth; mass stays. [cm] [g/cm3]"""
    kept = 1 - np.asarray(compaction, float) / PERCENT
    return np.asarray(depth_cm / kept), np.asarray(density_g_cm3 * kept)


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """One core from the surface down: where each of its layers ends, and carbon per area from the surface to there."""

    name: str
    ends_cm: Array
    carbon_t_ha: Array
    mass_t_ha: Array

    def carbon_to(self, depth_cm: float, *, extend: bool) -> float:
        """Carbon to a depth. Below the core the lowest layer goes on if ``extend`` says so, else it is refused."""
        return self._to(self.carbon_t_ha, depth_cm, extend=extend)

    def percent_to(self, depth_cm: float, *, extend: bool) -> float:
        """Mean content of organic carbon to a depth, weighted by mass. [%]"""
        carbon = self.carbon_to(depth_cm, extend=extend)
        return PERCENT * carbon / self._to(self.mass_t_ha, depth_cm, extend=extend)

    def _to(self, layers: Array, depth_cm: float, *, extend: bool) -> float:
        bottom = float(self.ends_cm[-1])
        if depth_cm > bottom + ROUNDING_CM and not extend:
            raise DomainError("coastal.short_core", core=self.name, bottom=f"{bottom:g}", wanted=f"{depth_cm:g}")
        total = np.concatenate([[0.0], np.cumsum(layers)])
        within = float(np.interp(depth_cm, np.concatenate([[0.0], self.ends_cm]), total))
        thickness = np.diff(self.ends_cm, prepend=0.0)[-1]
        return within + max(depth_cm - bottom, 0.0) * float(layers[-1] / thickness)


@dataclass(frozen=True, slots=True)
class Cores:
    """Cores of one site, each counting alike."""

    cores: tuple[Core, ...]
    extend: bool

    def stock(self, depth_cm: float) -> tuple[float, float]:
        """Mean carbon to a depth, and its standard error from which places were cored. [t C/ha]"""
        stocks = np.array([core.carbon_to(depth_cm, extend=self.extend) for core in self.cores])
        se = stocks.std(ddof=1) / np.sqrt(len(stocks)) if len(stocks) > 1 else 0.0
        return float(stocks.mean()), float(se)

    def percent(self, depth_cm: float) -> float:
        """Mean content of organic carbon to a depth. [%]"""
        return float(np.mean([core.percent_to(depth_cm, extend=self.extend) for core in self.cores]))


def cores_of(rows: Mapping[str, NDArray[Any]], ecosystem: str, *, extend: bool) -> Cores:
    """Rows of layers to cores; a space between two samples belongs half to each."""
    compaction = np.nan_to_num(rows["compaction_percent"])
    top, density = decompacted(rows["top_cm"], rows["bulk_density_g_cm3"], compaction)
    bottom, _ = decompacted(rows["bottom_cm"], rows["bulk_density_g_cm3"], compaction)
    fine = density * (1 - np.nan_to_num(rows["coarse_mass_share"]))
    organic = _organic_percent(rows, ecosystem)
    found = []
    for name in dict.fromkeys(rows["core"].astype(str)):
        here = np.flatnonzero(rows["core"].astype(str) == name)
        here = here[np.argsort(top[here], kind="stable")]
        ends = np.append((bottom[here][:-1] + top[here][1:]) / 2, bottom[here][-1])
        thickness = np.diff(ends, prepend=0.0)
        carbon = layer_stock_t_ha(organic[here] * G_KG_PER_PERCENT, fine[here], thickness)
        found.append(Core(name, ends, carbon, fine[here] * thickness * CM_PER_M))
    return Cores(tuple(found), extend)


def _organic_percent(rows: Mapping[str, NDArray[Any]], ecosystem: str) -> Array:
    """Organic carbon of each layer: total carbon less that of carbonate, or from organic matter. [%]"""
    measured = rows["carbon_percent"] - np.nan_to_num(rows["inorganic_c_percent"])
    from_matter = np.array([carbon_from_matter(x, ecosystem) for x in rows["om_percent"]])
    return np.where(np.isnan(measured), from_matter, measured)


def carbon_from_matter(om_percent: float, ecosystem: str) -> float:
    """Organic carbon from organic matter (loss on ignition), the lines and the curve of [2]_; never negative. [%]"""
    if ecosystem == "tidal marsh":
        return 0.4 * om_percent + 0.0025 * om_percent**2
    slope, start = (0.415, 2.8857) if ecosystem == "mangrove" else (0.40, -0.21)
    return max(slope * om_percent + start, 0.0)


def matter_from_carbon(carbon_percent: float, ecosystem: str) -> float:
    """Organic matter from organic carbon, the inverse [2]_. [%]

    Raises
    ------
    DomainError
        Where the relation gives none: a mangrove sediment with less carbon than its line has at no matter at all.
    """
    if ecosystem == "tidal marsh":
        return float((-0.4 + np.sqrt(0.4**2 + 4 * 0.0025 * carbon_percent)) / (2 * 0.0025))
    slope, start = (0.415, 2.8857) if ecosystem == "mangrove" else (0.40, -0.21)
    matter = (carbon_percent - start) / slope
    if matter < 0:
        raise DomainError("coastal.no_organic_matter", ecosystem=ecosystem, carbon=f"{carbon_percent:.3g}")
    return matter


def allochthonous_share(carbon_percent: float, om_deposited_percent: float, ecosystem: str) -> float:
    """Share of the buried carbon that came with sediment from elsewhere [2]_. [1]

    Parameters
    ----------
    carbon_percent : float
        Organic carbon of the sediment. [%]
    om_deposited_percent : float
        Organic matter of the mineral sediment that settles. [%]
    """
    matter = matter_from_carbon(carbon_percent, ecosystem)
    own = (matter - om_deposited_percent) / (1 - om_deposited_percent / PERCENT)
    if own <= 0:
        return 1.0
    return min(max(1 - carbon_from_matter(own, ecosystem) / carbon_percent, 0.0), 1.0)
