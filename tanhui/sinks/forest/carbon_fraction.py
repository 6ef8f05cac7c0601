"""Carbon per dry mass of trees, by edition of the document that states it.

The caller names the edition: ``ipcc2006`` (Table 4.3), ``ar-tool14``, ``fia`` (the agency's half), or ``ccer`` for
the species groups of the Chinese annex. Where the source prints a range it is the error; where it prints none, none
is made up.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import Species
from tanhui.sinks.forest.roots import se_of_range
from tanhui.sinks.forest.volume import bef_parameters

__all__ = ["CarbonFraction", "carbon_fraction"]


@dataclass(frozen=True, slots=True)
class CarbonFraction:
    """Carbon per dry mass. [t C / t d.m.]"""

    edition: str
    group: str
    value: float
    low: float | None
    high: float | None
    reference: str
    place: str
    status: Status

    @property
    def se(self) -> float | None:
        """Standard error from the printed range read as a 95 % interval; None where none is printed."""
        return se_of_range(self.low, self.high)


def carbon_fraction(edition: str, group: str | Species = "default") -> CarbonFraction:
    """The carbon fraction of an edition for a class of trees or a species.

    A species means its conifer or broadleaf class in ``ipcc2006``, its group in ``ccer``, and the one value of the
    others.

    Raises
    ------
    DomainError
        ``forest.no_carbon_fraction``, with the classes the edition has.
    """
    if edition == "ccer":
        found = bef_parameters(group)
        return CarbonFraction(
            "ccer", found.group, found.carbon_fraction, None, None, found.reference, found.place, found.status
        )
    name = _class_of(edition, group) if isinstance(group, Species) else group
    table = _table()
    if (edition, name) not in table:
        known = ", ".join(f"{e}: {c}" for e, c in table if edition in (e, "")) or ", ".join(
            sorted({e for e, _ in table})
        )
        raise DomainError("forest.no_carbon_fraction", edition=edition, asked=name, known=known)
    return table[edition, name]


def _class_of(edition: str, taxon: Species) -> str:
    if edition == "ipcc2006" and taxon.leaf_type:
        return f"temperate and boreal {taxon.leaf_type}"
    return "default"


@cache
def _table() -> dict[tuple[str, str], CarbonFraction]:
    with data_path("forest", "carbon_fractions.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        reference(row["reference"])
    return {
        (row["edition"], row["class"]): CarbonFraction(
            row["edition"],
            row["class"],
            float(row["value"]),
            float(row["low"]) if row["low"] else None,
            float(row["high"]) if row["high"] else None,
            row["reference"],
            row["place"],
            Status.parse(row["status"]),
        )
        for row in rows
    }
