"""Finished blocks of a long run, each written whole, so that a run that was killed goes on where it stopped."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from tanhui.kernel.errors import InputError
from tanhui.kernel.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Parts"]


class Parts:
    """A hidden folder beside the result, named by the hash of everything that goes into it.

    Parameters
    ----------
    target : Path
        Where the result will be.
    key : str
        Hash of inputs and settings: parts of another run are never taken for ours, and are cleared unless that run
        is still at work.
    """

    def __init__(self, target: Path, key: str) -> None:
        target = target.absolute()
        self.folder = target.parent / f".{target.name}.parts-{key[:16]}"
        self._target = target
        for other in target.parent.glob(f".{escape(target.name)}.parts-*"):
            if other != self.folder:
                with _lock(other) as ours:
                    if ours:
                        shutil.rmtree(other, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder for one run; it is free again when the process ends, however it ends.

        Raises
        ------
        InputError
            If another run with the same inputs is at work on the same result.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _lock(self.folder) as ours:
            if not ours:
                raise InputError("raster.at_work", path=str(self._target))
            yield

    def done(self) -> set[int]:
        """Numbers of the blocks that are there."""
        return {int(path.stem) for path in self.folder.glob("*.npz") if path.stem.isdigit()}

    def save(self, number: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep a block; it is there whole or not at all."""
        import numpy as np

        packed = io.BytesIO()
        np.savez(packed, **arrays)  # type: ignore[arg-type]
        write_whole(self.folder / f"{number}.npz", packed.getvalue())

    def load(self, number: int) -> dict[str, NDArray[np.float32]]:
        """A block that is there."""
        import numpy as np

        with np.load(self.folder / f"{number}.npz") as packed:
            return {name: packed[name] for name in packed.files}

    def clear(self) -> None:
        """Forget all blocks: their result is written."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Whether the folder could be locked; it stays so inside the block."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        # Another run has just ended and cleared it.
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = folder.exists() and os.path.samestat(os.fstat(handle), folder.stat())
    except BlockingIOError:
        ours = False
    try:
        yield ours
    finally:
        os.close(handle)
