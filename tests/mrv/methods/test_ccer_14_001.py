"""``ccer/14-001-v01``: laws of the claim, refusals, last year's numbers. Worked numbers are in the method's cases."""

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.parameters import Dated, Parameters, Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.ccer.m14_001_v01 import AfforestationInputs, Fire, Parcel, account, uncertainty_advice
from tanhui.mrv.methods.ccer.m14_001_v01.rules import fire_t, uncertainty_share

M = method("ccer/14-001-v01")
P = M.parameters
START = date(2021, 3, 1)
PLAIN = AfforestationInputs(
    project_start=START,
    crediting=Period(START, date(2061, 3, 1)),
    application=date(2026, 3, 1),
    period=Period(START, date(2026, 1, 1)),
    tree_change_co2e_t=1000.0,
    tree_change_half_width90_rel=0.05,
)
TONNES = st.floats(-1e6, 1e6, allow_nan=False)
GAINS = st.floats(0, 1e6, allow_nan=False)
U = st.floats(0, 0.30, allow_nan=False)
DAYS = st.integers(0, PLAIN.period.days - 1).map(lambda d: START + timedelta(days=d))
FIRES = st.lists(
    st.builds(
        Fire,
        day=DAYS,
        area_ha=st.floats(0, 500),
        agb_last_verified_t_ha=st.floats(0, 300),
        age_yr=st.floats(0, 80),
        climate=st.sampled_from(["tropical", "temperate", "boreal"]),
    ),
    max_size=3,
).map(tuple)
INPUTS = st.builds(
    lambda trees, u, base, pool, fires, carried: replace(
        PLAIN,
        tree_change_co2e_t=trees,
        tree_change_half_width90_rel=u,
        baseline_removal_co2e_t=base,
        pool_change_co2e_t={"litter": pool},
        fires=fires,
        carried_deficit_t=carried,
    ),
    TONNES,
    U,
    TONNES,
    TONNES,
    FIRES,
    GAINS,
)


def line(claim, name):
    return next(x.co2e_t for x in claim.lines if x.line == name)


@given(INPUTS)
def test_laws_of_every_claim(inputs):
    claim = account(inputs, P)
    names = [x.line for x in claim.lines]
    assert names[:6] == [
        "gross_removal", "baseline", "project_emissions", "leakage", "uncertainty_deduction", "permanence"
    ]  # fmt: skip
    assert names[-1] == "net"
    assert all(x.co2e_t <= 0 for x in claim.lines if x.line not in ("gross_removal", "net"))
    assert claim.net_t <= line(claim, "gross_removal")
    assert round(math.fsum(x.co2e_t for x in claim.lines[:-1]), 3) == claim.net_t
    assert claim.credits_t == max(0, math.floor(claim.net_t)) == sum(x.credits_t for x in claim.by_year)
    assert claim.deficit_t == max(0.0, -claim.net_t)
    assert sum(round(1000 * x.co2e_t) for x in claim.by_year) == round(1000 * claim.net_t)
    assert not claim.creditable


@given(INPUTS, U)
def test_more_uncertainty_never_raises_a_claim(inputs, u):
    lower, higher = sorted((inputs.tree_change_half_width90_rel, u))
    exact = account(replace(inputs, tree_change_half_width90_rel=lower), P)
    vague = account(replace(inputs, tree_change_half_width90_rel=higher), P)
    assert vague.net_t <= exact.net_t


@given(INPUTS, st.integers(1, PLAIN.period.days - 1))
def test_splitting_a_period_conserves_tonnes(inputs, days):
    """Two claims of the parts take up what one of the whole does, and never credit more."""
    cut = START + timedelta(days=days)
    first, second = Period(START, cut), Period(cut, inputs.period.end)

    def part(span):
        factor = span.days / inputs.period.days
        return replace(
            inputs,
            period=span,
            tree_change_co2e_t=inputs.tree_change_co2e_t * factor,
            baseline_removal_co2e_t=inputs.baseline_removal_co2e_t * factor,
            pool_change_co2e_t={k: v * factor for k, v in inputs.pool_change_co2e_t.items()},
            fires=tuple(f for f in inputs.fires if span.start <= f.day < span.end),
            carried_deficit_t=0.0,
        )

    whole = account(replace(inputs, carried_deficit_t=0.0), P)
    parts = [account(part(span), P) for span in (first, second)]
    for name in ("gross_removal", "baseline", "project_emissions", "uncertainty_deduction"):
        assert math.fsum(line(x, name) for x in parts) == pytest.approx(line(whole, name), abs=0.005)
    assert math.fsum(x.net_t for x in parts) <= whole.net_t + 0.01
    carried = account(replace(part(second), carried_deficit_t=parts[0].deficit_t), P)
    if carried.net_t >= 0:  # otherwise the second part reverses what the first was credited, and carries it
        assert parts[0].credits_t + carried.credits_t <= whole.credits_t


@given(GAINS, st.integers(0, 3000), st.integers(1, 3000), st.integers(0, 2000))
def test_what_is_excluded_and_what_is_claimed_is_everything(gain, before, length, late):
    """Days before crediting, before the cut-off, too old and after crediting: nothing vanishes, nothing twice."""
    start = date(2014, 1, 1) + timedelta(days=before)
    period = Period(start, start + timedelta(days=length))
    inputs = replace(
        PLAIN,
        project_start=date(2014, 1, 1),
        crediting=Period(date(2015, 6, 1), date(2035, 6, 1)),
        period=period,
        application=max(period.end + timedelta(days=late), date(2024, 1, 1)),
        tree_change_co2e_t=gain,
    )
    if period.overlap(inputs.crediting) is None:
        with pytest.raises(RefusedInput):
            account(inputs, P)
        return
    claim = account(inputs, P)
    shown = line(claim, "gross_removal") + math.fsum(x.co2e_t for x in claim.excluded)
    assert shown == pytest.approx(gain, abs=0.01)
    if claim.credits_t:
        assert claim.period.start >= date(2020, 9, 22)
        assert (inputs.application - claim.period.start).days <= 5 * 366
        assert claim.period.end <= inputs.crediting.end


def test_a_claim_with_no_day_left_has_everything_excluded():
    inputs = replace(
        PLAIN,
        project_start=date(2013, 1, 1),
        crediting=Period(date(2013, 1, 1), date(2043, 1, 1)),
        period=Period(date(2014, 1, 1), date(2016, 1, 1)),
    )
    claim = account(inputs, P)
    assert claim.credits_t == 0
    assert claim.by_year == ()
    assert claim.period == inputs.period
    assert [(x.why, x.co2e_t) for x in claim.excluded] == [("excluded.methods.before_cutoff", 1000.0)]


def test_uncertainty_bands_at_their_edges():
    # AR-CM-001-V01 as recalled: U <= 10 % 0, <= 20 % 6 %, <= 30 % 11 %, above refused.
    day = PLAIN.application
    shares = [uncertainty_share(u, day=day, p=P) for u in (0.0, 0.10, 0.1001, 0.20, 0.2001, 0.30)]
    assert shares == [0.0, 0.0, 0.06, 0.06, 0.11, 0.11]
    with pytest.raises(DomainError) as refusal:
        uncertainty_share(0.60, day=day, p=P)
    # Twice the error takes four times the plots.
    assert refusal.value.facts["plots"] == "4.00"
    assert "4.00" in refusal.value.text("zh")


def test_deduction_lowers_a_loss_too():
    # By hand: 6 % of 1000 is 60, whichever way the trees changed.
    for change, net in ((1000.0, (1000 - 60) * 0.9), (-1000.0, -1000 - 60)):
        claim = account(replace(PLAIN, tree_change_co2e_t=change, tree_change_half_width90_rel=0.15), P)
        assert line(claim, "uncertainty_deduction") == -60.0
        assert claim.net_t == pytest.approx(net, abs=0.002)


def test_trees_that_did_not_change_have_no_relative_error():
    claim = account(replace(PLAIN, tree_change_co2e_t=0.0, tree_change_half_width90_rel=9.0), P)
    assert claim.net_t == 0.0
    assert claim.credits_t == 0


@pytest.mark.parametrize(
    ("climate", "age", "comf", "ch4", "n2o"),
    [
        ("tropical", 3, 0.46, 6.8, 0.20),
        ("tropical", 5.9, 0.46, 6.8, 0.20),
        ("tropical", 6, 0.67, 6.8, 0.20),
        ("tropical", 11, 0.50, 6.8, 0.20),
        ("tropical", 18, 0.32, 6.8, 0.20),
        ("tropical", 90, 0.32, 6.8, 0.20),
        ("tropical", 1, 0.67, 6.8, 0.20),
        ("temperate", 1, 0.45, 4.7, 0.26),
        ("boreal", 50, 0.40, 4.7, 0.26),
    ],
)
def test_fire_emissions(climate, age, comf, ch4, n2o):
    # AR-TOOL08 v04.0.0 (7) with its default tables; GWP 28 and 265. Below 3 years: the largest factor, our choice.
    fire = Fire(date(2024, 1, 1), 12.0, 35.0, age, climate)
    expected = -0.001 * 12.0 * 35.0 * comf * (ch4 * 28 + n2o * 265)
    assert fire_t(fire, day=PLAIN.application, p=P) == pytest.approx(expected, rel=1e-12)


def test_a_fire_before_the_first_verification_or_under_the_crowns_emits_nothing():
    fire = Fire(date(2024, 1, 1), 12.0, 0.0, 5)
    assert fire_t(fire, day=PLAIN.application, p=P) == 0.0
    assert fire_t(replace(fire, agb_last_verified_t_ha=50.0, crown_untouched=True), day=PLAIN.application, p=P) == 0.0


def test_a_baseline_loss_adds_nothing():
    assert line(account(replace(PLAIN, baseline_removal_co2e_t=-500.0), P), "baseline") == 0.0


def with_leaves(name, *leaves):
    """The method's parameters with other leaves for one of them."""
    return Parameters(P.prefix, {**P, name: Dated(P[name].id, leaves)})


def test_last_years_case_recomputes_exactly_after_a_number_changes():
    old = P["k_risk"].leaves[0]
    change = date(2026, 7, 1)
    newer = with_leaves(
        "k_risk", replace(old, valid_to=change), replace(old, id=f"{old.id}@{change}", value=0.20, valid_from=change)
    )
    last_year = replace(PLAIN, application=date(2026, 6, 30))
    this_year = replace(PLAIN, application=date(2026, 7, 1))
    assert account(last_year, newer).to_dict() == account(last_year, P).to_dict()
    # By hand: 2026-07-01 less five years cuts off 2021-03-01..2021-06-30, 122 of 1767 days.
    kept = 1000 * (1767 - 122) / 1767
    assert account(this_year, newer).net_t == pytest.approx(kept * 0.8, abs=0.003)
    assert account(this_year, P).net_t == pytest.approx(kept * 0.9, abs=0.003)


def test_every_fault_is_named_together():
    bad = replace(
        PLAIN,
        period=Period(date(2020, 1, 1), date(2027, 1, 1)),
        tree_change_co2e_t=math.nan,
        tree_change_half_width90_rel=-0.1,
        carried_deficit_t=-1.0,
        fires=(Fire(date(2030, 1, 1), math.inf, 1.0, 1.0),),
        parcels=(Parcel("a", 0.0), Parcel("a", math.nan)),
    )
    with pytest.raises(RefusedInput) as refusal:
        account(bad, P)
    assert [fault.code for fault in refusal.value.faults] == [
        "methods.before_planting",
        "methods.period_not_over",
        "methods.fire_outside_period",
        "methods.not_a_number",
        "methods.negative",
        "methods.negative",
        "methods.not_a_number",
        "methods.no_area",
        "methods.no_area",
        "methods.parcel_twice",
    ]
    assert refusal.value.text("zh")


def test_a_pool_that_cannot_be_chosen_is_refused():
    with pytest.raises(DomainError, match="wood_products"):
        account(replace(PLAIN, pool_change_co2e_t={"wood_products": 5.0}), P)


def test_a_second_gwp_edition_is_refused():
    assert account(replace(PLAIN, gwp_edition="AR5"), P).gwp == "AR5"
    with pytest.raises(DomainError, match="AR4"):
        account(replace(PLAIN, gwp_edition="AR4"), P)


def test_an_application_before_the_method_is_refused():
    inputs = replace(PLAIN, application=date(2022, 2, 1), period=Period(START, date(2022, 1, 1)))
    with pytest.raises(DomainError, match="2022-02-01"):
        account(inputs, P)


def test_reasons_are_those_of_the_used_leaves_the_verdicts_and_the_equations():
    used = Recorder(P)
    claim = account(replace(PLAIN, equation_reasons=("reason.x:eq1",)), used)
    assert "reason.methods.parameter_recalled:ccer/14-001-v01/k_risk" in claim.indicative_reasons
    assert "reason.methods.clause_recalled:ccer/14-001-v01/clause/permanence_t" in claim.indicative_reasons
    assert "reason.methods.unread:? 监测与数据质量" in claim.indicative_reasons
    assert claim.indicative_reasons[-1] == "reason.x:eq1"
    named = {reason.split(":", 1)[1] for reason in claim.indicative_reasons}
    assert used.used.keys() <= named
    # No fire, so nothing of a fire was asked for.
    assert not any("ef_ch4" in reason for reason in claim.indicative_reasons)


def test_advice_says_what_the_next_band_takes_and_brings():
    # U 24 % -> 11 % deducted. To 20 %: (24/20)^2 = 1.44 times the plots, 5 % of 1000 x 0.9 = 45 t more;
    # to 10 %: 5.76 times, 11 % of 1000 x 0.9 = 99 t more.
    steps = uncertainty_advice(replace(PLAIN, tree_change_half_width90_rel=0.24), P)
    assert [(s.u_needed_rel, s.share) for s in steps] == [(0.20, 0.06), (0.10, 0.0)]
    assert [s.plots_factor for s in steps] == pytest.approx([1.44, 5.76])
    assert [s.gain_t for s in steps] == pytest.approx([45.0, 99.0])
    assert uncertainty_advice(replace(PLAIN, tree_change_half_width90_rel=0.09), P) == ()


def test_advice_reaches_back_from_above_the_last_band():
    steps = uncertainty_advice(replace(PLAIN, tree_change_half_width90_rel=0.45), P)
    assert [s.u_needed_rel for s in steps] == [0.30, 0.20, 0.10]
    assert steps[0].plots_factor == pytest.approx(2.25)
    assert steps[0].gain_t == pytest.approx(1000 * 0.89 * 0.9)
