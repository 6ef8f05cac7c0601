"""示例数据，非真实项目。 Illustrative data, not a real project: this script makes every input of the example.

``python examples/afforestation-hunan/make_inputs.py`` writes parcels, two surveys and a planting record beside itself.
Place, parcels, plots and trees are invented; sizes and growth are what plantations of Chinese fir (杉木) and Masson
pine (马尾松) of that age in Hunan look like. The seed is fixed and every number is rounded before it is written, so
the files are the same each time.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Font
from pyproj import Transformer
from shapely import Point, Polygon

from tanhui.kernel.randoms import stream
from tanhui.projects.template import stable_bytes, workbook_bytes
from tanhui.sensing.inventory.crs import ellipsoidal_area_ha

HERE = Path(__file__).parent
SEED = 20140310
BANNER = "示例数据，非真实项目。Illustrative data, not a real project."
#: CGCS2000, 3-degree zone 37 with prefix: eastings 37 xxx xxx m.
EPSG = 4525
#: South-west corner of the invented forest farm. [deg]
ORIGIN = (109.85, 26.90)
CELL_M = 230.0
COLUMNS, ROWS = 8, 5
SURVEYS = (date(2020, 8, 15), date(2025, 8, 20))
DAYS_PER_YEAR = 365.2425
M2_PER_MU = 2000 / 3
#: Every 9th plot is measured again by a second team: 4 of 36, more than 10 %.
REMEASURED_EVERY = 9
TALLY_FROM_CM = 5.0


@dataclass(frozen=True)
class Stand:
    """A stratum: what was planted when, and how such a stand grows (invented, see the module)."""

    id: str
    species: str
    planted: date
    parcels: int
    plots: int
    planted_per_ha: int
    #: Mean diameter and height: a (1 - exp(-k age))^p. [cm], [m]
    diameter: tuple[float, float, float]
    height: tuple[float, float, float]

    def size(self, curve: tuple[float, float, float], day: date) -> float:
        """Mean size on a day."""
        a, k, p = curve
        age = (day - self.planted).days / DAYS_PER_YEAR
        return float(a * (1 - np.exp(-k * age)) ** p)


FIR = {"species": "杉木", "planted_per_ha": 2500, "diameter": (16.0, 0.16, 1.75), "height": (14.0, 0.12, 1.70)}
PINE = {"species": "马尾松", "planted_per_ha": 2000, "diameter": (15.0, 0.15, 1.85), "height": (12.5, 0.115, 1.70)}
STANDS = (
    Stand("CL-2014", planted=date(2014, 3, 10), parcels=12, plots=11, **FIR),
    Stand("CL-2015", planted=date(2015, 3, 12), parcels=10, plots=9, **FIR),
    Stand("PM-2014", planted=date(2014, 3, 20), parcels=10, plots=9, **PINE),
    Stand("PM-2015", planted=date(2015, 3, 25), parcels=8, plots=7, **PINE),
)


@dataclass
class Tree:
    """An invented tree: its true diameter at each survey, how tall it is for its diameter, and what becomes of it."""

    number: int
    species: str
    dbh_cm: tuple[float, float]
    tallness: float
    fate: str = "live"
    heights_m: dict[int, float] = field(default_factory=dict)


# --- parcels


def parcels() -> geopandas.GeoDataFrame:
    """Forty parcels that share their boundaries, so that none overlap, in zone coordinates rounded to millimetres."""
    random = stream(SEED, "parcels")
    x, y = Transformer.from_crs(4490, EPSG, always_xy=True).transform(*ORIGIN)
    corners = {
        (i, j): (
            round(x + i * CELL_M + random.uniform(-0.22, 0.22) * CELL_M, 3),
            round(y + j * CELL_M + random.uniform(-0.22, 0.22) * CELL_M, 3),
        )
        for j in range(ROWS + 1)
        for i in range(COLUMNS + 1)
    }
    stands = [stand for stand in STANDS for _ in range(stand.parcels)]
    rows, shapes = [], []
    for place, stand in enumerate(stands):
        i, j = place // ROWS, place % ROWS
        shapes.append(Polygon([corners[i, j], corners[i + 1, j], corners[i + 1, j + 1], corners[i, j + 1]]))
        rows.append(
            {
                "SHENG": "43",
                "XIANG": "示例乡",
                "CUN": "示例村",
                "LIN_BAN": f"{1 + place // 10:02d}",
                "XIAO_BAN": f"{place + 1:04d}",
                "TAN_CENG": stand.id,
                "DI_LEI": "人工造乔木林地",
                "QIAN_DILEI": "宜林荒山荒地",
                "YOU_SHI_SZ": stand.species,
                "QI_YUAN": "人工",
                "LING_ZU": "幼龄林",
                "ZLND": stand.planted.year,
                "LIN_ZHONG": "水土保持林",
                "BEI_ZHU": "示例数据，非真实项目",
            }
        )
    frame = geopandas.GeoDataFrame(rows, geometry=shapes, crs=EPSG)
    area_ha = ellipsoidal_area_ha(frame.geometry.to_crs(4490))
    frame["MIAN_JI"] = [round(float(area) * 15, 1) for area in area_ha]  # mu, as such files in Hunan have it
    return frame


def write_parcels(frame: geopandas.GeoDataFrame, folder: Path) -> None:
    """A Shapefile in GBK without .cpg, as many offices hand it over."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "xiaoban.shp"
    frame.to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[1:4] = struct.pack("BBB", 125, 9, 30)  # the day of the last change, instead of today
    path.with_suffix(".dbf").write_bytes(bytes(table))


# --- plots and trees


def plot_rows(frame: geopandas.GeoDataFrame) -> list[dict]:
    """Thirty-six permanent plots: squares and rectangles laid in the horizontal or along the slope, and circles."""
    rows = []
    for stand in STANDS:
        mine = frame[frame["TAN_CENG"] == stand.id]
        for order in range(stand.plots):
            parcel = mine.iloc[order % len(mine)]
            number = len(rows) + 1
            random = stream(SEED, "plot", number)
            inside = inner_point(parcel.geometry.buffer(-30), random)
            lon, lat = Transformer.from_crs(EPSG, 4490, always_xy=True).transform(inside.x, inside.y)
            rows.append(
                {
                    "location_id": f"Y{number:02d}",
                    "stratum": stand.id,
                    "parcel_id": parcel["XIAO_BAN"],
                    "plot_status": "measured",
                    **plot_shape(number),
                    "slope_deg": int(random.integers(8, 32)),
                    "lon": round(lon, 6),
                    "lat": round(lat, 6),
                }
            )
    return rows


def inner_point(shape: Polygon, random: np.random.Generator) -> Point:
    """A point anywhere in a shape."""
    west, south, east, north = shape.bounds
    while True:
        point = Point(random.uniform(west, east), random.uniform(south, north))
        if shape.contains(point):
            return point


def plot_shape(number: int) -> dict:
    """Most plots are 20 m x 30 m in the horizontal; every fourth lies along the slope, every fifth is a circle."""
    if number % 5 == 0:
        return {"plot_shape": "circle", "laid": "horizontal", "radius_m": 11.28}
    if number % 4 == 0:
        return {"plot_shape": "rectangle", "laid": "slope", "length_m": 20, "width_m": 25}
    return {"plot_shape": "rectangle", "laid": "horizontal", "length_m": 20, "width_m": 30}


def horizontal_m2(plot: dict) -> float:
    """Horizontal area of a plot. [m2]"""
    if plot["plot_shape"] == "circle":
        return float(np.pi * plot["radius_m"] ** 2)
    area = plot["length_m"] * plot["width_m"]
    return float(area * np.cos(np.radians(plot["slope_deg"])) if plot["laid"] == "slope" else area)


def plot_trees(plot: dict, stand: Stand) -> list[Tree]:
    """The trees of a plot: site, sizes, growth and fate. Trees that die were mostly small."""
    random = stream(SEED, "trees", plot["location_id"])
    site = float(np.exp(random.normal(0, 0.07)))
    density = stand.planted_per_ha * random.uniform(0.82, 0.93)
    count = round(density * horizontal_m2(plot) / 10_000)
    means = [stand.size(stand.diameter, day) * site for day in SURVEYS]
    trees = []
    for number in range(1, count + 1):
        vigour, luck = (float(np.clip(value, -2.5, 2.5)) for value in random.normal(0, 1, 2))
        first = means[0] * np.exp(0.16 * vigour)
        second = means[1] * np.exp(0.16 * (0.9 * vigour + 0.436 * luck))
        second = max(second, first + 0.3)
        weak = 0.05 * np.exp(-1.2 * vigour)
        fate = "dead" if random.random() < weak else ("cut" if random.random() < 0.01 else "live")
        other = random.random() < 0.03
        species = {"杉木": "马尾松", "马尾松": "杉木"}[stand.species] if other else stand.species
        trees.append(Tree(number, species, (float(first), float(second)), float(np.exp(random.normal(0, 0.05))), fate))
    return trees


def height_m(stand: Stand, tree: Tree, visit: int) -> float:
    """Height of a tree: the stand's mean height, less for thin trees and more for thick ones. [m]"""
    day = SURVEYS[visit]
    ratio = tree.dbh_cm[visit] / stand.size(stand.diameter, day)
    return 1.3 + (stand.size(stand.height, day) - 1.3) * ratio**0.55 * tree.tallness


def survey(plots: list[dict], visit: int) -> dict[str, list[dict]]:
    """The sheets of one survey."""
    day = SURVEYS[visit]
    sheets: dict[str, list[dict]] = {name: [] for name in ("plots", "trees", "saplings", "heights", "remeasured")}
    for order, plot in enumerate(plots):
        stand = next(stand for stand in STANDS if stand.id == plot["stratum"])
        trees = plot_trees(plot, stand)
        planted = round(stand.planted_per_ha * horizontal_m2(plot) / 10_000)
        alive = sum(visit == 0 or tree.fate == "live" for tree in trees)
        sheets["plots"].append(
            {**plot, "visited": day, "planted_count": planted, "survived_count": alive, "crew": "示例小组甲"}
        )
        random = stream(SEED, "readings", plot["location_id"], visit)
        tallied = [row for tree in trees if (row := tree_row(plot, tree, visit, random)) is not None]
        sheets["trees"] += tallied
        sheets["saplings"] += sapling_rows(plot, stand, trees, visit, random)
        heights = height_rows(plot, stand, trees, tallied, visit, random)
        sheets["heights"] += heights
        if order % REMEASURED_EVERY == 4:
            sheets["remeasured"] += second_team(plot, tallied, heights, day, random)
    return sheets


def tree_row(plot: dict, tree: Tree, visit: int, random: np.random.Generator) -> dict | None:
    """One tallied tree as the crew wrote it down; nothing for one still below the tally limit."""
    dbh = round(tree.dbh_cm[visit] + random.normal(0, 0.08), 1)
    before = tree.dbh_cm[0]
    row = {"location_id": plot["location_id"], "tree_id": str(tree.number), "species": tree.species}
    if visit and tree.fate != "live":
        if before < TALLY_FROM_CM + 0.3:
            return None
        died_at = round(before + 0.4 * (tree.dbh_cm[1] - before), 1)
        return {**row, "dbh_cm": died_at if tree.fate == "dead" else None, "status": tree.fate}
    if dbh < TALLY_FROM_CM:
        return None
    return {**row, "dbh_cm": dbh, "status": "live"}


def sapling_rows(plot: dict, stand: Stand, trees: list[Tree], visit: int, random: np.random.Generator) -> list[dict]:
    """Trees still below the tally limit, and some that seeded in, by species."""
    small = [t for t in trees if t.dbh_cm[visit] < TALLY_FROM_CM - 0.3 and (not visit or t.fate == "live")]
    rows = []
    for species in sorted({tree.species for tree in small}):
        mine = [tree for tree in small if tree.species == species]
        ground = np.mean([tree.dbh_cm[visit] for tree in mine]) * 1.25 + 0.6
        tall = np.mean([height_m(stand, tree, visit) for tree in mine])
        rows.append(sapling(plot, species, ground, tall, len(mine)))
    natural = int(random.poisson(3))
    if natural:
        rows.append(sapling(plot, "木荷", random.uniform(0.8, 2.2), random.uniform(0.6, 1.8), natural))
    return rows


def sapling(plot: dict, species: str, ground_cm: float, tall_m: float, count: int) -> dict:
    """A row of the sheet of saplings."""
    return {
        "location_id": plot["location_id"],
        "species": species,
        "ground_diameter_cm": round(float(ground_cm), 1),
        "height_m": round(float(tall_m), 1),
        "count": count,
    }


def height_rows(
    plot: dict, stand: Stand, trees: list[Tree], tallied: list[dict], visit: int, random: np.random.Generator
) -> list[dict]:
    """Five sample trees from thin to thick, read to 0.1 m."""
    live = sorted((row for row in tallied if row["status"] == "live"), key=lambda row: (row["dbh_cm"], row["tree_id"]))
    chosen = [live[round(share * (len(live) - 1))] for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    by_number = {str(tree.number): tree for tree in trees}
    return [
        {
            **{name: row[name] for name in ("location_id", "tree_id", "species", "dbh_cm")},
            "height_m": round(height_m(stand, by_number[row["tree_id"]], visit) * float(1 + random.normal(0, 0.02)), 1),
        }
        for row in {row["tree_id"]: row for row in chosen}.values()
    ]


def second_team(
    plot: dict, tallied: list[dict], heights: list[dict], day: date, random: np.random.Generator
) -> list[dict]:
    """What another team read on the same trees ten days later."""
    tall = {row["tree_id"]: row["height_m"] for row in heights}
    return [
        {
            "location_id": plot["location_id"],
            "tree_id": row["tree_id"],
            "dbh_cm": round(row["dbh_cm"] + float(np.clip(random.normal(0, 0.09), -0.3, 0.3)), 1),
            "height_m": round(tall[row["tree_id"]] * float(1 + np.clip(random.normal(0, 0.008), -0.015, 0.015)), 1)
            if row["tree_id"] in tall
            else None,
            "remeasured_on": date(day.year, day.month, 28),
            "crew": "示例小组乙",
        }
        for row in tallied
        if row["status"] in ("live", "dead")
    ]


# --- the planting record


def planting_record(frame: geopandas.GeoDataFrame) -> bytes:
    """What was planted where and when, as a workbook."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = "造林记录"
    page.append([BANNER])
    page["A1"].font = Font(bold=True)
    page.append(
        ["小班号", "碳层", "树种", "造林日期", "面积(亩)", "株行距", "初植密度(株/亩)", "苗木", "当年成活率(%)"]
    )
    stands = {stand.id: stand for stand in STANDS}
    for order, parcel in frame.iterrows():
        stand = stands[parcel["TAN_CENG"]]
        spacing = "2 m x 2 m" if stand.planted_per_ha == 2500 else "2 m x 2.5 m"
        alive = round(float(stream(SEED, "survival", int(order)).uniform(88, 96)), 1)
        per_mu = round(stand.planted_per_ha / 15)
        row = [parcel["XIAO_BAN"], stand.id, stand.species, stand.planted, parcel["MIAN_JI"], spacing, per_mu]
        page.append([*row, "一年生一级苗", alive])
    return stable_bytes(book)


def main(folder: Path = HERE) -> None:
    """Write every input of the example."""
    frame = parcels()
    write_parcels(frame, folder / "parcels")
    plots = plot_rows(frame)
    (folder / "monitoring").mkdir(exist_ok=True)
    for visit, day in enumerate(SURVEYS):
        data = workbook_bytes(survey(plots, visit), illustrative=True)
        (folder / "monitoring" / f"survey-{day.year}.xlsx").write_bytes(data)
    (folder / "evidence").mkdir(exist_ok=True)
    (folder / "evidence" / "planting-record.xlsx").write_bytes(planting_record(frame))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
