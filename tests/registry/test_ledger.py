"""The interval arithmetic against a ledger that knows every single unit by its number."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.registry.errors import InsufficientUnits, RegistryError
from tanhui.registry.ledger import Book, issue, ledger_faults, retire, settle, transfer
from tanhui.registry.model import ISSUANCE, RETIRED, Batch, Holding, Interval, IssuedClaim, Leg

CLAIM = IssuedClaim(
    project="p",
    region="CN-HN",
    product="removal",
    unit_kg=1000,
    method="m",
    claim_kind="removal",
    gas="CO2e",
    gwp="AR5",
    period=Period(date(2021, 1, 1), date(2022, 1, 1)),
    credits_t=1,
    run="",
    manifest_sha256="",
    claim_sha256="",
    creditable=True,
    open_points=0,
    sandbox=True,
)
OWNERS = ["alice", "bob", "carol"]


class Ledgers(RuleBasedStateMachine):
    """The same acts on a :class:`Book` and on a dictionary from serial to owner."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.batches: list[Batch] = []
        self.owner_of: dict[int, str] = {}
        self.batch_of: dict[int, str] = {}

    @rule(owner=st.sampled_from(OWNERS), size=st.integers(1, 9))
    def issue(self, owner: str, size: int) -> None:
        first = len(self.owner_of) + 1
        batch = Batch(f"B{len(self.batches)}", 2021, Interval(first, first + size), CLAIM)
        self.book.apply(issue([batch], owner))
        self.batches.append(batch)
        self.owner_of |= dict.fromkeys(range(first, first + size), owner)
        self.batch_of |= dict.fromkeys(range(first, first + size), batch.id)

    @rule(
        source=st.sampled_from(OWNERS),
        to=st.sampled_from([*OWNERS, RETIRED]),
        batch=st.integers(0, 3),
        units=st.integers(-1, 9),
    )
    def move(self, source: str, to: str, batch: int, units: int) -> None:
        name = f"B{batch}"
        mine = sorted(n for n, owner in self.owner_of.items() if owner == source and self.batch_of[n] == name)
        before = self.book.holdings
        try:
            held = self.book.held(source, name)
            legs = retire(held, name, source, units) if to == RETIRED else transfer(held, name, source, to, units)
            self.book.apply(legs)
        except RegistryError:
            assert source == to or units < 1 or units > len(mine)  # it may refuse only when it must
            assert self.book.holdings == before
        else:
            assert source != to
            assert 1 <= units <= len(mine)
            self.owner_of |= dict.fromkeys(mine[:units], to)  # lowest serial first

    @rule(first=st.integers(1, 30), size=st.integers(1, 6), source=st.sampled_from([*OWNERS, RETIRED, ISSUANCE]))
    def forge(self, first: int, size: int, source: str) -> None:
        """Legs nobody decided: allowed only where the source really holds all of it."""
        leg = Leg("B0", Interval(first, first + size), source, "mallory")
        legit = all(
            self.owner_of.get(n) == source and self.batch_of[n] == "B0" and source != RETIRED
            for n in range(first, first + size)
        )
        before = self.book.holdings
        if legit or (source == ISSUANCE and first > len(self.owner_of)):
            return
        with pytest.raises(RegistryError):
            self.book.apply([leg])
        assert self.book.holdings == before

    @rule(data=st.data())
    def half_wrong(self, data: st.DataObject) -> None:
        """Of two legs the second is impossible: the first must not stay."""
        if not self.book.holdings:
            return
        holding = data.draw(st.sampled_from(self.book.holdings))
        if holding.owner == RETIRED:
            return
        good = Leg(holding.batch, holding.serials, holding.owner, "mallory")
        before = self.book.holdings
        with pytest.raises(RegistryError):
            self.book.apply([good, good])
        assert self.book.holdings == before

    @invariant()
    def same_owners(self) -> None:
        spread = {n: h.owner for h in self.book.holdings for n in range(h.serials.first, h.serials.end)}
        assert spread == self.owner_of

    @invariant()
    def whole(self) -> None:
        assert ledger_faults(self.batches, self.book.holdings) == []


TestLedgers = Ledgers.TestCase


def hold(first: int, end: int, owner: str = "alice", batch: str = "B0") -> Holding:
    return Holding(Interval(first, end), batch, owner)


def test_lowest_serials_first_across_gaps():
    legs = transfer([hold(5, 8), hold(20, 30)], "B0", "alice", "bob", 5)
    assert [(leg.serials.first, leg.serials.end) for leg in legs] == [(5, 8), (20, 22)]


def test_a_cut_in_the_middle_leaves_both_ends():
    change = settle(Leg("B0", Interval(4, 6), "alice", "bob"), [hold(1, 11)])
    assert change.removed == (hold(1, 11),)
    assert set(change.added) == {hold(1, 4), hold(6, 11), hold(4, 6, "bob")}


def test_neighbours_join_on_both_sides():
    near = [hold(1, 4, "bob"), hold(4, 6), hold(6, 9, "bob")]
    change = settle(Leg("B0", Interval(4, 6), "alice", "bob"), near)
    assert change.added == (hold(1, 9, "bob"),)
    assert set(change.removed) == set(near)


def test_batches_never_join():
    near = [hold(1, 4, "bob", "B0"), hold(4, 6, "alice", "B1")]
    assert settle(Leg("B1", Interval(4, 6), "alice", "bob"), near).added == (hold(4, 6, "bob", "B1"),)


def test_refusals():
    with pytest.raises(InsufficientUnits) as refused:
        transfer([hold(1, 4)], "B0", "alice", "bob", 4)
    assert refused.value.facts == {"account": "alice", "batch": "B0", "asked": 4, "held": 3}
    for target in ("alice", RETIRED, ISSUANCE):
        with pytest.raises(RegistryError):
            transfer([hold(1, 4)], "B0", "alice", target, 1)
    with pytest.raises(RegistryError, match="for ever"):
        settle(Leg("B0", Interval(1, 2), RETIRED, "alice"), [hold(1, 2, RETIRED)])


def test_a_hundred_million_units_are_one_row():
    book = Book()
    book.apply(issue([Batch("B0", 2021, Interval(1, 100_000_001), CLAIM)], "alice"))
    assert book.holdings == (hold(1, 100_000_001),)


@pytest.mark.parametrize(("first", "end"), [(0, 1), (1, 1), (2, 1), (-5, 3), (1, 2**63)])
def test_impossible_intervals(first: int, end: int):
    with pytest.raises(DomainError):
        Interval(first, end)


def test_faults_are_found():
    batches = [Batch("B0", 2021, Interval(1, 11), CLAIM)]
    assert ledger_faults(batches, [hold(1, 11)]) == []
    assert "gap before 5-10" in " ".join(ledger_faults(batches, [hold(1, 4), hold(5, 11)]))
    assert "overlap before 3-10" in " ".join(ledger_faults(batches, [hold(1, 4), hold(3, 11, "bob")]))
    assert "9 units held, 10 issued" in " ".join(ledger_faults(batches, [hold(1, 10)]))
    assert "outside its batch" in " ".join(ledger_faults(batches, [hold(1, 12)]))
    assert "not joined" in " ".join(ledger_faults(batches, [hold(1, 4), hold(4, 11)]))
    assert "outside its batch" in " ".join(ledger_faults([], [hold(1, 4)]))
