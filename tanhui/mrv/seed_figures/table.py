"""The figures, read from ``data/seed_figures/figures.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError
from tanhui.kernel.parameters import Status
from tanhui.mrv.seed_figures.model import Figure, Input, Reading

__all__ = ["figures", "lines_without_figure", "read_on", "systems"]

#: The key of a reading that says what computes it.
KINDS = ("sink", "forest", "curve", "parameter", "published")
LANG_KEYS = ("zh", "en")


@cache
def _table() -> dict[str, Any]:
    return read_toml(data_path("seed_figures", "figures.toml"))


@cache
def figures() -> tuple[Figure, ...]:
    """Every figure, by the line it stands in."""
    return tuple(sorted((_figure(key, entry) for key, entry in _table()["figures"].items()), key=lambda x: x.line))


def read_on() -> date:
    """The day the figures were checked on."""
    day: date = _table()["read_on"]
    return day


def lines_without_figure() -> tuple[int, ...]:
    """Lines about the same systems that state no figure."""
    return tuple(_table()["without_figure"]["lines"])


def systems() -> Mapping[str, Mapping[str, str]]:
    """The systems whose figures are checked, in both languages."""
    return dict(_table()["systems"])


def _figure(key: str, entry: Mapping[str, Any]) -> Figure:
    return Figure(
        id=key,
        line=entry["line"],
        system=entry["system"],
        zh=entry["zh"],
        en=entry["en"],
        value=float(entry["value"]),
        unit=entry["unit"],
        relation=entry.get("relation", "equal"),
        scenario=entry.get("status") == Status.SCENARIO.word,
        no_effect=entry.get("no_effect"),
        unsaid=tuple(entry.get("unsaid", ())),
        remark=entry.get("remark", {}),
        readings=tuple(_reading(key, row) for row in entry.get("readings", ())),
    )


def _reading(figure: str, row: Mapping[str, Any]) -> Reading:
    kind = next((x for x in KINDS if x in row), None)
    if kind is None:
        raise DataError("data.missing_key", key=" | ".join(KINDS), where=f"figures.toml: {figure}")
    assumed = row.get("assumed")
    return Reading(
        zh=row["zh"],
        en=row["en"],
        kind=kind,
        settings={name: x for name, x in row.items() if name not in (*LANG_KEYS, "inputs", "nearest", "assumed")},
        inputs=tuple(_inputs(row)),
        nearest=row.get("nearest", False),
        assumed=(float(assumed["value"]), assumed["unit"]) if assumed else None,
    )


def _inputs(row: Mapping[str, Any]) -> Iterator[Input]:
    for x in row.get("inputs", ()):
        key = x.get("reference", "")
        yield Input(
            name=x["name"],
            value=x["value"],
            asked=x.get("asked", False),
            beside=x.get("beside", False),
            reference=reference(key).key if key else "",
            place=x.get("place", ""),
            status=Status.parse(x["status"]) if "status" in x else None,
        )
