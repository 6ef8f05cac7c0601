"""Investment analysis of a project: yearly cash flows in, net present value, return and sensitivity out.

Pure: no files, no prices of its own. A :class:`CashLine` says what it rests on (its drivers), so one analysis serves
the first look at a parcel file and the additionality of a design document: with and without carbon, against a
benchmark, each driver 10 % up and down, and how far it may move before the answer changes.
"""

from tanhui.projects.investment.analysis import BreakEven, Case, InvestmentAnalysis, Sensitivity, analyse, break_even
from tanhui.projects.investment.cash import CashLine, Irr, irr, net_flows, npv, payback_years

__all__ = [
    "BreakEven",
    "Case",
    "CashLine",
    "InvestmentAnalysis",
    "Irr",
    "Sensitivity",
    "analyse",
    "break_even",
    "irr",
    "net_flows",
    "npv",
    "payback_years",
]
