"""Images of any GeoTIFF: which day, which bands, and a small window about a parcel.

Only windows are read, at the size they are shown, so overviews serve where there are some and a file of many gigabytes
costs no more memory than a small one. Nothing is fetched: files are opened as local GeoTIFF and as nothing else.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.projects.history.dates import day_in_name, day_in_tag
from tanhui.projects.history.model import Glance, threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

__all__ = ["Image", "Looker", "find_images"]

SUFFIXES = (".tif", ".tiff")
#: The table of days beside images: file, date, and the names of the bands in their order where a file lacks them.
TABLE = "imagery.csv"
#: Longer side of a picture, and windows sampled for the stretch with their size. [px]
PICTURE, SAMPLES, SAMPLE = 120, 64, 32
QUALITY = 78
COLOURS = ("red", "green", "blue", "nir")


@dataclass(frozen=True, slots=True)
class Image:
    """An image before anything of it is shown.

    Attributes
    ----------
    dated : str
        Where the day is from: ``table``, ``name`` or ``tag``.
    bands : mapping of str to int
        Number of the band of each colour known: red, green, blue, nir.
    """

    path: Path
    name: str
    day: date
    dated: str
    sha256: str
    size_bytes: int
    crs: str
    dtype: str
    bands: Mapping[str, int]
    pixel_m: float
    overviews: bool

    def to_dict(self) -> dict[str, Any]:
        """As the book carries it."""
        return {
            "file": self.name,
            "day": self.day.isoformat(),
            "dated": self.dated,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "crs": self.crs,
            "dtype": self.dtype,
            "bands": dict(self.bands),
            "overviews": self.overviews,
        }


def find_images(paths: Iterable[Path]) -> tuple[Image, ...]:
    """Every image in files and folders, by day.

    Raises
    ------
    RefusedInput
        With every image that is missing, unreadable, without a coordinate system or without a day, every name that is
        there twice, and every wrong row of a table of days.
    """
    faults: list[Fault] = []
    files, said = _files(paths, faults)
    found = []
    names: set[str] = set()
    for path in files:
        if path.name in names:
            faults.append(Fault("history.image_twice", path.name))
        names.add(path.name)
        image = _image(path, said.get(path.name, {}), faults)
        if image is not None:
            found.append(image)
    faults += [Fault("history.table_unknown_file", TABLE, value=name) for name in sorted(set(said) - names)]
    if faults:
        raise RefusedInput(faults)
    return tuple(sorted(found, key=lambda image: (image.day, image.name)))


def _files(paths: Iterable[Path], faults: list[Fault]) -> tuple[list[Path], dict[str, dict[str, str]]]:
    """GeoTIFFs of files and folders, and the rows of the tables of days beside them."""
    files: list[Path] = []
    said: dict[str, dict[str, str]] = {}
    for path in paths:
        if path.is_dir():
            there = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
            if not there:
                faults.append(Fault("history.no_images", str(path)))
            files += there
            tables = [path / TABLE] if (path / TABLE).is_file() else []
        else:
            tables = [path] if path.suffix.lower() == ".csv" else []
            files += [] if tables else [path]
        for table in tables:
            said |= _table(table, faults)
    return list(dict.fromkeys(files)), said


def _table(path: Path, faults: list[Fault]) -> dict[str, dict[str, str]]:
    if not path.is_file():
        faults.append(Fault("file.missing", str(path)))
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error):
        faults.append(Fault("file.unknown_encoding", path.name))
        return {}
    said = {}
    for number, row in enumerate(rows, start=2):
        name, day = (row.get("file") or "").strip(), (row.get("date") or "").strip()
        if not name or (day and day_in_name(day) is None):
            faults.append(Fault("history.table_row", path.name, row=number, value=f"{name} {day}".strip()))
        else:
            said[name] = {"date": day, "bands": (row.get("bands") or "").strip()}
    return said


def _image(path: Path, said: Mapping[str, str], faults: list[Fault]) -> Image | None:
    import rasterio

    if not path.is_file():
        faults.append(Fault("file.missing", str(path)))
        return None
    try:
        with rasterio.open(path, driver="GTiff") as data:
            days = {"table": day_in_name(said.get("date", "")), "name": day_in_name(path.stem)}
            days["tag"] = day_in_tag(data.tags().get("TIFFTAG_DATETIME", ""))
            dated = next((how for how, day in days.items() if day), "")
            bands = _bands(data, said.get("bands", ""))
            if not dated:
                faults.append(Fault("history.no_day", path.name))
            if data.crs is None:
                faults.append(Fault("history.no_crs", path.name))
            if not dated or data.crs is None:
                return None
            day = days[dated]
            assert day is not None
            return Image(
                path=path,
                name=path.name,
                day=day,
                dated=dated,
                sha256=file_digest(path),
                size_bytes=path.stat().st_size,
                crs=data.crs.to_string()[:60],
                dtype=data.dtypes[0],
                bands=bands,
                pixel_m=abs(data.transform.a),
                overviews=bool(data.overviews(1)),
            )
    except rasterio.errors.RasterioError as error:
        faults.append(Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]}))
        return None


def _bands(data: DatasetReader, said: str) -> dict[str, int]:
    """Which band is which colour: by the table, by their descriptions, by their colour interpretation."""
    names = [name.strip().lower() for name in said.split(",")] if said else []
    names = names or [(text or "").lower() for text in data.descriptions]
    found = {colour: at + 1 for colour in COLOURS for at, name in enumerate(names) if name == colour}
    if not found:
        shown = [interpretation.name for interpretation in data.colorinterp]
        found = {colour: shown.index(colour) + 1 for colour in COLOURS if colour in shown}
    return {colour: band for colour, band in found.items() if band <= data.count}


class Looker:
    """An open image: one stretch for all its windows, and a glance at a parcel."""

    def __init__(self, image: Image, frame: Any, day: date) -> None:
        """Open the image and find its stretch from some of the parcels (a GeoDataFrame in CGCS2000)."""
        import rasterio
        from rasterio.enums import ColorInterp
        from rasterio.vrt import WarpedVRT

        self.image, self.day = image, day
        opened = rasterio.open(image.path, driver="GTiff")
        # A turned image, or one in degrees, is seen in metres and north up; otherwise pixels are shown as they are.
        turned = opened.transform.b != 0 or opened.transform.d != 0
        metric = opened.crs if opened.crs.is_projected else frame.estimate_utm_crs()
        seen_anew = turned or not opened.crs.is_projected
        masked = opened.nodata is not None or ColorInterp.alpha in opened.colorinterp
        self.data = WarpedVRT(opened, crs=metric.to_wkt(), add_alpha=not masked) if seen_anew else opened
        self.source = opened
        self.shapes = frame.geometry.to_crs(metric.to_wkt()).to_numpy()
        colours = [image.bands[name] for name in ("red", "green", "blue") if name in image.bands]
        self.shown = colours if len(colours) == 3 else [1]
        self.palette = self._palette()
        self.low, self.high = self._stretch()

    def close(self) -> None:
        """Give the file back."""
        self.data.close()
        self.source.close()

    def _palette(self) -> NDArray[np.uint8] | None:
        """Colours of an indexed image."""
        if self.data.count > 2 or self.data.dtypes[0] != "uint8":
            return None
        try:
            colours = self.data.colormap(1)
        except ValueError:
            return None
        return np.array([colours.get(n, (0, 0, 0, 255))[:3] for n in range(256)], np.uint8)

    def _window(self, shape: Any, longest: int) -> tuple[Any, tuple[int, int]] | None:
        """A window about a shape with a margin, cut to the image, and the size it is read at; None outside."""
        from rasterio.errors import WindowError
        from rasterio.windows import Window, from_bounds

        left, bottom, right, top = shape.bounds
        room = threshold("window_margin", self.day).number() * max(right - left, top - bottom)
        asked = from_bounds(left - room, bottom - room, right + room, top + room, self.data.transform)
        whole = Window(0, 0, self.data.width, self.data.height)
        try:
            cut = _whole_pixels(asked).intersection(whole)
        except WindowError:
            return None
        if cut.width < 1 or cut.height < 1:
            return None
        scale = min(1.0, longest / max(cut.width, cut.height))
        return cut, (max(1, round(cut.height * scale)), max(1, round(cut.width * scale)))

    def _read(self, window: Any, size: tuple[int, int], bands: Sequence[int]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Bands of a window and where all of them are valid."""
        values = self.data.read(list(bands), window=window, out_shape=(len(bands), *size))
        masks = self.data.read_masks(list(bands), window=window, out_shape=(len(bands), *size))
        valid = (masks > 0).all(axis=0)
        if values.dtype.kind == "f":
            valid &= np.isfinite(values).all(axis=0)
        return values, valid

    def _stretch(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Black and white of each band shown, from windows spread over the parcels."""
        step = max(len(self.shapes) // SAMPLES, 1)
        samples = []
        for shape in self.shapes[::step]:
            place = self._window(shape, SAMPLE)
            if place is not None:
                values, valid = self._read(*place, self.shown)
                samples.append(values[:, valid].astype(float))
        pixels = np.concatenate(samples, axis=1) if samples else np.zeros((len(self.shown), 0))
        if not pixels.shape[1] or self.palette is not None:
            return np.zeros(len(self.shown)), np.full(len(self.shown), 255.0)
        ends = [threshold(f"stretch_{end}", self.day).number() for end in ("low", "high")]
        low, high = np.percentile(pixels, ends, axis=1)
        return low, np.maximum(high, low + 1e-9)

    def glance(self, number: int) -> Glance:
        """What the image shows of the parcel at a place of the frame."""
        image, shape = self.image, self.shapes[number]
        place = self._window(shape, PICTURE)
        if place is None:
            return Glance(image.name, image.day, 0.0)
        window, size = place
        wanted = list(dict.fromkeys([*self.shown, *image.bands.values()]))
        values, valid = self._read(window, size, wanted)
        inside, share_inside = self._inside(shape, window, size)
        seen = inside & valid
        covered = share_inside * (seen.sum() / inside.sum() if inside.any() else 0.0)
        at = {colour: values[wanted.index(band)].astype(float) for colour, band in image.bands.items()}
        index, dense, sparse = self._vegetation(at, seen)
        return Glance(
            image=image.name,
            day=image.day,
            covered=float(covered),
            cloud=self._cloud(at, seen),
            index=index,
            dense=dense,
            sparse=sparse,
            picture=self._picture(values[[wanted.index(band) for band in self.shown]], valid),
            size=(size[1], size[0]),
            outline=self._outline(shape, window, size),
        )

    def _to_pixels(self, window: Any, size: tuple[int, int]) -> Any:
        """From coordinates to pixels of the picture."""
        from rasterio.windows import transform

        base = transform(window, self.data.transform)
        return ~(base @ base.scale(window.width / size[1], window.height / size[0]))

    def _inside(self, shape: Any, window: Any, size: tuple[int, int]) -> tuple[NDArray[np.bool_], float]:
        """Pixels in the parcel, and the share of the parcel that lies in the image at all."""
        import shapely
        from rasterio.features import geometry_mask

        to_ground = ~self._to_pixels(window, size)
        mask = geometry_mask([shape], size, to_ground, invert=True)
        if not mask.any():  # smaller than a pixel
            mask = geometry_mask([shape], size, to_ground, invert=True, all_touched=True)
        left, bottom, right, top = self.data.bounds
        within = shapely.clip_by_rect(shape, left, bottom, right, top)
        return mask, float(within.area / shape.area) if shape.area else 0.0

    def _vegetation(
        self, at: Mapping[str, NDArray[np.float64]], seen: NDArray[np.bool_]
    ) -> tuple[str, float | None, float | None]:
        """The index the bands allow, and how much of the parcel looks like dense and like sparse vegetation."""
        if not seen.any():
            return "", None, None
        with np.errstate(divide="ignore", invalid="ignore"):
            if {"red", "nir"} <= at.keys():
                name, value = "ndvi", (at["nir"] - at["red"]) / (at["nir"] + at["red"])
            elif {"red", "green", "blue"} <= at.keys():
                total = at["red"] + at["green"] + at["blue"]
                name, value = "greenness", (2 * at["green"] - at["red"] - at["blue"]) / total
            else:
                return "", None, None
        pixels = np.nan_to_num(value[seen])
        dense, sparse = (threshold(f"{name}_{kind}", self.day).number() for kind in ("dense", "sparse"))
        return name, float((pixels >= dense).mean()), float(((pixels >= sparse) & (pixels < dense)).mean())

    def _cloud(self, at: Mapping[str, NDArray[np.float64]], seen: NDArray[np.bool_]) -> float | None:
        """How much of the parcel is bright in every visible band."""
        scales: Any = dict(threshold("full_scale", self.day).value)  # type: ignore[arg-type]
        full = scales.get(self.image.dtype)
        if not {"red", "green", "blue"} <= at.keys() or full is None or not seen.any():
            return None
        darkest = np.minimum.reduce([at[name] for name in ("red", "green", "blue")])[seen]
        return float((darkest >= threshold("cloud_brightness", self.day).number() * full).mean())

    def _picture(self, values: NDArray[Any], valid: NDArray[np.bool_]) -> bytes:
        """The window as JPEG, invalid pixels white."""
        if self.palette is not None:
            shown = np.moveaxis(self.palette[values[0]], 2, 0)
        else:
            span = (self.high - self.low)[:, None, None]
            scaled = np.clip((np.nan_to_num(values.astype(float)) - self.low[:, None, None]) / span, 0, 1)
            shown = (255 * scaled + 0.5).astype(np.uint8)
        shown = np.where(valid, shown, 255).astype(np.uint8)
        return _jpeg(shown)

    def _outline(self, shape: Any, window: Any, size: tuple[int, int]) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Rings of the parcel in pixels."""
        import shapely

        at = self._to_pixels(window, size)
        matrix, shift = np.array([[at.a, at.b], [at.d, at.e]]), np.array([at.c, at.f])
        drawn = shapely.transform(shape, lambda points: np.round(points @ matrix.T + shift, 1))
        polygons = getattr(drawn, "geoms", [drawn])
        return tuple(tuple(ring.coords[:-1]) for p in polygons for ring in (p.exterior, *p.interiors))


def _whole_pixels(window: Any) -> Any:
    """The smallest window of whole pixels about another."""
    from rasterio.windows import Window

    left, top = math.floor(window.col_off), math.floor(window.row_off)
    right, low = math.ceil(window.col_off + window.width), math.ceil(window.row_off + window.height)
    return Window(left, top, right - left, low - top)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Bands, rows, columns as a JPEG."""
    import warnings

    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    count, height, width = pixels.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile() as memory:
            options = {"driver": "JPEG", "width": width, "height": height, "count": count, "dtype": "uint8"}
            with memory.open(**options, QUALITY=QUALITY) as out:
                out.write(pixels)
            return bytes(memory.read())
