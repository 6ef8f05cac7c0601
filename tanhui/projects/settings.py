"""What is wrong with the settings of a project file, in words and all together.

Shape first (:func:`shape_fault` puts pydantic's findings in ours), then meaning (:func:`meaning_faults`): species,
regions, equations, growth curves and conditions must be ones we know, and the files that are named must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput, TanhuiError
from tanhui.kernel.species import resolve_all
from tanhui.kernel.wording import LANGS, say

if TYPE_CHECKING:
    from tanhui.projects.model import Afforestation, Head

__all__ = ["PROJECT_FILE", "meaning_faults", "shape_fault"]

PROJECT_FILE = "project.toml"
#: Pydantic's kinds of findings and our codes for them.
SHAPES = {
    "missing": "project.missing_key",
    "extra_forbidden": "project.unknown_key",
    "string_type": "project.not_text",
    "string_too_short": "project.empty",
    "string_pattern_mismatch": "project.not_an_id",
    "int_type": "project.not_whole",
    "int_parsing": "project.not_whole",
    "int_from_float": "project.not_whole",
    "float_type": "project.not_a_number",
    "float_parsing": "project.not_a_number",
    "finite_number": "project.not_a_number",
    "bool_type": "project.not_a_flag",
    "bool_parsing": "project.not_a_flag",
    "date_type": "project.not_a_day",
    "date_parsing": "project.not_a_day",
    "date_from_datetime_parsing": "project.not_a_day",
    "date_from_datetime_inexact": "project.not_a_day",
    "literal_error": "project.not_a_choice",
    "greater_than": "project.not_above",
    "greater_than_equal": "project.too_small",
    "less_than": "project.not_below",
    "less_than_equal": "project.too_large_value",
    "path_type": "project.not_a_path",
    "tuple_type": "project.not_a_list",
    "list_type": "project.not_a_list",
    "dict_type": "project.not_a_table",
    "model_type": "project.not_a_table",
    "model_attributes_type": "project.not_a_table",
}


def shape_fault(detail: Mapping[str, Any], content: Mapping[str, Any], known: Sequence[str]) -> Fault:
    """One of pydantic's findings as a fault of ours; ``known`` are the names a setting may have."""
    kind, context = str(detail["type"]), dict(detail.get("ctx", {}))
    code = SHAPES.get(kind, "project.value")
    if kind == "value_error":  # our own checks raise ValueError(code, facts)
        code, *given = context.pop("error").args
        context.update(*given)
    limit = next((context[key] for key in ("gt", "ge", "lt", "le", "expected", "pattern") if key in context), "")
    facts: dict[str, Any] = {"detail": detail["msg"], "limit": limit, **context}
    place = named_place(detail["loc"], content)
    if kind == "extra_forbidden":
        facts |= hint(get_close_matches(str(detail["loc"][-1]), known, n=2))
    value = "" if kind == "missing" else str(detail["input"])[:80]
    return Fault(code, PROJECT_FILE, column=place, value=value, facts=facts)


def hint(near: Sequence[str]) -> dict[str, str]:
    """Facts of a sentence that asks what was meant, in both languages; empty where nothing is near."""
    if not near:
        return {"hint_zh": "", "hint_en": ""}
    return {f"hint_{lang}": say("species.did_you_mean", lang, names=", ".join(near)) for lang in LANGS}


def named_place(path: Sequence[str | int], content: Any) -> str:
    """Where a setting stands: of several tables of one kind each is named by its id or file, or counted from 1."""
    parts: list[str] = []
    for part in path:
        inside = _inside(content, part)
        if isinstance(part, int):
            name = next((inside[key] for key in ("id", "file") if isinstance(inside, dict) and key in inside), part + 1)
            parts[-1:] = [f"{parts[-1] if parts else ''}[{name}]"]
        else:
            parts.append(part)
        content = inside
    return ".".join(parts)


def _inside(content: Any, part: str | int) -> Any:
    """What stands at one step of a place, if anything does."""
    try:
        return content[part]
    except (KeyError, IndexError, TypeError):
        return None


def meaning_faults(project: Head, folder: Path) -> list[Fault]:
    """Settings of the right shape that mean nothing, or name what is not there."""
    from tanhui.projects.model import Afforestation

    faults = [*file_faults(project, folder), *tree_faults(project, folder)]
    if isinstance(project, Afforestation):
        faults += [*stratum_faults(project), *condition_faults(project)]
    return faults


def file_faults(project: Head, folder: Path) -> Iterator[Fault]:
    """Confirmations and the file that says whose signature counts."""
    named = [*project.confirmations, *([project.trust] if project.trust else [])]
    yield from (Fault("file.missing", str(folder / path)) for path in named if not (folder / path).is_file())
    if project.confirmations and project.trust is None:
        yield Fault("project.no_trust", PROJECT_FILE, column="trust")


def tree_faults(project: Head, folder: Path) -> Iterator[Fault]:
    """The region, and the equations fixed by hand."""
    from tanhui.sinks.forest.equations import equation, equations
    from tanhui.sinks.forest.selection import region_id
    from tanhui.sinks.forest.user import load_user_equations

    trees = project.trees
    yield from refused("trees.region", trees.region, partial(region_id, trees.region))
    library = dict(equations())
    if trees.own_equations is not None:
        path = folder / trees.own_equations
        if not path.is_file():
            yield Fault("file.missing", str(path))
            return
        try:
            library |= load_user_equations(path)
        except RefusedInput as error:
            yield from error.faults
            return
    _, faults = resolve_all(trees.equations, file=PROJECT_FILE, column="trees.equations")
    yield from (replace(fault, row=None) for fault in faults)
    for species, name in trees.equations.items():
        yield from refused(f"trees.equations.{species}", name, partial(equation, name, library))


def stratum_faults(project: Afforestation) -> Iterator[Fault]:
    """Species, and growth curves that can be drawn."""
    from tanhui.sinks.forest.growth import GrowthCurve

    for stratum in project.strata:
        place = f"strata[{stratum.id}]"
        _, faults = resolve_all([stratum.species], file=PROJECT_FILE, column=f"{place}.species")
        yield from (replace(fault, row=None) for fault in faults)
        if stratum.growth is not None:
            curve = stratum.growth
            make = partial(GrowthCurve, curve.id, curve.form, curve.parameters, curve.unit)
            yield from refused(f"{place}.growth.parameters", str(list(curve.parameters)), make)


def condition_faults(project: Afforestation) -> Iterator[Fault]:
    """Answers to the conditions that the method does not ask, or not in this form.

    They are tried on a period without trees, so that they are checked before anything is measured.
    """
    from tanhui.mrv.methods import method

    said = project.conditions
    parts = ("parcels", "parcel", "conduct", "additionality", "evidence", "fires")
    for name in said:
        if name not in parts:
            facts = hint(get_close_matches(name, parts, n=1) or parts)
            yield Fault("project.unknown_key", PROJECT_FILE, column=f"conditions.{name}", facts=facts)
    common, own = _table(said.get("parcels")), _table(said.get("parcel"))
    tried: dict[str, Any] = {
        "project_start": project.dates.started,
        "crediting": project.dates.crediting.to_list(),
        "application": project.dates.applied,
        "period": project.dates.crediting.to_list(),
        "tree_change_co2e_t": 0.0,
        "tree_change_half_width90_rel": 0.0,
        "parcels": [
            {"id": "1", "area_m2": 1.0, **common},
            *({"id": name, "area_m2": 1.0, **_table(answers)} for name, answers in own.items()),
        ],
        "fires": said.get("fires", []),
        **{name: said[name] for name in ("conduct", "additionality", "evidence") if name in said},
    }
    try:
        method(project.method).inputs(tried, file=PROJECT_FILE)
    except RefusedInput as error:
        for fault in error.faults:
            column = fault.column.replace("parcels[0]", "parcels")
            for number, name in enumerate(own, start=1):
                column = column.replace(f"parcels[{number}]", f"parcel.{name}")
            yield replace(fault, column=f"conditions.{column}")


def _table(content: Any) -> Mapping[str, Any]:
    return content if isinstance(content, dict) else {}


def refused(place: str, value: str, make: Callable[[], object]) -> Iterator[Fault]:
    """The refusal of one of our own functions as a fault of the setting it was given."""
    try:
        make()
    except TanhuiError as error:
        said = {f"said_{lang}": error.text(lang) for lang in LANGS}
        yield Fault("project.refused", PROJECT_FILE, column=place, value=value, facts=said)
