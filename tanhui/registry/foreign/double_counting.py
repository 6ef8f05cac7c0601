"""Units that are counted twice: a repeated row, two holders at once, or a project in two registries. Pure.

One line of the numbers at a time, sorted by the first serial, is swept once: what begins before the furthest end so far
overlaps. A block that was split off its issuance is no double counting: the issuance records where units came from,
and holds none. So issuances are compared with issuances, holdings with holdings, and a holding only has to fit into the
issuance it lies in.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tanhui.kernel.wording import Lang, say
from tanhui.registry.foreign.units import ForeignProject, ForeignUnit
from tanhui.registry.model import Interval

__all__ = ["Finding", "double_counting", "project_suspicions"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is counted twice, or may be: the rows that show it, and for units the serials they share.

    ``certain`` is false for a suspicion that somebody has to look into.
    """

    code: str
    rows: tuple[int, int]
    line: str = ""
    units: Interval | None = None
    certain: bool = True
    facts: dict[str, Any] = field(default_factory=dict)

    def text(self, lang: Lang = "en") -> str:
        """The finding in words."""
        first, second = self.rows
        facts = {"first": first, "second": second, "units": self.units, "line": self.line} | self.facts
        return say(f"foreign.finding.{self.code}", lang, **facts)


def double_counting(rows: Iterable[ForeignUnit]) -> list[Finding]:
    """Units that more than one row counts, in order of line and serial.

    Parameters
    ----------
    rows : iterable of ForeignUnit
        All of one export. Two copies of a registry are two exports.

    Returns
    -------
    list of Finding
        ``row_repeated``: the same units with the same state and owner. ``held_twice``: units in two places at once.
        ``issued_twice``: issuances that share units and are no split of each other. ``outside_issuance``: a holding
        that lies across the edge of an issuance. ``split_differs``: a holding that is something else than the
        issuance it lies in, such as another project or vintage. Each row is compared with the row that reaches
        furthest before it, so n rows give at most 2 n findings, in O(n log n).
    """
    lines: dict[str, tuple[list[ForeignUnit], list[ForeignUnit]]] = {}
    for unit in rows:
        lines.setdefault(unit.line, ([], []))[unit.state != "issued"].append(unit)
    findings: list[Finding] = []
    for _, (issued, held) in sorted(lines.items()):
        for found in (issued, held):
            found.sort(key=_order)
        findings += _sweep(issued)
        findings += _sweep(held)
        findings += _misfits(issued, held)
    return findings


def _order(unit: ForeignUnit) -> tuple[int, int, str, str, str, int]:
    """By first serial, the longer row first, rows that say the same side by side."""
    return unit.units.first, -unit.units.end, unit.stem, unit.state, unit.owner, unit.row


def _sweep(ordered: Sequence[ForeignUnit]) -> Iterator[Finding]:
    """Rows that begin before an earlier one ends."""
    furthest: ForeignUnit | None = None
    before: ForeignUnit | None = None
    for unit in ordered:
        if before is not None and _same(before, unit):
            yield _finding("row_repeated", before, unit)
        elif furthest is not None and unit.units.first < furthest.units.end and not _is_split(furthest, unit):
            yield _finding("issued_twice" if unit.state == "issued" else "held_twice", furthest, unit)
        if furthest is None or unit.units.end > furthest.units.end:
            furthest = unit
        before = unit


def _same(one: ForeignUnit, other: ForeignUnit) -> bool:
    return (one.units, one.stem, one.state, one.owner) == (other.units, other.stem, other.state, other.owner)


def _is_split(parent: ForeignUnit, child: ForeignUnit) -> bool:
    """Whether an issuance is a part of another that is listed beside it."""
    inside = parent.units.contains(child.units) and parent.units != child.units
    return inside and parent.state == child.state == "issued" and parent.stem == child.stem


def _misfits(issued: Sequence[ForeignUnit], held: Sequence[ForeignUnit]) -> Iterator[Finding]:
    """Holdings that do not fit into the issuance they lie in."""
    blocks = _outermost(issued)
    firsts = [block.units.first for block in blocks]
    for unit in held:
        at = bisect_right(firsts, unit.units.first) - 1
        near = [block for block in blocks[max(at, 0) : at + 2] if block.units.overlaps(unit.units)]
        if not near:
            continue  # the export does not hold the issuance
        block = near[0]
        if not block.units.contains(unit.units):
            yield _finding("outside_issuance", block, unit)
        elif block.stem != unit.stem:
            yield _finding("split_differs", block, unit, issuance=block.stem, holding=unit.stem)


def _outermost(issued: Sequence[ForeignUnit]) -> list[ForeignUnit]:
    """Issuances that lie in no other."""
    blocks: list[ForeignUnit] = []
    for unit in issued:
        if not blocks or not blocks[-1].units.contains(unit.units):
            blocks.append(unit)
    return blocks


def _finding(code: str, one: ForeignUnit, other: ForeignUnit, **facts: Any) -> Finding:
    shared = Interval(max(one.units.first, other.units.first), min(one.units.end, other.units.end))
    facts |= {"states": f"{one.state}, {other.state}", "owners": f"{one.owner or '-'}, {other.owner or '-'}"}
    return Finding(code, (one.row, other.row), one.line, shared, facts=facts)


def project_suspicions(projects: Iterable[ForeignProject]) -> list[Finding]:
    """Projects that may be registered in two registries.

    Reasons, strongest first: both records name the same project of the same registry as their origin; one record is
    what the other names as its origin, and both are listed as registered; same name and developer in two registries. A
    suspicion is no proof: a project may rightly move from one registry to another.
    """
    by_key: dict[tuple[str, ...], ForeignProject] = {}
    findings: list[Finding] = []
    seen: set[tuple[int, int]] = set()
    for project in projects:
        for reason, key in _keys(project):
            other = by_key.setdefault(key, project)
            pair = (other.row, project.row)
            if other.registry != project.registry and pair not in seen:
                seen.add(pair)
                facts = {"reason": reason, "registries": f"{other.registry}, {project.registry}"}
                findings.append(Finding(f"same_project_{reason}", pair, certain=False, facts=facts))
    return findings


def _keys(project: ForeignProject) -> Iterator[tuple[str, tuple[str, ...]]]:
    """By what a record may be found to be the same project as another."""
    if project.origin_registry and project.origin_project:
        yield "origin", ("id", _plain(project.origin_registry), _plain(project.origin_project))
    if project.registry and project.project:
        yield "origin", ("id", _plain(project.registry), _plain(project.project))
    if project.name and project.developer:
        yield "name", ("name", _plain(project.name), _plain(project.developer))


def _plain(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())
