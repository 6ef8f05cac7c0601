"""The nouns of the check: a site that somebody claims somewhere, and two sites that may be one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Parameters, load_parameters
from tanhui.kernel.time import Period
from tanhui.kernel.units import convert
from tanhui.kernel.wording import Lang, say

__all__ = ["Certainty", "Kind", "Pair", "Site", "limit", "limits"]

#: ``land``: outlines share ground; ``border``: they do, but digitising explains it; ``succession``: they do, one after
#: the other; ``names``: a list without outlines
#: speaks of a like project; ``certificate`` and ``contract``: of the tenure tables.
Kind = Literal["land", "border", "succession", "names", "certificate", "contract"]
Certainty = Literal["certain", "possible"]


@cache
def limits() -> Parameters:
    """The thresholds of the check, dated and with their source."""
    return load_parameters(data_path("projects_duplicates", "limits.toml"), "duplicates")


def limit(name: str) -> float:
    """The threshold in force, in the unit its name ends with."""
    return limits()[name].at(date.max).number()


@dataclass(frozen=True, slots=True)
class Site:
    """A parcel or a project as one source knows it; what the source does not say is empty.

    Attributes
    ----------
    source : str
        Where it was read: a file, or the registry.
    project : str
        The project it belongs to there; sites of one source and project are never compared.
    id : str
        The parcel or the entry.
    name : str
        What the project is called, and ``also`` in another language.
    wkb : bytes, optional
        Outline in CGCS2000 degrees; none for an entry of a list.
    period : Period, optional
        The days it is claimed for.
    place : str
        Province and county, as written.
    """

    source: str
    project: str
    id: str
    name: str = ""
    also: str = ""
    wkb: bytes | None = field(default=None, repr=False)
    period: Period | None = None
    place: str = ""
    methodology: str = ""
    owner: str = ""
    expected_t: float | None = None
    scheme: str = ""
    row: int | None = None

    @property
    def called(self) -> str:
        """Its project and its own number in one line."""
        return " · ".join(dict.fromkeys(filter(None, (self.project, self.id))))

    def to_dict(self) -> dict[str, Any]:
        """What a statement says of it: no outline, that is in the file named."""
        return {
            "source": self.source,
            "project": self.project,
            "id": self.id,
            "name": self.name,
            "period": self.period.to_list() if self.period else None,
            "place": self.place,
            "methodology": self.methodology,
            "owner": self.owner,
            "scheme": self.scheme,
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sites that may be one, with what speaks for it.

    ``reasons`` are wording keys with their facts, the strongest first. ``shared`` is the common ground. [wkb]
    """

    kind: Kind
    certainty: Certainty
    one: Site
    other: Site
    overlap_m2: float = 0.0
    common: Period | None = None
    reasons: tuple[tuple[str, Mapping[str, str]], ...] = ()
    shared: bytes | None = field(default=None, repr=False)

    @property
    def overlap_mu(self) -> float:
        """The shared area in Chinese land measure. [mu]"""
        return convert(self.overlap_m2, "m2", "mu")

    @property
    def conflict(self) -> bool:
        """Whether it stands against a statement that nothing is registered twice."""
        return self.kind not in ("border", "succession")

    def texts(self, lang: Lang) -> list[str]:
        """What speaks for it, one sentence each."""
        return [say(f"duplicates.reason.{key}", lang, **facts) for key, facts in self.reasons]

    def to_dict(self) -> dict[str, Any]:
        """As statements and faces show it."""
        return {
            "kind": self.kind,
            "certainty": self.certainty,
            "one": self.one.to_dict(),
            "other": self.other.to_dict(),
            "overlap_m2": round(self.overlap_m2, 1),
            "overlap_mu": round(self.overlap_mu, 3),
            "common": self.common.to_list() if self.common else None,
            "reasons": [{"reason": key, **facts} for key, facts in self.reasons],
        }
