"""Decay rates by temperature, and products against the closed form of first-order decay."""

import csv
import math

import numpy as np
import pytest

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.sinks.engine import (
    Flux,
    Model,
    Operation,
    Pool,
    Stands,
    decay_share,
    half_lives,
    product_decay,
    run,
    share_of_rate,
    temperature_modifier,
)


def products(half_life: float, step: float = 1.0) -> Model:
    """A harvest of a constant amount each step, and its products."""
    pools = (Pool("atmosphere", outside=True), Pool("new"), Pool("wood"))
    harvest = Operation("harvest", (Flux("atmosphere", "new", "harvest"),), "growth")
    return Model("products", pools, (harvest, product_decay("new", "wood", half_life, step_yr=step)))


@pytest.mark.parametrize("half_life", [2, 25, 35])
def test_half_is_left_after_a_half_life(half_life):
    result = run(
        products(half_life), Stands([[0, 0, 100.0]], curves={"harvest": [0.0]}), 2 * half_life, every=half_life
    )
    np.testing.assert_allclose(result.pool("wood"), [[50, 25]], rtol=1e-12)


@pytest.mark.parametrize("half_life", [2, 25, 35])
def test_a_steady_harvest_follows_the_solution_of_the_differential_equation(half_life):
    """dC/dt = I - k C, so C(t) = C0 e^-kt + I/k (1 - e^-kt)."""
    k, years = math.log(2) / half_life, 80
    result = run(products(half_life), Stands([[0, 0, 40.0]], curves={"harvest": [3.0]}), years, every=1)
    t = np.arange(1, years + 1)
    closed = 40 * np.exp(-k * t) + 3 / k * (1 - np.exp(-k * t))
    np.testing.assert_allclose(result.pool("wood")[0], closed, rtol=1e-12)
    np.testing.assert_allclose(result.pool("new"), 0, atol=1e-14)


def test_months_give_what_years_give():
    yearly = run(products(25), Stands([[0, 0, 40.0]], curves={"harvest": [12.0]}), 30)
    monthly = run(products(25, 1 / 12), Stands([[0, 0, 40.0]], curves={"harvest": [1.0]}), 360)
    np.testing.assert_allclose(monthly.state, yearly.state, rtol=1e-11, atol=1e-11)


def test_half_lives_are_those_of_the_table_and_are_recalled():
    with data_path("engine", "product_half_lives.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert half_lives() == {"sawnwood": 35, "wood_panels": 25, "paper": 2}
    assert {row["status"] for row in rows} == {"recalled"}


def test_temperature_speeds_decay_by_q10_in_ten_degrees():
    assert temperature_modifier(10, 2.65, 10) == 1
    assert temperature_modifier(20, 2.65, 10) == pytest.approx(2.65)
    assert temperature_modifier(0, 2, 10) == pytest.approx(0.5)
    np.testing.assert_allclose(decay_share(0.1435, [10, 20], 2, 10), [0.1435, 0.287])
    assert decay_share(0.8, 20, 2, 10) == 1
    assert share_of_rate(math.log(2)) == pytest.approx(0.5)
    assert share_of_rate(1e-12) == pytest.approx(1e-12)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: decay_share(-0.1, 10, 2, 10), "engine.rate"),
        (lambda: share_of_rate([0.1, math.nan]), "engine.rate"),
        (lambda: temperature_modifier(10, 0, 10), "engine.q10"),
        (lambda: temperature_modifier(math.nan, 2, 10), "engine.q10"),
        (lambda: product_decay("new", "wood", 0), "engine.half_life"),
        (lambda: product_decay("new", "wood", math.nan), "engine.half_life"),
    ],
)
def test_rates_that_are_none_are_refused(call, code):
    with pytest.raises(DomainError) as refused:
        call()
    assert refused.value.code == code
    assert refused.value.text("zh")
    assert refused.value.text("en")
