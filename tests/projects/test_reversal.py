"""Losses in the ledger: every tonne lost is answered for once, and nobody but buffer and owner answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.faces.opening import make_registry
from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.kernel.errors import TanhuiError
from tanhui.projects.lifecycle import Evidence, LifecycleEvent, LifecycleRefused
from tanhui.projects.permanence import Settlement, Stratum, loss_report, polygon_loss
from tanhui.projects.registration import Means, ProjectOffice
from tanhui.registry.errors import RegistryError
from tanhui.registry.model import CANCELLED, ISSUANCE, RETIRED, Person, Record
from tanhui.registry.service import Registry
from tests.projects.story import Story
from tests.registry.conftest import World, make_world, worlds  # noqa: F401 (a fixture)
from tests.registry.documents import run_documents

LATER = "2027-06-02"
HANDED = {"vcs": 120, "pacm": 0, "ccer": 0, "sandbox": 0}


class Forest:
    """A project of 1,000 t with a buyer: 300 t sold, 50 t of them retired, and 120 t in the buffer under VCS."""

    def __init__(self, registry: Registry, book: str = "vcs", name: str = "f-1", *, by: Any = None) -> None:
        self.office, self.registry, self.by = ProjectOffice(registry), registry, by
        self.story = Story(self.office, registry, name, book, buffer_t=str(HANDED[book]), by=by)
        self.owner = self.story.owner
        self.pool, self.buyer = self.story.account("pool", "buffer"), self.story.account("buyer", "trader")
        how: dict[str, Any] = {"buffer": self.pool} if HANDED[book] else {}
        if book == "pacm":
            how["targets"] = {"share_of_proceeds": self.story.account("fund", "trader")}
        years = {2026: 1000} if book == "pacm" else {2024: 500, 2025: 500}
        self.batch, *self.rest = self.story.issue(years, **how)
        sale = {"request": f"{name}-sold", "by": by and [self.person(self.owner)]}
        registry.transfer(self.owner, self.buyer, self.batch.id, 300, **sale)
        use = {"beneficiary": "x", "purpose": "voluntary", "request": f"{name}-retired"}
        registry.retire(self.buyer, self.batch.id, 50, **use, by=by and [self.person(self.buyer)])
        self.means = Means() if book == "ccer" else Means(buffer=self.pool)

    def person(self, account: str) -> str:
        """Somebody who acts for an account."""
        what = {"account": account, "name": "somebody"}
        made: Person = self.registry.do("add_person", f"p-{account}", self.by, **what).as_kind(Person)
        return made.id

    def report(self, lost_t: int, cause: str = "unavoidable", paper: str = "") -> LifecycleEvent:
        facts = {"lost_t": str(lost_t), "cause": cause, "event_day": "2026-06-01", "paper": paper}
        return self.story.event("report_reversal", LATER, **facts)

    def settlement(self, paper: str = "") -> LifecycleEvent:
        return self.story.event("settle_reversal", LATER, paper=paper)

    def reverse(self, lost_t: int, cause: str = "unavoidable", paper: str = "", **means: Any) -> Settlement:
        """Report and settle a loss in one go."""
        return self.office.reverse(
            self.settlement(paper),
            report=self.report(lost_t, cause, paper),
            means=replace(self.means, **means),
            request=f"loss{paper}",
            by=self.by,
        )

    def held(self, owner: str) -> int:
        return sum(h.serials.units for h in self.registry.holdings(owner) if h.batch >= self.batch.id)

    def others(self) -> list[Any]:
        """What neither owner nor buffer holds, nor nobody."""
        mine = (self.owner, self.pool, CANCELLED)
        return [holding for holding in self.registry.holdings() if holding.owner not in mine]


@pytest.fixture
def plant(worlds: World) -> Callable[..., Forest]:  # noqa: F811
    return lambda book="vcs": Forest(worlds.registry, book)


def code(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(TanhuiError) as refused:
        call(*arguments, **named)
    return refused.value.code


def last_record(registry: Registry) -> Record:
    with registry._store.reading() as view:
        entries = [view.entry(position) for position in range(view.size())]
    return [entry.as_kind(Record) for entry in entries if entry.kind == "record"][-1]


def test_a_fire_is_answered_by_the_buffer_then_by_the_owners_debt(plant: Callable[..., Forest]):
    """By hand: 120 t are in the buffer, so of 200 t lost 80 t are the owner's debt; 300 t are others'."""
    forest = plant()
    others = forest.others()
    settlement = forest.reverse(200)
    taken = [(measure.id, measure.amount_t) for measure in settlement.measures]
    assert taken == [
        ("hold_issuance", 0),
        ("cancel_buffer", 120),
        ("owner_debt", 80),
        ("holders_untouched", 300),
        ("public_notice", 200),
    ]
    assert (forest.held(forest.pool), forest.held(CANCELLED), forest.held(forest.owner)) == (0, 120, 580)
    assert forest.others() == others
    assert forest.office.debts("f-1") == {"debt": 80}
    owed = {(asset, place.owner): amount for asset, place, amount in forest.registry.amounts()}
    assert owed == {("debt-f-1", forest.pool): 80, ("debt-f-1", ISSUANCE): -80}
    (ended, other) = forest.registry.cancellations()
    assert {ended.noun.reason, other.noun.reason} == {"buffer"}  # type: ignore[union-attr]
    # The notice is public: its document is kept, and the log has its hash.
    assert forest.office.settlements("f-1") == [settlement]
    notice = Record("reversal", "f-1", digest(canonical_bytes(settlement.to_dict())))
    assert last_record(forest.registry) == notice
    assert forest.registry.audit().holds


def test_the_same_request_settles_once_and_a_report_is_settled_once(plant: Callable[..., Forest]):
    forest = plant()
    settlement = forest.reverse(100)
    before = forest.registry.checkpoint()
    assert forest.reverse(100) == settlement
    assert forest.registry.checkpoint() == before
    again = forest.settlement()
    with pytest.raises(LifecycleRefused):
        forest.office.reverse(again, means=forest.means, request="another")
    assert code(forest.office.step, again, request="x") == "registration.needs_settlement"
    assert forest.registry.checkpoint() == before
    with forest.registry.reading() as connection, pytest.raises(sa.exc.DatabaseError):
        connection.execute(sa.text("DELETE FROM permanence_settlements"))


def test_a_loss_that_could_be_avoided_is_refilled_and_repaid(plant: Callable[..., Forest]):
    """By hand: of 150 t lost the buffer answers for 120, which the owner owes back, and the owner for 30."""
    forest = plant()
    forest.reverse(150, "avoidable")
    assert forest.office.debts("f-1") == {"debt": 30, "refill": 120}
    pay = {"source": forest.owner, "creditor": forest.pool, "batch": forest.batch.id}
    assert forest.office.repay("f-1", "refill", units=100, request="r1", **pay) == 20
    assert forest.office.repay("f-1", "refill", units=100, request="r1", **pay) == 20  # the same payment
    assert forest.held(forest.pool) == 100
    assert forest.office.repay("f-1", "debt", units=30, request="r2", **pay) == 0
    assert forest.office.debts("f-1") == {"refill": 20}
    assert forest.held(CANCELLED) == 150
    before, pay["batch"] = forest.registry.checkpoint(), forest.rest[0].id
    assert code(forest.office.repay, "f-1", "refill", units=21, request="r3", **pay) == "reversal.more_than_owed"
    assert code(forest.office.repay, "f-1", "debt", units=1, request="r4", **pay) == "reversal.more_than_owed"
    assert code(forest.office.repay, "f-1", "alms", units=1, request="r5", **pay) == "reversal.unknown_debt"
    assert forest.registry.checkpoint() == before
    # A second loss finds the project's debts as they are.
    forest.reverse(110, "avoidable", "second")
    assert forest.office.debts("f-1") == {"debt": 10, "refill": 120}
    assert len(forest.office.settlements("f-1")) == 2
    assert forest.registry.audit().holds


def test_ccer_nets_a_fire_in_the_next_period_and_moves_no_unit(plant: Callable[..., Forest]):
    """By hand: 200 t lost, 150 t grown since; 50 t are owed to whoever is named."""
    forest = plant("ccer")
    before = forest.registry.holdings()
    owed_to = forest.story.account("reserve", "pledgee")
    assert code(forest.reverse, 200, next_period_t=150) == "reversal.no_creditor"
    settlement = forest.reverse(200, next_period_t=150, deducted_t=100, creditor=owed_to)
    assert [(m.id, m.amount_t) for m in settlement.measures] == [
        ("deduction_taken", 100),
        ("net_next_period", 150),
        ("owner_debt", 50),
        ("holders_untouched", 300),
        ("public_notice", 200),
    ]
    assert forest.registry.holdings() == before
    assert forest.office.debts("f-1") == {"debt": 50}


def account_of_2026(forest: Forest) -> None:
    """The next period's account, published."""
    forest.story.facts |= {"period_first": "2026-01-01", "period_last": "2026-12-31", "credits_t": "90"}
    forest.story.step("publish_report", "2027-06-07", request="report-2026")


def verified(forest: Forest, request: str, **facts: str) -> Any:
    told = forest.story.event("verify", "2027-07-20")
    return forest.office.step(replace(told, facts={**told.facts, **facts}), request=request)


def test_ccer_registers_nothing_before_the_loss_is_netted(plant: Callable[..., Forest]):
    """By hand: 150 t were settled by netting, so the next account takes off 150 t: no less, no more, and once."""
    forest = plant("ccer")
    creditor = forest.story.account("reserve", "pledgee")
    forest.reverse(200, next_period_t=150, creditor=creditor)
    account_of_2026(forest)
    for number, facts in enumerate(({}, {"netted_t": "149"}, {"netted_t": "151"})):
        with pytest.raises(TanhuiError) as refused:
            verified(forest, f"verify {number}", **facts)
        assert refused.value.code == "registration.not_netted"
        assert (refused.value.facts["wanted"], refused.value.facts["given"]) == (150, int(facts.get("netted_t", 0)))
    verified(forest, "verified", netted_t="150")
    # Another loss before the issue: the account that was verified does not know of it.
    forest.story.step("apply_issuance", "2027-07-21", request="apply-2026")
    late = {"day": "2027-07-22", "paper": "late"}
    report = replace(forest.report(30, paper="late"), at=date.fromisoformat(late["day"]))
    settling = replace(forest.settlement("late"), at=report.at)
    forest.office.reverse(settling, report=report, means=Means(next_period_t=30), request="late")
    before = forest.registry.checkpoint()
    issue = forest.story.event("issue", "2027-07-23")
    order = forest.registry.issue_order(
        *run_documents("f-1", {2026: 90}), owner=forest.owner, region="CN-HN", request="credits-2026"
    )
    assert code(forest.office.issue, issue, order, request="issue-2026") == "registration.not_netted"
    assert forest.registry.checkpoint() == before
    forest.office.step(forest.story.event("withdraw_report", "2027-07-24"), request="withdrawn")
    forest.story.step("publish_report", "2027-07-26", request="report-2026-again")
    told = forest.story.event("verify", "2027-09-06")
    forest.office.step(replace(told, facts={**told.facts, "netted_t": "180"}), request="verified-again")
    forest.story.step("apply_issuance", "2027-09-07", request="apply-again")
    issue = forest.story.event("issue", "2027-09-08")
    _, (batch,) = forest.office.issue(issue, order, request="issue-again")
    assert batch.serials.units == 90
    # It was netted: the period after that owes nothing more.
    forest.story.facts |= {"period_first": "2027-01-01", "period_last": "2027-08-31"}
    forest.story.step("publish_report", "2027-09-09", request="report-2027")
    told = forest.story.event("verify", "2027-11-15")
    again = replace(told, facts={**told.facts, "netted_t": "1"})
    assert code(forest.office.step, again, request="once more") == "registration.not_netted"
    forest.office.step(told, request="verified-2027")
    assert forest.registry.audit().holds


def test_an_account_that_leaves_nothing_takes_off_what_it_can(plant: Callable[..., Forest]):
    """By hand: of 150 t the account of 2026 takes off 60 t and leaves nothing; 90 t are left for the next."""
    forest = plant("ccer")
    forest.reverse(150, next_period_t=150)
    account_of_2026(forest)
    forest.story.facts |= {"credits_t": "0"}
    verified(forest, "verified", netted_t="60")
    forest.story.step("apply_issuance", "2027-07-21", request="apply-2026")
    forest.office.issue(forest.story.event("issue", "2027-07-23"), None, request="nothing to issue")
    forest.story.facts |= {"period_first": "2027-01-01", "period_last": "2027-07-31", "credits_t": "5"}
    forest.story.step("publish_report", "2027-08-02", request="report-2027")
    told = forest.story.event("verify", "2027-09-13")
    with pytest.raises(TanhuiError) as refused:
        forest.office.step(told, request="verified-2027")
    assert refused.value.facts["wanted"] == 90


def test_ccer_freezes_what_was_issued_wrongly_until_the_owner_has_cancelled_it(plant: Callable[..., Forest]):
    forest = plant("ccer")
    others = forest.others()
    registry, office = forest.registry, forest.office
    office.step(forest.report(250, "over_issue"), request="report")
    sale = {"units": 1, "request": "too late"}
    assert code(registry.transfer, forest.owner, forest.buyer, forest.batch.id, **sale) == "registry.insufficient_units"
    settlement = office.reverse(forest.settlement(), request="settle")
    assert (settlement.tonnes("hold_trading"), settlement.tonnes("owner_cancels")) == (700, 250)
    assert {ended.noun.reason for ended in registry.cancellations()} == {"over_issue"}  # type: ignore[union-attr]
    assert (forest.held(CANCELLED), forest.held(forest.owner), office.debts("f-1")) == (250, 450, {})
    assert forest.others() == others
    assert all(holding.place.free for holding in registry.holdings(forest.owner))
    assert registry.audit().holds


def test_what_is_pledged_is_not_the_owners_to_cancel(plant: Callable[..., Forest]):
    forest = plant("ccer")
    bank = forest.story.account("bank", "pledgee")
    forest.registry.lock("pledge", forest.owner, batch=forest.batch.id, units=200, beneficiary=bank, request="pledge")
    settlement = forest.reverse(600, "over_issue", creditor=bank)
    assert (settlement.stakes.owner_t, settlement.stakes.others_t) == (500, 500)
    assert settlement.tonnes("owner_debt") == 100
    assert sum(h.serials.units for h in forest.registry.holdings(forest.owner)) == 200


def test_a_buffer_is_named_where_and_only_where_the_book_has_one(plant: Callable[..., Forest]):
    forest = plant("ccer")
    before = forest.registry.checkpoint()
    assert code(forest.reverse, 10, buffer=forest.pool) == "permanence.no_buffer"
    assert code(forest.reverse, 10, "comet") == "permanence.unknown_cause"
    assert code(forest.office.step, forest.report(1, "comet"), request="x") == "permanence.unknown_cause"
    assert forest.registry.checkpoint() == before


def test_what_is_refused_changes_nothing(plant: Callable[..., Forest]):
    forest = plant()
    before = forest.registry.checkpoint()
    assert code(forest.reverse, 10, buffer="") == "reversal.no_buffer_account"
    assert code(forest.reverse, 10, buffer=forest.buyer) == "registration.not_in_role"
    assert code(forest.office.reverse, forest.settlement(), request="x") == "lifecycle.refused"
    assert code(forest.office.reverse, forest.report(10), request="x") == "registration.settles_nothing"
    assert forest.registry.checkpoint() == before
    assert forest.office.settlements("f-1") == []


def test_four_eyes_settle_a_loss(tmp_path: Path):
    with make_registry(tmp_path / "r", "registry.example/forest", eyes=2) as registry:
        one, account = registry.declaration.person, registry.declaration.account
        two = registry.do("add_person", "two", account=account, name="second pair of eyes").as_kind(Person).id
        forest = Forest(registry, by=[one, two])
        before = registry.checkpoint()
        forest.by = [one]
        with pytest.raises(RegistryError) as refused:
            forest.reverse(200)
        assert refused.value.code == "registry.not_permitted"
        assert registry.checkpoint() == before
        forest.by = [two, one]
        assert forest.reverse(200).tonnes("owner_debt") == 80


def test_from_a_burnt_polygon_to_cancelled_units(plant: Callable[..., Forest]):
    """A quarter of one stratum burns; by hand the loss is 0.25 of its area times 40 t/ha times the share lost."""
    forest = plant()
    stratum = Stratum("a", 40.0, 4.0, shapely.box(112, 27, 112.004, 27.004))
    burnt = shapely.box(112, 27, 112.002, 27.002)
    loss = polygon_loss([burnt], [stratum], share_lost=0.5, area_rse=0.05, correlation=1.0)
    reversal, report = loss_report("f-1", date(2026, 6, 1), "unavoidable", loss)
    # 0.002 degrees at 27.001 N on the ellipsoid: 198.47 m by 221.60 m (pyproj.Geod), 4.398 ha.
    assert reversal.lost_t == 88
    assert digest(report) == reversal.report_sha256
    assert b"ci90_co2_t" in report
    papers = (Evidence("loss_report", reversal.report_sha256),)
    told = replace(forest.report(reversal.lost_t), facts=reversal.facts(), evidence=papers)
    forest.office.step(told, request="report")
    ending = forest.settlement()
    decision = next(paper for paper in ending.evidence if paper.kind == "decision")
    settling = replace(ending, evidence=(*papers, decision))
    settlement = forest.office.reverse(settling, means=forest.means, request="settle")
    assert settlement.loss == reversal
    assert {ended.noun.document for ended in forest.registry.cancellations()} == {reversal.report_sha256}  # type: ignore[union-attr]
    assert Settlement.from_dict(settlement.to_dict()) == settlement


@settings(max_examples=12)
@given(
    st.sampled_from(["vcs", "pacm", "ccer", "sandbox"]),
    st.lists(st.tuples(st.integers(0, 900), st.sampled_from(["unavoidable", "avoidable", "over_issue"])), max_size=3),
    st.integers(0, 400),
)
def test_mass_closes_whatever_burns(book: str, losses: list[tuple[int, str]], next_period_t: int):
    """Lost = netted + cancelled + owed for every loss; the ledger shows the same, and others hold what they held."""
    with tempfile.TemporaryDirectory() as folder:
        forest = Forest(make_world(Path(folder) / "r").registry, book)
        others, owed, gone = forest.others(), 0, forest.held(CANCELLED)
        creditor = forest.story.account("reserve", "pledgee")
        for number, (lost_t, cause) in enumerate(losses):
            done = forest.reverse(lost_t, cause, str(number), next_period_t=next_period_t, creditor=creditor)
            cancelled = forest.held(CANCELLED) - gone
            gone += cancelled
            assert cancelled == done.tonnes("cancel_buffer") + done.tonnes("owner_cancels")
            owed += done.tonnes("owner_debt")
            assert lost_t == done.tonnes("net_next_period") + cancelled + done.tonnes("owner_debt")
            assert forest.office.debts("f-1").get("debt", 0) == owed
            assert forest.others() == others
        assert sum(h.serials.units for h in forest.registry.holdings() if h.owner == RETIRED) == 50
        assert forest.registry.audit().holds
        forest.registry.close()


def test_kilograms_answer_in_whole_tonnes(worlds: World):  # noqa: F811
    """By hand: 3,000 units of 1 kg, 500 of them sold, leave 2 whole tonnes of the owner's."""
    office = ProjectOffice(worlds.registry)
    story = Story(office, worlds.registry, "kg-1", "ccer", credits_t="3")
    story.walk()
    _, (batch,) = story.credits({2024: 3, 2025: 0}, unit_kg=1)
    buyer, bank = story.account("buyer", "trader"), story.account("bank", "pledgee")
    worlds.registry.transfer(story.owner, buyer, batch.id, 500, request="sold")
    loss = {"lost_t": "3", "cause": "over_issue", "event_day": "2026-06-01"}
    settlement = office.reverse(
        story.event("settle_reversal", LATER),
        report=story.event("report_reversal", LATER, **loss),
        means=Means(creditor=bank),
        request="loss",
    )
    assert (settlement.tonnes("owner_cancels"), settlement.tonnes("owner_debt")) == (2, 1)
    assert sum(h.serials.units for h in worlds.registry.holdings(story.owner, batch.id)) == 500
    pay = {"source": story.owner, "creditor": bank, "batch": batch.id}
    assert code(office.repay, "kg-1", "debt", units=500, request="r", **pay) == "reversal.not_whole_tonnes"


def test_a_project_whose_name_no_asset_may_have(worlds: World):  # noqa: F811
    forest = Forest(worlds.registry, name="cn/hn.1")
    forest.reverse(200)
    assert forest.office.debts("cn/hn.1") == {"debt": 80}
