"""Evaluations of a national inventory: a design and an inventory in, a list of estimates out.

Stocks come from designs for stocks; change comes from re-measured plots under designs for change, never from the
difference of two stocks whose designs share plots. :func:`carbon_stock` and :func:`carbon_change` take any tree
value, also many draws of it; :func:`agency_estimates` takes the agency's own tree carbon.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.kernel.units import conversion_factor
from tanhui.kernel.wording import Lang, say
from tanhui.mrv.sampling.estimators import Scheme, ratio, total_of
from tanhui.mrv.sampling.model import Layout, RatioEstimate, SampleEstimate
from tanhui.mrv.sampling.plots import Missing, forest_shares, plot_values
from tanhui.mrv.sampling.remeasured import RemeasuredPlots, remeasured_forest, remeasured_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanhui.kernel.inventory import Design, Inventory
    from tanhui.kernel.nouns import Estimate

__all__ = ["CarbonChange", "agency_estimates", "carbon_change", "carbon_stock", "domain_text"]

#: How the agency used the strata -> our scheme. One stratum makes the first and the second the same.
SCHEMES: dict[str, Scheme] = {
    "": "post_stratified",
    "Post-Stratification": "post_stratified",
    "Simple random sampling": "post_stratified",
    "Stratified random sampling": "stratified",
}
T_PER_KG = conversion_factor("kg", "t")
POOLS = {"agc": "agency_agc_kg", "bgc": "agency_bgc_kg"}


@dataclass(frozen=True, slots=True)
class CarbonChange:
    """Change of tree carbon on re-measured plots, per year.

    ``per_ha`` is over the land that was forest at either visit; its ``numerator`` is the total change [t C/yr] and
    its ``denominator`` that land [ha]. ``parts`` are per hectare of the same land and add up to ``per_ha``.
    """

    per_ha: RatioEstimate
    parts: dict[str, RatioEstimate]
    plots: RemeasuredPlots


def scheme_of(design: Design, purpose: str) -> Scheme:
    """How the design used its strata.

    Raises
    ------
    DomainError
        If the design serves another purpose, or its method is one we do not have (double sampling for strata).
    """
    if design.options.get("purpose", purpose) != purpose:
        code = "sampling.not_a_stock_design" if purpose == "stocks" else "sampling.not_a_change_design"
        raise DomainError(code, name=design.name)
    method = str(design.options.get("method", ""))
    if method not in SCHEMES:
        raise DomainError("sampling.estimation_method", name=design.name, method=method)
    return SCHEMES[method]


def carbon_stock(
    inventory: Inventory, design: Design, tree_carbon_kg: ArrayLike, *, missing: Missing = "refuse"
) -> RatioEstimate:
    """Carbon of live trees per hectare of forest, with the total as its numerator.

    Parameters
    ----------
    inventory, design, tree_carbon_kg, missing
        As in :func:`~tanhui.mrv.sampling.plots.plot_values`; values in kg of carbon for one tree.

    Returns
    -------
    RatioEstimate
        ``value`` [t C/ha], ``numerator`` [t C], ``denominator`` [ha of forest].
    """
    scheme = scheme_of(design, "stocks")
    values = plot_values(inventory, design, tree_carbon_kg, missing=missing) * T_PER_KG
    return ratio(values, forest_shares(inventory, design), Layout.from_design(design), scheme)


def carbon_change(
    inventory: Inventory, design: Design, tree_carbon_kg: ArrayLike, *, missing: Missing = "refuse"
) -> CarbonChange:
    """Yearly change of live tree carbon on re-measured plots.

    Parameters
    ----------
    inventory, design, tree_carbon_kg, missing
        As in :func:`~tanhui.mrv.sampling.remeasured.remeasured_values`; values in kg of carbon for one tree.

    Returns
    -------
    CarbonChange
    """
    scheme = scheme_of(design, "change")
    layout = Layout.from_design(design)
    plots = remeasured_values(inventory, design, tree_carbon_kg, missing=missing)
    either = remeasured_forest(inventory, design)[2]
    net = ratio(plots.net * T_PER_KG, either, layout, scheme)
    parts = {name: ratio(part * T_PER_KG, either, layout, scheme) for name, part in plots.parts.items()}
    return CarbonChange(net, parts, plots)


def agency_estimates(inventory: Inventory, design: Design) -> list[Estimate]:
    """Every estimate of one evaluation from the agency's own tree carbon, ``source`` "fia".

    A design for stocks gives forest area, trees per hectare (from 1 inch and from 5 inches), basal area, and carbon
    above and below ground per hectare of forest and in total. A design for change gives the yearly change of forest
    area and of carbon, net and by part.
    """
    purpose = design.options.get("purpose", "stocks")
    return _stocks(inventory, design) if purpose == "stocks" else _changes(inventory, design)


def domain_text(domain: str, lang: Lang) -> str:
    """What the domain of an estimate means, in words."""
    return say(f"sampling.domain.{domain}", lang, default=domain)


def _stocks(inventory: Inventory, design: Design) -> list[Estimate]:
    trees, layout, scheme = inventory.trees, Layout.from_design(design), scheme_of(design, "stocks")
    forest = forest_shares(inventory, design)
    one = np.ones(len(trees))
    large = (trees["basis"] != "microplot").to_numpy(float)
    area_m2 = np.pi / 4 * (trees["dbh_cm"].to_numpy(float) / 100) ** 2

    def per_ha(tree_value: ArrayLike) -> RatioEstimate:
        return ratio(plot_values(inventory, design, tree_value), forest, layout, scheme)

    common = _common(design, stock_period(design))
    found = [
        total_of(forest, layout, scheme).to_estimate("forest_area_ha", "ha", domain="forest", **common),
        per_ha(one).to_estimate("trees_per_ha", "1/ha", domain="forest_d1in", **common),
        per_ha(large).to_estimate("trees_per_ha", "1/ha", domain="forest_d5in", **common),
        per_ha(area_m2).to_estimate("basal_area_m2_ha", "m2/ha", domain="forest_d1in", **common),
        per_ha(area_m2 * large).to_estimate("basal_area_m2_ha", "m2/ha", domain="forest_d5in", **common),
    ]
    for pool, column in POOLS.items():
        stock = carbon_stock(inventory, design, trees[column].to_numpy(float), missing="zero")
        found += [
            stock.to_estimate(f"{pool}_t_ha", "t C/ha", domain="forest", **common),
            stock.numerator.to_estimate(f"{pool}_t", "t C", domain="forest", **common),
        ]
    return found


def _changes(inventory: Inventory, design: Design) -> list[Estimate]:
    layout, scheme = Layout.from_design(design), scheme_of(design, "change")
    first, second, either = remeasured_forest(inventory, design)
    common = _common(design, change_period(inventory, design))
    found: list[Estimate] = [
        total_of(either, layout, scheme).to_estimate("forest_area_ha", "ha", domain="forest_either", **common)
    ]
    area: SampleEstimate | None = None
    for pool, column in POOLS.items():
        change = carbon_change(inventory, design, inventory.trees[column].to_numpy(float), missing="zero")
        if area is None:
            area = total_of((second - first) / change.plots.interval_yr, layout, scheme)
            found.append(area.to_estimate("forest_area_change_ha_yr", "ha/yr", domain="forest", **common))
        found += [
            change.per_ha.to_estimate(f"{pool}_change_t_ha_yr", "t C/ha/yr", domain="forest_either", **common),
            change.per_ha.numerator.to_estimate(f"{pool}_change_t_yr", "t C/yr", domain="forest_either", **common),
        ]
        found += [
            part.to_estimate(f"{pool}_{name}_t_ha_yr", "t C/ha/yr", domain="forest_either", **common)
            for name, part in change.parts.items()
        ]
    return found


def change_period(inventory: Inventory, design: Design) -> Period:
    """From the first earlier visit to the last later one."""
    plots = inventory.plots.set_index("plot_id")
    later = plots.loc[design.assignment["plot_id"]]
    earlier = plots.loc[later["prev_plot_id"]]
    return Period(_day(earlier["visited"].min()), _day(later["visited"].max()) + timedelta(days=1))


def stock_period(design: Design) -> Period:
    """The inventory years whose plots the evaluation holds."""
    start, end = (int(str(design.options.get(key, design.year))) for key in ("start_year", "end_year"))
    return Period(date(start, 1, 1), date(end + 1, 1, 1))


def _common(design: Design, valid: Period) -> dict[str, Any]:
    return {"year": design.year, "valid": valid, "source": "fia"}


def _day(stamp: Any) -> date:
    return date(stamp.year, stamp.month, stamp.day)
