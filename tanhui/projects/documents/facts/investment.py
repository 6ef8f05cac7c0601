"""Facts of the investment analysis that a study holds: what the project pays, with and without carbon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tanhui.kernel.wording import LANGS, say
from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact

__all__ = ["facts"]

FILE = "scout.json#/money"


def facts(material: Material) -> Iterator[Fact]:
    """The analysis; nothing where there is no study, or one without money."""
    money: Mapping[str, Any] | None = (material.study or {}).get("money")
    if not money:
        return
    yield make_fact("investment.price_cny_t", float(money["price_cny_t"]), f"{FILE}/price_cny_t")
    yield make_fact("investment.benchmark_pct", 100 * float(money["benchmark"]), f"{FILE}/benchmark")
    for case in ("without_carbon", "with_carbon"):
        said = money[case]
        yield make_fact(f"investment.{case}.npv_cny", float(said["npv_cny"]), f"{FILE}/{case}/npv_cny")
        irr = said["irr"]
        if irr["case"] == "one":
            yield make_fact(f"investment.{case}.irr_pct", 100 * float(irr["value"]), f"{FILE}/{case}/irr")
        else:
            roots = ", ".join(f"{100 * root:.1f} %" for root in irr["roots"])
            text: dict[str, str] = {lang: say(f"scout.irr.{irr['case']}", lang, roots=roots) for lang in LANGS}
            yield make_fact(f"investment.{case}.irr_pct", irr["case"], f"{FILE}/{case}/irr", text=text)
    price = money["break_even_price"]
    if price["case"] == "found":
        yield make_fact("investment.break_even_cny_t", float(price["cny_t"]), f"{FILE}/break_even_price")
