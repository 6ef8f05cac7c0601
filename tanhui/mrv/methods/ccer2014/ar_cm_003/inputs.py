"""What AR-CM-003-V01 asks of a project for one accounting period."""

from __future__ import annotations

from dataclasses import dataclass

from tanhui.mrv.methods.ccer2014.project import ForestProject

__all__ = ["ManagedForest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedForest(ForestProject):
    """A forest management project.

    Attributes
    ----------
    measures : tuple of str
        What was done in the forest.
    leakage_co2e_t : float
        Leakage, as a positive number; what the methodology says of it is unread, so it is asked for. [t CO2e]
    """

    measures: tuple[str, ...]
    leakage_co2e_t: float
