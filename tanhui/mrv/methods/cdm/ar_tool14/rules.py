"""The equations of AR-TOOL14 v04.2, in its order. No rule holds a number; a growing stock is positive."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period, years_later
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.cdm.ar_tool14.inputs import CrownCover, Shrubs, Zero
from tanhui.mrv.methods.rule import rule

if TYPE_CHECKING:
    from tanhui.mrv.sampling.model import SampleEstimate

__all__ = [
    "Moments",
    "change_half_width_t",
    "crown_cover_change_co2_t",
    "discount_share",
    "discount_t",
    "paired_mean",
    "plot_moments",
    "root_ratio",
    "shrub_stock_co2_t",
    "stock_co2_t",
    "stratified_mean",
    "zero_change",
]


@dataclass(frozen=True, slots=True)
class Moments:
    """A stratum as eq. (14) and (15) see it: number, mean and standard deviation of its plots. [t d.m./ha]"""

    area_ha: float
    n: int
    mean_t_ha: float
    sd_t_ha: float


@rule(
    "eq. (2)",
    zh="两期独立调查之差的半区间 = 两期半区间平方和的平方根；起始储量一律用未折减值。",
    en="The half-width of the difference of two independent surveys is the root of the sum of their squares; the stock "
    "carried forward is the one before any discount.",
)
def change_half_width_t(start_t: float, end_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Half the 90 % interval of a change, from those of both stocks. [t CO2]"""
    return math.hypot(start_t, end_t)


@rule(
    "eq. (3)-(8)",
    zh="复测样地：按各样地两期之差求分层均值及其半区间。",
    en="Plots measured twice: the stratified mean of their changes, with its own half-width.",
)
def paired_mean(strata: Sequence[Moments], *, day: date, p: Mapping[str, Dated]) -> SampleEstimate:
    """Mean change over the area. [t d.m./ha]"""
    return stratified_mean(strata, day=day, p=p)


@rule(
    "5; 6.4",
    zh="基线林木未被采伐、不因项目死亡且不计入项目林木，或土地明显退化，其变化可取零；"
    "项目林木未采伐、未受干扰且盖度未降低，可按零变化计。",
    en="The change may be zero of baseline trees that are not cut, not killed by the project and not counted with its "
    "trees, or on land that visibly degrades; and of project trees without harvest or disturbance whose cover is not "
    "lower.",
)
def zero_change(x: Zero, *, day: date, p: Mapping[str, Dated]) -> float:
    """Zero, on a ground the tool names. [t CO2]"""
    return 0.0


@rule(
    "eq. (10)",
    zh="基线林木按冠层盖度估算：44/12 × CF × 森林生长量 ×（1 + R）× 盖度 × 面积；项目第 20 年以后为零。"
    "仅用于项目前平均盖度低于森林定义盖度 20% 的土地。",
    en="Baseline trees by crown cover: 44/12 x CF x growth of forest x (1 + R) x cover x area, nothing after year 20; "
    "only where the mean cover before the project is below 20 % of that of the forest definition.",
)
def crown_cover_change_co2_t(x: CrownCover, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of baseline trees over a period. [t CO2]"""
    last = years_later(x.project_start, int(p["crown_cover_years"].at(day).number()))
    common = period.overlap(Period(x.project_start, last))
    roots = 1 + p["root_ratio_baseline"].at(day).number()
    growth_c_t_yr = p["carbon_fraction_tree"].at(day).number() * x.forest_growth_t_ha_yr * roots * x.area_ha
    return CO2_PER_C * growth_c_t_yr * x.cover_fraction * (0.0 if common is None else common.years)


@rule(
    "eq. (12), (13)",
    zh="林木碳储量 = 44/12 × CF × 面积 × 单位面积生物量。",
    en="Carbon of trees is 44/12 x CF x area x biomass per hectare.",
)
def stock_co2_t(biomass_t_ha: float, area_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon of a biomass per hectare. [t CO2]"""
    return CO2_PER_C * p["carbon_fraction_tree"].at(day).number() * area_ha * biomass_t_ha


@rule(
    "eq. (14), (15)",
    zh="分层均值按面积加权；u 为双侧 90% t 值（自由度 n − M）乘以均值标准误，只含抽样误差。",
    en="The mean is weighted by area; u is the two-sided 90 % t of n - M degrees of freedom times the standard error "
    "of the mean, sampling alone.",
)
def stratified_mean(strata: Sequence[Moments], *, day: date, p: Mapping[str, Dated]) -> SampleEstimate:
    """Mean biomass over the area with its variance. [t d.m./ha]

    The tool's list calls s_i^2 the variance of the mean, but eq. (15) divides it by n_i: it is that of the plots.
    """
    from tanhui.mrv.sampling.model import SampleEstimate

    area_ha = math.fsum(x.area_ha for x in strata)
    weights = [x.area_ha / area_ha for x in strata]
    mean = math.fsum(w * x.mean_t_ha for w, x in zip(weights, strata, strict=True))
    variance = math.fsum(w * w * x.sd_t_ha * x.sd_t_ha / x.n for w, x in zip(weights, strata, strict=True))
    plots = sum(x.n for x in strata)
    return SampleEstimate(mean, variance, plots - len(strata), plots)


@rule(
    "eq. (16), (17)",
    zh="层内均值与方差由样地生物量计算，方差除数为 n − 1。",
    en="Mean and variance of a stratum are those of its plots, the variance with divisor n - 1.",
)
def plot_moments(area_ha: float, plots_t_ha: Sequence[float], *, day: date, p: Mapping[str, Dated]) -> Moments:
    """A stratum from its plots."""
    n = len(plots_t_ha)
    mean = math.fsum(plots_t_ha) / n
    squares = math.fsum((x - mean) * (x - mean) for x in plots_t_ha)
    return Moments(area_ha, n, mean, math.sqrt(squares / (n - 1)))


@rule(
    "eq. (26), (27)",
    zh="灌木碳储量 = 44/12 × CF_s ×（1 + R_s）× Σ 面积 × BDR_SF × 森林生物量 × 盖度；盖度低于 5% 取零。",
    en="Carbon of shrubs is 44/12 x CF_s x (1 + R_s) x the sum of area x BDR_SF x biomass of forest x cover; zero "
    "below 5 % of cover.",
)
def shrub_stock_co2_t(shrubs: Sequence[Shrubs], *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon of shrubs at one date. [t CO2]"""
    least = p["shrub_cover_min"].at(day).number()
    ratio = p["shrub_to_forest"].at(day).number()
    biomass_t = math.fsum(
        x.area_ha * ratio * x.forest_agb_t_ha * x.cover_fraction for x in shrubs if x.cover_fraction >= least
    )
    carbon = p["carbon_fraction_shrub"].at(day).number() * (1 + p["root_ratio_shrub"].at(day).number())
    return CO2_PER_C * carbon * biomass_t


@rule(
    "Appendix 1, R",
    zh="根茎比 R = exp(−1.085 + 0.9256 ln b) / b，b 为地上生物量。",
    en="Roots over shoots: R = exp(-1.085 + 0.9256 ln b) / b, b being aboveground biomass per hectare.",
)
def root_ratio(agb_t_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """R; nothing where nothing stands. [1]"""
    from tanhui.sinks.forest.roots import root_ratio_ar_tool14

    return float(root_ratio_ar_tool14(agb_t_ha)) if agb_t_ha > 0 else 0.0


@rule(
    "Appendix 2",
    zh="不确定性折减按 u 分档：不大于 10% 不折减，15%、20%、30% 以内分别折减 u × 均值的 25%、50%、75%，"
    "超过 30% 全部折减。",
    en="The discount goes by u: none up to 10 %, then 25 %, 50 % and 75 % of u x mean up to 15 %, 20 % and 30 %, and "
    "all of it above.",
)
def discount_share(u_rel: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Share of the half-width that is discounted. [1]"""
    bands: Any = p["discount_bands"].at(day).value
    return float([share for above, share in bands if u_rel > above or above == 0][-1])


@rule(
    "Appendix 2, sign",
    zh="折减向保守方向：项目的变化减去，基线的变化加上。",
    en="The discount is conservative: taken from a project's change, added to a baseline's.",
)
def discount_t(change_t: float, half_width_t: float, scenario: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """What is added to a change: negative in the project, positive in the baseline. [t CO2]

    A change of nothing has no relative error; whatever its half-width is counts as beyond the last band.
    """
    u_rel = half_width_t / abs(change_t) if change_t else math.inf
    size_t = discount_share(u_rel, day=day, p=p) * half_width_t if half_width_t > 0 else 0.0
    return -size_t if scenario == "project" else size_t
