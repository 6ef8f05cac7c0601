"""The manifest: same content, same id; any change, another."""

import json
from dataclasses import replace
from datetime import date

import pytest

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.manifest import Manifest, software, unique_leaves
from tanhui.kernel.nouns import Claim, ClaimLine, Estimate, Observation, YearShare
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period

YEAR = Period(date(2021, 1, 1), date(2022, 1, 1))
LEAF = Leaf("ex/a", 1 / 3, "1", "rfc8785", Status.PRIMARY, date(2026, 11, 1), se=0.1)
INPUTS = (Observation("b.csv", "bb", 2, "survey", YEAR), Observation("a.csv", "aa", 1, "survey"))
MANIFEST = Manifest("p", 7, INPUTS, {"m": "1"}, (LEAF,), "00" * 32, {"tanhui": "0"}, {"x": 0.1 + 0.2})


def test_the_id_is_the_hash_of_the_rest():
    document = MANIFEST.to_dict()
    run = document.pop("run")
    assert run == hash_json(document) == MANIFEST.run
    assert json.loads(json.dumps(document)) == document
    assert document["seed"] == "7"
    assert document["format"].startswith("tanhui-")


def test_order_and_last_bits_do_not_matter():
    other = replace(MANIFEST, inputs=INPUTS[::-1], options={"x": 0.3})
    assert other.run == MANIFEST.run


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"project": "q"},
        {"inputs": INPUTS[:1]},
        {"result_sha256": "11" * 32},
        {"parameters": (replace(LEAF, value=0.34),)},
        {"parameters": (replace(LEAF, status=Status.RECALLED),)},
        {"software": {"tanhui": "1"}},
    ],
)
def test_any_change_has_another_id(change):
    assert replace(MANIFEST, **change).run != MANIFEST.run


def test_the_software_that_can_change_a_result_is_named():
    assert {"tanhui", "python", "machine", "numpy", "scipy", "numba"} <= software().keys()


def test_leaves_are_listed_once_in_order():
    other = replace(LEAF, id="ex/0")
    assert unique_leaves([LEAF, other, LEAF]) == (other, LEAF)
    assert unique_leaves([]) == ()


def test_nouns_have_the_shape_of_the_result():
    estimate = Estimate("agc_t_ha", "t C/ha", 2021, YEAR, "forest", 10.0, 1.0, (8.4, 11.6), n=3)
    assert estimate.to_dict()["valid"] == ["2021-01-01", "2021-12-31"]
    assert estimate.to_dict()["ci90"] == [8.4, 11.6]
    lines = (ClaimLine("gross_removal", 12.5), ClaimLine("leakage", -0.5), ClaimLine("net", 12.0))
    claim = Claim("ex/1", "removal", YEAR, lines, (YearShare(2021, 12.0, 12),), 12, "AR5", indicative_reasons=("why",))
    assert claim.net_t == 12.0 == sum(line.co2e_t for line in lines[:-1])
    assert claim.creditable is False
    assert claim.to_dict()["lines"][1] == {"line": "leakage", "co2e_t": -0.5, "clause": ""}
    assert INPUTS[0].to_dict()["observed"] == ["2021-01-01", "2021-12-31"]
