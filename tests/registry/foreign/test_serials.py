"""Serials that registries published, and the laws of reading and writing them."""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tanhui.kernel.errors import InputError
from tanhui.registry.foreign import GoldStandardSerial, RegenDenom, UndpSerial, VerraSerial, parse_serial
from tanhui.registry.model import Interval

#: Published serials, with how many units the registries say that they are.
VERRA = {
    "19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1": 425,
    "12629-421604735-421689507-VCS-VCU-576-VER-PY-14-2498-01012020-19112020-0": 84_773,
    "13378-495669005-495670792-VCS-VCU-576-VER-PY-14-2498-13012016-31122016-0": 1_788,
    "240-7863589-7889021-VCU-003-APX-IN-1-101-01042006-18032007-0": 25_433,
    "8040-449402275-449402275-VCU-042-MER-PE-14-1360-01072013-30062014-1": 1,
    "13557-513004457-513073958-VCS-VCU-1289-VER-TZ-1-2366-16042021-15102021-0": 69_502,
}
GOLD_STANDARD = {
    "GS1-1-KE-GS11603-16-2025-30256-110-5463": 5_354,
    "GS1-1-CR-GS2913-22-2025-30184-3-3": 1,
    "GS1-1-CL-GS12065-12-2024-30074-1-82229": 82_229,
    "GS1-1-KE-GS7495-16-2025-30645-608-30350": 29_743,
    "GS1-1-IN-GS4239-16-2017-6592-3781-12365": 8_585,
    "GS1-1-CN-GS7604-3-2020-21289": None,  # the batch itself
}
UNDP = {"CA0001-XX-XX-1-1-100-2026": 100, "CA0001-XX-XX-1-101-200-2026": 100}
REGEN = ["C01-001-20190101-20200101-001", "BIO123-4567-20190101-20200101-1234"]


@pytest.mark.parametrize(("text", "units"), [*VERRA.items(), *GOLD_STANDARD.items(), *UNDP.items()])
def test_published_serials_come_back_byte_for_byte(text: str, units: int | None):
    serial = parse_serial(text)
    assert serial.format() == text
    assert type(serial).parse(serial.format()) == serial
    assert (serial.units.units if serial.units else None) == units


@pytest.mark.parametrize("text", REGEN)
def test_denominations_come_back_byte_for_byte(text: str):
    assert parse_serial(text) == RegenDenom.parse(text)
    assert RegenDenom.parse(text).format() == text


def test_the_parts_of_a_verra_serial():
    serial = VerraSerial.parse("19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1")
    assert (serial.block, serial.units) == (19385, Interval(941467007, 941467432))
    assert (serial.account, serial.operator, serial.country, serial.scope) == ("1507", "VER", "ET", 14)
    assert (serial.project, serial.start, serial.end) == (1340, date(2020, 1, 1), date(2020, 12, 31))
    assert serial.additional


def test_a_split_keeps_line_and_stem():
    # Two published blocks of one issuance.
    one = VerraSerial.parse("13488-505972385-505973109-VCS-VCU-576-VER-PY-14-2498-01012020-19112020-0")
    other = VerraSerial.parse("13488-505973110-505982055-VCS-VCU-576-VER-PY-14-2498-01012020-19112020-0")
    assert (one.line, one.stem) == (other.line, other.stem)
    assert one.units.end == other.units.first
    batch = GoldStandardSerial.parse("GS1-1-KE-GS11603-16-2025-30256-110-5463")
    assert batch.stem == "GS1-1-KE-GS11603-16-2025-30256"


def test_first_transfer_does_not_move_units_to_another_line():
    before, after = (UndpSerial.parse(f"CA0001-KE-{party}-1-1-100-2026") for party in ("XX", "KE"))
    assert (before.line, before.stem) == (after.line, after.stem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-O",  # a letter O, seen on a page
        "019385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1",
        "19385-941467431-941467007-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1",  # backwards
        "19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-31022020-31122020-1",  # 31 February
        " 19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1",
        "19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1\n",
        "19385-941467007-941467431-vcs-vcu-1507-ver-et-14-1340-01012020-31122020-1",
        "１9385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1",  # a wide digit
        "0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1",
        "GS1-1-BR-GS1368-2021-1000",
        "GS1-1-IN-GS7765-1-2023-0001-0050-01",
        "GS1-1-KE-GS11603-16-2025-30256-5463-110",
        "GS1-1-KE-GS11603-16-2025-30256-110",
        "CA0001-XX-XX-1-1-100",
        "C01-20190101-20191231-001",  # before projects had numbers
        "C01-001-20190132-20200101-001",
        "9" * 10_000,
    ],
)
def test_whatever_nobody_would_have_written_is_refused(text: str):
    with pytest.raises(InputError) as refused:
        parse_serial(text)
    assert refused.value.code == "foreign.serial_unknown"


units = st.tuples(st.integers(1, 10**15), st.integers(1, 10**9)).map(lambda pair: Interval(pair[0], sum(pair)))
letters = st.text(string.ascii_uppercase, min_size=2, max_size=2)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
numbers = st.integers(1, 10**9)
verra = st.builds(
    VerraSerial, numbers, units, st.sampled_from(["VCS", ""]), st.sampled_from(["003", "042", "1507"]),
    st.sampled_from(["VER", "APX", "MER"]), letters, st.integers(1, 99), numbers, days, days, st.booleans(),
)  # fmt: skip
gold_standard = st.builds(
    GoldStandardSerial, st.integers(1, 9), letters, numbers, st.integers(1, 99), st.integers(1990, 2100), numbers,
    st.none() | units,
)  # fmt: skip
undp = st.builds(
    UndpSerial, st.integers(0, 9999).map("CA{:04}".format), letters, letters, numbers.map(lambda n: str(n % 10**6)),
    units, st.integers(1990, 2100),
)  # fmt: skip
regen = st.builds(
    RegenDenom, st.sampled_from(["C01", "KSH02"]), st.sampled_from(["001", "1234"]), days, days, st.just("007")
)


@given(verra | gold_standard | undp | regen)
def test_parsing_what_was_formatted_gives_the_same(serial):
    assert type(serial).parse(serial.format()) == serial
    assert parse_serial(serial.format()) == serial


@given(st.text(string.digits + "-" + string.ascii_uppercase, max_size=90) | st.text(max_size=90))
@example("19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1")
def test_what_is_accepted_is_written_the_same(text: str):
    try:
        serial = parse_serial(text)
    except InputError:
        return
    assert serial.format() == text


@given(st.sampled_from([*VERRA, *GOLD_STANDARD, *UNDP, *REGEN]), st.integers(0, 80), st.characters())
def test_a_changed_serial_is_refused_or_another_one(text: str, at: int, letter: str):
    changed = text[: at % len(text)] + letter + text[at % len(text) + 1 :]
    try:
        serial = parse_serial(changed)
    except InputError:
        return
    assert serial.format() == changed
