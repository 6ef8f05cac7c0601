"""Every rule book keeps the same promises; a new one is a file and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tanhui.kernel.bibliography import references
from tanhui.kernel.errors import DataError, DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import LANGS
from tanhui.projects.lifecycle import apply, rule_book, rule_books
from tanhui.projects.lifecycle.engine import new_project
from tanhui.projects.lifecycle.rulebook import load_rule_books
from tanhui.projects.lifecycle.rules import RULES
from tanhui.projects.permanence.response import MEASURES
from tests.projects.lifecycle.acts import event

BOOKS = sorted(rule_books())


def test_the_books_of_the_product():
    assert BOOKS == ["ccer", "corsia", "pacm", "sandbox", "scenario/fast-track", "vcs"]


@pytest.mark.parametrize("book_id", BOOKS)
def test_every_number_and_every_rule_says_where_it_was_read(book_id: str):
    book = rule_book(book_id)
    for leaf in book.parameters.leaves():
        assert leaf.reference in references(), leaf.id
        assert leaf.place, leaf.id
        assert leaf.checked_on <= date.today(), leaf.id
        assert leaf.zh, leaf.id
        assert leaf.en, leaf.id
    said = [*book.sources.values(), *(rule.source for act in book.acts.values() for rule in act.rules)]
    for source in said:
        assert source.reference in references()
        assert source.place
        assert source.status is not Status.PRIMARY  # nobody has the documents themselves in hand
        assert source.checked_on <= date.today()


@pytest.mark.parametrize("book_id", BOOKS)
@pytest.mark.parametrize("lang", LANGS)
def test_every_name_has_a_word(book_id: str, lang: str):
    book = rule_book(book_id)
    for key in book.names():
        assert book.word(key, lang) != f"lifecycle.{key}"


@pytest.mark.parametrize("book_id", BOOKS)
def test_every_state_is_reached_and_left_unless_it_is_final(book_id: str):
    book = rule_book(book_id)
    left = {state for act in book.acts.values() for state in act.start if act.to or act.opens}
    left |= {state.id for state in book.states.values() if state.lapses_to}
    for state in book.states.values():
        assert state.final is not (state.id in left), state.id


@pytest.mark.parametrize("book_id", BOOKS)
def test_measures_are_known_and_end_in_the_owners_debt(book_id: str):
    permanence = rule_book(book_id).permanence
    assert set(permanence.order) == {"unavoidable", "avoidable", "over_issue"}
    for order in permanence.order.values():
        assert [name for name in order if MEASURES[name].counts][-1] == "owner_debt"
        assert permanence.kind == "buffer" or not any(MEASURES[name].of_buffer for name in order)


def test_only_what_a_request_states_is_a_scenario_and_it_says_so():
    for book in rule_books().values():
        assert (book.status is Status.SCENARIO) == (book.id == "scenario/fast-track") == (book.mark == "scenario")
    assert rule_book("scenario/fast-track").banner("zh") == "情景，非现行规则"
    assert "sandbox" in rule_book("sandbox").banner("en")
    assert rule_book("ccer").banner() == ""


def test_every_rule_is_used_by_a_book():
    used = {rule.name for book in rule_books().values() for act in book.acts.values() for rule in act.rules}
    assert used == set(RULES)


def test_an_unknown_book_is_refused_with_those_that_there_are():
    with pytest.raises(DomainError, match="ccer, corsia"):
        rule_book("gold")


NEW = """
[book]
id = "town"
zh = "小镇"
en = "Town"
start = "draft"
[sources]
us = {{ reference = "{reference}", place = "1", status = "recalled", checked_on = 2026-11-24 }}
[states]
draft = {{}}
planted = {{ final = true }}
[acts.plant]
from = ["draft"]
to = "{to}"
who = ["owner"]
source = "us"
{rules}
[permanence]
kind = "deduction"
source = "us"
[permanence.order]
unavoidable = ["owner_debt"]
{words}
"""
WORDS = """
[words]
"act.plant" = { zh = "种树", en = "plant" }
"state.planted" = { zh = "已种", en = "planted" }
"""


def write(folder: Path, *, reference: str = "tanhui_sandbox", to: str = "planted", rules: str = "", words: str = WORDS):
    (folder / "town.toml").write_text(
        NEW.format(reference=reference, to=to, rules=rules, words=words), encoding="utf-8"
    )


def test_a_new_book_is_found_by_being_there(tmp_path: Path):
    write(tmp_path)
    book = load_rule_books(tmp_path)["town"]
    state = apply(book, new_project(book, "P-1"), event(book, "plant", "2026-03-12"))
    assert state.state == "planted"
    assert book.word("act.plant", "zh") == "种树"


def test_a_broken_book_is_refused_with_everything_that_is_wrong(tmp_path: Path):
    rules = 'rules = [{ rule = "luck" }, { rule = "notice_over", act = "dig", span = "week" }]\ndue = "soon"'
    write(tmp_path, reference="hearsay", to="grown", rules=rules + "\nregisters = true", words="")
    with pytest.raises(DataError) as refused:
        load_rule_books(tmp_path)
    text = str(refused.value)
    for wrong in (
        "unknown reference hearsay",
        "plant: unknown state grown",
        "plant: unknown rule luck",
        "plant: unknown act dig",
        "plant: unknown span week",
        "plant: unknown span soon",
        "state planted is never reached",
        "plant registers without credits_t, period_first, period_last",
        "no word act.plant (zh)",
        "no word act.plant (en)",
    ):
        assert wrong in text, wrong


def test_a_scenario_without_its_mark_is_refused(tmp_path: Path):
    write(tmp_path)
    path = tmp_path / "town.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("recalled", "scenario"), encoding="utf-8")
    with pytest.raises(DataError, match="needs a mark"):
        load_rule_books(tmp_path)


def test_a_book_may_lay_itself_over_another(tmp_path: Path):
    fast, slow = rule_book("scenario/fast-track"), rule_book("ccer")
    assert fast.at("review", date(2026, 11, 24)).value == 7
    assert slow.at("review", date(2026, 11, 24)).value == 15
    assert fast.at("notice", date(2026, 11, 24)).value == 20
    assert fast.acts["verify"] == slow.acts["verify"]
    assert set(fast.acts["publish_design"].facts) - set(slow.acts["publish_design"].facts) == {
        "existing_forest_m2",
        "project_area_m2",
    }
    (tmp_path / "lone.toml").write_text('[book]\nid = "lone"\nextends = "nothing"\n', encoding="utf-8")
    with pytest.raises(DataError, match="extends nothing"):
        load_rule_books(tmp_path)


def test_the_exact_text_of_a_book_has_a_name(tmp_path: Path):
    write(tmp_path)
    before = load_rule_books(tmp_path)["town"].sha256
    assert load_rule_books(tmp_path)["town"].sha256 == before
    write(tmp_path, words=WORDS.replace('en = "plant"', 'en = "sow"'))
    assert load_rule_books(tmp_path)["town"].sha256 != before
