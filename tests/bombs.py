"""Small files that promise large ones, and a process in which it is safe to open them.

A program of its own, so that what a reader takes can be limited and measured: each line it reads names a reader and a
file; it forks, opens the file with no more than :data:`MOST_MEMORY` beyond what the libraries take, and says in JSON
how that ended and how much memory it took. So the libraries are imported once for all bombs.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import sqlite3
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

MOST_MEMORY, MOST_SECONDS = 2 * 1024**3, 60
MIB = 1024**2

# Readers --------------------------------------------------------------------------------------------------------------


def readers() -> dict[str, Callable[[Path], object]]:
    """Every way in which the product reads a file that came from somebody else."""
    from tanhui.faces.cli.registry import read_json
    from tanhui.kernel.confirmations import read_confirmations
    from tanhui.kernel.files import is_result_folder
    from tanhui.kernel.keystore import read_key
    from tanhui.kernel.signing import load_trust
    from tanhui.kernel.tables import read_raw, read_table, table_spec
    from tanhui.mrv.methods.confirm import read_checklist
    from tanhui.projects.explain import read_run
    from tanhui.projects.model import read_content
    from tanhui.projects.permanence import read_burnt
    from tanhui.projects.tenure import read_tenure
    from tanhui.registry.anchors import load_anchors
    from tanhui.registry.foreign.read_table import read_table as read_foreign
    from tanhui.registry.verify import verify_certificate_file
    from tanhui.sensing.inventory.parcel_files import read_parcel_file
    from tanhui.sensing.inventory.read_plots import read_plots
    from tanhui.sinks.forest.user import load_user_equations

    def folder(read: Callable[[Path], object]) -> Callable[[Path], object]:
        """A reader of a folder, given one of its files."""
        return lambda path: read(path.parent)

    return {
        "anchors": load_anchors,
        "burnt": read_burnt,
        "certificate": lambda path: verify_certificate_file(path).holds,
        "checklist": read_checklist,
        "confirmation": lambda path: read_confirmations([path], {}),
        "equations": load_user_equations,
        "foreign": lambda path: list(read_foreign(path)),
        "json": read_json,
        "key": lambda path: read_key(path, "passphrase"),
        "parcels": read_parcel_file,
        "plots": read_plots,
        "project": read_content,
        "result": folder(is_result_folder),
        "run": folder(read_run),
        "table": lambda path: read_table(path, table_spec("inventory", "trees")),
        "tenure": read_tenure,
        "text": read_raw,
        "trust": load_trust,
    }


def open_one(read: Callable[[Path], object], path: Path) -> dict[str, Any]:
    """How reading a file ended, within limits, and what it took. [MiB]"""
    from tanhui.kernel.errors import RefusedInput, TanhuiError

    size = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize"))
    most = int(size.split()[1]) * 1024 + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        found = read(path)
        ended: dict[str, Any] = {"read": found if isinstance(found, bool) else True}
    except RefusedInput as error:
        ended = {"refused": sorted({fault.code for fault in error.faults}), "text": error.text("en")}
    except TanhuiError as error:
        ended = {"refused": [error.code], "text": error.text("en")}
    except BaseException as error:
        ended = {"crashed": f"{type(error).__name__}: {error}"[:300]}
    return {**ended, "mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024}


def main() -> None:
    known = readers()
    import geopandas  # noqa: F401
    import openpyxl  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    for line in sys.stdin:
        reader, _, path = line.rstrip("\n").partition(" ")
        child = os.fork()
        if not child:
            print(json.dumps(open_one(known[reader], Path(path))), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print(json.dumps({"crashed": f"signal {os.WTERMSIG(status)}"}), flush=True)


# Bombs ----------------------------------------------------------------------------------------------------------------

SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
ROW = b"<row><c><v>1</v></c></row>"
#: Ten texts of which each is ten times the one before: ten billion times the first.
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY e0 "laugh">%s]>' % b"".join(
    b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 11)
)
KML = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>%s</name><Polygon><outerBoundaryIs>
<LinearRing><coordinates>112,27 112.1,27 112.1,27.1 112,27</coordinates></LinearRing></outerBoundaryIs></Polygon>
</Placemark></Document></kml>"""
#: How often a piece is said in a file that packs well.
OFTEN = 64


def workbook(path: Path, sheet: Iterable[bytes]) -> None:
    """A workbook with another first sheet."""
    from openpyxl import Workbook

    plain = io.BytesIO()
    book = Workbook()
    book.active.append(["dbh_cm"])
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w") as part:
                for piece in sheet if name == "xl/worksheets/sheet1.xml" else [old.read(name)]:
                    part.write(piece)


def rows_in_a_workbook(path: Path) -> None:
    """Two million rows in 200 kB."""
    workbook(path, [SHEET, *[ROW * (MIB // len(ROW))] * OFTEN, b"</sheetData></worksheet>"])


def wide_rows(path: Path) -> None:
    """Each row is a cell in the last column, so that 16,384 are to be kept of it."""
    row = b'<row><c r="XFD1"><v>1</v></c></row>'
    workbook(path, [SHEET, row * 100_000, b"</sheetData></worksheet>"])


def a_row_far_down(path: Path) -> None:
    """One row whose number is two billion."""
    workbook(path, [SHEET, b'<row r="2000000000"><c><v>1</v></c></row></sheetData></worksheet>'])


def laughs_in_a_workbook(path: Path) -> None:
    workbook(path, [LAUGHS, SHEET, b'<row><c t="inlineStr"><is><t>&e10;</t></is></c></row></sheetData></worksheet>'])


def merged_cells(path: Path) -> None:
    """Nothing but merged cells, as many as pack into little."""
    cell = b'<mergeCell ref="A1:B2"/>'
    workbook(path, [SHEET, b"</sheetData><mergeCells>", *[cell * 40_000] * OFTEN, b"</mergeCells></worksheet>"])


def rows_in_gzip(path: Path) -> None:
    with gzip.open(path, "wb") as stream:
        stream.write(b"dbh_cm\n")
        for _ in range(OFTEN):
            stream.write(b"1\n" * (MIB // 2))


def one_long_text(path: Path) -> None:
    """A text of 100 kB, said 200,000 times."""
    import pyarrow as pa
    from pyarrow import parquet

    once = pa.array(["x" * 100_000], pa.large_string() if path.stem == "large" else pa.string())
    texts = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 200_000), once)
    schema = pa.table({"species": pa.array([], once.type)}).schema
    parquet.write_table(pa.table({"species": texts}), path, store_schema=path.stem == "categories")
    if path.stem == "large":
        with parquet.ParquetWriter(path, schema) as writer:
            for _ in range(200):
                writer.write_table(pa.table({"species": texts[:1000].dictionary_decode()}, schema=schema))


def one_number(path: Path) -> None:
    """A number, said 3,000,000 times in each of 100 columns."""
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.repeat(1.0, 3_000_000)
    parquet.write_table(pa.table({f"c{n}": column for n in range(100)}), path)


def one_list(path: Path) -> None:
    """One row, which is a list of 100 million numbers."""
    import pyarrow as pa
    from pyarrow import parquet

    values = pa.repeat(pa.scalar(1, pa.int8()), 100_000_001)
    parquet.write_table(pa.table({"l": pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)}), path)


def laughs_in_kml(path: Path) -> None:
    path.write_bytes(LAUGHS + (KML % "&e10;").encode())


def a_file_of_ours(path: Path) -> None:
    """An outline whose name is to be a file of the machine that reads it."""
    path.write_text('<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + KML % "&e;", encoding="utf-8")


def deep_kml(path: Path) -> None:
    head = b'<kml xmlns="http://www.opengis.net/kml/2.2">'
    path.write_bytes(head + b"<Folder>" * 200_000 + b"</Folder>" * 200_000 + b"</kml>")


def spaces_in_kmz(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("doc.kml", "w") as part:
        for _ in range(OFTEN):
            part.write(b" " * MIB)
        part.write((KML % "x").encode())


def _geopackage(path: Path, sql: str, fill: str = "") -> None:
    """A GeoPackage whose layer is something else than it was."""
    import geopandas
    import shapely

    land = geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.box(112, 27, 112.1, 27.1)], crs="EPSG:4490")
    land.to_file(path, layer="land", driver="GPKG")
    base = sqlite3.connect(path)
    base.executescript(f"{sql}; {fill}")
    for table in ("gpkg_geometry_columns", "gpkg_contents"):
        base.execute(f"UPDATE {table} SET table_name = 'bomb' WHERE table_name = 'land'")
    base.execute("DELETE FROM gpkg_ogr_contents")
    base.commit()
    base.close()


def endless_view(path: Path) -> None:
    """A layer that counts for ever."""
    rows = "WITH RECURSIVE c(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM c) SELECT fid FROM c"
    _geopackage(path, f"CREATE VIEW bomb AS SELECT fid, (SELECT geom FROM land) AS geom FROM ({rows})")


def computed_column(path: Path) -> None:
    """A row whose text is made when it is read, and is 800 MB long."""
    made = "CREATE TABLE bomb (fid INTEGER PRIMARY KEY, geom BLOB, t TEXT AS (hex(zeroblob(400000000))))"
    _geopackage(path, made, "INSERT INTO bomb (fid, geom) SELECT 1, geom FROM land")


def geopackage_in_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("land.gpkg", b" " * OFTEN * MIB)


def one_shape(path: Path) -> None:
    """An index that names one large outline 100,000 times."""
    import geopandas
    import shapely

    circle = shapely.Point(112, 27).buffer(0.1, quad_segs=16_000)
    geopandas.GeoDataFrame({"n": [1]}, geometry=[circle], crs="EPSG:4490").to_file(path)
    times, index, rows = 100_000, path.with_suffix(".shx"), path.with_suffix(".dbf")
    data = bytearray(index.read_bytes())
    data[24:28] = struct.pack(">i", (100 + 8 * times) // 2)
    index.write_bytes(data[:100] + data[100:108] * times)
    data = bytearray(rows.read_bytes())
    first, width = struct.unpack("<HH", data[8:12])
    data[4:8] = struct.pack("<I", times)
    rows.write_bytes(data[:first] + data[first : first + width] * times)


def deep_geojson(path: Path) -> None:
    path.write_bytes(b'{"type": "FeatureCollection", "features": ' + b"[" * MIB + b"]" * MIB + b"}")


def deep_json(path: Path) -> None:
    path.write_bytes(b"[" * MIB + b"]" * MIB)


def deep_json_object(path: Path) -> None:
    path.write_bytes(b'{"keys": ' * 200_000 + b"1" + b"}" * 200_000)


def deep_toml(path: Path) -> None:
    path.write_bytes(b"a = " + b"[" * 200_000 + b"]" * 200_000)


def cells_of_a_grid(path: Path) -> None:
    """A grid of 16 billion billion cells, and four numbers."""
    path.write_text(f"ncols {2**32}\nnrows {2**32}\nxllcorner 112\nyllcorner 27\ncellsize 0.1\n1 0 0 1\n")


def one_long_cell(path: Path) -> None:
    """A quote that is never closed."""
    path.write_bytes(b'"' + b"x," * OFTEN * MIB)


if __name__ == "__main__":
    main()
