"""Stepping: the same as by hand, carbon closes on any input, order and chunks change no bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.sinks.engine import Disturbance, Events, Flux, Model, Operation, Pool, Stands, run, stepping
from tests.sinks.engine.models import POOLS, cut_at, forest, plain, stands

EVENTS = (
    (0, 3, "fire"),
    (1, 10, "thinning"),
    (1, 10, "clearcut"),
    (3, 0, "clearcut"),
    (3, 40, "fire"),
    (5, 59, "fire"),
)


def test_a_stand_is_the_one_computed_by_hand():
    seven = stands(7)
    result = run(forest(), seven, 60, cut_at(7, *EVENTS))
    for i in range(7):
        events: dict[int, list[str]] = {}
        for stand, step, kind in EVENTS:
            if stand == i:
                events.setdefault(step, []).append(kind)
        by_hand = plain(seven, i, 60, events)
        np.testing.assert_allclose(result.state[i], [by_hand[pool] for pool in POOLS], rtol=1e-11, atol=1e-11)


def test_age_is_that_since_the_last_disturbance():
    result = run(forest(), replace(stands(7), age=20), 60, cut_at(7, *EVENTS))
    assert result.age.tolist() == [57, 50, 80, 20, 80, 1, 80]


def test_fluxes_say_who_gave_to_whom():
    """A tonne of growth, of which a half is shed and nothing decays."""
    model = Model(
        "two",
        (Pool("air", outside=True), Pool("tree"), Pool("litter")),
        (
            Operation("growth", (Flux("air", "tree", "yield"),), "growth"),
            Operation("turnover", (Flux("tree", "litter", 0.5),)),
        ),
    )
    result = run(model, Stands(np.zeros((1, 3)), curves={"yield": [1.0]}), 3, every=1)
    assert result.pool("tree").tolist() == [[0.5, 0.75, 0.875]]
    assert result.moved("growth").tolist() == [[1, 1, 1]]
    assert result.moved(source="tree", target="litter").tolist() == [[0.5, 0.75, 0.875]]
    assert result.moved("turnover", target="air").tolist() == [[0, 0, 0]]
    assert [(name, flux.source) for name, flux in model.fluxes] == [("growth", "air"), ("turnover", "tree")]


def test_fluxes_of_one_operation_see_the_same_pools():
    """Two pools that swap all they hold, which no order of single moves does."""
    swap = Operation("swap", (Flux("a", "b", 1.0), Flux("b", "a", 1.0)))
    result = run(Model("swap", (Pool("a"), Pool("b")), (swap,)), Stands([[1.0, 2.0]]), 1)
    assert result.state.tolist() == [[2, 1]]


@pytest.mark.parametrize("every", [1, 7, 60, None])
def test_records_add_up_to_the_run(every):
    whole, parts = (run(forest(), stands(7), 60, cut_at(7, *EVENTS), every=each) for each in (None, every))
    np.testing.assert_array_equal(parts.state, whole.state)
    np.testing.assert_array_equal(parts.states[:, -1], whole.state)
    np.testing.assert_allclose(parts.fluxes.sum(axis=1), whole.fluxes[:, 0], rtol=1e-12, atol=1e-12)


def test_a_run_in_two_halves_is_the_whole():
    first = run(forest(), stands(7), 30)
    second = run(forest(), replace(stands(7), state=first.state, age=first.age), 30)
    np.testing.assert_array_equal(second.state, run(forest(), stands(7), 60).state)


@pytest.mark.parametrize(("chunk", "workers"), [(1, 1), (3, 2), (1000, 1), (16, 4)])
def test_chunks_and_threads_change_no_bit(chunk, workers):
    events = cut_at(100, *EVENTS)
    one = run(forest(), stands(100), 60, events)
    other = run(forest(), stands(100), 60, events, chunk=chunk, workers=workers)
    np.testing.assert_array_equal(one.state, other.state)
    np.testing.assert_array_equal(one.fluxes, other.fluxes)


def test_the_order_of_stands_and_of_the_events_table_changes_no_bit():
    many = stands(50)
    order = np.random.default_rng(3).permutation(50)
    place = np.argsort(order)
    turned = Stands(
        many.state[order],
        many.age[order],
        {name: share[order] for name, share in many.shares.items()},
        many.curves,
        many.curve[order],
    )
    rows = [row for row in EVENTS if row[:2] != (1, 10)]
    one = run(forest(), many, 60, cut_at(50, *rows))
    other = run(forest(), turned, 60, cut_at(50, *[(int(place[s]), t, kind) for s, t, kind in reversed(rows)]))
    np.testing.assert_array_equal(one.state[order], other.state)


@st.composite
def models(draw):
    """Any model: pools, operations of either kind in any order, one disturbance."""
    names = [f"p{number}" for number in range(draw(st.integers(1, 6)))]
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    operations = [Operation("events", kind="events")]
    for number in range(draw(st.integers(0, 5))):
        if draw(st.booleans()):
            fluxes = tuple(Flux("air", name, "yield") for name in names[: draw(st.integers(1, 6))])
            operations.append(Operation(f"growth {number}", fluxes, "growth"))
        else:
            fluxes = ()
            for source in names:
                shares = seed.dirichlet(np.full(len(names) + 1, 0.5))
                targets = ["air", *names]
                pairs = zip(targets, shares, strict=True)
                fluxes += tuple(Flux(source, to, float(share)) for to, share in pairs if to != source)
            operations.append(Operation(f"shares {number}", fluxes))
    matrix = {
        source: dict(zip(["air", *names], seed.dirichlet(np.ones(len(names) + 1)).tolist(), strict=True))
        for source in names
    }
    pools = (Pool("air", outside=True), *map(Pool, names))
    order = draw(st.permutations(operations))
    return Model("any", pools, tuple(order), (Disturbance("event", matrix),)), seed


@settings(max_examples=60)
@given(models())
def test_carbon_closes_whatever_the_model(drawn):
    model, seed = drawn
    n = 5
    start = seed.uniform(0, 1000, (n, len(model.pools)))
    events = Events(seed.integers(0, n, 9), seed.integers(0, 50, 9), ["event"] * 9)
    growth = {"yield": seed.uniform(0, 20, (2, 30))}
    result = run(model, Stands(start, seed.integers(0, 40, n), {}, growth, seed.integers(0, 2, n)), 50, events)
    assert np.abs(result.state.sum(axis=1) - start.sum(axis=1)).max() <= 1e-9
    assert result.closure_t_ha <= 1e-9
    assert result.state[:, 1:].min() >= -1e-9
    for number, pool in enumerate(model.pool_names):
        gained = result.moved(target=pool).sum(axis=1) - result.moved(source=pool).sum(axis=1)
        np.testing.assert_allclose(result.state[:, number] - start[:, number], gained, rtol=0, atol=1e-9)


def test_carbon_that_does_not_close_is_refused(monkeypatch):
    """A loop that loses carbon: the compiled one, followed by a theft of ten milligrams."""

    def leaky(stands, *rest):
        stepping_advance(stands, *rest)
        rest[-2][2, -1, 1] -= 1e-8

    stepping_advance = stepping.advance
    monkeypatch.setattr(stepping, "advance", leaky)
    with pytest.raises(DomainError) as refused:
        run(forest(), stands(7), 5)
    assert refused.value.code == "engine.balance"


def test_no_stands_and_no_steps_are_fine():
    assert run(
        forest(),
        Stands(np.zeros((0, 7)), 0, stands(1).shares | dict.fromkeys(stands(1).shares, 0.1), stands(1).curves),
        5,
    ).state.shape == (0, 7)
    np.testing.assert_array_equal(run(forest(), stands(3), 0).state, stands(3).state)
