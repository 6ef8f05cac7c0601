"""Who may do what: every act by every role, alone and in pairs, allowed exactly as the data says."""

from __future__ import annotations

import base64
import itertools
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.signing import SigningKey
from tanhui.registry.acts import ACTS, Order
from tanhui.registry.entries import to_document
from tanhui.registry.issuance import issuable
from tanhui.registry.model import Approval
from tanhui.registry.service import Registry
from tanhui.registry.store import Reader
from tests.registry.conftest import World
from tests.registry.documents import run_documents
from tests.registry.every_unit import DATA, KINDS, ROLES
from tests.registry.evidence import add_key, add_person, approval, holds, log_of, open_account, order, refused

PERMISSIONS: dict[str, dict[str, Any]] = tomllib.loads((DATA / "permissions.toml").read_text(encoding="utf-8"))
SHA = "ab" * 32
#: Acts that nobody needs to answer for.
BY_ITSELF = {"registry", "seal", "expire"}


@dataclass
class Town:
    """One account of each role with two people, a subject that holds units and money, and its creditor."""

    registry: Registry
    eyes: int
    people: dict[str, list[str]] = field(default_factory=dict)
    account_of: dict[str, str] = field(default_factory=dict)
    roles_of: dict[str, set[str]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def settle(self, name: str, roles: list[str]) -> None:
        account = open_account(self.registry, name, roles, self.operators)
        self.people[name] = [add_person(self.registry, account, f"{name} {n}", self.operators) for n in (1, 2)]
        self.account_of |= dict.fromkeys(self.people[name], account)
        self.roles_of[account] = {*roles}

    @property
    def operators(self) -> list[str]:
        return [self.registry.declaration.person, *self.people.get("second operator", [])[:1]]

    def account(self, name: str) -> str:
        return self.account_of[self.people[name][0]]

    def do(self, act: str, **arguments: Any) -> Any:
        """As a preparation, by whoever it takes: the two operators and the people of subject and creditor."""
        everybody = [*self.operators, *self.people["subject"], *self.people["creditor"]]
        return self.registry.do(act, f"prepare {next(self.numbers)}", everybody, **arguments)


@pytest.fixture(params=[1, 2])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with Registry.init(tmp_path / "r", "registry.example/town", eyes=request.param) as registry:
        yield make_town(registry, request.param)
        assert holds(registry)


def make_town(registry: Registry, eyes: int) -> Town:
    made = Town(registry, eyes)
    made.account_of[registry.declaration.person] = registry.declaration.account
    made.roles_of[registry.declaration.account] = {"operator"}
    second = add_person(registry, registry.declaration.account, "second")
    made.people["second operator"] = [second]
    made.account_of[second] = registry.declaration.account
    for role in ROLES:
        made.settle(role, [role])
    made.settle("subject", ["owner", "trader"])
    made.settle("creditor", ["trader"])
    made.do("define_asset", asset="CNY", unit="fen", issuer=made.account("subject"))
    made.do("issue", **claim(made, 100_000), owner=made.account("subject"))
    made.do("mint", asset="CNY", target=made.account("subject"), amount=10**6)
    return made


def claim(town: Town, units: int) -> dict[str, Any]:
    year = 1000 + next(town.numbers)
    issued, by_year = issuable(
        *run_documents(f"project {year}", {year: units}), region="CN", product="", unit_kg=1000, sandbox=True
    )
    return {"claim": to_document(issued), "units": {str(vintage): count for vintage, count in by_year.items()}}


def an_act(town: Town, kind: str) -> tuple[str, dict[str, Any]]:
    """Something of a kind that is right but for who asks for it."""
    number, subject, creditor = next(town.numbers), town.account("subject"), town.account("creditor")
    some = {"batch": "B000001", "units": 1}
    acts: dict[str, tuple[str, dict[str, Any]]] = {
        "account": ("open_account", {"name": "new"}),
        "standing": ("set_standing", {"account": creditor, "roles": ["trader"]}),
        "person": ("add_person", {"account": subject, "name": "new"}),
        "key": ("add_key", {"person": town.people["subject"][0], "public": a_key(number)}),
        "asset": ("define_asset", {"asset": f"points-{number}", "unit": "1", "issuer": subject}),
        "mint": ("mint", {"asset": "CNY", "target": subject, "amount": 1, "reason": "court", "document": SHA}),
        "redeem": ("redeem", {"asset": "CNY", "source": subject, "amount": 1, "reason": "court", "document": SHA}),
        "transfer": ("transfer", {"source": subject, "target": creditor, **some}),
        "reassign": ("reassign", {"source": subject, "target": creditor, **some, "reason": "court", "document": SHA}),
        "retire": ("retire", {"account": subject, **some, "beneficiary_name": "x", "purpose": "event"}),
        "cancel": ("cancel", {"account": subject, **some, "reason": "court", "document": SHA}),
        "record": ("record", {"topic": "notice", "subject": "x", "sha256": SHA}),
    }
    if kind == "issue":
        return "issue", {**claim(town, 1), "owner": subject}
    if kind == "import":
        origin = {"registry": "other.example", "export": f"X{number}", "first": number, "last": number}
        return "take_in", {**claim(town, 1), "owner": subject, **origin}
    return acts[kind]


def a_key(number: int) -> str:
    return base64.b64encode(SigningKey("k", number.to_bytes(32, "big")).public).decode()


def crowds(town: Town) -> list[list[str]]:
    """Everybody alone, both people of each account, and pairs across accounts."""
    alone = [[person] for people in town.people.values() for person in people[:1]]
    pairs = [people[:2] for people in town.people.values() if len(people) > 1]
    operator = town.registry.declaration.person
    mixed = [[operator, town.people[name][0]] for name in ("second operator", "regulator", "verifier", "subject")]
    both = [
        [town.people["regulator"][0], town.people["operator"][0]],
        [town.people["subject"][0], town.people["creditor"][0]],
    ]
    return [[], [operator], *alone, *pairs, *mixed, *both]


def enough(town: Town, people: list[str], roles: list[str], eyes: int) -> bool:
    """Whether so many of the people belong to accounts of some role."""
    found = [person for person in {*people} if town.roles_of[town.account_of[person]] & {*roles}]
    return len(found) >= min(eyes, town.eyes)


def stands_in(town: Town, people: list[str]) -> bool:
    """In a sandbox of one pair of eyes the operator stands in for everybody."""
    return town.eyes == 1 and enough(town, people, ["operator"], 1)


def expected(town: Town, kind: str, people: list[str]) -> bool:
    """What ``permissions.toml`` says, read here a second time."""
    rule, accounts = PERMISSIONS[kind], {town.account_of[person] for person in people}
    theirs = town.account("subject") in accounts
    if rule.get("self", False) and town.people["subject"][0] in people:
        return True
    if stands_in(town, people) or (rule.get("parties", False) and theirs) or (rule.get("own", False) and theirs):
        return True
    return "roles" in rule and enough(town, people, rule["roles"], rule["eyes"])


def asked(town: Town, act: str, arguments: dict[str, Any], people: list[str], right: bool, what: str) -> None:
    """An act is done where it is right, and refused without a trace where it is not."""
    registry, request = town.registry, f"ask {next(town.numbers)}"
    outcome = registry.submit([order(registry, request, act, people, **arguments)])[0]
    assert (outcome.refused is None) == right, (
        what,
        [town.roles_of[town.account_of[who]] for who in people],
        outcome.refused,
    )
    if outcome.refused is not None:
        assert outcome.refused.code == "registry.not_permitted"


def test_every_act_has_a_permission():
    kinds = {kind for kind, _ in ACTS.values()}
    assert kinds - BY_ITSELF - {"lock", "post", "release"} == {*PERMISSIONS}
    known = {"roles", "eyes", "own", "self", "parties", "weighty", "end", "document"}
    assert {name for rule in PERMISSIONS.values() for name in rule} == known
    assert {role for role, said in ROLES.items() if said.get("weighty")} == {*ROLES} - {
        "owner",
        "trader",
        "pledgee",
        "insurer",
    }


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_every_role_and_every_act(town: Town, kind: str):
    for people in crowds(town):
        act, arguments = an_act(town, kind)
        asked(town, act, arguments, people, expected(town, kind, people), kind)


def party(town: Town, kind: str, what: str, people: list[str]) -> bool:
    """What ``encumbrances.toml`` says about placing, posting and releasing, read here a second time."""
    named = {"account": town.account("subject"), "beneficiary": town.account("creditor")}
    parties = KINDS[kind][what]
    accounts = {town.account_of[person] for person in people}
    if stands_in(town, people) or accounts & {named[name] for name in parties if name in named}:
        return True
    return enough(town, people, [name for name in parties if name not in named], KINDS[kind]["eyes"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_role_and_every_encumbrance(town: Town, kind: str):
    terms = {"kind": kind, "account": town.account("subject"), "beneficiary": town.account("creditor")}
    terms |= {"batch": "B000001", "units": 1}
    for people in crowds(town):
        asked(town, "lock", terms, people, party(town, kind, "placed_by", people), f"lock {kind}")
        for act, what in (("post", "posted_by"), ("release", "released_by")):
            made = town.do("lock", **terms).noun.id
            arguments: dict[str, Any] = {"lock": made} if act == "release" else {"locks": [made], "document": SHA}
            arguments |= {"target": town.account("trader")} if act == "post" else {}
            asked(town, act, arguments, people, party(town, kind, what, people), f"{act} {kind}")


def test_two_encumbrances_at_once_need_both_creditors(town: Town):
    subject, creditor, other = (town.account(name) for name in ("subject", "creditor", "pledgee"))
    pledge = {"kind": "pledge", "account": subject, "batch": "B000001", "units": 1}
    both = [town.do("lock", **pledge, beneficiary=who).noun.id for who in (creditor, other)]
    post = {"locks": both, "target": town.account("trader"), "document": SHA}
    one, two = town.people["creditor"][0], town.people["pledgee"][0]
    for people in ([one], [two], [town.people["subject"][0]]):
        asked(town, "post", post, people, False, "both")
    asked(town, "post", post, [one, two], True, "both")


def test_an_exchange_needs_everybody_who_gives(town: Town):
    subject, creditor = town.account("subject"), town.account("creditor")
    town.do("mint", asset="CNY", target=creditor, amount=100)
    legs = [
        {"from": subject, "to": creditor, "batch": "B000001", "units": 5},
        {"from": creditor, "to": subject, "asset": "CNY", "amount": 7},
    ]
    seller, buyer = town.people["subject"][0], town.people["creditor"][0]
    for people in ([], [seller], [buyer], [seller, town.people["subject"][1]], [seller, town.people["trader"][0]]):
        asked(town, "exchange", {"legs": legs}, people, False, "exchange")
    asked(town, "exchange", {"legs": legs}, [seller, buyer], True, "exchange")


def test_the_same_person_twice_is_one_pair_of_eyes(town: Town):
    people = [town.registry.declaration.person] * 2
    act, arguments = an_act(town, "reassign")
    asked(town, act, arguments, people, town.eyes == 1, "twice")


# Who no longer may ----------------------------------------------------------------------------------------------------


def test_an_ended_person_and_a_closed_account(town: Town):
    seller, other = town.people["subject"]
    act, arguments = an_act(town, "transfer")
    for ending, back in (
        (("end_person", {"person": seller}), None),
        (("set_standing", {"account": town.account("subject"), "roles": []}), ["owner"]),
    ):
        asked(town, act, arguments, [other if back else seller], True, "before")
        town.registry.do(ending[0], f"end {next(town.numbers)}", town.operators, **ending[1])
        for people in ([seller], [*town.operators, seller]):  # nobody's consent is worth more with theirs
            refused(town.registry, lambda who=people: town.registry.do(act, f"a{next(town.numbers)}", who, **arguments))
        if back:
            refused(town.registry, lambda: town.registry.do(act, f"b{next(town.numbers)}", [other], **arguments))
            town.registry.do("set_standing", "reopen", town.operators, account=town.account("subject"), roles=back)
            asked(town, act, arguments, [other], True, "open again")


def test_nobody_unknown(town: Town):
    act, arguments = an_act(town, "transfer")
    for stranger in ("Pnobody", "", "@issuance", town.account("subject")):
        people = [*town.operators, *town.people["subject"], stranger]
        refusal = refused(town.registry, lambda who=people: town.registry.do(act, "a", who, **arguments))
        assert refusal.code == "registry.unknown_person"


# Signatures -----------------------------------------------------------------------------------------------------------


@dataclass
class Signer:
    """Somebody of the subject with a key, and how they ask for something."""

    town: Town
    person: str
    key: str
    secret: SigningKey

    def ask(self, given: Approval) -> TanhuiError | None:
        act, arguments = an_act(self.town, "transfer")
        asked_for = Order(f"signed {next(self.town.numbers)}", act, arguments, (given,))
        return self.town.registry.submit([asked_for])[0].refused


@pytest.fixture
def signer(town: Town) -> Signer:
    secret, person = SigningKey("client", bytes(range(32))), town.people["subject"][0]
    return Signer(town, person, add_key(town.registry, person, secret, by=[person]), secret)


def test_a_signed_order(signer: Signer):
    right = approval(signer.person, signer.key, signer.secret, "order one")
    assert signer.ask(right) is None
    other = SigningKey("other", bytes(32))
    wrong = {
        "another key signed": approval(signer.person, signer.key, other, "order two"),
        "another order": replace(right, order=approval(signer.person, signer.key, signer.secret, "order two").order),
        "no signature": replace(right, signature=""),
        "no base64": replace(right, signature="!"),
        "no order": replace(right, order=""),
        "no hash": replace(right, order="xyz"),
        "unknown key": replace(right, key="0" * 16),
        "another person of the account": replace(right, person=signer.town.people["subject"][1]),
        "a person of another account": replace(right, person=signer.town.people["creditor"][0]),
    }
    raw = base64.b64decode(right.signature)
    for place in range(len(raw)):
        flipped = bytes([*raw[:place], raw[place] ^ 1 << place % 8, *raw[place + 1 :]])
        wrong[f"bit {place}"] = replace(right, signature=base64.b64encode(flipped).decode())
    for what, given in wrong.items():
        refusal = signer.ask(given)
        assert refusal is not None, what
        assert refusal.code == "registry.signature_refused", what


def test_a_right_signature_of_somebody_who_may_not(signer: Signer):
    secret, trader = SigningKey("t", bytes([7] * 32)), signer.town.people["trader"][0]
    key = add_key(signer.town.registry, trader, secret, by=[trader])
    refusal = signer.ask(approval(trader, key, secret, "order"))
    assert refusal is not None
    assert refusal.code == "registry.not_permitted"


def test_a_key_that_ended(signer: Signer):
    given = approval(signer.person, signer.key, signer.secret, "order")
    signer.town.registry.do("end_key", "end", key=signer.key)
    assert signer.ask(given) is not None
    public = base64.b64encode(signer.secret.public).decode()
    for person in (signer.person, signer.town.people["creditor"][0]):
        # A key that ended does not come back, for nobody.
        what = {"person": person, "public": public}
        refused(signer.town.registry, lambda what=what: signer.town.registry.do("add_key", "again", **what))
    refused(signer.town.registry, lambda: signer.town.registry.do("end_key", "end again", key=signer.key))


def test_one_key_is_one_persons(signer: Signer):
    public = base64.b64encode(signer.secret.public).decode()
    what = {"person": signer.town.people["creditor"][0], "public": public}
    refused(signer.town.registry, lambda: signer.town.registry.do("add_key", "stolen", **what))


def test_a_signature_is_good_once(signer: Signer):
    """The log is public, and so is every signature in it. Nothing binds one to its act but the hash of the order."""
    given = approval(signer.person, signer.key, signer.secret, "one unit, please")
    assert signer.ask(given) is None
    assert signer.ask(given) is not None


# Two pairs of eyes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Registry]:
    """A registry in earnest whose two operators are in office."""
    with Registry.init(tmp_path / "r", "registry.example/lone", sandbox=False) as registry:
        add_person(registry, registry.declaration.account, "second pair of eyes")
        open_account(registry, "victim")
        yield registry


def puppet_account(registry: Registry) -> str:
    """An operator's account of one's own."""
    return add_person(registry, open_account(registry, "front", ["operator"]), "puppet")


def puppet_colleague(registry: Registry) -> str:
    """A colleague who does not exist."""
    return add_person(registry, registry.declaration.account, "puppet")


@pytest.mark.parametrize("puppet", [puppet_account, puppet_colleague])
def test_one_operator_cannot_make_a_second(lone: Registry, puppet: Callable[[Registry], str]):
    victim = lone.accounts()[-1].id

    def close() -> None:
        second = puppet(lone)
        lone.do("set_standing", "close", [lone.declaration.person, second], account=victim, roles=[])

    with pytest.raises(TanhuiError):
        close()


def lone_second(registry: Registry) -> str:
    """The other operator."""
    with registry.reading() as connection:
        people = Reader(connection).people(registry.declaration.account)
    return next(person.id for person in people if person.id != registry.declaration.person)


def test_one_operator_cannot_sign_for_somebody_else(lone: Registry):
    both = [lone.declaration.person, lone_second(lone)]
    victim = add_person(lone, lone.accounts()[-1].id, "victim", both)
    refused(lone, lambda: add_key(lone, victim, SigningKey("operator's own", bytes(32))))


@pytest.mark.parametrize(("sandbox", "eyes"), [(False, 1), (True, 0), (True, 3), (False, 0)])
def test_a_declaration_of_too_few_eyes_is_no_log(world: World, sandbox: bool, eyes: int):
    from tanhui.registry.model import JournalEntry
    from tanhui.registry.rules import apply
    from tanhui.registry.state import State

    declared = replace(world.registry.declaration, sandbox=sandbox, eyes=eyes)
    with pytest.raises(TanhuiError):
        apply(State(), JournalEntry(0, "2026-01-01T00:00:00Z", "registry", declared))


def test_eyes_that_cannot_be(tmp_path: Path):
    for sandbox, eyes in ((False, 1), (True, 0), (True, 3), (False, 3)):
        with pytest.raises(TanhuiError):
            Registry.init(tmp_path / "r", "registry.example/x", sandbox=sandbox, eyes=eyes)
        assert not (tmp_path / "r").exists()


def test_money_is_not_burnt_in_other_peoples_accounts(town: Town):
    """What somebody holds is theirs; the issuer owes it. To take it back, the holder has to give it."""
    town.do("mint", asset="CNY", target=town.account("creditor"), amount=100)
    burn = {"asset": "CNY", "source": town.account("creditor"), "amount": 100}
    asked(town, "redeem", burn, [town.people["subject"][0]], False, "burn")


# Retries --------------------------------------------------------------------------------------------------------------

AGAIN = [kind for kind in PERMISSIONS if kind != "person"]


@pytest.mark.parametrize("act", [*AGAIN, "person", "end_person", "end_key", "lock", "release"])
def test_every_act_is_answered_again_as_it_was(town: Town, act: str):
    """The same request, at once and from another process, does nothing and answers the same."""
    registry, subject = town.registry, town.account("subject")
    what = {
        "batch": "B000001",
        "units": 1,
        "account": subject,
        "kind": "pledge",
        "beneficiary": town.account("creditor"),
    }
    acts: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
        "end_person": lambda: ("end_person", {"person": town.people["trader"][0]}),
        "end_key": lambda: (
            "end_key",
            {"key": add_key(registry, town.people["trader"][0], SigningKey("k", bytes(32)), by=town.operators)},
        ),
        "lock": lambda: ("lock", what),
        "release": lambda: ("release", {"lock": town.do("lock", **what).noun.id}),
    }
    name, arguments = acts[act]() if act in acts else an_act(town, act)
    everybody = [*town.operators, *town.people["subject"][:1], *town.people["creditor"][:1]]
    asked_for = order(registry, "once", name, everybody, **arguments)
    first = registry.submit([asked_for])[0].done()
    before = log_of(registry)
    with Registry(registry.folder) as other:
        for again in (registry, other):
            outcome = again.submit([asked_for])[0]
            assert (outcome.refused, outcome.entry, outcome.repeated) == (None, first, True)
    assert log_of(registry) == before
