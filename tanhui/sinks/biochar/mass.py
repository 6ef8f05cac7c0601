"""From what the scales show to dry mass and organic carbon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["ASH_FREE", "carbon_t", "dry_t"]

Rows = Mapping[str, "NDArray[Any]"]
ASH_FREE = "dry ash-free"


def dry_t(batches: Rows) -> Array:
    """Dry mass: water is a share of the weighed mass. [t d.m.] shape (n,)"""
    return np.asarray(batches["mass_t"] * (1.0 - batches["moisture_share"]), dtype=float)


def carbon_t(batches: Rows, factors: Factors) -> Array:
    """Organic carbon of each batch, by its laboratory or the default of its feedstock and process. [t C] shape (n,)"""
    share = batches["c_org_share"].astype(float)
    share = np.where(batches["c_org_basis"] == ASH_FREE, share * (1.0 - np.nan_to_num(batches["ash_share"])), share)
    untold = np.isnan(share)
    if untold.any():
        pairs = zip(batches["feedstock"][untold], batches["process"][untold], strict=True)
        share[untold] = factors.many("carbon_share", [f"{feedstock}, {process}" for feedstock, process in pairs])
    return np.asarray(dry_t(batches) * share, dtype=float)
