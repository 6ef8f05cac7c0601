"""The interval arithmetic against a ledger that knows every single unit by its number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.registry.errors import InsufficientUnits, RegistryError
from tanhui.registry.ledger import ledger_faults, move, move_amount, settle, take
from tanhui.registry.model import (
    CANCELLED,
    EXPORTED,
    ISSUANCE,
    RETIRED,
    AmountLeg,
    Batch,
    Holding,
    Interval,
    IssuedClaim,
    Leg,
    Place,
)
from tanhui.registry.shelves import Book, Undo
from tanhui.registry.state import State
from tests.registry.evidence import at

CLAIM = IssuedClaim(
    project="p",
    region="CN-HN",
    product="removal",
    unit_kg=1000,
    method="m",
    kind="removal",
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
#: Owners, some of them with an encumbrance on what they hold.
PLACES = ["alice", "bob", "carol", "alice/E1", "alice/E0/E1", "bob/E2"]


class Ledgers(RuleBasedStateMachine):
    """The same acts on a :class:`State` and on a dictionary from serial to place."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.batches: list[Batch] = []
        self.place_of: dict[int, str] = {}
        self.batch_of: dict[int, str] = {}

    @property
    def holdings(self) -> list[Holding]:
        return self.state.book.holdings()

    @rule(owner=st.sampled_from(PLACES[:3]), size=st.integers(1, 9))
    def issue(self, owner: str, size: int) -> None:
        first = len(self.place_of) + 1
        batch = Batch(f"B{len(self.batches)}", 2021, Interval(first, first + size), CLAIM)
        move(self.state, [Leg(batch.id, batch.serials, Place(ISSUANCE), at(owner))])
        self.batches.append(batch)
        self.place_of |= dict.fromkeys(range(first, first + size), owner)
        self.batch_of |= dict.fromkeys(range(first, first + size), batch.id)

    @rule(
        source=st.sampled_from(PLACES),
        to=st.sampled_from([*PLACES, RETIRED]),
        batch=st.integers(0, 3),
        units=st.integers(-1, 9),
    )
    def shift(self, source: str, to: str, batch: int, units: int) -> None:
        if source == to:
            return  # no act does that
        name = f"B{batch}"
        mine = sorted(n for n, place in self.place_of.items() if place == source and self.batch_of[n] == name)
        held = [holding for holding in self.holdings if holding.batch == name and str(holding.place) == source]
        try:
            legs = [Leg(name, serials, where, at(to)) for serials, where in take(held, name, source, units)]
        except RegistryError:
            assert units < 1 or units > len(mine)  # it may refuse only when it must
        else:
            assert 1 <= units <= len(mine)
            move(self.state, legs)
            self.place_of |= dict.fromkeys(mine[:units], to)  # lowest serial first

    @rule(owner=st.sampled_from(PLACES[:3]), batch=st.integers(0, 3), units=st.integers(1, 9))
    def look_for_free(self, owner: str, batch: int, units: int) -> None:
        """The book's own index of free pieces knows what a search over all of them finds."""
        found = self.state.book.free(owner, f"B{batch}", units)
        free = [h for h in self.holdings if (str(h.place), h.batch) == (owner, f"B{batch}")]
        assert found == free[: len(found)]
        assert sum(h.serials.units for h in found) >= units or found == free

    @rule(lock=st.sampled_from(["E0", "E1", "E2"]))
    def look_under(self, lock: str) -> None:
        assert self.state.book.under(lock) == [h for h in self.holdings if lock in h.place.locks]

    @rule(first=st.integers(1, 30), size=st.integers(1, 6), source=st.sampled_from([*PLACES, RETIRED, ISSUANCE]))
    def forge(self, first: int, size: int, source: str) -> None:
        """Legs nobody decided: allowed only where the source really holds all of it."""
        leg = Leg("B0", Interval(first, first + size), at(source), Place("mallory"))
        legit = all(
            self.place_of.get(n) == source and self.batch_of[n] == "B0" and source != RETIRED
            for n in range(first, first + size)
        )
        before = self.holdings
        if legit or (source == ISSUANCE and first > len(self.place_of)):
            return
        with pytest.raises(RegistryError):
            move(self.state, [leg])
        assert self.holdings == before

    @rule(data=st.data())
    def half_wrong(self, data: st.DataObject) -> None:
        """Of two legs the second is impossible: what the first did can be taken back."""
        movable = [holding for holding in self.holdings if holding.owner != RETIRED]
        if not movable:
            return
        holding = data.draw(st.sampled_from(movable))
        good = Leg(holding.batch, holding.serials, holding.place, Place("mallory"))
        before, mark = self.holdings, self.state.undo.mark()
        with pytest.raises(RegistryError):
            move(self.state, [good, good])
        self.state.undo.back_to(mark)
        assert self.holdings == before

    @invariant()
    def same_places(self) -> None:
        spread = {n: str(h.place) for h in self.holdings for n in range(h.serials.first, h.serials.end)}
        assert spread == self.place_of

    @invariant()
    def whole(self) -> None:
        assert ledger_faults(self.batches, self.holdings) == []


TestLedgers = Ledgers.TestCase


class Rows:
    """A source of holdings that never changes, as one transaction sees the database."""

    def __init__(self, rows: Iterable[Holding]) -> None:
        self.rows, self.asked = list(rows), 0

    def near(self, serials: Interval) -> list[Holding]:
        self.asked += 1
        return [h for h in self.rows if h.serials.end >= serials.first and h.serials.first <= serials.end]

    def free(self, owner: str, batch: str, after: int) -> list[Holding]:
        self.asked += 1
        found = [h for h in self.rows if (str(h.place), h.batch) == (owner, batch) and h.serials.first > after]
        return found[:2]  # a few at a time, as the database gives them

    def under(self, lock: str) -> list[Holding]:
        self.asked += 1
        return [h for h in self.rows if lock in h.place.locks]


class LazyBooks(RuleBasedStateMachine):
    """A book that reads as it goes agrees with one that has everything, after any acts, across any transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.whole, self.undo = Book(Undo()), Undo()
        for number in range(12):
            piece = Interval(1 + 5 * number, 6 + 5 * number)
            place = at(PLACES[number % len(PLACES)] if number % 2 else "alice")
            settle(self.whole, Leg("B0", piece, Place(ISSUANCE), place))
        self.rows = Rows(self.whole.holdings())
        self.lazy = Book(self.undo, self.rows)
        self.written = {h.serials.first: h for h in self.rows.rows}

    @rule(source=st.sampled_from(PLACES), to=st.sampled_from(PLACES), units=st.integers(1, 70))
    def shift(self, source: str, to: str, units: int) -> None:
        if source == to:
            return  # no act does that
        owner, *locks = source.split("/")
        found = [book.under(locks[-1]) if locks else book.free(owner, "B0", units) for book in (self.whole, self.lazy)]
        assert found[0] == found[1][: len(found[0])]
        held = [holding for holding in found[0] if str(holding.place) == source]
        have = sum(holding.serials.units for holding in held)
        if not have or (units > have and units % 2):
            return  # an act that is refused after it has looked
        for serials, where in list(take(held, "B0", source, min(units, have))):
            for book in (self.whole, self.lazy):
                settle(book, Leg("B0", serials, where, at(to)))

    @rule(first=st.integers(1, 60), size=st.integers(1, 12))
    def look(self, first: int, size: int) -> None:
        piece = Interval(first, min(first + size, 61))
        assert self.whole.near(piece) == self.lazy.near(piece)

    @rule()
    def commit(self) -> None:
        """The changes are written, and the next transaction reads what they left."""
        for first, old, new in self.lazy.take_changes():
            assert self.written.get(first) == old
            if new is None:
                del self.written[first]
            else:
                self.written[first] = new
        self.undo.forget()
        self.rows.rows = sorted(self.written.values(), key=lambda holding: holding.serials)
        assert self.rows.rows == self.whole.holdings()


TestLazyBooks = LazyBooks.TestCase


def hold(first: int, end: int, place: str = "alice", batch: str = "B0") -> Holding:
    return Holding(Interval(first, end), batch, at(place))


def book_of(*holdings: Holding) -> Book:
    book = Book(Undo())
    book.replace((), holdings)
    return book


def leg(first: int, end: int, source: str = "alice", target: str = "bob", batch: str = "B0") -> Leg:
    return Leg(batch, Interval(first, end), at(source), at(target))


def test_lowest_serials_first_across_gaps():
    taken = take([hold(5, 8), hold(20, 30)], "B0", "alice", 5)
    assert [(serials.first, serials.end) for serials, _ in taken] == [(5, 8), (20, 22)]


def test_no_more_is_read_than_needed():
    def pieces() -> Iterable[Holding]:
        yield hold(1, 4)
        raise AssertionError("one piece was enough")

    assert list(take(pieces(), "B0", "alice", 3)) == [(Interval(1, 4), at("alice"))]


def test_a_cut_in_the_middle_leaves_both_ends():
    book = book_of(hold(1, 11))
    settle(book, leg(4, 6))
    assert book.holdings() == [hold(1, 4), hold(4, 6, "bob"), hold(6, 11)]


def test_neighbours_join_on_both_sides():
    book = book_of(hold(1, 4, "bob"), hold(4, 6), hold(6, 9, "bob"))
    settle(book, leg(4, 6))
    assert book.holdings() == [hold(1, 9, "bob")]


def test_batches_and_encumbrances_never_join():
    book = book_of(hold(1, 4, "bob", "B0"), hold(4, 6, "alice", "B1"), hold(6, 9, "bob/E1", "B1"))
    settle(book, leg(4, 6, batch="B1"))
    assert book.holdings() == [hold(1, 4, "bob"), hold(4, 6, "bob", "B1"), hold(6, 9, "bob/E1", "B1")]


def test_refusals():
    with pytest.raises(InsufficientUnits) as refused:
        list(take([hold(1, 4)], "B0", "alice", 4))
    assert refused.value.facts == {"account": "alice", "batch": "B0", "asked": 4, "held": 3}
    for units in (0, -1):
        with pytest.raises(RegistryError) as wrong:
            list(take([hold(1, 4)], "B0", "alice", units))
        assert wrong.value.code == "registry.nothing_to_move"
    for end in (RETIRED, CANCELLED):
        with pytest.raises(RegistryError) as final:
            settle(book_of(hold(1, 2, end)), leg(1, 2, end))
        assert final.value.code == "registry.final"
    for wrong_leg in (leg(1, 3, "alice/E1"), leg(1, 5), leg(1, 3, batch="B1"), leg(1, 3, EXPORTED), leg(9, 10)):
        with pytest.raises(RegistryError) as not_held:
            settle(book_of(hold(1, 4)), wrong_leg)
        assert not_held.value.code == "registry.not_held"
    with pytest.raises(RegistryError) as issued:
        settle(book_of(hold(1, 4)), leg(3, 9, ISSUANCE))
    assert issued.value.code == "registry.already_issued"


def test_a_hundred_million_units_are_one_row():
    book = book_of()
    settle(book, leg(1, 100_000_001, ISSUANCE, "alice"))
    assert book.holdings() == [hold(1, 100_000_001)]


@pytest.mark.parametrize(("first", "end"), [(0, 1), (1, 1), (2, 1), (-5, 3), (1, 2**63)])
def test_impossible_intervals(first: int, end: int):
    with pytest.raises(DomainError):
        Interval(first, end)


def test_faults_are_found():
    batches = [Batch("B0", 2021, Interval(1, 11), CLAIM)]
    assert ledger_faults(batches, [hold(1, 11)]) == []
    assert "gap before 5-10" in " ".join(ledger_faults(batches, [hold(1, 4), hold(5, 11)]))
    assert "overlap before 3-10" in " ".join(ledger_faults(batches, [hold(1, 4), hold(3, 11, "bob")]))
    assert "units held are not the units issued" in " ".join(ledger_faults(batches, [hold(1, 10)]))
    assert "not of batch" in " ".join(ledger_faults(batches, [hold(1, 12)]))
    assert "not joined" in " ".join(ledger_faults(batches, [hold(1, 4), hold(4, 11)]))
    assert ledger_faults(batches, [hold(1, 4), hold(4, 11, "alice/E1")]) == []
    assert "not of batch" in " ".join(ledger_faults([], [hold(1, 4)]))


def test_amounts_come_from_an_issuer_and_add_up_to_nothing():
    state = State()

    def pay(much: int, source: str, target: str) -> None:
        move_amount(state, AmountLeg("CNY", much, at(source), at(target)))

    pay(100, ISSUANCE, "alice")
    pay(30, "alice", "bob")
    pay(20, "alice", "alice/E1")
    assert {str(where): much for (_, where), much in state.amounts.items()} == {
        ISSUANCE: -100,
        "alice": 50,
        "bob": 30,
        "alice/E1": 20,
    }
    for much, source in ((51, "alice"), (1, "carol"), (21, "alice/E1"), (0, "alice"), (-5, "alice")):
        with pytest.raises(RegistryError):
            pay(much, source, "bob")
    pay(50, "alice", ISSUANCE)
    assert state.amounts.get(("CNY", at("alice"))) is None
    assert sum(much for _, much in state.amounts.items()) == 0


def test_a_neighbour_in_memory_does_not_hide_the_first_piece_of_the_line():
    whole = Book(Undo())
    for first, owner in ((1, "alice"), (6, "bob")):
        settle(whole, Leg("B0", Interval(first, first + 5), Place(ISSUANCE), at(owner)))
    lazy = Book(Undo(), Rows(whole.holdings()))
    lazy.near(Interval(7, 8))  # bob's piece is read
    assert lazy.near(Interval(1, 6)) == whole.near(Interval(1, 6))
