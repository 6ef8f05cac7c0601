"""The steady state of a disturbance cycle against plain iteration, and what has none."""

from dataclasses import replace

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.sinks.engine import Disturbance, Events, Flux, Model, Operation, Pool, Stands, run, spin_up, steady_state
from tests.sinks.engine.models import forest, stands

N = 9


def iterated(sites: Stands, interval: int, cycles: int, kind: str = "fire") -> np.ndarray:
    """Cycle after cycle from bare ground; in parts, so that rounding stays below the closure of a run."""
    state = np.zeros((N, 7))
    steps = np.arange(cycles // 20) * interval
    events = Events(np.repeat(np.arange(N), len(steps)), np.tile(steps, N), [kind] * (N * len(steps)))
    for _ in range(20):
        state[:, 0] = 0
        state = run(forest(), replace(sites, state=state, age=0), len(steps) * interval, events).state
    return state


@pytest.mark.parametrize(("interval", "kind"), [(1, "fire"), (40, "fire"), (125, "clearcut")])
def test_it_is_where_iteration_ends(interval, kind):
    sites = stands(N)
    rest = steady_state(forest(), sites, interval, kind)
    # The slowest soil loses 0.2 % a year, so 20,000 years leave e^-40 of any beginning.
    np.testing.assert_allclose(
        rest.state[:, 1:], iterated(sites, interval, 20_000 // interval, kind)[:, 1:], rtol=1e-9, atol=1e-12
    )


def test_every_stand_has_its_own_interval():
    sites = stands(N)
    intervals = np.array([30, 60, 125, 30, 60, 125, 1, 2, 3])
    rest = steady_state(forest(), sites, intervals, "fire", chunk=4)
    for interval in np.unique(intervals):
        alone = steady_state(forest(), sites, int(interval), "fire")
        same = intervals == interval
        np.testing.assert_allclose(rest.state[same], alone.state[same], rtol=1e-9, atol=1e-9)


def test_a_cycle_at_rest_takes_from_the_air_what_it_gives():
    rest = steady_state(forest(), stands(N), 80, "fire")
    taken, given = rest.moved(source="atmosphere"), rest.moved(target="atmosphere")
    np.testing.assert_allclose(taken, given, rtol=1e-8)


def test_a_pool_with_constant_input_rests_at_input_over_loss():
    """With growth g and a share s lost after it, the stock is g (1 - s) / s."""
    model = Model(
        "pot",
        (Pool("air", outside=True), Pool("soil"), Pool("unused")),
        (
            Operation("events", kind="events"),
            Operation("input", (Flux("air", "soil", "input"),), "growth"),
            Operation("decay", (Flux("soil", "air", "loss"),)),
        ),
        (Disturbance("nothing", {}),),
    )
    loss = np.array([0.001, 0.02, 0.5])
    rest = steady_state(model, Stands(np.zeros((3, 3)), 0, {"loss": loss}, {"input": [2.0]}), 10, "nothing")
    np.testing.assert_allclose(rest.state[:, 1], 2.0 * (1 - loss) / loss, rtol=1e-11)
    with pytest.raises(DomainError) as refused:
        steady_state(model, Stands(np.zeros((1, 3)), 0, {"loss": 0.0}, {"input": [2.0]}), 10, "nothing")
    assert refused.value.code == "engine.no_steady_state"


def test_stands_grow_to_their_age_after_the_last_disturbance():
    sites = replace(stands(N), age=np.array([1, 1, 5, 10, 30, 60, 90, 100, 130]))
    ready = spin_up(forest(), sites, 75, "fire", "clearcut")
    rest = steady_state(forest(), sites, 75, "fire").state.copy()
    rest[:, 0] = 0
    for i, age in enumerate(np.asarray(sites.age)):
        cut = Events([i], [0], ["clearcut"])
        alone = run(forest(), replace(sites, state=rest, age=0), int(age), cut).state[i]
        np.testing.assert_allclose(ready.state[i], alone, rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(ready.age, sites.age)


def test_a_cycle_needs_an_interval_and_a_new_beginning():
    for interval, kind in ((0, "fire"), (1.5, "fire"), (40, "thinning"), (40, "flood")):
        with pytest.raises(RefusedInput):
            steady_state(forest(), stands(N), interval, kind)
