"""The verifier's survey beside the owner's: readings tree by tree, carbon plot by plot, and what it does to the claim.

The carbon of both is by the run's own equations. What the verifier measured weeks later is brought back to the owner's
day by what the plot grew in a year. The plots were drawn with known probabilities, so their differences speak for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput, TanhuiError
from tanhui.kernel.species import resolve
from tanhui.kernel.units import CO2_PER_C
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.sample import extrapolate
from tanhui.projects.field.chance import paired_t, signed_rank
from tanhui.sensing.inventory.remeasurement import dbh_tolerance_cm, height_tolerance_m

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.mrv.sampling import SampleEstimate
    from tanhui.projects.model import Afforestation
    from tanhui.projects.site import Site
    from tanhui.sensing.inventory.read_plots import PlotSurvey

__all__ = [
    "Paired",
    "PlotDifference",
    "Remeasured",
    "compare_readings",
    "height_ratio",
    "matched_trees",
    "plot_carbon",
    "weigh_plots",
]

DAYS_PER_YEAR = 365.2425
KG_PER_T = 1000
READINGS = {"dbh": ("dbh_cm", "cm", dbh_tolerance_cm), "height": ("height_m", "m", height_tolerance_m)}
#: Behind the names of the verifier's plots where both lie in one table.
MARK = " (again)"
#: Heights differ for sure below this chance.
DIFFER = 0.01
#: 9.8 - 9.5 is a little more than 0.3 in binary.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences of one reading, owner less verifier, in ``unit``."""

    reading: str
    unit: str
    n: int
    mean: float
    sd: float
    t_p: float
    ranks_p: float
    outside: int
    pairs: tuple[tuple[float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON carries it."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "pairs"} | {
            "pairs": [list(pair) for pair in self.pairs]
        }


@dataclass(frozen=True, slots=True)
class PlotDifference:
    """One plot measured by both. Carbon dioxide of live trees at the owner's visit. [t CO2e/ha]"""

    plot: str
    stratum: str
    probability: float
    owner_t_ha: float
    verifier_t_ha: float
    growth_t_ha: float
    days: int
    missing: int
    extra: int
    species: int

    @property
    def difference_t_ha(self) -> float:
        """Owner less verifier. [t CO2e/ha]"""
        return self.owner_t_ha - self.verifier_t_ha

    def to_dict(self) -> dict[str, Any]:
        """As JSON carries it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"difference_t_ha": self.difference_t_ha}


@dataclass(frozen=True, slots=True)
class Remeasured:
    """Everything a second measurement says. ``misstatement`` is how much the claim is too high. [t CO2e]"""

    readings: tuple[Paired, ...]
    plots: tuple[PlotDifference, ...]
    not_measured: tuple[str, ...]
    not_drawn: tuple[str, ...]
    misstatement: SampleEstimate

    @property
    def interval(self) -> tuple[float, float]:
        """Of 90 %. [t CO2e]"""
        low, high = self.misstatement.interval(0.90)
        return float(low), float(high)

    def kind(self, limit_co2e_t: float) -> str:
        """The finding it proposes: none inside the interval of zero, NC beyond the limit, CL between."""
        low, high = self.interval
        if low <= 0 <= high:
            return ""
        return "NC" if abs(float(self.misstatement.value)) > limit_co2e_t else "CL"

    def to_dict(self) -> dict[str, Any]:
        """As JSON and the report carry it."""
        return {
            "readings": [one.to_dict() for one in self.readings],
            "plots": [one.to_dict() for one in self.plots],
            "not_measured": list(self.not_measured),
            "not_drawn": list(self.not_drawn),
            "misstatement_co2e_t": float(self.misstatement.value),
            "se_co2e_t": float(self.misstatement.se),
            "df": self.misstatement.df,
            "ci90": list(self.interval),
        }


def matched_trees(owner: pd.DataFrame, verifier: pd.DataFrame) -> pd.DataFrame:
    """Live trees of both by plot and number: ``both``, ``left_only`` (the owner's alone) or ``right_only``."""
    columns = ["location_id", "tree_id", "species", "dbh_cm", "height_m"]
    sides = [table.loc[table["status"] == "live", columns] for table in (owner, verifier)]
    return sides[0].merge(sides[1], on=["location_id", "tree_id"], how="outer", suffixes=("", "_again"), indicator=True)


def compare_readings(both: pd.DataFrame) -> tuple[Paired, ...]:
    """Paired differences of diameters and heights that both measured."""
    found = []
    for name, (column, unit, tolerance) in READINGS.items():
        first, second = both[column].to_numpy(float), both[f"{column}_again"].to_numpy(float)
        given = np.isfinite(first) & np.isfinite(second)
        first, second = first[given], second[given]
        difference = np.round(first - second, 6)
        n = len(difference)
        found.append(
            Paired(
                reading=name,
                unit=unit,
                n=n,
                mean=float(difference.mean()) if n else 0.0,
                sd=float(difference.std(ddof=1)) if n > 1 else 0.0,
                t_p=paired_t(difference),
                ranks_p=signed_rank(difference),
                outside=int((np.abs(difference) > tolerance(second) + ROUNDING).sum()),
                pairs=tuple(zip(first.tolist(), second.tolist(), strict=True)),
            )
        )
    return tuple(found)


def other_species(both: pd.DataFrame) -> NDArray[np.bool_]:
    """Trees that the two call differently."""
    names = {name: _taxon(name) for name in {*both["species"].dropna(), *both["species_again"].dropna()}}
    found: NDArray[np.bool_] = (both["species"].map(names) != both["species_again"].map(names)).to_numpy(bool)
    return found & (both["_merge"] == "both").to_numpy(bool)


def _taxon(name: str) -> str:
    try:
        return resolve(name).id
    except TanhuiError:
        return str(name)


def height_ratio(both: pd.DataFrame) -> float:
    """The verifier's heights over the owner's on the trees that both measured, where they differ for sure; else 1."""
    first, second = both["height_m"].to_numpy(float), both["height_m_again"].to_numpy(float)
    given = np.isfinite(first) & np.isfinite(second)
    if paired_t((first - second)[given]) > DIFFER:
        return 1.0
    return float(second[given].sum() / first[given].sum())


def plot_carbon(project: Afforestation, folder: Path, site: Site, survey: PlotSurvey, ratio: float = 1.0) -> pd.Series:
    """Carbon dioxide of each plot of the verifier's survey, by the run's equations and the run's height curves.

    A survey of few plots has too few heights for curves of its own: fitted to them, a curve would differ by chance and
    the carbon with it. So the run's curves are used, times ``ratio``, by which the verifier's heights differ from the
    owner's. [t CO2e/ha]
    """
    import pandas as pd

    from tanhui.kernel.inventory import Inventory
    from tanhui.projects.plot_trees import tree_carbon

    theirs, mine = site.surveys[-1], survey.inventory
    # The owner's plots say which stratum a height is of; the verifier's may have the same names.
    plots = mine.plots.assign(plot_id=mine.plots["plot_id"] + MARK)
    inventory = Inventory(
        pd.concat([theirs.inventory.plots, plots], ignore_index=True),
        mine.trees.assign(plot_id=mine.trees["plot_id"] + MARK),
        mine.observations,
    )
    heights = theirs.heights.assign(height_m=theirs.heights["height_m"] * ratio)
    pseudo = replace(survey, inventory=inventory, heights=heights)
    trees, _ = tree_carbon(project, folder, replace(site, surveys=(pseudo,), inventory=inventory))
    table = inventory.trees.iloc[trees.rows]
    carbon_t = trees.biomass_kg() * trees.factor("tree") / KG_PER_T * CO2_PER_C
    per_ha = pd.Series(carbon_t * table["trees_per_ha"].to_numpy(float)).groupby(table["plot_id"].to_numpy()).sum()
    found = per_ha.reindex(plots["plot_id"]).fillna(0.0)
    return found.set_axis(plots["location_id"].astype(str))


def weigh_plots(
    drawn: Mapping[str, tuple[str, float]],
    owner: pd.DataFrame,
    verifier: pd.DataFrame,
    both: pd.DataFrame,
    tonnes_per: float,
) -> Remeasured:
    """Plot by plot, then for the whole claim.

    Parameters
    ----------
    drawn : mapping of str to (str, float)
        Stratum and probability of each plot that was drawn.
    owner : DataFrame
        All plots of the last visit by location: ``stratum``, ``now_t_ha``, ``change_t_ha``, ``years``, ``weight_ha``,
        ``visited``. [t CO2e/ha], [ha]
    verifier : DataFrame
        Plots the verifier measured by location: ``t_ha``, ``visited``.
    both : DataFrame
        Trees as :func:`matched_trees` gives them.
    tonnes_per : float
        Tonnes of the claim per tonne of change of the trees. [1]

    Raises
    ------
    RefusedInput
        If none of the plots drawn was measured, or a plot is not the owner's.
    """
    strange = sorted(set(verifier.index) - set(owner.index))
    measured = [name for name in drawn if name in verifier.index]
    if strange or not measured:
        faults = [Fault("audit.plot_unknown", value=name) for name in strange]
        raise RefusedInput(faults or [Fault("audit.none_measured", facts={"drawn": ", ".join(drawn)})])
    odd = other_species(both)
    sides = [{str(name): row for name, row in table.iterrows()} for table in (owner, verifier)]
    plots = [_difference(name, *drawn[name], sides[0][name], sides[1][name], both, odd) for name in measured]
    weight = owner.loc[measured, "weight_ha"].to_numpy(float)
    tonnes = np.array([one.difference_t_ha for one in plots]) * weight * tonnes_per
    # What was drawn and not measured is taken as if the draw had been smaller: the rest speaks for it.
    answered = len(measured) / len(drawn)
    probability = np.array([one.probability for one in plots]) * answered
    misstatement = extrapolate(tonnes, probability, [one.stratum for one in plots])
    return Remeasured(
        readings=compare_readings(both),
        plots=tuple(plots),
        not_measured=tuple(name for name in drawn if name not in verifier.index),
        not_drawn=tuple(sorted(set(verifier.index) - set(drawn))),
        misstatement=misstatement,
    )


def _difference(
    name: str,
    stratum: str,
    probability: float,
    owner: pd.Series,
    verifier: pd.Series,
    both: pd.DataFrame,
    odd: NDArray[np.bool_],
) -> PlotDifference:
    """One plot, the verifier's carbon brought back to the owner's day where the visits are apart."""
    days = int((verifier["visited"] - owner["visited"]).days)
    apart = abs(days) > audit_limit("days_apart_most")
    growth = float(owner["change_t_ha"]) / float(owner["years"]) * days / DAYS_PER_YEAR if apart else 0.0
    mine = (both["location_id"] == name).to_numpy(bool)
    side = both["_merge"].astype(str).to_numpy(object)
    return PlotDifference(
        plot=name,
        stratum=stratum,
        probability=probability,
        owner_t_ha=float(owner["now_t_ha"]),
        verifier_t_ha=float(verifier["t_ha"]) - growth,
        growth_t_ha=growth,
        days=days,
        missing=int((mine & (side == "left_only")).sum()),
        extra=int((mine & (side == "right_only")).sum()),
        species=int((mine & odd).sum()),
    )
