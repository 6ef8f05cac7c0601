"""The draw: stated probabilities against frequencies, and what it says of all sites against hand calculation."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.projects.audit.sample import Site, allocate, draw_sites, drawn_sites, extrapolate, inclusion, sites_wanted

SITES = [
    Site("a1", "A", 5.0),
    Site("a2", "A", 1.0, risk=4.0),
    Site("a3", "A", 2.0),
    Site("a4", "A", 0.0),
    Site("a5", "A", 3.0),
    Site("b1", "B", 40.0),
    Site("b2", "B", 2.5, risk=2.0),
    Site("b3", "B", 4.0),
    Site("b4", "B", 1.0),
    Site("c1", "C", 0.5),
    Site("c2", "C", 0.7),
]
DRAWS = 20_000


def test_probabilities_by_hand():
    # In proportion: 2 x 1/10 … 2 x 4/10. A site of ten in twelve is certain, the others share what is left.
    assert inclusion([1, 2, 3, 4], 2) == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert inclusion([10, 1, 1], 2) == pytest.approx([1, 0.5, 0.5])
    assert inclusion([10, 5, 1, 1], 3) == pytest.approx([1, 1, 0.5, 0.5])
    assert inclusion([3, 3], 2) == pytest.approx([1, 1])


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=40), st.data())
def test_probabilities_add_up_to_the_count(sizes: list[float], data: st.DataObject):
    count = data.draw(st.integers(0, len(sizes)))
    found = inclusion(sizes, count)
    assert found.sum() == pytest.approx(count)
    assert ((found >= 0) & (found <= 1 + 1e-9)).all()
    order = np.argsort(sizes, kind="stable")
    assert (np.diff(found[order]) >= -1e-9).all()  # a larger site is no less likely


def test_twenty_thousand_draws_have_the_stated_probabilities():
    stated: dict[str, float] = {}
    hits = dict.fromkeys((one.id for one in SITES), 0)
    for seed in range(DRAWS):
        draw = draw_sites(SITES, 6, seed, "test")
        assert len(draw.sites) == 6
        for one in draw.sites:
            hits[one.id] += 1
            stated[one.id] = one.probability
    assert {one.stratum for one in draw.sites} == {"A", "B", "C"}
    for name, count in hits.items():
        p = stated.get(name, 0.0)
        if p >= 1 - 1e-9:
            assert count == DRAWS
        else:
            assert abs(count - DRAWS * p) <= 4.5 * np.sqrt(DRAWS * p * (1 - p)) + 1


def test_a_draw_does_not_depend_on_the_order_of_the_list():
    for seed in range(50):
        shuffled = random.Random(seed).sample(SITES, len(SITES))
        assert draw_sites(SITES, 5, seed, "x") == draw_sites(shuffled, 5, seed, "x")
    several = {tuple(one.id for one in draw_sites(SITES, 5, seed, "x").sites) for seed in range(50)}
    assert len(several) > 5
    assert draw_sites(SITES, 5, 1, "x") != draw_sites(SITES, 5, 1, "y") or draw_sites(SITES, 5, 2, "x") != draw_sites(
        SITES, 5, 2, "y"
    )


def test_one_of_each_stratum_and_the_rest_by_size():
    assert allocate({"A": 70.0, "B": 20.0, "C": 10.0}, {"A": 9, "B": 9, "C": 9}, 10) == {"A": 7, "B": 2, "C": 1}
    assert allocate({"A": 99.0, "B": 1.0}, {"A": 2, "B": 9}, 5) == {"A": 2, "B": 3}
    assert allocate({"A": 0.0, "B": 0.0}, {"A": 1, "B": 1}, 2) == {"A": 1, "B": 1}


def test_how_many_sites():
    # By the data: a tenth, five at least, one a stratum, no more than there are.
    assert sites_wanted(200, 4) == 20
    assert sites_wanted(36, 4) == 5
    assert sites_wanted(36, 8) == 8
    assert sites_wanted(3, 1) == 3


def test_extrapolation_by_hand():
    # Two of four with p = 1/2: (1 + 3) / 0.5 = 8; var = 2/1 x 0.5 x ((2 - 4)^2 + (6 - 4)^2) = 8.
    found = extrapolate([1.0, 3.0], [0.5, 0.5], ["A", "A"])
    assert (found.value, found.variance, found.df) == (8.0, 8.0, 1)
    # What is certain adds its value and no variance.
    more = extrapolate([1.0, 3.0, 7.0], [0.5, 0.5, 1.0], ["A", "A", "B"])
    assert (more.value, more.variance) == (15.0, 8.0)
    # Two strata with one site each: put together.
    apart = extrapolate([1.0, 3.0], [0.5, 0.5], ["A", "B"])
    assert (apart.value, apart.variance) == (8.0, 8.0)
    # One alone: (1 - p) (y / p)^2 = 0.5 x 36.
    assert extrapolate([3.0], [0.5], ["A"]).variance == 18.0


def test_extrapolation_is_unbiased_and_its_variance_about_right():
    rng = np.random.default_rng(3)
    sites = [Site(f"p{k:02d}", "A", float(size)) for k, size in enumerate(rng.gamma(4, 5, 40))]
    truth = {one.id: one.size * 0.1 + rng.normal(0, 1.5) for one in sites}
    totals, variances = [], []
    for seed in range(3000):
        draw = draw_sites(sites, 8, seed, "test")
        found = extrapolate([truth[s.id] for s in draw.sites], [s.probability for s in draw.sites], ["A"] * 8)
        totals.append(found.value)
        variances.append(found.variance)
    assert np.mean(totals) == pytest.approx(sum(truth.values()), abs=4 * np.std(totals) / np.sqrt(len(totals)))
    assert np.mean(variances) == pytest.approx(np.var(totals), rel=0.15)


@pytest.mark.parametrize(
    "sites", [[], [Site("a", "A", 1.0), Site("a", "A", 2.0)], [Site("a", "A", float("nan")), Site("b", "A", 1.0)]]
)
def test_what_cannot_be_drawn_from_is_refused(sites: list[Site]):
    with pytest.raises(DomainError):
        draw_sites(sites, 1, 0)
    with pytest.raises(DomainError):
        draw_sites(SITES, 99, 0)


def test_two_draws_give_two_chances():
    one = {"drawn": ["a", "b"], "strata": ["A", "A"], "probabilities": [0.5, 1.0]}
    two = {"drawn": ["a"], "strata": ["A"], "probabilities": [0.2]}
    assert drawn_sites([one, two]) == {"a": ("A", pytest.approx(0.6)), "b": ("A", 1.0)}
