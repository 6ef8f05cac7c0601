"""``tanhui scout``: a parcel file in, one page, one workbook and one JSON document out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import file_digest, readable_bytes, rounded
from tanhui.kernel.errors import InputError
from tanhui.kernel.files import staged_folder
from tanhui.kernel.progress import Progress, silent
from tanhui.mrv.methods import method
from tanhui.projects.scout.document import Found, document
from tanhui.projects.scout.files import refuse_edited
from tanhui.projects.scout.growth import choose, expected_tonnes, read_curves, species_of
from tanhui.projects.scout.judge import choice, judge
from tanhui.projects.scout.model import METHOD, Question
from tanhui.projects.scout.money import money, read_costs, sales
from tanhui.sensing.inventory.read_xiaoban import Parcels, read_xiaoban

__all__ = ["look", "scout"]


def scout(path: Path, question: Question, out: Path | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Look at a parcel file, and write the page and the workbook where a folder is named.

    Parameters
    ----------
    path : Path
        Parcels in any format :func:`read_xiaoban` takes.
    question : Question
        What the file does not say.
    out : Path, optional
        Folder for ``scout.html``, ``scout.xlsx``, ``scout.json``, ``costs.toml`` and ``manifest.json``.

    Returns
    -------
    dict
        The document of ``scout.json``.

    Raises
    ------
    RefusedInput
        With every fault of the parcels, costs, curves or answers.
    InputError
        If the length of crediting is not one of the methodology's, or a file in ``out`` was edited by a person.
    """
    tell = progress or silent
    if out is not None:
        refuse_edited(out)
    refuse_years(question)
    tell("scout_read", 0, 1)
    parcels = read_xiaoban(path, question.parcels)
    tell("scout_read", 1, 1)
    found = look(parcels, question, path.name, tell)
    result: dict[str, Any] = rounded(document(found))
    if out is not None:
        tell("scout_write", 0, 1)
        write(out, parcels, found, result)
        tell("scout_write", 1, 1)
    return result


def refuse_years(question: Question) -> None:
    """The crediting period must be as long as the methodology allows."""
    rules = method(METHOD).parameters
    least, most = (int(rules[f"crediting_years_{end}"].at(question.day).number()) for end in ("min", "max"))
    if not least <= question.years <= most:
        raise InputError("scout.years", years=question.years, least=least, most=most)


def look(parcels: Parcels, question: Question, file: str, tell: Progress = silent) -> Found:
    """Judge the parcels, plan their growth and weigh the money. Pure but for the person's own files."""
    costs, own = read_costs(question.costs), read_curves(question.growth)
    tell("scout_judge", 0, 1)
    judged, project = judge(parcels.frame, question)
    tell("scout_judge", 1, 1)
    tell("scout_grow", 0, 1)
    taxa = species_of(judged, question)
    distinct = {taxon.id: taxon for taxon in taxa.values()}
    choices = {name: choose(taxon, question, own) for name, taxon in sorted(distinct.items())}
    standing = [parcel for parcel in judged if parcel.standing != "excluded"]
    tonnes, plan = expected_tonnes(standing, taxa, choices, question.crediting)
    tell("scout_grow", 1, 1)
    assert costs.price is not None
    price = costs.price.value if question.price_cny_t is None else question.price_cny_t
    kept = 1 - method(METHOD).parameters["k_risk"].at(question.day).number()
    carbon = analysis = None
    if tonnes is not None:
        every = int(choice("verification_every_yr", question.day).number())
        carbon = sales(tonnes.years, tonnes.cumulative_t.tolist(), kept, every)
        analysis = money(costs, tonnes.area_ha, carbon, price)
    return Found(
        file=file,
        system=parcels.system,
        question=question,
        parcels=judged,
        project=project,
        choices=tuple(choices.values()),
        tonnes=tonnes,
        plan=plan,
        kept_share=kept,
        costs=costs,
        price_cny_t=price,
        carbon=carbon,
        analysis=analysis,
        notes=parcels.notes,
    )


def write(out: Path, parcels: Parcels, found: Found, result: dict[str, Any]) -> None:
    """The folder with everything in it, whole or not at all."""
    from tanhui.projects.scout.page import render
    from tanhui.projects.scout.workbook import workbook_bytes

    question = found.question
    inputs = [observation.to_dict() for observation in parcels.observations]
    own = [path for path in (question.costs, question.growth, question.conditions) if path is not None]
    inputs += [
        {"name": path.name, "sha256": file_digest(path), "size_bytes": path.stat().st_size, "instrument": "settings"}
        for path in own
    ]
    with staged_folder(out) as stage:
        (stage / "scout.json").write_bytes(readable_bytes(result))
        (stage / "scout.html").write_text(render(result, parcels.frame, inputs), encoding="utf-8")
        (stage / "scout.xlsx").write_bytes(workbook_bytes(result, found))
        (stage / "costs.toml").write_text(costs_toml(found), encoding="utf-8")
        files = {path.name: file_digest(path) for path in sorted(stage.iterdir())}
        manifest = {"format": "tanhui-scout-1", "inputs": inputs, "files": files}
        (stage / "manifest.json").write_bytes(readable_bytes(manifest))


def costs_toml(found: Found) -> str:
    """The costs that were used, to be copied, changed and given back with ``--costs``."""
    import json

    def table(head: str, entry: dict[str, Any]) -> str:
        given = {key: value for key, value in entry.items() if value is not None and value != ""}
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in given.items()]
        return "\n".join([head, *lines])

    costs = found.costs
    assert costs.price is not None
    assert costs.benchmark is not None
    price = replace_value(costs.price.model_dump(mode="json", exclude={"checked_on"}), found.price_cny_t)
    parts = [table("[price]", price)]
    parts.append(table("[benchmark]", costs.benchmark.model_dump(mode="json", exclude={"checked_on"})))
    parts += [table("[[items]]", item.model_dump(mode="json", exclude={"checked_on"})) for item in costs.items or ()]
    return "\n\n".join(parts) + "\n"


def replace_value(entry: dict[str, Any], value: float) -> dict[str, Any]:
    """A table with another value; where a person said it, the source is no longer ours."""
    if entry["value"] == value:
        return entry
    return {**entry, "value": value, "reference": ""}
