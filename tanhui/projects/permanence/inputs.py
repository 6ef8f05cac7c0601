"""What a loss is computed from, as people bring it: burnt ground in a file, and the stocks of the last run.

Burnt ground is outlines of any kind that :mod:`tanhui.sensing.inventory` reads, or a grid of cells in longitude and
latitude as every GIS writes it (Esri ASCII, ``.asc``): in each cell the share that burnt, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import DomainError, Fault, InputError, RefusedInput
from tanhui.kernel.limits import refuse_bytes
from tanhui.kernel.units import CO2_PER_C
from tanhui.projects.permanence.loss import Loss, Stratum, polygon_loss, raster_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["Burnt", "Grid", "burnt_loss", "read_burnt", "strata_of_run"]

GRID = ".asc"
#: What the head of a grid says, in any order: its size, the corner or the centre of its lowest cell on the left, and
#: which number stands for nothing.
HEAD = ("ncols", "nrows", "xllcorner", "yllcorner", "xllcenter", "yllcenter", "cellsize", "nodata_value")
#: A number and a blank: what a cell takes in the file at least.
LEAST_BYTES = 2
#: The quantity of a run that a stratum's stock is taken from. [t C/ha]
STOCK = "tree_t_ha"


@dataclass(frozen=True, slots=True)
class Grid:
    """Shares of cells that burnt, north up, and the west, south, east and north edge of all. [deg]"""

    share: NDArray[np.float64]
    bounds: tuple[float, float, float, float]


#: Burnt ground: polygons in degrees of CGCS2000, or a grid.
Burnt = Sequence["BaseGeometry"] | Grid


def read_burnt(path: Path, *, crs: str | None = None) -> Burnt:
    """Burnt ground from a file.

    Parameters
    ----------
    path : Path
        ``.shp``, ``.gpkg``, ``.gdb``, ``.kml``, ``.kmz``, ``.geojson`` or coordinate text; ``.asc`` for a grid.
    crs : str, optional
        The coordinate system of the outlines, where the file names none.

    Raises
    ------
    RefusedInput
        If the file is missing, damaged, too large, or in no coordinate system known.
    """
    return read_grid(path) if path.suffix.lower() == GRID else read_outlines(path, crs)


def read_outlines(path: Path, crs: str | None) -> Sequence[BaseGeometry]:
    """Burnt polygons in degrees of CGCS2000."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    from tanhui.sensing.inventory.crs import datum_of, to_cgcs2000
    from tanhui.sensing.inventory.parcel_files import read_parcel_file

    raw = read_parcel_file(path)
    try:
        system = CRS.from_user_input(crs) if crs else raw.crs
    except CRSError:
        raise RefusedInput([Fault("xiaoban.unknown_crs", path.name, value=crs or "")]) from None
    if system is None:
        raise RefusedInput([Fault("permanence.no_crs", path.name)])
    if datum_of(system) is None:
        raise RefusedInput([Fault("xiaoban.unknown_datum", path.name, value=system.name)])
    shapes, _ = to_cgcs2000(raw.frame.geometry.set_crs(system, allow_override=True).force_2d())
    return list(shapes)


def read_grid(path: Path) -> Grid:
    """An Esri ASCII grid in degrees; cells without a value did not burn."""
    head, text = _head(path)
    try:
        return _grid(head, text)
    except (KeyError, ValueError) as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None


def _grid(head: Mapping[str, str], text: str) -> Grid:
    import numpy as np

    rows, columns, size = int(head["nrows"]), int(head["ncols"]), float(head["cellsize"])
    # A head may promise any number of cells; the file can hold no more than its length.
    if rows < 1 or columns < 1 or rows * columns * LEAST_BYTES > len(text) + 1:
        raise ValueError(f"{rows} x {columns}")
    half = {edge: size / 2 if f"{edge}center" in head else 0.0 for edge in ("xll", "yll")}
    west, south = (float(head.get(f"{edge}corner", head.get(f"{edge}center", ""))) - half[edge] for edge in half)
    share = np.array(text.split(), float).reshape(rows, columns)
    share = np.where(share == float(head.get("nodata_value", "nan")), 0.0, share)
    return Grid(share, (west, south, west + columns * size, south + rows * size))


def _head(path: Path) -> tuple[dict[str, str], str]:
    """The names and values at the beginning of a grid, and the cells' text after them."""
    if not path.is_file():
        raise RefusedInput([Fault("file.missing", str(path))])
    refuse_bytes(path.stat().st_size, path.name)
    text, head = path.read_text(encoding="ascii", errors="replace"), dict[str, str]()
    for _ in HEAD:
        line, _, rest = text.partition("\n")
        name, _, value = line.strip().partition(" ")
        if name.lower() not in HEAD:
            break
        head[name.lower()], text = value.strip(), rest
    return head, text


def strata_of_run(result: Mapping[str, Any]) -> list[Stratum]:
    """The strata of a run's ``result.json``: their outlines, and the stocks of the last year that was measured.

    Raises
    ------
    InputError
        If the run has no outlines with strata, as that of a region has none.
    DomainError
        If a stratum has no stock.
    """
    import shapely

    try:
        parcels = [(p["stratum"], shapely.Polygon(p["rings"][0], p["rings"][1:])) for p in result["map"]["parcels"]]
        told = [e for e in result["estimates"] if e["quantity"] == STOCK and e["source"] == "tanhui"]
        stocks = {e["domain"]: (e["value"], e["se"]) for e in sorted(told, key=lambda e: e["year"])}
    except (KeyError, TypeError, IndexError):
        parcels = []
    if not parcels:
        raise InputError("permanence.no_strata")
    names = sorted({name for name, _ in parcels})
    for stratum in names:
        if stratum not in stocks:
            raise DomainError("permanence.unknown_stratum", stratum=stratum)
    shapes = {stratum: shapely.union_all([shape for name, shape in parcels if name == stratum]) for stratum in names}
    in_co2 = {name: (stock * CO2_PER_C, se * CO2_PER_C) for name, (stock, se) in stocks.items()}
    return [Stratum(name, *in_co2[name], shapes[name]) for name in names]


def burnt_loss(
    burnt: Burnt, strata: Sequence[Stratum], *, share_lost: float, area_rse: float, correlation: float
) -> Loss:
    """Tonnes lost to burnt ground of either kind; a cell is of the stratum in which its centre lies.

    Raises
    ------
    DomainError
        As :func:`polygon_loss` and :func:`raster_loss`, or where nothing of the project burnt.
    """
    errors = {"share_lost": share_lost, "area_rse": area_rse, "correlation": correlation}
    if isinstance(burnt, Grid):
        loss = raster_loss(burnt.share, _strata_of_cells(burnt, strata), burnt.bounds, strata, **errors)
    else:
        loss = polygon_loss(burnt, strata, **errors)
    if not any(loss.burnt_ha.values()):
        raise DomainError("permanence.nothing_burnt")
    return loss


def _strata_of_cells(burnt: Grid, strata: Sequence[Stratum]) -> NDArray[Any]:
    """The stratum of each cell that burnt; empty elsewhere."""
    import numpy as np
    import shapely

    rows, columns = burnt.share.shape
    west, south, east, north = burnt.bounds
    at = np.nonzero(burnt.share > 0)
    x = west + (at[1] + 0.5) * (east - west) / columns
    y = north - (at[0] + 0.5) * (north - south) / rows
    names = np.full(burnt.share.shape, "", dtype=object)
    for stratum in strata:
        inside = shapely.contains_xy(stratum.shape, x, y)
        names[at[0][inside], at[1][inside]] = stratum.id
    return names
