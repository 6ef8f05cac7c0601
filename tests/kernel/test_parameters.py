"""Dated parameters: what holds when, what a file may not say, and what a signature raises."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DataError, DomainError
from tanhui.kernel.parameters import Recorder, Status, load_parameters, worst

#: A reference key that exists, for files made up here.
KEY = "rfc8785"
HEAD = '[buffer_share]\nzh = "缓冲"\nen = "Share held back"\nunit = "1"\n'


def row(value: object = 0.1, *, rest: str = "", status: str = "recalled", reference: str = KEY) -> str:
    return f'{{ value = {value}, reference = "{reference}", status = "{status}", checked_on = 2026-11-01{rest} }}'


def load(tmp_path: Path, *rows: str, head: str = HEAD):
    path = tmp_path / "parameters.toml"
    path.write_text(head + "values = [" + ", ".join(rows) + "]\n", encoding="utf-8")
    return load_parameters(path, "ex/001")


def test_the_leaf_of_a_day_is_the_one_in_force(tmp_path: Path):
    entries = load(tmp_path, row(0.10, rest=", from = 2024-01-01"), row(0.15, rest=", from = 2026-07-01"))
    buffer = entries["buffer_share"]
    assert buffer.at(date(2026, 6, 30)).number() == 0.10
    assert buffer.at(date(2026, 7, 1)).number() == 0.15
    assert buffer.at(date(2026, 7, 1)).id == "ex/001/buffer_share@2026-07-01"
    with pytest.raises(DomainError) as refusal:
        buffer.at(date(2023, 12, 31))
    assert refusal.value.code == "parameter.not_in_force"


def test_a_gap_between_leaves_is_a_gap(tmp_path: Path):
    early = row(1, rest=", from = 2024-01-01, to = 2025-01-01")
    buffer = load(tmp_path, early, row(2, rest=", from = 2026-01-01"))["buffer_share"]
    with pytest.raises(DomainError):
        buffer.at(date(2025, 6, 1))


def test_a_single_leaf_without_dates_always_holds(tmp_path: Path):
    leaf = load(tmp_path, row(3))["buffer_share"].at(date(1900, 1, 1))
    assert (leaf.id, leaf.number(), leaf.status.word) == ("ex/001/buffer_share", 3.0, "recalled")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(reference="nobody_wrote_this")], "data.unknown_reference"),
        ([row(status="surely")], "data.unknown_status"),
        ([row(), row()], "data.leaves_out_of_order"),
        ([row(rest=", from = 2026-01-01"), row(rest=", from = 2025-01-01")], "data.leaves_out_of_order"),
        ([row(rest=", from = 2026-01-01, to = 2026-01-01")], "data.leaves_out_of_order"),
        (
            [row(rest=", from = 2024-01-01, to = 2026-01-01"), row(rest=", from = 2025-01-01")],
            "data.leaves_out_of_order",
        ),
        (['{ value = 1, status = "recalled", checked_on = 2026-11-01 }'], "data.missing_key"),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, rows, code):
    with pytest.raises(DataError) as refusal:
        load(tmp_path, *rows)
    assert refusal.value.code == code
    assert "buffer_share" in refusal.value.text("zh") or code == "data.unknown_status"


def test_a_parameter_needs_a_known_unit_and_two_languages(tmp_path: Path):
    with pytest.raises(DataError) as refusal:
        load(tmp_path, row(), head=HEAD.replace('unit = "1"', 'unit = "furlong"'))
    assert refusal.value.code == "data.unknown_unit"
    with pytest.raises(DataError) as refusal:
        load(tmp_path, row(), head=HEAD.replace('zh = "缓冲"\n', ""))
    assert refusal.value.code == "data.missing_key"


def test_an_unknown_name_is_refused(tmp_path: Path):
    with pytest.raises(DataError):
        load(tmp_path, row())["bufer_share"]


def test_a_confirmation_raises_only_the_value_it_names(tmp_path: Path):
    entries = load(tmp_path, row("5.0"))
    status = {
        shown: entries.confirmed([("ex/001/buffer_share", shown)])["buffer_share"].leaves[0].status
        for shown in (5, 5.0, 5.1, "5.0")
    }
    assert status == {5: Status.PRIMARY, 5.1: Status.RECALLED, "5.0": Status.RECALLED}
    assert entries["buffer_share"].leaves[0].status == Status.RECALLED
    assert entries.confirmed([("ex/002/buffer_share", 5.0)])["buffer_share"].leaves[0].status == Status.RECALLED


def test_a_recorder_knows_what_was_asked_for(tmp_path: Path):
    recorder = Recorder(load(tmp_path, row(1, rest=", from = 2024-01-01"), row(2, rest=", from = 2025-01-01")))
    recorder["buffer_share"].at(date(2024, 5, 5))
    assert list(recorder.used) == ["ex/001/buffer_share@2024-01-01"]
    assert len(recorder) == 1
    assert list(recorder) == ["buffer_share"]


def test_a_parameter_that_is_no_number_says_so(tmp_path: Path):
    leaf = load(tmp_path, row('"text"'))["buffer_share"].leaves[0]
    with pytest.raises(TypeError):
        leaf.number()


@given(st.lists(st.sampled_from(Status)))
def test_a_derived_number_inherits_the_worst(statuses):
    assert worst(statuses) == max(statuses, default=Status.PRIMARY)


def test_statuses_are_ordered_best_first():
    assert [status.word for status in sorted(Status)] == ["primary", "secondary", "recalled", "scenario"]
