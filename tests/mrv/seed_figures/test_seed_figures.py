"""The figures of the request: arithmetic by hand, verdicts that follow from intervals, and a page that is current."""

import csv
import re
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.parameters import Status
from tanhui.mrv.seed_figures import Answer, Figure, Input, Reading, Verdict, figures, judge, lines_without_figure
from tanhui.mrv.seed_figures import overall as overall_of
from tanhui.mrv.seed_figures.answers import co2_t_per_m3
from tanhui.mrv.seed_figures.checked import Checked, check
from tanhui.mrv.seed_figures.page import page
from tanhui.mrv.seed_figures.table import read_on
from tanhui.mrv.seed_figures.verdicts import times_of
from tanhui.sinks.forest.volume import bef_parameters

PROJECT = Path(__file__).parents[3]
SEEDS = PROJECT.parent / "shared" / "seeds"
#: Systems whose lines are all accounted for, and the lines taken from other systems.
WHOLE_SYSTEMS = {"K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K13", "M1"}
LONGEST_COPY = 13


@cache
def checked(name: str) -> Checked:
    return check(next(x for x in figures() if x.id == name), read_on())


def values(name: str) -> list[float]:
    return [x.answer.value for x in checked(name).readings]


# What the readings give, by hand


def test_a_cubic_metre_of_fir():
    # 0.307 x 1.634 x 1.246 x 0.520 = 0.3250212 t C; x 44/12
    assert co2_t_per_m3(bef_parameters("杉木")) == pytest.approx(1.191744, abs=1e-5)
    # 0.676 x 1.355 x 1.292 x 0.500 = 0.5917205 t C; x 44/12
    assert co2_t_per_m3(bef_parameters("栎类")) == pytest.approx(2.169642, abs=1e-5)


def test_the_mean_of_groups_is_their_plain_mean_and_surer_than_one_of_them():
    fir, *_, everything = checked("co2_per_m3").readings[:6]
    assert fir.answer.se > everything.answer.se
    conifer, broadleaf = values("co2_per_m3")[3:5]
    assert conifer < everything.answer.value < broadleaf


def test_mangrove_against_rainforest():
    biomass = 192 * 1.49 * 0.451
    planted = 9.9 * 1.49 * 0.451 + 1.62
    wanted = [biomass / 225, (biomass + 386) / 285, 885 / 285, 1.796 / 0.66, planted / 0.66, planted / 4.51, 5]
    assert values("mangrove_rainforest") == pytest.approx(wanted, rel=1e-6)


def test_fish_among_rice():
    # Methane falls to 0.852; several drainages leave 0.55, so the reduction grows from 0.45 to 1 - 0.852 x 0.55.
    added = 100 * ((1 - 0.852 * 0.55) / 0.45 - 1)
    assert values("rice_fish") == pytest.approx([14.8, 22.1, added, 17.2])


def test_errors_that_both_sides_share_cancel():
    # Only fish and the water regime move the percentage; the daily factor of the region, in error by 20 %, does not.
    fall = checked("rice_fish").readings[0].answer
    assert fall.se == pytest.approx(4.4, rel=1e-6)


def test_no_till_coffee_roofs_and_pastures():
    assert values("no_till")[0] == pytest.approx(0.45)  # (1.09 - 1) / 20
    assert values("no_till")[2] == pytest.approx(0.592)  # 5.92 % in ten years
    coffee = [100 * (shade / 99.7 - 1) for shade in (119.9, 177.5, 162.3)]
    assert values("shade_coffee") == pytest.approx(coffee)
    assert values("roof_farm")[:3] == pytest.approx([375 * 44 / 12 / 1000 / 2] * 3)
    # 43 t C/ha x (1.00 - 0.90) / 20 x 44/12, at 63.4 yuan
    assert values("herder_income")[0] == pytest.approx(43 * 0.1 / 20 * 44 / 12 * 63.4, rel=1e-3)
    assert values("black_soil_futures")[0] == pytest.approx(81 * 0.70 * 0.09 / 20 * 44 / 12)


def test_char_of_three_million_tonnes():
    # 900,000 t of char with 77 % carbon, 80 % of it kept; the other model puts 45 % of the shrubs' carbon into char.
    char = 900_000 * 0.77 * 0.80 * 44 / 12
    harvest = 3_000_000 * 0.47 * 44 / 12
    assert values("shrub_residue") == pytest.approx([char, harvest * 0.45 * 0.80, harvest])


def test_larch_takes_seventy_three_years_to_95_per_cent():
    # 1 - e^(-0.05275 t) = 0.95^(1/2.41): t = 73.18
    assert values("bamboo_cycle") == pytest.approx([7 / 73.18], rel=1e-3)


# Verdicts


def stated(**changes) -> Figure:
    return replace(Figure("x", 1, "K1", "数", "a figure", 10.0, "t C/ha"), **changes)


def reading(**changes) -> Reading:
    return replace(Reading("读", "a reading", "published", {}), **changes)


def gives(value: float, se: float | None = 1.0, unit: str = "t C/ha") -> Answer:
    return Answer(value, unit, se, Status.SECONDARY)


UNSOURCED = (Input("x", 1.0),)
CITED = (Input("x", 1.0, reference="coastal_alongi2020", status=Status.SECONDARY), Input("y", 2.0, asked=True))


@pytest.mark.parametrize(
    ("figure", "how", "answer", "verdict"),
    [
        (stated(), reading(inputs=CITED), gives(11), Verdict.REPRODUCED),
        (stated(), reading(), gives(12), Verdict.OUT_OF_RANGE),
        (stated(), reading(inputs=UNSOURCED), gives(10), Verdict.UNSUPPORTED),
        (stated(), reading(nearest=True), gives(10), Verdict.CONTEXT),
        (stated(), reading(), gives(10, None), Verdict.CONTEXT),
        (stated(), reading(), gives(10, unit="t C/ha/yr"), Verdict.DENOMINATOR_MISSING),
        (stated(unit="t/yr"), reading(assumed=(10, "t C/ha")), gives(10), Verdict.REPRODUCED),
        (stated(relation="below"), reading(), gives(5), Verdict.REPRODUCED),
        (stated(relation="below"), reading(), gives(9.5), Verdict.UNSUPPORTED),
        (stated(relation="below"), reading(), gives(15), Verdict.OUT_OF_RANGE),
    ],
)
def test_judge(figure, how, answer, verdict):
    assert judge(figure, how, answer) is verdict


@pytest.mark.parametrize(
    ("figure", "found", "verdict"),
    [
        (stated(), [], Verdict.UNSUPPORTED),
        (stated(), [Verdict.CONTEXT], Verdict.UNSUPPORTED),
        (stated(), [Verdict.OUT_OF_RANGE, Verdict.REPRODUCED], Verdict.REPRODUCED),
        (stated(), [Verdict.OUT_OF_RANGE, Verdict.UNSUPPORTED], Verdict.OUT_OF_RANGE),
        (stated(), [Verdict.DENOMINATOR_MISSING], Verdict.DENOMINATOR_MISSING),
        (stated(unsaid=({"zh": "？", "en": "?"},)), [Verdict.REPRODUCED], Verdict.DENOMINATOR_MISSING),
    ],
)
def test_overall(figure, found, verdict):
    assert overall_of(figure, found) is verdict


@given(value=st.floats(0.1, 1e6), middle=st.floats(0.1, 1e6), share=st.floats(0.01, 1))
def test_the_unit_a_figure_is_written_in_does_not_matter(value, middle, share):
    answer = gives(middle, share * middle)
    grams = stated(value=value * 100, unit="g C/m2")
    low, high = answer.ci90
    if min(abs(value - low), abs(value - high)) > 1e-6 * value:
        assert judge(stated(value=value), reading(), answer) is judge(grams, reading(), answer)


def test_how_many_times():
    # The interval of 10 ± 1 ends at 11.644854; 20 is twice its middle.
    assert times_of(20, gives(10)) == pytest.approx((2, 20 / 11.644854))
    assert times_of(20, gives(-10)) is None
    assert times_of(None, gives(10)) is None
    assert times_of(20, gives(10, None)) is None


@pytest.mark.parametrize("figure", figures(), ids=lambda x: x.id)
def test_no_figure_comes_out_right_whatever_it_says(figure):
    """A thousand times the figure is reproduced by no reading, so none is made to fit."""
    absurd = replace(
        figure, value=figure.value * 1000, readings=tuple(replace(x, assumed=None) for x in figure.readings)
    )
    if figure.relation == "equal":
        assert Verdict.REPRODUCED not in {x.verdict for x in check(absurd, read_on()).readings}


# The table


def test_the_table_holds_no_verdict():
    text = data_path("seed_figures", "figures.toml").read_text(encoding="utf-8")
    entries = read_toml(data_path("seed_figures", "figures.toml"))["figures"]
    assert not [key for key, entry in entries.items() if "verdict" in entry]
    assert not re.findall(r"^verdict", text, re.MULTILINE)


@pytest.mark.parametrize("figure", figures(), ids=lambda x: x.id)
def test_what_supports_a_figure_can_be_looked_up(figure):
    for x in checked(figure.id).readings:
        if x.verdict in (Verdict.REPRODUCED, Verdict.OUT_OF_RANGE):
            assert x.reading.sourced
            assert x.answer.status is not Status.SCENARIO


def test_rules_that_nobody_else_states_are_scenarios_and_never_reproduced():
    rules = {x.id: checked(x.id).verdict for x in figures() if x.scenario}
    assert rules.keys() == {"roof_cap", "existing_forest", "mongolia_grassland", "wetland_method"}
    assert Verdict.REPRODUCED not in rules.values()


def test_the_cap_of_a_roof_project_is_the_one_that_the_sink_knows():
    cap = read_toml(data_path("green_roof", "scheme_parameters.toml"))["project_cap_t"]["values"][0]
    figure = checked("roof_cap").figure
    assert (figure.value, figure.scenario) == (cap["value"], cap["status"] == "scenario")


def test_the_page_is_current():
    shown = (PROJECT / "docs" / "seed-figures.md").read_text(encoding="utf-8")
    assert shown == page(), "run python -m tanhui.mrv.seed_figures.page docs/seed-figures.md"


# Against the request, where it lies beside the project

request_wanted = pytest.mark.skipif(not SEEDS.is_dir(), reason="the request does not lie beside the project")


@cache
def request_lines() -> list[str]:
    return next(SEEDS.glob("000_*.txt")).read_text(encoding="utf-8").splitlines()


@request_wanted
def test_every_line_about_these_systems_is_accounted_for():
    with (SEEDS / "systems.csv").open(encoding="utf-8", newline="") as table:
        lines = {int(x) for row in csv.DictReader(table) if row["id"] in WHOLE_SYSTEMS for x in row["lines"].split()}
    with_figure = {x.line for x in figures()}
    assert lines - with_figure == set(lines_without_figure())
    assert with_figure - lines == {71, 201}


@request_wanted
@pytest.mark.parametrize("figure", figures(), ids=lambda x: x.id)
def test_a_figure_stands_in_its_line_and_is_told_in_our_words(figure):
    line = request_lines()[figure.line - 1]
    numbers = {float(x) * scale for x in re.findall(r"\d+(?:\.\d+)?", line) for scale in (1, 1e4)}
    if numbers and figure.relation == "equal":
        assert figure.value in numbers
    copied = SequenceMatcher(None, line, figure.zh, autojunk=False).find_longest_match()
    assert copied.size <= LONGEST_COPY, line[copied.a : copied.a + copied.size]


@request_wanted
def test_lines_without_a_figure_have_none():
    # A year, a product's name or an article's number is no figure.
    for line in lines_without_figure():
        assert not re.search(r"\d", request_lines()[line - 1]), line
