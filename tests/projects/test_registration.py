"""Steps of a project together with land, credits and the log: all of a step or nothing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
import shapely

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects.land.area import area_m2
from tanhui.projects.land.model import LandTaken, Parcel
from tanhui.projects.lifecycle import Evidence, LifecycleEvent, LifecycleRefused, Party
from tanhui.projects.registration import ProjectOffice
from tanhui.registry.errors import RegistryError
from tanhui.registry.model import Record
from tests.registry.conftest import World, worlds  # noqa: F401 (a fixture)
from tests.registry.documents import run_documents


@pytest.fixture
def office(worlds: World) -> ProjectOffice:  # noqa: F811
    return ProjectOffice(worlds.registry)


def square(parcel: str, project: str, west: float) -> Parcel:
    """A hundredth of a degree at 112° E, 27° N."""
    box = shapely.box(112 + west, 27, 112.01 + west, 27.01)
    (area,) = area_m2([box])
    return Parcel(parcel, project, shapely.to_wkb(box), Period(date(2021, 1, 1), date(2041, 1, 1)), float(area))


class Story:
    """A project that goes through the sandbox's rule book."""

    def __init__(self, office: ProjectOffice, world: World, project: str) -> None:
        self.office, self.project = office, project
        registry = world.registry
        self.owner = registry.open_account("owner", request=f"{project}-owner").id
        self.verifier = registry.open_account("verifier", request=f"{project}-v", roles=["verifier"]).id
        self.operator = registry.declaration.account
        self.steps = 0

    def event(self, act: str, role: str, *kinds: str, **facts: str) -> LifecycleEvent:
        account = {"owner": self.owner, "verifier": self.verifier, "registry_operator": self.operator}[role]
        papers = tuple(Evidence(kind, sha256((self.project + kind).encode()).hexdigest()) for kind in kinds)
        return LifecycleEvent(self.project, "sandbox", date(2026, 1, 5), act, Party(role, account), papers, facts)

    def design(self, **more: object) -> object:
        facts = {"methodology": "ccer/14-001-v01", "crediting_first": "2021-01-01", "crediting_last": "2040-12-31"}
        event = self.event("publish_design", "owner", "design_document", **facts)
        return self.office.step(event, request=f"{self.project}-design", **more)

    def up_to_verified(self, credits_t: int) -> None:
        self.design()
        self.office.step(self.event("register", "registry_operator"), request=f"{self.project}-register")
        period = {"period_first": "2021-01-01", "period_last": "2022-12-31"}
        report = self.event("publish_report", "owner", "accounting_report", **period)
        self.office.step(report, request=f"{self.project}-report")
        verified = self.event("verify", "verifier", "verification_report", credits_t=str(credits_t))
        self.office.step(verified, request=f"{self.project}-verify")


def test_from_design_to_credits(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds, "hunan-2")
    story.up_to_verified(100)
    documents = run_documents("hunan-2", by_year={2021: 55, 2022: 45})
    credits = worlds.registry.issue_order(*documents, owner=story.owner, region="CN-HN", request="credits")
    event = story.event("issue", "registry_operator")
    state, batches = office.issue(event, credits, request="issue-step")
    assert (state.state, state.credits_t) == ("registered", 100)
    assert [batch.serials.units for batch in batches] == [55, 45]
    # The log names the step by its hash, and the same request again is the same step.
    again, same = office.issue(event, credits, request="issue-step")
    assert (again.credits_t, same) == (100, batches)
    with worlds.registry._store.reading() as view:
        records = [entry.noun for position in range(view.size()) if (entry := view.entry(position)).kind == "record"]
    assert records[-1] == Record("project", "hunan-2", hash_json(event.to_dict()))
    assert worlds.registry.audit().holds


def test_more_than_verified_is_not_issued(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds, "hunan-2")
    story.up_to_verified(99)
    before = worlds.registry.checkpoint()
    documents = run_documents("hunan-2", by_year={2021: 55, 2022: 45})
    credits = worlds.registry.issue_order(*documents, owner=story.owner, region="CN-HN", request="credits")
    with pytest.raises(DomainError) as refused:
        office.issue(story.event("issue", "registry_operator"), credits, request="issue-step")
    assert refused.value.code == "registration.not_as_verified"
    other = worlds.registry.issue_order(
        *run_documents("other", by_year={2021: 99}), owner=story.owner, region="CN-HN", request="other"
    )
    with pytest.raises(DomainError):
        office.issue(story.event("issue", "registry_operator"), other, request="issue-step")
    assert office.state("hunan-2", date(2026, 1, 6)).state == "verified"
    assert worlds.registry.checkpoint() == before
    assert worlds.registry.audit().holds


def test_land_is_claimed_with_the_step_or_not_at_all(office: ProjectOffice, worlds: World):  # noqa: F811
    first, second = Story(office, worlds, "p-1"), Story(office, worlds, "p-2")
    first.design(parcels=[square("a", "p-1", 0.0)])
    before = worlds.registry.checkpoint()
    with pytest.raises(LandTaken) as refused:
        second.design(parcels=[square("x", "p-2", 0.02), square("y", "p-2", 0.005)])
    assert "p-1" in refused.value.text("en")
    assert worlds.registry.checkpoint() == before
    assert office.land("p-2") == []
    assert office.projects() == [("p-1", "sandbox", "design_notice")]
    with pytest.raises(DomainError):
        second.design(parcels=[square("a", "p-1", 0.3)])
    second.design(parcels=[square("x", "p-2", 0.02)])
    # A project that ends gives its land back.
    office.step(first.event("withdraw", "owner"), request="withdraw")
    third = Story(office, worlds, "p-3")
    third.design(parcels=[square("z", "p-3", 0.005)])
    assert worlds.registry.audit().holds


def test_who_acts_must_be_in_the_role(office: ProjectOffice, worlds: World):  # noqa: F811
    story = Story(office, worlds, "p-1")
    posing = replace(story.event("publish_design", "owner", "design_document"), by=Party("owner", story.verifier))
    with pytest.raises(DomainError) as refused:
        office.step(posing, request="x")
    assert refused.value.code == "registration.not_in_role"
    with pytest.raises(RegistryError):
        office.step(replace(posing, by=Party("owner", "Anobody")), request="x")
    with pytest.raises(LifecycleRefused):
        office.step(story.event("issue", "registry_operator"), request="x")
    with pytest.raises(RegistryError):
        office.step(story.event("publish_design", "owner", "design_document"), request="x", by=["Pnobody"])
    assert office.projects() == []
