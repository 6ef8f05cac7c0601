"""One stand over a hundred years beside libcbm, which is no dependency; the test skips where it is not installed.

The parameters are libcbm's own, read from its database; growth is what its live pools say. What is compared is
turnover, the fall of snags, decay with its temperature modifier and mixing: twenty transfers in the order that Kurz et
al. (2009, doi:10.1016/j.ecolmodel.2008.10.018) describe.
"""

import sqlite3
import warnings

import numpy as np
import pytest

from tanhui.sinks.engine import Flux, Model, Operation, Pool, Stands, decay_share, run

YEARS = 100
LIVE = {name: f"Softwood{name}" for name in ("Merch", "Foliage", "Other", "CoarseRoots", "FineRoots")}
PROVINCE, ECOZONE = "Ontario", "Mixedwood Plains"


@pytest.fixture(scope="module")
def libcbm():
    """Its pools year by year, and its parameters for the place."""
    pytest.importorskip("libcbm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return simulated(), parameters()


def simulated():
    """A spruce stand of 15 years, its pools from year 0 to 100."""
    import pandas as pd
    from libcbm.model.cbm import cbm_simulator
    from libcbm.model.cbm.cbm_output import CBMOutput
    from libcbm.model.cbm.stand_cbm_factory import StandCBMFactory
    from libcbm.storage import dataframe

    volumes = [{"species": "Spruce", "age_volume_pairs": [[0, 0], [50, 100], [100, 150], [150, 200]]}]
    factory = StandCBMFactory({"c": ["v"]}, [{"classifier_set": ["v"], "merch_volumes": volumes}])
    row = {"c": "v", "admin_boundary": PROVINCE, "eco_boundary": ECOZONE, "age": 15, "area": 1.0, "delay": 0}
    row |= {"land_class": "UNFCCC_FL_R_FL", "afforestation_pre_type": "None"}
    row |= {"historic_disturbance_type": "Wildfire", "last_pass_disturbance_type": "Wildfire"}
    classifiers, inventory = factory.prepare_inventory(dataframe.from_pandas(pd.DataFrame([row])))
    with factory.initialize_cbm() as cbm:
        output = CBMOutput()
        cbm_simulator.simulate(
            cbm,
            n_steps=YEARS,
            classifiers=classifiers,
            inventory=inventory,
            pre_dynamics_func=lambda time_step, variables: variables,
            reporting_func=output.append_simulation_result,
        )
        return output.pools.to_pandas().sort_values("timestep").reset_index(drop=True)


def parameters():
    """Turnover by name, decay by pool, mixing, and the mean annual temperature."""
    from libcbm import resources

    database = sqlite3.connect(resources.get_cbm_defaults_path())
    database.row_factory = sqlite3.Row
    place = database.execute(
        "select s.mean_annual_temperature as t, e.turnover_parameter_id as turnover from spatial_unit s "
        "join eco_boundary e on e.id = s.eco_boundary_id join eco_boundary_tr en on en.eco_boundary_id = e.id "
        "join admin_boundary_tr an on an.admin_boundary_id = s.admin_boundary_id "
        "where en.name = ? and an.name = ? and en.locale_id = 1 and an.locale_id = 1",
        (ECOZONE, PROVINCE),
    ).fetchone()
    turnover = database.execute("select * from turnover_parameter where id = ?", (place["turnover"],)).fetchone()
    decay = database.execute(
        "select p.code, d.* from decay_parameter d "
        "join dom_pool m on m.id = d.dom_pool_id join pool p on p.id = m.pool_id"
    ).fetchall()
    mixing = database.execute("select rate from slow_mixing_rate").fetchone()["rate"]
    return dict(turnover), [dict(row) for row in decay], mixing, place["t"]


def model(turnover, decay, mixing, temperature) -> Model:
    """The annual process as operations of the engine."""
    shed = {
        "Merch": {"SoftwoodStemSnag": turnover["stem_turnover"]},
        "Foliage": {"AboveGroundVeryFastSoil": turnover["sw_foliage"]},
        "Other": split(
            turnover["sw_branch"], turnover["branch_snag_split"], "SoftwoodBranchSnag", "AboveGroundFastSoil"
        ),
        "CoarseRoots": split(
            turnover["coarse_root"], turnover["coarse_ag_split"], "AboveGroundFastSoil", "BelowGroundFastSoil"
        ),
        "FineRoots": split(
            turnover["fine_root"], turnover["fine_ag_split"], "AboveGroundVeryFastSoil", "BelowGroundVeryFastSoil"
        ),
    }
    fast, slow = [], []
    for row in decay:
        share = decay_share(row["base_decay_rate"], temperature, row["q10"], row["reference_temp"], row["max_rate"])
        humus = "BelowGroundSlowSoil" if row["code"].startswith("Below") else "AboveGroundSlowSoil"
        air = Flux(row["code"], "CO2", float(share * row["prop_to_atmosphere"]))
        if "Slow" in row["code"]:
            slow.append(air)
        else:
            fast += [air, Flux(row["code"], humus, float(share * (1 - row["prop_to_atmosphere"])))]
    first, second = (
        tuple(Flux("Input", pool, f"{half} {pool}") for pool in LIVE.values()) for half in ("first", "second")
    )
    snags = (
        Flux("SoftwoodStemSnag", "MediumSoil", turnover["sw_stem_snag"]),
        Flux("SoftwoodBranchSnag", "AboveGroundFastSoil", turnover["sw_branch_snag"]),
    )
    falls = tuple(Flux(LIVE[giver], taker, share) for giver, row in shed.items() for taker, share in row.items())
    dead = [row["code"] for row in decay]
    return Model(
        "cbm",
        tuple(Pool(name, outside=name in ("Input", "CO2")) for name in ("Input", *LIVE.values(), *dead, "CO2")),
        (
            Operation("first half of growth", first, "growth"),
            Operation("fall of snags", snags),
            Operation("turnover", falls),
            Operation("second half of growth", second, "growth"),
            Operation("decay", tuple(fast)),
            Operation("decay of humus", tuple(slow)),
            Operation("mixing", (Flux("AboveGroundSlowSoil", "BelowGroundSlowSoil", mixing),)),
        ),
    )


def split(rate: float, share: float, first: str, second: str) -> dict[str, float]:
    """A turnover rate over two takers."""
    return {first: rate * share, second: rate * (1 - share)}


def test_dead_organic_matter_is_that_of_libcbm(libcbm):
    pools, values = libcbm
    cbm = model(*values)
    lost = {
        pool: sum(flux.size for name, flux in cbm.fluxes if name == "turnover" and flux.source == pool)
        for pool in LIVE.values()
    }
    growth = {}
    for pool, share in lost.items():
        live = pools[pool].to_numpy()
        half = np.diff(live) / 2
        # The yield curve is net: what a year sheds grows again within it.
        growth |= {f"first {pool}": half, f"second {pool}": half + share * (live[:-1] + half)}
    start = [[0.0 if pool.outside else pools[pool.name][0] for pool in cbm.pools]]
    result = run(cbm, Stands(start, curves=growth), YEARS, every=1)
    for pool in cbm.pool_names[1:-1]:
        np.testing.assert_allclose(
            result.pool(pool)[0], pools[pool].to_numpy()[1:], rtol=1e-10, atol=1e-12, err_msg=pool
        )
    breathed = pools["CO2"].to_numpy()
    np.testing.assert_allclose(result.pool("CO2")[0], breathed[1:] - breathed[0], rtol=1e-10)
