"""May the project use these parcels, and how much of each may be credited? Pure; everything wrong is listed at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Literal

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault
from tanhui.kernel.parameters import Leaf, Parameters, load_parameters
from tanhui.kernel.time import Period
from tanhui.kernel.wording import Lang, say
from tanhui.projects.tenure.model import Right, same_name

__all__ = ["CreditedArea", "ParcelArea", "credited_areas", "overlap_faults", "tenure_faults", "tenure_parameter"]

AreaName = Literal["certified", "measured", "planted"]


@cache
def _parameters() -> Parameters:
    return load_parameters(data_path("projects_tenure", "parameters.toml"), "tenure")


def tenure_parameter(name: str, day: date) -> Leaf:
    """One parameter of ``data/projects_tenure/parameters.toml`` as it stands on a day."""
    return _parameters()[name].at(day)


def by_parcel(rights: Iterable[Right]) -> dict[str, list[Right]]:
    """The rights of each parcel in order of their first day."""
    found: dict[str, list[Right]] = {}
    for right in sorted(rights, key=lambda right: (right.parcel, right.first_day, right.last_day, right.row)):
        found.setdefault(right.parcel, []).append(right)
    return found


def tenure_faults(
    rights: Iterable[Right], *, parcels: Iterable[str], proponent: str, crediting: Period, file: str = ""
) -> list[Fault]:
    """Everything that keeps a project from using its parcels.

    Parameters
    ----------
    rights : iterable of Right
        The tenure table.
    parcels : iterable of str
        Numbers of the project's parcels.
    proponent : str
        Name of the project's owner (项目业主).
    crediting : Period
        Every parcel needs rights for all days of it.
    file : str
        Name of the table, for the faults.

    Returns
    -------
    list of Fault
        Parcels without a right or in no project; days without a right; two contracts at a time; names that differ
        between certificate, contract and project; one certificate with two holders; carbon income that is not
        authorised; collective land without minutes. Empty where nothing is wrong.
    """
    of_parcel = by_parcel(rights)
    ordered = [right for found in of_parcel.values() for right in found]
    wanted = set(parcels)
    faults = [
        Fault("tenure.parcel_without_right", file, column="parcel", value=p) for p in sorted(wanted - set(of_parcel))
    ]
    faults += [
        Fault("tenure.parcel_not_in_project", file, "", right.row, "parcel", right.parcel)
        for right in ordered
        if right.parcel not in wanted
    ]
    faults += [fault for found in of_parcel.values() for fault in _gap_faults(found, crediting, file)]
    faults += overlap_faults(ordered, file)
    faults += [fault for right in ordered for fault in _name_faults(right, proponent, file)]
    faults += _certificate_faults(ordered, file)
    faults += [fault for right in ordered for fault in _consent_faults(right, file)]
    return faults


def _gap_faults(found: Sequence[Right], crediting: Period, file: str) -> Iterator[Fault]:
    """Days of the crediting period on which a parcel has no right."""
    covered = crediting.start
    for start, end in [*((right.term.start, right.term.end) for right in found), (crediting.end, crediting.end)]:
        if covered < min(start, crediting.end):
            first, last = Period(covered, min(start, crediting.end)).to_list()
            facts = {"first": first, "last": last}
            yield Fault("tenure.term_too_short", file, "", found[-1].row, "last_day", found[0].parcel, facts)
        covered = max(covered, end)


def overlap_faults(ordered: Iterable[Right], file: str = "") -> list[Fault]:
    """Parcels that are in two contracts on the same day; each pair whose terms meet is named."""
    faults = []
    for found in by_parcel(ordered).values():
        for at, earlier in enumerate(found):
            for later in found[at + 1 :]:
                shared = earlier.term.overlap(later.term)
                if shared is None:
                    break  # the rest begins later still
                first, last = shared.to_list()
                other, contract = earlier.contract_number, later.contract_number
                facts = {"parcel": later.parcel, "other": other, "first": first, "last": last}
                faults.append(Fault("tenure.two_contracts", file, "", later.row, "contract_number", contract, facts))
    return faults


def _name_faults(right: Right, proponent: str, file: str) -> Iterator[Fault]:
    parties = (right.owner, right.contractor, right.operator)
    holder = right.certificate_holder
    if not any(party.name and same_name(holder, party.name) for party in parties):
        known = ", ".join(party.name for party in parties if party.name)
        yield Fault("tenure.holder_unknown", file, "", right.row, "certificate_holder", holder, {"known": known})
    if not same_name(right.operator.name, proponent):
        facts = {"proponent": proponent}
        yield Fault("tenure.operator_not_proponent", file, "", right.row, "operator", right.operator.name, facts)


def _certificate_faults(ordered: Sequence[Right], file: str) -> Iterator[Fault]:
    """A certificate that is said to name two different holders."""
    by_number = sorted(ordered, key=lambda right: (right.certificate_number, right.row))
    for one, other in pairwise(by_number):
        same = one.certificate_number == other.certificate_number
        if same and not same_name(one.certificate_holder, other.certificate_holder):
            facts = {"other_row": one.row, "holder": one.certificate_holder, "number": one.certificate_number}
            column, value = "certificate_holder", other.certificate_holder
            yield Fault("tenure.certificate_two_holders", file, "", other.row, column, value, facts)


def _consent_faults(right: Right, file: str) -> Iterator[Fault]:
    if not right.carbon_authorised:
        yield Fault("tenure.not_authorised", file, "", right.row, "carbon_authorised", right.parcel)
    if right.collective and not right.minutes_sha256:
        yield Fault("tenure.no_minutes", file, "", right.row, "minutes_sha256", right.parcel)


@dataclass(frozen=True, slots=True)
class ParcelArea:
    """What was measured of a parcel, in whole square metres.

    ``measured_m2`` is the outline's area on the ellipsoid; ``planted_m2`` the net planted area, without roads, water
    and what failed.
    """

    parcel: str
    measured_m2: int
    planted_m2: int


@dataclass(frozen=True, slots=True)
class CreditedArea:
    """Three areas of a parcel, of which the smallest is credited.

    ``beyond`` names the areas that exceed the credited one by more than the tolerance.
    """

    parcel: str
    certified_m2: int
    measured_m2: int
    planted_m2: int
    beyond: tuple[AreaName, ...]

    @property
    def credited_m2(self) -> int:
        """The smallest of the three. [m2]"""
        return min(self.certified_m2, self.measured_m2, self.planted_m2)

    @property
    def decided_by(self) -> AreaName:
        """Which of the three is the smallest."""
        return min(self._areas(), key=lambda item: item[1])[0]

    def _areas(self) -> list[tuple[AreaName, int]]:
        return [("certified", self.certified_m2), ("measured", self.measured_m2), ("planted", self.planted_m2)]

    def text(self, lang: Lang = "en") -> str:
        """What is credited, why, and which areas differ."""
        by = say(f"tenure.area.{self.decided_by}", lang)
        if not self.beyond:
            return say("tenure.area_credited", lang, parcel=self.parcel, credited=self.credited_m2, by=by)
        sizes = dict(self._areas())
        mark = "、" if lang == "zh" else ", "
        others = mark.join(f"{say(f'tenure.area.{name}', lang)} {sizes[name]} m²" for name in self.beyond)
        return say("tenure.area_differs", lang, parcel=self.parcel, credited=self.credited_m2, by=by, others=others)


def credited_areas(rights: Iterable[Right], areas: Mapping[str, ParcelArea], *, day: date) -> list[CreditedArea]:
    """The area of each parcel that may be credited on a day.

    The certificate is that of the right in force on the day; parcels without one, or without a measurement, get none.
    The tolerance is ``area_difference_share`` of the larger area, but at least ``area_difference_floor_m2``.
    """
    share = tenure_parameter("area_difference_share", day).number()
    floor_m2 = tenure_parameter("area_difference_floor_m2", day).number()
    found = []
    for right in sorted(rights, key=lambda right: right.parcel):
        area = areas.get(right.parcel)
        if area is None or not right.first_day <= day <= right.last_day:
            continue
        three = CreditedArea(right.parcel, right.certified_m2, area.measured_m2, area.planted_m2, ())
        beyond = tuple(name for name, m2 in three._areas() if m2 - three.credited_m2 > max(share * m2, floor_m2))
        found.append(CreditedArea(right.parcel, right.certified_m2, area.measured_m2, area.planted_m2, beyond))
    return found
