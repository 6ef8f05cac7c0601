"""The law of encumbrances, rule by rule, on both databases; the state machine mixes all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tanhui.registry.acts import Order
from tanhui.registry.folder import timestamp
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.every_unit import KINDS
from tests.registry.evidence import amounts_of, holds, open_account, places_of, refused

SHA = "ab" * 32
EXCLUSIVE = sorted(kind for kind, what in KINDS.items() if what["exclusive"])
SHARED = sorted(kind for kind, what in KINDS.items() if not what["exclusive"] and not what.get("overrides"))
ONCE = sorted(kind for kind, what in KINDS.items() if what["once"])
TO = {kind: what.get("final", "") for kind, what in KINDS.items()}


class Desk:
    """Acts in few words, each under a request id of its own."""

    def __init__(self, world: World) -> None:
        self.world, self.registry, self.clock = world, world.registry, world.clock
        self.bank = open_account(self.registry, "bank")
        self.third = open_account(self.registry, "third")
        self.count = 0

    def do(self, act: str, **arguments: Any) -> Any:
        self.count += 1
        return self.registry.do(act, f"{act} {self.count}", **arguments)

    def no(self, code: str, act: str, **arguments: Any) -> None:
        """What is refused changes nothing, and says why."""
        refused(self.registry, lambda: self.do(act, **arguments), code)

    def terms(self, kind: str, units: int = 10, **more: Any) -> dict[str, Any]:
        free = {} if "over" in more or not units else {"batch": self.world.batch}
        return {"kind": kind, "account": self.world.owner, "beneficiary": self.bank, "units": units, **free, **more}

    def lock(self, kind: str, units: int = 10, **more: Any) -> str:
        return str(self.do("lock", **self.terms(kind, units, **more)).noun.id)

    def post(self, *locks: str, **more: Any) -> Any:
        return self.do("post", locks=list(locks), document=SHA, **{"target": self.bank, **more})

    def later(self, hours: float) -> str:
        return timestamp(self.clock() + timedelta(hours=hours))

    def where(self, first: int, last: int) -> str:
        """Where serials are, in the words of this test."""
        names = {self.world.owner: "owner", self.world.buyer: "buyer", self.bank: "bank", self.third: "third"}
        found = {places_of(self.registry)[serial] for serial in range(first, last + 1)}
        assert len(found) == 1, found
        owner, *locks = found.pop().split("/")
        return "/".join([names.get(owner, owner), *locks])


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@pytest.fixture
def desks(worlds: World) -> Desk:
    """For what touches every table once: in PostgreSQL too."""
    return Desk(worlds)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_encumbered_does_not_move(desk: Desk, kind: str):
    name, owner, batch = desk.lock(kind), desk.world.owner, desk.world.batch
    assert (desk.where(1, 10), desk.where(11, 60)) == (f"owner/{name}", "owner")
    desk.no("registry.insufficient_units", "transfer", source=owner, target=desk.bank, batch=batch, units=51)
    use = {"account": owner, "batch": batch, "units": 51}
    desk.no("registry.insufficient_units", "retire", **use, beneficiary_name="x", purpose="event")
    desk.no("registry.insufficient_units", "cancel", **use, reason="owner")
    desk.no(
        "registry.insufficient_units", "exchange", legs=[{"from": owner, "to": desk.bank, "batch": batch, "units": 51}]
    )
    # The lowest free serials go, around what is encumbered.
    desk.do("transfer", source=owner, target=desk.bank, batch=batch, units=1)
    assert desk.where(11, 11) == "bank"
    assert holds(desk.registry)


@pytest.mark.parametrize("kind", KINDS)
def test_release_gives_it_back(desk: Desk, kind: str):
    name = desk.lock(kind)
    desk.do("release", lock=name)
    assert desk.where(1, 60) == "owner"
    assert [str(h.serials) for h in desk.registry.holdings(desk.world.owner, desk.world.batch)] == ["1-60"]  # joined
    desk.no("registry.nothing_under", "release", lock=name)
    desk.no("registry.nothing_under", "post", locks=[name], target=desk.bank, document=SHA)
    assert holds(desk.registry)


@pytest.mark.parametrize("kind", KINDS)
def test_post_goes_where_it_was_meant_to(desk: Desk, kind: str):
    if TO[kind]:
        name = desk.lock(kind)
        desk.post(name, target=desk.third)
        assert desk.where(1, 10) == TO[kind]
        return
    name = desk.lock(kind, target=desk.third)
    desk.post(name, target=desk.bank)  # the encumbrance says where, not who posts
    assert desk.where(1, 10) == "third"
    free = desk.lock(kind)
    for nowhere in ("", "@retired", "@issuance", "Anobody", desk.world.owner, f"{desk.bank}/{free}"):
        refused(desk.registry, lambda to=nowhere: desk.post(free, target=to))
    desk.post(free, target=desk.bank)
    assert desk.where(11, 20) == "bank"
    refused(desk.registry, lambda: desk.post(free, target=desk.bank))  # once
    assert holds(desk.registry)


def test_what_needs_a_document_is_not_posted_without(desk: Desk):
    for kind, what in KINDS.items():
        name = desk.lock(kind, 2)
        if what.get("needs_document"):
            desk.no("registry.document_missing", "post", locks=[name], target=desk.bank)
            desk.no("registry.not_a_hash", "post", locks=[name], target=desk.bank, document="a letter")
        else:
            desk.do("post", locks=[name], target=desk.bank)


@pytest.mark.parametrize("kind", ONCE)
def test_once_means_that_the_rest_goes_back(desk: Desk, kind: str):
    name = desk.lock(kind)
    desk.no("registry.rule_broken", "release", lock=name, units=3)  # not by halves
    desk.post(name, units=3)
    assert (desk.where(1, 3), desk.where(4, 60)) == (TO[kind] or "bank", "owner")
    desk.no("registry.nothing_under", "post", locks=[name], target=desk.bank)
    assert holds(desk.registry)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {*ONCE}))
def test_others_are_posted_and_released_by_halves(desk: Desk, kind: str):
    name = desk.lock(kind)
    desk.post(name, units=3)
    desk.do("release", lock=name, units=2)
    assert (desk.where(1, 3), desk.where(4, 5), desk.where(6, 10)) == ("bank", "owner", f"owner/{name}")
    desk.post(name)
    assert desk.where(6, 10) == "bank"
    assert holds(desk.registry)


# Rank -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_court_freezes_over_everything(desk: Desk, kind: str):
    below = desk.lock(kind)
    freeze = desk.lock("freeze", 0, over=below, beneficiary="", priority=2)
    stack = sorted([below, freeze], key=lambda name: (0 if name == freeze or kind == "freeze" else 1, name != below))
    assert desk.where(1, 10) == "/".join(["owner", *stack])
    if kind != "freeze":
        desk.no("registry.weaker", "post", locks=[below], target=desk.bank, document=SHA)  # what is weaker waits
    desk.do("release", lock=freeze, document=SHA)
    assert desk.where(1, 10) == f"owner/{below}"
    desk.post(below)
    assert desk.where(1, 10) == (TO[kind] or "bank")
    assert holds(desk.registry)


def test_a_freeze_on_a_part(desk: Desk):
    pledge = desk.lock("pledge")
    freeze = desk.lock("freeze", 4, over=pledge, beneficiary="")
    assert (desk.where(1, 4), desk.where(5, 10)) == (f"owner/{freeze}/{pledge}", f"owner/{pledge}")
    # By serial the frozen part comes first, so nothing can be posted; to release it harms nobody.
    desk.no("registry.weaker", "post", locks=[pledge], target=desk.bank, units=5, document=SHA)
    desk.do("release", lock=pledge)
    assert (desk.where(1, 4), desk.where(5, 10)) == (f"owner/{freeze}", "owner")
    desk.post(freeze, target=desk.third)  # confiscated
    assert desk.where(1, 4) == "third"
    assert holds(desk.registry)


def test_what_a_court_takes_is_free_of_all_that_lay_on_it(desk: Desk):
    pledge = desk.lock("pledge")
    freeze = desk.lock("freeze", 0, over=pledge, beneficiary="", target=desk.third)
    desk.post(freeze)
    assert desk.where(1, 10) == "third"
    desk.no("registry.nothing_under", "post", locks=[pledge], target=desk.bank, document=SHA)


@pytest.mark.parametrize("first", SHARED)
@pytest.mark.parametrize("second", SHARED)
def test_a_second_lien_comes_after_the_first(desk: Desk, first: str, second: str):
    one = desk.lock(first)
    for priority in (1, 0):  # the same rank clashes
        refused(desk.registry, lambda p=priority: desk.lock(second, 0, over=one, beneficiary=desk.third, priority=p))
    two = desk.lock(second, 6, over=one, beneficiary=desk.third, priority=2)
    assert (desk.where(1, 6), desk.where(7, 10)) == (f"owner/{one}/{two}", f"owner/{one}")
    desk.no("registry.weaker", "post", locks=[two], target=desk.third, document=SHA)
    desk.no("registry.rule_broken", "post", locks=[one, two], target=desk.third, document=SHA)  # not both at once
    desk.do("release", lock=one)
    assert (desk.where(1, 6), desk.where(7, 60)) == (f"owner/{two}", "owner")
    desk.post(two, target=desk.third)
    assert desk.where(1, 6) == "third"
    assert holds(desk.registry)


def test_who_comes_later_does_not_come_before(desk: Desk):
    """A right of a better rank than one that is there already would take something from its holder."""
    one = desk.lock("pledge", priority=2)
    desk.no("registry.encumbered", "lock", **desk.terms("pledge", 0, over=one, priority=1))
    desk.no("registry.encumbered", "lock", **desk.terms("lien", 0, over=one, priority=2))
    assert desk.where(1, 10) == f"owner/{one}"


def test_three_ranks_and_a_court(desks: Desk):
    one = desks.lock("pledge")
    two = desks.lock("lien", 0, over=one, priority=2)
    three = desks.lock("pledge", 0, over=two, priority=3)
    freeze = desks.lock("freeze", 0, over=three, beneficiary="", priority=9)
    again = desks.lock("freeze", 0, over=one, beneficiary="", priority=4)
    assert desks.where(1, 10) == f"owner/{again}/{freeze}/{one}/{two}/{three}"
    for waits in (freeze, one, two, three):
        desks.no("registry.weaker", "post", locks=[waits], target=desks.third, document=SHA)
    for name in (again, freeze, one):
        desks.do("release", lock=name)
    assert desks.where(1, 10) == f"owner/{two}/{three}"
    desks.post(two)
    assert desks.where(1, 10) == "bank"  # and the third has nothing left to lie on
    desks.no("registry.nothing_under", "release", lock=three)
    assert holds(desks.registry)


@pytest.mark.parametrize("below", KINDS)
@pytest.mark.parametrize("above", EXCLUSIVE)
def test_what_is_exclusive_lies_alone(desk: Desk, below: str, above: str):
    name = desk.lock(below)
    desk.no("registry.encumbered", "lock", **desk.terms(above, 0, over=name, priority=9))
    if below in EXCLUSIVE:
        for kind in SHARED:
            desk.no("registry.encumbered", "lock", **desk.terms(kind, 0, over=name, priority=9))


def test_others_of_another_precedence_do_not_lie_beside_one_another(desk: Desk):
    for below in KINDS:
        name = desk.lock(below, 4)
        for above in SHARED:
            if KINDS[above]["precedence"] != KINDS[below]["precedence"]:
                desk.no("registry.encumbered", "lock", **desk.terms(above, 0, over=name, priority=9))


def test_over_somebody_elses_encumbrance(desk: Desk):
    """An encumbrance on what lies under another one is the holder's to give, and lies on the holder's units only."""
    one = desk.lock("pledge")
    refused(desk.registry, lambda: desk.lock("freeze", 0, over=one, account=desk.world.buyer))
    desk.no("registry.unknown_encumbrance", "lock", **desk.terms("pledge", 0, over="E999999"))


# Time -----------------------------------------------------------------------------------------------------------------


def expire(desk: Desk, name: str) -> Callable[[], object]:
    return lambda: desk.registry.submit([Order(f"expire {name} {desk.now()}", "expire", {"lock": name})])[0].done()


def test_a_right_ends_with_its_time_and_not_before(desk: Desk):
    name = desk.lock("pledge", expires=desk.later(2))
    desk.clock.forward(hours=1, minutes=59, seconds=59)
    assert desk.registry.expire_due() == []
    desk.no("registry.not_expired", "expire", lock=name)
    desk.clock.forward(seconds=1)
    assert desk.registry.expire_due() == [name]
    assert desk.registry.expire_due() == []
    assert desk.where(1, 60) == "owner"
    assert holds(desk.registry)


def test_what_has_expired_can_still_be_posted_until_somebody_says_so(desk: Desk):
    """The log decides by the order of its entries; a server lifts what is due every moment."""
    name = desk.lock("pledge", expires=desk.later(1))
    desk.clock.forward(hours=3)
    desk.post(name)
    assert desk.registry.expire_due() == []
    assert desk.where(1, 10) == "bank"


def test_time_does_not_run_out_under_a_courts_order(desks: Desk):
    pledge = desks.lock("pledge", expires=desks.later(1))
    freeze = desks.lock("freeze", 3, over=pledge, beneficiary="")
    desks.clock.forward(hours=5)
    assert desks.registry.expire_due() == []
    desks.no("registry.encumbered", "expire", lock=pledge)
    desks.do("release", lock=freeze)
    assert desks.registry.expire_due() == [pledge]
    assert desks.where(1, 60) == "owner"
    assert holds(desks.registry)


def test_a_freeze_ends_by_itself_and_then_what_it_held_up(desk: Desk):
    pledge = desk.lock("pledge", expires=desk.later(1))
    freeze = desk.lock("freeze", 0, over=pledge, beneficiary="", expires=desk.later(2))
    desk.clock.forward(hours=5)
    lifted = desk.registry.expire_due()
    lifted += desk.registry.expire_due()  # what waited for the freeze goes at the next round at the latest
    assert sorted(lifted) == sorted([pledge, freeze])
    assert desk.where(1, 60) == "owner"


def test_a_second_lien_may_end_before_the_first(desk: Desk):
    one = desk.lock("pledge")
    two = desk.lock("lien", 0, over=one, priority=2, expires=desk.later(1))
    desk.clock.forward(hours=2)
    assert desk.registry.expire_due() == [two]
    assert desk.where(1, 10) == f"owner/{one}"


def test_a_clock_that_was_set_back_ends_nothing_early(desk: Desk):
    name = desk.lock("pledge", expires=desk.later(2))
    desk.clock.forward(hours=-5)
    desk.no("registry.not_expired", "expire", lock=name)
    desk.no("registry.rule_broken", "lock", **desk.terms("pledge", expires=desk.later(1)))  # past, by the log's hour
    desk.clock.forward(hours=7)
    assert desk.registry.expire_due() == [name]


def test_only_what_may_end_has_an_end(desk: Desk):
    for kind, what in KINDS.items():
        terms = desk.terms(kind, 1, expires=desk.later(1))
        if what["expires"]:
            desk.do("lock", **terms)
        else:
            desk.no("registry.rule_broken", "lock", **terms)
    desk.no("registry.not_expired", "expire", lock=desk.lock("pledge", 1))
    desk.no("registry.unknown_encumbrance", "expire", lock="E999999")


def test_nobody_can_stop_the_clock(desk: Desk):
    name = desk.lock("pledge", expires=desk.later(1))
    desk.registry.do("record", f"expire-{name}", topic="t", subject="s", sha256=SHA)
    desk.clock.forward(hours=2)
    assert desk.registry.expire_due() == [name]


# Money ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rich(desk: Desk) -> Desk:
    return enriched(desk)


def enriched(desk: Desk) -> Desk:
    """The owner has 1 yuan, issued by the bank."""
    desk.do("define_asset", asset="CNY", unit="fen", issuer=desk.bank)
    desk.do("mint", asset="CNY", target=desk.world.owner, amount=100)
    return desk


def money(desk: Desk) -> dict[str, int]:
    names = {desk.world.owner: "owner", desk.bank: "bank", desk.third: "third"}
    found = amounts_of(desk.registry)
    return {
        "/".join([names.get(w.split("/")[0], w.split("/")[0]), *w.split("/")[1:]]): n for (_, w), n in found.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_amount_under_an_encumbrance(rich: Desk, kind: str):
    name = rich.lock(kind, 0, asset="CNY", amount=60)
    assert money(rich) == {"@issuance": -100, "owner": 40, f"owner/{name}": 60}
    pay = {"from": rich.world.owner, "to": rich.third, "asset": "CNY", "amount": 41}
    rich.no("registry.insufficient_units", "exchange", legs=[pay])
    rich.no("registry.insufficient_units", "redeem", asset="CNY", source=rich.world.owner, amount=41)
    rich.no("registry.insufficient_units", "lock", **rich.terms(kind, 0, asset="CNY", amount=41))
    rich.post(name, target=rich.third)
    assert money(rich) == {"@issuance": -100, "owner": 40, TO[kind] or "third": 60}
    other = rich.lock(kind, 0, asset="CNY", amount=40)
    rich.do("release", lock=other)
    assert money(rich)["owner"] == 40
    assert holds(rich.registry)


def test_units_and_money_under_one_encumbrance(rich: Desk):
    """The collateral is of both kinds, and is posted at once."""
    name = rich.lock("pledge", asset="CNY", amount=30, expires=rich.later(1))
    rich.clock.forward(hours=2)
    assert rich.registry.expire_due() == [name]
    assert (rich.where(1, 60), money(rich)) == ("owner", {"@issuance": -100, "owner": 100})
    name = rich.lock("pledge", asset="CNY", amount=30)
    rich.post(name)
    assert (rich.where(1, 10), money(rich)) == ("bank", {"@issuance": -100, "owner": 70, "bank": 30})
    assert holds(rich.registry)


@pytest.mark.parametrize("act", ["post", "release"])
def test_a_part_of_the_units_does_not_take_all_of_the_money(rich: Desk, act: str):
    name = rich.lock("pledge", asset="CNY", amount=30)
    if act == "post":
        rich.post(name, units=1)
    else:
        rich.do("release", lock=name, units=1)
    assert money(rich).get(f"owner/{name}", 0) == 30


def test_a_court_freezes_money_under_an_encumbrance(rich: Desk):
    kept = rich.lock("escrow", 0, asset="CNY", amount=60, expires="2026-01-02T00:00:00Z")
    rest = rich.lock("freeze", 0, asset="CNY", amount=40, beneficiary="")
    held = rich.lock("freeze", 0, over=kept, beneficiary="")
    assert money(rich) == {"@issuance": -100, f"owner/{rest}": 40, f"owner/{held}/{kept}": 60}
    rich.no("registry.weaker", "post", locks=[kept], target=rich.third)
    rich.world.clock.forward(days=2)
    assert rich.registry.expire_due() == []  # time does not run out under a court's order
    rich.do("post", locks=[rest], target=rich.bank, document=SHA)
    rich.do("release", lock=held)
    assert money(rich) == {"@issuance": -100, f"owner/{kept}": 60, "bank": 40}
    assert rich.registry.expire_due() == [kept]
    assert holds(rich.registry)


def test_a_second_pledge_on_a_part_of_the_money(rich: Desk):
    first = rich.lock("pledge", 0, asset="CNY", amount=60)
    second = rich.lock("pledge", 0, over=first, asset="CNY", amount=25, priority=2)
    assert money(rich) == {"@issuance": -100, "owner": 40, f"owner/{first}": 35, f"owner/{first}/{second}": 25}
    rich.no("registry.insufficient_units", "lock", **rich.terms("pledge", 0, over=first, asset="CNY", amount=61))
    rich.do("release", lock=first)
    assert money(rich) == {"@issuance": -100, "owner": 75, f"owner/{second}": 25}


def test_delivery_against_payment_in_two_steps(desks: Desk):
    """Both sides lay down what they owe; then one entry posts both, or both go back."""
    rich = enriched(desks)
    rich.do("mint", asset="CNY", target=rich.third, amount=50)
    units = rich.lock("pending", target=rich.third, beneficiary=rich.third)
    pay = {"kind": "pending", "account": rich.third, "asset": "CNY", "amount": 50, "target": rich.world.owner}
    payment = rich.do("lock", **pay, beneficiary=rich.world.owner).noun.id
    rich.do("post", locks=[units, payment])
    assert rich.where(1, 10) == "third"
    assert money(rich) == {"@issuance": -150, "owner": 150}
    refused(rich.registry, lambda: rich.do("post", locks=[units]))
    assert holds(rich.registry)


def test_one_half_that_cannot_be_posted_stops_the_other(rich: Desk):
    units = rich.lock("pending", target=rich.third, beneficiary=rich.third)
    other = rich.lock("pending", 5, target=rich.bank)
    rich.lock("freeze", 1, over=other, beneficiary="")
    rich.no("registry.weaker", "post", locks=[units, other])
    rich.no("registry.rule_broken", "post", locks=[units, units])
    rich.no("registry.unknown_encumbrance", "post", locks=[units, "E999999"])
    assert rich.where(1, 10) == f"owner/{units}"


def test_an_export_to_an_account_here_is_refused(desk: Desk):
    refused(desk.registry, lambda: desk.lock("export", target=desk.third))


# Nobody's -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(k for k, w in KINDS.items() if w["released_by"] == ["beneficiary"]))
def test_a_right_of_nobody_is_refused(desk: Desk, kind: str):
    refused(desk.registry, lambda: desk.lock(kind, beneficiary=""))


def test_who_holds_units_does_not_become_a_verifier(desk: Desk):
    desk.no("registry.roles_apart", "set_standing", account=desk.world.owner, roles=["verifier"])


def test_an_account_that_was_closed_keeps_what_it_has_and_gets_no_more(desks: Desk):
    pledge, back = desks.lock("pledge"), desks.lock("escrow", 5)
    desks.do("transfer", source=desks.world.owner, target=desks.third, batch=desks.world.batch, units=2)
    for closed in (desks.world.owner, desks.third):
        desks.do("set_standing", account=closed, roles=[])
    move = {"source": desks.world.owner, "target": desks.third, "batch": desks.world.batch, "units": 1}
    desks.no("registry.target_wrong", "transfer", **move)
    refused(desks.registry, lambda: desks.post(pledge, target=desks.third))
    desks.no("registry.target_wrong", "lock", **desks.terms("pledge", 1, target=desks.third))
    desks.do("release", lock=back)  # what was theirs comes back to them
    desks.post(pledge)
    assert (desks.where(1, 10), desks.where(11, 15), desks.where(16, 17)) == ("bank", "owner", "third")
    assert holds(desks.registry)


def test_what_is_exported_does_not_come_back(desk: Desk):
    desk.post(desk.lock("export"))
    for source in ("@exported", "@retired", "@cancelled"):
        move = {"source": source, "target": desk.bank, "batch": desk.world.batch, "units": 1}
        desk.no("registry.unknown_account", "transfer", **move)
        desk.no("registry.unknown_account", "lock", **desk.terms("freeze", 1, account=source))
    assert desk.where(1, 10) == "@exported"
    assert holds(desk.registry)


def test_encumbrances_survive_a_restart(desks: Desk):
    one = desks.lock("pledge", asset="", expires=desks.later(1))
    two = desks.lock("lien", 4, over=one, priority=2)
    with Registry(desks.world.folder, now=desks.clock) as again:
        assert [lock.id for lock in again.encumbrances(desks.world.owner)] == [one, two]
        again.do("release", "r", lock=one)
        assert [(str(h.serials), h.place.locks) for h in again.holdings(batch=desks.world.batch)] == [
            ("1-4", (two,)),
            ("5-60", ()),
        ]
    desks.no("registry.nothing_under", "release", lock=one)
    balances = {(row.units, row.locks) for row in desks.registry.balance(desks.world.owner)}
    assert balances == {(4, (two,)), (56, ()), (40, ())}
