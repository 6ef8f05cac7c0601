"""The nouns of field work: a plot's size, a planned plot, what was tested, and what was found."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from tanhui.kernel.errors import InputError
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.field.limits import check_record, leaf

__all__ = ["Finding", "Kind", "PlannedPlot", "PlotSize", "Severity", "Tested"]

Kind = Literal["revisit", "new", "reserve"]
Severity = Literal["major", "minor", "note"]
SIZE = re.compile(
    r"(?P<area>[\d.]+)\s*m2|circle\s*(?P<radius>[\d.]+)\s*m?|(?P<length>[\d.]+)\s*[x×]\s*(?P<width>[\d.]+)\s*m?"
)
#: Sides of plots are read off a tape: to the centimetre.
TAPE_M = 0.01


@dataclass(frozen=True, slots=True)
class PlotSize:
    """Shape and size of new plots, distances horizontal. [m]"""

    shape: Literal["rectangle", "circle"]
    length_m: float = 0.0
    width_m: float = 0.0
    radius_m: float = 0.0

    @classmethod
    def parse(cls, text: str) -> PlotSize:
        """``600m2`` (a square), ``20x30`` or ``circle 11.28``.

        Raises
        ------
        InputError
            If it is none of them, or no size at all.
        """
        found = SIZE.fullmatch(text.strip().lower().replace("²", "2").replace(",", ""))
        try:
            given = {key: float(value) for key, value in found.groupdict().items() if value} if found else {}
        except ValueError:
            given = {}
        if not given or not all(0 < value < 1e5 for value in given.values()):
            raise InputError("field.plot_size", value=text)
        if "radius" in given:
            return cls("circle", radius_m=given["radius"])
        if "area" in given:
            side = round(math.sqrt(given["area"]) / TAPE_M) * TAPE_M
            return cls("rectangle", length_m=round(side, 2), width_m=round(side, 2))
        return cls("rectangle", length_m=given["length"], width_m=given["width"])

    @property
    def area_m2(self) -> float:
        """Horizontal area. [m2]"""
        return math.pi * self.radius_m**2 if self.shape == "circle" else self.length_m * self.width_m

    @property
    def reach_m(self) -> float:
        """Greatest distance of its edge from its centre: what it needs to every side, however it is turned. [m]"""
        return self.radius_m if self.shape == "circle" else math.hypot(self.length_m, self.width_m) / 2

    def columns(self) -> dict[str, Any]:
        """As the survey workbook states it."""
        sizes = {"length_m": self.length_m, "width_m": self.width_m, "radius_m": self.radius_m}
        return {"plot_shape": self.shape, **{name: value for name, value in sizes.items() if value}}


@dataclass(frozen=True, slots=True)
class PlannedPlot:
    """A place to go to.

    Attributes
    ----------
    id : str
        As crews write it.
    stratum, parcel : str
        Where it lies.
    lon_deg, lat_deg : float
        Centre, CGCS2000. [deg]
    kind : {"revisit", "new", "reserve"}
        A permanent plot of the visit before, a plot of this draw, or one for a plot that cannot be reached.
    order : int
        Place in its stratum's list; reserves are taken in this order.
    stop : int
        Place in the walk, from 1; 0 for reserves.
    team : int
        From 1; 0 for reserves.
    """

    id: str
    stratum: str
    parcel: str
    lon_deg: float
    lat_deg: float
    kind: Kind
    order: int
    stop: int = 0
    team: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As the plan keeps it."""
        return {
            "id": self.id,
            "stratum": self.stratum,
            "parcel": self.parcel,
            "lon_deg": self.lon_deg,
            "lat_deg": self.lat_deg,
            "kind": self.kind,
            "order": self.order,
            "stop": self.stop,
            "team": self.team,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that should not be so.

    Attributes
    ----------
    check : str
        A key of ``data/projects_field/checks.toml``.
    plot, tree, other : str
        Where; ``other`` is a second plot, or a visit.
    value, limit : float or None
        The evidence and what it is held against, in the check's unit.
    p, q : float or None
        Chance of such evidence on an honest survey, alone and among all that were looked at (Benjamini-Hochberg).
    facts : mapping
        What the sentence names.
    """

    check: str
    plot: str = ""
    tree: str = ""
    other: str = ""
    value: float | None = None
    limit: float | None = None
    p: float | None = None
    q: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """How grave."""
        found: Severity = check_record(self.check)["severity"]
        return found

    def text(self, lang: Lang = "en") -> str:
        """One sentence."""
        facts = {"plot": self.plot, "tree": self.tree, "other": self.other, **self.facts}
        return say(f"field.finding.{self.check}", lang, **facts)

    def to_dict(self) -> dict[str, Any]:
        """As reports and other rooms carry it, the limits with their sources."""
        record = check_record(self.check)
        return {
            "check": self.check,
            "severity": self.severity,
            "plot": self.plot,
            "tree": self.tree,
            "other": self.other,
            "value": self.value,
            "limit": self.limit,
            "unit": record["unit"],
            "p": self.p,
            "q": self.q,
            "limits": [leaf(name).to_dict() for name in record["limits"]],
            "text": {lang: self.text(lang) for lang in LANGS},
        }


@dataclass(frozen=True, slots=True)
class Tested:
    """One check that was made: of how many, the smallest p-value among them, and how often honest surveys fail it."""

    check: str
    n: int
    found: int
    p_min: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As reports carry it."""
        record = check_record(self.check)
        rate = leaf("projects_field/alpha").number() if record["test"] else 0.0
        return {
            "check": self.check,
            "name": {lang: record[lang] for lang in LANGS},
            "severity": record["severity"],
            "test": record["test"],
            "n": self.n,
            "found": self.found,
            "p_min": self.p_min,
            "false_alarm_max": rate,
        }
