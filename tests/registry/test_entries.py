"""A leaf has one spelling; everything else is refused without a crash."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.time import Period
from tanhui.registry.entries import decode_entry, encode_entry, entry_document, entry_from_dict, leaf_json
from tanhui.registry.model import (
    CANCELLED,
    ISSUANCE,
    KINDS,
    RETIRED,
    Account,
    AmountLeg,
    Approval,
    Asset,
    Cancellation,
    Declaration,
    Encumbrance,
    Interval,
    Issuance,
    JournalEntry,
    Key,
    Leg,
    Origin,
    Person,
    Piece,
    Place,
    Record,
    Resolution,
    Retirement,
    Ruling,
    Seal,
    Standing,
)
from tests.registry.evidence import at, without
from tests.registry.test_ledger import CLAIM

AT = "2026-11-22T08:00:00Z"
GONE = Retirement("R000003", "c", "voluntary", Period(date(2025, 1, 1), date(2026, 1, 1)))
SIGNED = Approval("Pa", "k", "ab" * 32, "c2lnbmF0dXJl")
LEG = Leg("B000001", Interval(1, 2**60), at("Aa"), at("Ab"))
LOCKED = Leg("B000001", Interval(1, 9), at("Aa"), at("Aa/E000003"))
PAID = AmountLeg("CNY", 2**61, at("Aa"), at("Ab"))
LIEN = Encumbrance("E000003", "lien", "Aa", "Ab", "Ac", 2, AT, "00" * 32, ("CNY", "points"))
ENTRIES = [
    JournalEntry(0, AT, "registry", Declaration("o/sandbox", True, ("key", "other"), 1, "Aa", "Pa")),
    JournalEntry(1, AT, "account", Account("Aa", "c")),
    JournalEntry(1, AT, "account", Account("Aa", "c", ("pledgee", "insurer"), "CN-HN"), by=(SIGNED,)),
    JournalEntry(1, AT, "standing", Standing("Aa", ())),
    JournalEntry(1, AT, "person", Person("Pa", "Aa", "c")),
    JournalEntry(1, AT, "person", Person("Pa", "Aa", "c", active=False)),
    JournalEntry(1, AT, "key", Key("k", "Pa", "AAAA")),
    JournalEntry(1, AT, "asset", Asset("CNY", "fen", "Aa")),
    JournalEntry(
        2,
        AT,
        "issue",
        Issuance(CLAIM, (Piece("B000001", 2021, Interval(1, 2)),)),
        (Leg("B000001", Interval(1, 2), Place(ISSUANCE), at("Aa")),),
    ),
    JournalEntry(
        2,
        AT,
        "import",
        Issuance(CLAIM, (Piece("B000001", 2021, Interval(1, 2)),), Origin("other.example", "E000007", Interval(5, 6))),
        (Leg("B000001", Interval(1, 2), Place(ISSUANCE), at("Aa")),),
    ),
    JournalEntry(3, AT, "transfer", legs=(LEG,), by=(Approval("Pa"), SIGNED)),
    JournalEntry(3, AT, "transfer", legs=(LEG,), amounts=(PAID,)),
    JournalEntry(3, AT, "reassign", Ruling("court", "ab" * 32), (LEG,)),
    JournalEntry(3, AT, "mint", amounts=(AmountLeg("CNY", 1, Place(ISSUANCE), at("Aa")),)),
    JournalEntry(3, AT, "redeem", amounts=(AmountLeg("CNY", 1, at("Aa"), Place(ISSUANCE)),)),
    JournalEntry(3, AT, "retire", GONE, (Leg("B000001", Interval(1, 2), at("Aa"), Place(RETIRED)),)),
    JournalEntry(
        3, AT, "cancel", Cancellation("C000003", "court"), (Leg("B1", Interval(1, 2), at("Aa"), at(CANCELLED)),)
    ),
    JournalEntry(3, AT, "lock", Encumbrance("E000003", "freeze", "Aa", ""), (LOCKED,)),
    JournalEntry(3, AT, "lock", LIEN, (LOCKED,), (AmountLeg("CNY", 1, at("Aa"), at("Aa/E000003")),)),
    JournalEntry(4, AT, "post", Resolution(("E000003", "E000004"), "ab" * 32), (LOCKED,)),
    JournalEntry(4, AT, "release", Resolution(("E000003",)), (LOCKED,)),
    JournalEntry(4, AT, "expire", Resolution(("E000003",)), (LOCKED,)),
    JournalEntry(5, AT, "record", Record("notice", "hunan-1", "ab" * 32)),
    JournalEntry(6, AT, "seal", Seal("ab" * 32)),
]
ISSUED = next(entry for entry in ENTRIES if entry.kind == "issue")
every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.kind)


def test_every_kind_is_here():
    assert {entry.kind for entry in ENTRIES} == {*KINDS}


@every_entry
def test_round_trip(entry: JournalEntry):
    assert decode_entry(encode_entry(entry)) == entry


@every_entry
def test_a_leaf_is_rfc_8785(entry: JournalEntry):
    assert encode_entry(entry) == rfc8785.dumps(entry_document(entry))


@every_entry
def test_no_number_in_a_leaf(entry: JournalEntry):
    def numbers(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(numbers, value.values()))
        if isinstance(value, list):
            return any(map(numbers, value))
        return not isinstance(value, (str, bool))

    assert not numbers(json.loads(encode_entry(entry)))


def defaults(noun: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place of an entry's document where something was left out, and what would stand there."""
    spelled = {"source": "from", "target": "to"}
    for field in fields(noun):
        value, name = getattr(noun, field.name), spelled.get(field.name, field.name)
        where = (*path, type(noun.noun).NAME if name == "noun" and noun.noun else name)
        if is_dataclass(value) and not isinstance(value, (Interval, Place, Period)):
            yield from defaults(value, where)
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            for number, inner in enumerate(value):
                yield from defaults(inner, (*where, number))
        elif value == field.default and value is not None:
            written = list(value) if isinstance(value, tuple) else value
            yield where, str(written) if type(written) is int else written


@every_entry
def test_a_spelled_out_default_is_refused(entry: JournalEntry):
    document = entry_document(entry)
    for path, value in defaults(entry):
        longer = copy.deepcopy(document)
        inner = longer
        for step in path[:-1]:
            inner = inner[step]
        assert path[-1] not in inner
        inner[path[-1]] = value
        with pytest.raises(IntegrityError):
            entry_from_dict(longer)


def test_defaults_were_really_looked_for():
    assert sum(1 for entry in ENTRIES for _ in defaults(entry)) > 40


@every_entry
def test_one_more_or_less_field_is_refused(entry: JournalEntry):
    whole = entry_document(entry)
    optional = {"legs", "amounts", "by"}
    for key in whole:
        if key in optional:
            assert entry_from_dict(without(whole, key)) != entry
        else:
            with pytest.raises(IntegrityError):
                entry_from_dict(without(whole, key))
    for more in ({"more": "x"}, {"noun": {}}, {"seal": {"state": "x"}, "kind": "transfer"}, {"by": None}):
        with pytest.raises(IntegrityError):
            entry_from_dict({**whole, **more})
    for other in (
        json.dumps(whole, indent=1).encode(),
        encode_entry(entry) + b" ",
        encode_entry(entry).decode().encode("utf-16"),
    ):
        with pytest.raises(IntegrityError):
            decode_entry(other)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("index",), 2),
        (("index",), "02"),
        (("index",), "²"),
        (("index",), "-2"),
        (("index",), "1" * 20),
        (("at",), "yesterday"),
        (("at",), f"{AT}\n"),
        (("kind",), ["issue"]),
        (("kind",), "transfer"),
        (("legs", 0, "serials"), "0-1"),
        (("legs", 0, "serials"), "2-1"),
        (("legs", 0, "serials"), "1-01"),
        (("legs", 0, "serials"), "1"),
        (("legs", 0, "serials"), f"1-{2**63}"),
        (("legs", 0, "to"), ["Aa"]),
        (("legs", 0), "1-1"),
        (("issuance", "claim", "project"), ["p"]),
        (("issuance", "claim", "sandbox"), "true"),
        (("issuance", "claim", "period"), []),
        (("issuance", "claim", "period"), ["2021-12-31", "2021-01-01"]),
        (("issuance", "claim", "period"), ["20210101", "20211231"]),
        (("issuance", "claim", "unit_kg"), "1e3"),
        (("issuance", "pieces", 0, "id"), {"x": "y"}),
    ],
)
def test_misspelt_values(place: tuple[Any, ...], value: Any):
    document = entry_document(ISSUED)
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
    assert canonical_bytes(entry_document(read)) == canonical_bytes(document)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(leaf: bytes):
    with pytest.raises(IntegrityError):
        decode_entry(leaf)


def mutated(leaf: bytes, dice: random.Random) -> bytes:
    """A leaf with a few bytes flipped, cut out, doubled or put in."""
    changed = bytearray(leaf)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0:
                changed[place : place + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[place : place + dice.randint(1, 20)]
            case 2:
                changed[place:place] = changed[place : place + dice.randint(1, 40)]
            case 3:
                changed[place:place] = dice.choice(
                    [b'"', b"{}", b"[", b"null", b"1", b"\\ud800", b"\xed\xa0\x80", b"\0"]
                )
            case _:
                changed[place : place + 1] = bytes([(changed[place : place + 1] or b"x")[0] ^ 1 << dice.randrange(8)])
    return bytes(changed)


@every_entry
def test_a_mutated_leaf_is_refused_or_another_entry(entry: JournalEntry):
    """A changed leaf may well be a well-formed one (an id is any text): then it is exactly what it is read as."""
    leaf, dice = encode_entry(entry), random.Random(8)
    for _ in range(400):
        changed = mutated(leaf, dice)
        try:
            read = decode_entry(changed)
        except IntegrityError:
            continue
        assert encode_entry(read) == changed
        assert (read == entry) == (changed == leaf)


def test_a_deep_leaf_does_not_exhaust_the_stack():
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(IntegrityError):
            decode_entry(opening * 100_000 + b"1" + closing * 100_000)
    with pytest.raises(IntegrityError):
        decode_entry(b'{"index":' + b"9" * 10_000 + b"}")


TEXTS = st.text() | st.sampled_from(["\u2028", "\x7f", '\x00\x1f\b\f\n\r\t"\\/', "𝄞", "\ufeff", "é", "e\u0301"])
DOCUMENTS = st.recursive(
    TEXTS | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_the_quick_spelling_is_rfc_8785(document: Any):
    """Against the reference library, for everything that may stand in a leaf."""
    assert leaf_json(document) == rfc8785.dumps(document)


@pytest.mark.parametrize("lone", ["\ud800", "a\udfff"])
def test_a_lone_surrogate_has_no_spelling(lone: str):
    for spell in (leaf_json, rfc8785.dumps):
        with pytest.raises(ValueError):
            spell([lone])
