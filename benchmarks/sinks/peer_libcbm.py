"""libcbm on as many stands, as its examples run it; for an environment that has libcbm and nothing of ours.

Run: ``PYTHON benchmarks/sinks/peer_libcbm.py STANDS YEARS``. libcbm spins up and steps in one call, so a run of one
year is taken off a run of all years to know the stepping alone.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import pandas as pd
from libcbm.model.cbm import cbm_simulator
from libcbm.model.cbm.cbm_output import CBMOutput
from libcbm.model.cbm.stand_cbm_factory import StandCBMFactory
from libcbm.storage import dataframe


def simulation(stands: int, years: int) -> Callable[[], object]:
    """Spruce of 15 years in Ontario, once for each stand."""
    volumes = [{"species": "Spruce", "age_volume_pairs": [[0, 0], [50, 100], [100, 150], [150, 200]]}]
    factory = StandCBMFactory({"c": ["v"]}, [{"classifier_set": ["v"], "merch_volumes": volumes}])
    row = {"c": "v", "admin_boundary": "Ontario", "eco_boundary": "Mixedwood Plains", "age": 15, "area": 1.0}
    row |= {"delay": 0, "land_class": "UNFCCC_FL_R_FL", "afforestation_pre_type": "None"}
    row |= {"historic_disturbance_type": "Wildfire", "last_pass_disturbance_type": "Wildfire"}
    table = dataframe.from_pandas(pd.DataFrame([row] * stands))

    def simulate() -> object:
        sets, inventory = factory.prepare_inventory(table)
        with factory.initialize_cbm() as cbm:
            output = CBMOutput()
            cbm_simulator.simulate(
                cbm,
                n_steps=years,
                classifiers=sets,
                inventory=inventory,
                pre_dynamics_func=lambda time_step, variables: variables,
                reporting_func=output.append_simulation_result,
            )
            return output

    return simulate


def seconds(work: Callable[[], object]) -> float:
    """How long one run takes. [s]"""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(stands: int, years: int) -> None:
    """Print both speeds."""
    simulation(10, 1)()  # load and compile
    short, whole = seconds(simulation(stands, 1)), seconds(simulation(stands, years))
    stepping = stands * (years - 1) / (whole - short)
    print(f"libcbm, stepping: {stepping:,.0f}; spin-up and stepping: {stands * years / whole:,.0f} stand-years/s")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), int(sys.argv[2]))
