"""A user's own equations: taken with citation, unit and range, refused whole with every fault otherwise."""

import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.parameters import Status
from tanhui.sinks.forest.equations import equations, evaluate
from tanhui.sinks.forest.selection import match_trees
from tanhui.sinks.forest.user import load_user_equations
from tanhui.sinks.forest.volume import stem_volume_m3

HEADER = "id,quantity,species,region,tier,formula,a,b,c,unit,d_min_cm,d_max_cm,n,sigma,citation\n"
GOOD = "mine/fir,agb,杉木,cn/hunan,sector,ln(W)=a+b*ln(D),-2.5,2.4,,kg d.m.,5,40,120,0.2,LY/T 2264 Table 1\n"


def write(tmp_path, text, name="mine.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sector_model_is_taken_and_comes_first(tmp_path):
    mine = load_user_equations(write(tmp_path, HEADER + GOOD))
    item = mine["mine/fir"]
    assert (item.species, item.tier, item.n, item.sigma) == ("cunninghamia-lanceolata", "sector", 120, 0.2)
    assert item.reference == "LY/T 2264 Table 1"
    assert item.status is Status.SECONDARY
    match = match_trees(["杉木"], [45.0], region="cn/hunan", library={**equations(), **mine})
    assert match.equations[0].id == "mine/fir"
    assert match.out_of_range.tolist() == [True]


def test_a_volume_table_from_toml(tmp_path):
    text = """
["mine/poplar"]
quantity = "stem_volume"
species = "杨树"
formula = "V=a*D^b*H^c"
a = 0.00005
b = 1.9
c = 1.0
unit = "m3"
d_min_cm = 6
d_max_cm = 40
citation = "DB41/T 0000 table 2"
status = "primary"
"""
    mine = load_user_equations(write(tmp_path, text, "mine.toml"))
    # A user's word makes nothing primary; a signed confirmation does.
    assert mine["mine/poplar"].status is Status.SECONDARY
    assert stem_volume_m3("mine/poplar", 20, 15, mine) == pytest.approx(0.00005 * 20**1.9 * 15)


def test_a_bias_correction_a_user_asks_for(tmp_path):
    header = HEADER.replace("citation", "correction,citation")
    row = GOOD.replace("LY/T", "baskerville,LY/T")
    item = load_user_equations(write(tmp_path, header + row))["mine/fir"]
    assert item.mean_correction == pytest.approx(1.0202013)  # exp(0.2**2 / 2)
    assert evaluate(item, 10) == pytest.approx(0.0820849986 * 10**2.4)


def test_every_fault_is_listed_together(tmp_path):
    rows = [
        "a/1,agb,杉木,cn,sector,W=a*D^b,0.1,2.3,,kg d.m.,5,40,,,\n",  # no citation
        "a/2,agb,杉木,cn,sector,W=a*D^b,0.1,2.3,,,5,40,,,x\n",  # no unit
        "a/3,agb,杉木,cn,sector,W=a*D^b,0.1,2.3,,kg d.m.,,,,,x\n",  # no range
        "a/4,agb,香蕉树,cn,sector,W=a*D^b,0.1,2.3,,kg d.m.,5,40,,,x\n",  # unknown species
        "a/5,agb,杉木,cn,sector,W=sin(D),0.1,2.3,,kg d.m.,40,5,,,x\n",  # formula and range
        "a/6,agb,杉木,cn,best,W=a*D^b,zero,2.3,,pounds,5,40,,,x\n",  # tier, number, unit
        "us/jenkins2003/pine,agb,杉木,cn,sector,W=a*D^b,0.1,2.3,,kg d.m.,5,40,,,x\n",  # taken
        "a/1,mass,杉木,cn,sector,W=a*D^b,0.1,2.3,,kg d.m.,5,40,,,x\n",  # twice, quantity
    ]
    with pytest.raises(RefusedInput) as refusal:
        load_user_equations(write(tmp_path, HEADER + "".join(rows)))
    found = [(fault.row, fault.code) for fault in refusal.value.faults]
    for expected in [
        (2, "forest.no_citation"),
        (3, "forest.no_unit"),
        (4, "forest.no_range"),
        (5, "species.unknown"),
        (6, "forest.bad_formula"),
        (6, "forest.wrong_range"),
        (7, "forest.not_a_number"),
        (7, "forest.unknown_unit"),
        (7, "table.not_a_choice"),
        (8, "forest.bad_id"),
        (9, "forest.bad_id"),
        (9, "forest.unknown_quantity"),
    ]:
        assert expected in found, expected
    for fault in refusal.value.faults:
        for lang in ("zh", "en"):
            assert not fault.reason(lang).startswith("fault.")
            assert "{" not in fault.reason(lang) + fault.todo(lang)


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.csv", HEADER), ("broken.toml", "a = ["), ("flat.toml", "a = 1"), ("nothing.csv", "")],
)
def test_a_file_that_holds_nothing_is_refused(tmp_path, name, content):
    with pytest.raises(RefusedInput):
        load_user_equations(write(tmp_path, content, name))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RefusedInput):
        load_user_equations(tmp_path / "none.csv")
