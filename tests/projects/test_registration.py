"""Steps of a project together with land, credits and the log: all of a step or nothing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import shapely
import sqlalchemy as sa

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.land.area import area_m2
from tanhui.projects.land.model import LandTaken, Parcel
from tanhui.projects.lifecycle import LifecycleRefused, Party, issue_shares, rule_book
from tanhui.projects.registration import ProjectOffice, Tenure
from tanhui.projects.tenure import model as tenure_model
from tanhui.registry.errors import RegistryError, RequestReused
from tanhui.registry.model import CANCELLED, Record
from tests.projects.story import FACTS, Story
from tests.projects.tenure.samples import right
from tests.registry.conftest import World, worlds  # noqa: F401 (a fixture)
from tests.registry.documents import run_documents

NOBODY = tenure_model.Party()
CREDITING = Period.inclusive(*(date.fromisoformat(FACTS[name]) for name in ("crediting_first", "crediting_last")))


@pytest.fixture
def office(worlds: World) -> ProjectOffice:  # noqa: F811
    return ProjectOffice(worlds.registry)


def square(parcel: str, project: str, west: float) -> Parcel:
    """A hundredth of a degree at 112° E, 27° N."""
    box = shapely.box(112 + west, 27, 112.01 + west, 27.01)
    (area,) = area_m2([box])
    return Parcel(parcel, project, shapely.to_wkb(box), CREDITING, float(area))


def records(world: World) -> list[Record]:
    """Every record in the log, in order."""
    with world.registry._store.reading() as view:
        entries = [view.entry(position) for position in range(view.size())]
    return [entry.as_kind(Record) for entry in entries if entry.kind == "record"]


def code(call: Any, *arguments: Any, **named: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(DomainError) as refused:
        call(*arguments, **named)
    return refused.value.code


# Credits


def test_from_design_to_credits(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "hunan-2", credits_t="100")
    story.walk()
    state, batches = story.credits({2024: 55, 2025: 45})
    assert (state.state, state.credits_t) == ("registered", 100)
    assert [batch.serials.units for batch in batches] == [55, 45]
    # The log names the step by its hash, and the same request again is the same step.
    again, same = story.credits({2024: 55, 2025: 45})
    assert (again.credits_t, same) == (100, batches)
    step = story.event("issue", "2026-01-05")
    assert records(worlds)[-1] == Record("project", "hunan-2", hash_json(step.to_dict()))
    assert worlds.registry.audit().holds


def test_only_what_was_verified_is_issued_and_only_with_its_step(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "hunan-2", credits_t="99")
    story.walk()
    before = worlds.registry.checkpoint()
    assert code(story.credits, {2024: 55, 2025: 45}) == "registration.not_as_verified"
    assert code(story.credits, {2024: 55, 2025: 44}, project="other") == "registration.other_project"
    assert code(story.credits, {2025: 99}) == "registration.other_period"
    assert code(story.step, "issue", "2026-01-05") == "registration.needs_credits"
    assert (
        code(office.issue, story.event("verify", "2026-01-05"), None, request="x") == "registration.registers_nothing"
    )
    assert office.state("hunan-2", date(2026, 1, 6)).state == "verified"
    assert worlds.registry.checkpoint() == before
    state, _ = story.credits({2024: 55, 2025: 44})
    assert state.credits_t == 99
    # A step that is done brings no more credits, whatever comes with it.
    more = worlds.registry.issue_order(
        *run_documents("hunan-2", {2026: 1}), owner=story.owner, region="CN-HN", request="more"
    )
    with pytest.raises(RequestReused):
        office.issue(story.event("issue", "2026-01-05"), more, request="hunan-2-issue")
    assert worlds.registry.audit().holds


def test_a_programme_whose_units_are_elsewhere_brings_none(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "hunan-2")
    story.walk()
    state, batches = office.issue(story.event("issue", "2026-01-05"), None, request="issue")
    assert (state.credits_t, batches) == (1000, ())


def test_the_paris_mechanism_shares_a_thousand(office: ProjectOffice, worlds: World):  # noqa: F811
    """930 to the owner, 50 as share of proceeds, 20 cancelled: the issuance test of UNDP's carbon registry."""
    story = Story(office, worlds.registry, "p-64", "pacm")
    proceeds = {"share_of_proceeds": story.account("adaptation fund", "trader")}
    (batch,) = story.issue({2026: 1000}, targets=proceeds)
    held = {holding.owner: holding.serials.units for holding in worlds.registry.holdings(batch=batch.id)}
    assert held == {story.owner: 930, proceeds["share_of_proceeds"]: 50, CANCELLED: 20}
    assert worlds.registry.audit().holds


def test_units_that_are_not_shared_as_the_book_says_are_not_issued(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "p-64", "pacm")
    story.walk()
    account = story.account("adaptation fund", "trader")
    assert code(story.credits, {2026: 1000}) == "rulebook.taker_without_target"
    for shares in ((), [(account, 500), (CANCELLED, 100)], [(account, 600), (CANCELLED, 200)]):
        order = worlds.registry.issue_order(
            *run_documents("p-64", {2026: 1000}), owner=story.owner, region="XX", shares=shares, request="c"
        )
        issue = story.event("issue", "2027-06-01")
        targets = {"share_of_proceeds": account}
        assert code(office.issue, issue, order, request="i", targets=targets) == "registration.not_shared"


def test_a_buffer_gets_its_part_at_issuance(office: ProjectOffice, worlds: World):  # noqa: F811
    """By hand: 12 % of 1,001 t is 120.12, so 121 t; of vintages of 501 and 500 t in proportion: 60.56 and 60.44 t."""
    story = Story(office, worlds.registry, "vcs-1", "vcs", buffer_t="121", credits_t="1001")
    pool = story.account("pool", "buffer")
    story.walk()
    assert code(story.credits, {2024: 501, 2025: 500}) == "registration.buffer_short"
    _, batches = story.credits({2024: 501, 2025: 500}, buffer=pool)
    held = [holding.serials.units for b in batches for holding in worlds.registry.holdings(pool, b.id)]
    assert held == [61, 60]
    assert worlds.registry.audit().holds


def test_nothing_goes_into_a_buffer_under_ccer(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "ccer-1", "ccer", credits_t="100")
    pool = story.account("pool", "buffer")
    story.walk()
    assert code(story.credits, {2024: 50, 2025: 50}, buffer=pool) == "permanence.no_buffer"
    order = worlds.registry.issue_order(
        *run_documents("ccer-1", {2024: 50, 2025: 50}),
        owner=story.owner,
        region="CN-HN",
        shares=[(pool, 1)],
        request="c",
    )
    assert code(office.issue, story.event("issue", "2026-04-30"), order, request="i") == "permanence.no_buffer"
    assert office.state("ccer-1", date(2026, 4, 30)).state == "issuance_review"


def test_shares_are_exact_however_many_units(office: ProjectOffice, worlds: World):  # noqa: F811
    """By hand: 120,001 of 1,000,000 t, in proportion to 600,001 and 399,999 t: 72,000.72 and 48,000.28 t.

    Of parts of 10,000 no number gives that. Levies are rounded up in every batch: 5 % of 1,001 and of 9 are 51 and 1.
    """
    story = Story(office, worlds.registry, "vcs-1", "vcs", buffer_t="120001", credits_t="1000000")
    pool = story.account("pool", "buffer")
    story.walk()
    _, batches = story.credits({2024: 600_001, 2025: 399_999}, buffer=pool)
    held = [holding.serials.units for b in batches for holding in worlds.registry.holdings(pool, b.id)]
    assert held == [72_001, 48_000]
    pacm, targets = rule_book("pacm"), {"share_of_proceeds": "A", "overall_mitigation": CANCELLED}
    shares = issue_shares(pacm, {"2026": 1001, "2027": 9}, targets, date(2027, 1, 1))
    assert shares == [("A", {"2026": 51, "2027": 1}), (CANCELLED, {"2026": 21, "2027": 1})]
    assert worlds.registry.audit().holds


def test_a_buffer_of_kilograms_gets_its_tonnes(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "vcs-1", "vcs", buffer_t="7", credits_t="60")
    pool = story.account("pool", "buffer")
    story.walk()
    _, batches = story.credits({2024: 30, 2025: 30}, buffer=pool, unit_kg=1)
    held = [holding.serials.units for b in batches for holding in worlds.registry.holdings(pool, b.id)]
    assert held == [3500, 3500]


# Land


def test_land_is_claimed_with_the_step_or_not_at_all(office: ProjectOffice, worlds: World):  # noqa: F811
    first, second = (Story(office, worlds.registry, name) for name in ("p-1", "p-2"))
    first.step("publish_design", "2026-01-05", parcels=[square("a", "p-1", 0.0)])
    assert [(record.topic, record.subject) for record in records(worlds)] == [("project", "p-1"), ("land", "p-1")]
    before = worlds.registry.checkpoint()
    with pytest.raises(LandTaken) as refused:
        second.step("publish_design", "2026-01-05", parcels=[square("x", "p-2", 0.02), square("y", "p-2", 0.005)])
    assert "p-1" in refused.value.text("en")
    assert worlds.registry.checkpoint() == before
    assert office.land("p-2") == []
    assert office.projects() == [("p-1", "sandbox", "design_notice")]
    with pytest.raises(DomainError):
        second.step("publish_design", "2026-01-05", parcels=[square("a", "p-1", 0.3)])
    second.step("publish_design", "2026-01-05", parcels=[square("x", "p-2", 0.02)])
    # A project that ends gives its land back.
    first.step("withdraw", "2026-01-06")
    third = Story(office, worlds.registry, "p-3")
    third.step("publish_design", "2026-01-07", parcels=[square("z", "p-3", 0.005)])
    assert worlds.registry.audit().holds


def tenure(*parcels: str, **changes: Any) -> Tenure:
    """Rights that pass for the whole crediting period."""
    named = {"planted_m2": None, "proponent": right().operator.name}
    named |= {name: changes.pop(name) for name in ("planted_m2", "proponent") if name in changes}
    rights = [right(parcel, last_day=date(2063, 12, 31), certified_mu=Decimal("1600"), **changes) for parcel in parcels]
    return Tenure(rights, file="tenure.csv", **named)


def test_the_credited_area_is_kept_with_the_step(office: ProjectOffice, worlds: World):  # noqa: F811
    """By hand: 1,600 mu are 1,066,666 m2; the squares have 1,099,731 m2 (pyproj.Geod), b is planted on 900,000."""
    story = Story(office, worlds.registry, "p-1")
    parcels = [square("a", "p-1", 0.0), square("b", "p-1", 0.02)]
    planted = {"a": 1_090_000, "b": 900_000}
    given = tenure("a", "b", planted_m2=planted)
    story.step("publish_design", "2026-01-05", parcels=parcels, tenure=given)
    found = {area.parcel: (area.credited_m2, area.decided_by, area.beyond) for area in office.credited("p-1")}
    assert found == {"a": (1_066_666, "certified", ()), "b": (900_000, "planted", ("certified", "measured"))}
    # Names stay out of the log; what was recorded says which areas were credited.
    assert {record.topic for record in records(worlds)} == {"project", "land"}
    with worlds.registry._store.reading() as view:
        assert all("农户".encode() not in leaf for _, leaf in view.leaves())
    with worlds.registry.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM tenure_rights")) == 2
    assert worlds.registry.audit().holds


def test_a_design_filed_again_brings_its_tenure_again(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "p-1", "ccer")
    brought = {"parcels": [square("a", "p-1", 0.0)], "tenure": tenure("a")}
    story.step("publish_design", "2026-01-05", **brought)
    story.step("withdraw", "2026-01-06")
    story.step("publish_design", "2026-01-07", request="again", **brought)
    assert [area.parcel for area in office.credited("p-1")] == ["a"]


def test_land_without_rights_is_refused_with_everything_that_is_missing(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "p-1")
    before = worlds.registry.checkpoint()
    short = right("b", last_day=date(2040, 1, 1), carbon_authorised=False, minutes_sha256="", contractor=NOBODY)
    given = replace(tenure("a", proponent="Somebody Ltd", planted_m2={"a": -1, "z": 5}))
    given = replace(given, rights=[*given.rights, short, replace(short, contract_number="HT-9")])
    parcels = [square("a", "p-1", 0.0), square("b", "p-1", 0.02), square("c", "p-1", 0.04)]
    with pytest.raises(RefusedInput) as refused:
        story.step("publish_design", "2026-01-05", parcels=parcels, tenure=given)
    assert {fault.code.removeprefix("tenure.") for fault in refused.value.faults} == {
        "parcel_without_right",
        "term_too_short",
        "two_contracts",
        "holder_unknown",
        "operator_not_proponent",
        "not_authorised",
        "no_minutes",
        "no_planted_area",
        "parcel_not_in_project",
        "planted_negative",
    }
    assert all("{" not in fault.reason(lang) for fault in refused.value.faults for lang in ("zh", "en"))
    assert worlds.registry.checkpoint() == before
    assert (office.land("p-1"), office.credited("p-1"), office.projects()) == ([], [], [])


# People


def test_who_acts_must_be_in_the_role(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds.registry, "p-1")
    design = story.event("publish_design", "2026-01-05")
    posing = replace(design, by=Party("owner", story.accounts["verifier"]))
    assert code(office.step, posing, request="x") == "registration.not_in_role"
    with pytest.raises(RegistryError):
        office.step(replace(posing, by=Party("owner", "Anobody")), request="x")
    with pytest.raises(LifecycleRefused):
        story.step("verify", "2026-01-05")
    with pytest.raises(RegistryError):
        office.step(design, request="x", by=["Pnobody"])
    assert office.projects() == []


def test_an_office_finds_what_another_one_left(worlds: World):  # noqa: F811
    story = Story(ProjectOffice(worlds.registry), worlds.registry, "p-1")
    story.step("publish_design", "2026-01-05")
    assert ProjectOffice(worlds.registry).projects() == [("p-1", "sandbox", "design_notice")]
