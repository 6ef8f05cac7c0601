"""Cores: what compaction, stones, carbonate and depth make of them, and what of the carbon came from elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.sinks.coastal.sediment import (
    allochthonous_share,
    carbon_from_matter,
    compaction_percent,
    cores_of,
    decompacted,
    matter_from_carbon,
)

ECOSYSTEMS = ["mangrove", "tidal marsh", "seagrass"]
# BlueCarbon 0.1.1, tutorial: sampler, inside, outside [cm] -> compaction [%], as printed.
PRINTED_COMPACTION = [
    (200, 35, 25, 5.714286),
    (200, 45, 35, 6.060606),
    (200, 86, 76, 8.064516),
    (200, 10, 0, 5.000000),
    (200, 60, 50, 6.666667),
    (200, 78, 68, 7.575758),
    (200, 52, 42, 6.329114),
    (200, 1, 1, 0.000000),
    (200, 98, 78, 16.393443),
    (200, 21, 1, 10.050251),
]
# The same: density of layers of 1 cm under 5.714286 % of compaction -> bottom [cm] and density [g/cm3] without it.
PRINTED_DECOMPACTED = [
    (1, 0.7352912, 1.060606, 0.6932745),
    (2, 0.9754336, 2.121212, 0.9196945),
    (3, 0.8698411, 3.181818, 0.8201359),
    (4, 1.0272564, 4.242424, 0.9685560),
    (5, 0.9307887, 5.303030, 0.8776007),
    (6, 1.4696196, 6.363636, 1.3856413),
]
layers = st.lists(
    st.tuples(st.floats(1, 50), st.floats(0.1, 2.0), st.floats(0.1, 40), st.floats(0, 0.9), st.floats(0, 60)),
    min_size=1,
    max_size=6,
)


def rows(*found: dict) -> dict:
    """Layers as the frame hands them on: every column there, missing numbers NaN."""
    names = ("compaction_percent", "coarse_mass_share", "carbon_percent", "inorganic_c_percent", "om_percent")
    plain = [{**dict.fromkeys(names, np.nan), "core": "A", **row} for row in found]
    return {name: np.array([row[name] for row in plain]) for name in plain[0]}


def core_rows(drawn: list) -> dict:
    bottoms = np.cumsum([x[0] for x in drawn])
    return rows(
        *(
            {
                "top_cm": bottom - thick,
                "bottom_cm": bottom,
                "bulk_density_g_cm3": density,
                "carbon_percent": carbon,
                "coarse_mass_share": coarse,
                "compaction_percent": drawn[0][4],
            }
            for bottom, (thick, density, carbon, coarse, _) in zip(bottoms, drawn, strict=True)
        )
    )


@pytest.mark.parametrize(("sampler", "inside", "outside", "printed"), PRINTED_COMPACTION)
def test_compaction_as_printed(sampler, inside, outside, printed):
    assert compaction_percent(sampler, inside, outside) == pytest.approx(printed, abs=5e-7)


@pytest.mark.parametrize(("bottom", "density", "printed_bottom", "printed_density"), PRINTED_DECOMPACTED)
def test_decompaction_as_printed(bottom, density, printed_bottom, printed_density):
    depth, loose = decompacted(np.array([bottom]), np.array([density]), np.array([5.714285714]))
    assert depth[0] == pytest.approx(printed_bottom, abs=5e-7)
    assert loose[0] == pytest.approx(printed_density, abs=1.5e-7)


@given(layers)
def test_carbon_of_a_whole_core_is_the_sum_of_its_layers_and_compaction_changes_nothing(drawn):
    cores = cores_of(core_rows(drawn), "mangrove", extend=False)
    wanted = sum(thick * density * (1 - coarse) * carbon for thick, density, carbon, coarse, _ in drawn)
    assert cores.stock(float(cores.cores[0].ends_cm[-1]))[0] == pytest.approx(wanted, rel=1e-9)


@given(layers, st.floats(0, 1), st.floats(0, 1))
def test_more_depth_holds_more_carbon(drawn, first, second):
    core = cores_of(core_rows(drawn), "mangrove", extend=False).cores[0]
    bottom = float(core.ends_cm[-1])
    low, high = sorted((first * bottom, second * bottom))
    assert core.carbon_to(low, extend=False) <= core.carbon_to(high, extend=False) * (1 + 1e-12)


@given(layers, st.randoms())
def test_order_of_rows_is_irrelevant(drawn, random):
    table = core_rows(drawn)
    order = list(range(len(drawn)))
    random.shuffle(order)
    mixed = {name: column[order] for name, column in table.items()}
    depth = 0.7 * float(np.max(table["bottom_cm"]))
    same = cores_of(table, "mangrove", extend=False).stock(depth)
    assert cores_of(mixed, "mangrove", extend=False).stock(depth) == pytest.approx(same)


def test_a_gap_belongs_half_to_each_neighbour():
    # 0-10 and 20-30 cm: the first stands for 0-15, the second for 15-30; 15 x 1 x 2 + 15 x 1 x 4 = 90.
    table = rows(
        {"top_cm": 0.0, "bottom_cm": 10.0, "bulk_density_g_cm3": 1.0, "carbon_percent": 2.0},
        {"top_cm": 20.0, "bottom_cm": 30.0, "bulk_density_g_cm3": 1.0, "carbon_percent": 4.0},
    )
    assert cores_of(table, "mangrove", extend=False).stock(30.0)[0] == pytest.approx(90.0)


def test_a_short_core_is_refused_unless_its_lowest_layer_may_go_on():
    table = rows({"top_cm": 0.0, "bottom_cm": 50.0, "bulk_density_g_cm3": 0.8, "carbon_percent": 5.0})
    with pytest.raises(DomainError) as refused:
        cores_of(table, "mangrove", extend=False).stock(100.0)
    assert refused.value.code == "coastal.short_core"
    assert cores_of(table, "mangrove", extend=True).stock(100.0)[0] == pytest.approx(400.0)


def test_carbonate_is_taken_off_and_the_scatter_of_cores_is_their_error():
    one = {"top_cm": 0.0, "bottom_cm": 10.0, "bulk_density_g_cm3": 1.0}
    table = rows(
        {**one, "core": "A", "carbon_percent": 6.0, "inorganic_c_percent": 2.0},
        {**one, "core": "B", "carbon_percent": 6.0},
    )
    mean, se = cores_of(table, "mangrove", extend=False).stock(10.0)
    assert mean == pytest.approx((40 + 60) / 2)
    assert se == pytest.approx(10.0)  # sd 14.142 over the root of two


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
@given(matter=st.floats(1, 19))
def test_matter_and_carbon_are_each_other_s_inverse(ecosystem, matter):
    assert matter_from_carbon(carbon_from_matter(matter, ecosystem), ecosystem) == pytest.approx(matter)


def test_where_the_relation_has_no_matter_the_share_must_be_measured():
    with pytest.raises(DomainError) as refused:
        allochthonous_share(1.5, 1.5, "mangrove")
    assert refused.value.code == "coastal.no_organic_matter"


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
@given(carbon=st.floats(3, 30), low=st.floats(0, 10), more=st.floats(0, 10))
def test_the_share_is_one_of_the_whole_and_grows_with_what_settles(ecosystem, carbon, low, more):
    first = allochthonous_share(carbon, low, ecosystem)
    assert 0 <= first <= allochthonous_share(carbon, low + more, ecosystem) + 1e-12 <= 1 + 1e-12
    assert allochthonous_share(carbon, 0, ecosystem) == pytest.approx(0, abs=1e-9)
