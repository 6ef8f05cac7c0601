"""Trees meet equations in a stated order, and nothing doubtful is chosen silently."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, InputError, RefusedInput
from tanhui.kernel.species import resolve, species
from tanhui.sinks.forest.equations import equation, equations, mean_biomass_kg
from tanhui.sinks.forest.model import Equation, Term
from tanhui.sinks.forest.selection import TIERS, candidates, match_trees, region_id


def ids(match):
    return [match.equations[i].id for i in match.equation]


def standard(equation_id, tier, species_id="cunninghamia-lanceolata", region="cn"):
    """An equation such as a user brings from a document of some rank."""
    return Equation(equation_id, "agb", "W=0.1*D^2.3", (Term(-2.3, d=2.3),), species_id, region, 5, 40, tier=tier)


def test_us_trees_get_their_group():
    match = match_trees(["red maple", "129", "Quercus alba", "red maple"], [10, 20, 30, 40], region="us")
    assert ids(match) == [
        f"us/jenkins2003/{name}"
        for name in ("soft-maple-birch", "pine", "hard-maple-oak-hickory-beech", "soft-maple-birch")
    ]
    assert match.equation.dtype == np.intp
    assert len(match.equations) == 3


def test_tropical_trees_get_chave_where_they_have_height_and_density():
    match = match_trees(["Parashorea chinensis"], [30], region="tropics", height_m=[20], wood_density_g_cm3=[0.6])
    assert ids(match) == ["tropics/chave2014-eq4"]
    with pytest.raises(DomainError, match="heights given: False"):
        match_trees(["Parashorea chinensis"], [30], region="tropics", wood_density_g_cm3=[0.6])


def test_the_order_of_china():
    """Annex before national standard before sector model before provincial before general."""
    library = dict(equations())
    for tier in reversed(TIERS):
        library[f"mine/{tier}"] = standard(f"mine/{tier}", tier)
        match = match_trees(["杉木"], [12], region="cn/hunan", wood_density_g_cm3=[0.3], library=library)
        if tier != "general":  # a species in another province is nearer than a general equation
            assert ids(match) == [f"mine/{tier}"]


def test_the_own_province_comes_before_another_and_the_species_before_its_group():
    order = [item.id for item in candidates(resolve("马尾松"), "cn/hunan")]
    first_elsewhere = next(i for i, name in enumerate(order) if equations()[name].region not in ("cn/hunan", "cn"))
    own = [i for i, name in enumerate(order) if name.startswith(("cn/zhou2018/hunan/pinus", "cn/xiang2016/pinus"))]
    group = [i for i, name in enumerate(order) if name.startswith("cn/zhou2018/hunan/conifer")]
    assert own
    assert group
    assert max(own) < first_elsewhere < min(group)


def test_slots_without_coefficients_fall_through_to_the_next_step():
    # Nobody read a model of black locust in Hunan: the species elsewhere, then the province's broadleaves, then Zeng.
    order = [item.id for item in candidates(resolve("刺槐"), "cn/hunan")]
    assert order[0].startswith("cn/zhou2018/jiangsu/robinia-pseudoacacia")
    assert order[-1] == "cn/zeng2018-general"
    assert "cn/zeng2018-five-conifers" not in order


def test_quarantined_and_restricted_rows_are_never_chosen():
    for taxon in species().values():
        for region in ("cn/shanghai", "cn/zhejiang", "cn/anhui", "cn/chongqing", "cn/qinghai", "cn/guangdong"):
            for quantity in ("agb", "stem_volume"):
                for item in candidates(taxon, region, quantity):
                    assert not item.quarantine
                    assert not item.restriction


def test_a_table_of_part_of_a_province_serves_only_there():
    larch = resolve("落叶松")
    assert not [e for e in candidates(larch, "cn/heilongjiang", "stem_volume") if "planted" in e.id]
    south = candidates(larch, "cn/heilongjiang/south", "stem_volume")
    assert [e.id for e in south] == ["cn/heilongjiang/larix-spp-planted-south/volume"]


def test_a_person_may_name_a_restricted_row_and_is_told():
    name = "cn/luo2018/hunan/cunninghamia-lanceolata/342cd3"
    match = match_trees(["杉木"], [12], region="湖南", overrides={"Cunninghamia lanceolata": name}, lang="zh")
    assert ids(match) == [name]
    assert any("non-commercial" in reason for reason in match.reasons)
    with pytest.raises(DomainError, match="stem"):
        match_trees(["杉木"], [12], region="cn", overrides="cn/zhou2018/jiangsu/cunninghamia-lanceolata/d/stem")


def test_one_equation_for_every_tree_by_its_short_name():
    match = match_trees(["杉木", "马尾松"], [12, 14], region="cn", overrides="zeng2018")
    assert ids(match) == ["cn/zeng2018-general"] * 2


def test_heights_decide_for_a_species_as_a_whole():
    tall = match_trees(["马尾松"] * 2, [12, 14], region="cn/hunan", height_m=[9, 10])
    part = match_trees(["马尾松"] * 2, [12, 14], region="cn/hunan", height_m=[9, np.nan])
    assert equation(ids(tall)[0]).needs_height
    assert not equation(ids(part)[0]).needs_height
    assert len(set(ids(part))) == 1


def test_a_tree_outside_its_range_is_flagged_and_said():
    match = match_trees(["Quercus alba"] * 3, [2.0, 30.0, 120.0], region="us")
    assert match.out_of_range.tolist() == [True, False, True]
    assert any("extrapolated" in reason and "2 of its trees" in reason for reason in match.reasons)


def test_what_weakens_a_choice_is_said():
    match = match_trees(["木荷"], [12], region="cn/zhejiang", lang="zh")
    assert any("没有残差标准差" in reason for reason in match.reasons)
    assert any("胸径范围" in reason for reason in match.reasons)


def test_every_unknown_name_is_refused_together():
    with pytest.raises(RefusedInput) as refusal:
        match_trees(["杉木", "foo bar", "马尾松", "quux", "foo bar"], [1, 2, 3, 4, 5], region="cn")
    assert [(fault.value, fault.row) for fault in refusal.value.faults] == [("foo bar", 3), ("quux", 5)]


def test_a_species_nothing_serves_is_refused():
    with pytest.raises(DomainError, match="Cunninghamia"):
        match_trees(["杉木"], [12], region="us")
    with pytest.raises(InputError, match="atlantis"):
        match_trees(["杉木"], [12], region="atlantis")


def test_regions_by_any_name():
    assert {region_id(name) for name in ("湖南", "湖南省", "Hunan", "cn/hunan", " HUNAN ")} == {"cn/hunan"}
    assert region_id("内蒙古自治区") == "cn/inner-mongolia"
    assert region_id("黑龙江省") == "cn/heilongjiang"
    assert region_id("黑龙江东部") == "cn/heilongjiang/east"


def test_no_trees():
    match = match_trees([], [], region="us")
    assert match.equation.shape == (0,)
    assert match.equations == ()


@given(st.permutations(["red maple", "white oak", "eastern white pine", "red maple", "Acer rubrum"]))
def test_the_order_of_trees_does_not_matter(names):
    match = match_trees(names, [10.0] * len(names), region="us")
    mass = {
        name: float(mean_biomass_kg(match.equations[i], 10.0)) for name, i in zip(names, match.equation, strict=True)
    }
    assert mass["red maple"] == mass["Acer rubrum"]
    assert ids(match) == [ids(match_trees([name], [10.0], region="us"))[0] for name in names]
