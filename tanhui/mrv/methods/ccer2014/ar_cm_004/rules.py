"""The accounting clauses of AR-CM-004-V01; removals positive. No rule holds a number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.ccer2014.ar_cm_004.inputs import Gases, ManagedGrassland
from tanhui.mrv.methods.ccer2014.project import fires_co2e_t
from tanhui.mrv.methods.claims import as_removal
from tanhui.mrv.methods.rule import rule

__all__ = ["baseline_t", "fire_t", "leakage_t", "more_emitted_t", "soil_t", "woody_t"]


@rule(
    "? 土壤有机碳",
    zh="土壤有机碳必须计入，由实测、经校准的模型或缺省值得出。",
    en="Soil carbon is always counted: measured, by a calibrated model, or by defaults.",
)
def soil_t(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of the soil. [t CO2e]"""
    return x.soil_change_co2e_t


@rule("? 木本生物质", zh="木本植物生物质可选。", en="Woody plants may be counted.")
def woody_t(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of woody plants. [t CO2e]"""
    return x.woody_change_co2e_t


@rule(
    "? 基线碳汇量",
    zh="扣除基线碳汇量；基线损失不增加减排量（本产品的保守处理）。",
    en="What the baseline takes up is subtracted; a loss there adds nothing (our conservative reading).",
)
def baseline_t(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> float:
    """The baseline, as a number that is not positive. [t CO2e]"""
    return -max(x.baseline_removal_co2e_t, 0.0)


@rule(
    "? 项目排放",
    zh="家畜肠道 CH4、粪便与施肥 N2O、燃料 CO2 高于基线的部分扣除；低于基线的部分不计（本产品的保守处理）。",
    en="CH4 of animals, N2O of manure and fertiliser and CO2 of fuel above the baseline's are subtracted; what lies "
    "below is not counted (our conservative reading).",
)
def more_emitted_t(project: Gases, baseline: Gases, edition: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """What the project emits more, gas by gas, as a number that is not positive. [t CO2e]"""
    ch4, n2o = (p[gwp_name(edition, gas)].at(day).number() for gas in ("CH4", "N2O"))
    more = (
        max(project.enteric_ch4_t - baseline.enteric_ch4_t, 0.0) * ch4,
        max(project.nitrogen_n2o_t - baseline.nitrogen_n2o_t, 0.0) * n2o,
        max(project.fuel_co2_t - baseline.fuel_co2_t, 0.0),
    )
    return as_removal(sum(more))


@rule(
    "? 火烧",
    zh="木本植物火灾的 CH4 与 N2O 按 AR-TOOL08 计算（本产品的处理，原文未读）。",
    en="CH4 and N2O of fires in woody plants by AR-TOOL08 (our choice, the text is unread).",
)
def fire_t(x: ManagedGrassland, edition: str, *, day: date, p: Recorder) -> float:
    """Emissions of fires, as a number that is not positive. [t CO2e]"""
    return fires_co2e_t(x, edition, p)


@rule("? 泄漏", zh="扣除家畜转移造成的泄漏。", en="Leakage by displaced animals is subtracted.")
def leakage_t(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage, as a number that is not positive. [t CO2e]"""
    return -x.leakage_co2e_t
