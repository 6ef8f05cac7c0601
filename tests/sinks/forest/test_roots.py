"""Root ratios by edition, never mixed, with the error the source gives or none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import resolve
from tanhui.sinks.forest.roots import (
    coarse_root_ratio_jenkins2003,
    root_ratio_ar_tool14,
    root_ratio_ipcc2006,
    root_ratio_ipcc2019,
    wood_class,
)


def test_ar_tool14_by_hand():
    # ln R = -1.085 + (0.9256 - 1) ln b: at b = 100 t/ha, exp(-1.085 - 0.0744 * 4.605170) = exp(-1.427625) = 0.23988.
    assert root_ratio_ar_tool14(100.0) == pytest.approx(0.23988, abs=1e-5)
    assert np.isnan(root_ratio_ar_tool14([np.nan, 50.0])).tolist() == [True, False]
    with pytest.raises(DomainError):
        root_ratio_ar_tool14([10.0, 0.0])


@given(st.floats(0.1, 900), st.floats(1.01, 3))
def test_ar_tool14_falls_with_biomass(agb, factor):
    assert root_ratio_ar_tool14(agb * factor) < root_ratio_ar_tool14(agb)


def test_jenkins2003_table_6():
    # Hardwood -1.6911 + 0.8160/D, softwood -1.5619 + 0.6614/D at 25 cm.
    assert coarse_root_ratio_jenkins2003(25.0, "hardwood") == pytest.approx(math.exp(-1.6911 + 0.8160 / 25))
    assert coarse_root_ratio_jenkins2003([25.0], "softwood") == pytest.approx([math.exp(-1.5619 + 0.6614 / 25)])
    with pytest.raises(DomainError):
        coarse_root_ratio_jenkins2003(0, "hardwood")


def test_wood_class():
    assert wood_class(resolve("Pinus strobus")) == "softwood"
    assert wood_class(resolve("red maple")) == "hardwood"


# IPCC 2006 Vol. 4 Table 4.4 as recalled: zone, forest, biomass, ratio, range.
IPCC_2006 = [
    ("tropical rainforest", "", 200, 0.37, None, None),
    ("subtropical humid", "", 100, 0.20, 0.09, 0.25),
    ("subtropical humid", "", 126, 0.24, 0.22, 0.33),
    ("temperate", "conifers", 40, 0.40, 0.21, 1.06),
    ("temperate", "conifers", 100, 0.29, 0.24, 0.50),
    ("temperate", "conifers", 200, 0.20, 0.12, 0.49),
    ("temperate", "other broadleaf", 60, 0.46, 0.12, 0.93),
    ("temperate", "Quercus", 90, 0.30, 0.20, 1.16),
    ("boreal", "", 80, 0.24, 0.15, 0.37),
]


@pytest.mark.parametrize(("zone", "forest", "agb", "value", "low", "high"), IPCC_2006)
def test_ipcc2006(zone, forest, agb, value, low, high):
    found = root_ratio_ipcc2006(zone, agb, forest)
    assert (found.value, found.low, found.high, found.edition) == (value, low, high, "ipcc2006")
    assert found.status is Status.RECALLED
    if low is None:
        assert found.se is None
        assert found.error_note == "forest.note.no_error"
    else:
        assert found.se == pytest.approx((high - low) / 3.92, rel=1e-3)


def test_ipcc2019_prints_no_error():
    found = root_ratio_ipcc2019("tropical rainforest", "Asia", "broadleaf", "natural", 60)
    assert (found.value, found.se, found.edition) == (0.207, None, "ipcc2019")
    assert root_ratio_ipcc2019("tropical rainforest", "Asia", "broadleaf", "natural", 130).value == 0.212
    assert found.status is Status.SECONDARY


def test_a_class_boundary_belongs_to_the_lower_class():
    kind = ("tropical rainforest", "Africa", "mosaic", "natural")
    assert root_ratio_ipcc2019(*kind, 125).value == 0.825
    assert root_ratio_ipcc2019(*kind, 125.1).value == 0.532


def test_what_no_table_has_is_refused():
    with pytest.raises(DomainError, match="ipcc2006"):
        root_ratio_ipcc2006("temperate", 60, "Quercus")  # the table begins above 70 t/ha
    with pytest.raises(DomainError, match="ipcc2006"):
        root_ratio_ipcc2006("moon", 60)
    with pytest.raises(DomainError):
        root_ratio_ipcc2006("boreal", 0)
