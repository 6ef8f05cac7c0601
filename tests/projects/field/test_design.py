"""Plot numbers against AR-TOOL03 by hand and Cochran's optimum; plot sizes; the walk against all walks."""

import itertools
import math

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError, InputError
from tanhui.kernel.randoms import stream
from tanhui.mrv.sampling import sample_size
from tanhui.projects.field.design import Precision, StratumNeed, expected_half_width, plot_numbers
from tanhui.projects.field.model import PlotSize
from tanhui.projects.field.route import length_m, short_way

STRATA = (StratumNeed("a", 60.0, 40.0, 10.0), StratumNeed("b", 40.0, 30.0, 12.0))
WANTED = Precision(0.10, 0.90)


def test_numbers_are_those_of_the_tool():
    # Mean 0.6 * 40 + 0.4 * 30 = 36, E = 3.6; sum w s = 0.6 * 10 + 0.4 * 12 = 10.8.
    # (1.644854 / 3.6)^2 * 116.64 = 24.35 < 30, so with t(24) = 1.710882: 26.34 -> 27; shares 6 / 10.8 and 4.8 / 10.8.
    found = plot_numbers(STRATA, 600.0, WANTED)
    assert found.wanted == 27
    assert found.plots == {"a": 15, "b": 12}
    assert found.t == pytest.approx(1.710882, abs=1e-6)
    assert found.expected < 0.10


def test_a_dearer_stratum_gets_fewer_plots_and_the_sum_costs_least():
    dear = (STRATA[0], StratumNeed("b", 40.0, 30.0, 12.0, cost=4.0))
    found = plot_numbers(dear, 600.0, WANTED)
    # Cochran (5.23): n proportional to w s / sqrt(c) = 6 and 2.4.
    assert found.plots["a"] / found.plots["b"] == pytest.approx(2.5, rel=0.15)
    # No other pair of numbers of this precision is cheaper: all pairs up to 80 are tried.
    variance = {s.label: (s.area_ha / 100 * s.sd) ** 2 for s in dear}
    reached = sum(variance[k] / found.plots[k] for k in variance)
    for a, b in itertools.product(range(2, 80), repeat=2):
        if variance["a"] / a + variance["b"] / b <= reached:
            assert a + 4 * b >= found.cost - 4  # one plot of each may be rounding


def test_no_more_than_the_most_and_never_fewer_than_two():
    found = plot_numbers(STRATA, 600.0, WANTED, most=10)
    assert sum(found.plots.values()) == 10
    assert found.expected > 0.10
    assert plot_numbers(STRATA, 600.0, WANTED, most=1).plots == {"a": 2, "b": 2}


def test_the_expected_width_by_hand():
    # Var = (6)^2/15 + (4.8)^2/12 with finite corrections 1 - 15*600/600000 and 1 - 12*600/400000; t(25) = 1.708141.
    variance = 36 / 15 * (1 - 0.015) + 23.04 / 12 * (1 - 0.018)
    wanted = 1.708141 * math.sqrt(variance) / 36
    assert expected_half_width(STRATA, {"a": 15, "b": 12}, 600.0, 0.90) == pytest.approx(wanted, rel=1e-6)


def test_equal_costs_change_nothing():
    equal = [StratumNeed(s.label, s.area_ha, s.mean, s.sd, 9.0) for s in STRATA]
    assert plot_numbers(equal, 600.0, WANTED).plots == plot_numbers(STRATA, 600.0, WANTED).plots
    assert sample_size([60, 40], [10, 12], 3.6, population=1666).n == 27


def test_a_stratum_too_small_for_two_plots_is_refused():
    with pytest.raises(DomainError):
        plot_numbers([StratumNeed("a", 0.1, 1.0, 0.3)], 600.0, WANTED)


@pytest.mark.parametrize(
    ("text", "area", "reach"),
    [
        ("600m2", 600, 24.49 / math.sqrt(2)),
        ("600 m²", 600, 24.49 / math.sqrt(2)),
        ("20x30", 600, math.hypot(20, 30) / 2),
        ("circle 11.28", 399.7, 11.28),
        ("Circle 11.28 m", 399.7, 11.28),
    ],
)
def test_plot_sizes(text: str, area: float, reach: float):
    size = PlotSize.parse(text)
    assert size.area_m2 == pytest.approx(area, rel=1e-3)
    assert size.reach_m == pytest.approx(reach, rel=1e-3)


@pytest.mark.parametrize("text", ["", "600", "0m2", "circle 0", "20x", "1.2.3m2", "20x30x40", "-5m2", "nan m2"])
def test_sizes_that_are_none(text: str):
    with pytest.raises(InputError):
        PlotSize.parse(text)


@pytest.mark.parametrize("seed", range(8))
def test_the_walk_is_nearly_as_short_as_the_shortest(seed: int):
    xy = stream(seed, "walk").uniform(0, 1000, (7, 2))
    way = short_way(xy)
    assert sorted(way) == list(range(7))
    shortest = min(length_m(xy[list(order)]) for order in itertools.permutations(range(7)))
    assert length_m(xy[way]) <= 1.35 * shortest


def test_one_plot_is_walked_too():
    assert list(short_way(np.array([[1.0, 2.0]]))) == [0]
