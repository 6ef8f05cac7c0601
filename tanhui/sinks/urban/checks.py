"""What cannot be meant in an inventory: everything wrong with it together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, InputError
from tanhui.kernel.species import suggestions
from tanhui.sinks.forest.equations import equation
from tanhui.sinks.frame import Given
from tanhui.sinks.urban.growth import curve_of

__all__ = ["Columns", "column_faults", "columns_of", "input_faults", "species_faults"]

Rows = Mapping[str, NDArray[Any]]
#: Growth of a trunk that no survey finds; a diameter in the wrong unit or a mixed-up tree does. [cm/yr]
SHRINKS, LEAPS = -0.5, 6.0
#: What of an equation can stand for a tree.
WHOLE = ("agb", "total")
OWN = ("agb_kg", "volume_m3")


@dataclass(frozen=True, slots=True)
class Columns:
    """Words of the inventory in ours, as positions in the lists of ``words``."""

    words: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, NDArray[np.intp]]

    def are(self, column: str, word: str) -> NDArray[np.bool_]:
        """Rows that say a word."""
        return np.asarray(self.codes[column] == self.words[column].index(word))


@cache
def vocabulary() -> dict[str, dict[str, str]]:
    """Column -> what people write, in its plain form -> our word."""
    return {
        column: {_plain(text): word for word, texts in words.items() for text in texts}
        for column, words in read_toml(data_path("urban", "words.toml")).items()
    }


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


def columns_of(rows: Rows, row_numbers: NDArray[Any]) -> tuple[Columns, list[Fault]]:
    """The words of each row, the first of a list where a cell is empty, and a fault for each word that is none."""
    import pandas as pd

    faults: list[Fault] = []
    words, codes = {}, {}
    for column, known in vocabulary().items():
        words[column] = tuple(dict.fromkeys(known.values()))
        code, texts = pd.factorize(np.asarray(rows[column], dtype=object))
        meant = [known.get(_plain(str(text))) if str(text) else words[column][0] for text in texts]
        for number, (text, word) in enumerate(zip(texts, meant, strict=True)):
            if word is None:
                allowed = ", ".join(words[column])
                faults.append(_fault("urban.unknown_word", row_numbers[code == number][0], column, text, known=allowed))
        place = np.array([words[column].index(word) if word else 0 for word in meant], np.intp)
        codes[column] = place[code]
    return Columns(words, codes), faults


def input_faults(given: Given) -> Iterator[Fault]:
    """What is wrong beside the table."""
    if given["replacement_share"] > 0 and not given.has("replacement_dbh_cm"):
        yield Fault("urban.replacement_dbh", column="replacement_dbh_cm")
    areas = [(name, given[name]) for name in ("canopy_ha", "green_ha", "city_ha") if given.has(name)]
    if given.has("city_ha") and any(area > given["city_ha"] for _, area in areas):
        yield Fault("urban.areas", column="city_ha", value=f"{given['city_ha']:g}")


def column_faults(rows: Rows, columns: Columns, numbers: NDArray[Any], year: int) -> Iterator[Fault]:
    """What is wrong from one cell of a row to another."""
    empty = {name: np.isnan(rows[name]) for name, cells in rows.items() if cells.dtype.kind == "f"}
    curve, named = rows["growth_curve"] != "", rows["equation"] != ""
    before, span = ~empty["dbh_before_cm"], ~empty["years_between"]
    sources = before.astype(int) + ~empty["growth_cm_yr"] + curve
    with np.errstate(invalid="ignore"):
        pace = (rows["dbh_cm"] - rows["dbh_before_cm"]) / rows["years_between"]
        checks = {
            ("urban.interval", "years_between"): before != span,
            ("urban.pace", "dbh_before_cm"): before & span & ((pace < SHRINKS) | (pace > LEAPS)),
            ("urban.growth_twice", "growth_cm_yr"): sources > 1,
            ("urban.not_planted", "growth_curve"): curve & empty["planted_year"],
            ("urban.future", "planted_year"): rows["planted_year"] > year,
            ("urban.topped_height", "height_m"): columns.are("topped", "yes") & empty["height_m"],
            ("urban.mass_twice", "agb_kg"): ~empty["agb_kg"] & ~empty["volume_m3"],
            ("urban.hollow_twice", "hollow_share"): ~empty["agb_kg"] & (rows["hollow_share"] > 0),
        }
    for (code, column), wrong in checks.items():
        yield from (_fault(code, numbers[i], column, rows[column][i]) for i in np.flatnonzero(wrong))
    yield from _repeated(rows["tree"], numbers)
    yield from _texts(rows["growth_curve"], numbers, "growth_curve", "urban.curve", lambda x: curve_of(x) is not None)
    yield from _equations(rows, named, empty, numbers)


def _repeated(trees: NDArray[Any], numbers: NDArray[Any]) -> Iterator[Fault]:
    import pandas as pd

    again = pd.Series(trees).duplicated().to_numpy()
    yield from (_fault("urban.twice", numbers[i], "tree", trees[i]) for i in np.flatnonzero(again))


def _texts(cells: NDArray[Any], numbers: NDArray[Any], column: str, code: str, is_good: Any) -> Iterator[Fault]:
    for text in dict.fromkeys(cells[cells != ""].tolist()):
        if not is_good(text):
            yield _fault(code, numbers[cells == text][0], column, text)


def _equations(
    rows: Rows, named: NDArray[np.bool_], empty: Mapping[str, NDArray[np.bool_]], numbers: NDArray[Any]
) -> Iterator[Fault]:
    for text in dict.fromkeys(rows["equation"][named].tolist()):
        here = rows["equation"] == text
        try:
            item = equation(text)
        except InputError as error:
            yield _fault(
                "urban.no_such_equation", numbers[here][0], "equation", text, near=error.facts.get("near", "-")
            )
            continue
        if item.quantity not in WHOLE or len({term.r for term in item.terms}) > 1:
            yield _fault("urban.part_only", numbers[here][0], "equation", text, found=item.quantity)
        if item.needs_height:
            lacking = np.flatnonzero(here & empty["height_m"])
            yield from (_fault("urban.height_wanted", numbers[i], "height_m", text) for i in lacking)


def species_faults(names: Iterable[tuple[Any, str]], region: str) -> Iterator[Fault]:
    """A fault for each name without an equation, at its first row."""
    for number, name in names:
        near = ", ".join(suggestions(name)) or "-"
        yield _fault("urban.no_equation", number, "species", name, near=near, region=region)


def _fault(code: str, row: Any, column: str, value: Any, **facts: Any) -> Fault:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return Fault(code, row=int(row), column=column, value=shown[:80], facts=facts)
