"""A printed formula and its terms give the same number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import InputError
from tanhui.sinks.forest.equations import evaluate
from tanhui.sinks.forest.formula import parse_formula, scaled
from tanhui.sinks.forest.model import Equation

SIZES = {"dbh_cm": st.floats(1, 150), "height_m": st.floats(1.5, 60), "wood_density_g_cm3": st.floats(0.2, 1.2)}


def value(formula: str, coefficients: dict[str, float], **sizes: float) -> float:
    terms = parse_formula(formula, coefficients)
    return float(evaluate(Equation("x", "agb", formula, terms), **sizes))


# Each formula beside the same thing written in Python.
FORMS = {
    "W=a*D^b": lambda d, h, r, a, b, c: a * d**b,
    "W=a*(D^2*H)^b": lambda d, h, r, a, b, c: a * (d * d * h) ** b,
    "W=a*D^b*H^c": lambda d, h, r, a, b, c: a * d**b * h**c,
    "W=a*rho*D^(7/3)": lambda d, h, r, a, b, c: a * r * d ** (7 / 3),
    "ln(W)=a+b*ln(D)+c*ln(H)": lambda d, h, r, a, b, c: math.exp(a + b * math.log(d) + c * math.log(h)),
    "log10(W)=a+b*log10(D)": lambda d, h, r, a, b, c: 10 ** (a + b * math.log10(d)),
    "ln(W)=a+b*ln(rho*D^2*H)": lambda d, h, r, a, b, c: math.exp(a + b * math.log(r * d * d * h)),
    "W=exp(a)*(D^2*H)^b": lambda d, h, r, a, b, c: math.exp(a) * (d * d * h) ** b,
    "W=exp(-a+b*ln(D))": lambda d, h, r, a, b, c: math.exp(-a + b * math.log(d)),
    "W=a+b*D^2": lambda d, h, r, a, b, c: a + b * d * d,
    "W=a*D^b+c*D^2.5": lambda d, h, r, a, b, c: a * d**b + c * d**2.5,
    "V=a*D^2*H/b": lambda d, h, r, a, b, c: a * d * d * h / b,
}


@pytest.mark.parametrize("formula", FORMS)
@given(data=st.data(), **SIZES)
def test_terms_equal_the_formula_written_in_python(formula, data, dbh_cm, height_m, wood_density_g_cm3):
    a, b, c = (data.draw(st.floats(0.01, 3)) for _ in "abc")
    expected = FORMS[formula](dbh_cm, height_m, wood_density_g_cm3, a, b, c)
    sizes = {"dbh_cm": dbh_cm, "height_m": height_m, "wood_density_g_cm3": wood_density_g_cm3}
    found = value(formula, {"a": a, "b": b, "c": c}, **sizes)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "formula",
    ["W=sin(D)", "W=D^H", "Y=3*D", "W=(D+H)^2", "W=a*D", "ln(W)=D", "W=", "3*D", "W=(a-b)*D", "W=D*__import__('os')"],
)
def test_what_is_no_sum_of_power_laws_is_refused(formula):
    with pytest.raises(InputError, match=r"cannot be read"):
        parse_formula(formula)


def test_grams_become_kilograms():
    (term,) = scaled(parse_formula("W=1000*D^2"), 1e-3)
    assert term.intercept == pytest.approx(0, abs=1e-12)


def test_a_subtracted_term_gives_zero_and_not_less():
    assert value("W=-10+2*D", {}, dbh_cm=4) == 0
    assert value("W=-10+2*D", {}, dbh_cm=6) == pytest.approx(2)
    assert np.isnan(value("W=-10+2*D", {}, dbh_cm=math.nan))
