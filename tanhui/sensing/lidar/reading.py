"""LAS and LAZ files, read chunk by chunk: memory does not grow with the file.

A file that cannot be used is refused with everything that is wrong with it: no point cloud, cut off, empty, in degrees
or feet, with heights no place on Earth has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sensing.lidar.points import NOISE, Chunk, Header
from tanhui.sensing.lidar.settings import limit

if TYPE_CHECKING:
    from laspy import LasReader

__all__ = ["chunks", "opened", "raw_chunks", "read_header", "read_headers", "usable"]

#: Points in a chunk: about 50 MB with everything that is made of them.
CHUNK = 500_000


@contextmanager
def opened(path: Path, *, everything: bool = True) -> Iterator[LasReader]:
    """An open file; only position, class and flags are decoded unless everything is wanted (LAS 1.4 formats)."""
    import laspy

    try:
        if everything:
            reader = laspy.open(path)
        else:
            part = laspy.DecompressionSelection
            reader = laspy.open(path, decompression_selection=part.base() | part.Z | part.CLASSIFICATION | part.FLAGS)
    except Exception as error:  # laspy and its decoders raise many kinds for a file that is none
        raise RefusedInput([_unreadable(path, error)]) from error
    with reader:
        yield reader


def _unreadable(path: Path, error: Exception) -> Fault:
    if isinstance(error, FileNotFoundError):
        return Fault("lidar.missing", path.name)
    return Fault("lidar.unreadable", path.name, facts={"detail": str(error)[:200] or type(error).__name__})


def read_header(path: Path) -> Header:
    """The facts of a file's header.

    Raises
    ------
    RefusedInput
        If the file is no LAS or LAZ, or ends before the points that its header promises.
    """
    with opened(path) as reader:
        header = reader.header
        _look_at_length(path, header)
        crs = _crs(header)
        return Header(
            path=path,
            version=str(header.version),
            point_format=int(header.point_format.id),
            compressed=bool(header.are_points_compressed),
            points=int(header.point_count),
            mins=_triple(header.mins),
            maxs=_triple(header.maxs),
            scales=_triple(header.scales),
            crs=crs.to_wkt() if crs else "",
            crs_name=crs.name if crs else "",
            metres_per_unit=_metres_per_unit(crs),
            degrees=bool(crs is not None and crs.is_geographic),
            extra_dims=tuple(header.point_format.extra_dimension_names),
            by_return=tuple(int(n) for n in header.number_of_points_by_return),
        )


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _look_at_length(path: Path, header: Any) -> None:
    """A file that ends early is known by its length: uncompressed by the size of its points, LAZ by its chunk table."""
    size = path.stat().st_size
    begin = int(header.offset_to_point_data)
    if header.are_points_compressed:
        with path.open("rb") as stream:
            stream.seek(begin)
            table = int.from_bytes(stream.read(8), "little", signed=True)
        short = size < begin + 8 or table >= size
        facts = {"wanted": header.point_count, "found": "?"}
    else:
        there = max(0, size - begin) // int(header.point_format.size)
        short = there < header.point_count
        facts = {"wanted": header.point_count, "found": there}
    if short:
        raise RefusedInput([Fault("lidar.truncated", path.name, facts=facts)])


def _crs(header: Any) -> Any:
    """The coordinate system, or nothing where the file names none that is known."""
    try:
        return header.parse_crs()
    except Exception:  # a broken record is as good as none, and is noted like one
        return None


def _metres_per_unit(crs: Any) -> float | None:
    """The length of the unit of the plane, or of the height where that is another one. [m]"""
    if crs is None or not crs.axis_info:
        return None
    lengths = [axis.unit_conversion_factor for axis in crs.axis_info if axis.unit_name not in ("degree", "")]
    other = [length for length in lengths if length != 1.0]
    return float(other[0]) if other else (1.0 if lengths else None)


def read_headers(paths: Sequence[Path]) -> list[Header]:
    """The headers of several files that make one cloud; all faults of all files at once."""
    headers: list[Header] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            headers.append(read_header(path))
        except RefusedInput as refused:
            faults += refused.faults
    faults += [fault for header in headers for fault in usable(header)]
    known = {header.crs_name for header in headers}
    if len(known) > 1:
        faults.append(Fault("lidar.mixed_crs", headers[-1].path.name, value=", ".join(sorted(x or "-" for x in known))))
    if faults:
        raise RefusedInput(faults)
    return headers


def usable(header: Header) -> Iterator[Fault]:
    """What stands against computing with a file."""
    name = header.path.name
    if not header.points:
        yield Fault("lidar.empty", name)
        return
    numbers = (*header.mins, *header.maxs)
    lowest, highest = limit("height_lowest"), limit("height_highest")
    if not all(map(math.isfinite, numbers)) or not lowest <= header.mins[2] <= header.maxs[2] <= highest:
        facts = {"low": lowest, "high": highest}
        yield Fault("lidar.heights", name, value=f"{header.mins[2]:g} .. {header.maxs[2]:g}", facts=facts)
    if header.degrees or _looks_like_degrees(header):
        yield Fault("lidar.degrees", name, value=header.crs_name or "-")
    elif header.metres_per_unit not in (None, 1.0):
        yield Fault("lidar.feet", name, value=header.crs_name, facts={"metres": f"{header.metres_per_unit:.4f}"})


def _looks_like_degrees(header: Header) -> bool:
    """Whether numbers without a coordinate system are longitude and latitude: small, and far flatter than high."""
    (west, south, low), (east, north, high) = header.mins, header.maxs
    on_earth = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    return not header.crs and on_earth and max(east - west, north - south) < min(1.0, (high - low) / 10)


def raw_chunks(reader: LasReader, path: Path, size: int = CHUNK) -> Iterator[Any]:
    """Point records as laspy gives them; a file that ends or breaks on the way is refused."""
    read = 0
    wanted = int(reader.header.point_count)
    found = reader.chunk_iterator(size)
    while read < wanted:
        try:
            chunk = next(found)
        except Exception as error:
            facts = {"wanted": wanted, "found": read}
            raise RefusedInput([Fault("lidar.truncated", path.name, facts=facts)]) from error
        if not len(chunk):
            raise RefusedInput([Fault("lidar.truncated", path.name, facts={"wanted": wanted, "found": read})])
        read += len(chunk)
        yield chunk


def chunks(header: Header, size: int = CHUNK) -> Iterator[Chunk]:
    """The points of a file, without those withheld or classed as noise."""
    import numpy as np

    with opened(header.path, everything=False) as reader:
        for record in raw_chunks(reader, header.path, size):
            classes = np.asarray(record.classification)
            withheld = np.asarray(record.withheld).astype(bool)
            x, y, z = (np.asarray(axis, dtype=np.float64) for axis in (record.x, record.y, record.z))
            chunk = Chunk(x, y, z, classes, withheld)
            left_out = withheld | np.isin(classes, NOISE)
            if left_out.any():
                kept = ~left_out
                chunk = Chunk(x[kept], y[kept], z[kept], classes[kept], withheld[kept])
            yield chunk
