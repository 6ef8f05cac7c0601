"""From a burnt area to tonnes lost: area of each stratum burnt, times its stock, times the share that was lost.

Geometry stays in longitude and latitude; areas are those of the CGCS2000 ellipsoid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import DomainError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["Loss", "Stratum", "cell_areas_ha", "polygon_loss", "raster_loss"]

#: Half axis and flattening of CGCS2000. [m]
SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257222101
#: Two-sided 90 %.
Z90 = NormalDist().inv_cdf(0.95)
#: Strata may share this much of their area before they count as overlapping: outlines drawn twice differ a little.
SLIVER_HA = 0.01


@dataclass(frozen=True, slots=True)
class Stratum:
    """A stratum with its carbon stock as the last verified monitoring gave it. [t CO2/ha]"""

    id: str
    stock_co2_t_ha: float
    se_co2_t_ha: float
    shape: BaseGeometry | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Tonnes lost, with standard error and 90 % interval, and the burnt hectares of each stratum."""

    co2_t: float
    se_co2_t: float
    ci90_co2_t: tuple[float, float]
    burnt_ha: Mapping[str, float]

    @property
    def whole_t(self) -> int:
        """The loss in whole tonnes, rounded up: the one crossing from science to the ledger."""
        # Twelve significant digits first: a last-bit difference between processors must not cost a tonne.
        return math.ceil(float(f"{self.co2_t:.11e}"))


def polygon_loss(
    burnt: Sequence[BaseGeometry], strata: Sequence[Stratum], *, share_lost: float, area_rse: float, correlation: float
) -> Loss:
    """Tonnes lost to burnt polygons.

    Parameters
    ----------
    burnt : sequence of polygons
        Longitude and latitude in degrees. What two of them share counts once.
    strata : sequence of Stratum
        With their shapes, which do not overlap.
    share_lost : float
        Share of the stock that is gone where it burnt, 0 to 1. [1]
    area_rse : float
        Relative standard error of the burnt area. [1]
    correlation : float
        Of the errors of two strata's stocks: 1 where they come from one equation, 0 where nothing is shared. [1]

    Raises
    ------
    DomainError
        If a shape is invalid or not in degrees, strata overlap, or a share is none.
    """
    import shapely

    from tanhui.sensing.inventory.crs import ellipsoidal_area_ha

    _check_ids(strata)
    for name, shape in [*((f"burnt {i + 1}", shape) for i, shape in enumerate(burnt)), *_named_shapes(strata)]:
        _check_shape(name, shape)
    _check_apart(strata)
    area = shapely.union_all(list(burnt))
    pieces = [shapely.intersection(area, stratum.shape) for stratum in strata]
    hectares = [float(value) for value in ellipsoidal_area_ha(pieces)] if pieces else []
    return _loss(strata, hectares, share_lost, area_rse, correlation)


def raster_loss(
    burnt: ArrayLike,
    stratum_of_cell: ArrayLike,
    bounds: tuple[float, float, float, float],
    strata: Sequence[Stratum],
    *,
    share_lost: float,
    area_rse: float,
    correlation: float,
) -> Loss:
    """Tonnes lost to the cells of a raster in longitude and latitude, north up.

    Parameters
    ----------
    burnt : array_like, shape (rows, columns)
        Share of each cell that burnt: 0 or 1, or between. [1]
    stratum_of_cell : array_like of str, shape (rows, columns)
        The stratum's id; empty outside the project.
    bounds : tuple of float
        West, south, east and north edge of the raster. [deg]
    strata, share_lost, area_rse, correlation
        As for :func:`polygon_loss`; shapes are not needed.
    """
    import numpy as np

    _check_ids(strata)
    mask, labels = np.asarray(burnt, float), np.asarray(stratum_of_cell)
    if mask.ndim != 2 or mask.shape != labels.shape:
        raise DomainError("permanence.mask_shape", mask=str(mask.shape), strata=str(labels.shape))
    if not (np.isfinite(mask).all() and (mask >= 0).all() and (mask <= 1).all()):
        raise DomainError("permanence.severity", value=f"{mask.min()}..{mask.max()}")
    known = {stratum.id for stratum in strata}
    for label in sorted(set(np.unique(labels[mask > 0]).tolist()) - known - {""}):
        raise DomainError("permanence.unknown_stratum", stratum=label)
    burnt_ha = mask * cell_areas_ha(bounds, *mask.shape)[:, None]
    hectares = [float(burnt_ha[labels == stratum.id].sum()) for stratum in strata]
    return _loss(strata, hectares, share_lost, area_rse, correlation)


def cell_areas_ha(bounds: tuple[float, float, float, float], rows: int, columns: int) -> NDArray[np.float64]:
    """Area of one cell of each row of a raster in degrees, from north to south. [ha]

    Exact for a cell between two meridians and two parallels of the ellipsoid.
    """
    import numpy as np

    west, south, east, north = bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise DomainError("permanence.not_degrees", bounds=str(bounds))
    e = math.sqrt(FLATTENING * (2 - FLATTENING))
    sine = np.sin(np.radians(np.linspace(north, south, rows + 1)))
    # The area from the equator to a latitude, of one radian of longitude.
    zone = (SEMI_MAJOR_M * (1 - FLATTENING)) ** 2 / 2 * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    area_m2: NDArray[np.float64] = (zone[:-1] - zone[1:]) * math.radians((east - west) / columns)
    return area_m2 / 1e4


def _loss(
    strata: Sequence[Stratum], hectares: Sequence[float], share_lost: float, area_rse: float, correlation: float
) -> Loss:
    """Sum over strata: stock errors correlated as told, the area's error shared by all of them."""
    for value in (share_lost, correlation):
        if not 0 <= value <= 1:
            raise DomainError("permanence.severity", value=value)
    if not area_rse >= 0:
        raise DomainError("permanence.negative", name="area_rse", value=area_rse)
    total = share_lost * sum(a * s.stock_co2_t_ha for a, s in zip(hectares, strata, strict=True))
    errors = [share_lost * a * s.se_co2_t_ha for a, s in zip(hectares, strata, strict=True)]
    stock_variance = correlation * sum(errors) ** 2 + (1 - correlation) * sum(error**2 for error in errors)
    # Exact for a product of two independent errors.
    variance = stock_variance * (1 + area_rse**2) + (total * area_rse) ** 2
    se = math.sqrt(variance)
    interval = (max(0.0, total - Z90 * se), total + Z90 * se)
    return Loss(total, se, interval, {s.id: a for s, a in zip(strata, hectares, strict=True)})


def _check_ids(strata: Sequence[Stratum]) -> None:
    seen: set[str] = set()
    for stratum in strata:
        if stratum.id in seen:
            raise DomainError("permanence.stratum_twice", stratum=stratum.id)
        seen.add(stratum.id)
        for name, value in (("stock_co2_t_ha", stratum.stock_co2_t_ha), ("se_co2_t_ha", stratum.se_co2_t_ha)):
            if not (value >= 0 and math.isfinite(value)):
                raise DomainError("permanence.negative", name=f"{stratum.id} {name}", value=value)


def _named_shapes(strata: Sequence[Stratum]) -> list[tuple[str, Any]]:
    return [(stratum.id, stratum.shape) for stratum in strata]


def _check_shape(name: str, shape: Any) -> None:
    import shapely

    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise DomainError("permanence.shape_invalid", name=name, detail="no polygon")
    if not shape.is_valid:
        raise DomainError("permanence.shape_invalid", name=name, detail=shapely.is_valid_reason(shape))
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise DomainError("permanence.not_degrees", bounds=str(shape.bounds))


def _check_apart(strata: Sequence[Stratum]) -> None:
    """A tonne in two strata would be lost twice."""
    import shapely

    from tanhui.sensing.inventory.crs import ellipsoidal_area_ha

    shapes = [stratum.shape for stratum in strata]
    tree = shapely.STRtree(shapes)
    for first, second in tree.query(shapes, predicate="intersects").T:
        if first < second:
            shared = shapely.intersection(shapes[first], shapes[second])
            if ellipsoidal_area_ha([shared])[0] > SLIVER_HA:
                raise DomainError("permanence.strata_overlap", stratum=strata[second].id)
