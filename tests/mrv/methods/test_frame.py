"""The frame: finding methods, dated rules, plain data into inputs, warming potentials."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pytest

from tanhui.kernel.errors import DataError, DomainError, InputError, RefusedInput
from tanhui.kernel.gwp import gwp_parameters
from tanhui.kernel.parameters import Dated, Leaf, Parameters, Recorder, Status
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method, methods, one_gwp_edition, reason_text, rule
from tanhui.mrv.methods.build import build
from tanhui.mrv.methods.claims import leaf_reasons


def leaf(leaf_id: str, value: object, status: Status = Status.RECALLED, **dates: date) -> Leaf:
    return Leaf(leaf_id, value, "1", "ccer14001", status, date(2026, 1, 1), **dates)  # type: ignore[arg-type]


def test_methods_are_found_by_being_there():
    assert {"ccer/14-001-v01", "ipcc/stock-difference"} <= methods().keys()
    assert method("ccer/14-001-v01").issuable
    assert not method("ipcc/stock-difference").issuable


@pytest.mark.parametrize("wrong", ["ccer/14-001", "CCER/14-001-V01", "ccer/14-009-v01"])
def test_unknown_method_is_refused_with_suggestions(wrong):
    with pytest.raises(InputError) as refusal:
        method(wrong)
    assert "ccer/14-001-v01" in refusal.value.text("zh")


def test_unknown_method_far_from_all_lists_all():
    with pytest.raises(InputError) as refusal:
        method("zzz")
    assert all(name in str(refusal.value) for name in methods())


@rule("9", zh="旧", en="old", valid_from=date(2024, 1, 1), valid_to=date(2026, 7, 1))
def held_back_t(net_t: float, *, day: date, p: dict[str, Dated]) -> float:
    return -net_t * p["share"].at(day).number()


@held_back_t.then("9", zh="新", en="new", valid_from=date(2026, 7, 1))
def held_back_once_t(net_t: float, *, day: date, p: dict[str, Dated]) -> float:
    return min(0.0, -net_t * p["share"].at(day).number() + 1.0)


SHARE = Dated(
    "x/share",
    (
        leaf("x/share@2024-01-01", 0.10, valid_from=date(2024, 1, 1), valid_to=date(2026, 7, 1)),
        leaf("x/share@2026-07-01", 0.15, valid_from=date(2026, 7, 1)),
    ),
)
CLAUSE = Dated("x/clause/held_back_t", (leaf("x/clause/held_back_t", "words"),))
P = Parameters("x", {"share": SHARE, "clause/held_back_t": CLAUSE})


def test_two_dated_rules_stand_side_by_side():
    # By hand: 100 x 0.10 = 10; 100 x 0.15 - 1 = 14.
    assert held_back_t(100.0, day=date(2025, 6, 30), p=P) == -10.0
    assert held_back_t(100.0, day=date(2026, 6, 30), p=P) == -10.0
    assert held_back_t(100.0, day=date(2026, 7, 1), p=P) == -14.0
    assert held_back_t.at(date(2026, 6, 30)).en == "old"
    assert held_back_t.at(date(2026, 7, 1)).en == "new"


def test_a_rule_that_is_not_in_force_is_refused():
    with pytest.raises(DomainError, match="held_back_t"):
        held_back_t.at(date(2023, 12, 31))


def test_versions_that_overlap_are_refused():
    with pytest.raises(DataError, match="Two versions"):
        held_back_t.then("9", zh="", en="", valid_from=date(2027, 1, 1))(lambda net_t, *, day, p: 0.0)


def test_a_rule_asks_for_its_own_clause():
    used = Recorder(P)
    held_back_t(1.0, day=date(2025, 1, 1), p=used)
    assert set(used.used) == {"x/clause/held_back_t", "x/share@2024-01-01"}


def test_reasons_name_every_leaf_below_primary():
    used = [leaf("x/b", 1, Status.SECONDARY), leaf("x/a", 1), leaf("x/p", 1, Status.PRIMARY), leaf("x/clause/c", "t")]
    reasons = leaf_reasons(used)
    assert reasons == (
        "reason.methods.parameter_recalled:x/a",
        "reason.methods.parameter_secondary:x/b",
        "reason.methods.clause_recalled:x/clause/c",
    )
    assert reason_text(reasons[0], "en") == "parameter x/a is recalled and checked by nobody"
    assert "x/a" in reason_text(reasons[0], "zh")


@dataclass(frozen=True)
class Inner:
    name: str
    size_ha: float = 1.0


@dataclass(frozen=True)
class Outer:
    span: Period
    kind: Literal["a", "b"] = "a"
    day: date | None = None
    inner: tuple[Inner, ...] = ()
    shares: dict[str, float] = field(default_factory=dict)


def test_build_makes_nested_inputs():
    made = build(
        Outer,
        {"span": ["2021-01-01", date(2021, 12, 31)], "day": "2022-02-01", "inner": [{"name": "x", "size_ha": 2}]},
    )
    assert made.span == Period(date(2021, 1, 1), date(2022, 1, 1))
    assert made.inner == (Inner("x", 2.0),)
    assert made.day == date(2022, 2, 1)


def test_build_names_every_fault():
    with pytest.raises(RefusedInput) as refusal:
        build(
            Outer,
            {"spam": 1, "kind": "c", "day": "yesterday", "inner": [{"nam": "x"}, 3], "shares": {"y": "much"}},
            file="inputs.toml",
        )
    found = {(fault.code, fault.column) for fault in refusal.value.faults}
    assert found == {
        ("methods.unknown_key", "spam"),
        ("methods.missing_key", "span"),
        ("methods.wrong_kind", "kind"),
        ("methods.wrong_kind", "day"),
        ("methods.unknown_key", "inner[0].nam"),
        ("methods.missing_key", "inner[0].name"),
        ("methods.wrong_kind", "inner[1]"),
        ("methods.wrong_kind", "shares.y"),
    }
    assert "span" in refusal.value.text("en")


@pytest.mark.parametrize("span", [["2021-01-01"], ["2021-02-01", "2021-01-01"], "2021", [1, 2]])
def test_build_refuses_a_period_that_is_none(span):
    with pytest.raises(RefusedInput):
        build(Outer, {"span": span})


def test_build_takes_no_truth_for_a_number():
    with pytest.raises(RefusedInput):
        build(Inner, {"name": "x", "size_ha": True})


def test_gwp_values():
    # IPCC AR5 WG1 Table 8.A.1 and AR6 WG1 Table 7.SM.7, as public transcriptions print them.
    day = date(2026, 1, 1)
    table = gwp_parameters()
    assert [table[f"gwp/AR5/{gas}"].at(day).value for gas in ("CH4", "N2O")] == [28.0, 265.0]
    assert [table[f"gwp/AR6/{gas}"].at(day).value for gas in ("CH4", "CH4 non-fossil", "N2O")] == [27.9, 27.0, 273.0]


def test_one_edition_of_warming_potentials_per_run():
    assert one_gwp_edition(["AR5", "none", "AR5"]) == "AR5"
    assert one_gwp_edition(["none"]) == "none"
    with pytest.raises(DomainError, match="AR5 and AR6"):
        one_gwp_edition(["AR6", "AR5"])
    with pytest.raises(DomainError, match="AR9"):
        one_gwp_edition(["AR9"])
