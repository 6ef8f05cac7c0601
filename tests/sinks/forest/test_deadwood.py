"""Dead wood and litter: every equation of AR-TOOL12 by hand, the default table, and the guards."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.bibliography import references
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.tables import read_table, table_spec
from tanhui.sinks.forest.deadwood import (
    PoolStock,
    add_pools,
    alpha,
    beta,
    carbon_fraction,
    default_pool,
    default_shares,
    litter_co2_t,
    lying_co2_t,
    standing_dead_from_agb_t,
    standing_dead_from_volume_t,
    stump_co2_t,
    stump_mid_diameter_cm,
    to_stratum_co2_t,
)


def test_constants_are_the_tools():
    assert alpha(["twigs_lost", "branches_lost"]).tolist() == [0.975, 0.80]
    assert beta(["sound", "intermediate", "rotten"]).tolist() == [1.0, 0.8, 0.45]
    assert carbon_fraction("tree").number() == 0.5
    assert carbon_fraction("litter").number() == 0.37


def test_standing_dead_trees():
    # Eq. (1) by hand: 0.5 t/m3 * 1.4 * 1.25 * (0.8*0.975 + 0.4*0.80) m3 = 0.875 * 1.1 = 0.9625 t d.m.
    mass = standing_dead_from_volume_t(
        [0.8, 0.4], alpha(["twigs_lost", "branches_lost"]), density_t_m3=0.5, bef2=1.4, root_ratio=0.25
    )
    assert mass.sum() == pytest.approx(0.9625)
    # Eq. (2) by hand: 1.25 * (0.3*0.975 + 0.2*0.80) = 0.565625 t d.m.
    mass = standing_dead_from_agb_t([0.3, 0.2], alpha(["twigs_lost", "branches_lost"]), root_ratio=0.25)
    assert mass.sum() == pytest.approx(0.565625)


def test_stumps():
    # Eq. (4) by hand: 0.57 * 30 * (8/6.7)^0.8 = 17.1 * exp(0.8*0.177334) = 17.1 * 1.152430 = 19.7066 cm.
    diameter = stump_mid_diameter_cm(30, 8)
    assert diameter == pytest.approx(19.7066, abs=2e-3)
    # Eq. (5) by hand: 44/12*0.5*0.5*1.25 * pi/4*0.2^2*8 * 0.8 = 1.145833 * 0.251327 * 0.8 = 0.230383 t CO2.
    co2 = stump_co2_t(20, 8, beta(["intermediate"]), density_t_m3=0.5, root_ratio=0.25)
    assert co2[0] == pytest.approx(0.230383, abs=1e-6)
    with pytest.raises(DomainError, match="measure lower ones"):
        stump_mid_diameter_cm([30, 30], [8, 4])


def test_lying_dead_wood():
    # Eq. (6) by hand: sum d^2 beta = 15^2*1 + 20^2*0.45 = 405; pi^2/(8*100)*405 = 4.996487 m3/ha;
    # 0.06 ha * 44/12 * 0.5 * 0.5 * 4.996487 = 0.274807 t CO2.
    co2 = lying_co2_t([15, 20], beta(["sound", "rotten"]), transect_m=100, plot_area_ha=0.06, density_t_m3=0.5)
    assert co2 == pytest.approx(0.274807, abs=1e-6)
    assert lying_co2_t([], beta([]), transect_m=100, plot_area_ha=0.06, density_t_m3=0.5) == 0


def test_litter():
    # Eq. (12) by hand: 44/12*0.37*2.5*(0.06/0.25)*(0.5+0.6+0.4+0.5)*0.4 = 1.356667*2.5*0.24*2.0*0.4 = 0.6512 t CO2.
    co2 = litter_co2_t([0.5, 0.6, 0.4, 0.5], dry_to_wet=0.4, frame_area_m2=0.25, plot_area_ha=0.06)
    assert co2 == pytest.approx(0.6512, abs=1e-6)
    # Another way: 0.5 kg wet per frame = 0.2 kg dry on 0.25 m2 = 8 t/ha.
    assert co2 == pytest.approx(8 * 0.06 * 0.37 * 44 / 12)


def test_plots_scale_by_area():
    # Eq. (7) by hand: 120 ha / 0.18 ha * 0.9 t = 600 t CO2.
    assert to_stratum_co2_t([0.2, 0.3, 0.4], 0.06, 120) == pytest.approx(600)


@pytest.mark.parametrize(
    ("biome", "elevation", "rain", "dead_wood", "litter"),
    [
        ("tropical", 500, 800, 0.02, 0.04),
        ("tropical", 500, 999.9, 0.02, 0.04),
        ("tropical", 500, 1000, 0.01, 0.01),
        ("tropical", 500, 1600, 0.01, 0.01),
        ("tropical", 500, 1601, 0.06, 0.01),
        ("tropical", 2500, 1200, 0.07, 0.01),
        ("tropical", 2500, None, 0.07, 0.01),
        ("temperate_boreal", None, None, 0.08, 0.04),
    ],
)
def test_default_shares(biome, elevation, rain, dead_wood, litter):
    shares = default_shares(biome, elevation_m=elevation, rain_mm_yr=rain)
    assert (shares.dead_wood, shares.litter) == (dead_wood, litter)


@given(st.floats(0, 5000), st.floats(0, 8000))
def test_every_tropical_place_has_one_default(elevation, rain):
    assert 0 < default_shares("tropical", elevation_m=elevation, rain_mm_yr=rain).dead_wood < 0.1


def test_default_pool_follows_the_trees():
    # Eq. (9): 1000 t CO2 of trees * 8 %.
    trees = PoolStock("tree", 1000.0, 0.47)
    dead = default_pool(trees, "dead_wood", 0.08, left_in_place=True)
    assert dead.co2_t == pytest.approx(80)
    assert add_pools([trees, dead]) == pytest.approx(1080)
    with pytest.raises(DomainError, match="left in place"):
        default_pool(trees, "dead_wood", 0.08, left_in_place=False)


def test_a_tree_is_never_counted_live_and_dead():
    live = PoolStock("tree", 100.0, 0.5, tree_ids=frozenset({"a", "b"}))
    dead = PoolStock("dead_wood", 5.0, 0.5, tree_ids=frozenset({"b", "c"}))
    with pytest.raises(DomainError, match=r"live and dead: b\."):
        add_pools([live, dead])


def test_a_pool_is_not_both_measured_and_taken_by_default():
    measured, default = PoolStock("litter", 5.0, 0.37), PoolStock("litter", 4.0, 0.47, "default")
    with pytest.raises(DomainError, match="measured and taken by default"):
        add_pools([measured, default])


def test_carbon_fractions_are_not_mixed_silently():
    live, dead, litter = (
        PoolStock("tree", 100.0, 0.47),
        PoolStock("dead_wood", 5.0, 0.5),
        PoolStock("litter", 1.0, 0.37),
    )
    with pytest.raises(DomainError, match=r"0\.47, 0\.5"):
        add_pools([live, dead, litter])
    assert add_pools([live, dead, litter], allow_mixed_carbon_fraction=True) == pytest.approx(106)
    assert add_pools([live, litter]) == pytest.approx(101)
    assert add_pools([]) == 0


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("deadwood.unknown_class", lambda: alpha(["gone"])),
        ("deadwood.unknown_class", lambda: beta(["twigs_lost"])),
        ("deadwood.not_positive", lambda: standing_dead_from_agb_t([np.nan], 0.8, root_ratio=0.25)),
        ("deadwood.not_positive", lambda: stump_co2_t(0, 5, 1, density_t_m3=0.5, root_ratio=0.2)),
        ("deadwood.piece_too_thin", lambda: lying_co2_t([9], [1], transect_m=100, plot_area_ha=1, density_t_m3=0.5)),
        (
            "deadwood.transect_too_short",
            lambda: lying_co2_t([19], [1], transect_m=50, plot_area_ha=1, density_t_m3=0.5),
        ),
        ("deadwood.wrong_frames", lambda: litter_co2_t([1.0], dry_to_wet=0.4, frame_area_m2=1, plot_area_ha=1)),
        ("deadwood.dry_ratio", lambda: litter_co2_t([1.0] * 4, dry_to_wet=4, frame_area_m2=1, plot_area_ha=1)),
        ("deadwood.unknown_biome", lambda: default_shares("tropical")),
        ("deadwood.unknown_biome", lambda: default_shares("moon", elevation_m=1, rain_mm_yr=1)),
    ],
)
def test_nonsense_is_refused(code, call):
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.code == code
    assert "{" not in caught.value.text("zh") + caught.value.text("en")


@given(st.floats(5, 150), st.floats(4.01, 40))
def test_middle_diameter_lies_below_breast_height_diameter(dbh, height):
    assert 0.57 * dbh < stump_mid_diameter_cm(dbh, height) < dbh * 0.57 * (4 / 2.7) ** 0.8 + 1e-9
    assert math.isfinite(stump_mid_diameter_cm(dbh, height))


def test_the_table_is_described_and_sourced():
    frame = read_table(
        data_path("forest_stand", "deadwood_factors.csv"), table_spec("forest_stand", "deadwood_factors")
    )
    assert set(frame["reference"]) <= references().keys()
