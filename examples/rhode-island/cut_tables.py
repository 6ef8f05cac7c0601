"""Cut the columns this example needs out of the FIA tables of Rhode Island.

Usage: ``python cut_tables.py SOURCE [TARGET]``. SOURCE holds PLOT.csv.gz, COND.csv.gz, TREE.csv.gz and the POP_*
tables; TARGET is ``data`` beside this script. Kept are the columns that ``tanhui/data/inventory_fia/*.toml``
describes, rows that differ from every earlier row, and, of the population tables, the evaluations whose number ends
in 01 (stocks) or 03 (change). Values are copied as they are printed. The same input gives the same bytes.
"""

import csv
import gzip
import io
import sys
from pathlib import Path

from tanhui.kernel.tables import table_spec
from tanhui.sensing.inventory.read_fia import PURPOSES, TABLES

Row = dict[str, str]


def read(folder: Path, name: str) -> list[Row]:
    """The wanted columns of a table, each different row once."""
    wanted = list(table_spec("inventory_fia", name.lower()).columns)
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        rows = [{column: row[column] for column in wanted} for row in csv.DictReader(stream)]
    return list({tuple(row.values()): row for row in rows}.values())


def cut(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The population tables without the evaluations nobody asked for."""
    evals = [row for row in tables["POP_EVAL"] if row["EVALID"][-2:] in PURPOSES]
    units = having(tables["POP_ESTN_UNIT"], "EVAL_CN", evals)
    strata = having(tables["POP_STRATUM"], "ESTN_UNIT_CN", units)
    plots = having(tables["POP_PLOT_STRATUM_ASSGN"], "STRATUM_CN", strata)
    return tables | {
        "POP_EVAL": evals,
        "POP_ESTN_UNIT": units,
        "POP_STRATUM": strata,
        "POP_PLOT_STRATUM_ASSGN": plots,
    }


def having(rows: list[Row], column: str, partners: list[Row]) -> list[Row]:
    """Rows whose key is one of the partners' CN."""
    known = {row["CN"] for row in partners}
    return [row for row in rows if row[column] in known]


def write(folder: Path, name: str, rows: list[Row]) -> None:
    """A gzipped CSV without a date in it, so that the same rows have the same bytes."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    with (folder / f"{name}.csv.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode())


def main() -> None:
    source = Path(sys.argv[1])
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "data"
    target.mkdir(parents=True, exist_ok=True)
    for name, rows in cut({name: read(source, name) for name in TABLES}).items():
        write(target, name, rows)
        print(f"{name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
