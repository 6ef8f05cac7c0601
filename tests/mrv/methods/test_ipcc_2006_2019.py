"""``ipcc/2006`` and ``ipcc/2019``: one account, two sets of numbers that never meet. Worked numbers: in the cases."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method, reason_text
from tanhui.mrv.methods.ipcc import land_rules
from tanhui.mrv.methods.ipcc.land_inputs import (
    Disturbance,
    Emission,
    Fire,
    GainLoss,
    Harvest,
    Land,
    LandInputs,
    Management,
    MineralSoil,
    Stocks,
)

PERIOD = Period(date(2021, 1, 1), date(2026, 1, 1))
EDITIONS = ("2006", "2019")
FULL = Management("annual_crops", "full_tillage", "medium")
NONE = replace(FULL, management="no_tillage")
FIELD = MineralSoil("high_activity_clay_soils", "warm_temperate_moist", FULL, NONE, date(2021, 1, 1))
AREAS = st.floats(1, 1e5)


def claim(edition, *lands, **more):
    return method(f"ipcc/{edition}").account(LandInputs(PERIOD, edition, "AR5", lands, **more))


def line(found, name):
    return next(x.co2e_t for x in found.lines if x.line == name)


@pytest.mark.parametrize("edition", EDITIONS)
def test_rules_are_shared_and_numbers_are_not(edition):
    own = method(f"ipcc/{edition}")
    assert [rule.name for rule in own.rules] == [rule.name for rule in method("ipcc/2006").rules]
    assert all(rule.versions is getattr(land_rules, rule.name).versions for rule in own.rules)
    assert all(leaf.id.startswith((own.id, "gwp/")) for leaf in own.parameters.leaves())


def test_an_edition_takes_only_its_own_table():
    # 88 x 0.69 x 0.15 and 64 x 0.69 x 0.10 over 1826 of 7305 days, 1000 ha.
    for edition, whole in (("2006", 88 * 0.69 * 0.15), ("2019", 64 * 0.69 * 0.10)):
        found = claim(edition, Land("field", 1000.0, soil=FIELD))
        assert line(found, "mineral_soil") == pytest.approx(whole * 1000 * 1826 / 7305 * 44 / 12, abs=0.001)
        soils = [reason for reason in found.indicative_reasons if ":soil_ipcc" in reason]
        assert soils
        assert all(f":soil_ipcc{edition}/" in reason for reason in soils)


@pytest.mark.parametrize(("asked", "stated"), [("2006", "2019"), ("2019", "2006"), ("2019", "1996")])
def test_another_edition_is_refused(asked, stated):
    inputs = LandInputs(PERIOD, stated, "AR5", (Land("field", 1.0, soil=FIELD),))
    with pytest.raises(RefusedInput) as refused:
        method(f"ipcc/{asked}").account(inputs)
    assert [fault.code for fault in refused.value.faults] == ["methods.ipcc_other_edition"]
    within = replace(inputs, edition=asked, lands=(Land("field", 1.0, soil=replace(FIELD, edition=stated)),))
    with pytest.raises(RefusedInput):
        method(f"ipcc/{asked}").account(within)


def test_a_class_of_the_other_edition_is_not_guessed():
    grazed = Management("grassland", "high_intensity_grazing", "medium")
    assert claim("2019", Land("pasture", 1.0, soil=replace(FIELD, after=grazed)))
    with pytest.raises(DomainError) as refused:
        claim("2006", Land("pasture", 1.0, soil=replace(FIELD, after=grazed)))
    assert refused.value.code == "soil.no_factor"


@pytest.mark.parametrize("edition", EDITIONS)
def test_no_till_carries_its_caution(edition):
    found = claim(edition, Land("field", 1.0, soil=FIELD))
    reason = next(x for x in found.indicative_reasons if x.startswith("soil.note.no_till"))
    assert "0-30 cm" in reason_text(reason)
    ploughed = claim(edition, Land("field", 1.0, soil=replace(FIELD, after=FULL)))
    assert not any("no_till" in x for x in ploughed.indicative_reasons)


@pytest.mark.parametrize("edition", EDITIONS)
@given(AREAS, st.floats(0.01, 0.99), st.floats(0, 20), st.floats(0, 1), st.floats(0, 100), st.floats(0, 100))
def test_splitting_land_and_changing_its_order_changes_nothing(edition, area, part, growth, root, start, end):
    def land(name, share):
        flows = GainLoss(root, growth_t_ha_yr=growth, harvests=(Harvest(40 * share, bcef_t_m3=0.8),))
        return [
            Land(f"{name} stand", area * share, flows=flows, soil=FIELD),
            Land(f"{name} stock", area * share, Stocks(start, end), dead_matter=Stocks(end, start)),
        ]

    whole = claim(edition, *land("whole", 1.0))
    split = claim(edition, *reversed([*land("a", part), *land("b", 1 - part)]))
    for one, other in zip(whole.lines, split.lines, strict=True):
        assert other.co2e_t == pytest.approx(one.co2e_t, rel=1e-9, abs=0.002)


@pytest.mark.parametrize("edition", EDITIONS)
@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1))
def test_losses_never_raise_the_account(edition, less, more, lost):
    less, more = sorted((less, more))

    def net(volume):
        flows = GainLoss(
            0.3,
            growth_t_ha_yr=5.0,
            harvests=(Harvest(volume, bef=1.4, density_t_m3=0.5),),
            disturbances=(Disturbance(5.0, volume / 100, lost),),
        )
        fire = Fire(date(2022, 1, 1), "wheat_residue", 10.0, volume / 100)
        return claim(edition, Land("stand", 100.0, flows=flows, fires=(fire,))).net_t

    assert net(more) <= net(less)


@pytest.mark.parametrize("edition", EDITIONS)
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_it_is_never_issued_and_its_years_add_up(edition, start, end):
    found = claim(edition, Land("land", 1.0, Stocks(start, end)), others=(Emission("lime", 3.0, "AR5", "sheet"),))
    assert found.credits_t == 0
    assert not found.creditable
    assert found.indicative_reasons[0] == f"reason.methods.never_issued:ipcc/{edition}"
    assert math.fsum(x.co2e_t for x in found.by_year) == pytest.approx(found.net_t, rel=1e-12, abs=1e-6)
    assert found.net_t == pytest.approx((end - start) * 44 / 12 - 3.0, rel=1e-9, abs=0.003)


def test_roots_are_counted_once():
    above = claim("2019", Land("stand", 10.0, flows=GainLoss(0.25, growth_t_ha_yr=4.0)))
    whole = claim("2019", Land("stand", 10.0, flows=GainLoss(0.25, total_growth_t_ha_yr=5.0)))
    assert line(above, "biomass") == line(whole, "biomass") > 0


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_transition_that_is_over_adds_nothing(edition):
    over = replace(FIELD, changed_on=date(2001, 1, 1))
    assert line(claim(edition, Land("field", 10.0, soil=over)), "mineral_soil") == 0


def test_one_edition_of_potentials():
    fire = Fire(date(2022, 1, 1), "temperate_forest", 10.0, 100.0)
    ar4, ar6 = (
        method("ipcc/2019").account(LandInputs(PERIOD, "2019", gwp, (Land("stand", 10.0, fires=(fire,)),)))
        for gwp in ("AR4", "AR6")
    )
    # 10 x 100 x 0.45 x 4.7 kg x 25 and 27.9
    assert line(ar4, "fire_ch4") == pytest.approx(-450 * 4.7 * 25 / 1000, abs=0.001)
    assert line(ar6, "fire_ch4") == pytest.approx(-450 * 4.7 * 27.9 / 1000, abs=0.001)
    assert (ar4.gwp, ar6.gwp) == ("AR4", "AR6")
    with pytest.raises(DomainError) as refused:
        claim("2019", Land("stand", 10.0), others=(Emission("lime", 3.0, "AR4", "sheet"),))
    assert refused.value.code == "gwp.two_editions"
    with pytest.raises(DomainError):
        method("ipcc/2019").account(LandInputs(PERIOD, "2019", "AR3", (Land("stand", 10.0),)))
