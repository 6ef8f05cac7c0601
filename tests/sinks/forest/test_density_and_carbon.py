"""Wood density by level with its error, and carbon fractions by edition."""

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import resolve
from tanhui.sinks.forest.carbon_fraction import carbon_fraction
from tanhui.sinks.forest.density import level_sd, tree_densities, wood_density


def test_density_of_a_us_species_as_the_agency_lists_it():
    # REF_SPECIES.WOOD_SPGR_GREENVOL_DRYWT: red maple 0.49, eastern white pine 0.34, white oak 0.60.
    for name, value in (("red maple", 0.49), ("129", 0.34), ("Quercus alba", 0.60)):
        found = wood_density(resolve(name), "us")
        assert (found.value, found.level) == (value, "species")
        assert found.sd == level_sd("species").number()


def test_density_of_a_chinese_species_is_recalled():
    found = wood_density(resolve("杉木"), "cn")
    assert (found.value, found.level, found.status) == (0.307, "species", Status.RECALLED)


def test_the_region_decides_where_two_lists_have_the_species():
    slash_pine = resolve("Pinus elliottii")
    assert wood_density(slash_pine, "us").value == 0.54
    assert wood_density(slash_pine, "cn").value == wood_density(slash_pine, "cn/hunan").value == 0.424


def test_levels_fall_back_to_genus_then_family_and_the_error_grows():
    species_level = wood_density(resolve("马尾松"), "cn")
    genus_level = wood_density(resolve("Betula costata"))
    family_level = wood_density(resolve("Platycladus orientalis"))
    assert (species_level.level, genus_level.level, family_level.level) == ("species", "genus", "family")
    assert species_level.sd < genus_level.sd < family_level.sd


def test_a_group_has_no_density():
    with pytest.raises(DomainError, match="No wood density"):
        wood_density(resolve("阔叶"))


def test_measured_then_taxon_then_plot():
    taxa = [resolve(name) for name in ("杉木", "杉木", "阔叶", "马尾松")]
    found = tree_densities(
        taxa, plot=["1"] * 4, measured_g_cm3=[0.33, np.nan, np.nan, np.nan], measured_sd_g_cm3=[0.02] * 4, region="cn"
    )
    assert found.level == ("measured", "species", "plot", "species")
    pine = wood_density(resolve("马尾松"), "cn").value
    assert found.value == pytest.approx([0.33, 0.307, (0.33 + 0.307 + pine) / 3, pine])
    assert found.sd[0] == 0.02
    assert found.sd[2] >= level_sd("family").number()


def test_a_plot_without_any_known_density_is_refused():
    taxa = [resolve("阔叶"), resolve("杉木")]
    with pytest.raises(DomainError):
        tree_densities(taxa, plot=["a", "b"])
    assert tree_densities(taxa).level == ("plot", "species")
    with pytest.raises(DomainError, match="measured"):
        tree_densities(taxa, measured_g_cm3=[0.0, 0.4])
    assert tree_densities([]).value.shape == (0,)


def test_ipcc2006_carbon_fractions():
    # Table 4.3 as recalled: conifer 0.51 (0.47-0.55), broadleaf 0.48 (0.46-0.50), default 0.47.
    conifer = carbon_fraction("ipcc2006", resolve("马尾松"))
    assert (conifer.value, conifer.low, conifer.high) == (0.51, 0.47, 0.55)
    assert conifer.se == pytest.approx(0.0204, abs=1e-4)
    assert carbon_fraction("ipcc2006", resolve("red maple")).value == 0.48
    assert carbon_fraction("ipcc2006").value == 0.47
    assert carbon_fraction("ipcc2006").se is None


def test_other_editions_are_not_mixed():
    assert carbon_fraction("ar-tool14", resolve("马尾松")).value == 0.47
    assert carbon_fraction("fia", resolve("129")).value == 0.5
    assert carbon_fraction("ccer", resolve("杉木")).value == carbon_fraction("ccer", "杉木").value == 0.520
    with pytest.raises(DomainError, match="ipcc2006"):
        carbon_fraction("ipcc2006", "bamboo")
    with pytest.raises(DomainError, match="ar-tool14"):
        carbon_fraction("ipcc2042")


def test_half_of_dry_mass_is_what_the_us_inventory_calls_carbon(shared):
    import csv
    import gzip

    with gzip.open(shared / "data/fia_rhode_island/TREE.csv.gz", "rt") as table:
        pairs = [
            (float(row["CARBON_BG"]), float(row["DRYBIO_BG"]))
            for row in csv.DictReader(table)
            if row["CARBON_BG"] and row["DRYBIO_BG"] and float(row["DRYBIO_BG"]) > 0
        ]
    carbon, dry = np.array(pairs).T
    assert carbon / dry == pytest.approx(np.full(len(dry), carbon_fraction("fia").value), rel=1e-4)
