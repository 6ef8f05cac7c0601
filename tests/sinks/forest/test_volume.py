"""Volume to biomass, and every way to count something twice that we know of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import resolve
from tanhui.sinks.forest.equations import equation
from tanhui.sinks.forest.roots import belowground_kg
from tanhui.sinks.forest.volume import (
    ABOVEGROUND,
    Bcef,
    Bef,
    Density,
    StandBiomass,
    VolumeLine,
    add_pools,
    add_roots,
    agb_from_volume,
    bef_parameters,
    expansion,
    regional_biomass,
    stem_volume_m3,
    tree_biomass_by_bef,
    volume_lines,
    volume_variable_exponent,
)


def test_fir_stand_by_the_formula_of_the_methodologies():
    # B = V D BEF (1 + R) with the annex values of 杉木 written out: 100 m3/ha * 0.307 * 1.634 * 1.246 = 62.5 t/ha.
    fir = bef_parameters(resolve("杉木"))
    assert (fir.wood_density_t_m3, fir.bef, fir.root_ratio) == (0.307, 1.634, 0.246)
    found = tree_biomass_by_bef(100.0, fir)
    assert found.t_ha == pytest.approx(62.5040, abs=1e-3)
    assert found.pools == ABOVEGROUND | {"roots"}
    assert fir.status is Status.RECALLED


def test_co2_per_cubic_metre_is_where_foresters_expect_it():
    # D BEF (1+R) CF 44/12 is about 1.1 to 1.2 t CO2 per m3 for southern conifers and about 2.2 for oak.
    def per_m3(group):
        p = bef_parameters(group)
        return float(tree_biomass_by_bef(1.0, p).t_ha) * p.carbon_fraction * 44 / 12

    assert per_m3("杉木") == pytest.approx(1.15, abs=0.1)
    assert per_m3("马尾松") == pytest.approx(1.2, abs=0.15)
    assert per_m3("栎类") == pytest.approx(2.2, abs=0.1)


def test_all_180_values_are_there():
    from tanhui.sinks.forest.volume import _bef_table

    groups = _bef_table()
    assert len(groups) == 45
    for p in groups.values():
        assert 0.2 < p.wood_density_t_m3 < 0.8
        assert 1.1 < p.bef < 2.6
        assert 0.1 < p.root_ratio < 0.7
        assert 0.43 < p.carbon_fraction < 0.53


def test_bcef_equals_bef_times_density():
    by_bef = agb_from_volume([50.0, 120.0], Bef(1.6, Density(0.4)))
    assert agb_from_volume([50.0, 120.0], Bcef(0.64)).t_ha == pytest.approx(by_bef.t_ha)


def test_bef_and_bcef_together_are_refused():
    assert expansion(bcef=0.64) == Bcef(0.64)
    assert expansion(bef=1.6, density=Density(0.4)) == Bef(1.6, Density(0.4))
    for wrong in ({"bcef": 0.6, "bef": 1.6}, {"bcef": 0.6, "density": Density(0.4)}):
        with pytest.raises(DomainError, match="BCEF already holds"):
            expansion(**wrong)


def test_air_dry_density_is_refused_until_converted():
    air_dry = Density(0.5, "air_dry")
    with pytest.raises(DomainError, match="Air-dry"):
        Bef(1.6, air_dry)
    # Vieilledent et al. 2018: basic = 0.828 times the density at 12 % moisture.
    assert air_dry.to_basic().value == pytest.approx(0.414)
    assert Bef(1.6, air_dry.to_basic()).density.kind == "basic"
    assert Density(0.4).to_basic() == Density(0.4)


def test_roots_are_added_once():
    above = agb_from_volume(100.0, Bcef(0.5))
    whole = add_roots(above, 0.25)
    assert whole.t_ha == pytest.approx(62.5)
    with pytest.raises(DomainError, match="already includes roots"):
        add_roots(whole, 0.25)
    fang = regional_biomass(100.0, volume_lines()["杉木"], purpose="regional_account")
    with pytest.raises(DomainError, match="already includes roots"):
        add_roots(fang, 0.25)


def test_a_whole_tree_equation_takes_no_root_ratio():
    base = "cn/zhou2018/hunan/pinus-massoniana/d"
    assert belowground_kg(equation(f"{base}/agb"), [100.0], 0.2) == pytest.approx([20.0])
    with pytest.raises(DomainError, match="already includes roots"):
        belowground_kg(equation(f"{base}/total"), [100.0], 0.2)
    with pytest.raises(DomainError, match="gives stem"):
        belowground_kg(equation(f"{base}/stem"), [100.0], 0.2)


def test_organs_and_the_total_that_holds_them_do_not_add():
    stem = StandBiomass(np.array(40.0), frozenset({"stem"}))
    branch = StandBiomass(np.array(8.0), frozenset({"branch"}))
    assert add_pools(stem, branch).t_ha == pytest.approx(48.0)
    with pytest.raises(DomainError, match="stem"):
        add_pools(stem, agb_from_volume(100.0, Bcef(0.5)))


def test_the_regional_line_by_hand_and_its_refusals():
    # Fir: 0.4652 V + 19.141 at 80 m3/ha = 56.357 t/ha.
    fir = volume_lines()["杉木"]
    found = regional_biomass([80.0], fir, purpose="regional_account")
    assert found.t_ha == pytest.approx([56.357])
    assert found.flags == ("forest.note.fit_range_unknown",)
    with pytest.raises(DomainError, match="regional accounts only"):
        regional_biomass([80.0], fir, purpose="project")
    with pytest.raises(DomainError):
        regional_biomass([0.0], fir, purpose="regional_account")


def test_a_line_with_a_known_range_refuses_what_lies_outside():
    line = VolumeLine("x", 0.5, 20.0, 10.0, 300.0, 30, "", "zhou2018", "", Status.SECONDARY)
    assert regional_biomass([10.0, 300.0], line, purpose="regional_account").flags == ()
    with pytest.raises(DomainError, match="fitted range 10"):
        regional_biomass([9.0, 100.0], line, purpose="regional_account")


def test_the_intercept_is_why_projects_are_refused():
    # At 5 m3/ha the line gives a fir stand seven times the BEF route.
    line = regional_biomass(5.0, volume_lines()["杉木"], purpose="regional_account").t_ha
    assert line / tree_biomass_by_bef(5.0, bef_parameters("杉木")).t_ha > 6


def test_guizhou_fir_by_its_own_form():
    # By hand at D = 20, H = 15: D+H = 35; 8.0597e-5 * 20**(1.96709-0.206521) * 15**(0.7699+0.253211).
    expected = 0.000080597 * 20**1.760569 * 15**1.023111
    assert stem_volume_m3("cn/db52/cunninghamia-lanceolata/volume", 20, 15) == pytest.approx(expected)
    # Near the ministry's table for the same tree.
    ministry = stem_volume_m3("cn/ly208-77/cunninghamia-lanceolata/volume", 20, 15)
    assert expected == pytest.approx(float(ministry), rel=0.1)


def test_a_biomass_row_is_no_volume_table():
    with pytest.raises(DomainError, match="not a standing-volume"):
        stem_volume_m3("us/jenkins2003/pine", 20)
    with pytest.raises(DomainError, match="heights"):
        stem_volume_m3("cn/db52/cunninghamia-lanceolata/volume", 20)


def test_bad_sizes_and_groups_are_refused():
    with pytest.raises(DomainError):
        volume_variable_exponent([10, 0], 10, 1e-4, 2, 0, 1, 0)
    with pytest.raises(DomainError):
        agb_from_volume(-1.0, Bcef(0.5))
    with pytest.raises(DomainError, match="parameter group"):
        bef_parameters("不存在")
    with pytest.raises(DomainError, match="Ginkgo"):
        bef_parameters(resolve("银杏"))


@given(st.floats(0, 1000), st.floats(0.2, 0.9), st.floats(1, 3), st.floats(0.05, 0.8))
def test_roots_and_expansion_keep_their_order_of_size(volume, density, bef, ratio):
    above = agb_from_volume(volume, Bef(bef, Density(density)))
    whole = add_roots(above, ratio)
    assert volume * density <= above.t_ha * (1 + 1e-12)
    assert whole.t_ha == pytest.approx(above.t_ha * (1 + ratio))


def test_nan_and_empty_pass_through():
    assert np.isnan(agb_from_volume([np.nan], Bcef(0.5)).t_ha).all()
    assert agb_from_volume([], Bcef(0.5)).t_ha.shape == (0,)
