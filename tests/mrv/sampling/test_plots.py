"""From trees to plot values, and what happened on re-measured plots, on inventories small enough to add by hand."""

import numpy as np
import pandas as pd
import pytest

from tanhui.kernel.errors import DomainError
from tanhui.kernel.inventory import Design, Inventory
from tanhui.mrv.sampling import forest_shares, plot_values, remeasured_forest, remeasured_values
from tanhui.mrv.sampling.remeasured import least_change


def design(*plots: str, **adjusted: float) -> Design:
    strata = pd.DataFrame(
        {"unit": ["u"], "stratum": ["s"], "area_ha": [100.0], **{k: [v] for k, v in adjusted.items()}}
    )
    return Design("d", 2020, strata, pd.DataFrame({"plot_id": list(plots), "unit": "u", "stratum": "s"}))


def trees(*rows: tuple) -> pd.DataFrame:
    names = ["tree_id", "plot_id", "prev_tree_id", "status", "land", "reconcile", "basis", "trees_per_ha", "subplot"]
    return pd.DataFrame(rows, columns=names)


def visits(**of_second: float) -> pd.DataFrame:
    """Plot p, visited as p1 and five years later as p2."""
    return pd.DataFrame(
        {
            "plot_id": ["p1", "p2"],
            "prev_plot_id": ["", "p1"],
            "interval_yr": [np.nan, 5.0],
            "forest_share": [1.0, of_second.get("forest", 1.0)],
            "nonsampled_share": [of_second.get("hidden_before", 0.0), of_second.get("hidden", 0.0)],
        }
    )


PLOTS = pd.DataFrame({"plot_id": ["a", "b", "c"], "forest_share": [1.0, 0.5, 0.0]})
TREES = trees(
    ("1", "a", "", "live", "forest", "", "subplot", 10.0, 1),
    ("2", "a", "", "live", "forest", "", "microplot", 100.0, 1),
    ("3", "a", "", "dead", "forest", "", "subplot", 10.0, 1),
    ("4", "b", "", "live", "nonforest", "", "subplot", 10.0, 1),
    ("5", "b", "", "live", "forest", "", "macroplot", 2.0, 1),
    ("6", "b", "", "live", "forest", "", "subplot", np.nan, 1),
)
ADJUSTED = {"adj_microplot": 1.5, "adj_subplot": 2.0, "adj_macroplot": 3.0}


def test_each_tree_is_adjusted_by_the_plot_kind_it_was_tallied_on():
    found = plot_values(Inventory(PLOTS, TREES), design("c", "b", "a", **ADJUSTED), [1.0, 10, 99, 99, 7, np.nan])
    assert found.tolist() == [0.0, 2 * 3 * 7, 10 * 2 * 1 + 100 * 1.5 * 10]
    assert forest_shares(Inventory(PLOTS, TREES), design("c", "b", "a", **ADJUSTED)).tolist() == [0.0, 1.0, 2.0]


def test_an_inventory_without_the_agency_s_columns_is_all_live_forest():
    plain = Inventory(PLOTS[["plot_id"]], TREES[["tree_id", "plot_id", "trees_per_ha"]].fillna(1.0))
    found = plot_values(plain, design("a", "b"), np.ones((6, 2)))
    assert found.tolist() == [[120.0, 120.0], [13.0, 13.0]]
    assert forest_shares(plain, design("a", "b")).tolist() == [1.0, 1.0]


def test_a_tree_that_counts_needs_a_value():
    inventory, values = Inventory(PLOTS, TREES), [np.nan, 1.0, np.nan, np.nan, 1.0, np.nan]
    with pytest.raises(DomainError) as refusal:
        plot_values(inventory, design("a", "b"), values)
    assert refusal.value.facts == {"count": 1}
    assert plot_values(inventory, design("a", "b"), values, missing="zero").tolist() == [100.0, 2.0]
    # Values of trees on plots outside the design are not looked at.
    assert plot_values(inventory, design("b"), values).tolist() == [2.0]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("sampling.plots_missing", lambda: plot_values(Inventory(PLOTS, TREES), design("a", "z"), np.ones(6))),
        ("sampling.wrong_length", lambda: plot_values(Inventory(PLOTS, TREES), design("a"), np.ones(5))),
        ("sampling.plots_missing", lambda: remeasured_values(Inventory(visits(), TREES), design("p1"), np.ones(6))),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code


# One tree of each fate: value at the first visit, at the second (None where there is no size), expected part.
FATES = {
    "survivor_growth": (("live", "forest", ""), 2.0, 3.0, 10 * (3 - 2) / 5),
    "mortality": (("dead", "forest", ""), 2.0, None, -10 * 2 / 5),
    "removal": (("cut", "forest", ""), 2.0, None, -10 * 2 / 5),
    "forest_loss": (("live", "nonforest", ""), 2.0, None, -10 * 2 / 5),
    "lost": (("lost", "forest", "6"), 2.0, None, -10 * 2 / 5),
}


@pytest.mark.parametrize("fate", FATES)
def test_the_fate_of_one_tree(fate):
    after, first, second, expected = FATES[fate]
    weight = 10.0 if second is not None else np.nan
    table = trees(
        ("1", "p1", "", "live", "forest", "", "subplot", 10.0, 1),
        ("2", "p2", "1", *after, "subplot", weight, 1),
    )
    found = remeasured_values(Inventory(visits(), table), design("p2"), [first, np.nan if second is None else second])
    assert found.parts[fate].tolist() == [expected]
    assert found.net.tolist() == [expected]
    assert {name for name, part in found.parts.items() if part.any()} == {fate}


def test_a_tree_without_a_later_record_is_lost():
    table = trees(("1", "p1", "", "live", "forest", "", "subplot", 10.0, 1))
    found = remeasured_values(Inventory(visits(), table), design("p2"), [2.0])
    assert found.parts["lost"].tolist() == [-4.0]


def test_a_tree_that_outgrows_the_microplot():
    """Growth is counted with the weight it had; the new, smaller weight is part of the ingrowth."""
    table = trees(
        ("1", "p1", "", "live", "forest", "", "microplot", 100.0, 1),
        ("2", "p2", "1", "live", "forest", "", "subplot", 10.0, 1),
    )
    found = remeasured_values(Inventory(visits(), table), design("p2"), [2.0, 3.0])
    assert found.parts["survivor_growth"].tolist() == [100 * 1 / 5]
    assert found.parts["ingrowth"].tolist() == [3 * (10 - 100) / 5]
    assert found.net.tolist() == [pytest.approx((3 * 10 - 2 * 100) / 5)]


@pytest.mark.parametrize(
    ("before", "subplot", "reconcile", "part"),
    [
        ({"forest_share": 1.0}, 1, "1", "ingrowth"),
        ({"forest_share": 1.0}, 2, "1", "ingrowth"),  # a bare subplot of a plot that was all forest
        ({"forest_share": 0.5}, 2, "1", "forest_gain"),
        ({"forest_share": 0.5}, 1, "1", "ingrowth"),
        ({"forest_share": 0.5, "nonsampled_share": 0.25}, 2, "1", "not sampled before"),
        ({"forest_share": 1.0}, 1, "3", "overlooked before"),
    ],
)
def test_where_a_new_tree_came_from(before, subplot, reconcile, part):
    plots = visits()
    for name, value in before.items():
        plots.loc[0, name] = value
    table = trees(
        ("1", "p1", "", "dead", "forest", "", "subplot", 10.0, 1),
        ("2", "p2", "", "live", "forest", reconcile, "subplot", 10.0, subplot),
    )
    found = remeasured_values(Inventory(plots, table), design("p2"), [9.0, 3.0])
    if part in found.parts:
        assert found.parts[part].tolist() == [10 * 3 / 5]
    else:
        assert found.left_out[part] == 1
        assert found.net.tolist() == [0.0]


@pytest.mark.parametrize(
    ("after", "reason"),
    [(("lost", "nonsampled", "9"), "not sampled again"), (("lost", "nonforest", "7"), "tallied by mistake")],
)
def test_what_cannot_be_compared_is_left_out_at_both_visits(after, reason):
    table = trees(
        ("1", "p1", "", "live", "forest", "", "subplot", 10.0, 1),
        ("2", "p2", "1", *after, "subplot", np.nan, 1),
    )
    found = remeasured_values(Inventory(visits(), table), design("p2"), [2.0, np.nan])
    assert (found.first.tolist(), found.net.tolist(), found.left_out[reason]) == ([0.0], [0.0], 1)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((1.0, 0.0, 0.75, 0.25), (0.75, 0.75)),  # the hidden quarter was forest
        ((0.5, 0.0, 0.0, 0.75), (0.0, 0.0)),  # all that was forest may be hidden now
        ((0.28, 0.0, 0.5, 0.5), (0.28, 0.5)),  # gained: the seen half was not all forest before
        ((0.75, 0.25, 1.0, 0.0), (0.75, 0.75)),  # hidden before, forest now
        ((1.0, 0.0, 0.25, 0.25), (0.75, 0.25)),  # half a plot of forest is gone in plain sight
        ((0.5, 0.5, 0.5, 0.5), (0.5, 0.5)),
        ((1.0, 0.0, 0.0, 0.0), (1.0, 0.0)),
    ],
)
def test_land_is_compared_where_both_visits_saw_it(shares, expected):
    found = least_change(*(np.array([share]) for share in shares))
    assert [float(side[0]) for side in found] == pytest.approx(expected)


def test_forest_at_either_visit():
    first, second, either = remeasured_forest(Inventory(visits(forest=0.4), TREES), design("p2", adj_subplot=1.1))
    assert (first[0], second[0], either[0]) == pytest.approx((1.1, 0.44, 1.1))
