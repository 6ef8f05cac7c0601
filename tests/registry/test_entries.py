"""A leaf has one spelling; everything else is refused without a crash."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.time import Period
from tanhui.registry.entries import decode_entry, encode_entry, entry_from_dict
from tanhui.registry.ledger import issue
from tanhui.registry.model import RETIRED, Account, Batch, Declaration, Interval, JournalEntry, Leg, Retirement
from tests.registry.test_ledger import CLAIM

AT = "2026-11-22T08:00:00Z"
BATCH = Batch("B000001", 2021, Interval(1, 2), CLAIM)
GONE = Retirement(
    "R000003", "Aa", "B000001", (Interval(1, 2),), "c", "voluntary", Period(date(2025, 1, 1), date(2026, 1, 1))
)
ENTRIES = [
    JournalEntry(0, AT, "registry", registry=Declaration("o/sandbox", True, "key")),
    JournalEntry(1, AT, "account", account=Account("Aa", "c")),
    JournalEntry(2, AT, "issue", issue([BATCH], "Aa"), claim=CLAIM, batches=(BATCH,)),
    JournalEntry(3, AT, "transfer", (Leg("B000001", Interval(1, 2**60), "Aa", "Ab"),)),
    JournalEntry(3, AT, "retire", (Leg("B000001", Interval(1, 2), "Aa", RETIRED),), retirement=GONE),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.kind)
def test_round_trip(entry: JournalEntry):
    assert decode_entry(encode_entry(entry)) == entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.kind)
def test_no_number_in_a_leaf(entry: JournalEntry):
    def numbers(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(numbers, value.values()))
        if isinstance(value, list):
            return any(map(numbers, value))
        return not isinstance(value, (str, bool))

    assert not numbers(json.loads(encode_entry(entry)))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.kind)
def test_one_more_or_less_field_is_refused(entry: JournalEntry):
    whole = entry.to_dict()
    for key in whole:
        with pytest.raises(IntegrityError):
            entry_from_dict({name: value for name, value in whole.items() if name != key})
    with pytest.raises(IntegrityError):
        entry_from_dict({**whole, "more": "x"})
    with pytest.raises(IntegrityError):
        decode_entry(json.dumps(whole, indent=1).encode())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("index",), 2),
        (("index",), "02"),
        (("index",), "²"),
        (("at",), "yesterday"),
        (("kind",), ["issue"]),
        (("legs", 0, "first"), "0"),
        (("legs", 0, "end"), "1"),
        (("legs", 0, "end"), str(2**63)),
        (("claim", "project"), ["p"]),
        (("claim", "sandbox"), "true"),
        (("claim", "period"), []),
        (("claim", "period"), ["2021-12-31", "2021-01-01"]),
        (("claim", "unit_kg"), "1e3"),
        (("batches", 0, "id"), {"x": "y"}),
    ],
)
def test_misspelt_values(place: tuple[Any, ...], value: Any):
    document = ENTRIES[2].to_dict()
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(IntegrityError):
        entry_from_dict(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(ENTRIES), st.data())
def test_any_json_in_any_place_is_refused_or_the_same(entry: JournalEntry, data: st.DataObject):
    document = json.loads(encode_entry(entry))
    key = data.draw(st.sampled_from(sorted(document)))
    document[key] = data.draw(JSON)
    try:
        read = entry_from_dict(document)
    except IntegrityError:
        return
    assert canonical_bytes(read.to_dict()) == canonical_bytes(document)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(leaf: bytes):
    with pytest.raises(IntegrityError):
        decode_entry(leaf)
