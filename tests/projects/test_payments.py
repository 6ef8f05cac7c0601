"""Income in the ledger: every household is paid once, to the fen, and cash neither appears nor is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tanhui.kernel.errors import DomainError, TanhuiError
from tanhui.kernel.time import Period
from tanhui.projects.payments import PAYMENTS_AT_ONCE, open_accounts
from tanhui.projects.registration import ProjectOffice, Tenure
from tanhui.projects.tenure import Party, Right, statements
from tanhui.registry.entries import MAX_LEAF
from tanhui.registry.model import ISSUANCE, Record
from tests.projects.story import Story
from tests.projects.tenure.samples import right
from tests.projects.test_registration import square
from tests.registry.conftest import World, worlds  # noqa: F401 (a fixture)

YEAR = Period.inclusive(date(2024, 1, 1), date(2024, 12, 31))
NEXT = Period.inclusive(date(2025, 1, 1), date(2025, 12, 31))


class Village:
    """A project whose land some households contracted, and its cash: 1,000,000.00 yuan."""

    def __init__(self, world: World, shares: list[str]) -> None:
        self.registry, self.office = world.registry, ProjectOffice(world.registry)
        self.story = Story(self.office, self.registry, "v-1")
        self.owner = self.story.owner
        names = [f"农户{number}" for number in range(len(shares))]
        self.households = open_accounts(self.registry, names, request="village")
        parcels = [square(str(n), "v-1", 0.02 * n) for n in range(len(shares))]
        rights = [self.right(n, share) for n, share in enumerate(shares)]
        given = Tenure(rights, right().operator.name)
        self.story.step("publish_design", "2026-01-05", parcels=parcels, tenure=given)
        self.registry.do("define_asset", "cny", asset="CNY", unit="fen", issuer=self.registry.declaration.account)
        self.registry.do("mint", "cash", asset="CNY", target=self.owner, amount=100_000_000)

    def right(self, number: int, share: str) -> Right:
        return right(
            str(number),
            contractor=Party(f"农户{number}", self.households[number]),
            certificate_holder=f"农户{number}",
            operator=Party(right().operator.name, self.owner),
            owner=Party("东岳村经济合作社", self.owner),
            last_day=date(2063, 12, 31),
            certified_mu=Decimal(150),  # 100,000 m2 each, less than their outlines
            income_share=Decimal(share),
        )

    def pay(self, amount_fen: int = 1_000_000, request: str = "pay-1", **how: Any) -> Any:
        terms = {"asset": "CNY", "payer": self.owner, "period": YEAR, "request": request}
        return self.office.pay_benefits("v-1", amount_fen, **(terms | how))

    def cash(self) -> dict[str, int]:
        return {place.owner: amount for asset, place, amount in self.registry.amounts() if asset == "CNY"}


@pytest.fixture
def village(worlds: World) -> Callable[..., Village]:  # noqa: F811
    return lambda *shares: Village(worlds, list(shares))


def code(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(TanhuiError) as refused:
        call(*arguments, **named)
    return refused.value.code


def test_every_household_gets_its_share_and_the_rest_stays(village: Callable[..., Village]):
    """By hand: three equal parcels of 10,000.00 yuan, 3,333.34 and twice 3,333.33; households get 60, 50 and 100 %."""
    v = village("0.6", "0.5", "1")
    shared = v.pay()
    one, two, three = v.households
    held = v.cash()
    assert (held[one], held[two], held[three]) == (200_000, 166_667, 333_333)
    assert held[v.owner] == 100_000_000 - 700_000
    assert sum(held.values()) == 0  # what circulates is what its issuer owes
    assert held[ISSUANCE] == -100_000_000
    by_account = {statement.account: statement.due_fen for statement in statements(shared)}
    assert by_account == {one: 200_000, two: 166_667, three: 333_333, v.owner: 300_000}
    with v.registry._store.reading() as view:
        entries = [view.entry(position) for position in range(view.size())]
    assert [e.as_kind(Record).topic for e in entries if e.kind == "record"] == ["project", "land", "benefits"]
    assert v.registry.audit().holds


def test_the_same_request_pays_once_even_after_a_later_one(village: Callable[..., Village]):
    v = village("0.6", "0.5")
    first = v.pay(withheld=[v.households[0]])
    assert first.carried_out == {v.households[0]: 300_000}
    assert v.households[0] not in v.cash()
    second = v.pay(request="pay-2", period=NEXT)  # pays what was carried too
    assert second.carried_in == first.carried_out
    assert v.cash()[v.households[0]] == 600_000
    held, log = v.cash(), v.registry.checkpoint()
    assert v.pay(withheld=[v.households[0]]) == first
    assert v.pay(request="pay-2", period=NEXT) == second
    assert (v.cash(), v.registry.checkpoint()) == (held, log)
    assert code(v.pay, 999, withheld=[v.households[0]]) == "registry.request_reused"
    assert v.registry.audit().holds


def test_what_is_refused_pays_nobody(village: Callable[..., Village]):
    v = village("0.6", "0.5")
    held, log = v.cash(), v.registry.checkpoint()
    assert code(v.pay, 10**12) == "registry.insufficient_units"
    assert code(v.pay, scheme="community_20") == "tenure.scenario_scheme"
    assert code(v.pay, scheme="lottery") == "tenure.unknown_scheme"
    assert code(v.pay, asset="USD") == "registry.insufficient_units"
    assert code(v.pay, period=Period(date(2070, 1, 1), date(2071, 1, 1))) == "tenure.nobody_to_pay"
    assert (v.cash(), v.registry.checkpoint()) == (held, log)
    assert v.pay().carried_in == {}  # no distribution was left behind


def test_a_scenario_is_paid_in_a_sandbox_when_asked_for(village: Callable[..., Village]):
    v = village("1")
    shared = v.pay(scheme="community_20", allow_scenario=True)
    assert v.cash()[v.households[0]] == 800_000
    assert "情景，非现行规则" in next(statements(shared)).text("zh")


def test_a_project_without_credited_areas_pays_nobody(worlds: World):  # noqa: F811
    office = ProjectOffice(worlds.registry)
    Story(office, worlds.registry, "bare").step("publish_design", "2026-01-05")
    with pytest.raises(DomainError) as refused:
        office.pay_benefits("bare", 1, asset="CNY", payer=worlds.owner, period=YEAR, request="p")
    assert refused.value.code == "payments.no_areas"


def test_accounts_of_a_request_are_the_same_accounts_again(worlds: World):  # noqa: F811
    names = [f"户{number}" for number in range(7)]
    first = open_accounts(worlds.registry, names, request="r", region="CN-HN")
    assert open_accounts(worlds.registry, names, request="r", region="CN-HN") == first
    assert len(set(first)) == 7
    shown = {view.id: (view.name, view.region) for view in worlds.registry.accounts()}
    assert [shown[account] for account in first] == [(name, "CN-HN") for name in names]


def test_more_households_than_one_entry_holds(worlds: World):  # noqa: F811
    """One parcel each is too slow to draw here; one parcel is contracted by many in turn, each for some days."""
    count = PAYMENTS_AT_ONCE + 1
    office = ProjectOffice(worlds.registry)
    story = Story(office, worlds.registry, "v-1")
    accounts = open_accounts(worlds.registry, [f"户{n}" for n in range(count)], request="r")
    days = [date.fromordinal(date(2024, 1, 1).toordinal() + n) for n in range(count)]
    rights = [
        right(
            "0",
            contract_number=f"HT-{n}",
            certificate_number=f"C-{n}",
            certificate_holder=f"户{n}",
            contractor=Party(f"户{n}", account),
            operator=Party(right().operator.name, story.owner),
            first_day=day,
            last_day=day if n < count - 1 else date(2063, 12, 31),
            income_share=Decimal(1),
        )
        for n, (account, day) in enumerate(zip(accounts, days, strict=True))
    ]
    given = Tenure(rights, right().operator.name)
    story.step("publish_design", "2024-01-05", parcels=[square("0", "v-1", 0.0)], tenure=given)
    worlds.registry.do("define_asset", "cny", asset="CNY", unit="fen", issuer=worlds.registry.declaration.account)
    worlds.registry.do("mint", "cash", asset="CNY", target=story.owner, amount=10**9)
    period = Period.inclusive(days[0], days[-1])
    office.pay_benefits("v-1", count * 100, asset="CNY", payer=story.owner, period=period, request="pay")
    held = {place.owner: amount for _, place, amount in worlds.registry.amounts()}
    assert all(held[account] == 100 for account in accounts)
    with worlds.registry._store.reading() as view:
        leaves = [leaf for _, leaf in view.leaves() if b'"kind":"transfer"' in leaf]
    assert len(leaves) == 2
    assert max(map(len, leaves)) < MAX_LEAF
    assert worlds.registry.audit().holds
