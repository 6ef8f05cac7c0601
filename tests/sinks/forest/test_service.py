"""What faces get: plain dictionaries that JSON can carry."""

import json

import pytest

from tanhui.kernel.errors import InputError
from tanhui.sinks.forest.equations import equations
from tanhui.sinks.forest.service import evaluate_equation, list_equations, list_gaps, show_equation


def test_list_filters():
    assert len(list_equations()) == len(equations())
    pines = list_equations(species_name="马尾松", region="湖南", quantity="agb")
    assert pines
    assert {row["species_latin"] for row in pines} == {"Pinus massoniana"}
    assert {row["region"] for row in pines} == {"cn/hunan"}
    assert [row["id"] for row in list_equations("Jenkins2003")] == sorted(
        name for name in equations() if "jenkins2003" in name
    )
    assert {row["species"] for row in list_equations("马尾松")} == {"pinus-massoniana"}
    usable = list_equations(usable_only=True)
    assert not any(row["quarantine"] or row["restriction"] for row in usable)
    json.dumps(usable)


def test_show_chave2014():
    shown = show_equation("chave2014")
    json.dumps(shown)
    assert shown["id"] == "tropics/chave2014-eq4"
    assert shown["printed"] == "W=0.0673*(rho*D^2*H)^0.976"
    assert shown["aliases"] == ["chave2014"]
    assert "10.1111/gcb.12629" in shown["citation"]
    assert shown["needs"] == ["dbh_cm", "height_m", "wood_density_g_cm3"]
    assert len(shown["covariance"]) == 5


def test_every_equation_can_be_shown():
    for equation_id in equations():
        shown = show_equation(equation_id)
        assert shown["citation"]
        assert "status" in shown["indicative_reasons"]


def test_evaluate():
    found = evaluate_equation("chave2014", dbh_cm=[30, float("nan")], height_m=20, wood_density_g_cm3=0.6)
    json.dumps(found)
    assert found["mean"] == [pytest.approx(581.616, abs=1e-3), None]
    assert found["median"][0] < found["mean"][0]
    assert found["out_of_range"] == [False, False]
    volume = evaluate_equation("cn/ly208-77/cunninghamia-lanceolata/volume", 22, 8)
    assert volume["unit"] == "m3"
    assert volume["mean"] == pytest.approx(0.167, abs=5e-4)
    assert volume["out_of_range"] is False
    assert "no_residual_error" in volume["indicative_reasons"]


def test_unknown_ids_are_refused():
    with pytest.raises(InputError):
        show_equation("nothing")


def test_gaps_name_what_may_be_used_meanwhile():
    assert all(row["wanted"] and row["meanwhile"] for row in list_gaps())
