"""Equations and standing-volume tables that a user brings, each with its citation, unit and range.

A CSV with the columns of ``data/forest/equations.csv`` (``citation`` in place of ``reference``), or a TOML with one
table per equation, the table's name being its id. Whatever is wrong in the file is listed together and nothing is
taken from it.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tanhui.kernel.errors import Fault, InputError, RefusedInput, TanhuiError
from tanhui.kernel.parameters import Status
from tanhui.kernel.species import UnknownSpecies, resolve
from tanhui.sinks.forest.equations import QUANTITIES, UNIT_FACTORS, equations, from_row
from tanhui.sinks.forest.formula import parse_formula
from tanhui.sinks.forest.model import Equation

__all__ = ["load_user_equations"]

#: Columns a user's row may leave out, and what that means.
DEFAULTS = {
    **dict.fromkeys(
        ("a", "b", "c", "species", "n", "sigma", "site_sigma", "place", "note", "restriction", "quarantine"), ""
    ),
    "region": "cn",
    "tier": "provincial",
    "quantity": "agb",
    "correction": "unknown",
    "status": "secondary",
}
TIERS = ("annex", "national", "sector", "provincial", "general")


def load_user_equations(path: Path) -> dict[str, Equation]:
    """Read equations from a CSV or TOML file.

    Returns
    -------
    dict
        Equation by id; pass ``{**equations(), **mine}`` as the library of :func:`.selection.match_trees`.

    Raises
    ------
    RefusedInput
        With every fault: no citation, unit or diameter range, an unknown species, unit or quantity, a formula that
        cannot be read, a number that is none, an id the library or the file already has. The status of a row is what
        its author claims, ``secondary`` at best: a signed confirmation raises it.
    """
    rows = _read(path)
    faults = [fault for number, row in rows for fault in _faults(row, number, path.name)]
    ids = [row.get("id", "") for _, row in rows]
    for number, row in rows:
        taken = row["id"] in equations() if row.get("id") else False
        if not row.get("id") or taken or ids.count(row["id"]) > 1:
            why = "empty" if not row.get("id") else "the library has it" if taken else "it stands twice"
            faults.append(
                Fault("forest.bad_id", path.name, "", number, "id", str(row.get("id", "")), facts={"detail": why})
            )
    if faults:
        raise RefusedInput(faults)
    return {row["id"]: _equation(row) for _, row in rows}


def _read(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows as text with their number in the file (for TOML the place of the table)."""
    from tanhui.kernel.tables.formats import decode

    try:
        text = decode(path.read_bytes(), path.name)
        if path.suffix.lower() == ".toml":
            tables = tomllib.loads(text)
            rows = [(i, {"id": key, **_as_text(entry)}) for i, (key, entry) in enumerate(tables.items(), 1)]
        else:
            table = csv.DictReader(io.StringIO(text))
            rows = [(i, {str(k): (v or "").strip() for k, v in row.items()}) for i, row in enumerate(table, 2)]
    except (OSError, ValueError, AttributeError, RecursionError, csv.Error) as error:
        raise RefusedInput([Fault("forest.unreadable", path.name, facts={"detail": str(error)})]) from None
    if not rows:
        raise RefusedInput([Fault("table.no_rows", path.name)])
    return rows


def _as_text(entry: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value).strip() for key, value in entry.items()}


def _faults(row: Mapping[str, str], number: int, file: str) -> list[Fault]:
    def fault(code: str, column: str, **facts: Any) -> Fault:
        return Fault(code, file, "", number, column, row.get(column, ""), facts)

    found = []
    if not row.get("citation"):
        found.append(fault("forest.no_citation", "citation"))
    if not row.get("unit"):
        found.append(fault("forest.no_unit", "unit"))
    elif row["unit"] not in UNIT_FACTORS:
        found.append(fault("forest.unknown_unit", "unit", known=", ".join(UNIT_FACTORS)))
    if row.get("quantity", DEFAULTS["quantity"]) not in QUANTITIES:
        found.append(fault("forest.unknown_quantity", "quantity", known=", ".join(QUANTITIES)))
    if row.get("tier") and row["tier"] not in TIERS:
        found.append(fault("table.not_a_choice", "tier", allowed=", ".join(TIERS)))
    numbers = {}
    for column in ("a", "b", "c", "d_min_cm", "d_max_cm", "n", "sigma", "site_sigma"):
        try:
            numbers[column] = float(row[column]) if row.get(column) else None
        except ValueError:
            found.append(fault("forest.not_a_number", column))
    found += _range_faults(numbers, fault)
    found += _meaning_faults(row, numbers, fault)
    return found


def _range_faults(numbers: Mapping[str, float | None], fault: Any) -> list[Fault]:
    if "d_min_cm" not in numbers or "d_max_cm" not in numbers:
        return []  # said already: not a number
    low, high = numbers["d_min_cm"], numbers["d_max_cm"]
    if low is None or high is None:
        return [fault("forest.no_range", "d_min_cm" if low is None else "d_max_cm")]
    return [] if 0 <= low < high else [fault("forest.wrong_range", "d_min_cm", low=low, high=high)]


def _meaning_faults(row: Mapping[str, str], numbers: Mapping[str, float | None], fault: Any) -> list[Fault]:
    found = []
    if row.get("species"):
        try:
            resolve(row["species"])
        except UnknownSpecies as error:
            found.append(fault("species.unknown", "species", **error.facts))
    try:
        known = {letter: numbers[letter] for letter in "abc" if numbers.get(letter) is not None}
        parse_formula(row.get("formula", ""), known)  # type: ignore[arg-type]
    except InputError as error:
        found.append(fault("forest.bad_formula", "formula", detail=error.facts["detail"]))
    return found


def _equation(row: Mapping[str, str]) -> Equation:
    full = {**DEFAULTS, **{key: value for key, value in row.items() if value}}
    full["species"] = resolve(full["species"]).id if full["species"] else ""
    full["reference"] = full["citation"]
    full["status"] = max(Status.SECONDARY, Status.parse(full["status"])).word
    try:
        return from_row(full, {})
    except (TanhuiError, KeyError, ValueError) as error:
        facts = {"detail": str(error)}
        raise RefusedInput(
            [Fault("forest.bad_formula", value=full.get("formula", ""), column="formula", facts=facts)]
        ) from None
