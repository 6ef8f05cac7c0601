"""The equations of AR-TOOL12 v03.1; the arithmetic is that of :mod:`tanhui.sinks.forest.deadwood`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from tanhui.kernel.parameters import Dated
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.cdm.ar_tool12.inputs import DeadPlot, DeadStratum, DefaultShare, Litter
from tanhui.mrv.methods.rule import rule
from tanhui.sinks.forest import deadwood

__all__ = ["default_co2_t", "litter_co2_t", "lying_co2_t", "pool_change_co2_t", "standing_co2_t", "stumps_co2_t"]


@rule(
    "eq. (1), (2), (3)",
    zh="枯立木按活立木生物量乘以折减系数：仅失叶与小枝 0.975，失细枝 0.80；含根；含碳率 0.5。",
    en="A standing dead tree is a live one times 0.975 where it lost leaves and twigs, 0.80 where it lost small "
    "branches; roots included; carbon fraction 0.5.",
)
def standing_co2_t(plot: DeadPlot, stratum: DeadStratum, *, day: date, p: Mapping[str, Dated]) -> float:
    """Standing dead trees of a plot. [t CO2]"""
    mass_t = []
    for tree in plot.standing:
        left = deadwood.alpha([tree.state])
        if tree.stem_volume_m3 is not None:
            found = deadwood.standing_dead_from_volume_t(
                [tree.stem_volume_m3],
                left,
                density_t_m3=stratum.density_t_m3,
                bef2=stratum.bef2,
                root_ratio=stratum.root_ratio,
            )
        else:
            assert tree.live_agb_t is not None
            found = deadwood.standing_dead_from_agb_t([tree.live_agb_t], left, root_ratio=stratum.root_ratio)
        mass_t.append(float(found.sum()))
    return CO2_PER_C * deadwood.carbon_fraction("tree").number() * math.fsum(mass_t)


@rule(
    "eq. (4), (5)",
    zh="残桩按中央直径、高和密度折减系数计算；高于 4 m 且无枝的枯干，中央直径由胸径推算。",
    en="A stump counts by its middle diameter, height and density factor; that diameter may be computed from dbh where "
    "it is higher than 4 m.",
)
def stumps_co2_t(plot: DeadPlot, stratum: DeadStratum, *, day: date, p: Mapping[str, Dated]) -> float:
    """Stumps and branchless stems of a plot. [t CO2]"""
    found = []
    for stump in plot.stumps:
        middle_cm = stump.mid_diameter_cm
        if middle_cm is None:
            assert stump.dbh_cm is not None
            middle_cm = float(deadwood.stump_mid_diameter_cm(stump.dbh_cm, stump.height_m))
        co2_t = deadwood.stump_co2_t(
            middle_cm,
            stump.height_m,
            deadwood.beta([stump.decay]),
            density_t_m3=stratum.density_t_m3,
            root_ratio=stratum.root_ratio,
        )
        found.append(float(co2_t.sum()))
    return math.fsum(found)


@rule(
    "eq. (6)",
    zh="倒木按样线截点直径计算：直径不小于 10 cm，样线总长不小于 100 m。",
    en="Lying dead wood counts by the diameters that transects cross: pieces of 10 cm and more, 100 m of transect or "
    "more.",
)
def lying_co2_t(plot: DeadPlot, stratum: DeadStratum, *, day: date, p: Mapping[str, Dated]) -> float:
    """Lying dead wood of a plot; nothing where no transect was walked. [t CO2]"""
    if plot.transect_m is None:
        return 0.0
    return deadwood.lying_co2_t(
        [piece.diameter_cm for piece in plot.lying],
        deadwood.beta([piece.decay for piece in plot.lying]),
        transect_m=plot.transect_m,
        plot_area_ha=plot.area_ha,
        density_t_m3=stratum.density_t_m3,
    )


@rule(
    "eq. (12)",
    zh="枯落物由四个样方的鲜重、干鲜比和含碳率 0.37 计算。",
    en="Litter counts by the fresh mass of four frames, its dry share and a carbon fraction of 0.37.",
)
def litter_co2_t(litter: Litter, plot_area_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Litter of a plot. [t CO2]"""
    return deadwood.litter_co2_t(
        litter.wet_mass_kg,
        dry_to_wet=litter.dry_to_wet_fraction,
        frame_area_m2=litter.frame_area_m2,
        plot_area_ha=plot_area_ha,
    )


@rule(
    "eq. (7), (13)",
    zh="分层储量 = 样地储量之和 × 层面积 / 样地面积之和。",
    en="A stratum's stock is the sum of its plots times its area over theirs.",
)
def stratum_co2_t(
    plots_co2_t: Sequence[float], plots_ha: Sequence[float], area_ha: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Stock of a stratum. [t CO2]"""
    return deadwood.to_stratum_co2_t(plots_co2_t, plots_ha, area_ha)


@rule(
    "eq. (9), (15)",
    zh="未实测且留在林地时，可按林木碳储量乘以缺省比例（DF_DW、DF_LI）。",
    en="What is not measured and left in place may be taken as a default share of tree carbon (DF_DW, DF_LI).",
)
def default_co2_t(
    x: DefaultShare,
    trees_co2_t: float,
    pool: Literal["dead_wood", "litter"],
    *,
    day: date,
    p: Mapping[str, Dated],
) -> float:
    """Default stock of a pool. [t CO2]"""
    shares = deadwood.default_shares(x.biome, elevation_m=x.elevation_m, rain_mm_yr=x.rain_mm_yr)
    trees = deadwood.PoolStock("tree", trees_co2_t, deadwood.carbon_fraction("tree").number())
    share = shares.dead_wood if pool == "dead_wood" else shares.litter
    return deadwood.default_pool(trees, pool, share, left_in_place=x.left_in_place).co2_t


@rule(
    "eq. (10), (11)",
    zh="两次测定之间的变化按线性计。",
    en="Between two measurements a stock changes in a straight line.",
)
def pool_change_co2_t(start_co2_t: float, end_co2_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change over the period; a growing stock is positive. [t CO2]"""
    return end_co2_t - start_co2_t
