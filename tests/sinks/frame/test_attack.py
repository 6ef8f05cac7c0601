"""What a careless or hostile user brings to the frame, and whether the spread is what a Monte Carlo finds."""

import json
import math
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError, InputError, RefusedInput
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value, run_sink, sink, sinks
from tanhui.sinks.frame.factors import factor_table, standard_error
from tanhui.sinks.frame.inputs import read_inputs
from tanhui.sinks.frame.model import Input
from tanhui.sinks.frame.spread import spread

DAY = date(2026, 1, 1)
FIELD = {"field": "a", "area_ha": 1, "region": "World", "water": "continuously flooded"}
FISH = {"fish_evidence": "chambers, 2025"}
MONTHS = {"temperature_c": [5.0] * 12, "rain_mm": [50.0] * 12, "pet_mm": [60.0] * 12}
PASTURE = {"pasture": "a", "area_ha": 1, "soc_t_ha": 60, "clay_share": 0.2, "input_ratio": 1.2}
HUGE = 10**400


def rice(**inputs: object) -> dict:
    return run_sink("rice", {"fields": [FIELD], **inputs}, today=DAY)


def grass(**inputs: object) -> dict:
    return run_sink("grassland", {"method": "rothc", "pastures": [PASTURE], **MONTHS, **inputs}, today=DAY)


def own(**entry: object) -> dict:
    return {"ch4_baseline": {"value": 1.0, "source": "chambers, 2025", **entry}}


def refused(call, *args: object, **inputs: object) -> set[tuple[str, str]]:
    with pytest.raises(RefusedInput) as refusal:
        call(*args, **inputs)
    json.dumps(refusal.value.to_dict("zh")).encode()
    assert refusal.value.text("en").encode()
    return {(fault.code, fault.column) for fault in refusal.value.faults}


@pytest.mark.parametrize("name", ["ch4_baselin", "ch4_baseline/Hunan", "soil/f_mg", "", "gwp/CH4"])
def test_a_factor_that_no_sink_asks_for_is_refused_by_name(name):
    with pytest.raises(RefusedInput) as refusal:
        rice(factors={name: {"value": 1.0, "source": "x"}})
    assert [(fault.code, fault.value) for fault in refusal.value.faults] == [("sinks.unknown_factor", name)]


def test_a_factor_without_a_default_may_be_brought_to_a_run_that_does_not_need_it():
    told = grass(factors={"root_turnover": {"value": 0.3, "source": "cores"}})
    assert any("root_turnover" in note for note in told["notes"])
    for each in sinks().values():
        assert not {name for name, _ in factor_table(each.room)} & set(each.brought), each.id


def test_a_known_factor_that_this_run_does_not_need_is_told_of():
    assert any("n2o_flooded" in note for note in rice(factors={"n2o_flooded": {"value": 0.01, "source": "x"}})["notes"])


@pytest.mark.parametrize(
    ("entry", "code", "column"),
    [
        ({"se": -0.2}, "sinks.below", "factors.ch4_baseline.se"),
        ({"unit": "t C/ha"}, "sinks.wrong_unit", "factors.ch4_baseline"),
        ({"unit": 5}, "sinks.not_a_number", "factors.ch4_baseline"),
        ({"sd": 0.2}, "sinks.unknown_input", "factors.ch4_baseline.sd"),
        ({"value": True}, "sinks.not_a_number", "factors.ch4_baseline"),
        ({"value": HUGE}, "sinks.not_a_number", "factors.ch4_baseline"),
        ({"value": math.nan}, "sinks.not_a_number", "factors.ch4_baseline"),
        ({"value": None}, "sinks.not_a_number", "factors.ch4_baseline"),
        ({"se": math.inf}, "sinks.not_a_number", "factors.ch4_baseline.se"),
        ({"source": " "}, "sinks.factor_without_source", "factors.ch4_baseline"),
    ],
)
def test_an_own_factor_is_checked_like_an_input(entry, code, column):
    assert refused(rice, factors=own(**entry)) == {(code, column)}


def test_the_unit_of_an_own_factor_without_a_default_cannot_be_checked():
    turnover = {"root_turnover": {"value": 30, "unit": "%/yr", "source": "cores"}}
    assert refused(grass, factors=turnover) == {("sinks.factor_unit_unknown", "factors.root_turnover")}


def test_an_error_beyond_all_numbers_is_refused():
    with pytest.raises(DomainError):
        rice(factors=own(se=1e308))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (HUGE, "sinks.not_a_number"),
        (True, "sinks.not_a_number"),
        (math.nan, "sinks.not_a_number"),
        ("1e400", "sinks.not_a_number"),
        ({"value": 1.1, "unit": 5}, "sinks.not_a_number"),
        ({"value": {"value": 1.1}}, "sinks.not_a_number"),
        ({"value": "110 %", "unit": "1"}, "sinks.not_a_number"),
        ({"value": 1.1, "unit": ""}, "sinks.wrong_unit"),
        ("1.1 °F", "sinks.wrong_unit"),
        ("11 ‰", "sinks.wrong_unit"),
        ("160 %", "sinks.beyond"),
        (-1.1, "sinks.below"),
    ],
)
def test_a_number_that_is_none(value, code):
    assert refused(rice, fish_factor=value, **FISH) == {(code, "fish_factor")}


@pytest.mark.parametrize("value", ["１１０ ％", "110%", {"value": "110 %"}, {"value": 110, "unit": "percent"}, "1.1"])
def test_one_number_in_many_spellings(value):
    assert rice(fish_factor=value, **FISH)["inputs"]["fish_factor"] == pytest.approx(1.1)


def test_a_percentage_with_its_unit_is_too_large_and_one_without_is_named():
    share = Input("share", "number", "", "", unit="1", min=0, max=1)
    asked = replace(sink("rice"), inputs={"share": share})
    for value, code in (("120 %", "sinks.beyond"), (45, "sinks.percent_for_fraction"), ("-5 %", "sinks.below")):
        assert refused(read_inputs, {"share": value}, asked, folder=Path()) == {(code, "share")}
    assert read_inputs({"share": {"value": "45 %", "se": 5}}, asked, folder=Path()).se == {"share": pytest.approx(0.05)}


def test_blank_evidence_is_no_evidence():
    with pytest.raises(DomainError) as refusal:
        rice(fish_factor=1.1, fish_evidence="  ")
    assert refusal.value.code == "rice.fish_without_evidence"


@pytest.mark.parametrize("text", ["\ud800", 5, ["x"]])
def test_text_that_is_none(text):
    assert refused(rice, fish_factor=1.1, fish_evidence=text) == {("sinks.wrong_kind", "fish_evidence")}
    assert ("sinks.wrong_kind", "fields") in refused(rice, fields=[{**FIELD, "field": "\ud800"}])


def test_an_error_is_in_the_unit_of_its_number():
    wanted = grass(depth_cm={"value": 30, "se": 5})
    for value in ({"value": "0.3 m", "se": 0.05}, {"value": 0.3, "unit": "m", "se": "5 cm"}):
        assert grass(depth_cm=value)["estimates"][-1]["se"] == pytest.approx(wanted["estimates"][-1]["se"])
    asked = sink("grassland")
    given = read_inputs({"depth_cm": {"value": "0.3 m", "se": 0.05}, "pastures": [PASTURE]}, asked, folder=Path())
    assert given.se == {"depth_cm": pytest.approx(5)}


def test_an_error_wider_than_the_range_allows_is_refused():
    assert refused(grass, depth_cm={"value": 30, "se": 500}) == {("sinks.beyond", "depth_cm.se")}


def test_what_is_counted_or_chosen_has_no_error():
    assert refused(grass, years={"value": 20, "se": 0.4}) == {("sinks.unknown_input", "years.se")}
    assert refused(grass, gwp={"value": "AR5", "se": 1}) == {("sinks.wrong_kind", "gwp")}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"values": [5.0] * 12, "se": 1}, "sinks.unknown_input"),
        ({"values": [5.0] * 12, "unit": 5}, "sinks.not_a_number"),
        ({"values": ["5 °C"] * 12, "unit": "°F"}, "sinks.not_a_number"),
        ({"values": [50.0] * 12, "unit": "°F"}, "sinks.not_celsius"),
        (["280 K"] * 12, "sinks.not_celsius"),
        ([{"value": 5, "se": 1}] * 12, "sinks.not_a_number"),
        ([None] * 12, "sinks.not_a_number"),
        ([5.0] * 11, "sinks.wrong_length"),
        ("5, 6", "sinks.wrong_length"),
    ],
)
def test_months_that_are_none(value, code):
    assert {found for found, _ in refused(grass, temperature_c=value)} == {code}


def test_a_column_that_means_nothing_is_refused_in_rows_and_told_of_in_a_table(tmp_path):
    assert refused(rice, fields=[{**FIELD, "straw": 4}]) == {("sinks.unknown_input", "fields.straw")}
    path = tmp_path / "田块.csv"
    path.write_text("田块,面积 (亩),区域,水分管理,straw\n甲,15,World,continuously flooded,4\n", encoding="gb18030")
    told = run_sink("rice", path, today=DAY, lang="zh")
    assert told["estimates"][0]["value"] == pytest.approx(0.13447)
    assert any("straw" in note and "未读" in note for note in told["notes"])
    assert any("换算" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"year": 2020, "year": 2021}'),
        ("a.json", '{"fish_evidence": "\\ud800"}'),
        ("a.json", "[1]"),
        ("a.json", '{"year": ' + "9" * 5000 + "}"),
        ("a.json", "[" * 100_000),
        ("a.toml", "year = 1\nyear = 2"),
        ("a.toml", "x = " + "[" * 100_000),
        ("a.toml", b"\xff\xfe\x00"),
        ("a.toml", 'fish_evidence = "稻鱼"'.encode("gb18030")),
    ],
)
def test_a_file_that_cannot_be_meant(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as refusal:
        run_sink("rice", path, today=DAY)
    assert refusal.value.code == "sinks.unreadable"
    assert refusal.value.text("zh").encode()


def model(answer):
    """A sink of one number, with one factor of value 1 and error 0.3 and one input that came with an error."""

    def account(given, factors):
        return Outcome([Value("x", answer(given["x"], factors("model_response")))])

    return account


def found(answer, *, x: float = 1.0, se: float = 0.0, **more: object):
    given = Given({"x": x}, {"x": se} if se else {}, **more)
    return spread(model(answer), given, Factors("grassland", "AR5"))


def test_an_even_answer_has_an_error():
    """(f - 1)^2 at f = 1 with error s: both sides lead up; its standard deviation is sqrt(2) s^2."""
    answer = found(lambda x, f: (f - 1) ** 2)
    assert answer.values[0].se == pytest.approx(0.3**2)
    assert answer.bent == ["model_response"]


def test_a_line_has_the_error_of_its_slope_and_is_not_bent():
    answer = found(lambda x, f: 3 * f + 4 * x, se=0.1)
    assert answer.values[0].se == pytest.approx(math.hypot(0.9, 0.4))
    assert answer.values[0].shares() == {
        "model_response": pytest.approx(0.81 / 0.97),
        "measurement": pytest.approx(0.16 / 0.97),
    }
    assert answer.bent == []


def test_a_side_outside_the_range_of_an_input_is_not_computed():
    asked = {"x": sink("grassland").inputs["depth_cm"]}
    answer = found(lambda x, f: math.sqrt(100 - x) if x <= 100 else -1e9, x=99.0, se=4.0, asked=asked)
    assert answer.values[0].se == pytest.approx(math.sqrt(5) - 1)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_side_without_an_answer_leaves_the_other(broken):
    answer = found(lambda x, f: 2 * f if f <= 1 else broken)
    assert answer.values[0].se == pytest.approx(0.6)


def test_where_a_whole_error_leads_out_on_both_sides_a_part_of_it_is_taken():
    def narrow(x: float, f: float) -> float:
        if abs(f - 1) > 0.2:
            raise DomainError("domain")
        return 5 * f

    assert found(narrow).values[0].se == pytest.approx(1.5)


def test_an_error_that_cannot_be_carried_is_not_left_out():
    def only_here(x: float, f: float) -> float:
        if f != 1:
            raise DomainError("domain")
        return 5.0

    with pytest.raises(DomainError) as refusal:
        found(only_here)
    assert refusal.value.code == "sinks.no_spread"


def test_a_factor_in_baseline_and_project_cancels_in_the_net():
    def account(given, factors):
        f = factors("model_response")
        return Outcome([], [Line("baseline", 100 * f, {"scatter": 3.0}), Line("project", -100 * f, {"scatter": 4.0})])

    answer = spread(account, Given({}), Factors("grassland", "AR5"))
    assert [line.se for line in answer.lines] == pytest.approx([math.hypot(30, 3), math.hypot(30, 4)])
    assert answer.net.se == pytest.approx(5.0)
    assert answer.net.shares() == {"scatter": 1.0}


class Drawn(Factors):
    """Factors of one draw."""

    draws: dict[str, float]

    def take(self, leaf):
        return leaf.number() + self.draws.get(leaf.id, 0.0)


def monte_carlo(name: str, case: str, draws: int) -> tuple[np.ndarray, object]:
    """Net of a worked case over normal draws of its factors, and the spread of the frame."""
    asked = sink(name)
    inputs = tomllib.loads((asked.folder / "cases" / f"{case}.toml").read_text(encoding="utf-8"))["inputs"]
    given = read_inputs(inputs, asked, folder=Path(), year=2026)
    answer = spread(asked.module.account, given, Factors(name, given["gwp"]))
    random = np.random.default_rng(20)
    nets = []
    for _ in range(draws):
        factors = Drawn(name, given["gwp"])
        factors.draws = {key: random.normal(0, standard_error(leaf)) for key, leaf in answer.factors.used.items()}
        nets.append(math.fsum(line.co2e_t for line in asked.module.account(given, factors).lines))
    return np.array(nets), answer


@pytest.mark.parametrize(
    ("name", "case"), [("rice", "01_drainage"), ("rice", "02_world_mean"), ("grassland", "02_ipcc_example")]
)
def test_the_spread_is_that_of_a_monte_carlo(name, case):
    nets, answer = monte_carlo(name, case, 4000)
    assert answer.net.se == pytest.approx(nets.std(), rel=0.05)
    assert answer.net.value == pytest.approx(nets.mean(), abs=3 * nets.std() / math.sqrt(len(nets)) + 0.03 * nets.std())


def test_where_the_answer_is_far_from_a_line_it_says_so():
    """Inputs of the rotation: 1,500 draws scatter 1.27 times as far as moving one factor at a time says."""
    case = sink("grassland").folder / "cases" / "01_rotation.toml"
    notes = run_sink("grassland", tomllib.loads(case.read_text(encoding="utf-8"))["inputs"], today=DAY)["notes"]
    assert any("too narrow" in note and "root_turnover" in note for note in notes)
