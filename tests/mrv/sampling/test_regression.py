"""Regression estimators against numpy's least squares and AR-TOOL14's own formula."""

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import Layout, double_sampling, regression, stratified

X = np.array([1.0, 2.0, 4.0, 5.0, 8.0])
Y = np.array([3.0, 4.5, 9.0, 10.0, 18.0])


def test_regression_is_the_fitted_line_at_the_known_mean():
    slope, intercept = np.polyfit(X, Y, 1)
    residual = ((Y - intercept - slope * X) ** 2).sum() / (5 - 2)
    found = regression(Y, X, Layout.simple(5), {"all": 6.0})
    assert found.value == pytest.approx(intercept + slope * 6.0)
    assert found.variance == pytest.approx(residual / 5)
    assert found.df == 3


def test_double_sampling_is_eq_18_and_19_of_ar_tool14():
    x_all = np.array([*X, 3.0, 6.0, 7.0, 9.0, 2.0])
    slope, intercept = np.polyfit(X, Y, 1)
    rho = np.corrcoef(X, Y)[0, 1]
    s2, alpha = Y.var(ddof=1), 5 / 10
    found = double_sampling(Y, X, Layout.simple(5), x_all, Layout.simple(10))
    assert found.value == pytest.approx(intercept + slope * x_all.mean())
    assert found.variance == pytest.approx(s2 * (1 - (1 - alpha) * rho**2) / 5)


def test_measuring_every_plot_is_the_plain_mean():
    layout = Layout.of(list("aaabbb"), {"a": 1, "b": 3})
    y, x = [1.0, 2, 4, 9, 8, 3], [1.0, 3, 2, 5, 9, 7]
    both = double_sampling(y, x, layout, x, layout)
    plain = stratified(y, layout)
    assert (both.value, both.variance) == pytest.approx((plain.value, plain.variance))


def test_a_straight_line_leaves_no_error_and_draws_are_columns():
    layout = Layout.of(list("aaabbb"), {"a": 1, "b": 1})
    x = np.array([1.0, 2, 3, 4, 6, 7])
    y = np.column_stack([2 * x + 1, 5 - x])
    found = regression(y, x, layout, {"a": 10.0, "b": 20.0})
    assert found.value == pytest.approx([2 * 15 + 1, 5 - 15])
    assert found.variance == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("sampling.covariate_constant", lambda: regression([1, 2, 3], [4, 4, 4], Layout.simple(3), {"all": 4})),
        ("sampling.too_few_for_regression", lambda: regression([1, 2], [4, 5], Layout.simple(2), {"all": 4})),
        (
            "sampling.not_a_subsample",
            lambda: double_sampling(Y, X, Layout.simple(5), X[:4], Layout.simple(4)),
        ),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code
