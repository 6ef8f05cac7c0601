"""Attributes of parcels: what a person adds to a file, whose columns are whose, in which units, and unique numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables import check_frame, listed_faults, simple, table_spec
from tanhui.kernel.tables.headers import match_headers, split_unit
from tanhui.kernel.units import find_unit
from tanhui.sensing.inventory.crs import Datum, Helmert

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNITS", "Options", "attributes", "parcel_column"]

#: Columns that make a parcel number unique where numbers start again in each, innermost first.
NESTING = ("compartment", "village", "town")
#: Columns whose unit must be stated, by the header or by a person.
UNITS = {"area_declared_ha": ("mu", "ha", "m2"), "volume_m3_ha": ("m3/ha", "m3/mu")}


@dataclass(frozen=True, slots=True)
class Options:
    """What a person says about a parcel file because the file does not.

    Attributes
    ----------
    crs : str, optional
        ``EPSG:4526`` or any name pyproj knows, where the file has no .prj. A file that names another one is refused.
    datum : optional
        ``cgcs2000``, ``xian80``, ``beijing54`` or ``wgs84``: enough where the zone can be read from the coordinates.
    near : tuple of float, optional
        Rough longitude and latitude of the project, to tell zones apart. [deg]
    shift : Helmert, optional
        Seven parameters from Xi'an 1980 or Beijing 1954 to CGCS2000.
    area_unit, volume_unit : str, optional
        ``mu``, ``ha`` or ``m2``; ``m3/ha`` or ``m3/mu``. What a header states must agree.
    mapping : mapping, optional
        Our column -> the header in the file.
    codes : mapping, optional
        Our column -> {code: word}, for files that hold codes.
    source : str, optional
        Where the outlines were drawn, for example ``奥维`` or ``高德``.
    reference : Path, optional
        Parcels or points whose place is known, in any format this reader takes, matched by parcel number.
    multi_part : bool
        Accept parcels of several parts.
    """

    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    datum: Datum | None = None
    near: tuple[float, float] | None = None
    shift: Helmert | None = None
    area_unit: str | None = None
    volume_unit: str | None = None
    mapping: Mapping[str, str] | None = None
    codes: Mapping[str, Mapping[str, str]] | None = None
    source: str = ""
    reference: Path | None = None
    multi_part: bool = False


@cache
def words() -> dict[str, Any]:
    """``data/inventory/xiaoban_words.toml``."""
    return read_toml(data_path("inventory", "xiaoban_words.toml"))


def parcel_column(headers: list[str], column: str) -> str | None:
    """The header that means one of our columns, or nothing."""
    at = match_headers(headers, table_spec("inventory", "xiaoban")).position.get(column)
    return None if at is None else headers[at]


def attributes(frame: pd.DataFrame, asked: Options, file: str) -> tuple[pd.DataFrame | None, list[Fault]]:
    """The attributes by our names and in our units, and what is wrong; None where no table can be made.

    Parameters
    ----------
    frame : DataFrame
        The file's columns without geometry; index = row in the file.

    Returns
    -------
    table : DataFrame or None
        ``attrs["area_unit"]`` is the unit the file has areas in, ``attrs["notes"]`` what was done unasked.
    faults : list of Fault
    """
    spec = table_spec("inventory", "xiaoban")
    mapping = dict(asked.mapping or {})
    headers = [str(name) for name in frame.columns]
    if "Name" in headers and parcel_column(headers, "parcel_id") is None and "parcel_id" not in mapping:
        mapping["parcel_id"] = "Name"  # what KML calls the name of a placemark
    position = match_headers(headers, spec, rename=mapping).position
    units, faults = _units({ours: headers[at] for ours, at in position.items()}, asked, file)
    frame = frame.copy()
    for theirs in (headers[at] for ours, at in position.items() if spec.columns[ours].kind == "text"):
        if frame[theirs].dtype.kind == "f" and (frame[theirs].dropna() % 1 == 0).all():
            frame[theirs] = frame[theirs].astype("Int64").astype("string")  # parcel 7, not 7.0
    for column, table in {**words()["codes"], **(asked.codes or {})}.items():
        if column in position:
            theirs = headers[position[column]]
            frame[theirs] = [table.get(_code(cell), cell) for cell in frame[theirs]]
    try:
        checked = check_frame(frame, spec, file=file, rename=mapping, units=units)
    except RefusedInput as refusal:
        return None, faults + list(refusal.faults)
    # A number whose unit nobody knows must not reach a comparison.
    known = [name for name in checked.columns if name in spec.columns and (name not in UNITS or name in units)]
    checked, doubled = _unique_ids(checked[known], file)
    checked.attrs["area_unit"] = units.get("area_declared_ha", "ha")
    return checked, faults + doubled


def _code(value: Any) -> str:
    """A code as text: databases hold ``1``, ``1.0`` or ``"1"`` for the same."""
    return str(value).strip().removesuffix(".0")


def _units(header_of: dict[str, str], asked: Options, file: str) -> tuple[dict[str, str], list[Fault]]:
    """Our column -> the unit of the file; a unit nobody states, or stated in two ways, is a fault."""
    implied = {simple(header): unit for header, unit in words()["unit_of_header"].items()}
    units: dict[str, str] = {}
    faults = []
    for column, choices in UNITS.items():
        if column not in header_of:
            continue
        header = header_of[column]
        stated = _stated_unit(header) or implied.get(simple(header))
        said = asked.area_unit if column == "area_declared_ha" else asked.volume_unit
        options = {"options": ", ".join(choices)}
        if stated is None and said is None:
            faults.append(Fault("xiaoban.no_unit", file, row=1, column=header, facts=options))
        elif said is not None and said not in choices:
            faults.append(Fault("xiaoban.unknown_unit", file, row=1, column=header, value=said, facts=options))
        elif stated and said and stated != said:
            facts = {"stated": stated, "asked": said}
            faults.append(Fault("xiaoban.unit_conflict", file, row=1, column=header, facts=facts))
        else:
            units[column] = stated or said or ""
    return units, faults


def _stated_unit(header: str) -> str | None:
    """The unit in a header such as ``面积(亩)``."""
    return next((symbol for _, unit, _ in split_unit(header) if (symbol := find_unit(unit))), None)


def _unique_ids(table: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Parcel numbers made unique by compartment, village and town where the file has them; else doubled ones."""
    ids = table["parcel_id"]
    for outer in (name for name in NESTING if name in table.columns):
        if not ids.duplicated().any():
            break
        ids = table[outer].str.cat(ids, sep="-")
    doubled = ids.duplicated(keep=False)
    return table.assign(parcel_id=ids), listed_faults("xiaoban.doubled_id", ids, doubled, file, "", "parcel_id")
