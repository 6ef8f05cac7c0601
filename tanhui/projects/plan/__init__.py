"""The plan of a planting project, before anything is measured: yearly removals with their interval.

A plan is a list of :class:`Planting` units (one stratum, species, planting date and growth curve each) over a crediting
period. Stock at a day follows the curve at the stand's age in days, so a calendar year's removal is what grew on its
days, and what a curve shows at age zero is not growth. Harvested carbon leaves the stand at once; only where a
:class:`Products` pool is stated does a part stay, and decay.

Errors are carried analytically, by first derivatives. Curve parameters are shared by all units of a curve, a density,
expansion factor, root ratio or carbon fraction by all units of the same leaf, areas and survival belong to one unit:
so strata of one curve are fully correlated and their errors do not average out. No random numbers are drawn.

:func:`make_plan` makes the plan, :func:`plan_to_dict` its JSON, :func:`plan_summary` its words, and
:func:`compare_to_plan` sets later measurements against it.
"""

from tanhui.projects.plan.compare import Deviation, Measured, compare_to_plan
from tanhui.projects.plan.compute import make_plan, planting_schedule
from tanhui.projects.plan.model import (
    Conversion,
    CustomConversion,
    Plan,
    PlanSeries,
    Planting,
    Products,
    Reason,
)
from tanhui.projects.plan.words import interval90, plan_summary, plan_to_dict

__all__ = [
    "Conversion",
    "CustomConversion",
    "Deviation",
    "Measured",
    "Plan",
    "PlanSeries",
    "Planting",
    "Products",
    "Reason",
    "compare_to_plan",
    "interval90",
    "make_plan",
    "plan_summary",
    "plan_to_dict",
    "planting_schedule",
]
