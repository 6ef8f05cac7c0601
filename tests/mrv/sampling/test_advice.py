"""Advice in words: how many more plots earn a smaller deduction."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import Band, advice, t_two_sided

#: The deduction steps of the Chinese afforestation methodologies before 2023, as recalled.
BANDS = [Band(0.10, 0.0), Band(0.20, 0.06), Band(0.30, 0.11), Band(None, None)]


def u_of(value: float, variance: float, n: int, more: int, other: float = 0.0) -> float:
    return t_two_sided(0.90, n + more - 1) * math.sqrt(variance * n / (n + more) + other) / value


def test_the_number_of_plots_is_the_smallest_that_does_it():
    found = advice(100.0, 196.0, 12, BANDS)
    assert found.u == pytest.approx(1.795885 * 0.14, abs=1e-6)  # t(11) as printed in tables: 1.796
    assert found.deduction == 0.11
    assert [step.deduction_to for step in found.steps] == [0.06, 0.0]
    for step, limit in zip(found.steps, (0.20, 0.10), strict=True):
        assert u_of(100, 196, 12, step.more_plots) <= limit < u_of(100, 196, 12, step.more_plots - 1)


def test_in_words():
    found = advice(100.0, 196.0, 12, [Band(0.10, 0.0), Band(0.30, 0.11)])
    plots = found.steps[0].more_plots
    assert found.text("en").startswith(f"{plots} more plots would move the deduction from 11 % to 0 %")
    assert found.text("zh").startswith(f"再增加 {plots} 块样地，扣减率可由 11 % 降至 0 %")
    assert "already the smallest, 0 %" in advice(100.0, 1.0, 12, BANDS).text("en")


def test_one_plot_is_not_plots():
    limit = (u_of(100, 196, 12, 0) + u_of(100, 196, 12, 1)) / 2
    assert "1 more plot would" in advice(100.0, 196.0, 12, [Band(limit, 0.0), Band(None, 0.06)]).text("en")


def test_a_claim_that_is_not_allowed_yet():
    found = advice(100.0, 900.0, 12, BANDS)
    assert found.deduction is None
    assert "too large for a claim" in found.steps[0].text("en")
    assert "不能申报" in found.steps[0].text("zh")


def test_more_plots_do_not_help_against_the_tree_model():
    found = advice(100.0, 50.0, 30, BANDS, other_variance=60.0)
    assert (found.deduction, found.steps[0].more_plots) == (0.06, None)
    assert "do not depend" in found.text("en") or "does not depend" in found.text("en")


@given(variance=st.floats(0.1, 1e4), n=st.integers(3, 200), value=st.floats(1, 1e4))
def test_a_better_band_never_costs_fewer_plots(variance, n, value):
    found = advice(value, variance, n, BANDS)
    costs = [math.inf if step.more_plots is None else step.more_plots for step in found.steps]
    assert costs == sorted(costs)
    assert all(cost > 0 for cost in costs)


def test_the_end_of_a_band_belongs_to_it():
    u = u_of(100, 196, 12, 0)
    assert advice(100.0, 196.0, 12, [Band(u, 0.06), Band(None, 0.11)]).deduction == 0.06


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("sampling.no_relative_width", lambda: advice(0.0, 1.0, 10, BANDS)),
        ("sampling.no_relative_width", lambda: advice(1.0, -1.0, 10, BANDS)),
        ("sampling.bands_out_of_order", lambda: advice(1.0, 1.0, 10, BANDS[::-1])),
        ("sampling.bands_out_of_order", lambda: advice(1.0, 1.0, 10, [])),
        ("sampling.too_few_plots", lambda: advice(1.0, 1.0, 2, BANDS, strata=2)),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code
