"""Finished blocks of a long run, each written whole, so that a run that was killed goes on where it stopped."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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
        Hash of inputs and settings: parts of another run are never taken for ours, and are cleared.
    """

    def __init__(self, target: Path, key: str) -> None:
        target = target.absolute()
        self.folder = target.parent / f".{target.name}.parts-{key[:16]}"
        for other in target.parent.glob(f".{target.name}.parts-*"):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)

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
