"""Radiative forcing of yearly emissions, to see when methane now is outweighed by carbon dioxide not given off later.

A warming potential adds gases of one year; it cannot say when. Methane decays within decades and its forcing levels
off under a constant flux, carbon dioxide goes on gathering. The response functions are those of [1]_, the same that
its warming potentials come from, and the idea of comparing forcings of a rewetted site over time is that of [2]_.
The coefficients are those of the published functions.

References
----------
.. [1] G. Myhre et al., IPCC AR5 WG1, chapter 8, supplementary material 8.SM.11; F. Joos et al., Atmos. Chem. Phys. 13,
   2793-2825, 2013. doi:10.5194/acp-13-2793-2013
.. [2] A. Günther et al., Nat. Commun. 11, 1644, 2020. doi:10.1038/s41467-020-15499-z
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["GASES", "HORIZON_YR", "Gas", "crossing_yr", "cumulated_forcing", "warming_potential"]

#: Years that are looked ahead.
HORIZON_YR = 500
#: Molar mass of air [g/mol], mass of the atmosphere [kg], and parts per billion in one.
AIR, ATMOSPHERE_KG, PPB = 28.97, 5.1352e18, 1e9


@dataclass(frozen=True, slots=True)
class Gas:
    """A gas in the air: what a part per billion does, and shares of a pulse with the time each takes to go.

    ``stays`` is the share that does not go. ``also`` counts what the gas does to ozone, vapour and methane besides.
    """

    radiative_efficiency_w_m2_ppb: float
    molar_mass: float
    lifetimes: tuple[tuple[float, float], ...]
    stays: float = 0.0
    also: float = 1.0

    @property
    def efficiency_w_m2_kg(self) -> float:
        """Forcing of one kilogram in the air. [W/m2/kg]"""
        per_kg = AIR / self.molar_mass * PPB / ATMOSPHERE_KG
        return self.radiative_efficiency_w_m2_ppb * self.also * per_kg

    def cumulated(self, age_yr: Array) -> Array:
        """Share of a pulse still in the air, summed over the years since. [yr]"""
        gone = sum(share * tau * (1 - np.exp(-age_yr / tau)) for share, tau in self.lifetimes)
        return np.asarray(self.stays * age_yr + gone)


CH4_EFFICIENCY, N2O_EFFICIENCY = 3.63e-4, 3.00e-3
#: Ozone adds a half and water vapour of the stratosphere 15 %; nitrous oxide takes away methane.
CH4_ALSO = 1.65
GASES: dict[str, Gas] = {
    "CO2": Gas(1.37e-5, 44.01, ((0.2240, 394.4), (0.2824, 36.54), (0.2763, 4.304)), stays=0.2173),
    "CH4": Gas(CH4_EFFICIENCY, 16.04, ((1.0, 12.4),), also=CH4_ALSO),
    "N2O": Gas(N2O_EFFICIENCY, 44.01, ((1.0, 121.0),), also=1 - 0.36 * CH4_ALSO * CH4_EFFICIENCY / N2O_EFFICIENCY),
}


def warming_potential(gas: str, horizon_yr: float) -> float:
    """What these functions give as the warming potential of a gas, to be held against the printed one."""

    def absolute(name: str) -> float:
        return GASES[name].efficiency_w_m2_kg * float(GASES[name].cumulated(np.array(horizon_yr, float)))

    return absolute(gas) / absolute("CO2")


def cumulated_forcing(emissions_kg: Mapping[str, Array]) -> Array:
    """Forcing of all gases together, summed up to the end of each year. [W yr/m2]"""
    total = np.zeros(max((len(x) for x in emissions_kg.values()), default=0))
    for name, emitted in emissions_kg.items():
        # What is given off over a year counts from the middle of it.
        ages = np.arange(len(emitted), dtype=np.float64) + 0.5
        gas = GASES[name]
        total += np.convolve(emitted, gas.cumulated(ages))[: len(emitted)] * gas.efficiency_w_m2_kg
    return total


def crossing_yr(difference: Array) -> float:
    """When a difference that starts above zero first is not above it any more, between the ends of years.

    Parameters
    ----------
    difference : ndarray of float, shape (n,)
        At the end of year 1, 2 and so on.

    Returns
    -------
    year : float
        0 if it is not above zero at the end of the first year, the number of years looked at if it stays above. [yr]
    """
    below = np.flatnonzero(difference <= 0)
    if not len(below):
        return float(len(difference))
    first = int(below[0])
    if first == 0:
        return 0.0
    before, after = difference[first - 1], difference[first]
    return first + float(before / (before - after))
