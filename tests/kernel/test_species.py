"""Species are found by any name people use, and an unknown name helps."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.data import data_path
from tanhui.kernel.species import UnknownSpecies, genus_of, resolve, resolve_all, species, suggestions
from tanhui.kernel.tables import table_spec

# Species codes of the Rhode Island trees (TREE.SPCD) with the Jenkins group the agency's REF_SPECIES gives them,
# read in a copy of that table: 1 cedar/larch ... 9 hard maple/oak/hickory/beech.
AGENCY_GROUPS = {
    "cedar-larch": [43, 68],
    "true-fir-hemlock": [12, 261],
    "pine": [126, 129, 130],
    "spruce": [96],
    "aspen-alder-cottonwood-willow": [740, 741, 742, 743, 746, 920],
    "soft-maple-birch": [313, 316, 317, 320, 371, 372, 375, 379],
    "mixed-hardwood": [
        *(341, 391, 421, 462, 491, 541, 543, 544, 591, 602, 621, 660, 693, 701, 731, 760, 761, 762),
        *(901, 931, 972, 975, 998),
    ],
    "hard-maple-oak-hickory-beech": [318, 403, 407, 409, 531, 800, 802, 804, 806, 809, 832, 833, 837],
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("杉木", "cunninghamia-lanceolata"),
        (" 杉 木 ", "cunninghamia-lanceolata"),
        ("Pinus massoniana Lamb.", "pinus-massoniana"),
        ("PINUS_MASSONIANA", "pinus-massoniana"),
        ("马尾松", "pinus-massoniana"),
        ("red maple", "acer-rubrum"),
        ("316", "acer-rubrum"),
        (316, "acer-rubrum"),
        ("316.0", "acer-rubrum"),
        ("Quercus", "quercus-spp"),
        ("Populus L.", "populus-spp"),
        ("Eucalyptus urophylla × grandis", "eucalyptus-urophylla-x-grandis"),
        ("Carya tomentosa", "carya-alba"),
        ("樟树", "cinnamomum-camphora"),
        ("阔叶混", "broadleaf"),
    ],
)
def test_one_taxon_many_names(name, expected):
    assert resolve(name).id == expected


def test_a_variety_is_not_taken_for_its_species():
    with pytest.raises(UnknownSpecies):
        resolve("Pinus nigra var. austriaca")
    assert resolve("Pinus sylvestris var. mongolica").id == "pinus-sylvestris-var-mongolica"


@pytest.mark.parametrize(
    ("wrong", "right"), [("Pinus masoniana", "Pinus massoniana"), ("马尾树", "马尾松"), ("red mapel", "red maple")]
)
def test_an_unknown_name_is_refused_with_the_nearest(wrong, right):
    with pytest.raises(UnknownSpecies) as refusal:
        resolve(wrong)
    assert right in refusal.value.suggested
    assert right in refusal.value.text("zh")
    assert right in refusal.value.text("en")
    assert refusal.value.exit_code == 2


def test_a_column_lists_each_unknown_name_once_with_its_first_row():
    found, faults = resolve_all(["杉木", "Nonsense nonsense", "", "Nonsense nonsense"], file="trees.csv")
    assert [taxon and taxon.id for taxon in found] == ["cunninghamia-lanceolata", None, None, None]
    assert [(fault.code, fault.row) for fault in faults] == [("species.unknown", 3), ("species.empty", 4)]
    assert faults[0].todo("zh")
    assert "Latin" in faults[0].todo("en")
    assert resolve_all([]) == ([], [])


def test_the_jenkins_group_of_every_rhode_island_code():
    assert {
        resolve(code).jenkins_group: sorted(codes) for codes in AGENCY_GROUPS.values() for code in codes[:1]
    }.keys() == AGENCY_GROUPS.keys()
    for group, codes in AGENCY_GROUPS.items():
        assert {resolve(code).jenkins_group for code in codes} == {group}, codes


def test_every_code_of_the_rhode_island_trees_is_known(shared):
    import gzip

    with gzip.open(shared / "data/fia_rhode_island/TREE.csv.gz", "rt") as table:
        codes = {row["SPCD"] for row in csv.DictReader(table)}
    assert [code for code in codes if not resolve(code).jenkins_group] == []
    assert len(codes) == 58


def test_the_table_agrees_with_its_description():
    for name in ("species", "synonyms"):
        with data_path("species", f"{name}.csv").open(encoding="utf-8", newline="") as table:
            header = next(csv.reader(table))
        assert header == list(table_spec("species", name).columns)


def test_every_species_has_a_family_and_a_genus_and_groups_have_none():
    for taxon in species().values():
        assert bool(taxon.genus and taxon.family) == (taxon.rank != "group"), taxon.id
        if taxon.rank == "species":
            assert taxon.latin.startswith(taxon.genus), taxon.id
    genus = genus_of(resolve("Quercus alba"))
    assert genus is not None
    assert genus.id == "quercus-spp"


@given(st.sampled_from(sorted(species())), st.booleans())
def test_every_name_of_a_taxon_leads_back_to_it(species_id, shout):
    taxon = species()[species_id]
    for name in taxon.names:
        assert resolve(name.upper() if shout else f"  {name} ").id == species_id


@given(st.text(max_size=30))
def test_suggestions_never_fail(name):
    assert len(suggestions(name)) <= 3


def test_a_slip_in_the_last_character_finds_the_name():
    assert "杉木" in suggestions("杉术")[:2]
