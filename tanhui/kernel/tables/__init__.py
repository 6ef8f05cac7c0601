"""Tables from people: CSV (UTF-8, UTF-16 or GB18030, plain or gzipped), Excel and Parquet, checked.

A table is described by a TOML file beside the data (``data/<room>/<table>.toml``): one entry per column with its
meaning, unit, kind, range and the headers people use for it. :func:`read_table` gives a frame whose columns have our
names and units and whose index is the row number in the file, so a later check can still say where; or it refuses
with every fault it found. :func:`iter_table` does the same for tables that do not fit into memory.

What the reader did without being asked (a unit converted, title rows skipped) is in ``frame.attrs["notes"]``;
:func:`note_texts` puts it in words.
"""

from tanhui.kernel.tables.cells import FAULTS_KEPT, listed_faults, number_faults
from tanhui.kernel.tables.model import Column, Kind, TableSpec, simple, table_spec
from tanhui.kernel.tables.reading import check_frame, iter_table, note_texts, read_raw, read_table

__all__ = [
    "FAULTS_KEPT",
    "Column",
    "Kind",
    "TableSpec",
    "check_frame",
    "iter_table",
    "listed_faults",
    "note_texts",
    "number_faults",
    "read_raw",
    "read_table",
    "simple",
    "table_spec",
]
