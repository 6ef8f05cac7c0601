"""Global warming potentials: one table, one edition per run.

The table is ``data/kernel/gwp.csv``. A method names the edition its rules want; tonnes computed with two
editions are never added up.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from functools import cache

from tanhui.kernel.bibliography import references
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DataError, DomainError
from tanhui.kernel.parameters import Dated, Leaf, Status

__all__ = ["gwp_editions", "gwp_name", "gwp_parameters", "one_gwp_edition"]


def gwp_name(edition: str, gas: str) -> str:
    """The parameter name of a gas in an edition, for example ``gwp/AR5/CH4``."""
    return f"gwp/{edition}/{gas}"


@cache
def gwp_parameters() -> dict[str, Dated]:
    """Every potential of the table as a parameter. [kg CO2e per kg of gas]"""
    found: dict[str, Dated] = {}
    with data_path("kernel", "gwp.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            name = gwp_name(row["edition"], row["gas"])
            if row["reference"] not in references():
                raise DataError("data.unknown_reference", key=row["reference"], where=f"gwp.csv: {name}")
            leaf = Leaf(
                id=name,
                value=float(row["gwp100"]),
                unit="kg CO2e/kg",
                reference=row["reference"],
                status=Status.parse(row["status"]),
                checked_on=date.fromisoformat(row["checked_on"]),
                place=row["place"],
                zh=f"{row['gas']} 的 100 年全球增温潜势（IPCC {row['edition']}）",
                en=f"Global warming potential of {row['gas']} over 100 years (IPCC {row['edition']})",
            )
            found[name] = Dated(name, (leaf,))
    return found


def gwp_editions() -> tuple[str, ...]:
    """The editions in the table."""
    return tuple(sorted({name.split("/")[1] for name in gwp_parameters()}))


def one_gwp_edition(editions: Iterable[str]) -> str:
    """The one edition of a run; ``none`` (no gas but CO2) goes with any.

    Raises
    ------
    DomainError
        If there are two, or one is not in the table.
    """
    used = sorted(set(editions) - {"none"})
    unknown = [edition for edition in used if edition not in gwp_editions()]
    if unknown:
        raise DomainError("gwp.unknown_edition", edition=unknown[0], known=", ".join(gwp_editions()))
    if len(used) > 1:
        raise DomainError("gwp.two_editions", first=used[0], second=used[1])
    return used[0] if used else "none"
