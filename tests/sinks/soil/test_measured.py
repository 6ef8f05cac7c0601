"""Stocks from samples, and change on equal soil mass: a worked example of VM0042, hand calculation, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.sinks.soil.checks import check_texture
from tanhui.sinks.soil.measured import (
    Profile,
    change_at_equal_mass,
    core_mass_t_ha,
    layer_mass_t_ha,
    layer_stock_t_ha,
    stock_at_mass,
)


def profile(name, density, soc, thickness=(15, 15, 20)):
    return Profile(name, thickness, layer_mass_t_ha(density, thickness), soc)


def test_the_worked_example_of_vm0042():
    """283.2 g of fine earth from four cores of 21.5 mm, 24.29 g C/kg: 1950 t/ha of soil, 47.37 t C/ha."""
    mass = core_mass_t_ha(283.2, 21.5, 4)
    assert mass == pytest.approx(1950, abs=0.5)
    assert mass * 24.29 / 1000 == pytest.approx(47.37, abs=0.005)


def test_one_per_cent_of_one_gram_over_one_centimetre_is_one_tonne():
    assert layer_stock_t_ha(10.0, 1.0, 1.0) == pytest.approx(1.0)
    # 1.5 % C, 1.3 g/cm3, 30 cm, a fifth of the volume stones: 1.5 * 1.3 * 30 * 0.8.
    assert layer_stock_t_ha(15.0, 1.3, 30.0, 0.2) == pytest.approx(46.8)


def test_equal_mass_by_hand():
    """Two layers of 1300 and 1400 t/ha at 20 and 10 g/kg; later 1430 and 1500 at 20 and 10, all fine earth.

    To 20 cm the first holds 1300 + 1400 / 2 = 2000 t/ha and 26 + 7 = 33 t C. The second reaches 2000 t/ha after
    1430 t of the upper layer (28.6 t C) and 570 t of the lower (5.7 t C): 34.3. To 20 cm it holds 28.6 + 7.5 = 36.1.
    """
    first = Profile("2020", [10, 20], [1300, 1400], [20, 10])
    second = Profile("2030", [10, 20], [1430, 1500], [20, 10])
    # Half of the second layer's 20 cm is 10 cm.
    found = change_at_equal_mass(first, second, 20, mineral=False)
    assert found.mass_t_ha == pytest.approx(2000)
    assert found.first_t_ha == pytest.approx(33)
    assert found.second_t_ha == pytest.approx(34.3)
    assert found.change_t_ha == pytest.approx(1.3)
    assert found.fixed_depth_change_t_ha == pytest.approx(28.6 + 7.5 - 33)


@pytest.mark.parametrize("way", ["linear", "spline"])
@pytest.mark.parametrize("mineral", [True, False])
@given(squeeze=st.floats(1.0, 1.3))
def test_compaction_alone_is_no_gain(way, mineral, squeeze):
    """The same layers pressed thinner: nothing came, and a fixed depth shows a gain that is not there."""
    loose = profile("loose", [1.0, 1.2, 1.3], [30, 20, 12])
    pressed = Profile("pressed", loose.thickness_cm / squeeze, loose.mass_t_ha, loose.soc_g_kg)
    found = change_at_equal_mass(loose, pressed, 30, way=way, mineral=mineral)
    assert found.change_t_ha == pytest.approx(0, abs=1e-9)
    assert found.fixed_depth_change_t_ha >= -1e-9


@given(st.lists(st.floats(1, 60), min_size=3, max_size=6), st.floats(0.1, 1.0))
def test_both_ways_agree_at_the_boundaries_and_where_content_does_not_change(soc, part):
    layers = np.full(len(soc), 10.0)
    uneven = Profile("p", layers, layer_mass_t_ha(1.2, layers), soc)
    mass, carbon = uneven.cumulated(mineral=True)
    for at, stock in zip(mass[1:], carbon[1:], strict=True):
        assert stock_at_mass(uneven, at) == pytest.approx(stock)
        assert stock_at_mass(uneven, at, way="spline") == pytest.approx(stock)
    even = Profile("p", layers, layer_mass_t_ha(1.2, layers), np.full(len(soc), soc[0]))
    wanted = part * float(even.mass_t_ha.sum())
    for way in ("linear", "spline"):
        assert stock_at_mass(even, wanted, way=way, mineral=False) == pytest.approx(wanted * soc[0] / 1000)


def test_mineral_mass_is_without_organic_matter():
    assert Profile("p", [10], [1000], [58.0]).mineral_mass_t_ha == pytest.approx([1000 - 58 / 0.58])


@pytest.mark.parametrize(
    ("code", "work"),
    [
        ("soil.fraction_for_content", lambda: layer_stock_t_ha([0.02, 0.01], 1.2, 10)),
        ("soil.content_too_high", lambda: layer_stock_t_ha(600, 1.2, 10)),
        ("soil.percent_for_fraction", lambda: layer_stock_t_ha(15, 1.2, 10, 20)),
        ("soil.too_dense", lambda: layer_stock_t_ha(15, 1200, 10)),
        ("soil.not_positive", lambda: layer_stock_t_ha(15, 1.2, -10)),
        ("soil.missing", lambda: layer_stock_t_ha(np.nan, 1.2, 10)),
        ("soil.texture_above_one", lambda: check_texture([0.7, 0.2], [0.4, 0.1])),
        ("soil.percent_for_fraction", lambda: check_texture(70, 20)),
        ("soil.shapes", lambda: Profile("p", [10, 10], [1000], [10, 10])),
        ("soil.not_deep_enough", lambda: stock_at_mass(profile("p", [1, 1, 1], [9, 9, 9]), 6000)),
        ("soil.not_sampled_to", lambda: profile("p", [1, 1, 1], [9, 9, 9]).mass_to(60)),
        ("soil.too_few_layers", lambda: stock_at_mass(Profile("p", [10], [1000], [9]), 500, way="spline")),
        ("soil.unknown_way", lambda: stock_at_mass(Profile("p", [10], [1000], [9]), 500, way="best")),
    ],
)
def test_what_is_no_measurement_is_refused(code, work):
    with pytest.raises(DomainError) as caught:
        work()
    assert caught.value.code == code
    assert caught.value.text("zh") != caught.value.text("en")
