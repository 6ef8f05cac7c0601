"""Species by any name people use: Latin, Chinese, English or the US inventory's code.

One table, ``data/species/species.csv``, holds taxa (species, genera, and groups such as "broadleaf"); a second one
holds other names. A name is looked up without regard to case, spaces, punctuation and authors; a name nobody knows
is refused with the nearest ones.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DataError, Fault, InputError
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import say

__all__ = ["Species", "UnknownSpecies", "genus_of", "resolve", "resolve_all", "species", "suggestions"]

Rank = Literal["species", "genus", "group"]


@dataclass(frozen=True, slots=True)
class Species:
    """A taxon: a species, a genus, or a group of species that an equation or an inventory lumps together."""

    id: str
    latin: str
    zh: str
    en: str
    rank: Rank
    genus: str
    family: str
    leaf_type: str
    fia_code: int | None
    jenkins_group: str
    cn_group: str
    reference: str
    status: Status

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the row itself, synonyms aside."""
        return tuple(name for name in (self.latin, self.zh, self.en) if name)


class UnknownSpecies(InputError):
    """A name that no taxon has. ``suggested`` are the nearest names, best first."""

    code = "species.unknown"

    def __init__(self, name: str) -> None:
        self.name = name
        self.suggested = suggestions(name)
        super().__init__(name=name, hint_zh=_hint(self.suggested, "zh"), hint_en=_hint(self.suggested, "en"))


@cache
def species() -> dict[str, Species]:
    """Every taxon by its id."""
    with data_path("species", "species.csv").open(encoding="utf-8", newline="") as table:
        return {row["id"]: _from_row(row) for row in csv.DictReader(table)}


def resolve(name: str | int) -> Species:
    """The taxon a name means.

    Parameters
    ----------
    name : str or int
        Id, Latin, Chinese or English name, or FIA species code. Case, spaces and punctuation do not matter; a Latin
        name may carry its author ("Pinus massoniana Lamb.").

    Raises
    ------
    UnknownSpecies
        With the nearest known names.
    """
    found = _find(str(name))
    if found is None:
        raise UnknownSpecies(str(name))
    return found


def resolve_all(
    names: Iterable[str | int], *, file: str = "", sheet: str = "", column: str = "species", first_row: int = 2
) -> tuple[list[Species | None], list[Fault]]:
    """The taxon of each row of a column, and one fault for each different name that is unknown.

    Rows are numbered from ``first_row``; a fault carries the first row its name stands in.
    """
    found: list[Species | None] = []
    faults: dict[str, Fault] = {}
    for row, name in enumerate(names, first_row):
        text = str(name).strip()
        taxon = _find(text)
        found.append(taxon)
        if taxon is None and text not in faults:
            faults[text] = _fault(text, file, sheet, column, row)
    return found, list(faults.values())


def suggestions(name: str, count: int = 3) -> tuple[str, ...]:
    """The known names nearest to one that is not known, best first."""
    import difflib

    names = _shown_names()
    asked = _plain(name)
    near = difflib.get_close_matches(asked, names, n=count * 2, cutoff=0.6)
    # Two Chinese characters rarely reach a ratio of 0.6; a shared character says enough, the first one most: 杉术 is
    # a slip for 杉木 rather than for 水杉.
    if not near and re.search(r"[\u4e00-\u9fff]", name):
        near = difflib.get_close_matches(asked, names, n=count * 8, cutoff=0.4)
        near.sort(key=lambda known: (known[:1] != asked[:1], len(known)))
    shown = dict.fromkeys(names[key] for key in near)
    return tuple(shown)[:count]


def genus_of(taxon: Species) -> Species | None:
    """The genus row of a species, where the table has one."""
    return species().get(f"{taxon.genus.lower()}-spp") if taxon.genus else None


def _find(name: str) -> Species | None:
    key = _plain(name)
    index = _index()
    if key in index:
        return index[key]
    if re.fullmatch(r"\d+\.0", name.strip()):  # a code that passed through a spreadsheet
        return index.get(_plain(name.strip()[:-2]))
    words = re.findall(r"[A-Za-z-]+", name)
    # "Pinus massoniana Lamb." is Pinus massoniana; "Pinus sylvestris var. x" must not become Pinus sylvestris.
    if len(words) > 2 and words[0].istitle() and words[1].islower() and not {"var", "subsp", "f", "x"} & set(words):
        return index.get(_plain(" ".join(words[:2])))
    return None


def _plain(name: str) -> str:
    """A name without case, spaces, punctuation and the cross of a hybrid."""
    return re.sub(r"[\s\-_.,;:'’()（）·]+", "", name.casefold().replace("×", "x"))


@cache
def _index() -> dict[str, Species]:
    """Every name in its plain form. A name that two taxa claim is a fault of the data."""
    index: dict[str, Species] = {}

    def enter(name: str, taxon: Species) -> None:
        known = index.setdefault(_plain(name), taxon)
        if known is not taxon:
            raise DataError("species.name_twice", name=name, first=known.id, second=taxon.id)

    for taxon in species().values():
        for name in (taxon.id, *taxon.names, *([] if taxon.fia_code is None else [str(taxon.fia_code)])):
            enter(name, taxon)
    for name, species_id in _synonyms().items():
        if species_id not in species():
            raise DataError("species.synonym_of_nothing", name=name, species=species_id)
        enter(name, species()[species_id])
    return index


@cache
def _synonyms() -> dict[str, str]:
    with data_path("species", "synonyms.csv").open(encoding="utf-8", newline="") as table:
        return {row["name"]: row["species"] for row in csv.DictReader(table)}


@cache
def _shown_names() -> dict[str, str]:
    """Plain form -> the name as people write it, for suggestions."""
    names = [name for taxon in species().values() for name in taxon.names]
    return {_plain(name): name for name in (*names, *_synonyms())}


def _hint(names: tuple[str, ...], lang: Literal["zh", "en"]) -> str:
    if not names:
        return say("species.no_suggestion", lang)
    return say("species.did_you_mean", lang, names=("、" if lang == "zh" else ", ").join(names))


def _fault(text: str, file: str, sheet: str, column: str, row: int) -> Fault:
    if text.lower() in ("", "nan", "none", "<na>"):
        return Fault("species.empty", file, sheet, row, column, text)
    near = suggestions(text)
    facts = {"hint_zh": _hint(near, "zh"), "hint_en": _hint(near, "en"), "suggested": list(near)}
    return Fault("species.unknown", file, sheet, row, column, text, facts)


def _from_row(row: dict[str, str]) -> Species:
    reference(row["reference"])
    return Species(
        id=row["id"],
        latin=row["latin"],
        zh=row["zh"],
        en=row["en"],
        rank=row["rank"],  # type: ignore[arg-type]
        genus=row["genus"],
        family=row["family"],
        leaf_type=row["leaf_type"],
        fia_code=int(row["fia_code"]) if row["fia_code"] else None,
        jenkins_group=row["jenkins_group"],
        cn_group=row["cn_group"],
        reference=row["reference"],
        status=Status.parse(row["status"]),
    )
