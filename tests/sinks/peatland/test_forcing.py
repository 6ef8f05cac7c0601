"""Forcing of yearly emissions: the printed warming potentials, and when rewetting pays back."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.sinks.frame import run_sink
from tanhui.sinks.peatland.forcing import GASES, HORIZON_YR, crossing_yr, cumulated_forcing, warming_potential
from tests.sinks.peatland.test_fluxes import DAY

# IPCC AR5 WG1, Table 8.A.1.
PRINTED = {("CH4", 20): 84, ("CH4", 100): 28, ("N2O", 20): 264, ("N2O", 100): 265}


@pytest.mark.parametrize(("gas", "years"), PRINTED)
def test_warming_potentials_of_ar5(gas, years):
    assert warming_potential(gas, years) == pytest.approx(PRINTED[gas, years], rel=0.015)


@pytest.mark.parametrize("gas", GASES)
def test_a_constant_flux_by_numerical_integration(gas):
    # Forcing summed of 1 kg a year over 60 years, integrated in steps of a hundredth of a year.
    step = 0.01
    ages = np.arange(step / 2, 60, step)
    wanted = float(GASES[gas].cumulated(ages).sum() * step * GASES[gas].efficiency_w_m2_kg)
    assert cumulated_forcing({gas: np.ones(60)})[-1] == pytest.approx(wanted, rel=1e-4)


@given(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3))
def test_gases_add(co2, ch4, n2o):
    flux = {"CO2": np.full(50, co2), "CH4": np.full(50, ch4), "N2O": np.full(50, n2o)}
    apart = sum(cumulated_forcing({gas: x}) for gas, x in flux.items())
    assert cumulated_forcing(flux) == pytest.approx(apart)


def test_crossing():
    assert crossing_yr(np.array([-1.0, 2.0])) == 0
    assert crossing_yr(np.array([3.0, 1.0, -1.0])) == pytest.approx(2.5)
    assert crossing_yr(np.array([3.0, 1.0])) == 2


def test_payback_grows_with_methane_and_falls_with_what_is_avoided():
    def year(methane_kg: float, co2_kg: float) -> float:
        return crossing_yr(
            cumulated_forcing({"CH4": np.full(HORIZON_YR, methane_kg), "CO2": np.full(HORIZON_YR, -co2_kg)})
        )

    assert year(100, 4000) < year(200, 4000) < year(300, 4000)
    assert year(200, 8000) < year(200, 4000)
    # At the warming potential of a horizon both are equal for a pulse; a lasting flux takes longer.
    assert year(100, 100 * warming_potential("CH4", 100)) > 100


def ratios(**parcel):
    asked = {"parcel": "a", "area_ha": 1, "climate": "temperate", "nutrient": "rich", "use": "rewetted", **parcel}
    result = run_sink("peatland", {"parcels": [asked]}, today=DAY)
    found = {x["domain"]: x["value"] for x in result["estimates"] if x["quantity"] == "peatland_forcing_ratio"}
    return [found[f"{year} yr"] for year in (20, 50, 100)], result["notes"][0]


def test_methane_weighs_less_as_years_go_by():
    for baseline in ("cropland", "grassland shallow", "extraction", "forest"):
        found, _ = ratios(baseline_use=baseline)
        assert found == sorted(found, reverse=True)


def test_rewetted_cropland_pays_from_the_first_year_and_shallow_grassland_after_decades():
    assert "from the first year" in ratios(baseline_use="cropland")[1]
    found, note = ratios(baseline_use="grassland shallow")
    assert found[1] > 1 > found[2]
    assert 50 < float(re.search(r"after ([\d.]+) years", note)[1]) < 100


def test_nothing_is_paid_back_by_peat_that_is_soon_gone():
    _, note = ratios(baseline_use="grassland shallow", peat_depth_m=0.05, bulk_density_g_cm3=0.2, carbon_percent=30)
    assert "does not pay back" in note
