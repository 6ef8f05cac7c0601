"""What is asked of a parcel file, and what a first look finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tanhui.kernel.time import Period
from tanhui.mrv.methods.verdict import Verdict
from tanhui.sensing.inventory.parcel_attributes import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["METHOD", "STANDINGS", "Judged", "Question", "Standing", "Tonnes"]

#: The methodology whose conditions and numbers are used.
METHOD = "ccer/14-001-v01"
Standing = Literal["eligible", "doubtful", "excluded"]
#: Best first.
STANDINGS: tuple[Standing, ...] = ("eligible", "doubtful", "excluded")


@dataclass(frozen=True, slots=True)
class Question:
    """What a person says beside the file.

    Attributes
    ----------
    day : date
        The day of the look: rules and numbers of that day are used.
    start : date
        First day of site preparation or planting, and of crediting.
    years : int
        Length of the crediting period. [yr]
    price_cny_t : float, optional
        Carbon price; that of the cost file otherwise. [CNY/t CO2e]
    species : str
        What is planted where the file names no species.
    region : str
        Region by its id, for the choice of growth curves.
    costs, growth, conditions : Path, optional
        The person's own costs, growth curves and answers to the conditions (the tables ``parcels``, ``conduct``,
        ``additionality`` and ``evidence`` of ``project.toml``).
    parcels : Options
        What the parcel file does not say by itself.
    """

    day: date
    start: date
    years: int = 20
    price_cny_t: float | None = None
    species: str = ""
    region: str = ""
    costs: Path | None = None
    growth: Path | None = None
    conditions: Path | None = None
    parcels: Options = field(default_factory=Options)

    @property
    def crediting(self) -> Period:
        """The crediting period."""
        from tanhui.kernel.time import years_later

        return Period(self.start, years_later(self.start, self.years))


@dataclass(frozen=True, slots=True)
class Judged:
    """A parcel with its verdicts on the clauses asked of each parcel.

    ``excluded_by`` are clauses that are not met, ``open_clauses`` those for which evidence is missing.
    """

    id: str
    area_ha: float
    species: str
    planted: date
    standing: Standing
    excluded_by: tuple[str, ...]
    open_clauses: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tonnes:
    """Expected removals by calendar year, with their standard errors. [t CO2e]

    ``per_ha`` gives the sum over the crediting period for each species and day of planting, ``without_curve_ha`` the
    area for which nobody has a growth curve.
    """

    years: tuple[int, ...]
    removal_t: NDArray[np.float64]
    removal_se_t: NDArray[np.float64]
    cumulative_t: NDArray[np.float64]
    cumulative_se_t: NDArray[np.float64]
    shares: Mapping[str, float]
    per_ha: Mapping[tuple[str, date], float]
    area_ha: float
    without_curve_ha: float
    spread_share: float
