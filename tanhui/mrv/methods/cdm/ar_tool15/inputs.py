"""Where farming and grazing went when the land was planted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tanhui.kernel.time import Period
from tanhui.mrv.methods.cdm.ar_tool16.inputs import Land

__all__ = ["Displacement", "DisplacementInputs"]


@dataclass(frozen=True, slots=True)
class Displacement:
    """Land of one kind that took up what was displaced.

    Attributes
    ----------
    area_ha : float
        Area of the receiving land. [ha]
    activity : str
        ``crops`` or ``grazing``; grazing alone costs no soil carbon.
    zero_ground : str, optional
        Why nothing is lost there: ``carrying_capacity`` (grazing land that can carry more), ``abandoned_cropland``
        (abandoned for five years or less), ``forest_not_cleared``, ``zero_grazing``. ``evidence`` names the document.
    drains_wetland : bool
        Then the tool may not be used.
    tree_agb_t_ha, shrub_biomass_t_ha : float
        Aboveground biomass of trees and biomass of shrubs on the receiving land before. [t d.m./ha]
    before, after : Land, optional
        The receiving land before and after; asked for where crops move. One soil and climate.
    """

    name: str
    day: date
    area_ha: float
    activity: Literal["crops", "grazing"]
    zero_ground: Literal["carrying_capacity", "abandoned_cropland", "forest_not_cleared", "zero_grazing"] | None = None
    evidence: str = ""
    drains_wetland: bool = False
    tree_agb_t_ha: float | None = None
    shrub_biomass_t_ha: float = 0.0
    before: Land | None = None
    after: Land | None = None


@dataclass(frozen=True, slots=True)
class DisplacementInputs:
    """Everything displaced in a period; ``day`` as in the other tools."""

    period: Period
    displacements: tuple[Displacement, ...]
    day: date | None = None
