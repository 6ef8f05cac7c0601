"""Bits and elementary functions: published vectors, the C library, and the statistics of what comes out."""

import numpy as np
import pytest
from numba import njit
from scipy import special, stats

from tanhui.kernel.randoms import key64
from tanhui.mrv.uncertainty import kernel, numerics


def mapped(function):
    @njit(error_model="numpy")
    def loop(out, values):
        for j in range(values.size):
            out[j] = function(values[j])

    def apply(values):
        out = np.empty(len(values))
        loop(out, values)
        return out

    return apply


@njit
def block(counter, key):
    return numerics.philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        # Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_published_words(counter, key, words):
    found = block(np.array(counter, np.uint64), np.array(key, np.uint64))
    assert " ".join(f"{int(word):08x}" for word in found) == words


def test_functions_agree_with_the_c_library():
    rng = np.random.default_rng(0)
    positive = 10.0 ** rng.uniform(-12, 12, 5000)
    assert mapped(numerics.ln)(positive) == pytest.approx(np.log(positive), rel=2e-11, abs=1e-12)
    powers = rng.uniform(-600, 600, 5000)
    assert mapped(numerics.exp)(powers) == pytest.approx(np.exp(powers), rel=1e-11)
    assert mapped(numerics.exp)(np.array([-1e9, 1e9])) == pytest.approx([np.exp(-700), np.exp(700)])
    p = np.concatenate(
        [rng.uniform(0, 1, 5000), 10.0 ** rng.uniform(-10, -1, 500), 1 - 10.0 ** rng.uniform(-10, -1, 500)]
    )
    # AS 241 PPND7 promises about one part in ten million.
    assert mapped(numerics.normal_quantile)(p) == pytest.approx(special.ndtri(p), rel=3e-7, abs=3e-8)


def test_uniform_is_the_midpoint_of_its_cell():
    words = np.array([0, 16, 2**32 - 1], np.uint64)
    assert mapped(numerics.uniform)(words) * 2**28 == pytest.approx([0.5, 1.5, 2**28 - 0.5], abs=1e-6)


def normals(rows, draws, seed=0):
    out = np.empty((rows, draws))
    for row in range(rows):
        kernel.shared_normals(np.uint64(key64(seed, "test", row)), 0, 0, out[row])
    return out


def test_normals_have_the_moments_and_tails_of_normals():
    z = normals(1, 2_000_000)[0]
    n = len(z)
    # six standard errors of each moment of a normal sample
    assert abs(z.mean()) < 6 / np.sqrt(n)
    assert abs(z.var() - 1) < 6 * np.sqrt(2 / n)
    assert abs((z**3).mean()) < 6 * np.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 6 * np.sqrt(96 / n)
    for limit in (3.0, 4.0, 4.75):
        expected = 2 * special.ndtr(-limit) * n
        assert abs((np.abs(z) > limit).sum() - expected) < 6 * np.sqrt(expected)
    assert stats.kstest(z[:200_000], "norm").pvalue > 1e-4


def test_streams_are_independent_of_each_other_and_of_their_own_past():
    z = normals(40, 20_000)
    correlation = np.corrcoef(z)[np.triu_indices(40, 1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(20_000)
    for lag in (1, 2, 7, 256):
        assert abs((z[:, lag:] * z[:, :-lag]).mean()) < 6 / np.sqrt(40 * 20_000)


@njit
def words_of(number, draws, out):
    for j in range(draws):
        a, b, c, d = numerics.philox(np.uint64(j), number, np.uint64(0), np.uint64(0), np.uint64(7), np.uint64(9))
        out[0, j], out[1, j], out[2, j], out[3, j] = a, b, c, d


def test_every_bit_and_every_nibble_is_even():
    out = np.empty((4, 100_000), np.uint64)
    words_of(np.uint64(3), 100_000, out)
    for bit in range(32):
        ones = ((out >> np.uint64(bit)) & np.uint64(1)).sum(axis=1)
        assert np.abs(ones.astype(float) - 50_000).max() < 6 * np.sqrt(25_000)
    # the low nibbles of the four words choose the diameter's component, the rest the four sizes: no relation
    nibbles = (out & np.uint64(15)).astype(float)
    rest = (out >> np.uint64(4)).astype(float)
    correlation = np.corrcoef(np.concatenate([nibbles, rest]))[np.triu_indices(8, 1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(100_000)
    counts = np.bincount(nibbles.ravel().astype(int), minlength=16)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_neighbouring_trees_have_unrelated_words():
    rows = np.empty((30, 20_000))
    out = np.empty((4, 20_000), np.uint64)
    for tree in range(30):
        words_of(np.uint64(tree), 20_000, out)
        rows[tree] = out[0]
    correlation = np.corrcoef(rows)[np.triu_indices(30, 1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(20_000)
