"""Keeping the draws of ``tanhui trees`` in a file, batch by batch, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import InputError

if TYPE_CHECKING:
    from tanhui.mrv.uncertainty.monte_carlo import Draws

__all__ = ["Saver"]

QUANTITIES = ("agb_t", "bgb_t", "carbon_t")


@dataclass(slots=True)
class Saver:
    """Writes draws to ``path``: Parquet with one row per group and draw (group empty: the total), or npz.

    The npz holds ``groups`` (names), one array (groups, draws) per quantity, and ``total_<quantity>`` (draws,).
    """

    path: Path
    #: Where the bytes lie until the file is whole.
    partial: Path = Path()
    names: list[str] = field(default_factory=list)
    draws: int = 0
    held: list[Draws] = field(default_factory=list)
    writer: Any = None

    @classmethod
    def to(cls, path: Path) -> Saver:
        """Refuse a file name that is neither Parquet nor npz before any work is done."""
        if path.suffix.lower() not in (".parquet", ".npz"):
            raise InputError("trees.bad_draws_path", path=str(path))
        return cls(path)

    @contextmanager
    def open(self, names: list[str], draws: int) -> Iterator[None]:
        """The file while it is written; what is there of it is cleared away where the block ends badly."""
        self.names, self.draws = names, draws
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_dir():
            raise InputError("trees.bad_draws_path", path=str(self.path))
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        os.close(handle)
        self.partial = Path(name)
        try:
            self._start()
            yield
        finally:
            if self.writer is not None and self.writer.is_open:
                with suppress(OSError):  # a full disk refuses the end of the file as it refused the rest
                    self.writer.close()
            self.partial.unlink(missing_ok=True)

    def _start(self) -> None:
        if self.path.suffix.lower() == ".parquet":
            import pyarrow as pa
            from pyarrow import parquet

            fields = [pa.field("group", pa.string()), pa.field("draw", pa.int32())]
            schema = pa.schema([*fields, *(pa.field(q, pa.float64()) for q in QUANTITIES)])
            self.writer = parquet.ParquetWriter(self.partial, schema)

    def add(self, first: int, batch: Draws) -> None:
        """Draws of the groups from ``first`` on."""
        if self.writer is None:
            self.held.append(batch)
        else:
            self._write(self.names[first : first + len(batch.agb_t)], batch)

    def finish(self, total: Draws) -> None:
        """Add the total and put the file in its place."""
        if self.writer is not None:
            self._write([None], total)
            self.writer.close()
        else:
            arrays = {q: np.concatenate([getattr(b, q) for b in self.held]) for q in QUANTITIES}
            totals = {f"total_{q}": getattr(total, q)[0] for q in QUANTITIES}
            with self.partial.open("wb") as stream:
                np.savez(stream, groups=np.array(self.names), **arrays, **totals)  # type: ignore[arg-type]
        self.partial.chmod(0o644)
        os.replace(self.partial, self.path)

    def _write(self, names: list[str] | list[None], batch: Draws) -> None:
        import pyarrow as pa

        count = batch.agb_t.shape[1]
        columns = {
            "group": pa.array(np.repeat(np.array(names, dtype=object), count), pa.string()),
            "draw": pa.array(np.tile(np.arange(count, dtype=np.int32), len(names))),
            **{q: pa.array(getattr(batch, q).ravel()) for q in QUANTITIES},
        }
        self.writer.write_table(pa.table(columns, schema=self.writer.schema))
