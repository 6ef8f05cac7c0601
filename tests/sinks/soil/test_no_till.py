"""No-till by Tier 1: the increment by hand, what it leaves open, and fields that are no no-till."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.kernel.wording import say
from tanhui.sinks.soil.no_till import no_till_change
from tanhui.sinks.soil.tier1 import EDITIONS, Condition

FIELD = Condition("high_activity_clay_soils", "warm_temperate_moist", "annual_crops", "full_tillage", "medium")


@pytest.mark.parametrize(
    ("edition", "whole"),
    # By hand: reference x F_LU x (F_MG - 1): 88 x 0.69 x 0.15, and 64 x 0.69 x 0.10.
    [("ipcc2006", 88 * 0.69 * 0.15), ("ipcc2019", 64 * 0.69 * 0.10)],
)
def test_the_increment_is_that_of_the_factor(edition, whole):
    assert no_till_change(FIELD, edition, ["no_tillage"] * 20).change_t_ha == pytest.approx(whole)
    assert no_till_change(FIELD, edition, ["no_tillage"] * 5).change_t_ha == pytest.approx(whole / 4)
    assert no_till_change(FIELD, edition, ["no_tillage"] * 90).change_t_ha == pytest.approx(whole)
    assert no_till_change(FIELD, edition, []).change_t_ha == 0


def test_a_loss_below_is_taken_off_and_a_gap_is_said():
    alone = no_till_change(FIELD, "ipcc2019", ["no_tillage"] * 20, depth_cm=30)
    assert [*alone.cautions] == ["soil.note.no_till", "soil.note.subsoil"]
    assert all(say(key, "zh") != say(key, "en") for key in alone.cautions)
    measured = no_till_change(FIELD, "ipcc2019", ["no_tillage"] * 20, subsoil_change_t_ha=-3.0)
    assert measured.change_t_ha == pytest.approx(64 * 0.69 * 0.10 - 3.0)
    assert measured.topsoil_t_ha == alone.topsoil_t_ha
    assert measured.cautions == ("soil.note.no_till",)


@given(st.sampled_from(EDITIONS), st.integers(0, 60))
def test_more_years_never_hold_less(edition, years):
    now, later = (no_till_change(FIELD, edition, ["no_tillage"] * n).change_t_ha for n in (years, years + 1))
    assert 0 <= now <= later


@pytest.mark.parametrize(
    ("code", "work"),
    [
        ("soil.tilled_between", lambda: no_till_change(FIELD, "ipcc2019", ["no_tillage", "full_tillage"] * 5)),
        ("soil.tilled_between", lambda: no_till_change(FIELD, "ipcc2019", ["no_tillage", "reduced_tillage"])),
        ("soil.not_this_depth", lambda: no_till_change(FIELD, "ipcc2019", ["no_tillage"], depth_cm=100)),
        ("soil.missing", lambda: no_till_change(FIELD, "ipcc2019", ["no_tillage"], subsoil_change_t_ha=float("nan"))),
        ("soil.no_edition", lambda: no_till_change(FIELD, "ipcc1996", ["no_tillage"])),
    ],
)
def test_what_is_no_no_till_is_refused(code, work):
    with pytest.raises(DomainError) as caught:
        work()
    assert caught.value.code == code
    assert caught.value.text("zh") != caught.value.text("en")


def test_the_refusal_names_the_years():
    with pytest.raises(DomainError) as caught:
        no_till_change(FIELD, "ipcc2019", ["no_tillage", "full_tillage", "no_tillage", "reduced_tillage"])
    assert caught.value.facts["years"] == "2, 4"
