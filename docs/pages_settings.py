"""The page of every setting of project.toml: names, kinds and defaults from the program's models, words beside them."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markdown_table import table
from pydantic import BaseModel

from tanhui.mrv.methods import method
from tanhui.mrv.methods.ccer.m14_001_v01 import inputs
from tanhui.projects.model import KINDS

WORDS = Path(__file__).parent / "settings.toml"
CONDITIONS: Mapping[str, type] = {
    "conditions.parcels.": inputs.Parcel,
    "conditions.conduct.": inputs.Conduct,
    "conditions.additionality.": inputs.Additionality,
    "conditions.fires[].": inputs.Fire,
}
#: The same answers for one parcel, which go before those for all.
OF_ONE_PARCEL = "conditions.parcel"
#: What a run fills in itself.
FROM_THE_PARCELS = {"id", "area_m2"}
#: As tanhui.sinks.forest.growth computes them.
CURVES = (
    ("richards", "a, k, p", "`a * (1 - exp(-k * t)) ** p`"),
    ("logistic", "a, b, k", "`a / (1 + b * exp(-k * t))`"),
    ("korf", "a, b, c", "`a * exp(-b * t ** -c)`"),
    ("gompertz", "a, b, k", "`a * exp(-b * exp(-k * t))`"),
    ("schumacher", "a, b", "`a * exp(-b / t)`"),
)
HEAD = ("Setting 设置", "Value 取值", "Default 缺省", "中文", "English")


def settings_page() -> str:
    """Every setting of both kinds of project."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    parts = [
        "# project.toml",
        "Every setting that a project may have; an unknown one is refused. `tanhui new` writes a file that explains "
        "itself. Paths are meant from the project folder. A name with a dot is a table (`[dates]`), one with `[]` may "
        "stand several times (`[[strata]]`).",
        "项目文件的全部设置，未列出的设置会被拒绝。路径都相对于项目文件夹。"
        "带点的名称是一节（`[dates]`），带 `[]` 的可以出现多次（`[[strata]]`）。",
    ]
    for kind, model in KINDS.items():
        rows = [(f"`{name}`", what, default, *said(words, name)) for name, what, default in settings(model)]
        parts += [f"## {kind}", table(HEAD, rows)]
    rows = [(f"`{OF_ONE_PARCEL}`", "table", "", *said(words, OF_ONE_PARCEL))]
    for prefix, record in CONDITIONS.items():
        for name, kind_text, default in answers(record):
            rows.append((f"`{prefix}{name}`", kind_text, default, *said(words, prefix + name)))
    documents = [(f"`conditions.evidence.{d.key}`", d.zh, d.en) for d in method("ccer/14-001-v01").documents]
    parts += [
        "## Growth curves 生长曲线",
        "*t* is the age of the stand in years, *a* the final value in the curve's unit. `growth.parameters` lists the "
        "letters in this order. *t* 为林龄（年），*a* 为最终值；`growth.parameters` 按下表顺序给出。",
        table(("Form 形式", "Parameters 参数", "Curve 曲线"), CURVES),
        "## Conditions of ccer/14-001-v01 适用条件的回答",
        "No answer leaves a clause open; it is never taken for a yes. 没有回答的条款为“待证”，绝不当作“是”。",
        table(HEAD, rows),
        "## Evidence for ccer/14-001-v01 证明文件",
        "Each names the file that shows it. 每项写明证明文件的路径。",
        table(("Setting 设置", "中文", "English"), documents),
    ]
    return "\n\n".join(parts) + "\n"


def said(words: Mapping[str, Mapping[str, str]], name: str) -> tuple[str, str]:
    """What a setting is for, in both languages."""
    entry = words.get(name, {})
    return entry.get("zh", ""), entry.get("en", "")


def names() -> set[str]:
    """Every setting and every answer by its name."""
    found = {name for model in KINDS.values() for name, *_ in settings(model)}
    found.add(OF_ONE_PARCEL)
    return found | {prefix + name for prefix, record in CONDITIONS.items() for name, *_ in answers(record)}


def settings(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Every setting of a model with its values and default, those of its tables included."""
    for name, field in model.model_fields.items():
        inner, several = table_inside(field.annotation)
        if inner is not None:
            yield from settings(inner, f"{before}{name}{'[].' if several else '.'}")
        else:
            default = "required 必填" if field.is_required() else default_text(field.default)
            yield before + name, kind_text(field.annotation), default


def table_inside(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model behind an annotation, if any, and whether there may be several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for inner in typing.get_args(annotation):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner, typing.get_origin(annotation) is tuple
    return None, False


def answers(record: type) -> Iterator[tuple[str, str, str]]:
    """Every answer that a record of the method's inputs takes."""
    hints = typing.get_type_hints(record)
    for field in dataclasses.fields(record):
        if record is inputs.Parcel and field.name in FROM_THE_PARCELS:
            continue
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = "required 必填" if missing else "" if field.default is dataclasses.MISSING else field.default
        yield field.name, kind_text(hints[field.name]), default if isinstance(default, str) else default_text(default)


def default_text(value: object) -> str:
    """A default as TOML would write it; nothing where there is none."""
    if value is None or value == "" or value == () or value == {}:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def kind_text(annotation: Any) -> str:
    """What may be written, as people say it."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(str(choice) for choice in inner)
    if origin in (typing.Union, types.UnionType):
        return ", ".join(kind_text(part) for part in inner if part is not type(None))
    if origin is tuple:
        return f"[{kind_text(inner[0])}, …]"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return "{ … }"
    plain = {"str": "text", "int": "whole number", "float": "number", "bool": "true, false"}
    return plain.get(annotation.__name__, annotation.__name__.lower())
