"""Coordinate lists as text: the land administration's exchange format, and plain ``id,x,y``.

The exchange format has a section ``[属性描述]`` of ``key=value`` lines (datum, zone width, zone number) and a section
``[地块坐标]`` with, for each plot of land, one line ``points,area_ha,number,name,面,sheet,use,class,@`` followed by
lines ``point,ring,X,Y``. X is north and Y east, as in surveying; many programs write them the other way round. In
China the two cannot be confused, so the order is read from the numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tanhui.kernel.errors import Fault
from tanhui.sensing.inventory.crs import System, datum_named, facts, gauss_kruger, systems

__all__ = ["Block", "CoordinateText", "parse", "polygon_of"]

SECTION = re.compile(r"^\s*\[(.+?)\]\s*$")


@dataclass(slots=True)
class Block:
    """One plot of land: what its head line says, and its rings of (east, north) or (longitude, latitude)."""

    parcel_id: str
    row: int
    area_ha: float | None = None
    points_stated: int | None = None
    name: str = ""
    rings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CoordinateText:
    """A parsed file: its header, its blocks, the system its header names (if it does) and what is wrong with it."""

    header: dict[str, str]
    blocks: tuple[Block, ...]
    faults: tuple[Fault, ...]


def parse(text: str, file: str) -> CoordinateText:
    """Blocks of a coordinate list; faults name the line."""
    lines = list(enumerate(text.splitlines(), start=1))
    header: dict[str, str] = {}
    start = 0
    exchange = False
    for position, (_, line) in enumerate(lines):
        section = SECTION.match(line)
        if section and section[1].strip() == "地块坐标":
            start, exchange = position + 1, True
            break
        if not section and "=" in line:
            key, _, value = line.partition("=")
            header[key.strip()] = value.strip()
    rows = [(number, line.strip()) for number, line in lines[start:] if line.strip()]
    blocks, faults = _exchange_blocks(rows, file) if exchange else _plain_blocks(rows, file)
    if not blocks and not faults:
        faults.append(Fault("table.no_rows", file))
    return CoordinateText(header, tuple(blocks), tuple(faults + _count_faults(blocks, file)))


def _exchange_blocks(rows: list[tuple[int, str]], file: str) -> tuple[list[Block], list[Fault]]:
    blocks: list[Block] = []
    faults: list[Fault] = []
    for number, line in rows:
        cells = [cell.strip() for cell in line.split(",")]
        if line.endswith("@"):
            blocks.append(_head(cells, number, len(blocks) + 1))
            continue
        pair = _pair(cells[2:4]) if len(cells) >= 4 else None
        if pair is None or not blocks:
            faults.append(Fault("txt.bad_point", file, row=number, value=line[:80]))
        else:
            blocks[-1].rings.setdefault(cells[1], []).append(pair)
    return blocks, faults


def _head(cells: list[str], number: int, count: int) -> Block:
    """The head line of a block: points, area, number, name, ..."""
    padded = cells + [""] * 4
    area = re.match(r"[0-9.]+", padded[1])
    return Block(
        parcel_id=padded[2] or padded[3] or str(count),
        row=number,
        area_ha=float(area[0]) if area and float(area[0]) > 0 else None,
        points_stated=int(padded[0]) if padded[0].isdigit() else None,
        name=padded[3],
    )


def _plain_blocks(rows: list[tuple[int, str]], file: str) -> tuple[list[Block], list[Fault]]:
    blocks: dict[str, Block] = {}
    faults: list[Fault] = []
    for place, (number, line) in enumerate(rows):
        cells = [cell for cell in re.split(r"[,;\t ]+", line) if cell]
        pair = _pair(cells[-2:]) if len(cells) >= 3 else None
        if pair is None:
            if place or len(cells) < 3:  # the first line may be a header
                faults.append(Fault("txt.bad_point", file, row=number, value=line[:80]))
            continue
        block = blocks.setdefault(cells[0], Block(cells[0], number))
        block.rings.setdefault("1", []).append(pair)
    return list(blocks.values()), faults


def _pair(cells: list[str]) -> tuple[float, float] | None:
    """Two numbers in the order east, north (or longitude, latitude)."""
    try:
        first, second = (float(cell) for cell in cells)
    except ValueError:
        return None
    box = facts()["extent"]
    in_metres = box["northing_min_m"] <= first <= box["northing_max_m"]
    in_degrees = box["lat_min_deg"] <= first <= box["lat_max_deg"] and second >= box["lon_min_deg"]
    north_first = (in_metres and not box["northing_min_m"] <= second <= box["northing_max_m"]) or in_degrees
    return (second, first) if north_first else (first, second)


def _count_faults(blocks: list[Block], file: str) -> list[Fault]:
    """Blocks with too few points, or with fewer than their head line promises (a file cut in half)."""
    faults = []
    for block in blocks:
        found = sum(len(ring) for ring in block.rings.values())
        rings_too_short = any(len(set(ring)) < 3 for ring in block.rings.values()) or not block.rings
        # Some programs count the closing points and some do not.
        if block.points_stated is not None and abs(found - block.points_stated) > len(block.rings):
            counted = {"found": found, "stated": block.points_stated}
            faults.append(Fault("txt.point_count", file, row=block.row, value=block.parcel_id, facts=counted))
        elif rings_too_short:
            faults.append(Fault("txt.too_few_points", file, row=block.row, value=block.parcel_id))
    return faults


def polygon_of(block: Block) -> Any:
    """The geometry of a block: rings inside the first one are holes, others are further parts."""
    import shapely

    shells: list[tuple[Any, list[Any]]] = []
    for ring in block.rings.values():
        shape = shapely.Polygon(ring)
        outer = next((entry for entry in shells if entry[0].is_valid and entry[0].contains(shape)), None)
        if outer is None:
            shells.append((shape, []))
        else:
            outer[1].append(shape.exterior)
    parts = [shapely.Polygon(shape.exterior, holes) for shape, holes in shells]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def system_of(header: dict[str, str], blocks: tuple[Block, ...]) -> System | None:
    """The coordinate system that the header names, or nothing where it does not say enough."""
    datum = datum_named(header.get("坐标系", ""))
    if datum is None or not blocks:
        return None
    easting = next(iter(blocks[0].rings.values()))[0][0]
    width = re.search(r"[36]", header.get("几度分带", "") or header.get("分带", ""))
    zone = re.search(r"\d+", header.get("带号", ""))
    if abs(easting) <= 180:
        return systems()[facts()["datum"][datum]["geographic"]]
    prefix = int(easting // 1_000_000)
    number = int(zone[0]) if zone else prefix
    # Zone numbers of 3 and 6 degrees do not meet in China, so the number alone says the width.
    degrees = int(width[0]) if width else next((s.width_deg for s in systems().values() if s.zone == number), None)
    if not number or degrees is None:
        return None
    return gauss_kruger(datum, degrees, number, prefixed=prefix > 0)
