"""Biochar: both published tables, rows of Puro's table, kilns, the curve, laws of mass, refusals."""

import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.biochar import remaining_share
from tanhui.sinks.frame import run_sink
from tanhui.sinks.frame.factors import factor_table

DAY = date(2026, 1, 1)


def batch(name="a", **changes):
    usual = {
        "batch": name,
        "mass_t": 10.0,
        "moisture_share": 0.0,
        "feedstock": "wood",
        "process": "pyrolysis",
        "temperature_c": 500.0,
        "h_c_org": 0.35,
        "kiln": "controlled",
        "soil": "mineral",
    }
    return {key: value for key, value in (usual | changes).items() if value is not None}


def run(*batches, **inputs):
    return run_sink("biochar", {"batches": list(batches), "gwp": "AR5", **inputs}, today=DAY)


def lines(*batches, **inputs):
    return {x["line"]: x["co2e_t"] for x in run(*batches, **inputs)["lines"]}


def share(method, *batches, **inputs):
    found = run(*batches, method=method, **inputs)["estimates"]
    return next(x["value"] for x in found if x["quantity"] == "biochar_permanence_share" and x["domain"] == method)


def codes(*batches, **inputs):
    with pytest.raises(RefusedInput) as refused:
        run(*batches, **inputs)
    return [fault.code for fault in refused.value.faults]


@pytest.mark.parametrize(("feedstock", "pyrolysis", "gasification"), [
    ("animal manure", 0.38, 0.09), ("wood", 0.77, 0.52), ("herbaceous", 0.65, 0.28),
    ("rice husk and straw", 0.49, 0.13), ("nut shells", 0.74, 0.40), ("biosolids", 0.35, 0.07),
])  # fmt: skip
def test_carbon_of_the_ipcc_appendix(feedstock, pyrolysis, gasification):
    """Table 4 of VM0044, which is Table 4Ap.1 of IPCC 2019."""
    for process, wanted in (("pyrolysis", pyrolysis), ("gasification", gasification)):
        stored = lines(batch(feedstock=feedstock, process=process))["stored"]
        assert stored == pytest.approx(10 * wanted * CO2_PER_C)


@pytest.mark.parametrize(("temperature", "wanted"), [
    (601, 0.89), (600, 0.80), (451, 0.80), (450, 0.65), (350, 0.65),
])  # fmt: skip
def test_permanence_of_the_ipcc_appendix(temperature, wanted):
    """Table 3 of VM0044; on an edge the lower share."""
    assert share("ipcc2019", batch(temperature_c=temperature)) == pytest.approx(wanted)


def test_gasification_is_hot_and_cold_char_is_refused():
    assert share("ipcc2019", batch(process="gasification", temperature_c=None)) == pytest.approx(0.89)
    assert codes(batch(temperature_c=349)) == ["biochar.too_cold"]
    assert codes(batch(temperature_c=None)) == ["biochar.temperature_wanted"]


@pytest.mark.parametrize(("soil", "m", "a"), [(7, 96.59, 11.28), (8, 95.98, 13.44), (40, 86.19, 48.25)])
def test_rows_of_puro_on_which_both_transcriptions_agree(soil, m, a):
    assert share("puro2025", batch(), soil_temperature_c=f"{soil} degC") == pytest.approx((m - a * 0.35) / 100)


def test_puro_at_9_degrees_lies_between_both_transcriptions():
    """95.28 - 15.78 H/C in one, 95.36 - 15.66 H/C in the other: both within the range that is carried."""
    m, a = (factor_table("biochar")[name, "9"] for name in ("puro_m", "puro_a"))
    assert {m.value, round(m.value - m.se * math.sqrt(12), 6)} == {95.36, 95.28}
    assert {a.value, round(a.value + a.se * math.sqrt(12), 6)} == {15.66, 15.78}


def test_between_two_rows_the_warmer_and_below_all_the_first():
    assert share("puro2025", batch(), soil_temperature_c="14.2 degC") == share(
        "puro2025", batch(), soil_temperature_c="15 degC"
    )
    cold = run(batch(), method="puro2025", soil_temperature_c="2 degC")
    assert any("Puro" in note for note in cold["notes"])
    assert share("puro2025", batch(), soil_temperature_c="2 degC") == pytest.approx((96.59 - 11.28 * 0.35) / 100)


def test_the_edge_of_the_table_keeps_its_error():
    """40 degC moved up by its error has no row: the other side counts twice."""
    found = run(batch(), method="puro2025", soil_temperature_c={"value": 40, "se": 0.5, "unit": "degC"})
    assert all(math.isfinite(x["se"]) for x in found["estimates"])


def test_kilns_take_61_to_87_per_cent():
    """0.049 x 28 = 1.372 t CO2e per tonne: 61 % of what is kept at 0.80, 87 % at 0.56 (VM0044)."""
    one = lines(batch(mass_t=1, kiln="uncontrolled", kiln_ch4_kg_kg=0.049))
    assert one["kiln_ch4"] == pytest.approx(-1.372)
    assert 1.372 / (one["stored"] + one["decayed"]) == pytest.approx(0.61, abs=0.005)
    low = {"permanence": {"value": 0.56, "source": "VM0044, low technology"}}
    two = lines(batch(mass_t=1, kiln="uncontrolled", kiln_ch4_kg_kg=0.049), factors=low)
    assert 1.372 / (two["stored"] + two["decayed"]) == pytest.approx(0.87, abs=0.005)


def test_the_curve():
    assert remaining_share(0, 0.25, 75, 1000) == pytest.approx([1.0])
    wanted = [0.25 * math.exp(-t / 75) + 0.75 * math.exp(-t / 1000) for t in range(301)]
    assert remaining_share(300, 0.25, 75, 1000) == pytest.approx(wanted, rel=1e-12)


@given(share=st.floats(0, 1), fast=st.floats(1, 100), slow=st.floats(100, 1e4))
def test_the_curve_falls_from_all_of_it_and_stays_above_nothing(share, fast, slow):
    left = remaining_share(200, share, fast, slow)
    assert left[0] == 1
    assert (left[1:] < left[:-1]).all()
    assert left[-1] > 0


@settings(max_examples=15, deadline=None)
@given(
    masses=st.lists(st.floats(0.1, 1e5), min_size=1, max_size=4),
    water=st.floats(0, 0.9),
    carbon=st.floats(0.05, 0.95),
    temperature=st.floats(350, 900),
)
def test_mass_balance(masses, water, carbon, temperature):
    """Kept and decayed are all of the carbon applied; the order of batches and their number do not matter."""
    kind = {"moisture_share": water, "c_org_share": carbon, "temperature_c": temperature}
    batches = [batch(str(i), mass_t=mass, **kind) for i, mass in enumerate(masses)]
    found = lines(*batches)
    assert found["stored"] == pytest.approx(sum(masses) * (1 - water) * carbon * CO2_PER_C)
    assert -found["stored"] <= found["decayed"] <= 0
    assert found["net"] == pytest.approx(found["stored"] + found["decayed"])
    assert lines(*reversed(batches)) == pytest.approx(found)
    assert lines(batch(mass_t=sum(masses), **kind)) == pytest.approx(found)


@given(low=st.floats(0, 0.69), high=st.floats(0, 0.69))
@settings(max_examples=10, deadline=None)
def test_more_hydrogen_keeps_less(low, high):
    low, high = sorted((low, high))
    inputs = {"method": "puro2025", "soil_temperature_c": "15 degC"}
    kept = [lines(batch(h_c_org=x), **inputs)["net"] for x in (low, high)]
    assert kept[0] >= kept[1]


def test_wet_and_dry_mass_are_one():
    assert lines(batch(mass_t=12.5, moisture_share=0.2)) == pytest.approx(lines(batch(mass_t=10)))


def test_the_error_of_the_laboratory_moves_what_is_kept():
    found = run(batch(c_org_share=0.8), laboratory_se_share=0.05, factors={
        "permanence": {"value": 0.8, "se": 0.0, "source": "exact here"},
    })  # fmt: skip
    net = found["lines"][-1]
    assert net["se"] == pytest.approx(0.05 * net["co2e_t"])


def test_methods_that_cannot_be_used_are_refused_by_name_and_left_out_beside():
    assert codes(batch(), method="pac") == ["biochar.not_persistent"]
    assert codes(batch(), method="coefficients") == ["biochar.coefficients_wanted"]
    assert codes(batch(), curve_years=10) == ["biochar.no_curve"]
    beside = {x["domain"] for x in run(batch(h_c_org=None))["estimates"] if x["quantity"].endswith("permanence_share")}
    assert beside == {"ipcc2019"}


def test_a_soil_hotter_than_the_table_is_refused():
    with pytest.raises((RefusedInput, DomainError)):
        run(batch(), method="puro2025", soil_temperature_c="41 degC")
