"""The real example against an independent calculation from the rows it leaves behind.

The agency side is checked against published estimates in ``tests/mrv/sampling``; here: that our own tree carbon goes
through the same estimator, that its interval is wider for a reason, and that nothing is ever issued.
"""

import json

import numpy as np
import pandas as pd
import pytest

from tanhui.faces.demo import REAL, example_folder
from tanhui.sensing.inventory.read_fia import read_fia


@pytest.fixture(scope="module")
def result(demo):
    return json.loads((demo / REAL / "result.json").read_text())


@pytest.fixture(scope="module")
def trees(demo):
    return pd.read_parquet(demo / REAL / "trees.parquet")


def pick(result, quantity, year, source, domain="forest"):
    found = [
        e
        for e in result["estimates"]
        if (e["quantity"], e["year"], e["source"], e["domain"]) == (quantity, year, source, domain)
    ]
    assert len(found) == 1
    return found[0]


def test_tree_carbon_is_jenkins_times_the_ipcc_fraction(trees):
    # Red maple: exp(-1.9123 + 2.3651 ln D) of Jenkins et al. 2003, Table 4, times 0.48 of IPCC 2006 Table 4.3.
    maple = trees[(trees["species"] == "Acer rubrum") & trees["agc_kg"].notna()]
    by_hand = np.exp(-1.9123 + 2.3651 * np.log(maple["dbh_cm"])) * 0.48
    assert len(maple) > 1000
    np.testing.assert_allclose(maple["agc_kg"], by_hand, rtol=1e-9)


def test_belowground_is_the_coarse_root_ratio(trees):
    pine = trees[(trees["species"] == "Pinus strobus") & trees["agc_kg"].notna()]
    by_hand = pine["agc_kg"] * np.exp(-1.5619 + 0.6614 / pine["dbh_cm"])
    np.testing.assert_allclose(pine["bgc_kg"], by_hand, rtol=1e-9)


@pytest.mark.parametrize("year", [2014, 2018])
def test_stock_by_plain_sums(result, trees, year):
    """Post-stratified total by pandas alone: sum over strata of area times the mean of adjusted plot sums."""
    _, designs = read_fia(example_folder(REAL) / "data")
    design = next(d for d in designs if d.year == year and d.options["purpose"] == "stocks")
    keys = ["unit", "stratum"]
    counted = trees[(trees["status"] == "live") & (trees["land"] == "forest") & trees["trees_per_ha"].notna()]
    rows = counted.merge(design.assignment, on="plot_id").merge(design.strata, on=keys)
    factor = np.where(rows["basis"] == "microplot", rows["adj_microplot"], rows["adj_subplot"])
    rows["t_ha"] = rows["trees_per_ha"] * factor * rows["agc_kg"] / 1000
    sums = rows.groupby(keys)["t_ha"].sum()
    plots = design.assignment.groupby(keys).size()
    area = design.strata.set_index(keys)["area_ha"]
    by_hand = (area * sums.reindex(area.index).fillna(0) / plots).sum()
    assert pick(result, "agc_t", year, "tanhui")["value"] == pytest.approx(by_hand, rel=1e-9)


def test_ours_is_less_certain_than_the_agencys_numbers_taken_as_true(result):
    for year in range(2014, 2019):
        ours, theirs = (pick(result, "agc_t_ha", year, source) for source in ("tanhui", "fia"))
        assert ours["se"] / ours["value"] > theirs["se"] / theirs["value"]
        assert theirs["variance_shares"] == {"sampling": 1.0}
        assert ours["variance_shares"]["allometry"] > 0.5
        # Two independent tree models: they differ by less than two of our standard errors.
        assert abs(ours["value"] - theirs["value"]) < 2 * ours["se"]


def test_shares_of_every_estimate_add_to_one(result):
    for estimate in result["estimates"]:
        if estimate["variance_shares"]:
            assert sum(estimate["variance_shares"].values()) == pytest.approx(1, abs=1e-9)
            low, high = estimate["ci90"]
            assert low < estimate["value"] < high


def test_change_cancels_most_of_the_shared_error(result):
    stock = pick(result, "agc_t_ha", 2018, "tanhui")
    change = pick(result, "agc_change_t_ha_yr", 2018, "tanhui", "forest_either")
    assert change["variance_shares"]["sampling"] > 0.5 > stock["variance_shares"]["sampling"]


def test_the_account_is_never_creditable(result):
    (claim,) = result["claims"]
    assert claim["credits_t"] == 0
    assert not claim["creditable"]
    assert not result["creditable"]
    pools = {line["line"]: line["co2e_t"] for line in claim["lines"]}
    assert pools["net"] == pytest.approx(pools["pool.agb"] + pools["pool.bgb"], abs=1e-9)
    yearly = pick(result, "agc_change_t_yr", 2018, "tanhui", "forest_either")["value"]
    # The 365 days of 2018 of a change per mean year of 365.2425 days, as CO2; the line is rounded down to a kilogram.
    assert pools["pool.agb"] == pytest.approx(yearly * 365 / 365.2425 * 44 / 12, abs=0.01)
