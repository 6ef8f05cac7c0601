"""``verra/vm0042``: numbers of others, laws of both claims, refusals. Worked numbers are in the method's cases."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.verra.vm0042 import ImprovedLandInputs, claims, rules
from tanhui.mrv.methods.verra.vm0042.inputs import (
    Campaign,
    Commodity,
    ControlSite,
    Core,
    Displacement,
    Field,
    Layer,
    Modelled,
    Practice,
    Resampled,
    Stratum,
)
from tanhui.mrv.methods.verra.vm0042.model import Component

M = method("verra/vm0042")
P = M.parameters
DAY = date(2026, 11, 24)
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))
HERE = {"day": DAY, "p": P}


def place(start, end, paired=False):
    return Resampled(Campaign(tuple(map(float, start))), Campaign(tuple(map(float, end))), paired)


def project(start, end, control_start=(50, 51, 52), control_end=(50, 51, 52), **more):
    return replace(
        ImprovedLandInputs(
            project_start=date(2025, 1, 1),
            crediting=Period(date(2025, 1, 1), date(2045, 1, 1)),
            application=DAY,
            period=YEAR,
            npr_fraction=0.1,
            strata=(Stratum("a", 100.0, place(start, end)),),
            controls=(ControlSite("c", ("a",), place(control_start, control_end)),),
        ),
        **more,
    )


def line(claim, name):
    return next(x.co2e_t for x in claim.lines if x.line == name)


def total_t(inputs):
    return sum(claim.net_t for claim in claims(inputs, P))


# Numbers of others


def test_figure_3_of_the_standard():
    """283.2 g in four cores of 21.5 mm are 1950 t/ha; with 24.29 g/kg they hold 47.37 t C/ha (printed 47.36)."""
    found = rules.profile(Core((Layer(30.0, 283.2, 24.29),), 21.5, 4), **HERE)
    assert round(float(found.mass_t_ha[0])) == 1950
    assert float(found.stock_t_ha[0]) == pytest.approx(47.37, abs=0.005)


def test_variance_of_the_example_of_approach_1():
    """Kane 2024, example 1: sampling 175,024.8 over 1000 ha and model 1.25 x 5 make 6.425025."""
    components = [Component(175_024.8, 199), Component(6.25 * 1000**2, math.inf)]
    variance, _ = rules.mean_variance(components, 1000.0, **HERE)
    assert variance == pytest.approx(6.425025, abs=5e-7)


def test_sampling_variance_is_the_textbook_one():
    """Eq. 62 on five strata against numpy's variance of a mean."""
    import numpy as np

    draws = np.random.default_rng(42)
    expected, components = 0.0, []
    for area, n in ((500.0, 100), (200.0, 40), (50.0, 10)):
        gain, loss = draws.normal(6, 1, n), draws.normal(-9, 3, n)
        expected += area**2 * np.var(gain - loss, ddof=1) / n
        components += rules.modelled_components(Modelled(tuple(gain), tuple(loss), 6.25), area, **HERE)[:1]
    variance, _ = rules.mean_variance(components, 750.0, **HERE)
    assert variance == pytest.approx(expected / 750.0**2, rel=1e-12)


def test_paired_points_are_two_variances_less_two_covariances():
    import numpy as np

    start, end = np.array([50.0, 52.0, 57.0, 49.0]), np.array([52.0, 53.0, 60.0, 52.0])
    both = np.cov(start, end) / 4 * (100 * 44 / 12) ** 2
    (found,) = rules.change_components(tuple(start), tuple(end), 100.0, True, **HERE)
    assert found.variance == pytest.approx(both[0, 0] + both[1, 1] - 2 * both[0, 1], rel=1e-12)


@pytest.mark.parametrize("df", [1.0, 2.0243, 5.88, 40.0])
def test_t_is_one_sided_at_two_thirds(df):
    found = rules.uncertainty_share(1.0, df, 1.0, **HERE)
    assert found == pytest.approx(stats.t.ppf(2 / 3, df), rel=1e-9)


def test_t_of_many_samples_is_the_printed_one():
    assert round(rules.uncertainty_share(1.0, math.inf, 1.0, **HERE), 4) == 0.4307


def test_example_of_the_leakage_module():
    """VMD0054 v1.0, Appendix 1, step by step; printed rounded."""
    cattle = Commodity("cattle", (300, 330, 360), 0.0, 1.70, (400, 420, 440), 536.0)
    foregone, mitigation = rules.production_change(cattle, 5, **HERE)
    assert round(foregone) == 373
    assert round(mitigation) == 61
    assert round(rules.new_land_ha(cattle, foregone, mitigation, **HERE)) == 55
    found = rules.cumulative_displacement_t(Displacement((cattle,), 5, 130.6, 60.0, 0.7), **HERE)
    assert found == pytest.approx(30_048, abs=6)


def test_leakage_stops_growing_after_five_years():
    crop = Commodity("maize", (100.0,), 50.0, 5.0)
    five, nine = (
        rules.cumulative_displacement_t(Displacement((crop,), years, 100.0, 60.0, 0.7), **HERE) for years in (5, 9)
    )
    assert five == nine > 0


def test_one_product_may_spare_land_but_all_together_not():
    less, more = Commodity("maize", (100.0,), 50.0, 5.0), Commodity("beans", (0.0,), 1000.0, 2.0)
    alone = rules.cumulative_displacement_t(Displacement((less,), 1, 100.0, 60.0, 0.7), **HERE)
    assert alone > 0
    assert rules.cumulative_displacement_t(Displacement((less, more), 1, 100.0, 60.0, 0.7), **HERE) == 0.0


# Which factor


@pytest.mark.parametrize(("before", "after", "factor"), [(100.0, 0.0, 0.013), (0.0, 100.0, 0.019)])
def test_example_of_8_6_3(before, after, factor):
    """Printed: 0.013 of 0.013 to 0.019 where fertiliser falls, 0.019 where it rises."""
    field = Field("f", "wet")
    sides = [Practice("f", 2025, "project", synthetic_n_kg=n) for n in (before, after)]
    amounts = [sum(x.amount for x in rules.fertiliser_direct(side, field, **HERE)) for side in sides]
    (emission,) = rules.fertiliser_direct(max(sides, key=lambda x: x.synthetic_n_kg), field, **HERE)
    found = rules.conservative_reduction_t(emission.factor, amounts[0] - amounts[1], **HERE)
    assert found == pytest.approx((before - after) * factor * 44 / 28 * 265 / 1000)


@pytest.mark.parametrize(
    ("climate", "irrigation", "leaches"),
    [("wet", "none", True), ("dry", "none", False), ("dry", "drip", False), ("dry", "other", True)],
)
def test_where_nitrogen_leaches(climate, irrigation, leaches):
    found = rules.fertiliser_leached(
        Practice("f", 2025, "project", synthetic_n_kg=100), Field("f", climate, irrigation), **HERE
    )
    assert bool(found) is leaches


# Laws

STOCK = st.floats(20, 120, allow_nan=False)
POINTS = st.lists(STOCK, min_size=3, max_size=6).map(tuple)
PROJECTS = st.builds(
    lambda start, end, c0, c1, before, npr: project(
        start, end, c0, c1, change_before_co2e_t=before, npr_fraction=npr
    ),
    POINTS, POINTS, POINTS, POINTS, st.floats(-1e5, 1e5), st.floats(0, 0.6),
)  # fmt: skip


@given(PROJECTS)
def test_laws_of_both_claims(inputs):
    for claim in claims(inputs, P):
        assert round(math.fsum(x.co2e_t for x in claim.lines[:-1]), 3) == claim.net_t
        assert claim.credits_t == max(0, math.floor(claim.net_t)) == sum(x.credits_t for x in claim.by_year)
        assert claim.deficit_t == max(0.0, -claim.net_t)
        assert line(claim, "permanence") <= 0
        assert claim.indicative_reasons


@given(PROJECTS)
def test_never_more_than_the_soil_gave(inputs):
    """The two claims together are at most the net change of the soil, and less of a loss never comes out."""
    change = [sum(x) / len(x) for x in (
        inputs.strata[0].measured.start.stocks_c_t_ha, inputs.strata[0].measured.end.stocks_c_t_ha,
        inputs.controls[0].measured.start.stocks_c_t_ha, inputs.controls[0].measured.end.stocks_c_t_ha,
    )]  # fmt: skip
    net_t = (change[1] - change[0] - change[3] + change[2]) * 100 * 44 / 12
    assert total_t(inputs) <= net_t + 0.01


@given(st.floats(0.1, 10), st.floats(1.0, 3.0), st.floats(-8, 8), st.floats(-1e4, 1e4))
def test_more_scatter_never_raises_the_credits(spread, more, gain, before):
    def with_spread(s):
        return project([50 - s, 50, 50 + s], [50 + gain - s, 50 + gain, 50 + gain + s], change_before_co2e_t=before)

    assert total_t(with_spread(spread * more)) <= total_t(with_spread(spread)) + 0.02


def test_more_risk_never_raises_the_credits():
    nets = [total_t(project([50, 52, 54], [56, 58, 60], npr_fraction=npr)) for npr in (0.0, 0.1, 0.3, 0.6)]
    assert nets == sorted(nets, reverse=True)


def strata(*rows):
    return tuple(Stratum(name, area, place(start, end)) for name, area, start, end in rows)


def test_order_of_strata_and_points_is_irrelevant():
    rows = [("a", 60.0, [50, 52, 54], [56, 57, 60]), ("b", 40.0, [40, 42, 47], [41, 44, 46])]
    controls = (ControlSite("c", ("a", "b"), place([50, 51, 53], [50, 52, 52])),)
    one = project([1, 2], [1, 2], strata=strata(*rows), controls=controls)
    back = [(name, area, start[::-1], end[::-1]) for name, area, start, end in reversed(rows)]
    other = replace(one, strata=strata(*back))
    assert [x.lines for x in claims(one, P)] == [x.lines for x in claims(other, P)]


def test_splitting_the_land_of_a_control_does_not_make_its_error_smaller():
    """Project points without scatter: all error is the control's, however many strata it stands for."""
    controls = place([50, 51, 53], [50, 52, 52])
    whole = project([50, 50, 50], [55, 55, 55], controls=(ControlSite("c", ("a",), controls),))
    halves = strata(("a", 30.0, [50] * 3, [55] * 3), ("b", 70.0, [50] * 3, [55] * 3))
    split = replace(whole, strata=halves, controls=(ControlSite("c", ("a", "b"), controls),))
    assert [x.lines for x in claims(whole, P)] == [x.lines for x in claims(split, P)]


def test_a_gain_while_the_stock_is_below_its_start_is_a_reduction():
    gain = project([50, 52, 54], [56, 58, 60], change_before_co2e_t=-1e5)
    removal, reduction = claims(gain, P)
    assert removal.net_t == 0
    assert reduction.net_t == pytest.approx(claims(replace(gain, change_before_co2e_t=0.0), P)[0].net_t, abs=0.01)


def test_years_turn_from_reductions_to_removals_when_the_stock_passes_its_start():
    years = Period(date(2021, 1, 1), date(2026, 1, 1))
    inputs = project([50, 50, 50], [55, 55, 55], (50, 50, 50), (50, 50, 50), period=years,
                     project_start=date(2021, 1, 1), crediting=Period(date(2021, 1, 1), date(2041, 1, 1)),
                     change_before_co2e_t=-700.0, npr_fraction=0.0)  # fmt: skip
    removal, reduction = claims(inputs, P)
    # 500 t C are 1833 t CO2e in five years, 366 a year: the cumulative change is positive from the second year on.
    assert [x.co2e_t > 0 for x in reduction.by_year] == [True, False, False, False, False]
    assert [x.co2e_t > 0 for x in removal.by_year] == [False, True, True, True, True]
    assert removal.net_t + reduction.net_t == pytest.approx(5 * 100 * 44 / 12, abs=0.01)


@pytest.mark.parametrize("gain", [-3.0, 0.0])
def test_a_loss_is_enlarged_and_named_a_reversal(gain):
    inputs = project([49, 50, 51], [49 + gain, 50 + gain, 51 + gain], (49, 50, 51), (50, 51, 52))
    net_t = (gain - 1) * 100 * 44 / 12
    assert total_t(inputs) < net_t
    assert any(x.startswith("reason.vm0042.reversal:") for x in claims(inputs, P)[0].indicative_reasons)


def test_equal_soil_mass_not_equal_depth():
    """A soil that was only compacted, every core ten per cent heavier, gained nothing."""

    def campaign(dense):
        layers = (Layer(30.0, 280.0 * dense, 15.0), Layer(20.0, 200.0 * dense, 15.0))
        return Campaign(samples=(Core(layers, 21.5, 4),) * 3)

    compacted = Resampled(campaign(1.0), campaign(1.1))
    inputs = replace(
        project([1, 2], [1, 2]),
        strata=(Stratum("a", 100.0, compacted),),
        controls=(ControlSite("c", ("a",), Resampled(campaign(1.0), campaign(1.0))),),
    )
    assert total_t(inputs) == pytest.approx(0.0, abs=0.01)


def test_a_profile_that_is_too_shallow_is_refused():
    def campaign(grams):
        return Campaign(samples=(Core((Layer(30.0, grams, 15.0),), 21.5, 4),) * 3)

    inputs = replace(
        project([1, 2], [1, 2]),
        strata=(Stratum("a", 100.0, Resampled(campaign(250.0), campaign(250.0))),),
        controls=(ControlSite("c", ("a",), Resampled(campaign(290.0), campaign(290.0))),),
    )
    with pytest.raises(DomainError) as refusal:
        claims(inputs, P)
    assert refusal.value.code == "soil.not_deep_enough"


# Refusals


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"npr_fraction": 15.0}, "methods.percent_for_fraction"),
        ({"npr_fraction": math.nan}, "methods.not_a_number"),
        ({"carried_deficit_t": -1.0}, "methods.negative"),
        ({"strata": ()}, "vm0042.no_strata"),
        ({"strata": (Stratum("a", 1.0),)}, "vm0042.one_approach"),
        ({"controls": ()}, "vm0042.no_control"),
        ({"strata": (Stratum("b", 1.0, place([1, 2], [1, 2])),)}, "vm0042.unknown_stratum"),
        ({"strata": (Stratum("a", 1.0, place([1, 2], [1, 2, 3], True)),)}, "vm0042.points_differ"),
        ({"strata": (Stratum("a", 1.0, modelled=Modelled((1.0, 2.0), (1.0,), 0.0)),)}, "vm0042.points_differ"),
        ({"spectroscopy_errors_c_t_ha": (1.0,)}, "vm0042.too_few_points"),
        ({"application": date(2025, 12, 31)}, "methods.period_not_over"),
        ({"fields": (Field("f", "wet"),) * 2}, "verra.name_twice"),
        ({"practices": (Practice("g", 2024, "project"),)}, "vm0042.unknown_field"),
    ],
)
def test_refusals(change, code):
    with pytest.raises(RefusedInput) as refusal:
        claims(project([50, 52, 54], [56, 58, 60], **change), P)
    assert code in {fault.code for fault in refusal.value.faults}
    assert all(fault.reason("zh") and fault.reason("en") for fault in refusal.value.faults)


def test_another_edition_of_warming_potentials_is_refused():
    with pytest.raises(DomainError) as refusal:
        claims(project([50, 52, 54], [56, 58, 60], gwp_edition="AR6"), P)
    assert refusal.value.code == "gwp.two_editions"


def test_the_claim_that_is_asked_for():
    inputs = project([50, 52, 54], [56, 58, 60])
    assert M.account(inputs).kind == "removal"
    assert M.account(replace(inputs, claim="reduction")).kind == "reduction"
