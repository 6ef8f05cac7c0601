"""What is recognised on a day, and why not."""

from __future__ import annotations

from datetime import date

from tanhui.kernel.parameters import Status
from tanhui.registry.foreign import Recognition, recognised
from tanhui.registry.foreign.recognition import Entry, whitelist

DAY = date(2026, 11, 22)


def entry(methodology: str = "*", product: str = "*", status: Status = Status.PRIMARY, **days) -> Entry:
    first, until = days.get("first", date(2026, 1, 1)), days.get("until")
    return Entry("gba", "vcs", methodology, product, first, until, "ref", status)


def ask(*entries: Entry, **changes) -> Recognition:
    asked = {"area": "gba", "programme": "vcs", "methodology": "VM0033", "product": "mangrove", "day": DAY} | changes
    return recognised(**asked, entries=entries)


def test_an_entry_names_a_programme_a_methodology_or_a_product():
    assert ask(entry()).recognised
    assert ask(entry("VM0033")).recognised
    assert ask(entry(product="mangrove")).recognised
    assert ask(entry("VM0047")).reasons == ("not_listed:VM0033 / mangrove",)
    assert ask(entry(), programme="gs").reasons == ("programme_unknown:gs",)
    assert ask(entry(), area="moon").reasons == ("area_unknown:moon",)


def test_entries_have_days():
    until = entry(until=date(2026, 11, 22))
    assert ask(until, day=date(2026, 11, 21)).recognised
    assert ask(until).reasons == ("no_longer:2026-11-22",)
    assert ask(entry(first=date(2027, 1, 1))).reasons == ("not_yet:2027-01-01",)
    assert ask(until, entry(first=DAY)).recognised


def test_a_scenario_decides_only_where_it_may():
    scenario = entry(status=Status.SCENARIO)
    assert not ask(scenario).recognised
    assert ask(scenario, allow_scenario=True).recognised
    assert ask(scenario, allow_scenario=True).text("zh") == "情景，非现行规则（ref）。"
    assert ask(scenario, entry()).status is Status.PRIMARY


def test_the_list_has_twelve_types_of_product_and_all_are_scenario():
    gba = [listed for listed in whitelist() if listed.area == "gba"]
    assert len({listed.product for listed in gba}) == 12  # as the request says
    assert {listed.status for listed in whitelist()} == {Status.SCENARIO}
    answer = recognised(area="gba", programme="ccer", methodology="x", product="mangrove", day=DAY)
    assert not answer.recognised
    assert "{" not in answer.text("en") + ask(entry(), area="moon").text("zh")
