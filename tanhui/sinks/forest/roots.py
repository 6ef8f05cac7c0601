"""Roots from shoots: IPCC 2006 and 2019 ratios, the AR-TOOL14 curve, and the US coarse-root ratio.

An edition is always named by the caller and editions are never mixed. A ratio carries the error its source gives; the
2006 table prints ranges, the others print none, and that is said rather than filled in.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import Species
from tanhui.sinks.forest.model import Equation

__all__ = [
    "RootRatio",
    "belowground_kg",
    "coarse_root_ratio_jenkins2003",
    "root_ratio_ar_tool14",
    "root_ratio_ipcc2006",
    "root_ratio_ipcc2019",
]

FloatArray = NDArray[np.float64]
Edition = Literal["ipcc2006", "ipcc2019"]
#: Half the width of a 95 % interval in standard deviations.
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class RootRatio:
    """Belowground over aboveground biomass of a class of forest. [1]

    ``low`` and ``high`` are the printed range, where there is one. ``error_note`` is a wording key that says what
    :attr:`se` rests on.
    """

    edition: Edition
    value: float
    low: float | None
    high: float | None
    reference: str
    place: str
    status: Status

    @property
    def se(self) -> float | None:
        """Standard error from the printed range read as a 95 % interval; None where none is printed."""
        return se_of_range(self.low, self.high)

    @property
    def error_note(self) -> str:
        """What the error rests on."""
        return "forest.note.no_error" if self.se is None else "forest.note.range_as_95"


def se_of_range(low: float | None, high: float | None) -> float | None:
    """Standard error from a printed range read as a 95 % interval; None where none is printed."""
    return None if low is None or high is None else (high - low) / (2 * Z95)


def root_ratio_ipcc2006(zone: str, agb_t_ha: float, forest: str = "") -> RootRatio:
    """Ratio of IPCC 2006 Vol. 4 Table 4.4 for a zone, a forest in it and a biomass class.

    Parameters
    ----------
    zone : str
        ``tropical rainforest``, ``subtropical humid``, ``temperate``, ``boreal`` ...
    agb_t_ha : float
        Aboveground biomass of the stand, which picks the class. [t d.m./ha]
    forest : str
        In the temperate zone: ``conifers``, ``Quercus``, ``Eucalyptus``, ``other broadleaf``.

    Raises
    ------
    DomainError
        ``forest.no_root_ratio``, if no class fits (Quercus up to 70 t/ha has no row).
    """
    return _one("ipcc2006", {"zone": zone, "forest": forest}, agb_t_ha)


def root_ratio_ipcc2019(
    zone: str, continent: str, leaf_type: str, origin: str, agb_t_ha: float, *, quercus: bool = False
) -> RootRatio:
    """Ratio after Table 4.4 of the 2019 Refinement, as one public compilation reclassified it.

    ``leaf_type`` is ``conifer``, ``broadleaf`` or ``mosaic``; ``origin`` is ``natural`` or ``planted``. Class limits
    at 75 and 125 t/ha and some cells are the compiler's, and no error is printed.
    """
    wanted = {
        "zone": zone,
        "continent": continent,
        "leaf_type": leaf_type,
        "origin": origin,
        "quercus": "yes" if quercus else "no",
    }
    return _one("ipcc2019", wanted, agb_t_ha)


def root_ratio_ar_tool14(agb_t_ha: ArrayLike) -> FloatArray:
    """R = exp(-1.085 + 0.9256 ln b) / b of AR-TOOL14 v04.2 (after Cairns et al. 1997). [1]

    Parameters
    ----------
    agb_t_ha : array_like of float, shape (n,) or ()
        Aboveground tree biomass b. [t d.m./ha] The tool states no error; NaN stays NaN.
    """
    biomass = np.asarray(agb_t_ha, float)
    if (biomass <= 0).any():
        raise DomainError("forest.not_positive", name="agb_t_ha")
    ratio: FloatArray = np.exp(-1.085 + 0.9256 * np.log(biomass)) / biomass
    return ratio


def coarse_root_ratio_jenkins2003(dbh_cm: ArrayLike, wood: Literal["hardwood", "softwood"]) -> FloatArray:
    """Coarse roots over aboveground biomass, exp(b0 + b1/D): Jenkins et al. 2003, Table 6. [1]

    No residual error is in hand.
    """
    dbh = np.asarray(dbh_cm, float)
    if (dbh <= 0).any():
        raise DomainError("forest.not_positive", name="dbh_cm")
    b0, b1_cm = _coarse_roots()[wood]
    ratio: FloatArray = np.exp(b0 + b1_cm / dbh)
    return ratio


def wood_class(taxon: Species) -> Literal["hardwood", "softwood"]:
    """The coarse-root class of a species; what is not a conifer counts as hardwood, as in the source."""
    return "softwood" if taxon.leaf_type == "conifer" else "hardwood"


def belowground_kg(item: Equation, biomass_kg: ArrayLike, root_ratio: ArrayLike) -> FloatArray:
    """Roots of trees whose aboveground biomass an equation gave. [kg]

    Raises
    ------
    DomainError
        ``forest.roots_twice`` if the equation holds the roots, ``forest.wrong_quantity`` if it gives an organ only.
    """
    if item.quantity in ("total", "bgb"):
        raise DomainError("forest.roots_twice")
    if item.quantity != "agb":
        raise DomainError("forest.wrong_quantity", id=item.id, found=item.quantity, wanted="agb")
    roots: FloatArray = np.asarray(biomass_kg, float) * np.asarray(root_ratio, float)
    return roots


def _one(edition: Edition, wanted: dict[str, str], agb_t_ha: float) -> RootRatio:
    if not agb_t_ha > 0:
        raise DomainError("forest.not_positive", name="agb_t_ha")
    rows = [
        row
        for row in _table(edition)
        if all(row[column] == value for column, value in wanted.items())
        and float(row["agb_above_t_ha"] or 0) < agb_t_ha <= float(row["agb_upto_t_ha"] or np.inf)
    ]
    asked = ", ".join(value for value in (*wanted.values(), f"{agb_t_ha:g} t/ha") if value)
    if not rows:
        raise DomainError("forest.no_root_ratio", edition=edition, asked=asked)
    row = rows[0]
    return RootRatio(
        edition,
        float(row["value"]),
        float(row["low"]) if row.get("low") else None,
        float(row["high"]) if row.get("high") else None,
        row["reference"],
        row["place"],
        Status.parse(row["status"]),
    )


@cache
def _table(edition: Edition) -> list[dict[str, str]]:
    with data_path("forest", f"root_ratio_{edition}.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for key in {row["reference"] for row in rows}:
        reference(key)
    return rows


@cache
def _coarse_roots() -> dict[str, tuple[float, float]]:
    with data_path("forest", "coarse_roots.csv").open(encoding="utf-8", newline="") as table:
        return {row["class"]: (float(row["b0"]), float(row["b1_cm"])) for row in csv.DictReader(table)}
