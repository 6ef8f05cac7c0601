"""The nouns of land: a parcel that a project claims for a period, and what two parcels have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period
from tanhui.kernel.units import convert

__all__ = ["LandTaken", "Overlap", "Parcel"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A piece of land that a project claims between two days.

    ``wkb`` is the outline in CGCS2000 degrees, longitude first, in the normal form of the geometry library; made by
    :func:`tanhui.projects.land.outlines.parcels_from`. ``period`` is the crediting period, or the vintage of what was
    issued. ``area_m2`` lies on the ellipsoid. [m2] ``source`` is the registry that the parcel was imported from; empty
    where it is this one.
    """

    id: str
    project: str
    wkb: bytes
    period: Period
    area_m2: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Land that two parcels of different projects claim for the same days. [m2]

    ``sliver`` says that the tolerance of digitising explains it: it is reported and refuses nothing.
    """

    parcel: str
    other_parcel: str
    other_project: str
    other_source: str
    overlap_m2: float
    common: Period
    sliver: bool = False

    @property
    def overlap_mu(self) -> float:
        """The shared area in Chinese land measure. [mu]"""
        return convert(self.overlap_m2, "m2", "mu")

    def to_dict(self) -> dict[str, Any]:
        """As faces and documents show it."""
        return {
            "parcel": self.parcel,
            "other_parcel": self.other_parcel,
            "other_project": self.other_project,
            "other_source": self.other_source,
            "overlap_m2": round(self.overlap_m2, 1),
            "overlap_mu": round(self.overlap_mu, 3),
            "common": self.common.to_list(),
            "sliver": self.sliver,
        }


class LandTaken(RefusedInput):
    """Parcels that another project already claims for the same days; every pair is listed, nothing was changed."""

    code = "land.taken"
    exit_code = 1

    def __init__(self, overlaps: Sequence[Overlap], file: str = "") -> None:
        self.overlaps = tuple(overlaps)
        super().__init__(_taken(overlap, file) for overlap in overlaps)


def _taken(overlap: Overlap, file: str) -> Fault:
    shown = overlap.to_dict()
    first, last = shown["common"]
    facts = {
        "other": overlap.other_parcel,
        "project": ":".join(part for part in (overlap.other_source, overlap.other_project) if part),
        "m2": f"{overlap.overlap_m2:,.1f}",
        "mu": f"{overlap.overlap_mu:,.3f}",
        "first": first,
        "last": last,
    }
    return Fault("land.taken", file, column="parcel_id", value=overlap.parcel, facts=facts)
