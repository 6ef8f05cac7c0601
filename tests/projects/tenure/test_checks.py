"""What keeps a project from using its parcels, and how much of each is credited."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import Fault
from tanhui.kernel.time import Period
from tanhui.projects.tenure import CreditedArea, ParcelArea, Party, Right, credited_areas, tenure_faults
from tanhui.projects.tenure.checks import overlap_faults
from tanhui.projects.tenure.model import area_m2
from tests.projects.tenure.samples import CREDITING, PROPONENT, right


def faults(*rights: Right, parcels: tuple[str, ...] = ("1",)) -> list[Fault]:
    return tenure_faults(rights, parcels=parcels, proponent=PROPONENT, crediting=CREDITING, file="t.csv")


def codes(*rights: Right, parcels: tuple[str, ...] = ("1",)) -> list[str]:
    return [fault.code for fault in faults(*rights, parcels=parcels)]


def test_a_project_with_everything_in_order_has_no_faults():
    assert codes(right("1"), right("2"), parcels=("1", "2")) == []


def test_parcels_and_rights_belong_to_each_other():
    found = faults(right("1"), right("9", row=7), parcels=("1", "2"))
    assert [(fault.code, fault.value, fault.row) for fault in found] == [
        ("tenure.parcel_without_right", "2", None),
        ("tenure.parcel_not_in_project", "9", 7),
    ]


@pytest.mark.parametrize(
    ("terms", "gaps"),
    [
        ([("2020-01-01", "2043-12-31")], []),
        ([("2024-01-01", "2043-12-30")], [("2043-12-31", "2043-12-31")]),
        ([("2024-01-02", "2050-12-31")], [("2024-01-01", "2024-01-01")]),
        ([("2020-01-01", "2030-12-31"), ("2031-01-01", "2050-12-31")], []),
        ([("2020-01-01", "2030-12-31"), ("2031-03-01", "2040-12-31")],
         [("2031-01-01", "2031-02-28"), ("2041-01-01", "2043-12-31")]),
        ([("2000-01-01", "2010-12-31")], [("2024-01-01", "2043-12-31")]),
        ([("2044-01-01", "2050-12-31")], [("2024-01-01", "2043-12-31")]),
    ],
)  # fmt: skip
def test_the_term_covers_the_crediting_period(terms, gaps):
    rights = [right(first_day=date.fromisoformat(a), last_day=date.fromisoformat(b)) for a, b in terms]
    found = [fault for fault in faults(*rights) if fault.code == "tenure.term_too_short"]
    assert [(fault.facts["first"], fault.facts["last"]) for fault in found] == gaps


def test_a_parcel_in_two_contracts_is_named_with_the_days_they_share():
    one = right(contract_number="甲", last_day=date(2030, 6, 30))
    other = right(contract_number="乙", first_day=date(2030, 6, 30), row=3)
    (fault,) = faults(one, other)
    assert (fault.code, fault.value, fault.row) == ("tenure.two_contracts", "乙", 3)
    assert (fault.facts["other"], fault.facts["first"], fault.facts["last"]) == ("甲", "2030-06-30", "2030-06-30")
    assert codes(one, right(contract_number="乙", first_day=date(2030, 7, 1))) == []


def test_three_contracts_give_three_pairs():
    assert codes(*(right(contract_number=name) for name in "甲乙丙")).count("tenure.two_contracts") == 3


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=8))
def test_overlaps_are_those_that_a_look_at_every_day_finds(terms):
    start = date(2024, 1, 1)
    rights = [
        right(contract_number=str(n), first_day=start + timedelta(a), last_day=start + timedelta(a + days - 1))
        for n, (a, days) in enumerate(terms)
    ]
    days = [set(range(a, a + length)) for a, length in terms]
    expected = {frozenset((str(i), str(j))) for i in range(len(days)) for j in range(i) if days[i] & days[j]}
    assert {frozenset((fault.value, fault.facts["other"])) for fault in overlap_faults(rights)} == expected


def test_names_match_between_certificate_contract_and_project():
    assert codes(right(certificate_holder="农户 1")) == []  # a space and a wide digit are no other name
    assert codes(right(certificate_holder="农户１")) == []
    assert codes(right(certificate_holder="东岳村经济合作社")) == []  # the owner's certificate
    assert codes(right(certificate_holder="张三")) == ["tenure.holder_unknown"]
    assert codes(right(operator=Party("别的公司", "X"))) == ["tenure.operator_not_proponent"]


def test_a_certificate_names_one_holder():
    two = [right("1"), right("2", certificate_number=right("1").certificate_number)]
    assert codes(*two, parcels=("1", "2")) == ["tenure.certificate_two_holders"]


def test_consent():
    assert codes(right(carbon_authorised=False)) == ["tenure.not_authorised"]
    assert codes(right(minutes_sha256="")) == ["tenure.no_minutes"]
    assert codes(right(minutes_sha256="", collective=False)) == []


def test_everything_wrong_is_listed_at_once_in_words():
    wrong = right(
        carbon_authorised=False, minutes_sha256="", certificate_holder="张三", last_day=date(2030, 1, 1), row=2
    )
    found = faults(wrong, parcels=("1", "2"))
    assert len(found) == 5
    for fault in found:
        for lang in ("zh", "en"):
            assert "{" not in fault.reason(lang) + fault.todo(lang)


def test_one_mu_is_a_fifteenth_of_a_hectare():
    # GB 3100: 1 ha = 15 mu, so 12.3 mu = 8200 m2 exactly; 1 mu = 666.67 m2 is rounded down.
    assert area_m2(Decimal("12.3")) == 8200
    assert area_m2(Decimal(1)) == 666


@pytest.mark.parametrize(
    ("mu", "measured", "planted", "credited", "by", "beyond"),
    [
        ("12.3", 8200, 8200, 8200, "certified", ()),
        ("12.3", 8100, 8050, 8050, "planted", ()),  # 1.2 % and 1.8 %: within 5 % or 200 m2
        ("12.3", 8100, 7000, 7000, "planted", ("certified", "measured")),
        ("12.3", 9900, 9800, 8200, "certified", ("measured", "planted")),
        ("0.6", 500, 300, 300, "planted", ()),  # 400 and 500 m2 against 300: 200 m2 explain it
    ],
)
def test_the_smallest_of_three_areas_is_credited(mu, measured, planted, credited, by, beyond):
    (found,) = credited_areas(
        [right(certified_mu=Decimal(mu))], {"1": ParcelArea("1", measured, planted)}, day=date(2026, 1, 1)
    )
    assert (found.credited_m2, found.decided_by, found.beyond) == (credited, by, beyond)
    assert str(credited) in found.text("zh")
    assert "{" not in found.text("en") + found.text("zh")


def test_only_the_right_in_force_gives_an_area():
    past = right(certified_mu=Decimal(3), last_day=date(2025, 12, 31))
    now = right(certified_mu=Decimal(6), first_day=date(2026, 1, 1))
    areas = {"1": ParcelArea("1", 9000, 9000)}
    assert [area.credited_m2 for area in credited_areas([past, now], areas, day=date(2026, 1, 1))] == [4000]
    assert credited_areas([now], areas, day=date(2025, 12, 31)) == []
    assert credited_areas([now], {}, day=date(2026, 1, 1)) == []


def test_the_crediting_period_is_half_open():
    assert Period.inclusive(date(2024, 1, 1), date(2043, 12, 31)).end == date(2044, 1, 1)
    assert CreditedArea("1", 3, 2, 1, ()).credited_m2 == 1
