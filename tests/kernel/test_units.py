"""Units against the SI brochure, NIST SP 811 and the definition of the mu."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import InputError
from tanhui.kernel.units import CO2_PER_C, conversion_factor, convert, find_unit, is_unit, units

SYMBOLS = st.sampled_from(sorted(units()))


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("ft", "m", 0.3048),  # NIST SP 811 B.8, exact
        ("in", "cm", 2.54),  # exact
        ("lb", "kg", 0.45359237),  # exact
        ("acre", "m2", 43_560 * 0.3048**2),  # international acre: 43 560 square feet
        ("ha", "m2", 10_000),  # SI brochure, table 8
        ("t", "kg", 1000),  # SI brochure, table 8
        ("mu", "m2", 2000 / 3),  # one hectare is fifteen mu
        ("ha", "mu", 15),
        ("m3/mu", "m3/ha", 15),
        ("mm", "cm", 0.1),
        ("g/cm3", "kg/m3", 1000),
        ("%", "1", 0.01),
        ("ft2/acre", "m2/ha", 0.3048**2 / (43_560 * 0.3048**2) * 10_000),
        ("1/acre", "1/ha", 10_000 / (43_560 * 0.3048**2)),
        ("t C/ha", "t C/ha", 1),
    ],
)
def test_factors(source, target, factor):
    assert conversion_factor(source, target) == pytest.approx(factor, rel=1e-12)


def test_carbon_and_carbon_dioxide_never_meet():
    assert pytest.approx(3.6667, abs=1e-4) == CO2_PER_C
    for carbon in ("t C", "kg C"):
        with pytest.raises(InputError):
            conversion_factor(carbon, "t CO2")
    with pytest.raises(InputError):
        conversion_factor("t d.m.", "t")


def test_an_unknown_unit_is_refused_with_the_known_ones():
    with pytest.raises(InputError) as refusal:
        conversion_factor("furlong", "m")
    assert refusal.value.code == "unit.unknown"
    assert "ha" in str(refusal.value)


@given(a=SYMBOLS, b=SYMBOLS)
def test_there_and_back_is_one(a, b):
    if units()[a].dimension == units()[b].dimension:
        assert conversion_factor(a, b) * conversion_factor(b, a) == pytest.approx(1, rel=1e-12)


def test_arrays_and_missing_values_are_converted_too():
    assert convert(np.array([1.0, np.nan, 0.0]), "ft", "m") == pytest.approx([0.3048, np.nan, 0.0], nan_ok=True)
    assert convert(np.array([]), "ft", "m").size == 0


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("cm", "cm"),
        ("ＣＭ", "cm"),
        ("厘米", "cm"),
        ("毫米", "mm"),
        ("㎡", "m2"),
        ("hm²", "ha"),
        ("公顷", "ha"),
        ("亩", "mu"),
        ("m³/hm²", "m3/ha"),
        ("m3·hm-2", "m3/ha"),
        ("g·cm−3", "g/cm3"),
        ("g cm-3", "g/cm3"),
        ("kg/m³", "kg/m3"),
        ("株/公顷", "1/ha"),
        ("feet", "ft"),
        ("t C/ha", "t C/ha"),
        ("元", "CNY"),
        ("秒", "s"),
        ("次每分钟", "1/min"),
        ("furlong", None),
        ("", None),
    ],
)
def test_units_as_people_write_them(written, symbol):
    assert find_unit(written) == symbol


def test_every_spelling_means_a_unit():
    assert all(find_unit(symbol) == symbol and is_unit(symbol) for symbol in units())
