"""The ledger, read by somebody who has run ledgers: each way to steal, hide or stop it that came to mind, tried."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.keystore import Argon2
from tanhui.kernel.signing import SigningKey, key_id, sign_document
from tanhui.registry.access.orders import Order as ClientOrder
from tanhui.registry.access.orders import sign_order
from tanhui.registry.access.service import Gate
from tanhui.registry.acts import MOST_LEGS, Order
from tanhui.registry.entries import encode_entry, to_document
from tanhui.registry.issuance import issuable
from tanhui.registry.model import (
    Account,
    Approval,
    Encumbrance,
    Issuance,
    JournalEntry,
    Leg,
    Noun,
    Person,
    Piece,
    Place,
    Retirement,
)
from tanhui.registry.replay import Replay
from tanhui.registry.rules import MOST_LOCKS, locked_place
from tanhui.registry.service import Registry
from tanhui.registry.state import State
from tanhui.registry.vouching import STATEMENT_PURPOSE, is_vouched, statement_body
from tests.registry.conftest import Clock, World
from tests.registry.documents import run_documents
from tests.registry.evidence import (
    add_key,
    add_person,
    amounts_of,
    approval,
    at,
    holds,
    lock,
    log_of,
    open_account,
    order,
    piece,
    refused,
)
from tests.registry.test_permissions import Town, make_town

SHA = "ab" * 32
CHEAP = Argon2(memory_kib=32, passes=1, lanes=4)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A sandbox that asks for four eyes, with two operators, and a subject that holds units and money."""
    with Registry.init(tmp_path / "r", "registry.example/town", eyes=2) as registry:
        yield make_town(registry, 2)


# One operator alone ---------------------------------------------------------------------------------------------------


def test_one_operator_does_not_act_for_a_customer(town: Town):
    """Somebody new in the customer's account could give away all that is in it."""
    refused(town.registry, lambda: add_person(town.registry, town.account("subject"), "puppet"))
    colleague = add_person(town.registry, town.account("subject"), "colleague", [town.people["subject"][0]])
    town.registry.do("end_person", "stolen session", person=colleague)  # the safe direction takes one


def test_one_operator_does_not_take_a_lien(town: Town):
    """The creditor of a lien enforces it on any document; so whoever lays one in a customer's account has the units."""
    puppet = open_account(town.registry, "puppet", ["pledgee"])
    lien = {"batch": "B000001", "units": 1, "beneficiary": puppet}
    refused(town.registry, lambda: lock(town.registry, "l", "lien", town.account("subject"), **lien))
    lock(town.registry, "l", "lien", town.account("subject"), by=town.operators, **lien)


@pytest.mark.parametrize("role", ["operator", "regulator", "verifier"])
def test_who_is_alone_in_an_account_of_weight_does_not_make_a_second(town: Town, role: str):
    branch = open_account(town.registry, "branch", [role], town.operators)
    alone = add_person(town.registry, branch, "alone", town.operators)
    refused(town.registry, lambda: add_person(town.registry, branch, "puppet", [alone]), "registry.not_permitted")
    other = add_person(town.registry, branch, "another", town.operators)
    add_person(town.registry, branch, "third", [alone, other])


def test_the_operators_do_not_become_one_again(town: Town):
    """One who is alone could let the next one in alone."""
    registry, (first, second) = town.registry, town.operators
    end = {"person": second}
    refused(registry, lambda: registry.do("end_person", "e", town.operators, **end), "registry.too_few_operators")
    third = add_person(registry, registry.declaration.account, "third", town.operators)
    registry.do("end_person", "e", [first, third], **end)


def test_one_operator_does_not_come_in_as_a_customer(town: Town):
    gate, operator, customer = Gate(town.registry, cost=CHEAP), *(town.operators[0], town.people["subject"][0])
    for person in (*town.operators, customer):
        gate.enrol(gate._new_code(person).reveal(), password="a long password")
    caller = gate.caller(gate.log_in(operator, "a long password").reveal())
    for _ in range(2):  # asking twice is one asking twice
        with pytest.raises(TanhuiError) as alone:
            gate.invite(caller, customer)
        assert alone.value.code == "access.needs_second"
    other = gate.caller(gate.log_in(town.operators[1], "a long password").reveal())
    assert gate.enrol(gate.invite(other, customer).reveal(), password="another password") == customer
    with pytest.raises(TanhuiError):  # what the first has asked for was given
        gate.invite(other, customer)


@pytest.mark.parametrize(("act", "what"), [("cancel", {"reason": "owner"}), ("mint", {}), ("redeem", {})])
def test_what_operators_do_with_what_is_not_theirs_rests_on_a_document(town: Town, act: str, what: dict[str, Any]):
    subject = town.account("subject")
    some: dict[str, Any] = {"account": subject, "batch": "B000001", "units": 1}
    if act != "cancel":
        some = {"asset": "CNY", "amount": 1, "target" if act == "mint" else "source": subject}
    with pytest.raises(TanhuiError):
        town.registry.do(act, "x", town.operators, **some, **what)


def test_the_signature_of_a_log_in_moves_nothing(town: Town):
    registry, person, secret = town.registry, town.people["subject"][0], SigningKey("client", bytes(range(32)))
    add_key(registry, person, secret, by=[person])
    log_in = ClientOrder(registry.origin, town.account("subject"), "open_session", {}, "s", 0, 9**9, "00" * 16)
    proof = sign_order(log_in, secret).proof
    given = Approval(person, proof.key_id, proof.digest.hex(), base64.b64encode(proof.signature).decode())
    move = {"source": town.account("subject"), "target": town.account("trader"), "batch": "B000001", "units": 9}
    assert registry.submit([Order("x", "transfer", move, (given,))])[0].refused is not None


def test_who_has_withdrawn_has_not_agreed(town: Town):
    class Slow(Registry):
        """Whose second pair of eyes looks away for a moment."""

        def propose(self, order: Order, **how: Any) -> Any:
            self.withdraw(order.request)
            return super().propose(order, **how)

    town.registry.propose(order(town.registry, "close", "set_standing", account=town.account("creditor"), roles=[]))
    with Slow(town.registry.folder) as registry:
        assert registry.agree("close", town.operators[1]).refused is not None


# In earnest -----------------------------------------------------------------------------------------------------------

VERIFIER = SigningKey("verifier.example", bytes(range(32)))


@dataclass(frozen=True)
class Earnest:
    """A registry in earnest: two operators, a verifier's key, an owner."""

    registry: Registry
    both: list[str]
    owner: str

    def issue(self, run: tuple[dict[str, Any], dict[str, Any], dict[str, Any]], statement: dict[str, Any]) -> None:
        terms = {"owner": self.owner, "region": "CN-HN", "request": "issue", "by": self.both}
        self.registry.issue_from_claim(*run, **terms, statement=statement)


@pytest.fixture
def earnest(tmp_path: Path) -> Iterator[Callable[[str], Earnest]]:
    made: list[Registry] = []

    def make(name: str) -> Earnest:
        registry = Registry.init(tmp_path / name, f"{name}.example/forest", sandbox=False)
        made.append(registry)
        operator = registry.declaration
        both = [operator.person, add_person(registry, operator.account, "second")]
        expert = add_person(registry, open_account(registry, "body", ["verifier"], both), "expert", both)
        add_key(registry, expert, VERIFIER, by=[expert])
        return Earnest(registry, both, open_account(registry, "owner"))

    yield make
    for registry in made:
        registry.close()


REGISTRY = "one.example/forest"
Run = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def vouched(registry: str = REGISTRY) -> tuple[Run, dict[str, Any]]:
    """A run that may be issued in earnest, and the verifier's statement."""
    run = run_documents(reasons=())
    return run, sign_document(STATEMENT_PURPOSE, statement_body(run[1], run[2], registry), VERIFIER)


def test_one_statement_is_issued_in_one_registry(earnest: Callable[[str], Earnest]):
    run, statement = vouched()
    earnest("one").issue(run, statement)
    other = earnest("two")
    with pytest.raises(TanhuiError):
        other.issue(run, statement)


def test_an_import_in_earnest_needs_evidence(earnest: Callable[[str], Earnest]):
    here = earnest("one")
    claim = {**made_up(credits_t=10**6), "sandbox": False, "creditable": True, "verifier": "believe me"}
    export = {"registry": "nowhere.example", "export": "X1", "first": 1, "last": 10**6}
    terms = {"claim": claim, "units": {"2021": 10**6}, "owner": here.owner}
    refused(here.registry, lambda: here.registry.do("take_in", "i", here.both, **terms, **export))


def made_up(credits_t: int, unit_kg: int = 1000) -> dict[str, Any]:
    """A claim in a sandbox, as the log carries it."""
    issued, _ = issuable(
        *run_documents("made up", {2021: credits_t}), region="CN", product="", unit_kg=unit_kg, sandbox=True
    )
    document: dict[str, Any] = to_document(issued)
    return {name: value for name, value in document.items() if name not in ("open_points", "creditable")} | {
        "open_points": "0",
        "creditable": True,
    }


def test_a_voucher_has_one_spelling():
    (result, manifest, claim), statement = vouched()
    trust = {key_id(VERIFIER.public): sealed(VERIFIER)}
    issued, units = issuable(
        result,
        manifest,
        claim,
        region="CN",
        product="",
        unit_kg=1000,
        sandbox=False,
        registry=REGISTRY,
        statement=statement,
        verifiers=trust,
    )
    pieces = [Piece("B000001", 2021, piece(1, units[2021])), Piece("B000002", 2022, piece(61, 60 + units[2022]))]
    public = base64.b64encode(VERIFIER.public).decode()
    assert is_vouched(issued, pieces, REGISTRY, public)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters[letters.index(issued.voucher[-3]) ^ 1]  # four bits of it say nothing
    other = issued.voucher[:-3] + last + "=="
    assert base64.b64decode(other) == base64.b64decode(issued.voucher)
    assert not is_vouched(replace(issued, voucher=other), pieces, REGISTRY, public)


def sealed(key: SigningKey) -> Any:
    from tanhui.kernel.signing import TrustedKey

    return TrustedKey("expert", key.public, ("verifier",))


# One bad order among others -------------------------------------------------------------------------------------------


def nested(depth: int) -> list[Any]:
    """Lists in lists."""
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


def letters(count: int) -> str:
    """What a database does not compress."""
    dice = random.Random(1)
    return "".join(chr(dice.randrange(0x4E00, 0x9FA5)) for _ in range(count))


BAD: list[tuple[str, dict[str, Any]]] = [
    (
        "exchange",
        {"legs": [{"from": "{owner}", "to": "{buyer}", "batch": "{batch}", "units": 1, "memo": float("nan")}]},
    ),
    ("exchange", {"legs": [{"from": "{owner}", "to": "{buyer}", "batch": "{batch}", "units": 1, "memo": "a name"}]}),
    ("exchange", {"legs": [{"from": "{owner}", "to": "{buyer}", "asset": "CNY", "amount": 1, "units": 1}]}),
    ("exchange", {"legs": nested(600)}),
    ("issue", {"claim": {"project": nested(600)}, "units": {}, "owner": "{owner}"}),
    ("record", {"topic": letters(2000), "subject": "s", "sha256": SHA}),
    ("record", {"topic": letters(1000), "subject": letters(1000), "sha256": SHA}),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_order_does_not_stop_the_others(worlds: World, number: int):
    act, given = BAD[number]
    names = {"{owner}": worlds.owner, "{buyer}": worlds.buyer, "{batch}": worlds.batch}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value] if value and isinstance(value[0], dict) else value
        return names.get(value, value)

    bad = order(worlds.registry, "bad", act, **filled(given))
    good = order(worlds.registry, "good", "open_account", name="x")
    outcomes = worlds.registry.submit([bad, good])
    assert [outcome.refused is None for outcome in outcomes] == [False, True]
    assert outcomes[0].refused is not None
    assert outcomes[0].refused.code == "registry.arguments_wrong"


@pytest.mark.parametrize("worlds", ["postgresql"], indirect=True)
def test_more_orders_than_the_database_takes_names(worlds: World):
    """A year ends, and with it seventy thousand pledges: PostgreSQL takes 65,535 values in one question."""
    outcomes = worlds.registry.submit([Order(f"x{n}", "expire", {"lock": f"E{n}"}) for n in range(70_000)])
    assert {outcome.refused.code for outcome in outcomes if outcome.refused} == {"registry.unknown_encumbrance"}


def test_what_is_asked_in_vain_is_counted(world: World):
    """It stays in memory too: a million accounts that do not exist must not fill it."""
    what = {"source": world.owner, "batch": world.batch, "units": 1}
    orders = [order(world.registry, f"t{n}", "transfer", target=f"A{n}", **what) for n in range(300)]
    assert all(outcome.refused for outcome in world.registry.submit(orders))
    assert world.registry._desk._state is not None
    assert world.registry._desk._state.kept() >= 300


# Many pieces, many encumbrances ---------------------------------------------------------------------------------------


def scattered(world: World, pieces: int) -> str:
    """The batch of which the buyer has so many single units, none beside another."""
    r, third = world.registry, open_account(world.registry, "third")
    documents = run_documents("dust", {2021: 4 * pieces})
    (batch,) = r.issue_from_claim(*documents, owner=world.owner, region="CN", request="dust")
    move = {"source": world.owner, "batch": batch.id, "units": 1}
    to = (world.buyer, third)
    made = [order(r, f"dust {n}", "transfer", target=to[n % 2], **move) for n in range(2 * pieces)]
    assert all(outcome.entry for outcome in r.submit(made))
    return batch.id


def test_who_holds_dust_does_not_hold_up_the_others(world: World):
    """No more of it is looked at than a leaf can hold; what is asked for in parts goes."""
    batch, r = scattered(world, MOST_LEGS + 200), world.registry
    move = {"source": world.buyer, "target": world.owner, "batch": batch}
    refusal = refused(r, lambda: r.do("transfer", "all", **move, units=MOST_LEGS + 200), "registry.too_many_pieces")
    assert refusal.facts["pieces"] == MOST_LEGS + 1
    refused(r, lambda: r.do("transfer", "more than all", **move, units=10**9), "registry.too_many_pieces")
    assert len(r.transfer(**move, units=400, request="part")) == 400
    assert holds(r)


def test_what_can_be_locked_can_be_resolved(world: World):
    """An escrow is resolved in one piece, so the leaf that ends it must hold what the one that laid it did."""
    batch, r = scattered(world, 700), world.registry
    secret = SigningKey("bank", bytes(32))
    person = add_person(r, world.owner, "banker")
    key = add_key(r, person, secret)
    terms = {"batch": batch, "beneficiary": world.owner}
    for units in range(700, 0, -1):
        outcome = r.submit([order(r, f"e{units}", "lock", kind="escrow", account=world.buyer, units=units, **terms)])[0]
        if outcome.entry is not None:
            break
    escrow = outcome.done().as_kind(Encumbrance).id
    courts = [lock(r, f"f{n}", "freeze", world.buyer, over=escrow).id for n in range(2)]
    for court in courts:
        r.do("release", f"r{court}", lock=court, document=SHA)
    by = (approval(person, key, secret, "post it"), Approval(r.declaration.person))
    post = Order("post", "post", {"locks": [escrow], "target": world.owner, "document": SHA, "units": 3}, by)
    assert len(r.submit([post])[0].done().legs) == units
    assert holds(r)


def test_a_stack_of_encumbrances_has_an_end_but_not_for_a_court(worlds: World):
    """PostgreSQL keeps no key of 800 names, and one such order would stop all others of its group."""
    r, terms = worlds.registry, {"beneficiary": worlds.buyer}
    top = lock(r, "l1", "pledge", worlds.owner, batch=worlds.batch, units=1, **terms).id
    for n in range(2, MOST_LOCKS + 1):
        top = lock(r, f"l{n}", "pledge", worlds.owner, over=top, priority=n, **terms).id
    more = {"over": top, "priority": MOST_LOCKS + 1, **terms}
    refused(r, lambda: lock(r, "more", "pledge", worlds.owner, **more), "registry.too_many_locks")
    lock(r, "court", "freeze", worlds.owner, over=top)
    assert holds(r)


def test_of_equal_rank_the_older_one_is_the_stronger():
    """After a million acts too: as texts, E1000000 comes before E999999."""
    state, terms = State(), {"kind": "freeze", "account": "A", "beneficiary": ""}
    state.encumbrances.put("E999999", Encumbrance("E999999", **terms))
    found = locked_place(state, at("A/E999999"), Encumbrance("E1000000", **terms))
    assert str(found) == "A/E999999/E1000000"


def test_an_expiry_has_its_name_for_itself(world: World):
    """Else a part is released under it, and the rest never ends."""
    r, clock = world.registry, world.clock
    terms = {"beneficiary": world.buyer, "expires": "2026-01-02T00:00:00Z", "batch": world.batch, "units": 10}
    pledge = lock(r, "l", "pledge", world.owner, **terms).id
    refused(r, lambda: r.do("release", f"@expire-{pledge}", lock=pledge, units=1), "registry.request_wrong")
    clock.forward(days=2)
    assert r.expire_due() == [pledge]


# Money under encumbrances ---------------------------------------------------------------------------------------------


def pledged_twice(world: World, **second: Any) -> tuple[str, str]:
    """The owner's money, pledged, and then encumbered again."""
    r = world.registry
    r.do("define_asset", "d", asset="CNY", unit="fen", issuer=world.buyer)
    r.do("mint", "m", asset="CNY", target=world.owner, amount=100)
    terms = {"beneficiary": world.buyer, "expires": "2026-01-02T00:00:00Z"}
    one = lock(r, "one", "pledge", world.owner, asset="CNY", amount=60, **terms).id
    return one, lock(r, "two", account=world.owner, over=one, asset="CNY", amount=60, **terms, **second).id


@pytest.mark.parametrize("reopen", [False, True])
def test_money_under_two_encumbrances_is_found_again(worlds: World, reopen: bool):
    """By whoever remembers it, and by who reads it from the database."""
    one, two = pledged_twice(worlds, kind="pledge", priority=2)
    r = Registry(worlds.folder, now=worlds.clock) if reopen else worlds.registry
    r.do("release", "r1", lock=one)
    assert amounts_of(r)["CNY", f"{worlds.owner}/{two}"] == 60
    r.do("release", "r2", lock=two)
    assert amounts_of(r) == {("CNY", "@issuance"): -100, ("CNY", worlds.owner): 100}
    assert holds(r)
    r.close()


@pytest.mark.parametrize("second", [{"kind": "pledge", "priority": 2}, {"kind": "freeze"}])
def test_money_under_two_encumbrances_is_free_in_time(world: World, second: dict[str, Any]):
    one, two = pledged_twice(world, **second)
    world.clock.forward(days=2)
    lifted = {*world.registry.expire_due(), *world.registry.expire_due()}
    assert lifted == {one, two}


# Two processes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("worlds", ["postgresql"], indirect=True)
def test_a_rooms_transaction_holds_the_write_lock(worlds: World):
    """What a room reads before its first order must still be so when the order is carried out."""
    with Registry(worlds.folder, now=worlds.clock) as other, worlds.registry.transaction(), pytest.raises(TanhuiError):
        other.open_account("in between", request="o")


# What a leaf may not hide ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forger:
    """Writes the next leaf of a log."""

    leaves: list[bytes]
    world: World

    def entry(self, kind: str, noun: Noun | None = None, legs: tuple[Leg, ...] = ()) -> JournalEntry:
        by = (Approval(self.world.registry.declaration.person),)
        return JournalEntry(len(self.leaves), "2026-01-01T00:00:00Z", kind, noun, legs, (), by)

    def replays(self, *entries: JournalEntry) -> bool:
        try:
            Replay().add([*self.leaves, *map(encode_entry, entries)])
        except TanhuiError:
            return False
        return True


@pytest.fixture
def forger(world: World) -> Forger:
    return Forger(log_of(world.registry), world)


def test_an_hour_that_is_none(forger: Forger):
    """Texts decide what is later: an hour of other digits would be later than all that come."""
    move = forger.entry(
        "transfer", legs=(Leg("B000001", piece(1, 1), Place(forger.world.owner), Place(forger.world.buyer)),)
    )
    assert forger.replays(move)
    for hour in ("2026-13-45T99:99:99Z", "9999-99-99T99:99:99Z", "２０２６-02-01T00:00:00Z"):
        assert not forger.replays(replace(move, at=hour))


def test_a_text_beside_an_approval(forger: Forger):
    move = forger.entry(
        "transfer", legs=(Leg("B000001", piece(1, 1), Place(forger.world.owner), Place(forger.world.buyer)),)
    )
    for hidden in ({"order": "what nobody reads"}, {"signature": "what nobody reads"}):
        assert not forger.replays(replace(move, by=(replace(move.by[0], **hidden),)))


def test_a_name_in_the_place_of_a_commitment(forger: Forger):
    one = Leg("B000001", piece(1, 1), Place(forger.world.owner), Place("@retired"))
    for commitment, right in ((SHA, True), ("湘林合作社", False), ("", False)):
        index = len(forger.leaves)
        nouns: list[tuple[str, Noun, tuple[Leg, ...]]] = [
            ("account", Account("A9", commitment), ()),
            ("person", Person("P9", forger.world.owner, commitment), ()),
            ("retire", Retirement(f"R{index:06d}", commitment, "event"), (one,)),
        ]
        for kind, noun, legs in nouns:
            assert forger.replays(forger.entry(kind, noun, legs)) == right, (kind, commitment)


def test_who_left_does_not_come_back(forger: Forger):
    here = forger.entry("person", Person("P9", forger.world.owner, SHA))
    left = replace(here, index=here.index + 1, noun=Person("P9", forger.world.owner, SHA, active=False))
    assert forger.replays(here, left)
    assert not forger.replays(here, left, replace(here, index=here.index + 2))


def test_units_of_no_weight(forger: Forger):
    """Nothing times a million is nothing: as many units as anybody likes."""
    claim, _ = issuable(*run_documents("n", {2030: 5}), region="CN", product="", unit_kg=1000, sandbox=True)
    serials = piece(101, 105)
    legs = (Leg("B000003", serials, Place("@issuance"), Place(forger.world.owner)),)
    for change, right in (({}, True), ({"unit_kg": 0, "credits_t": 0}, False), ({"unit_kg": 500}, False)):
        issued = Issuance(replace(claim, **change), (Piece("B000003", 2030, serials),))
        assert forger.replays(forger.entry("issue", issued, legs)) == right, change


def test_what_one_operator_asked_for_long_ago_counts_no_longer(tmp_path: Path):
    clock = Clock()
    with Registry.init(tmp_path / "r", "registry.example/town", eyes=2, now=clock) as registry:
        town = make_town(registry, 2)
        gate, customer = Gate(registry, now=clock, cost=CHEAP), town.people["subject"][0]
        for person in (*town.operators, customer):
            gate.enrol(gate._new_code(person).reveal(), password="a long password")
        for hours, operator in ((0, 0), (25, 1)):  # a code lasts 24 hours
            clock.forward(hours=hours)
            caller = gate.caller(gate.log_in(town.operators[operator], "a long password").reveal())
            with pytest.raises(TanhuiError) as alone:
                gate.invite(caller, customer)
            assert alone.value.code == "access.needs_second"
