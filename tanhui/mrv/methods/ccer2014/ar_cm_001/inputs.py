"""What AR-CM-001-V01 asks of a project for one accounting period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tanhui.mrv.methods.ccer2014.project import ForestProject

__all__ = ["AfforestationProject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AfforestationProject(ForestProject):
    """An afforestation project; ``no_forest_since`` is the day from which the land is shown to be without forest."""

    no_forest_since: date | None = None
