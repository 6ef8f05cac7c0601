"""A map from its plan: block by block on two threads, each finished block kept, then one COG for each output.

The total adds the pixels; its standard error adds theirs, as if all erred together. Errors of neighbouring pixels are
alike (one map of stocks, one model), nothing in the rasters says how far, and this is the most they can come to.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from tanhui.kernel.bibliography import glossary
from tanhui.kernel.canonical import file_digest, hash_json, readable_bytes
from tanhui.kernel.errors import DomainError, Fault, InputError, RefusedInput
from tanhui.kernel.files import is_result_folder, staged_folder, write_whole
from tanhui.kernel.progress import Progress, silent
from tanhui.mrv.maps.model import Band, MapPlan, Output, factors, outputs
from tanhui.sensing.raster import Grid, Layer, Parts, Stack, blocks, read_layers, write_cog
from tanhui.sensing.raster.stack import Block
from tanhui.sinks.frame.factors import standard_error
from tanhui.sinks.frame.service import reasons

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["run_map"]

FORMAT = "tanhui-map-1"
#: Pixels along a block: with all months of all layers about 10 MB, so two threads stay far below what a run may take.
SIDE = 128
Z90 = NormalDist().inv_cdf(0.95)


@dataclass(slots=True)
class _Tally:
    """Sums over the blocks of a map, and the pixels that were left out."""

    sums: dict[str, float] = field(default_factory=dict)
    used: int = 0
    holes: int = 0


@dataclass(slots=True)
class _Faults:
    """Faults of all threads, those of one kind in one layer counted together."""

    found: dict[tuple[str, str], Fault] = field(default_factory=dict)
    one_at_a_time: Lock = field(default_factory=Lock)

    def add(self, more: Iterable[Fault]) -> None:
        """Note faults; the first of a kind gives the example."""
        with self.one_at_a_time:
            for fault in more:
                known = self.found.setdefault((fault.code, fault.column), fault)
                if known is not fault:
                    known.facts["count"] += fault.facts["count"]


def run_map(
    plan: MapPlan,
    out: Path,
    *,
    align: bool = False,
    holes: bool = False,
    progress: Progress = silent,
    workers: int | None = None,
) -> dict[str, Any]:
    """Make a map and its total; what a killed run finished is taken up by the next one with the same inputs.

    Parameters
    ----------
    align : bool
        Bring rasters on another grid to the first one's by the nearest pixel; refused otherwise.
    holes : bool
        Leave out pixels in which a raster has no data; refused otherwise.

    Returns
    -------
    result : dict
        As written to ``result.json`` in ``out``.

    Raises
    ------
    RefusedInput
        With every raster, and every kind of value in it, that cannot be used; nothing is written.
    InputError
        If ``out`` holds something else, or another run is making the same map.
    """
    if out.exists() and not is_result_folder(out):
        raise InputError("out.not_empty", path=str(out))
    grid, layers = read_layers(plan.files, {key: plan.bands[key].bands for key in plan.files}, align=align)
    digests = {key: file_digest(path) for key, path in plan.files.items()}
    settings: dict[str, Any] = {
        "sink": plan.sink.id,
        "files": digests,
        "constants": {name: list(values) for name, values in plan.constants.items()},
        "numbers": dict(plan.numbers),
        "side": SIDE,
        "align": align,
        "holes": holes,
    }
    parts = Parts(out, hash_json(settings))
    cut = list(blocks(grid, SIDE))
    with parts.held():
        _compute(plan, grid, layers, cut, parts, holes, progress, workers or os.cpu_count() or 1)
        with staged_folder(out) as stage:
            result = _write(plan, grid, cut, parts, stage, settings, progress)
            write_whole(stage / "result.json", readable_bytes(result))
            manifest = {"format": FORMAT, "settings": settings, "result": hash_json(result)}
            write_whole(stage / "manifest.json", readable_bytes(manifest))
        parts.clear()
    return result


def _compute(
    plan: MapPlan,
    grid: Grid,
    layers: list[Layer],
    cut: list[Block],
    parts: Parts,
    holes: bool,
    progress: Progress,
    workers: int,
) -> None:
    """Every block that is not there yet. A fault in one stops the computing, not the looking: all are listed."""
    there = parts.done()
    wanted = [block for block in cut if block.number not in there]
    faults = _Faults()
    shares = [wanted[i::workers] for i in range(workers)]
    finished = len(there)
    # Set by an interruption or a damaged file: the other threads end too, instead of finishing their shares.
    stopped = Event()

    def work(share: list[Block]) -> None:
        nonlocal finished
        with Stack(grid, layers) as stack:
            for block in share:
                if stopped.is_set():
                    return
                read = stack.read(block)
                faults.add(_faults(plan, read, holes))
                if not faults.found:
                    parts.save(block.number, _pixels(plan, read, block))
                finished += 1
                progress("blocks", finished, len(cut))

    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(work, share) for share in shares]
        try:
            for each in as_completed(running):
                each.result()
        finally:
            stopped.set()
    if faults.found:
        parts.clear()
        raise RefusedInput([faults.found[key] for key in sorted(faults.found)])


def _faults(plan: MapPlan, read: dict[str, NDArray[np.float64]], holes: bool) -> Iterator[Fault]:
    """Values that no such quantity has, and pixels that some rasters have and others not."""
    import numpy as np

    for name, values in read.items():
        band = plan.bands[name]
        file = plan.files[name].name
        wrong = _outside(values, band)
        if count := int(wrong.sum()):
            facts = {"low": band.low(), "high": band.max, "unit": band.unit, "count": count}
            yield Fault("maps.out_of_range", file, column=name, value=f"{values[wrong][0]:g}", facts=facts)
    empty = {name: np.isnan(values).any(axis=1) for name, values in read.items()}
    anywhere, everywhere = np.logical_or.reduce(list(empty.values())), np.logical_and.reduce(list(empty.values()))
    if not holes and (partly := anywhere & ~everywhere).any():
        for name, missing in empty.items():
            if count := int((missing & partly).sum()):
                yield Fault("maps.hole", plan.files[name].name, column=name, facts={"count": count})


def _outside(values: NDArray[np.float64], band: Band) -> NDArray[np.bool_]:
    import numpy as np

    with np.errstate(invalid="ignore"):
        wrong = values < band.low()
        if band.above is not None:
            wrong |= values <= band.above
        if band.max is not None:
            wrong |= values > band.max
    return np.asarray(wrong | np.isinf(values))


def _pixels(plan: MapPlan, read: dict[str, NDArray[np.float64]], block: Block) -> dict[str, NDArray[np.float32]]:
    """The outputs of a block, NaN where any raster has no data. shape (height, width)"""
    import numpy as np

    known = ~np.logical_or.reduce([np.isnan(values).any(axis=1) for values in read.values()])
    made = {name: np.full(block.height * block.width, np.nan, np.float32) for name in outputs(plan.sink.id)}
    if known.any():
        single = {name for name, band in plan.bands.items() if band.bands == 1}
        given = {name: values[known, 0] if name in single else values[known] for name, values in read.items()}
        for name, value in plan.constants.items():
            row = np.array(value)
            given[name] = np.full(int(known.sum()), row[0]) if name in single else row[None, :]
        for name, values in plan.sink.module.pixels(given, plan.numbers).items():
            if not np.isfinite(values).all():
                raise DomainError("maps.no_answer", sink=plan.sink.id, output=name)
            made[name][known] = values
    made["read"] = np.array([known.sum(), (~known).sum()], np.float32)
    return {name: x if name == "read" else x.reshape(block.height, block.width) for name, x in made.items()}


def _write(
    plan: MapPlan, grid: Grid, cut: list[Block], parts: Parts, stage: Path, settings: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    """The COGs and the result; totals are added in the order of the blocks, so they do not depend on threads."""
    tally = _Tally()
    described = outputs(plan.sink.id)
    for number, output in enumerate(described.values(), 1):
        write_cog(stage / f"{output.name}.tif", grid, cut, _band_of(parts, output.name), output.en)
        progress("rasters", number, len(described))
    for block in cut:
        loaded = parts.load(block.number)
        tally.used += int(loaded["read"][0])
        tally.holes += int(loaded["read"][1])
        for name in described:
            tally.sums[name] = tally.sums.get(name, 0.0) + _sum(loaded[name])
    used = factors(plan.sink.id)
    return {
        "format": FORMAT,
        "sink": plan.sink.id,
        "years": int(plan.numbers["years"]),
        "pixel_ha": grid.pixel_ha,
        "area_ha": tally.used * grid.pixel_ha,
        "left_out_ha": tally.holes * grid.pixel_ha,
        "estimates": [_total(x, described, tally, grid) for x in described.values() if x.total],
        "creditable": False,
        "indicative_reasons": [*reasons(plan.sink, used), "reason.maps.errors_together:"],
        "parameters": [leaf.to_dict() | {"se": standard_error(leaf)} for leaf in used],
        "rasters": {name: {"file": f"{name}.tif", "sha256": file_digest(stage / f"{name}.tif")} for name in described},
        "inputs": settings["files"],
    }


def _band_of(parts: Parts, name: str) -> Callable[[Block], NDArray[np.float32]]:
    return lambda block: parts.load(block.number)[name]


def _sum(values: NDArray[np.float32]) -> float:
    import numpy as np

    return float(np.nansum(values, dtype=np.float64))


def _total(output: Output, described: dict[str, Output], tally: _Tally, grid: Grid) -> dict[str, Any]:
    """The total of an output over the map, with the standard error that its error raster adds up to."""
    value = tally.sums[output.name] * grid.pixel_ha
    errors = [x.name for x in described.values() if x.error_of == output.name]
    se = math.fsum(tally.sums[name] for name in errors) * grid.pixel_ha
    return {
        "quantity": output.total,
        "unit": glossary()[output.total].unit,
        "value": value,
        "se": se,
        "ci90": [value - Z90 * se, value + Z90 * se],
    }
