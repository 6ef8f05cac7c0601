"""The equations of AR-TOOL03 v02.1.0; the arithmetic is that of :mod:`tanhui.mrv.sampling.size`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.rule import rule

if TYPE_CHECKING:
    from tanhui.mrv.sampling.size import SampleSize

__all__ = ["allowed_half_width", "plots_by_stratum", "plots_wanted"]


@rule(
    "parameters, E",
    zh="允许误差 E 为生物量均值的 10%（绝对值，与各层标准差同单位）。",
    en="The allowed half-width E is 10 % of the mean biomass, in the unit of the strata's standard deviations.",
)
def allowed_half_width(mean_t_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """E. [t d.m./ha]"""
    return p["precision"].at(day).number() * mean_t_ha


@rule(
    "eq. (1), (2), (3)",
    zh="样地数按面积权重与层内标准差计算；先取无穷自由度的 t，首次结果不足 30 个时用 n − 1 个自由度再算一次。"
    "抽样面积不足项目 5% 时用式 (2)，否则用式 (1) 并再按式 (3) 修正。",
    en="The number of plots follows from area weights and deviations; t is first that of infinite degrees of freedom, "
    "and a first result below 30 is computed once more with n - 1. Eq. (2) serves where less than 5 % of the area is "
    "sampled, else eq. (1) with eq. (3) on top.",
)
def plots_wanted(
    areas_ha: Sequence[float],
    sds_t_ha: Sequence[float],
    half_width_t_ha: float,
    plot_area_ha: float,
    *,
    day: date,
    p: Mapping[str, Dated],
) -> SampleSize:
    """Plots over all strata; ``n_finite`` is eq. (3), which corrects a second time what eq. (1) corrected already."""
    from tanhui.mrv.sampling.size import sample_size

    possible = sum(areas_ha) / plot_area_ha
    confidence = p["confidence"].at(day).number()
    return sample_size(areas_ha, sds_t_ha, half_width_t_ha, population=possible, confidence=confidence)


@rule(
    "eq. (4)",
    zh="各层样地数与面积权重乘以标准差成正比；逐层进位为本产品的做法。",
    en="The plots of a stratum are proportional to its area times its deviation; rounding each up is our own habit.",
)
def plots_by_stratum(
    n: int, areas_ha: Sequence[float], sds_t_ha: Sequence[float], *, day: date, p: Mapping[str, Dated]
) -> list[int]:
    """Plots of each stratum, one at least."""
    from tanhui.mrv.sampling.size import allocation

    return [int(plots) for plots in allocation(n, areas_ha, sds_t_ha, minimum=1)]
