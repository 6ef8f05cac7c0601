"""A case from files: a run folder, and whatever else there is to hold it against."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.audit.case import Case, Claimed, Layer, Stated
from tanhui.projects.explain import read_run

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.projects.field.survey import FieldSurvey
    from tanhui.projects.model import Afforestation
    from tanhui.projects.site import Site

__all__ = ["Beside", "read_case"]

TABLES = ("trees", "plots", "parcels")
NUMBER = re.compile(r"[-\u2212+]?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a run is held against; all of it may be absent.

    Attributes
    ----------
    project : Path, optional
        The project folder: surveys as crews wrote them, outlines, dates, equations worked out again.
    map : Path, optional
        A GeoTIFF of stock.
    tenure, planting : Path, optional
        The tenure table and the planting record.
    documents : sequence of Path
        Documents of this product (.docx), or figures by their keys (.toml).
    claimed : sequence of Period
        Periods claimed before.
    """

    project: Path | None = None
    map: Path | None = None
    tenure: Path | None = None
    planting: Path | None = None
    documents: Sequence[Path] = ()
    claimed: Sequence[Period] = ()


def read_case(out: Path, beside: Beside | None = None) -> Case:
    """Everything the checks may look at.

    Raises
    ------
    RefusedInput
        If a file is wrong, or the project folder is not the one the run was made from.
    InputError
        If the run holds no claim.
    """
    import pandas as pd

    given = beside or Beside()
    result, manifest = read_run(out)
    if not result["claims"] or not all((out / f"{name}.parquet").is_file() for name in TABLES):
        raise InputError("audit.no_claim", path=str(out))
    trees, plots, parcels = (pd.read_parquet(out / f"{name}.parquet") for name in TABLES)
    plots = plots.assign(visit=plots["year"].rank(method="dense").astype(int) - 1, crew="")
    case = Case(
        project=str(result["project"]),
        run=str(manifest["run"]),
        claim=claimed(result, given.claimed),
        layers=layers_of(parcels),
        plots=plots,
        trees=trees,
        parcels=parcels,
        surveys=surveys_of(plots, trees),
        plan=plan_of(result),
        ranges=ranges(),
    )
    if given.project is not None:
        case = with_project(case, given.project, manifest, given.map)
    elif given.map is not None:
        raise InputError("audit.map_needs_project")
    if given.tenure is not None:
        case = replace(case, rights=rights_of(given.tenure))
    if given.planting is not None:
        from tanhui.kernel.tables import read_table, table_spec

        case = replace(case, planting=read_table(given.planting, table_spec("projects_audit", "planting")))
    if given.documents:
        case = replace(case, stated=tuple(x for path in given.documents for x in stated_in(path, out)))
    return case


def claimed(result: Mapping[str, Any], before: Sequence[Period]) -> Claimed:
    """The claim of a run."""
    claim = result["claims"][0]
    change = next(row for row in result["estimates"] if row["quantity"] == "tree_change_co2e_t")
    return Claimed(
        method=claim["method"],
        period=days(claim["period"]),
        change_period=days(change["valid"]),
        lines={line["line"]: float(line["co2e_t"]) for line in claim["lines"]},
        years=tuple((int(y["year"]), float(y["co2e_t"]), int(y["credits_t"])) for y in claim["by_year"]),
        credits_t=int(claim["credits_t"]),
        change_co2e_t=float(change["value"]),
        before=tuple(before),
    )


def days(pair: Sequence[str]) -> Period:
    """A period as documents print it, both days included."""
    return Period.inclusive(date.fromisoformat(pair[0]), date.fromisoformat(pair[1]))


def layers_of(parcels: pd.DataFrame) -> dict[str, Layer]:
    """Strata as the parcels give them; the project file says more."""
    found = {}
    for name, mine in parcels.groupby("stratum"):
        year = int(mine["planted_year"].min()) if mine["planted_year"].notna().any() else date.min.year
        found[str(name)] = Layer(
            str(mine["species"].mode().iloc[0]), date(year, 1, 1), float(mine["area_credited_ha"].sum())
        )
    return found


def surveys_of(plots: pd.DataFrame, trees: pd.DataFrame) -> tuple[FieldSurvey, ...]:
    """The visits as far as a run keeps them: without crews and second readings."""
    import pandas as pd

    from tanhui.projects.field.survey import AGAIN, UNNUMBERED, FieldSurvey

    place = plots.set_index("plot_id")
    joined = trees.assign(
        location_id=trees["plot_id"].map(place["location_id"]), visit=trees["plot_id"].map(place["visit"])
    )
    joined = joined[~joined["tree_id"].astype(str).str.match(UNNUMBERED)]
    return tuple(
        FieldSurvey(
            "plots.parquet",
            plots[plots["visit"] == visit].reset_index(drop=True),
            joined[joined["visit"] == visit].drop(columns="visit").reset_index(drop=True),
            pd.DataFrame(columns=AGAIN),
        )
        for visit in range(int(plots["visit"].max()) + 1)
    )


def plan_of(result: Mapping[str, Any]) -> tuple[tuple[float, float, float], ...]:
    """Year, planned stock and its standard error; a 90 % interval is 3.29 of them wide."""
    from tanhui.mrv.sampling import t_two_sided

    points = (result.get("plan") or {}).get("stock", ())
    wide = 2 * t_two_sided(0.90, float("inf"))
    return tuple((float(p["year"]), float(p["value"]), (p["ci90"][1] - p["ci90"][0]) / wide) for p in points)


def ranges() -> dict[str, tuple[float, float]]:
    """Diameters that equations were made for; a table times a factor goes by the table's name."""
    from tanhui.sinks.forest.equations import equations

    limits = {
        name: (item.d_min_cm or 0.0, item.d_max_cm if item.d_max_cm is not None else np.inf)
        for name, item in equations().items()
    }
    return _ByTable(limits)


class _ByTable(dict[str, tuple[float, float]]):
    """A mapping that passes over what stands behind a star: ``table*group``."""

    def get(self, key: str, default: Any = None) -> Any:
        """The range of a table."""
        return super().get(str(key).partition("*")[0], default)


def with_project(case: Case, folder: Path, manifest: Mapping[str, Any], map_file: Path | None) -> Case:
    """The project folder beside its run."""
    from tanhui.projects.model import Afforestation, load_project
    from tanhui.projects.site import read_site

    project = load_project(folder)
    if not isinstance(project, Afforestation):
        raise InputError("audit.no_claim", path=str(folder))
    site = read_site(project, folder)
    check_inputs(site, manifest)
    frame = site.parcels.frame
    metric = frame.to_crs(frame.estimate_utm_crs())
    strata = {s.id: Layer(s.species, s.planted, site.area_ha[s.id]) for s in project.strata}
    claim = replace(case.claim, crediting=project.dates.crediting, applied=project.dates.applied)
    surveys = surveys_as_written(project, folder)
    case = replace(
        case,
        claim=claim,
        layers=strata,
        plots=numbered(case.plots, site, surveys),
        trees=recomputed(case.trees, project, folder, site),
        surveys=surveys,
        outlines=list(metric.geometry),
        land={name: list(mine) for name, mine in frame.groupby("stratum")["geometry"]},
    )
    if map_file is None:
        return case
    from tanhui.projects.audit.read_map import with_map

    plots, parcels = with_map(map_file, case.plots, case.parcels, frame)
    return replace(case, plots=plots, parcels=parcels)


def check_inputs(site: Site, manifest: Mapping[str, Any]) -> None:
    """Refuse a project folder that says something else than it did to the run."""
    known = {row["sha256"] for row in manifest["inputs"]}
    faults = [Fault("audit.other_inputs", one.name) for one in site.observations if one.sha256 not in known]
    if faults:
        raise RefusedInput(faults)


def surveys_as_written(project: Afforestation, folder: Path) -> tuple[FieldSurvey, ...]:
    """The workbooks with crews and second readings; the site has been read, so they have no faults."""
    from tanhui.projects.field.survey import survey_of_book
    from tanhui.sensing.inventory.workbook import read_workbook

    return tuple(survey_of_book(read_workbook(folder / visit.file)[0]) for visit in project.monitoring)


def numbered(plots: pd.DataFrame, site: Site, surveys: Sequence[FieldSurvey]) -> pd.DataFrame:
    """Plots with the number of their monitoring and the crew that measured them."""
    visit = {name: k for k, one in enumerate(site.surveys) for name in one.inventory.plots["plot_id"]}
    crew = {
        (k, place): who
        for k, one in enumerate(surveys)
        for place, who in zip(one.plots["location_id"], one.plots["crew"], strict=True)
    }
    number = plots["plot_id"].map(visit).astype(int)
    crews = [crew.get((k, place), "") for k, place in zip(number, plots["location_id"], strict=True)]
    return plots.assign(visit=number, crew=crews)


def recomputed(trees: pd.DataFrame, project: Afforestation, folder: Path, site: Site) -> pd.DataFrame:
    """Trees with their carbon worked out again by the project's equations."""
    from tanhui.projects.plot_trees import tree_carbon

    assert site.inventory is not None
    found, _ = tree_carbon(project, folder, site)
    ours = site.inventory.trees[["plot_id", "tree_id"]].assign(
        recomputed_kg=found.carbon_kg("tree", len(site.inventory.trees))
    )
    return trees.merge(ours, on=["plot_id", "tree_id"], how="left")


def rights_of(path: Path) -> pd.DataFrame:
    """The tenure table as the checks want it."""
    import pandas as pd

    from tanhui.kernel.units import MU_PER_HA
    from tanhui.projects.tenure import read_tenure

    return pd.DataFrame(
        [
            {
                "parcel_id": right.parcel,
                "certified_ha": float(right.certified_mu) / MU_PER_HA,
                "first_day": right.first_day,
                "last_day": right.last_day,
                "authorised": right.carbon_authorised,
            }
            for right in read_tenure(path)
        ],
        columns=["parcel_id", "certified_ha", "first_day", "last_day", "authorised"],
    )


def stated_in(path: Path, out: Path) -> list[Stated]:
    """The figures a document prints under keys of the run."""
    from tanhui.projects.documents.facts import collect
    from tanhui.projects.documents.material import read_material

    facts = collect(read_material(out))
    found = []
    for key, said in figures_of(path).items():
        if key not in facts:
            continue
        fact = facts[key]
        texts = {f"{text} {fact.unit}".strip() for text in fact.text.values()} | set(fact.text.values())
        if isinstance(said, str) and (said in texts or said.rsplit(" ", 1)[0] in texts):
            continue
        value, stated = fact.value, number_in(said)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and stated is not None:
            found.append(Stated(path.name, key, stated, rounded_like(float(value), said)))
        else:
            found.append(Stated(path.name, key, str(said), next(iter(fact.text.values()))))
    return found


def figures_of(path: Path) -> Mapping[str, Any]:
    """Figures by key: the list at the end of a document of this product, or a TOML file."""
    if path.suffix.lower() != ".toml":
        from tanhui.projects.documents.diff import read_document

        return read_document(path).figures
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RefusedInput([Fault("audit.figures_unreadable", path.name, facts={"detail": str(error)})]) from None
    return dict(_flat(document))


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """``[claim] net = 5`` is ``claim.net``."""
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        whole = f"{before}.{key}" if before else str(key)
        found += _flat(value, whole) if isinstance(value, dict) else [(whole, value)]
    return found


def number_in(said: Any) -> float | None:
    """The number at the beginning of a text."""
    if isinstance(said, (int, float)):
        return float(said)
    match = NUMBER.match(str(said).strip())
    return float(match[0].replace(",", "").replace("\u2212", "-")) if match else None


def rounded_like(value: float, said: Any) -> float:
    """The run's figure with as many digits as the document prints."""
    text = NUMBER.match(str(said).strip())
    digits = len(text[0].partition(".")[2]) if text else 0
    return round(value, digits)
