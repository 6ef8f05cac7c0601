"""What the checks look at: a claim with everything behind it, as tables. What is not known is absent, and not checked.

Stocks and changes are carbon dioxide per hectare of trees, aboveground and below. [t CO2e/ha]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.sampling import Layout, SampleEstimate, paired_change

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["Case", "Claimed", "Layer", "Stated"]

KG_PER_T = 1000


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claim as it is written. ``change_co2e_t`` is the measured change of all trees it rests on. [t CO2e]"""

    method: str
    period: Period
    change_period: Period
    lines: Mapping[str, float]
    years: tuple[tuple[int, float, int], ...]
    credits_t: int
    change_co2e_t: float
    crediting: Period | None = None
    before: tuple[Period, ...] = ()
    applied: date | None = None

    @property
    def net_co2e_t(self) -> float:
        """What is claimed. [t CO2e]"""
        return self.lines["net"]

    @property
    def share(self) -> float:
        """Tonnes of the claim per tonne of change of the trees. [1]"""
        return self.net_co2e_t / self.change_co2e_t if self.change_co2e_t else 0.0


@dataclass(frozen=True, slots=True)
class Layer:
    """A carbon stratum: what was planted when, and its credited area. [ha]"""

    species: str
    planted: date
    area_ha: float


@dataclass(frozen=True, slots=True)
class Stated:
    """A figure that a document prints, and what the run says."""

    file: str
    key: str
    stated: float | str
    run: float | str


@dataclass(frozen=True, eq=False)
class Case:
    """A claim and everything behind it.

    Attributes
    ----------
    layers : dict of str to Layer
        The strata.
    plots : DataFrame
        One row per visit: ``plot_id``, ``location_id``, ``visit`` (0, 1, …), ``stratum``, ``visited``, ``crew``,
        ``plot_area_m2``, ``planted_count``, and with a map ``map_t_ha`` and ``map_rank``, the share of the stratum
        that the map shows poorer than the plot.
    trees : DataFrame
        ``plot_id``, ``tree_id``, ``species``, ``dbh_cm``, ``height_m`` (as measured), ``status``, ``trees_per_ha``,
        ``tree_kg`` (carbon as claimed), ``equation``, and where known ``recomputed_kg``. [cm], [m], [kg C]
    parcels : DataFrame
        ``parcel_id``, ``stratum``, ``species``, ``planted_year``, ``area_declared_ha``, ``area_ha`` (by the
        ellipsoid), ``area_credited_ha``, and with a map ``map_t_ha`` and ``map_bare_share``.
    outlines : list of shapely geometry, optional
        The parcels' shapes in their order, in metres.
    surveys : tuple of FieldSurvey
        The visits as crews wrote them.
    plan : tuple of (float, float, float)
        Decimal year, planned stock and its standard error. [t CO2e]
    rights, planting : DataFrame, optional
        Tenure: ``parcel_id``, ``certified_ha``, ``first_day``, ``last_day``, ``authorised``. Planting record:
        ``parcel_id``, ``planted_per_ha``, and perhaps ``survival`` in the first year. [1]
    stated : tuple of Stated
        Figures of documents.
    ranges : dict of str to (float, float)
        Diameters each equation was made for. [cm]
    land : dict of str to list of shapely geometry
        Outlines by stratum in degrees, for positions.
    """

    project: str
    run: str
    claim: Claimed
    layers: Mapping[str, Layer]
    plots: pd.DataFrame
    trees: pd.DataFrame
    parcels: pd.DataFrame
    surveys: tuple[FieldSurvey, ...] = ()
    outlines: list[Any] | None = None
    plan: tuple[tuple[float, float, float], ...] = ()
    rights: pd.DataFrame | None = None
    planting: pd.DataFrame | None = None
    stated: tuple[Stated, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    land: Mapping[str, list[Any]] = field(default_factory=dict)

    @cached_property
    def tree_plot(self) -> NDArray[np.intp]:
        """The row of ``plots`` each tree stands on."""
        import pandas as pd

        found: NDArray[np.intp] = pd.Index(self.plots["plot_id"]).get_indexer(self.trees["plot_id"])
        return found

    @cached_property
    def tree_t_ha(self) -> NDArray[np.float64]:
        """Carbon dioxide each tree stands for on its plot. [t CO2e/ha]"""
        carbon = np.nan_to_num(self.trees["tree_kg"].to_numpy(float)) / KG_PER_T * CO2_PER_C
        found: NDArray[np.float64] = carbon * self.trees["trees_per_ha"].to_numpy(float)
        return found

    @cached_property
    def stock_t_ha(self) -> NDArray[np.float64]:
        """Stock of each row of ``plots``. [t CO2e/ha]"""
        there = self.tree_plot >= 0
        found = np.bincount(self.tree_plot[there], self.tree_t_ha[there], minlength=len(self.plots))
        return found.astype(float)

    @cached_property
    def last(self) -> int:
        """Number of the last visit."""
        return int(self.plots["visit"].max())

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Plots the change rests on, by location: ``stratum``, ``crew``, ``now`` and ``then`` (rows of ``plots``, -1
        where nothing was planted then), ``change_t_ha``, ``weight_ha``, ``years``."""
        columns = ["location_id", "stratum", "crew", "visited"]
        plots = self.plots.assign(row=np.arange(len(self.plots)))
        pairs = plots.loc[plots["visit"] == self.last, [*columns, "row"]].rename(columns={"row": "now"})
        if self.last:
            before = plots.loc[plots["visit"] == self.last - 1].set_index("location_id")
            pairs["then"] = pairs["location_id"].map(before["row"])
            young = pairs["stratum"].map({name: layer.planted for name, layer in self.layers.items()})
            first = before["visited"].max().date()
            pairs.loc[[day > first for day in young], "then"] = -1
            pairs = pairs[pairs["then"].notna()]
        else:
            pairs["then"] = -1
        pairs["then"] = pairs["then"].astype(int)
        start = np.where(pairs["then"] >= 0, self.stock_t_ha[pairs["then"]], 0.0)
        counts = pairs["stratum"].map(pairs["stratum"].value_counts())
        area = pairs["stratum"].map({name: layer.area_ha for name, layer in self.layers.items()})
        days = self.claim.change_period.years
        return pairs.assign(
            change_t_ha=self.stock_t_ha[pairs["now"]] - start, weight_ha=area / counts, years=days
        ).set_index("location_id")

    @cached_property
    def dbh_growth(self) -> NDArray[np.float64]:
        """Mean logarithm of second over first diameter of the trees with numbers of each row of ``pairs``; NaN below
        three. It differs less between plots than anything else, so it tells most."""
        trees, at = self.trees, self.tree_plot
        good = (trees["status"].to_numpy(object) == "live") & (trees["dbh_cm"].to_numpy(float) > 0) & (at >= 0)
        table = trees.loc[good, ["tree_id", "dbh_cm"]].assign(plot=at[good])
        pairs = self.pairs.reset_index()[["now", "then"]].assign(pair=np.arange(len(self.pairs)))
        now = table.merge(pairs[["now", "pair"]], left_on="plot", right_on="now")
        then = table.merge(pairs[["then", "pair"]], left_on="plot", right_on="then")
        both = now.merge(then, on=["pair", "tree_id"], suffixes=("", "_then"))
        logs = np.log(both["dbh_cm"].to_numpy(float) / both["dbh_cm_then"].to_numpy(float))
        pair = both["pair"].to_numpy(int)
        counts = np.bincount(pair, minlength=len(pairs))
        sums = np.bincount(pair, logs, minlength=len(pairs))
        return np.where(counts > 2, sums / np.maximum(counts, 1), np.nan)

    @cached_property
    def shape(self) -> NDArray[np.float64]:
        """Median logarithm of height over that of all trees of the diameter, of each row of ``plots``; NaN without."""
        dbh, height = self.trees["dbh_cm"].to_numpy(float), self.trees["height_m"].to_numpy(float)
        found = np.full(len(self.plots), np.nan)
        good = np.flatnonzero(np.isfinite(dbh) & np.isfinite(height) & (dbh > 0) & (height > 0) & (self.tree_plot >= 0))
        if len(good) < 10 or np.ptp(dbh[good]) == 0:
            return found
        # A thin tree is slenderer than a thick one; what is left after that is the plot's own.
        slope, level = np.polyfit(np.log(dbh[good]), np.log(height[good]), 1)
        left = np.log(height[good]) - slope * np.log(dbh[good]) - level
        for at, rows in _groups(self.tree_plot[good]):
            found[at] = np.median(left[rows])
        return found

    @cached_property
    def elasticity(self) -> float:
        """By how many per cent a tree's carbon grows with one per cent of its diameter, from the claim's own trees."""
        carbon, dbh = self.trees["tree_kg"].to_numpy(float), self.trees["dbh_cm"].to_numpy(float)
        good = (carbon > 0) & (dbh > 0)
        return float(np.polyfit(np.log(dbh[good]), np.log(carbon[good]), 1)[0]) if good.sum() > 1 else 0.0

    @cached_property
    def computed_change_t(self) -> float:
        """Change of all trees by the plots, added up here and not taken from the claim. [t CO2e]"""
        return float((self.pairs["change_t_ha"] * self.pairs["weight_ha"]).sum())

    @cached_property
    def signed_tonnes(self) -> NDArray[np.float64]:
        """Tonnes of the claim that each tree gives at the last visit, or takes at the one before. [t CO2e]"""
        weight, pairs = np.zeros(len(self.plots)), self.pairs
        weight[pairs["now"]] = pairs["weight_ha"]
        before = pairs[pairs["then"] >= 0]
        weight[before["then"]] = -before["weight_ha"].to_numpy(float)
        plot = np.maximum(self.tree_plot, 0)
        found: NDArray[np.float64] = np.where(self.tree_plot >= 0, self.tree_t_ha * weight[plot], 0) * self.claim.share
        return found

    @cached_property
    def tree_tonnes(self) -> NDArray[np.float64]:
        """Tonnes of the claim that each tree of the last visit gives, 0 for all others. [t CO2e]"""
        found: NDArray[np.float64] = np.maximum(self.signed_tonnes * np.sign(self.claim.share), 0) * np.sign(
            self.claim.share
        )
        return found

    @cached_property
    def sampled_change(self) -> SampleEstimate | None:
        """Change of all trees with its sampling error, where each stratum has two plots. [t CO2e]"""
        pairs = self.pairs
        area = {name: layer.area_ha for name, layer in self.layers.items() if name in set(pairs["stratum"])}
        if not area or pairs["stratum"].value_counts().min() < 2 or min(area.values()) <= 0:
            return None
        then = np.where(pairs["then"] >= 0, self.stock_t_ha[pairs["then"]], 0.0)
        layout = Layout.of(pairs["stratum"].to_numpy(object), area)
        found = paired_change(then, self.stock_t_ha[pairs["now"]], layout)
        return SampleEstimate(found.value, found.variance, found.df, found.n).scaled(sum(area.values()))

    def of_plots(self, names: Iterable[str]) -> float:
        """How much the claim would fall if plots were no part of it and the others spoke for their stratum. [t CO2e]"""
        pairs, out = self.pairs, set(names)
        kept = ~pairs.index.isin(out)
        without = pairs[kept].groupby("stratum")["change_t_ha"].mean()
        with_all = pairs.groupby("stratum")["change_t_ha"].mean()
        change = (with_all - without.reindex(with_all.index).fillna(0.0)).rename("t_ha")
        area = change.index.map({name: layer.area_ha for name, layer in self.layers.items()})
        return float((change.to_numpy() * np.asarray(area, float)).sum()) * self.claim.share

    def of_area(self, area_ha: Mapping[str, float]) -> float:
        """Tonnes of the claim that hectares of each stratum give. [t CO2e]"""
        mean = self.pairs.groupby("stratum")["change_t_ha"].mean()
        return float(sum(mean.get(name, 0.0) * area for name, area in area_ha.items())) * self.claim.share

    def of_parcels(self, rows: Any) -> float:
        """Tonnes of the claim that the credited area of parcels gives. [t CO2e]"""
        mine = self.parcels[rows]
        return self.of_area(mine.groupby("stratum")["area_credited_ha"].sum().to_dict())

    def of_stock(self, share: float, visit: int | None = None) -> float:
        """Tonnes of the claim if all stock of a visit (the last one) were too high by a share. [t CO2e]"""
        rows = self.pairs["now"] if visit is None or visit == self.last else self.pairs["then"]
        stock = np.where(rows >= 0, self.stock_t_ha[rows], 0.0)
        total = float((stock * self.pairs["weight_ha"]).sum()) * self.claim.share
        return total * share if visit is None or visit == self.last else -total * share


def _groups(labels: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Positions of each label."""
    order = np.argsort(labels, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        yield int(labels[rows[0]]), rows
