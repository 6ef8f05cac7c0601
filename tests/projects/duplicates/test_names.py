"""Likeness of names, by hand; places and methodology numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.projects.duplicates.names import alike, distinct_part, place_stems, same_code


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("湖南省慈利县造林碳汇项目", "湖南慈利"),
        ("湖南慈利 造林碳汇（第二期）", "湖南慈利"),
        ("Cili County Afforestation Project", "cili"),
        ("造林碳汇项目", "造林碳汇项目"),  # nothing else is left
    ],
)
def test_words_that_all_projects_share_are_left_out(name, left):
    assert distinct_part(name) == left


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("湖南省慈利县造林碳汇项目", "慈利造林", 2 * 1 / (3 + 1)),  # 湖南 南慈 慈利 | 慈利
        ("甘肃定西造林碳汇项目", "甘肃省定西市造林碳汇项目", 1.0),
        ("甘肃定西造林", "广东红树", 0.0),
        ("ＶＣＳ 慈利", "vcs慈利", 1.0),
    ],
)
def test_dice_by_hand(one, other, share):
    assert alike(one, other) == pytest.approx(share)


@given(st.text(max_size=20), st.text(max_size=20))
def test_likeness_is_a_share_and_has_no_first_and_second(one, other):
    assert 0 <= alike(one, other) <= 1
    assert alike(one, other) == alike(other, one)


@pytest.mark.parametrize(
    ("place", "stems"),
    [
        ("湖南省慈利县", {"湖南", "慈利"}),
        ("湖南省 张家界市，慈利县", {"湖南", "张家界", "慈利"}),
        ("新疆维吾尔自治区", {"新疆"}),
        ("", set()),
    ],
)
def test_places(place, stems):
    assert place_stems(place) == stems


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CCER-14-001-V01", "ccer/14-001-v01", True),
        ("CCER-14-001", "CCER-14-001-V01", True),
        ("CCER-14-001-V01", "CCER-14-001-V02", False),
        ("CCER-14-001-V01", "CCER-14-002-V01", False),
        ("", "", False),
    ],
)
def test_methodology_numbers(one, other, same):
    assert same_code(one, other) is same
