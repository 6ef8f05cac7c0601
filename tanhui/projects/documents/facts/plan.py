"""Facts of the plan: stock and change year by year, and measurement against it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact

__all__ = ["facts"]

WHERE = "result.json#/plan"


def facts(material: Material) -> Iterator[Fact]:
    """The planned stock at the end of each calendar year of the crediting period, and its differences."""
    plan = material.result["plan"]
    if not plan:
        return
    stock = plan["stock"]
    total = stock[-1]["value"] - stock[0]["value"]
    yield make_fact("plan.total_co2e_t", total, f"{WHERE}/stock: last - first")
    span = stock[-1]["year"] - stock[0]["year"]
    yield make_fact("plan.yearly_co2e_t", total / span, f"{WHERE}/stock: (last - first) / years")
    for number, (before, point) in enumerate(pairwise(stock), start=1):
        year, where = str(math.floor(before["year"])), f"{WHERE}/stock/{number}"
        gain = point["value"] - before["value"]
        yield make_fact("plan.*.removal_co2e_t", gain, f"{where}/value - {WHERE}/stock/{number - 1}/value", year)
        yield make_fact("plan.*.stock_co2e_t", point["value"], f"{where}/value", year)
        yield make_fact("plan.*.low_co2e_t", point["ci90"][0], f"{where}/ci90/0", year)
        yield make_fact("plan.*.high_co2e_t", point["ci90"][1], f"{where}/ci90/1", year)
    for number, row in enumerate(plan["comparison"]):
        where, day = f"{WHERE}/comparison/{number}", row["date"]
        yield make_fact("comparison.*.measured_co2e_t", row["measured_co2e_t"], f"{where}/measured_co2e_t", day)
        yield make_fact("comparison.*.planned_co2e_t", row["planned_co2e_t"], f"{where}/planned_co2e_t", day)
        yield make_fact("comparison.*.difference", 100 * row["difference"], f"{where}/difference", day)
