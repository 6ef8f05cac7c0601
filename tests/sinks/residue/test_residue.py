"""Residue: burning as others print it, one mass shared out once, coppice by its average, refusals."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import run_sink
from tanhui.sinks.frame.factors import factor_table
from tanhui.sinks.residue import average_t_ha, grown_t_yr

DAY = date(2026, 1, 1)
DECAY = {"leave_rate": {"value": 0.05, "se": 0.0, "source": "test"}}
ENOUGH = {
    "kind": "shrub",
    "residue_t_yr": 100.0,
    "moisture_share": 0.0,
    "heating_value": 18.0,
    "efficiency_ratio": 0.9,
    "fuel_ef": 94.6,
    "biochar_permanence_share": 0.8,
    "kiln_ch4_kg_kg": 0.0,
    "factors": DECAY,
    "gwp": "AR5",
}
NAMES = ("leave", "burn", "energy", "biochar")


def fates(now, before):
    return [{"fate": n, "share": a, "before_share": b} for n, a, b in zip(NAMES, now, before, strict=True)]


def run(now, before=(1, 0, 0, 0), **changes):
    return run_sink("residue", {**ENOUGH, "fates": fates(now, before), **changes}, today=DAY)


def lines(now, before=(1, 0, 0, 0), **changes):
    return {x["line"]: x["co2e_t"] for x in run(now, before, **changes)["lines"]}


def codes(**changes):
    with pytest.raises(RefusedInput) as refused:
        run_sink("residue", {**ENOUGH, **changes}, today=DAY)
    return {fault.code for fault in refused.value.faults}


def test_burning_straw_as_climateview_prints_it():
    """1,365,958.5 g CO2e per tonne, potentials of AR6."""
    found = {name: leaf.value for name, leaf in factor_table("residue").items()}
    gases = {"burn_co2": 1.0, "burn_ch4": 27.0, "burn_n2o": 273.0}
    grams = found["combustion", "straw"] * sum(found[name, "straw"] * gwp for name, gwp in gases.items()) * 1000
    assert grams == pytest.approx(1_365_958.5, abs=1e-6)


shares = st.tuples(*[st.floats(0, 1)] * 4)


def whole(parts):
    total = sum(parts)
    assume(total > 0.1)
    first = [x / total for x in parts[:3]]
    return (*first, 1.0 - sum(first)) if sum(first) <= 1 else (1.0, 0.0, 0.0, 0.0)


@settings(max_examples=20, deadline=None)
@given(now=shares, before=shares)
def test_what_changes_nothing_is_nothing_and_there_and_back_cancel(now, before):
    now, before = whole(now), whole(before)
    assert lines(now, now)["net"] == pytest.approx(0, abs=1e-9)
    assert lines(now, before)["net"] == pytest.approx(-lines(before, now)["net"], abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(now=shares, mass=st.floats(1, 1e6), water=st.floats(0, 0.9))
def test_one_dry_mass_is_shared_out_once(now, mass, water):
    found = run(whole(now), residue_t_yr=mass, moisture_share=water)
    assert sum(found["rows"]["dry_t"]) == pytest.approx(mass * (1 - water))
    kept = sum(x["co2e_t"] for x in found["lines"] if x["line"] in ("left", "biochar"))
    harvest = next(x["value"] for x in found["estimates"] if x["quantity"] == "residue_harvest_t_co2")
    assert kept <= harvest


def test_twice_the_residue_and_twice_the_years():
    one = lines((0, 0, 0.5, 0.5))
    assert lines((0, 0, 0.5, 0.5), residue_t_yr=200.0) == pytest.approx({k: 2 * x for k, x in one.items()})
    assert lines((0, 0, 0.5, 0.5), years=2) == pytest.approx({k: 2 * x for k, x in one.items()})
    assert lines((0, 0, 0.5, 0.5), residue_t_yr=250.0, moisture_share=0.6) == pytest.approx(one)


def test_what_is_left_decays_along_its_rate():
    left = lines((1, 0, 0, 0), (0, 1, 0, 0), horizon_yr=20)["left"]
    assert left == pytest.approx(100 * 0.47 * math.exp(-1) * CO2_PER_C)


STANDS = {
    "area_ha": np.array([10.0, 30.0]),
    "cycle_yr": np.array([4.0, 3.0]),
    "peak_t_ha": np.array([9.0, 6.0]),
    "stump_t_ha": np.array([1.0, 0.0]),
    "average_t_ha": np.array([np.nan, 3.5]),
    "before_t_ha": np.array([5.0, 3.5]),
}


def test_average_of_coppice():
    """Year by year along a line: the mean of 1, 3, 5, 7, 9 less half of both ends is (9 + 1) / 2."""
    steps = np.linspace(1, 9, 100_001)
    assert average_t_ha(STANDS)[0] == pytest.approx(np.trapezoid(steps, dx=1 / 100_000), rel=1e-9)
    assert average_t_ha(STANDS)[1] == 3.5
    assert grown_t_yr(STANDS) == pytest.approx(10 * 8 / 4 + 30 * 6 / 3)


def test_the_yearly_harvest_is_no_removal():
    """Cutting for ever with the same average stock, all of it burnt as before, removes nothing."""
    stand = {"stand": "a", "area_ha": 100, "cycle_yr": 4, "peak_t_ha": 8, "stump_t_ha": 0, "before_t_ha": 4}
    for years in (1, 20):
        found = run((0, 1, 0, 0), (0, 1, 0, 0), years=years, coppice=[stand])
        assert found["lines"][-1]["co2e_t"] == pytest.approx(0, abs=1e-9)
        assert any("no removal" in note for note in found["notes"])


def test_the_average_stock_counts_once():
    stand = {"stand": "a", "area_ha": 100, "cycle_yr": 4, "peak_t_ha": 8, "stump_t_ha": 0, "before_t_ha": 3}
    for years in (1, 20):
        found = lines((0, 1, 0, 0), (0, 1, 0, 0), years=years, coppice=[stand])
        assert found["coppice"] == pytest.approx(100 * 1 * 0.47 * CO2_PER_C)


def test_refusals():
    assert codes(fates=fates((0.5, 0, 0, 0.6), (1, 0, 0, 0))) == {"residue.shares"}
    assert codes(fates=fates((1, 0, 0, 0), (1, 0, 0, 0)), factors={}) == {"residue.decay_wanted"}
    assert codes(fates=fates((0, 0, 0, 1), (0, 1, 0, 0)), kiln_ch4_kg_kg=None) == {"residue.biochar_wanted"}
    assert codes(fates=fates((0, 0, 1, 0), (0, 1, 0, 0)), fuel_ef=None) == {"residue.energy_wanted"}
