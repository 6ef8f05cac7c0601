"""Facts that the project file states: who, when, under which methodology, which strata."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tanhui.kernel.wording import LANGS
from tanhui.mrv.methods import method
from tanhui.projects.documents.catalogue import make_fact, species_text
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact

__all__ = ["facts"]


def facts(material: Material) -> Iterator[Fact]:
    """The project, its dates, its methodology and its strata."""
    project = material.project
    yield make_fact("project.id", material.result["project"], "result.json#/project")
    yield make_fact("project.title", material.result["title"], "result.json#/title")
    yield make_fact("project.lead", material.result["lead"], "result.json#/lead")
    if project is None:
        return
    dates = project.dates
    yield make_fact("project.owner", project.owner, "project.toml: owner")
    yield make_fact("project.started", dates.started.isoformat(), "project.toml: dates.started")
    yield make_fact("project.crediting_first", dates.crediting_start.isoformat(), "project.toml: dates.crediting_start")
    yield make_fact("project.crediting_last", dates.crediting_end.isoformat(), "project.toml: dates.crediting_end")
    after = dates.crediting_end + timedelta(days=1)
    years = (
        after.year - dates.crediting_start.year - ((after.month, after.day) < dates.crediting_start.timetuple()[1:3])
    )
    yield make_fact("project.crediting_years", years, "project.toml: dates")
    yield make_fact("project.applied", dates.applied.isoformat(), "project.toml: dates.applied")
    baseline = project.baseline_removal_co2e_t
    yield make_fact("project.baseline_co2e_t", baseline, "project.toml: baseline_removal_co2e_t")
    rules = method(project.method)
    yield make_fact("project.method", rules.version, "project.toml: method")
    yield make_fact("project.method_title", {lang: rules.title(lang) for lang in LANGS}, "project.toml: method")
    yield make_fact("project.method_scope", {lang: rules.scope(lang) for lang in LANGS}, "project.toml: method")
    for number, stratum in enumerate(project.strata):
        where = f"project.toml: strata[{number}]"
        species = species_text(stratum.species)
        yield make_fact("project.stratum.*.species", stratum.species, f"{where}.species", stratum.id, text=species)
        yield make_fact("project.stratum.*.planted", stratum.planted.isoformat(), f"{where}.planted", stratum.id)
        yield make_fact("project.stratum.*.survival", stratum.survival, f"{where}.survival", stratum.id)
