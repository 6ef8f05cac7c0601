"""Tier 1: the worked example of the Guidelines, both tables by hand, and editions that do not mix."""

import math

import pytest

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import say
from tanhui.sinks.soil.tier1 import (
    EDITIONS,
    Condition,
    Factor,
    Tier1Stock,
    _table,
    annual_change_t_ha,
    is_sandy,
    stock_after_t_ha,
    tier1_stock,
)


def wheat(management="full_tillage", inputs="medium", climate="warm_temperate_moist"):
    return Condition("high_activity_clay_soils", climate, "annual_crops", management, inputs)


def of_1996(*factors):
    """An edition that has no table here, brought by the user."""
    return Tier1Stock("ipcc1996", Factor(88.0), tuple(Factor(value) for value in factors))


def test_the_worked_example_of_the_2006_guidelines():
    """A million hectares of cropland (Volume 4, chapter 5, recalled): 58.78 and 64.06 Mt C, 264,000 t C a year."""
    kinds = [("full_tillage", "cropland_low"), ("full_tillage", "medium"), ("reduced_tillage", "medium"),
             ("no_tillage", "medium")]  # fmt: skip
    low, full, reduced, none = (tier1_stock(wheat(*kind), "ipcc2006") for kind in kinds)
    before = 0.4 * low.t_ha + 0.6 * full.t_ha
    after = 0.2 * low.t_ha + 0.7 * reduced.t_ha + 0.1 * none.t_ha
    assert before == pytest.approx(58.78, abs=0.005)
    assert after == pytest.approx(64.06, abs=0.005)
    # 200,000 ha go from low to none or reduced, 600,000 ha from full to reduced: the sum of single changes.
    yearly = 0.6 * annual_change_t_ha(full, reduced) + 0.1 * annual_change_t_ha(low, reduced)
    yearly += 0.1 * annual_change_t_ha(low, none)
    assert yearly == pytest.approx(0.264, abs=0.0005)


def test_the_2019_table_by_hand():
    before, after = tier1_stock(wheat(), "ipcc2019"), tier1_stock(wheat("no_tillage", "cropland_low"), "ipcc2019")
    assert before.t_ha == pytest.approx(64 * 0.69)
    assert after.t_ha == pytest.approx(64 * 0.69 * 1.10 * 0.92)
    assert before.half_width_share == pytest.approx(math.sqrt(0.05**2 + 0.16**2))
    assert annual_change_t_ha(before, after) == pytest.approx((after.t_ha - before.t_ha) / 20)
    assert annual_change_t_ha(before, after, 30) == pytest.approx((after.t_ha - before.t_ha) / 30)
    assert stock_after_t_ha(before, after, 5) == pytest.approx(before.t_ha + (after.t_ha - before.t_ha) / 4)
    assert stock_after_t_ha(before, after, 50) == pytest.approx(after.t_ha)
    native = tier1_stock(Condition("sandy_soils", "polar_dry", "native", "native", "native"), "ipcc2019")
    assert native.t_ha == 27.0


def test_the_2006_table_by_hand():
    # AR-TOOL16 of the CDM prints the same: 95 x 0.69 for cold temperate moist cropland, 38 x 0.58 for tropical dry.
    cold, dry = (tier1_stock(wheat(climate=x), "ipcc2006") for x in ("cool_temperate_moist", "tropical_dry"))
    assert (cold.t_ha, dry.t_ha) == pytest.approx((95 * 0.69, 38 * 0.58))
    pasture = Condition("volcanic_soils", "tropical_montane", "grassland", "moderately_degraded", "medium")
    assert tier1_stock(pasture, "ipcc2006").t_ha == pytest.approx(80 * 0.96)
    assert cold.half_width_share == pytest.approx(math.hypot(0.90, 0.12))
    assert cold.status is Status.SECONDARY
    assert cold.half_width_status is Status.RECALLED


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_soil_has_every_factor_of_its_climate(edition):
    """Where there is a reference stock, cropland has a factor for each kind of use, tillage and input."""
    table = _table(edition)
    climates = {climate for quantity, _, climate in table if quantity == "soc_ref" and not climate.startswith("polar")}
    classes = {(quantity, name) for quantity, name, _ in table if quantity != "soc_ref"}
    missing = [
        (*kind, climate)
        for climate in climates
        for kind in classes
        if (*kind, climate) not in table and (*kind, "any") not in table
    ]
    assert not missing
    assert len(climates) == 10


def test_native_land_is_the_reference_in_both_editions():
    for edition in EDITIONS:
        native = Condition("sandy_soils", "tropical_wet", "native", "native", "native")
        stock = tier1_stock(native, edition)
        assert stock.t_ha == stock.soc_ref.value


def test_what_is_in_doubt_is_said():
    assert tier1_stock(wheat(), "ipcc2019").cautions == ()
    (caution,) = tier1_stock(wheat("no_tillage"), "ipcc2019").cautions
    assert "0-30 cm" in say(caution, "en")
    orchard = Condition("sandy_soils", "tropical_montane", "perennial_crops", "no_tillage", "medium")
    assert tier1_stock(orchard, "ipcc2019").status is Status.RECALLED
    assert tier1_stock(wheat(), "ipcc2019").status is Status.SECONDARY


def test_sandy():
    assert is_sandy(0.75, 0.05)
    assert not is_sandy(0.75, 0.10)
    assert not is_sandy(0.70, 0.05)


@pytest.mark.parametrize(
    ("code", "work"),
    [
        ("soil.no_edition", lambda: tier1_stock(wheat(), "ipcc1996")),
        ("soil.no_factor", lambda: tier1_stock(wheat(climate="polar_dry"), "ipcc2019")),
        ("soil.no_factor", lambda: tier1_stock(wheat("ploughing"), "ipcc2019")),
        ("soil.no_factor", lambda: tier1_stock(wheat(climate="boreal_wet"), "ipcc2006")),
        # The 2019 Refinement grades grassland by grazing, the 2006 Guidelines by degradation.
        ("soil.no_factor", lambda: tier1_stock(wheat("high_intensity_grazing"), "ipcc2006")),
        ("soil.no_factor", lambda: tier1_stock(wheat("moderately_degraded"), "ipcc2019")),
        ("soil.editions_mixed", lambda: annual_change_t_ha(of_1996(1.0), tier1_stock(wheat(), "ipcc2019"))),
        (
            "soil.editions_mixed",
            lambda: stock_after_t_ha(tier1_stock(wheat(), "ipcc2006"), tier1_stock(wheat(), "ipcc2019"), 5),
        ),
        (
            "soil.other_reference",
            lambda: annual_change_t_ha(
                tier1_stock(wheat(), "ipcc2019"), tier1_stock(wheat(climate="cool_temperate_moist"), "ipcc2019")
            ),
        ),
        ("soil.percent_for_fraction", lambda: is_sandy(75, 5)),
    ],
)
def test_what_the_method_does_not_know_is_refused(code, work):
    with pytest.raises(DomainError) as caught:
        work()
    assert caught.value.code == code
    assert caught.value.text("zh") != caught.value.text("en")
