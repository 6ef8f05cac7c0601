"""Orders: whatever is asked, it is done or refused in words, and never at the cost of the order beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.registry.acts import ACTS, Order
from tanhui.registry.entries import to_document
from tanhui.registry.errors import RegistryError, RequestReused
from tanhui.registry.issuance import issuable
from tanhui.registry.model import Approval, Standing
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.documents import run_documents
from tests.registry.evidence import (
    add_person,
    database_of,
    holds,
    legs_of,
    lock,
    log_of,
    open_account,
    order,
    places_of,
    refused,
)
from tests.registry.test_ledger import CLAIM

SHA = "ab" * 32


def transfer(world: World, request: str, units: int, by: list[str] | None = None) -> Order:
    move = {"source": world.owner, "target": world.buyer, "batch": world.batch, "units": units}
    return order(world.registry, request, "transfer", by, **move)


def test_each_order_of_a_group_stands_for_itself(worlds: World):
    r, first = worlds.registry, len(log_of(worlds.registry))
    outcomes = r.submit([transfer(worlds, f"t{n}", units) for n, units in enumerate((5, 0, 100, 6, 49, 1))])
    assert [(o.entry.units if o.entry else o.refused and o.refused.code) for o in outcomes] == [
        5,
        "registry.nothing_to_move",
        "registry.insufficient_units",
        6,
        49,
        "registry.insufficient_units",
    ]
    assert [o.entry.index for o in outcomes if o.entry] == [first, first + 1, first + 2]
    assert len(log_of(r)) == first + 4  # and one seal
    assert [str(h.serials) for h in r.holdings(worlds.buyer)] == ["1-60"]
    assert holds(r)


def test_a_group_of_refused_orders_writes_nothing(world: World):
    before = database_of(world.registry)
    outcomes = world.registry.submit([transfer(world, f"t{n}", 61) for n in range(3)])
    assert all(isinstance(outcome.refused, RegistryError) for outcome in outcomes)
    assert world.registry.submit([]) == []
    assert database_of(world.registry) == before


def test_one_request_id_within_a_group(worlds: World):
    r = worlds.registry
    outcomes = r.submit([transfer(worlds, "t", 5), transfer(worlds, "t", 5), transfer(worlds, "t", 6)])
    assert [outcome.repeated for outcome in outcomes] == [False, True, False]
    assert outcomes[0].entry == outcomes[1].entry
    assert isinstance(outcomes[2].refused, RequestReused)
    # A refused order does not use its id up.
    outcomes = r.submit([transfer(worlds, "u", 99), transfer(worlds, "u", 7)])
    assert [outcome.entry is not None for outcome in outcomes] == [False, True]
    before = database_of(r)
    assert all(outcome.repeated for outcome in r.submit([transfer(worlds, "t", 5), transfer(worlds, "u", 7)]))
    assert database_of(r) == before


def test_another_name_under_one_request_id_within_a_group(world: World):
    orders = [order(world.registry, "a", "open_account", name=name) for name in ("one", "one", "another")]
    outcomes = world.registry.submit(orders)
    assert [outcome.repeated for outcome in outcomes] == [False, True, False]
    assert isinstance(outcomes[2].refused, RequestReused)


def after_a_look_at_everything(world: World, reopen: bool) -> list[str]:
    """Three transfers in one group, after a refused one has read all that the owner holds."""
    r = Registry(world.folder, now=world.clock) if reopen else world.registry
    batch = world.batches[1].id
    carol, dave = open_account(r, "carol"), open_account(r, "dave")
    move = {"source": world.owner, "batch": batch}
    if not reopen:
        refused(r, lambda: r.transfer(world.owner, world.buyer, batch, 1000, request="too many"))
    r.transfer(world.owner, world.buyer, batch, 10, request="t")
    orders = [
        order(r, f"g{n}", "transfer", **move, target=to, units=units)
        for n, (to, units) in enumerate(((carol, 5), (dave, 5), (carol, 20)))
    ]
    for outcome in r.submit(orders):
        outcome.done()
    assert holds(r)
    found = [f"{h.serials} {h.owner == carol}" for h in r.holdings(batch=batch)]
    r.close()
    return found


def test_a_group_of_transfers(worlds: World):
    found = after_a_look_at_everything(worlds, reopen=True)
    assert found == ["61-70 False", "71-75 True", "76-80 False", "81-100 True"]


def test_a_group_of_transfers_after_a_refused_one(worlds: World):
    found = after_a_look_at_everything(worlds, reopen=False)
    assert found == ["61-70 False", "71-75 True", "76-80 False", "81-100 True"]


# Malformed ------------------------------------------------------------------------------------------------------------

#: Orders that are right; ``{owner}`` and the like stand for what a world has.
MOVE = {"source": "{owner}", "target": "{buyer}", "batch": "{batch}", "units": 5}
PLEDGE = {"kind": "pledge", "account": "{owner}", "batch": "{batch}", "units": 1, "beneficiary": "{buyer}"}
RETIRE = {"account": "{owner}", "batch": "{batch}", "units": 1, "beneficiary_name": "x", "purpose": "event"}
MINT = {"asset": "CNY", "target": "{owner}", "amount": 1}
LEG = {"from": "{owner}", "to": "{buyer}", "batch": "{batch}", "units": 1}
#: What is wrong with them.
MALFORMED: list[Any] = [
    ("transfer", MOVE | {"units": "5"}),
    ("transfer", MOVE | {"units": 5.0}),
    ("transfer", MOVE | {"units": True}),
    ("transfer", MOVE | {"units": 2**80}),
    ("transfer", {"source": "{owner}", "target": "{buyer}", "batch": "{batch}"}),
    ("transfer", MOVE | {"more": 1}),
    ("transfer", MOVE | {"source": None}),
    ("transfer", MOVE | {"target": "{buyer}/E1"}),
    ("transfer", MOVE | {"target": ""}),
    ("transfer", MOVE | {"target": "\ud800"}),
    ("transfer", MOVE | {"source": "'; DROP TABLE holdings; --"}),
    ("reassign", MOVE | {"reason": "merger", "document": ""}),
    ("reassign", MOVE | {"reason": "greed", "document": SHA}),
    ("nothing", {}),
    ("__init__", {}),
    ("retire", RETIRE | {"beneficiary_name": ""}),
    ("retire", RETIRE | {"beneficiary_name": "x\n"}),
    ("retire", RETIRE | {"period": ["2025-12-31"]}),
    ("retire", RETIRE | {"period": ["2025-12-31", "2025-01-01"]}),
    ("exchange", {"legs": []}),
    ("exchange", {"legs": [LEG | {"units": 1.5}]}),
    ("exchange", {"legs": [LEG, LEG]}),
    ("exchange", {"legs": [LEG, {"from": "@issuance", "to": "{owner}", "asset": "CNY", "amount": 1}]}),
    ("exchange", {"legs": [{}]}),
    ("add_key", {"person": "{person}", "public": "not base64"}),
    ("add_key", {"person": "{person}", "public": "AAAA"}),
    ("lock", PLEDGE | {"kind": "nothing"}),
    ("lock", PLEDGE | {"batch": "", "units": 0}),
    ("lock", PLEDGE | {"beneficiary": "Anobody"}),
    ("lock", PLEDGE | {"target": "Anobody"}),
    ("lock", PLEDGE | {"over": "E000099"}),
    ("lock", PLEDGE | {"priority": 0}),
    ("lock", PLEDGE | {"priority": 2**31}),
    ("lock", PLEDGE | {"priority": 2**63}),
    ("lock", PLEDGE | {"expires": "tomorrow"}),
    ("lock", PLEDGE | {"expires": "2026-02-30T00:00:00Z"}),
    ("lock", PLEDGE | {"expires": "2025-12-31T23:59:59Z"}),
    ("lock", PLEDGE | {"kind": "export", "expires": "2027-01-01T00:00:00Z"}),
    ("post", {"locks": []}),
    ("post", {"locks": ["E000001"]}),
    ("expire", {"lock": "E000001"}),
    ("set_standing", {"account": "{owner}", "roles": ["king"]}),
    ("set_standing", {"account": "{owner}", "roles": ["owner", "verifier"]}),
    ("end_person", {"person": "Pnobody"}),
    ("end_key", {"key": "0" * 16}),
    ("open_account", {"name": "x", "region": "a\0b"}),
    ("record", {"topic": "\ud800", "subject": "s", "sha256": SHA}),
    ("record", {"topic": "a\0b", "subject": "s", "sha256": SHA}),
    ("define_asset", {"asset": "", "unit": "fen", "issuer": "{owner}"}),
    ("define_asset", {"asset": "元", "unit": "fen", "issuer": "{owner}"}),
    ("mint", MINT | {"amount": -1}),
    ("mint", MINT | {"amount": 2**63}),
    ("mint", MINT | {"amount": 10**20}),
    ("mint", MINT | {"asset": "XXX"}),
    # What follows is refused with a bare error today.
    ("transfer", MOVE | {"units": 0}),
    ("transfer", MOVE | {"units": -1}),
    ("retire", RETIRE | {"period": [1, 2]}),
    ("exchange", {"legs": ["x"]}),
    ("set_standing", {"account": "{owner}", "roles": [1]}),
    ("set_standing", {"account": "{owner}", "roles": [["owner"]]}),
    ("issue", {"claim": {}, "units": {"2021": 1}, "owner": "{owner}"}),
    ("issue", {"claim": {}, "units": {"x": 1}, "owner": "{owner}"}),
]


@pytest.mark.parametrize(("act", "arguments"), MALFORMED)
def test_a_malformed_order_is_refused_alone(world: World, act: str, arguments: dict[str, Any]):
    refused_alone(world, act, arguments)


@pytest.mark.parametrize("worlds", ["postgresql"], indirect=True)
def test_a_malformed_order_is_refused_alone_on_postgresql(worlds: World):
    """What PostgreSQL cannot store or compare, and SQLite can, is refused before it comes that far."""
    for number, (act, arguments) in enumerate(one for one in MALFORMED if isinstance(one, tuple) and len(one) == 2):
        refused_alone(worlds, act, arguments, f" {number}")


@pytest.mark.parametrize("worlds", ["postgresql"], indirect=True)
def test_a_name_that_is_a_number_is_refused_alone_on_postgresql(worlds: World):
    refused_alone(worlds, "post", {"locks": [1]})


def refused_alone(world: World, act: str, arguments: dict[str, Any], mark: str = "") -> None:
    r = world.registry
    r.do("define_asset", "define", asset="CNY", unit="fen", issuer=world.owner)
    bank = open_account(r, "bank")
    facts = {"owner": world.owner, "buyer": world.buyer, "bank": bank, "batch": world.batch}
    facts["person"] = r.declaration.person

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return value.format(**facts) if isinstance(value, str) and "{" in value else value

    # Something fresh is opened each time, so that nothing is in memory that would save a look into the database.
    with Registry(world.folder, now=world.clock) as cold:
        bad = order(cold, f"bad{mark}", act, **filled(arguments))
        good = [order(cold, f"good {n}{mark}", "record", topic="t", subject="s", sha256=SHA) for n in range(2)]
        outcomes = cold.submit([good[0], bad, good[1]])
        assert isinstance(outcomes[1].refused, TanhuiError)
        assert outcomes[1].refused.code != "registry.database_damaged"
        assert outcomes[1].refused.text("zh") != outcomes[1].refused.text("en")
        assert [outcome.done().kind for outcome in outcomes[::2]] == ["record", "record"]
        before = database_of(cold)
        assert isinstance(cold.submit([bad])[0].refused, TanhuiError)
        assert database_of(cold) == before
        assert holds(cold)


@pytest.mark.parametrize("request_id", ["", "x" * 201, "a\nb", "zero\u200bwidth"])
def test_a_malformed_request_id(world: World, request_id: str):
    refused(world.registry, lambda: world.registry.do("record", request_id, topic="t", subject="s", sha256=SHA))


@pytest.mark.parametrize(("worlds", "request_id"), [("sqlite", "\ud800"), ("postgresql", "a\0b")], indirect=["worlds"])
def test_a_request_id_that_no_database_can_hold(worlds: World, request_id: str):
    bad = order(worlds.registry, request_id, "record", topic="t", subject="s", sha256=SHA)
    outcomes = worlds.registry.submit([bad, transfer(worlds, "t", 1)])
    assert [outcome.refused is None for outcome in outcomes] == [False, True]


def test_amounts_stay_within_what_a_database_can_hold(worlds: World):
    r = worlds.registry
    r.do("define_asset", "a", asset="CNY", unit="fen", issuer=worlds.owner)
    r.do("mint", "m1", asset="CNY", target=worlds.owner, amount=2**62)
    refusal = refused(r, lambda: r.do("mint", "m2", asset="CNY", target=worlds.owner, amount=2**62))
    assert refusal.code != "registry.database_damaged"


def test_an_order_too_long_for_a_leaf(world: World):
    """Nothing is left in memory of an act that was refused after it had been carried out there."""
    r, before = world.registry, database_of(world.registry)
    long = order(r, "long", "transfer", source=world.owner, target=world.buyer, batch=world.batch, units=60)
    long = Order(long.request, long.act, long.arguments, long.by * 3000)
    assert r.submit([long])[0].refused.code == "registry.too_many_pieces"  # type: ignore[union-attr]
    assert database_of(r) == before
    assert legs_of(r.do("transfer", "t", source=world.owner, target=world.buyer, batch=world.batch, units=60)) == [
        ("1-60", world.owner, world.buyer)
    ]
    assert holds(r)


def test_a_refused_act_does_not_move_the_hour(world: World):
    r = world.registry
    world.clock.forward(hours=2)
    long = transfer(world, "long", 60)
    assert r.submit([Order(long.request, long.act, long.arguments, long.by * 3000)])[0].refused
    world.clock.forward(hours=-1)
    r.transfer(world.owner, world.buyer, world.batch, 1, request="t")


@pytest.mark.parametrize("text", ["张三", "x" * 200, "not a hash", SHA.upper(), SHA[:-1]])
@pytest.mark.parametrize("where", ["terms", "document", "sha256", "evidence"])
def test_what_should_be_a_hash_is_one(world: World, where: str, text: str):
    r = world.registry
    held = {"batch": world.batch, "units": 1}
    pledge = {"kind": "pledge", "account": world.owner, **held, "beneficiary": world.buyer}
    made = r.do("lock", "l", **pledge).as_kind(object)
    acts: dict[str, Callable[[], object]] = {
        "terms": lambda: r.do("lock", "x", **pledge, terms=text),
        "document": lambda: r.do("release", "x", lock=made.id, document=text),
        "sha256": lambda: r.do("record", "x", topic="t", subject="s", sha256=text),
        "evidence": lambda: r.do("cancel", "x", account=world.owner, **held, reason="court", document=text),
    }
    refused(r, acts[where])


def test_every_act_has_its_form_checked():
    """The form of every act is read from its function: all annotations are ones that the check understands."""
    from tanhui.registry.acts import _arguments

    for act in ACTS:
        assert all(
            kind.partition("[")[0] in ("str", "int", "bool", "list", "dict") for kind, _ in _arguments(act).values()
        )


# Proposals ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(fresh: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> tuple[World, str]:
    """A registry of two pairs of eyes, and the second one."""
    world = fresh()
    r = Registry.init(world.folder.parent / "two", "registry.example/two", sandbox=False, now=world.clock)
    return World(
        r, r.folder, open_account(r, "owner"), open_account(r, "buyer"), (), world.documents, (), world.clock
    ), (add_person(r, r.declaration.account, "second"))


def test_a_second_pair_of_eyes_agrees(two: tuple[World, str]):
    world, second = two
    r = world.registry
    close = order(r, "close", "set_standing", account=world.buyer, roles=[])
    before = log_of(r)
    assert r.propose(close).refused.code == "registry.not_permitted"  # type: ignore[union-attr]
    assert r.propose(close).refused  # asking again does not help
    assert r.proposals() == [close]
    assert r.agree("close", r.declaration.person).refused.code == "registry.agreed_already"  # type: ignore[union-attr]
    with pytest.raises(RegistryError):
        r.agree("nothing", second)
    assert r.agree("close", world.owner).refused.code == "registry.unknown_person"  # type: ignore[union-attr]
    assert log_of(r) == before
    r.propose(close)
    done = r.agree("close", second)
    assert [approval.person for approval in done.done().by] == [r.declaration.person, second]
    assert r.proposals() == []
    assert holds(r)


def test_a_proposal_is_judged_again_when_it_is_agreed_to(two: tuple[World, str]):
    world, second = two
    r = world.registry
    r.propose(order(r, "close", "set_standing", account=world.buyer, roles=[]))
    both = [r.declaration.person, second]
    third = add_person(r, r.declaration.account, "third", both)
    r.do("end_person", "end", both, person=second)
    refusal = r.agree("close", second).refused
    assert refusal is not None
    assert refusal.code == "registry.unknown_person"
    r.propose(order(r, "close", "set_standing", account=world.buyer, roles=[]))
    assert r.withdraw("close")
    assert not r.withdraw("close")
    with pytest.raises(RegistryError):
        r.agree("close", third)


def test_nobody_agrees_to_what_was_not_shown(two: tuple[World, str]):
    """One operator proposes, the other reads it; before the second agrees, the first proposes something else."""
    world, second = two
    r = world.registry
    r.propose(order(r, "p", "set_standing", account=world.buyer, roles=["pledgee"]))
    shown = r.proposal("p")
    exchanged = r.propose(order(r, "p", "set_standing", account=world.owner, roles=[]))
    assert isinstance(exchanged.refused, RequestReused) or r.proposal("p") == shown
    assert r.agree("p", second).done().noun == Standing(shown.arguments["account"], tuple(shown.arguments["roles"]))


# A signature is for one order -----------------------------------------------------------------------------------------


def test_in_earnest_nobody_issues_without_evidence(two: tuple[World, str]):
    """The act behind ``issue_from_claim`` is one that anybody may name in an order: no manifest, no statement."""
    world, second = two
    claim = {**to_document(CLAIM), "credits_t": "10", "verifier": "0" * 16, "sandbox": False}
    by = (Approval(world.registry.declaration.person), Approval(second))
    forged = Order("i", "issue", {"claim": claim, "units": {"2021": 10}, "owner": world.owner}, by)
    assert world.registry.submit([forged])[0].refused
    assert places_of(world.registry) == {}


@pytest.mark.parametrize("act", ["post", "release", "lock"])
def test_no_more_than_lies_under_an_encumbrance(world: World, act: str):
    r = world.registry
    made = lock(r, "l", "pledge", world.owner, batch=world.batch, units=20, beneficiary=world.buyer)
    over = {"kind": "lien", "account": world.owner, "over": made.id, "beneficiary": world.buyer, "priority": 2}
    arguments: dict[str, dict[str, Any]] = {
        "post": {"locks": [made.id], "target": world.buyer, "document": SHA},
        "release": {"lock": made.id},
        "lock": over,
    }
    refused(r, lambda: r.do(act, "x", **arguments[act], units=21), "registry.insufficient_units")


# What no reader can read ----------------------------------------------------------------------------------------------

#: Changes to an issue of ten units of 2031 that must be refused.
POISONED = [
    {"units": {"2031": 10.0}},
    {"units": {"-5": 10}},
    {"shares": [["@cancelled", 2500.0]]},
    {"units": {str(2**70): 10}},
    {"units": {str(2**40): 10}},
    {"units": {"2031": True}},
    {"units": {"2031": 0}},
    {"units": {"2031": -10}},
    {"units": {"2031": "10"}},
    {"units": {}},
    {"units": {"2031": 5, "02031": 5}},
    {"shares": ["ab"]},
    {"shares": [["@retired", 100]]},
    {"shares": [["@issuance", 100]]},
    {"owner": "@cancelled/E1"},
]


@pytest.mark.parametrize("change", POISONED)
def test_an_issue_that_nobody_could_read_is_refused(world: World, change: dict[str, Any]):
    """A leaf is for ever: one that is not in its canonical form ends every replay, audit and certificate after it."""
    r = world.registry
    claim, units = issuable(*run_documents("z", {2031: 10}), region="CN", product="", unit_kg=1000, sandbox=True)
    right = {"claim": to_document(claim), "units": {"2031": units[2031]}, "owner": world.owner}
    refused(r, lambda: r.do("issue", "i", **{**right, **change}))
    assert r.do("issue", "i", **right)
    assert holds(r)


def test_nobody_takes_the_name_of_an_expiry(world: World):
    r, terms = world.registry, {"batch": world.batch, "units": 1, "beneficiary": world.buyer}
    first, second = (
        lock(r, f"l{hours}", "pledge", world.owner, **terms, expires=f"2026-01-01T0{hours}:00:00Z").id
        for hours in (1, 2)
    )
    world.clock.forward(hours=1.5)
    r.submit([order(r, f"@expire-{second}", "expire", lock=first)])
    world.clock.forward(hours=1)
    assert second in r.expire_due()


def test_a_malformed_proposal(world: World):
    r = world.registry
    assert r.propose(order(r, "\ud800", "record", topic="t", subject="s", sha256=SHA)).refused is not None


def test_a_proof_beyond_the_log(world: World):
    for ask in (lambda: world.registry.inclusion(0, 10**6), lambda: world.registry.consistency(3, 10**6)):
        assert not isinstance(refused(world.registry, ask), IntegrityError)
