"""Facts of the land: areas of parcels, strata and the whole, and where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact

__all__ = ["facts"]

FILE = "parcels.parquet"


def facts(material: Material) -> Iterator[Fact]:
    """Areas as the run credited them."""
    yield from _place(material)
    parcels = material.tables.get("parcels")
    if parcels is None:
        return
    area, declared = parcels["area_credited_ha"], parcels.get("area_declared_ha", parcels["area_ha"])
    yield make_fact("land.parcels", len(parcels), f"{FILE}: rows")
    yield make_fact("land.area_ha", float(area.sum()), f"{FILE}: sum of area_credited_ha")
    yield make_fact("land.declared_ha", float(declared.sum()), f"{FILE}: sum of area_declared_ha")
    yield make_fact("land.measured_ha", float(parcels["area_ha"].sum()), f"{FILE}: sum of area_ha")
    strata = sorted(parcels["stratum"].unique())
    yield make_fact("land.strata", len(strata), f"{FILE}: stratum")
    for name in strata:
        rows = parcels["stratum"] == name
        where = f"{FILE}: stratum = {name}"
        yield make_fact("land.stratum.*.area_ha", float(area[rows].sum()), f"{where}, sum of area_credited_ha", name)
        yield make_fact("land.stratum.*.parcels", int(rows.sum()), f"{where}, rows", name)
    for name, credited, said in zip(parcels["parcel_id"].astype(str), area, declared, strict=True):
        where = f"{FILE}: parcel_id = {name}"
        yield make_fact("land.parcel.*.area_ha", float(credited), f"{where}, area_credited_ha", name)
        yield make_fact("land.parcel.*.declared_ha", float(said), f"{where}, area_declared_ha", name)


def _place(material: Material) -> Iterator[Fact]:
    """The corners of the land."""
    parcels: Sequence[dict[str, list[list[list[float]]]]] = (material.result["map"] or {}).get("parcels", ())
    corners = [corner for parcel in parcels for ring in parcel["rings"] for corner in ring]
    if not corners:
        return
    where = "result.json#/map/parcels"
    for name, pick, axis in (("west", min, 0), ("east", max, 0), ("south", min, 1), ("north", max, 1)):
        yield make_fact(f"land.{name}", pick(corner[axis] for corner in corners), where)
    yield make_fact("land.system", material.result["map"]["caption"], "result.json#/map/caption")
