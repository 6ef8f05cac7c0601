"""``tanhui history``: imagery and surveys in, a book with one row per parcel out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import file_digest, readable_bytes, rounded
from tanhui.kernel.errors import InputError
from tanhui.kernel.files import staged_folder
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.time import years_later
from tanhui.mrv.methods import method
from tanhui.projects.history.imagery import Image, Looker, find_images
from tanhui.projects.history.interpretation import Reading, blank_table, read_interpretation
from tanhui.projects.history.land_classes import land_class
from tanhui.projects.history.model import DAYS_PER_YEAR, Glance, History, State, settle, threshold, thresholds
from tanhui.projects.history.survey import read_surveys, survey_states
from tanhui.projects.model import Afforestation, load_project
from tanhui.projects.scout.files import refuse_edited
from tanhui.projects.site import read_parcels

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["PER_PAGE", "Book", "Sources", "history"]

#: Parcels on one page, so that a browser can print any of them.
PER_PAGE = 50
#: Memory for blocks of images. [MB]
CACHE_MB = 128


@dataclass(frozen=True, slots=True)
class Sources:
    """What the person brings: images (files, folders, a table of days), surveys, and what was seen on the images."""

    imagery: tuple[Path, ...] = ()
    survey: tuple[Path, ...] = ()
    interpretation: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What the book rests on, before its parcels."""

    project: Afforestation
    frame: gpd.GeoDataFrame
    first: date
    start: date
    years: int
    images: tuple[Image, ...]
    inputs: tuple[dict[str, Any], ...]

    @property
    def day(self) -> date:
        """Whose rules and thresholds are used."""
        return self.project.dates.applied


def history(
    folder: Path, sources: Sources, out: Path, *, per_page: int = PER_PAGE, progress: Progress | None = None
) -> dict[str, Any]:
    """Write the land-history evidence book of a project.

    Parameters
    ----------
    folder : Path
        The project; its parcels and its start are used.
    sources : Sources
    out : Path
        Folder for ``index.html``, ``parcels-001.html`` and on, ``land_history.json``, ``conditions.toml``,
        ``interpretation-blank.csv`` and ``manifest.json``.
    per_page : int
        Parcels on one page.

    Returns
    -------
    dict
        The document of ``land_history.json``.

    Raises
    ------
    RefusedInput
        With every fault of the images, the surveys and the interpretation.
    InputError
        If there is no source at all, the project is no afforestation, or somebody changed a file in ``out``.
    """
    from tanhui.projects.history.page import write_index, write_page

    tell = progress or silent
    refuse_edited(out)
    if not sources.imagery and not sources.survey:
        raise InputError("history.no_sources")
    book, readings, states = gather(folder, sources)
    parcels: list[dict[str, Any]] = []
    with staged_folder(out) as stage:
        for number, chunk in enumerate(chunks(book, readings, states, per_page), start=1):
            write_page(stage, number, chunk, book)
            parcels += [{**one.to_dict(), "page": number} for one in chunk]
            tell("history", len(parcels), len(book.frame))
        result: dict[str, Any] = rounded(document(book, parcels))
        write_index(stage, result)
        (stage / "land_history.json").write_bytes(readable_bytes(result))
        (stage / "conditions.toml").write_text(conditions(result), encoding="utf-8")
        if book.images:
            blank = blank_table((p["id"] for p in parcels), book.images)
            (stage / "interpretation-blank.csv").write_text(blank, encoding="utf-8")
        files = {path.name: file_digest(path) for path in sorted(stage.iterdir())}
        manifest = {"format": "tanhui-history-1", "inputs": list(book.inputs), "files": files}
        (stage / "manifest.json").write_bytes(readable_bytes(manifest))
    return result


def gather(folder: Path, sources: Sources) -> tuple[Book, tuple[Reading, ...], dict[int, list[State]]]:
    """The project, its parcels and every source, checked; the states of the surveys by place of the parcel."""
    project = load_project(folder)
    if not isinstance(project, Afforestation):
        raise InputError("history.not_afforestation", project=project.id)
    parcels = read_parcels(project, folder)
    images, surveys = find_images(sources.imagery), read_surveys(sources.survey)
    ids = {str(name) for name in parcels.frame["parcel_id"]}
    readings = read_interpretation(sources.interpretation, ids, {image.name for image in images})
    day, start = project.dates.applied, project.dates.started
    years = int(method(project.method).parameters["not_forest_years"].at(day).number())
    others = [*sources.survey, *([sources.interpretation] if sources.interpretation else [])]
    inputs = [{"name": one.name, "sha256": one.sha256, "size_bytes": one.size_bytes} for one in parcels.observations]
    inputs += [{"name": one.name, "sha256": one.sha256, "size_bytes": one.size_bytes} for one in images]
    inputs += [
        {"name": part.name, "sha256": file_digest(part), "size_bytes": part.stat().st_size}
        for path in others
        for part in sorted(path.parent.glob(f"{path.stem}.*"))
        if part.is_file()
    ]
    book = Book(project, parcels.frame, years_later(start, -years), start, years, images, tuple(inputs))
    return book, readings, survey_states(parcels.frame, surveys, day)


def chunks(
    book: Book, readings: Sequence[Reading], states: dict[int, list[State]], size: int
) -> Iterator[list[History]]:
    """Histories in the order of the parcels, a page at a time: what an image shows is never in memory for all."""
    import rasterio

    said: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        said.setdefault((reading.parcel, reading.image), []).append(reading)
    ids = [str(name) for name in book.frame["parcel_id"]]
    areas = book.frame["area_ha"].to_list()
    # No directory is listed and no neighbour opened but an image's own overviews; nothing is fetched.
    with rasterio.Env(GDAL_CACHEMAX=CACHE_MB, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", CPL_CURL_ENABLE="NO"):
        lookers = [Looker(image, book.frame, book.day) for image in book.images]
        try:
            for start in range(0, len(ids), size):
                yield [
                    told(book, ids[n], areas[n], [looker.glance(n) for looker in lookers], states.get(n, []), said)
                    for n in range(start, min(start + size, len(ids)))
                ]
        finally:
            for looker in lookers:
                looker.close()


def told(
    book: Book,
    parcel: str,
    area_ha: float,
    glances: Sequence[Glance],
    states: Sequence[State],
    said: dict[tuple[str, str], list[Reading]],
) -> History:
    """One parcel's history: survey states, and what people saw on images that cover it."""
    found = list(states)
    least = threshold("covered_share_min", book.day).number()
    for glance in glances:
        for reading in said.get((parcel, glance.image), ()):
            known = land_class(reading.land_class)
            assert known is not None
            covered = glance.covered >= least
            forest = known.forest if covered else None
            why = "" if forest is not None else "unknown_class" if covered else "not_covered"
            share = ((reading.land_class, 1.0),)
            found.append(State(glance.day, glance.image, "interpretation", forest, share, why, reading.interpreter))
    gap_days = threshold("gap_years_max", book.day).number() * DAYS_PER_YEAR
    outcome, since, gaps, forest_states = settle(found, first=book.first, start=book.start, gap_days=gap_days)
    ordered = tuple(sorted(found, key=lambda s: (s.day, s.source)))
    return History(parcel, area_ha, outcome, since, gaps, forest_states, ordered, tuple(glances))


def document(book: Book, parcels: list[dict[str, Any]]) -> dict[str, Any]:
    """The book as JSON can carry it."""
    counts = Counter(parcel["verdict"] for parcel in parcels)
    return {
        "format": "tanhui-history-1",
        "project": book.project.id,
        "title": {"zh": book.project.title.zh, "en": book.project.title.en},
        "method": book.project.method,
        "clause": "2 a)",
        "start": book.start.isoformat(),
        "first": book.first.isoformat(),
        "years": book.years,
        "illustrative": book.project.illustrative,
        "counts": {name: counts[name] for name in ("met", "not_met", "evidence_missing")},
        "area_ha": sum(parcel["area_ha"] for parcel in parcels),
        "images": [image.to_dict() for image in book.images],
        "inputs": list(book.inputs),
        "thresholds": [named(threshold(name, book.day)) for name in thresholds()],
        "parcels": parcels,
    }


def named(leaf: Leaf) -> dict[str, Any]:
    """A threshold with its words."""
    return {**leaf.to_dict(), "zh": leaf.zh, "en": leaf.en}


def conditions(result: dict[str, Any]) -> str:
    """Lines for ``project.toml``: since when each parcel is shown to hold no forest, and the evidence that shows it.

    Parcels for which the condition is not met, or not shown, say nothing.
    """
    import json

    from tanhui.kernel.wording import say

    head = "\n".join(f"# {say('history.conditions', lang)}" for lang in ("zh", "en"))
    evidence = '[conditions.evidence]\nland_history = "history/land_history.json"\n'
    shown = {parcel["id"]: parcel["no_forest_since"] for parcel in result["parcels"] if parcel["no_forest_since"]}
    if len(shown) == len(result["parcels"]) and len({*shown.values()}) == 1:
        return f"{head}\n[conditions.parcels]\nno_forest_since = {next(iter(shown.values()))}\n\n{evidence}"
    rows = [f"[conditions.parcel.{json.dumps(name)}]\nno_forest_since = {day}\n" for name, day in shown.items()]
    return "\n".join([head, *rows, evidence])
