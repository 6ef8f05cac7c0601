"""The catalogue of facts: what each is called, its unit, and an example, in ``data/projects_documents/facts.toml``.

A key with stars stands for many facts, one for each year, stratum or parcel: ``claim.*.co2e_t``. How a value is printed
follows from its unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError
from tanhui.kernel.species import UnknownSpecies, resolve
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.documents.model import Both, Fact
from tanhui.projects.report.numbers import number

__all__ = ["catalogue", "day_text", "is_known", "make_fact", "species_text", "value_text"]

STAR = "*"


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Every fact, or kind of fact, by its key."""
    return read_toml(data_path("projects_documents", "facts.toml"))


def is_known(key: str) -> bool:
    """Whether a key stands in the catalogue, itself or as one of a kind."""
    return key in catalogue()


def make_fact(
    key: str, value: Any, source: str, *parts: str | Both, text: Both | None = None, unit: str = "", digits: int = -1
) -> Fact:
    """A fact with the words of the catalogue.

    Parameters
    ----------
    key : str
        As the catalogue has it, stars included.
    value : object
    source : str
        Where the value stands.
    parts : str or mapping
        What stands for each star; a mapping of languages where it has a name of its own, under ``key`` its code.
    text : mapping, optional
        How it is printed, where that does not follow from value and unit.
    unit : str
        The unit, where it is the source that says it.
    digits : int
        Digits after the point, where not as the catalogue says.
    """
    try:
        entry = catalogue()[key]
    except KeyError:
        raise DataError("documents.fact", key=key) from None
    name: Both = {lang: entry[lang].format(*(_word(part, lang) for part in parts)) for lang in LANGS}
    whole = key
    for part in parts:
        whole = whole.replace(STAR, _word(part, "key"), 1)
    unit = unit or entry["unit"]
    said = digits if digits >= 0 else entry.get("digits")
    printed: Both = text or {lang: value_text(value, unit, lang, said) for lang in LANGS}
    return Fact(whole, value, unit, name, printed, source)


def _word(part: str | Both, lang: str) -> str:
    return part if isinstance(part, str) else part[lang]


def value_text(value: Any, unit: str, lang: Lang, digits: int | None = None) -> str:
    """A value as a document prints it, without its unit."""
    if isinstance(value, Mapping):
        return str(value[lang])
    if isinstance(value, bool):
        return say("documents.yes" if value else "documents.no", lang)
    if unit == "date":
        return day_text(date.fromisoformat(str(value)), lang)
    if isinstance(value, (int, float)):
        return number(float(value), 0 if isinstance(value, int) else digits)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ("；" if lang == "zh" else "; ").join(value_text(item, "", lang) for item in value)
    return str(value)


@cache
def species_text(name: str) -> Both:
    """A species as the project names it, and in Latin for readers of English."""
    try:
        latin = resolve(name).latin
    except UnknownSpecies:
        latin = ""
    return {"zh": name, "en": latin or name}


def day_text(day: date, lang: Lang) -> str:
    """A day as people write it."""
    return f"{day.year}年{day.month}月{day.day}日" if lang == "zh" else day.isoformat()
