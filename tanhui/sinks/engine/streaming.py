"""More stands than fit into memory: block after block from a source into a folder, where a run can be taken up again.

The source is asked for one block of stands at a time, so only that block is in memory. Each finished block is a file
that appears whole; a run that was killed goes on with the blocks that are missing, and one with another model, other
steps or other data is refused. All blocks are judged before the first is stepped. Blocks change no bit of the result,
whoever steps them: this process, or the workers of a Dask cluster.

In the folder: ``run.json`` says what is being run, ``block-000007.npz`` holds the arrays of a :class:`.Result`.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tanhui.kernel.canonical import hash_json, readable_bytes
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.files import write_whole
from tanhui.kernel.progress import Progress, silent
from tanhui.sinks.engine.stepping import Result, Run, run

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tanhui.sinks.engine.model import Events, Model, Stands

__all__ = ["Source", "Streamed", "stream"]

#: Stands in a block: with 20 pools, 60 fluxes and one record some 25 MB.
BLOCK = 32_768
ORDER = "run.json"
#: Faults of stands that are gathered before a run is refused.
MOST_FAULTS = 1000


class Source(Protocol):
    """Where the stands of a long run come from: a table on disk, a raster, a rule that makes them up."""

    @property
    def n(self) -> int:
        """Number of stands."""
        ...

    def stands(self, part: slice) -> Stands:
        """The stands of a block, the same each time."""
        ...

    def events(self, part: slice) -> Events:
        """What happens to them; stands are numbered from the first of the block."""
        ...


@dataclass(frozen=True, slots=True)
class Streamed:
    """A run on disk; its blocks are read one at a time."""

    model: Model
    folder: Path
    n: int
    block: int

    @property
    def parts(self) -> list[slice]:
        """The stands of each block."""
        return [slice(first, min(first + self.block, self.n)) for first in range(0, self.n, self.block)]

    def file(self, part: slice) -> Path:
        """Where a block lies."""
        return self.folder / f"block-{part.start // self.block:06d}.npz"

    def blocks(self) -> Iterator[tuple[slice, Result]]:
        """Every block with its stands, in order."""
        for part in self.parts:
            with np.load(self.file(part)) as arrays:
                states = arrays["states"]
                closure = float(arrays["closure_t_ha"])
                yield part, Result(self.model, states[:, -1], arrays["age"], states, arrays["fluxes"], closure)

    def total(self, area_ha: ArrayLike = 1.0) -> NDArray[np.float64]:
        """Carbon in each pool at the end of each record, of all stands. Shape (records, pools). [t C]"""
        areas = np.broadcast_to(np.asarray(area_ha, np.float64), (self.n,))
        return np.asarray(sum(np.einsum("i,irp->rp", areas[part], result.states) for part, result in self.blocks()))


def stream(
    model: Model,
    source: Source,
    steps: int,
    folder: Path,
    *,
    data: str,
    every: int | None = None,
    block: int = BLOCK,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
) -> Streamed:
    """Step all stands of a source, a block at a time, or go on where an earlier call was stopped.

    Parameters
    ----------
    folder : Path
        New, or that of the same run begun before.
    data : str
        What the source holds, by the hash of its files for example: a folder goes on with the same data only.
    every : int, optional
        Steps in a record; without it there is one record, the whole run.
    block : int
        Stands in memory at once, of one worker.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://host:8786``: its workers step the blocks, each writing to
        ``folder``, which they must all see. Without it this process steps them one after the other.

    Raises
    ------
    RefusedInput
        With what is wrong with any stand, before anything is stepped.
    InputError
        If the folder holds another run (``engine.other_run``) or other files (``engine.not_a_run``).
    DomainError
        If the carbon of a block does not close; the blocks before it stay.
    """
    if block < 1:
        raise RefusedInput([Fault("engine.count", column="block", value=str(block))])
    streamed = Streamed(model, folder, source.n, block)
    open_ = [part for part in streamed.parts if not streamed.file(part).is_file()]
    order = {"model": hash_json(dataclasses.asdict(model)), "data": data, "n": source.n}
    order |= {"steps": steps, "every": every, "block": block}
    begun = _begun(folder, order)
    _judge(model, source, open_, steps, every, progress)
    if not begun:
        write_whole(folder / ORDER, readable_bytes(order))
    step = partial(_step, streamed, source, steps, every, workers)
    done = source.n - sum(part.stop - part.start for part in open_)
    for stands in map(step, open_) if scheduler is None else _on_cluster(scheduler, step, open_):
        done += stands
        progress("step", done, source.n)
    return streamed


def _step(streamed: Streamed, source: Source, steps: int, every: int | None, workers: int | None, part: slice) -> int:
    """Step one block and write it; how many stands it has."""
    stands, events = source.stands(part), source.events(part)
    result = run(streamed.model, stands, steps, events, every=every, workers=workers)
    write_whole(streamed.file(part), _bytes(result))
    return int(part.stop - part.start)


def _on_cluster(scheduler: str, step: Callable[[slice], int], parts: list[slice]) -> Iterator[int]:
    """The same on the workers of a Dask cluster, in the order in which they finish."""
    from distributed import Client, as_completed

    with Client(scheduler) as client:  # type: ignore[no-untyped-call]
        # Not pure: a block is a file that is written, and must be written again where it was deleted.
        for future in as_completed(client.map(step, parts, pure=False)):  # type: ignore[no-untyped-call]
            yield future.result()


def _begun(folder: Path, order: dict[str, Any]) -> bool:
    """Whether this very run was begun in a folder; half-written files of a killed one are cleared."""
    path = folder / ORDER
    if not path.is_file():
        if folder.exists() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
            raise InputError("engine.not_a_run", path=str(folder))
        return False
    begun = json.loads(path.read_bytes())
    other = sorted(key for key in order if begun.get(key) != order[key])
    if other:
        raise InputError("engine.other_run", path=str(folder), other=", ".join(other))
    for leftover in folder.glob(".block-*"):
        leftover.unlink(missing_ok=True)
    return True


def _judge(model: Model, source: Source, parts: list[slice], steps: int, every: int | None, progress: Progress) -> None:
    """Refuse everything that is wrong with any block, each fault with the stands it is of."""
    faults: list[Fault] = []
    for part in parts:
        try:
            Run.prepare(model, source.stands(part), source.events(part), steps, every)
        except RefusedInput as refused:
            faults += [replace(fault, file=f"{part.start}-{part.stop - 1}") for fault in refused.faults]
        if len(faults) >= MOST_FAULTS:
            break
        progress("judge", part.stop, source.n)
    if faults:
        raise RefusedInput(faults)


def _bytes(result: Result) -> bytes:
    """The arrays of a result as one file."""
    stream = io.BytesIO()
    np.savez(
        stream,
        states=result.states,
        fluxes=result.fluxes,
        age=result.age,
        closure_t_ha=np.float64(result.closure_t_ha),
    )
    return stream.getvalue()
