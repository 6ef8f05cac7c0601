"""No plot sold twice: the use cases, each inside the transaction of whoever calls.

A registration takes the writer's turn, looks, and writes, so two projects that claim the same land at the same time are
decided one after the other, whatever the database and its isolation. Parcels of a project and of its family (earlier
versions, parent and child projects) are no conflict with each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.projects.land import store
from tanhui.projects.land.limits import land_limit
from tanhui.projects.land.model import LandTaken, Overlap, Parcel
from tanhui.projects.land.overlap import narrow, shared_land
from tanhui.projects.land.store import Registered
from tanhui.sensing.inventory.limits import limit

__all__ = ["find_overlaps", "give_up_land", "import_parcels", "land_of", "register_parcels"]

#: A project by the registry it is in (empty for this one) and its name there.
Project = tuple[str, str]


def register_parcels(
    connection: Connection,
    parcels: Sequence[Parcel],
    *,
    family: Collection[Project] = (),
    issued_until: date | None = None,
    file: str = "",
) -> list[Overlap]:
    """Claim land for a project, unless another project claims any of it for the same days.

    A parcel that the project has registered under the same name gives way to the new outline from the first day of the
    new one on, but never for days whose credits are issued; the same parcel again changes nothing.

    Parameters
    ----------
    connection : Connection
        Inside a transaction; in SQLite one begun with ``BEGIN IMMEDIATE``.
    parcels : sequence of Parcel
        Of one project.
    family : collection of (source, project), optional
        Projects whose land this one may share.
    issued_until : date, optional
        The last day for which the project has credits. Earlier outlines stand at least until then.
    file : str, optional
        Where the refusal is to point.

    Returns
    -------
    list of Overlap
        Slivers, which digitising explains; they refuse nothing.

    Raises
    ------
    LandTaken
        With every pair; nothing was written.
    """
    store.take_turn(connection)
    overlaps = find_overlaps(connection, parcels, family=family)
    if taken := [overlap for overlap in overlaps if not overlap.sliver]:
        raise LandTaken(taken, file)
    _write(connection, parcels, issued_until)
    return overlaps


def import_parcels(connection: Connection, parcels: Sequence[Parcel]) -> None:
    """Write down land that another registry has let a project claim: a fact, which nobody here can refuse.

    Later registrations are checked against it. :func:`find_overlaps` tells what it shares with land claimed before.
    """
    store.take_turn(connection)
    _write(connection, parcels, None)


def give_up_land(
    connection: Connection, project: str, day: date, *, names: Sequence[str] | None = None, source: str = ""
) -> None:
    """End a project's claim on all its land, or on the parcels of some names, from a day on.

    It was refused or withdrawn, has lapsed, or its boundary was drawn anew. The day is after the last one for which
    credits are issued; that land stays sold.
    """
    store.take_turn(connection)
    standing = store.held(connection, project, source, names)
    ending = {r.row: max(day, r.held.start) for r in standing if day < r.held.end}
    store.withdraw(connection, project, source, ending)


def land_of(connection: Connection, project: str, *, source: str = "") -> list[Parcel]:
    """The parcels that a project claims, each with the days for which it still stands."""
    return [replace(r.parcel, period=r.held) for r in store.held(connection, project, source)]


def find_overlaps(
    connection: Connection, parcels: Sequence[Parcel], *, family: Collection[Project] = ()
) -> list[Overlap]:
    """Every registered or imported parcel of another project that shares land and days with one of these.

    Returns
    -------
    list of Overlap
        In the order of the parcels, then of the other's registration. An overlap is a sliver where no circle of
        ``overlap_width_m`` fits into it or its area is below ``sliver_area_m2``, and slivers together take less than
        ``overlap_sliver_share`` of the parcel; below ``overlap_floor_m2`` nothing is listed.

    Raises
    ------
    RefusedInput
        Where the parcels meet so many others that the check would take minutes.
    """
    import shapely

    outlines = shapely.from_wkb(np.array([parcel.wkb for parcel in parcels], object))
    ours = {*family, *((parcel.source, parcel.project) for parcel in parcels)}
    numbers, rows = store.candidates(connection, parcels, outlines, ours)
    _refuse_too_wide(len(rows))
    order = np.argsort(rows, kind="stable")
    numbers, rows = numbers[order], rows[order]
    found: list[_Shared] = []
    for some in store.registered(connection, np.unique(rows)):
        span = slice(np.searchsorted(rows, some[0].row), np.searchsorted(rows, some[-1].row, side="right"))
        found += _compared(parcels, outlines, some, numbers[span], rows[span])
    return _judged(sorted(found, key=lambda shared: (shared.number, shared.row)))


def _refuse_too_wide(pairs: int) -> None:
    """Other writers wait while a check runs, so none may run for minutes."""
    most = land_limit("pairs_max")
    if pairs > most:
        raise RefusedInput([Fault("land.too_wide", value=str(pairs), facts={"most": f"{most:.0f}"})])


@dataclass(frozen=True, slots=True)
class _Shared:
    """An overlap before it is judged: whose it is, how large both parcels are, whether it is narrow or tiny."""

    number: int
    row: int
    sizes_m2: tuple[float, float]
    overlap: Overlap


def _compared(
    parcels: Sequence[Parcel],
    outlines: NDArray[np.object_],
    some: list[Registered],
    numbers: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> list[_Shared]:
    """Pairs of an asked and a registered parcel that share more land than nothing."""
    import shapely

    others = shapely.from_wkb(np.array([known.parcel.wkb for known in some], object))
    place = np.searchsorted(np.array([known.row for known in some]), rows)
    shared, area = shared_land(outlines[numbers], others[place])
    noted = np.flatnonzero(area > limit("overlap_floor_m2"))
    small = narrow(shared[noted], land_limit("overlap_width_m")) | (area[noted] < limit("sliver_area_m2"))
    found = []
    for pair, sliver in zip(noted, small, strict=True):
        mine, known = parcels[numbers[pair]], some[place[pair]]
        theirs, common = known.parcel, mine.period.overlap(known.held)
        assert common is not None
        overlap = Overlap(mine.id, theirs.id, theirs.project, theirs.source, float(area[pair]), common, bool(sliver))
        found.append(_Shared(int(numbers[pair]), known.row, (mine.area_m2, theirs.area_m2), overlap))
    return found


def _judged(found: Sequence[_Shared]) -> list[Overlap]:
    """Slivers are excused only while together they are a small part of the parcel, on either side."""
    mine: defaultdict[int, float] = defaultdict(float)
    theirs: defaultdict[int, float] = defaultdict(float)
    for shared in found:
        if shared.overlap.sliver:
            mine[shared.number] += shared.overlap.overlap_m2
            theirs[shared.row] += shared.overlap.overlap_m2
    most = land_limit("overlap_sliver_share")
    return [
        replace(
            shared.overlap,
            sliver=shared.overlap.sliver
            and mine[shared.number] < most * shared.sizes_m2[0]
            and theirs[shared.row] < most * shared.sizes_m2[1],
        )
        for shared in found
    ]


def _write(connection: Connection, parcels: Sequence[Parcel], issued_until: date | None) -> None:
    """Add parcels; earlier outlines of the same name stand until the new one begins."""
    earliest = issued_until + timedelta(days=1) if issued_until else date.min
    for source, project in sorted({(parcel.source, parcel.project) for parcel in parcels}):
        new = [parcel for parcel in parcels if (parcel.source, parcel.project) == (source, project)]
        before = store.held(connection, project, source, [parcel.id for parcel in new])
        known = {(old.parcel.id, old.parcel.wkb, old.held) for old in before}
        new = [parcel for parcel in new if (parcel.id, parcel.wkb, parcel.period) not in known]
        named: dict[str, list[Parcel]] = {}
        for parcel in new:
            named.setdefault(parcel.id, []).append(parcel)
        ending: dict[int, date] = {}
        for old in before:
            starts = [p.period.start for p in named.get(old.parcel.id, []) if p.period.overlap(old.held)]
            if starts:
                ending[old.row] = min(max(min(starts), old.held.start, earliest), old.held.end)
        store.withdraw(connection, project, source, ending)
        store.add(connection, new)
