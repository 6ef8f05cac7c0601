"""Parcels made for the tests, and the question most of them ask."""

from datetime import date
from pathlib import Path

import geopandas
import pytest
import shapely

from tanhui.projects.scout import Question

DAY, START = date(2026, 11, 24), date(2027, 1, 1)


def question(**said: object) -> Question:
    """A question about the parcels of these tests."""
    asked: dict[str, object] = {"day": DAY, "start": START, "region": "cn/hunan", "species": "杉木"}
    return Question(**{**asked, **said})  # type: ignore[arg-type]


def write_parcels(path: Path, rows: list[dict[str, object]], side_m: float = 200.0) -> Path:
    """Squares of 4 ha side by side on the 111 degree meridian; ``side_m`` per row may be given as ``side``."""
    shapes = []
    for n, row in enumerate(rows):
        side = float(row.pop("side", side_m))  # type: ignore[arg-type]
        shapes.append(shapely.box(500_000 + 300 * n, 3_200_000, 500_000 + 300 * n + side, 3_200_000 + side))
    frame = geopandas.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4546")  # 3-degree zone about 111 E
    frame.to_file(path, driver="GPKG")
    return path


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """Bare land, forest, wetland, an orchard's neighbour, and one too small."""
    rows: list[dict[str, object]] = [
        {"小班号": "bare", "地类": "宜林地", "树种": "杉木"},
        {"小班号": "planned", "地类": "规划造林地", "树种": ""},
        {"小班号": "forest", "地类": "乔木林地", "树种": "杉木"},
        {"小班号": "marsh", "地类": "沼泽地", "树种": "杉木"},
        {"小班号": "fruit", "地类": "经济林", "树种": "杉木"},
        {"小班号": "tiny", "地类": "宜林地", "树种": "杉木", "side": 19.0},
    ]
    return write_parcels(tmp_path / "parcels.gpkg", rows)
