"""Every act in any order on a real registry, against a ledger that knows every unit by its number."""

from __future__ import annotations

import base64
import hashlib
import itertools
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tanhui.kernel.errors import InputError
from tanhui.kernel.signing import SigningKey
from tanhui.registry import tables as t
from tanhui.registry.acts import Order
from tanhui.registry.entries import to_document
from tanhui.registry.errors import RequestReused
from tanhui.registry.folder import timestamp
from tanhui.registry.issuance import issuable
from tanhui.registry.ledger import ledger_faults
from tanhui.registry.model import Account, Encumbrance, Issuance, JournalEntry, Key, Person
from tanhui.registry.service import Registry
from tests.postgres import Server
from tests.registry.conftest import Clock
from tests.registry.documents import run_documents
from tests.registry.every_unit import FREE, KINDS, ROLES, EveryUnit, Lock, Money, No
from tests.registry.evidence import (
    amounts_of,
    database_of,
    holds,
    log_of,
    order,
    places_of,
    replayed,
    rows_of,
    state_root,
    sum_of_tables,
)

#: Up to :data:`FITTING` a number names something that fits (see `account`, `stock`, `purse`), beyond that anything.
FITTING = 20
SOME = st.integers(0, FITTING + 4)
UNITS = st.integers(1, 4) | st.integers(1, 12)
AMOUNT = st.integers(1, 9) | st.integers(-1, 40)
LOCK = SOME
ROLE_SETS = st.sampled_from(
    [
        ["owner"],
        ["trader"],
        [],
        ["owner"],
        ["trader", "pledgee"],
        ["buffer"],
        ["verifier"],
        ["regulator"],
        ["king"],
        ["owner", "validator"],
    ]
)
SHA = "ab" * 32
TERMS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(KINDS)),
        "beneficiary": SOME | st.none(),
        "target": st.none() | SOME,
        "priority": st.sampled_from([1, 1, 2, 3]),
        "hours": st.sampled_from([0, 0, 1, 5]),
        "flaw": st.integers(0, 15),
    }
)


class Registries(RuleBasedStateMachine):
    """Two open registries on one database take turns; what one wrote, the other must not have forgotten."""

    database: Callable[[], str | None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        super().__init__()
        self.numbers, self.throws, self.clock = itertools.count(), itertools.count(), Clock()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "r"
        self.registry = Registry.init(
            path, "registry.example/any", now=self.clock, entropy=self.dice, database=self.database()
        )
        self.other = Registry(path, now=self.clock, entropy=self.dice)
        declared = self.registry.declaration
        self.model = EveryUnit(declared.account)
        self.model.accounts[declared.account] = {"operator"}
        self.model.people[declared.person] = (declared.account, True)
        self.accounts, self.batches, self.locks, self.people = [declared.account], ["B999999"], ["E999999"], list[str]()
        self.keys: list[str] = []
        self.done: list[tuple[Order, JournalEntry]] = []
        self.checked = -1

    @initialize()
    def begin(self) -> None:
        for roles in (["owner", "trader"], ["trader"], ["pledgee"], ["buffer"]):
            self.open_account(roles)
        self.define_asset("CNY")
        self.issue(1, [12, 9], [])
        self.mint("CNY", 2, 40)
        self.mint("CNY", 1, 20)
        plain = {"kind": "pledge", "beneficiary": 2, "target": None, "priority": 1, "hours": 5, "flaw": 0}
        self.lock(plain, 0, 4, 0)
        self.lock(plain | {"kind": "escrow", "target": 3, "hours": 1}, 0, 2, 0)
        self.lock(plain | {"kind": "pending", "hours": 0}, 1, 3, 3)
        self.lock_over(plain | {"priority": 2}, 0, "lien", 3)

    def dice(self, length: int) -> bytes:
        """Random enough, and the same again when a failing life is repeated."""
        return hashlib.shake_128(b"%d" % next(self.throws)).digest(length)

    # Doing and comparing ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> str:
        return timestamp(self.clock())

    def ask(
        self, act: str, allowed: Callable[[JournalEntry | None], bool], by: list[str] | None = None, /, **what: Any
    ) -> None:
        """One order: done exactly where the model allows it, and without a trace where it does not."""
        asked = order(self.registry, f"r{next(self.numbers)}", act, by, **what)
        before = database_of(self.registry)
        outcome = self.registry.submit([asked])[0]
        right = allowed(outcome.entry)
        assert (outcome.entry is not None) == right, (act, what, outcome.refused)
        if outcome.entry is None:
            assert database_of(self.registry) == before
        else:
            self.done.append((asked, outcome.entry))

    def account(self, number: int) -> str:
        """One that may hold units, or any, or nobody."""
        holders = [name for name in self.accounts if self.model.can_hold(name)]
        return pick(number, holders, [*self.accounts, "Anobody"])

    def stock(self, number: int, batch: int = 0) -> tuple[str, str]:
        """Somebody and a batch of which they have free units, or anybody and any batch."""
        free = {
            (self.model.owner_of[n], self.model.batch_of[n]) for n, locks in self.model.locks_on.items() if not locks
        }
        some = [(owner, name) for owner, name in sorted(free) if owner in self.model.accounts]
        return pick(number, some, [(self.account(number), self.batches[batch % len(self.batches)])])

    def purse(self, number: int, asset: str = "CNY") -> str:
        """Somebody with free money, or anybody."""
        rich = sorted(
            who for (name, who, lock), much in self.model.amounts.items() if name == asset and not lock and much > 0
        )
        return pick(number, rich, [self.account(number)])

    # Who takes part ---------------------------------------------------------------------------------------------------

    @rule(what=st.integers(0, 7), account=SOME, number=SOME, roles=ROLE_SETS)
    def parties(self, what: int, account: int, number: int, roles: list[str]) -> None:
        """Few of the acts are about who takes part."""
        if what == 0 and len(self.accounts) < 7:
            self.open_account(roles)
        elif what == 1:
            self.set_standing(account, roles)
        elif what <= 3 or not self.people:
            self.add_person(account)
        elif what == 4:
            self.end_person(number)
        elif what <= 6 or not self.keys:
            self.add_key(number, number % 4)
        else:
            self.end_key(number)

    def open_account(self, roles: list[str]) -> None:
        def allowed(entry: JournalEntry | None) -> bool:
            name = entry.as_kind(Account).id if entry else "?"
            if not self.model.attempt("open_account", name, roles):
                return False
            self.accounts.append(name)
            return True

        self.ask("open_account", allowed, name="somebody", roles=roles)

    def set_standing(self, account: int, roles: list[str]) -> None:
        who = self.account(account)
        self.ask("set_standing", lambda _: self.model.attempt("set_standing", who, roles), account=who, roles=roles)

    def add_person(self, account: int) -> None:
        who = self.account(account)

        def allowed(entry: JournalEntry | None) -> bool:
            if who not in self.model.accounts:
                return False
            self.people.append(entry.as_kind(Person).id if entry else "?")
            self.model.people[self.people[-1]] = (who, True)
            return True

        self.ask("add_person", allowed, account=who, name="a person")

    def end_person(self, number: int) -> None:
        who = self.people[number % len(self.people)]
        self.model.people[who] = (self.model.people[who][0], False)
        self.ask("end_person", lambda _: True, person=who)

    def add_key(self, number: int, seed: int) -> None:
        who, key = self.people[number % len(self.people)], SigningKey("k", bytes([seed] * 32))
        public = base64.b64encode(key.public).decode()
        name = hashlib.sha256(key.public).hexdigest()[:16]

        def allowed(entry: JournalEntry | None) -> bool:
            if self.model.keys.get(name, (who, True)) != (who, True):
                return False  # an ended key does not come back, and a key is one person's
            if name in self.model.keys:
                return True
            assert entry is None or entry.as_kind(Key).id == name
            self.keys.append(name)
            self.model.keys[name] = (who, True)
            return True

        self.ask("add_key", allowed, person=who, public=public)

    def end_key(self, number: int) -> None:
        name = self.keys[number % len(self.keys)]
        who, active = self.model.keys[name]
        self.model.keys[name] = (who, False)
        self.ask("end_key", lambda _: active, key=name)

    # Units and amounts ------------------------------------------------------------------------------------------------

    @rule(
        owner=SOME,
        credits=st.lists(st.integers(0, 9), min_size=1, max_size=3),
        shares=st.lists(st.tuples(SOME, st.sampled_from([1, 200, 3333, 10_000])), max_size=2),
    )
    def issue(self, owner: int, credits: list[int], shares: list[tuple[int, int]]) -> None:
        if not sum(credits) or sum(part for _, part in shares) > 10_000:
            return
        number = next(self.numbers)
        documents = run_documents(f"project-{number}", {2021 + number * 9 + n: c for n, c in enumerate(credits)})
        claim, units = issuable(*documents, region="CN", product="", unit_kg=1000, sandbox=True)
        sent = [("@cancelled" if who == 5 else self.account(who), part) for who, part in shares]

        def allowed(entry: JournalEntry | None) -> bool:
            made = {f"B{len(self.batches) + n:06d}": size for n, size in enumerate(units.values())}
            if not self.model.attempt("issue", made, sent, self.account(owner)):
                return False
            self.batches += made
            assert entry is None or [piece.id for piece in entry.as_kind(Issuance).pieces] == [*made]
            return True

        self.ask(
            "issue",
            allowed,
            claim=to_document(claim),
            units={str(year): count for year, count in units.items()},
            owner=self.account(owner),
            shares=[list(share) for share in sent],
        )

    @rule(owner=SOME, units=UNITS, registry=st.sampled_from(["a.example", "b.example"]), first=st.integers(1, 30))
    def take_in(self, owner: int, units: int, registry: str, first: int) -> None:
        """From two other registries, whose serials come now and then twice."""
        number = next(self.numbers)
        documents = run_documents("abroad", {1000 + number: units})
        claim, _ = issuable(*documents, region="SG", product="", unit_kg=1000, sandbox=True)
        batch = f"B{len(self.batches):06d}"
        where = {"registry": registry, "export": f"X{first % 7}", "first": first, "last": first + units - 1}

        def allowed(_: JournalEntry | None) -> bool:
            right = self.model.attempt("take_in", batch, units, self.account(owner), **where)
            self.batches += [batch] if right else []
            return right

        by_year = {str(1000 + number): units}
        self.ask("take_in", allowed, claim=to_document(claim), units=by_year, owner=self.account(owner), **where)

    @rule(source=SOME, to=SOME, batch=SOME, units=UNITS)
    def reassign(self, source: int, to: int, batch: int, units: int) -> None:
        (mine, name), their = self.stock(source, batch), self.account(to)
        self.ask(
            "reassign",
            lambda _: self.model.attempt("move", mine, their, name, units),
            source=mine,
            target=their,
            batch=name,
            units=units,
            reason="court",
            document=SHA,
        )

    @rule(source=SOME, to=SOME, batch=SOME, units=UNITS, own=st.booleans())
    def transfer(self, source: int, to: int, batch: int, units: int, own: bool) -> None:
        """By the operator, or by somebody of some account, who may only give what is theirs."""
        (mine, name), their = self.stock(source, batch), self.account(to)
        by = self.people[-1:] if own and self.people else None

        def allowed(_: JournalEntry | None) -> bool:
            if by:
                account, active = self.model.people[by[0]]
                if not active or not self.model.accounts[account]:
                    return False
                if account != mine and account != self.model.operator:
                    return False
            return self.model.attempt("move", mine, their, name, units)

        self.ask("transfer", allowed, by, source=mine, target=their, batch=name, units=units)

    @rule(source=SOME, batch=SOME, units=UNITS, retire=st.booleans())
    def use_up(self, source: int, batch: int, units: int, retire: bool) -> None:
        (mine, name), end = self.stock(source, batch), "@retired" if retire else "@cancelled"
        more = {"beneficiary_name": "x", "purpose": "event"} if retire else {"reason": "owner"}
        self.ask(
            "retire" if retire else "cancel",
            lambda _: self.model.attempt("move", mine, end, name, units, end),
            account=mine,
            batch=name,
            units=units,
            **more,
        )

    @rule(asset=st.sampled_from(["CNY", "points"]))
    def define_asset(self, asset: str) -> None:
        new = asset not in self.model.assets
        self.model.assets.add(asset)
        self.ask("define_asset", lambda _: new, asset=asset, unit="1", issuer=self.accounts[1])

    @rule(asset=st.sampled_from(["CNY", "points"]), account=SOME, amount=AMOUNT)
    def mint(self, asset: str, account: int, amount: int) -> None:
        who = self.account(account)
        self.ask(
            "mint", lambda _: self.model.attempt("mint", asset, who, amount), asset=asset, target=who, amount=amount
        )

    @rule(asset=st.sampled_from(["CNY", "points"]), account=SOME, amount=AMOUNT)
    def redeem(self, asset: str, account: int, amount: int) -> None:
        who = self.purse(account, asset)
        self.ask(
            "redeem", lambda _: self.model.attempt("redeem", asset, who, amount), asset=asset, source=who, amount=amount
        )

    @rule(seller=SOME, buyer=SOME, third=SOME, batch=SOME, units=UNITS, amount=AMOUNT, back=st.booleans())
    def exchange(self, seller: int, buyer: int, third: int, batch: int, units: int, amount: int, back: bool) -> None:
        """Units against money, and now and then the money goes on to somebody else in the same entry."""
        (a, name), b, c = self.stock(seller, batch), self.purse(buyer), self.account(third)
        legs: list[dict[str, Any]] = [
            {"from": a, "to": b, "batch": name, "units": units},
            {"from": b, "to": a, "asset": "CNY", "amount": amount},
        ]
        if back:
            legs.append({"from": a, "to": c, "asset": "CNY", "amount": amount})
        self.ask("exchange", lambda _: self.model.attempt("exchange", legs), legs=legs)

    # Encumbrances -----------------------------------------------------------------------------------------------------

    @rule(terms=TERMS, stock=SOME, units=st.integers(1, 4), money=st.sampled_from([0, 0, 0, 3]))
    def lock(self, terms: dict[str, Any], stock: int, units: int, money: int) -> None:
        """On free units, and on money too where it is said."""
        (account, batch), units = self.stock(stock), 13 if terms["flaw"] == 1 else units
        serials = self.model.free(account, batch)
        what = {**self.terms(account, terms), "batch": batch, "units": units}
        what |= {"asset": "CNY", "amount": money} if money else {}

        def allowed(entry: JournalEntry | None) -> bool:
            enough = units <= len(serials)
            return enough and self.laid(entry, what, serials[:units], [("CNY", FREE, money)] if money else [])

        self.ask("lock", allowed, **what)

    @rule(terms=TERMS, purse=SOME, amount=AMOUNT)
    def lock_money(self, terms: dict[str, Any], purse: int, amount: int) -> None:
        what = {**self.terms(self.purse(purse), terms), "asset": "CNY", "amount": amount}
        self.ask("lock", lambda entry: self.laid(entry, what, [], [("CNY", FREE, amount)]), **what)

    @precondition(lambda self: len(self.locks) > 1)
    @rule(
        terms=TERMS,
        over=LOCK,
        kind=st.sampled_from(["freeze", "pledge", "lien", "pending"]),
        part=st.integers(0, 4),
        money=st.sampled_from([None, None, 0, 2]),
    )
    def lock_over(self, terms: dict[str, Any], over: int, kind: str, part: int, money: int | None = None) -> None:
        """A second right, or a court's order, on what is encumbered already."""
        below = self.model.locks[self.some_lock(over, [*self.model.locks])]
        serials = self.model.under(below.id)
        units = min(part, len(serials))
        what = {**self.terms(below.account, terms | {"kind": kind}), "over": below.id, "units": units}
        what |= {} if money is None else {"asset": "CNY", "amount": money}

        def allowed(entry: JournalEntry | None) -> bool:
            # Nothing said is all there is; units are only units, an amount only an amount.
            mine = serials[:units] if units else serials if money is None else []
            try:
                purses = (
                    [] if units and money is None else self.model.beneath(below.id, what.get("asset", ""), money or 0)
                )
            except No:
                return False
            return self.laid(entry, what, mine, purses)

        self.ask("lock", allowed, **what)

    def terms(self, account: str, drawn: dict[str, Any]) -> dict[str, Any]:
        """What an encumbrance says, now and then with something that it may not say."""
        what = {"kind": drawn["kind"], "account": account, "priority": 0 if drawn["flaw"] == 2 else drawn["priority"]}
        hours = -1 if drawn["flaw"] == 3 else drawn["hours"]
        if drawn["beneficiary"] is not None:
            what["beneficiary"] = self.account(drawn["beneficiary"])
        if drawn["target"] is not None:
            what["target"] = self.account(drawn["target"])
        if hours:
            what["expires"] = timestamp(self.clock() + timedelta(hours=hours))
        return what

    def laid(self, entry: JournalEntry | None, what: dict[str, Any], serials: list[int], money: list[Money]) -> bool:
        name = entry.as_kind(Encumbrance).id if entry else "?"
        get = what.get
        new = Lock(
            name,
            what["kind"],
            what["account"],
            get("beneficiary", ""),
            get("target", ""),
            what["priority"],
            get("expires", ""),
        )
        if not self.model.attempt("lock", new, serials, money, self.now):
            return False
        self.locks.append(name)
        return True

    def some_lock(self, number: int, others: list[str] | None = None) -> str:
        """An encumbrance that lies on something, if there is one."""
        live = [name for name in self.model.locks if self.model.under(name) or self.model.money_under(name)]
        return str(pick(number, live, others or self.locks))

    @rule(
        number=LOCK,
        another=st.sampled_from([None, None, None, 1, 7]),
        to=st.integers(-4, FITTING + 2),
        part=st.integers(0, 5),
        document=st.sampled_from(["", SHA, SHA]),
    )
    def post(self, number: int, another: int | None, to: int, part: int, document: str) -> None:
        names = [self.some_lock(number)] + ([self.some_lock(another)] if another is not None else [])
        least = min(len(self.model.under(name)) for name in names)
        units, target = min(part, least), self.account(to) if to >= 0 else ""
        what = {"locks": names, "target": target, "units": units, "document": document}
        self.ask("post", lambda _: self.model.attempt("post", names, target, units, document != ""), **what)

    @rule(number=LOCK, part=st.integers(0, 5))
    def release(self, number: int, part: int) -> None:
        name = self.some_lock(number)
        units = min(part, len(self.model.under(name)))
        self.ask("release", lambda _: self.model.attempt("release", name, units), lock=name, units=units)

    @rule(number=LOCK, hours=st.sampled_from([0, 2, 6]))
    def expire(self, number: int, hours: int) -> None:
        self.clock.forward(hours=hours)
        name = self.some_lock(number)
        self.ask("expire", lambda _: self.model.attempt("expire", name, self.now), lock=name)

    @rule()
    def expire_due(self) -> None:
        """As a server does every minute; what waits under a court's order stays due."""
        now = self.now
        lifted = self.registry.expire_due()
        assert lifted == [name for name in sorted(self.locks[1:]) if self.model.attempt("expire", name, now)]

    # Time, others, retries --------------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([0.01, 1, 4]))
    def wait(self, hours: float) -> None:
        self.clock.forward(hours=hours)

    @rule()
    def take_turns(self) -> None:
        self.registry, self.other = self.other, self.registry

    @rule()
    def reopen(self) -> None:
        self.other.close()
        self.other = Registry(self.registry.folder, now=self.clock, entropy=self.dice)

    @precondition(lambda self: self.done)
    @rule(number=st.integers(0, 60), act=st.sampled_from(["record", "mint"]))
    def retry(self, number: int, act: str) -> None:
        """The same again does nothing and answers the same; another thing under that name is refused."""
        asked, entry = self.done[number % len(self.done)]
        before = database_of(self.registry)
        again, changed = self.registry.submit([asked, Order(asked.request, act, {"topic": "x"}, asked.by)])
        assert (again.entry, again.repeated) == (entry, True), again
        assert isinstance(changed.refused, (RequestReused, InputError))  # not of that form, or not the same
        assert database_of(self.registry) == before

    # What is always so ------------------------------------------------------------------------------------------------

    @invariant()
    def same_as_the_model(self) -> None:
        size = len(log_of(self.registry))
        if size == self.checked:
            return
        self.checked = size
        assert places_of(self.registry) == self.model.places()
        assert amounts_of(self.registry) == self.model.money()
        assert ledger_faults(self.registry.batches(), self.registry.holdings()) == []
        for asset in self.model.assets:
            assert sum(much for name, _, much in self.registry.amounts() if name == asset) == 0
        assert {a.id: {*a.roles} for a in self.registry.accounts()} == {
            name: roles for name, roles in self.model.accounts.items() if name != self.model.operator
        }
        replay = replayed(self.registry)
        with self.registry._store.reading() as view:
            people = {person.id: (person.account, person.active) for person in view.people()}
            assert people == self.model.people
            assert {
                row["id"]: (row["person"], bool(row["active"])) for row in rows_of(view.connection, t.keys)
            } == self.model.keys
            assert state_root(view.head().state_sum) == replay.root() == state_root(sum_of_tables(view.connection))

    def teardown(self) -> None:
        assert holds(self.registry)
        self.registry.close()
        self.other.close()
        self.folder.cleanup()


def pick(number: int, fitting: list[Any], others: list[Any]) -> Any:
    """Something that fits, if there is any and the number is not too large; otherwise something else."""
    choice = fitting if number < FITTING and fitting else others
    return choice[number % len(choice)]


def play(machine: type[Registries], examples: int, steps: int, *, shrink: bool = False) -> None:
    """Many lives. To make a failing one small takes minutes, so only the long suite does it."""
    quiet = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
    )
    run_state_machine_as_test(machine, settings=quiet)


def on_postgresql(server: Server) -> type[Registries]:
    return type("OnPostgresql", (Registries,), {"database": staticmethod(server.create_database)})


def test_any_acts_in_any_order():
    play(Registries, 40, 40)


def test_any_acts_in_any_order_on_postgresql(postgres_server: Server):
    play(on_postgresql(postgres_server), 5, 25)


@pytest.mark.long
def test_a_long_life():
    play(Registries, 200, 100, shrink=True)


@pytest.mark.long
def test_a_long_life_on_postgresql(postgres_server: Server):
    play(on_postgresql(postgres_server), 40, 60, shrink=True)


def test_the_data_is_what_the_model_thinks_it_is():
    """Fields that the model does not read would be rules that it does not check."""
    known = {
        "zh",
        "en",
        "precedence",
        "overrides",
        "exclusive",
        "placed_by",
        "released_by",
        "posted_by",
        "eyes",
        "once",
        "expires",
        "needs_document",
        "final",
    }
    assert {name for kind in KINDS.values() for name in kind} == known
    assert {name for role in ROLES.values() for name in role} == {"zh", "en", "holds", "apart", "weighty"}
