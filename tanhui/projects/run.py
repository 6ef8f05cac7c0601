"""The river in one call: a project folder in, a result folder out, whole or not at all.

A result folder holds ``result.json``, ``manifest.json``, ``report.html`` and the rows behind the figures
(``trees.parquet``, ``plots.parquet``). Which river a project is, its ``method`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import digest, file_digest, readable_bytes, rounded
from tanhui.kernel.confirmations import read_confirmations
from tanhui.kernel.files import staged_folder, write_whole
from tanhui.kernel.manifest import Manifest, result_digest, software, unique_leaves
from tanhui.kernel.nouns import Observation
from tanhui.kernel.parameters import Value
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.signing import load_trust
from tanhui.projects.model import PROJECT_FILE, Afforestation, Head, Regional, load_project
from tanhui.projects.river import River

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finished", "check_project", "plan_project", "run_project"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is on disk."""

    out: Path
    result: Mapping[str, Any]
    manifest: Mapping[str, Any]


def run_project(folder: Path, out: Path | None = None, progress: Progress | None = None) -> Finished:
    """Run a project and write its result folder.

    Parameters
    ----------
    folder : Path
        The project folder.
    out : Path, optional
        The result folder, ``out/<project id>`` otherwise. An earlier result there is replaced in one step.
    progress : callable, optional
        Told of each step.

    Raises
    ------
    RefusedInput
        With every fault of the project file and the files it names; nothing is written.
    """
    report = progress or silent
    project = load_project(folder)
    out = out or Path("out") / project.id
    with staged_folder(out) as stage:
        river = flow(project, folder, report)
        report("write", 0, 2)
        tables = {name: table_bytes(table) for name, table in river.tables.items()}
        result, manifest = seal(project, project_observation(folder), river, tables)
        report("write", 1, 2)
        write_results(stage, result, manifest, tables)
        report("write", 2, 2)
    return Finished(out, result, manifest)


def flow(project: Regional | Afforestation, folder: Path, progress: Progress) -> River:
    """The river of a project, by its kind."""
    confirmed = confirmed_parameters(project, folder)
    if isinstance(project, Regional):
        from tanhui.projects.regional import regional_river

        return regional_river(project, folder, confirmed, progress)
    from tanhui.projects.afforestation import afforestation_river

    return afforestation_river(project, folder, confirmed, progress)


def confirmed_parameters(project: Head, folder: Path) -> list[tuple[str, Value]]:
    """What trusted experts and verifiers have confirmed, from the files the project names."""
    if not project.confirmations or project.trust is None:
        return []
    return read_confirmations([folder / path for path in project.confirmations], load_trust(folder / project.trust))


def seal(
    project: Head, project_file: Observation, river: River, tables: Mapping[str, bytes]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Result and manifest, each naming the other, and the result naming its tables by their hashes."""
    named = {f"{name}.parquet": digest(data) for name, data in tables.items()}
    result: dict[str, Any] = rounded({**river.result, "tables": named})
    manifest = Manifest(
        project=project.id,
        seed=project.seed,
        inputs=(project_file, *river.inputs),
        methods=river.methods,
        parameters=unique_leaves(river.parameters),
        result_sha256=result_digest(result),
        software=software(),
        options=river.options,
    )
    return {**result, "run": manifest.run}, manifest.to_dict()


def project_observation(folder: Path) -> Observation:
    """The project file as one of the run's inputs."""
    path = folder / PROJECT_FILE
    return Observation(path.name, file_digest(path), path.stat().st_size, "project file")


def table_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet, its floats rounded like every result, so that the same run has the same bytes."""
    import io

    import numpy as np

    from tanhui.kernel.canonical import SIGNIFICANT_DIGITS

    def rounded_column(column: pd.Series) -> pd.Series:
        if column.dtype != np.float64:
            return column
        size = np.floor(np.log10(np.abs(column.where(column != 0, 1.0))))
        scale = 10.0 ** (SIGNIFICANT_DIGITS - 1 - size)
        rounded_values: pd.Series = (column * scale).round() / scale
        return rounded_values

    stream = io.BytesIO()
    table.apply(rounded_column).to_parquet(stream, index=False)
    return stream.getvalue()


def write_results(
    stage: Path, result: Mapping[str, Any], manifest: Mapping[str, Any], tables: Mapping[str, bytes]
) -> None:
    """Every file of a result folder, into the stage."""
    from tanhui.projects.report import render_report

    for name, data in tables.items():
        write_whole(stage / f"{name}.parquet", data)
    write_whole(stage / "result.json", readable_bytes(result))
    write_whole(stage / "manifest.json", readable_bytes(manifest))
    write_whole(stage / "report.html", render_report(result, manifest, "zh").encode())


def check_project(folder: Path) -> dict[str, Any]:
    """Read and check everything a run would read, and write nothing.

    Returns
    -------
    dict
        ``facts``: what was found, for a person to recognise.
    """
    project = load_project(folder)
    confirmed_parameters(project, folder)
    if isinstance(project, Regional):
        from tanhui.projects.regional import read_regional

        inventory, designs = read_regional(project, folder)
        facts = {"plots": len(inventory.plots), "trees": len(inventory.trees), "evaluations": len(designs)}
    else:
        from tanhui.projects.afforestation import read_afforestation

        facts = read_afforestation(project, folder).facts()
    return {"project": project.id, "method": project.method, "facts": facts}


def plan_project(folder: Path, out: Path | None = None) -> dict[str, Any]:
    """The ex-ante side of an afforestation project; written to ``out/plan.json`` where a folder is named."""
    from tanhui.kernel.errors import InputError

    project = load_project(folder)
    if not isinstance(project, Afforestation):
        raise InputError("project.no_plan")
    from tanhui.projects.afforestation import plan_document

    document: dict[str, Any] = rounded(plan_document(project, folder))
    if out is not None:
        write_whole(out / "plan.json", readable_bytes(document))
    return document
