"""Corresponding adjustments: once for each unit, and the sums close."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, InputError
from tanhui.registry.foreign import AdjustmentBook, FirstTransfer, UndpSerial
from tanhui.registry.foreign.article6 import ItmoUse


def itmo(first: int = 1, last: int = 100, project: str = "1") -> UndpSerial:
    return UndpSerial.parse(f"CA0001-KE-KE-{project}-{first}-{last}-2026")


def transfer(id: str = "t1", first: int = 1, last: int = 100) -> FirstTransfer:
    return FirstTransfer(id, itmo(first, last), "AUTH", "CH", "ndc", date(2026, 11, 22))


def code(call) -> str:
    with pytest.raises(DomainError) as refused:
        call()
    assert "{" not in refused.value.text("zh")
    return refused.value.code


def test_the_transferring_party_adds_and_the_using_party_subtracts():
    book = AdjustmentBook().first_transfer(transfer()).use(ItmoUse("u1", itmo(1, 60), "CH"))
    assert (book.balance("KE"), book.balance("CH")) == (100, -60)


def test_again_changes_nothing_and_twice_is_refused():
    book = AdjustmentBook().first_transfer(transfer()).use(ItmoUse("u1", itmo(1, 60), "CH"))
    assert book.first_transfer(transfer()) == book
    assert book.use(ItmoUse("u1", itmo(1, 60), "CH")) == book
    assert code(lambda: book.first_transfer(transfer("t2", 100, 200))) == "foreign.adjusted_twice"
    assert code(lambda: book.first_transfer(transfer("t1", 101, 200))) == "foreign.id_reused"
    assert code(lambda: book.use(ItmoUse("u2", itmo(60, 61), "CH"))) == "foreign.used_twice"
    assert code(lambda: book.use(ItmoUse("u1", itmo(1, 60), "SE"))) == "foreign.id_reused"


def test_what_was_never_transferred_is_not_used():
    book = AdjustmentBook().first_transfer(transfer("t1", 1, 50)).first_transfer(transfer("t2", 51, 100))
    assert book.use(ItmoUse("u1", itmo(40, 60), "CH")).balance("CH") == -21
    assert code(lambda: book.use(ItmoUse("u1", itmo(90, 101), "CH"))) == "foreign.used_before_transfer"
    assert code(lambda: book.use(ItmoUse("u1", itmo(1, 2, "2"), "CH"))) == "foreign.used_before_transfer"


def test_the_purpose_is_one_of_three():
    with pytest.raises(InputError, match="purpose"):
        FirstTransfer("t", itmo(), "A", "CH", "gift", date(2026, 1, 1))  # type: ignore[arg-type]


events = st.lists(st.tuples(st.booleans(), st.integers(1, 40), st.integers(0, 10), st.integers(0, 5)), max_size=20)


@given(events)
def test_each_unit_is_added_and_subtracted_at_most_once(events):
    book, added, used, ids = AdjustmentBook(), set(), set(), {}
    for is_transfer, first, more, number in events:
        units = set(range(first, first + more + 1))
        id = f"{'t' if is_transfer else 'u'}{number}"
        event = transfer(id, first, first + more) if is_transfer else ItmoUse(id, itmo(first, first + more), "CH")
        try:
            book = book.first_transfer(event) if is_transfer else book.use(event)
        except DomainError:
            continue
        assert ids.setdefault(id, units) == units
        (added if is_transfer else used).update(units)
    assert used <= added
    assert (book.balance("KE"), book.balance("CH")) == (len(added), -len(used))
