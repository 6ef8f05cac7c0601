"""The tenure table (权属登记表) from CSV or Excel, with Chinese or English headers: rights, or every fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables import TableSpec, read_table, table_spec
from tanhui.projects.tenure.model import Party, Right

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_tenure", "tenure_spec"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@cache
def _words() -> dict[str, dict[str, str]]:
    """Column -> every spelling of its words -> ours."""
    found: dict[str, dict[str, str]] = {}
    for column, meanings in read_toml(data_path("projects_tenure", "words.toml")).items():
        spellings = {word: ours for ours, known in meanings.items() for word in (ours, *known)}
        found[column] = spellings | {word.capitalize(): ours for word, ours in spellings.items()}
    return found


@cache
def tenure_spec() -> TableSpec:
    """The columns of the table; those that hold words accept every spelling we know of them."""
    spec = table_spec("projects_tenure", "rights")
    columns = {
        name: replace(column, kind="choice", choices=tuple(_words()[name])) if name in _words() else column
        for name, column in spec.columns.items()
    }
    return TableSpec(spec.name, columns)


def read_tenure(path: Path, *, sheet: str | None = None, rename: Mapping[str, str] | None = None) -> tuple[Right, ...]:
    """Read the tenure table.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.xlsx`` or ``.parquet``; see :func:`tanhui.kernel.tables.read_table`.
    sheet : str, optional
        The sheet of a workbook.
    rename : mapping, optional
        Our column name -> the header in the file, where the headers we know do not fit.

    Returns
    -------
    tuple of Right
        In the order of the file.

    Raises
    ------
    RefusedInput
        With every fault: cells, words, hashes, terms that end before they begin.
    """
    frame = read_table(path, tenure_spec(), sheet=sheet, rename=rename)
    rows = [_plain(row) for row in frame.reset_index(names="row").to_dict("records")]
    faults = [fault for row in rows for fault in _row_faults(row, path.name, sheet or "")]
    if faults:
        raise RefusedInput(faults)
    return tuple(_right(row) for row in rows)


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row with our words; the two ways a column may say nothing are one."""
    told = {name: _words()[name].get(row[name], "") for name in _words() if name in row}
    return {str(name): value for name, value in (row | told).items()}


def _row_faults(row: Mapping[str, Any], file: str, sheet: str) -> list[Fault]:
    faults = []
    minutes = _minutes(row)
    if minutes and not _SHA256.fullmatch(minutes):
        faults.append(Fault("tenure.not_a_hash", file, sheet, row["row"], "minutes_sha256", minutes))
    first, last = _day(row["first_day"]), _day(row["last_day"])
    if last < first:
        facts = {"first": first.isoformat()}
        faults.append(Fault("tenure.term_backwards", file, sheet, row["row"], "last_day", last.isoformat(), facts))
    return faults


def _minutes(row: Mapping[str, Any]) -> str:
    return str(row.get("minutes_sha256", "")).lower()


def _day(stamp: pd.Timestamp) -> date:
    return stamp.date()


def _right(row: Mapping[str, Any]) -> Right:
    return Right(
        parcel=row["parcel"],
        certificate_number=row["certificate_number"],
        certificate_holder=row["certificate_holder"],
        contract_number=row["contract_number"],
        owner=Party(row["owner"], row.get("owner_account", "")),
        contractor=Party(row.get("contractor", ""), row.get("contractor_account", "")),
        operator=Party(row["operator"], row.get("operator_account", "")),
        collective=row["ownership"] == "collective",
        first_day=_day(row["first_day"]),
        last_day=_day(row["last_day"]),
        certified_mu=Decimal(repr(float(row["certified_mu"]))),
        carbon_authorised=row["carbon_authorised"] == "yes",
        minutes_sha256=_minutes(row),
        income_share=Decimal(repr(float(row["income_share"]))),
        region=row.get("region", ""),
        key_ecological=row.get("key_ecological", "") == "yes",
        row=int(row["row"]),
    )
