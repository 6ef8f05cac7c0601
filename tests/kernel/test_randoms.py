"""Streams are named: the same name gives the same numbers, another name other ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.randoms import key64, stream

PATHS = st.lists(st.text(max_size=6) | st.integers(-(10**6), 10**6), max_size=4).map(tuple)


@given(PATHS, PATHS, st.integers(0, 2**64), st.integers(0, 2**64))
def test_different_names_have_different_keys(one, other, seed, other_seed):
    assert (key64(seed, *one) == key64(other_seed, *other)) == ((seed, one) == (other_seed, other))


def test_a_separator_inside_a_name_does_not_make_two_names():
    assert key64(0, "a\x1fstr:b") != key64(0, "a", "b")
    assert key64(0, "1") != key64(0, 1)
    assert key64(1, 1) != key64(11)


def test_a_whole_number_is_the_same_whatever_holds_it():
    assert key64(0, "block", np.int64(3)) == key64(0, "block", 3) == key64(np.int32(0), "block", np.uint8(3))


def test_no_collision_among_a_hundred_thousand_blocks():
    assert len({key64(20261122, "tree", block) for block in range(100_000)}) == 100_000


def test_a_stream_does_not_depend_on_who_asked_before():
    first = stream(7, "diameter", 17).standard_normal(5)
    stream(7, "diameter", 16).standard_normal(100)
    assert np.array_equal(stream(7, "diameter", 17).standard_normal(5), first)
    assert not np.array_equal(stream(7, "diameter", 18).standard_normal(5), first)


def test_streams_next_to_each_other_are_not_correlated():
    draws = np.array([stream(1, "x", block).standard_normal(2000) for block in range(20)])
    off_diagonal = np.corrcoef(draws)[~np.eye(20, dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(2000)
