"""Canonical JSON against the examples of RFC 8785, SHA-256 against those of FIPS 180-4."""

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.canonical import (
    SIGNIFICANT_DIGITS,
    canonical_bytes,
    digest,
    exact_json,
    file_digest,
    hash_json,
    readable_bytes,
    rounded,
)
from tanhui.kernel.errors import DomainError, IntegrityError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)

#: RFC 8785, appendix B: bits of an IEEE 754 double and its form.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "form"), NUMBERS)
def test_numbers_of_rfc8785_appendix_b(bits, form):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_bytes(value) == form.encode()


def test_example_of_rfc8785_section_3_2_2():
    source = r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
    expected = (
        r'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
    )
    assert canonical_bytes(json.loads(source)) == expected.encode()


def test_keys_are_sorted_by_utf16_as_in_rfc8785_section_3_2_3():
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_bytes(dict.fromkeys(names, 0)))) == expected


def test_a_large_double_keeps_its_name_after_json_was_read():
    assert canonical_bytes(json.loads(canonical_bytes({"x": 1e20}))) == b'{"x":100000000000000000000}'
    assert canonical_bytes(2**53) == b"9007199254740992"


@pytest.mark.parametrize("bad", [math.nan, math.inf, 2**53 + 1, 2**60, 10**21, {1: 2}, {"a": object()}, "\ud800"])
def test_what_json_cannot_say_is_refused(bad):
    with pytest.raises(DomainError) as refusal:
        canonical_bytes(bad)
    assert refusal.value.code == "canonical.not_json"


@given(JSON)
def test_round_trip_keeps_the_document_and_its_name(document):
    written = canonical_bytes(document)
    assert canonical_bytes(json.loads(written)) == written
    # Every number of JSON is a double: Python alone reads a long one as an integer.
    assert json.loads(written, parse_int=float) == document


@given(st.dictionaries(st.text(), st.integers(0, 9), max_size=6))
def test_order_of_keys_does_not_matter(document):
    assert hash_json(dict(reversed(document.items()))) == hash_json(document)


@pytest.mark.parametrize(
    ("message", "expected"),
    [  # FIPS 180-4 examples
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ],
)
def test_sha256(message, expected, tmp_path: Path):
    (tmp_path / "file").write_bytes(message)
    assert digest(message) == file_digest(tmp_path / "file") == expected


@given(FINITE)
def test_rounded_is_idempotent_and_close(value):
    once = rounded(value)
    assert rounded(once) == once
    assert once == pytest.approx(value, rel=10.0 ** (1 - SIGNIFICANT_DIGITS), abs=5e-324)


def test_rounded_goes_into_everything_and_drops_what_json_has_no_word_for():
    document = {"a": (1 / 3, math.nan), 2: np.float64(2 / 3), "n": np.array([1, 2]), "t": True, "s": "x", "i": 7}
    expected = {"a": [0.333333333333, None], "2": 0.666666666667, "n": [1, 2], "t": True, "s": "x", "i": 7}
    assert rounded(document) == expected
    assert rounded([]) == []


def test_a_difference_in_the_last_bit_has_one_name():
    assert hash_json(rounded(0.1 + 0.2)) == hash_json(rounded(0.3))


@given(JSON)
def test_a_file_of_ours_is_read_only_as_we_wrote_it(document):
    # Every number of JSON is a double, so the canonical spelling of a large one is read as an integer.
    assert canonical_bytes(exact_json(canonical_bytes(document))) == canonical_bytes(document)
    assert canonical_bytes(exact_json(readable_bytes(document))) == canonical_bytes(document)


@pytest.mark.parametrize(
    "data", [b"", b"{", b" {}", b"{}\n\n", b'{"b":1,"a":2}', b"1.0", b"NaN", b"\xff", b"[" * 10**5]
)
def test_any_other_byte_is_refused(data):
    with pytest.raises(IntegrityError):
        exact_json(data)
