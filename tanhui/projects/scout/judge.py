"""Parcels against the clauses of the methodology: its own verdicts, from what the file says and the person adds.

No clause is written here. A parcel file can speak against a parcel (it is forest, wetland, an orchard, too small); in
favour of one it can say little, and what it cannot say is evidence missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.parameters import Leaf, load_parameters
from tanhui.kernel.units import M2_PER_HA
from tanhui.mrv.methods import method
from tanhui.mrv.methods.ccer.m14_001_v01 import AfforestationInputs, Parcel
from tanhui.mrv.methods.verdict import Verdict
from tanhui.projects.history.land_classes import land_class
from tanhui.projects.scout.model import METHOD, Judged, Question, Standing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["choice", "judge", "read_conditions"]

#: The tables of a file of conditions.
TABLES = ("parcels", "conduct", "additionality", "evidence")


@cache
def _choices() -> Mapping[str, Any]:
    return load_parameters(data_path("projects_scout", "choices.toml"), "projects_scout/choices")


def choice(name: str, day: date) -> Leaf:
    """A choice of the first look that no document decides."""
    leaf: Leaf = _choices()[name].at(day)
    return leaf


def read_conditions(path: Path | None) -> dict[str, Any]:
    """Answers to the conditions, in the tables a project file has under ``conditions``."""
    if path is None:
        return {}
    from tanhui.projects.scout.files import read_user_toml

    said = read_user_toml(path)
    said = dict(said.get("conditions", said))
    strange = [key for key in said if key not in TABLES]
    if strange:
        facts = {"known": ", ".join(TABLES)}
        raise RefusedInput([Fault("scout.unknown_table", path.name, column=key, facts=facts) for key in strange])
    return said


def judge(frame: pd.DataFrame, question: Question) -> tuple[tuple[Judged, ...], tuple[Verdict, ...]]:
    """Every parcel with its verdicts, and the verdicts on the project as a whole.

    Parameters
    ----------
    frame : DataFrame
        Parcels as :func:`read_xiaoban` gives them.

    Raises
    ------
    RefusedInput
        If an answer is of the wrong kind, or its name unknown.
    """
    said = read_conditions(question.conditions)
    rules = method(METHOD)
    rows: list[dict[str, Any]] = frame.drop(columns="geometry").to_dict("records")  # type: ignore[assignment]
    inputs = _inputs(said, question)
    answers = {key: getattr(inputs.parcels[0], key) for key in said.get("parcels", {})}
    parcels = tuple(_parcel(row, answers, question) for row in rows)
    by_parcel: dict[str, list[Verdict]] = {parcel.id: [] for parcel in parcels}
    whole: list[Verdict] = []
    for verdict in rules.eligibility(replace(inputs, parcels=parcels)):
        (by_parcel[verdict.subject] if verdict.subject else whole).append(verdict)
    judged = tuple(
        _judged(row, parcel, by_parcel[parcel.id], question) for row, parcel in zip(rows, parcels, strict=True)
    )
    return judged, tuple(whole)


def _inputs(said: Mapping[str, Any], question: Question) -> AfforestationInputs:
    """The method's inputs with one parcel of the person's answers; of the account only the conditions are asked."""
    last = question.crediting.last_day
    data = {
        "project_start": question.start,
        "crediting": question.crediting.to_list(),
        "application": question.day,
        "period": [question.start, last],
        "tree_change_co2e_t": 0.0,
        "tree_change_half_width90_rel": 0.0,
        "parcels": [{"id": "", "area_m2": 1.0, **said.get("parcels", {})}],
        **{key: said[key] for key in ("conduct", "additionality", "evidence") if key in said},
    }
    file = question.conditions.name if question.conditions else ""
    inputs: AfforestationInputs = method(METHOD).inputs(data, file=file)
    return inputs


def _parcel(row: Mapping[str, Any], said: Mapping[str, Any], question: Question) -> Parcel:
    """A row as the method asks: the person's answers, but where the file speaks against them the file stands."""
    return Parcel(
        id=str(row["parcel_id"]),
        area_m2=_area_ha(row) * M2_PER_HA,
        **{**dict(_hints(row)), **said, **dict(_objections(row, question))},
    )


def _area_ha(row: Mapping[str, Any]) -> float:
    """Of the declared and the measured area the smaller counts. [ha]"""
    declared = row.get("area_declared_ha")
    measured = float(row["area_ha"])
    return min(measured, float(declared)) if declared is not None and declared == declared else measured


def _hints(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a land class says in favour of a parcel."""
    known = land_class(row.get("land_class") or "")
    if known and known.wetland is False:
        yield "wetland", False
    if known and known.planned:
        yield "planned_for_afforestation", True


def _objections(row: Mapping[str, Any], question: Question) -> Iterator[tuple[str, Any]]:
    """What the file says against a parcel. Forest that stands today is none if the project had planted it already."""
    known = land_class(row.get("land_class") or "")
    cover = row.get("canopy_cover")
    dense = cover is not None and cover == cover and cover >= choice("canopy_forest_min", question.day).number()
    if ((known and known.forest) or dense) and question.start >= question.day:
        yield "no_forest_since", question.start
    if known and known.wetland:
        yield "wetland", True
    if known and known.purpose:
        yield "purpose", known.purpose


def _judged(row: Mapping[str, Any], parcel: Parcel, verdicts: Sequence[Verdict], question: Question) -> Judged:
    against = tuple(v.clause for v in verdicts if v.outcome == "not_met")
    unsettled = tuple(v.clause for v in verdicts if v.outcome in ("evidence_missing", "unread"))
    standing: Standing = "excluded" if against else "doubtful" if unsettled else "eligible"
    species = str(row.get("species") or question.species)
    area_ha = parcel.area_m2 / M2_PER_HA
    return Judged(parcel.id, area_ha, species, _planted(row, question), standing, against, unsettled, tuple(verdicts))


def _planted(row: Mapping[str, Any], question: Question) -> date:
    """The year of planting in the file, at the season of the start; without one, the start."""
    year = row.get("planted_year")
    if year is None or year != year or int(year) >= question.start.year:
        return question.start
    return date(int(year), question.start.month, min(question.start.day, 28))
