"""The general errors against what they stand for: how far published equations of one species lie apart."""

import numpy as np
import pytest

from tanhui.kernel.species import resolve
from tanhui.projects.general_errors import unknown_error
from tanhui.sinks.forest.equations import equations, mean_biomass_kg
from tanhui.sinks.forest.volume import bef_parameters

#: Sizes of the illustrative stands in their sixth and eleventh year: mean diameter [cm] and height [m].
SIZES = {"杉木": ((7.1, 4.6), (12.0, 8.4)), "马尾松": ((6.2, 4.0), (10.3, 7.1))}


def log_biomass(name, size, quantity):
    """ln of a tree's aboveground biomass by every Chinese equation made for the species, by source and province."""
    dbh, height = size
    taxon = resolve(name)
    bef = bef_parameters(taxon)
    found = {}
    for item in equations().values():
        usable = not item.quarantine and not item.restriction and item.region.count("/") < 2
        if item.species == taxon.id and item.quantity == quantity and usable and item.region.startswith("cn"):
            value = float(mean_biomass_kg(item, dbh, height, bef.wood_density_t_m3))
            if quantity == "stem_volume":
                value *= bef.wood_density_t_m3 * bef.bef * 1000
            found.setdefault((item.reference, item.region), []).append(np.log(value))
    return found


def spread(name, size, quantity):
    return float(np.std([np.mean(values) for values in log_biomass(name, size, quantity).values()], ddof=1))


def level(name, size, quantity):
    return float(np.mean([np.mean(values) for values in log_biomass(name, size, quantity).values()]))


def test_an_equation_without_an_error_is_as_wrong_as_equations_differ():
    found = [spread(name, size, "agb") for name, sizes in SIZES.items() for size in sizes]
    assert len(found) == 4
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(unknown_error("equation_sd").number(), rel=0.25)


def test_volume_tables_agree_far_better():
    found = [spread("马尾松", size, "stem_volume") for size in SIZES["马尾松"]]
    assert max(found) == pytest.approx(unknown_error("table_sd").number(), rel=0.35)


def test_expansion_is_the_doubtful_step_and_errs_low_in_young_stands():
    apart = {
        (name, age): level(name, size, "stem_volume") - level(name, size, "agb")
        for name, sizes in SIZES.items()
        for age, size in zip(("young", "older"), sizes, strict=True)
    }
    older = [apart[name, "older"] for name in SIZES]
    assert np.sqrt(np.mean(np.square(older))) == pytest.approx(unknown_error("expansion_sd").number(), rel=0.35)
    for name in SIZES:
        assert apart[name, "young"] < apart[name, "older"] < 0.05
