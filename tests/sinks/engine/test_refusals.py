"""Bad models, stands and events: one refusal with everything that is wrong."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.sinks.engine import Disturbance, Events, Flux, Model, Operation, Pool, run
from tests.sinks.engine.models import forest, stands


def codes(refused: pytest.ExceptionInfo[RefusedInput]) -> list[str]:
    """What was wrong; every sentence can be said in both languages."""
    assert refused.value.text("zh")
    assert refused.value.text("en")
    return sorted(fault.code.removeprefix("engine.") for fault in refused.value.faults)


def test_a_model_is_refused_with_all_its_faults():
    with pytest.raises(RefusedInput) as refused:
        Model(
            "wrong",
            (Pool("air", outside=True), Pool("tree"), Pool("tree"), Pool("litter")),
            (
                Operation("growth", (Flux("tree", "litter", "yield"), Flux("air", "tree", 2.0)), "growth"),
                Operation("turnover", (Flux("tree", "peat", 0.1), Flux("tree", "tree", 0.1), Flux("air", "tree", 0.1))),
                Operation("place", (Flux("tree", "litter", 0.1),), "events"),
                Operation("place", kind="events"),
            ),
            (
                Disturbance("fire", {"tree": {"air": 0.5, "litter": 0.4}}),
                Disturbance("flood", {"tree": {"air": -0.5, "litter": 1.5}, "sea": {"sea": 1.0}}, age_after=-1),
                Disturbance("storm", {"tree": {"air": math.nan}}),
            ),
        )
    expected = [
        "name_twice",
        "name_twice",
        "events_place",
        "events_fluxes",
        "unknown_pool",
        "unknown_pool",
        "to_itself",
    ]
    expected += ["growth_source", "growth_source", "outside_gives", "row_sum", "row_sum", "share_range", "share_range"]
    assert codes(refused) == sorted([*expected, "share_range", "age"])


def test_disturbances_need_a_place_in_the_step():
    with pytest.raises(RefusedInput) as refused:
        Model("wrong", (Pool("a"), Pool("b")), (), (Disturbance("fire", {"a": {"b": 1.0}}),))
    assert codes(refused) == ["events_place"]


def test_shares_are_refused_together():
    shares = dict(stands(7).shares)
    shares |= {"leaf_fall": -0.1, "litter_to_air": 0.7, "litter_to_soil": np.full(7, 0.4), "soil_to_air": 5.0}
    with pytest.raises(RefusedInput) as refused:
        run(forest(), replace(stands(7), shares=shares), 5)
    assert codes(refused) == ["share_range", "share_range", "share_sum", "share_sum"]
    del shares["leaf_fall"]
    with pytest.raises(RefusedInput) as refused:
        run(forest(), replace(stands(7), shares=shares | {"soil_to_air": np.full(3, 0.1)}), 5)
    assert codes(refused) == ["missing", "shape"]


@pytest.mark.parametrize("bad", [-1e-6, math.nan, math.inf])
def test_stocks_ages_and_curves_are_refused_together(bad):
    state = np.array(stands(7).state)
    state[3, 2] = bad
    growth = {"stem": [[1.0, bad]], "leaf": [[1.0, 1.0]]}
    with pytest.raises(RefusedInput) as refused:
        run(forest(), replace(stands(7), state=state, age=-3, curves=growth), 5, every=0)
    assert codes(refused) == ["age", "count", "curve", "increment", "stock"]


def test_shapes_are_refused():
    for wrong in (
        {"state": np.zeros((7, 3))},
        {"state": np.zeros(7)},
        {"age": np.zeros(6, int)},
        {"age": 1.5},
        {"curve": 2},
        {"curve": -1},
        {"curves": {"stem": [1.0]}},
        {"curves": {"stem": [1.0], "leaf": [1.0, 2.0]}},
        {"curves": {"stem": [], "leaf": []}},
    ):
        with pytest.raises(RefusedInput) as refused:
            run(forest(), replace(stands(7), **wrong), 5)
        assert codes(refused)


def test_events_are_refused_row_by_row():
    with pytest.raises(RefusedInput) as refused:
        run(forest(), stands(7), 5, Events([0, 7, -1, 2], [0, 1, 5, -1], ["fire", "fire", "flood", "storm"]))
    assert codes(refused) == ["event"] * 4 + ["unknown_disturbance"] * 2
    assert {fault.row for fault in refused.value.faults} == {1, 2, 3}
    for events in (Events([0], [0, 1], ["fire"]), Events([0.5], [0], ["fire"])):
        with pytest.raises(RefusedInput) as refused:
            run(forest(), stands(7), 5, events)
        assert codes(refused) == ["shape"]


def test_a_refused_run_changes_nothing():
    sites = stands(7)
    before = np.array(sites.state)
    run(forest(), sites, 5)
    with pytest.raises(RefusedInput):
        run(forest(), sites, -1)
    np.testing.assert_array_equal(sites.state, before)
