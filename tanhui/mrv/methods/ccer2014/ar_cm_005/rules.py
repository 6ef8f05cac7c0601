"""The accounting clauses of AR-CM-005-V01; removals positive. No rule holds a number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.ccer2014.ar_cm_005.inputs import BambooProduct, ManagedBamboo
from tanhui.mrv.methods.ccer2014.project import fires_co2e_t
from tanhui.mrv.methods.claims import as_removal
from tanhui.mrv.methods.rule import rule

__all__ = ["baseline_t", "biomass_t", "fertiliser_t", "fire_t", "leakage_t", "product_t"]


@rule(
    "? 竹林生物质",
    zh="竹林生物质碳储量的变化；老竹采伐后由新竹补充，新竹不得与增量重复计入。",
    en="The change of the stands' biomass; new culms replace those cut and are not counted beside the change.",
)
def biomass_t(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of biomass. [t CO2e]"""
    return x.biomass_change_co2e_t


@rule(
    "? 竹产品",
    zh="竹产品储碳 = 竹秆干重 × 含碳率 × 利用率 × OF_j × 44/12。",
    en="Carbon in a class of products: dry mass of culms x carbon fraction x share used x OF_j x 44/12.",
)
def product_t(x: BambooProduct, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon stored in one class of products. [t CO2e]"""
    return CO2_PER_C * x.culms_t * x.carbon_fraction * x.used_fraction * x.stored_fraction


@rule(
    "? 基线碳汇量",
    zh="扣除基线碳汇量（生物质与竹产品）；基线损失不增加减排量（本产品的保守处理）。",
    en="What the baseline takes up, in biomass and products, is subtracted; a loss there adds nothing (our "
    "conservative reading).",
)
def baseline_t(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> float:
    """The baseline, as a number that is not positive. [t CO2e]"""
    return -max(x.baseline_removal_co2e_t, 0.0)


@rule(
    "? 施肥",
    zh="施肥 N2O 高于基线的部分扣除；低于基线的部分不计（本产品的处理，原文未读）。",
    en="N2O of fertiliser above the baseline's is subtracted, what lies below is not counted (our choice, the text is "
    "unread).",
)
def fertiliser_t(x: ManagedBamboo, edition: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emission of more fertiliser, as a number that is not positive. [t CO2e]"""
    more_t = max(x.fertiliser_n2o_t - x.baseline_fertiliser_n2o_t, 0.0)
    return as_removal(more_t * p[gwp_name(edition, "N2O")].at(day).number())


@rule(
    "? 火灾",
    zh="火灾的 CH4 与 N2O 按 AR-TOOL08 计算，全部火灾计入（原文未读）。",
    en="CH4 and N2O of fires by AR-TOOL08; every fire counts (the text is unread).",
)
def fire_t(x: ManagedBamboo, edition: str, *, day: date, p: Recorder) -> float:
    """Emissions of fires, as a number that is not positive. [t CO2e]"""
    return fires_co2e_t(x, edition, p)


@rule(
    "? 泄漏",
    zh="泄漏从减排量中扣除；是否可取零未读，由使用者给出。",
    en="Leakage is subtracted; whether it may be zero is unread, and the user gives it.",
)
def leakage_t(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage, as a number that is not positive. [t CO2e]"""
    return -x.leakage_co2e_t
