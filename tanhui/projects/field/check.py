"""``tanhui field check``: what came back, held against the plan, the land and the visit before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import digest, file_digest, readable_bytes, rounded
from tanhui.kernel.errors import InputError
from tanhui.kernel.files import staged_folder, write_whole
from tanhui.kernel.manifest import software
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.wording import Lang
from tanhui.projects.field.digits import last_digits
from tanhui.projects.field.land import project_land
from tanhui.projects.field.limits import check_record, leaf
from tanhui.projects.field.model import PlannedPlot
from tanhui.projects.field.plan import FORMAT as PLAN_FORMAT
from tanhui.projects.field.plan import refuse_written
from tanhui.projects.field.positions import Places, places_of
from tanhui.projects.field.quality import Context, Report, quality
from tanhui.projects.field.returned import book_rows, read_returned, read_second_team
from tanhui.projects.field.sheet import environment
from tanhui.projects.field.survey import FieldSurvey, survey_of_book
from tanhui.projects.model import PROJECT_FILE, Afforestation, load_project
from tanhui.projects.template import workbook_bytes

__all__ = ["FORMAT", "check_survey"]

FORMAT = "tanhui-field-check-1"


def check_survey(
    where: Path,
    surveys: Sequence[Path],
    *,
    before: Path | None = None,
    remeasured: Path | None = None,
    out: Path | None = None,
    lang: Lang = "zh",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Check a survey and write its report.

    Parameters
    ----------
    where : Path
        A project folder, or a plan: its folder or its ``plan.json``.
    surveys : sequence of Path
        One workbook, or several that together are one survey.
    before, remeasured : Path, optional
        The survey before, and a workbook of the second team.
    out : Path, optional
        ``out/<project>-field-check`` otherwise.

    Returns
    -------
    dict
        Verdict, findings, checks made, and ``out``.

    Raises
    ------
    RefusedInput
        With every fault of every workbook.
    """
    report = progress or silent
    report("field_read", 0, 1)
    name, title, places, planted = known_places(where, lang)
    book = read_returned(surveys, planted)
    survey = survey_of_book(book)
    if remeasured is not None:
        survey = with_second_team(survey, remeasured)
    then = survey_of_book(read_returned([before])) if before is not None else None
    report("field_read", 1, 1)
    found = quality(survey, Context(then, places))
    target = out or Path("out") / f"{name}-field-check"
    refuse_written(target, FORMAT)
    files = [*surveys, *([before] if before else []), *([remeasured] if remeasured else [])]
    document = document_of(name, title, survey, found, files)
    with staged_folder(target) as stage:
        pages = {
            "check.json": readable_bytes(document),
            "check.html": check_page(document, lang).encode(),
        }
        if len(surveys) > 1:
            pages["survey.xlsx"] = workbook_bytes(book_rows(book), lang=lang)
        for page, data in pages.items():
            write_whole(stage / page, data)
        hashes = {page: digest(data) for page, data in pages.items()}
        write_whole(
            stage / "manifest.json", readable_bytes({"format": FORMAT, "files": hashes, "software": software()})
        )
    return {**document, "out": str(target)}


def known_places(where: Path, lang: Lang) -> tuple[str, str, Places, Mapping[str, date] | None]:
    """Name, title, what is known of places, and days of planting where a project says them."""
    if (where / PROJECT_FILE).is_file():
        project = load_project(where)
        if not isinstance(project, Afforestation):
            raise InputError("field.no_parcels", path=str(where))
        # The parcels alone: the surveys a project names may be the ones that are in question.
        land = project_land(project.model_copy(update={"monitoring": ()}), where, lang)
        planted = {stratum.id: stratum.planted for stratum in project.strata}
        return land.name, land.title, Places((), places_of(land.parcels)), planted
    file = where / "plan.json" if where.is_dir() else where
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        points = json.loads(file.with_name("points.geojson").read_text(encoding="utf-8"))
        if plan["format"] != PLAN_FORMAT:
            raise KeyError("format")
        return plan["project"], plan["title"], planned_places(plan, points), None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("field.no_plan", path=str(where)) from None


def planned_places(plan: Mapping[str, Any], points: Mapping[str, Any]) -> Places:
    """The plots of a plan, and the outlines beside it."""
    from shapely.geometry import shape

    outlines: dict[str, list[Any]] = {}
    for feature in points["features"]:
        if feature["properties"]["kind"] == "parcel":
            outlines.setdefault(feature["properties"]["stratum"], []).append(shape(feature["geometry"]))
    return Places(tuple(PlannedPlot(**plot) for plot in plan["plots"]), outlines)


def with_second_team(survey: FieldSurvey, path: Path) -> FieldSurvey:
    """The survey with the readings of another workbook as those of the second team."""
    import pandas as pd

    table = read_second_team(path).reindex(columns=list(survey.remeasured.columns))
    table = table.assign(
        remeasured_on=pd.to_datetime(table["remeasured_on"]),
        crew=table["crew"].astype(object).fillna(""),
        dbh_cm=table["dbh_cm"].astype(float),
        height_m=table["height_m"].astype(float),
    )
    return replace(survey, remeasured=table.reset_index(drop=True))


def document_of(name: str, title: str, survey: FieldSurvey, found: Report, files: Sequence[Path]) -> dict[str, Any]:
    """Everything the report shows."""
    made = [tested.check for tested in found.tested if tested.n]
    limits = sorted({one for check in made for one in check_record(check)["limits"]} | {"projects_field/alpha"})
    document: dict[str, Any] = rounded(
        {
            "format": FORMAT,
            "project": name,
            "title": title,
            "survey": survey.file,
            "plots": len(survey.plots),
            "trees": len(survey.trees),
            "remeasured_plots": int(survey.remeasured["location_id"].nunique()),
            **found.to_dict(),
            "digits": {
                column: last_digits(survey.trees[column].to_numpy(float)).tolist() for column in ("dbh_cm", "height_m")
            },
            "limits": [{**leaf(key).to_dict(), "zh": leaf(key).zh, "en": leaf(key).en} for key in limits],
            "inputs": [{"name": path.name, "sha256": file_digest(path)} for path in files if path.is_file()],
        }
    )
    return document


def check_page(document: Mapping[str, Any], lang: Lang) -> str:
    """The report as one self-contained HTML page."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for finding in document["findings"]:
        groups.setdefault(finding["check"], []).append(finding)
    names = {tested["check"]: tested["name"][lang] for tested in document["tested"]}
    return environment(lang).get_template("check.html").render(report=document, groups=groups, names=names, lang=lang)
