"""Where in a stratum its plots lie: outlines to metres, drawn, and back to degrees. Pure.

Each stratum has a projection and a random stream of its own, named by its label: another stratum, or more plots in
it, moves no point of this one (a grid moves when its own number of plots changes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tanhui.kernel.randoms import stream
from tanhui.mrv.sampling import DrawnPoints, PointFrame, grid_points, grid_spacing, point_frame, random_points
from tanhui.projects.field.model import Kind, PlannedPlot

if TYPE_CHECKING:
    from pyproj import Transformer

__all__ = ["DrawnStratum", "Layout", "draw_stratum", "to_metres"]

Layout = Literal["random", "systematic"]
#: Degrees are written so finely that a point moves by no more than a centimetre.
DEGREE_DIGITS = 7
#: A projection's centre is rounded, so that a corrected corner of a parcel moves no point elsewhere. [deg]
CENTRE_DIGITS = 1


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStratum:
    """The draw of one stratum: its plots and reserves, and with what chance each place was in it.

    Attributes
    ----------
    plots : tuple of PlannedPlot
        New plots in order, then reserves in order.
    frame_ha : float
        Area in which a centre may lie. [ha]
    outline_ha : float
        Area of the outlines. [ha]
    density_per_ha : float
        Expected new plots per hectare of frame, the same everywhere. [1/ha]
    without_room : tuple of str
        Parcels too narrow for a plot.
    spacing_m, angle_deg : float or None
        Of a grid.
    """

    plots: tuple[PlannedPlot, ...]
    frame_ha: float
    outline_ha: float
    density_per_ha: float
    without_room: tuple[str, ...]
    spacing_m: float | None = None
    angle_deg: float | None = None

    @property
    def near(self) -> tuple[float, float]:
        """Some place in it. [deg]"""
        return self.plots[0].lon_deg, self.plots[0].lat_deg


def to_metres(lon_deg: float, lat_deg: float) -> Transformer:
    """From CGCS2000 degrees to metres of an equal-area projection about a place, whose distances hold nearby."""
    from pyproj import Transformer

    local = f"+proj=laea +lat_0={lat_deg} +lon_0={lon_deg} +ellps=GRS80 +units=m"
    return Transformer.from_crs("EPSG:4490", local, always_xy=True)


def draw_stratum(
    label: str,
    parcels: Sequence[tuple[str, Any]],
    n: int,
    reserves: int,
    *,
    margin_m: float,
    layout: Layout,
    seed: int,
    minimum: int = 2,
    taken: frozenset[str] = frozenset(),
) -> DrawnStratum:
    """Draw the plots of a stratum.

    Parameters
    ----------
    label : str
        Names the random stream.
    parcels : sequence of (str, shapely geometry)
        Number and outline of each, in CGCS2000 degrees.
    n, reserves : int
        New plots and plots in reserve. A grid may have a few more or less than ``n``.
    margin_m : float
        Least distance of a centre to the edge of its parcel. [m]
    taken : frozenset of str
        Numbers of plots that are in use.

    Raises
    ------
    DomainError
        If no plot has room, or a grid leaves too few points.
    """
    import shapely

    parcels = sorted(parcels, key=lambda parcel: parcel[0])
    west, south, east, north = shapely.total_bounds([shape for _, shape in parcels])
    move = to_metres(round((west + east) / 2, CENTRE_DIGITS), round((south + north) / 2, CENTRE_DIGITS))

    def projected(xy: Any) -> Any:
        return np.column_stack(move.transform(xy[:, 0], xy[:, 1]))

    frame = point_frame([shapely.transform(shape, projected) for _, shape in parcels], margin_m)
    drawn, spare = _drawn(frame, label, n, reserves, layout, seed, minimum)
    names = [name for name, _ in parcels]
    plots = [
        *_named(label, "new", drawn, names, move, taken),
        *_named(label, "reserve", spare, names, move, taken),
    ]
    grid = layout == "systematic" and n > 0
    return DrawnStratum(
        plots=tuple(plots),
        frame_ha=frame.total_m2 / 1e4,
        outline_ha=float(frame.outline_m2.sum()) / 1e4,
        density_per_ha=drawn.density_per_m2 * 1e4,
        without_room=tuple(name for name, area in zip(names, frame.area_m2, strict=True) if area == 0),
        spacing_m=drawn.spacing_m if grid else None,
        angle_deg=float(np.degrees(drawn.angle_rad)) if grid else None,
    )


def _drawn(
    frame: PointFrame, label: str, n: int, reserves: int, layout: Layout, seed: int, minimum: int
) -> tuple[DrawnPoints, DrawnPoints]:
    """Plots and reserves: of one list where points are independent, reserves of a list of their own beside a grid."""
    if layout == "random" or n == 0:
        both = random_points(frame, n + reserves, stream(seed, "field", "random", label))
        first = DrawnPoints(both.xy_m[:n], both.piece[:n], n / frame.total_m2)
        return first, DrawnPoints(both.xy_m[n:], both.piece[n:], reserves / frame.total_m2)
    spacing = grid_spacing(frame, n, minimum=minimum)
    grid = grid_points(frame, spacing, stream(seed, "field", "grid", label), minimum=minimum)
    return grid, random_points(frame, reserves, stream(seed, "field", "reserve", label))


def _named(
    label: str, kind: Kind, points: DrawnPoints, parcels: Sequence[str], move: Transformer, taken: frozenset[str]
) -> list[PlannedPlot]:
    """Points in degrees, numbered; a number that another plot has is passed over."""
    lon, lat = move.transform(points.xy_m[:, 0], points.xy_m[:, 1], direction="INVERSE")
    letter = "R" if kind == "reserve" else ""
    numbers = (f"{label}-{letter}{k:02d}" for k in range(1, len(points.xy_m) + len(taken) + 1))
    free = (number for number in numbers if number not in taken)
    return [
        PlannedPlot(
            id=next(free),
            stratum=label,
            parcel=parcels[int(piece)],
            lon_deg=round(float(x), DEGREE_DIGITS),
            lat_deg=round(float(y), DEGREE_DIGITS),
            kind=kind,
            order=order,
        )
        for order, (x, y, piece) in enumerate(zip(lon, lat, points.piece, strict=True), start=1)
    ]
