"""The gate before a project's land: every parcel has a right that covers it, and its smallest area counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.tenure.checks import CreditedArea, ParcelArea, credited_areas, tenure_faults
from tanhui.projects.tenure.model import Right
from tanhui.projects.tenure.store import current_rights, record_credited, record_rights

__all__ = ["Tenure", "admit"]


@dataclass(frozen=True, slots=True)
class Tenure:
    """The rights on which a project claims its parcels.

    Attributes
    ----------
    rights : sequence of Right
        The tenure table.
    proponent : str
        Name of the project's owner (项目业主), as certificates and contracts write it.
    planted_m2 : mapping of str to int, optional
        Net planted area of every parcel; where nothing is given, the outline's own area. [m2]
    file : str
        Name of the table, for the faults.
    """

    rights: Sequence[Right]
    proponent: str
    planted_m2: Mapping[str, int] | None = None
    file: str = ""


def admit(
    connection: Connection,
    project: str,
    tenure: Tenure,
    measured_m2: Mapping[str, float],
    crediting: Period,
    *,
    on: date,
    event: int,
    draw_salt: Callable[[], bytes],
) -> list[CreditedArea]:
    """Check the rights to some parcels, and keep them with the area of each that is credited.

    Parameters
    ----------
    measured_m2 : mapping of str to float
        Area of each parcel's outline on the ellipsoid. [m2]
    crediting : Period
        Every parcel needs rights for all days of it.
    on : date
        The day of the step; the certificate in force on it, or on the nearest day of the crediting period, counts.
    event : int
        The number of the project's event that brings the parcels.

    Raises
    ------
    RefusedInput
        With everything that keeps the project from using its parcels; nothing was written.
    """
    faults = tenure_faults(
        tenure.rights, parcels=measured_m2, proponent=tenure.proponent, crediting=crediting, file=tenure.file
    )
    faults += _planted_faults(tenure, measured_m2)
    if faults:
        raise RefusedInput(faults)
    # A certificate gives whole square metres, so does what is compared with it; rounded down, for it is credited.
    whole = {parcel: math.floor(area) for parcel, area in measured_m2.items()}
    planted = whole if tenure.planted_m2 is None else tenure.planted_m2
    areas = {parcel: ParcelArea(parcel, area, planted[parcel]) for parcel, area in whole.items()}
    day = min(max(on, crediting.start), crediting.last_day)
    credited = credited_areas(tenure.rights, areas, day=day)
    known = {stored.right for stored in current_rights(connection, project)}
    new = [right for right in tenure.rights if right not in known]  # a design filed again brings its table again
    record_rights(connection, project, new, at=on.isoformat(), draw_salt=draw_salt)
    record_credited(connection, project, event, credited)
    return credited


def _planted_faults(tenure: Tenure, measured_m2: Mapping[str, float]) -> list[Fault]:
    """Planted areas that are missing, negative, or of parcels that nobody brings."""
    if tenure.planted_m2 is None:
        return []
    given, column = tenure.planted_m2, "planted_m2"
    faults = [
        Fault("tenure.no_planted_area", tenure.file, column=column, value=p) for p in sorted(measured_m2.keys() - given)
    ]
    faults += [
        Fault("tenure.parcel_not_in_project", tenure.file, column=column, value=parcel)
        for parcel in sorted(given.keys() - measured_m2)
    ]
    return faults + [
        Fault("tenure.planted_negative", tenure.file, column=column, value=parcel, facts={"m2": m2})
        for parcel, m2 in sorted(given.items())
        if m2 < 0
    ]
