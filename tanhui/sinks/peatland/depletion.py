"""How long drained peat lasts: depth over the yearly loss, from subsidence or from the carbon it gives off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["LONGEST_YR", "carbon_t_ha_m", "depletion_yr", "emitting_yr"]

CM_PER_M = 100.0
#: 1 g/cm3 is 10,000 t/ha in a metre, and one per cent of that is carbon.
T_HA_M_PER_G_CM3_PERCENT = 100.0
#: No account looks further ahead than this.
LONGEST_YR = 10_000.0


def carbon_t_ha_m(bulk_density_g_cm3: Array, carbon_percent: Array) -> Array:
    """Carbon in a metre of peat. [t C/ha/m]"""
    return bulk_density_g_cm3 * carbon_percent * T_HA_M_PER_G_CM3_PERCENT


def depletion_yr(
    depth_m: Array, subsidence_cm_yr: Array, oxidised_share: Array, carbon_loss_t_ha_yr: Array, carbon_t_ha_m: Array
) -> Array:
    """Years until the peat is gone; NaN where its depth or its loss is not known.

    Where subsidence is measured, the share of it that is oxidation counts, for the rest is shrinkage and compaction.
    Else the loss is the carbon given off over the carbon in a metre, and what is lost in all is what was there.

    Parameters
    ----------
    depth_m, subsidence_cm_yr, oxidised_share, carbon_loss_t_ha_yr, carbon_t_ha_m : ndarray of float, shape (n,)
        NaN where not known. [m] [cm/yr] [1] [t C/ha/yr] [t C/ha/m]
    """
    with np.errstate(divide="ignore"):
        by_carbon = carbon_loss_t_ha_yr / carbon_t_ha_m
        loss = np.where(np.isnan(subsidence_cm_yr), by_carbon, subsidence_cm_yr / CM_PER_M * oxidised_share)
        years = np.where(loss > 0, depth_m / loss, np.where(np.isnan(loss), np.nan, LONGEST_YR))
    return np.minimum(years, LONGEST_YR)


def emitting_yr(years: float, depletion: Array) -> Array:
    """Years of an account in which there is still peat to lose; all of them where the depth is not known."""
    return np.fmin(depletion, years)
