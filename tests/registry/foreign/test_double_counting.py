"""Units counted twice, against a look at every single unit."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tanhui.registry.foreign import ForeignUnit, double_counting, project_suspicions, read_table, units_of
from tanhui.registry.foreign.units import ForeignProject, projects_of
from tanhui.registry.model import Interval

ROWS = Path(__file__).parent / "rows"


def unit(row: int, first: int, last: int, state: str = "held", owner: str = "", stem: str = "s") -> ForeignUnit:
    return ForeignUnit(row, "L", stem, Interval(first, last + 1), state, owner)  # type: ignore[arg-type]


def codes(*units: ForeignUnit) -> list[str]:
    return [finding.code for finding in double_counting(units)]


def test_public_rows_are_counted_once():
    assert double_counting(units_of(read_table(ROWS / "verra.csv"))) == []
    issued, retired = (
        units_of(read_table(ROWS / f"gold_standard_{name}.csv")) for name in ("issuances", "retirements")
    )
    assert double_counting(chain(issued, retired)) == []


def test_a_repeated_public_row_is_found():
    rows = list(units_of(read_table(ROWS / "verra.csv")))
    (finding,) = double_counting([*rows, rows[3]])
    assert (finding.code, finding.rows, finding.units) == ("row_repeated", (5, 5), rows[3].units)
    assert "940005924-940008531" in finding.text("zh")


def test_a_child_block_split_from_its_issuance_is_no_double_counting():
    parent = unit(1, 1, 100, "issued")
    assert codes(parent, unit(2, 1, 40, "held", "a"), unit(3, 41, 100, "retired", "b")) == []
    assert codes(parent, unit(2, 1, 100, "retired")) == []  # the whole of it
    assert codes(parent, unit(2, 10, 20, "issued")) == []  # an issuance listed in parts too


def test_two_holders_at_once_are():
    assert codes(unit(1, 1, 100, owner="a"), unit(2, 40, 50, owner="b")) == ["held_twice"]
    assert codes(unit(1, 1, 50, "retired"), unit(2, 50, 60)) == ["held_twice"]
    assert codes(unit(1, 1, 50), unit(2, 51, 60)) == []
    (finding,) = double_counting([unit(1, 1, 50, "retired", "a"), unit(2, 50, 60, "held", "b")])
    assert finding.units == Interval(50, 51)
    assert "retired, held" in finding.text("en")


def test_issuances_that_share_units_are():
    assert codes(unit(1, 1, 100, "issued"), unit(2, 50, 150, "issued")) == ["issued_twice"]
    assert codes(unit(1, 1, 100, "issued"), unit(2, 50, 60, "issued", stem="t")) == ["issued_twice"]
    assert codes(unit(1, 1, 9, "issued"), unit(2, 1, 9, "issued")) == ["row_repeated"]


def test_a_holding_fits_into_its_issuance():
    parent = unit(1, 10, 100, "issued")
    assert codes(parent, unit(2, 5, 15)) == ["outside_issuance"]
    assert codes(parent, unit(2, 95, 105)) == ["outside_issuance"]
    assert codes(parent, unit(2, 50, 60, stem="another project")) == ["split_differs"]
    assert codes(parent, unit(2, 200, 300)) == []


def test_lines_have_nothing_in_common():
    other = ForeignUnit(2, "M", "s", Interval(1, 101), "held")
    assert codes(unit(1, 1, 100), other) == []


rows = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8), st.sampled_from(["held", "retired"])), max_size=12)


@given(rows)
def test_holdings_overlap_where_a_look_at_every_unit_says_so(rows):
    units = [unit(n, first, first + more, state) for n, (first, more, state) in enumerate(rows)]
    counts = Counter(serial for u in units for serial in range(u.units.first, u.units.end))
    findings = double_counting(units)
    assert bool(findings) == any(count > 1 for count in counts.values())
    for finding in findings:
        assert all(counts[serial] > 1 for serial in range(finding.units.first, finding.units.end))
    # Every row but those that begin in free serials is named.
    reached, expected = 0, 0
    for u in sorted(units, key=lambda u: u.units.first):
        expected += u.units.first < reached
        reached = max(reached, u.units.end)
    assert len(findings) == expected


@given(rows, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows, random):
    units = [unit(n, first, first + more, state) for n, (first, more, state) in enumerate(rows)]
    shuffled = list(units)
    random.shuffle(shuffled)
    assert double_counting(units) == double_counting(shuffled)


# Projects


def project(row: int, registry: str, id: str, origin: str = "", origin_id: str = "", name: str = "") -> ForeignProject:
    return ForeignProject(row, f"r{row}", registry, id, origin, origin_id, name, "Dev" if name else "")


def test_one_project_in_two_registries_is_a_suspicion_with_a_reason():
    one = project(2, "Verra", "1340", name="Bale Mountains")
    assert project_suspicions([one, project(3, "Gold Standard", "77", name="Other")]) == []
    (origin,) = project_suspicions([one, project(3, "Gold Standard", "77", "VERRA", "1340")])
    assert (origin.code, origin.rows, origin.certain) == ("same_project_origin", (2, 3), False)
    (both,) = project_suspicions([project(2, "A", "1", "CDM", "9"), project(3, "B", "2", "cdm", "9")])
    assert both.code == "same_project_origin"
    (name,) = project_suspicions([one, project(3, "Gold Standard", "77", name="BALE  mountains")])
    assert name.code == "same_project_name"
    assert "{" not in name.text("zh") + name.text("en")
    assert project_suspicions([one, project(3, "Verra", "1340", name="Bale Mountains")]) == []


def test_projects_are_read_from_cad_trusts_table(tmp_path: Path):
    path = tmp_path / "projects.csv"
    path.write_text(
        "warehouseProjectId,currentRegistry,projectId,originProjectId,registryOfOrigin,projectName,projectDeveloper\n"
        "a,Verra,1340,,,Bale,D\nb,Gold Standard,77,1340,Verra,Bale,D\n"
    )
    assert [finding.rows for finding in project_suspicions(projects_of(read_table(path)))] == [(2, 3)]
